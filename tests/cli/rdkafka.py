"""As much of librdkafka as the tests need to be another program at the broker:
a producer with transactions, a reader, and what both are made of.

It is called by ctypes, so that no package of Python is needed. What admins do
is in rdkafka_admin.py.
"""

import ctypes
import functools
from ctypes import (POINTER, byref, c_char_p, c_int, c_int32, c_int64, c_size_t,
                    c_ssize_t, c_void_p)
from typing import NamedTuple, Optional

PARTITION_EOF = -191
QUEUE_FULL = -184
ANY_PARTITION = -1
COPY = 2
WAIT_MS = 20000
STEP_MS = 20


class Topic(ctypes.Structure):
    """One of a list of topics, partitions and offsets."""
    _fields_ = [("topic", c_char_p), ("partition", c_int32),
                ("offset", c_int64), ("metadata", c_void_p),
                ("metadata_size", c_size_t), ("opaque", c_void_p),
                ("err", c_int), ("private", c_void_p)]


class TopicList(ctypes.Structure):
    _fields_ = [("count", c_int), ("size", c_int), ("elements", POINTER(Topic))]


class RawMessage(ctypes.Structure):
    _fields_ = [("err", c_int), ("rkt", c_void_p), ("partition", c_int32),
                ("payload", c_void_p), ("len", c_size_t), ("key", c_void_p),
                ("key_len", c_size_t), ("offset", c_int64),
                ("private", c_void_p)]


class PartitionMetadata(ctypes.Structure):
    _fields_ = [("id", c_int32), ("err", c_int), ("leader", c_int32),
                ("replica_count", c_int), ("replicas", c_void_p),
                ("isr_count", c_int), ("isrs", c_void_p)]


class TopicMetadata(ctypes.Structure):
    _fields_ = [("topic", c_char_p), ("partition_count", c_int),
                ("partitions", POINTER(PartitionMetadata)), ("err", c_int)]


class Metadata(ctypes.Structure):
    _fields_ = [("broker_count", c_int), ("brokers", c_void_p),
                ("topic_count", c_int), ("topics", POINTER(TopicMetadata)),
                ("broker", c_int32), ("broker_name", c_char_p)]


# Of each function that does not return an int: what it returns.
RETURNS = {
    "rd_kafka_conf_new": c_void_p,
    "rd_kafka_conf_set_dr_msg_cb": None,
    "rd_kafka_new": c_void_p,
    "rd_kafka_destroy": None,
    "rd_kafka_destroy_flags": None,
    "rd_kafka_err2name": c_char_p,
    "rd_kafka_err2str": c_char_p,
    "rd_kafka_topic_new": c_void_p,
    "rd_kafka_topic_destroy": None,
    "rd_kafka_topic_name": c_char_p,
    "rd_kafka_error_name": c_char_p,
    "rd_kafka_error_string": c_char_p,
    "rd_kafka_error_destroy": None,
    "rd_kafka_init_transactions": c_void_p,
    "rd_kafka_begin_transaction": c_void_p,
    "rd_kafka_commit_transaction": c_void_p,
    "rd_kafka_abort_transaction": c_void_p,
    "rd_kafka_topic_partition_list_new": POINTER(TopicList),
    "rd_kafka_topic_partition_list_add": POINTER(Topic),
    "rd_kafka_topic_partition_list_destroy": None,
    "rd_kafka_queue_get_consumer": c_void_p,
    "rd_kafka_queue_destroy": None,
    "rd_kafka_consume_batch_queue": c_ssize_t,
    "rd_kafka_message_destroy": None,
    "rd_kafka_message_timestamp": c_int64,
    "rd_kafka_metadata_destroy": None,
}
DELIVERED = ctypes.CFUNCTYPE(None, c_void_p, POINTER(RawMessage), c_void_p)


@functools.cache
def library():
    """Loaded by the first that needs it: most tests do not."""
    found = ctypes.CDLL("librdkafka.so.1")
    for name, returned in RETURNS.items():
        getattr(found, name).restype = returned
    return found


class KafkaError(Exception):
    """name: as UNKNOWN_TOPIC_OR_PART or _FENCED."""

    def __init__(self, name, text):
        super().__init__(f"{name}: {text}")
        self.name = name


def check(err):
    """Raises what an error code says, unless it is none."""
    if err:
        raise KafkaError(library().rd_kafka_err2name(err).decode(),
                         library().rd_kafka_err2str(err).decode())


def check_error(error):
    """The same for an rd_kafka_error_t, which is given back."""
    if error:
        lib = library()
        error = c_void_p(error)
        raised = KafkaError(lib.rd_kafka_error_name(error).decode(),
                            lib.rd_kafka_error_string(error).decode())
        lib.rd_kafka_error_destroy(error)
        raise raised


def new_list(*elements):
    """A list of (topic, partition, offset), to be destroyed by who asks."""
    lib = library()
    made = lib.rd_kafka_topic_partition_list_new(len(elements))
    for topic, partition, offset in elements:
        lib.rd_kafka_topic_partition_list_add(
            made, topic.encode(), c_int32(partition)).contents.offset = offset
    return made


