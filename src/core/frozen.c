#include "core/frozen.h"

#include <stdlib.h>
#include <string.h>

#include "base/column.h"
#include "base/fetch.h"
#include "base/sort.h"

void frozen_free(struct frozen *frozen)
{
	if (!frozen)
		return;
	snapshot_release(&frozen->snapshot);
	column_free(frozen->keys.keys, frozen->pointers_bytes);
	free(frozen->key_bytes);
	free(frozen);
}

/* --- making one ----------------------------------------------------------- */

static void copy_bounds(struct snapshot *to, const struct snapshot *from)
{
	to->start_ns = from->start_ns;
	to->end_ns = from->end_ns;
	to->partial = from->partial;
	to->orders = from->orders;
	to->total_orders = from->total_orders;
	to->groups = from->groups;
	to->tallies = from->tallies;
	to->run = from->run;
}

static int reserve(struct frozen *frozen, size_t rows, size_t key_bytes,
		   bool with_sums)
{
	struct snapshot *snapshot = &frozen->snapshot;

	if (column_reserve((void **)&frozen->keys.keys, &frozen->pointers_bytes,
			   (rows + 1) * sizeof(*frozen->keys.keys)) != 0 ||
	    column_reserve((void **)&snapshot->rows, &snapshot->rows_bytes,
			   rows * sizeof(struct row)) != 0)
		return -1;
	if (key_bytes > 0) {
		frozen->key_bytes = malloc(key_bytes);
		if (!frozen->key_bytes)
			return -1;
	}
	if (!with_sums)
		return 0;
	/* Behind the last row there are those of all orders. */
	snapshot->sums = calloc(2 * (rows + 1), sizeof(*snapshot->sums));
	snapshot->sum_capacity = snapshot->sums ? 2 * (rows + 1) : 0;
	return snapshot->sums ? 0 : -1;
}

/* Room for so many rows, of which none is there. key_bytes: 0 to borrow. */
static struct frozen *begin(const struct snapshot *from, size_t key_count,
			    size_t rows, size_t key_bytes)
{
	struct frozen *frozen = calloc(1, sizeof(*frozen));

	if (!frozen)
		return NULL;
	snapshot_init(&frozen->snapshot);
	if (reserve(frozen, rows, key_bytes, from->sums != NULL) != 0) {
		frozen_free(frozen);
		return NULL;
	}
	frozen->snapshot.key_source = &frozen->keys;
	frozen->keys.key_count = key_count;
	frozen->keys.keys[GROUP_OTHER] = NULL;
	frozen->keys.count = 1;
	copy_bounds(&frozen->snapshot, from);
	return frozen;
}

static int add_sums(struct frozen *frozen, size_t row,
		    const struct snapshot *from, size_t from_row)
{
	struct sum *sums = frozen->snapshot.sums;

	for (size_t i = 0; sums && i < 2; i++)
		if (sum_add(&sums[2 * row + i], &from->sums[2 * from_row + i]))
			return -1;
	return 0;
}

/* *end: where the bytes of its key go, which moves behind them. NULL: they stay
 * where they are. */
static int add_row(struct frozen *frozen, const struct snapshot *from,
		   const struct row *row, unsigned char **end)
{
	struct snapshot *snapshot = &frozen->snapshot;
	struct groups *keys = &frozen->keys;
	const unsigned char *key = snapshot_key(from, row);
	size_t at = snapshot->row_count++;
	size_t size;

	snapshot->rows[at] = *row;
	snapshot->rows[at].group = key ? keys->count : GROUP_OTHER;
	if (key && end) {
		size = key_length(key, keys->key_count);
		keys->keys[keys->count++] = memcpy(*end, key, size);
		*end += size;
	} else if (key) {
		keys->keys[keys->count++] = key;
	}
	return add_sums(frozen, at, from, (size_t)(row - from->rows));
}

/* The sums of all orders are the same. Fails with -1, or if it failed. */
static struct frozen *end_with(struct frozen *frozen, int result,
			       const struct snapshot *from)
{
	if (result == 0 && add_sums(frozen, frozen->snapshot.row_count, from,
				    from->row_count) == 0)
		return frozen;
	frozen_free(frozen);
	return NULL;
}

/* --- all rows ------------------------------------------------------------- */

static size_t bytes_of_keys(const struct snapshot *from, size_t key_count)
{
	size_t bytes = 1;

	for (size_t i = 0; i < from->row_count; i++) {
		const unsigned char *key = snapshot_key(from, &from->rows[i]);

		bytes += key ? key_length(key, key_count) : 0;
	}
	return bytes;
}

