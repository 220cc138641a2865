"""Event time of a source, of whatever kind it is: it holds windows back while
it may still have something for them, and no longer.
"""

import pytest

import oc
from source_runs import finish, kinds, said, start, whole

TIMED = ["-f", "json", "-t", "t", "-w", "5s", "--summary"]


def at(*seconds):
    return b"".join(b'{"t":%d,"status":"A"}\n' % (1700000000 + second)
                    for second in seconds)


def windows(out):
    """[(where it ends, how many are in it)] of those that printed."""
    return [(int(row["end"][17:19]) - 20, row["summary"]["orders"])
            for _, row in oc.json_windows(out)]


def late(out):
    return sum(row["summary"]["late"] for _, row in oc.json_windows(out))


def until_windows(process, *wanted):
    process.wait_for(lambda out: windows(out) == list(wanted))


def until_read(process, source, line, why):
    """All that was sent, and this line, of which nobody else has the like."""
    source.send(line)
    process.wait_for(why, "err")


@pytest.fixture
def two(source, beside, spawn):
    """two(option...): a run, in which the one beside is further than this."""
    def both(*args):
        process = start(spawn, source, *TIMED, *args, beside=[beside])
        source.send(at(2))
        beside.send(at(1, 12))
        until_read(process, source, b"[]\n", b"not_object")
        until_read(process, beside, b"{}\n", b"missing_key")
        return process
    return both


@kinds(lambda kind: kind.is_live)
def test_the_least_watermark_decides(source, two):
    process = two("--idle=never")
    assert process.out == b""
    source.send(at(7))
    until_windows(process, (5, 2))
    source.send(at(11))
    until_windows(process, (5, 2), (10, 1))
    assert windows(finish(process).out) == [(5, 2), (10, 1), (15, 2)]


@kinds(lambda kind: kind.is_live)
def test_one_that_is_idle_holds_nothing_back(source, beside, spawn):
    """It never had anything, and then it had."""
    process = start(spawn, source, *TIMED, "--idle=300ms", beside=[beside])
    beside.send(at(1, 10))
    process.wait_for(lambda out: windows(out)[:1] == [(5, 1)])
    source.send(at(11))
    until_read(process, source, b"[]\n", b"not_object")
    beside.send(at(31))
    process.wait_for(lambda out: windows(out)[:2] == [(5, 1), (15, 2)])


@kinds(lambda kind: kind.is_live and kind.ends)
def test_one_that_has_ended_holds_nothing_back(source, two):
    process = two("--idle=never")
    assert process.out == b""
    source.end()
    until_windows(process, (5, 2))


@kinds(lambda kind: kind.can_fail)
def test_one_that_failed_holds_nothing_back(source, two):
    process = two("--idle=never")
    assert process.out == b""
    source.fail()
    until_windows(process, (5, 2))


@kinds(lambda kind: kind.can_heal)
def test_one_that_is_down_is_idle_after_a_while(source, two):
    process = two("-r", "--idle=1s")
    source.fail()
    process.wait_for(lambda out: windows(out)[:1] == [(5, 2)])


@kinds(lambda kind: kind.can_heal)
def test_an_outage_does_not_set_its_time_back(source, spawn):
    process = start(spawn, source, "-r", *TIMED, "--idle=never")
    source.send(at(12))
    until_read(process, source, b"[]\n", b"not_object")
    source.fail()
    process.wait_for(b"dialling again", "err")
    source.heal()
    source.send(at(2, 17))
    process.wait_for(lambda out: windows(out) == [(15, 1)] and late(out) == 1)


@kinds()
def test_what_comes_late_is_late(source, spawn):
    result = whole(spawn, source, [at(1, 7, 2, 6, 11, 6)], *TIMED)
    assert (result.status, said(result.err)) == (0, [])
    assert (windows(result.out), late(result.out)) == (
        [(5, 1), (10, 2), (15, 1)], 2)


@kinds()
def test_its_time_goes_on_in_a_later_run(source, spawn, tmp_path):
    """By --state, whether it can be read again or not."""
    args = [*TIMED, "--state", tmp_path / "state"]
    first = whole(spawn, source, [at(1, 12)], *args)
    assert (first.status, windows(first.out)) == (0, [(5, 1)])
    again = whole(spawn, source, [at(2, 17)], *args)
    assert (again.status, windows(again.out), late(again.out)) == (
        0, [(15, 1)], 1)
