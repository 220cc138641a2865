/*
 * pane: the orders of a span of time, a counter for each group in it.
 *
 * Dense: a column, indexed by group number. Sparse: a hash table of those
 * groups that have a counter (open addressing, linear), until a good part of
 * all groups has one. Either way `counts` and `sums` run side by side.
 *
 * A large hash table without sums grows without a pause: the old one stays
 * beside what takes its place, and each counter that is made, or not found at
 * once, moves some places on. A counter is in one of them.
 */
#ifndef CORE_PANE_H
#define CORE_PANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/fetch.h"
#include "base/sum.h"

/* So many places of an older pane are looked at at a time. */
#define PANE_MOVED_AT_ONCE 8u

/* In place of a place: there is none. */
#define PANE_NO_PLACE UINT32_MAX

struct pane {
	int64_t index;	   /* which one, see windows.h */
	uint64_t orders;   /* all of its counts */
	uint64_t *counts;  /* columns (see column.h): capacity of them */
	struct sum *sums;  /* as many, or NULL */
	uint32_t *places;  /* sparse: 1 + whose place it is; dense: NULL */
	uint32_t capacity; /* sparse: a power of two */
	uint32_t counts_capacity; /* at least that */
	uint32_t used;		  /* counters in it */
	uint32_t mixer;		  /* odd, secret: no sender can make it slow */
	bool summing;
	bool changed;	    /* since it was saved */
	bool saved;	    /* it stands in a savepoint */
	struct pane *next;  /* among spare ones */
	struct pane *older; /* sparse, on its way into this one, or NULL */
	uint32_t moved;	    /* so many of its places have been looked at */
};

void pane_init(struct pane *pane, bool summing, uint32_t mixer);
void pane_release(struct pane *pane);

/* Empties it, keeps the memory. */
void pane_clear(struct pane *pane);

/* Makes it a column for groups 0 to count - 1 at least. -1: memory is out. */
int pane_widen(struct pane *pane, uint32_t count) MUST_CHECK;

/*
 * The place of the group's counter, which is made if there is none;
 * group_count: how many groups are known. PANE_NO_PLACE: memory is out.
 */
uint32_t pane_place_slow(struct pane *pane, uint32_t group,
			 uint32_t group_count) MUST_CHECK;

/* The first place to look for a group in a sparse pane. */
static inline uint32_t pane_home(const struct pane *pane, uint32_t group)
{
	return (uint32_t)((group * (uint64_t)pane->mixer) >> 15) &
	       (pane->capacity - 1);
}

/* The same, quick where the counter is there. */
MUST_CHECK static inline uint32_t pane_place(struct pane *pane, uint32_t group,
					     uint32_t group_count)
{
	if (!pane->places) {
		if (group < pane->capacity)
			return group;
	} else {
		uint32_t place = pane_home(pane, group);

		if (pane->places[place] == group + 1)
			return place;
	}
	return pane_place_slow(pane, group, group_count);
}

/* Adds so many orders, and their amount (NULL: none). -1: memory is out. */
int pane_add(struct pane *pane, uint32_t group, uint64_t orders,
	     const struct sum *amount, uint32_t group_count) MUST_CHECK;

/*
 * The same without an amount, where the group has a counter and that is found
 * at once. False: it is not, or amounts are kept, and nothing was added.
 */
static inline bool pane_add_more(struct pane *pane, uint32_t group,
				 uint64_t orders)
{
	uint32_t place = group;

	if (pane->places) {
		place = pane_home(pane, group);
		if (pane->places[place] != group + 1)
			return false;
	} else if (group >= pane->capacity) {
		return false;
	}
	if (pane->counts[place] == 0 || pane->sums)
		return false;
	pane->counts[place] += orders;
	pane->orders += orders;
	pane->changed = true;
	return true;
}

/* Fetches a counter that is asked for soon. */
ALWAYS_INLINE void pane_prefetch(const struct pane *pane, uint32_t group)
{
	if (!pane->places && group < pane->capacity)
		FETCH(&pane->counts[group]);
}

/* What the group has; 0 and NULL where it has no counter. */
uint64_t pane_count(const struct pane *pane, uint32_t group);
const struct sum *pane_sum(const struct pane *pane, uint32_t group);

/* A counter, while going through all of them. */
struct counter {
	uint32_t group;
	uint64_t count;
	const struct sum *sum; /* NULL without --sum */
};

/* The next counter from place *at on, which begins with 0; false: none. */
bool pane_next(const struct pane *pane, uint32_t *at, struct counter *counter);

#endif
