"""As much of librdkafka as the tests need, by ctypes: no package to install.

kcat would do for reading, but it can neither send a tombstone beside a message
of several lines nor say what a group has committed.
"""

import ctypes
import ctypes.util
from ctypes import POINTER, byref, c_char_p, c_int, c_int32, c_int64, c_size_t
from typing import NamedTuple

PRODUCER, CONSUMER = 0, 1
COPY, BLOCK = 2, 4
BEGINNING = -2
PARTITION_EOF = -191
ERROR_BYTES = 512
TIMEOUT_MS = 60000
BATCH = 5000


class RawMessage(ctypes.Structure):
    _fields_ = [("err", c_int), ("topic", ctypes.c_void_p),
                ("partition", c_int32), ("payload", ctypes.c_void_p),
                ("length", c_size_t), ("key", ctypes.c_void_p),
                ("key_length", c_size_t), ("offset", c_int64),
                ("private", ctypes.c_void_p)]


class RawPlace(ctypes.Structure):
    _fields_ = [("topic", c_char_p), ("partition", c_int32),
                ("offset", c_int64), ("metadata", ctypes.c_void_p),
                ("metadata_size", c_size_t), ("opaque", ctypes.c_void_p),
                ("err", c_int), ("private", ctypes.c_void_p)]


class RawPlaces(ctypes.Structure):
    _fields_ = [("count", c_int), ("size", c_int),
                ("places", POINTER(RawPlace))]


class Message(NamedTuple):
    partition: int
    offset: int
    key: bytes  # None: it has none
    value: bytes  # None: a tombstone


class Place(NamedTuple):
    """What a group has committed of a partition; offset None: nothing."""
    offset: int
    metadata: bytes


class Failed(Exception):
    pass


def load():
    """The library, or None where there is none."""
    name = ctypes.util.find_library("rdkafka")
    if not name:
        return None
    lib = ctypes.CDLL(name)
    pointer = ctypes.c_void_p
    for function, result, *arguments in (
            ("conf_new", pointer),
            ("conf_set", c_int, pointer, c_char_p, c_char_p, c_char_p,
             c_size_t),
            ("new", pointer, c_int, pointer, c_char_p, c_size_t),
            ("destroy", None, pointer),
            ("topic_new", pointer, pointer, c_char_p, pointer),
            ("topic_destroy", None, pointer),
            ("last_error", c_int),
            ("err2str", c_char_p, c_int),
            ("produce_batch", c_int, pointer, c_int32, c_int,
             POINTER(RawMessage), c_int),
            ("flush", c_int, pointer, c_int),
            ("outq_len", c_int, pointer),
            ("fatal_error", c_int, pointer, c_char_p, c_size_t),
            ("query_watermark_offsets", c_int, pointer, c_char_p, c_int32,
             POINTER(c_int64), POINTER(c_int64), c_int),
            ("consume_start", c_int, pointer, c_int32, c_int64),
            ("consume_stop", c_int, pointer, c_int32),
            ("consume_batch", ctypes.c_ssize_t, pointer, c_int32, c_int,
             POINTER(POINTER(RawMessage)), c_size_t),
            ("message_destroy", None, POINTER(RawMessage)),
            ("topic_partition_list_new", POINTER(RawPlaces), c_int),
            ("topic_partition_list_add", POINTER(RawPlace),
             POINTER(RawPlaces), c_char_p, c_int32),
            ("topic_partition_list_destroy", None, POINTER(RawPlaces)),
            ("committed", c_int, pointer, POINTER(RawPlaces), c_int),
            ("NewTopic_new", pointer, c_char_p, c_int, c_int, c_char_p,
             c_size_t),
            ("NewTopic_destroy", None, pointer),
            ("CreateTopics", None, pointer, POINTER(pointer), c_size_t,
             pointer, pointer),
            ("queue_new", pointer, pointer),
            ("queue_poll", pointer, pointer, c_int),
            ("queue_destroy", None, pointer),
            ("event_error", c_int, pointer),
            ("event_error_string", c_char_p, pointer),
            ("event_destroy", None, pointer)):
        call = getattr(lib, f"rd_kafka_{function}")
        call.restype, call.argtypes = result, arguments
    return lib


LIB = load()


def text(error):
    return LIB.rd_kafka_err2str(error).decode()


class Client:
    """A handle. Settings are those of librdkafka, as a dict."""

    def __init__(self, kind, brokers, settings):
        why = ctypes.create_string_buffer(ERROR_BYTES)
        conf = LIB.rd_kafka_conf_new()
        # The broker comes and goes: look for it often, and say nothing.
        for name, value in {"bootstrap.servers": brokers,
                            "reconnect.backoff.max.ms": "500",
                            "log_level": "0", **settings}.items():
            if LIB.rd_kafka_conf_set(conf, name.encode(), str(value).encode(),
                                     why, ERROR_BYTES):
                raise Failed(why.value.decode())
        self.handle = LIB.rd_kafka_new(kind, conf, why, ERROR_BYTES)
        if not self.handle:
            raise Failed(why.value.decode())
        self.topics = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for topic in self.topics.values():
            LIB.rd_kafka_topic_destroy(topic)
        if self.handle:
            LIB.rd_kafka_destroy(self.handle)
        self.topics, self.handle = {}, None

    def topic(self, name):
        if name not in self.topics:
            self.topics[name] = LIB.rd_kafka_topic_new(
                self.handle, name.encode(), None)
        return self.topics[name]

    def ends(self, topic, partitions):
        """The offset behind the last message of each partition."""
        found = []
        for partition in range(partitions):
            low, high = c_int64(), c_int64()
            error = LIB.rd_kafka_query_watermark_offsets(
                self.handle, topic.encode(), partition, byref(low),
                byref(high), TIMEOUT_MS)
            if error:
                raise Failed(f"{topic}/{partition}: {text(error)}")
            found.append(high.value)
        return found


