"""--follow: files that grow, are rotated and truncated, while they are read.

The writer writes on as fast as the program reads, within bounds; who rotates
does not wait for the program. Each order has a group of its own kind, so that
the totals say which were lost and which were counted twice.
"""

import os
import re
import resource
import signal
import subprocess
import threading

import pytest

import oc

LOGROTATE = "/usr/sbin/logrotate"
ARGS = ["--follow", "-w", "100ms", "--active", "-v"]


def order(number):
    return oc.order(f"g{number % 10}", number)


class Total:
    """How many orders the rows so far add up to; each row is read once."""

    def __init__(self, process):
        self.process = process
        self.count = 0
        self._taken = 0

    def now(self):
        new = oc.whole_lines(self.process.out[self._taken:])
        self._taken += len(new)
        self.count += sum(oc.counts(new).values())
        return self.count

    def wait(self, count):
        oc.until(lambda: self.now() >= count, f"{count} orders",
                 lambda: f"{self.count} {self.process.err[-500:]!r}")


def wait_total(process, count):
    """Waits until so many orders are counted."""
    Total(process).wait(count)


def finish(process):
    """Ends it; all its rows."""
    process.signal(signal.SIGTERM)
    result = process.wait()
    assert result.status == -signal.SIGTERM, result
    return result


def expected(count):
    """What each group has when so many orders were written."""
    return {f"g{g}": len(range(g, count, 10)) for g in range(min(count, 10))}


class Writer:
    """Appends orders, one write each, from a thread until it is stopped.

    It opens the path again when told to, as a daemon does on SIGHUP.
    """

    def __init__(self, path):
        self.path = path
        self.count = 0
        self._reopen = threading.Event()
        self._stop = threading.Event()
        self._moved = threading.Condition()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _open(self):
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def _work(self):
        fd = self._open()
        while not self._stop.is_set():
            if self._reopen.is_set():
                os.close(fd)
                fd = self._open()
                self._reopen.clear()
            os.write(fd, order(self.count))
            with self._moved:
                self.count += 1
                self._moved.notify_all()
        os.close(fd)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(oc.DEADLINE_S)

    def wait_more(self, more=20):
        """Waits until so many more were written."""
        goal = self.count + more
        with self._moved:
            assert self._moved.wait_for(lambda: self.count >= goal,
                                        oc.DEADLINE_S), "the writer stands"

    def reopen(self):
        self._reopen.set()
        oc.until(lambda: not self._reopen.is_set(), "the writer to open anew")


def start(spawn, path, args=()):
    """The program, which has begun to read."""
    process = spawn([*ARGS, *args, path])
    process.wait_for(rb": open", stream="err")
    return process


def check(process, count):
    wait_total(process, count)
    result = finish(process)
    assert oc.counts(result.out) == expected(count), result.err
    assert b"Traceback" not in result.err
    return result


# --- one file ----------------------------------------------------------------

