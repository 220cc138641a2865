/*
 * From the program to the thread: under the lock pointers are exchanged and a
 * few numbers copied, no more.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/server.h"

/*
 * What waits for the thread: no more windows than are kept, nor rows, where
 * windows close faster than it can show them. The oldest go.
 */
#define INBOX_MAX_ROWS ((size_t)1000000)

void news_wake(struct http *http)
{
	uint64_t one = 1;

	/* It is full only if the thread is to wake up anyway. */
	if (write(http->wake_fd, &one, sizeof(one)) < 0)
		return;
}

void news_free(struct handed *handed)
{
	if (!handed)
		return;
	if (handed->whole != handed->shown)
		frozen_free(handed->whole);
	frozen_free(handed->shown);
	free(handed);
}

static struct handed *copy_window(const struct snapshot *shown,
				  const struct snapshot *whole,
				  size_t key_count, bool borrow)
{
	struct handed *handed = calloc(1, sizeof(*handed));

	if (!handed)
		return NULL;
	handed->shown = frozen_new(shown, key_count, borrow);
	if (whole == shown)
		handed->whole = handed->shown;
	else if (whole)
		handed->whole = frozen_new(whole, key_count, borrow);
	if (handed->shown && (handed->whole || !whole))
		return handed;
	news_free(handed);
	return NULL;
}

static size_t rows_of(const struct handed *handed)
{
	size_t rows = handed->shown->snapshot.row_count;

	if (handed->whole && handed->whole != handed->shown)
		rows += handed->whole->snapshot.row_count;
	return rows;
}

static void put_in(struct http *http, struct handed *handed)
{
	handed->number = ++http->handed;
	if (http->inbox)
		http->inbox_last->next = handed;
	else
		http->inbox = handed;
	http->inbox_last = handed;
	http->inbox_count++;
	http->inbox_rows += rows_of(handed);
}

/* A list of those that are too many; the newest is none. */
static struct handed *take_out_excess(struct http *http)
{
	struct handed *excess = NULL;

	while (http->inbox != http->inbox_last &&
	       (http->inbox_count > http->options.keep ||
		http->inbox_rows > INBOX_MAX_ROWS)) {
		struct handed *first = http->inbox;

		http->inbox = first->next;
		http->inbox_count--;
		http->inbox_rows -= rows_of(first);
		first->next = excess;
		excess = first;
	}
	return excess;
}

void http_window(struct http *http, const struct snapshot *shown,
		 const struct snapshot *whole, const char *const *key_names,
		 size_t key_count)
{
	struct handed *handed =
		copy_window(shown, whole, key_count, http->options.keys_stay);
	struct handed *dropped;

	if (!handed)
		return;
	handed->key_names = key_names;
	handed->key_count = key_count;
	pthread_mutex_lock(&http->lock);
	put_in(http, handed);
	dropped = take_out_excess(http);
	pthread_mutex_unlock(&http->lock);
	while (dropped) {
		struct handed *next = dropped->next;

		news_free(dropped);
		dropped = next;
	}
	news_wake(http);
}

/* --- sources -------------------------------------------------------------- */

static bool is_same(const struct http_source *a, const struct http_source *b)
{
	if (a->state != b->state || !a->why != !b->why)
		return false;
	return !a->why || strcmp(a->why, b->why) == 0;
}

/* A text for which there is no memory is left out. */
static bool copy_sources(struct http_source *to, const struct http_source *from,
			 size_t count)
{
	bool changed = false;

	for (size_t i = 0; i < count; i++) {
		to[i].behind_ms = from[i].behind_ms;
		if (is_same(&to[i], &from[i]))
			continue;
		changed = true;
		free((char *)to[i].why);
		to[i].state = from[i].state;
		to[i].why = from[i].why ? strdup(from[i].why) : NULL;
	}
	return changed;
}

void news_free_sources(struct http_source *sources, size_t count)
{
	for (size_t i = 0; sources && i < count; i++)
		free((char *)sources[i].why);
	free(sources);
}

void http_tell(struct http *http, const struct http_live *live,
	       const struct http_source *sources)
{
	bool changed;

	pthread_mutex_lock(&http->lock);
	changed = live->begun != http->live.begun;
	changed |= copy_sources(http->sources, sources,
				http->options.source_count);
	http->live = *live;
	http->changed |= changed;
	pthread_mutex_unlock(&http->lock);
	if (changed)
		news_wake(http);
}

/* --- what is taken -------------------------------------------------------- */

struct report_options news_options(const struct http *http,
				   const struct handed *window)
{
	struct report_options options = http->options.report;

	options.format = FORMAT_JSON;
	options.key_names = window->key_names;
	options.key_count = window->key_count;
	return options;
}

/* An event: its id, and the document in one line. */
static void keep_window(struct http *http, const struct handed *window)
{
	const struct snapshot *shown = &window->shown->snapshot;
	struct report_options options = news_options(http, window);
	struct history *history = &http->history;
	char id[RUN_SIZE + 24];
	struct buffer event = {0};
	struct span document;
	struct blob *blob;

	snprintf(id, sizeof(id), "%s-%" PRIu64, history->run, window->number);
	buffer_printf(&event, "id: %s\ndata: ", id);
	document.size = event.size;
	document_window(&event, &options, id, shown);
	document = span_make(NULL, event.size - document.size);
	buffer_append_text(&event, "\n\n");
	blob = blob_take(&event);
	if (!blob)
		return;
	document.data = blob->data + blob->size - 2 - document.size;
	history_add(history, window->number, blob, document);
}

static void take_window(struct http *http, struct handed *window)
{
	keep_window(http, window);
	news_free(http->newest);
	blob_retire(http->rows, &http->retired_bytes);
	blob_retire(http->metrics, &http->retired_bytes);
	http->newest = window;
	http->rows = NULL;
	http->metrics = NULL;
	/* By event time bounds are always the whole window's. */
	if (http->program.window_ns == 0 && http->options.timed)
		http->program.window_ns = window->shown->snapshot.end_ns -
					  window->shown->snapshot.start_ns;
}

void news_take(struct http *http)
{
	struct handed *inbox;
	bool changed;
	uint64_t count;

	if (read(http->wake_fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&http->lock);
	inbox = http->inbox;
	http->inbox = NULL;
	http->inbox_count = 0;
	http->inbox_rows = 0;
	changed = http->changed;
	http->changed = false;
	copy_sources(http->program_sources, http->sources,
		     http->options.source_count);
	http->program.live = http->live;
	http->ending = http->stopping;
	pthread_mutex_unlock(&http->lock);
	while (inbox) {
		struct handed *window = inbox;

		inbox = window->next;
		take_window(http, window);
	}
	if (changed)
		events_tell_status(http);
}
