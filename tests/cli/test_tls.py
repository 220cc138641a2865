"""tls:// sources: the ends, the handshake, records, keys and sessions.

What they have in common with tcp:// is in test_connections.py, what they do not
accept in test_tls_refused.py.
"""

import json
import os
import random
import re
import signal
import threading
import time

import pytest

import oc
from tls_feed import (TLS_1_2, TLS_1_3, OpensslServer, RawServer,
                      server_context)

ORDER = oc.order("A")
VERSIONS = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3],
                                   ids=["1.2", "1.3"])
CUT = "it ended without close_notify: what was still to come may be missing"


@pytest.fixture
def transport():
    return "tls"


@pytest.fixture
def raw(feed, trust):
    """raw(version) waits for a client and returns its RawServer."""
    def accept(version=TLS_1_3):
        context = server_context(trust.server, version)
        # Tickets would be bytes behind the handshake that are no records.
        context.num_tickets = 0
        return RawServer(feed.accept_plain(), context)
    return accept


@pytest.fixture
def openssl_server(trust):
    """openssl_server("-tls1_2") starts an OpensslServer."""
    started = []

    def start(*options):
        started.append(OpensslServer(trust.server, *options))
        return started[-1]

    yield start
    for server in started:
        server.close()


def trusting(trust, port):
    return [f"--tls-ca={trust.ca}", f"tls://127.0.0.1:{port}"]


# --- ends --------------------------------------------------------------------

def rows_of(result):
    return [json.loads(line) for line in result.out.splitlines()]


@VERSIONS
def test_cut_at_every_byte_it_has_failed_and_what_came_counts(raw, feed, spawn,
                                                              version):
    """On the edge of each record, and in the middle of all of them."""
    pieces = [ORDER + ORDER[:5], ORDER[5:], b"[]\n" + ORDER[:-1]]
    cut, size = 0, 1
    while cut <= size:
        process = spawn(["-w", "all", "-f", "json", "--summary",
                         *feed.arguments()])
        server = raw(version)
        server.shake_hands()
        records = [server.records(piece) for piece in pieces]
        wire = b"".join(records) + server.close_notify()
        server.client.send(wire[:cut])
        server.client.close()
        result = process.wait()
        whole = b"".join(
            piece for number, piece in enumerate(pieces)
            if sum(map(len, records[:number + 1])) <= cut)
        end = rows_of(result)[-1]["summary"]
        lines = whole.splitlines()
        assert end["read"] == len(lines)
        assert end["orders"] == lines.count(ORDER[:-1])
        size = len(wire)
        assert rows_of(result)[-1]["partial"] == (cut < size)
        if cut < size:
            assert result.status == 1
            assert result.err.decode().endswith(
                f"ordercount: {feed.operand()}: {CUT}\n")
        else:
            assert result.status == 0 and CUT.encode() not in result.err
        process.close()
        cut += 1
    assert cut > 100


def test_end_without_close_notify_is_dialled_again(feed, spawn):
    process = spawn(["-r", "-w", "0.1", *feed.arguments()])
    connection = feed.accept()
    connection.send(ORDER)
    connection.wait_read()
    connection.cut()
    feed.accept().send(oc.order("B"))
    process.wait_for(rb"\tB\t1\t1\n")
    assert process.err.decode() == \
        f"ordercount: {feed.operand()}: {CUT}, dialling again\n"


def test_what_comes_behind_close_notify_is_not_read(raw, feed, spawn):
    process = spawn(["-w", "all", *feed.arguments()])
    server = raw()
    server.shake_hands()
    order, end = server.records(ORDER), server.close_notify()
    server.client.send(order + end + order)
    result = process.wait()
    assert result.status == 0 and oc.counts(result.out) == {"A": 1}


@VERSIONS
def test_record_that_somebody_has_changed_is_no_record(raw, feed, spawn,
                                                       version):
    process = spawn(["-w", "all", *feed.arguments()])
    server = raw(version)
    server.shake_hands()
    first, second = server.records(ORDER), bytearray(server.records(ORDER))
    second[-1] ^= 1
    server.client.send(first + second)
    result = process.wait()
    assert result.status == 1 and oc.counts(result.out) == {"A": 1}
    assert result.err.decode() == (
        f"ordercount: {feed.operand()}: TLS: decryption failed or bad record "
        "mac\n")


