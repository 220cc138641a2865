"""--http: what /api says of the windows is what stdout says of them."""

import decimal
import json
import random
import re
import socket
from decimal import Decimal

import pytest

import http_client
import oc
from http_client import documents, exact, ordered, request, wait_documents

pytestmark = http_client.needed

BASE = 1_732_269_600  # 2024-11-22T10:00:00Z


def record(at, **fields):
    """An order at so many seconds after BASE."""
    fields = {"t": BASE + at, "status": "A", **fields}
    return json.dumps(fields).encode() + b"\n"


def sample(windows=4, orders=40, groups=6, seed=7):
    """Orders for so many windows of 5 s, and one that closes the last."""
    rng = random.Random(seed)
    lines = []
    for window in range(windows):
        for _ in range(orders):
            lines.append(record(
                5 * window + rng.randrange(5),
                status=f"S{min(rng.randrange(groups), rng.randrange(groups))}",
                country=rng.choice(["SE", "de", "Å"])))
    return b"".join(lines) + record(5 * windows, status="S0", country="SE")


class Printed:
    """The windows on stdout: json with --summary."""

    def __init__(self, process, count):
        process.wait_for(lambda out: len(oc.json_windows(out)) >= count)
        self.windows = [[]]
        for line in process.out.splitlines():
            self.windows[-1].append(line)
            if b'"summary":' in line:
                self.windows.append([])
        self.windows = self.windows[:count]


def start(spawn, *args, data, count, **more):
    """A run by event time that has printed so many windows, and goes on."""
    process = http_client.serve(spawn, "-t", "t", "-w", "5", "-f", "json",
                                *args, "-", **more)
    process.write(data)
    process.documents = wait_documents(process, count)
    assert len(process.documents) == count
    return process


def check_window(process, lines):
    """/api/window is these lines of stdout, byte for byte."""
    answer = request(process.port, "/api/window")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert ordered(answer.exact()) == ordered([exact(line) for line in lines])
    for line in lines:
        assert line in answer.body, line
    assert answer.headers["cache-control"] == "no-store"


def check_document(document, lines, keys=("status",)):
    """A document of few rows is the window that stdout shows."""
    rows = [exact(line) for line in lines]
    summary = rows.pop()
    assert ordered(document["rows"]) == ordered(rows)
    assert ordered(document["summary"]) == ordered(summary["summary"])
    for name in ("start", "end", "partial"):
        assert document[name] == summary[name]
    assert document["keys"] == list(keys)
    assert int(document["orders"]) == sum(int(row["count"]) for row in rows)
    assert document["left_out"] == "0"
    assert len(document["labels"]) == len(rows)
    for labels, row in zip(document["labels"], rows):
        if row["key"] is None:
            assert labels == ["(other)"] * len(keys)
        else:
            assert labels == list(row["key"].values())


VARIANTS = {
    "plain": [],
    "top": ["--top=2"],
    "active": ["--active"],
    "sort": ["--sort=total"],
    "sort count": ["--sort=count", "--active"],
    "expect": ["--expect=S9", "--expect=a b"],
    "other": ["--max-groups=2"],
    "forget": ["--forget=5"],
    "where": ["--where=country=SE"],
    "zone": ["--local-time"],
    "slide": ["--slide=1"],
    "keys": ["-k", "status,country"],
    "keys top": ["-k", "status,country", "--top=3"],
    "missing": ["-k", "status,shop", "--missing=none"],
    "late": ["--where=status!=S1", "--lateness=2"],
}


@pytest.mark.parametrize("args", VARIANTS.values(), ids=VARIANTS)
def test_each_window_is_the_one_on_stdout(spawn, args):
    keys = args[1].split(",") if "-k" in args else ["status"]
    data = sample() + record(1) + b"{}\n[]\n" + record(40, country="SE")
    # What a run without --http prints, at the end only what closed.
    alone = oc.run(["-t", "t", "-w", "5", "-f", "json", "--summary", *args,
                    "-"], stdin=data, env={"TZ": "America/New_York"}).out
    windows = len(oc.json_windows(alone))
    closed = sum(1 for _, row in oc.json_windows(alone)
                 if not row["partial"])
    assert 0 < closed < windows
    process = http_client.serve(
        spawn, "-t", "t", "-w", "5", "-f", "json", "--summary", *args, "-",
        env={"TZ": "America/New_York"})
    process.write(data)
    process.documents = wait_documents(process, closed)
    printed = Printed(process, closed).windows
    assert b"\n".join(b"\n".join(lines) for lines in printed) in alone
    assert len(process.documents) == closed
    for document, lines in zip(process.documents, printed):
        check_document(document, lines, keys)
    check_window(process, printed[-1])
    process.close_stdin()
    result = process.wait()
    assert (result.status, result.out) == (0, alone)


