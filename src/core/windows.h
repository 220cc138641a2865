/*
 * windows: what was counted in which pane, and which window closes next.
 *
 * A pane is [start, start + slide); starts lie at multiples of the slide from
 * an origin: 1970, or the beginning of the run. A window is the sum of so many
 * panes, one if windows do not slide; it is named by its last pane. Windows
 * close in the order of time. Of one that closes
 *
 *     windows_gather()   adds its last pane to the sums of the window and to
 *                        the totals,
 *     (a snapshot)       and
 *     windows_drop()     subtracts its first pane,
 *
 * which costs the same however many panes there are. An order may still come
 * for a pane that is gathered already, while a window to come holds it: then it
 * is added to pane, sums and totals at once.
 *
 * By arrival an order's time is when it was read. Counts are kept by group
 * number; all times are nanoseconds since 1970.
 */
#ifndef CORE_WINDOWS_H
#define CORE_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/panes.h"

/* In place of a pane: there is none. */
#define PANE_NONE INT64_MIN

struct windows {
	int64_t slide_ns; /* 0: one pane, the whole input */
	int64_t origin_ns;
	int64_t span; /* panes a window */
	struct panes panes;
	struct pane *hot; /* counted in last, */
	int64_t hot_start_ns;
	int64_t hot_end_ns; /* and its span of time */
	int64_t closed;	    /* the last pane that was gathered, or passed */
	uint64_t retained;  /* panes up to it that a window to come holds */
	struct pane window; /* the sums of the window that closes */
	/* Of all panes up to `closed`, by group number: */
	uint64_t *totals;
	struct sum *total_sums; /* or NULL: nothing is summed */
	uint64_t total_orders;
	size_t capacity; /* groups that there is room for */
	/* Groups whose totals changed since windows_changes(), if it keeps
	 * track: once each. */
	bool tracks;
	uint8_t *is_changed; /* by group number */
	uint32_t *changed;
	size_t changed_count;
	/* What these columns take. */
	size_t totals_bytes;
	size_t total_sums_bytes;
	size_t is_changed_bytes;
	size_t changed_bytes;
};

/*
 * slide_ns 0: one window, the whole input, of one pane. `tracks`: which groups
 * change is kept for a save.
 */
void windows_init(struct windows *windows, int64_t slide_ns, int64_t span,
		  bool summing, bool tracks, uint32_t mixer);
void windows_release(struct windows *windows);

/* Makes room for groups 0 to count - 1. -1: memory is out. */
int windows_reserve(struct windows *windows, size_t count) MUST_CHECK;

/*
 * Panes are counted from the origin. The first window that closes is the one
 * that begins with the pane which holds now_ns.
 */
void windows_begin(struct windows *windows, int64_t origin_ns, int64_t now_ns);

/* The pane that holds this time, and where a pane begins. */
int64_t windows_pane(const struct windows *windows, int64_t time_ns);
int64_t windows_start(const struct windows *windows, int64_t pane);

enum windows_room {
	WINDOWS_ROOM,
	/* It would open more panes or counters than are kept, or a window with
	 * bounds that no time can be (years 1677 to 2262). */
	WINDOWS_FULL,
	WINDOWS_FAILED, /* memory is out */
};

/* Finds or opens the pane of that time, and makes it the hot one. */
enum windows_room windows_open(struct windows *windows,
			       int64_t time_ns) MUST_CHECK;

/* Is there room for an order of the group in the hot pane? */
bool windows_has_room(const struct windows *windows, uint32_t group);

static inline bool windows_is_hot(const struct windows *windows,
				  int64_t time_ns)
{
	return time_ns >= windows->hot_start_ns &&
	       time_ns < windows->hot_end_ns;
}

/*
 * Counts in the hot pane: so many orders of a group below `groups`, for which
 * room was reserved. -1: memory is out.
 */
int windows_add(struct windows *windows, uint32_t group, uint64_t orders,
		const struct sum *amount, uint32_t groups) MUST_CHECK;

/*
 * The same, quickly, for the usual order: of a group that has a counter in the
 * hot pane, where that waits to be gathered and nothing is summed. False: it is
 * another one, and was not counted.
 */
static inline bool windows_add_more(struct windows *windows, uint32_t group,
				    uint64_t orders)
{
	struct pane *pane = windows->hot;

	return pane->index > windows->closed &&
	       pane_add_more(pane, group, orders);
}

/*
 * The last pane of the first window to close that holds anything; PANE_NONE:
 * there is no such window.
 */
int64_t windows_next(const struct windows *windows);

/* Nothing that ends up to this pane is still to close: time passed it. */
void windows_pass(struct windows *windows, int64_t pane);

/* See above; `pane` is behind `closed`. -1: memory is out. */
int windows_gather(struct windows *windows, int64_t pane,
		   uint32_t groups) MUST_CHECK;
int windows_drop(struct windows *windows) MUST_CHECK;

/* A pane of an earlier run, gathered there, is one of the next window's. */
int windows_regather(struct windows *windows, const struct pane *pane,
		     uint32_t groups) MUST_CHECK;

/*
 * Windows up to the one that ends with `pane` do not close: they are passed
 * over, and what they hold counts in the totals. -1: memory is out.
 */
int windows_skip(struct windows *windows, int64_t pane,
		 uint32_t groups) MUST_CHECK;

/* Closes all panes that are open, none of which was gathered. */
void windows_empty(struct windows *windows);

/* By arrival, without sliding: the pane closed last is counted in once more. */
void windows_reopen(struct windows *windows);

/* Orders so far in the window that closes next by arrival. */
uint64_t windows_open_orders(const struct windows *windows);

/* The group's totals go to (other), and it may begin anew. -1: memory is out.
 */
int windows_forget(struct windows *windows, uint32_t group) MUST_CHECK;

/* The group's totals, or what is known of it, changed. */
static inline void windows_change(struct windows *windows, uint32_t group)
{
	if (!windows->tracks || windows->is_changed[group])
		return;
	windows->is_changed[group] = true;
	windows->changed[windows->changed_count++] = group;
}

/* The changes were taken down. */
void windows_settle_changes(struct windows *windows);

#endif
