"""Windows by event time: hand-worked cases, and random streams against
reference_windows.py, row for row. The seeds are fixed.
"""

import json
import re
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import pytest

import oc
from random_times import DAY_MS, Maker
from reference_windows import Query, Run, read_stamp
from strict_json import Num, identity, tsv_text


def arguments(query):
    """The query as the program takes it."""
    args = ["-q", "-f", "json", "--summary", "-t", query.time,
            "-w", f"{query.window_ms}ms",
            "--lateness", f"{query.lateness_ms}ms",
            "--max-ahead", f"{query.max_ahead_ms}ms",
            "--max-groups", query.max_groups, "--max-line", query.max_line]
    for field in query.keys:
        args += ["-k", field]
    for parts in query.expect:
        args += ["--expect", "\t".join(map(tsv_text, parts))]
    for expression in query.where:
        args += ["--where", expression]
    for name, value in (("--slide", query.slide_ms and f"{query.slide_ms}ms"),
                        ("--sum", query.sum), ("--top", query.top),
                        ("--sort", query.sort)):
        args += [name, value] if value else []
    if query.missing is not None:
        args += ["--missing", query.missing]
    return args + (["--active"] if query.active else [])


def json_rows(out, query):
    """What the program wrote, as Run.rows has it."""
    rows = []
    for line in out.decode().split("\n")[:-1]:
        row = json.loads(line, parse_int=Num, parse_float=Num)
        for name in ("start", "end"):
            row[name] = read_stamp(row[name])
        slide = row.pop("slide", None)
        if "summary" in row:
            row["summary"] = numbers(row["summary"])
        else:
            if query.slide_ms not in (0, query.window_ms):
                assert float(slide) * 1000 == query.slide_ms, line
            row["key"] = row["key"] and {
                name: identity(part) for name, part in row["key"].items()}
            row.update(count=int(row["count"]), total=int(row["total"]))
        rows.append(row)
    return rows


def numbers(value):
    if isinstance(value, dict):
        return {name: numbers(v) for name, v in value.items()}
    return int(value)


def difference(found, expected):
    """The first row in which they differ, with what stands around it."""
    for at in range(max(len(found), len(expected))):
        if found[at:at + 1] != expected[at:at + 1]:
            return (f"{len(found)} rows, {len(expected)} expected; row {at}:\n"
                    f"before:   {expected[max(0, at - 1):at]}\n"
                    f"found:    {found[at:at + 3]}\n"
                    f"expected: {expected[at:at + 3]}")
    return None


def check(found, expected, told=""):
    wrong = difference(found, expected)
    assert not wrong, f"{wrong}\n{told}"


# --- hand-worked cases -------------------------------------------------------


class Case(NamedTuple):
    """lines: "TIME KEY"; rows: "START END whole|partial KEY=COUNT/TOTAL.."

    Times are of 2021-03-04 unless they hold a date.
    """
    name: str
    query: Query
    lines: tuple
    rows: tuple
    late: int = 0


def stamp(text):
    return text if text[4] == "-" else f"2021-03-04T{text}Z"


def minutes(window, slide=0, late=0, **more):
    return Query(window * 60000, slide * 60000, late * 60000, **more)


