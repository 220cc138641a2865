"""Runs that read sources of any kind, and what is looked for in them: for the
tests that every source has to pass (test_source_contract*.py).

    @kinds(lambda kind: kind.is_live)
    def test_it(source, spawn):
        process = start(spawn, source, "-w", "100ms")
        source.send(oc.order("A"))
        until_counted(process, {"A": 1})

A kind that a test is not for is not there: nothing is skipped.
"""

import json
import re
import signal

import pytest

import oc
from source_kinds import KINDS


def kinds(holds=lambda kind: True, among=None):
    """The kinds for which that holds, one after the other, as `source`."""
    return pytest.mark.parametrize(
        "source", [pytest.param(kind, id=kind.id)
                   for kind in among or KINDS if holds(kind)], indirect=True)


# --- runs ---------------------------------------------------------------------

# A machine with much else to do: said of the run, not of a source.
OF_THE_MACHINE = re.compile(rb"ordercount: stopped, or too slow, for .*\n")


def said(err):
    """What is on stderr of sources, by lines."""
    return OF_THE_MACHINE.sub(b"", err).decode().splitlines()


def was_disturbed(err):
    """Some window may be partial, or missing, for the machine's sake."""
    return bool(OF_THE_MACHINE.search(err))


def sibling(kind, request, folder, name=None):
    """A source of that kind, which is closed with the test."""
    own = folder / (name or f"{kind.id}-sibling")
    own.mkdir()
    made = kind(own, request.getfixturevalue)
    request.addfinalizer(made.close)
    return made


def several(source, count, request, folder):
    """So many of its kind."""
    return [source, *(sibling(type(source), request, folder, f"{number}")
                      for number in range(1, count))]


def run(source, *args):
    """The Result of a run that reads it; nobody sends anything meanwhile."""
    return oc.run([*args, *source.arguments], env=source.env)


def begin(spawn, source, *args, beside=(), **more):
    """A run that will read it, and those beside it."""
    every = [source, *beside]
    return spawn([*args, *(option for each in every
                           for option in each.options),
                  *(each.operand for each in every)],
                 env={name: value for each in every
                      for name, value in each.env.items()}, **more)


def start(spawn, source, *args, beside=(), **more):
    """The same; all are open, or nearly so."""
    process = begin(spawn, source, *args, beside=beside, **more)
    for each in [source, *beside]:
        each.attach(process)
    return process


def whole(spawn, source, pieces, *args):
    """The Result of a run over all of that, which ends by itself."""
    if source.is_live and source.ends:
        process = start(spawn, source, *args)
    for piece in pieces:
        source.send(piece)
    if source.is_live and source.ends:
        source.end()
        return process.wait()
    return run(source, *args, *source.until_end)


def counted(out):
    """Each group's count in all whole rows so far, where there is one."""
    return {key: count for key, count in
            oc.counts(oc.whole_lines(out)).items() if count > 0}


def json_counted(out):
    """The same of json; one key."""
    found = {}
    for line in oc.whole_lines(out).splitlines():
        row = json.loads(line)
        if row.get("count"):
            key, = row["key"].values()
            found[key] = found.get(key, 0) + row["count"]
    return found


def until_counted(process, wanted):
    process.wait_for(lambda out: counted(out) == wanted)


def finish(process):
    """Ends it by SIGTERM; returns its Result."""
    process.signal(signal.SIGTERM)
    result = process.wait()
    assert result.status == -signal.SIGTERM, result
    return result
