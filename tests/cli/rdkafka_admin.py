"""What an admin of Kafka does, by librdkafka: topics, partitions, records,
offsets of groups. See rdkafka.py."""

import ctypes
import functools
from ctypes import POINTER, byref, c_char_p, c_size_t, c_void_p

import rdkafka
from rdkafka import TopicList, WAIT_MS, check

# rd_kafka_admin_op_t
CREATE_TOPICS, DELETE_TOPICS, CREATE_PARTITIONS = 1, 2, 3
DELETE_RECORDS, DELETE_GROUPS, LIST_OFFSETS, ALTER_OFFSETS = 6, 7, 14, 15

RETURNS = {
    "rd_kafka_queue_new": c_void_p,
    "rd_kafka_queue_poll": c_void_p,
    "rd_kafka_AdminOptions_new": c_void_p,
    "rd_kafka_AdminOptions_destroy": None,
    "rd_kafka_event_destroy": None,
    "rd_kafka_event_error_string": c_char_p,
    "rd_kafka_NewTopic_new": c_void_p,
    "rd_kafka_NewTopic_destroy": None,
    "rd_kafka_DeleteTopic_new": c_void_p,
    "rd_kafka_DeleteTopic_destroy": None,
    "rd_kafka_NewPartitions_new": c_void_p,
    "rd_kafka_NewPartitions_destroy": None,
    "rd_kafka_DeleteRecords_new": c_void_p,
    "rd_kafka_DeleteRecords_destroy": None,
    "rd_kafka_DeleteGroup_new": c_void_p,
    "rd_kafka_DeleteGroup_destroy": None,
    "rd_kafka_ListConsumerGroupOffsets_new": c_void_p,
    "rd_kafka_ListConsumerGroupOffsets_destroy": None,
    "rd_kafka_AlterConsumerGroupOffsets_new": c_void_p,
    "rd_kafka_AlterConsumerGroupOffsets_destroy": None,
    "rd_kafka_CreateTopics": None,
    "rd_kafka_DeleteTopics": None,
    "rd_kafka_CreatePartitions": None,
    "rd_kafka_DeleteRecords": None,
    "rd_kafka_DeleteGroups": None,
    "rd_kafka_ListConsumerGroupOffsets": None,
    "rd_kafka_AlterConsumerGroupOffsets": None,
    "rd_kafka_CreateTopics_result_topics": POINTER(c_void_p),
    "rd_kafka_DeleteTopics_result_topics": POINTER(c_void_p),
    "rd_kafka_CreatePartitions_result_topics": POINTER(c_void_p),
    "rd_kafka_DeleteGroups_result_groups": POINTER(c_void_p),
    "rd_kafka_ListConsumerGroupOffsets_result_groups": POINTER(c_void_p),
    "rd_kafka_AlterConsumerGroupOffsets_result_groups": POINTER(c_void_p),
    "rd_kafka_DeleteRecords_result_offsets": POINTER(TopicList),
    "rd_kafka_group_result_error": c_void_p,
    "rd_kafka_group_result_partitions": POINTER(TopicList),
    # malloc: librdkafka takes metadata over, and frees it.
    "malloc": c_void_p,
}


@functools.cache
def library():
    found = rdkafka.library()
    for name, returned in RETURNS.items():
        getattr(found, name).restype = returned
    return found