class Client:
    """An rd_kafka_t. conf: its settings, with _ in their names for a dot."""

    PRODUCER, CONSUMER = 0, 1

    def __init__(self, kind, brokers, delivered=None, **conf):
        lib = library()
        made = c_void_p(lib.rd_kafka_conf_new())
        text = ctypes.create_string_buffer(512)
        conf = {"bootstrap_servers": brokers, **conf}
        for name, value in conf.items():
            if lib.rd_kafka_conf_set(made, name.replace("_", ".").encode(),
                                     str(value).encode(), text, 512):
                raise ValueError(text.value.decode())
        if delivered:
            lib.rd_kafka_conf_set_dr_msg_cb(made, delivered)
        self.handle = lib.rd_kafka_new(kind, made, text, c_size_t(512))
        if not self.handle:
            raise ValueError(text.value.decode())
        self.handle = c_void_p(self.handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.handle:
            library().rd_kafka_destroy(self.handle)
            self.handle = None

    def partitions(self, topic):
        """How many of a topic have a leader; 0: there is no such topic."""
        lib = library()
        rkt = c_void_p(lib.rd_kafka_topic_new(self.handle, topic.encode(),
                                              None))
        found = POINTER(Metadata)()
        check(lib.rd_kafka_metadata(self.handle, 0, rkt, byref(found),
                                    WAIT_MS))
        told = found.contents.topics[0]
        leaders = [told.partitions[i].leader
                   for i in range(told.partition_count)]
        lib.rd_kafka_metadata_destroy(found)
        lib.rd_kafka_topic_destroy(rkt)
        return sum(leader >= 0 for leader in leaders)

    def offsets(self, topic, partition):
        """(the first, the one after the last)."""
        low, high = c_int64(), c_int64()
        check(library().rd_kafka_query_watermark_offsets(
            self.handle, topic.encode(), c_int32(partition), byref(low),
            byref(high), WAIT_MS))
        return low.value, high.value


class Producer(Client):
    """Sends what it is given; flush() raises if any of it did not arrive.

        with Producer(brokers, transactional_id="x") as producer:
            producer.begin()
            producer.send("orders", b"{}", key=b"PAID", partition=3)
            producer.abort()

    A value of None is a tombstone.
    """

    def __init__(self, brokers, **conf):
        self.failed = []
        self.topics = {}
        self._delivered = DELIVERED(self._note)  # must live as long as this
        super().__init__(Client.PRODUCER, brokers, self._delivered,
                         delivery_report_only_error="true", **conf)
        if "transactional_id" in conf:
            check_error(library().rd_kafka_init_transactions(self.handle,
                                                             WAIT_MS))

    def _note(self, _handle, message, _opaque):
        self.failed.append(message.contents.err)

    def send(self, topic, value, key=None, partition=ANY_PARTITION):
        lib = library()
        if topic not in self.topics:
            self.topics[topic] = c_void_p(lib.rd_kafka_topic_new(
                self.handle, topic.encode(), None))
        while lib.rd_kafka_produce(
                self.topics[topic], c_int32(partition), COPY, value,
                c_size_t(len(value or b"")), key, c_size_t(len(key or b"")),
                None):
            err = lib.rd_kafka_last_error()
            if err != QUEUE_FULL:
                check(err)
            lib.rd_kafka_poll(self.handle, 100)

    def flush(self):
        check(library().rd_kafka_flush(self.handle, WAIT_MS))
        if self.failed:
            check(self.failed.pop())

    def begin(self):
        check_error(library().rd_kafka_begin_transaction(self.handle))

    def commit(self):
        check_error(library().rd_kafka_commit_transaction(self.handle, WAIT_MS))

    def abort(self):
        check_error(library().rd_kafka_abort_transaction(self.handle, WAIT_MS))
        self.failed.clear()  # they are those that were to be dropped

    def close(self):
        for topic in self.topics.values():
            library().rd_kafka_topic_destroy(topic)
        self.topics.clear()
        super().close()


class Message(NamedTuple):
    partition: int
    offset: int
    key: Optional[bytes]
    value: Optional[bytes]
    timestamp: int  # ms


def copied(address, length):
    return None if address is None else ctypes.string_at(address, length)


class Reader(Client):
    """Reads partitions from given offsets to their ends, in no group."""

    BATCH = 5000

    def __init__(self, brokers, isolation="read_committed", **conf):
        super().__init__(Client.CONSUMER, brokers, isolation_level=isolation,
                         group_id="tests", enable_auto_commit="false",
                         enable_partition_eof="true",
                         auto_offset_reset="error", **conf)
        check(library().rd_kafka_poll_set_consumer(self.handle))

    def read(self, topic, starts):
        """starts: {partition: offset}. Returns the Messages up to the ends that
        there are now; each partition's are in their sequence."""
        lib = library()
        wanted = new_list(*((topic, *start) for start in starts.items()))
        check(lib.rd_kafka_assign(self.handle, wanted))
        lib.rd_kafka_topic_partition_list_destroy(wanted)
        queue = c_void_p(lib.rd_kafka_queue_get_consumer(self.handle))
        batch = (POINTER(RawMessage) * self.BATCH)()
        open_ones = set(starts)
        found = []
        silent_ms = 0
        while open_ones:
            # It waits until the batch is full, or that long.
            count = lib.rd_kafka_consume_batch_queue(queue, STEP_MS, batch,
                                                     c_size_t(self.BATCH))
            silent_ms = 0 if count else silent_ms + STEP_MS
            if count < 0 or silent_ms > WAIT_MS:
                raise AssertionError(f"no end of {topic} {open_ones} came")
            for pointer in batch[:count]:
                self._take(pointer, found, open_ones)
        check(lib.rd_kafka_assign(self.handle, None))
        lib.rd_kafka_queue_destroy(queue)
        return found

    def _take(self, pointer, found, open_ones):
        lib = library()
        raw = pointer.contents
        try:
            if raw.err == PARTITION_EOF:
                open_ones.discard(raw.partition)
                return
            check(raw.err)
            found.append(Message(
                raw.partition, raw.offset, copied(raw.key, raw.key_len),
                copied(raw.payload, raw.len),
                lib.rd_kafka_message_timestamp(pointer, byref(c_int()))))
        finally:
            lib.rd_kafka_message_destroy(pointer)
