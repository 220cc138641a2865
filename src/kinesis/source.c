#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/environment.h"
#include "kinesis/source_parts.h"

/* With -v, how far it is behind is shown so often. */
#define SHOW_NS (10 * NS_PER_S)

/* --- what is told --------------------------------------------------------- */

/* Is its stream open? One that has ended is, until its children are: so long
 * it holds their place in event time. */
static bool is_open(const struct kinesis_source *self,
		    const struct shard *shard)
{
	if (self->state == KINESIS_OVER)
		return false;
	return shard->state == SHARD_READING ||
	       (shard->state == SHARD_ENDED && shard->told &&
		kinesis_has_heirs(self, shard));
}

/* Are there more streams to tell of, behind this one? */
static bool has_more(const struct kinesis_source *self, size_t i)
{
	while (++i < self->count)
		if (is_open(self, self->shards[i]) && !self->shards[i]->told)
			return true;
	return false;
}

/* Shards that begin come before those that end, whose place they take. */
static enum source_status tell_shards(struct kinesis_source *self, bool open,
				      struct chunk *chunk)
{
	for (size_t i = 0; i < self->count; i++) {
		struct shard *shard = self->shards[i];

		if (shard->told == open || is_open(self, shard) != open)
			continue;
		shard->told = open;
		chunk_tell(chunk, open ? CHUNK_OPENED : CHUNK_LEFT, AFTER_NEXT,
			   &shard->stream);
		chunk->more = open && has_more(self, i);
		log_line(self->options.log, LOG_VERBOSE, "%s: %s", shard->name,
			 open ? "open" : "read to its end");
		return SOURCE_CHUNK;
	}
	return SOURCE_AGAIN;
}

/* What has to be told of streams; SOURCE_AGAIN: nothing. */
static enum source_status tell_changes(struct kinesis_source *self,
				       struct chunk *chunk)
{
	if (!self->up_told && !self->ending) {
		self->up_told = true;
		return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT, NULL);
	}
	if (tell_shards(self, true, chunk) == SOURCE_CHUNK ||
	    tell_shards(self, false, chunk) == SOURCE_CHUNK)
		return SOURCE_CHUNK;
	if (!self->gaps_told && !self->ending) {
		chunk_tell(chunk, CHUNK_GAP, AFTER_NEXT, NULL);
		if (kinesis_find_expired(self, &chunk->why))
			return SOURCE_CHUNK;
		self->gaps_told = true;
	}
	self->changed = false;
	if (!self->ending)
		return SOURCE_AGAIN;
	self->ending = false;
	*chunk = self->last_words;
	return SOURCE_CHUNK;
}

static enum source_status tell_trouble(struct kinesis_source *self,
				       struct chunk *chunk)
{
	if (self->trouble.message[0] == '\0')
		return SOURCE_AGAIN;
	chunk_tell(chunk, CHUNK_NOTE, AFTER_NEXT, NULL);
	chunk->why = self->trouble;
	self->trouble.message[0] = '\0';
	return SOURCE_CHUNK;
}

static void show_behind(struct kinesis_source *self)
{
	int64_t behind_ms;

	if (self->options.log->highest < LOG_VERBOSE)
		return;
	behind_ms = kinesis_behind_ms(self);
	if (behind_ms < 0 || self->now_ns < self->behind_said_ns + SHOW_NS ||
	    (behind_ms == 0 && self->behind_shown_ms == 0))
		return;
	self->behind_said_ns = self->now_ns;
	self->behind_shown_ms = behind_ms;
	log_line(self->options.log, LOG_VERBOSE,
		 "%s: %" PRId64 ".%03d s behind its newest record",
		 self->source.name, behind_ms / 1000, (int)(behind_ms % 1000));
}

/* --- one step ------------------------------------------------------------- */

/* What was handed out is counted: those end that had no more. -1: no memory. */
static int end_shards(struct kinesis_source *self, struct error *error)
{
	size_t ends = self->ends;

	for (size_t i = 0; i < self->count; i++) {
		struct shard *shard = self->shards[i];

		if (shard->state != SHARD_READING ||
		    shard->then == SHARD_READING || shard_holds(shard))
			continue;
		shard_settle(shard);
		shard->state = shard->then;
		self->changed = true;
		self->ends += shard->state == SHARD_ENDED;
	}
	if (self->ends == ends)
		return 0;
	self->list_due_ns = self->now_ns;
	return kinesis_begin_children(self, error);
}

