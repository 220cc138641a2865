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

/*
 * A row for each group that is known, or that had an order; in this order, or
 * by number for NULL.
 */
static void list_rows(struct snapshot *snapshot, const struct groups *groups,
		      const uint32_t *order, const struct windows *windows,
		      const struct row_choice *choice)
{
	snapshot->row_count = 0;
	for (uint32_t i = 0; i < groups->count - 1; i++) {
		uint32_t number = order ? order[i] : i + 1;
		struct row row = group_row(groups, windows, number);

		if (number <= choice->expected ||
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

/* The order of a top list. */
static int higher_rank(const void *a, const void *b, const void *context)
{
	int by_count = larger_count(a, b, context);

	return by_count != 0 ? by_count : smaller_key(a, b, context);
}

static void sort_rows(struct snapshot *snapshot, sort_compare *compare,
		      const struct groups *groups)
{
	sort_items(snapshot->rows, snapshot->row_count, sizeof(struct row),
		   snapshot->scratch, compare, groups);
}

/* The rows are a heap, the lowest rank on top, but for the one at `at`. */
static void sift_down(struct row *rows, size_t count, size_t at,
		      const struct groups *groups)
{
	for (;;) {
		size_t child = 2 * at + 1;
		struct row row = rows[at];

		if (child >= count)
			return;
		if (child + 1 < count &&
		    higher_rank(&rows[child + 1], &rows[child], groups) > 0)
			child++;
		if (higher_rank(&row, &rows[child], groups) >= 0)
			return;
		rows[at] = rows[child];
		rows[child] = row;
		at = child;
	}
}

/*
 * Keeps the rows of the `top` highest ranks, in no order; without sorting the
 * others, as there may be millions.
 */
static void keep_top(struct snapshot *snapshot, size_t top,
		     const struct groups *groups)
{
	struct row *rows = snapshot->rows;

	if (snapshot->row_count <= top)
		return;
	for (size_t i = top / 2; i-- > 0;)
		sift_down(rows, top, i, groups);
	for (size_t i = top; i < snapshot->row_count; i++) {
		if (higher_rank(&rows[i], &rows[0], groups) > 0)
			continue;
		rows[0] = rows[i];
		sift_down(rows, top, 0, groups);
	}
	snapshot->row_count = top;
}

/* All rows, by key or largest first. */
static int fill_all(struct snapshot *snapshot, struct groups *groups,
		    const struct windows *windows,
		    const struct row_choice *choice)
{
	const uint32_t *order = groups_sorted(groups);

	if (!order)
		return -1;
	list_rows(snapshot, groups, order, windows, choice);
	/* A stable sort: rows of one count stay in the order of their keys. */
	if (choice->by_count)
		sort_rows(snapshot, larger_count, groups);
	return 0;
}

static void fill_top(struct snapshot *snapshot, const struct groups *groups,
		     const struct windows *windows,
		     const struct row_choice *choice)
{
	list_rows(snapshot, groups, NULL, windows, choice);
	keep_top(snapshot, choice->top, groups);
	sort_rows(snapshot, choice->by_count ? higher_rank : smaller_key,
		  groups);
}

/* The last row is what has none of its own, named or not. */
static void add_other(struct snapshot *snapshot, bool active)
{
	struct row other = {
		.count = snapshot->orders,
		.total = snapshot->total_orders,
	};

	for (size_t i = 0; i < snapshot->row_count; i++) {
		other.count -= snapshot->rows[i].count;
		other.total -= snapshot->rows[i].total;
	}
	if ((active ? other.count : other.total) > 0)
		snapshot->rows[snapshot->row_count++] = other;
}

int snapshot_fill(struct snapshot *snapshot, struct groups *groups,
		  const struct windows *windows,
		  const struct row_choice *choice)
{
	/* One more than there are groups: (other) has the place of number 0. */
	if (reserve_rows(snapshot, groups->count) != 0)
		return -1;
	if (choice->top > 0)
		fill_top(snapshot, groups, windows, choice);
	else if (fill_all(snapshot, groups, windows, choice) != 0)
		return -1;
	snapshot->orders = windows->pane.orders;
	snapshot->total_orders = windows->total_orders + snapshot->orders;
	add_other(snapshot, choice->active);
	return 0;
}
