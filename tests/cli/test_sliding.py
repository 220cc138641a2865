"""Windows that slide by arrival: what they hold, where they begin and end.

However the orders fell, a window's count is what the total grew by within it.
That is looked at in every window of every run here.
"""

import json
import os
import select
import signal
import threading
import time

import pytest

import oc
from test_windows import WallClock, needs_faketime, ns

MS = 1_000_000
WINDOW = 500 * MS
SLIDE = 100 * MS
ARGS = ["-w", "0.5", "-s", "0.1", "-f", "json", "--summary"]


class Window:
    """A printed window. rows: {status, None for (other): the row}."""

    def __init__(self, rows, last):
        self.start, self.end = ns(last["start"]), ns(last["end"])
        self.partial = last["partial"]
        self.summary = last["summary"]
        self.orders = self.summary["orders"]
        self.rows = {r["key"] and r["key"]["status"]: r for r in rows}
        assert len(self.rows) == len(rows)
        for row in rows:
            assert (row["start"], row["end"], row["partial"], row["slide"]
                    ) == (last["start"], last["end"], last["partial"], 0.1)
        assert sum(r["count"] for r in rows) == self.orders

    def total(self, status):
        return self.rows[status]["total"] if status in self.rows else 0

    def __repr__(self):
        counts = {key: r["count"] for key, r in self.rows.items()}
        return (f"[{self.start / 1e9:.6f} {self.end / 1e9:.6f}"
                f"{' partial' if self.partial else ''} {counts}]")


def windows(out):
    """The whole windows in json with --summary so far, in order."""
    found = [Window(rows, last) for rows, last in oc.json_windows(out)]
    for before, after in zip(found, found[1:]):
        assert after.start >= before.start and after.end >= before.end, found
    return found


def check(found, top=False):
    """Counts are what totals grew by; whole ones have their whole bounds."""
    ends = {window.end: window for window in found}
    for window in found:
        if not window.partial:
            assert window.end - window.start == WINDOW, found
            assert window.start % SLIDE == 0, found
        before = ends.get(window.start)
        for status, row in window.rows.items():
            assert row["total"] >= row["count"], found
            if before and not top:
                assert row["count"] == row["total"] - before.total(status), (
                    status, window, before)
    read = sum(w.summary["read"] for w in found)
    assert read == sum(w.summary["counted"] for w in found)
    return found


def every_slide(found):
    """One window each slide, all but the first and the last whole."""
    for before, after in zip(found, found[1:-1]):
        assert after.end - before.end == SLIDE and not after.partial, found
    return found


def at_least(count):
    """For wait_for: so many windows, or None."""
    def test(out):
        found = windows(out)
        return found if len(found) >= count else None
    return test


def whole_from(start):
    """For wait_for: a whole window that starts there or later."""
    def test(out):
        found = windows(out)
        return found if any(w.start >= start and not w.partial
                            for w in found) else None
    return test


