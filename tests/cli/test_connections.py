"""Connections, in the clear and by TLS: however they end; where a server is
found. However they are cut: test_source_contract_bytes.py.
"""

import os
import re
import signal
import socket
import threading
import time

import pytest

import oc

ORDER = oc.order("A")


@pytest.fixture(params=["tcp", "tls"])
def transport(request):
    """Each test runs over both."""
    return request.param


# --- addresses ---------------------------------------------------------------


@pytest.mark.valgrind
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_localhost_finds_a_server_on_one_family_alone(feeds, spawn, host):
    feed = feeds(host)
    process = spawn(["-w", "all", *feed.arguments("localhost")])
    client = feed.accept()
    client.send(ORDER)
    client.close()
    result = process.wait()
    assert result.status == 0 and oc.counts(result.out) == {"A": 1}, result


@pytest.mark.parametrize("host", ["::1", "localhost"])
def test_ipv6_stands_in_brackets(feeds, spawn, host):
    feed = feeds("::1")
    process = spawn(["-w", "all", *feed.arguments(host)])
    client = feed.accept()
    client.send(ORDER)
    client.close()
    assert process.wait().status == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_host_and_port_are_two_operands(spawn, host):
    with oc.Feed(host) as feed:
        process = spawn(["-w", "all", host, feed.port])
        client = feed.accept()
        client.send(ORDER)
        client.close()
        assert process.wait().status == 0


def test_a_refused_connection_is_one_line_and_status_1():
    with oc.Refused() as refused:
        for args in ([], ["-q"]):
            result = oc.run([*args, "127.0.0.1", refused.port])
            assert result.status == 1 and result.out == b""
            assert result.err.count(b"\n") == 1
            assert b"127.0.0.1" in result.err
            assert str(refused.port).encode() in result.err
            assert b"refused" in result.err


def test_an_unknown_name_is_one_line_and_status_1():
    result = oc.run(["no-such-host.invalid", "9998"])
    assert result.status == 1 and result.out == b""
    assert result.err.count(b"\n") == 1
    assert b"no-such-host.invalid" in result.err


def test_with_two_sources_one_that_cannot_open_stops_the_start(feed):
    with oc.Refused() as refused:
        result = oc.run([*feed.arguments(),
                         f"tcp://127.0.0.1:{refused.port}"])
    assert result.status == 1 and result.out == b""
    assert str(refused.port).encode() in result.err


