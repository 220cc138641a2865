"""kinesis:// with --state: whatever happens to a run, each record counts once."""

import itertools
import json
import os
import random
import signal
import threading

import pytest

import kinesis_service
import oc
from kinesis_service import aggregate, environment
from test_kafka_state import distinct
from test_kinesis_shards import at, name
from test_state_crash import known_files, run_and_kill

pytestmark = kinesis_service.needed

STEPS = os.environ.get("ORDERCOUNT_STEPS") or os.path.join(
    oc.ROOT, "build", "steps", "ordercount")


def run(kinesis, tmp_path, *args, status=0):
    done = oc.run(["-q", "--until-end", "--state", tmp_path / "state", *args,
                   kinesis.source("orders")], env=environment())
    assert (done.status, done.err if status == 0 else b"") == (status, b"")
    return done


def count(kinesis, tmp_path, *args):
    return oc.counts(run(kinesis, tmp_path, "-w", "all", *args).out)


# --- kills -------------------------------------------------------------------

class Orders(threading.Thread):
    """Puts records of all sorts, and reshards, until it is stopped.

    sent: how many lines there are.
    """

    def __init__(self, kinesis, seed):
        super().__init__()
        self.kinesis = kinesis
        self.random = random.Random(seed)
        self.sent = 0
        self.trouble = None
        self.over = threading.Event()
        self.start()

    def record(self, second):
        lines = [at(second / 100, f"S{self.random.randrange(5)}")
                 for _ in range(self.random.choice([1, 1, 3, 40, 2000]))]
        self.sent += len(lines)
        shape = self.random.randrange(3)
        if shape == 0:
            return aggregate(lines)
        if shape == 1:
            return aggregate([b"\n".join(lines[i:i + 7])
                              for i in range(0, len(lines), 7)])
        return b"\n".join(lines)

    def reshard(self):
        shards = [one["ShardId"] for one in sorted(
            self.kinesis.open_shards("orders"),
            key=lambda one: int(one["HashKeyRange"]["StartingHashKey"]))]
        if len(shards) < 4:
            self.kinesis.split("orders", self.random.choice(shards))
        else:
            i = self.random.randrange(len(shards) - 1)
            self.kinesis.merge("orders", shards[i], shards[i + 1])

    def run(self):
        try:
            for second in itertools.count():
                self.kinesis.put("orders", *[
                    self.record(second)
                    for _ in range(self.random.randrange(1, 5))])
                if self.random.random() < 0.1:
                    self.reshard()
                if self.over.wait(self.random.choice([0, 0.01, 0.1])):
                    return
        except AssertionError as error:
            self.trouble = error

    def stop(self):
        self.over.set()
        self.join()
        assert self.trouble is None, self.trouble


def kill_at_any_time(rng, args):
    status, err = run_and_kill(["-q", *args], None, rng.uniform(0.02, 0.6),
                               environment())
    assert (status, err) == (-signal.SIGKILL, b"")


def kill_at_a_save(rng, args):
    """By the build for tests, at its beginning or its end."""
    step = f"{rng.choice(['saving', 'saved'])}:{rng.randrange(1, 4)}"
    with oc.Process(None, program=[STEPS, "-q", *map(str, args)],
                    env=environment(ORDERCOUNT_STOP_AT=step)) as process:
        done = process.wait()
    assert (done.status, done.err) == (-signal.SIGKILL, b""), step


def check_kills(kinesis, tmp_path, seed, kills, query, kill=kill_at_any_time):
    kinesis.create("orders", 2)
    # Runs that come one after the other read more often than one may.
    kinesis.limits = False
    rng = random.Random(seed)
    args = [*query, "-f", "json", "--summary", "--from=earliest", "--state",
            tmp_path / "state", "-o", tmp_path / "rows",
            kinesis.source("orders")]
    orders = Orders(kinesis, seed)
    try:
        for _ in range(kills):
            kill(rng, args)
    finally:
        orders.stop()
    drain = ["--drain"] if "-t" in query else []
    done = oc.run(["-q", *drain, "--until-end", *args], env=environment(),
                  timeout=60)
    assert (done.status, done.err) == (0, b"")
    windows = distinct((tmp_path / "rows").read_bytes())
    told = [summary["summary"] for _, summary in windows]
    sums = {part: sum(one[part] for one in told)
            for part in ("read", "counted", "late", "orders")}
    assert sums["read"] == orders.sent
    assert sums["counted"] + sums["late"] == orders.sent
    assert sums["orders"] == sums["counted"]
    assert sum(row["total"] for row in windows[-1][0]) == sums["counted"]


@pytest.mark.parametrize("query", [
    ["-w", "50ms"], ["-w", "1s", "-t", "t", "-l", "1s"]],
    ids=["by-arrival", "by-time"])
def test_kills_count_every_record_once(query, kinesis, tmp_path):
    check_kills(kinesis, tmp_path, 1, 12, query)


