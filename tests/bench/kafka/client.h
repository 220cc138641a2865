/* What the bench's programs for Kafka share. Each ends at its first error. */
#ifndef CLIENT_H
#define CLIENT_H

#include <librdkafka/rdkafka.h>

/* Says why, and ends with status 1. */
_Noreturn void client_die(const char *what, const char *why);

/* A producer or consumer at a broker, with `settings`: names and values in
 * turns, up to a NULL. A message that is not delivered ends the program. */
rd_kafka_t *client_new(rd_kafka_type_t type, const char *broker,
		       const char *const *settings);

/* A whole number of at least `least`, or usage. */
long client_number(const char *text, long least);

double client_now_s(void);

#endif