class Producer(Client):
    """Sends each message once, in order, however often the broker dies."""

    def __init__(self, brokers, **settings):
        super().__init__(PRODUCER, brokers, {
            "enable.idempotence": "true", "linger.ms": "20",
            "message.timeout.ms": "0", **settings})

    def create(self, topic, partitions):
        why = ctypes.create_string_buffer(ERROR_BYTES)
        wanted = ctypes.c_void_p(LIB.rd_kafka_NewTopic_new(
            topic.encode(), partitions, 1, why, ERROR_BYTES))
        queue = LIB.rd_kafka_queue_new(self.handle)
        LIB.rd_kafka_CreateTopics(self.handle, byref(wanted), 1, None, queue)
        event = LIB.rd_kafka_queue_poll(queue, TIMEOUT_MS)
        failed = not event or LIB.rd_kafka_event_error(event)
        said = LIB.rd_kafka_event_error_string(event) if event else b"no answer"
        LIB.rd_kafka_event_destroy(event)
        LIB.rd_kafka_queue_destroy(queue)
        LIB.rd_kafka_NewTopic_destroy(wanted)
        if failed:
            raise Failed(f"cannot create {topic}: {said.decode()}")

    def send(self, topic, partition, values, keys=None):
        """Queues them; waits while too many wait."""
        for at in range(0, len(values), BATCH):
            self._send(topic, partition, values[at:at + BATCH],
                       keys and keys[at:at + BATCH])

    def _send(self, topic, partition, values, keys):
        raw = (RawMessage * len(values))()
        # Lengths and addresses in a few passes: this runs millions of times.
        data = ctypes.create_string_buffer(
            b"".join(value or b"" for value in values))
        at = ctypes.addressof(data)
        for slot, value in zip(raw, values):
            if value is not None:
                slot.payload, slot.length = at, len(value)
                at += len(value)
        held = [ctypes.create_string_buffer(key, len(key))
                for key in keys or ()]
        for slot, key in zip(raw, held):
            slot.key, slot.key_length = ctypes.addressof(key), len(key)
        sent = LIB.rd_kafka_produce_batch(
            self.topic(topic), partition, COPY | BLOCK, raw, len(values))
        if sent != len(values):
            raise Failed(f"only {sent} of {len(values)} were taken: "
                         f"{[text(slot.err) for slot in raw if slot.err][:1]}")

    def flush(self, timeout_ms=TIMEOUT_MS):
        LIB.rd_kafka_flush(self.handle, timeout_ms)
        why = ctypes.create_string_buffer(ERROR_BYTES)
        if LIB.rd_kafka_fatal_error(self.handle, why, ERROR_BYTES):
            raise Failed(why.value.decode())
        left = LIB.rd_kafka_outq_len(self.handle)
        if left:
            raise Failed(f"{left} messages were not delivered")


class Reader(Client):
    """Reads what was committed, from the beginning."""

    def __init__(self, brokers, **settings):
        super().__init__(CONSUMER, brokers, {
            "isolation.level": "read_committed",
            "enable.partition.eof": "true", "enable.auto.commit": "false",
            **settings})

    def messages(self, topic, partition):
        """Yields those up to the present end."""
        where = self.topic(topic)
        if LIB.rd_kafka_consume_start(where, partition, BEGINNING):
            raise Failed(text(LIB.rd_kafka_last_error()))
        batch = (POINTER(RawMessage) * BATCH)()
        ended = False
        while not ended:
            count = LIB.rd_kafka_consume_batch(where, partition, 50, batch,
                                               BATCH)
            for at in range(max(count, 0)):
                raw = batch[at].contents
                error, said = raw.err, None
                if not error:
                    yield Message(partition, raw.offset, taken(
                        raw.key, raw.key_length), taken(
                            raw.payload, raw.length))
                else:
                    said = taken(raw.payload, raw.length)
                LIB.rd_kafka_message_destroy(batch[at])
                if error == PARTITION_EOF:
                    ended = True
                elif error and error > 0:
                    raise Failed(f"{topic}/{partition}: {text(error)}: {said}")
        LIB.rd_kafka_consume_stop(where, partition)


def taken(address, length):
    return ctypes.string_at(address, length) if address else None


class Group(Client):
    """Looks at what a group has committed, without being a member of it."""

    def __init__(self, brokers, group):
        super().__init__(CONSUMER, brokers, {"group.id": group})

    def committed(self, topic, partitions, timeout_ms=10000):
        """A Place for each partition."""
        asked = LIB.rd_kafka_topic_partition_list_new(partitions)
        for partition in range(partitions):
            LIB.rd_kafka_topic_partition_list_add(asked, topic.encode(),
                                                  partition)
        error = LIB.rd_kafka_committed(self.handle, asked, timeout_ms)
        found = []
        for at in range(partitions):
            raw = asked.contents.places[at]
            error = error or raw.err
            found.append(Place(raw.offset if raw.offset >= 0 else None,
                               taken(raw.metadata, raw.metadata_size)))
        LIB.rd_kafka_topic_partition_list_destroy(asked)
        if error:
            raise Failed(f"{topic}: {text(error)}")
        return found
