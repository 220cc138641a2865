#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kafka/source_parts.h"

/* --- how it ends ---------------------------------------------------------- */

/* Nothing more will come: first the streams are let go, one by one. */
static enum source_status end_with(struct kafka_source *self,
				   enum chunk_kind kind, const char *why)
{
	chunk_tell(&self->last_words, kind, AFTER_OVER, NULL);
	if (why)
		error_set(&self->last_words.why, "%s", why);
	self->ending = true;
	self->changed = true;
	kafka_turn(self, KAFKA_OVER);
	return SOURCE_AGAIN;
}

enum source_status kafka_fail(struct kafka_source *self, bool heals,
			      struct chunk *chunk)
{
	bool was_open = self->state == KAFKA_RUNNING && self->up_told;
	enum chunk_kind kind = was_open ? CHUNK_LOST : CHUNK_DOWN;
	struct error why = chunk->why;

	if (!heals || !self->options.reconnect) {
		return end_with(self, kind, why.message);
	}
	/* What is down for long holds nothing back; but where members count,
	 * only a broker says that there is no more. */
	for (size_t i = 0; i < self->count; i++)
		self->partitions[i]->stream.time->steady =
			self->options.query || self->options.merges;
	kafka_turn(self, self->up_told ? KAFKA_DOWN : KAFKA_WAITING);
	self->timer.due_ns = self->now_ns + NS_PER_S;
	chunk_tell(chunk, kind, AFTER_AGAIN, NULL);
	chunk->why = why;
	return SOURCE_CHUNK;
}

/* A group takes all before it gives most of it again: till then it is ours, and
 * how far it is in time counts. */
static bool is_between(const struct kafka_source *self)
{
	return self->state == KAFKA_RUNNING && self->options.group &&
	       !self->assigned;
}

/* Are there more streams to tell of, behind this one? */
static bool has_more(const struct kafka_source *self, size_t i)
{
	while (++i < self->count)
		if (self->partitions[i]->given && !self->partitions[i]->told)
			return true;
	return false;
}

/* What has to be told of streams; SOURCE_AGAIN: nothing. */
static enum source_status tell_changes(struct kafka_source *self,
				       struct chunk *chunk)
{
	if (!self->up_told && !self->ending) {
		self->up_told = true;
		return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT, NULL);
	}
	for (size_t i = 0; i < self->count; i++) {
		struct partition *partition = self->partitions[i];
		bool reads = partition->given && !partition->over &&
			     self->state != KAFKA_OVER;

		if (reads == partition->told || (!reads && is_between(self)))
			continue;
		partition->told = reads;
		chunk_tell(chunk, reads ? CHUNK_OPENED : CHUNK_LEFT, AFTER_NEXT,
			   &partition->stream);
		chunk->more = reads && has_more(self, i);
		return SOURCE_CHUNK;
	}
	self->changed = false;
	if (!self->ending)
		return SOURCE_AGAIN;
	self->ending = false;
	*chunk = self->last_words;
	return SOURCE_CHUNK;
}

/* --- one step ------------------------------------------------------------- */

/* Asks what has to be asked, if nothing is asked already. -1: it cannot. */
static int ask_next(struct kafka_source *self, struct error *error)
{
	struct looked_up place;
	bool is_due = self->now_ns >= self->timer.due_ns;

	if (self->survey)
		return 0;
	for (size_t i = 0; i < self->count && self->missing; i++) {
		struct partition *partition = self->partitions[i];

		if (!partition->misses)
			continue;
		partition->misses = false;
		self->lost_place = partition;
		place = (struct looked_up){.topic = partition->topic_number,
					   .number = partition->number};
		return kafka_ask(self, SURVEY_SPAN, &place, 1, error);
	}
	self->missing = false;
	if (self->client->all_down || self->client->topics_gone || is_due) {
		self->client->topics_gone = false;
		self->unsure |= self->client->all_down;
		self->client->all_down = false;
		self->timer.due_ns = TIME_NEVER;
		return kafka_ask(self, SURVEY_TOPICS, NULL, 0, error);
	}
	return 0;
}

/* Is it over for good? It is told once, and may have been passed over. */
static enum source_status check_fatal(struct kafka_source *self,
				      struct chunk *chunk)
{
	char why[512];

