#include "net/tcp.h"

#include <stdlib.h>

#include "net/tcp_parts.h"

/* The connection is over: the chunk says how. */
static enum source_status tcp_closed(struct tcp_source *self, int64_t now_ns,
				     struct chunk *chunk)
{
	bool again = self->options.reconnect;

	tcp_let_go(self);
	chunk->after = again ? AFTER_AGAIN : AFTER_OVER;
	/* The pause depends on whether the unfinished last line is a record,
	 * which is known only after this chunk: come back at once. */
	self->state = again ? TCP_CLOSED : TCP_OVER;
	tcp_timer_set(self, again ? now_ns : TIME_NEVER, LOOP_OPENING);
	return SOURCE_CHUNK;
}

/* Nothing to count has come; a part of it may have. */
static enum source_status tcp_nothing(struct tcp_source *self, int64_t now_ns,
				      struct chunk *chunk)
{
	char text[TCP_LIMIT_SIZE];

	self->more = false;
	self->watch.ready = 0;
	if (link_heard(&self->link))
		tcp_heard(self, now_ns);
	self->timer.due_ns = self->silent_due_ns;
	if (now_ns < self->silent_due_ns)
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
	struct error why;
	size_t got;

	/* At the idle time-out it is tried too: something may have come since
	 * the loop looked. */
	if (!self->more && self->watch.ready == 0 &&
	    now_ns < self->silent_due_ns)
		return SOURCE_AGAIN;
	switch (link_read(&self->link, area.data, area.size, &got, &self->more,
			  &self->watch.events, &why)) {
	case LINK_READY: break;
	case LINK_AGAIN: return tcp_nothing(self, now_ns, chunk);
	case LINK_ENDED:
		chunk_tell(chunk, CHUNK_ENDED, AFTER_OVER, &self->stream);
		return tcp_closed(self, now_ns, chunk);
	case LINK_LOST:
		chunk_tell(chunk, CHUNK_LOST, AFTER_OVER, &self->stream);
		error_set(&chunk->why, "%s: %s", self->source.name,
			  why.message);
		return tcp_closed(self, now_ns, chunk);
	}
	chunk_tell(chunk, CHUNK_DATA, AFTER_NEXT, &self->stream);
	chunk->bytes = span_make(area.data, got);
	self->watch.ready = 0;
	self->read_bytes += got;
	(void)link_heard(&self->link);
	tcp_heard(self, now_ns);
	return SOURCE_CHUNK;
}

static enum source_status tcp_next(struct source *source,
				   const struct clock *clock,
				   struct read_area area, struct chunk *chunk)
{
	struct tcp_source *self = (struct tcp_source *)source;
	int64_t now_ns = clock->mono_ns;

	if (self->state == TCP_CLOSED && self->stream.delivered)
		backoff_reset(&self->backoff);
	if (self->state == TCP_CLOSED)
		tcp_pause(self, now_ns);
	if (self->state == TCP_CONNECTED)
		return tcp_read(self, now_ns, area, chunk);
	return tcp_open(self, now_ns, chunk);
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
	tls_free(self->options.tls);
	free(self);
}

static const struct source_ops tcp_ops = {
	.dials = true,
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
	self->link.fd = -1;
	self->random = options->jitter_seed;
	backoff_init(&self->backoff);
	stream_init(&self->stream);
	return &self->source;
}
