"""kinesis:// sources while shards are split and merged."""

import json
import random
import time

import pytest

import kinesis_service
import oc
from kinesis_service import environment

pytestmark = kinesis_service.needed

BASE = 1_732_269_600  # 2024-11-22T10:00:00Z


def at(second, status="A"):
    return json.dumps({"t": BASE + second, "status": status}).encode()


def name(number):
    return f"shardId-{number:012}"


def start(spawn, kinesis, *args, stream="orders", **more):
    process = spawn(["-v", *args, kinesis.source(stream)],
                    env=environment(), **more)
    process.wait_for(lambda err: b"]: open\n" in err, "err")
    return process


def ends(kinesis, *args):
    done = oc.run(["-w", "all", "--until-end", *args,
                   kinesis.source("orders")], env=environment())
    assert (done.status, done.err) == (0, b""), done
    return oc.counts(done.out)


def wait_counts(process, wanted):
    process.wait_for(lambda out: oc.counts(oc.whole_lines(out)) == wanted)


def iterators(kinesis):
    """(shard, type) of each iterator that was asked for, in order."""
    return [(request.asked["ShardId"], request.asked["ShardIteratorType"])
            for request in kinesis.asked("GetShardIterator")]


def generations(kinesis):
    """0 is split into 1 and 2, these are merged into 3; each has a record."""
    kinesis.create("orders")
    kinesis.put("orders", oc.order("G1"))
    assert kinesis.split("orders", name(0)) == [name(1), name(2)]
    kinesis.put("orders", oc.order("G2"), oc.order("G2"))
    assert kinesis.merge("orders", name(1), name(2)) == name(3)
    kinesis.put("orders", oc.order("G3"))


def test_children_come_after_their_parents(kinesis):
    generations(kinesis)
    assert ends(kinesis) == {"G1": 1, "G2": 2, "G3": 1}
    order = [shard for shard, _ in iterators(kinesis)]
    assert order[0] == name(0) and sorted(order[1:3]) == [name(1), name(2)]
    assert order[3:] == [name(3)]
    # Nobody is read before its parents were to their end.
    for child, parents in ((1, [0]), (2, [0]), (3, [1, 2])):
        first = kinesis.asked("GetRecords", name(child))[0].at
        assert all(kinesis.asked("GetRecords", name(parent))[-1].at < first
                   for parent in parents)


def test_latest_begins_in_open_shards_alone(kinesis, spawn):
    generations(kinesis)
    process = start(spawn, kinesis, "-w", "100ms", "--from=latest")
    kinesis.put("orders", oc.order("NOW"))
    wait_counts(process, {"NOW": 1})
    assert iterators(kinesis) == [(name(3), "LATEST")]


def test_a_stream_is_resharded_while_it_is_read(kinesis, spawn):
    kinesis.create("orders", 2)
    process = start(spawn, kinesis, "-w", "100ms", "--from=latest")
    wanted = {}

    def put(status, count):
        kinesis.put("orders", *[oc.order(status)] * count)
        wanted[status] = count
    put("A", 6)
    kinesis.split("orders", name(1))
    put("B", 6)
    wait_counts(process, wanted)
    kinesis.merge("orders", name(2), name(3))
    put("C", 6)
    kinesis.split("orders", name(0))
    put("D", 6)
    wait_counts(process, wanted)
    process.wait_for(lambda err: err.count(b": read to its end\n") == 4, "err")
    # What appears is read from its beginning.
    assert sorted(iterators(kinesis)) == [
        (name(0), "LATEST"), (name(1), "LATEST")] + [
        (name(i), "TRIM_HORIZON") for i in range(2, 7)]
    process.signal(15)
    process.wait()
    assert kinesis.violations == []


def test_the_list_may_have_pages(kinesis):
    kinesis.create("orders", 5)
    kinesis.put("orders", *[oc.order("A")] * 50)
    kinesis.page = 1
    assert ends(kinesis) == {"A": 50}
    assert len(kinesis.asked("ListShards")) == 5


def test_a_page_whose_token_has_expired_is_asked_for_anew(kinesis):
    kinesis.create("orders", 4)
    kinesis.put("orders", *[oc.order("A")] * 40)
    kinesis.page = 2
    kinesis.rule("ListShards", lambda *_: None)
    kinesis.fail("ListShards", "ExpiredNextTokenException")
    assert ends(kinesis) == {"A": 40}
    assert ["NextToken" in request.asked
            for request in kinesis.asked("ListShards")] == [
        False, True, False, True]


def test_a_list_may_be_older_than_what_has_ended_since(kinesis, spawn):
    """A shard ends while the list is on its way that another one's end asked
    for: that list has not got its children."""
    kinesis.create("orders", 2)
    process = start(spawn, kinesis, "-w", "100ms", "--from=latest")

    def late(service, request):
        answer = service._really(request)
        kinesis.split("orders", name(1))
        asked = len(kinesis.asked("GetRecords", name(1)))
        oc.until(lambda: len(kinesis.asked("GetRecords", name(1))) > asked + 1,
                 "the end of the other shard")
        return answer
    held = kinesis.rule("ListShards", late)
    kinesis.split("orders", name(0))
    oc.until(lambda: held.done, "the list")
    kinesis.put("orders", *[oc.order("A")] * 8)
    wait_counts(process, {"A": 8})


def test_many_shards_are_read_side_by_side(kinesis):
    kinesis.create("orders", 100)
    kinesis.put("orders", *[oc.order("A")] * 1000)
    assert ends(kinesis) == {"A": 1000}
    assert kinesis.violations == []


# --- event time --------------------------------------------------------------

