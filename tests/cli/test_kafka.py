"""kafka://: what of a topic is counted, from where and up to where.

The broker is a real one. That positions outlive a crash is in
test_kafka_state.py, groups are in test_kafka_group.py, what goes wrong is in
test_kafka_faults.py.
"""

import json
import os
import random
import signal

import pytest

import oc
from random_times import Maker
from test_event_time import arguments

ALL = ["-q", "-w", "all", "--until-end"]


def count(broker, topics, *args):
    """What a run up to the ends counts; topics: one, or the whole operand."""
    operand = topics if "/" in topics else broker.url(topics)
    result = oc.run([*ALL, *args, operand])
    assert (result.status, result.err) == (0, b"")
    return oc.counts(result.out)


def tallies(broker, *args):
    """Of a run up to the ends: the summary, status and stderr."""
    result = oc.run(["-w", "all", "--until-end", "-f", "json", "--summary",
                     *args])
    (_, row), = oc.json_windows(result.out)
    told = row["summary"]
    assert told["read"] == (told["counted"] + sum(told["rejected"].values()) +
                            told["filtered"] + told["late"])
    return told, result.status, result.err


# --- which topics and partitions ----------------------------------------------

def test_partitions_are_all_or_those_asked_for(broker):
    topic = broker.new_topic(partitions=5)
    for partition in range(5):
        broker.produce(topic, [oc.order(f"P{partition}")] * (partition + 1),
                       partition=partition)
    every = {f"P{partition}": partition + 1 for partition in range(5)}
    assert count(broker, topic) == every
    for asked, wanted in (("2", [2]), ("0-1,4", [0, 1, 4]), ("0-4", range(5)),
                          ("3,1,3,1-2", [1, 2, 3])):
        assert count(broker, f"{broker.url(topic)}?partitions={asked}") == {
            f"P{partition}": partition + 1 for partition in wanted}


def test_topics_are_read_side_by_side(broker):
    topics = [broker.new_topic(partitions=n) for n in (1, 3, 2)]
    for number, topic in enumerate(topics):
        for partition in range(broker.partitions(topic)):
            broker.produce(topic, [oc.order(f"T{number}"), oc.order("X")],
                           partition=partition)
    assert count(broker, broker.url(*topics)) == {
        "T0": 1, "T1": 3, "T2": 2, "X": 6}
    assert count(broker, broker.url(*topics[1:]) + "?partitions=1") == {
        "T1": 1, "T2": 1, "X": 2}
    # As operands of their own, and beside a file.
    result = oc.run([*ALL, *map(broker.url, topics), "/dev/null"])
    assert oc.counts(result.out) == {"T0": 1, "T1": 3, "T2": 2, "X": 6}


def test_what_is_not_there_is_said(broker):
    topic = broker.new_topic(partitions=2)
    for operand, why in (
            (broker.url("no-such"), "there is no topic 'no-such'"),
            (broker.url(topic, "no-such"), "there is no topic 'no-such'"),
            (broker.url(topic) + "?partitions=1-2",
             f"there is no partition 2 of '{topic}', which has 2")):
        result = oc.run([*ALL, operand])
        assert (result.status, result.out, result.err.decode()) == (
            1, b"", f"ordercount: {operand}: {why}\n")


# --- from where ---------------------------------------------------------------

def test_from_latest_counts_what_comes_after_the_start(broker, spawn):
    topic = broker.new_topic(partitions=2)
    broker.produce(topic, [oc.order("BEFORE")] * 5)
    broker.produce(topic, [oc.order("BEFORE")] * 5, partition=1)
    latest = spawn(["-v", "-w", "100ms", broker.url(topic)])
    first = spawn(["-v", "-w", "100ms", "--from=earliest", broker.url(topic)])
    for process in (latest, first):
        process.wait_for(rb": open\n", "err")
    for partition in (0, 1):
        broker.produce(topic, [oc.order("AFTER")] * 3, partition)
    for process, wanted in ((latest, {"AFTER": 6}),
                            (first, {"BEFORE": 10, "AFTER": 6})):
        process.wait_for(
            lambda out: oc.counts(oc.whole_lines(out)) == wanted)  # noqa: B023
        process.signal(signal.SIGTERM)
        assert process.wait().status == -signal.SIGTERM
        assert oc.counts(process.out) == wanted
    assert count(broker, topic, "--from=latest") == {}


