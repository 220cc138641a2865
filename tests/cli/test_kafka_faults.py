"""kafka:// when things go wrong: brokers, topics and offsets that are gone."""

import os
import re
import signal
import time

import pytest

import oc
from kafka_broker import Broker, unique
from test_kafka import at

# Less than the session of a group, or a library's time-out.
AT_ONCE_S = 5


@pytest.fixture
def mortal(start_broker):
    return start_broker()


def until_counted(process, wanted):
    process.wait_for(lambda out: {
        key: count for key, count in oc.counts(oc.whole_lines(out)).items()
        if count > 0} == wanted)


def end(process):
    """By SIGTERM; returns how long that took."""
    begun = time.monotonic()
    process.signal(signal.SIGTERM)
    assert process.wait().status == -signal.SIGTERM
    return time.monotonic() - begun


# --- brokers ------------------------------------------------------------------

def test_no_broker_at_all(spawn):
    with oc.Refused() as refused:
        url = f"kafka://127.0.0.1:{refused.port}/orders"
        result = oc.run(["--connect-timeout=300ms", url])
        assert (result.status, result.out) == (1, b"")
        assert (f"ordercount: {url}: no broker answered in time "
                "(--connect-timeout)").encode() in result.err
        assert result.err.count(b"\n") == 1
        process = spawn(["--connect-timeout=300ms", "--reconnect", url])
        process.wait_for(rb"dialling again\n", "err")
        assert end(process) < AT_ONCE_S


class Mourners:
    """Runs over a broker that is killed, by what is to become of them."""

    def __init__(self, broker, topic, spawn):
        def start(*args):
            return spawn(["--from=earliest", *args, broker.url(topic)])
        retry = ["--reconnect", "--connect-timeout=500ms", "-X",
                 "session.timeout.ms=6000", "-X",
                 "reconnect.backoff.max.ms=500"]
        windows = [*retry, "-w", "100ms", "-f", "prometheus"]
        self.patient = start("-w", "100ms", "--connect-timeout=60s")
        self.fails = start("-w", "1h", "--connect-timeout=500ms")
        self.go_on = [start(*windows), start(*windows, "-g", unique("group"))]
        # The group is not told before the end.
        self.tells_late = start("-w", "1h", *retry, "-g", unique("group"))
        self.at_once, self.noticed = (
            [start("-w", "1h", *retry),
             start("-w", "1h", *retry, "-g", unique("group"))]
            for _ in range(2))
        self.late = lambda: start("-w", "100ms", *retry)
        self.all = [self.patient, self.fails, self.tells_late, *self.go_on,
                    *self.at_once, *self.noticed]


def shows(process, up, counted):
    """Waits until the last whole exposition says so."""
    def told(out):
        parts = out.split(b"# HELP ordercount_orders_total")
        return len(parts) > 2 and (
            re.search(rb"ordercount_source_up{.*} %d\n" % up, parts[-2]) and
            re.search(rb'orders_total{status="A"} %d\n' % counted, parts[-2]))
    process.wait_for(told)


def test_a_broker_that_dies_and_comes_back(mortal, spawn):
    topic = mortal.new_topic(partitions=2)
    mortal.produce(topic, [oc.order("A")] * 3 + [b"seen"])
    runs = Mourners(mortal, topic, spawn)
    for process in runs.all:
        process.wait_for(rb"offset 3, line 1", "err")
    mortal.kill()
    for process in runs.at_once:
        assert end(process) < AT_ONCE_S
        assert b'A\t3\t3\n' in process.out
    for process in [*runs.noticed, *runs.go_on]:
        process.wait_for(rb"no broker answered in time.*, dialling again\n",
                         "err")
    for process in runs.go_on:
        shows(process, 0, 3)
    for process in runs.noticed:
        assert end(process) < AT_ONCE_S
        assert b'A\t3\t3\n' in process.out
    failed = runs.fails.wait()
    assert (failed.status, oc.counts(failed.out)) == (1, {"A": 3})
    assert re.search(rb"ordercount: kafka://[^ ]+: no broker answered in time "
                     rb"\(--connect-timeout\)", failed.err)
    late = runs.late()
    late.wait_for(rb"dialling again\n", "err")

    mortal.start()
    mortal.produce(topic, [oc.order("A")] * 2, partition=1)
    mortal.produce(topic, [oc.order("A")] * 4)
    for process in runs.go_on:
        shows(process, 1, 9)
        end(process)
        assert process.err.count(b"dialling again") == 1
    mortal.produce(topic, [b"[]"])
    runs.tells_late.wait_for(rb"offset 8, line 1", "err")
    end(runs.tells_late)
    assert b'A\t9\t9\n' in runs.tells_late.out
    for process in (runs.patient, late):
        until_counted(process, {"A": 9})
        end(process)
    assert b"no broker" not in runs.patient.err


