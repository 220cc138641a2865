"""kafka:// with --state: whatever happens to a run, each record counts once."""

import itertools
import json
import random
import re
import signal
import threading

import pytest

import oc
from kafka_broker import Broker, unique
from test_kafka import at
from test_state_crash import known_files, run_and_kill


def run(args, status=0):
    result = oc.run(["-q", *args])
    assert (result.status, result.err if status == 0 else b"") == (status, b"")
    return result


def count(args):
    """What a run up to the ends counts."""
    return oc.counts(run(["-w", "all", "--until-end", *args]).out)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another cluster, one that compacts at once."""
    started = Broker(tmp_path_factory.mktemp("other"),
                     "log.cleaner.backoff.ms=20")
    yield started
    started.close()


# --- kills --------------------------------------------------------------------

class Orders(threading.Thread):
    """Produces until it is stopped. sent: how many lines there are."""

    def __init__(self, broker, topic, partitions, seed):
        super().__init__()
        self.broker, self.topic, self.partitions = broker, topic, partitions
        self.random = random.Random(seed)
        self.sent = 0
        self.over = threading.Event()
        self.start()

    def run(self):
        with self.broker.producer(linger_ms=1) as producer:
            for second in itertools.count():
                lines = [at(second / 100, f"S{self.random.randrange(5)}")
                         for _ in range(self.random.choice([1, 3, 40, 40000]))]
                producer.send(self.topic, b"\n".join(lines)[:900000], None,
                              self.random.randrange(self.partitions))
                self.sent += b"\n".join(lines)[:900000].count(b"\n") + 1
                producer.flush()
                if self.over.wait(self.random.choice([0, 0.001, 0.02])):
                    return

    def stop(self):
        self.over.set()
        self.join()


def distinct(out):
    """The windows of a file: one that came out twice came out the same."""
    windows = []
    for rows, summary in oc.json_windows(out):
        if not windows or windows[-1] != (rows, summary):
            windows.append((rows, summary))
    return windows


def check_kills(broker, tmp_path, seed, kills, query):
    partitions = 3
    topic = broker.new_topic(partitions=partitions)
    rng = random.Random(seed)
    args = [*query, "-f", "json", "--summary", "--from=earliest", "--state",
            tmp_path / "state", "-o", tmp_path / "rows", broker.url(topic)]
    orders = Orders(broker, topic, partitions, seed)
    try:
        for _ in range(kills):
            status, err = run_and_kill(args, None, rng.uniform(0.02, 0.4))
            # On a machine with much else to do it may be late, and says so.
            other = [line for line in err.splitlines()
                     if not re.search(b"invalid_json|too slow", line)]
            assert (status, other) == (-signal.SIGKILL, [])
    finally:
        orders.stop()
    drain = ["--drain"] if "-t" in query else []
    result = oc.run(["-q", *drain, "--until-end", *args])
    assert (result.status, result.err) == (0, b"")

    windows = distinct((tmp_path / "rows").read_bytes())
    told = [summary["summary"] for _, summary in windows]
    sums = {name: sum(part[name] for part in told)
            for name in ("read", "counted", "late", "orders")}
    rejected = sum(part["rejected"].get("invalid_json", 0) for part in told)
    assert sums["read"] == orders.sent
    assert sums["counted"] + sums["late"] + rejected == orders.sent
    assert sums["orders"] == sums["counted"]
    assert sum(row["total"] for row in windows[-1][0]) == sums["counted"]


@pytest.mark.parametrize("query", [
    ["-w", "50ms"], ["-w", "1s", "-t", "t", "-l", "1s"]],
    ids=["by-arrival", "by-time"])
def test_kills_count_every_record_once(query, broker, tmp_path):
    check_kills(broker, tmp_path, 1, 15, query)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 20))
def test_hundreds_of_kills_count_every_record_once(seed, broker, tmp_path):
    check_kills(broker, tmp_path, seed, 100, [
        ["-w", "50ms"], ["-w", "1s", "-t", "t", "-l", "1s"]][seed % 2])


def test_a_kill_before_the_first_window_loses_nothing(broker, spawn, tmp_path):
    """What came after the start with --from=latest."""
    topic = broker.new_topic(partitions=2)
    broker.produce(topic, [oc.order("BEFORE")] * 3)
    state = tmp_path / "state"
    args = ["-w", "1h", "--from=latest", "--state", state, broker.url(topic)]
    for kill in range(3):
        process = spawn(["-q", *args])
        oc.until(lambda: known_files(state, tmp_path) == 2,
                 "2 partitions in the state")
        broker.produce(topic, [oc.order("AFTER")] * 5, kill % 2)
        process.signal(signal.SIGKILL)
        assert process.wait().out == b""
    broker.produce(topic, [oc.order("LATER")])
    result = run(["--until-end", *args])
    assert oc.counts(result.out) == {"AFTER": 15, "LATER": 1}


def test_what_a_group_takes_and_gives_again_counts_once(broker, spawn,
                                                        tmp_path):
    """It was counted since the last save."""
    topic = broker.new_topic(partitions=2)
    args = ["-w", "1h", "-g", unique("group"), "--from=earliest",
            broker.url(topic)]

    def send(status, *last):
        for partition in range(2):
            broker.produce(topic, [oc.order(status)] * 5 + [last[partition]],
                           partition)

    send("A", b"[", b"1")
    first = spawn(["--state", tmp_path / "state", *args])
    first.wait_for(rb"invalid_json", "err")
    first.wait_for(rb"not_object", "err")
    second = spawn(args)
    oc.until(lambda: sum(offset for offset, _ in broker.committed(
        args[3]).values()) == 12, "what was counted is handed over",
        first.seen)
    send("B", b"{}", b"{}")
    for process in (first, second):
        process.wait_for(rb"missing_key", "err")
        process.signal(signal.SIGTERM)
    counts = [oc.counts(process.wait().out) for process in (first, second)]
    assert counts == [{"A": 10, "B": 5}, {"B": 5}]


# --- places -------------------------------------------------------------------

def test_a_run_ends_inside_a_message(broker, tmp_path):
    """Each window ends a run, which has read more than one line of the next."""
    topic = broker.new_topic(partitions=1)
    seconds = [1, 2, 7, 8, 12, 13, 14, 21, 22, 22, 27, 33, 34, 41]
    lines = [at(second) for second in seconds]
    broker.produce(topic, [b"\n".join(lines[:6]), lines[6], None,
                           b"\n".join(lines[6:10]) + b"\n",
                           b"\n\n" + b"\n".join(lines[10:])])
    args = ["-t", "t", "-w", "5s", "-f", "json", "--until-end"]
    whole = run([*args, broker.url(topic)]).out
    parts = [run([*args, "-m", 1, "--state", tmp_path / "state",
                  broker.url(topic)]).out for _ in range(6)]
    parts.append(run([*args, "--drain", "--state", tmp_path / "state",
                      broker.url(topic)]).out)
    assert b"".join(parts) == whole
    assert [part.count(b"\n") for part in parts] == [1] * 7


def test_a_line_that_ended_a_run_is_not_read_again(broker, tmp_path):
    topic = broker.new_topic()
    a = b'{"status":"A"}'
    broker.produce(topic, [a, b"\n".join([a, b"x", a, a, b"", b"y", a]), a])
    args = ["-w", "all", "--until-end", "--strict", "--state",
            tmp_path / "state", broker.url(topic)]
    assert [oc.counts(run(args, status).out) for status in (1, 1, 0, 0)] == [
        {"A": 2}, {"A": 2}, {"A": 2}, {"A": 0}]


def test_a_tombstone_is_passed_once(broker, tmp_path):
    topic = broker.new_topic()
    args = ["-f", "json", "--summary", "-w", "all", "--until-end", "--state",
            tmp_path / "state", broker.url(topic)]

    def filtered():
        return json.loads(run(args).out.splitlines()[-1])["summary"]["filtered"]
    broker.produce(topic, [None, oc.order("A"), None])
    assert [filtered(), filtered()] == [2, 0]
    broker.produce(topic, [None])
    assert [filtered(), filtered()] == [1, 0]


def test_offsets_that_compaction_left_out(other, tmp_path):
    topic = other.new_topic(cleanup_policy="compact", segment_ms=1,
                            min_cleanable_dirty_ratio="0.001")

    def sparse():
        # Only what is not in the newest segment is compacted.
        other.produce(topic, [(b"last", oc.order("LAST"))])
        return len(other.read(topic)) <= 12
    for number in range(20):
        other.produce(topic, [(b"%d" % key, oc.order(f"N{number}"))
                              for key in range(10)])
    oc.until(sparse, "compaction", lambda: len(other.read(topic)))
    args = ["--state", tmp_path / "state", other.url(topic)]
    found = count(args)
    assert found["N19"] == 10
    assert set(found) == {"N19", "LAST"}
    assert sum(found.values()) <= 12 < other.end_offsets(topic)[0]
    assert sum(count(args).values()) == 0


# --- which positions ----------------------------------------------------------

def test_topics_may_be_given_in_another_order(broker, tmp_path):
    first, second, third = (broker.new_topic(partitions=2) for _ in range(3))
    state = ["--state", tmp_path / "state"]
    for topic in (first, second):
        broker.produce(topic, [oc.order("A")] * 3, partition=1)
    assert count([*state, broker.url(first, second)]) == {"A": 6}
    broker.produce(second, [oc.order("B")])
    assert count([*state, broker.url(second, first)]) == {"A": 0, "B": 1}
    broker.produce(first, [oc.order("C")] * 2)
    broker.produce(second, [oc.order("D")])
    # One alone; the other's place is kept.
    assert count([*state, broker.url(first)])["C"] == 2
    assert count([*state, broker.url(first), broker.url(second)]) == {
        "A": 0, "B": 0, "C": 0, "D": 1}
    # What is new to the state is read from its beginning.
    broker.produce(third, [oc.order("E")] * 3)
    broker.grow(first, 3)
    broker.produce(first, [oc.order("F")] * 2, partition=2)
    found = count([*state, "--from=latest", broker.url(first, third)])
    assert (found["E"], found["F"], found["A"]) == (3, 2, 0)


def test_a_topic_twice_is_refused(broker, tmp_path):
    topic = broker.new_topic()
    other_name = broker.url(topic).replace("127.0.0.1", "localhost")
    for operands, status in (([broker.url(topic)] * 2, 2),
                             ([broker.url(topic), other_name], 1)):
        result = oc.run(["-w", "all", "--until-end", "--state",
                         tmp_path / "state", *operands])
        assert result.status == status
        assert (f"the topic '{topic}' is given twice, and would be counted "
                "twice").encode() in result.err


def test_the_topic_of_another_cluster_is_another(broker, other, tmp_path):
    topic = broker.new_topic()
    other.create_topic(topic)
    state = ["--state", tmp_path / "state"]
    broker.produce(topic, [oc.order("HERE")] * 3)
    other.produce(topic, [oc.order("THERE")] * 2)
    assert count([*state, broker.url(topic)]) == {"HERE": 3}
    assert count([*state, other.url(topic)]) == {"HERE": 0, "THERE": 2}
    broker.produce(topic, [oc.order("HERE")])
    assert count([*state, broker.url(topic), other.url(topic)]) == {
        "HERE": 1, "THERE": 0}


def test_a_state_wins_over_a_group(broker, tmp_path):
    topic, group = broker.new_topic(), unique("group")
    args = ["--state", tmp_path / "state", "--group", group, broker.url(topic)]
    broker.produce(topic, [oc.order("A")] * 3)
    assert count(args) == {"A": 3}
    assert broker.committed(group)[topic, 0][0] == 3
    broker.produce(topic, [oc.order("B")] * 2)
    broker.set_committed(group, topic, 0, 0)
    assert count(args) == {"A": 0, "B": 2}
    broker.produce(topic, [oc.order("C")] * 4)
    broker.set_committed(group, topic, 0, 9)
    assert count(args) == {"A": 0, "B": 0, "C": 4}
    assert broker.committed(group)[topic, 0][0] == 9
