"""What ordercount costs besides counting: start, memory, wake-ups, allocations.

The bench prints these figures, tests/cli/test_steady.py holds the program to
some of them. Nothing here sleeps: a figure is taken between two windows that
have been printed, or when a kernel says that something was read.
"""

import fcntl
import os
import select
import shlex
import socket
import struct
import subprocess
import threading
import time

import oc

HERE = os.path.dirname(os.path.abspath(__file__))
ORDERS = b"".join(oc.order(status, number) for number, status in enumerate(
    ["PLACED", "INPROGRESS", "COMPLETED", "CANCELLED"] * 5000))
# The same with times, which stand there in full digits: see timed().
TIMED = ORDERS.replace(b'"status"', b'"at": 0000000000000, "status"')
BEGIN_MS = 1_763_769_600_000  # 2025-11-22T00:00:00Z
SLIDE = "--window=500ms", "--slide=100ms"
# A row of this group stands once in each window, whatever the format.
MARK = b"PLACED"


def timed(number):
    """The block of that number: a tenth of a second after the one before."""
    return TIMED.replace(b'"at": 0000000000000',
                         b'"at": %d' % (BEGIN_MS + 100 * number))


# More of its ways: by name, the options and the orders that go with them.
WAYS = {
    "--slide": (SLIDE, ORDERS),
    "--time": (("--time=at",), timed),
    "--time --slide": (("--time=at", *SLIDE), timed),
    "--time --slide --sum": (("--time=at", *SLIDE, "--sum=at"), timed),
}


# --- start -------------------------------------------------------------------

def _start(command, stdin):
    null = os.open(os.devnull, os.O_RDWR)
    try:
        return os.posix_spawn(command[0], command, os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, null if stdin is None else stdin, 0),
            (os.POSIX_SPAWN_DUP2, null, 1),
            (os.POSIX_SPAWN_DUP2, null, 2)])
    finally:
        os.close(null)


def first_byte_ms(command):
    """From exec until the program reads from the pipe on its stdin.

    The pipe is full, and we wait for room in it: to look again and again would
    take a core from the program.
    """
    read_end, write_end = os.pipe()
    size = fcntl.fcntl(write_end, fcntl.F_GETPIPE_SZ)
    os.write(write_end, ORDERS[:size])
    room = select.poll()
    room.register(write_end, select.POLLOUT)
    begin = time.perf_counter()
    pid = _start(command, read_end)
    ready = room.poll(oc.DEADLINE_S * 1e3)
    took_s = time.perf_counter() - begin
    os.close(read_end)
    os.close(write_end)
    os.waitpid(pid, 0)
    if not ready:
        raise AssertionError(f"{command} did not read its standard input")
    return took_s * 1e3


def connected_ms():
    """From exec until a server on this machine, by its name, has us."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(oc.DEADLINE_S)
        begin = time.perf_counter()
        pid = _start(oc.command(["localhost", server.getsockname()[1]]), None)
        connection, _ = server.accept()
        took_s = time.perf_counter() - begin
        connection.close()
    os.waitpid(pid, 0)
    return took_s * 1e3


# --- a running program -------------------------------------------------------

class Load:
    """Sends orders to a client as fast as it takes them, until it is closed.

    block: the same bytes over and over, or a function of how many came before.
    """

    def __init__(self, connection, block=ORDERS):
        self._connection = connection
        self._block = block
        self.sent = 0  # bytes that were taken
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        number = 0
        try:
            while not self._ended.is_set():
                block = (self._block(number) if callable(self._block)
                         else self._block)
                self._connection.send(block)
                self.sent += len(block)
                number += 1
        except OSError:
            pass  # the client is gone: its own test says why

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join(oc.DEADLINE_S)


class Run:
    """ordercount, connected to a server of ours, with its windows counted."""

    def __init__(self, *options, env=None):
        self._feed = oc.Feed()
        self._process = None
        try:
            self._process = oc.Process(
                ["localhost", self._feed.port, "--expect=PLACED", *options],
                env=env)
            self.connection = self._feed.accept()
        except BaseException:
            self.__exit__()
            raise
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process:
            self._process.close()
        self._feed.close()

    def windows(self):
        """How many windows have been printed."""
        return self._process.out.count(MARK)

    def wait_windows(self, more):
        """Waits until so many more have been printed."""
        target = self.windows() + more
        self._process.wait_for(lambda seen: seen.count(MARK) >= target)


def resident_kib(windows=5, *options):
    """The most memory resident: few groups, a connection that is never idle."""
    with Run("--window=100ms", *options) as run, Load(run.connection):
        run.wait_windows(windows)
        return oc.peak_kib(run.pid)


def _sleeps(pid):
    """How often the threads of a process have gone to sleep by themselves."""
    count = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status",
                  encoding="ascii") as lines:
            for line in lines:
                if line.startswith("voluntary_ctxt_switches:"):
                    count += int(line.split()[1])
    return count


def idle_wakeups(windows=12):
    """(wake-ups, windows) of a connection on which nothing comes."""
    with Run("--window=250ms") as run:
        run.wait_windows(2)
        first, slept = run.windows(), _sleeps(run.pid)
        run.wait_windows(windows)
        return _sleeps(run.pid) - slept, run.windows() - first


# --- allocations -------------------------------------------------------------

class Counter:
    """Counts the allocations of programs that are started with its .env."""

    def __init__(self, folder):
        library = os.path.join(folder, "allocations.so")
        self._path = os.path.join(folder, "allocations.count")
        subprocess.run(
            [*shlex.split(os.environ.get("CC") or "cc"), "-O2", "-fPIC",
             "-std=c11", "-D_GNU_SOURCE", "-shared", "-o", library,
             os.path.join(HERE, "allocations.c")], check=True)
        self.env = {"LD_PRELOAD": library, "ALLOCATIONS": self._path}
        self.reset()

    def reset(self):
        with open(self._path, "wb") as file:
            file.write(bytes(8))

    def count(self):
        with open(self._path, "rb") as file:
            return struct.unpack("=Q", file.read(8))[0]


def allocations(counter, *options, block=ORDERS, windows=5):
    """(before, meanwhile): allocations up to the sixth window, and from there
    until so many more have been printed, under load all the time."""
    counter.reset()
    with Run("--window=100ms", *options, env=counter.env) as run, \
            Load(run.connection, block):
        run.wait_windows(6)
        before = counter.count()
        run.wait_windows(windows)
        return before, counter.count() - before