CASES = (
    # The example of the Structured Streaming guide, "Handling Late Data and
    # Watermarking" (append mode), record by record where Spark goes trigger
    # by trigger: 10 minutes every 5, threshold 10 minutes. The cat of 12:09
    # counts although 12:14 was seen; the window that ends at 12:10 is final
    # once the watermark is 12:11; the donkey of 12:04 came too late.
    Case("spark_with_watermark", minutes(10, 5, 10),
         ("12:07:00 dog", "12:08:00 owl", "12:14:00 dog", "12:09:00 cat",
          "12:15:00 cat", "12:08:00 dog", "12:13:00 owl", "12:21:00 owl",
          "12:04:00 donkey", "12:26:00 owl"),
         ("12:00:00 12:10:00 whole cat=1/1 dog=2/2 owl=1/1",
          "12:05:00 12:15:00 whole cat=1/1 dog=3/3 owl=2/2",
          "12:10:00 12:20:00 partial cat=1/2 dog=1/3 owl=1/2",
          "12:15:00 12:25:00 partial cat=1/2 dog=0/3 owl=1/3",
          "12:20:00 12:30:00 partial cat=0/2 dog=0/3 owl=2/4",
          "12:25:00 12:35:00 partial cat=0/2 dog=0/3 owl=1/4"), late=1),
    # The same guide, "Semantic Guarantees": what is within the threshold is
    # never dropped; here, too, what is beyond it counts while its window is
    # open, and the state of a window goes with the watermark at its end.
    Case("spark_threshold_is_the_least", minutes(10, late=2),
         ("12:00:00 a", "12:11:00 a", "12:01:00 b", "12:12:00 a",
          "12:09:59.999 c"),
         ("12:00:00 12:10:00 whole a=1/1 b=1/1",
          "12:10:00 12:20:00 partial a=2/3 b=0/1"), late=1),
    # updateStateByKey of the Spark Streaming guide keeps a running total of
    # every key, those without news too: `total`, and rows with count 0.
    Case("spark_update_state_by_key", minutes(1),
         ("12:00:00 a", "12:00:30 b", "12:01:00 a", "12:02:00 c",
          "12:03:00 c"),
         ("12:00:00 12:01:00 whole a=1/1 b=1/1",
          "12:01:00 12:02:00 whole a=1/2 b=0/1",
          "12:02:00 12:03:00 whole a=0/2 b=0/1 c=1/1",
          "12:03:00 12:04:00 partial a=0/2 b=0/1 c=1/2")),
    # Flink, "Windows", tumbling assigner: aligned with the epoch, start
    # inclusive, end exclusive.
    Case("flink_tumbling_bounds", minutes(60),
         ("01:00:00 a", "01:59:59.999999999 a", "02:00:00 a"),
         ("01:00:00 02:00:00 whole a=2/2", "02:00:00 03:00:00 partial a=1/3")),
    # Flink, TimeWindow: before 1970 windows are [-14, -7), [-7, 0), [0, 7).
    Case("flink_windows_before_1970", Query(7, lateness_ms=20),
         tuple(f"{text}Z a" for text in (
             "1969-12-31T23:59:59.992", "1969-12-31T23:59:59.993",
             "1969-12-31T23:59:59.999999999", "1970-01-01T00:00:00",
             "1970-01-01T00:00:00.006", "1970-01-01T00:00:00.007",
             "1970-01-01T00:00:00.027")),
         ("1969-12-31T23:59:59.986Z 1969-12-31T23:59:59.993Z whole a=1/1",
          "1969-12-31T23:59:59.993Z 1970-01-01T00:00:00Z whole a=2/3",
          "1970-01-01T00:00:00Z 1970-01-01T00:00:00.007Z whole a=2/5",
          "1970-01-01T00:00:00.007Z 1970-01-01T00:00:00.014Z partial a=1/6",
          "1970-01-01T00:00:00.021Z 1970-01-01T00:00:00.028Z partial a=1/7")),
    # Flink, sliding assigner: size 10, slide 5: an element is in two windows.
    Case("flink_sliding", minutes(10, 5),
         ("12:14:00 a", "12:30:00 b"),
         ("12:05:00 12:15:00 whole a=1/1", "12:10:00 12:20:00 whole a=1/1",
          "12:25:00 12:35:00 partial a=0/1 b=1/1",
          "12:30:00 12:40:00 partial a=0/1 b=1/1")),
    # Flink, late elements: only what no window takes any more is late. The
    # first b counts in the one of its windows that is open; it is in the
    # total of that window, and never in the one that was printed.
    Case("flink_late_in_every_window", minutes(10, 5),
         ("12:02:00 a", "12:11:00 a", "12:07:00 b", "12:16:00 a",
          "12:07:00 b"),
         ("11:55:00 12:05:00 whole a=1/1", "12:00:00 12:10:00 whole a=1/1",
          "12:05:00 12:15:00 whole a=1/2 b=1/1",
          "12:10:00 12:20:00 partial a=2/3 b=0/1",
          "12:15:00 12:25:00 partial a=1/3 b=0/1"), late=1),
    # Flink fires when the watermark passes the window's last millisecond,
    # which is the newest time less the bound less one: the newest time is
    # then just the end plus the bound. One nanosecond earlier is too early.
    Case("flink_bounded_out_of_orderness", minutes(1, late=1),
         ("12:00:00 a", "12:01:59.999999999 a", "12:00:59 a", "12:02:00 a",
          "12:00:59 a", "12:01:00 a"),
         ("12:00:00 12:01:00 whole a=2/2",
          "12:01:00 12:02:00 partial a=2/4", "12:02:00 12:03:00 partial a=1/5"),
         late=1),
    # The Beam guide, "Watermarks and late data": five-minute windows, data
    # 30 s behind; what comes for 0:00-4:59 at 5:38 is late.
    Case("beam_fixed_windows_late_data", Query(300000, lateness_ms=30000),
         ("00:00:10 a", "00:05:00 a", "00:04:40 a", "00:05:30 a",
          "00:03:38 a"),
         ("00:00:00 00:05:00 whole a=2/2", "00:05:00 00:10:00 partial a=2/4"),
         late=1),
    # The Beam guide, "Sliding time windows": 60 s every 30 s, so that most
    # elements are in two. What is between the windows' ends prints nothing.
    Case("beam_sliding_windows", Query(60000, 30000),
         ("00:00:10 a", "00:00:40 b", "00:01:10 c", "01:00:00 d"),
         ("2021-03-03T23:59:30Z 00:00:30 whole a=1/1",
          "00:00:00 00:01:00 whole a=1/1 b=1/1",
          "00:00:30 00:01:30 whole a=0/1 b=1/1 c=1/1",
          "00:01:00 00:02:00 whole a=0/1 b=0/1 c=1/1",
          "00:59:30 01:00:30 partial a=0/1 b=0/1 c=0/1 d=1/1",
          "01:00:00 01:01:00 partial a=0/1 b=0/1 c=0/1 d=1/1")),
    # Beam: a bounded input's watermark goes to the end of time when it ends:
    # every window fires. Ours says so: partial, where the times did not.
    Case("beam_end_of_a_bounded_input", minutes(1, late=60),
         ("12:00:00 a", "12:01:00 a"),
         ("12:00:00 12:01:00 partial a=1/1",
          "12:01:00 12:02:00 partial a=1/2")),
    # Our own: a group's row begins with the window in which its total is
    # above 0, though b was read before the first window printed.
    Case("a_group_begins_with_its_first_window", minutes(1, late=2),
         ("12:00:00 a", "12:01:00 b", "12:03:00 a"),
         ("12:00:00 12:01:00 whole a=1/1", "12:01:00 12:02:00 partial a=0/1 "
          "b=1/1", "12:03:00 12:04:00 partial a=1/2 b=0/1")),
    # Our own: one time in several spellings is one moment.
    Case("zones_are_one_time", minutes(1),
         ("2021-03-04T12:00:00Z a", "2021-03-04T13:00:30+01:00 a",
          "2021-03-04t06:30:59.9-05:30 a", "2021-03-03 23:00:59z b",
          "2021-03-04T11:59:60Z b"),
         ("12:00:00 12:01:00 partial a=3/3 b=1/1",), late=1),
)


