"""A source, of whatever kind it is, that we have no time for: it is not its
silence, and nothing of it is lost.
"""

import os
import signal
import threading
import time

import http_client
import oc
from source_kinds import KINDS, MORTALS
from source_runs import counted, finish, kinds, said, start

A, B = oc.order("A"), oc.order("B")
SILENCE_S = 3

kinds_that_lose_patience = kinds(lambda kind: kind.impatient is not None,
                                 KINDS + MORTALS)


def let_pass(seconds):
    """Longer than it may be silent."""
    end = time.monotonic() + seconds
    oc.until(lambda: time.monotonic() > end, "some seconds", pause_s=0.05)


class Slow:
    """Reads a pipe when it is told to, and to its end."""

    def __init__(self):
        self._reader, self.writer = os.pipe()
        self.out = bytearray()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _work(self):
        while data := os.read(self._reader, 1 << 20):
            self.out += data

    def read(self):
        self._thread.start()

    def rest(self):
        self._thread.join(oc.DEADLINE_S)
        os.close(self._reader)
        return bytes(self.out)


@http_client.needed
@kinds_that_lose_patience
def test_a_slow_reader_makes_it_wait(source, spawn):
    """16 MiB of rows wait, and more than a time-out passes."""
    slow = Slow()
    process = start(spawn, source, *source.impatient, "--http=0", "-w", "50ms",
                    stdout=slow.writer)
    os.close(slow.writer)
    port = int(process.wait_for(http_client.LISTENING, "err")[3])

    def waiting():
        status = http_client.request(port, "/api/status").exact()
        return int(status["waiting_bytes"])
    source.send(b"".join(oc.order(f"{number:04}" + "x" * 1000)
                         for number in range(1500)))
    oc.until(lambda: waiting() >= 16 << 20, "the input to wait", waiting)
    let_pass(SILENCE_S)
    slow.read()
    oc.until(lambda: waiting() < 1 << 20, "the input to go on", waiting)
    source.send(A + b"[]\n")
    process.wait_for(b"not_object", "err")
    finish(process)
    found = counted(slow.rest())
    assert found.pop("A") == 1
    assert len(found) == 1500 and set(found.values()) == {1}
    assert not [line for line in said(process.err) if source.name in line and
                "line" not in line]


@kinds_that_lose_patience
def test_a_run_that_is_stopped_and_goes_on_keeps_it(source, spawn):
    process = start(spawn, source, *source.impatient, "-w", "1d")
    source.send(A + b"[]\n")
    process.wait_for(b"not_object", "err")
    process.signal(signal.SIGSTOP)
    source.send(B)
    let_pass(SILENCE_S)
    process.signal(signal.SIGCONT)
    source.send(A + b"{}\n")
    process.wait_for(b"missing_key", "err")
    result = finish(process)
    assert counted(result.out) == {"A": 2, "B": 1}
    assert len(said(result.err)) == 2  # of the rejects
