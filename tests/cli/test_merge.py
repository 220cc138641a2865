"""Rows of other runs, added up."""

import json
import os
import random
import threading

import pytest

import oc
from random_times import KEYS
from strict_json import Num

ROW = ('{{"start":"2026-11-22T10:{}Z","end":"2026-11-22T10:{}Z",'
       '"partial":{},{}"key":{},"count":{},"total":{}{}}}')


def row(minutes, key='"A"', count=1, partial="false", more="", slide="",
        name="status"):
    """A row of ten o'clock; minutes: "00:05-00:10", of mm:ss."""
    start, end = minutes.split("-")
    if name:
        key = f'{{"{name}":{key}}}'
    return (ROW.format(start, end, partial, slide, key, count, 7, more) +
            "\n").encode()


def rows(out):
    """Rows of json, with numbers as they are spelt."""
    return [json.loads(line, parse_int=Num, parse_float=Num)
            for line in out.splitlines()]


def merged(args, data, status=0):
    result = oc.run(["--merge", "-q", "-f", "json", *args, "-"], data)
    assert result.status == status, result
    return rows(result.out)


def fate(data, *args):
    """What becomes of the last of some rows: a reason, or another word."""
    summary = merged(["--summary", "-w", "5", *args], data)
    tally = {"rejected": {}}
    for last in summary:
        if "summary" in last:
            for name in ("counted", "filtered", "late"):
                tally[name] = tally.get(name, 0) + int(last["summary"][name])
            tally["rejected"].update(last["summary"]["rejected"])
    others = data.count(b"\n") - 1
    if tally["rejected"]:
        assert tally["counted"] == others
        (reason, number), = tally["rejected"].items()
        assert number == "1"
        return reason
    assert sum(tally[name] for name in ("counted", "filtered", "late")
               ) == others + 1
    return next((name for name in ("late", "filtered") if tally[name]),
                "counted")


# --- a stream in parts -------------------------------------------------------

AMOUNTS = ["1", "0.1", "-2.50", '"12.5"', "1e3", "-1e-20", "0", "-0.000",
           "99999999999999999999999999999999999999", "1e100"]
FIELDS = [("status",), ("status",), ("k.r",), ("status", "k.r"), ("/k/r",),
          ("a\\.b",)]


