"""--state and the system calls of a run: killed at each of them, or each of
them failing, the state is the old one or the new one, and the next run goes on.
"""

import os
import re
import shutil
import signal
import subprocess

import pytest

import oc
from test_state_crash import Taken

# What changes the disk. Reading, the clock and memory do not.
CALLS = ("pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink",
         "openat", "fcntl")
FIRST = (1000, 1003, 1012, 1015)
MORE = (1024, 1031, 1033, 1047)
ARGS = ("-q", "-t", "t", "-w", "10", "-f", "json", "--summary")


def can_trace():
    return shutil.which("strace") is not None and subprocess.run(
        ["strace", "-qq", "-f", "-o", os.devnull, "true"], check=False,
        capture_output=True).returncode == 0


pytestmark = [
    # What a sanitizer does at the end of a process needs its system calls.
    pytest.mark.limits,
    pytest.mark.skipif(not can_trace(), reason="strace cannot trace here"),
]


def lines(times):
    return b"".join(b'{"t":%d,"status":"s%d"}\n' % (t, t % 3) for t in times)


def split(out):
    """As Taken wants it: windows, and what is there of the last."""
    found = [[]]
    for line in oc.whole_lines(out).splitlines():
        found[-1].append(line)
        if b"summary" in line:
            found.append([])
    return found


class Place:
    """A folder with a state after a run, and what comes after it."""

    def __init__(self, folder):
        self.folder = folder
        self.orders, self.state = folder / "orders", folder / "state"
        self.orders.write_bytes(lines(FIRST + MORE))
        whole = oc.run([*ARGS, self.orders])
        self.whole = split(whole.out)[:-1]
        self.orders.write_bytes(lines(FIRST))
        self.first = self.run().out
        self.kept = self.state.read_bytes()
        self.orders.write_bytes(lines(FIRST + MORE))

    def run(self, *more):
        return oc.run([*ARGS, *more, "--state", self.state, self.orders])

    def reset(self, is_new):
        for name in os.listdir(self.folder):
            if name.startswith("state"):
                (self.folder / name).unlink()
        if not is_new:
            self.state.write_bytes(self.kept)

    def inject(self, call, fault):
        """A run on it with one fault; its Result, and whether it came."""
        trace = self.folder / "trace"
        done = subprocess.run(
            ["strace", "-qq", "-f", "-o", trace, "-e", f"trace={call}", "-e",
             f"inject={call}:{fault}",
             *oc.command([*ARGS, "--state", self.state, self.orders])],
            capture_output=True, check=False, timeout=oc.DEADLINE_S,
            env=oc.environment())
        came = re.search(rb"INJECTED|killed by SIGKILL", trace.read_bytes())
        return oc.Result(done.returncode, done.stdout, done.stderr), came

    def go_on(self, is_new, out, told):
        """The next run, to the end: what is missing, and nothing else."""
        taken = Taken(self.whole)
        if not is_new:
            taken.add(split(self.first), told)
        taken.add(split(out), told)
        result = self.run("--drain")
        assert (result.status, result.err) == (0, b""), (told, result)
        taken.add(split(result.out), told)
        assert taken.count == len(self.whole), told
        assert sorted(n for n in os.listdir(self.folder)
                      if n.startswith("state")) == ["state"], told


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def each(place, call, is_new, fault):
    """That fault at the first such call, the second, until none is left."""
    for when in range(1, 1000):
        place.reset(is_new)
        result, came = place.inject(call, f"{fault}:when={when}")
        told = f"{fault} at {call} {when}, new: {is_new}: {result}"
        if not came:
            assert result.status == 0, told
            return
        yield result, told
    raise AssertionError(f"{call} never ends")


@pytest.mark.parametrize("is_new", (False, True))
@pytest.mark.parametrize("call", CALLS)
def test_a_kill_at_any_call_leaves_the_old_state_or_the_new(place, call,
                                                            is_new):
    count = 0
    for result, told in each(place, call, is_new, "signal=KILL"):
        assert result.status in (-signal.SIGKILL, 128 + signal.SIGKILL), told
        assert result.err == b"", told
        place.go_on(is_new, result.out, told)
        count += 1
    assert count > 0 or call in ("ftruncate", "unlink", "fsync"), call


