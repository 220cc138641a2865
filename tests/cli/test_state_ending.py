"""--state and how a run ends: by a signal, a limit, a condition, a reader that
is slow, stuck or gone. What was not printed is the next run's.
"""

import fcntl
import glob
import json
import os
import select
import signal
import struct
import termios
import time

import pytest

import oc
from reference_windows import read_stamp
from test_state_crash import Job, Taken
from test_state_faults import can_trace, slow

BY_TIME = ["-t", "t", "-w", "10"]


def orders(*times, status="A"):
    return b"".join(b'{"status":"%s","t":%d}\n' % (status.encode(), t)
                    for t in times)


def seen(out):
    """Of each row: when its window starts, key, count, total."""
    return [(r.start[11:19], r.key[0], r.count, r.total) for r in oc.rows(out)]


# --- the closing line --------------------------------------------------------


def test_the_rate_at_the_end_is_that_of_this_run(tmp_path):
    """Tallies since the last window are carried on, seconds are not."""
    path, state = tmp_path / "orders", tmp_path / "state"
    path.write_bytes(orders(*[1000] * 500))
    args = ["-v", *BY_TIME, "--state", state, path]
    first = oc.run(args).err
    assert b"read 500, counted 500" in first
    assert b", 0 records/s, 0 B/s" not in first
    second = oc.run(args).err
    assert b"read 500, counted 500" in second
    assert b", 0 records/s, 0 B/s" in second, second


# --- signals -----------------------------------------------------------------


def test_by_arrival_a_signal_prints_the_open_window_and_saves(tmp_path, feed,
                                                              spawn):
    for turn in (1, 2):
        process = spawn(["-w", "1h", "--state", tmp_path / "state",
                         "127.0.0.1", feed.port])
        client = feed.accept()
        client.send(oc.order("A") * 2)
        client.wait_read()
        process.signal(signal.SIGTERM)
        result = process.wait()
        assert (result.status, result.err) == (-signal.SIGTERM, b"")
        rows = oc.rows(result.out)
        assert [(r.count, r.total) for r in rows] == [(2, 2 * turn)]


def test_by_event_time_a_signal_keeps_the_windows(tmp_path, feed, spawn):
    args = [*BY_TIME, "--state", tmp_path / "state", "127.0.0.1", feed.port]
    process = spawn(args)
    client = feed.accept()
    client.send(orders(1000, 1011, 1012))
    process.wait_for(rb"A\t1\t1\n")
    client.send(orders(1013))
    client.wait_read()
    process.signal(signal.SIGTERM)
    result = process.wait()
    assert (result.status, result.err) == (-signal.SIGTERM, b"")
    assert seen(result.out) == [("00:16:40", "A", 1, 1)]
    process = spawn(args)
    client = feed.accept()
    client.send(orders(1005, 1014, 1020))
    process.wait_for(rb"A\t4\t5\n")
    client.close()
    assert seen(process.wait().out) == [("00:16:50", "A", 4, 5)]


def test_drained_windows_are_over_in_later_runs(tmp_path):
    path, state = tmp_path / "orders", tmp_path / "state"
    args = [*BY_TIME, "--summary", "--state", state, path]
    path.write_bytes(orders(1000, 1011, 1025))
    out = oc.run([*args, "--drain"]).out
    assert [row[1:] for row in seen(out)] == [
        ("A", 1, 1), ("(summary)", 1, 1), ("A", 1, 2), ("(summary)", 1, 2),
        ("A", 1, 3), ("(summary)", 1, 3)]
    with open(path, "ab") as more:
        more.write(orders(1026, 1029, 1030, 1041))
    rows = oc.rows(oc.run(args).out)
    assert [(r.start[11:19], r.count, r.total) for r in rows] == [
        ("00:17:10", 1, 4), ("00:17:10", 1, 4)]
    assert rows[-1].more == ("4", "2", "0", "0", "2")


