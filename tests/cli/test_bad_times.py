"""Times that are none, ancient, or ahead; clocks that step by event time."""

import json
import time

import pytest

import oc
from test_windows import WallClock, needs_faketime


def record(when):
    return f'{{"status":"A","t":{when}}}\n'.encode()


def judged(when, *args):
    """The start of the window that counts it, or why there is none."""
    result = oc.run(["-t", "t", "-w", "1s", "-l", "36500d", "-q", "-f", "json",
                     "--summary", *args, "-"],
                    record(1614859200) + record(when))
    assert result.status == 0, result
    found = [json.loads(line) for line in result.out.splitlines()]
    rejected = [reason for row in found if "summary" in row
                for reason in row["summary"]["rejected"]]
    if rejected:
        # That line alone.
        assert sum(row["count"] for row in found if "count" in row) == 1
        return rejected[0]
    start, = (row["start"] for row in found if row.get("count") and
              row["start"] != "2021-03-04T12:00:00Z")
    return start


@pytest.mark.parametrize("when", [
    '"2026-01-01T00:00:00"', '"2026-01-01"', '"2026-01-01T00:00Z"',
    '"2026-01-01T00:00:00 Z"', '"2026-01-01T00:00:00+0100"', '""', '"now"',
    '"2026-13-01T00:00:00Z"', '"2026-00-01T00:00:00Z"',
    '"2026-02-29T00:00:00Z"', '"1900-02-29T00:00:00Z"',
    '"2026-01-01T24:00:00Z"', '"2026-01-01T00:60:00Z"',
    '"2026-01-01T00:00:61Z"', '"2026-01-01T00:00:00+24:00"',
    '"1614859200"', '"1614859200.5"', "null", "true", "{}", "[1614859200]",
    '"2026-01-01T00:00:00Z\\u0000"', '"\\ud800"',
    '"1677-12-31T23:59:59Z"', '"0001-01-01T00:00:00Z"',
    '"2262-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"',
    "1e1000000000", "-1e1000000000", "1e20", "99999999999", "-9.3e18",
    "9" * 900000, '"' + "2" * 900000 + '"',
    '"2100-01-01T00:00:00Z"', "4102444800", "4102444800000"],
    ids=lambda when: when[:24])
def test_a_time_that_is_none_costs_that_line_alone(when):
    assert judged(when) == "bad_time"


@pytest.mark.parametrize("when, start", [
    ('"1922-01-01T00:00:00Z"', "1922-01-01T00:00:00Z"),
    ("-1e9", "1938-04-24T22:13:20Z"), ("-1e12", "1938-04-24T22:13:20Z"),
    ('"1969-12-31T23:59:59.9Z"', "1969-12-31T23:59:59Z"),
    ('"2016-12-31T23:59:60Z"', "2017-01-01T00:00:00Z"),
    ('"2016-12-31T23:59:60.75Z"', "2017-01-01T00:00:00Z"),
    ('"2017-01-01T00:59:60+01:00"', "2017-01-01T00:00:00Z"),
    ("-0", "1970-01-01T00:00:00Z"), ("-1e-400", "1969-12-31T23:59:59Z"),
    ("1e-1000000000", "1970-01-01T00:00:00Z"),
    ("0." + "9" * 900000, "1970-01-01T00:00:00Z"),
    ('"2020-02-29t12:00:00-00:00"', "2020-02-29T12:00:00Z")],
    ids=lambda text: text[:24])
def test_an_ancient_time_and_a_leap_second_count(when, start):
    assert judged(when) == start


@pytest.mark.parametrize("when, start", [
    ('"1900-01-01T00:00:00Z"', "1900-01-01T00:00:00Z"),
    ("-2208988800", "1900-01-01T00:00:00Z"),
    ("-2208988800000", "1900-01-01T00:00:00Z"),
    ('"1678-01-01T00:00:00.999Z"', "1678-01-01T00:00:00Z"),
    ('"1700-02-28T23:59:60Z"', "1700-03-01T00:00:00Z")])
def test_a_time_centuries_ago_counts_when_it_comes_first(when, start):
    result = oc.run(["-t", "t", "-w1", "-"], record(when) + record(0))
    assert [row.start for row in oc.rows(result.out) if row.count] == [
        start, "1970-01-01T00:00:00Z"], result


def test_2100_counts_when_it_may_be_so_far_ahead():
    assert judged('"2099-12-31T23:59:60Z"', "--max-ahead=36500d"
                  ) == "2100-01-01T00:00:00Z"


def test_more_panes_than_are_kept_are_bad_times():
    """A million of windows is what may be open; what is in them counts on."""
    lines = "".join(f'{{"t":{t},"status":"A"}}\n' for t in range(1000003))
    result = oc.run(["-t", "t", "-w1", "-l", "365d", "--top=1", "-v", "-"],
                    (lines + '{"t":5,"status":"A"}\n').encode(), timeout=120)
    assert b"(bad_time 3)" in result.err and b"counted 1000001" in result.err
    lines = result.out.splitlines()
    assert len(lines) == 1000000 and lines[-1].endswith(b"\tA\t1\t1000001")


@pytest.mark.limits  # a sanitizer's library has to be the first
@needs_faketime
@pytest.mark.parametrize("step", [3600, -3600])
def test_a_step_of_the_clock_moves_no_window_of_event_time(step, feed, spawn,
                                                           tmp_path):
    clock = WallClock(tmp_path)
    process = spawn(["-t", "t", "-w", "10", "-f", "json", "--summary",
                     "127.0.0.1", feed.port], env=clock.env)
    client = feed.accept()
    base = int(time.time()) // 10 * 10 - 1000
    client.send(record(base) + record(base + 9))
    client.wait_read()
    clock.set(step)
    client.send(record(base + 5) + record(base + 12) + record(base + 3))
    process.wait_for(b"the clock was set", "err")
    client.send(record(base + 21))
    client.close()
    result = process.wait()
    assert result.status == 0, result
    found = [json.loads(line) for line in result.out.splitlines()]
    assert [(r["count"], r["total"], r["partial"])
            for r in found if "count" in r] == [
        (3, 3, False), (1, 4, False), (1, 5, True)], result
    tallies = [r["summary"] for r in found if "summary" in r]
    assert sum(t["late"] for t in tallies) == 1
    assert sum(t["read"] for t in tallies) == 6


@pytest.mark.limits  # a sanitizer's library has to be the first
@needs_faketime
def test_what_is_too_far_ahead_goes_by_our_clock(feed, spawn, tmp_path):
    """It goes on from where it was when the wall clock is set back."""
    clock = WallClock(tmp_path)
    process = spawn(["-t", "t", "-w", "10", "--max-ahead=1m", "-f", "json",
                     "127.0.0.1", feed.port], env=clock.env)
    client = feed.accept()
    now = int(time.time())
    client.send(record(now + 300))
    process.wait_for(b"bad_time", "err")
    clock.set(-3600)
    client.send(record(now))
    process.wait_for(b"the clock was set back", "err")
    clock.set(600)
    client.send(record(now + 300))
    process.wait_for(b"the clock was set forward", "err")
    client.close()
    result = process.wait()
    assert result.out.count(b'"count":1') == 2, result
    assert result.err.count(b"bad_time") == 1, result