def test_we_say_goodbye_when_we_stop(feed, spawn):
    process = spawn(["-w", "1h", *feed.arguments()])
    connection = feed.accept()
    connection.send(ORDER)
    connection.wait_read()
    process.signal(signal.SIGTERM)
    # Not by a reset, nor without a word: that would be an error.
    assert connection.sock.recv(1) == b""
    assert oc.counts(process.wait().out) == {"A": 1}


# --- the handshake -----------------------------------------------------------

def cuts(flight):
    """Places in a flight: before, between and within its records. As many for
    each handshake, though signatures are longer or shorter."""
    found, start = [0], 0
    while start < len(flight):
        size = 5 + int.from_bytes(flight[start + 3:start + 5], "big")
        found += [start + 1, start + 5, start + size - 1, start + size]
        start += size
    assert start == len(flight)
    return found[:-1]


def stall(server, number, place):
    """Shakes hands as far as a place in the flight of that number; returns how
    many there are in it, or 0: there is no such flight."""
    for count, flight in enumerate(server.flights()):
        if count == number:
            places = cuts(flight)
            server.client.send(flight[:places[place]])
            server.client.wait_closed()
            return len(places)
        server.client.send(flight)
    return 0


@VERSIONS
def test_handshake_that_stalls_anywhere_is_given_up(raw, feed, spawn, version):
    stalled = 0
    # With TLS 1.2 the server has a second flight.
    for number in range(2 if version == TLS_1_2 else 1):
        place, places = 0, 1
        while place < places:
            process = spawn(["--connect-timeout=0.3", *feed.arguments()])
            places = stall(raw(version), number, place)
            result = process.wait()
            assert (result.status, result.out) == (1, b"")
            assert result.err.decode() == (
                f"ordercount: cannot connect to {feed.operand()}: no end of "
                "the TLS handshake within 300ms (--connect-timeout)\n")
            process.close()
            place += 1
            stalled += 1
    assert stalled >= 10


def test_silence_in_the_handshake_has_an_end_too(raw, feed, spawn):
    process = spawn(["--idle-timeout=0.3", *feed.arguments()])
    stall(raw(), 0, 1)
    result = process.wait()
    assert result.status == 1
    assert result.err.decode() == (
        f"ordercount: cannot connect to {feed.operand()}: nothing received for "
        "300ms in the TLS handshake (--idle-timeout)\n")


def test_handshake_that_trickles_is_not_idle_but_has_an_end(raw, feed, spawn):
    """Bytes come all the time: only all of it together takes too long."""
    process = spawn(["--idle-timeout=0.5", "--connect-timeout=1.5",
                     *feed.arguments()])
    server = raw()
    flight = next(server.flights())
    begun = time.monotonic()
    try:
        for i in range(len(flight)):
            server.client.send(flight[i:i + 1])
            server.client.wait_read()
            while time.monotonic() < begun + 0.05 * i:
                time.sleep(0.01)
    except (OSError, AssertionError):
        pass
    result = process.wait()
    assert b"no end of the TLS handshake within 1.5s" in result.err, result


@VERSIONS
def test_handshake_in_small_pieces_succeeds(raw, feed, spawn, version):
    process = spawn(["-w", "all", "--connect-timeout=100",
                     *feed.arguments()])
    server = raw(version)
    for flight in server.flights():
        for i in range(0, len(flight), 17):
            server.client.send(flight[i:i + 17])
            server.client.wait_read()
    server.client.send(server.records(ORDER) + server.close_notify())
    result = process.wait()
    assert result.status == 0 and oc.counts(result.out) == {"A": 1}


def test_stalled_handshake_holds_up_nobody_else(feed, feeds, spawn):
    other = feeds("127.0.0.1")
    process = spawn(["-r", "-w", "0.1", *feed.arguments(), other.operand()])
    stalled = feed.accept_plain()
    client = other.accept()
    for count in range(1, 4):
        client.send(ORDER)
        process.wait_for(rb"\tA\t1\t%d\n" % count)
    assert stalled.sock.recv(1) == b"\x16"
    process.signal(signal.SIGTERM)
    assert process.wait().status == -signal.SIGTERM


def test_signal_in_the_handshake_ends_it(feed, spawn):
    process = spawn([*feed.arguments()])
    feed.accept_plain()
    process.signal(signal.SIGTERM)
    result = process.wait()
    assert result.status == -signal.SIGTERM and result.out == b""


def test_handshake_that_failed_is_done_again(feed, spawn):
    """It says why once, and goes on by itself when the server is mended."""
    process = spawn(["-r", "-w", "0.1", *feed.arguments()])
    feed.accept_plain().close()
    feed.accept().send(ORDER)
    process.wait_for(rb"\tA\t1\t1\n")
    assert re.fullmatch(
        rb"ordercount: cannot connect to [^ ]*: (it hung up in the TLS "
        rb"handshake|connection lost: Connection reset by peer), dialling "
        rb"again\n", process.err)


