/*
 * Messages become chunks: those of one partition that come one after the other
 * are laid behind one another, as many as there is room for.
 */
#include "kafka/source_parts.h"

void kafka_drop_batch(struct kafka_source *self)
{
	while (self->batch_next < self->batch_count)
		rd_kafka_message_destroy(self->batch[self->batch_next++]);
	self->done = 0;
}

/* --- messages ------------------------------------------------------------- */

rd_kafka_message_t *kafka_next_message(struct kafka_source *self)
{
	ssize_t got;

	if (self->batch_next < self->batch_count)
		return self->batch[self->batch_next];
	self->batch_next = self->batch_count = 0;
	got = rd_kafka_consume_batch_queue(self->queue, 0, self->batch,
					   MESSAGES_AT_ONCE);
	if (got <= 0)
		return NULL;
	self->batch_count = (size_t)got;
	return self->batch[0];
}

void kafka_drop_message(struct kafka_source *self)
{
	rd_kafka_message_destroy(self->batch[self->batch_next++]);
	self->done = 0;
}

static struct partition *partition_of(struct kafka_source *self,
				      const rd_kafka_message_t *message)
{
	if (self->last && message->rkt == self->last_topic &&
	    message->partition == self->last->number)
		return self->last;
	if (!message->rkt)
		return NULL;
	self->last = kafka_find(self, rd_kafka_topic_name(message->rkt),
				message->partition);
	self->last_topic = message->rkt;
	return self->last;
}

bool kafka_is_finished(const struct kafka_source *self)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->partitions[i]->given && !self->partitions[i]->over)
			return false;
	return !self->options.group || self->assigned;
}

void kafka_check_end(struct kafka_source *self, struct partition *partition,
		     int64_t offset)
{
	if (partition->stop < 0 || partition->over || offset < partition->stop)
		return;
	partition->over = true;
	self->changed = true;
}

/* Its end was reached, for now. */
static void at_end(struct kafka_source *self, struct partition *partition,
		   int64_t offset)
{
	if (!partition || !partition->given)
		return;
	/* Behind the last message may stand what is none. */
	if (offset > partition->next)
		partition->next = offset;
	partition->stream.time->steady = false;
	kafka_check_end(self, partition, offset);
}

static enum source_status say_failure(struct kafka_source *self,
				      const rd_kafka_message_t *message,
				      struct chunk *chunk)
{
	const char *source = self->source.name;
	const char *reason = rd_kafka_err2str(message->err);
	char why[512] = "";

	if (message->err == RD_KAFKA_RESP_ERR__FATAL &&
	    rd_kafka_fatal_error(self->client->handle, why, sizeof(why)) != 0)
		reason = why;
	if (message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
		error_set(&chunk->why, "%s: cannot join the group '%s': %s",
			  source, self->options.group, reason);
	else if (message->rkt)
		error_set(&chunk->why, "%s: cannot read the topic '%s': %s",
			  source, rd_kafka_topic_name(message->rkt), reason);
	else
		error_set(&chunk->why, "%s: %s", source, reason);
	return kafka_fail(self, false, chunk);
}

/* A message that is none: something happened. */
static enum source_status take_event(struct kafka_source *self,
				     const rd_kafka_message_t *message,
				     struct chunk *chunk)
{
	struct partition *partition = partition_of(self, message);

	switch (message->err) {
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		at_end(self, partition, message->offset);
		return SOURCE_AGAIN;
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
		if (partition && partition->given)
			partition->misses = self->missing = true;
		return SOURCE_AGAIN;
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR__FATAL:
		if (group_is_fenced(self))
			return SOURCE_AGAIN;
		return say_failure(self, message, chunk);
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
		/* librdkafka looks for a group even where we join none. */
		if (!self->options.group)
			return SOURCE_AGAIN;
		return say_failure(self, message, chunk);
	case RD_KAFKA_RESP_ERR__BAD_MSG:
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
		return say_failure(self, message, chunk);
	default:
		/* librdkafka goes on by itself. */
		log_line(self->options.log, LOG_VERBOSE, "%s: %s",
			 self->source.name, rd_kafka_message_errstr(message));
		return SOURCE_AGAIN;
	}
}

enum source_status kafka_serve(struct kafka_source *self, struct chunk *chunk)
{
	rd_kafka_message_t *message;
	enum source_status status = SOURCE_AGAIN;

	while (status == SOURCE_AGAIN && self->state != KAFKA_OVER &&
	       (message = kafka_next_message(self)) != NULL && !message->rkt) {
		status = take_event(self, message, chunk);
		kafka_drop_message(self);
	}
	return status;
}

static enum source_status take_deleted(struct kafka_source *self,
				       struct partition *partition,
				       int64_t offset, struct chunk *chunk)
{
	if (!partition_take_deleted(partition, offset)) {
		error_set(&chunk->why, "out of memory");
		return kafka_fail(self, false, chunk);
	}
	partition->stream.time->steady = true;
	return chunk_tell(chunk, CHUNK_DELETED, AFTER_NEXT, &partition->stream);
}

/* Is it one that we are to count? */
static bool is_wanted(struct kafka_source *self, struct partition *partition,
		      const rd_kafka_message_t *message)
{
	if (!partition || !partition->given || partition->over ||
	    (self->done == 0 && message->offset < partition->next))
		return false;
	kafka_check_end(self, partition, message->offset);
	return !partition->over;
}

enum source_status kafka_read(struct kafka_source *self, struct read_area area,
			      struct chunk *chunk)
{
	struct partition *of = NULL;
	rd_kafka_message_t *message;
	size_t used = 0;

	while (used < area.size &&
	       (message = kafka_next_message(self)) != NULL) {
		struct partition *partition = NULL;
		enum source_status status;

		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			partition = partition_of(self, message);
		if (of && partition != of)
			break;
		if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
			status = take_event(self, message, chunk);
			kafka_drop_message(self);
			if (status == SOURCE_CHUNK || self->changed ||
			    self->state != KAFKA_RUNNING)
				return status;
			continue;
		}
		if (!is_wanted(self, partition, message)) {
			kafka_drop_message(self);
			if (self->changed)
				break;
			continue;
		}
		if (!message->payload) {
			if (used > 0)
				break;
			status = take_deleted(self, partition, message->offset,
					      chunk);
			kafka_drop_message(self);
			return status;
		}
		/* Whole, if it can be: offsets say no more than that. */
		if (used > 0 && self->done == 0 &&
		    message->len + 1 > area.size - used)
			break;
		if (!partition_take(partition, message, area, &used,
				    &self->done)) {
			error_set(&chunk->why, "out of memory");
			return kafka_fail(self, false, chunk);
		}
		of = partition;
		if (self->done > message->len)
			kafka_drop_message(self);
	}
	if (!of || used == 0)
		return SOURCE_AGAIN;
	of->stream.time->steady = true;
	self->read_bytes += used;
	chunk_tell(chunk, CHUNK_DATA, AFTER_NEXT, &of->stream);
	chunk->bytes = span_make(area.data, used);
	return SOURCE_CHUNK;
}
