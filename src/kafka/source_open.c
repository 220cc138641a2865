/*
 * What was looked up, and where reading begins: where a state has it, else
 * where the group has it, else as --from says; but what appeared since is read
 * from its beginning.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "kafka/source_parts.h"

/* Between two tries, and two looks whether there are more partitions. */
#define AGAIN_NS NS_PER_S
#define LOOK_NS	 (10 * NS_PER_S)

/* --- asking --------------------------------------------------------------- */

int kafka_ask(struct kafka_source *self, enum survey_kind kind,
	      const struct looked_up *partitions, size_t count,
	      struct error *error)
{
	self->survey = survey_start(kind, self->client, partitions, count,
				    self->counts, error);
	if (!self->survey)
		return -1;
	self->survey_watch = (struct loop_watch){
		.fd = worker_fd(self->survey),
		.events = POLLIN,
		.part = LOOP_OPENING,
	};
	return loop_watch_add(self->loop, &self->survey_watch, error);
}

int kafka_ask_topics(struct kafka_source *self, struct error *error)
{
	bool ends = !self->options.group || self->options.until_end;

	self->state = KAFKA_LOOKING;
	return kafka_ask(self, ends ? SURVEY_ENDS : SURVEY_TOPICS, NULL, 0,
			 error);
}

/* Memory: payloads only; what librdkafka takes for itself comes on top, see
 * the manual. Reaching a number of messages would stall the fetcher. */
static int open_client(struct kafka_source *self, struct error *error)
{
	const struct kafka_options *options = &self->options;
	const struct client_setting settings[] = {
		{"queued.max.messages.kbytes", "16384"},
		{"queued.min.messages", "10000000"},
		{"fetch.wait.max.ms", "100"},
		{"session.timeout.ms", "10000"},
		{"topic.metadata.refresh.interval.ms", "10000"},
		{"auto.offset.reset", "error"},
		{"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"},
		{"enable.partition.eof", "true"},
		{"isolation.level", "read_committed"},
		{"partition.assignment.strategy", "range,roundrobin"},
		{"group.id", options->group ? options->group : "ordercount"},
		{"group.instance.id", options->member},
		{NULL, NULL},
	};

	self->client = client_open(RD_KAFKA_CONSUMER, options, settings, self,
				   group_rebalance, error);
	if (!self->client)
		return -1;
	rd_kafka_poll_set_consumer(self->client->handle);
	self->queue = rd_kafka_queue_get_consumer(self->client->handle);
	return 0;
}

int kafka_begin(struct kafka_source *self, struct error *error)
{
	static const uint64_t one = 1;

	if (open_client(self, error) != 0)
		return -1;
	self->watch = (struct loop_watch){
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.events = POLLIN,
		.part = LOOP_OPENING,
	};
	if (self->watch.fd < 0)
		return error_system(error, errno, "%s", self->source.name);
	if (loop_watch_add(self->loop, &self->watch, error) != 0)
		return -1;
	rd_kafka_queue_io_event_enable(self->queue, self->watch.fd, &one,
				       sizeof(one));
	return kafka_ask_topics(self, error);
}

/* --- partitions ----------------------------------------------------------- */

struct partition *kafka_find(const struct kafka_source *self, const char *topic,
			     int32_t number)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->partitions[i]->number == number &&
		    strcmp(self->partitions[i]->topic, topic) == 0)
			return self->partitions[i];
	return NULL;
}

/* How messages show the source of one topic; of several it is the topic. */
static const char *shown_name(const struct kafka_source *self, size_t topic)
{
	return self->options.topic_count == 1 ? self->source.name
					      : self->options.topics[topic];
}

struct partition *kafka_make(struct kafka_source *self, size_t topic,
			     int32_t number)
{
	const char *name = self->options.topics[topic];
	struct partition *partition = kafka_find(self, name, number);
	struct partition **list;
	struct buffer key = {0};

	if (partition)
		return partition;
	list = realloc(self->partitions, (self->count + 1) * sizeof(*list));
	if (!list)
		return NULL;
	self->partitions = list;
	partition = partition_new(shown_name(self, topic), name, topic, number,
				  (uint32_t)self->counts[topic]);
	if (!partition)
		return NULL;
	buffer_printf(&key, "kafka %s %s %d", self->cluster, name, number);
	buffer_append_char(&key, '\0');
	partition->key = key.data;
	if (!partition->key) {
		partition_free(partition);
		return NULL;
	}
	self->partitions[self->count++] = partition;
	return partition;
}

int kafka_claim(struct kafka_source *self, struct partition *partition,
		struct error *error)
{
	bool twice;

	if (!self->positions || partition->position)
		return 0;
	partition->position = positions_claim_partition(self->positions,
							partition->key, &twice);
	if (partition->position)
		return 0;
	if (twice)
		return error_set(error,
				 "the topic '%s' is given twice, and would be "
				 "counted twice",
				 partition->topic);
	return error_set(error, "out of memory");
}

void kafka_give(struct kafka_source *self, struct partition *partition,
		const struct looked_up *found, bool from_first)
{
	const struct position *kept = partition->position;
	int64_t newest_ns = found->newest_ns;
	int64_t offset;
	uint64_t lines = 0;

	if (kept && kept->begun) {
		offset = (int64_t)kept->offset;
		lines = kept->line_number;
		newest_ns = kept->newest_ns;
	} else if (found->committed >= 0) {
		offset = found->committed;
	} else if (from_first || found->later || !self->options.from_end) {
		offset = found->low;
	} else {
		offset = found->high;
	}
	partition_begin(partition, offset, lines);
	partition->stream.own_time.newest_ns = newest_ns;
	partition->stream.own_time.steady = true;
	partition->given = true;
	partition->is_new = true;
	partition->told_offset = offset;
	self->changed = true;
	kafka_check_end(self, partition, offset);
	if (partition->position)
		positions_begin(self->positions, partition->position,
				(uint64_t)offset, newest_ns);
}