class Parts:
    """A random stream that is nowhere late, in several parts."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        pick = self.random.choice
        self.fields = pick(FIELDS)
        self.window_s = pick([1, 10, 60])
        self.summing = pick([True, False])
        self.parts = [self.part() for _ in range(pick([1, 2, 3, 7]))]

    def part(self):
        pick = self.random.choice
        count = pick([0, 1, 5, 40, 200])
        keys = self.random.sample(KEYS, pick([1, 3, len(KEYS)])) + ['"a\\tb"']
        lines = []
        for _ in range(count):
            time = 1614859200 + self.random.randrange(7 * self.window_s)
            lines.append(f'{{"t":{time},"status":{pick(keys)},"a\\\\.b":'
                         f'{pick(keys)},"k":{{"r":{pick(keys)}}},'
                         f'"n":{pick(AMOUNTS)}}}\n')
        return "".join(lines).encode()

    def query(self, window_s):
        args = ["-t", "t", "-w", window_s, "-l", "1d", "-q", "-f", "json"]
        for field in self.fields:
            args += ["-k", field.replace("a\\.b", "/a\\.b")]
        return args + (["--sum=n"] if self.summing else [])


def plain(out):
    """Rows without what merging does not keep: partial, the tallies.

    Groups have their names when they are read, which is at last the same.
    """
    found = rows(out)
    for line in found:
        del line["partial"]
        if "summary" in line:
            last = line["summary"]
            line["summary"] = last["orders"]
    return found and [*found, last["groups"]]


@pytest.mark.parametrize("way", ["files", "fifos", "pipe"])
@pytest.mark.parametrize("seed", range(12))
def test_the_parts_of_a_stream_make_the_whole(way, seed, tmp_path):
    stream = Parts(seed)
    factor = stream.random.choice([1, 1, 3])
    whole = oc.run([*stream.query(factor * stream.window_s), "--summary", "-"],
                   b"".join(stream.parts))
    parts = []
    for data in stream.parts:
        more = ["--summary"] * stream.random.randrange(2)
        part = oc.run([*stream.query(stream.window_s), *more, "-"], data)
        assert part.status == 0, part
        parts.append(part.out)
    args = ["--merge", "-q", "-f", "json", "--summary",
            "-w", factor * stream.window_s]
    if way == "pipe":
        # One stream that begins anew for each part.
        found = oc.run([*args, "-l", "1d", "-"], b"".join(parts))
    else:
        found = by_name(args, parts, way, tmp_path)
    assert found.status == 0 and found.err == b"", found
    if not any(stream.parts):
        assert found.out == whole.out == b""
    assert plain(found.out) == plain(whole.out)


def by_name(args, parts, way, folder):
    """The result of merging parts that are files, or FIFOs written at once."""
    paths = [folder / f"part{i}" for i in range(len(parts))]
    writers = []
    for path, data in zip(paths, parts):
        if way == "files":
            path.write_bytes(data)
            continue
        os.mkfifo(path)
        writers.append(threading.Thread(target=path.write_bytes, args=[data]))
        writers[-1].start()
    found = oc.run([*args, *paths])
    for writer in writers:
        writer.join()
    return found


@pytest.mark.parametrize("way", ["tcp", "pipe"])
def test_rows_of_an_arrival_run_make_its_counts(way, feed, spawn):
    """Its first and last window are partial, and the merge reads it live."""
    first = spawn(["-w", "0.2", "-f", "json", "--summary", "-"])
    args = ["--merge", "-w", "0.2", "-f", "json"]
    if way == "tcp":
        last = spawn([*args, "127.0.0.1", feed.port])
        client = feed.accept()
    else:
        last = spawn([*args, "-"])
    passed = 0

    def hand_over():
        nonlocal passed
        news = oc.whole_lines(first.out)[passed:]
        passed += len(news)
        client.send(news) if way == "tcp" else last.write(news)
    for i in range(1, 6):
        first.write(oc.order("A") * i + oc.order("B"))
        first.wait_for(lambda out: out.count(b'"summary"') > i)
        hand_over()
    # What one has printed whole, the other soon has, too.
    last.wait_for(rb'"partial":false.*"partial":false')
    first.close_stdin()
    result = first.wait()
    hand_over()
    client.close() if way == "tcp" else last.close_stdin()
    found = last.wait()
    assert result.status == found.status == 0 and found.err == b"", found
    counts = {}
    for line in rows(result.out):
        if "key" in line:
            key = line["key"]["status"]
            counts[key] = counts.get(key, 0) + int(line["count"])
    totals = {line["key"]["status"]: int(line["total"])
              for line in rows(found.out)}
    assert totals == counts == {"A": 15, "B": 5}


# --- windows -----------------------------------------------------------------


def test_the_first_whole_row_says_how_long_windows_are():
    found = merged([], row("00:03-00:05", partial="true") +
                   row("00:05-00:10", count=2) + row("00:10-00:15") +
                   row("00:15-00:17", count=3, partial="true"))
    assert [(r["start"][14:19], r["end"][14:19], r["partial"], r["count"],
             r["total"]) for r in found] == [
        ("00:00", "00:05", False, "1", "1"),
        ("00:05", "00:10", False, "2", "3"),
        ("00:10", "00:15", False, "1", "4"),
        # The input ended before its end did, as the watermark is a start.
        ("00:15", "00:20", True, "3", "7")]


def test_rows_that_waited_are_of_the_file_that_had_them(tmp_path):
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "1").write_bytes(row("00:56-01:00", partial="true"))
    (folder / "2").write_bytes(row("00:11-00:15", partial="true"))
    (folder / "3").write_bytes(row("00:05-00:10"))
    result = oc.run(["--merge", folder])
    # The newest time of the first is none of the other two.
    assert [(r.start[14:19], r.count) for r in oc.rows(result.out)] == [
        ("00:05", 1), ("00:10", 1), ("00:55", 1)], result


def test_what_is_rejected_while_rows_wait_is_tallied_in_its_place():
    """As where the length of the windows is given."""
    data = b"\n".join([
        b"{", row("00:03-00:05", partial="true").rstrip(), b"x" * 2000,
        row("00:11-00:15", partial="true").rstrip(), b"{", b"[]", b"{",
        row("00:22-00:25", partial="true").rstrip(), b"{",
        row("00:25-00:30")])
    args = ["--merge", "-f", "json", "--summary", "--max-line=1K", "-"]
    results = [oc.run([*more, *args], data) for more in ((), ("-w", "5s"))]
    assert all(result.status == 0 for result in results), results
    assert results[0].out == results[1].out
    assert results[0].err == results[1].err


@pytest.mark.parametrize("window, count", [("5s", 4), ("10s", 2), ("1m", 1),
                                           ("1d", 1), ("20s", 1)])
def test_window_says_another(window, count):
    data = b"".join(row(f"00:{s:02}-00:{s + 5:02}") for s in (0, 5, 10, 15))
    found = merged(["-w", window], data)
    assert len(found) == count and found[-1]["total"] == "4"


def test_without_a_whole_row_it_wants_a_window():
    data = row("00:03-00:05", partial="true")
    result = oc.run(["--merge", "-"], data)
    assert result.status == 1 and b"--window" in result.err, result
    assert result.err.count(b"ordercount: ") == 1
    assert merged(["-w", "5"], data)[0]["total"] == "1"


def test_no_row_at_all_is_an_empty_result():
    assert oc.run(["--merge", "-"]) == (0, b"", b"")
    assert oc.run(["--merge", "-"], b"{}\n").status == 0


def test_a_late_row_is_late_unless_there_is_lateness():
    data = row("00:00-00:05") + row("00:20-00:25") + row("00:00-00:05")
    assert fate(data) == "late"
    assert fate(data, "-l", "15") == "late"
    assert fate(data, "-l", "15001ms") == "counted"


def test_the_least_of_several_inputs_decides(feeds, spawn):
    one, two = feeds(), feeds()
    process = spawn(["--merge", "-w5", f"tcp://127.0.0.1:{one.port}",
                     f"tcp://127.0.0.1:{two.port}"])
    a, b = one.accept(), two.accept()
    a.send(row("00:00-00:05") + row("00:20-00:25"))
    a.wait_read()
    b.send(row("00:00-00:05", count=4) + row("00:05-00:10"))
    assert b"\tA\t5\t5\n" in process.wait_for(rb"[^\n]*\n")[0]
    a.close()
    b.close()
    assert oc.rows(process.wait().out)[-1].total == 7


# --- what is no row ----------------------------------------------------------


@pytest.mark.parametrize("line, reason", [
    (b"x\n", "invalid_json"), (b"[]\n", "not_object"),
    (b"{}\n", "missing_key"),
    (row("00:00-00:05", name="other"), "missing_key"),
    (row("00:00-00:05", key='{"status":"A","b":1}', name=""), "missing_key"),
    (row("00:00-00:05", key="{}", name=""), "missing_key"),
    (row("00:00-00:05", key='"A"', name=""), "bad_key"),
    (row("00:00-00:05", key="[1]"), "bad_key"),
    (row("00:00-00:05", key='"\\ud800"'), "bad_key"),
    (row("00:00-00:06"), "bad_time"),
    (row("00:03-00:07"), "bad_time"),
    (row("00:05-00:05"), "bad_time"),
    (row("00:05-00:00", partial="true"), "bad_time"),
    (row("00:05-00:61"), "bad_time"),
    (row("00:00-00:05", slide='"slide":1,'), "bad_time"),
    (row("00:00-00:05").replace(b"2026", b"2100"), "bad_time"),
    (row("00:00-00:05").replace(b"0Z", b"0"), "bad_time"),
    (row("00:00-00:05", count=-1), "bad_number"),
    (row("00:00-00:05", count="1.0"), "bad_number"),
    (row("00:00-00:05", count='"1"'), "bad_number"),
    (row("00:00-00:05", count=1 << 64), "bad_number"),
    (row("00:00-00:05").replace(b'"count":1,', b""), "bad_number"),
    (row("00:00-00:05", key="null", name="", count=-1), "bad_number"),
])
def test_what_is_no_row_costs_that_line_alone(line, reason):
    assert fate(row("00:00-00:05") + line) == reason


@pytest.mark.parametrize("line", [
    row("00:00-00:05", key="null", name=""),
    row("00:03-00:07", partial="true"),
    row("00:00-00:04"),
    row("00:03-00:03", partial="true"),
    row("00:00-00:05", more=',"sum":"x"'),
    row("00:00-00:05", more=',"other":[]'),
    row("00:00-00:05", count=(1 << 32)),
    row("00:00-00:05").replace(b"A", b"\\u0041"),
])
def test_these_are_rows(line):
    assert fate(row("00:00-00:05") + line) == "counted"


def test_a_row_without_a_sum_where_the_first_has_one():
    first = row("00:00-00:05", more=',"sum":1.5')
    assert fate(first + row("00:00-00:05")) == "bad_number"
    assert fate(first + row("00:00-00:05", more=',"sum":null')) == "bad_number"
    assert fate(first + row("00:00-00:05", more=',"sum":-2.25')) == "counted"
    found = merged([], first + row("00:00-00:05", more=',"sum":-2.25'))
    assert (found[0]["sum"], found[0]["total_sum"]) == ("-0.75", "-0.75")


def test_a_summary_is_filtered():
    summary = (b'{"start":"2026-11-22T10:00:00Z","end":"2026-11-22T10:00:05Z",'
               b'"partial":false,"summary":{"orders":1,"read":1}}\n')
    assert fate(row("00:00-00:05") + summary) == "filtered"


def test_a_summary_moves_the_watermark():
    data = row("00:00-00:05") + row("00:05-00:10").replace(
        b'"key":{"status":"A"}', b'"summary":{}') + row("00:00-00:05")
    last = merged(["--summary"], data + row("00:10-00:15"))[-1]["summary"]
    assert (last["counted"], last["late"]) == ("1", "1")


# --- keys --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["customer.country", "/a~1b/0", "a\\tb",
                                  "\\u0061"])
def test_a_name_is_what_it_is(name):
    """No path is looked up: it is the name in the row's key."""
    found = merged([], row("00:00-00:05", name=name) * 2)
    assert found[0]["key"] == {json.loads(f'"{name}"'): "A"}
    assert found[0]["count"] == "2"


