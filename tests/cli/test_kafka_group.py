"""--group without --publish: members share the partitions of a topic, and the
group knows what was printed."""

import json
import signal

import pytest

import oc
from kafka_broker import unique
from test_kafka import at


@pytest.fixture
def group():
    return unique("group")


def member(spawn, group, *args):
    """One that prints often."""
    return spawn(["-w", "100ms", "-g", group, "--from=earliest", *args])


def total(*processes):
    """Of all their windows together."""
    found = {}
    for process in processes:
        for key, count in oc.counts(oc.whole_lines(process.out)).items():
            found[key] = found.get(key, 0) + count
    return {key: count for key, count in found.items() if count > 0}


def until_total(wanted, *processes):
    oc.until(lambda: total(*processes) == wanted, wanted,
             lambda: [process.seen()[-1000:] for process in processes])


def until_reads(reader, broker, topic, *others):
    """Sends orders until this one has taken some, and all are counted."""
    everyone = [reader, *others]
    sent = total(*everyone).get("TRIED", 0)
    before = total(reader)
    while total(reader) == before:
        for partition in range(broker.partitions(topic)):
            broker.produce(topic, [oc.order("TRIED")], partition)
            sent += 1
        until_total({**total(*everyone), "TRIED": sent}, *everyone)
    return sent


def end(process):
    process.signal(signal.SIGTERM)
    assert process.wait().status == -signal.SIGTERM


def rest(broker, group, topic, *args):
    """What a later run of the group finds up to the ends."""
    result = oc.run(["-q", "-w", "all", "--until-end", "-g", group, *args,
                     broker.url(topic)])
    assert (result.status, result.err) == (0, b"")
    return oc.counts(result.out)


# --- members come and go ------------------------------------------------------

def test_members_share_and_one_goes_on(broker, group, spawn):
    topic = broker.new_topic(partitions=4)
    first = member(spawn, group, broker.url(topic))
    until_reads(first, broker, topic)
    second = member(spawn, group, broker.url(topic))
    until_reads(second, broker, topic, first)
    sent = until_reads(first, broker, topic, second)
    end(first)
    for partition in range(4):
        broker.produce(topic, [oc.order("AFTER")] * 3, partition)
    until_total({"TRIED": sent, "AFTER": 12}, first, second)
    end(second)
    # Nothing twice, nothing lost: not later, either.
    assert total(first, second) == {"TRIED": sent, "AFTER": 12}
    broker.produce(topic, [oc.order("LATER")])
    assert rest(broker, group, topic) == {"LATER": 1}


def test_what_a_killed_member_had_not_printed_is_read_again(broker, group,
                                                            spawn):
    topic = broker.new_topic(partitions=2)
    killed = spawn(["-v", "-w", "1h", "-g", group, "--from=earliest",
                    "-X", "session.timeout.ms=6000", broker.url(topic)])
    broker.produce(topic, [oc.order("A")] * 3 + [b"seen"])
    killed.wait_for(rb"offset 3, line 1", "err")
    killed.signal(signal.SIGKILL)
    assert killed.wait().out == b""
    assert rest(broker, group, topic) == {"A": 3}


# --- later runs ---------------------------------------------------------------

@pytest.mark.parametrize("start", ["earliest", "latest"])
def test_a_later_run_goes_on_where_the_group_is(start, broker, group):
    topic = broker.new_topic(partitions=3)
    broker.produce(topic, [oc.order("BEFORE")] * 3, partition=1)
    args = ["--from", start]
    assert rest(broker, group, topic, *args) == (
        {"BEFORE": 3} if start == "earliest" else {})
    for turn in range(2):
        for partition in range(3):
            broker.produce(topic, [oc.order("A"), None], partition)
        assert rest(broker, group, topic, *args) == {"A": 3}
        assert {place: offset for place, (offset, _) in
                broker.committed(group).items()} == {
            (topic, partition): end for partition, end in
            enumerate(broker.end_offsets(topic))}


def test_new_partitions_of_a_group_are_read_from_their_beginning(broker,
                                                                 group):
    topic = broker.new_topic(partitions=1)
    broker.produce(topic, [oc.order("BEFORE")])
    args = ["--from=latest"]
    assert rest(broker, group, topic, *args) == {}
    broker.grow(topic, 3)
    broker.produce(topic, [oc.order("NEW")] * 2, partition=2)
    broker.produce(topic, [oc.order("A")])
    assert rest(broker, group, topic, *args) == {"A": 1, "NEW": 2}
    assert rest(broker, group, topic, *args) == {}


def test_new_partitions_come_to_a_group_that_runs(broker, group, spawn):
    topic = broker.new_topic(partitions=1)
    process = member(spawn, group, "-X",
                     "topic.metadata.refresh.interval.ms=200",
                     broker.url(topic))
    sent = until_reads(process, broker, topic)
    broker.grow(topic, 2)
    broker.produce(topic, [oc.order("NEW")] * 2, partition=1)
    until_total({"TRIED": sent, "NEW": 2}, process)
    end(process)
    assert rest(broker, group, topic) == {}


def test_event_times_go_on_with_the_group(broker, group):
    """The newest time is kept beside the offset: what is behind it is late."""
    topic = broker.new_topic()

    def run():
        result = oc.run(["-t", "t", "-w", "5s", "-f", "json", "--summary",
                         "--until-end", "-g", group, broker.url(topic)])
        assert (result.status, result.err) == (0, b"")
        return [(row["summary"]["orders"], row["summary"]["late"])
                for _, row in oc.json_windows(result.out)]
    broker.produce(topic, [at(1), at(12)])
    assert run() == [(1, 0), (1, 0)]
    broker.produce(topic, [at(2), at(12), at(17)])
    assert run() == [(1, 1), (1, 0)]
    note = json.loads(broker.committed(group)[topic, 0][1])
    assert note == {"newest": "2023-11-14T22:13:37Z", "born": {topic: 1}}


def test_offsets_of_others_say_where_to_go_on(broker, group):
    topic = broker.new_topic(partitions=2)
    broker.produce(topic, [oc.order("A")] * 5)
    broker.produce(topic, [oc.order("B")] * 5, partition=1)
    broker.set_committed(group, topic, 0, 3)
    broker.set_committed(group, topic, 1, 4, b"something else")
    assert rest(broker, group, topic) == {"A": 2, "B": 1}


def test_several_topics_of_a_group(broker, group):
    topics = [broker.new_topic(partitions=n) for n in (1, 3)]
    for topic in topics:
        broker.produce(topic, [oc.order(topic)])
    operand = ",".join(topics)
    assert rest(broker, group, operand) == dict.fromkeys(topics, 1)
    assert rest(broker, group, operand) == {}
    broker.produce(topics[1], [oc.order("A")], partition=2)
    assert rest(broker, group, operand) == {"A": 1}
