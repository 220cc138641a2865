#include "core/groups_order.h"

#include <stdlib.h>

#include "base/sort.h"

int groups_reserve_order(struct groups *groups)
{
	uint32_t *order, *scratch;

	if (groups->order && groups->order_capacity >= groups->capacity)
		return 0;
	order = realloc(groups->order, groups->capacity * sizeof(*order));
	if (!order)
		return -1;
	groups->order = order;
	scratch = realloc(groups->order_scratch,
			  groups->capacity * sizeof(*scratch));
	if (!scratch)
		return -1;
	groups->order_scratch = scratch;
	groups->order_capacity = groups->capacity;
	return 0;
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
	free(groups->order);
	free(groups->order_scratch);
	groups->order = NULL;
	groups->order_scratch = NULL;
	groups->order_capacity = 0;
	groups->ordered = 0;
	groups->sorted = 0;
}

static int compare_numbers(const void *a, const void *b, const void *context)
{
	const struct groups *groups = context;
	const uint32_t *left = a;
	const uint32_t *right = b;

	return key_compare(groups->keys[*left], groups->keys[*right],
			   groups->key_count);
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

const uint32_t *groups_sorted(struct groups *groups)
{
	uint32_t sorted = groups->sorted;
	uint32_t *merged;

	if (!groups->order && begin_order(groups) != 0)
		return NULL;
	if (sorted == groups->ordered)
		return groups->order;
	sort_items(groups->order + sorted, groups->ordered - sorted,
		   sizeof(uint32_t), groups->order_scratch, compare_numbers,
		   groups);
	merged = groups->order_scratch;
	sort_merge(groups->order, sorted, groups->ordered, sizeof(uint32_t),
		   merged, compare_numbers, groups);
	groups->order_scratch = groups->order;
	groups->order = merged;
	groups->sorted = groups->ordered;
	return groups->order;
}
