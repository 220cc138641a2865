/*
 * connections: who is connected, and for how long.
 *
 * libmicrohttpd ends a connection on which nothing moves. Whoever sends a byte
 * now and then, or takes one, would hold it for ever: so the whole of a request
 * has a time, and the whole of an answer.
 */
#ifndef HTTP_CONNECTIONS_H
#define HTTP_CONNECTIONS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most at a time; fewer where there are not as many descriptors. */
#define CONNECTIONS_MAX 2000

/* Nothing moves for so long; also between two requests. */
#define IDLE_TIMEOUT_S 10

enum connection_phase {
	CONNECTION_ASKING,    /* no whole request came yet, or again */
	CONNECTION_ANSWERED,  /* its answer is on the way */
	CONNECTION_FOLLOWING, /* it gets events, for as long as it likes */
};

struct connection {
	struct connection *next;
	struct connection *previous;
	int fd;
	enum connection_phase phase;
	int64_t since_ns; /* mono */
};

struct connections {
	struct connection *first;
	size_t count;
	size_t answered; /* are in that phase */
};

/*
 * How many there may be. Descriptors are asked for; of what there is *highest
 * is the highest that a client may have: the program keeps those above it, for
 * a file to be opened anew, or a source to be dialled.
 */
unsigned connections_limit(int *highest);

/* NULL: memory is out. The descriptor stays libmicrohttpd's. */
struct connection *connections_add(struct connections *connections, int fd,
				   int64_t now_ns);
/* Takes NULL. */
void connections_remove(struct connections *connections,
			struct connection *connection);

void connections_set(struct connections *connections,
		     struct connection *connection, enum connection_phase phase,
		     int64_t now_ns);

/* Ends those whose time is over: libmicrohttpd sees it as their end. */
void connections_end_late(struct connections *connections, int64_t now_ns);

#endif
