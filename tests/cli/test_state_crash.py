"""--state and kill -9: whatever the moment, the windows that come out in the
end are those of one run that nobody disturbed; only the last one that came out
whole before a crash may come once more, and then it is the same.
"""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

import oc


class Job:
    """A query over some files of many records, and its undisturbed rows."""

    def __init__(self, seed, folder, records):
        rng = self.random = random.Random(seed)
        span = rng.choice([1, 1, 2, 5, 20])
        slide = rng.choice([1, 2, 5])
        self.form = rng.choice(["json", "csv", "tsv"])
        self.args = ["-q", "-t", "t", "--summary", "--header", "-f", self.form,
                     "-w", span * slide, "-s", slide, "-l",
                     rng.choice([0, 1, 3, 10])]
        self.args += rng.choice([[], ["--sum", "n"]])
        self.args += rng.choice([[], ["--where", "n!=7"]])
        self.args += rng.choice([[], ["--forget", "20"]])
        self.args += rng.choice([[], ["--top", 3], ["--max-groups", 50]])
        # Windows enough that a run of a second or so is all saves and prints.
        seconds = rng.choice([60, 150, 400])
        groups = rng.choice([5, 500])
        self.path = folder / "orders"
        with open(self.path, "wb") as out:
            for at in range(records):
                out.write(b'{"t":%d,"status":"s%d","n":%d}\n' % (
                    1000 + at * seconds // records - rng.randrange(4),
                    rng.randrange(groups), rng.randrange(10)))
        self.state = folder / "state"
        self.out = folder / "rows"
        start = time.monotonic()
        self.whole = self.windows(self.run([]).out)
        self.took_s = time.monotonic() - start

    def command(self, more):
        return [*self.args, *more, self.path]

    def run(self, more):
        result = oc.run(self.command(more), timeout=120)
        assert (result.status, result.err) == (0, b""), result
        return result

    def windows(self, out, cut=False):
        """The windows, each a list of lines; cut: the last may be a part."""
        assert cut or out == b"" or out.endswith(b"\n"), out[-200:]
        found = [[]]
        for line in out.split(b"\n")[:-1]:
            if self.form != "json" and line.startswith(b"start"):
                continue
            found[-1].append(line)
            if b"summary" in line:
                found.append([])
        assert cut or found[-1] == [], found[-1]
        return found if cut else found[:-1]


class Taken:
    """What came out, run by run, held against the undisturbed windows."""

    def __init__(self, whole):
        self.whole = whole
        self.count = 0  # of those that came out whole
        self.repeated = 0

    def add(self, windows, told):
        """The windows of one run, the last of which may be a part."""
        if windows == [[]]:
            return
        assert windows[0], told
        first = self.count
        if first > 0 and windows[0] == self.whole[first - 1][:len(windows[0])]:
            first -= 1
            self.repeated += 1
        for at, window in enumerate(windows):
            right = (self.whole[first + at] if first + at < len(self.whole)
                     else [])
            if at == len(windows) - 1:
                right = right[:len(window)]
            assert window == right, (
                f"{told}: window {first + at} of {len(self.whole)}, "
                f"{self.count} were whole before\n{window}\n{right}")
        self.count = max(self.count, first + len(windows) - 1)


class Output:
    """Where a run's rows go: a pipe, or a file that every run appends to."""

    def __init__(self, path, is_file):
        self.path, self.is_file = path, is_file
        self.kept = b""  # of the file: whole rows

    def options(self):
        return ["-o", self.path] if self.is_file else []

    def open(self):
        """For stdout: nothing is lost that was written before a kill."""
        return (subprocess.DEVNULL if self.is_file
                else open(self.path, "wb", buffering=0))

    def rows(self, told):
        """What the run that ended added. Half a row is cut by the next."""
        out = self.path.read_bytes() if self.path.exists() else b""
        if not self.is_file:
            return out
        before, self.kept = self.kept, oc.whole_lines(out)
        assert out.startswith(before), told
        return out[len(before):]


