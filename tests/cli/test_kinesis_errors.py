"""kinesis:// sources: what the service refuses, and what heals.

That nobody answers is in test_kinesis_network.py.
"""

import json
import random
import time

import pytest

import kinesis_service
import oc
from kinesis_service import Answer, aggregate, environment, error
from source_runs import said
from test_kinesis_shards import name

pytestmark = kinesis_service.needed

ACTIONS = ("ListShards", "GetShardIterator", "GetRecords")
HTML = b"<html><body><h1>503 Service Unavailable</h1></body></html>\n"


def read(kinesis, *args):
    """A run up to the end."""
    return oc.run(["-w", "all", "--until-end", *args,
                   kinesis.source("orders")], env=environment())


def counted(kinesis, *args):
    """By a run that has nothing to say."""
    done = read(kinesis, *args)
    assert (done.status, done.err) == (0, b""), done
    return oc.counts(done.out)


def follow(spawn, kinesis, *args):
    """A run that goes on, and is open."""
    process = spawn(["-v", "-w", "100ms", "--from=earliest", *args,
                     kinesis.source("orders")], env=environment())
    process.wait_for(lambda err: b"]: open\n" in err, "err")
    return process


def until_counted(process, **wanted):
    process.wait_for(lambda out: oc.counts(oc.whole_lines(out)) == wanted)


def of(kinesis, action):
    """Who is named before what the service says."""
    return (kinesis.source("orders") if action == "ListShards" else
            f"kinesis://orders[{name(0)}]")


# --- what is refused ----------------------------------------------------------

MAY = ("(what is needed: kinesis:ListShards, GetShardIterator, GetRecords)")
REFUSED = [
    ("ResourceNotFoundException", "Stream orders under account 1 not found.",
     "(is the stream in another region, or account?)"),
    ("AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized",
     MAY),
    ("InvalidSignatureException", "Signature expired: 20261128T060000Z is now "
     "earlier than 20261128T060500Z (20261128T061000Z - 5 min.)",
     "(is the secret key right, and the clock?)"),
    ("KMSDisabledException", "arn:aws:kms:x:1:key/y is disabled.", None),
    ("KMSAccessDeniedException", "The ciphertext refers to a key", None),
    ("KMSInvalidStateException", "it is pending deletion", None),
    ("KMSNotFoundException", "Key 'y' does not exist", None),
    ("KMSOptInRequired", "The AWS Access Key Id needs a subscription", None),
    ("InvalidArgumentException", "StartingSequenceNumber 1 is invalid",
     "(was the stream made anew? then its state is another's: move it away)"),
    ("ValidationException", "1 validation error detected", None),
    ("OptInRequired", "it does", None),
    ("UnknownOperationException", None, None),
    ("SomethingOfTomorrow", "it is new", None),
]


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_refused_is_said_in_one_line(action, kinesis):
    kinesis.create("orders")
    kinesis.put("orders", oc.order("A"))
    for kind, message, advice in REFUSED:
        kinesis.fail(action, kind, message)
        done = read(kinesis)
        why = f"{kind}: {message}" if message else kind
        assert (done.status, done.out, done.err.decode()) == (
            1, b"", f"ordercount: {of(kinesis, action)}: {why}" +
            (f" {advice}\n" if advice else "\n"))


@pytest.mark.parametrize("action", ACTIONS)
def test_what_may_not_be_done_is_said(action, kinesis):
    kinesis.create("orders")
    kinesis.put("orders", oc.order("A"))
    kinesis.denied = {kinesis_service.KEYS["AWS_ACCESS_KEY_ID"]: {action}}
    done = read(kinesis)
    assert (done.status, done.out) == (1, b"")
    assert done.err.decode() == (
        f"ordercount: {of(kinesis, action)}: AccessDeniedException: User: "
        "arn:aws:iam::111122223333:user/shop is not authorized to perform: "
        f"kinesis:{action} on resource: arn:aws:kinesis:eu-north-1:111122223333"
        f":stream/orders because no identity-based policy allows the kinesis:"
        f"{action} action {MAY}\n")


