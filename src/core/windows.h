/*
 * windows: when a window begins and ends, and what was counted in it.
 *
 * A window is [start, end) and the sum of its panes; so far every window is one
 * pane. Starts lie at multiples of the length from an origin: 1970, or the
 * beginning of the run. All times are nanoseconds since 1970, are parameters,
 * and never run backwards. Counts are columns, indexed by group number.
 *
 * A window is partial when it was not counted in from its beginning to its end:
 * the run began or ended inside, a source was down, or the input had to wait.
 * Where no source was up at its beginning or end, it says when counting really
 * began and ended; if none was up at all, it keeps its bounds.
 */
#ifndef CORE_WINDOWS_H
#define CORE_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Counts of the orders of [start, end), a number for each group. */
struct pane {
	uint64_t *counts;
	uint64_t orders;
};

struct window {
	int64_t start_ns;
	int64_t end_ns;
	bool partial;
};

struct windows {
	int64_t length_ns; /* 0: one window, the whole input */
	int64_t origin_ns;
	struct window open; /* as it would be if nothing disturbs it */
	struct pane pane;   /* of the open window */
	uint64_t *totals;   /* of all panes before it, by group number */
	uint64_t total_orders;
	size_t capacity; /* groups that the columns have room for */
	/* Sources: */
	size_t up;
	size_t down;	  /* neither ended nor up */
	bool waiting;	  /* the input has to wait for a slow reader */
	bool counted;	  /* a source was up in the open window */
	int64_t began_ns; /* if so: since when, */
	int64_t ended_ns; /* and if none is up: until when */
};

void windows_init(struct windows *windows, int64_t length_ns);
void windows_release(struct windows *windows);

/* Makes room for groups 0 to count - 1. -1: memory is out. */
int windows_reserve(struct windows *windows, size_t count) MUST_CHECK;

/*
 * The run begins with so many sources up and down. `aligned`: windows start at
 * multiples of their length since 1970, else since now.
 */
void windows_begin(struct windows *windows, int64_t now_ns, bool aligned,
		   size_t up, size_t down);

/* A source that was down is up, that was up is down, or has ended. */
void windows_source_up(struct windows *windows, int64_t now_ns);
void windows_source_down(struct windows *windows, int64_t now_ns);
void windows_source_ended(struct windows *windows, int64_t now_ns);
/* Part of a source failed for good, the rest of it goes on. */
void windows_source_hurt(struct windows *windows);
void windows_wait(struct windows *windows, bool waiting);

/* Counts one order of the group in the open window. */
static inline void windows_count(struct windows *windows, uint32_t group)
{
	windows->pane.counts[group]++;
	windows->pane.orders++;
}

/* Must the open window be closed, now that it is so late? */
static inline bool windows_due(const struct windows *windows, int64_t now_ns)
{
	return windows->length_ns > 0 && now_ns >= windows->open.end_ns;
}

/* When that will be; TIME_NEVER (INT64_MAX) for `all`. */
int64_t windows_end(const struct windows *windows);

/* The bounds of the open window if it ends at end_ns, inside or on time. */
struct window windows_bounds(const struct windows *windows, int64_t end_ns);

/*
 * The open window is over: its pane is added to the totals and emptied, and
 * the window that holds now_ns opens, partial if now is not its start.
 * Returns the whole windows that were passed over in between.
 */
uint64_t windows_next(struct windows *windows, int64_t now_ns,
		      size_t group_count);

#endif
