/*
 * engine: bytes of streams go in, snapshots of windows come out.
 *
 * It joins lines, order (or merge), groups, windows, tallies, and either
 * coverage (by arrival) or watermark (by event time); it knows no source, no
 * output and no clock: time is a parameter. Pull, one thing at a time: each
 * call tells what it met, the caller deals with it and calls again.
 *
 * Before bytes or news of a source are handed in, every window that is due at
 * that time has been closed (engine_due, engine_close).
 *
 *     engine.c          setting up
 *     engine_ahead.c    bytes are taken, line by line or by what was walked
 *     engine_lines.c    lines become records
 *     engine_count.c    records are counted
 *     engine_members.c  what members of a group publish is merged
 *     engine_windows.c  windows close
 *     engine_deltas.c   what a member hands over
 *     engine_save.c     what a later run goes on from,
 *     engine_restore.c  and how it does
 */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "core/backlog.h"
#include "core/condition.h"
#include "core/coverage.h"
#include "core/groups.h"
#include "core/lane.h"
#include "core/lines.h"
#include "core/marks.h"
#include "core/merge.h"
#include "core/order.h"
#include "core/reject.h"
#include "core/savepoint.h"
#include "core/snapshot.h"
#include "core/tallies.h"
#include "core/watermark.h"
#include "core/windows.h"

/* What is asked for. Pointers are borrowed for the engine's life. */
struct query {
	struct order_query records; /* with merge only key_count may be set */
	bool merge;		    /* the records are rows */
	int64_t window_ns; /* 0: all; with merge: the first whole row's */
	int64_t slide_ns;  /* the window's, if it does not slide */
	bool timed;	   /* by event time, else by arrival */
	/* A member's: nothing closes and nothing is late; what was counted is
	 * taken off by engine_next_delta(). It is timed. */
	bool publishes;
	bool arrives; /* a member's: a record's time is when it was read */
	bool aligned; /* by arrival: windows at multiples since 1970 */
	int64_t lateness_ns;
	/* INT64_MAX: never; 0: window and lateness, at least 30 s */
	int64_t idle_ns;
	int64_t max_ahead_ns; /* INT64_MAX: any */
	int64_t forget_ns;    /* INT64_MAX: never */
	size_t max_line_bytes;
	uint64_t max_groups;
	const struct buffer *expected; /* encoded keys, no two equal */
	size_t expected_count;
	const struct condition *conditions;
	size_t condition_count;
	struct row_choice choice;
	bool keeps; /* savepoints are taken */
	uint64_t hash_seed[2];
	/* How records are read ahead: it makes no difference but in time. */
	enum level level;
	unsigned cursors; /* 1, 2 or 4; 0: what is best */
};

/* Where what a window hands out goes. */
struct closing {
	struct snapshot *snapshot;
	struct savepoint *savepoint; /* what changed is added; NULL: not kept */
	/* All groups, by key, whatever the query's choice; NULL: not wanted. */
	struct snapshot *whole;
	bool alone; /* no other snapshot is in use */
};

enum engine_event {
	ENGINE_DONE,	 /* the bytes are used up */
	ENGINE_REJECTED, /* engine->reject: a record; call again */
	ENGINE_DUE,	 /* a window is: close it and call again */
	ENGINE_FAILED,	 /* engine->error says why */
};

