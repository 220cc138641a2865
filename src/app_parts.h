/*
 * What the parts of app share, each using those before it:
 *
 *     app_status.c   what a person is told
 *     app_run.c      when the run ends, and its clock
 *     app_chunk.c    what a chunk says
 *     app_state.c    what is kept for a later run
 *     app_http.c     what the dashboard is told
 *     app_print.c    windows on their way out
 *     app_publish.c  what a member hands over
 *     app_replay.c   those of the run before
 *     app_windows.c  what happened, in its order
 *     app_feeds.c    the sources and their turns
 *     app_query.c    from the options to the query
 *     app.c          opens, turns the loop, closes
 *
 * Nobody else includes this.
 */
#ifndef APP_PARTS_H
#define APP_PARTS_H

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/signals.h"
#include "core/engine.h"
#include "http/http.h"
#include "kafka/kafka.h"
#include "options.h"
#include "output/queue.h"
#include "output/rejects.h"
#include "report/report.h"
#include "source/ahead.h"
#include "source/source.h"
#include "state/state.h"

/* Trouble that heals is said at most so often, but for -v. */
#define TROUBLE_NS (60 * NS_PER_S)

/* A longer time between two looks at the clock counts as no more than this. */
#define AWAKE_STEP_NS (100 * NS_PER_MS)

enum feed_state {
	FEED_OPENING, /* was never up */
	FEED_UP,
	FEED_DOWN, /* was up and is dialled again */
	FEED_ENDED,
	FEED_FAILED,
};

/* A source and how it is doing. */
struct feed {
	struct source *source;
	enum feed_state state;
	const struct stream *stream; /* the one that it is in, or NULL */
	int64_t quiet_until_ns;	     /* mono: trouble is said with -v only */
	char *why; /* it is not up: the last message, or NULL; owned */
	bool is_kafka;
	/* --publish, of another source: what was told of it */
	int64_t told_newest_ns;
	bool told_idle;
	struct stream_time waiting; /* its stream's, until there is one */
};

/* What has ended by itself is all there. */
static inline bool feed_is_up(const struct feed *feed)
{
	return feed->state == FEED_UP || feed->state == FEED_ENDED;
}

/* A chunk that was read and is not dealt with yet. */
struct held {
	bool full;
	struct feed *feed;
	struct chunk chunk;
	int64_t read_ns; /* our time when it was read */
	bool heard;	 /* that its stream is not silent was noted */
};

/* A time in which the program did not run, or that the clock passed over. */
struct gap {
	bool pending;
	bool is_step; /* the clock was set, else the process was stopped */
	int64_t from_ns;
	int64_t to_ns;
};

/*
 * Windows that closed, on their way out: first they are saved, if there is a
 * state, then printed. With a state two may wait while one is printed and one
 * saved, without one there is room for one.
 */
#define OUTGOING_MAX 4
#define UNSAVED_MAX  2

struct outgoing {
	struct snapshot snapshot;
	struct snapshot whole; /* all groups, if it has them; see closing */
	bool has_whole;
	struct savepoint savepoint;
	uint64_t number; /* of the savepoint; 0: there is no state */
};

struct way_out {
	struct outgoing places[OUTGOING_MAX]; /* a ring */
	size_t first;			      /* being printed, or the next */
	size_t count;			      /* on their way */
	size_t saved;  /* of them, from the first on, may be printed */
	bool printing; /* the first one is */
};

/* How far the output is behind, for what a later run has to print again. */
struct taken {
	uint64_t queued_bytes; /* in the run */
	struct mark {
		uint64_t number;    /* of a savepoint whose window */
		uint64_t end_bytes; /* ends there */
	} * marks;
	size_t count;
	size_t capacity;
	uint64_t number; /* the output has taken all up to this one, */
	uint64_t said;	 /* as the save says that is running, */
	uint64_t kept;	 /* and as the state knows */
};

/* What is kept for a later run, and how far that is. */
struct keeping {
	struct state *state; /* NULL: nothing is kept */
	struct loop_watch watch;
	struct positions positions;
	struct taken taken;
	struct tallies carried; /* of runs before, since the last window */
	uint64_t replayed;	/* of those pending, up to this number */
	bool saving;		/* the first one that is not saved, or: */
	bool marking;		/* no window, see app_wants_mark() */
	bool resumed;		/* the run before is restored, all of it */
	bool unsaved;		/* the state failed: no more is saved */
};

/* --publish: what was counted goes out in transactions. */
struct publishing {
	struct publisher *publisher; /* NULL: no member */
	bool ready;		     /* it was opened */
	int64_t due_ns;		     /* mono: of the next transaction */
	char query[17];		     /* its hash */
	bool running;		     /* a transaction is */
	bool aborted;		     /* one was */
	bool broken;		     /* it failed for good */
	struct tallies sent;	     /* in the one that runs */
};

