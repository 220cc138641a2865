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
		.part = kafka_part(self),
	};
	return loop_watch_add(self->loop, &self->survey_watch, error);
}

int kafka_ask_topics(struct kafka_source *self, struct error *error)
{
	bool is_open = self->state == KAFKA_DOWN;
	bool ends =
		!is_open && (!self->options.group || self->options.until_end);

	if (!is_open)
		kafka_turn(self, KAFKA_LOOKING);
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

static void watch_queue(struct kafka_source *self)
{
	static const uint64_t one = 1;

	rd_kafka_queue_io_event_enable(self->queue, self->watch.fd, &one,
				       sizeof(one));
}

void kafka_forget_survey(struct kafka_source *self)
{
	if (!self->survey)
		return;
	loop_watch_remove(self->loop, &self->survey_watch);
	worker_release(self->survey);
	self->survey = NULL;
	/* It may have been the look at the topics, after which the next one
	 * would have been due. */
	self->timer.due_ns = self->now_ns + NS_PER_S;
}

int kafka_reopen(struct kafka_source *self, struct error *error)
{
	kafka_forget_survey(self);
	kafka_drop_batch(self);
	self->last = NULL;
	rd_kafka_queue_destroy(self->queue);
	client_release(self->client);
	self->client = NULL;
	if (open_client(self, error) != 0)
		return -1;
	watch_queue(self);
	return 0;
}

int kafka_begin(struct kafka_source *self, struct error *error)
{
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
	watch_queue(self);
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
	list = realloc(self->partitions,
		       (self->count + 1) * sizeof(struct partition *));
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
	partition->position = positions_claim_part(
		self->positions, POSITION_PARTITION, partition->key, &twice);
	if (partition->position)
		return 0;
	if (twice)
		return error_set(error,
				 "the topic '%s' is given twice, and would be "
				 "counted twice",
				 partition->topic);
	return error_set(error, "out of memory");
}

/* Of a partition that a group gives again: what this run counted is not counted
 * again where the group could not be told of it. Members read it again. */
static bool goes_on(const struct kafka_source *self,
		    struct partition *partition, const struct looked_up *found,
		    int64_t *offset, uint64_t *lines)
{
	int64_t counted;
	uint64_t counted_lines;

	if (self->options.query || partition->end == 0)
		return false;
	partition_place(partition, &counted, &counted_lines);
	if (counted < found->committed)
		return false;
	*offset = counted;
	*lines = counted_lines;
	return true;
}

void kafka_give(struct kafka_source *self, struct partition *partition,
		const struct looked_up *found)
{
	const struct position *kept = partition->position;
	bool is_later = found->number >= self->born[found->topic];
	int64_t newest_ns = found->newest_ns;
	int64_t offset;
	uint64_t lines = 0;

	if (kept && kept->begun) {
		offset = (int64_t)kept->offset;
		lines = kept->line_number;
		newest_ns = kept->newest_ns;
	} else if (goes_on(self, partition, found, &offset, &lines)) {
		newest_ns = partition->stream.own_time.newest_ns;
	} else if (found->committed >= 0) {
		offset = found->committed;
	} else if (is_later || !self->options.from_end) {
		offset = found->low;
	} else if (partition->given) {
		/* It goes back, and nothing was committed yet. */
		offset = partition->first;
	} else {
		offset = found->high;
	}
	if (!partition->given)
		partition->first = offset;
	partition_begin(partition, offset, lines);
	partition->stream.own_time.newest_ns = newest_ns;
	partition->stream.own_time.steady = true;
	partition->given = true;
	partition->is_new = true;
	partition->told_offset = offset;
	partition->marked_offset = offset;
	self->changed = true;
	/* It was not there when the run began: nothing of it is wanted. */
	if (self->options.until_end && partition->stop < 0)
		partition->over = true;
	/* Beyond the end there may be another topic: reading it tells. */
	if (offset <= partition->stop)
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
	/* What a state does not know has appeared since. */
	for (size_t i = 0; known && i < self->options.topic_count; i++)
		self->born[i] = 0;
	for (size_t i = 0; i < found->count; i++)
		kafka_give(
			self,
			kafka_find(self,
				   self->options
					   .topics[found->partitions[i].topic],
				   found->partitions[i].number),
			&found->partitions[i]);
	return kafka_assign(self, error);
}

void kafka_note_born(struct kafka_source *self, const struct survey *found)
{
	for (size_t i = 0; i < found->counted; i++)
		if (self->born[i] < 0)
			self->born[i] = found->counts[i];
}

int kafka_opened(struct kafka_source *self, struct survey *found,
		 struct error *error)
{
	self->cluster = found->cluster;
	found->cluster = NULL;
	memcpy(self->counts, found->counts,
	       self->options.topic_count * sizeof(*self->counts));
	kafka_note_born(self, found);
	if (pin_ends(self, found) != 0)
		return error_set(error, "out of memory");
	kafka_turn(self, KAFKA_RUNNING);
	self->changed = true;
	return self->options.group ? group_join(self, error)
				   : take_all(self, found, error);
}
