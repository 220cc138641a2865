#include <errno.h>
#include <stdio.h>

#include "base/random.h"
#include "base/units.h"
#include "net/tcp_parts.h"

static int tcp_watch(struct tcp_source *self, int fd, struct error *error)
{
	self->watch = (struct loop_watch){
		.fd = fd, .events = POLLIN, .part = LOOP_OPENING};
	return loop_watch_add(self->loop, &self->watch, error);
}

void tcp_let_go(struct tcp_source *self)
{
	loop_watch_remove(self->loop, &self->watch);
	if (self->lookup)
		lookup_close(self->lookup);
	self->lookup = NULL;
	if (self->state == TCP_DIALLING)
		dial_close(&self->dial);
	link_close(&self->link);
}

void tcp_pause(struct tcp_source *self, int64_t now_ns)
{
	int64_t pause_ns =
		backoff_pause(&self->backoff, random_next(&self->random));

	self->state = TCP_WAITING;
	tcp_timer_set(self, tcp_later(now_ns, pause_ns), LOOP_OPENING);
}

const char *tcp_limit(char text[TCP_LIMIT_SIZE], int64_t limit_ns)
{
	struct buffer limit = {0};

	duration_append(&limit, limit_ns);
	snprintf(text, TCP_LIMIT_SIZE, "%.*s", (int)limit.size,
		 limit.data ? limit.data : "");
	buffer_release(&limit);
	return text;
}

/* The dial failed, as chunk->why says. */
static enum source_status tcp_down(struct tcp_source *self, int64_t now_ns,
				   struct chunk *chunk)
{
	bool again = self->options.reconnect;

	tcp_let_go(self);
	chunk->kind = CHUNK_DOWN;
	chunk->after = again ? AFTER_AGAIN : AFTER_OVER;
	chunk->stream = NULL;
	chunk->bytes = span_make(NULL, 0);
	self->state = TCP_OVER;
	tcp_timer_set(self, TIME_NEVER, LOOP_OPENING);
	if (again)
		tcp_pause(self, now_ns);
	return SOURCE_CHUNK;
}

/* --- a name and a dial ---------------------------------------------------- */

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

	self->connect_due_ns =
		tcp_later(now_ns, self->options.connect_timeout_ns);
	tcp_timer_set(self, self->connect_due_ns, LOOP_OPENING);
	switch (resolve_at_once(self->host, self->port, &addresses, error)) {
	case RESOLVE_DONE: return tcp_dial(self, &addresses, error);
	case RESOLVE_AGAIN: break;
	case RESOLVE_FAILED: return -1;
	}
	self->lookup = lookup_start(self->host, self->port, error);
	if (!self->lookup)
		return -1;
	self->state = TCP_RESOLVING;
	return tcp_watch(self, lookup_fd(self->lookup), error);
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

/* --- TLS, if there is any ------------------------------------------------- */

static enum source_status tcp_connected(struct tcp_source *self, int64_t now_ns,
					struct chunk *chunk)
{
	self->state = TCP_CONNECTED;
	self->watch.part = LOOP_INPUT;
	self->watch.events = POLLIN;
	/* Something may have come along with the handshake. */
	self->more = self->options.tls != NULL;
	tcp_heard(self, now_ns);
	stream_open(&self->stream, self->source.name);
	return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT, &self->stream);
}

/* Whoever is silent, or slow, in the handshake. */
static bool tcp_is_stalled(struct tcp_source *self, int64_t now_ns,
			   struct error *why)
{
	char text[TCP_LIMIT_SIZE];

	if (link_heard(&self->link))
		self->silent_due_ns =
			tcp_later(now_ns, self->options.idle_timeout_ns);
	if (now_ns >= self->connect_due_ns) {
		error_set(why,
			  "no end of the TLS handshake within %s "
			  "(--connect-timeout)",
			  tcp_limit(text, self->options.connect_timeout_ns));
		return true;
	}
	if (now_ns >= self->silent_due_ns) {
		error_set(why,
			  "nothing received for %s in the TLS handshake "
			  "(--idle-timeout)",
			  tcp_limit(text, self->options.idle_timeout_ns));
		return true;
	}
	tcp_timer_set(self,
		      self->connect_due_ns < self->silent_due_ns
			      ? self->connect_due_ns
			      : self->silent_due_ns,
		      LOOP_OPENING);
	return false;
}

static enum source_status tcp_shake_hands(struct tcp_source *self,
					  int64_t now_ns, struct chunk *chunk)
{
	struct error why;

	switch (link_shake_hands(&self->link, &self->watch.events, &why)) {
	case LINK_READY: return tcp_connected(self, now_ns, chunk);
	case LINK_AGAIN:
		if (!tcp_is_stalled(self, now_ns, &why))
			return SOURCE_AGAIN;
		break;
	case LINK_ENDED:
		error_set(&why, "it hung up in the TLS handshake");
		break;
	case LINK_LOST: break;
	}
	error_set(&chunk->why, "cannot connect to %s: %s", self->source.name,
		  why.message);
	return tcp_down(self, now_ns, chunk);
}

/* There is a connection: in the clear that is all. */
static enum source_status tcp_linked(struct tcp_source *self, int fd,
				     int64_t now_ns, struct chunk *chunk)
{
	tcp_let_go(self);
	if (link_open(&self->link, fd, self->options.tls, &chunk->why) < 0)
		return tcp_down(self, now_ns, chunk);
	self->state = TCP_SHAKING;
	self->silent_due_ns = tcp_later(now_ns, self->options.idle_timeout_ns);
	if (tcp_watch(self, fd, &chunk->why) < 0)
		return tcp_down(self, now_ns, chunk);
	return tcp_shake_hands(self, now_ns, chunk);
}

static enum source_status tcp_await(struct tcp_source *self, int64_t now_ns,
				    struct chunk *chunk)
{
	char text[TCP_LIMIT_SIZE];
	int fd;

	switch (dial_step(&self->dial, now_ns, &fd)) {
	case DIAL_CONNECTED: return tcp_linked(self, fd, now_ns, chunk);
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

enum source_status tcp_open(struct tcp_source *self, int64_t now_ns,
			    struct chunk *chunk)
{
	enum source_status status = SOURCE_AGAIN;

	if (self->state == TCP_WAITING)
		status = tcp_wait(self, now_ns, chunk);
	if (status == SOURCE_AGAIN && self->state == TCP_RESOLVING)
		status = tcp_resolve(self, now_ns, chunk);
	if (status == SOURCE_AGAIN && self->state == TCP_DIALLING)
		return tcp_await(self, now_ns, chunk);
	if (status == SOURCE_AGAIN && self->state == TCP_SHAKING)
		return tcp_shake_hands(self, now_ns, chunk);
	return status;
}
