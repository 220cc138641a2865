"""What /healthz, /metrics and /api say of a source, of whatever kind it is."""

import re

import pytest

import http_client
import oc
from http_client import request
from source_kinds import KINDS, MORTALS
from source_runs import begin, kinds, start

pytestmark = http_client.needed

A = oc.order("A")


@pytest.fixture
def page(spawn):
    """page(source, option...): a run with --http; .port is where."""
    def serve(source, *args, beside=()):
        process = start(spawn, source, "--http=0", "-w", "100ms", *args,
                        beside=beside)
        process.port = port_of(process)
        return process
    return serve


def port_of(process):
    return int(process.wait_for(http_client.LISTENING, "err")[3])


def states(process):
    """[(its name, its state)] of the sources."""
    return [(source["name"], source["state"]) for source in
            request(process.port, "/api/status").exact()["sources"]]


def until_state(process, source, state, status=200):
    """Waits until all three say so; status: of /healthz, for all sources."""
    name = source.operand
    is_well = state in ("up", "ended")
    line = re.compile(rf"{re.escape(name)}: {state}(: .+)?")
    up = f'ordercount_source_up{{source="{name}"}} {int(is_well)}'

    def ask():
        health = request(process.port, "/healthz")
        metrics = request(process.port, "/metrics").body.decode()
        return (states(process), health.status,
                health.body.decode().splitlines(),
                [found for found in metrics.splitlines()
                 if found.startswith("ordercount_source_up{")])

    def is_so():
        found, number, lines, ups = ask()
        told = any(line.fullmatch(text) for text in lines)
        return ((name, state) in found and number == status and
                told != is_well and up in ups)
    oc.until(is_so, f"{name} {state}, {status}",
             lambda: (ask(), process.seen()[-300:]), pause_s=0.01)


@kinds(lambda kind: kind.is_live)
def test_one_that_is_read_is_well(source, page):
    process = page(source)
    source.send(A)
    until_state(process, source, "up")


@kinds()
def test_one_that_waits_for_the_others_is_well(source, beside, spawn):
    """Once it is open; the run is not, while another one is opening."""
    process = begin(spawn, source, "--http=0", "-w", "100ms",
                    beside=[beside])
    source.attach(process)
    process.port = port_of(process)
    until_state(process, source, "up", 503)
    until_state(process, beside, "opening", 503)
    beside.attach(process)
    until_state(process, beside, "up")


@kinds(lambda kind: kind.ends)
def test_one_that_has_ended_is_well(source, beside, page):
    if not source.is_live:
        source.send(A)
    process = page(source, beside=[beside])
    if source.is_live:
        source.send(A)
        source.end()
    until_state(process, source, "ended")
    until_state(process, beside, "up")


@kinds(lambda kind: kind.can_appear)
def test_one_that_is_opening_is_not_well(source, spawn):
    source.miss()
    process = begin(spawn, source, "-r", "--http=0", "-w", "100ms")
    process.port = port_of(process)
    until_state(process, source, "opening", 503)
    source.appear()
    source.attach(process)
    until_state(process, source, "up")


@kinds(lambda kind: kind.can_fail)
def test_one_that_failed_is_not_well(source, beside, page):
    process = page(source, beside=[beside])
    source.send(A)
    until_state(process, source, "up")
    source.fail()
    until_state(process, source, "failed", 503)
    until_state(process, beside, "up", 503)


@kinds(lambda kind: kind.can_heal, KINDS + MORTALS)
def test_one_that_is_down_is_not_well_until_it_is_back(source, page):
    process = page(source, "-r")
    source.send(A)
    until_state(process, source, "up")
    source.fail()
    until_state(process, source, "down", 503)
    source.heal()
    until_state(process, source, "up")
