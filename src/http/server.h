/*
 * server: what the files of http share. All but the part under the lock belongs
 * to the server's thread.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <microhttpd.h>
#include <pthread.h>

#include "base/clock.h"
#include "core/frozen.h"
#include "http/blob.h"
#include "http/connections.h"
#include "http/document.h"
#include "http/history.h"
#include "http/http.h"
#include "http/listen.h"

/* A window as it was handed over. */
struct handed {
	struct handed *next;
	uint64_t number; /* from 1 on */
	struct frozen *shown;
	struct frozen *whole; /* all groups: shown, another one, or NULL */
	const char *const *key_names;
	size_t key_count;
};

/* Who follows the windows, see events.c. */
struct follower;

struct http {
	struct http_options options;
	char url[LISTEN_URL_SIZE];
	char own_name[256]; /* the machine's */
	pthread_t thread;
	int wake_fd; /* an eventfd */
	/* Under the lock: */
	pthread_mutex_t lock;
	struct handed *inbox; /* the oldest first */
	struct handed *inbox_last;
	size_t inbox_count;
	size_t inbox_rows;
	uint64_t handed; /* number of the last window */
	struct http_live live;
	struct http_source *sources; /* their texts owned */
	bool changed; /* sources, or whether it has begun, since last taken */
	bool stopping;
	/* The thread's: */
	struct MHD_Daemon *daemon;
	struct clock clock;
	struct connections connections;
	int highest_fd; /* that a client may have */
	struct program program;
	struct http_source *program_sources; /* likewise */
	struct history history;
	struct handed *newest; /* or NULL */
	struct blob *rows;     /* of it, once somebody asked */
	struct blob *metrics;  /* likewise */
	size_t retired_bytes;  /* of those of windows before that somebody
				* still reads */
	struct follower *followers;
	size_t follower_count;
	struct blob *status;	 /* the last one told */
	unsigned status_version; /* another one since */
	int64_t told_ns;	 /* mono: followers were told something */
	int64_t swept_ns;	 /* mono */
	bool ending;
};

/* answer.c: what libmicrohttpd calls for a request. */
enum MHD_Result http_answer(void *cls, struct MHD_Connection *connection,
			    const char *url, const char *method,
			    const char *version, const char *upload_data,
			    size_t *upload_data_size, void **request);

/* --- news.c --------------------------------------------------------------- */

/* The thread is to look what is new. */
void news_wake(struct http *http);

/* Takes what was handed over, if anything was. */
void news_take(struct http *http);
void news_free(struct handed *handed);

/* How the window's rows are printed as json. */
struct report_options news_options(const struct http *http,
				   const struct handed *window);

/* The texts of sources. */
void news_free_sources(struct http_source *sources, size_t count);

/* --- answer_windows.c ----------------------------------------------------- */

/* All rows of the newest window; the last windows; what Prometheus gets. */
enum MHD_Result answer_rows(struct http *http,
			    struct MHD_Connection *connection);
enum MHD_Result answer_windows(struct http *http,
			       struct MHD_Connection *connection);
enum MHD_Result answer_metrics(struct http *http,
			       struct MHD_Connection *connection);

/* --- events.c ------------------------------------------------------------- */

/* The answer for one more follower, who has seen the event `id` or NULL. */
struct MHD_Response *events_follow(struct http *http,
				   struct MHD_Connection *connection,
				   const char *id);

/* How the program is doing has changed: all are told. */
void events_tell_status(struct http *http);

/* Wakes those that there is something for. */
void events_wake(struct http *http);

/* Keeps connections alive, and finds out who has gone. */
void events_ping(struct http *http);

#endif
