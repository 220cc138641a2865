/*
 * Marks as savepoints hold them, beside the head of the engine:
 *
 *     id 1        partitions of the partials, sources of the group, the query
 *                 and whether it is known, then of each source its name and
 *                 its partitions
 *     id 2 + row  for each source its pairs: `of`, and where it has reported
 *                 whether it is idle and has offsets, these, and the newest
 *                 time
 */
#include "core/marks_parts.h"

enum {
	ID_MARKS = 1,
	ID_ROWS = 2, /* and the row's number */
};

enum {
	PAIR_IDLE = 1,
	PAIR_RANGED = 2,
};

/* --- saving --------------------------------------------------------------- */

static void save_marks(const struct marks *marks, struct savepoint *savepoint)
{
	struct buffer *out = savepoint_add(savepoint, SAVED_HEAD, ID_MARKS);

	saved_put_number(out, marks->partials);
	saved_put_number(out, marks->wanted);
	saved_put_number(out, marks->query_known);
	saved_put_number(out, marks->query);
	for (size_t i = 0; i < marks->source_count; i++) {
		saved_put_text(out, span_of(marks->sources[i].name));
		saved_put_number(out, marks->sources[i].of);
	}
}

static void put_pair(struct buffer *out, const struct marks_pair *pair)
{
	saved_put_number(out, pair->of);
	if (pair->of == 0)
		return;
	saved_put_number(out, (pair->idle ? PAIR_IDLE : 0) |
				      (pair->ranged ? PAIR_RANGED : 0));
	if (pair->ranged)
		saved_put_number(out, pair->to);
	saved_put_signed(out, pair->newest_ns);
}

static void save_row(const struct marks *marks, size_t row,
		     struct savepoint *savepoint)
{
	struct buffer *out =
		savepoint_add(savepoint, SAVED_HEAD, ID_ROWS + (int64_t)row);

	for (size_t i = 0; i < marks->source_count; i++) {
		saved_put_number(out, marks->sources[i].of);
		for (uint32_t j = 0; j < marks->sources[i].of; j++)
			put_pair(out, &marks->rows[row]->lists[i][j]);
	}
}

void marks_save(struct marks *marks, struct savepoint *savepoint)
{
	if (marks->changed)
		save_marks(marks, savepoint);
	marks->changed = false;
	for (size_t i = 0; i < marks->row_count; i++) {
		if (!marks->rows[i] || !marks->rows[i]->changed)
			continue;
		save_row(marks, i, savepoint);
		marks->rows[i]->changed = false;
	}
	savepoint_end(savepoint);
}

/* --- restoring ------------------------------------------------------------ */

static bool get_count(struct span *bytes, uint32_t *count)
{
	uint64_t number;

	if (!saved_get_number(bytes, &number) || number > MARKS_PARTITIONS_MAX)
		return false;
	*count = (uint32_t)number;
	return true;
}

/* False: damaged, or memory is out. */
static bool restore_marks(struct marks *marks, struct span bytes)
{
	uint64_t query_known;

	if (!get_count(&bytes, &marks->partials) ||
	    !get_count(&bytes, &marks->wanted) ||
	    !saved_get_number(&bytes, &query_known) ||
	    !saved_get_number(&bytes, &marks->query))
		return false;
	marks->query_known = query_known != 0;
	while (bytes.size > 0) {
		struct span name;
		uint32_t of;

		if (!saved_get_text(&bytes, &name) || !get_count(&bytes, &of) ||
		    of == 0 || marks_add_source(marks, name, of) != 0)
			return false;
	}
	marks->changed = false;
	return true;
}

static bool get_pair(struct span *bytes, struct marks_pair *pair)
{
	uint64_t flags;

	if (!get_count(bytes, &pair->of))
		return false;
	if (pair->of == 0)
		return true;
	if (!saved_get_number(bytes, &flags))
		return false;
	pair->idle = flags & PAIR_IDLE;
	pair->ranged = flags & PAIR_RANGED;
	return (!pair->ranged || saved_get_number(bytes, &pair->to)) &&
	       saved_get_signed(bytes, &pair->newest_ns);
}

/* Sources and partitions may have come since it was saved, not fewer. */
static bool restore_row(struct marks *marks, int64_t number, struct span bytes)
{
	struct marks_row *row;
	uint32_t count;

	if (number < 0 || number >= MARKS_PARTITIONS_MAX)
		return false;
	row = marks_open_row(marks, (uint32_t)number);
	for (size_t i = 0; row && bytes.size > 0; i++) {
		if (i == marks->source_count || !get_count(&bytes, &count) ||
		    count > marks->sources[i].of)
			return false;
		for (uint32_t j = 0; j < count; j++)
			if (!get_pair(&bytes, &row->lists[i][j]))
				return false;
	}
	if (row)
		marks_search_row(marks, row);
	return row != NULL;
}

int marks_restore(struct marks *marks, const struct savepoint *kept,
		  struct error *error)
{
	bool ok = true;

	/* The sources first: rows go by them. */
	for (int rows = 0; rows < 2; rows++) {
		for (size_t i = 0; ok && i < kept->count; i++) {
			const struct saved_entry *entry = &kept->entries[i];
			struct span bytes = savepoint_entry(kept, entry);

			if (entry->table != SAVED_HEAD)
				continue;
			if (!rows && entry->id == ID_MARKS)
				ok = restore_marks(marks, bytes);
			else if (rows && entry->id >= ID_ROWS)
				ok = restore_row(marks, entry->id - ID_ROWS,
						 bytes);
		}
	}
	return ok ? 0
		  : error_set(error, "the marks in it cannot be read, or "
				     "memory is out");
}
