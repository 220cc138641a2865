"""The broker of the bench, its topics, and the programs in C around it."""

import os
import shlex
import subprocess
import time

from building import HERE as BENCH
from building import compiler, fail, flags

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(BENCH))
SCRIPT = os.environ.get("KAFKA_BROKER_SCRIPT") or os.path.join(
    ROOT, "scripts", "kafka-broker")
PROGRAMS = "topic", "fill", "drain", "reached", "commits"
# Topics that are deleted leave the disk at once.
SETTINGS = ("log.segment.delete.delay.ms=1000",)
# What fill and its like may take.
DEADLINE_S = 300


def build_programs(folder):
    """The programs of this folder: by name, their paths."""
    built = {}
    for name in PROGRAMS:
        built[name] = os.path.join(folder, name)
        sources = [os.path.join(HERE, source + ".c")
                   for source in (name, "client")]
        subprocess.run([*compiler(), *flags(), "-std=c11", "-D_GNU_SOURCE",
                        "-pthread", "-o", built[name], *sources,
                        "-lrdkafka"], check=True)
    return built


def cores():
    """(The core that is measured, those for all else.)"""
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others) or {first}


class Broker:
    """A broker with data of its own, which goes with it."""

    def __init__(self, folder):
        self._folder = os.path.join(folder, "broker")
        self._programs = build_programs(folder)
        self._topics = 0
        self._run("stop")
        self._run("wipe")
        self.address = self._run("start", "0", *SETTINGS).split()[0]
        with open(os.path.join(self._folder, "pid"), encoding="ascii") as file:
            self.pid = int(file.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._run("stop")
        self._run("wipe")

    def _run(self, command, *more):
        done = subprocess.run([SCRIPT, command, self._folder, *more],
                              stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            fail(f"{SCRIPT} {command} ended with {done.returncode}")
        return done.stdout

    def pin(self, where):
        """Lets the broker run on these cores only."""
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            try:
                os.sched_setaffinity(int(thread), where)
            except ProcessLookupError:
                pass

    def cpu_s(self):
        """CPU seconds of the broker until now."""
        return time.clock_gettime_ns(~self.pid << 3 | 2) / 1e9

    def url(self, topic):
        return f"kafka://{self.address}/{topic}"

    def call(self, program, *arguments, deadline_s=DEADLINE_S):
        """Runs one of the programs; what it prints."""
        command = [self._programs[program], self.address,
                   *map(str, arguments)]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                                  timeout=deadline_s, stderr=subprocess.PIPE,
                                  check=False)
        except subprocess.TimeoutExpired:
            fail(f"{shlex.join(command)} came to no end in {deadline_s} s")
        if done.returncode != 0:
            fail(f"{shlex.join(command)}: {done.stderr[-1000:]}")
        return done.stdout

    def program(self, name, *arguments):
        """The command of one of the programs."""
        return [self._programs[name], self.address, *map(str, arguments)]

    def create(self, name, partitions):
        self.call("topic", name, partitions)
        return name

    def fresh(self, name, partitions=1):
        """A topic that no run before has seen."""
        self._topics += 1
        return self.create(f"{name}-{self._topics}", partitions)

    def name(self, what):
        """A name of a group that no run before has had."""
        self._topics += 1
        return f"{what}-{self._topics}"

    def delete(self, name):
        self.call("topic", name)

    def fill(self, topic, partitions, path, lines=None):
        self.call("fill", topic, partitions, path,
                  *([lines] if lines else []))

    def wait_committed(self, group, topic, partitions, messages):
        self.call("reached", group, topic, partitions, messages)
