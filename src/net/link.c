#include "net/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static void keep_alive(int fd)
{
	const int on = 1, idle_s = 30, interval_s = 10, probes = 3;
	const unsigned limit_ms = 60000;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s,
			 sizeof(idle_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s,
			 sizeof(interval_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms,
			 sizeof(limit_ms));
}

int link_open(struct link *link, int fd, struct tls *tls, struct error *error)
{
	*link = (struct link){.fd = fd, .tls = tls};
	keep_alive(fd);
	if (!tls || tls_begin(tls, fd, error) == 0)
		return 0;
	link_close(link);
	return -1;
}

void link_close(struct link *link)
{
	if (link->tls)
		tls_end(link->tls);
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

/* --- by TLS --------------------------------------------------------------- */

static enum link_status judge(enum tls_status status, short *events)
{
	switch (status) {
	case TLS_DONE: return LINK_READY;
	case TLS_WANTS_READ: *events = POLLIN; return LINK_AGAIN;
	case TLS_WANTS_WRITE: *events = POLLOUT; return LINK_AGAIN;
	case TLS_ENDED: return LINK_ENDED;
	case TLS_FAILED: break;
	}
	return LINK_LOST;
}

enum link_status link_shake_hands(struct link *link, short *events,
				  struct error *why)
{
	if (!link->tls)
		return LINK_READY;
	return judge(tls_shake_hands(link->tls, why), events);
}

/* --- in the clear --------------------------------------------------------- */

static enum link_status read_plain(struct link *link, char *data, size_t size,
				   size_t *got, struct error *why)
{
	ssize_t result;

	do {
		result = recv(link->fd, data, size, MSG_DONTWAIT);
	} while (result < 0 && errno == EINTR);
	if (result < 0 && errno == EAGAIN)
		return LINK_AGAIN;
	if (result < 0) {
		error_system(why, errno, "connection lost");
		return LINK_LOST;
	}
	*got = (size_t)result;
	link->received += *got;
	return result > 0 ? LINK_READY : LINK_ENDED;
}

enum link_status link_read(struct link *link, char *data, size_t size,
			   size_t *got, bool *more, short *events,
			   struct error *why)
{
	enum link_status status;

	*events = POLLIN;
	if (link->tls)
		return judge(tls_read(link->tls, data, size, got, more, why),
			     events);
	status = read_plain(link, data, size, got, why);
	/* Less than was asked for: that was all, poll before asking again. */
	*more = status == LINK_READY && *got == size;
	return status;
}

bool link_heard(struct link *link)
{
	uint64_t heard = link->heard;

	link->heard = link->tls ? tls_received(link->tls) : link->received;
	return link->heard != heard;
}
