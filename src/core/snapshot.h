/*
 * snapshot: what a closed window hands out.
 *
 * Nothing in it changes until it is filled again; its memory is kept for that.
 * The keys are borrowed from the groups, whose keys never move or go.
 */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/groups.h"
#include "core/tallies.h"
#include "core/windows.h"

enum row_order { ORDER_KEY, ORDER_COUNT, ORDER_TOTAL };

struct row {
	const unsigned char *key; /* encoded, see key.h; NULL: (other) */
	uint64_t count;		  /* orders in the window */
	uint64_t total;		  /* orders so far */
};

struct snapshot {
	int64_t start_ns; /* since 1970; [start, end) */
	int64_t end_ns;
	bool partial;
	struct row *rows; /* sorted; (other), if there, is the last */
	size_t row_count;
	uint64_t orders;	/* sum of the counts, (other) included */
	uint64_t total_orders;	/* all orders so far */
	uint64_t groups;	/* that have a name so far */
	struct tallies tallies; /* since the window printed before */
	/* Its own: */
	struct row *scratch;
	size_t capacity;
};

/* Which groups have a row of their own, and in which order. */
struct row_choice {
	uint64_t top;	   /* so many by count, the rest in (other); 0: all */
	bool active;	   /* leave out groups without an order */
	bool by_count;	   /* largest first, ties by key; else by key */
	uint32_t expected; /* groups 1 to this one have a row always */
};

void snapshot_init(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot);

/*
 * Fills in rows, orders and total_orders from the open window, before
 * windows_next(). -1: memory is out.
 */
int snapshot_fill(struct snapshot *snapshot, struct groups *groups,
		  const struct windows *windows,
		  const struct row_choice *choice) MUST_CHECK;

#endif
