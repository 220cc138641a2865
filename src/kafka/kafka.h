/*
 * kafka: topics as a source, and what members of a group publish.
 *
 * Everything goes through librdkafka, which has threads of its own and hands
 * over in ours: a queue tells the loop by an eventfd. Calls of it that block
 * are made in a worker. Without it (make KAFKA=no) none.c stands in for all.
 *
 *     client      a connection to a cluster: settings, what it complains about
 *     properties  -X
 *     survey      calls that block: topics, offsets, what a group committed
 *     partition   a stream, and where its messages stand in it
 *     source      what a source offers; assignment: who reads which partition
 *     batch       what goes into one transaction
 *     deliver     a transaction, in a worker
 *     publish     one after the other
 */
#ifndef KAFKA_KAFKA_H
#define KAFKA_KAFKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/span.h"
#include "core/engine.h"
#include "source/source.h"

/* Is Kafka built in? -1: the message says that it is not. */
int kafka_check_built(struct error *error) MUST_CHECK;

/* Its version for --version, or NULL where it is not built in. */
const char *kafka_version(void);

/*
 * An argument of -X: PROPERTY=VALUE, or @FILE. Checks all that can be without
 * opening a file. -1: it is none that librdkafka knows, or not to be set.
 */
int kafka_check_property(const char *text, struct error *error) MUST_CHECK;

/* All pointers are borrowed for as long as what is made of it lives. */
struct kafka_options {
	const char *brokers; /* HOST[:PORT][,...] */
	char *const *topics; /* a publisher has one */
	size_t topic_count;
	const unsigned (*ranges)[2]; /* of partitions, both ends included */
	size_t range_count;	     /* 0: all */
	const char *group;	     /* NULL: none */
	const char *member; /* its lasting name in the group, or NULL */
	const char *const *properties;
	size_t property_count;
	const char *query; /* its hash, for members; else NULL */
	bool from_end;	   /* where no position is kept */
	bool until_end;
	bool reconnect;
	bool merges; /* the topics hold what members publish */
	int64_t connect_timeout_ns;
	struct log *log;
};

/*
 * A source of each partition of the topics, a stream each, or of those that a
 * group gives to us. NULL: memory is out. The name is borrowed as usual.
 */
struct source *kafka_source_new(const char *name,
				const struct kafka_options *options);

/* --- what a member publishes ---------------------------------------------- */

struct batch;
struct publisher;

/* What is to be sent in one transaction. NULL: memory is out. */
struct batch *batch_new(void) MUST_CHECK;
void batch_free(struct batch *batch);

/* A delta: what was counted of a group in a window. */
void batch_add_delta(struct batch *batch, const struct engine_delta *delta,
		     const char *const *key_names, size_t key_count);

/* What became of the records, for the first partition. */
void batch_add_tallies(struct batch *batch, const struct tallies *tallies,
		       const char *query);

/* How far a stream was read, for all partitions: a mark. */
struct mark_text {
	const char *source;
	int32_t partition;
	int32_t of;
	int64_t from; /* below 0: it cannot be read again */
	int64_t to;
	int64_t newest_ns;
	bool idle;
	int32_t partials;
	size_t sources;
	const char *query;
};
void batch_add_mark(struct batch *batch, const struct mark_text *mark);

/* Memory was out. */
bool batch_failed(const struct batch *batch);

/* Nothing was added to it. */
bool batch_is_empty(const struct batch *batch);

/*
 * The marks of a Kafka source: of each of its partitions that moved, fell idle,
 * woke up or is new, and its offsets. `partials` is how many partitions the
 * marks go to.
 */
void kafka_source_mark(struct source *source, struct batch *batch,
		       int32_t partials);

/* The cluster that it reads, or NULL before it is known; the source's. */
const char *kafka_source_cluster(const struct source *source);

/*
 * Opens the topic for publishing, as GROUP/NAME (options->group and member, or
 * a random one). NULL: memory is out, or a setting is wrong. Never blocks.
 */
struct publisher *publisher_open(const struct kafka_options *options,
				 struct loop *loop,
				 struct error *error) MUST_CHECK;

enum publisher_status {
	PUBLISHER_BUSY,	   /* it is being opened, or a transaction runs */
	PUBLISHER_READY,   /* the last one is committed */
	PUBLISHER_ABORTED, /* it was aborted, told once: all since is void */
	PUBLISHER_FAILED,  /* for good: *error says why */
};

enum publisher_status publisher_poll(struct publisher *publisher,
				     struct error *error);

/* The same, but waits until it is not busy, at most so long. */
enum publisher_status publisher_wait(struct publisher *publisher,
				     int timeout_ms, struct error *error);

/* Once it was ready: how many partitions the topic has, and its cluster. */
int32_t publisher_partitions(const struct publisher *publisher);
const char *publisher_cluster(const struct publisher *publisher);

/* Starts the transaction; it is ready. Takes the batch. */
void publisher_send(struct publisher *publisher, struct batch *batch);

/* Lets go. A transaction that runs is left to end by itself. Takes NULL. */
void publisher_close(struct publisher *publisher);

#endif
