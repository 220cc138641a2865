#include "http/connections.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"

/* A whole request, and a whole answer. */
#define ASKING_NS   (IDLE_TIMEOUT_S * NS_PER_S)
#define ANSWERED_NS (30 * NS_PER_S)

/* What the program needs may be more than it has so far. */
#define OTHER_DESCRIPTORS ((rlim_t)64)

/* Room for all of them, and for hundreds of sources. */
#define WANTED_DESCRIPTORS ((rlim_t)CONNECTIONS_MAX + 2096)

/* How many descriptors this process may have. */
static rlim_t ask_for_descriptors(void)
{
	struct rlimit limit;
	rlim_t before;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 256;
	before = limit.rlim_cur;
	if (before >= WANTED_DESCRIPTORS)
		return before;
	limit.rlim_cur = limit.rlim_max < WANTED_DESCRIPTORS
				 ? limit.rlim_max
				 : WANTED_DESCRIPTORS;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

unsigned connections_limit(int *highest)
{
	rlim_t descriptors = ask_for_descriptors();
	/* Of so few, accepting more would fail over and over. */
	rlim_t kept = descriptors > 2 * OTHER_DESCRIPTORS
			      ? OTHER_DESCRIPTORS
			      : descriptors - descriptors / 4;
	rlim_t limit = descriptors - kept;

	*highest = descriptors > INT_MAX ? INT_MAX : (int)(descriptors - 1);
	if (descriptors > 2 * OTHER_DESCRIPTORS)
		*highest -= (int)OTHER_DESCRIPTORS;
	if (limit < 1)
		return 1;
	return limit < CONNECTIONS_MAX ? (unsigned)limit : CONNECTIONS_MAX;
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
