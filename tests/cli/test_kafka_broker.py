"""scripts/kafka-broker and what the tests of Kafka are written with: that a
round trip is one, before anything of ours is in it."""

import os
import subprocess
import time

import pytest

import kafka_broker
import oc
import rdkafka

pytestmark = pytest.mark.tools


def script(*arguments, env=None):
    done = subprocess.run([kafka_broker.SCRIPT, *map(str, arguments)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=oc.environment(env),
                          timeout=120, check=False)
    return oc.Result(done.returncode, done.stdout, done.stderr)


def kcat(way, *arguments, stdin=b""):
    """kcat at one of a secure broker's (address, file)."""
    address, file = way
    done = subprocess.run(["kcat", "-F", file, "-b", address, *arguments],
                          input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False)
    return oc.Result(done.returncode, done.stdout, done.stderr)


# --- messages -----------------------------------------------------------------

def test_messages_come_back_as_they_were_sent(broker):
    topic = broker.new_topic(partitions=3)
    before = int(time.time() * 1000)
    broker.produce(topic, [b"one", (b"k", b"two"), (b"gone", None), b"",
                           (b"", b"\xff\0")], partition=1)
    broker.produce(topic, [b"other"], partition=2)
    found = broker.read(topic)
    assert [message[:4] for message in found if message.partition == 1] == [
        (1, 0, None, b"one"), (1, 1, b"k", b"two"), (1, 2, b"gone", None),
        (1, 3, None, b""), (1, 4, b"", b"\xff\0")]
    assert [message.value for message in found
            if message.partition == 2] == [b"other"]
    assert len(found) == 6
    assert broker.first_offsets(topic) == [0, 0, 0]
    assert broker.end_offsets(topic) == [0, 5, 1]
    for message in found:
        assert before <= message.timestamp <= time.time() * 1000


def test_parts_of_a_topic_are_read(broker):
    topic = broker.new_topic(partitions=2)
    broker.produce(topic, [b"a", b"b", b"c"], partition=0)
    broker.produce(topic, [b"d", b"e"], partition=1)
    assert broker.values(topic, partitions=[1]) == [b"d", b"e"]
    assert [message.value for message in broker.read(
        topic, partitions=[0], start=2)] == [b"c"]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compressed_messages_come_back(broker, codec):
    topic = broker.new_topic()
    sent = [b"%d" % number * 20 for number in range(1000)]
    broker.produce(topic, sent, compression_type=codec)
    assert broker.values(topic) == sent


def test_a_key_chooses_the_partition(broker):
    topic = broker.new_topic(partitions=4)
    broker.produce(topic, [(b"%d" % (number % 10), b"x")
                           for number in range(100)], partition=-1,
                   partitioner="murmur2_random")
    places = {}
    for message in broker.read(topic):
        places.setdefault(message.key, set()).add(message.partition)
    assert len(places) == 10
    assert all(len(place) == 1 for place in places.values())
    assert len(set.union(*places.values())) > 1


def test_a_million_lines_are_there_in_seconds(broker):
    topic = broker.new_topic(partitions=2)
    lines = (b"x" * 99 + b"\n") * 1000000
    begun = time.monotonic()
    broker.produce_lines(topic, lines, partition=-1)
    assert time.monotonic() - begun < 30
    assert sum(broker.end_offsets(topic)) == 1000000
    end = broker.end_offsets(topic)[0]
    assert [message.value for message in broker.read(
        topic, partitions=[0], start=end - 10)] == [b"x" * 99] * 10


def test_what_cannot_be_delivered_is_said(broker):
    topic = broker.new_topic(max_message_bytes=1000)
    with pytest.raises(rdkafka.KafkaError, match="MSG_SIZE_TOO_LARGE"):
        broker.produce(topic, [b"x" * 5000])
    assert broker.end_offsets(topic) == [0]


# --- transactions -------------------------------------------------------------

def test_only_what_was_committed_is_seen(broker):
    topic = broker.new_topic(partitions=2)
    with broker.producer(transactional_id=topic) as producer:
        for value in (b"kept", b"dropped", b"kept too"):
            producer.begin()
            producer.send(topic, value, partition=0)
            producer.send(topic, value, partition=1)
            if value == b"dropped":
                producer.flush()
                producer.abort()
            else:
                producer.commit()
    assert broker.values(topic, [0]) == [b"kept", b"kept too"]
    assert [message.value for message in broker.read(
        topic, [1], committed=False)] == [b"kept", b"dropped", b"kept too"]
    # Each transaction ends by a marker, which has an offset.
    assert broker.end_offsets(topic) == [6, 6]


def test_an_open_transaction_holds_back_what_comes_after(broker):
    topic = broker.new_topic()
    with broker.producer(transactional_id=topic) as producer:
        producer.begin()
        producer.send(topic, b"open", partition=0)
        producer.flush()
        broker.produce(topic, [b"after"])
        assert broker.values(topic) == []
        producer.commit()
    oc.until(lambda: broker.values(topic) == [b"open", b"after"],
             "what was committed", lambda: broker.values(topic))


def test_who_comes_with_the_same_name_fences_the_first(broker):
    topic = broker.new_topic()
    with broker.producer(transactional_id=topic) as first:
        first.begin()
        first.send(topic, b"first", partition=0)
        first.flush()
        with broker.producer(transactional_id=topic) as second:
            with pytest.raises(rdkafka.KafkaError, match="_FENCED"):
                first.commit()
            second.begin()
            second.send(topic, b"second", partition=0)
            second.commit()
    assert broker.values(topic) == [b"second"]


# --- admins -------------------------------------------------------------------

def test_topics_grow_expire_and_go(broker):
    topic = broker.new_topic(partitions=1, retention_ms=3600000)
    broker.grow(topic, 3)
    broker.produce(topic, [b"a", b"b", b"c"], partition=2)
    broker.delete_records(topic, 2, 2)
    assert broker.first_offsets(topic) == [0, 0, 2]
    assert broker.values(topic) == [b"c"]
    with pytest.raises(rdkafka.KafkaError, match="OFFSET_OUT_OF_RANGE"):
        broker.delete_records(topic, 2, 4)
    with pytest.raises(rdkafka.KafkaError, match="TOPIC_ALREADY_EXISTS"):
        broker.create_topic(topic)
    broker.delete_topic(topic)
    assert broker.partitions(topic) == 0
    with pytest.raises(rdkafka.KafkaError, match="UNKNOWN_TOPIC"):
        broker.delete_topic(topic)


def test_a_groups_offsets_have_metadata(broker):
    topic = broker.new_topic(partitions=3)
    group = kafka_broker.unique("group")
    assert broker.committed(group) == {}
    broker.set_committed(group, topic, 0, 7)
    broker.set_committed(group, topic, 2, 9, b'{"newest":null}')
    assert broker.committed(group) == {(topic, 0): (7, b""),
                                       (topic, 2): (9, b'{"newest":null}')}
    broker.admin.delete_group(group)
    assert broker.committed(group) == {}


# --- the broker ---------------------------------------------------------------

def test_data_is_kept_over_a_stop_and_a_kill(start_broker):
    broker = start_broker()
    topic = broker.new_topic(partitions=2)
    broker.produce(topic, [b"one"])
    broker.stop()
    broker.start()
    broker.produce(topic, [b"two"])
    broker.kill()
    broker.start()
    broker.produce(topic, [b"three"])
    assert broker.values(topic) == [b"one", b"two", b"three"]


def test_a_setting_is_one_of_the_broker(start_broker):
    broker = start_broker("message.max.bytes=2000", "num.partitions=3")
    topic = broker.new_topic()
    with pytest.raises(rdkafka.KafkaError, match="MSG_SIZE_TOO_LARGE"):
        broker.produce(topic, [b"x" * 5000])


def test_the_commands_for_people(start_broker):
    broker = start_broker()
    assert script("status", broker.folder).out.decode() == (
        f"{broker.address} {broker.pid}\n")
    broker.script("topic", broker.folder, "orders", 2, "retention.ms=777777")
    broker.script("grow", broker.folder, "orders", 3)
    told = broker.script("describe", broker.folder, "orders")
    assert "PartitionCount: 3" in told
    assert "retention.ms=777777" in told
    broker.produce("orders", [b"a", b"b", b"c"], partition=1)
    broker.script("expire", broker.folder, "orders", 1, 2)
    assert broker.values("orders") == [b"c"]
    broker.set_committed("shop", "orders", 1, 2)
    assert "orders" in broker.script("group", broker.folder, "shop")
    broker.script("delete-topic", broker.folder, "orders")
    assert broker.partitions("orders") == 0
    assert script("topic", broker.folder, "no/name", 1).status != 0
    second = script("start", broker.folder)
    assert second.status == 1
    assert b"running already" in second.err
    assert script("wipe", broker.folder).status == 1
    broker.stop()
    assert script("status", broker.folder).status == 1
    assert script("wipe", broker.folder) == (0, b"", b"")
    assert not os.path.exists(broker.folder)


def test_a_port_that_is_taken_is_said(broker, tmp_path):
    port = broker.address.rsplit(":", 1)[1]
    done = script("start", tmp_path, port)
    assert done.status == 1
    assert f"port {port} is taken".encode() in done.err


@pytest.mark.parametrize("arguments", [
    [], ["begin"], ["install", "there"], ["start", "--fast"],
    ["start", "there", "70000"], ["start", "there", "x"], ["topic", "there"],
    ["expire", "there", "topic", "0"], ["stop", "there", "now"]])
def test_a_wrong_command_is_a_usage_error(arguments, tmp_path):
    done = script(*arguments, env={"XDG_CACHE_HOME": str(tmp_path)})
    assert done.status == 2
    assert done.out == b""
    assert done.err.startswith(b"usage: scripts/kafka-broker ")


def test_only_a_known_version_is_taken(tmp_path):
    done = script("install", env={"XDG_CACHE_HOME": str(tmp_path),
                                  "KAFKA_VERSION": "3.9.0"})
    assert (done.status, done.out, done.err) == (
        1, b"", b"kafka-broker: KAFKA_VERSION '3.9.0' is not one of: 4.3.1 "
        b"3.7.1\n")


# --- the secure one -----------------------------------------------------------

@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    broker = kafka_broker.Broker(tmp_path_factory.mktemp("secure"),
                                 secure=True)
    yield broker
    broker.close()


@pytest.mark.parametrize("name", ["PLAIN", "SSL"])
def test_a_secure_way_leads_to_the_broker(secure, name):
    topic = secure.new_topic()
    assert kcat(secure.ways[name], "-P", "-t", topic, "-p", "0",
                stdin=b"one\ntwo\n").status == 0
    read = kcat(secure.ways[name], "-C", "-e", "-q", "-t", topic, "-p", "0")
    assert (read.status, read.out) == (0, b"one\ntwo\n")
    assert secure.values(topic) == [b"one", b"two"]


def test_scram_is_of_a_newer_librdkafka(secure):
    """Kafka 4 does not take the nonce that librdkafka sends before 2.6.1."""
    topic = secure.new_topic()
    done = kcat(secure.ways["SCRAM"], "-P", "-t", topic, "-p", "0",
                "-X", "message.timeout.ms=5000", stdin=b"one\n")
    if rdkafka.library().rd_kafka_version() >= 0x020601ff:
        assert done.status == 0
        assert secure.values(topic) == [b"one"]
    else:
        assert b"invalid credentials" in done.err
        assert secure.values(topic) == []


def test_a_wrong_password_and_a_strange_ca_are_refused(secure):
    topic = secure.new_topic()
    for name, wrong, why in (
            ("PLAIN", "sasl.password=wrong", b"Authentication failed"),
            ("PLAIN", f"ssl.ca.location={secure.folder}/secure/client.pem",
             b"certificate verify failed"),
            ("SSL", f"ssl.ca.location={secure.folder}/secure/client.pem",
             b"certificate verify failed")):
        done = kcat(secure.ways[name], "-P", "-t", topic, "-p", "0", "-X",
                    wrong, "-X", "message.timeout.ms=2000", stdin=b"one\n")
        assert why in done.err
    assert secure.values(topic) == []


def test_an_acl_denies_a_topic_to_the_user(secure):
    topic, other = secure.new_topic(), secure.new_topic()
    secure.produce(topic, [b"one"])
    secure.produce(other, [b"two"])
    secure.script("acl", secure.folder, "--add", "--deny-principal",
                  "User:shop", "--operation", "Read", "--topic", topic)

    def read(name):
        return kcat(secure.ways["PLAIN"], "-C", "-e", "-q", "-t", name,
                    "-p", "0")
    oc.until(lambda: b"authorization failed" in read(topic).err,
             "the acl", lambda: read(topic))
    assert read(other).out == b"two\n"


def test_no_secret_is_for_others_to_read(secure):
    folder = os.path.join(secure.folder, "secure")
    for name in os.listdir(folder):
        assert os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0


def test_a_secure_broker_starts_again(secure):
    topic = secure.new_topic()
    ways = secure.ways
    secure.stop()
    secure.start()
    assert secure.ways == ways
    assert kcat(ways["PLAIN"], "-P", "-t", topic, "-p", "0",
                stdin=b"one\n").status == 0
    assert secure.values(topic) == [b"one"]


def test_a_folder_that_is_not_secure_cannot_become_it(start_broker):
    broker = start_broker()
    broker.stop()
    done = script("start", "--secure", broker.folder)
    assert done.status == 1
    assert b"without --secure" in done.err
