/*
 * What the service answers: lists of shards, iterators, records.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinesis/source_parts.h"

/* Between two looks at the list of shards. */
#define LIST_NS (60 * NS_PER_S)

/* Between two calls of a shard: four a second while there is more, of the five
 * that all who read it may make; two when there is not. */
#define BEHIND_NS (250 * NS_PER_MS)
#define AT_TIP_NS (500 * NS_PER_MS)

/* Of a shard's data, for all who read it. */
#define SHARD_BYTES_PER_S 2000000

/* What an answer is wished to hold: more of them are kept in memory at a time,
 * and each is taken apart in one turn. */
#define ANSWER_BYTES ((size_t)1 << 20)
#define LIMIT_LEAST  2
#define LIMIT_MOST   10000 /* the service's */

/* Records are kept for a day at least. */
#define RETENTION_LEAST_MS (INT64_C(24) * 3600 * 1000)
#define TIP_STEP_MS	   (INT64_C(3600) * 1000)

/* --- the list ------------------------------------------------------------- */

static enum source_status take_list(struct kinesis_source *self,
				    const struct http_answer *answer,
				    struct chunk *chunk)
{
	const struct asked asked = {self->source.name, self->list_called_ns,
				    &self->list_retries, &self->list_due_ns};
	enum source_status status;
	enum verdict verdict =
		kinesis_judge(self, &asked, answer, &status, chunk);
	struct error why;

	if (verdict == VERDICT_PAGES)
		shard_list_release(&self->list);
	if (verdict != VERDICT_TAKEN)
		return status;
	if (answer_read_shards(answer->body, &self->list, &why) != 0) {
		shard_list_release(&self->list);
		return kinesis_unanswered(self, &asked, why.message, false,
					  chunk);
	}
	if (!self->list.next)
		self->list_retries.expired = false;
	kinesis_settle(self, &asked, answer);
	self->list_due_ns = self->now_ns;
	if (self->start_ms == 0)
		self->start_ms =
			kinesis_refine(self->date_ms, self->wall_ns, 999);
	if (self->list.next)
		return SOURCE_AGAIN;
	if (kinesis_take_list(self, &why) != 0)
		return kinesis_refused(self, self->source.name, why.message,
				       chunk);
	if (!kinesis_wants_list(self))
		self->list_due_ns = self->now_ns + LIST_NS;
	return SOURCE_AGAIN;
}

static enum source_status hear_list(struct kinesis_source *self,
				    struct chunk *chunk)
{
	struct transfer *done = self->listing;
	const struct http_answer *answer = done ? transfer_answer(done) : NULL;
	enum source_status status;

	if (!answer)
		return SOURCE_AGAIN;
	self->listing = NULL;
	status = take_list(self, answer, chunk);
	transfer_free(done);
	return status;
}

/* --- a shard -------------------------------------------------------------- */

static enum source_status take_iterator(struct kinesis_source *self,
					struct shard *shard,
					const struct asked *asked,
					const struct http_answer *answer,
					struct chunk *chunk)
{
	int64_t called_ns;
	struct error why;

	shard->iterator = answer_read_iterator(answer->body, &why);
	if (!shard->iterator)
		return kinesis_unanswered(self, asked, why.message, false,
					  chunk);
	kinesis_settle(self, asked, answer);
	shard->due_ns = self->now_ns;
	if (strcmp(shard->mark, MARK_LATEST) != 0)
		return SOURCE_AGAIN;
	/* What arrived since it was called is wanted, by the service's clock.
	 */
	called_ns = self->wall_ns - (self->now_ns - shard->called_ns);
	snprintf(shard->mark, sizeof(shard->mark), "%c%lld", MARK_TIME,
		 (long long)kinesis_refine(self->date_ms, called_ns, 0));
	if (shard->position &&
	    positions_begin_shard(self->positions, shard->position, shard->mark,
				  TIME_NONE) != 0)
		return kinesis_refused(self, shard->name, "out of memory",
				       chunk);
	return SOURCE_AGAIN;
}

/* When it may be asked again, and for how many records. The service has counted
 * the bytes at the latest when they were here. */
static void pace(struct shard *shard, int64_t now_ns)
{
	const struct record_batch *batch = &shard->batch;
	bool at_tip = batch->count == 0 && batch->behind_ms == 0;
	int64_t bytes_ns =
		(int64_t)batch->data_bytes * (NS_PER_S / SHARD_BYTES_PER_S);
	size_t limit;

	shard->due_ns = shard->called_ns + (at_tip ? AT_TIP_NS : BEHIND_NS);
	if (shard->due_ns < now_ns + bytes_ns)
		shard->due_ns = now_ns + bytes_ns;
	if (batch->data_bytes == 0)
		return;
	limit = ANSWER_BYTES * batch->count / batch->data_bytes;
	shard->limit = limit < LIMIT_LEAST  ? LIMIT_LEAST
		       : limit > LIMIT_MOST ? LIMIT_MOST
					    : (unsigned)limit;
}

static enum source_status say_gap(struct shard *shard, struct chunk *chunk)
{
	chunk_tell(chunk, CHUNK_GAP, AFTER_NEXT, &shard->stream);
	error_set(&chunk->why,
		  "%s: the record %s, behind which reading was to go on, has "
		  "expired: what came between it and %s is not counted",
		  shard->name, shard->mark, record_sequence(&shard->batch, 0));
	return SOURCE_CHUNK;
}