/* All that are read have their place. */
static bool is_placed(const struct kinesis_source *self)
{
	if (!self->listed)
		return false;
	for (size_t i = 0; i < self->count; i++)
		if (self->shards[i]->state == SHARD_READING &&
		    !self->shards[i]->iterator)
			return false;
	return true;
}

static enum source_status hand_out(struct kinesis_source *self,
				   struct read_area area, struct chunk *chunk)
{
	for (size_t i = 0; i < self->count; i++) {
		size_t turn = (self->next_handed + i) % self->count;
		struct shard *shard = self->shards[turn];

		if (!shard_holds(shard) || !shard->told)
			continue;
		self->next_handed = turn + 1;
		chunk_tell(chunk, CHUNK_DATA, AFTER_NEXT, &shard->stream);
		chunk->bytes = shard_hand_out(shard, area.size);
		self->read_bytes += chunk->bytes.size;
		if (!shard_holds(shard))
			self->busy--;
		return SOURCE_CHUNK;
	}
	return SOURCE_AGAIN;
}

/* Some shard that is told of, or NULL. */
static struct stream *first_stream(const struct kinesis_source *self)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->shards[i]->told)
			return &self->shards[i]->stream;
	return NULL;
}

/* The service is back: who waits to try again need not wait any more. */
static void ask_at_once(struct kinesis_source *self)
{
	for (size_t i = 0; i < self->count; i++) {
		retries_init(&self->shards[i]->retries);
		if (self->shards[i]->due_ns > self->now_ns)
			self->shards[i]->due_ns = self->now_ns;
	}
}

/* Hears and asks; what is to be told of it comes at the next step. */
static enum source_status step(struct kinesis_source *self, struct chunk *chunk)
{
	enum source_status status;

	status = kinesis_hear(self, chunk);
	if (status != SOURCE_AGAIN || self->state == KINESIS_OVER)
		return status;
	if (end_shards(self, &chunk->why) != 0)
		return kinesis_fail(self, false, chunk);
	if (self->state == KINESIS_OPENING && is_placed(self)) {
		kinesis_turn(self, KINESIS_RUNNING);
		self->changed = true;
	}
	if (self->state == KINESIS_DOWN && self->is_back) {
		kinesis_turn(self, KINESIS_RUNNING);
		ask_at_once(self);
		return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT,
				  first_stream(self));
	}
	self->is_back = false;
	status = kinesis_ask(self, chunk);
	if (status == SOURCE_AGAIN && self->state == KINESIS_RUNNING &&
	    self->options.until_end && kinesis_is_finished(self))
		return kinesis_end(self, CHUNK_ENDED, NULL);
	return status;
}

static bool may_tell(const struct kinesis_source *self)
{
	return self->changed &&
	       (self->state == KINESIS_RUNNING || self->state == KINESIS_OVER);
}

static enum source_status kinesis_next(struct source *source,
				       const struct clock *clock,
				       struct read_area area,
				       struct chunk *chunk)
{
	struct kinesis_source *self = kinesis_of(source);
	enum source_status status = SOURCE_AGAIN;

	self->now_ns = clock->mono_ns;
	self->wall_ns = clock->now_ns;
	if (may_tell(self))
		status = tell_changes(self, chunk);
	if (status == SOURCE_AGAIN && self->state != KINESIS_OVER)
		status = step(self, chunk);
	if (status == SOURCE_AGAIN && may_tell(self))
		status = tell_changes(self, chunk);
	if (status == SOURCE_AGAIN)
		status = tell_trouble(self, chunk);
	if (status == SOURCE_AGAIN && self->state == KINESIS_RUNNING)
		status = hand_out(self, area, chunk);
	show_behind(self);
	self->timer.due_ns =
		self->state == KINESIS_OVER ? TIME_NEVER : kinesis_due(self);
	return status;
}

/* --- the rest of a source ------------------------------------------------- */