def write_of_state(place, result, told):
    """Status 1, one line that names the state, and a next run that goes on."""
    assert result.status == 1, told
    assert re.fullmatch(rb"ordercount: [^\n]*\n", result.err), told
    assert bytes(place.state) in result.err, told


@pytest.mark.parametrize("is_new", (False, True))
@pytest.mark.parametrize("error", ("EIO", "ENOSPC"))
@pytest.mark.parametrize("call", ("pwrite64", "fdatasync", "fsync"))
def test_a_write_that_fails_is_said_and_the_next_run_goes_on(
        place, call, error, is_new):
    count = 0
    for result, told in each(place, call, is_new, f"error={error}"):
        if result.status != 0:
            write_of_state(place, result, told)
        else:  # at the end, of what is on the disk already
            assert result.err == b"", told
        place.go_on(is_new, result.out, told)
        count += 1
    assert count > 0 or call == "fsync"


@pytest.mark.parametrize("is_made", (True, False))
def test_a_new_state_that_cannot_be_used_is_as_it_was(tmp_path, is_made):
    orders, state = tmp_path / "orders", tmp_path / "state"
    orders.write_bytes(lines(FIRST))
    if not is_made:
        state.write_bytes(b"")
    done = subprocess.run(
        ["strace", "-qq", "-f", "-o", os.devnull, "-P", f"{state}-wal", "-e",
         "trace=openat", "-e", "inject=openat:error=EMFILE",
         *oc.command(["--state", state, orders])],
        capture_output=True, check=False, timeout=oc.DEADLINE_S,
        env=oc.environment())
    assert (done.returncode, done.stdout) == (1, b""), done
    assert bytes(state) in done.stderr and done.stderr.count(b"\n") == 1
    assert sorted(os.listdir(tmp_path)) == (
        ["orders"] if is_made else ["orders", "state"])
    assert is_made or state.read_bytes() == b""


@pytest.mark.parametrize("call", ("pwrite64", "fdatasync"))
def test_a_disk_that_fails_from_some_moment_on_is_said(place, call):
    """Not the one call, but all from there on: as a full or dead disk does."""
    for when in range(1, 100):
        place.reset(False)
        result, came = place.inject(call, f"error=EIO:when={when}+")
        told = f"{call} {when}+: {result}"
        if not came:
            assert when > 3 and result.status == 0, told
            return
        if result.status != 0:
            write_of_state(place, result, told)
        place.go_on(False, result.out, told)
    raise AssertionError(f"{call} never ends")


# --- a source that cannot be read --------------------------------------------


def counted(result):
    return sum(oc.counts(result.out).values())


def unreadable(trace, args, path):
    """A run in which the first read of that file fails."""
    done = subprocess.run(
        ["strace", "-qq", "-f", "-o", trace, "-P", path, "-e",
         "trace=pread64", "-e", "inject=pread64:error=EIO:when=1",
         *oc.command(args)],
        capture_output=True, check=False, timeout=oc.DEADLINE_S,
        env=oc.environment())
    assert b"INJECTED" in trace.read_bytes()
    return oc.Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("options, operand", (
    ((), "in/orders"),
    ((), "in"),
    (("--follow", "--until-end"), "in/orders"),
    (("--follow", "--until-end"), "in"),
    (("--follow", "-m", 1, "-w", "1"), "in"),
), ids=("file", "directory", "followed", "until_end", "followed_directory"))
def test_a_known_file_that_cannot_be_read_is_not_begun_anew(tmp_path, options,
                                                            operand):
    """By its first bytes it is known: without them it may be that file."""
    path = tmp_path / "in" / "orders"
    path.parent.mkdir()
    path.write_bytes(lines(FIRST))
    window = () if "-w" in options else ("-w", "1h")
    args = [*options, *window, "--state", tmp_path / "state",
            tmp_path / operand]
    first = oc.run(args)
    assert (first.status, first.err, counted(first)) == (0, b"", len(FIRST))
    path.write_bytes(lines(FIRST + MORE))
    result = unreadable(tmp_path / "trace", args, path)
    assert (result.status, counted(result)) == (1, 0), result
    assert re.fullmatch(rb"ordercount: cannot (read|open) '[^']*orders': "
                        rb"Input/output error\n", result.err), result
    last = oc.run(args)
    assert (last.status, last.err, counted(last)) == (0, b"", len(MORE))