class Admin(rdkafka.Client):
    def __init__(self, brokers, **conf):
        super().__init__(self.PRODUCER, brokers, **conf)

    def _call(self, operation, name, wanted, take):
        """Has rd_kafka_NAME do what `wanted` says; returns take(event)."""
        lib = library()
        text = ctypes.create_string_buffer(512)
        options = c_void_p(lib.rd_kafka_AdminOptions_new(self.handle,
                                                         operation))
        lib.rd_kafka_AdminOptions_set_request_timeout(options, WAIT_MS, text,
                                                      c_size_t(512))
        queue = c_void_p(lib.rd_kafka_queue_new(self.handle))
        getattr(lib, "rd_kafka_" + name)(
            self.handle, byref(wanted), c_size_t(1), options, queue)
        event = c_void_p(lib.rd_kafka_queue_poll(queue, 2 * WAIT_MS))
        try:
            check(lib.rd_kafka_event_error(event))
            return take(event)
        finally:
            lib.rd_kafka_event_destroy(event)
            lib.rd_kafka_queue_destroy(queue)
            lib.rd_kafka_AdminOptions_destroy(options)

    def _call_on_topic(self, operation, name, wanted):
        def take(event):
            lib = library()
            results = getattr(lib, f"rd_kafka_{name}_result_topics")(
                event, byref(c_size_t()))
            check(lib.rd_kafka_topic_result_error(c_void_p(results[0])))
        self._call(operation, name, wanted, take)

    def create_topic(self, name, partitions, config):
        lib = library()
        text = ctypes.create_string_buffer(512)
        topic = c_void_p(lib.rd_kafka_NewTopic_new(
            name.encode(), partitions, 1, text, c_size_t(512)))
        for key, value in config.items():
            check(lib.rd_kafka_NewTopic_set_config(topic, key.encode(),
                                                   str(value).encode()))
        try:
            self._call_on_topic(CREATE_TOPICS, "CreateTopics", topic)
        finally:
            lib.rd_kafka_NewTopic_destroy(topic)

    def delete_topic(self, name):
        lib = library()
        topic = c_void_p(lib.rd_kafka_DeleteTopic_new(name.encode()))
        try:
            self._call_on_topic(DELETE_TOPICS, "DeleteTopics", topic)
        finally:
            lib.rd_kafka_DeleteTopic_destroy(topic)

    def grow(self, name, partitions):
        lib = library()
        text = ctypes.create_string_buffer(512)
        topic = c_void_p(lib.rd_kafka_NewPartitions_new(
            name.encode(), c_size_t(partitions), text, c_size_t(512)))
        try:
            self._call_on_topic(CREATE_PARTITIONS, "CreatePartitions", topic)
        finally:
            lib.rd_kafka_NewPartitions_destroy(topic)

    def delete_records(self, topic, partition, before):
        def take(event):
            done = lib.rd_kafka_DeleteRecords_result_offsets(event)
            check(done.contents.elements[0].err)
        lib = library()
        places = rdkafka.new_list((topic, partition, before))
        wanted = c_void_p(lib.rd_kafka_DeleteRecords_new(places))
        try:
            self._call(DELETE_RECORDS, "DeleteRecords", wanted, take)
        finally:
            lib.rd_kafka_DeleteRecords_destroy(wanted)
            lib.rd_kafka_topic_partition_list_destroy(places)

    def delete_group(self, group):
        """Fails while it has members."""
        lib = library()
        wanted = c_void_p(lib.rd_kafka_DeleteGroup_new(group.encode()))
        try:
            self._call_on_group(DELETE_GROUPS, "DeleteGroups", wanted)
        finally:
            lib.rd_kafka_DeleteGroup_destroy(wanted)

    def _call_on_group(self, operation, name, wanted, take=lambda _: None):
        def take_group(event):
            lib = library()
            results = getattr(lib, f"rd_kafka_{name}_result_groups")(
                event, byref(c_size_t()))
            group = c_void_p(results[0])
            error = lib.rd_kafka_group_result_error(group)
            if error:  # it belongs to the event
                check(lib.rd_kafka_error_code(c_void_p(error)))
            return take(lib.rd_kafka_group_result_partitions(group))
        return self._call(operation, name, wanted, take_group)

    def committed(self, group):
        """{(topic, partition): (offset, metadata)} of a group."""
        def take(places):
            found = {}
            for at in range(places.contents.count):
                place = places.contents.elements[at]
                check(place.err)
                found[place.topic.decode(), place.partition] = (
                    place.offset, ctypes.string_at(place.metadata,
                                                   place.metadata_size))
            return found
        lib = library()
        wanted = c_void_p(lib.rd_kafka_ListConsumerGroupOffsets_new(
            group.encode(), None))
        try:
            return self._call_on_group(
                LIST_OFFSETS, "ListConsumerGroupOffsets", wanted, take)
        finally:
            lib.rd_kafka_ListConsumerGroupOffsets_destroy(wanted)

    def set_committed(self, group, topic, partition, offset, metadata=b""):
        """Of a group that has no members."""
        def take(places):
            check(places.contents.elements[0].err)
        lib = library()
        places = rdkafka.new_list((topic, partition, offset))
        if metadata:
            place = places.contents.elements[0]
            place.metadata = lib.malloc(c_size_t(len(metadata)))
            place.metadata_size = len(metadata)
            ctypes.memmove(place.metadata, metadata, len(metadata))
        wanted = c_void_p(lib.rd_kafka_AlterConsumerGroupOffsets_new(
            group.encode(), places))
        try:
            self._call_on_group(
                ALTER_OFFSETS, "AlterConsumerGroupOffsets", wanted, take)
        finally:
            lib.rd_kafka_AlterConsumerGroupOffsets_destroy(wanted)
            lib.rd_kafka_topic_partition_list_destroy(places)
