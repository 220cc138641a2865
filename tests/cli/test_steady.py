"""A program that runs for months: what it costs while nothing new happens.

The figures come from tests/bench/steady.py, which make bench prints too.
"""

import os
import sys

import pytest

import oc

sys.path.insert(0, os.path.join(oc.ROOT, "tests", "bench"))

import steady  # noqa: E402

pytestmark = pytest.mark.limits


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    return steady.Counter(tmp_path_factory.mktemp("allocations"))


@pytest.mark.parametrize("name", ["tsv", "csv", "json", "table"])
def test_windows_under_load_allocate_nothing(counter, name):
    before, meanwhile = steady.allocations(
        counter, f"--format={name}", "--summary")
    assert before > 0, "the counter counts nothing"
    assert meanwhile == 0


@pytest.mark.parametrize("way", steady.WAYS)
def test_panes_and_sums_allocate_nothing(counter, way):
    options, block = steady.WAYS[way]
    before, meanwhile = steady.allocations(counter, *options, block=block)
    assert before > 0, "the counter counts nothing"
    assert meanwhile == 0


def test_rejected_records_allocate_nothing(counter):
    bad = steady.ORDERS[:100_000] + b'{"status": "PLACED"\n' * 2000 + \
        b'{"status": {}}\n{"stat": 1}\n[]\n' * 2000
    before, meanwhile = steady.allocations(counter, block=bad)
    assert before > 0, "the counter counts nothing"
    assert meanwhile == 0


def test_a_longer_file_allocates_no_more(counter, tmp_path):
    def used(times):
        path = tmp_path / f"{times}.jsonl"
        path.write_bytes(steady.ORDERS * times)
        counter.reset()
        done = oc.run([path], env=counter.env)
        assert oc.counts(done.out)["PLACED"] == 5000 * times
        return counter.count()

    assert used(20) == used(2) > 0


def test_few_groups_take_little():
    assert steady.resident_kib() <= oc.resident_limit_kib()


def test_a_quiet_connection_wakes_it_for_windows_only():
    wakeups, windows = steady.idle_wakeups()
    # The last window may have been seen before it slept again, or after.
    assert wakeups <= windows + 1
