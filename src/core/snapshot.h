/*
 * snapshot: what a closed window hands out.
 *
 * Nothing in it changes until it is filled again; its memory is kept for that.
 * The keys are the groups', which neither move nor go while a snapshot is in
 * use (see groups_recycle()).
 */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/fetch.h"
#include "base/sum.h"
#include "core/groups.h"
#include "core/tallies.h"
#include "core/windows.h"

struct row {
	uint32_t group; /* GROUP_OTHER: the row (other) */
	uint64_t count; /* orders in the window */
	uint64_t total; /* orders so far */
};

struct snapshot {
	int64_t start_ns; /* since 1970; [start, end) */
	int64_t end_ns;
	bool partial;
	const struct groups *key_source; /* whose keys the rows have */
	struct row *rows; /* sorted; (other), if there, is the last */
	size_t row_count;
	/* With --sum, else NULL: of row i the sum in the window [2 * i] and so
	 * far [2 * i + 1]; behind the last row those of all orders. */
	struct sum *sums;
	uint64_t orders;	/* sum of the counts, (other) included */
	uint64_t total_orders;	/* all orders so far */
	uint64_t groups;	/* that have a name */
	struct tallies tallies; /* since the window printed before */
	struct tallies run;	/* since the run began */
	/* Its own: */
	struct row *scratch;
	size_t capacity;
	size_t rows_bytes;
	size_t scratch_bytes;
	size_t sum_capacity;
	uint8_t *shown; /* a bit for each group that has a row */
	size_t shown_bytes;
};

/* Keys are fetched so many rows ahead, the pointers to them twice as many. */
#define SNAPSHOT_AHEAD ((size_t)16)

/* What most keys have, or somewhat more. */
#define SNAPSHOT_KEY_BYTES 32

enum row_order { ORDER_KEY, ORDER_COUNT, ORDER_TOTAL };

/* Which groups have a row of their own, and in which order. */
struct row_choice {
	uint64_t top; /* so many by count, the rest in (other); 0: all */
	bool active;  /* leave out groups without an order */
	enum row_order order; /* count, total: largest first, ties by key */
};

void snapshot_init(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot);

/* The encoded key of a row (see key.h); NULL: it is (other). */
static inline const unsigned char *snapshot_key(const struct snapshot *snapshot,
						const struct row *row)
{
	return snapshot->key_source->keys[row->group];
}

/*
 * Going through the rows: fetches the key of one that comes soon. The keys of
 * millions of groups are anywhere in memory.
 */
ALWAYS_INLINE void snapshot_fetch_key(const struct snapshot *snapshot,
				      size_t row)
{
	const unsigned char *const *keys = snapshot->key_source->keys;
	size_t count = snapshot->row_count;

	if (row + 2 * SNAPSHOT_AHEAD < count)
		FETCH(&keys[snapshot->rows[row + 2 * SNAPSHOT_AHEAD].group]);
	if (row + SNAPSHOT_AHEAD < count) {
		const unsigned char *key =
			keys[snapshot->rows[row + SNAPSHOT_AHEAD].group];

		FETCH(key);
		/* Its end may be in the next piece of memory. */
		if (key)
			FETCH(key + SNAPSHOT_KEY_BYTES);
	}
}

/*
 * Fills in rows, sums, orders and total_orders from the window that is closing.
 * -1: memory is out.
 */
int snapshot_fill(struct snapshot *snapshot, struct groups *groups,
		  const struct windows *windows,
		  const struct row_choice *choice) MUST_CHECK;

#endif
