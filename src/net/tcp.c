#include "net/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/units.h"
#include "net/backoff.h"
#include "net/dial.h"
#include "net/resolve.h"

#define TCP_LIMIT_SIZE 32

/*
 *  WAITING -> RESOLVING -> DIALLING -> CONNECTED -> CLOSED
 *     ^           |           |                       |
 *     +-----------+-----------+--- with reconnect ----+    else -> OVER
 */
enum tcp_state {
	TCP_WAITING,   /* the timer says when to dial */
	TCP_RESOLVING, /* the timer is the connect time-out */
	TCP_DIALLING,  /* the same */
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
	struct lookup *lookup;	 /* RESOLVING */
	struct dial dial;	 /* DIALLING */
	int fd;			 /* CONNECTED, else -1 */
	struct loop_watch watch; /* of the lookup or of fd */
	struct stream stream;
	struct position *position; /* of an earlier run, or NULL */
	struct backoff backoff;
	uint64_t random;
	uint64_t read_bytes;
};

static int64_t tcp_later(int64_t now_ns, int64_t duration_ns)
{
	return duration_ns > TIME_NEVER - now_ns ? TIME_NEVER
						 : now_ns + duration_ns;
}

/* splitmix64: good enough to keep clients apart. */
static uint64_t tcp_random(struct tcp_source *self)
{
	uint64_t value = self->random += 0x9e3779b97f4a7c15u;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return value ^ (value >> 31);
}

static void tcp_timer_set(struct tcp_source *self, int64_t due_ns,
			  enum loop_part part)
{
	self->timer.due_ns = due_ns;
	self->timer.part = part;
}

static int tcp_watch(struct tcp_source *self, int fd, enum loop_part part,
		     struct error *error)
{
	self->watch =
		(struct loop_watch){.fd = fd, .events = POLLIN, .part = part};
	return loop_watch_add(self->loop, &self->watch, error);
}

/* Gives up whatever the state holds. */
static void tcp_let_go(struct tcp_source *self)
{
	loop_watch_remove(self->loop, &self->watch);
	if (self->lookup)
		lookup_close(self->lookup);
	self->lookup = NULL;
	if (self->state == TCP_DIALLING)
		dial_close(&self->dial);
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
}

static enum chunk_after tcp_after(const struct tcp_source *self)
{
	return self->options.reconnect ? AFTER_AGAIN : AFTER_OVER;
}

static void tcp_pause(struct tcp_source *self, int64_t now_ns)
{
	int64_t pause_ns = backoff_pause(&self->backoff, tcp_random(self));

	self->state = TCP_WAITING;
	tcp_timer_set(self, tcp_later(now_ns, pause_ns), LOOP_OPENING);
}

/* The dial failed, as chunk->why says. */
static enum source_status tcp_down(struct tcp_source *self, int64_t now_ns,
				   struct chunk *chunk)
{
	tcp_let_go(self);
	chunk->kind = CHUNK_DOWN;
	chunk->after = tcp_after(self);
	chunk->stream = NULL;
	chunk->bytes = span_make(NULL, 0);
	self->state = TCP_OVER;
	tcp_timer_set(self, TIME_NEVER, LOOP_OPENING);
	if (self->options.reconnect)
		tcp_pause(self, now_ns);
	return SOURCE_CHUNK;
}

/* The connection is over: the chunk says how. */
static enum source_status tcp_closed(struct tcp_source *self, int64_t now_ns,
				     struct chunk *chunk)
{
	tcp_let_go(self);
	chunk->after = tcp_after(self);
	/* The pause depends on whether the unfinished last line is a record,
	 * which is known only after this chunk: come back at once. */
	self->state = self->options.reconnect ? TCP_CLOSED : TCP_OVER;
	tcp_timer_set(self, self->options.reconnect ? now_ns : TIME_NEVER,
		      LOOP_OPENING);
	return SOURCE_CHUNK;
}

/* A time-out for a message, in room for its text. */
static const char *tcp_limit(char text[TCP_LIMIT_SIZE], int64_t limit_ns)
{
	struct buffer limit = {0};

	duration_append(&limit, limit_ns);
	snprintf(text, TCP_LIMIT_SIZE, "%.*s", (int)limit.size,
		 limit.data ? limit.data : "");
	buffer_release(&limit);
	return text;
}

static int tcp_dial(struct tcp_source *self, struct addresses *addresses,
		    struct error *error)
{
	if (dial_open(&self->dial, self->loop, addresses) < 0)
		return error_system(error, ENOMEM, "cannot connect to %s",
				    self->source.name);
	self->state = TCP_DIALLING;
	return 0;
}

/* Begins to dial: RESOLVING or DIALLING. */
static int tcp_begin(struct tcp_source *self, int64_t now_ns,
		     struct error *error)
{
	struct addresses addresses;

