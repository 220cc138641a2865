"""/events of --http: each window once and in order, whatever becomes of the
connection."""

import os
import signal

import pytest

import http_client
import oc
from http_client import Closed, Events, documents, request, wait_documents
from test_http import record

pytestmark = http_client.needed


@pytest.fixture
def timed(spawn):
    """A run by event time on its standard input."""
    def start(*args, **more):
        return http_client.serve(spawn, "-t", "t", "-w", "5", "-f", "json",
                                 "--summary", *args, "-", **more)
    return start


def send_windows(process, first, count):
    """Closes so many windows more; the one after them is open."""
    process.write(b"".join(record(5 * n) for n in range(first, first + count +
                                                        1)))


def end(process):
    """In order, so that whoever looks for leaks finds them."""
    process.close_stdin()
    assert process.wait().status == 0


@pytest.mark.valgrind
def test_the_first_event_is_the_status_then_one_a_window(timed):
    process = timed()
    with Events(process.port) as events:
        first = events.next()
        assert first.name == "status" and first.id is None
        assert http_client.exact(first.data.encode())["run"] == request(
            process.port, "/api/status").exact()["run"]
        send_windows(process, 0, 5)
        # The source may have come up just then.
        got = [events.named("message") for _ in range(5)]
        assert [event.id.split("-")[1] for event in got] == [
            str(int(got[0].id.split("-")[1]) + n) for n in range(5)]
        # One line each, and the document that /api/windows has.
        assert all("\n" not in event.data for event in got)
        whole = request(process.port, "/api/windows").body
        for event in got:
            assert event.data.encode() in whole
        assert events.retry == "1000"
        assert events.headers["cache-control"] == "no-store"
    end(process)


def test_without_an_id_only_new_windows_come(timed):
    process = timed()
    send_windows(process, 0, 3)
    wait_documents(process, 3)
    with Events(process.port) as events:
        assert events.next().name == "status"
        send_windows(process, 4, 1)
        assert events.window()["start"] == "2024-11-22T10:00:15Z"


@pytest.mark.valgrind
@pytest.mark.parametrize("by", ["header", "query"])
def test_it_goes_on_after_an_id(timed, by):
    process = timed()
    send_windows(process, 0, 6)
    kept = wait_documents(process, 6)
    for index in range(6):
        last = kept[index]["id"]
        given = {"last": last} if by == "header" else {
            "query": f"?after={last}"}
        with Events(process.port, **given) as events:
            assert events.next().name == "status"
            assert events.windows(5 - index) == kept[index + 1:]
    # Nothing after the newest, until there is something new.
    with Events(process.port, last=kept[-1]["id"]) as events:
        process.write(record(35))
        assert events.window() == wait_documents(process, 7)[-1]
    end(process)


def test_the_header_is_newer_than_the_query(timed):
    """A page that reconnects has the same address as at first."""
    process = timed()
    send_windows(process, 0, 4)
    kept = wait_documents(process, 4)
    with Events(process.port, last=kept[2]["id"],
                query=f"?after={kept[0]['id']}") as events:
        assert events.window() == kept[3]


@pytest.mark.parametrize("last", [
    "00000000-1", "0-0", "x", "-", "-1", "1", "{run}-", "{run}-x", "{run}-0",
    "{run}-7", "{run}-99", "{run}-99999999999999999999999",
    "{run}--1", "{run}-2x", "{run} -2", "%00",
    "{run}-1", "a" * 3000])
def test_an_id_of_none_that_is_kept_gives_all_that_are(timed, last):
    process = timed("--http-keep=3")
    send_windows(process, 0, 6)
    oc.until(lambda: documents(process.port, "?last=1") and
             documents(process.port, "?last=1")[0]["total"] == "6",
             "six windows")
    kept = documents(process.port)
    assert len(kept) == 3
    run = kept[0]["id"].split("-")[0]
    with Events(process.port, last=last.format(run=run)) as events:
        assert events.windows(3) == kept


