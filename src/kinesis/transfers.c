#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinesis/transfer_parts.h"

/* A descriptor that curl waits for. */
struct socket_watch {
	struct loop_watch watch;
	struct socket_watch *next;
};

/* --- what curl waits for -------------------------------------------------- */

static short events_of(int what)
{
	short events = 0;

	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= POLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= POLLOUT;
	return events;
}

static void forget_socket(struct transfers *self, struct socket_watch *socket)
{
	struct socket_watch **at = &self->sockets;

	while (*at != socket)
		at = &(*at)->next;
	*at = socket->next;
	loop_watch_remove(self->loop, &socket->watch);
	free(socket);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context,
		     void *known)
{
	struct transfers *self = context;
	struct socket_watch *socket = known;
	struct error ignored;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (socket)
			forget_socket(self, socket);
		return 0;
	}
	if (!socket) {
		socket = calloc(1, sizeof(*socket));
		if (!socket)
			return -1;
		socket->watch = (struct loop_watch){.fd = fd};
		if (loop_watch_add(self->loop, &socket->watch, &ignored) != 0) {
			free(socket);
			return -1;
		}
		socket->next = self->sockets;
		self->sockets = socket;
		curl_multi_assign(self->multi, fd, socket);
	}
	socket->watch.events = events_of(what);
	socket->watch.part = self->part;
	return 0;
}

void transfers_set_timer(struct transfers *self)
{
	int64_t due_ns = self->curl_due_ns;

	for (const struct transfer *at = self->all; at; at = at->next)
		if (!at->done && at->heard_ns + at->timeout_ns < due_ns)
			due_ns = at->heard_ns + at->timeout_ns;
	self->timer.due_ns = due_ns;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct transfers *self = context;

	(void)multi;
	self->curl_due_ns = timeout_ms < 0
				    ? TIME_NEVER
				    : self->now_ns + timeout_ms * NS_PER_MS;
	transfers_set_timer(self);
	return 0;
}

struct transfers *transfers_open(struct loop *loop, const char *ca,
				 struct error *error)
{
	struct transfers *self = calloc(1, sizeof(*self));

	if (!self || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(self);
		error_set(error, "out of memory");
		return NULL;
	}
	self->loop = loop;
	self->part = LOOP_OPENING;
	self->curl_due_ns = TIME_NEVER;
	self->timer =
		(struct loop_timer){.due_ns = TIME_NEVER, .part = LOOP_OPENING};
	loop_timer_add(loop, &self->timer);
	self->multi = curl_multi_init();
	self->ca = ca ? strdup(ca) : NULL;
	if (!self->multi || (ca && !self->ca)) {
		transfers_close(self);
		error_set(error, "out of memory");
		return NULL;
	}
	curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
	curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
	return self;
}

void transfers_close(struct transfers *self)
{
	if (!self)
		return;
	if (self->multi)
		curl_multi_cleanup(self->multi);
	while (self->sockets)
		forget_socket(self, self->sockets);
	loop_timer_remove(self->loop, &self->timer);
	free(self->ca);
	free(self);
	curl_global_cleanup();
}

void transfers_set_part(struct transfers *self, enum loop_part part)
{
	self->part = part;
	self->timer.part = part;
	for (struct socket_watch *at = self->sockets; at; at = at->next)
		at->watch.part = part;
}

/* --- steps ---------------------------------------------------------------- */

static void collect(struct transfers *self)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(self->multi, &left)) != NULL) {
		struct transfer *transfer;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
				  &transfer);
		transfer_finish(transfer, message->data.result);
	}
}

/* curl may close any descriptor while it is called, so the list is looked
 * through anew after each. */
static bool step_socket(struct transfers *self)
{
	for (struct socket_watch *at = self->sockets; at; at = at->next) {
		short ready = at->watch.ready;
		int what = 0, running;

		if (ready == 0)
			continue;
		at->watch.ready = 0;
		if (ready & POLLIN)
			what |= CURL_CSELECT_IN;
		if (ready & POLLOUT)
			what |= CURL_CSELECT_OUT;
		if (ready & ~(POLLIN | POLLOUT))
			what |= CURL_CSELECT_ERR;
		curl_multi_socket_action(self->multi, at->watch.fd, what,
					 &running);
		return true;
	}
	return false;
}

/* curl itself looks at the average of several seconds. */
static void give_up_silent(struct transfers *self)
{
	for (struct transfer *at = self->all; at; at = at->next) {
		if (at->done || self->now_ns < at->heard_ns + at->timeout_ns)
			continue;
		curl_multi_remove_handle(self->multi, at->easy);
		snprintf(at->detail, sizeof(at->detail), "no answer");
		transfer_finish(at, CURLE_OPERATION_TIMEDOUT);
	}
}

void transfers_resume(struct transfers *self, int64_t now_ns)
{
	for (struct transfer *at = self->all; at; at = at->next)
		at->heard_ns = now_ns;
}

void transfers_step(struct transfers *self, int64_t now_ns)
{
	int running;

	self->now_ns = now_ns;
	while (step_socket(self))
		;
	if (now_ns >= self->curl_due_ns) {
		self->curl_due_ns = TIME_NEVER;
		curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0,
					 &running);
	}
	collect(self);
	give_up_silent(self);
	transfers_set_timer(self);
}