	tcp_timer_set(self, tcp_later(now_ns, self->options.connect_timeout_ns),
		      LOOP_OPENING);
	switch (resolve_at_once(self->host, self->port, &addresses, error)) {
	case RESOLVE_DONE: return tcp_dial(self, &addresses, error);
	case RESOLVE_AGAIN: break;
	case RESOLVE_FAILED: return -1;
	}
	self->lookup = lookup_start(self->host, self->port, error);
	if (!self->lookup)
		return -1;
	self->state = TCP_RESOLVING;
	return tcp_watch(self, lookup_fd(self->lookup), LOOP_OPENING, error);
}

static enum source_status tcp_wait(struct tcp_source *self, int64_t now_ns,
				   struct chunk *chunk)
{
	if (now_ns >= self->timer.due_ns &&
	    tcp_begin(self, now_ns, &chunk->why) < 0)
		return tcp_down(self, now_ns, chunk);
	return SOURCE_AGAIN;
}

static enum source_status tcp_resolve(struct tcp_source *self, int64_t now_ns,
				      struct chunk *chunk)
{
	struct addresses addresses;
	char text[TCP_LIMIT_SIZE];

	switch (lookup_result(self->lookup, &addresses, &chunk->why)) {
	case RESOLVE_AGAIN:
		if (now_ns < self->timer.due_ns)
			return SOURCE_AGAIN;
		error_set(&chunk->why,
			  "cannot resolve '%s': no answer within %s "
			  "(--connect-timeout)",
			  self->host,
			  tcp_limit(text, self->options.connect_timeout_ns));
		break;
	case RESOLVE_DONE:
		tcp_let_go(self);
		if (tcp_dial(self, &addresses, &chunk->why) == 0)
			return SOURCE_AGAIN;
		break;
	case RESOLVE_FAILED: break;
	}
	return tcp_down(self, now_ns, chunk);
}

/* Finds out about a peer that has gone without a word, in a minute or so. */
static void tcp_keep_alive(int fd)
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

static void tcp_heard(struct tcp_source *self, int64_t now_ns)
{
	tcp_timer_set(self, tcp_later(now_ns, self->options.idle_timeout_ns),
		      LOOP_INPUT);
}

static enum source_status tcp_connected(struct tcp_source *self, int fd,
					int64_t now_ns, struct chunk *chunk)
{
	tcp_let_go(self);
	self->fd = fd;
	self->state = TCP_CONNECTED;
	if (tcp_watch(self, fd, LOOP_INPUT, &chunk->why) < 0)
		return tcp_down(self, now_ns, chunk);
	tcp_keep_alive(fd);
	tcp_heard(self, now_ns);
	stream_open(&self->stream, self->source.name);
	return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT, &self->stream);
}

static enum source_status tcp_await(struct tcp_source *self, int64_t now_ns,
				    struct chunk *chunk)
{
	char text[TCP_LIMIT_SIZE];
	int fd;

	switch (dial_step(&self->dial, now_ns, &fd)) {
	case DIAL_CONNECTED: return tcp_connected(self, fd, now_ns, chunk);
	case DIAL_AGAIN:
		if (now_ns < self->timer.due_ns)
			return SOURCE_AGAIN;
		error_set(&chunk->why,
			  "cannot connect to %s: no answer within %s "
			  "(--connect-timeout)",
			  self->source.name,
			  tcp_limit(text, self->options.connect_timeout_ns));
		break;
	case DIAL_FAILED:
		error_system(&chunk->why, self->dial.number,
			     "cannot connect to %s", self->source.name);
		break;
	}
	return tcp_down(self, now_ns, chunk);
}

static enum source_status tcp_nothing(struct tcp_source *self, int64_t now_ns,
				      struct chunk *chunk)
{
	char text[TCP_LIMIT_SIZE];

	self->watch.ready = 0;
	if (now_ns < self->timer.due_ns)
		return SOURCE_AGAIN;
	chunk_tell(chunk, CHUNK_LOST, AFTER_OVER, &self->stream);
	error_set(&chunk->why, "%s: nothing received for %s (--idle-timeout)",
		  self->source.name,
		  tcp_limit(text, self->options.idle_timeout_ns));
	return tcp_closed(self, now_ns, chunk);
}

static enum source_status tcp_read(struct tcp_source *self, int64_t now_ns,
				   struct read_area area, struct chunk *chunk)
{
	ssize_t got;

