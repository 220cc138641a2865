/*
 * What the parts of the tcp source share:
 *
 *     tcp_open.c  until it is connected: pauses, names, dials, TLS
 *     tcp.c       reads, and is a source
 *
 * Nobody else includes this.
 */
#ifndef NET_TCP_PARTS_H
#define NET_TCP_PARTS_H

#include "net/backoff.h"
#include "net/dial.h"
#include "net/link.h"
#include "net/resolve.h"
#include "net/tcp.h"

/*
 *  WAITING -> RESOLVING -> DIALLING -> SHAKING -> CONNECTED -> CLOSED
 *     ^           |           |           |                      |
 *     +-----------+-----------+-----------+-- with reconnect ----+ else OVER
 */
enum tcp_state {
	TCP_WAITING,   /* the timer says when to dial */
	TCP_RESOLVING, /* the timer is the connect time-out */
	TCP_DIALLING,  /* the same */
	TCP_SHAKING,   /* hands, with TLS; either time-out */
	TCP_CONNECTED, /* the timer is the idle time-out */
	TCP_CLOSED,    /* ENDED or LOST was told, the pause is to be chosen */
	TCP_OVER,
};

struct tcp_source {
	struct source source; /* first: a source is one of these */
	const char *host;
	unsigned port;
	struct tcp_options options;
	struct loop *loop;
	enum tcp_state state;
	struct loop_timer timer;
	int64_t connect_due_ns;	 /* until SHAKING: the connect time-out */
	int64_t silent_due_ns;	 /* from SHAKING on: the idle time-out */
	struct lookup *lookup;	 /* RESOLVING */
	struct dial dial;	 /* DIALLING */
	struct link link;	 /* SHAKING, CONNECTED; else without a socket */
	bool more;		 /* CONNECTED: that no descriptor announces */
	struct loop_watch watch; /* of the lookup or of the link */
	struct stream stream;
	struct position *position; /* of an earlier run, or NULL */
	struct backoff backoff;
	uint64_t random;
	uint64_t read_bytes;
};

/* --- open ----------------------------------------------------------------- */

/* Gives up whatever the state holds. */
void tcp_let_go(struct tcp_source *self);

/* Chooses the pause before the next dial: WAITING. */
void tcp_pause(struct tcp_source *self, int64_t now_ns);

/* Goes on opening, in any state up to SHAKING. */
enum source_status tcp_open(struct tcp_source *self, int64_t now_ns,
			    struct chunk *chunk);

static inline int64_t tcp_later(int64_t now_ns, int64_t duration_ns)
{
	return duration_ns > TIME_NEVER - now_ns ? TIME_NEVER
						 : now_ns + duration_ns;
}

static inline void tcp_timer_set(struct tcp_source *self, int64_t due_ns,
				 enum loop_part part)
{
	self->timer.due_ns = due_ns;
	self->timer.part = part;
}

/* CONNECTED: something came, or is taken as if. */
static inline void tcp_heard(struct tcp_source *self, int64_t now_ns)
{
	self->silent_due_ns = tcp_later(now_ns, self->options.idle_timeout_ns);
	/* What no descriptor announces must not be waited for. */
	tcp_timer_set(self, self->more ? now_ns : self->silent_due_ns,
		      LOOP_INPUT);
}

#define TCP_LIMIT_SIZE 32

/* A time-out for a message, in room for its text. */
const char *tcp_limit(char text[TCP_LIMIT_SIZE], int64_t limit_ns);

#endif
