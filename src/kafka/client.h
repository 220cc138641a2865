/*
 * client: one librdkafka handle, shared with the workers that make its blocking
 * calls; whoever lets go last destroys it.
 *
 * What it complains about comes through its queue, so in our thread, and is
 * kept here: an error that heals by itself is one only when nothing answers for
 * as long as --connect-timeout.
 */
#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "kafka/kafka.h"

struct client {
	rd_kafka_t *handle;
	struct kafka_options options; /* what a worker may read is copied */
	struct log *log;
	atomic_int holders;
	/* Of our thread: */
	struct error trouble; /* the last complaint, or empty */
	struct error refused; /* who we are is not accepted: empty, or final */
	bool all_down;	      /* no broker is connected: told once */
	bool topics_gone;     /* perhaps: a look at them is due */
	void *owner;	      /* of a consumer: its source */
};

/* What ordercount sets besides, or differently; ends with NULL. */
struct client_setting {
	const char *name;
	const char *value; /* NULL: it is not set */
};

/*
 * Opens one, with librdkafka's own settings, then these, then -X. Borrows the
 * owner, who is handed the rebalances if it has a callback for
 * them. NULL: a setting is wrong, or memory is out. Connects in the background.
 */
struct client *client_open(
	rd_kafka_type_t type, const struct kafka_options *options,
	const struct client_setting *settings, void *owner,
	void (*rebalance)(rd_kafka_t *handle, rd_kafka_resp_err_t code,
			  rd_kafka_topic_partition_list_t *, void *client),
	struct error *error) MUST_CHECK;

struct client *client_hold(struct client *client);
void client_release(struct client *client);

/* --- properties.c --------------------------------------------------------- */

/* Sets what -X says. -1: a file cannot be read, or a property is wrong. */
int properties_apply(rd_kafka_conf_t *conf, const struct kafka_options *options,
		     struct error *error) MUST_CHECK;

#endif
