/*
 * reached BROKER GROUP TOPIC PARTITIONS MESSAGES: waits until the offsets that
 * a group has committed add up to so many messages.
 */
#include "client.h"

#include <stdio.h>
#include <time.h>

/* The offsets are read while a transaction that will change them is open, too:
 * what it finds is what was committed last. */
static long committed(rd_kafka_t *client, const char *topic, int partitions)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(partitions);
	long sum = 0;

	rd_kafka_topic_partition_list_add_range(list, topic, 0, partitions - 1);
	if (rd_kafka_committed(client, list, 5000) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		sum = -1;
	for (int i = 0; sum >= 0 && i < list->cnt; i++)
		if (list->elems[i].offset > 0)
			sum += list->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return sum;
}

int main(int argc, char **argv)
{
	const char *settings[] = {"group.id", NULL, "isolation.level",
				  "read_uncommitted", NULL};
	const struct timespec pause = {.tv_nsec = 20000000};
	rd_kafka_t *client;
	int partitions;
	long messages;

	if (argc != 6) {
		fprintf(stderr, "usage: reached BROKER GROUP TOPIC PARTITIONS"
				" MESSAGES\n");
		return 2;
	}
	settings[1] = argv[2];
	client = client_new(RD_KAFKA_CONSUMER, argv[1], settings);
	partitions = (int)client_number(argv[4], 1);
	messages = client_number(argv[5], 0);
	while (committed(client, argv[3], partitions) < messages)
		nanosleep(&pause, NULL);
	rd_kafka_destroy(client);
	return 0;
}
