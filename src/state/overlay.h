/*
 * overlay: the groups of some savepoints, as they are to lie over those in the
 * table of groups.
 *
 * The table holds blocks of neighbours, one row each: to change many groups,
 * all over a big table, costs a row and its pages for each block only once.
 */
#ifndef STATE_OVERLAY_H
#define STATE_OVERLAY_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "core/savepoint.h"

struct overlay_item {
	int64_t id;
	struct span bytes; /* of its savepoint; size 0: it is gone */
};

struct overlay {
	struct overlay_item *items; /* by rising ids, each id once */
	size_t count;
	size_t capacity;
	size_t next; /* those before it were merged */
};

/* Room for so many more items; -1: memory is out. */
int overlay_reserve(struct overlay *overlay, size_t items) MUST_CHECK;

/*
 * Puts the groups of a savepoint over those before; there must be room for
 * them. The savepoint must live on, its bytes unchanged.
 */
void overlay_add(struct overlay *overlay, const struct savepoint *savepoint);

/* Sorts what was added; then it can be merged. -1: memory is out. */
int overlay_sort(struct overlay *overlay) MUST_CHECK;

void overlay_release(struct overlay *overlay);

/* The block of the next item; false: there is none. */
bool overlay_block(const struct overlay *overlay, int64_t *block);

/*
 * Appends to out what the block holds when the items for it, which are taken,
 * lie over what it held. -1: that is no block.
 */
int overlay_merge(struct overlay *overlay, int64_t block, struct span held,
		  struct buffer *out) MUST_CHECK;

/* Takes a group off the front of a block; false: that is none. */
bool overlay_take(struct span *held, int64_t block, int64_t *id,
		  struct span *bytes);

#endif
