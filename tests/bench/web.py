"""What --http costs: with 500 pages open, for a monitor, and with nobody there.

Programs with and without it run in turns, and the figure is their difference;
the clients are one program of ours, which shares the machine's cores with them.
"""

import socket
import statistics
import subprocess
import time
from typing import NamedTuple

import oc
import saving
import steady
from building import fail

CLIENTS = 500
WINDOW = "--window=250ms"  # 4 a second
FEW = steady.ORDERS[:steady.ORDERS.index(b"\n", 1000) + 1]
SECONDS = 3
LISTENING = rb"http://127\.0\.0\.1:(\d+)/\n"
GROUPS = (10_000, 1_000_000)


class Follower:
    """So many clients of /events, which read and drop what comes."""

    def __init__(self, program, port, count=CLIENTS):
        self._popen = subprocess.Popen(
            [program, str(port), str(count)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        if self._popen.stdout.readline() != "ready\n":
            fail("the clients of /events did not connect")

    def end(self):
        """How many windows the one with the fewest had."""
        out, _ = self._popen.communicate()
        if self._popen.returncode != 0:
            fail("a client of /events was dropped")
        return int(out.split()[0])


class Used(NamedTuple):
    """In some seconds: ms of CPU a second, and bytes of orders taken."""
    counter: float  # of the thread that counts
    others: float
    gb_s: float
    gb_cpu_s: float  # a second of the thread that counts


class Run(steady.Run):
    """ordercount as steady runs it, with --http or without."""

    def __init__(self, http, *options):
        super().__init__(*(["--http=0"] if http else []), *options)
        self.port = http and int(self._process.wait_for(LISTENING, "err")[1])

    def use(self, load):
        """What it uses in so many SECONDS, which begin after a window."""
        self.wait_windows(1)
        before, begin = saving.cpu_ms(self.pid), time.perf_counter()
        taken = load.sent if load else 0
        self.wait_windows(SECONDS * 4)
        took_s = time.perf_counter() - begin
        after = saving.cpu_ms(self.pid)
        taken = load.sent - taken if load else 0
        counter, others = (after[i] - before[i] for i in range(2))
        return Used(counter / took_s, others / took_s, taken / took_s / 1e9,
                    taken / max(counter, 1e-3) / 1e6)


def used(follow, http, busy):
    """Of a program that counts what comes: with CLIENTS on /events if http."""
    with Run(http, WINDOW) as run:
        run.connection.send(FEW)
        follower = http and Follower(follow, run.port)
        if busy:
            with steady.Load(run.connection) as load:
                found = run.use(load)
        else:
            found = run.use(None)
        if follower:
            run.wait_windows(1)  # those before are surely there by now
            if follower.end() < SECONDS * 4:
                fail("a client of /events missed a window")
        return found


# --- one window --------------------------------------------------------------

def hand_over(groups, windows):
    """For each window (ms of the counter's CPU with --http, the same without,
    ms of the others' CPU with it): known are so many groups, few change."""
    with saving.Run("--http=0") as web, saving.Run() as plain:
        for run in (web, plain):
            run.step(0, saving.block(0, 0, 1, groups))
            for window in (1, 2):
                run.step(window, saving.block(window, 0, 100, groups))
                run.rest()
        figures = []
        for window in range(3, windows + 3):
            block = saving.block(window, window % 100, 100, groups)
            spent = []
            for run in (web, plain):
                before = run.cpu_ms()
                run.step(window, block)
                run.rest()
                after = run.cpu_ms()
                spent.append([after[i] - before[i] for i in range(2)])
            figures.append((spent[0][0], spent[1][0], spent[0][1]))
        return figures


# --- answers -----------------------------------------------------------------

def get(port, target):
    """Seconds that an answer took, and its body."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        begin = time.perf_counter()
        sock.sendall(f"GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n"
                     .encode())
        parts = []
        while part := sock.recv(1 << 20):
            parts.append(part)
        took_s = time.perf_counter() - begin
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        fail(f"{target}: {head[:200]!r}")
    return took_s, body


def answers_ms(groups, targets, rounds):
    """How long each takes, every time after another window."""
    took = {target: [] for target in targets}
    with Run(True, WINDOW) as run:
        run.connection.send(b"".join(
            oc.order(f"group {n:06d}", n) for n in range(groups)))
        oc.until(lambda: get(run.port, "/metrics")[1].count(
            b"\nordercount_orders_total{") >= groups, "all groups")
        for _ in range(rounds):
            for target in targets:
                run.wait_windows(1)
                took_s, body = get(run.port, target)
                took[target].append((took_s * 1e3, len(body)))
    return took


# --- what is printed ----------------------------------------------------------

def report_web(report, follow, rounds):
    report.say()
    report.say(f"--http: {CLIENTS} clients of /events, 4 windows a second")

    def line(name, unit, values):
        report.line("http", name, unit, values)

    pairs = [(used(follow, True, False), used(follow, False, False))
             for _ in range(rounds)]
    line("CPU a second, nothing comes", "ms",
         [web.counter + web.others for web, _ in pairs])
    line("the same without --http", "ms",
         [plain.counter + plain.others for _, plain in pairs])
    pairs = [(used(follow, True, True), used(follow, False, True))
             for _ in range(rounds)]
    line("CPU a second of its thread, under load", "ms",
         [web.others for web, _ in pairs])
    for name, unit in ("gb_s", "GB/s"), ("gb_cpu_s", "GB/CPU s"):
        line("TCP, orders taken", unit, [getattr(web, name)
                                         for web, _ in pairs])
        line("the same without --http", unit,
             [getattr(plain, name) for _, plain in pairs])
        line("x the first to the second", "",
             [getattr(web, name) / getattr(plain, name)
              for web, plain in pairs])
    report_answers(report, line, rounds)
    report_costs(line, rounds)


def report_answers(report, line, rounds):
    report.say("--http: an answer, each after another window")
    targets = ["/metrics", "/api/window", "/api/windows", "/"]
    for groups in (4, 10_000):
        took = answers_ms(groups, targets, 2 * rounds)
        for target, values in took.items():
            size = statistics.median(size for _, size in values)
            line(f"{target}, {groups} groups, {size / 1e3:.4g} kB", "ms",
                 [value for value, _ in values])


def report_costs(line, rounds):
    ways = {"": [], " with --http": ["--http=0"]}
    starts = {name: [] for name in ways}
    memory = {name: [] for name in ways}
    for _ in range(3 * rounds):
        for name, options in ways.items():
            starts[name].append(steady.first_byte_ms(
                oc.command([*options, "-"])))
    for _ in range(min(rounds, 3)):
        for name, options in ways.items():
            memory[name].append(steady.resident_kib(5, *options) / 1024)
    for name in ways:
        line("start to first byte read" + name, "ms", starts[name])
    for name in ways:
        line("resident at most, 4 groups" + name, "MiB", memory[name])
    for groups in GROUPS:
        columns = list(zip(*hand_over(groups, 2 * rounds)))
        what = f"a window of {groups} groups"
        line(f"{what}: the counter's CPU", "ms", columns[0])
        line("the same without --http", "ms", columns[1])
        line("more of the counter's CPU with it", "ms",
             [web - plain for web, plain in zip(*columns[:2])])
        line("CPU of the thread of --http", "ms", columns[2])