def test_no_record_is_late_for_the_order_of_shards(kinesis, spawn):
    """Children that are far ahead of a parent, and a merge of two."""
    kinesis.create("orders", 2)
    records = 0
    for i in range(4):  # both parents, far apart in time
        kinesis.put("orders", at(i), shard=name(0))
        kinesis.put("orders", at(100 + i), shard=name(1))
        records += 2
    kinesis.merge("orders", name(0), name(1))
    for i in range(4):
        kinesis.put("orders", at(4 + i))
        kinesis.put("orders", at(104 + i))
        records += 2
    kinesis.split("orders", name(2))
    kinesis.put("orders", at(8), shard=name(3))
    kinesis.put("orders", at(200), shard=name(4))
    records += 2
    done = oc.run(["-t", "t", "-w", "1s", "-l", "110s", "--until-end",
                   "--summary", "-f", "json", kinesis.source("orders")],
                  env=environment())
    told = [summary["summary"] for _, summary in oc.json_windows(done.out)]
    assert (done.status, done.err) == (0, b"")
    assert sum(one["counted"] for one in told) == records
    assert sum(one["late"] for one in told) == 0


def test_the_watermark_stays_at_the_parents(kinesis, spawn):
    """One parent ended long ago in time; the other is still being read: the
    window of the first is not closed by the second."""
    kinesis.create("orders", 2)
    kinesis.put("orders", at(0), shard=name(0))
    kinesis.put("orders", at(500), shard=name(1))
    kinesis.merge("orders", name(0), name(1))
    kinesis.put("orders", at(1, "CHILD"))
    # The second parent does not come to its end for a while.
    held = kinesis.rule("GetRecords", lambda *_: kinesis_service.error(
        "ProvisionedThroughputExceededException"), times=None, shard=name(1))
    process = start(spawn, kinesis, "-t", "t", "-w", "10s", "--idle=300ms",
                    "--from=earliest", "-f", "json", "--summary")
    process.wait_for(lambda _: held.done > 1, "err")
    assert process.out == b""
    held.left = 0
    process.wait_for(lambda err: b"[%s]: open" % name(2).encode() in err,
                     "err")
    # All is read; when all are idle the windows print, with the child in it.
    process.wait_for(lambda out: oc.json_windows(out))
    first = oc.json_windows(process.out)[0]
    assert {row["key"]["status"]: row["count"] for row in first[0]} == {
        "A": 1, "CHILD": 1}
    assert first[1]["summary"]["late"] == 0


def test_children_are_as_far_in_time_as_their_parents(kinesis, spawn):
    """They need not deliver anything for what the parents had to be over."""
    kinesis.create("orders", 2)
    kinesis.put("orders", at(0), at(50), shard=name(0))
    kinesis.split("orders", name(0))
    process = start(spawn, kinesis, "-t", "t", "-w", "10s", "--idle=never",
                    "--from=earliest")
    process.wait_for(lambda err: err.count(b"]: open\n") == 4, "err")
    kinesis.put("orders", at(100), shard=name(1))
    process.wait_for(lambda out: b"10:00:00Z\t2024-11-22T10:00:10Z\tA\t1\t1"
                     in out)


def test_a_quiet_shard_holds_nothing_back_for_ever(kinesis, spawn):
    kinesis.create("orders", 2)
    kinesis.put("orders", at(0), at(20), shard=name(0))
    process = start(spawn, kinesis, "-t", "t", "-w", "10s", "--idle=1s",
                    "--from=earliest")
    process.wait_for(lambda out: b"10:00:00Z\t2024-11-22T10:00:10Z\tA\t1\t1"
                     in out)


@pytest.mark.parametrize("seed", range(3))
def test_resharding_at_random_loses_nothing(kinesis, spawn, seed):
    rng = random.Random(seed)
    kinesis.create("orders", 3)
    process = start(spawn, kinesis, "-w", "100ms", "--from=earliest")
    sent = 0
    for _ in range(8):
        count = rng.randrange(1, 40)
        kinesis.put("orders", *[oc.order("A")] * count)
        sent += count
        shards = [one["ShardId"] for one in sorted(
            kinesis.open_shards("orders"),
            key=lambda one: int(one["HashKeyRange"]["StartingHashKey"]))]
        if rng.random() < 0.5 or len(shards) < 2:
            kinesis.split("orders", rng.choice(shards))
        else:
            i = rng.randrange(len(shards) - 1)
            kinesis.merge("orders", shards[i], shards[i + 1])
        if rng.random() < 0.5:
            time.sleep(rng.random() / 5)  # of the producer's own pace
    kinesis.put("orders", oc.order("A"))
    wait_counts(process, {"A": sent + 1})
    assert kinesis.violations == [] and kinesis.refusals == []


def test_a_shard_that_came_and_went_meanwhile_has_no_part_in_the_end(kinesis):
    """What came after the run began is for the next one, also in a shard that
    was split in the meantime, and is closed when it is listed."""
    kinesis.create("orders")
    kinesis.put("orders", *[oc.order("BEFORE")] * 3)

    def reshard(*_):
        time.sleep(1.1)  # the service's clock is read in full seconds
        kinesis.split("orders", name(0))
        kinesis.put("orders", *[oc.order("LATER")] * 3, shard=name(1))
        kinesis.split("orders", name(1))

    def last(service, request):
        """The service may say with the last records that they are."""
        answer = service._really(request)
        said = {**json.loads(answer.body), "NextShardIterator": None}
        return answer._replace(body=json.dumps(said).encode())
    kinesis.rule("GetShardIterator", reshard)
    kinesis.rule("GetRecords", last, times=None, shard=name(0))
    assert ends(kinesis) == {"BEFORE": 3}
    assert ends(kinesis) == {"BEFORE": 3, "LATER": 3}
