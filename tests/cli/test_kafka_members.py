"""Members publish what they count, a merge adds it up: --publish and --merge.

What becomes of it when somebody dies is in tests/kafka.
"""

import collections
import json

import pytest

import oc
from kafka_broker import unique

START = "2026-11-22T10:00:"
QUICK = ["-X", "session.timeout.ms=6000"]


def order(second, status="PAID", **more):
    return json.dumps({"status": status, "at": f"{START}{second:02}Z",
                       **more}).encode()


class Cluster:
    """A source of so many partitions, a topic of partials, and a group."""

    def __init__(self, broker, partitions=2, partials=2, **config):
        self.broker = broker
        self.orders = broker.new_topic(partitions, "orders")
        self.partials = broker.new_topic(partials, "partials", **config)
        self.group = unique("group")

    def member(self, *options, until_end=True):
        return [f"--group={self.group}",
                f"--publish={self.broker.url(self.partials)}",
                "--from=earliest", *QUICK,
                *(["--until-end"] if until_end else []), *options,
                self.broker.url(self.orders)]

    def count(self, *options):
        """One member, to the end of what there is."""
        result = oc.run(self.member("-t", "at", *options))
        assert (result.status, result.out) == (0, b""), result.err
        return result

    def merge(self, *options, partitions=""):
        result = oc.run(["--merge", "--until-end", "-f", "json", "--summary",
                         *options, self.broker.url(self.partials) + partitions])
        return result

    def published(self):
        """Deltas, tallies and marks."""
        kinds = ([], [], [])
        for value in self.broker.values(self.partials):
            told = json.loads(value)
            kinds[2 if "source" in told else 1 if "tallies" in told
                  else 0].append(told)
        return kinds


@pytest.fixture
def cluster(broker):
    return Cluster(broker)


def shown(result):
    """(start, key, count, total) of each row, and the sum of the tallies."""
    assert result.status == 0, result.err
    rows, tallies = [], collections.Counter()
    for line in result.out.splitlines():
        row = json.loads(line)
        if "summary" in row:
            tallies.update({name: number
                            for name, number in row["summary"].items()
                            if name in ("read", "counted", "filtered", "late")})
            tallies["rejected"] += sum(row["summary"]["rejected"].values())
        else:
            rows.append((row["start"][17:19], *row["key"].values(),
                         row["count"], row["total"]))
    assert tallies["read"] == (tallies["counted"] + tallies["rejected"] +
                               tallies["filtered"] + tallies["late"])
    return rows, tallies


# --- what a member sends ------------------------------------------------------

def test_member_prints_nothing_and_sends_deltas_tallies_and_marks(cluster):
    cluster.broker.produce(cluster.orders, [order(1), order(2), order(7, "NEW"),
                                            b"x"])
    cluster.count()
    deltas, tallies, marks = cluster.published()
    assert sorted((d["start"][17:19], d["end"][17:19], d["key"]["status"],
                   d["count"]) for d in deltas) == [
        ("00", "05", "PAID", 2), ("05", "10", "NEW", 1)]
    assert not any("total" in delta or "sum" in delta for delta in deltas)
    assert [t["tallies"] for t in tallies] == [
        {"read": 4, "counted": 3, "rejected": {"invalid_json": 1},
         "filtered": 0, "late": 0}]
    assert len(marks) >= 2 * 2  # a slow machine commits more than once
    last = {m["partition"]: m for m in marks}
    assert [(m["to"], m["newest"]) for m in (last[0], last[1])] == [
        (4, f"{START}07Z"), (0, None)]
    assert {m["from"] for m in marks if m["to"] == 0 or m is marks[0]} == {0}
    assert {(m["source"], m["of"], m["partials"]) for m in marks} == {
        (cluster.orders, 2, 2)}
    assert len({m["query"] for m in marks + tallies}) == 1


def test_sums_are_sent_exactly(cluster):
    cluster.broker.produce(cluster.orders, [order(1, n="0.10"),
                                            order(1, n=2.905)])
    cluster.count("--sum=n")
    values = [value for value in cluster.broker.values(cluster.partials)
              if b'"count":' in value]
    assert [value[value.index(b'"sum"'):] for value in values] == [
        b'"sum":3.005}']
    result = cluster.merge()
    assert b'"sum":3.005,"total_sum":3.005' in result.out


def test_offsets_are_committed_with_the_deltas(cluster):
    cluster.broker.produce(cluster.orders, [order(1)] * 5)
    cluster.broker.produce(cluster.orders, [order(3)] * 2, partition=1)
    cluster.count()
    committed = cluster.broker.committed(cluster.group)
    places = {key[1]: value for key, value in committed.items()}
    assert [places[i][0] for i in (0, 1)] == [5, 2]
    note = json.loads(places[1][1])
    assert note["newest"] == f"{START}03Z"
    assert note["born"] == {cluster.orders: 2}