def test_the_order_of_names_is_that_of_the_first_row():
    found = oc.run(["--merge", "-f", "csv", "-"], row(
        "00:00-00:05", key='{"b":1,"a":2}', name="") + row(
        "00:00-00:05", key='{"a":2,"b":1}', name=""))
    assert found.out.splitlines()[0] == b"start,end,b,a,count,total"
    assert found.out.splitlines()[1].endswith(b",1,2,2,2")


def test_null_keys_add_to_other_and_a_key_may_be_null():
    found = merged([], row("00:00-00:05", key="null", count=2) +
                   row("00:00-00:05", key="null", name="", count=5) * 2)
    assert [(r["key"], r["count"]) for r in found] == [
        ({"status": None}, "2"), (None, "10")]


def test_only_null_keys():
    found = oc.run(["--merge", "-q", "-f", "json", "--summary", "-"], row(
        "00:00-00:05", key="null", name="", count=5))
    assert rows(found.out)[0]["key"] is None, found
    assert rows(found.out)[1]["summary"]["groups"] == "0"


def test_expected_groups_and_conditions_say_the_number_of_keys():
    two = row("00:00-00:05", key='{"a":"x","b":1}', name="")
    found = merged(["--expect=x\t1", "--expect=y\t2"], two)
    assert [(list(r["key"].values()), r["count"]) for r in found] == [
        (["x", "1"], "1"), (["y", "2"], "0")]
    result = oc.run(["--merge", "--expect=x", "-"], two)
    assert result.status == 1 and result.err.count(b"\n") == 1, result
    assert b"--expect" in result.err, result
    result = oc.run(["--merge", "--expect=x", "--fail-if=x\ty>1", "-"])
    assert result.status == 2, result
    result = oc.run(["--merge", "--fail-if=x\t1>0", "-"], two)
    assert result.status == 3 and b"it was 1" in result.err, result


