"""Windows by arrival: bounds, partial ones, outages, and clocks that jump."""

import glob
import json
import os
import signal
import time
from datetime import datetime, timezone

import pytest

import oc

ORDER = oc.order("A")


def ns(text):
    """A time of ours in nanoseconds since 1970."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S")
    seconds = int(moment.replace(tzinfo=timezone.utc).timestamp())
    return seconds * 10**9 + int((fraction or "0").ljust(9, "0"))


class Window:
    """A printed window: its bounds, its rows and its summary."""

    def __init__(self, rows, last):
        self.start, self.end = ns(last["start"]), ns(last["end"])
        self.partial = last["partial"]
        self.summary = last["summary"]
        self.orders = self.summary["orders"]
        self.counts = {}
        self.totals = {}
        for row in rows:
            assert (row["start"], row["end"], row["partial"]) == (
                last["start"], last["end"], last["partial"])
            key = row["key"] and row["key"]["status"]
            self.counts[key] = row["count"]
            self.totals[key] = row["total"]
        assert sum(self.counts.values()) == self.orders

    def __repr__(self):
        return (f"[{self.start / 1e9:.6f} {self.end / 1e9:.6f}"
                f"{' partial' if self.partial else ''} {self.counts}]")


def windows(out):
    """The whole windows in json with --summary; they add up, in order."""
    found = [Window(rows, last) for rows, last in oc.json_windows(out)]
    sums = {}
    for i, window in enumerate(found):
        assert window.start <= window.end, found
        assert i == 0 or window.start >= found[i - 1].end, found
        for key, count in window.counts.items():
            sums[key] = sums.get(key, 0) + count
            assert window.totals[key] == sums[key], (window, found)
    return found


def at_least(count):
    """For wait_for: so many windows, or None."""
    def test(out):
        found = windows(out)
        return found if len(found) >= count else None
    return test


def has(condition):
    """For wait_for: the windows, once one of them fulfils a condition."""
    def test(out):
        found = windows(out)
        return found if any(condition(w) for w in found) else None
    return test


JSON = ["-f", "json", "--summary"]


def contiguous(found, length_ns):
    """Each begins where the last one ended; all but the ends are whole."""
    for before, after in zip(found, found[1:]):
        assert after.start == before.end, found
    for window in found[1:-1]:
        assert not window.partial, found
        assert window.end - window.start == length_ns, found


# --- alignment and the ends --------------------------------------------------


def test_windows_are_aligned_and_partial_at_both_ends(feed, spawn):
    process = spawn(["-w", "0.2", *JSON, "127.0.0.1", feed.port])
    feed.accept().send(ORDER)
    process.wait_for(at_least(4))
    process.signal(signal.SIGTERM)
    found = windows(process.wait().out)
    contiguous(found, 200_000_000)
    for window in found[1:]:
        assert window.start % 200_000_000 == 0, found
    assert found[0].partial and found[0].start % 200_000_000 != 0
    assert found[-1].partial and found[-1].end % 200_000_000 != 0
    assert found[0].end - found[0].start < 200_000_000
    assert sum(w.orders for w in found) == 1


@pytest.mark.parametrize("stop", [["-m", "5"], ["--for", "1"]])
def test_a_run_with_an_end_lays_its_windows_from_its_beginning(feed, spawn,
                                                               stop):
    process = spawn(["-w", "0.2", *stop, *JSON, "127.0.0.1", feed.port])
    feed.accept().send(ORDER)
    result = process.wait()
    assert result.status == 0, result
    found = windows(result.out)
    contiguous(found, 200_000_000)
    assert len(found) == 5
    assert not any(w.partial for w in found)
    assert found[-1].end - found[0].start == 1_000_000_000
    # Laid from the beginning of the run: 1 in 200,000 that it is aligned.
    assert found[0].start % 200_000_000 != 0


def test_for_ends_inside_a_window_that_is_partial(feed, spawn):
    process = spawn(["-w", "0.4", "--for", "0.5", *JSON, "127.0.0.1",
                     feed.port])
    feed.accept().send(ORDER)
    result = process.wait()
    found = windows(result.out)
    assert result.status == 0
    assert [(w.end - w.start, w.partial) for w in found] == [
        (400_000_000, False), (100_000_000, True)]


def test_for_counts_from_the_beginning_of_the_run_and_not_the_dialling(
        feed, spawn):
    feed.stop_listening()
    process = spawn(["-r", "-w", "all", "--for", "1.5", *JSON, "127.0.0.1",
                     feed.port])
    process.wait_for(b"Connection refused", "err")
    feed.listen()
    feed.accept().send(ORDER)
    result = process.wait()
    found = windows(result.out)
    assert result.status == 0, result
    assert len(found) == 1 and found[0].orders == 1
    assert found[0].end - found[0].start == 1_500_000_000


def test_for_ends_with_1_if_nothing_opened_within_it():
    with oc.Refused() as refused:
        begun = time.monotonic()
        result = oc.run(["-r", "--for", "0.3", "127.0.0.1", refused.port])
        assert result.status == 1 and result.out == b"", result
        assert b"--for" in result.err
        assert 0.3 <= time.monotonic() - begun < 5


def test_quiet_windows_print_zeros_and_totals_stay(feed, spawn):
    process = spawn(["-w", "0.1", "--expect", "never", *JSON, "127.0.0.1",
                     feed.port])
    client = feed.accept()
    client.send(ORDER * 3 + oc.order("B"))
    process.wait_for(has(lambda w: w.totals.get("A") == 3 and
                         w.counts == {"A": 0, "B": 0, "never": 0}))
    client.send(ORDER * 2)
    found = process.wait_for(has(lambda w: w.totals.get("A") == 5 and
                                 w.counts["A"] == 0))
    assert found[-1].totals == {"A": 5, "B": 1, "never": 0}
    assert all("never" in w.counts for w in found)
    assert sum(w.orders for w in found) == 6


def test_a_window_without_any_group_prints_and_counts():
    # stdin stays open and says nothing.
    reader, writer = os.pipe()
    try:
        result = oc.run(["-w", "0.05", "-m", "3", *JSON, "-"], stdin=reader)
        tsv = oc.run(["-w", "0.05", "-m", "3", "-"], stdin=reader)
    finally:
        os.close(reader)
        os.close(writer)
    assert result.status == 0 and tsv.status == 0
    found = windows(result.out)
    assert [w.counts for w in found] == [{}, {}, {}]
    assert tsv.out == b""


def test_a_group_has_its_first_row_when_its_first_order_came(feed, spawn):
    process = spawn(["-w", "0.1", *JSON, "127.0.0.1", feed.port])
    client = feed.accept()
    process.wait_for(at_least(2))
    client.send(ORDER)
    found = process.wait_for(has(lambda w: w.orders > 0))
    first = next(i for i, w in enumerate(found) if w.orders)
    assert first >= 2 - 1
    assert all(w.counts == {} for w in found[:first])


def test_a_record_is_of_the_window_in_which_its_end_was_read(feed, spawn):
    process = spawn(["-w", "0.1", *JSON, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(ORDER[:-1])
    client.wait_read()
    sent = time.time_ns()
    process.wait_for(lambda out: [w for w in windows(out) if w.start > sent])
    ended = time.time_ns()
    client.send(b"\n")
    found = process.wait_for(has(lambda w: w.orders == 1))
    assert next(w for w in found if w.orders).end > ended


def test_the_end_of_input_ends_the_open_window(spawn):
    process = spawn(["-w", "1h", *JSON, "-"])
    process.write(ORDER * 2)
    process.close_stdin()
    result = process.wait()
    found = windows(result.out)
    assert result.status == 0 and len(found) == 1
    assert found[0].partial and found[0].orders == 2


def test_max_windows_counts_nothing_that_came_later(feed, spawn):
    process = spawn(["-w", "0.2", "-m", "1", *JSON, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(ORDER)
    result = process.wait()
    assert [w.orders for w in windows(result.out)] == [1]


# --- --window=all ------------------------------------------------------------


def test_all_is_one_whole_window_with_the_times_of_the_reading(feed, spawn):
    before = time.time_ns()
    process = spawn(["-w", "all", *JSON, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(ORDER)
    client.wait_read()
    middle = time.time_ns()
    client.send(ORDER)
    client.close()
    found = windows(process.wait().out)
    assert len(found) == 1 and found[0].orders == 2
    assert not found[0].partial
    # Ours is cut to microseconds.
    assert before - 1000 <= found[0].start <= middle <= found[0].end


def test_all_is_partial_when_the_connection_failed(feed, spawn):
    process = spawn(["-w", "all", *JSON, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(ORDER)
    client.wait_read()
    client.reset()
    result = process.wait()
    assert result.status == 1
    assert [(w.partial, w.orders) for w in windows(result.out)] == [(True, 1)]


def test_all_is_partial_when_it_was_stopped(feed, spawn):
    process = spawn(["-w", "all", *JSON, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(ORDER)
    client.wait_read()
    process.signal(signal.SIGINT)
    result = process.wait()
    assert result.status == -signal.SIGINT
    assert [(w.partial, w.orders) for w in windows(result.out)] == [(True, 1)]


def test_files_alone_are_one_window_and_with_a_pipe_they_are_not(tmp_path):
    path = tmp_path / "orders"
    path.write_bytes(ORDER)
    alone = windows(oc.run([*JSON, path]).out)
    assert len(alone) == 1 and not alone[0].partial
    # 5 s windows: the one that the run ended in is partial.
    beside = windows(oc.run([*JSON, path, "-"]).out)
    assert beside[-1].partial
    assert sum(w.orders for w in beside) == 1


# --- outages -----------------------------------------------------------------


def test_an_outage_moves_the_bounds_where_nothing_was_up(feed, spawn):
    length = 200_000_000
    process = spawn(["-r", "-v", "-w", "0.2", *JSON, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(ORDER)
    process.wait_for(has(lambda w: w.orders == 1 or w.totals.get("A") == 1))
    process.wait_for(at_least(2))
    feed.stop_listening()
    lost = time.time_ns()
    client.close()
    process.wait_for(b"refused", "err")
    # Windows wholly inside the outage print zeros between their own bounds.
    found = process.wait_for(
        has(lambda w: w.start > lost and w.end - w.start == length))
    opened = time.time_ns()
    feed.listen()
    client = feed.accept()
    client.send(ORDER)
    found = process.wait_for(lambda out: [
        w for w in windows(out) if w.start > opened and not w.partial] and
        windows(out))
    went = next(w for w in found if w.end >= lost)
    assert went.partial and went.end % length != 0, found
    inside = [w for w in found if w.start > lost and w.end < opened]
    assert inside, found
    for window in inside:
        assert window.partial and window.counts == {"A": 0}, found
        assert window.start % length == 0 and window.end % length == 0, found
    back = next(w for w in found if w.end > opened and w.start >= opened)
    assert back.partial and back.start % length != 0, found
    assert back.end % length == 0, found
    assert found[found.index(back) + 1].partial is False
    assert sum(w.orders for w in found) == 2


def test_a_short_outage_inside_a_window_moves_no_bound(feed, spawn):
    process = spawn(["-r", "-m", "2", "-w", "0.6", *JSON, "127.0.0.1",
                     feed.port])
    client = feed.accept()
    client.send(ORDER)
    client.wait_read()
    client.close()
    feed.accept().send(ORDER)
    found = windows(process.wait().out)
    assert [(w.partial, w.orders, w.end - w.start) for w in found] == [
        (True, 2, 600_000_000), (False, 0, 600_000_000)]


def test_one_of_two_sources_down_moves_no_bound_but_is_partial(feeds, spawn):
    good, bad = feeds("127.0.0.1"), feeds("127.0.0.1")
    process = spawn(["-w", "0.2", *JSON, f"tcp://127.0.0.1:{good.port}",
                     f"tcp://127.0.0.1:{bad.port}"])
    stays, fails = good.accept(), bad.accept()
    process.wait_for(at_least(2))
    lost = time.time_ns()
    fails.reset()
    found = process.wait_for(lambda out: [
        w for w in windows(out) if w.start > lost + 400_000_000]
        and windows(out))
    stays.send(ORDER)
    stays.wait_read()
    stays.close()
    result = process.wait()
    assert result.status == 1 and b"reset" in result.err
    found = windows(result.out)
    # One that failed is down to the end of the run; nothing moves.
    for window in found[1:-1]:
        assert window.end - window.start == 200_000_000, found
        assert window.partial == (window.end > lost), found
    assert sum(w.orders for w in found) == 1


def test_a_source_that_ended_is_not_down(feeds, spawn):
    good, short = feeds("127.0.0.1"), feeds("127.0.0.1")
    process = spawn(["-w", "0.2", *JSON, f"tcp://127.0.0.1:{good.port}",
                     f"tcp://127.0.0.1:{short.port}"])
    stays, ends = good.accept(), short.accept()
    process.wait_for(at_least(1))
    ended = time.time_ns()
    ends.close()
    found = process.wait_for(lambda out: [
        w for w in windows(out) if w.start > ended] and windows(out))
    assert not any(w.partial for w in found[1:]), found
    stays.close()
    assert process.wait().status == 0


def test_nothing_prints_before_every_source_is_open(feed, spawn, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = spawn(["-w", "0.05", *JSON, f"tcp://127.0.0.1:{feed.port}",
                     fifo])
    client = feed.accept()
    client.send(ORDER)
    # It waits for a writer of the FIFO, and reads nothing meanwhile.
    sent = time.time_ns()
    oc.until(lambda: time.time_ns() > sent + 300_000_000, "six windows")
    assert process.out == b""
    opened = time.time_ns()
    with open(fifo, "wb", buffering=0) as writer:
        found = process.wait_for(has(lambda w: w.orders == 1))
        assert found[0].start >= opened - 1000
        writer.write(ORDER)
    client.close()
    assert sum(w.orders for w in windows(process.wait().out)) == 2


# --- clocks ------------------------------------------------------------------


FAKETIME = next(iter(
    glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") +
    glob.glob("/usr/lib/faketime/libfaketimeMT.so.1")), None)

needs_faketime = pytest.mark.skipif(FAKETIME is None,
                                    reason="libfaketime is not there")


class WallClock:
    """A wall clock that the test can set; the steady ones go on as they are."""

    def __init__(self, folder):
        self._file = os.path.join(folder, "offset")
        self.set(0)

    def set(self, seconds):
        with open(self._file + ".new", "w", encoding="ascii") as out:
            out.write(f"{seconds:+d}\n")
        os.replace(self._file + ".new", self._file)

    @property
    def env(self):
        return {"LD_PRELOAD": FAKETIME, "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_TIMESTAMP_FILE": self._file}


@pytest.mark.limits  # a sanitizer's library has to be the first
@needs_faketime
def test_a_step_forward_ends_the_window_and_is_said(feed, spawn, tmp_path):
    clock = WallClock(tmp_path)
    process = spawn(["-w", "0.2", *JSON, "127.0.0.1", feed.port],
                    env=clock.env)
    client = feed.accept()
    client.send(ORDER)
    client.wait_read()
    process.wait_for(at_least(3))
    clock.set(3600)
    stepped = time.time_ns()
    client.send(ORDER)
    found = process.wait_for(lambda out: [
        w for w in windows(out)
        if w.start > stepped + 3500 * 10**9 and not w.partial] and
        windows(out))
    cut = next(i for i, w in enumerate(found)
               if found[i + 1].start - w.end > 3000 * 10**9)
    assert found[cut].partial and found[cut + 1].partial, found
    # Its real end: when the loop last ran.
    assert found[cut].end <= stepped + 10**9, found
    assert found[cut + 1].end % 200_000_000 == 0, found
    # Whole windows that passed are not printed, and the steps add up.
    assert sum(w.orders for w in found) == 2
    assert len(found) < 100
    err = process.err
    assert err.count(b"the clock was set forward") == 1, err
    skipped = int(err.split(b"skipped: ")[1].split()[0])
    assert skipped == (found[cut + 1].start // 200_000_000 -
                       -(-found[cut].end // 200_000_000))


@pytest.mark.limits  # a sanitizer's library has to be the first
@needs_faketime
def test_a_step_back_changes_nothing_and_is_said(feed, spawn, tmp_path):
    clock = WallClock(tmp_path)
    process = spawn(["-w", "0.1", *JSON, "127.0.0.1", feed.port],
                    env=clock.env)
    client = feed.accept()
    client.send(ORDER)
    process.wait_for(at_least(3))
    clock.set(-3600)
    stepped = time.time_ns()
    client.send(ORDER)
    found = process.wait_for(lambda out: [
        w for w in windows(out) if w.start > stepped + 300_000_000] and
        windows(out))
    for before, after in zip(found, found[1:]):
        assert after.start == before.end and not after.partial, found
    assert sum(w.orders for w in found) == 2
    assert process.err.count(b"the clock was set back") == 1


def test_a_stop_over_many_windows_skips_them_and_loses_nothing(feed, spawn):
    length = 100_000_000
    process = spawn(["-w", "0.1", *JSON, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(ORDER)
    client.wait_read()
    process.wait_for(at_least(3))
    process.signal(signal.SIGSTOP)
    stopped = time.time_ns()
    client.send(ORDER * 5)
    oc.until(lambda: time.time_ns() > stopped + 10 * length, "ten windows")
    resumed = time.time_ns()
    process.signal(signal.SIGCONT)
    found = process.wait_for(lambda out: [
        w for w in windows(out) if w.start > resumed + length and
        not w.partial] and windows(out))
    cut = next(i for i, w in enumerate(found) if w.end > stopped - length
               and found[i + 1].start != w.end)
    assert found[cut].partial and found[cut].end <= stopped + length, found
    after = found[cut + 1]
    assert after.partial and after.start >= resumed - length, found
    assert after.orders == 5, found
    assert sum(w.orders for w in found) == 6
    assert b"skipped" in process.err
    assert b"stopped" in process.err


def test_a_stop_within_a_window_is_nothing(feed, spawn):
    process = spawn(["-w", "2", "-m", "1", *JSON, "127.0.0.1", feed.port])
    client = feed.accept()
    client.send(ORDER)
    client.wait_read()
    process.signal(signal.SIGSTOP)
    client.send(ORDER)
    process.signal(signal.SIGCONT)
    result = process.wait()
    assert [(w.partial, w.orders) for w in windows(result.out)] == [(False, 2)]
    assert result.err == b""


def test_windows_that_print_longer_than_they_last_stop_nothing(tmp_path):
    path = tmp_path / "many"
    path.write_bytes(b"".join(b'{"status":%d}\n' % i for i in range(100000)))
    result = oc.run(["-w", "1ms", "--top", "1", *JSON, path])
    assert result.status == 0, result.err[-1000:]
    assert b"windows skipped" in result.err
    printed = [row for row in map(json.loads, result.out.splitlines())
               if "summary" in row]
    assert sum(row["summary"]["orders"] for row in printed) == 100000
    for before, after in zip(printed, printed[1:]):
        assert ns(after["start"]) >= ns(before["end"])


def test_local_time_has_an_offset():
    out = oc.run(["-w", "all", "--local-time", "-"], stdin=ORDER,
                 env={"TZ": "Asia/Kathmandu"}).out.decode()
    assert out.split("\t")[0].endswith("+05:45")
    assert out.split("\t")[1].endswith("+05:45")
    out = oc.run(["-w", "all", "-"], stdin=ORDER,
                 env={"TZ": "Asia/Kathmandu"}).out.decode()
    assert out.split("\t")[0].endswith("Z")
