/*
 * A group shares partitions out. librdkafka tells what it gives and takes in a
 * callback, inside the call that takes messages over; it is noted there and
 * dealt with between two messages. Everything is taken before anything is
 * given (the eager protocol): what was counted is handed over in between.
 */
#include <stdlib.h>
#include <string.h>

#include "kafka/source_parts.h"
#include "base/steps.h"

/* How long brokers that say nothing are waited for by one who leaves, and where
 * a connection broke, so that perhaps nobody is there. */
#define LEAVE_MS	5000
#define LEAVE_BROKEN_MS 500
#define LEAVE_STEP_MS	20

void group_forget_given(struct kafka_source *self)
{
	if (self->rebalance.given)
		rd_kafka_topic_partition_list_destroy(self->rebalance.given);
	self->rebalance.given = NULL;
}

void group_rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t code,
		     rd_kafka_topic_partition_list_t *list, void *opaque)
{
	struct kafka_source *self = ((struct client *)opaque)->owner;
	struct rebalance *noted = &self->rebalance;

	if (self->closing) {
		rd_kafka_assign(handle, NULL);
		return;
	}
	group_forget_given(self);
	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		noted->given = rd_kafka_topic_partition_list_copy(list);
		return;
	}
	noted->takes = true;
	noted->lost = code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS ||
		      rd_kafka_assignment_lost(handle);
}

int group_join(struct kafka_source *self, struct error *error)
{
	rd_kafka_topic_partition_list_t *topics =
		rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < self->options.topic_count; i++)
		rd_kafka_topic_partition_list_add(
			topics, self->options.topics[i], RD_KAFKA_PARTITION_UA);
	code = rd_kafka_subscribe(self->client->handle, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return error_set(error, "%s: cannot join the group '%s': %s",
			 self->source.name, self->options.group,
			 rd_kafka_err2str(code));
}

/* --- taken ---------------------------------------------------------------- */

/* A name is fenced by whoever joins with it. So is a member whose session ran
 * out while no broker was there: it joins again under another number, and what
 * it sent under the old one is refused. Somebody else would do it again. */
#define FENCED_AGAIN_NS (60 * NS_PER_S)

bool group_is_fenced(struct kafka_source *self)
{
	char why[512];
	rd_kafka_resp_err_t code =
		rd_kafka_fatal_error(self->client->handle, why, sizeof(why));

	if (code != RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ||
	    (self->anew_ns > 0 &&
	     self->now_ns - self->anew_ns < FENCED_AGAIN_NS))
		return false;
	group_forget_given(self);
	self->fenced = true;
	self->rebalance.takes = self->rebalance.lost = true;
	return true;
}

static enum source_status join_anew(struct kafka_source *self,
				    struct chunk *chunk)
{
	self->fenced = false;
	self->anew_ns = self->now_ns;
	log_line(self->options.log, LOG_NORMAL,
		 "%s: the session of member '%s' ran out: it joins again",
		 self->source.name, self->options.member);
	if (kafka_reopen(self, &chunk->why) != 0 ||
	    group_join(self, &chunk->why) != 0)
		return kafka_fail(self, false, chunk);
	return SOURCE_AGAIN;
}

/* Those that read it hand over what they counted; then it is let go. */
static enum source_status let_go(struct kafka_source *self, struct chunk *chunk)
{
	struct rebalance *noted = &self->rebalance;
	bool has_any = false;

	for (size_t i = 0; i < self->count; i++)
		has_any |= self->partitions[i]->given;
	if (has_any && !noted->told) {
		noted->told = true;
		step_reach("revoke");
		chunk_tell(chunk, CHUNK_LEAVING, AFTER_NEXT, NULL);
		chunk->lost = noted->lost;
		return SOURCE_CHUNK;
	}
	step_reach("revoked");
	noted->told = noted->takes = noted->lost = false;
	self->goes_back = false;
	self->assigned = false;
	/* An answer that is on its way is of what we had. */
	kafka_forget_survey(self);
	kafka_drop_batch(self);
	for (size_t i = 0; i < self->count; i++) {
		self->partitions[i]->given = false;
		self->partitions[i]->misses = false;
	}
	self->changed = true;
	if (self->fenced)
		return join_anew(self, chunk);
	rd_kafka_assign(self->client->handle, NULL);
	return SOURCE_AGAIN;
}

