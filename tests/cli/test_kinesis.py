"""kinesis:// sources: what is read, from where, to which end."""

import json

import pytest

import kinesis_service
import oc
from kinesis_service import aggregate, environment

pytestmark = kinesis_service.needed


def orders(count, start=0):
    return [json.dumps({"status": f"S{i % 3}", "n": i}).encode()
            for i in range(start, start + count)]


def counts(out):
    """Group to total, as the last row of each says."""
    return {line.split("\t")[2]: int(line.split("\t")[-1])
            for line in out.decode().splitlines()}


def read(kinesis, *args, stream="orders", **env):
    return oc.run(["--until-end", *args, kinesis.source(stream)],
                  env=environment(**env))


def test_every_shard_is_read_to_its_end(kinesis):
    kinesis.create("orders", 4)
    kinesis.put("orders", *orders(1000))
    done = read(kinesis)
    assert (done.status, done.err) == (0, b"")
    assert counts(done.out) == {"S0": 334, "S1": 333, "S2": 333}
    assert kinesis.refusals == [] and kinesis.violations == []
    assert {request.action for request in kinesis.requests} == {
        "ListShards", "GetShardIterator", "GetRecords"}