# --- output ------------------------------------------------------------------


@pytest.mark.parametrize("form, shown", [
    ("tsv", "2026-11-22T10:00:00Z\t2026-11-22T10:00:05Z\tA\t3\t3\t0.30\t0.30"),
    ("csv", "start,end,status,count,total,sum,total_sum\n"
            "2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,A,3,3,0.30,0.30"),
    ("table", "A"),
    ("prometheus", 'ordercount_orders_total{status="A"} 3')])
def test_every_format(form, shown):
    data = row("00:00-00:05", count=1, more=',"sum":0.1') + row(
        "00:00-00:05", count=2, more=',"sum":0.20')
    result = oc.run(["--merge", "-f", form, "-"], data)
    assert result.status == 0 and shown in result.out.decode(), result


def test_prometheus_names_that_become_equal_are_said():
    result = oc.run(["--merge", "-f", "prometheus", "-"], row(
        "00:00-00:05", key='{"a.b":1,"a-b":2}', name=""))
    assert result.status == 1 and result.err.count(b"\n") == 1, result


def test_rows_can_be_merged_again():
    data = row("00:00-00:05", count=3, more=',"sum":0.50') + row(
        "00:05-00:10", key='"B"', more=',"sum":-1')
    once = oc.run(["--merge", "-f", "json", "-"], data).out
    again = oc.run(["--merge", "-f", "json", "-"], once).out
    assert again == once and once.count(b"\n") == 3


