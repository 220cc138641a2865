/*
 * The thread: it waits for clients and for what is handed over, and does all of
 * HTTP. Nothing that it does keeps the program waiting.
 */
#include "http/server.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/siphash.h"
#include "core/watermark.h"

/*
 * For a connection: a request (see answer.c), what libmicrohttpd makes of it,
 * some 70 bytes for each header, and the head of the answer. What does not fit
 * is answered by libmicrohttpd itself, if it can.
 */
#define CONNECTION_BYTES ((size_t)48 << 10)

/* So often is looked for those who are late, while there is anyone. */
#define SWEEP_NS NS_PER_S

/* The end waits so long for those who take what is left. */
#define END_NS (NS_PER_S / 2)

int http_check_built(struct error *error)
{
	(void)error;
	return 0;
}

const char *http_version(void)
{
	return MHD_get_version();
}

const char *http_address(const struct http *http)
{
	return http->url;
}

/* Numbers that are only looked at when somebody asks. */
static void refresh(struct http *http)
{
	clock_read(&http->clock);
	pthread_mutex_lock(&http->lock);
	http->program.live = http->live;
	pthread_mutex_unlock(&http->lock);
	http->program.now_ns =
		http->clock.mono_ns + http->program.live.offset_ns;
}

/* --- the thread ----------------------------------------------------------- */

/* In milliseconds; -1: until something happens. */
static int wait_ms(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG daemon_ms;
	int limit_ms = -1;

	if (http->connections.count > 0)
		limit_ms = SWEEP_NS / NS_PER_MS;
	if (MHD_get_timeout(http->daemon, &daemon_ms) == MHD_YES &&
	    (limit_ms < 0 || daemon_ms < (unsigned)limit_ms))
		limit_ms = daemon_ms > INT32_MAX ? INT32_MAX : (int)daemon_ms;
	return limit_ms;
}

static void turn(struct http *http, int limit_ms)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd polled[2] = {
		{.fd = http->wake_fd, .events = POLLIN},
		{.fd = info ? info->epoll_fd : -1, .events = POLLIN},
	};

	poll(polled, 2, limit_ms);
	refresh(http);
	if (polled[0].revents != 0)
		news_take(http);
	if (http->clock.mono_ns - http->swept_ns >= SWEEP_NS) {
		connections_end_late(&http->connections, http->clock.mono_ns);
		events_ping(http);
		http->swept_ns = http->clock.mono_ns;
	}
	events_wake(http);
	MHD_run(http->daemon);
}

static void *serve(void *cls)
{
	struct http *http = cls;
	int64_t end_ns;

	while (!http->ending)
		turn(http, wait_ms(http));
	end_ns = http->clock.mono_ns + END_NS;
	while (http->clock.mono_ns < end_ns &&
	       (http->follower_count > 0 || http->connections.answered > 0))
		turn(http, 1);
	/* libmicrohttpd wants nobody suspended when it stops. */
	events_wake(http);
	return NULL;
}

/* --- libmicrohttpd -------------------------------------------------------- */

static void note_connection(void *cls, struct MHD_Connection *connection,
			    void **context,
			    enum MHD_ConnectionNotificationCode what)
{
	struct http *http = cls;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (what == MHD_CONNECTION_NOTIFY_CLOSED)
		connections_remove(&http->connections, *context);
	else if (info && info->connect_fd > http->highest_fd)
		shutdown(info->connect_fd, SHUT_RDWR);
	else if (info)
		*context = connections_add(&http->connections, info->connect_fd,
					   http->clock.mono_ns);
}

static void note_answered(void *cls, struct MHD_Connection *connection,
			  void **request, enum MHD_RequestTerminationCode why)
{
	struct http *http = cls;

	(void)connection;
	(void)why;
	if (*request)
		connections_set(&http->connections, *request, CONNECTION_ASKING,
				http->clock.mono_ns);
	*request = NULL;
}

/* Paths are looked up as they come. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection,
			    char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct http *http, int fd)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		http_answer, http, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT,
		connections_limit(&http->highest_fd),
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
		MHD_OPTION_NOTIFY_CONNECTION, note_connection, http,
		MHD_OPTION_NOTIFY_COMPLETED, note_answered, http,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
		MHD_OPTION_END);
}

/* --- opening and closing -------------------------------------------------- */

/* What makes ids of this run different from those of another. */
static void name_run(const struct http *http, char run[RUN_SIZE])
{
	uint64_t seed[2] = {(uint64_t)getpid(), (uint64_t)http->clock.now_ns};

	snprintf(run, RUN_SIZE, "%08" PRIx32,
		 (uint32_t)siphash(seed, 0, span_of("run")));
}

static int prepare(struct http *http)
{
	size_t count = http->options.source_count + 1;
	char run[RUN_SIZE];

	clock_start(&http->clock);
	name_run(http, run);
	http->live.due_ns = TIME_NONE;
	http->sources = calloc(count, sizeof(*http->sources));
	http->program_sources = calloc(count, sizeof(*http->sources));
	http->program = (struct program){
		.options = &http->options,
		.run = http->history.run,
		.live = http->live,
		.sources = http->program_sources,
		.window_ns = http->options.window_ns,
	};
	gethostname(http->own_name, sizeof(http->own_name) - 1);
	if (history_init(&http->history, run, http->options.keep) != 0 ||
	    !http->sources || !http->program_sources)
		return -1;
	return 0;
}

static void release(struct http *http)
{
	/* Whoever is still there goes on to nothing. */
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	while (http->inbox) {
		struct handed *window = http->inbox;

		http->inbox = window->next;
		news_free(window);
	}
	news_free(http->newest);
	blob_drop(http->rows);
	blob_drop(http->metrics);
	blob_drop(http->status);
	history_release(&http->history);
	if (http->wake_fd >= 0)
		close(http->wake_fd);
	pthread_mutex_destroy(&http->lock);
	news_free_sources(http->program_sources, http->options.source_count);
	news_free_sources(http->sources, http->options.source_count);
	free(http);
}

/* Signals are for the loop: one that came here would not wake it. */
static int start_thread(struct http *http)
{
	sigset_t all, before;
	int number;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	number = pthread_create(&http->thread, NULL, serve, http);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return number;
}

/* The rest of opening, with the socket, which is let go of on failure. */
static int start(struct http *http, int fd, struct error *error)
{
	int number;

	http->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (http->wake_fd < 0) {
		error_system(error, errno, "--http: cannot make an eventfd");
		close(fd);
		return -1;
	}
	http->daemon = start_daemon(http, fd);
	if (!http->daemon) {
		close(fd);
		return error_set(error, "--http: libmicrohttpd cannot start");
	}
	number = start_thread(http);
	if (number != 0)
		return error_system(error, number,
				    "--http: cannot start a thread");
	return 0;
}

struct http *http_open(const struct http_options *options, struct error *error)
{
	struct http *http = calloc(1, sizeof(*http));
	int fd;

	if (!http) {
		error_set(error, "out of memory");
		return NULL;
	}
	http->options = *options;
	http->wake_fd = -1;
	pthread_mutex_init(&http->lock, NULL);
	fd = listen_open(options->address, options->port, http->url, error);
	if (fd < 0)
		goto failed;
	if (prepare(http) != 0) {
		error_set(error, "out of memory");
		close(fd);
		goto failed;
	}
	if (start(http, fd, error) == 0)
		return http;
failed:
	release(http);
	return NULL;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	pthread_mutex_lock(&http->lock);
	http->stopping = true;
	pthread_mutex_unlock(&http->lock);
	news_wake(http);
	pthread_join(http->thread, NULL);
	release(http);
}
