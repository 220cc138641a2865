/*
 * A transaction: begin, produce, send the offsets, commit. What fails is
 * aborted: then all that was counted since the last commit is void, and read
 * again.
 */
#include "kafka/deliver.h"

#include <stdlib.h>

#include "base/steps.h"
#include "kafka/survey.h"

/* One call waits at most so long; it is called again while that may help. */
#define CALL_MS 5000
/* What is left of the transaction: any other time to commit or to abort can
 * leave librdkafka in a state in which it takes neither. */
#define REST_MS (-1)
/* A member of the name that was killed has to time out first: its transaction,
 * and what the broker takes to notice. */
#define OPEN_TRIES 12

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
				rd_kafka_t *handle, int timeout_ms, int tries)
{
	rd_kafka_error_t *error;

	while ((error = call(handle, timeout_ms)) != NULL && --tries > 0 &&
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
	error = insist(rd_kafka_abort_transaction, handle, REST_MS, OPEN_TRIES);
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
		error = insist(rd_kafka_commit_transaction, handle, REST_MS,
			       OPEN_TRIES);
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
		       CALL_MS, OPEN_TRIES);
	if (error)
		fail(delivery, error);
}

void delivery_run(void *task)
{
	struct delivery *delivery = task;

	if (delivery->batch)
		send_batch(delivery);
	else
		open_topic(delivery);
}

void delivery_free(void *task)
{
	struct delivery *delivery = task;

	batch_free(delivery->batch);
	client_release(delivery->client);
	free(delivery->cluster);
	free(delivery);
}
