"""scripts/order-server: what it sends, what it says, what it survives."""

import datetime
import json
import os
import re
import signal
import socket
import time

import pytest

import oc

SERVER = os.path.join(oc.ROOT, "scripts", "order-server")
STATUSES = ["PLACED", "INPROGRESS", "COMPLETED", "CANCELLED"]
SENT = re.compile(rb"^sent to (\S+) orders=(\d+) PLACED=(\d+) INPROGRESS=(\d+)"
                  rb" COMPLETED=(\d+) CANCELLED=(\d+) bad=(\d+) cut=([01])$",
                  re.M)


class Sent:
    """One line of what it says that it sent."""

    def __init__(self, match):
        self.to = match[1].decode()
        self.orders, *counts, self.bad, self.cut = map(int, match.groups()[1:])
        self.statuses = {s: n for s, n in zip(STATUSES, counts) if n}
        assert self.orders == sum(counts)


@pytest.fixture
def serve(spawn):
    """serve(option...) starts it on a free port; .port, .addresses."""
    def start(*options):
        server = spawn([], program=[SERVER, "--port=0", *options])
        line = server.wait_for(rb"\Alistening on ([^\n]*)\n")[1].decode()
        server.addresses = line.split()
        server.port = int(line.rsplit(":", 1)[1])
        return server
    return start


def dial(server, host="127.0.0.1"):
    sock = socket.create_connection((host, server.port), oc.DEADLINE_S)
    sock.settimeout(oc.DEADLINE_S)
    return sock


def read_all(sock):
    with sock, sock.makefile("rb") as stream:
        return stream.read()


def sent(server, count):
    """Waits for `count` lines of what was sent."""
    server.wait_for(lambda out: len(SENT.findall(out)) >= count)
    return [Sent(match) for match in SENT.finditer(server.out)]


def connections_to(port):
    """How many are open to there, or closed by it but not by the client."""
    established, close_wait = b"01", b"08"
    found = 0
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}", "rb") as lines:
            for line in lines.readlines()[1:]:
                _, _, remote, state = line.split()[:4]
                found += (int(remote.rsplit(b":", 1)[1], 16) == port and
                          state in (established, close_wait))
    return found


def test_every_line_is_an_order_as_in_the_original(serve):
    server = serve("--rate=0", "--count=2000")
    lines = read_all(dial(server)).splitlines(keepends=True)
    assert len(lines) == 2000
    shape = re.compile(rb'\{"order_id": "[0-9a-f]{32}", "status": "'
                       rb'(PLACED|INPROGRESS|COMPLETED|CANCELLED)"\}\n')
    seen = {shape.fullmatch(line)[1] for line in lines}
    assert len(seen) == 4
    assert len({json.loads(line)["order_id"] for line in lines}) == 2000


def test_orders_have_a_time_and_an_amount_where_that_is_wanted(serve):
    server = serve("--rate=0", "--count=2000", "--with=amount,created_at")
    begun = datetime.datetime.now(datetime.timezone.utc)
    lines = read_all(dial(server)).splitlines(keepends=True)
    over = datetime.datetime.now(datetime.timezone.utc)
    shape = re.compile(rb'\{"order_id": "[0-9a-f]{32}", "status": "[A-Z]+", '
                       rb'"created_at": "([0-9T:-]+\.[0-9]{3})Z", '
                       rb'"amount": "([0-9]+\.[0-9]{2})"\}\n')
    found = [shape.fullmatch(line).groups() for line in lines]
    times = [datetime.datetime.fromisoformat(f"{made.decode()}+00:00")
             for made, _ in found]
    assert times == sorted(times)
    assert begun - datetime.timedelta(milliseconds=1) <= times[0]
    assert times[-1] <= over
    assert all(0 < float(amount) <= 200 for _, amount in found)


def test_a_field_changes_nothing_of_the_other_lines(serve):
    """But for the time, the same seed gives the same lines."""
    first, again = (
        re.sub(rb'"created_at": "[^"]*"', b"", read_all(dial(serve(
            "--rate=0", "--count=3000", "--seed=7", "--bad=0.2",
            "--with=created_at,amount"))))
        for _ in range(2))
    assert first == again


def test_a_field_that_it_does_not_know_is_a_usage_error(spawn):
    done = spawn([], program=[SERVER, "--with=created_at,price"]).wait()
    assert done.status == 2
    assert b"known are created_at, amount" in done.err