def test_later_member_goes_on_where_the_last_one_was(cluster):
    cluster.broker.produce(cluster.orders, [order(1)] * 5)
    cluster.count()
    cluster.broker.produce(cluster.orders, [order(2)] * 3)
    cluster.count()
    rows, tallies = shown(cluster.merge())
    assert rows == [("00", "PAID", 8, 8)]
    assert tallies["read"] == tallies["counted"] == 8
    _, _, marks = cluster.published()
    assert [(m["from"], m["to"]) for m in marks
            if m["partition"] == 0] == 2 * [(0, 5), (5, 8)]


def test_members_of_a_group_share_the_partitions(cluster, spawn):
    for number in (0, 1):
        cluster.broker.produce(cluster.orders, [order(number)] * 100,
                               partition=number)
    members = [spawn(cluster.member("-t", "at", f"--member={name}",
                                    until_end=False))
               for name in "ab"]
    oc.until(lambda: sum(t["tallies"]["read"] for t in cluster.published()[1])
             == 200, "all orders in the tallies", cluster.published)
    for member in members:
        member.signal(15)
        assert member.wait().status == -15, member.err
    rows, _ = shown(cluster.merge())
    assert rows == [("00", "PAID", 200, 200)]


def test_by_arrival_the_window_is_that_of_the_reading(cluster):
    cluster.broker.produce(cluster.orders, [order(1)] * 3)
    result = oc.run(cluster.member("-w", "1d"))
    assert result.status == 0, result.err
    deltas, _, marks = cluster.published()
    assert sum(delta["count"] for delta in deltas) == 3
    assert not any(delta["start"].startswith("2026-11-22T")
                   for delta in deltas)
    assert all(m["newest"] for m in marks if m["partition"] == 0)


def test_other_sources_are_published_at_least_once_and_it_is_said(cluster,
                                                                  tmp_path):
    orders = tmp_path / "orders.json"
    orders.write_bytes(b"".join(order(s) + b"\n" for s in (1, 2, 30)))
    result = oc.run(cluster.member("-t", "at", until_end=False)[:-1] +
                    [str(orders)])
    assert result.status == 0, result.err
    assert b"at least once" in result.err
    _, _, marks = cluster.published()
    assert marks[-1]["from"] is None and marks[-1]["idle"]
    rows, _ = shown(cluster.merge())
    assert [row[:3] for row in rows if row[2]] == [("00", "PAID", 2),
                                                   ("30", "PAID", 1)]


# --- what a merge makes of it -------------------------------------------------

def test_window_closes_when_all_partitions_are_past_it(cluster, spawn):
    merge = spawn(["--merge", "-f", "tsv",
                   cluster.broker.url(cluster.partials)])
    cluster.broker.produce(cluster.orders, [order(1), order(6)])
    cluster.broker.produce(cluster.orders, [order(2)], partition=1)
    cluster.count()
    cluster.broker.produce(cluster.orders, [order(4), order(8)], partition=1)
    cluster.count()
    merge.wait_for(b"PAID\t3\t3\n")
    assert merge.out.count(b"\n") == 1
    merge.signal(15)
    merge.wait()


def test_lateness_is_the_merges(broker):
    cluster = Cluster(broker, partials=1)  # of two, either may be read first
    cluster.broker.produce(cluster.orders, [order(1), order(9)])
    cluster.broker.produce(cluster.orders, [order(9)], partition=1)
    cluster.count()
    cluster.broker.produce(cluster.orders, [order(2)])
    cluster.count()
    rows, tallies = shown(cluster.merge())
    assert rows == [("00", "PAID", 1, 1), ("05", "PAID", 2, 3)]
    assert (tallies["late"], tallies["counted"], tallies["read"]) == (1, 3, 4)
    rows, tallies = shown(cluster.merge("--lateness=5"))
    assert rows == [("00", "PAID", 2, 2), ("05", "PAID", 2, 4)]
    assert (tallies["late"], tallies["counted"]) == (0, 4)


def test_rejected_and_filtered_are_added_up(cluster):
    cluster.broker.produce(cluster.orders, [
        order(1), b"{", order(2, n=1), (b"key", None), b'{"status":[]}'])
    cluster.count("--where=n!=1")
    _, tallies = shown(cluster.merge())
    assert (tallies["read"], tallies["counted"], tallies["rejected"],
            tallies["filtered"]) == (5, 1, 2, 2)


