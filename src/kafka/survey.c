#include "kafka/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/steps.h"
#include "base/units.h"
#include "kafka/survey_parts.h"

/* Offsets of a transaction that is being decided are waited for: its time-out,
 * and what the broker takes to notice. */
#define PENDING_MS 30000

/* So often a topic has to be unknown. */
#define UNKNOWN_LOOKS 3

static int64_t mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int survey_rest_ms(const struct survey *survey)
{
	int64_t rest_ms = (survey->until_ns - mono_ns()) / NS_PER_MS;

	return rest_ms < 1 ? 1 : rest_ms > 60000 ? 60000 : (int)rest_ms;
}

/* So long, from now on. */
static void give_time(struct survey *survey)
{
	survey->until_ns = mono_ns() + survey->options->connect_timeout_ns;
}

static bool is_over(const struct survey *survey)
{
	return mono_ns() >= survey->until_ns;
}

/* Brokers that are just coming, or leaders that move: it passes by itself. */
static bool is_passing(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
	case RD_KAFKA_RESP_ERR__WAIT_COORD:
	case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
	case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
	case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
	case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
	case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
	case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
	case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT: return true;
	default: return false;
	}
}

/* False: there is no time left. */
static bool pauses(const struct survey *survey)
{
	static const struct timespec pause = {.tv_nsec = 100 * NS_PER_MS};

	if (is_over(survey))
		return false;
	nanosleep(&pause, NULL);
	return true;
}

/* It may be asked again, after a pause. False: it may not, or it is no use. */
static bool asks_again(const struct survey *survey, rd_kafka_resp_err_t code)
{
	return is_passing(code) && pauses(survey);
}

void survey_fail(struct survey *survey, rd_kafka_resp_err_t code,
		 const char *what, const char *name)
{
	const char *reason = rd_kafka_err2str(code);

	switch (code) {
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		survey->result = SURVEY_MISSING;
		error_set(&survey->why, "there is no topic '%s'", name);
		return;
	default: break;
	}
	survey->result = is_passing(code) ? SURVEY_UNREACHED : SURVEY_REFUSED;
	error_set(&survey->why, "%s '%s': %s", what, name, reason);
}

/* --- topics --------------------------------------------------------------- */

static rd_kafka_resp_err_t count_once(struct survey *survey, size_t topic)
{
	const char *name = survey->options->topics[topic];
	rd_kafka_t *handle = survey->client->handle;
	rd_kafka_topic_t *handle_topic = rd_kafka_topic_new(handle, name, NULL);
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code;

	if (!handle_topic)
		return rd_kafka_last_error();
	code = rd_kafka_metadata(handle, 0, handle_topic, &metadata,
				 survey_rest_ms(survey));
	rd_kafka_topic_destroy(handle_topic);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1)
		code = metadata->topics[0].err;
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		survey->counts[topic] = metadata->topics[0].partition_cnt;
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	return code;
}

/* A broker that has just come knows of no topic yet. */
static bool count_partitions(struct survey *survey, size_t topic)
{
	int looks = UNKNOWN_LOOKS;
	rd_kafka_resp_err_t code;

	do {
		code = count_once(survey, topic);
	} while (asks_again(survey, code) ||
		 (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
		  --looks > 0 && pauses(survey)));
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return true;
	survey_fail(survey, code, "cannot read the topic",
		    survey->options->topics[topic]);
	return false;
}

static bool no_memory(struct survey *survey)
{
	survey->result = SURVEY_REFUSED;
	error_set(&survey->why, "out of memory");
	return false;
}

static bool find_cluster(struct survey *survey)
{
	char *id = rd_kafka_clusterid(survey->client->handle,
				      survey_rest_ms(survey));

	if (!id) {
		survey_fail(survey, RD_KAFKA_RESP_ERR__TIMED_OUT, "the brokers",
			    survey->options->brokers);
		return false;
	}
	survey->cluster = strdup(id);
	rd_kafka_mem_free(survey->client->handle, id);
	return survey->cluster || no_memory(survey);
}

static bool is_wanted(const struct kafka_options *options, int32_t number)
{
	for (size_t i = 0; i < options->range_count; i++)
		if ((unsigned)number >= options->ranges[i][0] &&
		    (unsigned)number <= options->ranges[i][1])
			return true;
	return options->range_count == 0;
}

/* Partitions that are asked for and are not there. */
static bool check_ranges(struct survey *survey, size_t topic)
{
	const struct kafka_options *options = survey->options;

	for (size_t i = 0; i < options->range_count; i++)
		if (options->ranges[i][1] >= (unsigned)survey->counts[topic]) {
			survey->result = SURVEY_MISSING;
			error_set(&survey->why,
				  "there is no partition %u of '%s', which has "
				  "%d",
				  options->ranges[i][1], options->topics[topic],
				  survey->counts[topic]);
			return false;
		}
	return true;
}

