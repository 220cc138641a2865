#include "kafka/client.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/worker.h"

/* How long its threads have to end. They may not, where a topic was deleted or
 * brokers do not answer (librdkafka 2.0): then they end with the process. */
#define DESTROY_MS 500

/* --- what librdkafka complains about -------------------------------------- */

#define CERTIFICATE_ADVICE                              \
	"the broker takes no certificate of ours: see " \
	"ssl.certificate.location and ssl.key.location"

/* What it does not say: what to do, and that to wait does not help. */
static const struct complaint {
	const char *sign, *and_sign;
	int before;	    /* this librdkafka; 0: any */
	bool final;	    /* for the broker will not think better of it */
	const char *advice; /* NULL: it says that itself */
} complaints[] = {
	{"certificate verify failed", "ssl.ca.location", 0, true, NULL},
	{"certificate verify failed", "", 0, true,
	 "no CA that is trusted signed the broker's: see ssl.ca.location"},
	{"alert bad certificate", "", 0, true, CERTIFICATE_ADVICE},
	{"alert certificate", "", 0, true, CERTIFICATE_ADVICE},
	{"alert unknown ca", "", 0, true, CERTIFICATE_ADVICE},
	{"invalid credentials", "SCRAM", 0x020601ff, true,
	 "sasl.username or sasl.password is wrong, or this is a broker since "
	 "Kafka 3.7.2, whose SCRAM takes librdkafka 2.6.1"},
	{"unexpected eof", "SSL_HANDSHAKE", 0, false,
	 "this may be a port without TLS: see security.protocol"},
	{"ssl.key.location", "PEM lib", 0, true,
	 "the key is no PEM, or its password is wrong: see ssl.key.password"},
};

static const struct complaint *find_complaint(const char *reason)
{
	size_t count = sizeof(complaints) / sizeof(*complaints);

	for (size_t i = 0; i < count; i++)
		if (strstr(reason, complaints[i].sign) &&
		    strstr(reason, complaints[i].and_sign) &&
		    (complaints[i].before == 0 ||
		     rd_kafka_version() < complaints[i].before))
			return &complaints[i];
	return NULL;
}

/* Without the times that follow; with what to do. */
static void explain(struct error *error, const char *reason)
{
	const struct complaint *complaint = find_complaint(reason);
	const char *advice = complaint ? complaint->advice : NULL;
	const char *tail = strstr(reason, " (after ");
	size_t length = tail ? (size_t)(tail - reason) : strlen(reason);

	while (length > 0 && reason[length - 1] == ' ')
		length--;
	error_set(error, "%.*s%s%s", (int)length, reason, advice ? ": " : "",
		  advice ? advice : "");
}

/* In our thread, while the queue is served. */
static void note_error(rd_kafka_t *handle, int code, const char *reason,
		       void *opaque)
{
	struct client *client = opaque;
	const struct complaint *complaint = find_complaint(reason);

	(void)handle;
	if (complaint && complaint->final)
		code = RD_KAFKA_RESP_ERR__AUTHENTICATION;
	switch (code) {
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		client->all_down = true;
		break;
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		client->topics_gone = true;
		break;
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
		explain(&client->refused, reason);
		client->trouble = client->refused;
		break;
	default: explain(&client->trouble, reason); break;
	}
	if (client->log)
		log_line(client->log, LOG_VERBOSE, "librdkafka: %s", reason);
}

static void note_log(const rd_kafka_t *handle, int level, const char *facility,
		     const char *text)
{
	struct client *client = rd_kafka_opaque(handle);

	(void)level;
	if (client && client->log)
		log_line(client->log, LOG_VERBOSE, "librdkafka: %s: %s",
			 facility, text);
}

/* -------------------------------------------------------------------------- */

static int set(rd_kafka_conf_t *conf, const char *name, const char *value,
	       struct error *error)
{
	char why[512];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) ==
	    RD_KAFKA_CONF_OK)
		return 0;
	return error_set(error, "%s", why);
}

