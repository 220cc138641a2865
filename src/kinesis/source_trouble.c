/*
 * What came of a call: trouble of three kinds: that heals by waiting, that a
 * new iterator or new keys heal, and that nothing does.
 */
#include "base/random.h"
#include "kinesis/source_parts.h"

/* Trouble that heals is not worth a line before it lasts; then one a minute. */
#define PATIENT_NS (10 * NS_PER_S)
#define QUIET_NS   (60 * NS_PER_S)

static void wait_for(struct kinesis_source *self, const struct asked *asked)
{
	*asked->due_ns =
		self->now_ns + backoff_pause(&asked->retries->backoff,
					     random_next(&self->random));
}

/* It is trouble that heals: shown with -v, and when it lasts to everybody. */
static void note_trouble(struct kinesis_source *self, const struct asked *asked,
			 const char *why)
{
	struct retries *retries = asked->retries;

	log_line(self->options.log, LOG_VERBOSE, "%s: %s, asked again",
		 asked->of, why);
	if (retries->troubled_ns == TIME_NEVER)
		retries->troubled_ns = self->now_ns;
	if (self->now_ns - retries->troubled_ns < PATIENT_NS ||
	    self->now_ns < self->quiet_until_ns)
		return;
	self->quiet_until_ns = self->now_ns + QUIET_NS;
	error_set(&self->trouble, "%s: %s, asked again", asked->of, why);
}

enum source_status kinesis_refused(struct kinesis_source *self, const char *of,
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

int64_t kinesis_refine(int64_t date_ms, int64_t wall_ns, int64_t usual_ms)
{
	int64_t rest_ms = wall_ns / NS_PER_MS - date_ms;

	if (rest_ms < -1000 || rest_ms >= 2000)
		return date_ms + usual_ms;
	if (rest_ms < 0)
		return date_ms;
	return date_ms + (rest_ms > 999 ? 999 : rest_ms);
}

enum source_status kinesis_unanswered(struct kinesis_source *self,
				      const struct asked *asked,
				      const char *why, bool is_final,
				      struct chunk *chunk)
{
	int64_t last_ns = self->answered_ns + self->options.connect_timeout_ns;

	wait_for(self, asked);
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

void kinesis_settle(struct kinesis_source *self, const struct asked *asked,
		    const struct http_answer *answer)
{
	answered(self, answer);
	asked->retries->troubled_ns = TIME_NEVER;
	if (!asked->retries->expired)
		backoff_init(&asked->retries->backoff);
	self->renewed = false;
}

/* Another one is asked for at once; but not if that one did not last, either.
 */
static void expire(struct kinesis_source *self, const struct asked *asked,
		   const char *why)
{
	log_line(self->options.log, LOG_VERBOSE, "%s: %s", asked->of, why);
	if (asked->retries->expired)
		wait_for(self, asked);
	asked->retries->expired = true;
}

enum verdict kinesis_judge(struct kinesis_source *self,
			   const struct asked *asked,
			   const struct http_answer *answer,
			   enum source_status *status, struct chunk *chunk)
{
	enum verdict verdict;
	struct error why;

	*status = SOURCE_AGAIN;
	if (answer->status == 0) {
		*status =
			kinesis_unanswered(self, asked, answer->trouble.message,
					   answer->is_final, chunk);
		return VERDICT_LATER;
	}
	verdict = answer_judge(answer->status, answer->body, &why);
	if (verdict == VERDICT_TAKEN)
		return verdict;
	answered(self, answer);
	if (verdict == VERDICT_LATER) {
		wait_for(self, asked);
		note_trouble(self, asked, why.message);
		return verdict;
	}
	*asked->due_ns = self->now_ns;
	if (verdict == VERDICT_ITERATOR || verdict == VERDICT_PAGES)
		expire(self, asked, why.message);
	else if (verdict == VERDICT_KEYS)
		*status = keys_refused(self, asked->called_ns, why.message,
				       chunk);
	else
		*status = kinesis_refused(self, asked->of, why.message, chunk);
	return verdict;
}
