"""Several members of a group: how fast together, and after a kill."""

import signal
import subprocess
import time
from collections import Counter

from broker import DEADLINE_S
from building import fail
from groups import cpu_of, is_running
from readers import TIMED, WINDOW, check, delta_sums, member, speed

WAYS = ((1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4))  # partitions, members
KILL_PARTITIONS = 4
SMALL = 1  # millions of messages, for all to have a share
# What a member that has partitions needs at least for its part of a fill.
WORKED_NS = 20_000_000
# Members are stopped while a topic is filled, and that must not be their end.
PATIENT = ("-X", "session.timeout.ms=60000")


def start(broker, topic, partials, group, number, *options):
    return subprocess.Popen(
        member(broker, topic, partials, group, number, options),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


class Group:
    """Members that have a part of the topic each."""

    def __init__(self, broker, partitions, members, corpus, *options):
        self._broker, self._corpus = broker, corpus
        self._partitions, self._options = partitions, options
        self._topic = broker.fresh("orders", partitions)
        self._partials = broker.fresh("partials")
        self._group = broker.name("group")
        self.sent = Counter()
        self.members = []
        for number in range(members):
            self.start(number)
        self._wait_shared()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for popen in self.members:
            popen.kill()
            popen.wait()
        self._broker.delete(self._topic)
        self._broker.delete(self._partials)

    def start(self, number):
        self.members.append(start(self._broker, self._topic, self._partials,
                                  self._group, number, *self._options))

    def signal(self, number):
        for popen in self.members:
            popen.send_signal(number)

    def send(self, corpus=None):
        corpus = corpus or self._corpus
        self._broker.fill(self._topic, self._partitions, corpus.path)
        self.sent.update(corpus.counts)

    def wait(self):
        """Until all that was sent is committed."""
        self._broker.wait_committed(self._group, self._topic,
                                    self._partitions, self.sent.total())

    def cpu_ns(self):
        return [cpu_of(popen.pid) for popen in self.members]

    def check(self):
        check("members", delta_sums(self._broker, self._partials),
              dict(self.sent))

    def _wait_shared(self):
        """Until each has had work to do."""
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            before = self.cpu_ns()
            self.send()
            self.wait()
            if not all(is_running(popen.pid) for popen in self.members):
                fail("a member ended by itself")
            if all(now - then > WORKED_NS
                   for now, then in zip(self.cpu_ns(), before)):
                return
        fail("the members do not share the partitions")


def together(broker, partitions, members, small, large):
    """So many members read what is there: their Speed, of all. The rest of
    the second in which they commit for the last time is in it."""
    with Group(broker, partitions, members, small, *WINDOW,
               *PATIENT) as group:
        group.signal(signal.SIGSTOP)
        group.send(large)
        before = group.cpu_ns()
        begin = time.perf_counter()
        group.signal(signal.SIGCONT)
        group.wait()
        took_s = time.perf_counter() - begin
        cpu_ns = sum(group.cpu_ns()) - sum(before)
        group.check()
    return speed(large.records, took_s, cpu_ns / 1e9)


def after_kill(broker, corpus, comes_back):
    """From the kill of one of two until all is committed that came right
    after it, in seconds."""
    with Group(broker, KILL_PARTITIONS, 2, corpus, *TIMED) as group:
        begin = time.perf_counter()
        group.members[1].kill()
        group.members[1].wait()
        if comes_back:
            group.start(1)
        group.send()
        group.wait()
        took_s = time.perf_counter() - begin
        group.check()
    return took_s