# --- what the server is told -------------------------------------------------

@pytest.mark.parametrize("host, name", [
    ("localhost", "localhost"), ("localhost.", "localhost"),
    ("127.0.0.1", None)])
def test_name_is_told_and_an_address_is_none(feed, spawn, host, name):
    told = []
    feed.context.sni_callback = lambda sock, name, context: told.append(name)
    process = spawn(["-w", "all", *feed.arguments(host)])
    feed.accept().close()
    assert process.wait().status == 0
    assert told == [name]


# --- records -----------------------------------------------------------------

@VERSIONS
def test_a_byte_a_record_counts_the_same(raw, feed, spawn, version):
    data = ORDER * 100
    process = spawn(["-w", "all", *feed.arguments()])
    server = raw(version)
    server.shake_hands()
    wire = server.records(*[data[i:i + 1] for i in range(len(data))])
    server.client.send(wire + server.close_notify())
    result = process.wait()
    assert result.status == 0 and oc.counts(result.out) == {"A": 100}


def pieces_of(data, chance, most):
    """The data in pieces of 1 to so many bytes; short ones as often as long."""
    found, start = [], 0
    while start < len(data):
        size = round(most ** chance.random())
        found.append(data[start:start + size])
        start += size
    return found


@VERSIONS
@pytest.mark.parametrize("seed", range(4))
def test_any_records_in_any_segments_count_the_same(raw, feed, spawn, version,
                                                    seed):
    """As the same bytes on standard input."""
    chance = random.Random(seed)
    lines = [chance.choice([
        oc.order(chance.choice("ABC"), number), b"\r\n", b"[]\n", b"{]\r\n",
        b'{"status":"\\u00e9\xf0\x9f\x98\x80","x":"%s"}\n' % (
            b"y" * round(10_000 ** chance.random())),
        b'{"status":%d,"x":[{"y":null}]}\r\n' % number])
        for number in range(300)]
    data = b"\xef\xbb\xbf" + b"".join(lines) + oc.order("A")[:-1]
    args = ["-w", "all", "--summary", "--max-line=5000"]
    expected = oc.run([*args, "-"], stdin=data)
    process = spawn([*args, *feed.arguments()])
    server = raw(version)
    server.shake_hands()
    wire = server.records(*pieces_of(data, chance, 16384))
    for segment in pieces_of(wire + server.close_notify(), chance, 30_000):
        server.client.send(segment)
    result = process.wait()
    assert result.status == 0
    assert [row[2:] for row in oc.rows(result.out)] == \
        [row[2:] for row in oc.rows(expected.out)]


def test_largest_records_are_read_in_pieces(raw, feed, spawn):
    lines = b"".join(oc.order(f"{i % 7}", i) for i in range(4000))
    pieces = [lines[i:i + 16384] for i in range(0, len(lines), 16384)]
    process = spawn(["-w", "all", *feed.arguments()])
    server = raw()
    server.shake_hands()
    wire = server.records(*pieces) + server.close_notify()
    server.client.send(wire)
    result = process.wait()
    assert result.status == 0
    assert sum(oc.counts(result.out).values()) == 4000


def test_what_no_descriptor_announces_is_read(raw, feed, spawn):
    """A record is held back in the middle; one read takes those before it."""
    process = spawn(["-w", "0.1", *feed.arguments()])
    server = raw()
    server.shake_hands()
    for count in range(1, 6):
        wire = server.records(*[ORDER] * 500)
        server.client.send(wire[:-30])
        process.wait_for(lambda out, orders=500 * count - 1: sum(
            oc.counts(oc.whole_lines(out)).values()) == orders)
        server.client.send(wire[-30:])
        process.wait_for(lambda out, orders=500 * count: sum(
            oc.counts(oc.whole_lines(out)).values()) == orders)


def test_half_a_record_now_and_then_is_no_silence(raw, feed, spawn):
    process = spawn(["--idle-timeout=1", "-w", "all", *feed.arguments()])
    server = raw()
    server.shake_hands()
    wire = server.records(ORDER) + server.close_notify()
    begun = time.monotonic()
    step = 2 / len(wire)
    for i in range(len(wire)):
        server.client.send(wire[i:i + 1])
        while time.monotonic() < begun + step * (i + 1):
            time.sleep(step / 4)
    result = process.wait()
    assert time.monotonic() - begun > 1.5
    assert result.status == 0 and oc.counts(result.out) == {"A": 1}