static int kinesis_start(struct source *source, struct loop *loop,
			 const struct clock *clock, struct error *error)
{
	struct kinesis_source *self = kinesis_of(source);
	const char *ca = self->options.ca;

	self->loop = loop;
	self->now_ns = clock->mono_ns;
	self->wall_ns = clock->now_ns;
	self->answered_ns = clock->mono_ns;
	self->timer = (struct loop_timer){.due_ns = clock->mono_ns,
					  .part = LOOP_OPENING};
	loop_timer_add(loop, &self->timer);
	if (credentials_init(&self->credentials, error) != 0)
		return kinesis_explain(self, error);
	if (kinesis_address(self, error) != 0)
		return -1;
	if (!ca)
		ca = environment_text("AWS_CA_BUNDLE");
	self->transfers = transfers_open(loop, ca, error);
	return self->transfers ? 0 : -1;
}

/* Silence in which we did not listen is not the service's. */
static void kinesis_resume(struct source *source, const struct clock *clock)
{
	struct kinesis_source *self = kinesis_of(source);

	self->answered_ns = clock->mono_ns;
	transfers_resume(self->transfers, clock->mono_ns);
}

static int kinesis_restore(struct source *source, struct positions *positions,
			   struct error *error)
{
	(void)error;
	kinesis_of(source)->positions = positions;
	return 0;
}

static int kinesis_note(struct source *source, struct error *error)
{
	struct kinesis_source *self = kinesis_of(source);

	for (size_t i = 0; i < self->count; i++) {
		struct shard *shard = self->shards[i];
		char mark[KEPT_SIZE];
		uint64_t lines;

		/* One that waits may have begun in an earlier run. */
		if (!shard->position || !shard->position->begun ||
		    shard->state == SHARD_WAITING)
			continue;
		shard_keep(shard, mark, &lines);
		if (position_set_mark(shard->position, mark, lines) != 0)
			return error_set(error, "out of memory");
		position_move(shard->position, shard->stream.time->newest_ns);
	}
	return 0;
}

static const struct stream_time *kinesis_least(const struct source *source)
{
	const struct kinesis_source *self =
		(const struct kinesis_source *)source;
	const struct stream_time *least = NULL;

	for (size_t i = 0; i < self->count; i++) {
		const struct stream_time *time = self->shards[i]->stream.time;

		if (self->shards[i]->told &&
		    (!least || (least->idle && !time->idle) ||
		     (least->idle == time->idle &&
		      time->newest_ns < least->newest_ns)))
			least = time;
	}
	return least;
}

static void kinesis_locate(const struct source *source,
			   const struct stream *stream, uint64_t line,
			   struct error *text)
{
	const struct kinesis_source *self =
		(const struct kinesis_source *)source;

	for (size_t i = 0; i < self->count; i++)
		if (&self->shards[i]->stream == stream)
			shard_locate(self->shards[i], line, text);
}

static void kinesis_report(const struct source *source,
			   struct source_report *report)
{
	const struct kinesis_source *self =
		(const struct kinesis_source *)source;

	*report = (struct source_report){
		.state = REPORT_DIALLING,
		.redial_ns = TIME_NEVER,
		.read_bytes = self->read_bytes,
		.behind_ms = kinesis_behind_ms(self),
	};
	report->knows_behind = report->behind_ms >= 0;
	if (self->state == KINESIS_RUNNING)
		report->state = REPORT_UP;
	else if (self->state == KINESIS_OVER)
		report->state = REPORT_OVER;
}

static void kinesis_close(struct source *source)
{
	struct kinesis_source *self = kinesis_of(source);

	kinesis_drop_calls(self);
	for (size_t i = 0; i < self->count; i++)
		shard_free(self->shards[i]);
	free(self->shards);
	shard_list_release(&self->list);
	transfers_close(self->transfers);
	if (self->loop)
		loop_timer_remove(self->loop, &self->timer);
	credentials_release(&self->credentials);
	free(self->region);
	free(self->url);
	free(self);
}

static const struct source_ops kinesis_ops = {
	.dials = true,
	.heard_awake = true,
	.start = kinesis_start,
	.next = kinesis_next,
	.resume = kinesis_resume,
	.restore = kinesis_restore,
	.note = kinesis_note,
	.least = kinesis_least,
	.locate = kinesis_locate,
	.report = kinesis_report,
	.close = kinesis_close,
};

struct source *kinesis_source_new(const char *name,
				  const struct kinesis_options *options)
{
	struct kinesis_source *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->source = (struct source){&kinesis_ops, name};
	self->options = *options;
	self->random = options->jitter_seed;
	retries_init(&self->list_retries);
	return &self->source;
}
