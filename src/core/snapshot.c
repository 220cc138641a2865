#include "core/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/column.h"
#include "base/sort.h"

/* What rows are made of is fetched so many ahead. */
#define AHEAD 24

void snapshot_init(struct snapshot *snapshot)
{
	*snapshot = (struct snapshot){0};
}

void snapshot_release(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->sum_capacity; i++)
		sum_clear(&snapshot->sums[i]);
	free(snapshot->sums);
	column_free(snapshot->rows, snapshot->rows_bytes);
	column_free(snapshot->scratch, snapshot->scratch_bytes);
	free(snapshot->shown);
	snapshot_init(snapshot);
}

static int reserve_rows(struct snapshot *snapshot, size_t count)
{
	size_t capacity = snapshot->capacity ? snapshot->capacity : 32;

	if (count <= snapshot->capacity)
		return 0;
	while (capacity < count)
		capacity *= 2;
	if (column_reserve((void **)&snapshot->rows, &snapshot->rows_bytes,
			   capacity * sizeof(struct row)) != 0 ||
	    column_reserve((void **)&snapshot->scratch,
			   &snapshot->scratch_bytes,
			   capacity * sizeof(struct row)) != 0)
		return -1;
	snapshot->capacity = capacity;
	return 0;
}

/* --- which rows, in which order ------------------------------------------- */

/* Of millions of groups, those next by key are anywhere in memory. */
ALWAYS_INLINE void fetch(const struct groups *groups,
			 const struct windows *windows, uint32_t group)
{
	FETCH(&groups->flags[group]);
	FETCH(&windows->totals[group]);
	pane_prefetch(&windows->window, group);
}

/*
 * A row for each group that is known, or that had an order; in this order, or
 * by number for NULL.
 */
static void list_rows(struct snapshot *snapshot, const struct groups *groups,
		      const uint32_t *order, const struct windows *windows,
		      const struct row_choice *choice)
{
	uint32_t candidates = order ? groups->live : groups->count - 1;

	snapshot->row_count = 0;
	for (uint32_t i = 0; i < candidates; i++) {
		uint32_t group = order ? order[i] : i + 1;
		unsigned flags = groups->flags[group];
		struct row row;

		if (order && i + AHEAD < candidates)
			fetch(groups, windows, order[i + AHEAD]);
		row = (struct row){
			.group = group,
			.count = pane_count(&windows->window, group),
			.total = windows->totals[group],
		};

		if (flags & GROUP_LIVE &&
		    (flags & GROUP_EXPECTED ||
		     (choice->active ? row.count : row.total) > 0))
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

static int larger_total(const void *a, const void *b, const void *context)
{
	const struct row *left = a;
	const struct row *right = b;

	(void)context;
	return (left->total < right->total) - (left->total > right->total);
}

static int smaller_key(const void *a, const void *b, const void *context)
{
	const struct row *left = a;
	const struct row *right = b;
	const struct groups *groups = context;

	return key_compare(groups->keys[left->group],
			   groups->keys[right->group], groups->key_count);
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
	/* A stable sort: rows that are equal stay in the order of their keys.
	 */
	if (choice->order == ORDER_COUNT)
		sort_rows(snapshot, larger_count, groups);
	else if (choice->order == ORDER_TOTAL)
		sort_rows(snapshot, larger_total, groups);
	return 0;
}

static void fill_top(struct snapshot *snapshot, const struct groups *groups,
		     const struct windows *windows,
		     const struct row_choice *choice)
{
	list_rows(snapshot, groups, NULL, windows, choice);
	keep_top(snapshot, choice->top, groups);
	if (choice->order == ORDER_COUNT) {
		sort_rows(snapshot, higher_rank, groups);
		return;
	}
	sort_rows(snapshot, smaller_key, groups);
	if (choice->order == ORDER_TOTAL)
		sort_rows(snapshot, larger_total, groups);
}

/* The last row is what has none of its own, named or not. */
static void add_other(struct snapshot *snapshot, bool active)
{
	struct row other = {
		.group = GROUP_OTHER,
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

/* --- sums ----------------------------------------------------------------- */

static int reserve_sums(struct snapshot *snapshot, uint32_t group_count)
{
	size_t wanted = 2 * (snapshot->row_count + 1);
	size_t bytes = group_count / 8 + 1;
	struct sum *sums;
	uint8_t *shown;

	for (size_t i = 0; i < snapshot->sum_capacity; i++)
		sum_clear(&snapshot->sums[i]);
	if (wanted > snapshot->sum_capacity) {
		sums = realloc(snapshot->sums, wanted * sizeof(*sums));
		if (!sums)
			return -1;
		memset(sums + snapshot->sum_capacity, 0,
		       (wanted - snapshot->sum_capacity) * sizeof(*sums));
		snapshot->sums = sums;
		snapshot->sum_capacity = wanted;
	}
	if (bytes > snapshot->shown_bytes) {
		shown = realloc(snapshot->shown, bytes);
		if (!shown)
			return -1;
		snapshot->shown = shown;
		snapshot->shown_bytes = bytes;
	}
	memset(snapshot->shown, 0, snapshot->shown_bytes);
	return 0;
}

static int add_sums(struct sum sums[2], const struct windows *windows,
		    uint32_t group)
{
	const struct sum *window = pane_sum(&windows->window, group);

	if (window && sum_add(&sums[0], window) != 0)
		return -1;
	return sum_add(&sums[1], &windows->total_sums[group]);
}

/* Of each row; (other) has those of all groups that are not shown. */
static int fill_sums(struct snapshot *snapshot, const struct groups *groups,
		     const struct windows *windows)
{
	struct sum *all;
	struct sum *other = NULL;

	if (reserve_sums(snapshot, groups->count) != 0)
		return -1;
	all = &snapshot->sums[2 * snapshot->row_count];
	for (size_t i = 0; i < snapshot->row_count; i++) {
		uint32_t group = snapshot->rows[i].group;
		struct sum *sums = &snapshot->sums[2 * i];

		if (group == GROUP_OTHER) {
			other = sums;
			continue;
		}
		snapshot->shown[group / 8] |= (uint8_t)(1u << group % 8);
		if (add_sums(sums, windows, group) != 0)
			return -1;
	}
	for (uint32_t group = 0; group < groups->count; group++) {
		bool shown = snapshot->shown[group / 8] >> group % 8 & 1;

		if (add_sums(all, windows, group) != 0 ||
		    (!shown && other && add_sums(other, windows, group) != 0))
			return -1;
	}
	return 0;
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
	snapshot->key_source = groups;
	snapshot->orders = windows->window.orders;
	snapshot->total_orders = windows->total_orders;
	add_other(snapshot, choice->active);
	return windows->total_sums ? fill_sums(snapshot, groups, windows) : 0;
}