def test_merge_goes_on_with_its_state(cluster, tmp_path):
    state = f"--state={tmp_path / 'shop.db'}"
    cluster.broker.produce(cluster.orders, [order(1), order(7)])
    cluster.broker.produce(cluster.orders, [order(7)], partition=1)
    cluster.count()
    rows, _ = shown(cluster.merge(state))
    assert rows == [("00", "PAID", 1, 1)]
    cluster.broker.produce(cluster.orders, [order(8)])
    cluster.count()
    rows, _ = shown(cluster.merge(state))
    assert rows == []
    rows, _ = shown(cluster.merge(state, "--drain"))
    assert rows == [("05", "PAID", 3, 4)]


def test_merges_share_the_partials(cluster, tmp_path):
    statuses = [f"S{i}" for i in range(20)]
    for number in (0, 1):
        cluster.broker.produce(cluster.orders,
                               [order(1, s) for s in statuses] +
                               [order(9, s) for s in statuses],
                               partition=number)
    cluster.count()
    whole, _ = shown(cluster.merge(f"--state={tmp_path / 'all.db'}",
                                   "--drain"))
    parts = []
    for number in (0, 1):
        rows, _ = shown(cluster.merge(f"--state={tmp_path / str(number)}.db",
                                      "--drain",
                                      partitions=f"?partitions={number}"))
        assert 0 < len(rows) < len(whole)
        parts += rows
    assert sorted(parts) == sorted(whole)


def test_rows_of_an_ordinary_run_may_stand_in_a_topic(broker, tmp_path):
    topic = broker.new_topic()
    rows = oc.run(["-t", "at", "-f", "json", "-"],
                  stdin=order(1) + b"\n" + order(9) + b"\n").out
    broker.produce(topic, rows.splitlines())
    result = oc.run(["--merge", "--until-end", broker.url(topic)])
    assert [row.split(b"\t")[2:] for row in result.out.splitlines()] == [
        [b"PAID", b"1", b"1"], [b"PAID", b"1", b"2"]]


# --- bad input ----------------------------------------------------------------

def refuse(result, *texts):
    assert result.status == 1, result.err
    for text in texts:
        assert text in result.err, result.err
    assert result.out == b""


def test_group_of_another_query_is_refused(cluster):
    cluster.broker.produce(cluster.orders, [order(1)])
    cluster.count()
    before = cluster.broker.committed(cluster.group)
    result = oc.run(cluster.member("-t", "at", "-w", "1m"))
    refuse(result, b"counts another query")
    assert cluster.broker.committed(cluster.group) == before


def test_no_partials_topic_is_refused(cluster):
    cluster.partials = unique("nothing")
    refuse(oc.run(cluster.member()), b"there is no topic",
           cluster.partials.encode())


def test_compacted_partials_are_refused(broker):
    cluster = Cluster(broker, **{"cleanup.policy": "compact"})
    refuse(oc.run(cluster.member()), b"is compacted")
    refuse(cluster.merge(), b"is compacted")


@pytest.mark.parametrize("partials", (1, 2))
def test_partials_of_two_queries_are_refused(broker, partials):
    cluster = Cluster(broker, partials=partials)
    cluster.broker.produce(cluster.orders, [order(1)])
    cluster.count()
    cluster.group = unique("group")
    cluster.count("-w", "1m")
    refuse(cluster.merge(), b"quer")


def test_partials_that_grew_are_refused(cluster):
    cluster.broker.produce(cluster.orders, [order(1)])
    cluster.count()
    cluster.broker.grow(cluster.partials, 3)
    refuse(cluster.merge(), b"partitions")


def test_gap_in_what_was_counted_is_refused(cluster, tmp_path):
    state = f"--state={tmp_path / 'shop.db'}"
    cluster.broker.produce(cluster.orders, [order(1)] * 5)
    cluster.count()
    assert cluster.merge(state).status == 0
    committed = cluster.broker.committed(cluster.group)
    cluster.broker.produce(cluster.orders, [order(2)] * 5)
    note = next(value[1] for key, value in committed.items() if key[1] == 0)
    cluster.broker.set_committed(cluster.group, cluster.orders, 0, 7, note)
    cluster.count()
    refuse(cluster.merge(state), b"gap", cluster.orders.encode())


def test_expired_partials_are_a_gap_and_not_passed_over(cluster, tmp_path):
    state = f"--state={tmp_path / 'shop.db'}"
    cluster.broker.produce(cluster.orders, [order(1)])
    cluster.count()
    assert cluster.merge(state).status == 0
    cluster.broker.produce(cluster.orders, [order(2)])
    cluster.count()
    ends = cluster.broker.end_offsets(cluster.partials)
    for number, end in enumerate(ends):
        cluster.broker.delete_records(cluster.partials, number, end)
    refuse(cluster.merge(state), b"expired")