def test_what_is_appended_is_counted(spawn, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(order(0) + order(1))
    process = start(spawn, path)
    wait_total(process, 2)
    with open(path, "ab") as log:
        log.write(order(2) + order(3)[:10])
        log.flush()
        wait_total(process, 3)
        log.write(order(3)[10:])
    check(process, 4)


def test_file_that_is_not_there_yet_is_waited_for(spawn, tmp_path):
    path = tmp_path / "log"
    process = start(spawn, path)
    process.wait_for(rb"is not there yet: waiting for it", stream="err")
    path.write_bytes(order(0))
    check(process, 1)


def test_unfinished_line_is_left_when_the_run_is_stopped(spawn, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(order(0) + order(1)[:-1])
    process = start(spawn, path, ["--summary"])
    process.wait_for(rb"\tg0\t1\t1\t")
    result = finish(process)
    assert b"rejected 1" not in result.err
    assert sum(int(line.split(b"\t")[5]) for line in result.out.splitlines()
               if b"(summary)" in line) == 1


def test_until_end_reads_what_was_there_and_ends(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(order(0) + order(1) + order(2)[:9])
    result = oc.run(["--follow", "--until-end", "-w", "all", path])
    assert result.status == 0, result
    assert oc.counts(result.out) == expected(2)


def test_until_end_of_a_file_that_is_not_there_ends(tmp_path):
    result = oc.run(["--follow", "--until-end", "-w", "all",
                     tmp_path / "log"])
    assert result.status == 0, result
    assert result.out == b""


def switches(pid):
    """How often a process was put to sleep or went there."""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return sum(int(line.split()[1]) for line in lines
                   if "ctxt_switches" in line)


@pytest.mark.limits
def test_idle_file_costs_a_look_each_second(spawn, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(order(0))
    process = spawn(["--follow", "-w", "2s", path])
    process.wait_for(rb"\tg0\t")
    before = switches(process.pid)
    process.wait_for(rb"\tg0\t.*\tg0\t")
    assert switches(process.pid) - before <= 10
    check(process, 1)


def test_without_a_descriptor_the_next_file_waits(spawn, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(order(0))
    process = start(spawn, path)
    wait_total(process, 1)
    limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    used = max(int(fd) for fd in os.listdir(f"/proc/{process.pid}/fd"))
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE,
                     (used + 1, limits[1]))
    for number in range(1, 6):
        os.rename(path, f"{path}.{number}")
        path.write_bytes(order(number))
    process.wait_for(rb"Too many open files, trying again", stream="err")
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, limits)
    check(process, 6)


# --- rotation ----------------------------------------------------------------

def rotate_by_rename(path, writer, times):
    for number in range(times):
        writer.wait_more()
        os.rename(path, f"{path}.{number}")
        writer.reopen()


def check_renames(spawn, tmp_path, times):
    path = tmp_path / "log"
    with Writer(path) as writer:
        writer.wait_more(1)
        process = start(spawn, path)
        rotate_by_rename(path, writer, times)
    check(process, writer.count)


def test_rotation_by_rename_loses_nothing(spawn, tmp_path):
    check_renames(spawn, tmp_path, 100)


@pytest.mark.long
def test_thousand_rotations_by_rename_lose_nothing(spawn, tmp_path):
    check_renames(spawn, tmp_path, 1000)


def logrotate(tmp_path, path, how):
    """Rotates once."""
    config = tmp_path / "logrotate.conf"
    # Enough that none is removed while a busy machine keeps the reader waiting.
    config.write_text(f"{path} {{\n rotate 20\n {how}\n size 1\n missingok\n}}"
                      "\n", encoding="ascii")
    subprocess.run([LOGROTATE, "--force", "--state", tmp_path / "state",
                    config], check=True, stdin=subprocess.DEVNULL,
                   capture_output=True, timeout=oc.DEADLINE_S)


def needs_logrotate():
    if not os.access(LOGROTATE, os.X_OK):
        pytest.skip("logrotate is missing")


def check_create(spawn, tmp_path, times):
    needs_logrotate()
    path = tmp_path / "log"
    with Writer(path) as writer:
        writer.wait_more(1)
        process = start(spawn, path)
        for _ in range(times):
            writer.wait_more()
            logrotate(tmp_path, path, "create 0600")
            writer.reopen()
    check(process, writer.count)


def test_logrotate_that_creates_loses_nothing(spawn, tmp_path):
    check_create(spawn, tmp_path, 50)


@pytest.mark.long
def test_thousand_logrotates_that_create_lose_nothing(spawn, tmp_path):
    check_create(spawn, tmp_path, 1000)


def check_copytruncate(spawn, tmp_path, times):
    """Nobody writes while it is copied and truncated: nothing may be lost."""
    needs_logrotate()
    path = tmp_path / "log"
    path.touch()
    process = start(spawn, path)
    total = Total(process)
    written = 0
    for _ in range(times):
        with open(path, "ab") as log:
            for _ in range(50):
                log.write(order(written))
                written += 1
        total.wait(written)
        logrotate(tmp_path, path, "copytruncate")
    result = check(process, written)
    # The program may look only when more was written: still no more than that.
    assert 0 < result.err.count(b"was truncated") <= times


def test_copytruncate_is_said_and_read_once(spawn, tmp_path):
    check_copytruncate(spawn, tmp_path, 30)


@pytest.mark.long
def test_thousand_copytruncates_are_read_once(spawn, tmp_path):
    check_copytruncate(spawn, tmp_path, 1000)


def test_copytruncate_under_a_writer_counts_nothing_twice(spawn, tmp_path):
    needs_logrotate()
    path = tmp_path / "log"
    with Writer(path) as writer:
        writer.wait_more(1)
        process = start(spawn, path)
        for _ in range(30):
            writer.wait_more(50)
            logrotate(tmp_path, path, "copytruncate")
        writer.wait_more(50)
    with open(path, "ab") as log:
        log.write(oc.order("last"))
    process.wait_for(rb"\tlast\t1\t")
    result = finish(process)
    found = oc.counts(result.out)
    assert b"was truncated" in result.err
    for group, count in expected(writer.count).items():
        assert found.get(group, 0) <= count, (group, result.err)


def test_rotations_leave_no_descriptor_open(spawn, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(order(0))
    process = start(spawn, path)
    wait_total(process, 1)
    before = oc.descriptors(process.pid)
    for number in range(1, 21):
        os.rename(path, f"{path}.{number}")
        path.write_bytes(order(number))
    wait_total(process, 21)
    # The old ones are read for 5 s more.
    oc.until(lambda: oc.descriptors(process.pid) <= before,
             "the rotated files to be closed",
             lambda: os.listdir(f"/proc/{process.pid}/fd"))
    check(process, 21)


def test_file_that_is_gone_before_it_was_opened_is_said(spawn, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(order(0))
    process = start(spawn, path)
    wait_total(process, 1)
    process.signal(signal.SIGSTOP)
    for number in (1, 2, 3):
        os.rename(path, f"{path}.1")
        path.write_bytes(order(number))
    process.signal(signal.SIGCONT)
    process.wait_for(rb"rotated faster than it could be opened: 1 of its "
                     rb"files is gone unread", stream="err")
    wait_total(process, 3)
    assert oc.counts(finish(process).out) == {"g0": 1, "g2": 1, "g3": 1}


def check_fast_rotations(spawn, tmp_path, times):
    """Three are kept: each file is read, or said to be gone."""
    path = tmp_path / "log"
    process = start(spawn, path)
    for number in range(times):
        (tmp_path / "new").write_bytes(order(number))
        for old in (2, 1):
            if (tmp_path / f"log.{old}").exists():
                os.rename(f"{path}.{old}", f"{path}.{old + 1}")
        if path.exists():
            os.rename(path, f"{path}.1")
        os.rename(tmp_path / "new", path)

    def gone():
        return sum(map(int, re.findall(rb": (\d+) of its files",
                                       process.err)))

    total = Total(process)
    oc.until(lambda: total.now() + gone() >= times, "each file",
             lambda: f"{total.count} {gone()} {process.err[-500:]!r}")
    found = oc.counts(finish(process).out)
    assert sum(found.values()) + gone() == times, process.err[-500:]


def test_fast_rotations_lose_no_file_unsaid(spawn, tmp_path):
    check_fast_rotations(spawn, tmp_path, 300)


@pytest.mark.long
def test_five_thousand_fast_rotations_lose_no_file_unsaid(spawn, tmp_path):
    check_fast_rotations(spawn, tmp_path, 5000)


# --- directories -------------------------------------------------------------

def test_files_moved_into_a_directory_are_each_read_once(spawn, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "first").write_bytes(order(0))
    process = start(spawn, folder)
    for number in range(1, 200):
        new = tmp_path / "new"
        new.write_bytes(order(number))
        os.rename(new, folder / f"f{number}")
    check(process, 200)


def test_files_that_their_reader_removes_are_all_read(spawn, tmp_path):
    """Their inodes are used again."""
    folder = tmp_path / "in"
    folder.mkdir()
    process = start(spawn, folder)
    total = Total(process)
    for number in range(50):
        path = folder / f"f{number}"
        path.write_bytes(order(number))
        total.wait(number + 1)
        path.unlink()
    check(process, 50)


def test_what_is_added_to_a_read_file_is_said(spawn, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    path = folder / "a"
    path.write_bytes(order(0))
    process = start(spawn, folder)
    wait_total(process, 1)
    with open(path, "ab") as more:
        more.write(order(1))
    process.wait_for(rb"was written to after it was read", stream="err")
    check(process, 1)


# --- runs that go on ---------------------------------------------------------

def test_runs_with_a_state_count_each_line_once(tmp_path):
    path, state = tmp_path / "log", tmp_path / "state.db"
    args = ["--follow", "--until-end", "-w", "1h", "--state", state, path]
    written = 0
    for run in range(6):
        with open(path, "ab") as log:
            for _ in range(7):
                log.write(order(written))
                written += 1
            if run == 2:
                log.write(order(written)[:8])
        if run == 2:
            oc.run(args)
            with open(path, "ab") as log:
                log.write(order(written)[8:])
            written += 1
        if run in (1, 4):  # rotated between two runs, the tail unread
            os.rename(path, f"{path}.{run}")
            path.write_bytes(b"")
        result = oc.run(args)
        assert result.status == 0, result
    totals = {row.key[0]: row.total for row in oc.rows(result.out)}
    assert totals == expected(written), result


def test_directory_with_a_state_goes_on_behind_its_files(tmp_path):
    folder, state = tmp_path / "in", tmp_path / "state.db"
    folder.mkdir()
    args = ["-w", "1h", "--state", state, folder]
    (folder / "a").write_bytes(order(0))
    assert oc.run(args).status == 0
    (folder / "b").write_bytes(order(1))
    with open(folder / "a", "ab") as more:
        more.write(order(2))
    result = oc.run(args)
    assert result.status == 0, result
    totals = {row.key[0]: row.total for row in oc.rows(result.out)}
    assert totals == expected(3), result
