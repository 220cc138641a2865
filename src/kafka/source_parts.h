/*
 * What the parts of the source share; nobody else includes this.
 *
 *     source.c       what a source offers, and what is told of its streams
 *     source_read.c  messages become chunks
 *     source_open.c  what was found out, and where reading begins
 *     source_hear.c  what is found out later
 *     source_group.c partitions that a group gives and takes
 */
#ifndef KAFKA_SOURCE_PARTS_H
#define KAFKA_SOURCE_PARTS_H

#include "kafka/batch.h"
#include "kafka/partition.h"
#include "source/source.h"

/* So many messages are taken over at a time. */
#define MESSAGES_AT_ONCE 5000

enum kafka_state {
	KAFKA_WAITING, /* until the timer */
	KAFKA_LOOKING, /* for the topics: not open */
	KAFKA_RUNNING,
	KAFKA_DOWN, /* nobody answers: it was open */
	KAFKA_OVER,
};

/* What the group says, noted until it is dealt with. */
struct rebalance {
	rd_kafka_topic_partition_list_t *given; /* NULL: none is noted */
	bool takes;				/* all that we have */
	bool lost;				/* others have it already */
	bool told;				/* that we have to let go */
};

struct kafka_source {
	struct source source;
	struct kafka_options options;
	struct client *client;
	enum kafka_state state;
	struct positions *positions; /* NULL: nothing is kept */
	/* waiting */
	struct loop *loop;
	struct loop_watch watch; /* of the queue */
	struct loop_watch survey_watch;
	struct loop_timer timer;
	int64_t now_ns; /* mono: of the last call */
	rd_kafka_queue_t *queue;
	/* what is known */
	struct worker *survey; /* one that is running, or NULL */
	char *cluster;
	int32_t *counts; /* of partitions, a topic */
	int32_t *born;	 /* when the group began, else this run; -1 */
	struct partition **partitions;
	size_t count;
	bool up_told;
	bool changed; /* a partition came, went or ended: to be told */
	/* The last thing to tell, once it is told that the streams are left. */
	bool ending;
	struct chunk last_words;
	/* messages taken over */
	rd_kafka_message_t *batch[MESSAGES_AT_ONCE];
	size_t batch_next;
	size_t batch_count;
	size_t done;		/* of the next message, see partition_take() */
	struct partition *last; /* whose message came last */
	rd_kafka_topic_t *last_topic; /* and its topic */
	uint64_t read_bytes;
	/* a group's */
	struct rebalance rebalance;
	bool assigned;	 /* it gave us something, or nothing: we know */
	bool unsure;	 /* nobody may be there to answer */
	bool fenced;	 /* its name was given to another, perhaps to itself */
	int64_t anew_ns; /* mono: when it joined anew for that, or 0 */
	bool closing;
	bool goes_back; /* to what is committed, see group_go_back() */
	bool missing;	/* of some partition the offset is not there, */
	struct partition *lost_place; /* and of this one it is looked into */
};

static inline struct kafka_source *kafka_of(struct source *source)
{
	return (struct kafka_source *)source;
}

/* --- source.c ------------------------------------------------------------- */

/* It failed for good, or until it is tried again. Fills in the chunk; its why
 * is set. */
enum source_status kafka_fail(struct kafka_source *self, bool heals,
			      struct chunk *chunk);

/* --- source_read.c -------------------------------------------------------- */

/* Messages of one partition, as many as there is room for. */
enum source_status kafka_read(struct kafka_source *self, struct read_area area,
			      struct chunk *chunk);

/* The next message, or NULL: there is none now. */
rd_kafka_message_t *kafka_next_message(struct kafka_source *self);
void kafka_drop_message(struct kafka_source *self);

/* Deals with what is told of no partition, up to the first that is of one. */
enum source_status kafka_serve(struct kafka_source *self, struct chunk *chunk);

/* Drops the messages taken over. */
void kafka_drop_batch(struct kafka_source *self);

/* Until-end: is the partition read, now that the next offset is this? */
void kafka_check_end(struct kafka_source *self, struct partition *partition,
		     int64_t offset);

/* Until-end: is all of it read, or by a group all that we were given? */
bool kafka_is_finished(const struct kafka_source *self);

/* --- source_open.c -------------------------------------------------------- */

