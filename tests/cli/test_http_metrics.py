"""/metrics and /healthz of --http: what a monitor sees of the program."""

import os
import re
import resource
import time

import pytest

import http_client
import oc
from http_client import request, wait_documents
from test_http import BASE, NASTY, record, sample
from test_prometheus import check, samples

pytestmark = http_client.needed

OWN = {"ordercount_read_bytes_total": "counter",
       "ordercount_output_waiting_bytes": "gauge",
       "ordercount_behind_seconds": "gauge",
       "process_resident_memory_bytes": "gauge"}


def metrics(process):
    answer = request(process.port, "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(
        "text/plain; version=0.0.4")
    assert answer.headers["cache-control"] == "no-store"
    check(answer.body)
    return answer.body


def families(text):
    """{name: its lines}: in which order families stand makes no difference."""
    found = {}
    for line in text.decode().splitlines():
        if line.startswith("# HELP "):
            found[line.split(" ")[2]] = lines = []
        lines.append(line)
    return found


def without_own(text):
    """What is not of the process: what -f prometheus prints, too."""
    found = families(text)
    assert set(OWN) - {"ordercount_behind_seconds"} <= set(found)
    return {name: lines for name, lines in found.items() if name not in OWN}


def timed(spawn, *args, data, count):
    process = http_client.serve(spawn, "-t", "t", "-w", "5", *args, "-")
    process.write(data)
    wait_documents(process, count)
    return process


VARIANTS = {
    "plain": [], "keys": ["-k", "status,country"], "other": ["--max-groups=2"],
    "sum": ["--sum=t"], "forget": ["--forget=5"],
    "missing": ["-k", "customer.country,2nd,status", "--missing=-"]}


@pytest.mark.parametrize("args", VARIANTS.values(), ids=VARIANTS)
def test_it_is_what_the_format_prints_and_more(spawn, args):
    data = sample() + b"{}\n{\n" + record(25, country="SE") + record(1)
    process = timed(spawn, "-f", "prometheus", *args, data=data, count=5)
    # Its last line is that of the version; a pipe may give it in pieces.
    printed = process.wait_for(lambda out: out.endswith(b"\n") and out.count(
        b"ordercount_build_info{") >= 5 and out)
    last = printed[printed.rindex(b"# HELP ordercount_orders_total"):]
    found = metrics(process)
    assert without_own(found) == families(last)
    for name, kind in OWN.items():
        assert f"# TYPE {name} {kind}" in families(found)[name]
        assert (name, ()) in samples(found)


@pytest.mark.valgrind
@pytest.mark.parametrize("args", [["--top=2"], ["--active"],
                                  ["--top=1", "--active", "--sort=total"]])
def test_all_groups_are_there_however_few_print(spawn, args):
    data = sample() + record(25, status="S1")
    all_of_them = timed(spawn, "-f", "json", data=data, count=5)
    some = timed(spawn, "-f", "json", *args, data=data, count=5)
    assert len(request(some.port, "/api/window").exact()) < len(
        request(all_of_them.port, "/api/window").exact())
    assert without_own(metrics(some)) == without_own(metrics(all_of_them))
    some.close_stdin()
    assert some.wait().status == 0


def test_nothing_of_a_window_before_the_first(spawn):
    process = http_client.serve(spawn, "-t", "t", "-w", "5", "-")
    found = samples(metrics(process))
    names = {name for name, _ in found}
    assert set(OWN) - {"ordercount_behind_seconds"} <= names
    assert ("ordercount_source_up", (("source", "-"),)) in found
    assert not names & {"ordercount_orders_total", "ordercount_window_orders",
                        "ordercount_window_end_timestamp_seconds"}


def test_values_may_be_anything(spawn):
    process = timed(spawn, data=b"".join(
        record(0, status=key) for key in NASTY) + record(5), count=1)
    found = [labels[0][1] for name, labels in samples(metrics(process))
             if name == "ordercount_orders_total"]
    plain = [key for key in NASTY if key and not key.startswith('"') and
             key not in ("(other)", "(summary)", "5", "null")]
    assert set(plain) <= set(found)
    assert len(found) == len(set(NASTY))


def test_keys_that_become_one_label_are_refused():
    result = oc.run(["--http=0", "-k", "a.b,a_b", "-"])
    assert (result.status, result.out) == (2, b"")
    assert b"the same label" in result.err.split(b"\n")[0]


def test_merged_keys_that_become_one_label_are_said(spawn):
    """A page can show them, a monitor cannot."""
    process = http_client.serve(spawn, "--merge", "-f", "json", "-")
    process.write(b"".join(
        b'{"start":"2026-01-01T00:00:%02dZ","end":"2026-01-01T00:00:%02dZ",'
        b'"partial":false,"key":{"a.b":"x","a_b":"y"},"count":3}\n' % (
            at, at + 5) for at in (0, 5)))
    document, = wait_documents(process, 1)
    assert document["keys"] == ["a.b", "a_b"]
    answer = request(process.port, "/metrics")
    assert answer.status == 500 and b"the same label" in answer.body
    assert request(process.port, "/healthz").status == 200


