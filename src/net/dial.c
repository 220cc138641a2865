#include "net/dial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define DIAL_STAGGER_NS (250 * NS_PER_MS)

int dial_open(struct dial *dial, struct loop *loop, struct addresses *addresses)
{
	*dial = (struct dial){.loop = loop, .addresses = *addresses};
	*addresses = (struct addresses){0};
	dial->attempts = calloc(dial->addresses.count, sizeof(*dial->attempts));
	if (!dial->attempts) {
		addresses_release(&dial->addresses);
		return -1;
	}
	dial->timer.due_ns = TIME_NEVER;
	dial->timer.part = LOOP_OPENING;
	loop_timer_add(loop, &dial->timer);
	return 0;
}

/* The descriptor is no longer watched, and the caller's. */
static int dial_take(struct dial *dial, struct dial_attempt *attempt)
{
	loop_watch_remove(dial->loop, &attempt->watch);
	attempt->open = false;
	dial->open--;
	return attempt->watch.fd;
}

void dial_close(struct dial *dial)
{
	size_t i;

	for (i = 0; i < dial->begun; i++) {
		if (dial->attempts[i].open)
			close(dial_take(dial, &dial->attempts[i]));
	}
	loop_timer_remove(dial->loop, &dial->timer);
	free(dial->attempts);
	addresses_release(&dial->addresses);
	*dial = (struct dial){0};
}

/* How much an error says about the server, and not about a family that this
 * host, or the way there, does not have. */
static int dial_rank(int number)
{
	switch (number) {
	case 0: return 0;
	case EAFNOSUPPORT:
	case EADDRNOTAVAIL:
	case ENETUNREACH: return 1;
	case EHOSTUNREACH:
	case EACCES:
	case EPERM: return 2;
	default: return 3;
	}
}

static void dial_note(struct dial *dial, int number)
{
	if (dial_rank(number) >= dial_rank(dial->number))
		dial->number = number;
}

/*
 * A port that nobody listens on can be given to the socket that dials it, which
 * then is connected to itself, and silent for ever.
 */
static bool dial_is_to_itself(int fd)
{
	struct sockaddr_storage ours, theirs;
	socklen_t our_size = sizeof(ours);
	socklen_t their_size = sizeof(theirs);

	memset(&ours, 0, sizeof(ours));
	memset(&theirs, 0, sizeof(theirs));
	if (getsockname(fd, (struct sockaddr *)&ours, &our_size) < 0 ||
	    getpeername(fd, (struct sockaddr *)&theirs, &their_size) < 0)
		return false;
	return our_size == their_size && memcmp(&ours, &theirs, our_size) == 0;
}

/* Begins the next address. -1: it failed, and that was noted. */
static int dial_begin(struct dial *dial)
{
	const struct address *address = &dial->addresses.items[dial->begun];
	struct dial_attempt *attempt = &dial->attempts[dial->begun++];
	struct error ignored;
	int fd = socket(address->name.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		dial_note(dial, errno);
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)&address->name,
		    address->size) < 0 &&
	    errno != EINPROGRESS && errno != EINTR) {
		dial_note(dial, errno);
		close(fd);
		return -1;
	}
	attempt->watch = (struct loop_watch){
		.fd = fd, .events = POLLOUT, .part = LOOP_OPENING};
	if (loop_watch_add(dial->loop, &attempt->watch, &ignored) < 0) {
		dial_note(dial, ENOMEM);
		close(fd);
		return -1;
	}
	attempt->open = true;
	dial->open++;
	return 0;
}

/* Why there is no connection although something happened. */
static int dial_error(int fd)
{
	int number = 0;
	socklen_t size = sizeof(number);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) < 0)
		return errno;
	return number != 0 ? number : EINPROGRESS;
}

static bool dial_has_peer(int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

/*
 * What became of an attempt on which something happened: 0, EINPROGRESS or
 * another errno. Asked by a look at the data and not by SO_ERROR: a peer that
 * sent something and reset the connection since has delivered it, and its error
 * has to stay. Only a firewall of this host makes a socket ready that is
 * neither connected nor closed.
 */
static int dial_outcome(const struct dial_attempt *attempt)
{
	int fd = attempt->watch.fd;
	char byte;

	if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return errno;
		if (!dial_has_peer(fd))
			return dial_error(fd);
	}
	return dial_is_to_itself(fd) ? ECONNREFUSED : 0;
}

enum dial_status dial_step(struct dial *dial, int64_t now_ns, int *fd)
{
	bool next_due = dial->begun == 0 || now_ns >= dial->timer.due_ns;
	struct dial_attempt *attempt;
	size_t i;
	int number;

	for (i = 0; i < dial->begun; i++) {
		attempt = &dial->attempts[i];
		if (!attempt->open || attempt->watch.ready == 0)
			continue;
		number = dial_outcome(attempt);
		if (number == EINPROGRESS)
			continue;
		*fd = dial_take(dial, attempt);
		if (number == 0)
			return DIAL_CONNECTED;
		close(*fd);
		dial_note(dial, number);
		next_due = true;
	}
	while (next_due && dial->begun < dial->addresses.count) {
		next_due = dial_begin(dial) < 0;
		dial->timer.due_ns = now_ns + DIAL_STAGGER_NS;
	}
	if (dial->begun == dial->addresses.count) {
		dial->timer.due_ns = TIME_NEVER;
		if (dial->open == 0)
			return DIAL_FAILED;
	}
	return DIAL_AGAIN;
}
