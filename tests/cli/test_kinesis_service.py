"""The tests' own Kinesis is held against the AWS SDK for JavaScript."""

import base64
import json
import os
import subprocess
import time

import pytest

import kinesis_service
import oc
import sigv4
from kinesis_service import KEYS, REGION, environment

pytestmark = [kinesis_service.needed, pytest.mark.tools]

KEY = KEYS["AWS_ACCESS_KEY_ID"]
SECRET = KEYS["AWS_SECRET_ACCESS_KEY"]


@pytest.fixture(scope="session")
def modules(kinesalite):
    folder = subprocess.run(
        [os.path.join(oc.ROOT, "scripts", "kinesalite"), "--fetch"],
        check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return os.path.join(folder, "node_modules")


@pytest.fixture
def sdk(kinesis, modules):
    """sdk(action, asked, region=..., **environment): what the SDK got."""
    def call(action, asked, region=REGION, **env):
        done = subprocess.run(
            ["node", os.path.join(oc.ROOT, "tests", "kinesis", "sdk.js"),
             kinesis.url, region, action, json.dumps(asked)],
            stdout=subprocess.PIPE, timeout=oc.DEADLINE_S, check=True,
            env={**os.environ, **environment(), "NODE_PATH": modules, **env})
        return json.loads(done.stdout)
    return call


def test_the_sdk_is_accepted(kinesis, sdk):
    kinesis.create("orders")
    put = sdk("PutRecord", {"StreamName": "orders", "PartitionKey": "p",
                            "Data": "{}"})
    shard = put["ShardId"]
    listed = sdk("ListShards", {"StreamName": "orders"})
    assert [one["ShardId"] for one in listed["Shards"]] == [shard]
    iterator = sdk("GetShardIterator", {
        "StreamName": "orders", "ShardId": shard,
        "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
    records = sdk("GetRecords", {"ShardIterator": iterator})
    assert [(one["SequenceNumber"], one["Data"])
            for one in records["Records"]] == [(put["SequenceNumber"], "{}")]
    assert records["MillisBehindLatest"] == 0
    assert kinesis.refusals == []


def test_the_sdk_with_a_session_is_accepted(kinesis, sdk):
    kinesis.create("orders")
    kinesis.secrets = {KEY: (SECRET, "a/session+token==")}
    assert sdk("ListShards", {"StreamName": "orders"},
               AWS_SESSION_TOKEN="a/session+token==")["Shards"]


@pytest.mark.parametrize("env, region, name", [
    ({"AWS_SECRET_ACCESS_KEY": SECRET + "x"}, REGION,
     "InvalidSignatureException"),
    ({"AWS_ACCESS_KEY_ID": "AKIDOTHER"}, REGION,
     "UnrecognizedClientException"),
    ({"AWS_SESSION_TOKEN": "none"}, REGION, "UnrecognizedClientException"),
    ({}, "us-east-1", "InvalidSignatureException")])
def test_who_is_somebody_else_is_refused(kinesis, sdk, env, region, name):
    kinesis.create("orders")
    answer = sdk("ListShards", {"StreamName": "orders"}, region, **env)
    assert answer["error"] == name
    assert [why.name for why in kinesis.refusals] == [name]


def test_the_sdk_knows_the_errors(kinesis, sdk):
    kinesis.create("orders")
    asked = {"StreamName": "orders"}
    kinesis.denied = {KEY: {"ListShards"}}
    assert sdk("ListShards", asked)["error"] == "AccessDeniedException"
    kinesis.denied, kinesis.expired = {}, {KEY}
    assert sdk("ListShards", asked)["error"] == "ExpiredTokenException"
    kinesis.expired = set()
    kinesis.clock_s = 3600
    assert sdk("ListShards", asked)["error"] == "InvalidSignatureException"
    kinesis.clock_s = 0
    assert sdk("ListShards", {"StreamName": "none"})["error"] == \
        "ResourceNotFoundException"
    for name, status in (("ProvisionedThroughputExceededException", 400),
                         ("LimitExceededException", 400),
                         ("InternalFailure", 500)):
        kinesis.fail("ListShards", name, status=status)
        assert sdk("ListShards", asked)["error"] == name


def test_pages_add_up(kinesis, sdk):
    kinesis.create("orders", 5)
    kinesis.page = 2
    page = sdk("ListShards", {"StreamName": "orders"})
    found = page["Shards"]
    while "NextToken" in page:
        page = sdk("ListShards", {"NextToken": page["NextToken"]})
        found += page["Shards"]
    assert [one["ShardId"] for one in found] == [
        one["ShardId"] for one in kinesis.shards("orders")]


@pytest.mark.parametrize("back_s, wanted", [(3600, ["1", "2"]), (0, ["2"])])
def test_a_time_leads_to_what_came_later(kinesis, back_s, wanted):
    kinesis.create("orders")
    kinesis.put("orders", b"1")
    shard = kinesis.shards("orders")[0]["ShardId"]
    oc.until(lambda: int(time.time()) > arrived(kinesis, shard),
             "the next second")
    iterator = kinesis.call(
        "GetShardIterator", StreamName="orders", ShardId=shard,
        ShardIteratorType="AT_TIMESTAMP",
        Timestamp=int(time.time() - back_s))
    kinesis.put("orders", b"2")
    records = kinesis.call("GetRecords", **iterator)["Records"]
    assert [base64.b64decode(one["Data"]).decode()
            for one in records] == wanted


def arrived(kinesis, shard):
    iterator = kinesis.call("GetShardIterator", StreamName="orders",
                            ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    record, = kinesis.call("GetRecords", **iterator)["Records"]
    return record["ApproximateArrivalTimestamp"]


class Signed:
    """A request as the SDK sends it, to be changed."""

    def __init__(self, request):
        self.method, self.path = request.method, request.path
        self.headers, self.body = dict(request.headers), request.body


@pytest.fixture
def signed(kinesis, sdk):
    kinesis.create("orders")
    sdk("ListShards", {"StreamName": "orders"})
    request = Signed(kinesis.requests[-1])
    assert sigv4.verify(request, kinesis.secrets, REGION, "kinesis") == KEY
    return request


def refused(request, kinesis):
    with pytest.raises(sigv4.Refused) as why:
        sigv4.verify(request, kinesis.secrets, REGION, "kinesis")
    return why.value.name


@pytest.mark.parametrize("change", [
    lambda r: setattr(r, "body", r.body + b" "),
    lambda r: setattr(r, "path", "/x"),
    lambda r: setattr(r, "path", "/?a=b"),
    lambda r: setattr(r, "method", "PUT"),
    lambda r: r.headers.update({"host": "elsewhere"}),
    lambda r: r.headers.update({"x-amz-target": "Kinesis_20131202.Other"}),
    lambda r: r.headers.update({"x-amz-date": "20200101T000000Z"}),
    lambda r: r.headers.update({"x-amz-date": ["a", "b"]}),
    lambda r: r.headers.update(
        authorization=r.headers["authorization"].replace("host;", "")),
], ids=range(9))
def test_what_was_changed_on_the_way_is_refused(kinesis, signed, change):
    change(signed)
    assert refused(signed, kinesis) == "InvalidSignatureException"


def test_what_is_not_signed_is_refused(kinesis, signed):
    signed.headers["authorization"] = "AWS4-HMAC-SHA256 Credential=x"
    assert refused(signed, kinesis) == "IncompleteSignatureException"
    del signed.headers["authorization"]
    assert refused(signed, kinesis) == "MissingAuthenticationTokenException"


def test_a_shard_has_its_limits(kinesis, sdk):
    kinesis.create("orders")
    kinesis.put("orders", b"{}")
    shard = kinesis.shards("orders")[0]["ShardId"]
    iterator = sdk("GetShardIterator", {
        "StreamName": "orders", "ShardId": shard,
        "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
    request = kinesis.requests[-1]._replace(
        headers={"x-amz-target": "Kinesis_20131202.GetRecords"},
        body=json.dumps({"ShardIterator": iterator}).encode())
    refusals = [kinesis._limit(request._replace(at=i / 10)) or
                kinesis._reads[shard].append((i / 10, 1)) for i in range(8)]
    assert [one is None for one in refusals] == [True] * 5 + [False] * 3
    assert len(kinesis.violations) == 3
    kinesis._reads[shard] = [(100, 4_000_000)]
    assert kinesis._limit(request._replace(at=101.9))
    assert kinesis._limit(request._replace(at=102.1)) is None
