"""What every source does alike: how it opens and ends, how a record of it is
named, how a run stops. Bytes, losses, time and state are in
test_source_contract_*.py.
"""

import os
import re

import pytest

import oc
from source_runs import (begin, counted, finish, json_counted, kinds, run,
                         said, start, until_counted, was_disturbed, whole)

A = oc.order("A")


# --- opening ------------------------------------------------------------------


@kinds()
def test_opening_is_said_once_with_v(source, spawn):
    result = whole(spawn, source, [A], "-v", "-w", "1d")
    assert said(result.err).count(f"ordercount: {source.name}: open") == 1
    assert not any("open again" in line for line in said(result.err))


@kinds(lambda kind: kind.can_miss)
@pytest.mark.parametrize("quiet", [[], ["-q"]], ids=["", "quiet"])
def test_one_that_cannot_open_is_one_line_and_status_1(source, quiet,
                                                       tmp_path):
    """The others are open by then, or wait for their writer."""
    source.miss()
    other = tmp_path / "other"
    os.mkfifo(other)
    result = run(source, *quiet, "-", other)
    assert (result.status, result.out) == (1, b"")
    line, = said(result.err)
    assert line.startswith("ordercount: ") and source.name in line


@kinds()
def test_another_one_that_cannot_open_stops_the_start(source):
    if not source.is_live:
        source.send(A)
    with oc.Refused() as refused:
        operand = f"tcp://127.0.0.1:{refused.port}"
        result = run(source, "-w", "100ms", operand)
    assert (result.status, result.out) == (1, b"")
    line, = said(result.err)
    assert operand in line and "refused" in line


@kinds(lambda kind: kind.can_appear)
def test_with_reconnect_it_goes_on_until_it_opens(source, spawn):
    source.miss()
    process = begin(spawn, source, "-r", "-w", "100ms")
    process.wait_for(re.escape(source.name.encode()) +
                     rb"[^\n]*, dialling again\n", "err")
    assert process.out == b""
    source.appear()
    source.attach(process)
    source.send(A)
    until_counted(process, {"A": 1})
    assert len(said(finish(process).err)) == 1  # it is not said at each dial


@kinds(lambda kind: kind.can_appear)
def test_a_signal_ends_a_run_that_goes_on_trying(source, spawn):
    source.miss()
    process = begin(spawn, source, "-r", "-v", "-w", "100ms")
    process.wait_for(b"dialling again", "err")
    assert finish(process).out == b""


@kinds()
def test_nothing_is_counted_before_all_are_open(source, beside, spawn):
    process = begin(spawn, source, "-v", "-w", "100ms", beside=[beside])
    source.attach(process)
    source.send(A)
    process.wait_for(re.escape(source.name.encode()) + rb": open\n", "err")
    result = finish(process)
    assert result.out == b"" and beside.name not in result.err.decode()


# --- ends ---------------------------------------------------------------------


@kinds()
def test_all_of_it_is_counted_and_the_end_is_status_0(source, spawn):
    pieces = [oc.order(status) * number
              for number, status in enumerate("ABC", 1)]
    result = whole(spawn, source, pieces, "-w", "1d")
    assert (result.status, said(result.err)) == (0, [])
    assert counted(result.out) == {"A": 1, "B": 2, "C": 3}


@kinds()
def test_nothing_at_all_is_status_0(source, spawn):
    result = whole(spawn, source, [], "-w", "1d", "--expect", "A")
    assert (result.status, said(result.err)) == (0, [])
    assert [row[2:5] for row in oc.rows(result.out)] == [(("A",), 0, 0)]


@kinds()
@pytest.mark.parametrize("half, tallies", [
    (b'{"status":"A"}', (3, 3, 0)), (b'{"status":', (3, 2, 1)),
    (b" \t", (2, 2, 0))], ids=["whole", "cut", "blank"])
def test_an_unfinished_last_line(source, spawn, half, tallies):
    """A record like others; what can be read again may leave it for later."""
    result = whole(spawn, source, [A + A + half], "-q", "-w", "all",
                   "--summary")
    assert (result.status, result.err) == (0, b"")
    if not source.half_is_record:
        tallies = (2, 2, 0)
    assert oc.rows(result.out)[-1].more[:3] == tuple(map(str, tallies))


@kinds(lambda kind: kind.ends and kind.is_live)
def test_the_end_of_one_leaves_the_others(source, beside, spawn):
    process = start(spawn, source, "-v", "-w", "100ms", "-f", "json",
                    "--summary", beside=[beside])
    source.send(A)
    source.end()
    process.wait_for(lambda out: json_counted(out) == {"A": 1})
    first = len(oc.json_windows(process.out))
    process.wait_for(lambda out: len(oc.json_windows(out)) > first + 3)
    beside.send(oc.order("B"))
    beside.end()
    result = process.wait()
    assert result.status == 0
    assert json_counted(result.out) == {"A": 1, "B": 1}
    # What has ended is not down.
    windows = oc.json_windows(result.out)[1:-1]
    assert was_disturbed(result.err) or not any(
        summary["partial"] for _, summary in windows)


# --- rejects ------------------------------------------------------------------


@kinds()
@pytest.mark.parametrize("strict", [[], ["--strict", "-q"]],
                         ids=["", "strict"])
def test_a_reject_is_named_by_its_source_and_its_place(source, spawn, strict):
    result = whole(spawn, source, [A, A, b"[]\n"], "-w", "1d", *strict)
    line, = said(result.err)
    assert re.match(f"ordercount: {source.place(3)}[:,] ", line), line
    assert result.status == (1 if strict else 0)
    assert counted(result.out) == {"A": 2}


# --- stops --------------------------------------------------------------------


@kinds(lambda kind: kind.is_live)
def test_a_signal_prints_the_open_window(source, spawn):
    process = start(spawn, source, "-w", "1d", "-f", "json")
    source.send(A + A + b"[]\n")
    process.wait_for(b"not_object", "err")
    row, = finish(process).out.splitlines()
    assert b'"partial":true' in row and b'"count":2' in row


@kinds(lambda kind: kind.is_live)
@pytest.mark.parametrize("stop", [["-m2"], ["--for=400ms"]],
                         ids=["max-windows", "for"])
def test_a_run_stops_in_the_middle_of_it(source, spawn, stop):
    process = start(spawn, source, "-w", "200ms", "-f", "json", "--summary",
                    *stop)
    source.send(A)
    result = process.wait()
    assert result.status == 0
    windows = oc.json_windows(result.out)
    assert len(windows) == 2 or was_disturbed(result.err)
    assert said(result.err) == []


@kinds(lambda kind: kind.is_live and kind.is_bytes)
def test_a_half_line_is_no_record_when_the_run_stops(source, spawn):
    process = start(spawn, source, "-v", "-w", "1d", "--summary")
    source.send(A + b"[]\n" + A[:-1])
    process.wait_for(b"not_object", "err")
    source.until_taken()
    result = finish(process)
    assert oc.rows(result.out)[-1].more[:3] == ("2", "1", "1")