def case_lines(case):
    pairs = [line.rsplit(" ", 1) for line in case.lines]
    return "".join(f'{{"t":"{stamp(when)}","status":"{key}"}}\n'
                   for when, key in pairs).encode()


def case_rows(rows):
    """Group rows as (start, end, partial, key, count, total)."""
    return [(row["start"], row["end"], row["partial"], row["key"]["status"][1],
             row["count"], row["total"]) for row in rows if "key" in row]


def worked_rows(case):
    rows = []
    for text in case.rows:
        start, end, kind, *groups = text.split(" ")
        for group in groups:
            key, count, total = re.split("[=/]", group)
            rows.append((read_stamp(stamp(start)), read_stamp(stamp(end)),
                         kind == "partial", key, int(count), int(total)))
    return rows


def case_id(case):
    return case.name


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_hand_worked_cases_hold_in_the_reference(case):
    run = Run(case.query, ["-"], time.time_ns())
    run.deliver("-", case_lines(case))
    run.end("-")
    check(case_rows(run.rows), worked_rows(case))
    assert run.all_tallies["late"] == case.late


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_hand_worked_cases_hold(case):
    result = oc.run([*arguments(case.query), "-"], stdin=case_lines(case))
    assert (result.status, result.err) == (0, b"")
    check(case_rows(json_rows(result.out, case.query)), worked_rows(case))


