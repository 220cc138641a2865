"""kinesis:// sources: what is read, from where, and to which end."""

import base64
import json
import re
import time

import pytest

import kinesis_service
import oc
from kinesis_service import Answer, aggregate, environment

pytestmark = kinesis_service.needed


def orders(count, start=0):
    return [json.dumps({"status": f"S{i % 3}", "n": i}).encode()
            for i in range(start, start + count)]


def read(kinesis, *args, stream="orders", **env):
    """A run up to the end."""
    return oc.run(["-w", "all", "--until-end", *args, kinesis.source(stream)],
                  env=environment(**env))


def counted(kinesis, *args, **env):
    done = read(kinesis, *args, **env)
    assert (done.status, done.err) == (0, b""), done
    return oc.counts(done.out)


def follow(spawn, kinesis, *args, stream="orders"):
    """A run that goes on, and is open."""
    process = spawn(["-v", *args, kinesis.source(stream)], env=environment())
    process.wait_for(lambda err: b"]: open\n" in err, "err")
    return process


# --- what a record is --------------------------------------------------------

def test_every_shard_is_read_to_its_end(kinesis):
    kinesis.create("orders", 4)
    kinesis.put("orders", *orders(1000))
    assert counted(kinesis) == {"S0": 334, "S1": 333, "S2": 333}
    assert kinesis.refusals == [] and kinesis.violations == []
    # The policy in the manual has no other.
    assert {request.action for request in kinesis.requests} == {
        "ListShards", "GetShardIterator", "GetRecords"}


def test_a_record_is_a_line_or_several(kinesis):
    kinesis.create("orders")
    kinesis.put("orders", b"".join(oc.order(s) for s in "AB"),
                oc.order("A").strip(), oc.order("C") + oc.order("C").strip(),
                b"\r\n \n", oc.order("A").strip() + b"\r\n")
    assert counted(kinesis) == {"A": 3, "B": 1, "C": 2}


def test_an_aggregated_record_is_as_many_as_it_has(kinesis):
    kinesis.create("orders", 2)
    kinesis.put("orders", aggregate([oc.order("A").strip()] * 3),
                aggregate([oc.order("B") + oc.order("A")], tags=True),
                aggregate([]), oc.order("C"))
    assert counted(kinesis) == {"A": 4, "B": 1, "C": 1}


def test_an_aggregated_record_whose_sum_is_wrong_is_one_message(kinesis):
    kinesis.create("orders")
    record = bytearray(aggregate([oc.order("A").strip()]))
    record[-1] ^= 1
    number, = kinesis.put("orders", bytes(record))
    kinesis.put("orders", oc.order("B"))
    done = read(kinesis)
    assert (done.status, oc.counts(done.out)) == (0, {"B": 1})
    # A byte in it is an LF, so it is two lines.
    lines = bytes(record).count(b"\n") + 1
    shown = (f"kinesis://orders[shardId-000000000000]: sequence number "
             f"{number}, line 1, column 1: invalid_json: ").encode()
    assert b"ordercount: " + shown in done.err
    assert lines == 1 or f"{lines - 1} more invalid_json".encode() in done.err


def test_a_reject_is_named_by_its_shard_and_number(kinesis):
    kinesis.create("orders", 2)
    kinesis.put("orders", oc.order("A") * 3, shard="shardId-000000000001")
    number, = kinesis.put("orders", oc.order("A") + b"{\n" + oc.order("B"),
                          shard="shardId-000000000001")
    done = read(kinesis)
    assert oc.counts(done.out) == {"A": 4, "B": 1}
    assert done.err.startswith(
        b"ordercount: kinesis://orders[shardId-000000000001]: sequence number "
        b"%s, line 2, column 2: invalid_json: " % number.encode()), done.err


