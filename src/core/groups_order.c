#include "core/groups_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/column.h"
#include "core/keysort.h"

int groups_reserve_order(struct groups *groups)
{
	return column_reserve((void **)&groups->order, &groups->order_bytes,
			      groups->capacity * sizeof(*groups->order));
}

void groups_leave_order(struct groups *groups)
{
	uint32_t kept = 0;
	uint32_t sorted = 0;

	if (!groups->order)
		return;
	for (uint32_t i = 0; i < groups->ordered; i++) {
		if (!(groups->flags[groups->order[i]] & GROUP_LIVE))
			continue;
		groups->order[kept++] = groups->order[i];
		sorted += i < groups->sorted;
	}
	groups->ordered = kept;
	groups->sorted = sorted;
}

void groups_drop_order(struct groups *groups)
{
	column_free(groups->order, groups->order_bytes);
	groups->order = NULL;
	groups->order_bytes = 0;
	groups->ordered = 0;
	groups->sorted = 0;
}

/* Somebody asks for the first time: all of them are new. */
static int begin_order(struct groups *groups)
{
	if (groups_reserve_order(groups) != 0)
		return -1;
	for (uint32_t i = 1; i < groups->count; i++)
		if (groups->flags[i] & GROUP_LIVE)
			groups->order[groups->ordered++] = i;
	return 0;
}

/* How many of the first `count` in the order stand before the group. */
static uint32_t count_before(const struct groups *groups, uint32_t count,
			     uint32_t number)
{
	const unsigned char *key = groups->keys[number];
	uint32_t step = 1;
	uint32_t low = 0;

	/* Few steps where it is near the end, as among as many new ones. */
	while (step < count &&
	       key_compare(key, groups->keys[groups->order[count - step]],
			   groups->key_count) < 0) {
		count -= step;
		step *= 2;
	}
	if (step < count)
		low = count - step;
	while (low < count) {
		uint32_t middle = low + (count - low) / 2;

		if (key_compare(key, groups->keys[groups->order[middle]],
				groups->key_count) < 0)
			count = middle;
		else
			low = middle + 1;
	}
	return count;
}

/*
 * Merges the new ones, which are sorted and were copied, from the last one on:
 * what stands between two of them moves as a whole, and its keys are not looked
 * at.
 */
static void merge_new(struct groups *groups, const uint32_t *added,
		      uint32_t added_count)
{
	uint32_t *order = groups->order;
	uint32_t left = groups->sorted;

	for (uint32_t i = added_count; i-- > 0 && left > 0;) {
		uint32_t before = count_before(groups, left, added[i]);

		memmove(order + before + i + 1, order + before,
			(left - before) * sizeof(*order));
		order[before + i] = added[i];
		left = before;
		if (left == 0)
			memcpy(order, added, i * sizeof(*order));
	}
}

const uint32_t *groups_sorted(struct groups *groups)
{
	struct keysort_item *items;
	size_t bytes;
	uint32_t count;

	if (!groups->order && begin_order(groups) != 0)
		return NULL;
	count = groups->ordered - groups->sorted;
	if (count == 0)
		return groups->order;
	bytes = count * sizeof(*items);
	items = column_grow(NULL, 0, bytes);
	if (!items)
		return NULL;
	keysort(groups->order + groups->sorted, count, groups->keys,
		groups->key_count, items);
	/* Done with; there is room for their numbers. */
	memcpy(items, groups->order + groups->sorted,
	       count * sizeof(*groups->order));
	merge_new(groups, (const uint32_t *)items, count);
	column_free(items, bytes);
	groups->sorted = groups->ordered;
	return groups->order;
}