# --- up to where --------------------------------------------------------------

def test_what_comes_after_the_start_is_beyond_the_end(broker, spawn, tmp_path):
    """Reading begins when all sources are open, the ends are those of before.
    """
    topic, empty = broker.new_topic(partitions=2), broker.new_topic()
    broker.produce(topic, [oc.order("BEFORE")] * 7)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = spawn(["-v", "-w", "all", "--until-end",
                     broker.url(topic, empty), fifo])
    process.wait_for(rb": open\n", "err")
    for partition in (0, 1):
        broker.produce(topic, [oc.order("AFTER")] * 3, partition)
    broker.produce(empty, [oc.order("AFTER")])
    with open(fifo, "wb"):
        pass
    assert process.wait().status == 0
    assert oc.counts(process.out) == {"BEFORE": 7}


@pytest.mark.parametrize("ending", ["commit", "abort", "only-aborted", "open"])
def test_the_end_may_be_no_record(broker, ending):
    topic = broker.new_topic(partitions=2)
    with broker.producer(transactional_id=topic) as producer:
        kept = 0
        if ending != "only-aborted":
            producer.begin()
            for partition in (0, 1):
                producer.send(topic, oc.order("KEPT"), partition=partition)
            producer.commit()
            kept = 2
        producer.begin()
        for _ in range(3):
            producer.send(topic, oc.order("DROPPED"), partition=0)
        producer.flush()
        if ending == "open":
            assert count(broker, topic) == {"KEPT": kept}
        if ending != "commit":
            producer.abort()
        else:
            producer.commit()
    assert count(broker, topic) == {
        **({"KEPT": kept} if kept else {}),
        **({"DROPPED": 3} if ending == "commit" else {})}


def test_what_is_empty_ends(broker):
    topic = broker.new_topic(partitions=3)
    assert count(broker, topic) == {}
    broker.produce(topic, [oc.order("GONE")] * 4)
    broker.produce(topic, [oc.order("GONE")] * 4 + [oc.order("LEFT")],
                   partition=1)
    broker.delete_records(topic, 0, 4)
    broker.delete_records(topic, 1, 4)
    assert count(broker, topic) == {"LEFT": 1}
    broker.delete_records(topic, 1, 5)
    assert count(broker, topic) == {}


# --- messages -----------------------------------------------------------------

@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_compressed_messages_are_counted(broker, codec):
    topic = broker.new_topic()
    broker.produce(topic, [oc.order(f"S{number % 7}", number)
                           for number in range(7000)], compression_type=codec)
    assert count(broker, topic) == {f"S{n}": 1000 for n in range(7)}


def test_a_message_is_lines(broker):
    topic = broker.new_topic()
    a, b = b'{"status":"A"}', b'{"status":"B"}'
    broker.produce(topic, [
        a, a + b"\n", a + b"\r\n", a + b"\n" + b, a + b"\n\n" + b + b"\n",
        b"", b"\n", b" \t\r\n\n", b"\n\n\n" + b, a + b"\r",
        b'{"status":', b'"A"}'])  # what is cut is not joined
    told, status, _ = tallies(broker, "-q", broker.url(topic))
    assert (status, told["rejected"]) == (0, {"invalid_json": 2})
    assert (told["counted"], told["read"]) == (9, 11)
    assert count(broker, topic) == {"A": 6, "B": 3}


