"""A real Kafka broker for the tests, and what other programs do with it.

    def test_it(broker):
        topic = broker.new_topic(partitions=3)
        broker.produce(topic, [b'{"status":"PLACED"}', (b"key", None)])
        assert broker.end_offsets(topic) == [2, 0, 0]

The fixture `broker` is one for the whole session: each test has topics and
groups of its own, and leaves it running. A test that stops, kills or configures
one starts its own: start_broker(). That takes two seconds.
"""

import itertools
import os
import subprocess

import pytest

import oc
import rdkafka
import rdkafka_admin

SCRIPT = os.path.join(oc.ROOT, "scripts", "kafka-broker")
INSTALL_LIMIT_S = 600
NUMBERS = itertools.count(1)


def unique(stem):
    """A name that no other test of this session has."""
    return f"{stem}-{next(NUMBERS)}"


class Broker:
    """scripts/kafka-broker in a folder: started when this is made.

    address: HOST:PORT, the same for ever. With secure=True also ways: of each
    of PLAIN, SCRAM and SSL (HOST:PORT, a file of settings for librdkafka).
    version: another one than the script's own.
    """

    def __init__(self, folder, *settings, secure=False, version=None):
        self.folder = str(folder)
        self.options = [*(["--secure"] if secure else []), self.folder]
        self.settings = list(settings)
        self.version = {"KAFKA_VERSION": version} if version else {}
        self.address = None
        self.ways = {}
        self._admin = None
        self.start(port=0)

    # --- the process

    def script(self, command, *arguments):
        done = subprocess.run([SCRIPT, command, *map(str, arguments)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE,
                              env=oc.environment(self.version),
                              timeout=INSTALL_LIMIT_S, check=False)
        assert done.returncode == 0, (
            f"kafka-broker {command}: {done.stderr.decode()}")
        return done.stdout.decode()

    def start(self, port=""):
        """Starts it again; its ports are those that it had."""
        first, *more = self.script("start", *self.options,
                                   *([port] if port != "" else []),
                                   *self.settings).splitlines()
        assert self.address in (None, first)
        self.address = first
        self.ways = {name: (address, file) for name, address, file in
                     map(str.split, more)}

    def stop(self):
        self.script("stop", self.folder)

    def kill(self):
        """By SIGKILL. A start after it takes four seconds."""
        self.script("kill", self.folder)

    def close(self):
        if self._admin:
            self._admin.close()
        self.kill()

    @property
    def pid(self):
        return int(self.script("status", self.folder).split()[1])

    # --- admins

    @property
    def admin(self):
        if not self._admin:
            self._admin = rdkafka_admin.Admin(self.address)
        return self._admin

    def url(self, *topics):
        """The operand for it."""
        return f"kafka://{self.address}/{','.join(topics)}"

    def new_topic(self, partitions=1, stem="topic", **config):
        """Makes a topic of a new name, and returns that."""
        name = unique(stem)
        self.create_topic(name, partitions, **config)
        return name

    def create_topic(self, name, partitions=1, **config):
        """config: with _ for a dot, as retention_ms."""
        self.admin.create_topic(name, partitions, {
            key.replace("_", "."): value for key, value in config.items()})
        self._until(name, partitions)

    def delete_topic(self, name):
        self.admin.delete_topic(name)
        self._until(name, 0)

    def grow(self, name, partitions):
        """Gives it more partitions."""
        self.admin.grow(name, partitions)
        self._until(name, partitions)

    def _until(self, name, partitions):
        """What the controller has done, the broker tells a little later."""
        oc.until(lambda: self.partitions(name) == partitions,
                 f"{partitions} partitions of {name}",
                 lambda: self.partitions(name))

    def partitions(self, name):
        return self.admin.partitions(name)

    def delete_records(self, topic, partition, before):
        self.admin.delete_records(topic, partition, before)

    def first_offsets(self, topic):
        return [self.admin.offsets(topic, partition)[0]
                for partition in range(self.partitions(topic))]

    def end_offsets(self, topic):
        """The markers of transactions have offsets, too."""
        return [self.admin.offsets(topic, partition)[1]
                for partition in range(self.partitions(topic))]

    def committed(self, group):
        """{(topic, partition): (offset, metadata)}."""
        return self.admin.committed(group)

    def set_committed(self, group, topic, partition, offset, metadata=b""):
        """For a group without members."""
        self.admin.set_committed(group, topic, partition, offset, metadata)

    # --- messages

    def producer(self, **conf):
        """An rdkafka.Producer, for transactions and for what lasts."""
        return rdkafka.Producer(self.address, **conf)

    def produce(self, topic, messages, partition=0, **conf):
        """Sends values or (key, value)s, all there when it returns. None as a
        value is a tombstone. conf: compression_type="zstd"; partition=-1 leaves
        it to the key."""
        with self.producer(**conf) as producer:
            for message in messages:
                key, value = (message if isinstance(message, tuple)
                              else (None, message))
                producer.send(topic, value, key, partition)
            producer.flush()

    def produce_lines(self, topic, lines, partition=0, **conf):
        """Sends each line of some bytes, by kcat: for a million of them. -1
        spreads them over the partitions."""
        settings = {"queue.buffering.max.messages": 1000000}
        settings.update((name.replace("_", "."), value)
                        for name, value in conf.items())
        command = ["kcat", "-P", "-b", self.address, "-t", topic, "-p",
                   str(partition)]
        for name, value in settings.items():
            command += ["-X", f"{name}={value}"]
        done = subprocess.run(command, input=lines, stderr=subprocess.PIPE,
                              timeout=INSTALL_LIMIT_S, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def read(self, topic, partitions=None, start=None, committed=True):
        """The Messages that a topic has, a list. partitions: only of these;
        start: from that offset on; committed=False: those of transactions that
        were aborted or are still open, too."""
        if partitions is None:
            partitions = range(self.partitions(topic))
        isolation = "read_committed" if committed else "read_uncommitted"
        with rdkafka.Reader(self.address, isolation) as reader:
            return reader.read(topic, {
                partition: reader.offsets(topic, partition)[0]
                if start is None else start for partition in partitions})

    def values(self, topic, partitions=None):
        return [message.value for message in self.read(topic, partitions)]


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """The session's Broker."""
    started = Broker(tmp_path_factory.mktemp("kafka"))
    yield started
    started.close()


@pytest.fixture(scope="session")
def mortal_broker(tmp_path_factory):
    """Another one, for who kills it and starts it again."""
    started = Broker(tmp_path_factory.mktemp("mortal"))
    yield started
    started.close()


@pytest.fixture
def start_broker(tmp_path):
    """start_broker("NAME=VALUE", ..., secure=True) starts a Broker."""
    started = []

    def start(*settings, **more):
        folder = tmp_path / f"broker-{len(started)}"
        started.append(Broker(folder, *settings, **more))
        return started[-1]

    yield start
    for one in started:
        one.close()