# --- topics -------------------------------------------------------------------

def test_a_topic_that_is_deleted_ends_the_run(broker, spawn):
    topic = broker.new_topic(partitions=2)
    process = spawn(["-w", "1h", "--from=earliest", broker.url(topic)])
    broker.produce(topic, [oc.order("A")] * 3 + [b"seen"])
    process.wait_for(rb"offset 3", "err")
    broker.delete_topic(topic)
    result = process.wait()
    assert (result.status, oc.counts(result.out)) == (1, {"A": 3})
    assert re.search(rb"ordercount: kafka://[^ ]+: .*%s" % topic.encode(),
                     result.err.splitlines()[-1])


def test_a_topic_that_appears_is_read_from_its_beginning(broker, spawn):
    topic = unique("topic")
    process = spawn(["-w", "100ms", "--reconnect", broker.url(topic)])
    process.wait_for(f"there is no topic '{topic}', dialling again\n".encode(),
                     "err")
    broker.create_topic(topic, 2)
    broker.produce(topic, [oc.order("A")] * 3, partition=1)
    until_counted(process, {"A": 3})
    end(process)


def test_partitions_that_appear_are_read_from_their_beginning(broker, spawn):
    topic = broker.new_topic()
    process = spawn(["-v", "-w", "100ms", broker.url(topic)])
    process.wait_for(rb": open\n", "err")
    broker.grow(topic, 3)
    broker.produce(topic, [oc.order("NEW")] * 3, partition=2)
    broker.produce(topic, [oc.order("OLD")] * 2)
    until_counted(process, {"NEW": 3, "OLD": 2})
    end(process)
    assert (f"'{topic}' has 3 partitions now, 1 before\n".encode()
            in process.err)


# --- offsets ------------------------------------------------------------------

@pytest.mark.parametrize("keep", ["state", "group"])
@pytest.mark.parametrize("left", [5, 0])
def test_offsets_that_expired_are_a_loud_gap(keep, left, broker, tmp_path):
    topic = broker.new_topic(partitions=2)
    args = ["-w", "all", "--until-end", broker.url(topic),
            *(["--state", tmp_path / "state"] if keep == "state" else
              ["--group", unique("group")])]

    def run(status, wanted):
        result = oc.run(args)
        assert (result.status, {
            key: count for key, count in oc.counts(result.out).items()
            if count > 0}) == (status, wanted)
        return result.err.decode()
    for partition in (0, 1):
        broker.produce(topic, [oc.order("A")] * 10, partition)
    assert run(0, {"A": 20}) == ""
    for partition in (0, 1):
        broker.produce(topic, [oc.order("B")] * 10, partition)
    broker.delete_records(topic, 1, 20 - left)
    assert run(1, {"B": 10 + left}) == (
        f"ordercount: {broker.url(topic)}[1]: offsets 10 to {19 - left} have "
        "expired unread: what they held is not counted\n")
    assert run(0, {}) == ""


def test_a_topic_made_anew_is_said(broker, tmp_path):
    topic = broker.new_topic()
    args = ["-w", "all", "--until-end", "--state", tmp_path / "state",
            broker.url(topic)]
    broker.produce(topic, [oc.order("A")] * 10)
    assert oc.run(args).status == 0
    broker.delete_topic(topic)
    broker.create_topic(topic)
    broker.produce(topic, [oc.order("B")] * 3)
    result = oc.run(args)
    assert (result.status, oc.counts(result.out)) == (1, {"A": 0, "B": 3})
    assert b"[0]: offset 10 is beyond the end (3): " in result.err
    assert oc.run(args).err == b""