def test_a_stream_that_is_not_there_is_said(kinesis):
    done = read(kinesis)
    assert (done.status, done.out, done.err.decode()) == (
        1, b"", f"ordercount: {kinesis.source('orders')}: ResourceNotFound"
        "Exception: Stream orders under account 000000000000 not found. (is "
        "the stream in another region, or account?)\n")


def test_a_clock_that_is_wrong_is_said(kinesis):
    kinesis.create("orders")
    kinesis.clock_s = 3600
    done = read(kinesis)
    assert (done.status, done.err.count(b"\n")) == (1, 1)
    assert b": InvalidSignatureException: Signature expired: " in done.err
    assert done.err.endswith(b" (is the secret key right, and the clock?)\n")


def test_a_stream_that_is_deleted_is_the_end(kinesis, spawn):
    """What was counted is printed."""
    kinesis.create("orders")
    kinesis.put("orders", *[oc.order("A")] * 3)
    process = follow(spawn, kinesis, "-w", "1h")
    oc.until(lambda: len(kinesis.asked("GetRecords")) > 1, "its records")
    kinesis.call("DeleteStream", StreamName="orders")
    done = process.wait()
    assert (done.status, oc.counts(done.out)) == (1, {"A": 3})
    assert b": ResourceNotFoundException: " in done.err


# --- what cannot be read ------------------------------------------------------

RECORD = {"SequenceNumber": "1", "Data": "e30=", "PartitionKey": "p",
          "ApproximateArrivalTimestamp": 1.5}


def records(**changes):
    return json.dumps({"Records": [{**RECORD, **changes}],
                       "NextShardIterator": "x"}).encode()


UNREADABLE = [
    *((action, body) for action in ACTIONS
      for body in (b"", b"{", b"null", b"{}", b"[]", HTML, b"\0\xff")),
    ("ListShards", b'{"Shards":[{}]}'), ("ListShards", b'{"Shards":{}}'),
    ("ListShards", b'{"Shards":[{"ShardId":7}]}'),
    ("GetShardIterator", b'{"ShardIterator":""}'),
    ("GetShardIterator", b'{"ShardIterator":null}'),
    ("GetRecords", b'{"Records":null}'),
    ("GetRecords", b'{"Records":[null]}'),
    ("GetRecords", records(Data=None)), ("GetRecords", records(Data="e30")),
    ("GetRecords", records(Data="e3?=")), ("GetRecords", records(Data={})),
    ("GetRecords", records(SequenceNumber=None)),
    ("GetRecords", records(SequenceNumber="1" * 200))]


@pytest.mark.parametrize("action", ACTIONS)
def test_what_cannot_be_read_is_asked_for_again(action, kinesis):
    """As if nobody had answered: somebody else may have."""
    bodies = [body for one, body in UNREADABLE if one == action]
    kinesis.create("orders", 20)
    kinesis.put("orders", *[oc.order("A")] * 40)
    for number, body in enumerate(bodies):
        shard = None if action == "ListShards" else name(number)
        kinesis.rule(action, lambda *_, body=body: Answer(200, body),
                     shard=shard)
        if action == "ListShards":
            assert counted(kinesis) == {"A": 40}
    assert counted(kinesis) == {"A": 40}


@pytest.mark.parametrize("action", ACTIONS)
def test_what_can_never_be_read_is_the_end(action, kinesis):
    kinesis.create("orders")
    kinesis.rule(action, lambda *_: Answer(200, HTML), times=None)
    done = read(kinesis, "--connect-timeout=1s")
    assert (done.status, done.out, done.err.decode()) == (
        1, b"", f"ordercount: {kinesis.source('orders')}: an answer cannot be "
        "read\n")