struct frozen *frozen_new(const struct snapshot *snapshot, size_t key_count,
			  bool borrow)
{
	size_t bytes = borrow ? 0 : bytes_of_keys(snapshot, key_count);
	struct frozen *frozen =
		begin(snapshot, key_count, snapshot->row_count + 1, bytes);
	unsigned char *end = frozen ? frozen->key_bytes : NULL;
	int result = 0;

	if (!frozen)
		return NULL;
	for (size_t i = 0; i < snapshot->row_count && result == 0; i++) {
		if (i + 2 * SNAPSHOT_AHEAD < snapshot->row_count)
			FETCH(&snapshot->key_source->keys
				       [snapshot->rows[i + 2 * SNAPSHOT_AHEAD]
						.group]);
		result = add_row(frozen, snapshot, &snapshot->rows[i],
				 borrow ? NULL : &end);
	}
	return end_with(frozen, result, snapshot);
}

/* --- the largest ---------------------------------------------------------- */

/* Rows that are picked, by their place. */
struct picked {
	const struct snapshot *from;
	size_t key_count;
	const struct row **rows;
	size_t count;
};

/* Above 0: the first one comes later in a list of the largest. */
static int smaller(const struct row *a, const struct row *b)
{
	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	if (a->total != b->total)
		return a->total < b->total ? 1 : -1;
	return (a > b) - (a < b);
}

static int smaller_one(const void *a, const void *b, const void *context)
{
	(void)context;
	return smaller(*(const struct row *const *)a,
		       *(const struct row *const *)b);
}

static int later(const void *a, const void *b, const void *context)
{
	const struct row *left = *(const struct row *const *)a;
	const struct row *right = *(const struct row *const *)b;

	(void)context;
	return (left > right) - (left < right);
}

/* The smallest is on top of the heap, but for the one at `at`. */
static void sift_down(struct picked *picked, size_t at)
{
	const struct row *row = picked->rows[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= picked->count)
			break;
		if (child + 1 < picked->count &&
		    smaller(picked->rows[child + 1], picked->rows[child]) > 0)
			child++;
		if (smaller(row, picked->rows[child]) >= 0)
			break;
		picked->rows[at] = picked->rows[child];
		at = child;
	}
	picked->rows[at] = row;
}

/* The largest so many, in no order. */
static void pick(struct picked *picked, size_t rows)
{
	const struct snapshot *from = picked->from;

	for (size_t i = 0; i < from->row_count; i++) {
		const struct row *row = &from->rows[i];

		if (row->group == GROUP_OTHER)
			continue;
		if (picked->count < rows) {
			picked->rows[picked->count++] = row;
			if (picked->count == rows)
				for (size_t k = rows / 2; k-- > 0;)
					sift_down(picked, k);
		} else if (rows > 0 && smaller(row, picked->rows[0]) < 0) {
			picked->rows[0] = row;
			sift_down(picked, 0);
		}
	}
}

/* Leaves those out for whose keys there is no room, then in their order.
 * Returns the bytes of the others' keys. */
static size_t cut(struct picked *picked, const struct row **scratch,
		  size_t bytes)
{
	size_t used = 0;
	size_t count = 0;

	sort_items(picked->rows, picked->count, sizeof(const struct row *),
		   scratch, smaller_one, NULL);
	for (; count < picked->count; count++) {
		size_t size = key_length(
			snapshot_key(picked->from, picked->rows[count]),
			picked->key_count);

		if (size > bytes - used)
			break;
		used += size;
	}
	picked->count = count;
	sort_items(picked->rows, count, sizeof(const struct row *), scratch,
		   later, NULL);
	return used;
}

/* Whatever has no row is in (other): it was there, or is begun. */
static int add_rest(struct frozen *frozen, const struct picked *picked,
		    size_t *left_out)
{
	struct snapshot *snapshot = &frozen->snapshot;
	struct row *other = &snapshot->rows[snapshot->row_count];
	size_t next = 0;

	*other = (struct row){.group = GROUP_OTHER};
	*left_out = 0;
	for (size_t i = 0; i < picked->from->row_count; i++) {
		const struct row *row = &picked->from->rows[i];

		if (next < picked->count && picked->rows[next] == row) {
			next++;
			continue;
		}
		*left_out += row->group != GROUP_OTHER;
		other->count += row->count;
		other->total += row->total;
		if (add_sums(frozen, snapshot->row_count, picked->from, i) != 0)
			return -1;
	}
	snapshot->row_count += picked->from->row_count > picked->count;
	return 0;
}

struct frozen *frozen_largest(const struct snapshot *snapshot, size_t key_count,
			      size_t rows, size_t bytes, size_t *left_out)
{
	const struct row **lists =
		malloc((2 * rows + 1) * sizeof(const struct row *));
	struct picked picked = {snapshot, key_count, lists, 0};
	struct frozen *frozen;
	unsigned char *end;
	int result = 0;

	if (!lists)
		return NULL;
	pick(&picked, rows);
	bytes = cut(&picked, lists + rows, bytes);
	frozen = begin(snapshot, key_count, picked.count + 1, bytes + 1);
	end = frozen ? frozen->key_bytes : NULL;
	for (size_t i = 0; frozen && i < picked.count && result == 0; i++)
		result = add_row(frozen, snapshot, picked.rows[i], &end);
	if (frozen && result == 0)
		result = add_rest(frozen, &picked, left_out);
	free(lists);
	return frozen ? end_with(frozen, result, snapshot) : NULL;
}