	/* At the idle time-out it is tried too: something may have come since
	 * the loop looked. */
	if (self->watch.ready == 0 && now_ns < self->timer.due_ns)
		return SOURCE_AGAIN;
	do {
		got = recv(self->fd, area.data, area.size, MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return tcp_nothing(self, now_ns, chunk);
	if (got < 0) {
		chunk_tell(chunk, CHUNK_LOST, AFTER_OVER, &self->stream);
		error_system(&chunk->why, errno, "%s: connection lost",
			     self->source.name);
		return tcp_closed(self, now_ns, chunk);
	}
	chunk_tell(chunk, CHUNK_ENDED, AFTER_OVER, &self->stream);
	if (got == 0)
		return tcp_closed(self, now_ns, chunk);
	chunk_tell(chunk, CHUNK_DATA, AFTER_NEXT, &self->stream);
	chunk->bytes = span_make(area.data, (size_t)got);
	/* Less than was asked for: that was all, poll before asking again. */
	if ((size_t)got < area.size)
		self->watch.ready = 0;
	self->read_bytes += (uint64_t)got;
	tcp_heard(self, now_ns);
	return SOURCE_CHUNK;
}

static enum source_status tcp_next(struct source *source,
				   const struct clock *clock,
				   struct read_area area, struct chunk *chunk)
{
	struct tcp_source *self = (struct tcp_source *)source;
	int64_t now_ns = clock->mono_ns;
	enum source_status status = SOURCE_AGAIN;

	if (self->state == TCP_CLOSED && self->stream.delivered)
		backoff_reset(&self->backoff);
	if (self->state == TCP_CLOSED)
		tcp_pause(self, now_ns);
	if (self->state == TCP_WAITING)
		status = tcp_wait(self, now_ns, chunk);
	if (status == SOURCE_AGAIN && self->state == TCP_RESOLVING)
		status = tcp_resolve(self, now_ns, chunk);
	if (status == SOURCE_AGAIN && self->state == TCP_DIALLING)
		return tcp_await(self, now_ns, chunk);
	if (status == SOURCE_AGAIN && self->state == TCP_CONNECTED)
		return tcp_read(self, now_ns, area, chunk);
	return status;
}

static int tcp_start(struct source *source, struct loop *loop,
		     const struct clock *clock, struct error *error)
{
	struct tcp_source *self = (struct tcp_source *)source;

	(void)error;
	self->loop = loop;
	tcp_timer_set(self, clock->mono_ns, LOOP_OPENING);
	loop_timer_add(loop, &self->timer);
	return 0;
}

static void tcp_resume(struct source *source, const struct clock *clock)
{
	struct tcp_source *self = (struct tcp_source *)source;

	if (self->state == TCP_CONNECTED)
		tcp_heard(self, clock->mono_ns);
}

/* Nothing can be read again, but event time goes on. */
static int tcp_restore(struct source *source, struct positions *positions,
		       struct error *error)
{
	struct tcp_source *self = (struct tcp_source *)source;

	self->position = positions_claim_stream(positions, source->name);
	if (!self->position)
		return error_set(error, "out of memory");
	self->stream.own_time.newest_ns = self->position->newest_ns;
	return 0;
}

static int tcp_note(struct source *source, struct error *error)
{
	struct tcp_source *self = (struct tcp_source *)source;

	(void)error;
	if (self->position)
		position_move(self->position, self->stream.time->newest_ns);
	return 0;
}

static void tcp_report(const struct source *source,
		       struct source_report *report)
{
	const struct tcp_source *self = (const struct tcp_source *)source;

	*report = (struct source_report){
		.state = REPORT_DIALLING,
		.redial_ns = TIME_NEVER,
		.read_bytes = self->read_bytes,
	};
	if (self->state == TCP_CONNECTED) {
		report->state = REPORT_UP;
	} else if (self->state == TCP_OVER) {
		report->state = REPORT_OVER;
	} else if (self->state == TCP_WAITING) {
		report->state = REPORT_WAITING;
		report->redial_ns = self->timer.due_ns;
	}
}

static void tcp_close(struct source *source)
{
	struct tcp_source *self = (struct tcp_source *)source;

	if (self->loop) {
		tcp_let_go(self);
		loop_timer_remove(self->loop, &self->timer);
	}
	stream_release(&self->stream);
	free(self);
}

static const struct source_ops tcp_ops = {
	.start = tcp_start,
	.next = tcp_next,
	.resume = tcp_resume,
	.restore = tcp_restore,
	.note = tcp_note,
	.report = tcp_report,
	.close = tcp_close,
};

struct source *tcp_source_new(const char *name, const char *host, unsigned port,
			      const struct tcp_options *options)
{
	struct tcp_source *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->source = (struct source){&tcp_ops, name};
	self->host = host;
	self->port = port;
	self->options = *options;
	self->state = TCP_WAITING;
	self->fd = -1;
	self->random = options->jitter_seed;
	backoff_init(&self->backoff);
	stream_init(&self->stream);
	return &self->source;
}
