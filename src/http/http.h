/*
 * http: the windows in a browser, for Prometheus, for scripts.
 *
 * Everything of HTTP happens in one thread of its own, by libmicrohttpd. The
 * program hands it finished windows, as copies, and says now and then how it is
 * doing; nothing waits for a client. Without it (make HTTP=no) none.c stands in
 * for all.
 *
 *     listen       the socket
 *     server       the thread, and its daemon
 *     news         what is handed over to it
 *     connections  who is connected, and for how long
 *     guard        whose requests are refused
 *     answer       from a request to its answer; sending: what all have
 *     events       the streams of /events
 *     history      the windows that are kept
 *     document     a window, and how the program is doing, as JSON
 *     metrics      the same for Prometheus
 *     blob         bytes that several hold
 *     page/        the page; built into assets.c
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/snapshot.h"
#include "report/report.h"

/* Is it built in? -1: the message says that it is not. */
int http_check_built(struct error *error) MUST_CHECK;

/* libmicrohttpd's version for --version, or NULL where it is not built in. */
const char *http_version(void);

enum http_source_state {
	HTTP_SOURCE_OPENING, /* was never up */
	HTTP_SOURCE_UP,
	HTTP_SOURCE_DOWN, /* was up and is dialled again */
	HTTP_SOURCE_ENDED,
	HTTP_SOURCE_FAILED,
};

/* How a source is doing. */
struct http_source {
	enum http_source_state state;
	const char *why;   /* it is not up, as messages have it; or NULL */
	int64_t behind_ms; /* its newest record, or BEHIND_UNKNOWN */
};

/* All pointers are borrowed for as long as the server lives. */
struct http_options {
	const char *address; /* a name or a number; NULL: 127.0.0.1 */
	unsigned port;	     /* 0: a free one */
	size_t keep;	     /* windows, at least 1 */
	/* How rows are printed; format, names and sources are not used. */
	struct report_options report;
	const char *const *sources; /* their names */
	size_t source_count;
	int64_t window_ns; /* 0: all, or as yet unknown */
	uint64_t top;	   /* 0: all groups have a row */
	bool timed;	   /* windows go by event time */
	bool member;	   /* no window will be shown: others print them */
	bool keys_stay;	   /* no group is ever recycled */
};

/* How the program is doing. */
struct http_live {
	bool begun;
	uint64_t read_bytes;
	uint64_t waiting_bytes; /* of the output */
	/* Our time less mono, see base/clock.h. */
	int64_t offset_ns;
	/* By event time the watermark, else when the next window is due to
	 * print; TIME_NONE: no window is open. */
	int64_t due_ns;
};

struct http;

/*
 * Listens, and answers from now on. NULL: it cannot, or memory is out. May
 * block while a name is looked up.
 */
struct http *http_open(const struct http_options *options,
		       struct error *error) MUST_CHECK;

/* Where it listens: http://127.0.0.1:8080/; the server's. */
const char *http_address(const struct http *http);

/*
 * A window may be printed: shown are its rows; whole are all groups, or NULL if
 * the rows are that (then none: a window of a run before). The snapshots are
 * copied, but for keys that stay; those and the names are borrowed for as long
 * as the server lives. Without memory the window is not shown.
 */
void http_window(struct http *http, const struct snapshot *shown,
		 const struct snapshot *whole, const char *const *key_names,
		 size_t key_count);

/*
 * How it is doing now, and its sources (an array, whose texts are copied).
 * Cheap.
 */
void http_tell(struct http *http, const struct http_live *live,
	       const struct http_source *sources);

/*
 * Those who follow the windows get the last of them, as far as they take it at
 * once, and that this was the end. Takes NULL.
 */
void http_close(struct http *http);

#endif