def test_large_records_are_read_whole(kinesis):
    kinesis.create("orders")
    filler = b"x" * 900_000
    kinesis.put("orders", b'{"status":"A","f":"%s"}' % filler,
                b'{"status":"B","f":"%s"}' % filler, oc.order("A"))
    assert counted(kinesis) == {"A": 2, "B": 1}


def test_small_records_are_asked_for_by_the_thousand(kinesis):
    kinesis.create("orders")
    kinesis.put("orders", *[oc.order("A").strip()] * 6000)
    assert counted(kinesis) == {"A": 6000}
    limits = [request.asked["Limit"]
              for request in kinesis.asked("GetRecords")]
    assert limits == [10, 10000]


# --- where it begins, and ends -----------------------------------------------

@pytest.mark.limits
def test_large_records_of_many_shards_take_little_memory(kinesis, spawn):
    """Answers are wished to hold 1 MiB, the first one too."""
    kinesis.create("orders", 32)
    record = base64.b64encode(oc.order("A").rjust(100_000)).decode()

    def answer(_, request):
        return Answer(200, json.dumps({
            "Records": [{"Data": record, "SequenceNumber": str(number)}
                        for number in range(request.asked["Limit"])],
            "NextShardIterator": "next", "MillisBehindLatest": 1}).encode())
    rule = kinesis.rule("GetRecords", answer, times=None)
    process = spawn(["-w", "100ms", "--from=earliest",
                     kinesis.source("orders")], env=environment())
    oc.until(lambda: rule.done > 64, "two answers of each")
    assert oc.peak_kib(process.pid) < 200 << 10


def test_latest_is_what_comes_from_now_on(kinesis, spawn):
    kinesis.create("orders", 2)
    kinesis.put("orders", *[oc.order("BEFORE")] * 10)
    process = follow(spawn, kinesis, "-w", "1h")
    kinesis.put("orders", *[oc.order("AFTER")] * 10)
    process.wait_for(lambda _: len(kinesis.asked("GetRecords")) > 6, "err")
    process.signal(2)
    assert oc.counts(process.wait().out) == {"AFTER": 10}
    assert {request.asked["ShardIteratorType"]
            for request in kinesis.asked("GetShardIterator")} == {"LATEST"}


def test_earliest_is_all_that_is_there(kinesis, spawn):
    kinesis.create("orders", 2)
    kinesis.put("orders", *[oc.order("BEFORE")] * 10)
    process = follow(spawn, kinesis, "-w", "100ms", "--from=earliest")
    process.wait_for(lambda out: oc.counts(oc.whole_lines(out)) ==
                     {"BEFORE": 10})
    kinesis.put("orders", *[oc.order("AFTER")] * 10)
    process.wait_for(lambda out: oc.counts(oc.whole_lines(out)) ==
                     {"BEFORE": 10, "AFTER": 10})
    assert kinesis.violations == []


def test_the_end_is_what_it_was_when_the_run_began(kinesis):
    """What comes meanwhile is for the next run, by the service's clock."""
    kinesis.create("orders")
    kinesis.put("orders", *orders(300))

    def more(*_):
        time.sleep(1.1)  # the service's clock is read in full seconds
        kinesis.put("orders", *[oc.order("LATER")] * 300)
    kinesis.rule("GetRecords", more)
    kinesis.clock_s = -30  # its clock is not ours
    assert counted(kinesis) == {"S0": 100, "S1": 100, "S2": 100}
    assert counted(kinesis) == {"S0": 100, "S1": 100, "S2": 100, "LATER": 300}


def test_an_end_that_is_never_reached_is_found_by_the_clock(kinesis):
    """A producer that is always ahead: the shard is never 0 ms behind."""
    kinesis.create("orders")
    kinesis.put("orders", *orders(30))
    kinesis._behind_ms = lambda _: 1000

    def more(*_):
        time.sleep(1.1)
        kinesis.put("orders", oc.order("LATER"))
    kinesis.rule("GetRecords", more, times=None)
    found = counted(kinesis)
    assert {name: found[name] for name in ("S0", "S1", "S2")} == {
        "S0": 10, "S1": 10, "S2": 10}
    # That of the first second may still be counted, no other is.
    assert found.get("LATER", 0) <= 1


