/*
 * Transactions, one after the other, each in a worker: begin, produce, send the
 * offsets, commit. One is begun only when all that goes into it is there, so
 * that it is open for as short as can be. What fails is aborted: then all that
 * was counted since the last commit is void, and read again.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/worker.h"
#include "kafka/batch.h"
#include "kafka/survey.h"
#include "base/steps.h"

#define ID_SIZE 512

/* One call waits at most so long; it is called again while that may help. */
#define CALL_MS 5000
/* A member of the name that was killed has to time out first: its transaction,
 * and what the broker takes to notice. */
#define OPEN_TRIES 12

enum delivery_result { DELIVERED, DELIVERY_ABORTED, DELIVERY_FAILED };

/* What the worker does: opens it, or sends a batch. */
struct delivery {
	struct client *client;
	struct batch *batch; /* NULL: it is opened */
	rd_kafka_topic_t *topic;
	int32_t partitions;
	char *cluster;
	enum delivery_result result;
	struct error why;
};

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

/* --- in the worker -------------------------------------------------------- */

/* Takes the error. What could not be done, for good. */
static void fail(struct delivery *delivery, rd_kafka_error_t *error)
{
	const char *name = delivery->client->options.topics[0];

	delivery->result = DELIVERY_FAILED;
	switch (rd_kafka_error_code(error)) {
	case RD_KAFKA_RESP_ERR__FENCED:
	case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
	case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
		error_set(
			&delivery->why,
			"--publish: another member of this name took over, or "
			"this one was away for too long: what it had not "
			"committed is read again by the others");
		break;
	default:
		error_set(&delivery->why, "--publish '%s': %s", name,
			  rd_kafka_error_string(error));
		break;
	}
	rd_kafka_error_destroy(error);
}

/* Calls it again while that may help. */
static rd_kafka_error_t *insist(rd_kafka_error_t *(*call)(rd_kafka_t *handle,
							  int timeout_ms),
				rd_kafka_t *handle, int tries)
{
	rd_kafka_error_t *error;

	while ((error = call(handle, CALL_MS)) != NULL && --tries > 0 &&
	       rd_kafka_error_is_retriable(error))
		rd_kafka_error_destroy(error);
	return error;
}

/* Takes the error, for which the transaction cannot be committed. */
static void give_up(struct delivery *delivery, rd_kafka_error_t *error)
{
	rd_kafka_t *handle = delivery->client->handle;

	if (rd_kafka_error_is_fatal(error)) {
		fail(delivery, error);
		return;
	}
	error_set(&delivery->why, "--publish '%s': %s",
		  delivery->client->options.topics[0],
		  rd_kafka_error_string(error));
	rd_kafka_error_destroy(error);
	step_reach("abort");
	error = insist(rd_kafka_abort_transaction, handle, OPEN_TRIES);
	if (error)
		fail(delivery, error);
	else
		delivery->result = DELIVERY_ABORTED;
}

static rd_kafka_resp_err_t produce(const struct delivery *delivery,
				   const struct batch_message *message,
				   int32_t partition)
{
	char *bytes = delivery->batch->bytes.data;

	if (rd_kafka_produce(delivery->topic, partition,
			     RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK,
			     bytes + message->value, message->value_size,
			     bytes + message->key, message->key_size,
			     NULL) == 0)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	return rd_kafka_last_error();
}

/* To the partitions that it is for. */
static rd_kafka_resp_err_t produce_to(const struct delivery *delivery,
				      const struct batch_message *message)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	int32_t partition = 0;

	if (message->aim == BATCH_BY_KEY)
		partition = rd_kafka_msg_partitioner_murmur2(
			delivery->topic,
			delivery->batch->bytes.data + message->key,
			message->key_size, delivery->partitions, NULL, NULL);
	if (message->aim != BATCH_ALL)
		return produce(delivery, message, partition);
	for (; code == RD_KAFKA_RESP_ERR_NO_ERROR &&
	       partition < delivery->partitions;
	     partition++)
		code = produce(delivery, message, partition);
	return code;
}

static rd_kafka_error_t *produce_all(const struct delivery *delivery)
{
	const struct batch *batch = delivery->batch;
	bool marks = false;

	for (size_t i = 0; i < batch->count; i++) {
		rd_kafka_resp_err_t code;

		if (!marks && batch->messages[i].aim != BATCH_BY_KEY)
			step_reach("produced");
		marks = batch->messages[i].aim != BATCH_BY_KEY;
		code = produce_to(delivery, &batch->messages[i]);
		if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
			return rd_kafka_error_new(code, "%s",
						  rd_kafka_err2str(code));
	}
	step_reach("marked");
	return NULL;
}

static rd_kafka_error_t *send_offsets(const struct delivery *delivery)
{
	const struct batch *batch = delivery->batch;
	rd_kafka_error_t *error = NULL;
	int tries = OPEN_TRIES;

	if (!batch->offsets || batch->offsets->cnt == 0)
		return NULL;
	while ((error = rd_kafka_send_offsets_to_transaction(
			delivery->client->handle, batch->offsets, batch->group,
			CALL_MS)) != NULL &&
	       --tries > 0 && rd_kafka_error_is_retriable(error))
		rd_kafka_error_destroy(error);
	return error;
}

static void send_once(struct delivery *delivery)
{
	rd_kafka_t *handle = delivery->client->handle;
	rd_kafka_error_t *error;

	step_reach("begin");
	error = rd_kafka_begin_transaction(handle);
	if (error) {
		fail(delivery, error);
		return;
	}
	error = produce_all(delivery);
	if (!error)
		error = send_offsets(delivery);
	step_reach("offsets");
	if (!error && step_fails("offsets"))
		error = rd_kafka_error_new(RD_KAFKA_RESP_ERR__FAIL,
					   "it was told to fail");
	if (!error) {
		rd_kafka_flush(handle, CALL_MS);
		step_reach("flushed");
		error = insist(rd_kafka_commit_transaction, handle, OPEN_TRIES);
	}
	if (error)
		give_up(delivery, error);
}

/* Without offsets nobody can read again what was aborted: it is sent again. */
static void send_batch(struct delivery *delivery)
{
	bool has_offsets = delivery->batch->offsets != NULL;
	int tries = OPEN_TRIES;

	do {
		delivery->result = DELIVERED;
		send_once(delivery);
	} while (delivery->result == DELIVERY_ABORTED && !has_offsets &&
		 --tries > 0);
	step_reach("committed");
}

static void open_topic(struct delivery *delivery)
{
	struct survey *found = survey_now(delivery->client);
	rd_kafka_error_t *error;

	if (!found || found->result != SURVEY_FOUND) {
		delivery->result = DELIVERY_FAILED;
		error_set(&delivery->why, "--publish: %s",
			  found ? found->why.message : "out of memory");
		survey_free(found);
		return;
	}
	delivery->partitions = found->counts[0];
	delivery->cluster = found->cluster;
	found->cluster = NULL;
	survey_free(found);
	error = insist(rd_kafka_init_transactions, delivery->client->handle,
		       OPEN_TRIES);
	if (error)
		fail(delivery, error);
}

static void run(void *task)
{
	struct delivery *delivery = task;

	if (delivery->batch)
		send_batch(delivery);
	else
		open_topic(delivery);
}

static void free_task(void *task)
{
	struct delivery *delivery = task;

	batch_free(delivery->batch);
	client_release(delivery->client);
	free(delivery->cluster);
	free(delivery);
}

/* --- outside -------------------------------------------------------------- */

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
	publisher->worker = worker_start(run, free_task, delivery, &error);
	if (!publisher->worker) {
		free_task(delivery);
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
