/*
 * coverage: by arrival, when was counted and when not.
 *
 * A window is partial when it was not counted in from its beginning to its end:
 * the run began or ended inside, a source was down, or the input had to wait.
 * Where no source was up at its beginning or end, it says when counting really
 * began and ended; if none was up at all, it keeps its bounds. What is kept for
 * that, is kept for each of the last panes, as many as a window has.
 */
#ifndef CORE_COVERAGE_H
#define CORE_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct window {
	int64_t start_ns;
	int64_t end_ns;
	bool partial;
};

/* One pane. */
struct covered {
	bool partial;
	bool counted;	   /* a source was up in it */
	int64_t opened_ns; /* where it begins, or begins anew after a cut */
	int64_t began_ns;  /* if so: since when, */
	int64_t ended_ns;  /* and until when */
};

struct coverage {
	int64_t pane_ns; /* 0: one pane, without end */
	int64_t origin_ns;
	struct covered *ring; /* by index, modulo size; NULL: see below */
	int64_t size;
	int64_t first;	   /* the pane in which the run began */
	int64_t open;	   /* the pane that is counted in */
	int64_t disturbed; /* the last one that was not whole */
	size_t up;
	size_t down; /* neither ended nor up */
	/* The input had to wait, from one time until the other, INT64_MAX: it
	 * still has to; if the first is below the other. */
	int64_t waited_from_ns;
	int64_t waited_until_ns;
};

/* Panes of that length, so many a window. -1: memory is out. */
int coverage_init(struct coverage *coverage, int64_t pane_ns, int64_t panes,
		  struct error *error) MUST_CHECK;
void coverage_release(struct coverage *coverage);

/* The run begins. Panes start at multiples of their length from the origin. */
void coverage_begin(struct coverage *coverage, int64_t origin_ns,
		    int64_t now_ns, size_t up, size_t down);

/* Time went on; before each of the news below, and before a window closes. */
void coverage_reach(struct coverage *coverage, int64_t now_ns);

/*
 * A source that was down is up, that was up is down, or has ended. Where the
 * coverage is all zeros, as by event time, such news changes nothing.
 */
void coverage_source_up(struct coverage *coverage, int64_t now_ns);
void coverage_source_down(struct coverage *coverage, int64_t now_ns);
void coverage_source_ended(struct coverage *coverage, int64_t now_ns);
/* Part of a source failed for good, the rest of it goes on. */
void coverage_source_hurt(struct coverage *coverage);
/*
 * The input has to wait, or no more. This may come before the time is reached:
 * windows that were due before then may still have to be closed.
 */
void coverage_wait(struct coverage *coverage, bool waiting, int64_t now_ns);

/* Nothing was counted from one time to the other. */
void coverage_cut(struct coverage *coverage, int64_t from_ns, int64_t to_ns);

/*
 * What the window from pane `first` to pane `last` says of itself, when it ends
 * at end_ns, in time or early. Its last pane is open, or the one before that.
 */
struct window coverage_window(const struct coverage *coverage, int64_t first,
			      int64_t last, int64_t end_ns);

/* The pane that holds this time, and where a pane begins. */
int64_t coverage_pane(const struct coverage *coverage, int64_t time_ns);
int64_t coverage_start(const struct coverage *coverage, int64_t pane);

#endif
