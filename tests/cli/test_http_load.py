"""--http under load and abuse: no window is late for it, no memory grows."""

import contextlib
import os
import re
import resource
import select
import threading
import time
from datetime import datetime

import pytest

import http_client
import oc
from http_client import Client, Events, request
from test_http_listen import answers

pytestmark = http_client.needed

WINDOW_S = 0.25


@pytest.fixture(autouse=True)
def many_descriptors():
    """A client costs one here and one there; the program inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 10000 if hard == resource.RLIM_INFINITY else min(hard, 10000)
    if wanted < 6000:
        pytest.skip(f"only {hard} descriptors are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def clients():
    """clients(N, request) connects N that send these bytes."""
    with contextlib.ExitStack() as stack:
        def start(port, count, data=b"", receive_bytes=None):
            found = []
            for _ in range(count):
                client = stack.enter_context(
                    Client(port, receive_bytes=receive_bytes))
                if data:
                    client.send(data)
                found.append(client)
            return found
        yield start


EVENTS = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
WINDOWS = b"GET /api/windows HTTP/1.1\r\nHost: localhost\r\n\r\n"


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return int(re.search(r"VmRSS:\s+(\d+)", lines.read())[1])


class Watched:
    """A run by arrival whose windows are looked at as they come."""

    def __init__(self, feed, spawn, *args, groups=20, size=40,
                 window_s=WINDOW_S):
        reader, writer = os.pipe()
        self.process = http_client.serve(
            spawn, "-w", window_s, "-f", "json", "--summary", *args,
            "127.0.0.1", feed.port, stdout=writer)
        os.close(writer)
        self.port, self.pid = self.process.port, self.process.pid
        self.window_s = window_s
        self.connection = feed.accept()
        self.connection.send(b"".join(
            oc.order(f"group {n:05d} " + "x" * size) for n in range(groups)))
        self.windows = []  # (end, when it came, partial)
        self._reader = threading.Thread(target=self._read, args=(reader,),
                                        daemon=True)
        self._reader.start()

    def _read(self, fd):
        rest = b""
        with open(fd, "rb", buffering=0) as rows:
            while data := rows.read(65536):
                now = time.time()
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if b'"summary":' not in line:
                        continue
                    row = http_client.exact(line)
                    self.windows.append((row["end"], now, row["partial"]))

    def wait_windows(self, more):
        count = len(self.windows) + more
        oc.until(lambda: len(self.windows) >= count, "windows",
                 self.process.seen)

    def check(self, more):
        """The next so many come when they are due, each of them whole.

        A machine that stands still for a moment is no client's doing: what is
        late three times is.
        """
        for _ in range(3):
            wrong = self._look(more)
            if not wrong:
                return
        raise AssertionError(wrong)

    def _look(self, more):
        first = len(self.windows)
        self.wait_windows(more)
        ends = [seconds(end) for end, *_ in self.windows[first - 1:]]
        late = []
        for number, (end, came, partial) in enumerate(
                self.windows[first:first + more]):
            if partial or abs(ends[number + 1] - ends[number] -
                              self.window_s) > 1e-4:
                return f"{end} is not whole: {self.windows[first:]}"
            late.append(came - seconds(end))
        # Ours is a thread that shares two cores with what it looks at.
        if sorted(late)[len(late) // 2] > 0.1 or max(late) > 2 * WINDOW_S:
            return f"late: {late}"
        return None


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


# --- slow and idle -----------------------------------------------------------

@pytest.mark.limits
def test_a_thousand_idle_clients_delay_no_window(feed, spawn, clients):
    run = Watched(feed, spawn)
    run.wait_windows(2)
    before, descriptors = memory_kib(run.pid), oc.descriptors(run.pid)
    idle = clients(run.port, 1000)
    run.check(6)
    # One more is served as if they were not there.
    begin = time.monotonic()
    assert request(run.port, "/healthz").status == 200
    assert time.monotonic() - begin < 1
    # A connection has its 8 KiB and a little of libmicrohttpd's.
    assert memory_kib(run.pid) < before + 1000 * 40
    for client in idle:
        client.close()
    oc.until(lambda: oc.descriptors(run.pid) <= descriptors,
             "the descriptors to be given back",
             lambda: oc.descriptors(run.pid))


@pytest.mark.limits
def test_500_clients_of_events_delay_no_window(feed, spawn, clients):
    run = Watched(feed, spawn)
    run.wait_windows(2)
    before, descriptors = memory_kib(run.pid), oc.descriptors(run.pid)
    readers = clients(run.port, 500, EVENTS)
    ended = threading.Event()
    poll = select.epoll()
    socks = {client.sock.fileno(): client.sock for client in readers}
    for fd in socks:
        poll.register(fd, select.EPOLLIN)
    got = {fd: 0 for fd in socks}

    def read():
        while not ended.is_set():
            for fd, _ in poll.poll(0.1):
                got[fd] += socks[fd].recv(65536).count(b"\nid: ")

    thread = threading.Thread(target=read)
    thread.start()
    try:
        run.wait_windows(2)
        full = memory_kib(run.pid)
        run.check(12)
        oc.until(lambda: min(got.values()) >= 12, "windows for each",
                 lambda: sorted(got.values())[:20])
        assert full < before + 500 * 64
        assert memory_kib(run.pid) < full + 2048
    finally:
        ended.set()
        thread.join()
        poll.close()
    for client in readers:
        client.close()
    oc.until(lambda: oc.descriptors(run.pid) <= descriptors,
             "the descriptors to be given back",
             lambda: oc.descriptors(run.pid))


@pytest.mark.limits
def test_clients_that_never_read_grow_no_memory(feed, spawn, clients):
    """What waits for them is one copy of the windows that are kept."""
    run = Watched(feed, spawn, "--http-keep=20", groups=90)
    run.wait_windows(2)
    before = memory_kib(run.pid)
    for data in (EVENTS, WINDOWS * 50):
        clients(run.port, 150, data, receive_bytes=2048)
    run.wait_windows(10)
    full = memory_kib(run.pid)
    assert full < before + 300 * 64 + 20 * 64
    run.check(10)
    assert memory_kib(run.pid) < full + 2048


def test_whoever_takes_too_long_to_ask_is_dropped(feed, spawn):
    """All at once: ten seconds to send a request, and between two."""
    process = http_client.serve(spawn, "-w", "1h", "127.0.0.1", feed.port)
    feed.accept()
    descriptors = oc.descriptors(process.pid)
    whole = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    # What is sent at first, and then a byte of it each half second.
    ways = {"silent": (b"", b""), "line": (b"", b"GET /" + b"a" * 100),
            "headers": (whole[:-2] + b"X: ", b"a" * 100),
            "lines": (whole[:-2], b"a:b\r\n" * 20),
            "blank lines": (b"", b"\r\n" * 50), "after one": (whole, b""),
            "second": (whole, whole[:-4] + b"a" * 100),
            "body": (b"POST / HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Length: 100000\r\n\r\n", b"a" * 100),
            "get with a body": (b"GET / HTTP/1.1\r\nHost: localhost\r\n"
                                b"Content-Length: 100000\r\n\r\n", b"a" * 100)}
    open_ = {}
    for name, (first, slowly) in ways.items():
        client = Client(process.port)
        client.send(first)
        open_[name] = client, slowly
    begin = time.monotonic()
    took = {}
    sent = 0
    while open_ and time.monotonic() - begin < 18:
        if time.monotonic() - begin > 0.5 * sent:
            for name, (client, slowly) in list(open_.items()):
                with contextlib.suppress(OSError):
                    client.send(slowly[sent:sent + 1])
            sent += 1
        ready, _, _ = select.select(
            [client.sock for client, _ in open_.values()], [], [], 0.1)
        for name, (client, _) in list(open_.items()):
            if client.sock not in ready:
                continue
            try:
                over = not client.sock.recv(65536)
            except ConnectionResetError:
                over = True
            if over:
                client.close()
                took[name] = time.monotonic() - begin
                del open_[name]
    for client, _ in open_.values():
        client.close()
    assert not open_, f"still there: {list(open_)}; {took}"
    assert request(process.port, "/healthz").status == 200
    oc.until(lambda: oc.descriptors(process.pid) <= descriptors,
             "the descriptors to be given back")
    # Not before its time either, but for what was answered and closed.
    assert all(took[name] > 8 for name in
               ("silent", "line", "headers", "after one")), took


@pytest.mark.long
@pytest.mark.parametrize("data", [EVENTS, WINDOWS * 20],
                         ids=["events", "windows"])
def test_whoever_takes_nothing_is_dropped(feed, spawn, clients, data):
    run = Watched(feed, spawn, groups=95, window_s=0.05)
    run.wait_windows(300)
    descriptors = oc.descriptors(run.pid)
    clients(run.port, 10, data, receive_bytes=2048)
    oc.until(lambda: oc.descriptors(run.pid) == descriptors + 10, "clients")
    begin = time.monotonic()
    while oc.descriptors(run.pid) > descriptors:
        # The kernel takes some megabytes of events before nobody does.
        assert time.monotonic() - begin < 60
        run.wait_windows(10)
    assert time.monotonic() - begin > 8


@pytest.mark.long
def test_whoever_takes_an_answer_too_slowly_is_dropped(feed, spawn, clients):
    run = Watched(feed, spawn, groups=95, size=200, window_s=0.05)
    for _ in range(3):
        run.wait_windows(240)
    descriptors = oc.descriptors(run.pid)
    slow = clients(run.port, 3, WINDOWS, receive_bytes=1 << 16)
    oc.until(lambda: oc.descriptors(run.pid) == descriptors + 3, "clients")
    begin = time.monotonic()
    while oc.descriptors(run.pid) > descriptors:
        assert time.monotonic() - begin < 45
        for client in slow:
            client.take(1 << 16)
        run.wait_windows(5)
    assert time.monotonic() - begin > 25


# --- too many ----------------------------------------------------------------


def test_only_so_many_are_let_in(feed, spawn, clients):
    process = http_client.serve(spawn, "-w", "1h", "127.0.0.1", feed.port)
    feed.accept()
    descriptors = oc.descriptors(process.pid)
    many = clients(process.port, 2300)
    oc.until(lambda: oc.descriptors(process.pid) >= descriptors + 2000,
             "2,000 connections", lambda: oc.descriptors(process.pid))
    assert oc.descriptors(process.pid) <= descriptors + 2000
    # Those who were let in are served.
    many[100].send(EVENTS.replace(b"events", b"healthz"))
    assert many[100].answer().status == 200
    for client in many:
        client.close()
    oc.until(lambda: oc.descriptors(process.pid) <= descriptors,
             "the descriptors to be given back",
             lambda: oc.descriptors(process.pid))
    assert request(process.port, "/healthz").status == 200


@pytest.mark.parametrize("sources, allowed", [(1, 100), (80, 220)])
def test_clients_take_no_descriptor_that_the_counting_needs(
        feed, feeds, spawn, tmp_path, sources, allowed):
    """With few allowed, a source is dialled again and a file reopened."""
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))
    more = [feeds("127.0.0.1") for _ in range(sources - 1)]
    output = tmp_path / "rows"
    process = http_client.serve(
        spawn, "-r", "-w", "0.1", "-o", output, "--state", tmp_path / "state",
        *(f"tcp://127.0.0.1:{one.port}" for one in (feed, *more)),
        preexec_fn=few)
    first = feed.accept()
    for one in more:
        one.accept()
    held = []
    try:
        for _ in range(allowed + 50):
            held.append(Client(process.port))
        first.send(oc.order("A"))
        first.wait_read()
        first.close()
        feed.accept(timeout=5).send(oc.order("B"))
        oc.until(lambda: b"\tB\t" in output.read_bytes(), "the order",
                 process.seen)
        output.rename(tmp_path / "old")
        process.signal(1)
        oc.until(output.exists, "the file to be opened again", process.seen)
    finally:
        for client in held:
            client.close()
    # Who was refused is let in again.
    oc.until(lambda: answers(process.port, "127.0.0.1"), "an answer")
    process.signal(15)
    assert process.wait().status == -15


@pytest.mark.limits
def test_a_storm_of_connections_delays_no_window(feed, spawn):
    """Open, ask, reset; as fast as one client can."""
    run = Watched(feed, spawn)
    run.wait_windows(2)
    before, descriptors = memory_kib(run.pid), oc.descriptors(run.pid)
    ended = threading.Event()
    count = [0]

    def storm():
        ways = [EVENTS, WINDOWS, b"GET / HT", b"", b"\x16\x03\x01", WINDOWS * 9]
        while not ended.is_set():
            with contextlib.suppress(OSError), Client(run.port) as client:
                client.send(ways[count[0] % len(ways)])
                if count[0] % 2:
                    oc.Connection(client.sock).reset()
            count[0] += 1
            time.sleep(0.0005)  # the cores are shared with it

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        run.check(10)
    finally:
        ended.set()
        thread.join()
    assert count[0] > 100
    # Some wait for their ten seconds, as they went in the middle of asking.
    assert oc.descriptors(run.pid) < descriptors + count[0]
    assert memory_kib(run.pid) < before + 2000 * 16


def test_counting_is_exact_beside_many_clients(feed, spawn, clients):
    process = http_client.serve(spawn, "-w", "0.1", "127.0.0.1", feed.port)
    connection = feed.accept()
    clients(process.port, 20, EVENTS)
    for _ in range(20):
        connection.send(oc.order("A") * 5000)
        clients(process.port, 5, WINDOWS)
    connection.close()
    result = process.wait()
    assert result.status == 0
    assert oc.counts(result.out) == {"A": 100_000}


def test_large_windows_reach_many_at_once(feed, spawn):
    """10,000 groups: each gets the document, and /api/window has them all."""
    process = http_client.serve(spawn, "-w", "0.5", "-f", "json",
                                "127.0.0.1", feed.port)
    client = feed.accept()
    watching = [Events(process.port) for _ in range(30)]
    try:
        client.send(b"".join(oc.order(f"group {n:05d}")
                             for n in range(10000)))
        for events in watching:
            while events.window()["groups"] != "10000":
                pass
    finally:
        for events in watching:
            events.close()
    rows = request(process.port, "/api/window").exact()
    assert len(rows) == 10000
    assert request(process.port, "/metrics").body.count(
        b"\nordercount_orders_total{") == 10000
