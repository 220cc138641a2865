#include "http/connections.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"

/* A whole request, and a whole answer. */
#define ASKING_NS   (IDLE_TIMEOUT_S * NS_PER_S)
#define ANSWERED_NS (30 * NS_PER_S)

/* For sources, files and libraries. */
#define OTHER_DESCRIPTORS 64

unsigned connections_limit(void)
{
	struct rlimit limit;
	rlim_t wanted = CONNECTIONS_MAX + OTHER_DESCRIPTORS;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return CONNECTIONS_MAX / 8;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur =
			limit.rlim_max < wanted ? limit.rlim_max : wanted;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0 ||
		    getrlimit(RLIMIT_NOFILE, &limit) != 0)
			return CONNECTIONS_MAX / 8;
	}
	if (limit.rlim_cur >= wanted)
		return CONNECTIONS_MAX;
	/* So few that accepting more would fail, over and over. */
	if (limit.rlim_cur <= 2 * (rlim_t)OTHER_DESCRIPTORS)
		return limit.rlim_cur < 8 ? 1 : (unsigned)limit.rlim_cur / 4;
	return (unsigned)limit.rlim_cur - OTHER_DESCRIPTORS;
}

struct connection *connections_add(struct connections *connections, int fd,
				   int64_t now_ns)
{
	struct connection *connection = malloc(sizeof(*connection));

	if (!connection)
		return NULL;
	*connection = (struct connection){
		.next = connections->first,
		.fd = fd,
		.phase = CONNECTION_ASKING,
		.since_ns = now_ns,
	};
	if (connection->next)
		connection->next->previous = connection;
	connections->first = connection;
	connections->count++;
	return connection;
}

void connections_remove(struct connections *connections,
			struct connection *connection)
{
	if (!connection)
		return;
	if (connection->next)
		connection->next->previous = connection->previous;
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		connections->first = connection->next;
	connections->count--;
	connections->answered -= connection->phase == CONNECTION_ANSWERED;
	free(connection);
}

void connections_set(struct connections *connections,
		     struct connection *connection, enum connection_phase phase,
		     int64_t now_ns)
{
	connections->answered -= connection->phase == CONNECTION_ANSWERED;
	connections->answered += phase == CONNECTION_ANSWERED;
	connection->phase = phase;
	connection->since_ns = now_ns;
}

void connections_end_late(struct connections *connections, int64_t now_ns)
{
	for (struct connection *i = connections->first; i; i = i->next) {
		int64_t limit_ns =
			i->phase == CONNECTION_ASKING ? ASKING_NS : ANSWERED_NS;

		if (i->phase != CONNECTION_FOLLOWING &&
		    now_ns - i->since_ns > limit_ns)
			shutdown(i->fd, SHUT_RDWR);
	}
}