def test_of_windows_that_print_at_once_the_first_has_the_tallies():
    """The record that moves the watermark is in the tallies printed then."""
    data = (b'{"t":0,"status":"a"}\n{"t":1.5,"status":"b"}\nx\n{"t":0.5}\n'
            b'{"t":"9","status":"a"}\n{"t":20,"status":"a"}\n'
            b'{"t":19,"status":"a"}\n')
    result = oc.run(["-q", "-f", "json", "--summary", "-t", "t", "-w", "1",
                     "--lateness", "5", "-"], stdin=data)
    found = [row["summary"] for row in json_rows(result.out, Query(1000))
             if "summary" in row]
    none = dict(read=0, counted=0, rejected={}, filtered=0, late=0)
    assert found == [
        dict(orders=1, groups=2, read=6, counted=3, filtered=0, late=0,
             rejected=dict(invalid_json=1, missing_key=1, bad_time=1)),
        dict(none, orders=1, groups=2),
        dict(none, orders=1, groups=2, read=1, counted=1),
        dict(none, orders=1, groups=2)], result.out


# --- random streams ----------------------------------------------------------


def shown(seed, args, streams):
    return "\n".join([
        f"seed {seed}: {' '.join(map(str, args))}",
        *(f"--- {name}:\n{data.decode(errors='replace')}"
          for name, data in streams.items())])


def one_after_the_other(query, streams):
    run = Run(query, list(streams), time.time_ns())
    for name, data in streams.items():
        run.deliver(name, data)
        run.end(name)
    return run


SUMMARY = re.compile(rb"read (\d+), counted (\d+), rejected (\d+).*"
                     rb", filtered (\d+), late (\d+)")


def check_tallies(err, run, told):
    """Those of the run, after its last window too: the line of -v."""
    tallies = run.all_tallies
    good = [tallies[name] for name in ("read", "counted", "filtered", "late")]
    good.insert(2, 2 * good[0] - sum(good))
    found = [list(map(int, match.groups()))
             for match in map(SUMMARY.search, err.splitlines()) if match]
    assert found[-1:] == [good], f"{good} expected: {err!r}\n{told}"


def seeds(short, long):
    """Those of every check, and as many more that take minutes."""
    return [*short, *(pytest.param(seed, marks=pytest.mark.long)
                      for seed in long)]


@pytest.mark.parametrize("seed", seeds(range(60), range(100000, 100400)))
def test_one_random_stream(seed):
    maker = Maker(seed)
    streams = {"-": maker.stream()}
    run = one_after_the_other(maker.query, streams)
    args = [*arguments(maker.query), "-v", "-"]
    args.remove("-q")
    result = oc.run(args, stdin=streams["-"])
    told = shown(seed, args, streams)
    assert result.status == 0, told
    check(json_rows(result.out, maker.query), run.rows, told)
    check_tallies(result.err, run, told)


@pytest.mark.parametrize("seed",
                         seeds(range(1000, 1120), range(101000, 101500)))
def test_a_directory_of_random_files(seed, tmp_path):
    """Read one after the other; those unread hold the watermark back."""
    maker = Maker(seed)
    streams = maker.streams()
    for name, data in streams.items():
        (tmp_path / name).write_bytes(data)
    run = one_after_the_other(maker.query, streams)
    args = [*arguments(maker.query), tmp_path]
    result = oc.run(args)
    told = shown(seed, args, streams)
    assert (result.status, result.err) == (0, b""), told
    check(json_rows(result.out, maker.query), run.rows, told)


@pytest.mark.parametrize("seed", range(2000, 2030))
def test_random_files_side_by_side(seed, tmp_path):
    """With nothing late the order in which they are read does not matter."""
    maker = Maker(seed, odd=False)
    query = maker.query._replace(lateness_ms=36500 * DAY_MS,
                                 max_groups=10**6, max_ahead_ms=DAY_MS)
    streams = {f"{n:02}": maker.stream() for n in range(maker.pick([2, 5, 9]))}
    for name, data in streams.items():
        (tmp_path / name).write_bytes(data)
    run = one_after_the_other(query, streams)
    args = [*arguments(query), *(tmp_path / name for name in streams)]
    result = oc.run(args)
    told = shown(seed, args, streams)
    assert (result.status, result.err) == (0, b""), told
    check(json_rows(result.out, query), run.rows, told)