def test_nothing_is_read_while_the_output_is_stuck(feed, spawn):
    """The server is slowed down: what it sends does not pile up here."""
    rows, writer = os.pipe()
    process = spawn(["-w", "0.05", *feed.arguments()], stdout=writer)
    os.close(writer)
    connection = feed.accept()
    connection.sock.settimeout(1)
    groups = b"".join(oc.order(f"k{i:05d}") for i in range(20000))
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < 1 << 30:
            connection.send(groups)
            sent += len(groups)
    assert oc.peak_kib(process.pid) < 128 << 10
    reader = threading.Thread(
        target=lambda: all(iter(lambda: os.read(rows, 1 << 16), b"")))
    reader.start()
    process.close()
    reader.join()
    os.close(rows)


# --- keys and sessions -------------------------------------------------------

def test_keys_are_updated_on_the_way(openssl_server, trust, spawn):
    """k: the server's; K: and ours, which are only asked for."""
    server = openssl_server("-tls1_3")
    process = spawn(["-w", "0.1", *trusting(trust, server.port)])
    server.wait_for(rb"CIPHER is")
    for count in range(1, 9):
        server.write(ORDER)
        process.wait_for(rb"\tA\t1\t%d\n" % count)
        server.write(b"kK"[count % 2:count % 2 + 1] + b"\n")
        server.wait_for(lambda out, n=count: out.count(
            b"SSL_do_handshake -> 1") == n)
    process.signal(signal.SIGTERM)
    assert process.wait().err == b""


@pytest.mark.parametrize("command", [b"r\n", b"R\n"])
def test_renegotiation_is_refused(openssl_server, trust, spawn, command):
    server = openssl_server("-tls1_2")
    process = spawn(["-w", "all", *trusting(trust, server.port)])
    server.wait_for(rb"CIPHER is")
    server.write(ORDER)
    server.write(command)
    server.wait_for(rb"no renegotiation", "err")
    result = process.wait()
    assert result.status == 1 and oc.counts(result.out) == {"A": 1}
    assert result.err.count(b"\n") == 1


@pytest.mark.valgrind
@VERSIONS
def test_next_connection_resumes_the_session(trust, spawn, version):
    """After an end, an end without a word, and a reset alike."""
    with trust.feed(version=version) as feed:
        process = spawn(["-r", "-w", "0.1", *feed.arguments()])
        resumed = []
        for count, end in enumerate(["close", "cut", "reset", "close"], 1):
            connection = feed.accept()
            resumed.append(connection.sock.session_reused)
            connection.send(ORDER)
            process.wait_for(rb"\tA\t1\t%d\n" % count)
            getattr(connection, end)()
        assert resumed == [False, True, True, True]


@VERSIONS
def test_session_that_the_server_forgot_is_made_anew(trust, spawn, version):
    with trust.feed(version=version) as feed:
        process = spawn(["-r", "-w", "0.1", *feed.arguments()])
        for count in range(1, 4):
            connection = feed.accept()
            assert not connection.sock.session_reused
            connection.send(ORDER)
            process.wait_for(rb"\tA\t1\t%d\n" % count)
            connection.close()
            feed.context = server_context(trust.server, version)


def test_openssl_finds_the_session_again(openssl_server, trust, spawn):
    server = openssl_server()
    process = spawn(["-r", "-w", "0.1", *trusting(trust, server.port)])
    for count in range(1, 4):
        server.wait_for(lambda out, n=count: out.count(b"CIPHER is") == n)
        server.write(ORDER)
        process.wait_for(rb"\tA\t1\t%d\n" % count)
        server.write(b"q\n")
    assert server.out.count(b"Reused session-id") == 2


def test_who_we_are_is_told_again_to_a_server_that_forgot(trust, spawn):
    us = trust.authority.issue("again")
    with trust.feed(client_ca=trust.ca) as feed:
        process = spawn(["-r", "-w", "0.1", f"--tls-cert={us.cert}",
                         f"--tls-key={us.key}", *feed.arguments()])
        for count in range(1, 4):
            connection = feed.accept()
            assert connection.sock.getpeercert()["subject"] == \
                ((("commonName", "again"),),)
            connection.send(ORDER)
            process.wait_for(rb"\tA\t1\t%d\n" % count)
            connection.close()
            feed.context = server_context(trust.server, client_ca=trust.ca)
