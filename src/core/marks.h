/*
 * marks: how far the members of a group have come, as their marks say.
 *
 * Members read partitions of sources and publish what they counted into the
 * partitions of one topic, the partials. Behind that, in the same transaction,
 * a mark goes into each partition of the partials for every source partition
 * that moved or fell idle. So for each pair of a source partition and a
 * partials partition that is read here, marks come in the order in which they
 * were published, without gap or overlap; the least of what they say is how far
 * everything has come. All partitions of a source are known from its first
 * mark: those that have not reported yet hold all back.
 *
 * A mark costs no walk over all pairs, which may be 100,000: the least is kept
 * for each partials partition, and is looked for anew only among its pairs.
 */
#ifndef CORE_MARKS_H
#define CORE_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "core/savepoint.h"
#include "core/watermark.h"

/* More partitions than this a topic has not, nor a group topics. */
#define MARKS_PARTITIONS_MAX 1000000

/* What one mark says. */
struct member_mark {
	struct span source;
	uint32_t partition; /* of the source, which has */
	uint32_t of;	    /* so many */
	bool ranged;	    /* the source has offsets: */
	uint64_t from;	    /* of the first that is in it, */
	uint64_t to;	    /* and behind the last */
	int64_t newest_ns;  /* or TIME_NONE */
	bool idle;
	uint32_t partials; /* partitions of the topic that the mark is in */
	uint32_t sources;  /* of the group */
	uint64_t query;	   /* its hash */
};

/* A source partition, as one partials partition told of it. */
struct marks_pair {
	uint64_t to;
	int64_t newest_ns;
	uint32_t of; /* 0: it has not reported */
	bool ranged; /* `to` is there */
	bool idle;
};

/* A partials partition: its pairs, a list for each source. */
struct marks_row {
	struct marks_pair **lists;
	int64_t least_ns;  /* of those not idle; MARKS_IDLE: all are */
	uint32_t at_least; /* so many pairs are there */
	bool listened;	   /* it is read in this run */
	bool changed;	   /* since it was saved */
};

struct marks_source {
	char *name;
	uint32_t of;
};

struct marks {
	struct marks_source *sources;
	size_t source_count;
	struct marks_row **rows; /* by partials partition, or NULL */
	size_t row_count;
	int64_t least_ns;  /* of the rows that are read */
	uint32_t wanted;   /* sources of the group */
	uint32_t partials; /* partitions of the topic; 0: none said */
	bool query_known;
	uint64_t query;
	bool changed; /* but for rows, since it was saved */
};

/* In place of the least time: all are idle. */
#define MARKS_IDLE INT64_MAX

void marks_init(struct marks *marks);
void marks_release(struct marks *marks);

/* That partials partition is read: its pairs count. -1: memory is out. */
int marks_listen(struct marks *marks, uint32_t row) MUST_CHECK;

/*
 * Takes what a mark in that partials partition, of so many, says. A source that
 * has more partitions than before: *note says so; else that is not touched. -1:
 * the mark does not follow from those before it, and was not taken; or memory
 * is out, and all that is left to do is marks_release().
 */
int marks_take(struct marks *marks, uint32_t row, uint32_t partitions,
	       const struct member_mark *mark, struct error *note,
	       struct error *error) MUST_CHECK;

/* Tallies are of that query. -1: the marks, or others, are of another. */
int marks_take_query(struct marks *marks, uint64_t query,
		     struct error *error) MUST_CHECK;

/*
 * The least newest time of the pairs that are not idle; TIME_NONE: one has
 * none, has not reported, or is not even known; MARKS_IDLE: all are idle.
 */
int64_t marks_least(const struct marks *marks);

/* Did any mark come, in an earlier run perhaps? */
static inline bool marks_came(const struct marks *marks)
{
	return marks->source_count > 0;
}

/* Adds what changed to the savepoint; failures stick to that. */
void marks_save(struct marks *marks, struct savepoint *savepoint);

/*
 * Goes on from what was kept; no partition is read until marks_listen() says
 * so. -1: memory is out, or it is damaged; release it all the same.
 */
int marks_restore(struct marks *marks, const struct savepoint *kept,
		  struct error *error) MUST_CHECK;

#endif
