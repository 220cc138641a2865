/*
 * What the parts of the source share; nobody else includes this.
 *
 *     source.c          what a source offers, and what is told of its streams
 *     source_address.c  whom to ask
 *     source_call.c     calls of the service: what is due, and is sent
 *     source_hear.c     what the service answers
 *     source_trouble.c  and when it does not
 *     source_end.c      how it ends, or is down
 *     source_shards.c   which shards there are, and where reading begins
 */
#ifndef KINESIS_SOURCE_PARTS_H
#define KINESIS_SOURCE_PARTS_H

#include "kinesis/credentials.h"
#include "kinesis/kinesis.h"
#include "kinesis/shard.h"

enum kinesis_state {
	KINESIS_OPENING, /* shards are listed and their places found */
	KINESIS_RUNNING,
	KINESIS_DOWN, /* nobody answers: it was open */
	KINESIS_OVER,
};

struct kinesis_source {
	struct source source;
	struct kinesis_options options;
	enum kinesis_state state;
	struct positions *positions; /* NULL: nothing is kept */
	/* Who is asked, and by whom: */
	struct loop *loop;
	struct loop_timer timer;
	int64_t now_ns;	 /* mono: of the last call */
	int64_t wall_ns; /* and our clock */
	struct transfers *transfers;
	char *region;
	char *url;
	struct credentials credentials;
	struct transfer *asked_keys; /* that runs, or NULL */
	int64_t renewed_ns;	     /* mono: new ones were asked for */
	bool renewed;		     /* and none was accepted since */
	bool has_keys;
	bool is_back; /* the service was down, and is heard again */
	/* How the service is doing: */
	int64_t date_ms;	 /* its clock, as last heard */
	int64_t answered_ns;	 /* mono: it was heard, or began to be asked */
	int64_t quiet_until_ns;	 /* mono: that it cannot is not said again */
	struct error trouble;	 /* what is to be said of it, or empty */
	int64_t behind_said_ns;	 /* mono: how far it is behind was shown, */
	int64_t behind_shown_ms; /* and was so far */
	uint64_t random;
	/* Which shards there are: */
	struct transfer *listing; /* that runs, or NULL */
	int64_t list_called_ns;	  /* mono */
	struct shard_list list;	  /* its pages so far */
	struct retries list_retries;
	int64_t list_due_ns; /* mono */
	/* How many shards have ended, before the list that is asked for was,
	 * and before the last whole one was: the children of others are not
	 * known. */
	size_t ends;
	size_t list_ends;
	size_t known_ends;
	bool listed;	  /* once */
	bool known;	  /* the state has been here before */
	int64_t start_ms; /* the service's clock when the run began */
	struct shard **shards;
	size_t count;
	size_t next_asked; /* in turn */
	size_t next_heard;
	size_t next_handed;
	size_t busy; /* calls that run, and answers not handed out */
	uint64_t read_bytes;
	bool up_told;
	bool gaps_told; /* of the list */
	bool changed;	/* a shard began, ended: to be told */
	/* The last thing to tell, once it is told that the streams are left. */
	bool ending;
	struct chunk last_words;
};

static inline struct kinesis_source *kinesis_of(struct source *source)
{
	return (struct kinesis_source *)source;
}

/* Children are not known yet. */
static inline bool kinesis_wants_list(const struct kinesis_source *self)
{
	return self->ends != self->known_ends;
}

/* --- source_end.c --------------------------------------------------------- */

void kinesis_turn(struct kinesis_source *self, enum kinesis_state state);

/* Nothing more will come: first the streams are let go, one by one, then this
 * is told. */
enum source_status kinesis_end(struct kinesis_source *self,
			       enum chunk_kind kind, const char *why);

/* It failed for good, or until it is tried again. Fills in the chunk; its why
 * is set. */
enum source_status kinesis_fail(struct kinesis_source *self, bool heals,
				struct chunk *chunk);

/* Says of which source the error is. Returns -1. */
int kinesis_explain(const struct kinesis_source *self, struct error *error);

/* Nobody looks at what is answered: the loop must not wake up for it. */
void kinesis_drop_calls(struct kinesis_source *self);

/* --- source_address.c ----------------------------------------------------- */

/* Finds out whom to ask. -1: no region, say, or none that can be one. */
int kinesis_address(struct kinesis_source *self,
		    struct error *error) MUST_CHECK;

/* --- source_call.c -------------------------------------------------------- */

/* Sends what is due. SOURCE_CHUNK: it cannot. */
enum source_status kinesis_ask(struct kinesis_source *self,
			       struct chunk *chunk);

/* When something is due next (mono). */
int64_t kinesis_due(const struct kinesis_source *self);

/* Milliseconds by which the shard furthest behind is; below 0: not known. */
int64_t kinesis_behind_ms(const struct kinesis_source *self);

/* --- source_hear.c -------------------------------------------------------- */

/* Takes what was answered. SOURCE_CHUNK: something is to be told. */
enum source_status kinesis_hear(struct kinesis_source *self,
				struct chunk *chunk);

/* --- source_trouble.c ----------------------------------------------------- */

/* A call that was made, and where its next try is noted. */
struct asked {
	const char *of; /* as messages show it */
	int64_t called_ns;
	struct retries *retries;
	int64_t *due_ns;
};

/* What came of a call: VERDICT_TAKEN: it is to be read; else *status says what
 * there is to tell, and when it is made again is noted. */
enum verdict kinesis_judge(struct kinesis_source *self,
			   const struct asked *asked,
			   const struct http_answer *answer,
			   enum source_status *status, struct chunk *chunk);

/* It was read, and is what was asked for. */
void kinesis_settle(struct kinesis_source *self, const struct asked *asked,
		    const struct http_answer *answer);

/* Nobody answered, or nothing that can be read. It is made again, at the latest
 * when it would be given up. */
enum source_status kinesis_unanswered(struct kinesis_source *self,
				      const struct asked *asked,
				      const char *why, bool is_final,
				      struct chunk *chunk);

/* It is of no use to ask again. */
enum source_status kinesis_refused(struct kinesis_source *self, const char *of,
				   const char *why, struct chunk *chunk);

/* The service's clock is told in full seconds. Where ours agrees, it tells the
 * rest; else `usual_ms` does. In milliseconds since 1970. */
int64_t kinesis_refine(int64_t date_ms, int64_t wall_ns, int64_t usual_ms);

/* --- source_shards.c ------------------------------------------------------ */

/* The list of shards is whole: new ones are begun, or wait for their parents.
 * -1: memory is out, or the stream is read twice. */
int kinesis_take_list(struct kinesis_source *self,
		      struct error *error) MUST_CHECK;

/* Those begin that waited for a parent which has ended. -1: memory is out. */
int kinesis_begin_children(struct kinesis_source *self,
			   struct error *error) MUST_CHECK;

/* Has it children that are not told of yet, and does it hold their place? */
bool kinesis_has_heirs(const struct kinesis_source *self,
		       const struct shard *parent);

/* What a state had begun of a shard that is no more: each is found once. */
bool kinesis_find_expired(struct kinesis_source *self, struct error *text);

/* Until-end: is all of it read? */
bool kinesis_is_finished(const struct kinesis_source *self);

#endif
