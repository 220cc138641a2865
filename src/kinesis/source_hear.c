/*
 * What the service answers: lists of shards, iterators, records, and trouble
 * of three kinds: that heals by waiting, that a new iterator or key heals, and
 * that nothing does.
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

/* Trouble that heals is not worth a line before it lasts; then one a minute. */
#define PATIENT_NS (10 * NS_PER_S)
#define QUIET_NS   (60 * NS_PER_S)

/* --- trouble -------------------------------------------------------------- */

static uint64_t next_random(struct kinesis_source *self)
{
	/* SplitMix64 */
	uint64_t z = self->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void wait_for(struct kinesis_source *self, struct backoff *backoff,
		     int64_t *due_ns)
{
	*due_ns = self->now_ns + backoff_pause(backoff, next_random(self));
}

/* It is trouble that heals: shown with -v, and when it lasts to everybody. */
static void note_trouble(struct kinesis_source *self, const char *of,
			 const char *why)
{
	log_line(self->options.log, LOG_VERBOSE, "%s: %s, asked again", of,
		 why);
	if (self->troubled_ns == TIME_NEVER)
		self->troubled_ns = self->now_ns;
	if (self->now_ns - self->troubled_ns < PATIENT_NS ||
	    self->now_ns < self->quiet_until_ns)
		return;
	self->quiet_until_ns = self->now_ns + QUIET_NS;
	error_set(&self->trouble, "%s: %s, asked again", of, why);
}

static enum source_status refused(struct kinesis_source *self, const char *of,
				  const char *why, struct chunk *chunk)
{
	error_set(&chunk->why, "%s: %s", of, why);
	return kinesis_fail(self, false, chunk);
}

/* The service does not accept who we are: that may have changed meanwhile. */
static enum source_status keys_refused(struct kinesis_source *self,
				       int64_t called_ns, const char *why,
				       struct chunk *chunk)
{
	/* It went out with the keys before. */
	if (called_ns < self->renewed_ns)
		return SOURCE_AGAIN;
	if (!self->renewed && credentials_renew(&self->credentials)) {
		self->renewed = true;
		self->renewed_ns = self->now_ns;
		return SOURCE_AGAIN;
	}
	error_set(&chunk->why, "%s: %s (the keys are those of %s)",
		  self->source.name, why,
		  credentials_origin(&self->credentials));
	return kinesis_fail(self, false, chunk);
}

/* Its clock is told in full seconds. Where ours agrees, it tells the rest; else
 * `usual` does, in milliseconds. */
static int64_t refine(int64_t date_ms, int64_t wall_ns, int64_t usual_ms)
{
	int64_t rest_ms = wall_ns / NS_PER_MS - date_ms;

	if (rest_ms < -1000 || rest_ms >= 2000)
		return date_ms + usual_ms;
	if (rest_ms < 0)
		return date_ms;
	return date_ms + (rest_ms > 999 ? 999 : rest_ms);
}

/* A call that was made, and where its next try is noted. */
struct asked {
	const char *of;
	int64_t called_ns;
	struct backoff *backoff;
	int64_t *due_ns;
};

/* Nobody answered, or nothing that can be read; asked again at the latest when
 * it would be given up. */
static enum source_status unanswered(struct kinesis_source *self,
				     const struct asked *asked, const char *why,
				     bool is_final, struct chunk *chunk)
{
	int64_t last_ns = self->answered_ns + self->options.connect_timeout_ns;

	wait_for(self, asked->backoff, asked->due_ns);
	log_line(self->options.log, LOG_VERBOSE, "%s: %s", self->source.name,
		 why);
	if (self->state == KINESIS_DOWN)
		return SOURCE_AGAIN;
	if (is_final || self->now_ns >= last_ns) {
		error_set(&chunk->why, "%s: %s", self->source.name, why);
		return kinesis_fail(self, true, chunk);
	}
	if (last_ns < *asked->due_ns)
		*asked->due_ns = last_ns;
	return SOURCE_AGAIN;
}

/* The service said something that makes sense. */
static void answered(struct kinesis_source *self,
		     const struct http_answer *answer)
{
	self->answered_ns = self->now_ns;
	self->is_back = self->state == KINESIS_DOWN;
	self->date_ms = (answer->date_ns != TIME_NONE ? answer->date_ns
						      : self->wall_ns) /
			NS_PER_MS;
}

/* What was asked for was answered. */
static void settle(struct kinesis_source *self, const struct asked *asked,
		   const struct http_answer *answer)
{
	answered(self, answer);
	backoff_init(asked->backoff);
	self->troubled_ns = TIME_NEVER;
	self->renewed = false;
}

/* What came of it: VERDICT_TAKEN: to be read; else *status says what to tell.
 */
static enum verdict judge(struct kinesis_source *self,
			  const struct asked *asked,
			  const struct http_answer *answer,
			  enum source_status *status, struct chunk *chunk)
{
	enum verdict verdict;
	struct error why;

	*status = SOURCE_AGAIN;
	if (answer->status == 0) {
		*status = unanswered(self, asked, answer->trouble.message,
				     answer->is_final, chunk);
		return VERDICT_LATER;
	}
	verdict = answer_judge(answer->status, answer->body, &why);
	if (verdict == VERDICT_TAKEN)
		return verdict;
	answered(self, answer);
	if (verdict == VERDICT_LATER) {
		wait_for(self, asked->backoff, asked->due_ns);
		note_trouble(self, asked->of, why.message);
		return verdict;
	}
	*asked->due_ns = self->now_ns;
	if (verdict == VERDICT_KEYS)
		*status = keys_refused(self, asked->called_ns, why.message,
				       chunk);
	else if (verdict == VERDICT_REFUSED)
		*status = refused(self, asked->of, why.message, chunk);
	else
		log_line(self->options.log, LOG_VERBOSE, "%s: %s", asked->of,
			 why.message);
	return verdict;
}

/* --- the list ------------------------------------------------------------- */

static enum source_status take_list(struct kinesis_source *self,
				    const struct http_answer *answer,
				    struct chunk *chunk)
{
	const struct asked asked = {self->source.name, self->list_called_ns,
				    &self->list_backoff, &self->list_due_ns};
	enum source_status status;
	enum verdict verdict = judge(self, &asked, answer, &status, chunk);
	struct error why;

	if (verdict == VERDICT_PAGES)
		shard_list_release(&self->list);
	if (verdict != VERDICT_TAKEN)
		return status;
	if (answer_read_shards(answer->body, &self->list, &why) != 0)
		return unanswered(self, &asked, why.message, false, chunk);
	settle(self, &asked, answer);
	self->list_due_ns = self->now_ns;
	if (self->start_ms == 0)
		self->start_ms = refine(self->date_ms, self->wall_ns, 999);
	if (self->list.next)
		return SOURCE_AGAIN;
	self->list_due_ns = self->now_ns + LIST_NS;
	if (kinesis_take_list(self, &why) != 0)
		return refused(self, self->source.name, why.message, chunk);
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
		return unanswered(self, asked, why.message, false, chunk);
	settle(self, asked, answer);
	shard->due_ns = self->now_ns;
	if (strcmp(shard->mark, MARK_LATEST) != 0)
		return SOURCE_AGAIN;
	/* What arrived since it was called is wanted, by the service's clock.
	 */
	called_ns = self->wall_ns - (self->now_ns - shard->called_ns);
	snprintf(shard->mark, sizeof(shard->mark), "%c%lld", MARK_TIME,
		 (long long)refine(self->date_ms, called_ns, 0));
	if (shard->position &&
	    positions_begin_shard(self->positions, shard->position, shard->mark,
				  TIME_NONE) != 0)
		return refused(self, shard->name, "out of memory", chunk);
	return SOURCE_AGAIN;
}

/* When it may be asked again, and for how many records. */
static void pace(struct shard *shard)
{
	const struct record_batch *batch = &shard->batch;
	bool at_tip = batch->count == 0 && batch->behind_ms == 0;
	int64_t pause_ns = at_tip ? AT_TIP_NS : BEHIND_NS;
	int64_t bytes_ns =
		(int64_t)batch->data_bytes * (NS_PER_S / SHARD_BYTES_PER_S);
	size_t limit;

	shard->due_ns =
		shard->called_ns + (bytes_ns > pause_ns ? bytes_ns : pause_ns);
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
		return unanswered(self, asked, why.message, false, chunk);
	}
	settle(self, asked, answer);
	free(shard->iterator);
	shard->iterator = batch->next;
	batch->next = NULL;
	shard->behind_ms = batch->behind_ms;
	pace(shard);
	/* Who is behind has not fallen silent. */
	shard->stream.time->steady = !is_tip(shard);
	is_there = shard_take(shard);
	shard->then = what_then(self, shard);
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
				    &shard->backoff, &shard->due_ns};
	enum source_status status;
	enum verdict verdict;

	if (asks_for_less(self, shard, answer))
		return SOURCE_AGAIN;
	verdict = judge(self, &asked, answer, &status, chunk);
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
	const struct http_answer *answer = done ? transfer_answer(done) : NULL;
	enum source_status status;

	if (!answer)
		return SOURCE_AGAIN;
	shard->call = NULL;
	status = take_answer(self, shard, answer, chunk);
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

enum source_status kinesis_hear(struct kinesis_source *self,
				struct chunk *chunk)
{
	enum source_status status;

	transfers_step(self->transfers, self->now_ns);
	hear_keys(self);
	status = hear_list(self, chunk);
	for (size_t i = 0; i < self->count && status == SOURCE_AGAIN &&
			   self->state != KINESIS_OVER;
	     i++)
		status = hear_shard(self, self->shards[i], chunk);
	return status;
}
