/*
 * Stands in for all of Kafka where it is not built in: no operand gets past
 * kafka_check_built().
 */
#include "kafka/kafka.h"

int kafka_check_built(struct error *error)
{
	return error_set(error, "kafka://: built without Kafka");
}

const char *kafka_version(void)
{
	return NULL;
}

int kafka_check_property(const char *text, struct error *error)
{
	(void)text;
	return kafka_check_built(error);
}

struct source *kafka_source_new(const char *name,
				const struct kafka_options *options)
{
	(void)name;
	(void)options;
	return NULL;
}

struct batch *batch_new(void)
{
	return NULL;
}

void batch_free(struct batch *batch)
{
	(void)batch;
}

void batch_add_delta(struct batch *batch, const struct engine_delta *delta,
		     const char *const *key_names, size_t key_count)
{
	(void)batch;
	(void)delta;
	(void)key_names;
	(void)key_count;
}

void batch_add_tallies(struct batch *batch, const struct tallies *tallies,
		       const char *query)
{
	(void)batch;
	(void)tallies;
	(void)query;
}

void batch_add_mark(struct batch *batch, const struct mark_text *mark)
{
	(void)batch;
	(void)mark;
}

bool batch_failed(const struct batch *batch)
{
	(void)batch;
	return false;
}

bool batch_is_empty(const struct batch *batch)
{
	(void)batch;
	return true;
}

void kafka_source_mark(struct source *source, struct batch *batch,
		       int32_t partials)
{
	(void)source;
	(void)batch;
	(void)partials;
}

const char *kafka_source_cluster(const struct source *source)
{
	(void)source;
	return NULL;
}

struct publisher *publisher_open(const struct kafka_options *options,
				 struct loop *loop, struct error *error)
{
	(void)options;
	(void)loop;
	error_set(error, "built without Kafka");
	return NULL;
}

enum publisher_status publisher_poll(struct publisher *publisher,
				     struct error *error)
{
	(void)publisher;
	(void)error;
	return PUBLISHER_READY;
}

enum publisher_status publisher_wait(struct publisher *publisher,
				     int timeout_ms, struct error *error)
{
	(void)timeout_ms;
	return publisher_poll(publisher, error);
}

int32_t publisher_partitions(const struct publisher *publisher)
{
	(void)publisher;
	return 0;
}

const char *publisher_cluster(const struct publisher *publisher)
{
	(void)publisher;
	return NULL;
}

void publisher_send(struct publisher *publisher, struct batch *batch)
{
	(void)publisher;
	(void)batch;
}

void publisher_close(struct publisher *publisher)
{
	(void)publisher;
}