enum stop {
	STOP_NOT,
	STOP_INPUT,	/* the input ended: nothing is left to read */
	STOP_DURATION,	/* --for */
	STOP_WINDOWS,	/* --max-windows: the last window is taken */
	STOP_CONDITION, /* --fail-if: the last window is taken */
	STOP_SIGNAL,
	STOP_FAILURE, /* the open window prints if it can */
};

/* --http */
struct web {
	struct http *http;  /* NULL: off */
	const char **names; /* of the sources; the operands' */
	struct http_source *sources;
};

/* The status line. */
struct status_line {
	bool enabled;
	bool unicode;
	bool stale;	  /* something may have changed since it was drawn */
	int64_t drawn_ns; /* mono */
	int64_t sampled_ns;
	uint64_t sampled_orders;
	uint64_t sampled_bytes;
	double orders_rate; /* a second */
	double bytes_rate;
};

struct app {
	const struct options *options;
	struct log log;
	struct clock clock;
	struct loop loop;
	struct signals signals;
	struct engine engine;
	struct report report;
	struct report_source *report_sources; /* one a feed */
	struct way_out out;
	struct keeping keep;
	struct publishing publish;
	struct web web;
	struct queue queue;
	struct rejects rejects;
	struct status_line line;
	/* input */
	struct feed *feeds;
	size_t feed_count;
	size_t next_feed; /* whose turn it is */
	struct read_area area;
	struct tls_context *tls; /* or NULL: no source needs it */
	struct pool pool;	 /* of those who read files ahead */
	struct ahead_common ahead;
	struct held held;
	struct gap gap;
	int64_t gap_said_ns; /* mono: not said again before, but for -v */
	uint64_t read_bytes;
	bool input_ready;	/* a source had more than its turn allowed */
	bool input_waits;	/* for a slow reader of the output */
	bool refilled;		/* by what fell due since the input waits */
	int64_t behind_said_ns; /* mono: not said again before */
	/* the run */
	int64_t started_mono_ns;
	int64_t unready_ns; /* in which the input was not read; see app_ready()
			     */
	int64_t ticked_ns;  /* mono: of the last one */
	int64_t slept_ns;   /* mono: when the loop began to wait, and */
	int64_t wake_ns;    /* when it was to be woken */
	bool counts_awake;  /* in steps of AWAKE_STEP_NS, see app_tick() */
	bool begun;
	bool input_over; /* and the windows that were due for it closed */
	int64_t begun_mono_ns;
	enum stop stop;
	int64_t stop_ns; /* our time at which the run ended */
	bool finished;	 /* no window is to come */
	bool broken;	 /* the output failed: nothing can be printed */
	bool hurt;	 /* a source or a part of it failed */
	bool rejects_broken;
	bool other_said;
	bool reopen; /* SIGHUP asked for it */
	int status;
	int signal;
	/* what is open */
	bool signals_opened;
	bool queue_opened;
	bool rejects_opened;
	/* printing */
	uint64_t printed; /* windows */
	/* a signal came: how long a stuck reader is waited for; mono */
	int64_t stuck_ns;
	int64_t give_up_ns;
	size_t stuck_bytes;
};

/* --- app_status.c --------------------------------------------------------- */

void app_status_open(struct app *app);

/* Draws the status line if it is wanted and not too soon. */
void app_status_draw(struct app *app);

/* When to wake up for it; mono, TIME_NEVER if not. */
int64_t app_status_due(const struct app *app);

/* The last words: what became of the records, and why the run ended so. */
void app_status_end(struct app *app);

/* What the service of its source says, or BEHIND_UNKNOWN. */
int64_t app_behind_ms(const struct feed *feed);

/* Is the table coloured? */
bool app_wants_color(const struct app *app);

/* Columns and lines of the terminal behind a descriptor. */
unsigned app_terminal_columns(int fd);
unsigned app_terminal_lines(int fd);
/* Lines of the terminal for what is said at the end; 0: it is not near. */
unsigned app_last_words_lines(const struct app *app);

/* --- app_run.c ------------------------------------------------------------ */

/*
 * Reads the clock. A step of it, and with app_tick() a time in which the
 * process did not run, is noted as a gap, to be dealt with in its turn; after
 * work that may have taken long use app_read_clock().
 */
void app_tick(struct app *app);
void app_read_clock(struct app *app);

/* The run ends, as far as it is not ending already. */
void app_stop(struct app *app, enum stop why, int64_t when_ns);

/* The same, because of an error: said, status 1. */
void app_fail(struct app *app, const struct error *error);

/* --for is over; true once it is. */
bool app_check_duration(struct app *app);

/* Of the clock for silence: mono, less the time in which nothing was read. */
int64_t app_ready(const struct app *app);

/* Is the input read as soon as something comes? */
bool app_is_reading(const struct app *app);

