/*
 * The streams of /events: server-sent events, as the HTML standard has them. A
 * follower takes bytes as fast as it can, each from where it is in the windows
 * that are kept; nobody waits for it, and there is no queue of its own.
 */
#include "http/sending.h"
#include "http/server.h"

#include <stdlib.h>
#include <string.h>

/* Silence is broken so often. */
#define PING_NS (15 * NS_PER_S)

struct follower {
	struct http *http;
	struct MHD_Connection *connection;
	struct follower *next;
	struct follower *previous;
	uint64_t number; /* of the next window */
	unsigned status_version;
	struct blob *sending; /* or NULL */
	size_t sent;
	bool suspended;
	bool pinged;
	bool ended;
};

/* --- what they get -------------------------------------------------------- */

static struct blob *text_blob(const char *text)
{
	struct buffer bytes = {0};

	buffer_append_text(&bytes, text);
	return blob_take(&bytes);
}

/* A browser that lost us comes back after `retry` milliseconds. */
static struct blob *status_blob(const struct http *http)
{
	struct buffer bytes = {0};

	buffer_append_text(&bytes, "retry: 1000\nevent: status\ndata: ");
	document_status(&bytes, &http->program);
	buffer_append_text(&bytes, "\n\n");
	return blob_take(&bytes);
}

/* The newest is never missing. */
static struct blob *next_window(struct follower *follower)
{
	const struct history *history = &follower->http->history;
	uint64_t oldest = history_oldest(history);
	const struct kept *kept = NULL;

	if (follower->number < oldest)
		follower->number = oldest;
	while (!kept)
		kept = history_window(history, follower->number++);
	return blob_hold(kept->event);
}

static bool has_window(const struct follower *follower)
{
	return follower->number <= follower->http->history.newest;
}

static bool has_something(const struct follower *follower)
{
	const struct http *http = follower->http;

	return has_window(follower) || follower->pinged || http->ending ||
	       follower->status_version != http->status_version;
}

/* NULL: there is nothing, or memory is out. */
static struct blob *next_event(struct follower *follower)
{
	struct http *http = follower->http;

	follower->pinged &= !has_window(follower);
	if (follower->status_version != http->status_version) {
		follower->status_version = http->status_version;
		return http->status ? blob_hold(http->status) : NULL;
	}
	if (has_window(follower))
		return next_window(follower);
	if (http->ending) {
		follower->ended = true;
		return text_blob("event: end\ndata: {}\n\n");
	}
	if (!follower->pinged)
		return NULL;
	follower->pinged = false;
	return text_blob(":\n\n");
}

/* --- as they take it ------------------------------------------------------ */

static ssize_t read_events(void *cls, uint64_t position, char *out, size_t room)
{
	struct follower *follower = cls;
	struct blob *sending;
	size_t size;

	(void)position;
	if (!follower->sending) {
		if (follower->ended)
			return MHD_CONTENT_READER_END_OF_STREAM;
		follower->sending = next_event(follower);
		follower->sent = 0;
	}
	sending = follower->sending;
	if (!sending) {
		MHD_suspend_connection(follower->connection);
		follower->suspended = true;
		return 0;
	}
	size = sending->size - follower->sent;
	if (size > room)
		size = room;
	memcpy(out, sending->data + follower->sent, size);
	follower->sent += size;
	if (follower->sent == sending->size) {
		follower->sending = NULL;
		blob_drop(sending);
	}
	return (ssize_t)size;
}

static void free_follower(void *cls)
{
	struct follower *follower = cls;

	if (follower->next)
		follower->next->previous = follower->previous;
	if (follower->previous)
		follower->previous->next = follower->next;
	else
		follower->http->followers = follower->next;
	follower->http->follower_count--;
	blob_drop(follower->sending);
	free(follower);
}

struct MHD_Response *events_follow(struct http *http,
				   struct MHD_Connection *connection,
				   const char *id)
{
	struct follower *follower = calloc(1, sizeof(*follower));
	struct MHD_Response *response;

	if (!follower)
		return NULL;
	follower->http = http;
	follower->connection = connection;
	follower->number = id ? history_after(&http->history, id)
			      : http->history.newest + 1;
	follower->status_version = http->status_version;
	follower->sending = status_blob(http);
	follower->next = http->followers;
	if (follower->next)
		follower->next->previous = follower;
	http->followers = follower;
	http->follower_count++;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
						     BLOCK_BYTES, read_events,
						     follower, free_follower);
	if (!response)
		free_follower(follower);
	return response;
}

/* --- all of them ---------------------------------------------------------- */

void events_tell_status(struct http *http)
{
	blob_drop(http->status);
	http->status = http->followers ? status_blob(http) : NULL;
	http->status_version++;
}

void events_wake(struct http *http)
{
	for (struct follower *i = http->followers; i; i = i->next) {
		if (!i->suspended || !has_something(i))
			continue;
		i->suspended = false;
		MHD_resume_connection(i->connection);
		http->told_ns = http->clock.mono_ns;
	}
}

void events_ping(struct http *http)
{
	if (http->clock.mono_ns - http->told_ns < PING_NS)
		return;
	for (struct follower *i = http->followers; i; i = i->next)
		i->pinged = true;
	http->told_ns = http->clock.mono_ns;
}