/* A place for each partition that is wanted. */
static bool list_partitions(struct survey *survey)
{
	const struct kafka_options *options = survey->options;
	size_t count = 0;

	for (size_t topic = 0; topic < options->topic_count; topic++) {
		if (!check_ranges(survey, topic))
			return false;
		count += (size_t)survey->counts[topic];
	}
	survey->partitions = calloc(count + 1, sizeof(*survey->partitions));
	if (!survey->partitions)
		return no_memory(survey);
	for (size_t topic = 0; topic < options->topic_count; topic++)
		for (int32_t i = 0; i < survey->counts[topic]; i++)
			if (is_wanted(options, i))
				survey->partitions[survey->count++] =
					(struct looked_up){
						.topic = topic,
						.number = i,
						.low = -1,
						.high = -1,
						.committed = -1,
						.newest_ns = TIME_NONE,
					};
	return true;
}

static bool find_topics(struct survey *survey)
{
	for (size_t i = 0; i < survey->options->topic_count; i++) {
		survey->counted = i + 1;
		if (!count_partitions(survey, i))
			return false;
	}
	return find_cluster(survey) && list_partitions(survey) &&
	       (!survey->options->merges || survey_check_kept(survey));
}

/* --- offsets -------------------------------------------------------------- */

static bool find_span(struct survey *survey, struct looked_up *partition)
{
	const char *topic = survey->options->topics[partition->topic];
	rd_kafka_resp_err_t code;

	do {
		code = rd_kafka_query_watermark_offsets(
			survey->client->handle, topic, partition->number,
			&partition->low, &partition->high,
			survey_rest_ms(survey));
	} while (asks_again(survey, code));
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		/* Who answers is there: each has its time. */
		give_time(survey);
		return true;
	}
	survey_fail(survey, code, "cannot read the topic", topic);
	return false;
}

static bool find_spans(struct survey *survey, bool all)
{
	for (size_t i = 0; i < survey->count; i++)
		if ((all || survey->partitions[i].committed < 0) &&
		    !find_span(survey, &survey->partitions[i]))
			return false;
	return true;
}

static bool find_group(struct survey *survey)
{
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < survey->options->topic_count; i++)
		if (!count_partitions(survey, i))
			return false;
	survey->until_ns = mono_ns() + PENDING_MS * NS_PER_MS;
	step_reach("committed_offsets");
	do {
		code = survey_committed(survey);
	} while (asks_again(survey, code));
	give_time(survey);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return true;
	/* Set already where memory was out. */
	if (survey->result == SURVEY_FOUND)
		survey_fail(survey, code, "cannot ask for the group",
			    survey->options->group);
	return false;
}

static bool ask(struct survey *survey)
{
	switch (survey->kind) {
	case SURVEY_TOPICS: return find_topics(survey);
	case SURVEY_ENDS:
		return find_topics(survey) && find_spans(survey, true);
	case SURVEY_GROUP:
		return find_group(survey) && find_spans(survey, false);
	case SURVEY_SPAN: return find_spans(survey, true);
	}
	return false;
}

/* --- the task ------------------------------------------------------------- */

static void run(void *task)
{
	struct survey *survey = task;

	give_time(survey);
	(void)ask(survey);
}

void survey_free(struct survey *survey)
{
	if (!survey)
		return;
	client_release(survey->client);
	free(survey->partitions);
	free(survey->counts);
	free(survey->born);
	free(survey->cluster);
	free(survey);
}

static void free_task(void *task)
{
	survey_free(task);
}

static struct survey *survey_new(const struct kafka_options *options,
				 const struct looked_up *partitions,
				 size_t count, const int32_t *counts)
{
	struct survey *survey = calloc(1, sizeof(*survey));
	size_t topics = options->topic_count;

	if (!survey)
		return NULL;
	survey->options = options;
	survey->counts = calloc(topics, sizeof(*survey->counts));
	survey->born = calloc(topics, sizeof(*survey->born));
	if (count > 0)
		survey->partitions = calloc(count, sizeof(*partitions));
	if (!survey->counts || !survey->born ||
	    (count > 0 && !survey->partitions)) {
		free_task(survey);
		return NULL;
	}
	if (count > 0)
		memcpy(survey->partitions, partitions,
		       count * sizeof(*partitions));
	survey->count = count;
	if (counts)
		memcpy(survey->counts, counts, topics * sizeof(*counts));
	return survey;
}

struct worker *survey_start(enum survey_kind kind, struct client *client,
			    const struct looked_up *partitions, size_t count,
			    const int32_t *counts, struct error *error)
{
	struct survey *survey =
		survey_new(&client->options, partitions, count, counts);
	struct worker *worker;

	if (!survey) {
		error_set(error, "out of memory");
		return NULL;
	}
	survey->kind = kind;
	survey->client = client_hold(client);
	worker = worker_start(run, free_task, survey, error);
	if (!worker)
		free_task(survey);
	return worker;
}

struct survey *survey_now(struct client *client)
{
	struct survey *survey = survey_new(&client->options, NULL, 0, NULL);

	if (!survey)
		return NULL;
	survey->kind = SURVEY_TOPICS;
	survey->client = client_hold(client);
	run(survey);
	return survey;
}