def test_no_window_is_lost_or_doubled_over_many_reconnects(timed):
    process = timed()
    seen = []
    for turn in range(40):
        with Events(process.port, last=seen[-1] if seen else None,
                    query="" if seen else "?after=none-0") as events:
            if turn == 0:
                send_windows(process, 0, 1)
            send_windows(process, 3 * turn + 2, 2)
            for _ in range(1 + turn % 3):
                seen.append(events.window()["id"])
    numbers = [int(number.split("-")[1]) for number in seen]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_windows_that_come_while_one_connects_come_once(feed, spawn):
    """By arrival, 50 a second: connecting falls between any two."""
    process = http_client.serve(spawn, "-w", "0.02", "127.0.0.1", feed.port)
    feed.accept()
    for _ in range(30):
        kept = documents(process.port)
        if not kept:
            continue
        last = kept[-1]["id"]
        with Events(process.port, query=f"?after={last}") as events:
            numbers = [int(window["id"].split("-")[1])
                       for window in events.windows(3)]
        begin = int(last.split("-")[1]) + 1
        assert numbers == list(range(begin, begin + 3))


def test_many_clients_see_the_same(timed):
    process = timed()
    clients = [Events(process.port) for _ in range(50)]
    try:
        for client in clients:
            client.named("status")
        send_windows(process, 0, 20)
        first = clients[0].windows(20)
        for client in clients[1:]:
            assert client.windows(20) == first
    finally:
        for client in clients:
            client.close()


def test_a_window_larger_than_any_buffer_arrives_whole(timed):
    process = timed()
    with Events(process.port) as events:
        process.write(b"".join(record(0, status=f"{n:02d}" + "ä" * 2000)
                               for n in range(90)) + record(5))
        document = events.window()
    assert document == documents(process.port)[0]


def test_a_client_of_http_1_0_gets_them_without_chunks(timed):
    process = timed()
    with http_client.Client(process.port) as client:
        client.ask("/events", version="HTTP/1.0")
        status, headers = client.head()
        assert status == 200 and "transfer-encoding" not in headers
        send_windows(process, 0, 1)
        assert b"\ndata: {" in client.until(b"}\n\n")


# --- the state of the sources, the end ---------------------------------------

def test_a_source_that_goes_and_comes_back_is_said(feed, spawn):
    process = http_client.serve(spawn, "-r", "-w", "0.2", "127.0.0.1",
                                feed.port)
    name = f"tcp://127.0.0.1:{feed.port}"

    def state(wanted):
        return lambda status: [
            (source["name"], source["state"])
            for source in status["sources"]] == [(name, wanted)]

    with Events(process.port) as events:
        client = feed.accept()
        events.status_of(state("up"))
        feed.stop_listening()
        client.close()
        events.status_of(state("down"))
        feed.listen()
        again = feed.accept()
        events.status_of(state("up"))
        again.send(oc.order("A"))
        while events.window()["total"] == "0":
            pass


def test_a_source_that_ended_is_said(feeds, spawn, tmp_path):
    feed = feeds("127.0.0.1")
    path = tmp_path / "orders"
    os.mkfifo(path)
    process = http_client.serve(spawn, "-w", "0.2", path,
                                f"tcp://127.0.0.1:{feed.port}")
    with Events(process.port) as events, open(path, "wb"):
        feed.accept()
        events.status_of(lambda status: {source["state"] for source in
                                         status["sources"]} == {"up"})
    with Events(process.port) as events:
        ended = events.status_of(lambda status: status["sources"][0]["state"]
                                 != "up")
        assert [source["state"] for source in ended["sources"]] == [
            "ended", "up"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT,
                                    signal.SIGHUP])