@pytest.mark.parametrize("seed", range(3000, 3030))
def test_random_feeds_in_lock_step(seed, feeds, spawn):
    """Each piece is read before the next is sent, the ends of feeds too."""
    maker = Maker(seed)
    count = maker.pick([1, 2, 2, 3])
    servers = [feeds() for _ in range(count)]
    args = [*arguments(maker.query), "--idle=never",
            *(f"tcp://127.0.0.1:{server.port}" for server in servers)]
    process = spawn(args)
    clients = [server.accept() for server in servers]
    run = Run(maker.query, range(count), time.time_ns())
    told = f"seed {seed}: {' '.join(map(str, args))}"
    at_ns = [maker.base_ns] * count
    for _ in range(maker.pick([5, 20, 40])):
        who = maker.random.randrange(count)
        at_ns[who] += maker.slide_ns * maker.pick([0, 1, 2])
        data = b"".join(line + b"\n" for line in maker.lines(
            maker.pick([1, 1, 3]), at_ns[who]))
        told += f"\n{who}: {data!r}"
        clients[who].send(data)
        clients[who].wait_read()
        run.deliver(who, data)
    expected = len(run.rows)
    found = process.wait_for(  # what the watermark closed prints at once
        lambda out: out.count(b"\n") >= expected and out or not expected)
    if expected:
        check(json_rows(found, maker.query), run.rows, told)
    for who in maker.random.sample(range(count), count):
        told += f"\n{who} ends"
        clients[who].end()
        clients[who].wait_closed()
        run.end(who)
    result = process.wait()
    assert (result.status, result.err) == (0, b""), told
    check(json_rows(result.out, maker.query), run.rows, told)


def test_the_random_streams_hold_something_of_everything():
    """What the seeds above are worth: each fate has to come up often."""
    fates = Counter()
    for seed in range(1000, 1030):
        maker = Maker(seed)
        run = one_after_the_other(maker.query, maker.streams())
        fates.update(run.all_tallies)
        for row in run.rows:
            fates["partial" if row["partial"] else "whole"] += 1
            fates["other" if row.get("key", 0) is None else "named"] += 1
            fates["sums"] += len(row.get("sum", "")) > 40
    for fate in ("too_long", "invalid_json", "not_object", "missing_key",
                 "bad_key", "bad_time", "bad_number", "filtered", "late",
                 "counted", "partial", "whole", "other", "sums"):
        assert fates[fate] > 25, fates


# --- several inputs, idleness, the clock -------------------------------------


def line(when, key="a"):
    return (f'{{"t":"{stamp(when)}","status":"{key}"}}\n').encode()


def now_and(**delta):
    """A time that far from now, to the second."""
    moment = datetime.now(timezone.utc) + timedelta(**delta)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def two_feeds(feeds, spawn, *more):
    servers = feeds(), feeds()
    process = spawn(["-t", "t", "-w", "1m", *more, *(
        f"tcp://127.0.0.1:{server.port}" for server in servers)])
    return process, *(server.accept() for server in servers)


def test_the_least_watermark_of_several_inputs_decides(feeds, spawn):
    """Beam and Flink: of several inputs the minimum; an end lets go."""
    process, one, two = two_feeds(feeds, spawn, "--idle=never")
    for client, when, key in ((one, "12:00:10", "a"), (one, "12:05:00", "a"),
                              (two, "12:00:20", "b"), (one, "12:00:30", "c")):
        client.send(line(when, key))
        client.wait_read()
    assert process.out == b""  # two holds it at 12:00:20
    two.send(line("12:01:00", "b"))
    process.wait_for(b"c\t1\t1\n")
    first = "2021-03-04T12:00:00Z\t2021-03-04T12:01:00Z\t"
    second = "2021-03-04T12:01:00Z\t2021-03-04T12:02:00Z\t"
    assert process.out.decode() == "".join(
        f"{first}{key}\t1\t1\n" for key in "abc")
    two.end()
    process.wait_for(b"12:01:00Z\t.*c\t0\t1\n")
    assert process.out.decode().endswith(
        f"{second}a\t0\t1\n{second}b\t1\t2\n{second}c\t0\t1\n")
    one.end()
    assert b"12:05:00Z\t2021-03-04T12:06:00Z\ta\t1\t2\n" in process.wait().out


def test_an_idle_input_does_not_hold_the_others_back(feeds, spawn):
    """Flink's withIdleness: one that never delivered is idle, too."""
    process, one, _ = two_feeds(feeds, spawn, "--idle=300ms")
    one.send(line("12:00:10"))

    def whole():
        one.send(line("12:01:00"))
        one.wait_read()
        return b"a\t1\t1\n" in process.out
    oc.until(whole, "the first window", process.seen)