static int set_all(rd_kafka_conf_t *conf, const struct kafka_options *options,
		   const struct client_setting *settings, struct error *error)
{
	if (set(conf, "client.id", "ordercount", error) != 0)
		return -1;
	for (; settings->name; settings++)
		if (settings->value &&
		    set(conf, settings->name, settings->value, error) != 0)
			return -1;
	if (properties_apply(conf, options, error) != 0)
		return -1;
	/* These are not the user's: the loop depends on them. */
	return set(conf, "log.queue", "true", error) != 0
		       ? -1
		       : set(conf, "bootstrap.servers", options->brokers,
			     error);
}

/* --- what a worker may still read when all else is closed ----------------- */

static void drop_copies(struct client *client)
{
	struct kafka_options *options = &client->options;

	for (size_t i = 0; options->topics && i < options->topic_count; i++)
		free(options->topics[i]);
	free((void *)options->topics);
	free((void *)options->ranges);
	free((void *)options->query);
	free((void *)options->brokers);
	free((void *)options->group);
}

static int copy_options(struct client *client,
			const struct kafka_options *options)
{
	size_t ranges_size = options->range_count * sizeof(*options->ranges);
	char **topics = calloc(options->topic_count, sizeof(*topics));
	void *ranges = malloc(ranges_size + 1);
	char *query = options->query ? strdup(options->query) : NULL;
	char *group = options->group ? strdup(options->group) : NULL;
	char *brokers = strdup(options->brokers);
	bool ok = topics && ranges && brokers && (query || !options->query) &&
		  (group || !options->group);

	client->options = *options;
	client->options.topics = topics;
	client->options.ranges = ranges;
	client->options.query = query;
	client->options.group = group;
	client->options.brokers = brokers;
	if (ranges_size > 0 && ranges)
		memcpy(ranges, options->ranges, ranges_size);
	for (size_t i = 0; ok && i < options->topic_count; i++) {
		topics[i] = strdup(options->topics[i]);
		ok = topics[i] != NULL;
	}
	return ok ? 0 : -1;
}

static void client_free(struct client *client)
{
	if (!client)
		return;
	drop_copies(client);
	free(client);
}

/* -------------------------------------------------------------------------- */

struct client *client_open(
	rd_kafka_type_t type, const struct kafka_options *options,
	const struct client_setting *settings, void *owner,
	void (*rebalance)(rd_kafka_t *handle, rd_kafka_resp_err_t code,
			  rd_kafka_topic_partition_list_t *, void *client),
	struct error *error)
{
	struct client *client = calloc(1, sizeof(*client));
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct error said;
	char why[512];

	if (!client || copy_options(client, options) != 0) {
		error_set(error, "out of memory");
		goto failed;
	}
	client->log = options->log;
	client->owner = owner;
	atomic_init(&client->holders, 1);
	rd_kafka_conf_set_opaque(conf, client);
	rd_kafka_conf_set_error_cb(conf, note_error);
	rd_kafka_conf_set_log_cb(conf, note_log);
	if (rebalance)
		rd_kafka_conf_set_rebalance_cb(conf, rebalance);
	if (set_all(conf, options, settings, error) != 0)
		goto failed;
	client->handle = rd_kafka_new(type, conf, why, sizeof(why));
	if (!client->handle) {
		explain(&said, why);
		error_set(error, "kafka://%s: %s", options->brokers,
			  said.message);
		goto failed;
	}
	rd_kafka_set_log_queue(client->handle, NULL);
	return client;
failed:
	rd_kafka_conf_destroy(conf);
	client_free(client);
	return NULL;
}

struct client *client_hold(struct client *client)
{
	atomic_fetch_add(&client->holders, 1);
	return client;
}

/* Whoever has to leave a group has left it by now. */
static void destroy(void *client)
{
	rd_kafka_destroy_flags(((struct client *)client)->handle,
			       RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static void free_destroyed(void *client)
{
	client_free(client);
}

void client_release(struct client *client)
{
	struct worker *worker;
	struct error error;
	struct pollfd done;

	if (!client || atomic_fetch_sub(&client->holders, 1) > 1)
		return;
	worker = worker_start(destroy, free_destroyed, client, &error);
	if (!worker)
		return;
	done = (struct pollfd){.fd = worker_fd(worker), .events = POLLIN};
	(void)poll(&done, 1, DESTROY_MS);
	worker_release(worker);
}
