"""A reader that stays slower than the rows that the windows make."""

import json
import os
import select
import signal
import threading
import time

import pytest

import oc
from reference_windows import read_stamp
from test_state_faults import can_trace, slow

GROUPS = 20000
# A window's rows are more than the reader below takes in the time of many.
WINDOW = "0.05"
PIECE = 1 << 16


class Slow:
    """Feeds a run and reads its rows, a piece at a time."""

    def __init__(self, spawn):
        self.rows, writer = os.pipe()
        stdin, self.stdin = os.pipe()
        self.process = spawn(["-w", WINDOW, "-"], stdin=stdin, stdout=writer)
        os.close(writer)
        os.close(stdin)
        os.set_blocking(self.stdin, False)
        self.seen = bytearray()
        self.sent = 0
        self.half = b""

    def is_read(self, patience_s):
        return bool(select.select([], [self.stdin], [], patience_s)[1])

    def send(self):
        """Sends what the input takes at once."""
        piece = self.half
        if not piece:
            piece = b"".join(oc.order(f"k{i % GROUPS:05d}")
                             for i in range(self.sent, self.sent + 500))
            self.sent += 500
        self.half = piece[os.write(self.stdin, piece[:4096]):]

    def read(self):
        piece = os.read(self.rows, PIECE)
        self.seen += piece
        return bool(piece)


def test_it_does_not_starve_the_input(spawn):
    slow = Slow(spawn)
    while slow.is_read(0.7):
        slow.send()
    # Now the input waits. Each piece takes the reader 20 ms: 3 MB a second.
    again = 0
    while again < 5 and len(slow.seen) < 200 << 20:
        if slow.is_read(0.02):
            again += 1
            while slow.is_read(0):
                slow.send()
        slow.read()
    assert again == 5
    reader = threading.Thread(target=lambda: all(iter(slow.read, False)))
    reader.start()
    os.set_blocking(slow.stdin, True)
    while slow.half:
        slow.send()
    os.close(slow.stdin)
    result = slow.process.wait()
    reader.join()
    assert result.status == 0, result
    assert sum(row.count for row in oc.rows(bytes(slow.seen))) == slow.sent
    assert b"windows in which the input waited are left out" in result.err


def test_a_stuck_reader_of_the_rejects_stops_no_window(spawn, tmp_path):
    fifo = tmp_path / "rejects"
    os.mkfifo(fifo)
    stuck = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    stdin, feed = os.pipe()
    process = spawn(["-w", "0.1", "--expect=A", "--rejects", fifo, "-"],
                    stdin=stdin)
    os.close(stdin)
    bad = b"x" * 99 + b"\n"
    for _ in range(5000):
        os.write(feed, bad)
    seen = process.out.count(b"\n")
    process.wait_for(lambda out: out.count(b"\n") > seen + 5)
    process.signal(signal.SIGTERM)
    result = process.wait()
    os.close(stuck)
    os.close(feed)
    assert result.status == -signal.SIGTERM
    assert b"did not take" in result.err


@pytest.mark.limits
@pytest.mark.skipif(not can_trace(), reason="strace cannot trace here")
def test_windows_that_close_late_know_that_the_input_waited(spawn, tmp_path):
    """While two windows wait for a slow disk, others are due and not closed
    yet when the reader takes again. The status line keeps the run awake."""
    fifo = tmp_path / "rejects"
    os.mkfifo(fifo)
    stuck = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    stdin, feed = os.pipe()
    args = ["-w", "0.2", "-f", "json", "--summary", "--progress=always",
            "--rejects", fifo, "--state", tmp_path / "state", "-"]
    process = spawn(args, stdin=stdin, program=slow(300, args))
    os.close(stdin)
    os.set_blocking(feed, False)
    full_ns = time.time_ns()
    while select.select([], [feed], [], 2)[1]:
        os.write(feed, b"x" * 4095 + b"\n")
        full_ns = time.time_ns()
    free_ns = time.time_ns()
    os.set_blocking(stuck, True)
    reader = threading.Thread(
        target=lambda: all(iter(lambda: os.read(stuck, PIECE), b"")))
    reader.start()
    os.close(feed)
    result = process.wait()
    reader.join()
    os.close(stuck)
    assert result.status == 0, result
    waited = [window for window in map(json.loads, result.out.splitlines())
              if read_stamp(window["start"]) > full_ns
              and read_stamp(window["end"]) < free_ns]
    assert len(waited) > 5, result
    assert all(window["partial"] for window in waited), waited
