/*
 * engine: bytes of streams go in, snapshots of windows come out.
 *
 * It joins lines, order, groups, windows and tallies, and knows no source, no
 * output and no clock: time is a parameter. Pull, one thing at a time: each
 * call tells what it met, the caller deals with it and calls again.
 *
 * Before bytes or news of a source are handed in, every window that is due at
 * that time has been closed (engine_due, engine_close).
 */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "core/condition.h"
#include "core/groups.h"
#include "core/lines.h"
#include "core/order.h"
#include "core/reject.h"
#include "core/snapshot.h"
#include "core/tallies.h"
#include "core/windows.h"

/* What is asked for. Pointers are borrowed for the engine's life. */
struct query {
	const char *const *key_names;
	size_t key_count;
	const char *missing_label; /* NULL: reject */
	int64_t window_ns;	   /* 0: all */
	bool aligned;		   /* windows at multiples since 1970 */
	size_t max_line_bytes;
	uint64_t max_groups;
	const struct buffer *expected; /* encoded keys, no two equal */
	size_t expected_count;
	const struct condition *conditions;
	size_t condition_count;
	uint64_t top; /* 0: all */
	bool active;
	bool by_count;
	uint64_t hash_seed[2];
};

enum engine_event {
	ENGINE_DONE,	 /* the bytes are used up */
	ENGINE_REJECTED, /* engine->reject: a record; call again */
	ENGINE_FAILED,	 /* memory is out */
};

struct engine {
	struct query query;
	struct order order;
	struct groups groups;
	struct windows windows;
	struct snapshot snapshot;
	struct row_choice choice;
	struct tallies run;	/* up to the last closed window */
	struct tallies tallies; /* since then */
	uint64_t named;		/* groups that have a name so far */
	uint32_t reserved;	/* groups 1 to this one always have one */
	uint32_t *watched;	/* for each condition its group */
	struct reject reject;
	const struct condition *held; /* a condition that held, or NULL */
	uint64_t held_value;	      /* what it was held against */
	bool whole_seen;	      /* a whole window was closed */
	bool other_seen;	      /* a group was never named */
};

/* -1: the query cannot be run; release it all the same. */
int engine_init(struct engine *engine, const struct query *query,
		struct error *error) MUST_CHECK;
void engine_release(struct engine *engine);

/* The run begins. See windows.h for this and the news of sources. */
void engine_begin(struct engine *engine, int64_t now_ns, size_t up,
		  size_t down);

/*
 * Counts the records that end in *bytes, which are taken off its front. Half a
 * line stays with the stream. ENGINE_REJECTED: the reject is borrowed from the
 * bytes and the stream until the next call.
 */
enum engine_event engine_take(struct engine *engine, struct stream *stream,
			      struct span *bytes) MUST_CHECK;

/* The stream ended or was lost: its half line is a record too. */
enum engine_event engine_end_stream(struct engine *engine,
				    struct stream *stream) MUST_CHECK;

static inline bool engine_due(const struct engine *engine, int64_t now_ns)
{
	return windows_due(&engine->windows, now_ns);
}

/*
 * Closes the window that is due and judges the conditions on it. Returns its
 * snapshot, which stands until the next one is asked for; NULL: memory is out.
 */
const struct snapshot *engine_close(struct engine *engine) MUST_CHECK;

/*
 * Time was passed over: the open window closes where counting stopped, and the
 * window that holds now_ns opens. *skipped: the whole windows in between.
 */
const struct snapshot *engine_cut(struct engine *engine, int64_t stopped_ns,
				  int64_t now_ns, uint64_t *skipped) MUST_CHECK;

/*
 * Can the open window be left out without losing anything? Nothing was read in
 * it.
 */
bool engine_is_empty(const struct engine *engine);

/*
 * Leaves the open window out, which is empty, and opens the one that holds
 * now_ns. Returns how many whole windows are left out.
 */
uint64_t engine_leave_out(struct engine *engine, int64_t now_ns);

/*
 * Is there an open window to print, if the run ends now? One that has only just
 * begun and saw nothing is none.
 */
bool engine_has_open(const struct engine *engine, int64_t now_ns);

/* The run ends: closes the open window. `whole`: the input ended by itself. */
const struct snapshot *engine_finish(struct engine *engine, int64_t now_ns,
				     bool whole) MUST_CHECK;

/* The tallies of the run so far. */
struct tallies engine_tallies(const struct engine *engine);

#endif