	if (self->fenced ||
	    rd_kafka_fatal_error(self->client->handle, why, sizeof(why)) ==
		    RD_KAFKA_RESP_ERR_NO_ERROR)
		return SOURCE_AGAIN;
	if (group_is_fenced(self))
		return group_step(self, chunk);
	error_set(&chunk->why, "%s: %s", self->source.name, why);
	return kafka_fail(self, false, chunk);
}

/* What comes meanwhile is read again. */
static void drop_all(struct kafka_source *self)
{
	while (kafka_next_message(self))
		kafka_drop_message(self);
}

static void take_wakes(struct kafka_source *self)
{
	uint64_t wakes;

	if (self->watch.ready == 0)
		return;
	self->watch.ready = 0;
	while (read(self->watch.fd, &wakes, sizeof(wakes)) < 0 &&
	       errno == EINTR)
		;
}

static enum source_status run(struct kafka_source *self, struct read_area area,
			      struct chunk *chunk)
{
	enum source_status status = SOURCE_AGAIN;

	if (self->done == 0 && group_has_news(self)) {
		status = group_step(self, chunk);
		if (status == SOURCE_CHUNK || self->changed)
			return status;
	}
	if (!self->goes_back)
		status = kafka_read(self, area, chunk);
	else
		drop_all(self);
	/* It may have come just now, where messages were looked for: nothing
	 * else would wake us for it. */
	if (status == SOURCE_AGAIN && group_has_news(self))
		status = group_step(self, chunk);
	if (status == SOURCE_AGAIN && self->state == KAFKA_RUNNING)
		status = check_fatal(self, chunk);
	if (status == SOURCE_AGAIN && self->state == KAFKA_RUNNING &&
	    ask_next(self, &chunk->why) != 0)
		return kafka_fail(self, false, chunk);
	return status;
}

/* It is not open, or down. */
static enum source_status stand_by(struct kafka_source *self,
				   struct chunk *chunk)
{
	enum source_status status = kafka_serve(self, chunk);

	if (status != SOURCE_AGAIN || self->state == KAFKA_OVER)
		return status;
	/* Down, it goes on by itself, where it was. */
	if (self->state == KAFKA_DOWN && kafka_next_message(self))
		return kafka_back(self, chunk);
	if (self->survey || self->now_ns < self->timer.due_ns)
		return SOURCE_AGAIN;
	self->timer.due_ns = TIME_NEVER;
	if (kafka_ask_topics(self, &chunk->why) != 0)
		return kafka_fail(self, false, chunk);
	return SOURCE_AGAIN;
}

static enum source_status step(struct kafka_source *self, struct read_area area,
			       struct chunk *chunk)
{
	switch (self->state) {
	case KAFKA_WAITING:
	case KAFKA_DOWN:
	case KAFKA_LOOKING: return stand_by(self, chunk);
	case KAFKA_RUNNING: return run(self, area, chunk);
	case KAFKA_OVER: break;
	}
	return SOURCE_AGAIN;
}

static enum source_status kafka_next(struct source *source,
				     const struct clock *clock,
				     struct read_area area, struct chunk *chunk)
{
	struct kafka_source *self = kafka_of(source);
	enum source_status status = SOURCE_AGAIN;

	self->now_ns = clock->mono_ns;
	take_wakes(self);
	if (self->state != KAFKA_OVER)
		status = kafka_hear(self, chunk);
	/* What is told of streams comes before what is read of them. */
	for (int i = 0; status == SOURCE_AGAIN && i < 2; i++) {
		if (self->changed)
			status = tell_changes(self, chunk);
		if (status == SOURCE_AGAIN && self->state == KAFKA_RUNNING &&
		    self->options.until_end && kafka_is_finished(self))
			(void)end_with(self, CHUNK_ENDED, NULL);
		else if (status == SOURCE_AGAIN && i == 0)
			status = step(self, area, chunk);
		if (!self->changed)
			break;
	}
	return status;
}

/* --- the rest of a source ------------------------------------------------- */

static int kafka_start(struct source *source, struct loop *loop,
		       const struct clock *clock, struct error *error)
{
	struct kafka_source *self = kafka_of(source);

	self->loop = loop;
	self->now_ns = clock->mono_ns;
	self->timer =
		(struct loop_timer){.due_ns = TIME_NEVER, .part = LOOP_OPENING};
	loop_timer_add(loop, &self->timer);
	return kafka_begin(self, error);
}