def test_pages_before_one_that_cannot_be_read_count_once(kinesis):
    kinesis.create("orders", 3)
    kinesis.put("orders", *[oc.order("A")] * 30)
    kinesis.page = 1
    calls = [0]

    def third(*_):
        calls[0] += 1
        return Answer(200, b'{"Shards":[{}]}') if calls[0] == 3 else None
    kinesis.rule("ListShards", third, times=None)
    assert counted(kinesis) == {"A": 30}
    assert calls == [6]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 404, 413])
def test_a_status_without_a_word_is_said(status, kinesis):
    """Who redirects is not followed: to him the request was not signed."""
    kinesis.create("orders")
    kinesis.rule("ListShards", lambda *_: Answer(
        status, HTML, {"Location": kinesis.url + "/elsewhere"}))
    done = read(kinesis)
    assert (done.status, done.out, done.err.decode()) == (
        1, b"", f"ordercount: {kinesis.source('orders')}: HTTP status {status}"
        "\n")
    assert len(kinesis.requests) == 1


# --- what heals ---------------------------------------------------------------

def cut(*_):
    raise ConnectionError


def truncated(*_):
    return Answer(200, b'{"Records":[', size=500, cut=True)


BUSY = {kind: error(kind, "Rate exceeded", 400) for kind in (
    "ProvisionedThroughputExceededException", "LimitExceededException",
    "ThrottlingException", "KMSThrottlingException", "RequestLimitExceeded",
    "com.amazonaws.kinesis.v20131202#LimitExceededException")}
BUSY.update({
    "InternalFailure": error("InternalFailure", "", 500),
    "ServiceUnavailable": error("ServiceUnavailable", "", 503),
    "500": Answer(500, b""), "502": Answer(502, HTML), "503": Answer(503, HTML),
    "504": Answer(504, b"{}"), "429": Answer(429, b"slow down")})
HEALS = [*((lambda _, __, answer=answer: answer) for answer in BUSY.values()),
         cut, truncated]


@pytest.mark.parametrize("action", ["GetShardIterator", "GetRecords"])
def test_a_shard_in_trouble_is_asked_again(action, kinesis):
    """One kind of trouble a shard."""
    kinesis.create("orders", len(HEALS))
    kinesis.put("orders", *[oc.order("A")] * 10 * len(HEALS))
    rules = [kinesis.rule(action, trouble, shard=name(number), times=2)
             for number, trouble in enumerate(HEALS)]
    assert counted(kinesis) == {"A": 10 * len(HEALS)}
    assert [rule.done for rule in rules] == [2] * len(HEALS)
    assert kinesis.violations == []


@pytest.mark.parametrize("part", range(4))
def test_a_list_in_trouble_is_asked_for_again(part, kinesis):
    kinesis.create("orders", 4)
    kinesis.put("orders", *[oc.order("A")] * 40)
    kinesis.page = 2
    part = HEALS[part::4]
    rules = [kinesis.rule("ListShards", trouble) for trouble in part[:3]]
    assert counted(kinesis) == {"A": 40}
    assert [rule.done for rule in rules] == [1] * len(rules)


def test_each_time_it_waits_longer_and_others_do_not(kinesis, spawn):
    kinesis.create("orders", 2)
    follow(spawn, kinesis)
    rule = kinesis.fail("GetRecords", "ProvisionedThroughputExceededException",
                        times=4, shard=name(0))
    oc.until(lambda: rule.done == 4, "four refusals")
    answered = len(kinesis.asked("GetRecords", name(0)))
    oc.until(lambda: len(kinesis.asked("GetRecords", name(0))) > answered + 1,
             "more reads")
    at = [call.at for call in kinesis.asked("GetRecords", name(0))]
    at = at[answered - 4:answered + 1]
    for number, (one, later) in enumerate(zip(at, at[1:])):
        least_s = 0.5 * 2 ** number
        assert later - one > least_s - 0.01, at
        # Half of it more, and what a busy machine takes.
        assert later - one < 1.5 * least_s + 5, at
    others = [call.at for call in kinesis.asked("GetRecords", name(1))
              if at[0] < call.at < at[-1]]
    assert len(others) > (at[-1] - at[0]) / 0.5 / 2
    assert kinesis.violations == []


