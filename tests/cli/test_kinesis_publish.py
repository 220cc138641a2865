"""kinesis:// sources of members: --publish."""

import kinesis_service
import oc
from kinesis_service import environment
from test_kafka_members import START, Cluster, order

pytestmark = kinesis_service.needed


def test_the_shard_that_is_furthest_behind_is_told(broker, kinesis, spawn):
    """The newest time of a mark is the least of the shards', or the merge
    would call late what comes of the others."""
    cluster = Cluster(broker)
    kinesis.create("orders", 2)
    ahead, behind = (f"shardId-{i:012}" for i in (1, 0))
    kinesis.put("orders", order(2), shard=behind)
    kinesis.put("orders", order(50), shard=ahead)
    member = spawn(cluster.member("-t", "at", until_end=False)[:-1] +
                   [kinesis.source("orders")], env=environment())
    oc.until(lambda: sum(told["tallies"]["read"]
                         for told in cluster.published()[1]) == 2,
             "both orders", cluster.published)
    member.signal(15)
    assert b"at least once" in member.wait().err
    told = [mark["newest"] for mark in cluster.published()[2]]
    assert set(told) - {None} == {f"{START}02Z"}