def test_at_a_signal_the_last_window_comes_and_then_the_end(feed, spawn,
                                                            number):
    process = http_client.serve(spawn, "-w", "1d", "-f", "json", "--summary",
                                "127.0.0.1", feed.port)
    client = feed.accept()
    with Events(process.port) as events:
        client.send(oc.order("A") * 3)
        client.wait_read()
        process.signal(number)
        last = events.window()
        assert events.named("end").data == "{}"
        with pytest.raises(Closed):
            events.next()
    result = process.wait()
    assert result.status == -number
    (rows, _), = oc.json_windows(result.out)
    assert [int(row["count"]) for row in last["rows"]] == [3]
    assert rows[0]["count"] == 3 and last["partial"] is True
    assert b"http" not in result.err.split(b"\n", 1)[1], result.err


@pytest.mark.valgrind
def test_when_enough_windows_are_printed_the_end_is_said(spawn, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = http_client.serve(spawn, "-w", "0.2", "-m", "3", "-f", "json",
                                "--summary", fifo)
    # The run begins with the writer, when somebody follows it already.
    with Events(process.port) as events, open(fifo, "wb"):
        seen = events.windows(3)
        assert events.named("end").data == "{}"
    result = process.wait()
    assert result.status == 0
    printed = oc.json_windows(result.out)
    assert [row["start"] for _, row in printed] == [
        document["start"] for document in seen]


def test_killed_it_leaves_its_clients_and_its_rows_behind(feed, spawn):
    process = http_client.serve(spawn, "-w", "0.1", "-f", "json", "--summary",
                                "127.0.0.1", feed.port)
    client = feed.accept()
    with Events(process.port) as events:
        client.send(oc.order("A"))
        seen = events.windows(3)
        process.signal(signal.SIGKILL)
        with pytest.raises(Closed):
            while events.next().name != "end":
                pass
    result = process.wait()
    assert result.status == -signal.SIGKILL
    printed = {row["start"] for _, row in oc.json_windows(result.out)}
    # The last one may have been on its way to both.
    assert {document["start"] for document in seen[:-1]} <= printed


def test_clients_that_take_nothing_hold_no_end_up(feed, spawn):
    # A machine that stands still for less than a window makes none short.
    process = http_client.serve(spawn, "-w", "1", "-f", "json",
                                "--summary", "127.0.0.1", feed.port)
    client = feed.accept()
    client.send(b"".join(oc.order(f"{n:02d}" + "x" * 500)
                         for n in range(90)))
    stuck = []
    try:
        for _ in range(20):
            stuck.append(http_client.Client(process.port, receive_bytes=2048))
            stuck[-1].ask("/events")
            stuck.append(http_client.Client(process.port, receive_bytes=2048))
            stuck[-1].ask("/api/windows")
        with Events(process.port) as events:
            events.windows(2)
        process.signal(signal.SIGTERM)
        # Those who take nothing are dropped after ten seconds anyway.
        result = process.wait(timeout=8)
    finally:
        for one in stuck:
            one.close()
    assert result.status == -signal.SIGTERM
    # Not one window is missing.
    printed = [row for _, row in oc.json_windows(result.out)]
    for before, after in zip(printed, printed[1:]):
        assert before["end"] == after["start"]


def test_the_port_is_free_again_at_once(feed, spawn):
    """Connections that the server closed linger in the kernel."""
    process = http_client.serve(spawn, "-w", "0.1", "127.0.0.1", feed.port)
    feed.accept()
    port = process.port
    for _ in range(3):
        clients = [Events(port) for _ in range(10)]
        process.signal(signal.SIGTERM)
        process.wait()
        for client in clients:
            client.close()
        process = http_client.serve(spawn, "-v", "-w", "0.1", "127.0.0.1",
                                    feed.port, http=f"--http={port}")
        feed.accept()


@pytest.mark.long
def test_silence_is_broken_by_a_comment(spawn):
    process = http_client.serve(spawn, "-w", "1h", "-")
    with Events(process.port) as events:
        events.named("status")
        events.client.sock.settimeout(20)
        assert events.client.until(b":")