@pytest.mark.parametrize("option", [
    "--key=a", "--time=t", "--slide=1s", "--where=a=1", "--missing=x",
    "--sum=n"])
def test_what_does_not_go_with_it_is_a_usage_error(option):
    result = oc.run(["--merge", option, "-"])
    assert result.status == 2, result
    assert option.split("=")[0].encode() in result.err


# --- state -------------------------------------------------------------------


def test_it_goes_on_from_a_state(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(row("00:03-00:05", partial="true", more=',"sum":1.5') +
                    row("00:05-00:10", more=',"sum":0.25', count=2))
    two.write_bytes(row("00:05-00:10", key='"B"', more=',"sum":1') +
                    row("00:10-00:15", more=',"sum":3'))
    args = ["--merge", "-q", "--state", tmp_path / "state"]
    first = oc.run([*args, one])
    second = oc.run([*args, "--drain", two])
    assert first.status == second.status == 0, (first, second)
    assert [(r.start[14:19], r.key[0], r.count, r.total, *r.more)
            for r in oc.rows(first.out + second.out)] == [
        ("00:00", "A", 1, 1, "1.5", "1.5"),
        ("00:05", "A", 2, 3, "0.25", "1.75"), ("00:05", "B", 1, 1, "1", "1"),
        ("00:10", "A", 1, 4, "3.00", "4.75"), ("00:10", "B", 0, 1, "0", "1")]
    # Each row counts once, however often it is read.
    third = oc.run([*args, "--drain", one, two])
    assert (third.status, third.out) == (0, b""), third


def test_another_window_on_that_state_is_refused(tmp_path):
    data = tmp_path / "rows"
    data.write_bytes(row("00:00-00:05") + row("00:05-00:10"))
    args = ["--merge", "--state", tmp_path / "state"]
    assert oc.run([*args, "-w5", data]).status == 0
    refused = oc.run([*args, "-w10", data])
    assert refused.status == 1 and refused.err.count(b"\n") == 1, refused
