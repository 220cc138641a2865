/*
 * answer: what the service says. Pure.
 *
 * Source: Amazon Kinesis Data Streams API Reference (2013-12-02): ListShards,
 * GetShardIterator, GetRecords, Common Errors. Names that are not read here may
 * come and go; those that are needed and missing make an answer unreadable.
 */
#ifndef KINESIS_ANSWER_H
#define KINESIS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/span.h"
#include "kinesis/aggregated.h"

/* What an answer means for who asked. */
enum verdict {
	VERDICT_TAKEN,
	VERDICT_LATER,	  /* too much was asked, or the service is in trouble */
	VERDICT_ITERATOR, /* it has expired: another one is to be asked for */
	VERDICT_PAGES,	  /* so has the place in a list: from its beginning */
	VERDICT_KEYS,	  /* who we are is not accepted; see credentials */
	VERDICT_REFUSED,  /* for good */
};

/* `why` is filled in for all but VERDICT_TAKEN: the service's words. */
enum verdict answer_judge(int status, struct span body, struct error *why);

struct shard_seen {
	char *id;
	char *parents[2]; /* or NULL */
	bool is_closed;	  /* nothing is added to it any more */
};

struct shard_list {
	struct shard_seen *shards;
	size_t count;
	char *next; /* of the rest, or NULL */
};

/* Adds to the list, and sets `next`. -1: it cannot be read, or memory is out.
 */
int answer_read_shards(struct span body, struct shard_list *list,
		       struct error *error) MUST_CHECK;
void shard_list_release(struct shard_list *list);

/* The iterator, to be freed. NULL: as above. */
char *answer_read_iterator(struct span body, struct error *error) MUST_CHECK;

/* Longest number of a record, in digits. */
#define SEQUENCE_MAX 129

/* A record in a batch: lines, each ended by a line feed. */
struct record_place {
	size_t sequence;    /* where its number begins in `names`, a text */
	size_t end;	    /* where it ends in `text` */
	uint64_t end_lines; /* in `text` up to there */
	int64_t arrived_ms; /* since 1970 */
};

/* The records of one answer, with those in them that a producer packed. */
struct record_batch {
	struct buffer text;
	struct buffer names;
	struct record_place *records;
	size_t count;
	size_t capacity;
	struct aggregate packed; /* the last one: room for the next */
	char *next;		 /* iterator; NULL: the shard has ended */
	int64_t behind_ms;	 /* below 0: not said */
	size_t data_bytes;	 /* as the service counts them */
};

/* In place of what the batch held. -1: as above. */
int answer_read_records(struct span body, struct record_batch *batch,
			struct error *error) MUST_CHECK;
void record_batch_release(struct record_batch *batch);

static inline const char *record_sequence(const struct record_batch *batch,
					  size_t i)
{
	return batch->names.data + batch->records[i].sequence;
}

#endif
