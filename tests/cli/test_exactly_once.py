"""Members, merges and a real Kafka broker: each order counts exactly once.

What does it stands in tests/kafka; tests/kafka/run makes one run with other
numbers, and keeps the logs.
"""

import os
import random
import re
import sys

import pytest

import oc

sys.path.insert(0, os.path.join(oc.ROOT, "tests", "kafka"))

import ledger  # noqa: E402
import once  # noqa: E402
from cluster import STEPS, Missing  # noqa: E402
from orders import Orders  # noqa: E402
from rdkafka import Message  # noqa: E402

SEED = int(os.environ.get("ORDERCOUNT_SEED", "1"))


def all_of(orders):
    """Each partition's messages."""
    whole = [[] for _ in range(orders.partitions)]
    while (values := orders.block()) is not None:
        for held, part in zip(whole, values):
            held += part
    return whole


# --- what is held against what -----------------------------------------------

@pytest.mark.parametrize("seed", range(4))
def test_one_run_over_the_orders_agrees_with_what_is_expected(seed, tmp_path):
    """The makers of orders and the program are of one mind."""
    orders = Orders(seed, 10000, (5, 20)[seed % 2])
    paths = []
    for number, values in enumerate(all_of(orders)):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(b"".join((value or b"") + b"\n"
                                       for value in values))
    done = oc.run(["-q", *orders.query.alone(), *paths])
    assert (done.status, done.err) == (0, b""), done
    assert len(orders.tallies) == 10  # each reason, too
    orders.tallies["filtered"] -= orders.tombstones  # no lines in files
    assert ledger.check_rows(ledger.Rows(done.out), orders.rows(),
                             orders.tallies) == []
    check_that_changes_are_seen(done.out, orders)


def check_that_changes_are_seen(out, orders):
    """A row less, a row more, another number: each is said."""
    rng = random.Random(1)
    lines = out.splitlines(keepends=True)
    windows = [at for at, line in enumerate(lines) if b'"summary"' in line]
    for _ in range(5):
        at = rng.randrange(len(lines))
        first, last = rng.choice(list(zip([-1, *windows], windows)))
        for changed in ([*lines[:at], *lines[at + 1:]],
                        [*lines[:at + 1], *lines[at:]],
                        [*lines[:at], re.sub(
                            rb'"(count|read)":', rb'"\1":1', lines[at])],
                        [*lines[:last + 1], *lines[first + 1:]],
                        [*lines[:first + 1], *lines[last + 1:]],
                        [*lines[:-1], lines[-1][:-1]]):
            if changed != lines:
                rows = ledger.Rows(b"".join(changed))
                assert ledger.check_rows(rows, orders.rows(), orders.tallies)


MARK = ('{{"source":"orders","partition":0,"of":1,"from":{},"to":{},'
        '"newest":null,"idle":false,"partials":2,"sources":1,"query":"{}"}}')
DELTA = ('{{"start":"2021-03-04T12:00:00Z","end":"2021-03-04T12:00:10Z",'
         '"key":{{"status":"PAID","region":"us"}},"count":{},"sum":{}}}')
TALLIES = ('{{"tallies":{{"read":{},"counted":{},"rejected":{{}},'
           '"filtered":0,"late":0}},"query":"a"}}')


def partials(*messages):
    """messages: (partition, text)."""
    found = ledger.Partials(2)
    for offset, (partition, text) in enumerate(messages):
        found.add(Message(partition, offset, None, text.encode(), 0))
    return ledger.check_partials(
        found, [9], {("2021-03-04T12:00:00Z", ('"PAID"', '"us"')):
                     (5, 12500000)}, {"counted": 5})


def marks(*pairs, query="a"):
    return [(partition, MARK.format(start, end, query))
            for start, end in pairs for partition in (0, 1)]


GOOD = [(1, DELTA.format(2, "10")), (1, DELTA.format(3, "2.50")),
        (0, TALLIES.format(2, 2)), (0, TALLIES.format(3, 3))]


@pytest.mark.parametrize("messages, complaint", [
    ([*GOOD, *marks((0, 4), (4, 9))], ""),
    ([*GOOD, *marks((0, 4), (4, 4), (4, 9))], ""),
    ([*GOOD, *marks((0, 4), (5, 9))], "a gap of 1"),
    ([*GOOD, *marks((0, 4), (3, 9))], "an overlap of 1"),
    ([*GOOD, *marks((0, 4), (0, 4), (4, 9))], "an overlap of 4"),
    ([*GOOD, *marks((0, 8))], "reach [0, 8], not [0, 9]"),
    ([*GOOD, *marks((1, 9))], "reach [1, 9], not [0, 9]"),
    ([*GOOD, *marks((0, 9))[:1]], "partition 1 reach None"),
    ([*GOOD, *marks((0, 4)), *marks((4, 9), query="b")], "several queries"),
    ([*GOOD[1:], *marks((0, 9))], "deltas of"),
    ([*GOOD, GOOD[0], *marks((0, 9))], "deltas of"),
    ([*GOOD, (0, DELTA.format(0, "0")), *marks((0, 9))],
     "in partitions 1 and 0"),
    ([*GOOD[:3], *marks((0, 9))], "tally counted: 2, not 5"),
    ([*GOOD[:3], (0, TALLIES.format(4, 3)), *marks((0, 9))], "no identity"),
    ([*GOOD[:3], (1, TALLIES.format(3, 3)), *marks((0, 9))],
     "not in partition 0"),
    ([*GOOD, (0, "{"), *marks((0, 9))], "not JSON"),
])
def test_what_members_commit_is_checked(messages, complaint):
    found = partials(*messages)
    if complaint:
        assert any(complaint in said for said in found), found
    else:
        assert found == []


# --- the whole of it ---------------------------------------------------------

def trial(form, folder):
    messages, windows, plan = once.FORMS[form]
    if not os.access(STEPS, os.X_OK):
        pytest.fail(f"{STEPS} is not there: run make steps first")
    try:
        wrong = once.Trial(str(folder), STEPS, SEED, messages, windows, plan,
                           lambda line: print(line, flush=True)).run()
    except Missing as what:
        pytest.skip(str(what))
    assert wrong == [], f"the logs are in {folder}"


def test_orders_count_once_when_each_is_killed_once(tmp_path):
    trial("short", tmp_path)


@pytest.mark.long
def test_orders_count_once_when_all_goes_wrong(tmp_path):
    trial("middle", tmp_path)


@pytest.mark.kafka
def test_orders_count_once_in_a_hundred_kills(tmp_path):
    trial("whole", tmp_path)
