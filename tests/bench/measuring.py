"""Runs peers and takes their time; what they count is checked each time."""

import os
import shlex
import subprocess
import tempfile
import time
from contextlib import contextmanager

from building import fail
from figures import Speed


class Sender:
    """Sends a corpus, from memory, to each client that comes."""

    def __init__(self, program, path, *more):
        self._popen = subprocess.Popen([program, path, *more],
                                       stdout=subprocess.PIPE)
        line = self._popen.stdout.readline()
        if not line:
            fail("the sender did not start")
        self.port = int(line)

    def close(self):
        self._popen.kill()
        self._popen.wait()
        self._popen.stdout.close()


@contextmanager
def input_of(peer, reference):
    """What a peer has as its standard input: nothing, or what cat writes."""
    if not peer.piped:
        yield subprocess.DEVNULL
        return
    with subprocess.Popen(["cat", reference.path],
                          stdout=subprocess.PIPE) as cat:
        yield cat.stdout


def wait(popen):
    """Waits for a process and returns what it used. It has to end well."""
    _, status, usage = os.wait4(popen.pid, 0)
    popen.returncode = os.waitstatus_to_exitcode(status)
    if popen.returncode != 0:
        fail(f"{shlex.join(popen.args)} ended with {popen.returncode}")
    return usage


def measure(peer, target, reference):
    """Runs a peer, holds its count to the reference, returns its Speed."""
    command = peer.command(target)
    with tempfile.TemporaryFile() as out:
        begin = time.perf_counter()
        with input_of(peer, reference) as source:
            usage = wait(subprocess.Popen(command, stdin=source, stdout=out))
            wall_s = time.perf_counter() - begin
        out.seek(0)
        printed = out.read()
    try:
        found = peer.found(printed)
    except (ValueError, IndexError):
        fail(f"{shlex.join(command)}: no counts: it said "
             f"{printed[-500:].decode(errors='replace')!r}")
    expected = peer.expected(reference)
    if found != expected:
        fail(f"WRONG COUNT by {peer.name}: {shlex.join(command)}: expected "
             f"{expected}, got {found}")
    cpu_s = usage.ru_utime + usage.ru_stime
    return Speed(reference.size / wall_s / 1e9, reference.size / cpu_s / 1e9)


def measure_rounds(found, whole, sample, port, rounds):
    """All speeds of each peer: in turns, so that a disturbance meets all."""
    speeds = {peer.name: [] for peer in found}
    for _ in range(rounds):
        for peer in found:
            reference = sample if peer.sampled else whole
            target = port if peer.tcp else reference.path
            speeds[peer.name].append(measure(peer, target, reference))
    return speeds