@pytest.mark.parametrize("query", [
    ["-w", "50ms"], ["-w", "1s", "-t", "t", "-l", "1s"]],
    ids=["by-arrival", "by-time"])
def test_kills_at_a_save_count_every_record_once(query, kinesis, tmp_path):
    check_kills(kinesis, tmp_path, 2, 6, query, kill_at_a_save)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 14))
def test_a_hundred_kills_count_every_record_once(seed, kinesis, tmp_path):
    check_kills(kinesis, tmp_path, seed, 100, [
        ["-w", "50ms"], ["-w", "1s", "-t", "t", "-l", "1s"]][seed % 2])


def test_a_kill_before_the_first_window_loses_nothing(kinesis, spawn,
                                                      tmp_path):
    """What came after the start with --from=latest."""
    kinesis.create("orders", 2)
    kinesis.put("orders", *[oc.order("BEFORE")] * 4)
    state = tmp_path / "state"
    for _ in range(3):
        process = spawn(["-v", "-w", "1h", "--from=latest", "--state", state,
                         kinesis.source("orders")], env=environment())
        process.wait_for(lambda err: b"]: open\n" in err, "err")
        oc.until(lambda: known_files(state, tmp_path) == 2,
                 "2 shards in the state", process.seen)
        # The service's clock is read in full seconds.
        oc.until(lambda: len(kinesis.asked("GetRecords")) > 5, "calls",
                 process.seen)
        kinesis.requests.clear()
        kinesis.put("orders", *[oc.order("AFTER")] * 5)
        process.signal(signal.SIGKILL)
        assert process.wait().out == b""
    kinesis.put("orders", oc.order("LATER"))
    assert oc.counts(run(kinesis, tmp_path, "-w", "1h").out) == {
        "AFTER": 15, "LATER": 1}


def test_a_child_that_waits_anew_keeps_its_place(kinesis, spawn, tmp_path):
    """A run is killed when children have begun, and before it is saved that
    their parent has ended; the next one while they wait for it again."""
    kinesis.create("orders")
    kinesis.put("orders", *[oc.order("PARENT")] * 5)
    kinesis.split("orders", name(0))
    kinesis.put("orders", *[oc.order("CHILD")] * 4)
    kinesis.limits = False
    state = tmp_path / "state"

    def start(window):
        return spawn(["-v", "-w", window, "--from=earliest", "--state", state,
                      kinesis.source("orders")], env=environment())
    with start("1h") as process:
        oc.until(lambda: known_files(state, tmp_path) == 3,
                 "3 shards in the state", process.seen)
        process.signal(signal.SIGKILL)
        assert process.wait().out == b""
    held = kinesis.fail("GetRecords", "LimitExceededException", times=None)
    os.unlink(tmp_path / "copy")
    with start("1h") as process:
        process.wait_for(lambda err: b"LimitExceeded" in err, "err")
        process.signal(signal.SIGTERM)
        process.wait()
    held.left = 0
    assert oc.counts(run(kinesis, tmp_path, "-w", "1h").out) == {
        "PARENT": 5, "CHILD": 4}


# --- places ------------------------------------------------------------------

def test_a_run_ends_inside_a_record(kinesis, tmp_path):
    """Each window ends a run, which has read more than one line of the next."""
    kinesis.create("orders")
    seconds = [1, 2, 7, 8, 12, 13, 14, 21, 22, 22, 27, 33, 34, 41]
    lines = [at(second) for second in seconds]
    kinesis.put("orders", b"\n".join(lines[:6]), b"",
                aggregate([b"\n".join(lines[6:8]), lines[8]]),
                aggregate([]), aggregate(lines[9:]))
    args = ["-t", "t", "-w", "5s", "-f", "json"]
    whole = oc.run([*args, "--until-end", kinesis.source("orders")],
                   env=environment()).out
    parts = [run(kinesis, tmp_path, *args, "-m", 1).out for _ in range(6)]
    parts.append(run(kinesis, tmp_path, *args, "--drain").out)
    assert b"".join(parts) == whole
    assert [part.count(b"\n") for part in parts] == [1] * 7


def test_a_line_that_ended_a_run_is_not_read_again(kinesis, tmp_path):
    kinesis.create("orders")
    a = b'{"status":"A"}'
    kinesis.put("orders", a, aggregate([a, b"x", a, a, b"", b"y", a]), a)
    assert [oc.counts(run(kinesis, tmp_path, "-w", "all", "--strict",
                          status=status).out)
            for status in (1, 1, 0, 0)] == [
        {"A": 2}, {"A": 2}, {"A": 2}, {"A": 0}]


