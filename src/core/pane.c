#include "core/pane.h"

#include <stdlib.h>

#include "base/column.h"

/* In place of a place's group: none. */
#define PLACE_FREE 0u

/* The same in an older one: the counter has moved. */
#define PLACE_MOVED UINT32_MAX

/* Fewer places move all at once. */
#define MANY_PLACES 16384u

/* A pane begins with so many places. */
#define SPARSE_MIN 8u
#define DENSE_MIN  8u

/* Worth to be given back: 32 KiB and more. */
#define WIDE 4096u

/* Dense once a counter in so many groups is used, */
#define DENSE_SHARE 4

/* or while so few groups are known. */
#define FEW_GROUPS 16

void pane_init(struct pane *pane, bool summing, uint32_t mixer)
{
	*pane = (struct pane){.summing = summing, .mixer = mixer | 1};
}

static void clear_sums(struct pane *pane)
{
	for (uint32_t i = 0; pane->sums && i < pane->capacity; i++)
		sum_clear(&pane->sums[i]);
}

static void free_columns(struct pane *pane)
{
	column_free(pane->counts,
		    pane->counts_capacity * sizeof(*pane->counts));
	column_free(pane->sums, pane->capacity * sizeof(*pane->sums));
	column_free(pane->places, pane->capacity * sizeof(*pane->places));
}

static void free_older(struct pane *pane)
{
	if (pane->older)
		free_columns(pane->older);
	free(pane->older);
	pane->older = NULL;
}

void pane_release(struct pane *pane)
{
	clear_sums(pane);
	free_older(pane);
	free_columns(pane);
	pane_init(pane, pane->summing, pane->mixer);
}

void pane_clear(struct pane *pane)
{
	/* A wide column that was hardly used is not worth its emptying. */
	if (pane->capacity > WIDE && pane->used < pane->capacity / 16) {
		pane_release(pane);
		return;
	}
	free_older(pane);
	clear_sums(pane);
	if (pane->capacity > 0)
		column_clear(pane->counts,
			     pane->capacity * sizeof(*pane->counts));
	if (pane->places)
		column_clear(pane->places,
			     pane->capacity * sizeof(*pane->places));
	pane->orders = 0;
	pane->used = 0;
}

/* Fills in the arrays of an empty pane. */
static int make_room(struct pane *pane, uint32_t capacity, bool sparse)
{
	pane->capacity = capacity;
	pane->counts_capacity = capacity;
	pane->counts = column_grow(NULL, 0, capacity * sizeof(*pane->counts));
	if (pane->summing)
		pane->sums =
			column_grow(NULL, 0, capacity * sizeof(*pane->sums));
	if (sparse)
		pane->places =
			column_grow(NULL, 0, capacity * sizeof(*pane->places));
	if (!pane->counts || (pane->summing && !pane->sums) ||
	    (sparse && !pane->places)) {
		pane_release(pane);
		return -1;
	}
	return 0;
}

/* Where a group that has no counter yet gets one. There is room. */
static uint32_t take_place(struct pane *pane, uint32_t group)
{
	uint32_t place = group;

	if (pane->places) {
		place = pane_home(pane, group);
		while (pane->places[place] != PLACE_FREE)
			place = (place + 1) & (pane->capacity - 1);
		pane->places[place] = group + 1;
	}
	return place;
}

/* Moves all counters into arrays of another size or kind. */
static int rebuild(struct pane *pane, uint32_t capacity, bool sparse)
{
	struct pane grown;
	struct counter counter;
	uint32_t at = 0;

	pane_init(&grown, pane->summing, pane->mixer);
	if (make_room(&grown, capacity, sparse) != 0)
		return -1;
	while (pane_next(pane, &at, &counter)) {
		uint32_t place = take_place(&grown, counter.group);

		grown.counts[place] = counter.count;
		if (grown.sums)
			grown.sums[place] = pane->sums[at - 1];
	}
	free_older(pane);
	free_columns(pane);
	pane->counts = grown.counts;
	pane->sums = grown.sums;
	pane->places = grown.places;
	pane->capacity = capacity;
	pane->counts_capacity = capacity;
	return 0;
}