struct engine {
	struct query query;
	struct order order;
	struct lane lane;   /* its own; */
	struct lane *lent;  /* another one that went ahead, or NULL; */
	struct lane *ahead; /* and the one of them that is used */
	struct merge merge;
	struct backlog backlog;
	struct marks marks; /* of members, with merge */
	struct groups groups;
	struct windows windows;
	struct coverage coverage;   /* by arrival */
	struct watermark watermark; /* by event time */
	struct tallies run;	    /* up to the last closed window */
	struct tallies tallies;	    /* since then */
	int64_t late_by_ns;	    /* how far the furthest late one was */
	uint64_t named;		    /* groups that have a name */
	uint32_t *watched;	    /* for each condition its group */
	int64_t *last_ns; /* --forget: by group, of its newest order */
	size_t last_capacity;
	int64_t forget_at_ns; /* groups are judged as of then; TIME_NONE */
	struct reject reject;
	const struct condition *held; /* a condition that held, or NULL */
	uint64_t held_value;	      /* what it was held against */
	struct window held_window;    /* in which, or: */
	bool held_rest;		      /* on tallies that no window showed */
	bool whole_seen;	      /* a whole window was closed */
	bool other_seen;	      /* a group was never named */
	bool refused;	   /* what members published: what is open is void */
	bool restored;	   /* see engine_restore() */
	bool laid;	   /* how long a window is, is known */
	bool due;	   /* by event time: a window is */
	bool at_once;	   /* .. and prints at once with the one before it */
	bool over;	   /* by arrival: the last window was closed */
	int64_t pass_ns;   /* below it the watermark changes nothing */
	int64_t since_ns;  /* by arrival: the open window is counted since */
	int64_t closed_ns; /* end of the last window that closed, TIME_NONE */
	uint64_t kept_orders; /* of all runs before, see engine_resume() */
	struct error error;
	struct error note; /* to be said, and emptied, by the caller */
};

/* -1: the query cannot be run; release it all the same. */
int engine_init(struct engine *engine, const struct query *query,
		struct error *error) MUST_CHECK;
void engine_release(struct engine *engine);

/* The key fields: the query's, or the rows'; 0 before the first of them. */
size_t engine_key_names(const struct engine *engine, const char *const **names);

/*
 * With merge, before anything of that stream is handed in: it is the partition
 * of a topic (stream->partitions is not 0). What the marks of members in it say
 * is waited for. Of all that are read at the start the engine should know
 * before it takes the first bytes. -1: memory is out; see engine->error.
 */
int engine_listen_partition(struct engine *engine,
			    const struct stream *stream) MUST_CHECK;

/* The run begins, with so many sources up and down; see coverage.h. */
void engine_begin(struct engine *engine, int64_t now_ns, size_t up,
		  size_t down);

/*
 * Counts the records that end in *bytes, which are taken off its front. Half a
 * line stays with the stream. ENGINE_REJECTED: the reject is borrowed from the
 * bytes and the stream until the next call. now_ns: when they were read.
 */
enum engine_event engine_take(struct engine *engine, struct stream *stream,
			      struct span *bytes, int64_t now_ns) MUST_CHECK;

/*
 * A lane went ahead in the bytes that are handed in next (lane_prepare()), with
 * the same query; it is the engine's until they are used up. NULL: none did.
 */
void engine_lend(struct engine *engine, struct lane *lane);

/* The stream ended or was lost: its half line is a record too. As above. */
enum engine_event engine_end_stream(struct engine *engine,
				    struct stream *stream,
				    int64_t now_ns) MUST_CHECK;

/* --- windows -------------------------------------------------------------- */

/* Must a window be closed, now that it is so late? */
bool engine_due(const struct engine *engine, int64_t now_ns);

/*
 * Where the next window to close ends; INT64_MAX: there is none. By event time
 * it is the watermark that has to reach that.
 */
int64_t engine_next_end(const struct engine *engine);

/* Where the next window to close begins. */
int64_t engine_next_start(const struct engine *engine);

/* Orders that the next window to close by arrival holds. */
uint64_t engine_open_orders(const struct engine *engine);

/* By event time: a stream delivered something, not yet looked at. */
void engine_hear(struct engine *engine, struct stream_time *stream,
		 int64_t ready_ns, int64_t now_ns);

/* By event time: all sources had nothing; see watermark_wait(). */
void engine_wait(struct engine *engine, int64_t ready_ns, int64_t now_ns);

