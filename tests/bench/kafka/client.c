#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void client_die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message,
		      void *context)
{
	(void)client;
	(void)context;
	if (message->err)
		client_die("a message was not delivered",
			   rd_kafka_err2str(message->err));
}

rd_kafka_t *client_new(rd_kafka_type_t type, const char *broker,
		       const char *const *settings)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[512];
	rd_kafka_t *client;

	if (rd_kafka_conf_set(conf, "bootstrap.servers", broker, why,
			      sizeof why) != RD_KAFKA_CONF_OK)
		client_die(broker, why);
	for (; settings && *settings; settings += 2)
		if (rd_kafka_conf_set(conf, settings[0], settings[1], why,
				      sizeof why) != RD_KAFKA_CONF_OK)
			client_die(settings[0], why);
	if (type == RD_KAFKA_PRODUCER)
		rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	client = rd_kafka_new(type, conf, why, sizeof why);
	if (!client)
		client_die("no client", why);
	return client;
}

long client_number(const char *text, long least)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (end == text || *end != '\0' || number < least)
		client_die("not a number that would do", text);
	return number;
}

double client_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
