#include "core/panes.h"

#include <stdlib.h>

/* So many emptied ones are kept. */
#define SPARE_MAX 16

void panes_init(struct panes *panes, bool summing, bool tracks, uint32_t mixer)
{
	*panes = (struct panes){
		.summing = summing, .tracks = tracks, .mixer = mixer};
}

static void free_pane(struct pane *pane)
{
	pane_release(pane);
	free(pane);
}

void panes_release(struct panes *panes)
{
	for (size_t i = 0; i < panes->slot_count; i++)
		if (panes->slots[i])
			free_pane(panes->slots[i]);
	while (panes->spare) {
		struct pane *pane = panes->spare;

		panes->spare = pane->next;
		free_pane(pane);
	}
	free(panes->slots);
	free(panes->heap);
	free(panes->gone);
	panes_init(panes, panes->summing, panes->tracks, panes->mixer);
}

/* --- by index ------------------------------------------------------------- */

static size_t home(const struct panes *panes, int64_t index)
{
	uint64_t mixed = ((uint64_t)index ^ panes->mixer) * 0x9e3779b97f4a7c15u;

	return (size_t)(mixed >> 32) & (panes->slot_count - 1);
}

/* Where the pane stands, or the free slot where it would. */
static size_t find_slot(const struct panes *panes, int64_t index)
{
	size_t i = home(panes, index);

	while (panes->slots[i] && panes->slots[i]->index != index)
		i = (i + 1) & (panes->slot_count - 1);
	return i;
}

struct pane *panes_find(const struct panes *panes, int64_t index)
{
	return panes->count == 0 ? NULL : panes->slots[find_slot(panes, index)];
}

/* At most half of the slots are taken. */
static int reserve_slot(struct panes *panes)
{
	struct panes grown = *panes;

	if ((panes->count + 1) * 2 <= panes->slot_count)
		return 0;
	grown.slot_count = panes->slot_count ? panes->slot_count * 2 : 16;
	grown.slots = calloc(grown.slot_count, sizeof(struct pane *));
	if (!grown.slots)
		return -1;
	for (size_t i = 0; i < panes->slot_count; i++) {
		struct pane *pane = panes->slots[i];

		if (pane)
			grown.slots[find_slot(&grown, pane->index)] = pane;
	}
	free(panes->slots);
	panes->slots = grown.slots;
	panes->slot_count = grown.slot_count;
	return 0;
}

/* Those behind it move up, so that none is cut off from its home. */
static void leave_slot(struct panes *panes, size_t hole)
{
	size_t mask = panes->slot_count - 1;

	for (size_t i = (hole + 1) & mask; panes->slots[i];
	     i = (i + 1) & mask) {
		size_t at_home = home(panes, panes->slots[i]->index);

		if (((i - at_home) & mask) < ((i - hole) & mask))
			continue;
		panes->slots[hole] = panes->slots[i];
		hole = i;
	}
	panes->slots[hole] = NULL;
}

/* --- in order ------------------------------------------------------------- */

static int reserve_heap(struct panes *panes)
{
	size_t capacity = panes->heap_capacity ? panes->heap_capacity * 2 : 16;
	int64_t *heap;

	if (panes->heap_count < panes->heap_capacity)
		return 0;
	heap = realloc(panes->heap, capacity * sizeof(*heap));
	if (!heap)
		return -1;
	panes->heap = heap;
	panes->heap_capacity = capacity;
	return 0;
}

static void heap_push(struct panes *panes, int64_t index)
{
	size_t at = panes->heap_count++;

	while (at > 0 && panes->heap[(at - 1) / 2] > index) {
		panes->heap[at] = panes->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	panes->heap[at] = index;
}

bool panes_first(const struct panes *panes, int64_t *index)
{
	if (panes->heap_count == 0)
		return false;
	*index = panes->heap[0];
	return true;
}

void panes_take_first(struct panes *panes)
{
	int64_t last = panes->heap[--panes->heap_count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= panes->heap_count)
			break;
		if (child + 1 < panes->heap_count &&
		    panes->heap[child + 1] < panes->heap[child])
			child++;
		if (last <= panes->heap[child])
			break;
		panes->heap[at] = panes->heap[child];
		at = child;
	}
	panes->heap[at] = last;
}

/* --- opening and closing -------------------------------------------------- */

static struct pane *new_pane(struct panes *panes)
{
	struct pane *pane = panes->spare;

	if (pane) {
		panes->spare = pane->next;
		panes->spare_count--;
		return pane;
	}
	pane = malloc(sizeof(*pane));
	if (pane)
		pane_init(pane, panes->summing, panes->mixer);
	return pane;
}

struct pane *panes_open(struct panes *panes, int64_t index, bool waits)
{
	struct pane *pane;

	if (reserve_slot(panes) != 0 || (waits && reserve_heap(panes) != 0))
		return NULL;
	pane = new_pane(panes);
	if (!pane)
		return NULL;
	pane->index = index;
	pane->changed = true;
	pane->saved = false;
	panes->slots[find_slot(panes, index)] = pane;
	panes->count++;
	if (waits)
		heap_push(panes, index);
	return pane;
}

/* A later run would find it still there. */
static void note_gone(struct panes *panes, int64_t index)
{
	size_t capacity = panes->gone_capacity ? panes->gone_capacity * 2 : 16;
	int64_t *gone = panes->gone;

	if (panes->gone_count == panes->gone_capacity) {
		gone = realloc(gone, capacity * sizeof(*gone));
		if (!gone) {
			panes->gone_failed = true;
			return;
		}
		panes->gone = gone;
		panes->gone_capacity = capacity;
	}
	gone[panes->gone_count++] = index;
}

void panes_close(struct panes *panes, struct pane *pane)
{
	if (panes->tracks && pane->saved)
		note_gone(panes, pane->index);
	panes->counters -= pane->used;
	panes->count--;
	leave_slot(panes, find_slot(panes, pane->index));
	if (panes->spare_count == SPARE_MAX) {
		free_pane(pane);
		return;
	}
	pane_clear(pane);
	pane->next = panes->spare;
	panes->spare = pane;
	panes->spare_count++;
}
