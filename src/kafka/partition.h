/*
 * partition: a stream of a topic, and where its messages stand in it.
 *
 * The stream's bytes are the messages, one behind the other, each ended by a
 * line feed if it has none. Which message a byte is of is kept for those that
 * are not counted to their end; so a place in the stream is an offset, and a
 * number of lines inside the message. A message without a value (a tombstone)
 * takes one byte that is never handed out.
 */
#ifndef KAFKA_PARTITION_H
#define KAFKA_PARTITION_H

#include <librdkafka/rdkafka.h>

#include "core/position.h"
#include "core/stream.h"
#include "kafka/survey.h"

/* Where a message ends in the stream, and how many lines stand before it. */
struct message_place {
	int64_t offset;
	uint64_t end;
	uint64_t lines_before;
};

struct partition {
	struct stream stream;
	char *name; /* of the stream: the source's, and the number in brackets
		     */
	char *key;  /* by which a state knows it */
	const char *topic;
	size_t topic_number;
	int32_t number;
	bool given;  /* we are to read it */
	bool told;   /* its stream is open */
	bool misses; /* the offset to go on from is not there */
	bool over;   /* until-end: all of it was read */
	/* Reading: */
	int64_t first;	       /* where it was begun when it was given, */
	int64_t next;	       /* behind the last message that was taken, */
	int64_t place_offset;  /* what is counted goes on here if no message */
	uint64_t end;	       /* is half counted; and where that ends */
	uint64_t skip_lines;   /* of the first message: counted before */
	uint64_t placed_lines; /* in all messages taken so far */
	int64_t stop;	       /* until-end: not beyond; -1: no end */
	struct message_place *places;
	size_t place_first;
	size_t place_count;
	size_t place_capacity;
	struct position *position; /* in the state, or NULL */
	/* What others know of it: */
	int64_t marked_offset; /* behind what the last window holds */
	int64_t told_offset; /* behind what is in transactions, or committed */
	int64_t told_newest_ns;
	bool told_idle;
	bool is_new; /* nobody was told since we have it */
};

/* NULL: memory is out. The topic and the source's name are borrowed. */
struct partition *partition_new(const char *source_name, const char *topic,
				size_t topic_number, int32_t number,
				uint32_t count) MUST_CHECK;
void partition_free(struct partition *partition);

/* Reading begins at this offset, so many lines of that message counted. */
void partition_begin(struct partition *partition, int64_t offset,
		     uint64_t lines);

/*
 * Appends the message to out, as far as it was not counted before; it may be
 * cut where out ends, then *done says how much was taken, which is to be given
 * again. False: memory is out.
 */
bool partition_take(struct partition *partition,
		    const rd_kafka_message_t *message, struct read_area area,
		    size_t *used, size_t *done);

/* A message without a value. False: memory is out. */
bool partition_take_deleted(struct partition *partition, int64_t offset);

/* Where a later run would go on: an offset, and lines counted of it. */
void partition_place(struct partition *partition, int64_t *offset,
		     uint64_t *lines);

/* Where the line with this number stands: "offset 7, line 2"; the text stays
 * as it is where that is not known. */
void partition_locate(const struct partition *partition, uint64_t line,
		      struct error *text);

#endif
