"""What becomes of a run when a source breaks off, of whatever kind it is: it is
said once, the others go on, and monitors know.
"""

import re

import oc
from source_kinds import KINDS, MORTALS
from source_runs import finish, json_counted, kinds, said, start, was_disturbed

A, B = oc.order("A"), oc.order("B")

every_kind_that_fails = kinds(lambda kind: kind.can_fail, KINDS + MORTALS)
every_kind_that_heals = kinds(lambda kind: kind.can_heal, KINDS + MORTALS)
kinds_that_heal_soon = kinds(lambda kind: kind.can_heal)


def expositions(out):
    """The whole ones in Prometheus' format, but the last."""
    return out.split(b"# HELP ordercount_orders_total")[1:-1]


def number(exposition, series):
    found = re.search(rf"^{re.escape(series)} (\d+)$", exposition.decode(),
                      re.M)
    return found and int(found[1])


def up(source):
    return f'ordercount_source_up{{source="{source.operand}"}}'


def until_exposed(process, **wanted):
    """Waits until the newest says so: {series: number}."""
    process.wait_for(lambda out: expositions(out) and all(
        number(expositions(out)[-1], series) == value
        for series, value in wanted.items()))


@kinds(lambda kind: kind.is_live)
def test_one_that_is_read_is_up(source, spawn):
    process = start(spawn, source, "-w", "100ms", "-f", "prometheus")
    source.send(A)
    until_exposed(process, **{up(source): 1,
                              'ordercount_orders_total{status="A"}': 1})


@kinds(lambda kind: kind.is_live and kind.ends)
def test_one_that_has_ended_is_up(source, beside, spawn):
    process = start(spawn, source, "-w", "100ms", "-f", "prometheus",
                    beside=[beside])
    source.send(A)
    source.end()
    until_exposed(process, **{up(source): 1, up(beside): 1,
                              'ordercount_orders_total{status="A"}': 1})


@every_kind_that_fails
def test_one_that_fails_is_said_once_and_the_others_go_on(source, beside,
                                                          spawn):
    process = start(spawn, source, "-w", "100ms", "-f", "json", "--summary",
                    beside=[beside])
    source.send(A)
    process.wait_for(lambda out: json_counted(out) == {"A": 1})
    source.fail()
    name = re.escape(source.name.encode())
    process.wait_for(name + rb"[^\n]*\n", "err")
    failed = len(oc.json_windows(process.out))
    beside.send(B)
    process.wait_for(lambda out: json_counted(out) == {"A": 1, "B": 1} and
                     len(oc.json_windows(out)) > failed + 3)
    beside.end()
    result = process.wait()
    assert result.status == 1
    line, = said(result.err)
    assert source.name in line and "dialling" not in line
    partial = [summary["partial"] for _, summary in
               oc.json_windows(result.out)]
    # It is down to the end of the run.
    assert all(partial[failed + 1:])


@every_kind_that_heals
def test_with_reconnect_it_goes_on_where_it_can(source, beside, spawn):
    process = start(spawn, source, "-r", "-v", "-w", "200ms", "-f",
                    "prometheus", beside=[beside])
    orders = 'ordercount_orders_total{status="A"}'
    source.send(A)
    until_exposed(process, **{up(source): 1, orders: 1})
    source.fail()
    name = re.escape(source.name.encode())
    process.wait_for(name + rb"[^\n]*, dialling again\n", "err")
    until_exposed(process, **{up(source): 0, up(beside): 1})
    source.heal()
    process.wait_for(name + rb": open again\n", "err")
    source.send(A)
    until_exposed(process, **{up(source): 1, orders: 2})
    finish(process)


@kinds_that_heal_soon
def test_windows_of_an_outage_are_partial(source, spawn):
    process = start(spawn, source, "-r", "-v", "-w", "200ms", "-f", "json",
                    "--summary")
    source.send(A)
    process.wait_for(lambda out: json_counted(out) == {"A": 1})

    def until_more(count):
        goal = len(oc.json_windows(process.out)) + count
        process.wait_for(lambda out: len(oc.json_windows(out)) >= goal)
    until_more(3)
    source.fail()
    process.wait_for(b"dialling again", "err")
    until_more(3)
    source.heal()
    process.wait_for(b"open again", "err")
    until_more(4)
    result = finish(process)
    partial = "".join("p" if summary["partial"] else "w" for _, summary in
                      oc.json_windows(result.out))
    # Whole, an outage, whole again; the first and the last are always partial.
    assert was_disturbed(result.err) or re.fullmatch(
        "pw+pp+w+p", partial), partial


@kinds_that_heal_soon
def test_an_outage_costs_no_status(source, spawn):
    """It healed: that is what --reconnect is for."""
    process = start(spawn, source, "-r", "-v", "-w", "100ms", "--for=1500ms")
    process.wait_for(re.escape(source.name.encode()) + b": open\n", "err")
    source.send(A)
    source.fail()
    assert process.wait().status == 0
