#include "core/frozen.h"

#include <stdlib.h>
#include <string.h>

#include "base/column.h"
#include "base/sort.h"

void frozen_free(struct frozen *frozen)
{
	if (!frozen)
		return;
	snapshot_release(&frozen->snapshot);
	free(frozen->keys.keys);
	free(frozen->key_bytes);
	free(frozen);
}

/* What rows are picked from, and which of them. */
struct picked {
	const struct snapshot *from;
	const struct row **rows; /* in the order in which they stand */
	size_t count;
	size_t key_count;
};

static size_t row_key_size(const struct picked *picked, const struct row *row)
{
	const unsigned char *key = snapshot_key(picked->from, row);

	return key ? key_length(key, picked->key_count) : 0;
}

/* Room for the rows, and one more for (other), and for their keys. */
static int reserve(struct frozen *frozen, const struct picked *picked)
{
	struct snapshot *snapshot = &frozen->snapshot;
	size_t rows = picked->count + 1;
	size_t bytes = 1;

	for (size_t i = 0; i < picked->count; i++)
		bytes += row_key_size(picked, picked->rows[i]);
	frozen->key_bytes = malloc(bytes);
	frozen->keys.keys = malloc((rows + 1) * sizeof(*frozen->keys.keys));
	if (!frozen->key_bytes || !frozen->keys.keys ||
	    column_reserve((void **)&snapshot->rows, &snapshot->rows_bytes,
			   rows * sizeof(struct row)) != 0)
		return -1;
	if (!picked->from->sums)
		return 0;
	snapshot->sums = calloc(2 * (rows + 1), sizeof(*snapshot->sums));
	snapshot->sum_capacity = snapshot->sums ? 2 * (rows + 1) : 0;
	return snapshot->sums ? 0 : -1;
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

/* The row's key is put behind those that are there; *end moves on. */
static int copy_row(struct frozen *frozen, const struct picked *picked,
		    const struct row *row, unsigned char **end)
{
	struct snapshot *snapshot = &frozen->snapshot;
	const unsigned char *key = snapshot_key(picked->from, row);
	size_t size = row_key_size(picked, row);
	size_t at = snapshot->row_count++;

	snapshot->rows[at] = *row;
	snapshot->rows[at].group = GROUP_OTHER;
	if (key) {
		snapshot->rows[at].group = frozen->keys.count;
		frozen->keys.keys[frozen->keys.count++] = *end;
		memcpy(*end, key, size);
		*end += size;
	}
	return add_sums(frozen, at, picked->from,
			(size_t)(row - picked->from->rows));
}

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

/* The picked rows; those of all orders behind the last are still to come. */
static struct frozen *copy(const struct picked *picked)
{
	struct frozen *frozen = calloc(1, sizeof(*frozen));
	unsigned char *end;

	if (!frozen)
		return NULL;
	snapshot_init(&frozen->snapshot);
	if (reserve(frozen, picked) != 0)
		goto no_memory;
	frozen->snapshot.key_source = &frozen->keys;
	frozen->keys.key_count = picked->key_count;
	frozen->keys.keys[GROUP_OTHER] = NULL;
	frozen->keys.count = 1;
	copy_bounds(&frozen->snapshot, picked->from);
	end = frozen->key_bytes;
	for (size_t i = 0; i < picked->count; i++)
		if (copy_row(frozen, picked, picked->rows[i], &end) != 0)
			goto no_memory;
	return frozen;
no_memory:
	frozen_free(frozen);
	return NULL;
}

/* The sums of all orders are the same. */
static struct frozen *finish(struct frozen *frozen, const struct snapshot *from)
{
	if (!frozen || add_sums(frozen, frozen->snapshot.row_count, from,
				from->row_count) == 0)
		return frozen;
	frozen_free(frozen);
	return NULL;
}

static const struct row **list_rows(const struct snapshot *snapshot)
{
	const struct row **rows =
		malloc((snapshot->row_count + 1) * sizeof(const struct row *));

	for (size_t i = 0; rows && i < snapshot->row_count; i++)
		rows[i] = &snapshot->rows[i];
	return rows;
}

struct frozen *frozen_new(const struct snapshot *snapshot, size_t key_count)
{
	struct picked picked = {
		.from = snapshot,
		.rows = list_rows(snapshot),
		.count = snapshot->row_count,
		.key_count = key_count,
	};
	struct frozen *frozen = picked.rows ? copy(&picked) : NULL;

	free(picked.rows);
	return finish(frozen, snapshot);
}

/* --- the largest ---------------------------------------------------------- */

static int larger(const void *a, const void *b, const void *context)
{
	const struct row *left = *(const struct row *const *)a;
	const struct row *right = *(const struct row *const *)b;

	(void)context;
	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	return (left->total < right->total) - (left->total > right->total);
}

static int earlier(const void *a, const void *b, const void *context)
{
	const struct row *left = *(const struct row *const *)a;
	const struct row *right = *(const struct row *const *)b;

	(void)context;
	return (left > right) - (left < right);
}

/* Those that are left: the first of the rows, in order; (other) is none. */
static int pick(struct picked *picked, size_t rows, size_t bytes)
{
	const struct row **scratch;
	size_t count = 0;

	for (size_t i = 0; i < picked->count; i++)
		if (snapshot_key(picked->from, picked->rows[i]))
			picked->rows[count++] = picked->rows[i];
	scratch = malloc((count + 1) * sizeof(const struct row *));
	if (!scratch)
		return -1;
	sort_items(picked->rows, count, sizeof(const struct row *), scratch,
		   larger, NULL);
	picked->count = 0;
	while (picked->count < count && picked->count < rows) {
		size_t size = row_key_size(picked, picked->rows[picked->count]);

		if (size > bytes)
			break;
		bytes -= size;
		picked->count++;
	}
	sort_items(picked->rows, picked->count, sizeof(const struct row *),
		   scratch, earlier, NULL);
	free(scratch);
	return 0;
}

/* Whatever has no row is in (other): it was there, or is begun. */
static int add_rest(struct frozen *frozen, const struct picked *picked,
		    size_t *left_out)
{
	struct snapshot *snapshot = &frozen->snapshot;
	struct row *other = &snapshot->rows[snapshot->row_count];
	bool any = false;
	size_t next = 0;

	*other = (struct row){.group = GROUP_OTHER};
	*left_out = 0;
	for (size_t i = 0; i < picked->from->row_count; i++) {
		const struct row *row = &picked->from->rows[i];

		if (next < picked->count && picked->rows[next] == row) {
			next++;
			continue;
		}
		any = true;
		*left_out += snapshot_key(picked->from, row) != NULL;
		other->count += row->count;
		other->total += row->total;
		if (add_sums(frozen, snapshot->row_count, picked->from, i) != 0)
			return -1;
	}
	snapshot->row_count += any;
	return 0;
}

struct frozen *frozen_largest(const struct snapshot *snapshot, size_t key_count,
			      size_t rows, size_t bytes, size_t *left_out)
{
	struct picked picked = {
		.from = snapshot,
		.rows = list_rows(snapshot),
		.count = snapshot->row_count,
		.key_count = key_count,
	};
	struct frozen *frozen = NULL;

	if (picked.rows && pick(&picked, rows, bytes) == 0)
		frozen = copy(&picked);
	if (frozen && add_rest(frozen, &picked, left_out) != 0) {
		frozen_free(frozen);
		frozen = NULL;
	}
	free(picked.rows);
	return finish(frozen, snapshot);
}