static int kafka_restore(struct source *source, struct positions *positions,
			 struct error *error)
{
	(void)error;
	kafka_of(source)->positions = positions;
	return 0;
}

static int kafka_note(struct source *source, struct error *error)
{
	struct kafka_source *self = kafka_of(source);

	(void)error;
	for (size_t i = 0; i < self->count; i++) {
		struct partition *partition = self->partitions[i];
		int64_t offset;
		uint64_t lines;

		if (!partition->position || !partition->given)
			continue;
		partition_place(partition, &offset, &lines);
		position_set(partition->position, (uint64_t)offset, lines);
		position_move(partition->position,
			      partition->stream.time->newest_ns);
	}
	return 0;
}

static void kafka_commit(struct source *source)
{
	struct kafka_source *self = kafka_of(source);

	if (self->options.group && !self->options.query &&
	    self->state == KAFKA_RUNNING)
		group_commit(self, false);
}

static void kafka_mark(struct source *source)
{
	if (kafka_of(source)->options.group)
		group_mark(kafka_of(source));
}

static void kafka_locate(const struct source *source,
			 const struct stream *stream, uint64_t line,
			 struct error *text)
{
	const struct kafka_source *self = (const struct kafka_source *)source;

	for (size_t i = 0; i < self->count; i++)
		if (&self->partitions[i]->stream == stream)
			partition_locate(self->partitions[i], line, text);
}

static void kafka_report(const struct source *source,
			 struct source_report *report)
{
	const struct kafka_source *self = (const struct kafka_source *)source;

	*report = (struct source_report){
		.state = REPORT_DIALLING,
		.redial_ns = TIME_NEVER,
		.read_bytes = self->read_bytes,
	};
	if (self->state == KAFKA_RUNNING)
		report->state = REPORT_UP;
	else if (self->state == KAFKA_OVER)
		report->state = REPORT_OVER;
}

/* Leaves the group, which takes the brokers' answer. */
static void leave(struct kafka_source *self)
{
	struct client *client = self->client;
	bool is_broken;

	self->closing = true;
	kafka_drop_batch(self);
	/* What was noted and not dealt with waits for an answer. */
	if (self->rebalance.takes || self->rebalance.given)
		rd_kafka_assign(client->handle, NULL);
	/* What waits there may say that nobody is there any more. */
	client->trouble.message[0] = '\0';
	(void)kafka_next_message(self);
	kafka_drop_batch(self);
	is_broken = client->trouble.message[0] != '\0';
	if (self->options.group && !client->all_down && !self->unsure)
		group_leave(self, is_broken);
	rd_kafka_queue_destroy(self->queue);
}

static void kafka_close(struct source *source)
{
	struct kafka_source *self = kafka_of(source);

	kafka_forget_survey(self);
	if (self->client)
		leave(self);
	if (self->loop)
		loop_timer_remove(self->loop, &self->timer);
	if (self->watch.fd >= 0) {
		loop_watch_remove(self->loop, &self->watch);
		close(self->watch.fd);
	}
	client_release(self->client);
	group_forget_given(self);
	for (size_t i = 0; i < self->count; i++)
		partition_free(self->partitions[i]);
	free(self->partitions);
	free(self->cluster);
	free(self->counts);
	free(self->born);
	free(self);
}

static const struct source_ops kafka_ops = {
	.dials = true,
	.heard_awake = true,
	.start = kafka_start,
	.next = kafka_next,
	.restore = kafka_restore,
	.note = kafka_note,
	.mark = kafka_mark,
	.commit = kafka_commit,
	.is_whole = group_is_whole,
	.go_back = group_go_back,
	.locate = kafka_locate,
	.report = kafka_report,
	.close = kafka_close,
};

struct source *kafka_source_new(const char *name,
				const struct kafka_options *options)
{
	struct kafka_source *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->source = (struct source){&kafka_ops, name};
	self->options = *options;
	self->watch.fd = -1;
	self->counts = calloc(options->topic_count, sizeof(*self->counts));
	self->born = calloc(options->topic_count, sizeof(*self->born));
	for (size_t i = 0; self->born && i < options->topic_count; i++)
		self->born[i] = -1;
	if (self->counts && self->born)
		return &self->source;
	free(self->counts);
	free(self->born);
	free(self);
	return NULL;
}

const char *kafka_source_cluster(const struct source *source)
{
	return ((const struct kafka_source *)source)->cluster;
}
