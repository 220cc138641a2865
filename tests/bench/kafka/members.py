"""Several members of a group: how fast together, and after a kill."""

import subprocess
import time

from broker import DEADLINE_S
from building import fail
from groups import cpu_of, is_running
from measuring import wait
from readers import TIMED, check, delta_sums, member, speed

WAYS = ((1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4))  # partitions, members
KILL_PARTITIONS = 4
# What a member that has partitions needs at least for its part of a fill.
WORKED_NS = 20_000_000


def start(broker, topic, partials, group, number, *options):
    return subprocess.Popen(
        member(broker, topic, partials, group, number, [*TIMED, *options]),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def together(broker, topic, members):
    """So many members read a topic to its end: their Speed, of all."""
    partials, group = broker.fresh("partials"), broker.name("group")
    begin = time.perf_counter()
    running = [start(broker, topic.name, partials, group, number,
                     "--until-end") for number in range(members)]
    usages = [wait(popen) for popen in running]
    took_s = time.perf_counter() - begin
    cpu_s = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    check(f"{members} members", delta_sums(broker, partials), topic.counts)
    broker.delete(partials)
    return speed(topic.messages, took_s, cpu_s)


# --- a kill ------------------------------------------------------------------

class Pair:
    """Two members that have a part of the topic each."""

    def __init__(self, broker, path, lines):
        self._broker, self._path, self._lines = broker, path, lines
        self.topic = broker.fresh("kill", KILL_PARTITIONS)
        self.partials = broker.fresh("partials")
        self.group = broker.name("group")
        self.sent = 0
        self.members = []
        for number in range(2):
            self.start(number)

    def start(self, number):
        self.members.append(start(self._broker, self.topic, self.partials,
                                  self.group, number))

    def send(self):
        self._broker.fill(self.topic, KILL_PARTITIONS, self._path,
                          self._lines)
        self.sent += self._lines

    def wait(self):
        """Until all that was sent is committed."""
        self._broker.wait_committed(self.group, self.topic, KILL_PARTITIONS,
                                    self.sent)

    def wait_shared(self):
        """Until both have had work to do."""
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            before = [cpu_of(popen.pid) for popen in self.members]
            self.send()
            self.wait()
            if not all(is_running(popen.pid) for popen in self.members):
                fail("a member ended by itself")
            if all(cpu_of(popen.pid) - then > WORKED_NS
                   for popen, then in zip(self.members, before)):
                return
        fail("two members do not share four partitions")

    def close(self):
        for popen in self.members:
            popen.kill()
            popen.wait()
        self._broker.delete(self.topic)
        self._broker.delete(self.partials)


def after_kill(broker, path, lines, comes_back):
    """From the kill of one of two until all is committed that came right
    after it, in seconds."""
    pair = Pair(broker, path, lines)
    try:
        pair.wait_shared()
        begin = time.perf_counter()
        pair.members[1].kill()
        pair.members[1].wait()
        if comes_back:
            pair.start(1)
        pair.send()
        pair.wait()
        return time.perf_counter() - begin
    finally:
        pair.close()