/* Opens a client in place of the one that there is. -1: as below. */
int kafka_reopen(struct kafka_source *self, struct error *error) MUST_CHECK;

/* Opens the client, and asks for the topics. -1: a setting is wrong. */
int kafka_begin(struct kafka_source *self, struct error *error) MUST_CHECK;

/* Asks for the topics: nothing is open till then. -1: as below. */
int kafka_ask_topics(struct kafka_source *self, struct error *error) MUST_CHECK;

/* When the loop has to look: not while nothing is read. */
static inline enum loop_part kafka_part(const struct kafka_source *self)
{
	return self->state == KAFKA_RUNNING ? LOOP_INPUT : LOOP_OPENING;
}

static inline void kafka_turn(struct kafka_source *self, enum kafka_state state)
{
	self->state = state;
	self->watch.part = kafka_part(self);
	self->timer.part = kafka_part(self);
	self->survey_watch.part = kafka_part(self);
}

/* The answer that is waited for is not wanted any more. */
void kafka_forget_survey(struct kafka_source *self);

/* Asks; one question at a time. -1: memory is out, or there is no thread. */
int kafka_ask(struct kafka_source *self, enum survey_kind kind,
	      const struct looked_up *partitions, size_t count,
	      struct error *error) MUST_CHECK;

/* The topics are known. -1: memory is out, or it cannot be read. */
int kafka_opened(struct kafka_source *self, struct survey *found,
		 struct error *error) MUST_CHECK;

/* How many partitions there were when we first looked. */
void kafka_note_born(struct kafka_source *self, const struct survey *found);

/* NULL: there is no such partition here. */
struct partition *kafka_find(const struct kafka_source *self, const char *topic,
			     int32_t number);

/* The same, made if it is not there. NULL: memory is out. */
struct partition *kafka_make(struct kafka_source *self, size_t topic,
			     int32_t number) MUST_CHECK;

/* The place in the state, if there is a state. -1: memory is out, or another
 * source has it. */
int kafka_claim(struct kafka_source *self, struct partition *partition,
		struct error *error) MUST_CHECK;

/* A partition is to be read, from where it is kept or was found. */
void kafka_give(struct kafka_source *self, struct partition *partition,
		const struct looked_up *found);

/* Tells librdkafka what to read: all that is given, each from `next`. -1. */
int kafka_assign(struct kafka_source *self, struct error *error) MUST_CHECK;

/* --- source_hear.c -------------------------------------------------------- */

/* It was down and is open again. */
enum source_status kafka_back(struct kafka_source *self, struct chunk *chunk);

/* Deals with an answer, if one has come. SOURCE_CHUNK: something is to be told.
 */
enum source_status kafka_hear(struct kafka_source *self, struct chunk *chunk);

/* --- source_group.c ------------------------------------------------------- */

/* librdkafka's callback: notes what the group says. */
void group_rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t code,
		     rd_kafka_topic_partition_list_t *list, void *opaque);

/* What it gave, and was not dealt with, is not wanted any more. */
void group_forget_given(struct kafka_source *self);

/* Is there anything noted that can be dealt with now? */
bool group_has_news(const struct kafka_source *self);

/* Deals with it. SOURCE_CHUNK: something is to be told. */
enum source_status group_step(struct kafka_source *self, struct chunk *chunk);

/* Its name was given to another: true if it may have been itself, under a
 * number that it lost; then it joins anew. */
bool group_is_fenced(struct kafka_source *self);

/* What the group committed of the partitions that it gave us. -1: it counts
 * something else, or memory is out. */
int group_take(struct kafka_source *self, const struct survey *found,
	       struct error *error) MUST_CHECK;

/* Joins it. */
int group_join(struct kafka_source *self, struct error *error) MUST_CHECK;

/* What was read so far is what a window, or all, holds. */
void group_mark(struct kafka_source *self);

/* Tells the group about what was marked; `all`: once more, to be sure. */
void group_commit(struct kafka_source *self, bool all);

/* Is nothing half read, so that offsets say all? */
bool group_is_whole(const struct source *source);

/* What was read since the last transaction that is certain is read again. */
void group_go_back(struct source *source);

/* Commits and leaves, if brokers answer; `is_broken`: perhaps none is there. */
void group_leave(struct kafka_source *self, bool is_broken);

#endif
