/*
 * panes: the open ones, found by index, and which of them comes first.
 *
 * A hash table from index to pane, and a heap of the indexes that were not
 * taken off it yet. Emptied panes are kept for the next ones, so that a steady
 * run allocates nothing.
 */
#ifndef CORE_PANES_H
#define CORE_PANES_H

#include <stddef.h>
#include <stdint.h>

#include "core/pane.h"

/* So many may be open, with so many counters in them together. */
#define PANES_MAX    1000000u
#define COUNTERS_MAX 100000000u

struct panes {
	bool summing;
	uint32_t mixer;
	struct pane **slots; /* open addressing, linear */
	size_t slot_count;   /* a power of two */
	size_t count;	     /* open */
	uint64_t counters;   /* in all of them */
	int64_t *heap;	     /* the least on top */
	size_t heap_count;
	size_t heap_capacity;
	struct pane *spare;
	size_t spare_count;
	/* Panes that stand in a savepoint and closed since, if it is tracked.
	 */
	bool tracks;
	bool gone_failed; /* memory was out */
	int64_t *gone;
	size_t gone_count;
	size_t gone_capacity;
};

void panes_init(struct panes *panes, bool summing, bool tracks, uint32_t mixer);
void panes_release(struct panes *panes);

/* NULL: it is not open. */
struct pane *panes_find(const struct panes *panes, int64_t index);

/*
 * Opens a pane that is not, for the heap too if it `waits`. NULL: memory is
 * out.
 */
struct pane *panes_open(struct panes *panes, int64_t index,
			bool waits) MUST_CHECK;

/* Closes it and empties it. */
void panes_close(struct panes *panes, struct pane *pane);

/* The first one that waits; false: none does. */
bool panes_first(const struct panes *panes, int64_t *index);

/* Takes it off the heap; it stays open. */
void panes_take_first(struct panes *panes);

/* The open pane in a slot, or NULL: for going through all of them. */
static inline struct pane *panes_at(const struct panes *panes, size_t slot)
{
	return panes->slots[slot];
}

#endif