int kafka_assign(struct kafka_source *self, struct error *error)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new((int)self->count);
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < self->count; i++) {
		const struct partition *partition = self->partitions[i];

		if (partition->given && !partition->over)
			rd_kafka_topic_partition_list_add(
				list, partition->topic, partition->number)
				->offset = partition->next;
	}
	code = rd_kafka_assign(self->client->handle, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return error_set(error, "%s: cannot read: %s", self->source.name,
			 rd_kafka_err2str(code));
}

/* --- answers -------------------------------------------------------------- */

/* Until-end: not beyond what is the end now. */
static int pin_ends(struct kafka_source *self, const struct survey *found)
{
	for (size_t i = 0; i < found->count; i++) {
		struct partition *partition =
			kafka_make(self, found->partitions[i].topic,
				   found->partitions[i].number);

		if (!partition)
			return -1;
		if (self->options.until_end && partition->stop < 0)
			partition->stop = found->partitions[i].high;
	}
	return 0;
}

/* Without a group all that was found is ours. */
static int take_all(struct kafka_source *self, const struct survey *found,
		    struct error *error)
{
	bool known = false;

	for (size_t i = 0; i < found->count; i++)
		if (kafka_claim(
			    self,
			    kafka_find(
				    self,
				    self->options
					    .topics[found->partitions[i].topic],
				    found->partitions[i].number),
			    error) != 0)
			return -1;
	for (size_t i = 0; i < self->count; i++)
		known |= self->partitions[i]->position &&
			 self->partitions[i]->position->begun;
	for (size_t i = 0; i < found->count; i++)
		kafka_give(
			self,
			kafka_find(self,
				   self->options
					   .topics[found->partitions[i].topic],
				   found->partitions[i].number),
			&found->partitions[i], known);
	return kafka_assign(self, error);
}

/* It is open: the topics are known. */
static int opened(struct kafka_source *self, struct survey *found,
		  struct error *error)
{
	self->cluster = found->cluster;
	found->cluster = NULL;
	memcpy(self->counts, found->counts,
	       self->options.topic_count * sizeof(*self->counts));
	if (pin_ends(self, found) != 0)
		return error_set(error, "out of memory");
	self->state = KAFKA_RUNNING;
	self->watch.part = LOOP_INPUT;
	self->changed = true;
	return self->options.group ? group_join(self, error)
				   : take_all(self, found, error);
}

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
	static const struct looked_up nothing = {.committed = -1,
						 .newest_ns = TIME_NONE};
	int32_t number = self->counts[topic];

	self->counts[topic] = count;
	if (self->options.group || self->options.range_count > 0 ||
	    self->options.until_end)
		return 0;
	for (; number < count; number++) {
		struct partition *partition = kafka_make(self, topic, number);

		if (!partition)
			return error_set(error, "out of memory");
		if (kafka_claim(self, partition, error) != 0)
			return -1;
		kafka_give(self, partition, &nothing, true);
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
	/* Between two messages: one that is half taken would come again. */
	if (self->done > 0)
		return SOURCE_AGAIN;
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
	rd_kafka_topic_partition_list_t *list;
	long long from = (long long)partition->next;
	bool counts_on = !self->options.query && !self->options.merges;

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
	if (!counts_on && chunk->why.message[0] != '\0')
		return kafka_fail(self, false, chunk);
	list = rd_kafka_topic_partition_list_new(1);
	if (chunk->why.message[0] != '\0')
		partition_begin(partition, found->low, 0);
	rd_kafka_topic_partition_list_add(list, partition->topic,
					  partition->number)
		->offset = partition->next;
	rd_kafka_error_destroy(
		rd_kafka_seek_partitions(self->client->handle, list, 0));
	rd_kafka_topic_partition_list_destroy(list);
	return chunk->why.message[0] != '\0' ? SOURCE_CHUNK : SOURCE_AGAIN;
}

static enum source_status answered(struct kafka_source *self,
				   struct survey *found, struct chunk *chunk)
{
	int result = 0;

	if (self->state == KAFKA_DOWN) {
		/* It answers again; librdkafka goes on where it was. */
		self->state = KAFKA_RUNNING;
		self->timer.due_ns = self->now_ns + LOOK_NS;
		return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT, NULL);
	}
	if (self->state == KAFKA_LOOKING) {
		result = opened(self, found, &chunk->why);
		self->timer.due_ns = self->now_ns + LOOK_NS;
	} else if (found->kind == SURVEY_GROUP) {
		result = group_take(self, found, &chunk->why);
	} else if (found->kind == SURVEY_SPAN && self->lost_place) {
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

	if (self->client->refused.message[0] != '\0') {
		error_set(&chunk->why, "%s: %s", self->source.name,
			  self->client->refused.message);
		return kafka_fail(self, false, chunk);
	}
	if (!found)
		return SOURCE_AGAIN;
	loop_watch_remove(self->loop, &self->survey_watch);
	self->survey = NULL;
	status = found->result == SURVEY_FOUND ? answered(self, found, chunk)
					       : refused(self, found, chunk);
	worker_release(worker);
	return status;
}