/* The loop begins to wait; the input may be read meanwhile, or not. */
void app_sleep(struct app *app, int64_t wake_ns, bool reading);

/* --- app_chunk.c ---------------------------------------------------------- */

/* Deals with the held chunk, at the time when it was read. */
void app_take_held(struct app *app);

/* --- app_state.c ---------------------------------------------------------- */

/*
 * Opens the state and restores what it keeps; the windows that a run before did
 * not print are pending then. No change without --state. -1: said, status 1.
 */
int app_open_state(struct app *app) MUST_CHECK;

/* It failed: nothing more is saved, nor printed that is not; the run ends. */
void app_keep_no_more(struct app *app, const struct error *error);

/* The places of the sources, as they are now. */
void app_note_positions(struct app *app, struct savepoint *savepoint);

/* Looks whether a save is done; between the two what may be printed is. */
void app_end_save(struct app *app);
/* Starts the next one. */
void app_save(struct app *app);

/*
 * Is there something to save that is no window, which app_save() would see to?
 * Only the last window that the output has taken may be printed again by a
 * later run: before the next one is written, which the queue waits for, the
 * state knows of the others. And there are files that it should know of.
 */
bool app_wants_mark(const struct app *app);

/* A window was rendered to its end. */
void app_mark_window(struct app *app, uint64_t number);

/* The last save of the run; waits for it. Then closes the state. */
void app_close_state(struct app *app);

/* --- app_http.c ----------------------------------------------------------- */

/* Listens, with --http. -1: said, status 1. */
int app_open_http(struct app *app) MUST_CHECK;

/* Where a window that closes puts all of its groups, if that is wanted. */
struct snapshot *app_wanted_whole(const struct app *app,
				  struct outgoing *place);

/* A window may be printed; the report has the names of its keys. */
void app_show_window(struct app *app, const struct outgoing *place);

/* How the program is doing. */
void app_tell_http(struct app *app);

/* The end: those who look on are told so. */
void app_close_http(struct app *app);

/* --- app_print.c ---------------------------------------------------------- */

/* Is there room for one more window on its way? */
bool app_has_way(const struct app *app);

/* What a window that closes now is to fill in. */
struct closing app_closing(struct app *app);

/*
 * It was filled in: it is on its way, saved already or not. false: it could not
 * be, for want of memory.
 */
void app_send(struct app *app, bool filled, bool is_saved);

/* Renders into the queue what it takes. */
void app_print(struct app *app);

/* --- app_publish.c -------------------------------------------------------- */

/* What librdkafka is told, of a source or of the topic that is published to. */
struct kafka_options app_kafka_options(const struct app *app,
				       const struct operand *operand);

/* Opens the topic, with --publish. -1: said, status 1. */
int app_open_publishing(struct app *app) MUST_CHECK;

/* Hands over what was counted, when it is time. */
void app_publish(struct app *app);

/* When it is time; mono. */
int64_t app_publish_due(const struct app *app);

/*
 * A Kafka source has to let go of what it reads: what was counted is handed
 * over, or void if others have it already. Waits for that.
 */
void app_hand_over(struct app *app, struct feed *feed);

/* The run ends: the last of it; waits. Then closes the topic. */
void app_close_publishing(struct app *app);

/* --- app_replay.c --------------------------------------------------------- */

/* Is there a pending window of the run before, to be printed again? */
bool app_must_replay(const struct app *app);

/* Puts the next one on its way, where it is one; after the last one the run
 * goes on where that one stopped. False: it has to wait for another. */
bool app_replay(struct app *app);

/* --- app_windows.c -------------------------------------------------------- */

/*
 * Brings everything up to date with the clock, in the order in which it
 * happened: windows that were due, the chunk that is held, gaps, the end of
 * the run. Stops where the output cannot take more.
 */
void app_settle(struct app *app);

/* --- app_query.c ---------------------------------------------------------- */

struct query app_query(const struct app *app);

/*
 * How records are read ahead, as the environment has it, for tests: it makes no
 * difference but in time. -1: there is none such.
 */
int app_read_environment(struct query *query, struct error *error) MUST_CHECK;

/* What must be the same in each run on one state: "NAME=VALUE" lines. */
void app_describe_query(const struct app *app, struct buffer *out);

/* --- app_feeds.c ---------------------------------------------------------- */

/* Reads what tls:// sources need, if there are any. -1: said, status 1. */
int app_open_tls(struct app *app) MUST_CHECK;

/* Starts the sources. -1: said, status 1. */
int app_open_feeds(struct app *app) MUST_CHECK;
void app_close_feeds(struct app *app);

/* Gives each source its turn. */
void app_read_feeds(struct app *app);

/* Tells the sources and the windows whether the input has to wait. */
void app_set_input_waits(struct app *app, bool waits);

#endif