def test_what_was_read_and_what_is_resident(feed, spawn):
    process = http_client.serve(spawn, "-w", "0.1", "127.0.0.1", feed.port)
    client = feed.accept()
    read = ("ordercount_read_bytes_total", ())
    for size in (1, 1000, 100000):
        before = samples(metrics(process))[read]
        data = (b" " * (size - 1)) + b"\n"
        client.send(data)
        oc.until(lambda: samples(metrics(process))[read] >= before + size,
                 "the bytes")
        assert samples(metrics(process))[read] == before + size
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as file:
        now = int(file.read().split()[1]) * resource.getpagesize()
    said = samples(metrics(process))["process_resident_memory_bytes", ()]
    assert now / 2 < said < now * 2


def test_what_waits_for_a_slow_reader_is_said(feed, spawn):
    rows, writer = os.pipe()
    process = http_client.serve(spawn, "-w", "0.1", "127.0.0.1", feed.port,
                                stdout=writer)
    os.close(writer)
    try:
        feed.accept().send(b"".join(oc.order(f"{n:04d}" + "x" * 100)
                                    for n in range(3000)))
        waiting = ("ordercount_output_waiting_bytes", ())
        oc.until(lambda: samples(metrics(process))[waiting] > 300_000,
                 "bytes that wait")
        status = request(process.port, "/api/status").exact()
        assert int(status["waiting_bytes"]) > 300_000
    finally:
        os.close(rows)


def test_how_far_it_is_behind_by_event_time(spawn):
    process = timed(spawn, data=record(0) + record(5), count=1)
    behind = samples(metrics(process))["ordercount_behind_seconds", ()]
    assert behind == pytest.approx(time.time() - (BASE + 5), abs=60)


# --- /healthz ----------------------------------------------------------------

def health(process):
    answer = request(process.port, "/healthz")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"
    return answer.status, answer.body.decode().strip()


def wait_health(process, wanted, *lines):
    """Waits for the status, and a line for each of these: NAME: STATE, and
    what had become of it."""
    def is_so():
        status, text = health(process)
        found = text.split("\n")
        return (status == wanted and len(found) == len(lines) and all(
            re.fullmatch(rf"{re.escape(line)}(: .+)?", said)
            for line, said in zip(lines, found)))

    oc.until(is_so, f"{wanted} {lines}", lambda: health(process))


def test_it_is_well_while_the_server_is_there(feed, spawn):
    process = http_client.serve(spawn, "-r", "-w", "0.2", "127.0.0.1",
                                feed.port)
    name = f"tcp://127.0.0.1:{feed.port}"
    up = ("ordercount_source_up", (("source", name),))
    client = feed.accept()
    wait_health(process, 200, "ok")
    assert samples(metrics(process))[up] == 1
    feed.stop_listening()
    client.close()
    wait_health(process, 503, f"{name}: down")
    assert samples(metrics(process))[up] == 0
    feed.listen()
    feed.accept()
    wait_health(process, 200, "ok")
    assert samples(metrics(process))[up] == 1


def test_before_the_first_connection_it_is_not(spawn):
    with oc.Refused() as refused:
        process = http_client.serve(spawn, "-r", "127.0.0.1", refused.port)
        name = f"tcp://127.0.0.1:{refused.port}"
        wait_health(process, 503, f"{name}: opening")
        oc.until(lambda: b": Connection refused\n" in
                 request(process.port, "/healthz").body, "the reason")


def test_one_that_failed_is_named_and_one_that_ended_is_well(feed, spawn,
                                                             tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(oc.order())
    process = http_client.serve(spawn, "-w", "0.2", path, "-",
                                f"tcp://127.0.0.1:{feed.port}")
    client = feed.accept()
    process.wait_for(rb"PLACED\t\d+\t1\n")
    wait_health(process, 200, "ok")
    client.reset()
    wait_health(process, 503, f"tcp://127.0.0.1:{feed.port}: failed")
    process.close_stdin()
    assert process.wait().status == 1


def test_each_source_that_is_not_up_has_a_line(feeds, spawn):
    servers = [feeds("127.0.0.1"), feeds("127.0.0.1")]
    names = [f"tcp://127.0.0.1:{server.port}" for server in servers]
    process = http_client.serve(spawn, "-r", "-w", "0.2", *names)
    for server in servers:
        server.accept()
    wait_health(process, 200, "ok")
    for server in servers:
        server.close()
    wait_health(process, 503, *(f"{name}: down" for name in names))


def test_a_name_cannot_bring_a_line_of_its_own(spawn, tmp_path):
    """What a person or a log sees of a file's name has no control in it."""
    path = tmp_path / "a\nb\x1b: up"
    os.mkfifo(path)
    process = http_client.serve(spawn, "-w", "0.2", path, "-")
    status, text = health(process)
    # Standard input may still be opening.
    lines = [line for line in text.split("\n") if line != "-: opening"]
    assert status == 503 and len(lines) == 1 and "\x1b" not in text
    source = request(process.port, "/api/status").exact()["sources"][0]
    assert "\n" not in source["name"] or source["name"] == str(path)