/* --- given ---------------------------------------------------------------- */

/* How far others were: where each is to begin. */
static int ask_places(struct kafka_source *self,
		      const rd_kafka_topic_partition_list_t *list,
		      struct error *error)
{
	size_t count = (size_t)list->cnt;
	struct looked_up *places = calloc(count + 1, sizeof(*places));
	int result;

	if (!places)
		return error_set(error, "out of memory");
	for (size_t i = 0; i < count; i++) {
		size_t topic = 0;

		while (strcmp(self->options.topics[topic],
			      list->elems[i].topic) != 0)
			topic++;
		places[i] = (struct looked_up){
			.topic = topic,
			.number = list->elems[i].partition,
			.committed = -1,
			.low = -1,
			.high = -1,
			.newest_ns = TIME_NONE,
		};
	}
	result = kafka_ask(self, SURVEY_GROUP, places, count, error);
	free(places);
	return result;
}

static rd_kafka_topic_partition_list_t *list_given(
	const struct kafka_source *self)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new((int)self->count);

	for (size_t i = 0; i < self->count; i++)
		if (self->partitions[i]->given)
			rd_kafka_topic_partition_list_add(
				list, self->partitions[i]->topic,
				self->partitions[i]->number);
	return list;
}

bool group_has_news(const struct kafka_source *self)
{
	return self->rebalance.takes ||
	       (!self->survey && (self->rebalance.given || self->goes_back));
}

enum source_status group_step(struct kafka_source *self, struct chunk *chunk)
{
	rd_kafka_topic_partition_list_t *list;
	int result;

	if (self->rebalance.takes)
		return let_go(self, chunk);
	/* Nothing is read till the answer is there. */
	self->goes_back = true;
	list = self->rebalance.given ? rd_kafka_topic_partition_list_copy(
					       self->rebalance.given)
				     : list_given(self);
	result = ask_places(self, list, &chunk->why);
	rd_kafka_topic_partition_list_destroy(list);
	return result == 0 ? SOURCE_AGAIN : kafka_fail(self, false, chunk);
}

static int check_query(const struct kafka_source *self,
		       const struct survey *found, struct error *error)
{
	const char *query = self->options.query;

	if (!query || found->other_query[0] == '\0')
		return 0;
	return error_set(error,
			 "%s: the group '%s' counts another query (%s, this is "
			 "%s): members of a group agree in --key, --window, "
			 "--time, --sum, --where and --missing; give another "
			 "--group and --publish",
			 self->source.name, self->options.group,
			 found->other_query, query);
}

int group_take(struct kafka_source *self, const struct survey *found,
	       struct error *error)
{
	size_t topics = self->options.topic_count;

	/* Something else was said meanwhile, which comes first. */
	if (self->rebalance.takes)
		return 0;
	group_forget_given(self);
	if (check_query(self, found, error) != 0)
		return -1;
	memcpy(self->counts, found->counts, topics * sizeof(*self->counts));
	if (found->begun)
		memcpy(self->born, found->born, topics * sizeof(*self->born));
	kafka_drop_batch(self);
	for (size_t i = 0; i < found->count; i++) {
		const struct looked_up *place = &found->partitions[i];
		struct partition *partition =
			kafka_make(self, place->topic, place->number);

		if (!partition)
			return error_set(error, "out of memory");
		if (kafka_claim(self, partition, error) != 0)
			return -1;
		kafka_give(self, partition, place);
	}
	self->goes_back = false;
	self->assigned = true;
	if (kafka_assign(self, error) != 0)
		return -1;
	step_reach("assigned");
	/* Where it begins is said at once, so that it begins there again. */
	if (!self->options.query)
		group_commit(self, false);
	return 0;
}

bool group_is_whole(const struct source *source)
{
	const struct kafka_source *self = (const struct kafka_source *)source;

	return self->done == 0 && !self->goes_back;
}

void group_go_back(struct source *source)
{
	struct kafka_source *self = kafka_of(source);

	self->goes_back = true;
	self->done = 0;
}

