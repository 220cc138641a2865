/*
 * Transactions, one after the other, each in a worker. One is begun only when
 * all that goes into it is there, so that it is open for as short as can be.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/worker.h"
#include "kafka/deliver.h"

#define ID_SIZE 512

struct publisher {
	struct client *client;
	struct loop *loop;
	struct loop_watch watch;
	struct worker *worker; /* NULL: nothing runs */
	rd_kafka_topic_t *topic;
	int32_t partitions;
	char *cluster;
	bool failed;
	struct error why;
	char id[ID_SIZE];
};

static void set_failed(struct publisher *publisher, const char *why)
{
	publisher->failed = true;
	error_set(&publisher->why, "%s", why);
}

/* Takes the batch; NULL: it is opened. */
static void start(struct publisher *publisher, struct batch *batch)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));
	struct error error;

	if (!delivery) {
		batch_free(batch);
		set_failed(publisher, "out of memory");
		return;
	}
	delivery->client = client_hold(publisher->client);
	delivery->batch = batch;
	delivery->topic = publisher->topic;
	delivery->partitions = publisher->partitions;
	publisher->worker =
		worker_start(delivery_run, delivery_free, delivery, &error);
	if (!publisher->worker) {
		delivery_free(delivery);
		set_failed(publisher, error.message);
		return;
	}
	publisher->watch = (struct loop_watch){
		.fd = worker_fd(publisher->worker),
		.events = POLLIN,
		.part = LOOP_ALWAYS,
	};
	if (loop_watch_add(publisher->loop, &publisher->watch, &error) != 0)
		set_failed(publisher, error.message);
}

/* A member without a lasting name has one of its own. */
static int make_id(struct publisher *publisher,
		   const struct kafka_options *options)
{
	uint64_t random = 0;

	if (options->member)
		return snprintf(publisher->id, ID_SIZE, "ordercount-%s/%s",
				options->group, options->member);
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -1;
	return snprintf(publisher->id, ID_SIZE, "ordercount-%s/%016llx",
			options->group, (unsigned long long)random);
}

struct publisher *publisher_open(const struct kafka_options *options,
				 struct loop *loop, struct error *error)
{
	struct publisher *publisher = calloc(1, sizeof(*publisher));
	struct client_setting settings[] = {
		{"transaction.timeout.ms", "10000"},
		{"enable.idempotence", "true"},
		{"allow.auto.create.topics", "false"},
		{"compression.codec", "lz4"},
		{"linger.ms", "0"},
		{"transactional.id", publisher ? publisher->id : NULL},
		{NULL, NULL},
	};

	if (!publisher || make_id(publisher, options) < 0) {
		free(publisher);
		error_set(error, "out of memory");
		return NULL;
	}
	publisher->loop = loop;
	publisher->client = client_open(RD_KAFKA_PRODUCER, options, settings,
					publisher, NULL, error);
	if (!publisher->client) {
		free(publisher);
		return NULL;
	}
	publisher->topic = rd_kafka_topic_new(publisher->client->handle,
					      options->topics[0], NULL);
	start(publisher, NULL);
	return publisher;
}

/* The worker is done. */
static enum publisher_status settle(struct publisher *publisher,
				    struct delivery *delivery,
				    struct error *error)
{
	enum delivery_result result = delivery->result;

	if (!delivery->batch) {
		publisher->partitions = delivery->partitions;
		publisher->cluster = delivery->cluster;
		delivery->cluster = NULL;
	}
	*error = delivery->why;
	loop_watch_remove(publisher->loop, &publisher->watch);
	worker_release(publisher->worker);
	publisher->worker = NULL;
	if (result == DELIVERY_ABORTED)
		return PUBLISHER_ABORTED;
	if (result == DELIVERED)
		return PUBLISHER_READY;
	set_failed(publisher, error->message);
	return PUBLISHER_FAILED;
}

enum publisher_status publisher_poll(struct publisher *publisher,
				     struct error *error)
{
	struct delivery *delivery;

	if (publisher->failed) {
		*error = publisher->why;
		return PUBLISHER_FAILED;
	}
	if (!publisher->worker)
		return PUBLISHER_READY;
	delivery = worker_result(publisher->worker);
	return delivery ? settle(publisher, delivery, error) : PUBLISHER_BUSY;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum publisher_status publisher_wait(struct publisher *publisher,
				     int timeout_ms, struct error *error)
{
	int64_t until_ms = now_ms() + timeout_ms;
	enum publisher_status status;

	while ((status = publisher_poll(publisher, error)) == PUBLISHER_BUSY) {
		struct pollfd fd = {.fd = worker_fd(publisher->worker),
				    .events = POLLIN};
		int64_t rest_ms = until_ms - now_ms();

		if (rest_ms <= 0)
			break;
		(void)poll(&fd, 1, (int)rest_ms);
	}
	return status;
}

int32_t publisher_partitions(const struct publisher *publisher)
{
	return publisher->partitions;
}

const char *publisher_cluster(const struct publisher *publisher)
{
	return publisher->cluster;
}

void publisher_send(struct publisher *publisher, struct batch *batch)
{
	start(publisher, batch);
}

void publisher_close(struct publisher *publisher)
{
	if (!publisher)
		return;
	if (publisher->worker) {
		loop_watch_remove(publisher->loop, &publisher->watch);
		worker_release(publisher->worker);
	} else {
		/* A worker may still use it; then it ends with the process. */
		rd_kafka_topic_destroy(publisher->topic);
	}
	client_release(publisher->client);
	free(publisher->cluster);
	free(publisher);
}
