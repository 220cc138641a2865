/*
 * topic BROKER NAME PARTITIONS: makes a topic, which is not there yet.
 * topic BROKER NAME: deletes it.
 */
#include "client.h"

#include <stdio.h>

#define WAIT_MS 30000

static const rd_kafka_topic_result_t *result_of(rd_kafka_event_t *event)
{
	size_t count;

	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT)
		return rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(event), &count)[0];
	return rd_kafka_DeleteTopics_result_topics(
		rd_kafka_event_DeleteTopics_result(event), &count)[0];
}

static void check(rd_kafka_event_t *event, const char *name)
{
	const rd_kafka_topic_result_t *result;

	if (!event)
		client_die(name, "the broker does not answer");
	if (rd_kafka_event_error(event))
		client_die(name, rd_kafka_event_error_string(event));
	result = result_of(event);
	if (rd_kafka_topic_result_error(result))
		client_die(name, rd_kafka_topic_result_error_string(result));
	rd_kafka_event_destroy(event);
}

static void create(rd_kafka_t *client, rd_kafka_queue_t *queue,
		   const char *name, int partitions)
{
	char why[512];
	rd_kafka_NewTopic_t *topic =
		rd_kafka_NewTopic_new(name, partitions, 1, why, sizeof why);

	if (!topic)
		client_die(name, why);
	rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
	check(rd_kafka_queue_poll(queue, WAIT_MS), name);
	rd_kafka_NewTopic_destroy(topic);
}

static void remove_it(rd_kafka_t *client, rd_kafka_queue_t *queue,
		      const char *name)
{
	rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);

	rd_kafka_DeleteTopics(client, &topic, 1, NULL, queue);
	check(rd_kafka_queue_poll(queue, WAIT_MS), name);
	rd_kafka_DeleteTopic_destroy(topic);
}

int main(int argc, char **argv)
{
	rd_kafka_t *client;
	rd_kafka_queue_t *queue;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: topic BROKER NAME [PARTITIONS]\n");
		return 2;
	}
	client = client_new(RD_KAFKA_PRODUCER, argv[1], NULL);
	queue = rd_kafka_queue_new(client);
	if (argc == 4)
		create(client, queue, argv[2], (int)client_number(argv[3], 1));
	else
		remove_it(client, queue, argv[2]);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(client);
	return 0;
}