@pytest.mark.parametrize("args", [["-m", "2"], ["--for", "400ms"]])
def test_a_run_may_end_before(kinesis, args):
    kinesis.create("orders")
    kinesis.put("orders", *orders(30))
    done = oc.run(["-w", "200ms", "--from=earliest", *args,
                   kinesis.source("orders")], env=environment())
    assert (done.status, done.err) == (0, b"")
    assert sum(oc.counts(done.out).values()) == 30


# --- what is shown -----------------------------------------------------------

def test_how_far_it_is_behind_is_shown(kinesis, spawn):
    kinesis.create("orders")
    kinesis.put("orders", *orders(30))
    behind = [90_500]
    kinesis._behind_ms = lambda _: behind[0]
    rule = kinesis.rule("GetRecords", lambda service, request: service.put(
        "orders", oc.order("A")) and None, times=None)
    process = spawn(["-v", "-w", "100ms", "-f", "table", "--from=earliest",
                     "--http=0", kinesis.source("orders")], env=environment())
    process.wait_for(lambda out: b"  1m 30s behind" in out)
    process.wait_for(lambda err: b": 90.500 s behind its newest record\n"
                     in err, "err")
    address = re.search(rb"http://([\d.:]+)/", process.err)[1].decode()
    name = kinesis.source("orders")

    def metric():
        with kinesis_service.closing_get(address, "/metrics") as body:
            found = re.search(rb'^ordercount_source_behind_seconds\{source="' +
                              re.escape(name.encode()) + rb'"\} (\S+)$', body,
                              re.M)
            return found and float(found[1])
    oc.until(lambda: metric() == 90.5, "the metric", pause_s=0.05)
    rule.left = 0
    oc.until(lambda: metric() == 0, "the metric to be 0", pause_s=0.05)


def test_at_the_tip_a_shard_is_asked_twice_a_second(kinesis, spawn):
    kinesis.create("orders", 2)
    follow(spawn, kinesis)
    shard = "shardId-000000000000"
    oc.until(lambda: len(kinesis.asked("GetRecords", shard)) > 4, "calls")
    at = [request.at for request in kinesis.asked("GetRecords", shard)]
    assert all(later - one > 0.45 for one, later in zip(at, at[1:])), at
    assert kinesis.violations == []


def test_a_shard_gives_two_megabytes_a_second(kinesis):
    kinesis.create("orders")
    blob = b"\n".join(orders(1500))
    kinesis.put("orders", *[blob] * 120)
    assert sum(counted(kinesis).values()) == 120 * 1500
    assert kinesis.violations == []
    sizes = len(kinesis.asked("GetRecords"))
    assert sizes < 12, sizes


# --- usage -------------------------------------------------------------------

@pytest.mark.parametrize("args, message", [
    (["kinesis://"], "the STREAM is empty"),
    (["kinesis://a/b"], "'a/b' is no STREAM"),
    (["kinesis://a?endpoint=http://k:s@host/"],
     "no name and password in an endpoint"),
    (["kinesis://a", "kinesis://a"], "the stream 'a' is given twice"),
    (["--tls-ca=x", "file"], "--tls-ca is for tls:// and kinesis:// sources"),
    (["--tls-cert=x", "kinesis://a"], "--tls-cert is for tls:// sources"),
    (["--group=x", "kinesis://a"], "--group is for kafka:// sources"),
    (["--from=latest", "file"], "--from is for kafka:// and kinesis:// "),
])
def test_usage(args, message, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    done = oc.run(args, cwd=tmp_path, env=environment(AWS_REGION="x"))
    assert (done.status, done.out) == (2, b"")
    assert message.encode() in done.err
    assert done.err.endswith(b"Try 'ordercount --help'\n")
