/*
 * snapshot: what a closed window hands out; nothing in it changes any more.
 *
 * The keys are borrowed from the groups, whose keys never move or go.
 */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/tallies.h"

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
};

#endif