def run_and_kill(args, stdout, after_s, env=None):
    """Kills the run so long after its start, unless it ended by itself."""
    with subprocess.Popen(oc.command(args), stdout=stdout,
                          stderr=subprocess.PIPE,
                          env=oc.environment(env)) as process:
        try:
            err = process.communicate(timeout=after_s or 120)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            err = process.communicate()[1]
    return process.returncode, err


def disturb(job, kills, output):
    """Kills runs, then lets one come to its end. Returns the kills."""
    taken = Taken(job.whole)
    killed = turns = 0
    last = False
    while not last:
        turns += 1
        last = killed == kills or turns > 3 * kills
        told = f"run {turns}, {killed} killed: {job.args}"
        after_s = None if last else job.random.uniform(0, job.took_s / 3)
        more = ["--state", job.state, *output.options()]
        stdout = output.open()
        status, err = run_and_kill(
            job.command([*more, "--drain"] if last else more), stdout, after_s)
        if not output.is_file:
            stdout.close()
        assert err == b"" and status in (0, -signal.SIGKILL), (told, err)
        killed += status != 0
        taken.add(job.windows(output.rows(told), cut=True), told)
    assert (status, taken.count) == (0, len(job.whole)), told
    return killed


def check_kills(seed, folder, kills, records):
    job = Job(seed, folder, records)
    output = Output(folder / "rows", seed % 2 == 0)
    killed = disturb(job, kills, output)
    if output.is_file:
        out = output.path.read_bytes()
        assert out.endswith(b"\n")
        if job.form != "json":
            assert out.startswith(b"start") and out.count(b"start") == 1
    return killed


@pytest.mark.parametrize("seed", range(6))
def test_random_kills_change_no_window(seed, tmp_path):
    assert check_kills(seed, tmp_path, 10, 30000) > 0


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 130))
def test_hundreds_of_kills_change_no_window(seed, tmp_path):
    assert check_kills(seed, tmp_path, 30, 200000) > 10


# --- files that are rotated --------------------------------------------------

def known_files(state, folder):
    """How many the state knows, as one who comes after a crash sees it."""
    copy = folder / "copy"
    for suffix in ("-wal", ""):
        if os.path.exists(f"{state}{suffix}"):
            shutil.copyfile(f"{state}{suffix}", f"{copy}{suffix}")
    with contextlib.closing(sqlite3.connect(copy)) as database:
        try:
            return database.execute(
                "SELECT count(*) FROM positions").fetchone()[0]
        except sqlite3.DatabaseError:  # copied while it was written to
            return 0


@pytest.mark.parametrize("window", [["-t", "t", "-w", "1d"], ["-w", "1d"]],
                         ids=["by-time", "by-arrival"])
def test_files_rotated_before_a_kill_are_read_after_it(window, spawn,
                                                       tmp_path):
    """No window has closed, so that no place was saved with one."""
    log, state = tmp_path / "log", tmp_path / "state"
    args = ["-q", *window, "--follow", "--state", state]
    lines = [b'{"t":%d,"status":"a"}\n' % t for t in range(12)]

    process = spawn([*args, log])
    for number in range(4):
        if number > 0:
            os.rename(log, tmp_path / f"log.{number}")
        log.write_bytes(b"".join(lines[3 * number:3 * number + 3]))
        oc.until(lambda: known_files(state, tmp_path) == number + 1,
                 f"{number + 1} files in the state",
                 lambda: known_files(state, tmp_path))
    process.signal(signal.SIGKILL)
    assert process.wait().status == -signal.SIGKILL
    os.rename(log, tmp_path / "log.4")
    log.write_bytes(b"")

    drain = ["--drain"] if "-t" in window else []
    result = oc.run([*args, "--until-end", *drain, log])
    assert (result.status, result.err) == (0, b"")
    assert oc.counts(result.out) == {"a": len(lines)}