/* Is it better to have the counters move bit by bit? */
static bool is_slow(const struct pane *pane)
{
	return pane->places && pane->capacity >= MANY_PLACES &&
	       !pane->summing && !pane->older;
}

/* Begins to move all counters into arrays of another size or kind. */
static int begin_move(struct pane *pane, uint32_t capacity, bool sparse)
{
	struct pane *older = malloc(sizeof(*older));
	struct pane grown;

	if (!older)
		return -1;
	pane_init(&grown, false, pane->mixer);
	if (make_room(&grown, capacity, sparse) != 0) {
		free(older);
		return -1;
	}
	*older = *pane;
	pane->counts = grown.counts;
	pane->places = grown.places;
	pane->capacity = capacity;
	pane->counts_capacity = capacity;
	pane->older = older;
	pane->moved = 0;
	return 0;
}

static int grow_to(struct pane *pane, uint32_t capacity, bool sparse)
{
	return is_slow(pane) ? begin_move(pane, capacity, sparse)
			     : rebuild(pane, capacity, sparse);
}

/* Few, as each may be the first in its page of the new arrays. */
static void move_some(struct pane *pane)
{
	struct pane *older = pane->older;
	uint32_t end = pane->moved + PANE_MOVED_AT_ONCE;

	for (; pane->moved < end; pane->moved++) {
		uint32_t group = older->places[pane->moved];

		if (group == PLACE_FREE || group == PLACE_MOVED)
			continue;
		pane->counts[take_place(pane, group - 1)] =
			older->counts[pane->moved];
		older->places[pane->moved] = PLACE_MOVED;
	}
	if (pane->moved == older->capacity)
		free_older(pane);
}

/* In place: no second column is there meanwhile. */
static int grow_column(struct pane *pane, uint32_t capacity)
{
	uint64_t *counts;
	struct sum *sums;

	if (pane->counts_capacity < capacity) {
		counts = column_grow(pane->counts,
				     pane->counts_capacity * sizeof(*counts),
				     capacity * sizeof(*counts));
		if (!counts)
			return -1;
		pane->counts = counts;
		pane->counts_capacity = capacity;
	}
	if (pane->summing) {
		sums = column_grow(pane->sums, pane->capacity * sizeof(*sums),
				   capacity * sizeof(*sums));
		if (!sums)
			return -1;
		pane->sums = sums;
	}
	pane->capacity = capacity;
	return 0;
}

int pane_widen(struct pane *pane, uint32_t count)
{
	uint64_t capacity = DENSE_MIN;

	if (!pane->places && count <= pane->capacity)
		return 0;
	while (capacity < count)
		capacity *= 2;
	if (capacity >= PANE_NO_PLACE)
		return -1;
	if (pane->places || pane->capacity == 0)
		return grow_to(pane, (uint32_t)capacity, false);
	return grow_column(pane, (uint32_t)capacity);
}

/* Room for one counter more, in the way that suits. */
static int grow_sparse(struct pane *pane, uint32_t group, uint32_t group_count)
{
	uint64_t capacity =
		pane->capacity ? (uint64_t)pane->capacity * 2 : SPARSE_MIN;

	if (group_count <= FEW_GROUPS ||
	    (pane->capacity > 0 &&
	     (uint64_t)pane->used * DENSE_SHARE >= group_count))
		return pane_widen(pane, group_count > group ? group_count
							    : group + 1);
	if (capacity >= PANE_NO_PLACE)
		return -1;
	return grow_to(pane, (uint32_t)capacity, true);
}