/* Is nothing behind this answer? A full one may be cut short, whatever is said
 * of how far it is behind. */
static bool is_tip(const struct shard *shard)
{
	return shard->batch.behind_ms == 0 && shard->batch.count < shard->asked;
}

/*
 * What becomes of the shard after this answer. Until-end: no more is wanted
 * than was there when the run began, by the service's clock. One that was
 * closed by then is read till it has ended, as its children are read, too.
 */
static enum shard_state what_then(const struct kinesis_source *self,
				  struct shard *shard)
{
	bool is_bounded = self->options.until_end && !shard->is_closed;

	if (is_bounded && shard_cut(shard, self->start_ms, self->date_ms + 999))
		return SHARD_OVER;
	if (!shard->iterator)
		return SHARD_ENDED;
	return is_bounded && is_tip(shard) ? SHARD_OVER : SHARD_READING;
}

/* Nothing is there but what is counted. Told by the hour, so that a state need
 * not be written for it each time. */
static void note_tip(const struct kinesis_source *self, struct shard *shard)
{
	if (shard_holds(shard))
		shard->tip_ms = 0;
	else if (is_tip(shard) && self->date_ms - shard->tip_ms >= TIP_STEP_MS)
		shard->tip_ms = self->date_ms;
}

static enum source_status take_records(struct kinesis_source *self,
				       struct shard *shard,
				       const struct asked *asked,
				       const struct http_answer *answer,
				       struct chunk *chunk)
{
	struct record_batch *batch = &shard->batch;
	bool is_there;
	struct error why;

	if (answer_read_records(answer->body, batch, &why) != 0) {
		record_batch_release(batch);
		return kinesis_unanswered(self, asked, why.message, false,
					  chunk);
	}
	shard->retries.expired = false;
	kinesis_settle(self, asked, answer);
	free(shard->iterator);
	shard->iterator = batch->next;
	batch->next = NULL;
	shard->behind_ms = batch->behind_ms;
	pace(shard, self->now_ns);
	/* Who is behind has not fallen silent. */
	shard->stream.time->steady = !is_tip(shard);
	/* Nothing can be missed that did not have the time to expire. */
	is_there = shard_take(shard) ||
		   self->date_ms - shard->tip_ms < RETENTION_LEAST_MS;
	shard->then = what_then(self, shard);
	note_tip(self, shard);
	return is_there ? SOURCE_AGAIN : say_gap(shard, chunk);
}

/* Records that are larger than those before: fewer of them. */
static bool asks_for_less(struct kinesis_source *self, struct shard *shard,
			  const struct http_answer *answer)
{
	if (!answer->too_large || shard->limit == 1)
		return false;
	shard->limit = shard->limit > 8 ? shard->limit / 8 : 1;
	shard->due_ns = self->now_ns;
	self->answered_ns = self->now_ns;
	return true;
}

static enum source_status take_answer(struct kinesis_source *self,
				      struct shard *shard,
				      const struct http_answer *answer,
				      struct chunk *chunk)
{
	const struct asked asked = {shard->name, shard->called_ns,
				    &shard->retries, &shard->due_ns};
	enum source_status status;
	enum verdict verdict;

	if (asks_for_less(self, shard, answer))
		return SOURCE_AGAIN;
	verdict = kinesis_judge(self, &asked, answer, &status, chunk);
	if (verdict == VERDICT_ITERATOR) {
		free(shard->iterator);
		shard->iterator = NULL;
	}
	if (verdict != VERDICT_TAKEN)
		return status;
	return shard->iterator
		       ? take_records(self, shard, &asked, answer, chunk)
		       : take_iterator(self, shard, &asked, answer, chunk);
}

static enum source_status hear_shard(struct kinesis_source *self,
				     struct shard *shard, struct chunk *chunk)
{
	struct transfer *done = shard->call;
	enum source_status status;

	shard->call = NULL;
	status = take_answer(self, shard, transfer_answer(done), chunk);
	transfer_free(done);
	if (!shard_holds(shard))
		self->busy--;
	return status;
}

/* --- all ------------------------------------------------------------------ */

static void hear_keys(struct kinesis_source *self)
{
	const struct http_answer *answer =
		self->asked_keys ? transfer_answer(self->asked_keys) : NULL;

	if (!answer)
		return;
	credentials_answer(&self->credentials, self->wall_ns, answer->status,
			   answer->status == 0
				   ? span_of(answer->trouble.message)
				   : answer->body);
	transfer_free(self->asked_keys);
	self->asked_keys = NULL;
}

/* One a step: taking an answer apart takes a few milliseconds, and windows are
 * to end in between. */
static enum source_status hear_next(struct kinesis_source *self,
				    struct chunk *chunk)
{
	for (size_t i = 0; i < self->count; i++) {
		size_t turn = (self->next_heard + i) % self->count;
		struct shard *shard = self->shards[turn];

		if (!shard_is_answered(shard))
			continue;
		self->next_heard = turn + 1;
		return hear_shard(self, shard, chunk);
	}
	return SOURCE_AGAIN;
}

enum source_status kinesis_hear(struct kinesis_source *self,
				struct chunk *chunk)
{
	enum source_status status;

	transfers_step(self->transfers, self->now_ns);
	hear_keys(self);
	status = hear_list(self, chunk);
	if (status != SOURCE_AGAIN || self->state == KINESIS_OVER)
		return status;
	return hear_next(self, chunk);
}