def test_without_a_summary_there_is_none_in_the_rows(spawn):
    process = start(spawn, data=sample(), count=4)
    orders = sum(int(document["summary"]["orders"])
                 for document in process.documents)
    process.wait_for(lambda out: sum(
        json.loads(line)["count"]
        for line in oc.whole_lines(out).splitlines()) == orders)
    lines = process.out.splitlines()
    last = [line for line in lines
            if exact(line)["start"] == exact(lines[-1])["start"]]
    check_window(process, last)
    assert b"summary" not in request(process.port, "/api/window").body
    assert [int(document["summary"]["counted"])
            for document in process.documents] == [41, 40, 40, 40]


@pytest.mark.parametrize("form", ["tsv", "csv", "table", "prometheus"])
def test_the_format_of_stdout_changes_nothing(spawn, form):
    bodies = []
    for name in ("json", form):
        process = http_client.serve(spawn, "-t", "t", "-w", "5", "-f", name,
                                    "-")
        process.write(sample())
        wait_documents(process, 4)
        documents_ = request(process.port, "/api/windows").body
        run = re.search(rb'"id":"([0-9a-f]+)-', documents_)[1]
        bodies.append((documents_.replace(run, b"RUN"),
                       request(process.port, "/api/window").body))
    assert bodies[0] == bodies[1]


def test_sums_and_counts_keep_every_digit(spawn):
    numbers = ["1234567890123456789012345678901234567890.12",
               "0.000000000000000000000000000000000000000001",
               "-9007199254740993", "1e99"]
    data = b"".join(b'{"t":%d,"status":"N%d","n":%s}\n' % (
        BASE, index, number.encode()) for index, number in enumerate(numbers))
    process = start(spawn, "--sum=n", "--summary",
                    data=data + record(5, n="7.50"), count=1)
    printed = Printed(process, 1).windows[0]
    check_window(process, printed)
    check_document(process.documents[0], printed)
    for row, number in zip(process.documents[0]["rows"], numbers):
        assert Decimal(row["sum"]) == Decimal(number)
        assert row["total_sum"] == row["sum"]
    assert process.documents[0]["rows"][0]["sum"] == numbers[0]


# --- before the first window, merged rows ------------------------------------

def test_before_the_first_window_there_is_nothing(spawn):
    process = http_client.serve(spawn, "-t", "t", "-w", "5", "-")
    assert request(process.port, "/api/window").exact() == []
    assert documents(process.port) == []
    status = request(process.port, "/api/status").exact()
    assert status["window_seconds"] == "5" and status["timed"] is True


def test_merged_rows_name_the_keys_and_the_window(spawn):
    process = http_client.serve(spawn, "--merge", "-f", "json", "--summary",
                                "-")
    status = request(process.port, "/api/status").exact()
    assert status["window_seconds"] == "0"
    assert documents(process.port) == []
    assert request(process.port, "/metrics").status == 200
    row = ('{"start":"2026-01-01T00:00:%02dZ","end":"2026-01-01T00:00:%02dZ",'
           '"partial":false,"key":{"shop":"x","a.b":%d},"count":3,'
           '"sum":0.10}\n')
    process.write("".join(row % (at, at + 5, at)
                          for at in (0, 5, 10)).encode())
    found = wait_documents(process, 2)
    for document, lines in zip(found, Printed(process, 2).windows):
        check_document(document, lines, ("shop", "a.b"))
    status = request(process.port, "/api/status").exact()
    assert status["window_seconds"] == "5"
    assert b'shop="x",a_b="5"' in request(process.port, "/metrics").body


