"""How a peer of tests/bench/others/run is run and measured."""

import ctypes
import os
import select
import shlex
import signal
import subprocess
import tempfile
import time
from typing import NamedTuple

PR_SET_CHILD_SUBREAPER = 36
# What a run may take: a peer that needs more is given up.
DEADLINE_S = 180
# How often the sender is looked at: it is what a time may be off by.
LOOK_S = 0.001


class Failed(Exception):
    """A peer ended badly, came to no end, or counted wrong."""


class Run(NamedTuple):
    """Of one run of a peer, in seconds."""
    took: float
    cpu: float
    first_row: float


# --- processes ---------------------------------------------------------------

def adopt_orphans():
    """From now on, children whose parents are gone become this program's: the
    CPU time of a whole tree can be waited for."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children():
    pid = os.getpid()
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def wait_for(popen):
    """Waits for a program; its CPU seconds."""
    _, status, usage = os.wait4(popen.pid, 0)
    popen.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def kill(popen):
    """Ends a program; its CPU seconds."""
    popen.kill()
    return wait_for(popen)


def kill_orphans():
    """Ends all that a program left running; their CPU seconds."""
    cpu_s = 0
    while left := children():
        for pid in left:
            os.kill(pid, signal.SIGKILL)
            _, _, usage = os.wait4(pid, 0)
            cpu_s += usage.ru_utime + usage.ru_stime
    return cpu_s


def cpu_of_tree(top):
    """CPU seconds until now of a program and of all that it started."""
    parents, ticks = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:  # it is gone
            continue
        parents[int(pid)] = int(fields[1])
        ticks[int(pid)] = sum(map(int, fields[11:15]))
    tree = [top]
    for pid in tree:
        tree.extend(child for child in parents if parents[child] == pid)
    return sum(ticks.get(pid, 0) for pid in tree) / os.sysconf("SC_CLK_TCK")


class Sender:
    """Sends a corpus, from memory, to one client, and says when."""

    def __init__(self, program, path):
        self._popen = subprocess.Popen([program, path],
                                       stdout=subprocess.PIPE)
        line = self._popen.stdout.readline()
        if not line:
            raise OSError("the sender did not start")
        self.port = int(line)
        self._idle = self._descriptors()
        self.connected = None
        self.sent = None

    def _descriptors(self):
        return len(os.listdir(f"/proc/{self._popen.pid}/fd"))

    def look(self):
        """Has somebody connected, was all sent? Then nobody else is served:
        some connect anew."""
        if self.sent is not None:
            return
        busy = self._descriptors() > self._idle
        if busy and self.connected is None:
            self.connected = time.time()
        elif not busy and self.connected is not None:
            self.sent = time.time()
            self.close()

    def close(self):
        if self._popen.returncode is None:
            self._popen.kill()
            self._popen.wait()
            self._popen.stdout.close()


# --- what they print ---------------------------------------------------------

class Window:
    """The rows that were printed for it."""

    def __init__(self, end):
        self.end = end
        self.printed = None


class Rows:
    """What a peer over TCP prints, a line each; parse makes (end of the window
    in seconds since 1970, or None; status; count) of one."""

    def __init__(self, parse):
        self._parse = parse
        self._rest = b""
        self.counts = {}
        self.windows = []
        self.first = None

    def take(self, data):
        now = time.time()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            end, status, count = self._parse(line.decode().split("\t"))
            self.counts[status] = self.counts.get(status, 0) + count
            if not self.windows or self.windows[-1].end != end:
                self.windows.append(Window(end))
            self.windows[-1].printed = now
            self.first = self.first or now

    def waited(self, sent):
        """How long a peer did nothing but wait for the end of its last window:
        all was sent, and the rows of the window before were out."""
        last = self.windows[-1]
        if last.end is None:
            return 0
        before = [window.printed for window in self.windows[-2:-1]]
        return max(0, last.end - max([sent, *before]))


# --- runs --------------------------------------------------------------------

def tail(file):
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - 1500))
    return file.read().decode(errors="replace").strip()


def check(peer, counts, expected, printed=""):
    if counts != expected:
        raise Failed(f"{peer.name}: WRONG COUNT: expected {expected}, got "
                     f"{counts} {printed}".rstrip())


def read_file(peer, reference):
    """Runs a peer on a file until it ends."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        begin = time.time()
        popen = subprocess.Popen(peer.command(reference.path), stdout=out,
                                 stdin=subprocess.DEVNULL, stderr=errors)
        cpu_s = wait_for(popen)
        took_s = time.time() - begin
        out.seek(0)
        printed = out.read().decode()
        if popen.returncode != 0:
            raise Failed(f"{shlex.join(popen.args)} ended with "
                         f"{popen.returncode}: {tail(errors)}")
    try:
        counts = peer.parse(printed)
    except (ValueError, IndexError) as error:
        raise Failed(f"{peer.name} said {printed[-300:]!r}") from error
    check(peer, counts, reference.counts)
    return Run(took_s, cpu_s, took_s)


def inside(folder):
    """The environment of a peer that leaves its files in a folder."""
    return {**os.environ, "TMPDIR": folder, "SPARK_LOCAL_DIRS": folder,
            "JAVA_TOOL_OPTIONS":
            f"-XX:-UsePerfData -Djava.io.tmpdir={folder}"}


def follow(peer, popen, sender, rows, reference):
    """Takes rows until they have every order; of a peer that ends by itself
    until it ends. What CPU time its start took."""
    out = popen.stdout
    start_s = None
    while peer.ends or sum(rows.counts.values()) < reference.records:
        sender.look()
        if start_s is None and sender.connected:
            start_s = cpu_of_tree(popen.pid)
        wait_s = LOOK_S if sender.sent is None else 1
        if select.select([out], [], [], wait_s)[0]:
            data = os.read(out.fileno(), 65536)
            if not data:
                break
            rows.take(data)
    return start_s or 0


def receive(peer, reference, send):
    """Runs a peer on a connection, until it has counted all that came."""
    rows = Rows(peer.parse)
    sender = Sender(send, reference.path)
    with tempfile.TemporaryFile() as errors, \
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        begin = time.time()
        popen = subprocess.Popen(peer.command(sender.port), stderr=errors,
                                 stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, env=inside(scratch))
        try:
            with popen.stdout:
                start_s = follow(peer, popen, sender, rows, reference)
                end = time.time()
            sender.look()
            check(peer, rows.counts, reference.counts, tail(errors))
        except (ValueError, IndexError) as error:
            raise Failed(f"{peer.name} printed no row: {error}") from error
        finally:
            sender.close()
        cpu_s = wait_for(popen) if peer.ends else kill(popen)
        cpu_s += kill_orphans() - start_s
    end = end if peer.ends else rows.windows[-1].printed
    sent = sender.sent or end
    took_s = end - (sender.connected or begin) - rows.waited(sent)
    return Run(took_s, cpu_s, rows.first - begin)


def measure(peer, reference, send):
    """Runs a peer and holds its counts to the reference; the Run."""
    def give_up(*_):
        raise Failed(f"{peer.name} did not count all in {DEADLINE_S} s")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(DEADLINE_S)
    try:
        if peer.tcp:
            return receive(peer, reference, send)
        return read_file(peer, reference)
    finally:
        signal.alarm(0)
        kill_orphans()
