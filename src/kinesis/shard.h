/*
 * shard: a stream of records, and where they stand in it.
 *
 * The stream's bytes are the records of one answer after the other, as lines.
 * An answer is kept until all of it is counted, as the service knows a place by
 * a record's number: that of the last record that was begun, and how many of
 * its lines are counted. To go on there that record is read again, so that a
 * record which has expired is missed instead of passed over.
 */
#ifndef KINESIS_SHARD_H
#define KINESIS_SHARD_H

#include "core/position.h"
#include "core/stream.h"
#include "kinesis/answer.h"
#include "kinesis/transfer.h"
#include "net/backoff.h"
#include "source/source.h"

/*
 * A mark says where a shard goes on, for us and for the state: a record's
 * number, or one of these.
 */
#define MARK_LATEST "l" /* behind all that is there: not for the state */
#define MARK_OLDEST "h"
#define MARK_TIME   't' /* and what arrived from then on: ms since 1970 */
#define MARK_END    "end"
#define MARK_SIZE   (SEQUENCE_MAX + 1)
#define KEPT_SIZE   (MARK_SIZE + 24)

enum shard_state {
	SHARD_WAITING, /* for its parents */
	SHARD_READING,
	SHARD_ENDED, /* all that it will ever hold was read */
	SHARD_OVER,  /* until-end: no more of it is wanted */
};

/* How calls of a kind go, of which one runs at a time. */
struct retries {
	struct backoff backoff;
	int64_t troubled_ns; /* mono: none was taken since, or TIME_NEVER */
	bool expired; /* what the last one went by, and nothing was read since
		       */
};

struct shard {
	struct stream stream;
	char *id;
	char *parents[2]; /* or NULL */
	char *name;	  /* as messages show it: kinesis://STREAM[ID] */
	enum shard_state state;
	enum shard_state then; /* once the batch is handed out and counted */
	bool is_closed;	       /* when the run began */
	bool told;	       /* its stream is open */
	struct position *position; /* in the state, or NULL */
	/* Where it goes on behind what is in the batch: */
	char mark[MARK_SIZE];
	uint64_t mark_lines;
	/* When all was counted that there was, by the service's clock; 0: not
	 * known. What comes later may be missed if the mark has expired. */
	int64_t tip_ms;
	/* Reading: */
	char *iterator;	       /* NULL: one is to be asked for */
	bool looks_back;       /* the first record has to be that of the mark */
	struct transfer *call; /* that runs, or NULL */
	int64_t called_ns;     /* mono: when the last one began */
	int64_t due_ns;	       /* mono: when the next one may */
	struct retries retries;
	unsigned limit; /* of records in the next answer, and in the last: */
	unsigned asked;
	int64_t behind_ms; /* below 0: not known */
	/* The last answer: */
	struct record_batch batch;
	size_t handed;	      /* of its text */
	uint64_t batch_start; /* of its text in the stream: bytes, */
	uint64_t batch_lines; /* and lines */
};

static inline void retries_init(struct retries *retries)
{
	backoff_init(&retries->backoff);
	retries->troubled_ns = TIME_NEVER;
	retries->expired = false;
}

/* NULL: memory is out. The name of the service's stream is copied, as the
 * rest. */
struct shard *shard_new(const char *stream_name,
			const struct shard_seen *seen) MUST_CHECK;
void shard_free(struct shard *shard);

/* Reading begins at this mark, be it as a state keeps it, so many lines of that
 * record counted. */
void shard_begin(struct shard *shard, const char *mark, uint64_t lines);

/*
 * The batch is a new answer, of which nothing is handed out. What was counted
 * before is left out. False: the record of the mark is not there any more.
 */
bool shard_take(struct shard *shard);

/* Is there more of the batch to hand out? */
static inline bool shard_holds(const struct shard *shard)
{
	return shard->handed < shard->batch.text.size;
}

static inline bool shard_is_answered(const struct shard *shard)
{
	return shard->call && transfer_answer(shard->call);
}

/* The next bytes of the batch, at most so many; they stand in it. */
struct span shard_hand_out(struct shard *shard, size_t size);

/*
 * Drops what arrived later than this, from the first such record on; one that
 * is later than the time now says nothing. True: there was some.
 */
bool shard_cut(struct shard *shard, int64_t until_ms, int64_t now_ms);

/* Where a later run would go on; the mark is the shard's. */
const char *shard_place(const struct shard *shard, uint64_t *lines);

/* The same as a state keeps it: behind a record's number stands `@` and tip_ms,
 * if that is known. */
void shard_keep(const struct shard *shard, char kept[KEPT_SIZE],
		uint64_t *lines);

/* All that was handed out is counted: brings `mark` up to date, and lets the
 * batch go. */
void shard_settle(struct shard *shard);

/* Where the line with this number stands: "sequence number 495.., line 2"; the
 * text stays as it is where that is not known. */
void shard_locate(const struct shard *shard, uint64_t line, struct error *text);

#endif
