/*
 * How a topic is kept, as its settings say.
 */
#include <string.h>

#include "kafka/survey_parts.h"

static const char *find_policy(const rd_kafka_ConfigResource_t *resource)
{
	size_t count;
	const rd_kafka_ConfigEntry_t **entries =
		rd_kafka_ConfigResource_configs(resource, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(rd_kafka_ConfigEntry_name(entries[i]),
			   "cleanup.policy") == 0)
			return rd_kafka_ConfigEntry_value(entries[i]);
	return NULL;
}

/* NULL: nobody answered. */
static rd_kafka_event_t *ask(struct survey *survey, const char *topic)
{
	rd_kafka_t *handle = survey->client->handle;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
	rd_kafka_ConfigResource_t *resource =
		rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	rd_kafka_event_t *event;

	rd_kafka_DescribeConfigs(handle, &resource, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, survey_rest_ms(survey));
	rd_kafka_ConfigResource_destroy(resource);
	rd_kafka_queue_destroy(queue);
	return event;
}

static bool check_topic(struct survey *survey, const char *topic)
{
	rd_kafka_event_t *event = ask(survey, topic);
	const rd_kafka_ConfigResource_t **resources = NULL;
	const char *policy = NULL;
	size_t count = 0;
	bool kept;

	if (event && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR)
		resources = rd_kafka_DescribeConfigs_result_resources(
			rd_kafka_event_DescribeConfigs_result(event), &count);
	if (count == 1)
		policy = find_policy(resources[0]);
	kept = !policy || !strstr(policy, "compact");
	if (!kept) {
		survey->result = SURVEY_REFUSED;
		error_set(&survey->why,
			  "the topic '%s' is compacted (cleanup.policy=%s), "
			  "and would lose what members publish: make one with "
			  "cleanup.policy=delete",
			  topic, policy);
	}
	if (event)
		rd_kafka_event_destroy(event);
	return kept;
}

bool survey_check_kept(struct survey *survey)
{
	for (size_t i = 0; i < survey->options->topic_count; i++)
		if (!check_topic(survey, survey->options->topics[i]))
			return false;
	return true;
}