def test_a_window_of_all_comes_at_the_end(spawn, tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(oc.order("A") * 3)
    # The other source keeps it open until we have looked.
    process = http_client.serve(spawn, "-w", "all", "-f", "json", path, "-")
    with http_client.Events(process.port) as events:
        process.close_stdin()
        document = events.window()
        assert [row["count"] for row in document["rows"]] == ["3"]
        assert document["partial"] is False
        assert events.named("end").data == "{}"
    assert process.wait().status == 0


# --- the document ------------------------------------------------------------

NAMES = ["id", "start", "end", "partial", "seconds", "keys", "orders", "total",
         "groups", "left_out", "labels", "rows", "summary"]


def test_a_document_has_all_that_it_is_to_have(spawn):
    process = start(spawn, data=sample(), count=4)
    total = 0
    run = request(process.port, "/api/status").exact()["run"]
    for number, document in enumerate(process.documents):
        assert sorted(document) == sorted(NAMES)
        total += int(document["orders"])
        assert document["total"] == str(total)
        assert document["seconds"] == "5"
        assert re.fullmatch(r"[0-9a-f]+-\d+", document["id"])
        first = int(process.documents[0]["id"].split("-")[1])
        assert document["id"] == f"{run}-{first + number}"
        assert document["groups"] == str(len(document["rows"]))


@pytest.mark.valgrind
def test_a_large_window_is_cut_and_its_other_adds_up(spawn):
    lines = []
    for number in range(250):
        lines += [b'{"t":%d,"status":"g%03d","n":0.%040d}\n' % (
            BASE, number, number + 1)] * (1 + number % 125)
    rng = random.Random(1)
    rng.shuffle(lines)
    process = start(spawn, "--sum=n", "--summary", "--expect=zero",
                    data=b"".join(lines) + record(5, n=0), count=1)
    printed = [exact(line) for line in Printed(process, 1).windows[0]]
    printed.pop()
    assert len(printed) == 251
    document = process.documents[0]
    check_cut(document, printed)
    rows = document["rows"]
    # The largest, in the order in which they print.
    shown = [row["key"]["status"] for row in rows[:-1]]
    assert shown == sorted(shown)
    counts = {row["key"]["status"]: int(row["count"]) for row in printed}
    least = min(counts[name] for name in shown)
    assert all(count <= least for name, count in counts.items()
               if name not in shown)
    check_window(process, Printed(process, 1).windows[0])
    process.close_stdin()
    assert process.wait().status == 0


def check_cut(document, printed):
    """printed: all rows, of which the document has the largest."""
    rows = document["rows"]
    assert 2 <= len(rows) <= 101
    assert len(document["labels"]) == len(rows)
    assert document["labels"][-1] == ["(other)"] and rows[-1]["key"] is None
    own = rows[:-1]
    for row in own:
        assert row in printed
    hidden = [row for row in printed if row not in own]
    had_other = any(row["key"] is None for row in printed)
    assert int(document["left_out"]) == len(hidden) - had_other
    for name in ("count", "total", "sum", "total_sum"):
        if name in printed[0]:
            assert Decimal(rows[-1][name]) == exact_sum(
                row[name] for row in hidden), name
    assert list(rows[-1]) == list(printed[0])
    assert int(document["orders"]) == sum(int(row["count"]) for row in printed)
    assert int(document["total"]) == sum(int(row["total"]) for row in printed)


def exact_sum(numbers):
    with decimal.localcontext() as context:
        context.prec = 300
        return sum((Decimal(number) for number in numbers), Decimal(0))


def test_a_top_that_is_cut_again_has_one_other(spawn):
    lines = []
    for number in range(200):
        lines += [record(0, status=f"g{number:03d}")] * (1 + number)
    process = start(spawn, "--top=150", "--summary",
                    data=b"".join(lines) + record(5), count=1)
    printed = [exact(line) for line in Printed(process, 1).windows[0]]
    printed.pop()
    assert len(printed) == 151
    check_cut(process.documents[0], printed)
    counts = [int(row["count"]) for row in process.documents[0]["rows"][:-1]]
    assert counts == sorted(counts, reverse=True) and counts[0] == 200


def test_long_keys_make_no_large_document(spawn):
    keys = [f"{number:02d}" + "x" * 4000 for number in range(60)]
    process = start(spawn, "--summary", data=b"".join(
        record(0, status=key) for key in keys) + record(5), count=1)
    printed = [exact(line) for line in Printed(process, 1).windows[0]]
    printed.pop()
    check_cut(process.documents[0], printed)
    # Each key stands there twice, as a key and as a label.
    assert len(request(process.port, "/api/windows").body) < 200_000
    check_window(process, Printed(process, 1).windows[0])


CONTROLS = [chr(n) for n in (*range(0x20), *range(0x7f, 0xa0))]
DIRECTIONS = list("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
                  "\u200e\u200f\u061c")
NASTY = [*CONTROLS, *DIRECTIONS, *(f"\\u{ord(c):04x}" for c in DIRECTIONS),
         "\\u0000", "\\", "\\\\", '"', '""', "'", "", " ", "(other)",
         '"(other)"', "5", '"5"', "null", "(summary)", "</script><b>", "&amp;",
         "<!--", "]]>", "\u2028", "\u2029", "\ufeff", "\U0010ffff", "\ufffe",
         "a\x00b", "a", "ab", "مرحبا", "e\u0301", "\u00e9"]


def test_keys_come_through_unchanged_and_labels_are_harmless(spawn):
    # Fewer than are cut at a time.
    for start_at in range(0, len(NASTY), 45):
        keys = NASTY[start_at:start_at + 45]
        process = start(spawn, "--summary", data=b"".join(
            record(0, status=key) for key in [*keys, 5, None, True]) +
            record(5), count=1)
        printed = Printed(process, 1).windows[0]
        check_window(process, printed)
        document = process.documents[0]
        rows = document["rows"]
        found = [row["key"]["status"] for row in rows]
        assert sorted(map(repr, found)) == sorted(
            map(repr, [*keys, http_client.strict_json.Num("5"), None, True]))
        labels = [label for label, in document["labels"]]
        assert len(set(labels)) == len(labels)
        for label in labels:
            assert not any(c in label for c in CONTROLS + DIRECTIONS), label
        text = request(process.port, "/api/windows").body.decode()
        assert not any(c in text for c in CONTROLS if c != "\n")


def test_a_group_of_several_keys_is_one_label_each(spawn):
    process = start(spawn, "-k", "a,b", data=b"".join(
        record(0, a=a, b=b) for a, b in [("x\t", "y"), ("x", "\ty"), ("", 1),
                                         ("", "1"), (None, "null")]) +
        record(5, a=1, b=1), count=1)
    labels = process.documents[0]["labels"]
    assert all(len(pair) == 2 for pair in labels)
    assert len({"\t".join(pair) for pair in labels}) == 5


# --- last, keep --------------------------------------------------------------

def test_last_takes_the_newest_oldest_first(spawn):
    process = start(spawn, data=sample(windows=7), count=7)
    whole = process.documents
    assert [document["start"] for document in whole] == sorted(
        document["start"] for document in whole)
    for last in (1, 3, 6, 7, 8, 1000000):
        assert documents(process.port, f"?last={last}") == whole[-last:]


@pytest.mark.parametrize("last", [
    "x", "", "-1", "+1", "1.5", "1e3", "0x1", "%31x", " 1", "1%00",
    "99999999999999999999999", "%"])
def test_a_wrong_last_is_refused(spawn, last):
    process = start(spawn, data=sample(windows=1), count=1)
    with http_client.Client(process.port) as client:
        client.ask(f"/api/windows?last={last.replace(' ', '%20')}")
        answer = client.answer()
    assert answer.status == 400, answer
    http_client.check_headers(answer)
    assert b"last" in answer.body


@pytest.mark.parametrize("keep", [1, 3])
def test_only_so_many_are_kept(spawn, keep):
    process = http_client.serve(spawn, f"--http-keep={keep}", "-t", "t", "-w",
                                "5", "-f", "json", "--summary", "-")
    with http_client.Events(process.port) as events:
        process.write(record(0))
        seen = []
        for window in range(1, 7):
            process.write(record(5 * window))
            seen.append(events.window())
    assert documents(process.port) == seen[-keep:]
    assert documents(process.port, "?last=5") == seen[-keep:]
    assert request(process.port, "/api/status").exact()["keep"] == str(keep)
    check_window(process, Printed(process, 6).windows[-1])
    # Who comes late gets what is kept, and no more.
    with http_client.Events(process.port, last=seen[0]["id"]) as events:
        assert events.windows(keep) == seen[-keep:]


def test_720_are_kept(spawn):
    process = http_client.serve(spawn, "-t", "t", "-w", "1", "-")
    process.write(b"".join(record(at) for at in range(740)))
    process.wait_for(lambda out: out.count(b"\n") == 739)
    oc.until(lambda: len(documents(process.port, "?last=721")) == 720 and
             documents(process.port, "?last=1")[0]["total"] == "739",
             "the last 720")


# --- after a crash -----------------------------------------------------------

def test_windows_that_print_again_after_a_crash_are_shown(spawn, tmp_path):
    state = tmp_path / "state"
    args = ["-t", "t", "-w", "5", "-f", "json", "--summary",
            f"--state={state}", "-"]
    # Nobody reads, and what a pipe holds is full: nothing is taken.
    mine, theirs = socket.socketpair()
    theirs.setblocking(False)
    try:
        while True:
            theirs.send(bytes(4096))
    except BlockingIOError:
        pass
    process = http_client.serve(spawn, *args, stdout=theirs.fileno())
    process.write(sample(windows=3))
    before = wait_documents(process, 1)
    process.signal(9)
    process.wait()
    mine.close()
    theirs.close()
    again = http_client.serve(spawn, *args)
    found = wait_documents(again, len(before))
    run = again.port and request(again.port, "/api/status").exact()["run"]
    assert run != before[0]["id"].split("-")[0]
    for document, lines in zip(found, Printed(again, len(found)).windows):
        check_document(document, lines)
    for document, old in zip(found, before):
        assert {**document, "id": 0} == {**old, "id": 0}