def test_a_drain_ends_a_run_by_a_signal_too(tmp_path, feed, spawn):
    process = spawn([*BY_TIME, "--drain", "--state", tmp_path / "state",
                     "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(orders(1000, 1011))
    process.wait_for(rb"A\t1\t1\n")
    process.signal(signal.SIGINT)
    result = process.wait()
    assert (result.status, result.err) == (-signal.SIGINT, b"")
    assert [row[2:] for row in seen(result.out)] == [(1, 1), (1, 2)]


@pytest.mark.limits  # a sanitizer's end of a process cannot be traced
@pytest.mark.skipif(not can_trace(), reason="strace cannot trace here")
def test_a_signal_waits_for_a_save_on_a_slow_disk(tmp_path, feed, spawn):
    """A disk that is slow is no reader that is stuck."""
    args = ["-w", "1h", "--state", tmp_path / "state", "127.0.0.1", feed.port]
    process = spawn(args, program=slow(1600, args))
    client = feed.accept()
    client.send(oc.order("A"))
    client.wait_read()
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    with open(children, encoding="ascii") as pids:
        os.kill(int(pids.read().split()[0]), signal.SIGTERM)
    result = process.wait()
    assert result.err == b""
    assert [(r.count, r.total) for r in oc.rows(result.out)] == [(1, 1)]


# --- readers -----------------------------------------------------------------


class Pipe:
    """A pipe whose reader is the test."""

    def __init__(self):
        self.reader, self.writer = os.pipe()

    def close_writer(self):
        os.close(self.writer)

    def waits(self):
        """How many bytes are in it."""
        return struct.unpack("i", fcntl.ioctl(self.reader, termios.FIONREAD,
                                              b"\0" * 4))[0]

    def wait_stuck(self):
        """Until nothing more fits: a pipe takes pages, not bytes."""
        oc.until(lambda: not select.select([], [self.writer], [], 0)[1],
                 "the pipe to be full", self.waits)

    def wait_more(self, count):
        """Until so much is in it again."""
        oc.until(lambda: self.waits() >= count, "more rows", self.waits)

    def rest(self):
        data = b""
        while True:
            piece = os.read(self.reader, 65536)
            if not piece:
                os.close(self.reader)
                return data
            data += piece


def long_job(seed, folder):
    """One whose rows do not fit into a pipe."""
    job = Job(seed, folder, 20000)
    assert sum(len(line) for window in job.whole
               for line in window) > 150000, job.args
    return job


def whole_in_the_end(job, taken, told):
    result = oc.run(job.command(["--drain", "--state", job.state]))
    assert (result.status, result.err) == (0, b""), told
    taken.add(job.windows(result.out, cut=True), told)
    assert taken.count == len(job.whole), told


SEEDS = (6, 16, 52, 55)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_stuck_reader_did_not_take_comes_first_in_the_next_run(
        seed, tmp_path, spawn):
    """Also when that run's reader is stuck over what is printed again."""
    job = long_job(seed, tmp_path)
    taken = Taken(job.whole)
    for turn in range(3):
        pipe = Pipe()
        process = spawn(job.command(["--state", job.state]),
                        stdout=pipe.writer)
        pipe.wait_stuck()
        pipe.close_writer()
        process.signal(signal.SIGTERM)
        result = process.wait()
        told = f"turn {turn}: {job.args}: {result.err}"
        assert result.status == -signal.SIGTERM, told
        assert result.err.count(b"\n") == 1, told
        assert b"the reader of the output did not take" in result.err, told
        taken.add(job.windows(pipe.rest(), cut=True), told)
    whole_in_the_end(job, taken, job.args)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_second_signal_ends_at_once_and_loses_nothing(seed, tmp_path, spawn):
    job = long_job(seed, tmp_path)
    taken = Taken(job.whole)
    pipe = Pipe()
    process = spawn(job.command(["--state", job.state]), stdout=pipe.writer)
    pipe.wait_stuck()
    pipe.close_writer()
    process.signal(signal.SIGTERM)
    process.signal(signal.SIGINT)
    result = process.wait()
    assert result.status in (-signal.SIGTERM, -signal.SIGINT)
    taken.add(job.windows(pipe.rest(), cut=True), job.args)
    whole_in_the_end(job, taken, job.args)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reader_that_goes_away_gets_the_rest_from_the_next_run(
        seed, tmp_path, spawn):
    """Nobody knows what it read of what was written: that does not come again,
    but for the last window."""
    job = long_job(seed, tmp_path)
    pipe = Pipe()
    process = spawn(job.command(["--state", job.state]), stdout=pipe.writer)
    pipe.close_writer()
    out = os.read(pipe.reader, 4096)
    pipe.wait_more(len(out))
    os.close(pipe.reader)
    result = process.wait()
    assert (result.status, result.err) == (-signal.SIGPIPE, b""), job.args
    result = oc.run(job.command(["--drain", "--state", job.state]))
    assert (result.status, result.err) == (0, b""), job.args
    rest = job.windows(result.out)
    assert rest == job.whole[-len(rest):], job.args
    # All that was left out went into the pipe.
    gone = b"\n".join(line for window in job.whole[:-len(rest)]
                      for line in window)
    assert len(gone) < len(out) + 2 * 65536, job.args


@pytest.mark.parametrize("seed", SEEDS)
def test_kills_with_a_slow_reader_change_no_window(seed, tmp_path, spawn):
    job = long_job(seed, tmp_path)
    taken = Taken(job.whole)
    for turn in range(6):
        pipe = Pipe()
        process = spawn(job.command(["--state", job.state]),
                        stdout=pipe.writer)
        pipe.close_writer()
        out = b""
        while len(out) < job.random.randrange(1, 60000):
            piece = os.read(pipe.reader, job.random.randrange(1, 9000))
            out += piece
            if not piece:
                break
        process.signal(signal.SIGKILL)
        assert process.wait().err == b""
        taken.add(job.windows(oc.whole_lines(out + pipe.rest()), cut=True),
                  f"turn {turn}: {job.args}")
    whole_in_the_end(job, taken, job.args)


def test_windows_end_on_time_while_the_reader_is_stuck(tmp_path, feed, spawn):
    pipe = Pipe()
    os.write(pipe.writer, b"x" * 65536)
    pipe.wait_stuck()
    process = spawn(["-w", "0.1", "-m", 30, "-f", "json", "--state",
                     tmp_path / "state", "127.0.0.1", feed.port],
                    stdout=pipe.writer)
    pipe.close_writer()
    client = feed.accept()
    client.send(oc.order("A"))
    end = time.monotonic() + 3.1
    oc.until(lambda: time.monotonic() > end, "30 windows")
    out = pipe.rest()[65536:]
    assert process.wait() == oc.Result(0, b"", b"")
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == 30
    for before, after in zip(rows, rows[1:]):
        assert before["end"] == after["start"], rows
        assert not after["partial"] or after is rows[-1], rows


def test_half_a_row_in_the_output_is_cut(tmp_path):
    path, out = tmp_path / "orders", tmp_path / "rows"
    path.write_bytes(oc.order("A"))
    args = ["--header", "--state", tmp_path / "state", "-o", out, path]
    assert oc.run(args).err == b""
    before = out.read_bytes()
    with open(out, "ab") as more:
        more.write(b"2026-11-22T10:00:00Z\t2026-11")
    assert oc.run(args).err == b""
    after = out.read_bytes()
    assert after.startswith(before) and after.count(b"\n") == 3
    assert b"2026-11-22T10:00:00Z\t2026-11" not in after


# --- crashes of what cannot be read again ------------------------------------


def test_a_crash_loses_of_a_connection_what_came_since_the_last_save(
        tmp_path, feed, spawn):
    args = [*BY_TIME, "--state", tmp_path / "state", "127.0.0.1", feed.port]
    process = spawn(args)
    client = feed.accept()
    client.send(orders(1000, 1020))
    process.wait_for(rb"A\t1\t1\n")
    client.send(orders(1021, 1022, 1023))
    client.wait_read()
    process.signal(signal.SIGKILL)
    process.wait()
    process = spawn(args)
    client = feed.accept()
    client.send(orders(1040))
    process.wait_for(rb"00:17:00Z.*\n")
    client.close()
    rows = seen(process.wait().out)
    if rows[0][0] == "00:16:40":  # the last one may come again
        assert rows.pop(0) == ("00:16:40", "A", 1, 1)
    assert rows == [("00:17:00", "A", 1, 2)]


# --- limits and conditions ---------------------------------------------------


def in_turns(job, more, statuses):
    """Runs until one ends as a whole run does, then the last one."""
    taken = Taken(job.whole)
    for turn in range(200):
        result = oc.run(job.command([*more, "--state", job.state]))
        told = f"run {turn}: {job.args} {more}: {result.err}"
        assert result.status in statuses, told
        before = taken.count
        taken.add(job.windows(result.out, cut=True), told)
        if taken.count == before:
            break
        yield taken.count - before, result
    assert taken.repeated == 0
    whole_in_the_end(job, taken, job.args)


@pytest.mark.parametrize("seed", (0, 1, 2))
def test_max_windows_stops_and_the_next_run_goes_on_there(seed, tmp_path):
    job = Job(seed, tmp_path, 5000)
    turns = list(in_turns(job, ["-m", "7"], (0,)))
    assert all(count == 7 for count, _ in turns[:-1]) and len(turns) > 5


def test_a_condition_stops_and_the_next_run_goes_on_behind_it(tmp_path):
    job = Job(7, tmp_path, 5000)
    held = 0
    for count, result in in_turns(job, ["--fail-if", "@orders>30"], (0, 3)):
        held += result.status == 3
        assert (result.status == 3) == (b"@orders>30" in result.err)
    assert held > 5


@pytest.mark.limits  # a slow start would use the time up
def test_a_duration_stops_and_the_next_run_goes_on(tmp_path, spawn):
    job = Job(5, tmp_path, 200000)
    taken = Taken(job.whole)
    for turn in range(8):
        result = oc.run(job.command(["--follow", "--for", "0.05", "--state",
                                     job.state]))
        told = f"run {turn}: {job.args}"
        assert (result.status, result.err) == (0, b""), told
        taken.add(job.windows(result.out, cut=True), told)
    assert taken.repeated == 0
    whole_in_the_end(job, taken, job.args)


# --- clocks ------------------------------------------------------------------


FAKETIME = next(iter(
    glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") +
    glob.glob("/usr/lib/faketime/libfaketimeMT.so.1")), None)


@pytest.mark.limits  # a sanitizer's library has to be the first
@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not there")
def test_a_clock_set_back_between_runs_is_said_and_time_goes_on(tmp_path):
    path, state = tmp_path / "orders", tmp_path / "state"
    args = ["-w", "all", "--state", state, path]
    path.write_bytes(oc.order("A"))
    # That clock was an hour ahead; this one is right.
    ahead = oc.run(args, env={
        "LD_PRELOAD": FAKETIME, "FAKETIME": "+1h",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    # Nor does that clock cut the wait for the last save short.
    assert (ahead.status, ahead.err) == (0, b"")
    first = oc.rows(ahead.out)
    result = oc.run(args)
    assert result.status == 0 and result.err.count(b"\n") == 1
    assert b"the clock is behind the last window" in result.err
    assert bytes(state) in result.err
    rows = oc.rows(result.out)
    times = [read_stamp(text) for text in (
        first[0].end, rows[0].start, rows[0].end)]
    assert times == sorted(times)
    assert (rows[0].count, rows[0].total) == (0, 1)