def test_a_later_run_goes_on_through_splits_and_merges(kinesis, tmp_path):
    kinesis.create("orders", 2)
    kinesis.put("orders", *[oc.order("A")] * 4)
    assert count(kinesis, tmp_path, "--from=latest") == {}
    kinesis.put("orders", *[oc.order("A")] * 4)
    assert count(kinesis, tmp_path) == {"A": 4}
    kinesis.put("orders", *[oc.order("B")] * 4)
    kinesis.split("orders", name(0))
    kinesis.merge("orders", name(3), name(1))
    kinesis.put("orders", *[oc.order("C")] * 3)
    # What is new to the state is read from its beginning.
    assert count(kinesis, tmp_path, "--from=latest") == {
        "A": 0, "B": 4, "C": 3}
    kinesis.put("orders", oc.order("C"))
    assert count(kinesis, tmp_path) == {"A": 0, "B": 0, "C": 1}
    asked = {request.asked["ShardId"]
             for request in kinesis.asked("GetShardIterator")[-3:]}
    assert asked <= {name(2), name(4)}  # what has ended is not read again


def test_an_iterator_that_expires_goes_on_where_it_was(kinesis):
    kinesis.create("orders")
    kinesis.put("orders", *[b"\n".join([oc.order("A").strip()] * 3)] * 300)
    kinesis.rule("GetRecords", lambda *_: None)
    kinesis.fail("GetRecords", "ExpiredIteratorException")
    done = oc.run(["-w", "all", "--until-end", kinesis.source("orders")],
                  env=environment())
    assert (done.status, done.err, oc.counts(done.out)) == (0, b"", {"A": 900})
    types = [request.asked["ShardIteratorType"]
             for request in kinesis.asked("GetShardIterator")]
    assert types == ["TRIM_HORIZON", "AT_SEQUENCE_NUMBER"]


def test_what_has_expired_is_a_loud_gap(kinesis, tmp_path):
    kinesis.create("orders")
    first, second, third = kinesis.put(
        "orders", *[oc.order(status) for status in "ABC"])
    assert count(kinesis, tmp_path) == {"A": 1, "B": 1, "C": 1}
    later, = kinesis.put("orders", oc.order("D"))

    def trimmed(service, request):
        answer = json.loads(service._really(request).body)
        answer["Records"] = [one for one in answer["Records"]
                             if one["SequenceNumber"] == later]
        return kinesis_service.Answer(200, json.dumps(answer).encode())
    kinesis.rule("GetRecords", trimmed, times=None)
    done = run(kinesis, tmp_path, "-w", "all", status=1)
    assert oc.counts(done.out) == {"A": 0, "B": 0, "C": 0, "D": 1}
    assert done.err == (
        f"ordercount: kinesis://orders[{name(0)}]: the record {third}, behind "
        f"which reading was to go on, has expired: what came between it and "
        f"{later} is not counted\n").encode()
    # Once.
    assert count(kinesis, tmp_path)["D"] == 0


def test_a_quiet_shard_has_no_gap(kinesis, tmp_path):
    """Its last record expires, but nothing was behind it when it was read."""
    kinesis.create("orders")
    kinesis.put("orders", oc.order("A"))
    assert count(kinesis, tmp_path) == {"A": 1}
    assert count(kinesis, tmp_path) == {"A": 0}
    later, = kinesis.put("orders", oc.order("B"))

    def trimmed(service, request):
        answer = json.loads(service._really(request).body)
        answer["Records"] = [one for one in answer["Records"]
                             if one["SequenceNumber"] == later]
        return kinesis_service.Answer(200, json.dumps(answer).encode())
    kinesis.rule("GetRecords", trimmed, times=None)
    assert count(kinesis, tmp_path) == {"A": 0, "B": 1}


def test_a_shard_that_has_expired_is_a_loud_gap(kinesis, tmp_path):
    kinesis.create("orders", 2)
    kinesis.put("orders", *[oc.order("A")] * 4)
    assert count(kinesis, tmp_path) == {"A": 4}

    def shorter(service, request):
        answer = json.loads(service._really(request).body)
        del answer["Shards"][0]
        return kinesis_service.Answer(200, json.dumps(answer).encode())
    kinesis.rule("ListShards", shorter, times=None)
    kinesis.put("orders", oc.order("B"), shard=name(1))
    done = run(kinesis, tmp_path, "-w", "all", status=1)
    assert oc.counts(done.out) == {"A": 0, "B": 1}
    assert done.err == (
        f"ordercount: {kinesis.source('orders')}: {name(0)} has expired, and "
        f"what was not read of it is not counted\n").encode()
    assert count(kinesis, tmp_path) == {"A": 0, "B": 0}


def test_a_stream_that_was_made_anew_is_refused(kinesis, tmp_path):
    """Its numbers are others."""
    kinesis.create("orders")
    kinesis.put("orders", oc.order("A"))
    assert count(kinesis, tmp_path) == {"A": 1}
    kinesis.fail("GetShardIterator", "InvalidArgumentException",
                 "StartingSequenceNumber 1 used in GetShardIterator on shard "
                 "is invalid.")
    done = run(kinesis, tmp_path, "-w", "all", status=1)
    assert done.err.startswith(
        b"ordercount: kinesis://orders[%s]: InvalidArgumentException: "
        % name(0).encode())
    assert b"(was the stream made anew? " in done.err
