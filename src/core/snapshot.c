#include "core/snapshot.h"

#include <stdlib.h>

#include "base/sort.h"

void snapshot_init(struct snapshot *snapshot)
{
	*snapshot = (struct snapshot){0};
}

void snapshot_release(struct snapshot *snapshot)
{
	free(snapshot->rows);
	free(snapshot->scratch);
	snapshot_init(snapshot);
}

static int reserve_rows(struct snapshot *snapshot, size_t count)
{
	size_t capacity = snapshot->capacity ? snapshot->capacity : 32;
	struct row *rows, *scratch;

	if (count <= snapshot->capacity)
		return 0;
	while (capacity < count)
		capacity *= 2;
	rows = realloc(snapshot->rows, capacity * sizeof(*rows));
	if (!rows)
		return -1;
	snapshot->rows = rows;
	scratch = realloc(snapshot->scratch, capacity * sizeof(*scratch));
	if (!scratch)
		return -1;
	snapshot->scratch = scratch;
	snapshot->capacity = capacity;
	return 0;
}

static struct row group_row(const struct groups *groups,
			    const struct windows *windows, uint32_t number)
{
	uint64_t count = windows->pane.counts[number];

	return (struct row){
		.key = groups->keys[number],
		.count = count,
		.total = windows->totals[number] + count,
	};
}

/* A row for each group that is known, or that had an order, by key. */
static void list_rows(struct snapshot *snapshot, const struct groups *groups,
		      const uint32_t *order, const struct windows *windows,
		      const struct row_choice *choice)
{
	snapshot->row_count = 0;
	for (uint32_t i = 0; i < groups->count - 1; i++) {
		struct row row = group_row(groups, windows, order[i]);

		if (order[i] <= choice->expected ||
		    (choice->active ? row.count : row.total) > 0)
			snapshot->rows[snapshot->row_count++] = row;
	}
}

static int larger_count(const void *a, const void *b, const void *context)
{
	const struct row *left = a;
	const struct row *right = b;

	(void)context;
	return (left->count < right->count) - (left->count > right->count);
}

static int smaller_key(const void *a, const void *b, const void *context)
{
	const struct row *left = a;
	const struct row *right = b;
	const struct groups *groups = context;

	return key_compare(left->key, right->key, groups->key_count);
}

static void sort_rows(struct snapshot *snapshot, sort_compare *compare,
		      const struct groups *groups)
{
	sort_items(snapshot->rows, snapshot->row_count, sizeof(struct row),
		   snapshot->scratch, compare, groups);
}

/* Adds to `other` the rows behind the first `top` and lets them go. */
static void cut_rows(struct snapshot *snapshot, uint64_t top, struct row *other)
{
	while (snapshot->row_count > top) {
		const struct row *row = &snapshot->rows[--snapshot->row_count];

		other->count += row->count;
		other->total += row->total;
	}
}

int snapshot_fill(struct snapshot *snapshot, struct groups *groups,
		  const struct windows *windows,
		  const struct row_choice *choice)
{
	struct row other = group_row(groups, windows, GROUP_OTHER);
	const uint32_t *order = groups_sorted(groups);

	/* One more than there are groups: (other) has the place of number 0. */
	if (!order || reserve_rows(snapshot, groups->count) != 0)
		return -1;
	list_rows(snapshot, groups, order, windows, choice);
	/* Stable sorts: rows of one count stay in the order of their keys. */
	if (choice->by_count || choice->top > 0)
		sort_rows(snapshot, larger_count, groups);
	if (choice->top > 0)
		cut_rows(snapshot, choice->top, &other);
	if (choice->top > 0 && !choice->by_count)
		sort_rows(snapshot, smaller_key, groups);
	if ((choice->active ? other.count : other.total) > 0)
		snapshot->rows[snapshot->row_count++] = other;
	snapshot->orders = windows->pane.orders;
	snapshot->total_orders = windows->total_orders + snapshot->orders;
	return 0;
}
