/*
 * survey: questions to the cluster whose answers have to be waited for, asked
 * in a worker: which partitions there are, where they begin and end, what the
 * group committed.
 */
#ifndef KAFKA_SURVEY_H
#define KAFKA_SURVEY_H

#include "base/worker.h"
#include "core/watermark.h"
#include "kafka/client.h"

#define QUERY_HASH_SIZE 17 /* 16 hexadecimal digits and a NUL */

/* What is asked, and found, of a partition. */
struct looked_up {
	size_t topic; /* its place among the options' topics */
	int32_t number;
	int64_t low;  /* the first offset that is there, */
	int64_t high; /* and the one behind the last; -1: not asked for */
	/* What the group committed: */
	int64_t committed; /* where to go on, or -1 */
	int64_t newest_ns; /* TIME_NONE */
};

enum survey_kind {
	SURVEY_TOPICS, /* what there is */
	SURVEY_ENDS,   /* and where each partition begins and ends */
	SURVEY_GROUP,  /* of the partitions given: what the group committed,
			  where it committed nothing where they begin and end */
	SURVEY_SPAN,   /* of the partitions given: where they begin and end */
};

enum survey_result {
	SURVEY_FOUND,
	SURVEY_UNREACHED, /* nobody answered: may heal */
	SURVEY_MISSING,	  /* there is no such topic: may heal */
	SURVEY_REFUSED,	  /* not allowed, or otherwise final */
};

struct survey {
	enum survey_kind kind;
	enum survey_result result;
	struct error why;
	char *cluster;	 /* its id; TOPICS and ENDS */
	int32_t *counts; /* of partitions, a topic; TOPICS and ENDS */
	size_t counted;	 /* of so many topics it is known; the last may be 0 */
	/* Of the topics when the group began, a topic; 0: it had not begun
	 * then. GROUP; `begun`: the group has begun. */
	int32_t *born;
	bool begun;
	/* A query that the group counts, or some of it, and is not ours. */
	char other_query[QUERY_HASH_SIZE];
	struct looked_up *partitions;
	size_t count;
	/* Not for the owner: */
	struct client *client;
	const struct kafka_options *options;
	int64_t until_ns;
};

/* What a commit says beside the offset: newest time, query, and `born`. */
void commit_note_append(struct buffer *out, const struct kafka_options *options,
			int64_t newest_ns, const int32_t *born);

/*
 * Starts it. The partitions (so many) are copied, and so is `counts`, for
 * GROUP: how many partitions each topic has. NULL: memory is out, or there is
 * no thread.
 */
struct worker *survey_start(enum survey_kind kind, struct client *client,
			    const struct looked_up *partitions, size_t count,
			    const int32_t *counts,
			    struct error *error) MUST_CHECK;

/* Asks for the topics in the thread that calls. NULL: memory is out. */
struct survey *survey_now(struct client *client) MUST_CHECK;
void survey_free(struct survey *survey); /* takes NULL too */

#endif