/*
 * The run ends: -1: rows still wait for one that says how long windows are, and
 * will not be counted; see engine->error.
 */
int engine_check_waiting(struct engine *engine) MUST_CHECK;

/* By event time: all streams have ended. -1: as above. */
int engine_end_input(struct engine *engine) MUST_CHECK;

/*
 * Closes the window that is due, judges the conditions on it and fills in what
 * it hands out. -1: memory is out.
 */
int engine_close(struct engine *engine,
		 const struct closing *closing) MUST_CHECK;

/*
 * By arrival, time was passed over: the open window closes where counting
 * stopped, and the one that holds now_ns opens. *skipped: the whole windows in
 * between.
 */
int engine_cut(struct engine *engine, const struct closing *closing,
	       int64_t stopped_ns, int64_t now_ns,
	       uint64_t *skipped) MUST_CHECK;

/*
 * By arrival: was nothing read since the last window, and has the next one no
 * order, of its earlier panes either? Then it may be left out.
 */
bool engine_is_empty(const struct engine *engine);

/*
 * Leaves the open window out, which is empty, and opens the one that holds
 * now_ns. Returns how many whole windows are left out.
 */
uint64_t engine_leave_out(struct engine *engine, int64_t now_ns);

/*
 * Is there a window to print, if the run ends now? By arrival at most one: one
 * that has only just begun and saw nothing is none.
 */
bool engine_has_rest(const struct engine *engine, int64_t now_ns);

/*
 * The run ends: closes the next window of the rest, which is partial unless, by
 * arrival, it is `all` and `whole`: the input ended by itself.
 */
int engine_finish(struct engine *engine, const struct closing *closing,
		  int64_t now_ns, bool whole) MUST_CHECK;

/* The run ends: judges conditions on the tallies that no window showed. */
void engine_judge_rest(struct engine *engine);

/* The tallies of the run so far. */
struct tallies engine_tallies(const struct engine *engine);

/* A message without a value: read, and filtered. */
void engine_take_deleted(struct engine *engine, struct stream *stream);

/* --- what a member hands over --------------------------------------------- */

/* What was counted of a group in a window; pointers are the engine's. */
struct engine_delta {
	int64_t start_ns;
	int64_t end_ns;
	const unsigned char *key; /* encoded, see key.h */
	uint64_t count;
	const struct sum *sum; /* NULL: nothing is summed */
};

/* Where engine_next_delta() is; begins as {0}. */
struct delta_place {
	size_t slot;
	uint32_t at;
};

/*
 * The next of what was counted since engine_drop_deltas(), in no order of time.
 * False: that was all.
 */
bool engine_next_delta(const struct engine *engine, struct delta_place *place,
		       struct engine_delta *delta);

/*
 * It was handed over, or is void (then the tallies of the run do not hold it):
 * nothing is counted. -1: memory is out.
 */
int engine_drop_deltas(struct engine *engine, bool is_void) MUST_CHECK;

/* --- what a later run goes on from ---------------------------------------- */

/*
 * Adds to the savepoint what changed since the one before; without a window:
 * those add themselves when they close. Failures stick to the savepoint.
 */
void engine_save(struct engine *engine, struct savepoint *savepoint);

/*
 * With query.keeps, before engine_begin(), in this order: the groups as they
 * were kept (`highest`: no group anywhere in the state has a higher number);
 * each pending savepoint on top, which hands its window out as it was
 * (*has_window); at the end the head and the panes. -1: memory is out, or it is
 * not what engine_save() wrote.
 */
int engine_restore(struct engine *engine, const struct savepoint *kept,
		   uint32_t highest, struct error *error) MUST_CHECK;
int engine_replay(struct engine *engine, const struct savepoint *pending,
		  struct snapshot *snapshot, bool *has_window,
		  struct error *error) MUST_CHECK;
int engine_resume(struct engine *engine, const struct savepoint *kept,
		  struct error *error) MUST_CHECK;

#endif
