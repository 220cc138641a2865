/*
 * batch: what goes into one transaction: messages, and the offsets up to which
 * they were counted.
 */
#ifndef KAFKA_BATCH_H
#define KAFKA_BATCH_H

#include <librdkafka/rdkafka.h>

#include "base/buffer.h"
#include "kafka/kafka.h"

enum batch_aim {
	BATCH_BY_KEY, /* a row */
	BATCH_FIRST,  /* the first partition */
	BATCH_ALL,    /* each partition */
};

struct batch_message {
	enum batch_aim aim;
	size_t key;
	size_t key_size;
	size_t value;
	size_t value_size;
};

struct batch {
	struct buffer bytes;
	struct batch_message *messages; /* in this order */
	size_t count;
	size_t capacity;
	struct buffer text; /* of the message that is being made */
	bool failed;	    /* memory was out */
	rd_kafka_topic_partition_list_t *offsets;
	rd_kafka_consumer_group_metadata_t *group; /* as it was then, or NULL */
};

/* A message; the key may be empty. */
void batch_add(struct batch *batch, enum batch_aim aim, struct span key,
	       struct span value);

/* An offset up to which was counted, and what stands beside it. */
void batch_add_offset(struct batch *batch, const char *topic, int32_t partition,
		      int64_t offset, struct span note);

#endif