@pytest.fixture
def deaf():
    """A port whose queue of connections is full: a dial gets no answer."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(server.getsockname())
        fillers.append(filler)
    yield server.getsockname()[1]
    for sock in [server, *fillers]:
        sock.close()


def test_connect_timeout_gives_up(deaf):
    begun = time.monotonic()
    result = oc.run(["--connect-timeout", "0.4", "127.0.0.1", deaf])
    assert 0.4 <= time.monotonic() - begun < 5
    assert result.status == 1 and result.out == b""
    assert b"400ms" in result.err or b"0.4s" in result.err, result
    assert result.err.count(b"\n") == 1


def test_dialling_ends_at_a_signal(deaf, spawn):
    process = spawn(["-v", "127.0.0.1", deaf])
    pid = process.pid
    oc.until(lambda: syn_sent(deaf), "a dial", process.seen)
    os.kill(pid, signal.SIGTERM)
    result = process.wait(5)
    assert result.status == -signal.SIGTERM and result.out == b""


def syn_sent(port):
    with open("/proc/net/tcp", encoding="ascii") as lines:
        return sum(1 for line in lines
                   if line.split()[2].endswith(f":{port:04X}") and
                   line.split()[3] == "02") > 3


# --- connections that go -----------------------------------------------------


def test_a_reset_in_mid_line_fails_and_the_half_line_is_a_record(feed, spawn):
    for tail, extra in ((b'{"status":"B"}', (3, 3, 0)),
                        (b'{"status":', (3, 2, 1))):
        process = spawn(["-w", "all", "--summary", *feed.arguments()])
        client = feed.accept()
        client.send(ORDER * 2 + tail)
        client.wait_read()
        client.reset()
        result = process.wait()
        assert result.status == 1
        assert oc.rows(result.out)[-1].more[:3] == tuple(map(str, extra))
        assert b"reset" in result.err
        process.close()


def test_the_end_of_a_connection_is_the_end_of_the_source(feed, spawn):
    process = spawn(["-w", "1h", *feed.arguments()])
    client = feed.accept()
    client.send(ORDER * 2 + ORDER[:-1])
    client.end()
    result = process.wait()
    assert result.status == 0 and result.err == b""
    assert oc.counts(result.out) == {"A": 3}
    client.wait_closed()


def test_a_half_line_is_no_record_when_we_stop(feed, spawn):
    process = spawn(["-v", "-w", "1h", *feed.arguments()])
    client = feed.accept()
    client.send(ORDER + ORDER[:-1])
    client.wait_read()
    process.signal(signal.SIGTERM)
    result = process.wait()
    assert result.status == -signal.SIGTERM
    assert oc.counts(result.out) == {"A": 1}
    assert b"unfinished" in result.err and b"read 1," in result.err


def test_idle_timeout_fails_a_silent_connection(feed, spawn):
    process = spawn(["--idle-timeout", "0.3", "-w", "1h", 
                     *feed.arguments()])
    client = feed.accept()
    client.send(ORDER)
    result = process.wait(10)
    assert result.status == 1 and oc.counts(result.out) == {"A": 1}
    assert b"300ms" in result.err or b"0.3s" in result.err, result


def test_idle_timeout_leaves_a_talking_connection_alone(feed, spawn):
    process = spawn(["--idle-timeout", "1", "-w", "1h", 
                     *feed.arguments()])
    client = feed.accept()
    begun = time.monotonic()
    sent = 0
    while time.monotonic() < begun + 1.5:
        client.send(b" ")
        client.wait_read()
        sent += 1
    client.send(ORDER)
    client.close()
    result = process.wait()
    assert sent > 1
    assert result.status == 0 and oc.counts(result.out) == {"A": 1}


def test_idle_timeout_with_reconnect_dials_again(feed, spawn):
    process = spawn(["-r", "--idle-timeout", "0.2", "-w", "0.1", 
                     *feed.arguments()])
    feed.accept().send(ORDER)
    feed.accept().send(oc.order("B"))
    process.wait_for(rb"\tB\t1\t1\n")
    assert b"\tA\t1\t1\n" in process.out


def test_reconnect_dials_again_after_an_end_and_a_reset(feed, spawn):
    process = spawn(["-r", "-w", "0.1", *feed.arguments()])
    client = feed.accept()
    client.send(ORDER)
    client.wait_read()
    client.close()
    client = feed.accept()
    client.send(ORDER)
    client.wait_read()
    client.reset()
    client = feed.accept()
    client.send(ORDER)
    process.wait_for(rb"\t3\n")
    process.signal(signal.SIGTERM)
    assert oc.counts(process.wait().out) == {"A": 3}


def test_the_half_line_of_one_connection_is_not_glued_to_the_next(feed, spawn):
    process = spawn(["-r", "-w", "0.1", "--summary", *feed.arguments()])
    client = feed.accept()
    client.send(b'{"status":"A"')
    client.wait_read()
    client.close()
    client = feed.accept()
    client.send(b'}\n{"status":"B"}\n')
    process.wait_for(rb"\tB\t1\t1")
    process.signal(signal.SIGTERM)
    out = process.wait().out
    summaries = [row for row in oc.rows(out) if row.key == ("(summary)",)]
    assert [sum(int(row.more[i]) for row in summaries)
            for i in range(3)] == [3, 1, 2]


def test_reconnect_backs_off_from_half_a_second(spawn):
    with oc.Refused() as refused:
        begun = time.monotonic()
        process = spawn(["-r", "-v", "127.0.0.1", refused.port])
        process.wait_for(lambda err: err.count(b"refused") >= 2, "err")
        assert time.monotonic() - begun >= 0.5
        assert process.out == b""


def test_the_first_redial_comes_at_once_after_a_record(feed, spawn):
    spawn(["-r", "-w", "1h", *feed.arguments()])
    for _ in range(5):
        client = feed.accept()
        client.send(ORDER)
        client.wait_read()
        closed = time.monotonic()
        client.close()
        feed.connections.pop()
    feed.accept()
    assert time.monotonic() - closed < 0.4


def test_1000_reconnects_lose_no_descriptor_and_no_order(feed, spawn):
    dials, lanes = 1000, 8
    process = spawn(["-r", "-w", "0.2", *feed.options,
                     *[feed.operand()] * lanes])

    def serve(count):
        for _ in range(count):
            client = feed.accept()
            feed.connections.pop()
            client.send(ORDER)
            client.close()

    def all_connected():
        """How many descriptors it has with a connection a source."""
        clients = [feed.accept() for _ in range(lanes)]
        counts = [0]

        def settled():
            counts.append(oc.descriptors(process.pid))
            return counts[-1] == counts[-2] == min(counts[1:])

        oc.until(settled, "its dialling to end", lambda: counts)
        for client in clients:
            client.send(ORDER)
            client.close()
        return counts[-1]

    before = all_connected()
    server = threading.Thread(target=serve, args=(dials,))
    server.start()
    server.join(60)
    assert not server.is_alive(), process.seen()
    assert all_connected() == before
    serve(lanes)
    process.wait_for(rb"\t%d\n" % (dials + 3 * lanes))
    process.signal(signal.SIGTERM)
    assert oc.counts(process.wait().out) == {"A": dials + 3 * lanes}


# --- taking turns, and waiting ------------------------------------------------


def test_a_busy_source_does_not_starve_another(feeds, spawn):
    busy, slow = feeds("127.0.0.1"), feeds("127.0.0.1")
    process = spawn(["-w", "0.1", *busy.arguments(), slow.operand()])
    loud, quiet = busy.accept(), slow.accept()
    stop = threading.Event()

    def flood():
        try:
            while not stop.is_set():
                loud.send(ORDER * 2000)
        except OSError:
            pass

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        process.wait_for(rb"\tA\t")
        quiet.send(oc.order("Q"))
        process.wait_for(rb"\tQ\t1\t1\n")
    finally:
        stop.set()
        process.close()
        thread.join()


@pytest.mark.limits
def test_waiting_costs_no_processor_time(feed, spawn):
    process = spawn(["-w", "1h", *feed.arguments()])
    client = feed.accept()
    client.send(ORDER)
    client.wait_read()

    def switches():
        with open(f"/proc/{process.pid}/status", encoding="ascii") as lines:
            return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)",
                                 lines.read(), re.M)[1])

    oc.until(lambda: open(f"/proc/{process.pid}/stat", encoding="ascii").read()
             .split()[2] == "S", "its sleep")
    before = switches()
    begun = time.monotonic()
    oc.until(lambda: time.monotonic() > begun + 1, "a second")
    assert switches() - before <= 2
