/*
 * drain BROKER TOPIC MESSAGES: reads all partitions of a topic from their
 * beginnings with librdkafka, in batches, drops what it reads, and ends after
 * so many messages: the limit for whatever counts what comes from Kafka.
 */
#include "client.h"

#include <stdio.h>

#define BATCH 5000

static int partitions_of(rd_kafka_t *client, rd_kafka_topic_t *topic)
{
	const struct rd_kafka_metadata *known;
	int count;

	if (rd_kafka_metadata(client, 0, topic, &known, 30000) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		client_die(rd_kafka_topic_name(topic), "no metadata");
	count = known->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(known);
	return count;
}

/* Returns how many of a batch are messages. */
static long take(rd_kafka_message_t **batch, ssize_t count)
{
	long messages = 0;

	for (ssize_t i = 0; i < count; i++) {
		messages += !batch[i]->err;
		rd_kafka_message_destroy(batch[i]);
	}
	return messages;
}

int main(int argc, char **argv)
{
	/* With fewer messages than this the fetcher would rest in between. */
	static const char *const settings[] = {
		"queued.min.messages", "10000000", "queued.max.messages.kbytes",
		"16384", NULL};
	static rd_kafka_message_t *batch[BATCH];
	rd_kafka_t *client;
	rd_kafka_topic_t *topic;
	rd_kafka_queue_t *queue;
	int partitions;
	long left;

	if (argc != 4) {
		fprintf(stderr, "usage: drain BROKER TOPIC MESSAGES\n");
		return 2;
	}
	client = client_new(RD_KAFKA_CONSUMER, argv[1], settings);
	topic = rd_kafka_topic_new(client, argv[2], NULL);
	queue = rd_kafka_queue_new(client);
	partitions = partitions_of(client, topic);
	for (int i = 0; i < partitions; i++)
		if (rd_kafka_consume_start_queue(
			    topic, i, RD_KAFKA_OFFSET_BEGINNING, queue) != 0)
			client_die(argv[2], "cannot be read");
	for (left = client_number(argv[3], 1); left > 0;)
		left -= take(batch, rd_kafka_consume_batch_queue(queue, 100,
								 batch, BATCH));
	printf("%ld\n", left);
	return 0;
}