def test_one_that_was_idle_holds_back_again_and_may_be_late(feeds, spawn):
    process, one, two = two_feeds(feeds, spawn, "--idle=300ms", "--summary")
    two.send(line("12:00:00", "b"))
    two.wait_read()
    one.send(line("12:00:10"))

    def passed():
        one.send(line("12:02:00"))
        one.wait_read()
        return b"b\t1\t1\t" in process.out
    oc.until(passed, "the first window", process.seen)
    two.send(line("12:00:30", "b"))  # late: over for all
    two.wait_read()
    two.send(line("12:03:00", "b"))  # and now the newest
    two.wait_read()
    one.send(line("12:03:00"))
    one.wait_read()
    one.end()
    one.wait_closed()
    two.end()
    result = process.wait()
    late = [row.more[-1] for row in oc.rows(result.out)
            if row.key == ("(summary)",)]
    assert sum(map(int, late)) == 1, result
    assert result.status == 0


def test_one_that_is_down_is_idle_after_a_while(feeds, spawn):
    servers = feeds(), feeds()
    process = spawn(["-t", "t", "-w", "1m", "-r", "--idle=300ms", *(
        f"tcp://127.0.0.1:{server.port}" for server in servers)])
    one, two = (server.accept() for server in servers)
    two.send(line("12:00:00", "b"))
    two.wait_read()
    servers[1].stop_listening()
    two.close()

    def passed():
        one.send(line("12:02:00"))
        one.wait_read()
        return b"b\t1\t1\n" in process.out
    oc.until(passed, "the first window", process.seen)


def test_a_reconnect_keeps_the_watermark(feed, spawn):
    process = spawn(["-t", "t", "-w", "1m", "-r", "--summary",
                     "--idle=never", f"tcp://127.0.0.1:{feed.port}"])
    client = feed.accept()
    client.send(line("12:05:00"))
    client.wait_read()
    client.close()
    feed.accept().send(line("12:00:30") + line("12:06:00"))
    process.wait_for(rb"summary.*\n")
    assert [(row.start[14:16], row.key, row.count) for row in
            oc.rows(process.out)] == [("05", ("a",), 1),
                                      ("05", ("(summary)",), 1)]
    assert oc.rows(process.out)[1].more == ("3", "2", "0", "0", "1")


def test_when_all_are_idle_the_last_window_closes_by_the_clock(feed, spawn):
    process = spawn(["-f", "json", "-t", "t", "-w", "1", "--idle=100ms",
                     f"tcp://127.0.0.1:{feed.port}"])
    client = feed.accept()
    client.send(line("12:00:00.500"))
    process.wait_for(rb'"start":"2021-03-04T12:00:00Z",'
                     rb'"end":"2021-03-04T12:00:01Z","partial":false.*\n')
    client.send(line("12:00:00.700", "late") + line("12:00:30"))
    client.end()
    result = process.wait()
    assert [(row["partial"], row["total"])
            for row in map(json.loads, result.out.splitlines())] == [
                (False, 1), (True, 2)]


def test_when_all_are_idle_the_newest_of_all_decides(feeds, spawn):
    """The watermark takes the newest time at once, not the least."""
    process, one, two = two_feeds(feeds, spawn, "--idle=200ms")
    one.send(line("12:00:10", "a"))
    two.send(line("23:00:00", "b"))
    process.wait_for(b"12:01:00Z\ta\t1\t1\n")
    assert b"b\t" not in process.out


def test_idle_never_waits_for_ever(feeds, spawn):
    process, one, _ = two_feeds(feeds, spawn, "--idle=never", "--for=700ms")
    one.send(line("12:00:10") + line("12:05:00"))
    one.wait_read()
    result = process.wait()
    assert result.status == 0
    assert [row.count for row in oc.rows(result.out)] == [1, 1]


def test_a_regular_file_that_waits_its_turn_is_never_idle(tmp_path):
    (tmp_path / "1").write_bytes(line("12:05:00") + line("12:06:00"))
    (tmp_path / "2").write_bytes(line("12:00:00") + line("12:01:00"))
    result = oc.run(["-t", "t", "-w", "1m", "--idle=1ms", tmp_path])
    assert [row.count for row in oc.rows(result.out)] == [1, 1, 1, 1]
    assert result.status == 0


