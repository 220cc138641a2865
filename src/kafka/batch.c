#include "kafka/batch.h"

#include <stdlib.h>
#include <string.h>

struct batch *batch_new(void)
{
	return calloc(1, sizeof(struct batch));
}

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	buffer_release(&batch->bytes);
	buffer_release(&batch->text);
	free(batch->messages);
	if (batch->offsets)
		rd_kafka_topic_partition_list_destroy(batch->offsets);
	if (batch->group)
		rd_kafka_consumer_group_metadata_destroy(batch->group);
	free(batch);
}

bool batch_failed(const struct batch *batch)
{
	return batch->failed || batch->bytes.failed;
}

bool batch_is_empty(const struct batch *batch)
{
	return batch->count == 0 && !batch->failed;
}

void batch_add(struct batch *batch, enum batch_aim aim, struct span key,
	       struct span value)
{
	size_t at = batch->bytes.size;

	if (batch->count == batch->capacity) {
		size_t capacity = batch->capacity ? batch->capacity * 2 : 64;
		struct batch_message *messages =
			realloc(batch->messages, capacity * sizeof(*messages));

		if (!messages) {
			batch->failed = true;
			return;
		}
		batch->messages = messages;
		batch->capacity = capacity;
	}
	buffer_append_span(&batch->bytes, key);
	buffer_append_span(&batch->bytes, value);
	batch->failed |= batch->bytes.failed;
	batch->messages[batch->count++] = (struct batch_message){
		.aim = aim,
		.key = at,
		.key_size = key.size,
		.value = at + key.size,
		.value_size = value.size,
	};
}

void batch_add_offset(struct batch *batch, const char *topic, int32_t partition,
		      int64_t offset, struct span note)
{
	rd_kafka_topic_partition_t *place;

	if (!batch->offsets)
		batch->offsets = rd_kafka_topic_partition_list_new(16);
	place = rd_kafka_topic_partition_list_add(batch->offsets, topic,
						  partition);
	place->offset = offset;
	/* Freed with the list, by free(). */
	place->metadata = malloc(note.size + 1);
	if (!place->metadata) {
		batch->failed = true;
		return;
	}
	memcpy(place->metadata, note.data, note.size);
	place->metadata_size = note.size;
}