def test_a_tombstone_is_read_and_filtered(broker):
    topic = broker.new_topic(partitions=2)
    messages = [None, oc.order("A"), (b"k", None), (b"k", None), b"",
                oc.order("A") * 3, None]
    broker.produce(topic, messages)
    broker.produce(topic, [None] * 5, partition=1)
    told, status, err = tallies(broker, "--where=status=A", broker.url(topic))
    assert (status, err) == (0, b"")
    assert told == {"orders": 4, "read": 13, "counted": 4, "rejected": {},
                    "filtered": 9, "late": 0, "groups": 1}


def test_large_messages(broker):
    topic = broker.new_topic(partitions=2)
    line = b'{"status":"LONG","x":"%s"}' % (b"x" * 900000)
    lines = oc.order("SHORT") * (900000 // len(oc.order("SHORT")))
    broker.produce(topic, [line, lines, line + b"\n", oc.order("LAST")])
    broker.produce(topic, [lines.rstrip(b"\n"), line], partition=1)
    assert count(broker, topic) == {
        "LONG": 3, "SHORT": 2 * lines.count(b"\n"), "LAST": 1}
    told, _, err = tallies(broker, "--max-line=64K", broker.url(topic))
    assert told["rejected"] == {"too_long": 3}
    assert told["counted"] == 2 * lines.count(b"\n") + 1
    assert b"topic" in err


# --- rejects ------------------------------------------------------------------

def test_a_reject_is_told_by_its_place(broker, tmp_path):
    topic = broker.new_topic(partitions=3)
    bad = [b'{"status":1', b"[]"]
    broker.produce(topic, [oc.order("A")] * 3 + [
        oc.order("A") + bad[0] + b"\n" + oc.order("A")], partition=2)
    broker.produce(topic, [bad[1]], partition=1)
    rejects = tmp_path / "rejects"
    told, status, err = tallies(broker, "--rejects", rejects,
                                broker.url(topic))
    assert (status, told["rejected"]) == (
        0, {"invalid_json": 1, "not_object": 1})
    source = f"ordercount: {broker.url(topic)}"
    shown = err.decode().splitlines()
    assert len(shown) == 2, shown
    assert any(line.startswith(f"{source}[2]: offset 3, line 2, ")
               for line in shown)
    assert any(line.startswith(f"{source}[1]: offset 0, line 1, ")
               for line in shown)
    # And they can be counted again.
    assert sorted(rejects.read_bytes().splitlines()) == sorted(bad)
    again, _, _ = tallies(broker, "-q", rejects)
    assert again["rejected"] == told["rejected"]


def test_strict_ends_with_the_first_reject(broker):
    topic = broker.new_topic()
    broker.produce(topic, [oc.order("A"), b"x\n" + oc.order("A"),
                           oc.order("A")])
    result = oc.run(["-q", "-w", "all", "--until-end", "--strict",
                     broker.url(topic)])
    assert result.status == 1
    assert oc.counts(result.out) == {"A": 1}
    assert f"{topic}[0]: offset 1, line 1".encode() in result.err


# --- event time ---------------------------------------------------------------

def at(second, status="A"):
    return b'{"t":%.1f,"status":"%s"}' % (1700000000 + second, status.encode())


TIMED = ["-f", "json", "-t", "t", "-w", "5s", "--summary", "--from=earliest"]


def ends(out):
    """How far after the first possible second each window printed ends."""
    return [int(row["end"][17:19]) - 20
            for _, row in oc.json_windows(out)]


def test_a_partition_without_records_holds_windows_back(broker, spawn):
    topic = broker.new_topic(partitions=2)
    process = spawn([*TIMED, "--idle=never", broker.url(topic)])
    broker.produce(topic, [at(1), at(12), b"seen"])
    process.wait_for(rb"\[0\]: offset 2, line 1", "err")
    assert process.out == b""
    broker.produce(topic, [at(7)], partition=1)
    process.wait_for(lambda out: ends(out) == [5])
    broker.produce(topic, [at(11)], partition=1)
    process.wait_for(lambda out: ends(out) == [5, 10])
    process.signal(signal.SIGTERM)
    assert process.wait().status == -signal.SIGTERM
    assert ends(process.out) == [5, 10, 15]


def test_a_partition_without_records_is_idle(broker, spawn):
    topic = broker.new_topic(partitions=2)
    broker.produce(topic, [at(1), at(14.8)])
    process = spawn([*TIMED, "--idle=300ms", broker.url(topic)])
    # It goes on by the clock, too: all are idle.
    process.wait_for(lambda out: ends(out) == [5, 15])
    assert [row["partial"] for _, row in oc.json_windows(process.out)] == [
        False, False]


def test_what_comes_late_is_late(broker):
    topic = broker.new_topic()
    broker.produce(topic, [at(1), at(7), at(2), at(6), at(11), at(6), None])
    result = oc.run([*TIMED, "--until-end", broker.url(topic)])
    assert result.status == 0
    windows = oc.json_windows(result.out)
    assert [row["summary"]["orders"] for _, row in windows] == [1, 2, 1]
    assert [row["summary"]["late"] for _, row in windows] == [0, 1, 1]
    assert [row["summary"]["filtered"] for _, row in windows] == [0, 0, 1]
    assert [row["partial"] for _, row in windows] == [False, False, True]


# --- the same as from files ---------------------------------------------------

def messages_of(data, rng):
    """Some lines a message, ended or not."""
    lines = [line + b"\n" for line in data.removesuffix(b"\n").split(b"\n")]
    found = []
    while lines:
        taken = rng.choice([1, 1, 1, 2, 5, 30])
        message = b"".join(lines[:taken])
        if rng.random() < 0.5:
            message = message.removesuffix(b"\n")
        found.append(message)
        del lines[:taken]
        if rng.random() < 0.05:
            found.append(b"")
    return found


def produce_streams(broker, streams, rng):
    topic = broker.new_topic(partitions=len(streams))
    for partition, data in enumerate(streams):
        if data:
            broker.produce(topic, messages_of(data, rng), partition,
                           compression_type=rng.choice(
                               ["none", "gzip", "snappy", "lz4", "zstd"]))
    return topic


@pytest.mark.parametrize("seed", range(12))
def test_one_partition_counts_as_a_file(seed, broker, tmp_path):
    """Row for row, by event time: with -k --sum --where -t -l and others."""
    maker = Maker(seed)
    data = b"".join(maker.stream() + b"\n" for _ in range(5))
    path = tmp_path / "orders"
    path.write_bytes(data)
    topic = produce_streams(broker, [data], random.Random(seed))
    args = [*arguments(maker.query), "--until-end"]
    from_file = oc.run([*args, "--follow", path])
    from_topic = oc.run([*args, broker.url(topic)])
    assert (from_file.status, from_file.err) == (0, b"")
    assert from_topic == from_file, args


def without_times(out):
    rows = [json.loads(line) for line in out.splitlines()]
    for row in rows:
        del row["start"], row["end"]
    return rows


@pytest.mark.parametrize("seed", range(100, 108))
def test_partitions_count_as_files(seed, broker, tmp_path):
    maker = Maker(seed)
    rng = random.Random(seed)
    streams = [maker.stream() for _ in range(rng.randrange(1, 6))]
    for number, data in enumerate(streams):
        (tmp_path / f"{number}").write_bytes(data)
    topic = produce_streams(broker, streams, rng)
    args = ["-q", "-f", "json", "--summary", "-w", "all", "-k",
            rng.choice(["status", "status,k.r", "kind"]),
            *rng.choice([[], ["--sum", "amount"]]),
            *rng.choice([[], ["--where", "n>=3"], ["--where", "kind!=x"]]),
            *rng.choice([[], ["--missing", "none"]])]
    from_files = oc.run([*args, tmp_path])
    from_topic = oc.run([*args, "--until-end", broker.url(topic)])
    assert from_topic.status == from_files.status == 0
    assert without_times(from_topic.out) == without_times(from_files.out)
