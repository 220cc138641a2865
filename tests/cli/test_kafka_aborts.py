"""Members whose transactions fail: what they held is counted again, once."""

import os

import pytest

import oc
from test_kafka_members import Cluster, order, shown

STEPS = os.environ.get("ORDERCOUNT_STEPS") or os.path.join(
    oc.ROOT, "build", "steps", "ordercount")


@pytest.fixture
def cluster(broker):
    return Cluster(broker)


@pytest.fixture
def steps(spawn):
    """steps(arguments, NAME=VALUE...): a member of the build that can be told
    to fail."""
    def start(args, **variables):
        return spawn(args, program=[STEPS, *args], env={
            f"ORDERCOUNT_{name}": value for name, value in variables.items()})
    return start


def read_so_far(cluster):
    return sum(t["tallies"]["read"] for t in cluster.published()[1])


def produce_until(cluster, happened):
    """Orders, one by one. Returns how many."""
    count = 0
    while not happened():
        cluster.broker.produce(cluster.orders, [order(count % 30)],
                               partition=count % 2)
        count += 1
    return count


def test_what_an_aborted_transaction_held_is_counted_again(cluster, steps):
    """It takes long to abort, and reading goes on meanwhile."""
    cluster.broker.produce(cluster.orders, [order(1)] * 5)
    member = steps(cluster.member("-t", "at", until_end=False),
                   FAIL_AT="offsets:2", SLOW_AT="abort:1500")
    oc.until(lambda: read_so_far(cluster) == 5, "the first five")
    count = 5 + produce_until(cluster, lambda: b"read again" in member.err)
    oc.until(lambda: read_so_far(cluster) == count, "all of them",
             cluster.published)
    member.signal(15)
    assert member.wait().status == -15
    rows, tallies = shown(cluster.merge("--lateness=1m"))
    assert sum(row[2] for row in rows) == tallies["read"] == count


def test_an_end_with_an_aborted_transaction_leaves_it_to_the_next(cluster,
                                                                  steps):
    cluster.broker.produce(cluster.orders, [order(1)] * 5)
    member = steps(cluster.member("-t", "at"), FAIL_AT="offsets:1")
    result = member.wait()
    assert result.status == 1
    assert b"the next run of the group reads again" in result.err
    assert cluster.published() == ([], [], [])
    cluster.count()
    rows, _ = shown(cluster.merge())
    assert rows == [("00", "PAID", 5, 5)]


def test_an_answer_of_an_earlier_assignment_is_not_taken(cluster, steps):
    """It goes back, and asks; before the answer comes, another member does."""
    cluster.broker.produce(cluster.orders, [order(1)] * 5)
    first = steps(cluster.member("-t", "at", until_end=False),
                  FAIL_AT="offsets:2", SLOW_AT="committed_offsets:3000")
    oc.until(lambda: read_so_far(cluster) == 5, "the first five")
    cluster.broker.produce(cluster.orders, [order(2)] * 4)
    first.wait_for(b"is read again", "err")
    second = steps(cluster.member("-t", "at", "-v", until_end=False))
    second.wait_for(b"open, ", "err")
    cluster.broker.produce(cluster.orders, [order(3)] * 4, partition=1)
    oc.until(lambda: read_so_far(cluster) >= 13, "all of them",
             cluster.published)
    # Who has what is settled: nobody counts what another does.
    count = 13
    for number in (0, 1):
        cluster.broker.produce(cluster.orders, [order(4)] * 3,
                               partition=number)
        count += 3
    oc.until(lambda: read_so_far(cluster) >= count, "what came then, too",
             cluster.published)
    for member in (first, second):
        member.signal(15)
        assert member.wait().status == -15
    rows, _ = shown(cluster.merge())
    assert rows == [("00", "PAID", count, count)]


def test_what_cannot_be_read_again_is_sent_again(cluster, steps):
    member = steps(cluster.member("-t", "at", until_end=False)[:-1] + ["-"],
                   FAIL_AT="offsets:1")
    for second in range(20):
        member.write(order(second) + b"\n")
    member.close_stdin()
    assert member.wait().status == 0, member.err
    rows, _ = shown(cluster.merge())
    assert sum(row[2] for row in rows) == 20


def test_partials_that_grow_end_a_merge_that_runs(cluster, spawn):
    cluster.broker.produce(cluster.orders, [order(1)])
    cluster.count()
    merge = spawn(["--merge", "-v", cluster.broker.url(cluster.partials)])
    merge.wait_for(rb": open\n", "err")
    cluster.broker.grow(cluster.partials, 3)
    merge.wait_for(b"3 partitions", "err")
    cluster.broker.produce(cluster.orders, [order(2)])
    cluster.count()
    result = merge.wait()
    assert result.status == 1, result.err