uint32_t pane_place_slow(struct pane *pane, uint32_t group,
			 uint32_t group_count)
{
	if (pane->places) {
		uint32_t place = pane_home(pane, group);

		while (pane->places[place] != PLACE_FREE) {
			if (pane->places[place] == group + 1)
				return place;
			place = (place + 1) & (pane->capacity - 1);
		}
	}
	/* A quarter of the places stays free. */
	if (pane->capacity == 0 ||
	    (pane->places && pane->used + 1 > pane->capacity / 4 * 3)) {
		if (grow_sparse(pane, group, group_count) != 0)
			return PANE_NO_PLACE;
	} else if (!pane->places) {
		if (pane_widen(pane, group_count > group ? group_count
							 : group + 1) != 0)
			return PANE_NO_PLACE;
	}
	pane->used += pane->places != NULL;
	return take_place(pane, group);
}

/* PANE_NO_PLACE: the group has no counter. */
static uint32_t find_place(const struct pane *pane, uint32_t group)
{
	uint32_t place;

	if (!pane->places)
		return group < pane->capacity ? group : PANE_NO_PLACE;
	place = pane_home(pane, group);
	while (pane->places[place] != group + 1) {
		if (pane->places[place] == PLACE_FREE)
			return PANE_NO_PLACE;
		place = (place + 1) & (pane->capacity - 1);
	}
	return place;
}

/* A counter that was just made, if the group has one in the older pane. */
static void take_over(struct pane *pane, uint32_t group, uint32_t place)
{
	uint32_t before = find_place(pane->older, group);

	if (before == PANE_NO_PLACE)
		return;
	pane->counts[place] = pane->older->counts[before];
	pane->older->places[before] = PLACE_MOVED;
	pane->used -= pane->places != NULL;
}

int pane_add(struct pane *pane, uint32_t group, uint64_t orders,
	     const struct sum *amount, uint32_t group_count)
{
	uint32_t place = pane_place(pane, group, group_count);

	if (place == PANE_NO_PLACE)
		return -1;
	if (pane->older) {
		take_over(pane, group, place);
		move_some(pane);
	}
	if (amount && sum_add(&pane->sums[place], amount) != 0)
		return -1;
	pane->used += !pane->places && pane->counts[place] == 0 && orders > 0;
	pane->counts[place] += orders;
	pane->orders += orders;
	pane->changed = true;
	return 0;
}

uint64_t pane_count(const struct pane *pane, uint32_t group)
{
	uint32_t place = find_place(pane, group);

	if (place != PANE_NO_PLACE && pane->counts[place] > 0)
		return pane->counts[place];
	return pane->older ? pane_count(pane->older, group) : 0;
}

const struct sum *pane_sum(const struct pane *pane, uint32_t group)
{
	uint32_t place = find_place(pane, group);

	return place == PANE_NO_PLACE || !pane->sums ? NULL
						     : &pane->sums[place];
}

/* The same of one table; *at counts from its first place. */
static bool next_in(const struct pane *pane, uint32_t *at,
		    struct counter *counter)
{
	for (; *at < pane->capacity; (*at)++) {
		uint32_t place = *at;

		if (pane->places ? pane->places[place] == PLACE_FREE ||
					   pane->places[place] == PLACE_MOVED
				 : pane->counts[place] == 0 &&
					   (!pane->sums ||
					    sum_is_zero(&pane->sums[place])))
			continue;
		counter->group = pane->places ? pane->places[place] - 1 : place;
		counter->count = pane->counts[place];
		counter->sum = pane->sums ? &pane->sums[place] : NULL;
		(*at)++;
		return true;
	}
	return false;
}

bool pane_next(const struct pane *pane, uint32_t *at, struct counter *counter)
{
	bool found;

	if (*at < pane->capacity && next_in(pane, at, counter))
		return true;
	if (!pane->older)
		return false;
	*at -= pane->capacity;
	found = next_in(pane->older, at, counter);
	*at += pane->capacity;
	return found;
}