def test_a_time_ahead_of_the_clock_counts_for_the_watermark_as_the_clocks():
    """So the order of +30 min is not late, and the window of +1 h not over."""
    data = b"".join(line(now_and(**delta)) for delta in (
        {"minutes": -10}, {"hours": 1}, {"minutes": 30}, {"minutes": -10},
        {"hours": 3}))
    result = oc.run(["-q", "-t", "t", "-w", "1m", "--max-ahead=2h",
                     "-f", "json", "--summary", "-"], stdin=data)
    rows = [json.loads(row) for row in result.out.splitlines()]
    assert [(row["partial"], row["count"], row["total"])
            for row in rows if "key" in row] == [
                (False, 1, 1), (True, 1, 2), (True, 1, 3)], result.out
    assert [(row["summary"]["late"], row["summary"]["rejected"])
            for row in rows if "summary" in row] == [
                (0, {}), (1, {"bad_time": 1}), (0, {})]


def test_a_filtered_time_moves_the_watermark_a_rejected_one_does_not():
    head = line("12:00:00") + line("12:00:10", "x")
    for mover, late in ((line("12:05:00", "x"), 1),
                        (b'{"t":"2021-03-04T12:05:00Z"}\n', 0),
                        (b'{"t":"2021-03-04T12:05:00","status":"x"}\n', 0)):
        result = oc.run(["-v", "-t", "t", "-w", "1m", "--where=status!=x",
                         "-"], stdin=head + mover + line("12:00:30"))
        found = SUMMARY.search(result.err)
        assert found and int(found[5]) == late, (mover, result)
        assert oc.rows(result.out)[0].count == 2 - late


@pytest.mark.parametrize("ahead", [False, True])
def test_ancient_and_far_times_are_in_windows_of_their_own(ahead):
    """The first second that is a time at all, and one of the next century."""
    times = ["1678-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z"] + (
        ["2120-12-31T23:59:59Z"] if ahead else [])
    result = oc.run(["-q", "-t", "t", "-w", "1", "--max-ahead", "36500d", "-"],
                    stdin=b"".join(map(line, times)))
    assert [row.start for row in oc.rows(result.out)] == [
        re.sub(r"\.9+", "", text) for text in times], result


def test_a_late_time_may_be_centuries_behind():
    """More than a signed 64-bit number of nanoseconds is."""
    result = oc.run(["-v", "-t", "t", "-w", "1", "-"], stdin=line(
        "2021-03-04T12:00:00Z") + line("1678-01-01T00:00:00Z"))
    assert SUMMARY.search(result.err)[5] == b"1"
    behind = re.search(rb"late 1 \(by up to (\d+)d", result.err)
    assert behind and int(behind[1]) > 106000, result


def test_a_signal_prints_every_open_window_as_partial(feed, spawn):
    process = spawn(["-f", "json", "-t", "t", "-w", "1m", "--lateness=1h",
                     f"tcp://127.0.0.1:{feed.port}"])
    client = feed.accept()
    client.send(line("12:00:00") + line("12:30:00"))
    client.wait_read()
    process.signal(15)
    result = process.wait()
    assert result.status == -15
    assert [(row["partial"], row["count"])
            for row in map(json.loads, result.out.splitlines())] == [
                (True, 1), (True, 1)]


def test_max_windows_prints_none_beyond_its_number():
    data = b"".join(line(f"12:{minute:02}:00") for minute in range(10))
    result = oc.run(["-t", "t", "-w", "1m", "-m", "3", "-"], stdin=data)
    assert [row.start[14:16] for row in oc.rows(result.out)] == [
        "00", "01", "02"]
    assert result.status == 0


@pytest.mark.parametrize("stop", ["-m1", "--for=300ms"])
def test_one_order_in_a_stream_that_stays_open(stop, feed, spawn):
    """-m waits for the window; --for prints the open one, partial."""
    process = spawn(["-f", "json", "-t", "t", "-w", "1m", "--idle=never", stop,
                     f"tcp://127.0.0.1:{feed.port}"])
    client = feed.accept()
    client.send(line("12:00:00"))
    if stop == "-m1":
        client.send(line("12:01:00"))
    result = process.wait()
    row = json.loads(result.out)
    assert (row["count"], row["partial"]) == (1, stop != "-m1")
    assert result.status == 0
