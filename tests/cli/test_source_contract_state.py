"""--state with a source of whatever kind: what can be read again is counted
once however a run ended, of the rest the totals go on.
"""

import signal

import pytest

import oc
from source_runs import (counted, finish, kinds, run, said, start,
                         until_counted, whole)
from test_source_contract_time import at

A, B = oc.order("A"), oc.order("B")

kinds_that_keep_their_place = kinds(lambda kind: kind.keeps_place)
kinds_that_do_not = kinds(lambda kind: not kind.keeps_place)


@pytest.fixture
def state(tmp_path):
    return ["--state", tmp_path / "state"]


def read(source, *args, status=0):
    """A run to the end of what there is."""
    result = run(source, "-q", *args, *source.until_end)
    assert (result.status, result.err if status == 0 else b"") == (
        status, b""), result
    return result.out


def totals(out):
    return {row.key[0]: row.total for row in oc.rows(out)}


@kinds_that_keep_their_place
def test_a_later_run_counts_what_is_new(source, state):
    source.send(A + A)
    assert counted(read(source, "-w", "1d", *state)) == {"A": 2}
    assert counted(read(source, "-w", "1d", *state)) == {}
    source.send(B)
    out = read(source, "-w", "1d", *state)
    assert (counted(out), totals(out)) == ({"B": 1}, {"A": 2, "B": 1})


@kinds_that_do_not
def test_totals_go_on_where_nothing_can_be_read_again(source, spawn, state):
    """Another run has another connection, and another feed."""
    result = whole(spawn, source, [A + A], "-w", "1d", *state)
    assert (result.status, said(result.err)) == (0, [])
    result = whole(spawn, source, [B], "-w", "1d", *state)
    assert (result.status, said(result.err)) == (0, [])
    assert counted(result.out) == {"B": 1}
    assert totals(result.out) == {"A": 2, "B": 1}


@kinds_that_keep_their_place
@pytest.mark.parametrize("window", ["50ms", "1d"], ids=["saved", "unsaved"])
def test_a_run_that_is_killed_costs_nothing(source, beside, spawn, state,
                                            window):
    """Whether it had printed what it read or not."""
    source.send(A + A + b"[]\n")
    process = start(spawn, source, "-w", window, *state, beside=[beside])
    process.wait_for(b"not_object", "err")
    if window != "1d":
        until_counted(process, {"A": 2})
    process.signal(signal.SIGKILL)
    process.wait()
    source.send(B)
    out = read(source, "-w", window, *state)
    assert {key: total for key, total in totals(out).items()
            if key in ("A", "B")} == {"A": 2, "B": 1}


@kinds_that_do_not
def test_what_was_printed_before_a_kill_is_in_the_totals(source, beside, spawn,
                                                         state):
    process = start(spawn, source, "-w", "50ms", *state, beside=[beside])
    source.send(A + A)
    until_counted(process, {"A": 2})
    process.signal(signal.SIGKILL)
    process.wait()
    source.restart()
    result = whole(spawn, source, [B], "-w", "50ms", *state)
    assert totals(result.out) == {"A": 2, "B": 1}


@kinds(lambda kind: kind.is_live and kind.keeps_place)
def test_a_run_that_is_stopped_goes_on_there(source, spawn, state):
    process = start(spawn, source, "-w", "1d", *state)
    source.send(A + A + b"[]\n")
    process.wait_for(b"not_object", "err")
    assert counted(finish(process).out) == {"A": 2}
    source.send(B)
    assert counted(read(source, "-w", "1d", *state)) == {"B": 1}


@kinds_that_keep_their_place
def test_runs_of_one_window_each_are_one_run(source, state):
    """A window ends each, and the run has read more than it counted."""
    args = ["-t", "t", "-w", "5s", "-f", "json"]
    source.send(at(1, 2, 7, 8, 12, 13, 14, 21, 22, 22, 27, 33, 34, 41))
    together = read(source, *args)
    parts = [read(source, *args, "-m", "1", *state) for _ in range(6)]
    parts.append(read(source, *args, "--drain", *state))
    assert b"".join(parts) == together
    assert [part.count(b"\n") for part in parts] == [1] * 7


@kinds_that_keep_their_place
def test_a_line_that_ended_a_run_is_not_read_again(source, state):
    source.send(A + b"[]\n" + A + b"{\n" + A)
    args = ["-w", "all", "--strict", *state]
    assert [counted(read(source, *args, status=status))
            for status in (1, 1, 0, 0)] == [{"A": 1}] * 3 + [{}]
