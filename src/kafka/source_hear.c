/*
 * What the cluster answers while the source is open, or fails to: partitions
 * that appear, offsets that are gone, brokers that are.
 */
#include <string.h>

#include "kafka/source_parts.h"

/* Between two looks whether there are more partitions. */
#define LOOK_NS (10 * NS_PER_S)

/* A look while it is open: are there more partitions? A group gives them. */
static bool grew(struct kafka_source *self, const struct survey *found,
		 struct chunk *chunk)
{
	for (size_t i = 0; i < self->options.topic_count; i++) {
		if (found->counts[i] <= self->counts[i])
			continue;
		chunk_tell(chunk, CHUNK_NOTE, AFTER_NEXT, NULL);
		error_set(&chunk->why,
			  "%s: '%s' has %d partitions now, %d "
			  "before",
			  self->source.name, self->options.topics[i],
			  found->counts[i], self->counts[i]);
		return true;
	}
	return false;
}

static int take_new(struct kafka_source *self, size_t topic, int32_t count,
		    struct error *error)
{
	struct looked_up place = {.topic = topic,
				  .number = self->counts[topic],
				  .committed = -1,
				  .newest_ns = TIME_NONE};

	self->counts[topic] = count;
	/* Marks were made for so many: who reads them has to know. */
	for (size_t i = 0; i < self->count; i++)
		if (self->partitions[i]->topic_number == topic)
			self->partitions[i]->stream.partitions =
				(uint32_t)count;
	if (self->options.group || self->options.range_count > 0 ||
	    self->options.until_end)
		return 0;
	for (; place.number < count; place.number++) {
		struct partition *partition =
			kafka_make(self, topic, place.number);

		if (!partition)
			return error_set(error, "out of memory");
		if (kafka_claim(self, partition, error) != 0)
			return -1;
		kafka_give(self, partition, &place);
	}
	/* What was fetched already comes again. */
	kafka_drop_batch(self);
	return kafka_assign(self, error);
}

static enum source_status looked(struct kafka_source *self,
				 const struct survey *found,
				 struct chunk *chunk)
{
	bool says;

	self->timer.due_ns = self->now_ns + LOOK_NS;
	says = grew(self, found, chunk);
	for (size_t i = 0; i < self->options.topic_count; i++)
		if (found->counts[i] > self->counts[i] &&
		    take_new(self, i, found->counts[i], &chunk->why) != 0)
			return kafka_fail(self, false, chunk);
	return says ? SOURCE_CHUNK : SOURCE_AGAIN;
}

/* An offset that was to be read is not there. */
static enum source_status find_gap(struct kafka_source *self,
				   const struct looked_up *found,
				   struct chunk *chunk)
{
	struct partition *partition = self->lost_place;
	long long from = (long long)partition->next;
	bool counts_on = !self->options.query && !self->options.merges;
	bool is_gap = true;

	self->lost_place = NULL;
	chunk_tell(chunk, CHUNK_GAP, AFTER_NEXT, &partition->stream);
	if (partition->next < found->low)
		error_set(&chunk->why,
			  "%s: offsets %lld to %lld have expired unread: %s",
			  partition->name, from, (long long)found->low - 1,
			  counts_on ? "what they held is not counted"
				    : "what they held is lost");
	else if (partition->next > found->high)
		error_set(&chunk->why,
			  "%s: offset %lld is beyond the end (%lld): the topic "
			  "was made anew, or lost records: %s",
			  partition->name, from, (long long)found->high,
			  counts_on ? "it is read from its beginning"
				    : "nothing says where to go on");
	else
		is_gap = false;
	if (!counts_on && is_gap)
		return kafka_fail(self, false, chunk);
	if (is_gap)
		partition_begin(partition, found->low, 0);
	/* It is read no more, and a seek does not change that. */
	kafka_drop_batch(self);
	if (kafka_assign(self, &chunk->why) != 0)
		return kafka_fail(self, false, chunk);
	return is_gap ? SOURCE_CHUNK : SOURCE_AGAIN;
}

/* One that is told of, or NULL. */
static struct stream *first_stream(const struct kafka_source *self)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->partitions[i]->told)
			return &self->partitions[i]->stream;
	return NULL;
}

enum source_status kafka_back(struct kafka_source *self, struct chunk *chunk)
{
	kafka_turn(self, KAFKA_RUNNING);
	self->timer.due_ns = self->now_ns + LOOK_NS;
	return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT, first_stream(self));
}

static enum source_status answered(struct kafka_source *self,
				   struct survey *found, struct chunk *chunk)
{
	int result = 0;

	self->unsure = false;
	if (self->state == KAFKA_DOWN)
		return kafka_back(self, chunk);
	if (self->state == KAFKA_LOOKING) {
		result = kafka_opened(self, found, &chunk->why);
		self->timer.due_ns = self->now_ns + LOOK_NS;
	} else if (found->kind == SURVEY_GROUP) {
		result = group_take(self, found, &chunk->why);
	} else if (found->kind == SURVEY_SPAN && self->lost_place &&
		   !self->rebalance.takes) {
		return find_gap(self, &found->partitions[0], chunk);
	} else {
		return looked(self, found, chunk);
	}
	return result == 0 ? SOURCE_AGAIN : kafka_fail(self, false, chunk);
}

/* Nobody answered, or not as hoped. */
static enum source_status refused(struct kafka_source *self,
				  const struct survey *found,
				  struct chunk *chunk)
{
	const struct error *trouble = &self->client->trouble;
	bool heals =
		found->result != SURVEY_REFUSED && self->state != KAFKA_RUNNING;

	/* It is asked for again. */
	if (self->lost_place)
		self->lost_place->misses = self->missing = true;
	self->lost_place = NULL;
	/* What appears after the first look is read from its beginning. */
	if (found->result == SURVEY_MISSING)
		kafka_note_born(self, found);
	if (found->result == SURVEY_UNREACHED) {
		heals = true;
		error_set(&chunk->why,
			  "%s: no broker answered in time "
			  "(--connect-timeout)%s%s",
			  self->source.name, trouble->message[0] ? ": " : "",
			  trouble->message);
	} else {
		error_set(&chunk->why, "%s: %s", self->source.name,
			  found->why.message);
	}
	return kafka_fail(self, heals, chunk);
}

enum source_status kafka_hear(struct kafka_source *self, struct chunk *chunk)
{
	struct worker *worker = self->survey;
	struct survey *found = worker ? worker_result(worker) : NULL;
	enum source_status status;

	/* Later it is trouble as any other: a broker that just came may not
	 * know us yet. */
	if (self->client->refused.message[0] != '\0' &&
	    self->state != KAFKA_RUNNING) {
		error_set(&chunk->why, "%s: %s", self->source.name,
			  self->client->refused.message);
		return kafka_fail(self, false, chunk);
	}
	/* Between two messages: what is read anew would bring the half of one
	 * that was taken again. */
	if (!found || self->done > 0)
		return SOURCE_AGAIN;
	loop_watch_remove(self->loop, &self->survey_watch);
	self->survey = NULL;
	status = found->result == SURVEY_FOUND ? answered(self, found, chunk)
					       : refused(self, found, chunk);
	worker_release(worker);
	return status;
}