def test_a_source_that_cannot_be_read_leaves_the_others(tmp_path):
    paths = [tmp_path / name for name in ("one", "two")]
    args = ["--state", tmp_path / "state", *paths]
    for path in paths:
        path.write_bytes(lines(FIRST))
    assert counted(oc.run(args)) == 2 * len(FIRST)
    for path in paths:
        path.write_bytes(lines(FIRST + MORE))
    result = unreadable(tmp_path / "trace", args, paths[0])
    assert (result.status, counted(result)) == (1, len(MORE)), result
    last = oc.run(args)
    assert (last.status, last.err, counted(last)) == (0, b"", len(MORE))


def test_a_rotated_file_that_cannot_be_read_is_not_lost(tmp_path):
    path, old = tmp_path / "orders", tmp_path / "orders.1"
    args = ["--follow", "--until-end", "-w", "1h", "--state",
            tmp_path / "state", path]
    path.write_bytes(lines(FIRST))
    assert counted(oc.run(args)) == len(FIRST)
    path.rename(old)
    with open(old, "ab") as file:
        file.write(lines(MORE))
    path.write_bytes(lines([2000]))
    result = unreadable(tmp_path / "trace", args, old)
    assert (result.status, counted(result)) == (1, 0), result
    assert b"Input/output error" in result.err and b"gone" not in result.err
    last = oc.run(args)
    assert (last.status, last.err, counted(last)) == (0, b"", len(MORE) + 1)


# --- a slow disk -------------------------------------------------------------


def slow(delay_ms, args):
    return ["strace", "-qq", "-f", "-o", os.devnull, "-e", "trace=fdatasync",
            "-e", f"inject=fdatasync:delay_enter={delay_ms * 1000}",
            *oc.command(args)]


def test_rows_print_only_once_they_are_saved(tmp_path):
    """Each write of a row comes after the fdatasync of its save."""
    orders, trace = tmp_path / "orders", tmp_path / "trace"
    orders.write_bytes(lines(range(1000, 1100)))
    out = subprocess.run(
        ["strace", "-qq", "-f", "-s", "40", "-o", trace, "-e",
         "trace=write,fdatasync,pwrite64", "-e",
         "inject=fdatasync:delay_enter=10000",
         *oc.command([*ARGS, "--state", tmp_path / "state", orders])],
        capture_output=True, check=True, env=oc.environment()).stdout
    synced, written = 0, set()
    for line in trace.read_text().splitlines():
        if "fdatasync" in line and "= 0" in line:
            synced += 1
        found = re.search(r'write\(1, "{\\"start\\":\\"([^\\]*)', line)
        if found and found.group(1) not in written:
            written.add(found.group(1))
            assert synced >= len(written), line
    assert len(written) == len(split(out)) - 1 == 9


def test_a_slow_disk_delays_no_window(tmp_path, feed, spawn):
    """Windows of 0.2 s, saves of 0.15 s and more: each window is whole, has its
    own bounds, and none is left out."""
    process = spawn(["-w", "0.2", "-f", "json", "--summary", "-m", 12,
                     "--state", tmp_path / "state", "127.0.0.1", feed.port],
                    program=slow(150, [
                        "-w", "0.2", "-f", "json", "--summary", "-m", 12,
                        "--state", tmp_path / "state", "127.0.0.1",
                        feed.port]))
    client = feed.accept()
    client.send(oc.order("A"))
    result = process.wait()
    assert (result.status, result.err) == (0, b"")
    rows = [line for line in result.out.splitlines() if b"summary" in line]
    bounds = [re.search(rb'"start":"([^"]*)","end":"([^"]*)","partial":(\w+)',
                        line).groups() for line in rows]
    assert len(bounds) == 12
    for before, after in zip(bounds, bounds[1:]):
        assert before[1] == after[0], bounds
    assert all(partial == b"false" for _, _, partial in bounds[1:-1]), bounds