@pytest.mark.long
@pytest.mark.parametrize("shards", [1, 2])
def test_trouble_that_lasts_is_said(shards, kinesis, spawn):
    """Of one shard, too, that is read beside others which are well."""
    kinesis.create("orders", shards)
    kinesis.fail("GetRecords", "ProvisionedThroughputExceededException",
                 "Rate exceeded", times=None, shard=name(0))
    process = spawn(["-w", "100ms", kinesis.source("orders")],
                    env=environment())
    start = time.monotonic()
    oc.until(lambda: said(process.err) or time.monotonic() > start + 18,
             "a line")
    line = (f"ordercount: kinesis://orders[{name(0)}]: ProvisionedThroughput"
            "ExceededException: Rate exceeded, asked again")
    process.wait_for(lambda err: said(err) == [line], "err")
    assert time.monotonic() - start > 9


# --- iterators and pages ------------------------------------------------------

def test_expired_iterators_lose_nothing(kinesis, spawn):
    """Every third read is by one that has expired, in packed records too."""
    kinesis.create("orders", 2)
    reads = [0]

    def expire(*_):
        reads[0] += 1
        return error("ExpiredIteratorException", "Iterator expired."
                     ) if reads[0] % 3 == 0 else None
    kinesis.rule("GetRecords", expire, times=None)
    process = follow(spawn, kinesis)
    sent = 0
    for number in range(12):
        kinesis.put("orders", *[aggregate([oc.order("A").strip()] * 5),
                                oc.order("A") * 2] * (1 + number % 3))
        sent += 7 * (1 + number % 3)
        until_counted(process, A=sent)
    assert {call.asked["ShardIteratorType"] for call in
            kinesis.asked("GetShardIterator")} >= {"AT_SEQUENCE_NUMBER"}
    assert kinesis.violations == []


@pytest.mark.parametrize("action, kind, most", [
    ("GetRecords", "ExpiredIteratorException", 5),
    ("ListShards", "ExpiredNextTokenException", 5),
    ("GetRecords", "ExpiredTokenException", 5)])
def test_what_expires_at_once_is_not_asked_for_all_the_time(action, kind, most,
                                                            kinesis, spawn):
    kinesis.create("orders", 2)
    kinesis.page = 1
    kinesis.rule(action, lambda _, call: None if "StreamName" in call.asked
                 else error(kind, "it has expired"), times=None,
                 shard=None if action == "ListShards" else name(0))
    spawn(["-w", "100ms", kinesis.source("orders")], env=environment())
    oc.until(lambda: kinesis.asked(action), "a call")
    start = time.monotonic()
    oc.until(lambda: time.monotonic() > start + 2, "two seconds")
    assert len(kinesis.asked(action)) < 2 * (most + 1) * 2
    assert len(kinesis.requests) < 50


# --- all of it ----------------------------------------------------------------

@pytest.mark.parametrize("seed", range(2))
def test_whatever_fails_each_record_counts_once(seed, kinesis, spawn):
    rng = random.Random(seed)
    kinesis.create("orders", 3)
    troubles = [*HEALS, lambda *_: error("ExpiredIteratorException")]

    def fail(service, call):
        if rng.random() < 0.7:
            return None
        trouble = rng.choice(troubles if call.action == "GetRecords" else HEALS)
        return trouble(service, call)
    rule = kinesis.rule(None, fail, times=None)
    process = spawn(["-w", "100ms", "--from=earliest",
                     kinesis.source("orders")], env=environment())
    sent = 0
    for _ in range(8):
        count = rng.randrange(1, 200)
        kinesis.put("orders", *[oc.order("A")] * count)
        sent += count
        oc.until(lambda: rng.random() < 0.05, "a while", pause_s=0.01)
    rule.left = 0
    until_counted(process, A=sent)
    assert said(process.err) == [] and kinesis.violations == []