def test_what_it_says_it_sent_is_what_arrived(serve):
    server = serve("--rate=0", "--count=5000")
    lines = read_all(dial(server)).splitlines()
    arrived = {}
    for line in lines:
        status = json.loads(line)["status"]
        arrived[status] = arrived.get(status, 0) + 1
    client, everyone = sent(server, 2)
    assert client.statuses == everyone.statuses == arrived
    assert everyone.to == "all"
    assert server.wait().status == 0


def test_ordercount_counts_what_it_sent(serve):
    server = serve("--rate=0", "--count=30000", "--bad=0.1", "--seed=1")
    done = oc.run(["-w", "all", "--summary", "localhost", server.port])
    assert done.status == 0, done.err
    client = sent(server, 1)[0]
    assert client.bad > 0
    assert oc.counts(done.out) == client.statuses
    summary = oc.rows(done.out)[-1]
    read, counted, rejected = map(int, summary.more[:3])
    assert (read, counted, rejected) == (30000, client.orders, client.bad)


def test_the_same_seed_gives_the_same_lines(serve):
    options = ["--rate=0", "--count=3000", "--bad=0.2"]
    first, again, other = (
        read_all(dial(serve(*options, f"--seed={seed}")))
        for seed in ("7", "7", "8"))
    assert first == again
    assert first != other


def test_no_bad_line_is_an_order(serve):
    server = serve("--rate=0", "--count=1000", "--bad=1", "--seed=3")
    feed = read_all(dial(server))
    assert sent(server, 1)[0].bad == feed.count(b"\n") == 1000
    done = oc.run(["-w", "all", "--summary", "-"], stdin=feed)
    row, = oc.rows(done.out)
    assert row.key == ("(summary)",) and row.count == 0
    assert row.more[:3] == ("1000", "0", "1000")
    for reason in (b"invalid_json", b"too_deep", b"not_object",
                   b"missing_key", b"bad_key"):
        assert reason in done.err


def test_it_serves_both_families(serve):
    server = serve("--rate=0")
    assert [a.rsplit(":", 1)[0] for a in server.addresses] == [
        "127.0.0.1", "[::1]"]
    for host in ("127.0.0.1", "::1"):
        with dial(server, host) as sock:
            assert sock.recv(1) == b"{"


def test_an_address_that_is_not_ours_is_said_and_left_out(serve):
    server = serve("--host=192.0.2.1", "--host=127.0.0.1", "--rate=0")
    assert len(server.addresses) == 1
    with dial(server) as sock:
        assert sock.recv(1) == b"{"
    server.wait_for(rb"\Aorder-server: 192\.0\.2\.1: [^\n]+\n\Z", "err")


def test_a_port_in_use_is_one_line_and_status_1(feed):
    done = oc.Process([], program=[SERVER, f"--port={feed.port}"])
    with done:
        result = done.wait()
    assert result.status == 1
    assert result.out == b""
    assert result.err.count(b"\n") == 1
    assert b"%d" % feed.port in result.err
    assert b"Address already in use" in result.err


@pytest.mark.parametrize("option", [
    "--port=65536", "--port=-1", "--port=x", "--rate=-1", "--rate=nan",
    "--count=0", "--bad=1.1", "--drop-after=0", "--nonsense"])
def test_wrong_usage_is_status_2(option):
    with oc.Process([], program=[SERVER, option]) as server:
        result = server.wait()
    assert result.status == 2
    assert option.split("=")[0].encode() in result.err


def test_a_client_that_never_reads_stops_nobody(serve):
    server = serve("--rate=0")
    with dial(server) as stuck, dial(server) as reader:
        got = 0
        while got < 4 << 20:
            data = reader.recv(1 << 16)
            assert data
            got += len(data)
        assert stuck.recv(1) == b"{"
    left = sent(server, 2)
    assert max(client.orders for client in left) > 40000


@pytest.mark.limits
def test_a_client_that_never_reads_costs_no_memory(serve):
    server = serve("--rate=0")
    with dial(server), dial(server) as reader:
        got = 0
        before = 0
        while got < 32 << 20:
            got += len(reader.recv(1 << 16))
            if not before and got > 1 << 20:
                before = oc.peak_kib(server.pid)
        assert oc.peak_kib(server.pid) - before < 4096


def test_a_client_that_resets_stops_nobody(serve):
    server = serve("--rate=0")
    with dial(server) as reader:
        assert reader.recv(1) == b"{"
        for _ in range(20):
            with dial(server) as rude:
                assert rude.recv(1) == b"{"
                rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                b"\1\0\0\0\0\0\0\0")
        assert len(sent(server, 20)) == 20
        assert reader.recv(1)