# --- a slow reader ------------------------------------------------------------

@pytest.mark.limits
def test_a_slow_reader_makes_the_input_wait(broker, spawn):
    """Each order closes a window of a thousand rows, 45 MB in all."""
    topic = broker.new_topic()
    windows = 900
    broker.produce(topic, [b"\n".join(at(0, f"S{group}")
                                      for group in range(1000))])
    broker.produce(topic, [at(second * 5, "S0")
                           for second in range(1, windows + 1)])
    reader, writer = os.pipe()
    process = spawn(["-t", "t", "-w", "5s", "--from=earliest",
                     broker.url(topic)], stdout=writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        first = pipe.readline()
        oc.until(lambda: oc.peak_kib(process.pid) > 24000, "16 MiB to wait",
                 lambda: oc.peak_kib(process.pid))
        rows = [first] + [pipe.readline() for _ in range(windows * 1000 - 1)]
        assert oc.peak_kib(process.pid) < 120000
        end(process)
        assert pipe.read().count(b"\n") == 1000
    assert process.err == b""
    assert sum(map(len, rows)) > 40e6
    assert sum(row.endswith(b"\tS0\t1\t%d\n" % (number // 1000 + 1))
               for number, row in enumerate(rows)) == windows


# --- who may ------------------------------------------------------------------

@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    started = Broker(tmp_path_factory.mktemp("secure"), secure=True)
    yield started
    started.close()


def run_secure(secure, way, topic, *args):
    address, file = secure.ways[way]
    return oc.run(["-q", "-w", "all", "--until-end", "--connect-timeout=2s",
                   "-X", f"@{file}", *args, f"kafka://{address}/{topic}"])


@pytest.mark.parametrize("way", ["PLAIN", "SSL"])
def test_secure_ways(way, secure, tmp_path):
    topic = secure.new_topic(partitions=2)
    secure.produce(topic, [oc.order("A")] * 3)
    for more in ([], ["--group", unique("group")],
                 ["--state", tmp_path / "state"]):
        result = run_secure(secure, way, topic, *more)
        assert (result.status, oc.counts(result.out), result.err) == (
            0, {"A": 3}, b"")


def test_who_is_refused_is_told(secure, tmp_path):
    topic = secure.new_topic()
    wrong = tmp_path / "wrong"
    wrong.write_text("sasl.password=secret-but-wrong\n")
    wrong.chmod(0o600)
    for way, more, why in (
            ("PLAIN", ["-X", f"@{wrong}"], b"Authentication failed"),
            ("SSL", ["-X", "ssl.ca.location="
                     f"{secure.folder}/secure/client.pem"],
             b"certificate verify failed")):
        result = run_secure(secure, way, topic, *more)
        assert (result.status, result.out) == (1, b"")
        assert why in result.err
        assert b"secret-but-wrong" not in result.err
        assert result.err.count(b"\n") == 1
    # A password does not get right by trying it again.
    assert run_secure(secure, "PLAIN", topic, "-X", f"@{wrong}",
                      "--reconnect").status == 1


def test_a_topic_and_a_group_without_permission(secure):
    topic, group = secure.new_topic(), unique("group")
    secure.produce(topic, [oc.order("A")] * 3)
    deny = ["acl", secure.folder, "--add", "--deny-principal", "User:shop",
            "--operation", "Read"]
    secure.script(*deny, "--group", group)
    oc.until(lambda: run_secure(secure, "PLAIN", topic, "-g",
                                group).status == 1, "the acl of the group")
    result = run_secure(secure, "PLAIN", topic, "-g", group)
    assert b"uthorization failed" in result.err
    secure.script(*deny, "--topic", topic)
    oc.until(lambda: run_secure(secure, "PLAIN", topic).status == 1,
             "the acl of the topic")
    result = run_secure(secure, "PLAIN", topic)
    assert result.out == b""
    assert topic.encode() in result.err
    assert b"uthorization failed" in result.err