/* --- told others ---------------------------------------------------------- */

void group_mark(struct kafka_source *self)
{
	uint64_t lines;

	for (size_t i = 0; i < self->count; i++)
		partition_place(self->partitions[i],
				&self->partitions[i]->marked_offset, &lines);
}

void group_commit(struct kafka_source *self, bool all)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new((int)self->count);

	for (size_t i = 0; i < self->count; i++) {
		struct partition *partition = self->partitions[i];
		rd_kafka_topic_partition_t *place;
		int64_t offset = partition->marked_offset;
		struct buffer note = {0};

		if (!partition->given || (offset == partition->told_offset &&
					  !partition->is_new && !all))
			continue;
		commit_note_append(&note, &self->options,
				   partition->stream.time->newest_ns,
				   self->born);
		place = rd_kafka_topic_partition_list_add(
			list, partition->topic, partition->number);
		place->offset = offset;
		place->metadata = note.data; /* freed with the list */
		place->metadata_size = note.size;
		partition->told_offset = offset;
		partition->is_new = false;
	}
	if (list->cnt > 0)
		(void)rd_kafka_commit(self->client->handle, list, 1);
	rd_kafka_topic_partition_list_destroy(list);
}

/* Does it tell that a connection broke? */
static bool take_last(struct kafka_source *self, rd_kafka_event_t *event)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_REBALANCE:
		rd_kafka_assign(self->client->handle, NULL);
		return false;
	case RD_KAFKA_EVENT_ERROR: return true;
	default: return false;
	}
}

void group_leave(struct kafka_source *self, bool is_broken)
{
	rd_kafka_t *handle = self->client->handle;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
	rd_kafka_error_t *error;
	int silent_ms = 0;
	int limit_ms = is_broken ? LEAVE_BROKEN_MS : LEAVE_MS;

	if (!self->options.query && self->assigned)
		group_commit(self, true);
	/* What was committed is answered before it is closed. */
	error = rd_kafka_consumer_close_queue(handle, queue);
	if (error)
		limit_ms = 0;
	rd_kafka_error_destroy(error);
	while (silent_ms < limit_ms && !rd_kafka_consumer_closed(handle)) {
		rd_kafka_event_t *event =
			rd_kafka_queue_poll(queue, LEAVE_STEP_MS);

		silent_ms += event ? 0 : LEAVE_STEP_MS;
		if (event && take_last(self, event))
			limit_ms = LEAVE_BROKEN_MS;
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
}

static void add_mark(struct kafka_source *self, struct partition *partition,
		     struct batch *batch, int32_t partials, int64_t offset)
{
	const struct stream_time *time = partition->stream.time;
	struct mark_text mark = {
		.source = partition->topic,
		.partition = partition->number,
		.of = self->counts[partition->topic_number],
		.from = partition->told_offset,
		.to = offset,
		.newest_ns = time->newest_ns,
		.idle = time->idle,
		.partials = partials,
		.sources = self->options.topic_count,
		.query = self->options.query,
	};
	struct buffer note = {0};

	batch_add_mark(batch, &mark);
	commit_note_append(&note, &self->options, time->newest_ns, self->born);
	batch_add_offset(batch, partition->topic, partition->number, offset,
			 buffer_span(&note));
	batch->failed |= note.failed;
	buffer_release(&note);
}

void kafka_source_mark(struct source *source, struct batch *batch,
		       int32_t partials)
{
	struct kafka_source *self = kafka_of(source);

	/* What is void is not read, until it is read again. */
	for (size_t i = 0; i < self->count && !self->goes_back; i++) {
		struct partition *partition = self->partitions[i];
		const struct stream_time *time = partition->stream.time;
		int64_t offset;
		uint64_t lines;

		if (!partition->given)
			continue;
		partition_place(partition, &offset, &lines);
		if (!partition->is_new && offset == partition->told_offset &&
		    time->idle == partition->told_idle)
			continue;
		add_mark(self, partition, batch, partials, offset);
		partition->told_offset = offset;
		partition->told_idle = time->idle;
		partition->is_new = false;
	}
	if (batch->offsets && !batch->group)
		batch->group =
			rd_kafka_consumer_group_metadata(self->client->handle);
}