@pytest.mark.parametrize("over", ["tcp", "pipe"])
def test_the_first_comes_after_one_window_and_the_last_is_partial(
        over, feed, spawn):
    begun = time.time_ns()
    process = spawn(ARGS + (["127.0.0.1", feed.port] if over == "tcp"
                            else ["-"]))
    client = feed.accept() if over == "tcp" else None
    sent = 0

    def send(status):
        data = oc.order(status)
        client.send(data) if client else process.write(data)
    for i in range(2, 12):
        for status in "AAB":
            send(status)
            sent += 1
        process.wait_for(at_least(i))
    client.close() if client else process.close_stdin()
    result = process.wait()
    assert result.status == 0 and not result.err, result
    found = check(every_slide(windows(result.out)))
    first, last = found[0], found[-1]
    # It holds all panes from the one in which the run began.
    assert first.start >= begun and first.end % SLIDE == 0
    assert WINDOW - SLIDE < first.end - first.start <= WINDOW
    assert first.partial == (first.start % SLIDE != 0)
    # Only the next one due.
    assert last.partial and last.end % SLIDE != 0
    assert last.start == found[-2].start + SLIDE
    assert last.end < last.start + WINDOW
    assert (last.total("A"), last.total("B")) == (sent * 2 // 3, sent // 3)
    # A record is in several windows, and its tallies in one.
    assert sum(w.summary["read"] for w in found) == sent


def test_an_order_is_in_as_many_windows_as_it_has_panes(feed, spawn):
    process = spawn([*ARGS, "127.0.0.1", feed.port])
    client = feed.accept()
    process.wait_for(at_least(3))
    client.send(oc.order("A"))
    # Zeros follow: the group is known.
    process.wait_for(rb'"count":1,.*"count":0,"total":1}')
    process.signal(signal.SIGTERM)
    result = process.wait()
    assert result.status == -signal.SIGTERM
    found = check(every_slide(windows(result.out)))
    held = [i for i, w in enumerate(found) if w.orders]
    assert len(held) == 5 and held == list(range(held[0], held[0] + 5)), found
    assert all("A" not in w.rows for w in found[:held[0]])
    assert all(w.total("A") == 1 for w in found[held[0]:])


@pytest.mark.parametrize("stop", [["-m", "4"], ["--for", "0.8"]])
def test_a_run_with_an_end_lays_its_windows_from_its_beginning(stop, feed,
                                                               spawn):
    process = spawn([*ARGS, *stop, "127.0.0.1", feed.port])
    feed.accept().send(oc.order("A"))
    result = process.wait()
    assert result.status == 0 and not result.err, result
    found = windows(result.out)
    assert len(found) == 4, found
    for i, window in enumerate(found):
        assert not window.partial and window.orders == (i == 0), found
        assert window.end - window.start == WINDOW
        assert window.start == found[0].start + i * SLIDE


def test_a_run_shorter_than_a_window_prints_one_partial_window(spawn):
    process = spawn([*ARGS, "--for", "0.25", "-"])
    process.write(oc.order("A"))
    found = windows(process.wait().out)
    assert len(found) == 1 and found[0].partial and found[0].orders == 1
    assert found[0].end - found[0].start == 250 * MS


def test_top_and_other_of_sliding_windows_add_up(spawn):
    process = spawn([*ARGS, "--top=2", "--expect=Z", "-"])
    for i in range(1, 12):
        process.write(b"".join(oc.order(f"g{i * j % 7}") for j in range(9)))
        process.wait_for(at_least(i))
    process.close_stdin()
    found = check(every_slide(windows(process.wait().out)), top=True)
    for window in found:
        rows = list(window.rows.items())
        named = [r["count"] for key, r in rows if key is not None]
        assert len(named) == 2 and named == sorted(named, reverse=True)
        if None in window.rows:
            assert rows[-1][0] is None
    orders = 0
    for window in found:
        orders += window.summary["counted"]
        assert sum(r["total"] for r in window.rows.values()) == orders


def test_active_shows_what_is_in_the_window_and_what_is_expected(spawn):
    process = spawn([*ARGS, "--active", "--expect=Z", "-"])
    process.wait_for(at_least(2))
    process.write(oc.order("A"))
    process.wait_for(lambda out: [w for w in windows(out) if "A" in w.rows])
    found = process.wait_for(
        lambda out: [w for w in windows(out) if "A" in w.rows] and
        "A" not in windows(out)[-1].rows and windows(out))
    assert all("Z" in w.rows for w in found)
    assert sum("A" in w.rows for w in found) == 5, found


def test_sums_slide_and_are_exact(spawn):
    process = spawn([*ARGS, "--sum=n", "-"])
    for i in range(1, 16):
        process.write(b'{"status":"A","n":0.1}\n{"status":"A","n":"-1e-3"}\n'
                      b'{"status":"B","n":170141183460469231731687303715}\n')
        process.wait_for(at_least(i))
    process.close_stdin()
    result = process.wait()
    check(windows(result.out))
    for line in result.out.splitlines():
        row = json.loads(line, parse_float=str)
        if "key" not in row:
            continue
        for count, total in ((row["count"], row["sum"]),
                             (row["total"], row["total_sum"])):
            if row["key"]["status"] == "B":
                assert total == count * 170141183460469231731687303715
            else:
                assert total == f"{count // 2 * 99 / 1000:.3f}" or count % 2


# --- what disturbs -----------------------------------------------------------


def test_a_stop_cuts_the_window_and_loses_nothing(feed, spawn):
    process = spawn([*ARGS, "127.0.0.1", feed.port])
    client = feed.accept()
    process.wait_for(at_least(2))
    client.send(oc.order("A") * 3)
    client.wait_read()
    process.signal(signal.SIGSTOP)
    stopped = time.time_ns()
    client.send(oc.order("A") * 5)
    oc.until(lambda: time.time_ns() > stopped + 2 * WINDOW, "two windows")
    resumed = time.time_ns()
    process.signal(signal.SIGCONT)
    # Until none of them holds anything of the time before.
    process.wait_for(whole_from(resumed + SLIDE))
    client.close()
    result = process.wait()
    assert b"stopped" in result.err and b"skipped" in result.err, result
    found = check(windows(result.out))
    cut = max(i for i, w in enumerate(found) if w.end <= resumed)
    assert found[cut].partial and found[cut].end <= stopped + SLIDE, found
    after = found[cut + 1:]
    assert after[0].start >= resumed, found
    for window in after:
        # None of them spans the stop: they fill up, from when it went on.
        assert window.start >= resumed
        assert window.partial == (window.end - window.start != WINDOW), found
    assert after[0].orders == 5
    assert found[cut].total("A") == 3 and found[-1].total("A") == 8
    whole = [w for w in after[:-1] if not w.partial]
    assert whole and all(w.orders == 0 for w in whole
                         if w.start > after[0].end), found


@pytest.mark.limits  # a sanitizer's library has to be the first
@needs_faketime
@pytest.mark.parametrize("step", [3600, -3600])
def test_a_step_of_the_clock(step, feed, spawn, tmp_path):
    clock = WallClock(tmp_path)
    process = spawn([*ARGS, "127.0.0.1", feed.port], env=clock.env)
    client = feed.accept()
    process.wait_for(at_least(2))
    client.send(oc.order("A") * 3)
    client.wait_read()
    process.wait_for(rb'"total":3')
    clock.set(step)
    stepped = time.time_ns()
    process.wait_for(b"the clock was set", "err")
    client.send(oc.order("A") * 5)
    process.wait_for(whole_from(stepped + max(step, 0) * 10**9))
    client.close()
    result = process.wait()
    assert result.err.count(b"the clock was set") == 1, result
    found = check(windows(result.out))
    assert found[-1].total("A") == 8, found
    if step < 0:
        every_slide(found)
        return
    ahead = stepped + (step - 10) * 10**9
    cut = max(i for i, w in enumerate(found) if w.end < ahead)
    assert found[cut].partial and found[cut].total("A") == 3
    assert all(w.start > ahead for w in found[cut + 1:]), found
    assert sum(w.summary["read"] for w in found[cut + 1:]) == 5


def test_an_outage_makes_all_windows_that_hold_it_partial(feed, spawn):
    process = spawn([*ARGS, "-r", "127.0.0.1", feed.port])
    client = feed.accept()
    process.wait_for(at_least(2))
    client.send(oc.order("A"))
    client.wait_read()
    process.wait_for(rb'"total":1')
    down = time.time_ns()
    client.close()
    client = feed.accept()
    client.send(oc.order("A"))
    client.wait_read()
    process.wait_for(rb'"total":2')
    up = time.time_ns()
    process.wait_for(whole_from(up))
    process.signal(signal.SIGTERM)
    found = check(windows(process.wait().out))
    # It was short: no bounds moved, but those that hold it are partial.
    inner = found[1:-1]
    assert all(w.end - w.start == WINDOW for w in inner), found
    hurt = [w for w in inner if w.partial]
    assert 5 <= len(hurt) <= 6 + (up - down) // SLIDE, found
    assert all(w.end > down and w.start < up for w in hurt), found
    assert found[-1].total("A") == 2


def test_an_outage_over_several_windows(feeds, spawn):
    feed = feeds()
    process = spawn([*ARGS, "-r", "127.0.0.1", feed.port])
    client = feed.accept()
    process.wait_for(at_least(2))
    client.send(oc.order("A"))
    client.wait_read()
    process.wait_for(rb'"total":1')
    feed.stop_listening()
    down = time.time_ns()
    client.close()
    # One that is wholly inside prints zeros between its own bounds.
    process.wait_for(lambda out: [
        w for w in windows(out) if w.start > down + SLIDE])
    process.signal(signal.SIGTERM)
    found = check(windows(process.wait().out))
    lost = [w for w in found if w.start > down + SLIDE]
    for window in lost[:-1]:
        assert window.partial and window.orders == 0, found
        assert window.end - window.start == WINDOW, found
    # Those that an outage ends early end where it began.
    begun = {w.end for w in found if w.start < down < w.end and w.partial}
    assert all(w.partial for w in found if w.end > down + SLIDE), found
    assert begun, found


def test_a_slow_reader_loses_no_record(spawn):
    """Rows wait until the input waits for them, too; the totals are right."""
    rows, writer = os.pipe()
    stdin, feed = os.pipe()
    process = spawn(["-q", "-w", "0.5", "-s", "0.05", "-f", "json",
                     "--summary", "-"], stdin=stdin, stdout=writer)
    os.close(writer)
    os.close(stdin)
    os.set_blocking(feed, False)
    pieces = [b"".join(oc.order(f"k{i + j:05}") for j in range(50))
              for i in range(0, 20000, 50)]
    sent = 0
    while select.select([], [feed], [], 0.7)[1]:
        # A piece is less than PIPE_BUF: all of it, or nothing.
        sent += os.write(feed, pieces[sent // len(pieces[0]) % len(pieces)])
    seen = bytearray()

    def read():
        while piece := os.read(rows, 1 << 20):
            seen.extend(piece)
    reading = threading.Thread(target=read)
    reading.start()
    os.close(feed)
    result = process.wait()
    reading.join()
    os.close(rows)
    assert result.status == 0, result
    totals, counted, ends = {}, 0, []
    for line in bytes(seen).splitlines():
        row = json.loads(line)
        if "summary" in row:
            counted += row["summary"]["counted"]
            ends.append((ns(row["end"]), counted))
        else:
            assert row["count"] <= row["total"]
            totals[row["key"]["status"]] = row["total"]
    # Only windows in which nothing was counted are left out.
    for (end, known), (after, _) in zip(ends, ends[1:]):
        if after - end > 50 * MS:
            assert known == ([0] + [so_far for at, so_far in ends if
                                    at <= end - WINDOW + 50 * MS])[-1], ends
    orders = sent // len(oc.order("k00000"))
    assert counted == sum(totals.values()) == orders
    assert len(totals) == min(orders, 20000)


# --- bounds of what may be asked ---------------------------------------------


@pytest.mark.parametrize("window, slide, says", [
    ("5s", "2s", b"divide"), ("5s", "10s", b"longer"), ("5s", "0", b"slide"),
    ("24h", "1ms", b"10000"), ("10001ms", "1ms", b"10000"),
    ("all", "1s", b"slide"), ("5s", "-1", b"slide"), ("5s", "x", b"slide"),
    ("1.5s", "1s", b"divide")])
def test_a_slide_that_does_not_fit_is_a_usage_error(window, slide, says):
    result = oc.run(["-w", window, f"--slide={slide}", "-"])
    assert result.status == 2 and says in result.err.replace(b",", b""), result
    assert result.err.count(b"ordercount: ") == 1 and b"--help" in result.err


def test_a_slide_as_long_as_the_window_is_none():
    result = oc.run(["-w", "1", "-s", "1000ms", "-f", "json", "-"],
                    oc.order("A"))
    assert result.status == 0 and b"slide" not in result.out, result


def test_10000_panes_of_a_millisecond(spawn):
    process = spawn(["-w", "10000ms", "-s", "1ms", "-q", "--for", "0.5", "-"])
    process.write(oc.order("A") * 1000)
    result = process.wait()
    assert result.status == 0
    assert [(r.key, r.count, r.total) for r in oc.rows(result.out)] == [
        (("A",), 1000, 1000)]
