/*
 * deliver: what of publishing blocks, done in a worker: the topic is opened, or
 * a batch sent in one transaction.
 */
#ifndef KAFKA_DELIVER_H
#define KAFKA_DELIVER_H

#include "kafka/batch.h"
#include "kafka/client.h"

enum delivery_result { DELIVERED, DELIVERY_ABORTED, DELIVERY_FAILED };

/* A task: to open it, or to send a batch. What it has is its own, but for the
 * topic. */
struct delivery {
	struct client *client;
	struct batch *batch; /* NULL: it is opened */
	rd_kafka_topic_t *topic;
	int32_t partitions;
	char *cluster;
	enum delivery_result result;
	struct error why;
};

/* For worker_start(). */
void delivery_run(void *task);
void delivery_free(void *task);

#endif