def test_what_each_client_was_sent_is_said_when_it_leaves(serve):
    server = serve("--rate=1000")
    with dial(server) as sock:
        name = "127.0.0.1:%d" % sock.getsockname()[1]
        data = b""
        while data.count(b"\n") < 10:
            data += sock.recv(4096)
    client, = sent(server, 1)
    assert client.to == name
    assert client.orders >= 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_the_tallies_come_last(serve, number):
    server = serve("--rate=100")
    with dial(server) as one, dial(server) as two:
        assert one.recv(1) == two.recv(1) == b"{"
        server.signal(number)
        result = server.wait()
        said = [Sent(match) for match in SENT.finditer(result.out)]
        assert [s.to for s in said[2:]] == ["all"]
        lines = sum(read_all(sock).count(b"\n") for sock in (one, two))
    assert result.status == 0
    assert said[2].orders == said[0].orders + said[1].orders == lines


def test_what_left_of_an_unfinished_batch_is_counted_to_the_line(serve):
    server = serve("--rate=0", "--bad=0.1")
    # Many, as the system may happen to take a whole batch from one of them.
    stuck = [dial(server) for _ in range(12)]
    with dial(server) as reader:
        got = 0
        while got < 8 << 20:  # by then the others have all that they take
            got += len(reader.recv(1 << 16))
        server.signal(signal.SIGTERM)
        arrived = {f"127.0.0.1:{sock.getsockname()[1]}": read_all(sock)
                   for sock in stuck}
    result = server.wait()
    said = {s.to: s for s in map(Sent, SENT.finditer(result.out))}
    for name, data in arrived.items():
        client = said[name]
        assert client.orders + client.bad == data.count(b"\n")
        assert client.cut == (0 if data.endswith(b"\n") else 1)


def test_drop_after_closes_each_connection(serve):
    server = serve("--rate=0", "--drop-after=100", "--count=1000")
    for _ in range(10):
        assert read_all(dial(server)).count(b"\n") == 100
    result = server.wait()
    said = [Sent(match) for match in SENT.finditer(result.out)]
    assert [s.orders for s in said] == [100] * 10 + [1000]


def test_ordercount_with_reconnect_counts_over_all_drops(serve, spawn):
    server = serve("--rate=0", "--drop-after=100", "--count=1000")
    counter = spawn(["--reconnect", "-w", "all", "localhost", server.port])
    everyone = sent(server, 11)[-1]
    assert everyone.orders == 1000
    assert server.wait().status == 0
    oc.until(lambda: connections_to(server.port) == 0, "all to be read")
    counter.signal(signal.SIGINT)
    result = counter.wait()
    assert result.status == -signal.SIGINT
    assert oc.counts(result.out) == everyone.statuses


def test_the_rate_holds_for_each_client(serve):
    server = serve("--rate=200", "--seed=1")
    with dial(server) as one, dial(server) as two:
        for sock in (one, two):
            with sock.makefile("rb") as stream:
                start = time.monotonic()
                for _ in range(101):
                    stream.readline()
                # Never faster than told; how much slower is the machine's.
                if sock is one:
                    assert time.monotonic() - start >= 0.45


def test_a_command_is_run_and_ends_it_with_its_status(serve):
    with serve("--", "sh", "-c", "echo ran; exit 7") as server:
        result = server.wait()
    assert result.status == 7
    assert re.fullmatch(rb"listening on [^\n]*\nran\nsent to all [^\n]*\n",
                        result.out)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_gets_the_signal_and_ends_before_it(serve, number):
    with serve("--", "sh", "-c", f"trap 'echo told; exit 7' {number:d}; "
               "echo ready; while :; do read x; done") as server:
        server.wait_for(rb"ready\n")
        server.signal(number)
        result = server.wait()
    assert result.status == 7
    assert b"ready\ntold\nsent to all " in result.out


def test_a_command_that_is_not_there_is_said(serve):
    with serve("--", "/nonexistent/command") as server:
        result = server.wait()
    assert result.status == 1
    assert result.err == (b"order-server: /nonexistent/command: "
                          b"No such file or directory\n")


def test_help_is_for_people():
    with oc.Process([], program=[SERVER, "--help"]) as server:
        result = server.wait()
    assert result.status == 0
    for option in (b"--host", b"--port", b"--rate", b"--count", b"--seed",
                   b"--bad", b"--drop-after", b"examples:"):
        assert option in result.out
    assert max(map(len, result.out.splitlines())) <= 80
