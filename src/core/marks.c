#include "core/marks.h"

#include <stdlib.h>
#include <string.h>

#include "core/marks_parts.h"

void marks_init(struct marks *marks)
{
	*marks = (struct marks){.least_ns = TIME_NONE};
}

static void free_row(const struct marks *marks, struct marks_row *row)
{
	for (size_t i = 0; row && row->lists && i < marks->source_count; i++)
		free(row->lists[i]);
	if (row)
		free(row->lists);
	free(row);
}

void marks_release(struct marks *marks)
{
	for (size_t i = 0; i < marks->row_count; i++)
		free_row(marks, marks->rows[i]);
	for (size_t i = 0; i < marks->source_count; i++)
		free(marks->sources[i].name);
	free(marks->rows);
	free(marks->sources);
	marks_init(marks);
}

/* --- the least ------------------------------------------------------------ */

/* One that has not reported has no time, and is not idle. */
static int64_t pair_time(const struct marks_pair *pair)
{
	return pair->idle ? MARKS_IDLE : pair->newest_ns;
}

static void search_rows(struct marks *marks)
{
	bool any = false;

	marks->least_ns = MARKS_IDLE;
	for (size_t i = 0; i < marks->row_count; i++) {
		const struct marks_row *row = marks->rows[i];

		if (!row || !row->listened)
			continue;
		any = true;
		if (row->least_ns < marks->least_ns)
			marks->least_ns = row->least_ns;
	}
	if (!any)
		marks->least_ns = TIME_NONE;
}

static void add_time(struct marks_row *row, int64_t time_ns)
{
	if (time_ns < row->least_ns) {
		row->least_ns = time_ns;
		row->at_least = 0;
	}
	row->at_least += time_ns == row->least_ns;
}

void marks_search_row(struct marks *marks, struct marks_row *row)
{
	row->least_ns = MARKS_IDLE;
	row->at_least = 0;
	for (size_t i = 0; i < marks->source_count; i++)
		for (uint32_t j = 0; j < marks->sources[i].of; j++)
			add_time(row, pair_time(&row->lists[i][j]));
	search_rows(marks);
}

/* The time of a pair was that, and is now another. */
static void change_time(struct marks *marks, struct marks_row *row,
			int64_t from_ns, int64_t to_ns)
{
	int64_t least_ns = row->least_ns;

	if (to_ns == from_ns)
		return;
	row->at_least -= from_ns == least_ns;
	add_time(row, to_ns);
	if (row->at_least == 0)
		marks_search_row(marks, row);
	else if (row->least_ns != least_ns)
		search_rows(marks);
}

int64_t marks_least(const struct marks *marks)
{
	if (marks->source_count == 0 || marks->source_count < marks->wanted)
		return TIME_NONE;
	return marks->least_ns;
}

/* --- rows and sources ----------------------------------------------------- */

/* Makes the list longer by pairs that have not reported. */
static int grow_list(struct marks_pair **list, uint32_t from, uint32_t to)
{
	struct marks_pair *pairs = realloc(*list, to * sizeof(*pairs));

	if (!pairs)
		return -1;
	for (uint32_t i = from; i < to; i++)
		pairs[i] = (struct marks_pair){.newest_ns = TIME_NONE};
	*list = pairs;
	return 0;
}

static struct marks_row *new_row(const struct marks *marks)
{
	struct marks_row *row = calloc(1, sizeof(*row));

	if (!row)
		return NULL;
	row->least_ns = MARKS_IDLE;
	row->lists =
		calloc(marks->source_count + 1, sizeof(struct marks_pair *));
	for (size_t i = 0; row->lists && i < marks->source_count; i++) {
		if (grow_list(&row->lists[i], 0, marks->sources[i].of) != 0) {
			free_row(marks, row);
			return NULL;
		}
	}
	if (row->lists)
		return row;
	free(row);
	return NULL;
}

static int reserve_rows(struct marks *marks, size_t count)
{
	struct marks_row **rows;

	if (count <= marks->row_count)
		return 0;
	rows = realloc(marks->rows, count * sizeof(struct marks_row *));
	if (!rows)
		return -1;
	for (size_t i = marks->row_count; i < count; i++)
		rows[i] = NULL;
	marks->rows = rows;
	marks->row_count = count;
	return 0;
}

struct marks_row *marks_open_row(struct marks *marks, uint32_t row)
{
	if (reserve_rows(marks, (size_t)row + 1) != 0)
		return NULL;
	if (!marks->rows[row]) {
		marks->rows[row] = new_row(marks);
		if (marks->rows[row])
			marks_search_row(marks, marks->rows[row]);
	}
	return marks->rows[row];
}

int marks_listen(struct marks *marks, uint32_t row)
{
	struct marks_row *listened = marks_open_row(marks, row);

	if (!listened)
		return -1;
	listened->listened = true;
	search_rows(marks);
	return 0;
}

/* In every row there is a list for one source more, as yet empty. */
static int add_lists(struct marks *marks)
{
	size_t count = marks->source_count;

	for (size_t i = 0; i < marks->row_count; i++) {
		struct marks_row *row = marks->rows[i];
		struct marks_pair **lists;

		if (!row)
			continue;
		lists = realloc(row->lists,
				(count + 1) * sizeof(struct marks_pair *));
		if (!lists)
			return -1;
		lists[count] = NULL;
		row->lists = lists;
	}
	return 0;
}

/* The source has so many partitions: the new ones have not reported. */
static int grow_source(struct marks *marks, size_t source, uint32_t of)
{
	uint32_t before = marks->sources[source].of;

	for (size_t i = 0; i < marks->row_count; i++)
		if (marks->rows[i] &&
		    grow_list(&marks->rows[i]->lists[source], before, of) != 0)
			return -1;
	marks->sources[source].of = of;
	for (size_t i = 0; i < marks->row_count; i++)
		if (marks->rows[i])
			marks_search_row(marks, marks->rows[i]);
	marks->changed = true;
	return 0;
}

int marks_add_source(struct marks *marks, struct span name, uint32_t of)
{
	size_t count = marks->source_count;
	struct marks_source *sources;
	char *copy;

	sources = realloc(marks->sources, (count + 1) * sizeof(*sources));
	if (!sources)
		return -1;
	marks->sources = sources;
	if (add_lists(marks) != 0)
		return -1;
	copy = strndup(name.data, name.size);
	if (!copy)
		return -1;
	sources[count] = (struct marks_source){.name = copy};
	marks->source_count++;
	return grow_source(marks, count, of);
}

/* Its number, or source_count. */
static size_t find_source(const struct marks *marks, struct span name)
{
	size_t at = 0;

	while (at < marks->source_count &&
	       !span_is(name, marks->sources[at].name))
		at++;
	return at;
}

/* --- what a mark says ----------------------------------------------------- */

/* `where` it stands, and of which source, if of any. */
static int check_query(struct marks *marks, uint64_t query, const char *where,
		       struct span source, struct error *error)
{
	if (!marks->query_known) {
		marks->query_known = true;
		marks->query = query;
		marks->changed = true;
	}
	if (query == marks->query)
		return 0;
	return error_set(error,
			 "query %016llx in %s%.*s%s, but %016llx before: it is "
			 "a partials topic of another query, or of several",
			 (unsigned long long)query, where, (int)source.size,
			 source.data, source.size > 0 ? "'" : "",
			 (unsigned long long)marks->query);
}

int marks_take_query(struct marks *marks, uint64_t query, struct error *error)
{
	return check_query(marks, query, "tallies", span_make("", 0), error);
}

static int check_partials(const struct marks *marks, uint32_t partitions,
			  const struct member_mark *mark, struct error *error)
{
	if (mark->partials != partitions)
		return error_set(
			error,
			"the partials topic has %u partitions, but a "
			"mark says %u: it was made for another number; "
			"start anew with a new topic",
			partitions, mark->partials);
	if (marks->partials > 0 && marks->partials != partitions)
		return error_set(error,
				 "the partials topic has %u partitions, but "
				 "had %u before; start anew with a new topic",
				 partitions, marks->partials);
	return 0;
}

/* Does it follow from what the pair said before? */
static int check_pair(const struct marks_pair *pair, uint32_t row,
		      const struct member_mark *mark, struct error *error)
{
	const char *name = mark->source.data;
	int size = (int)mark->source.size;

	if (!mark->ranged || !pair->ranged || mark->from == pair->to)
		return 0;
	return error_set(error,
			 "source '%.*s', partition %u: %s: in partition %u of "
			 "the partials a mark was expected from offset %llu, "
			 "found was one from %llu to %llu",
			 size, name, mark->partition,
			 mark->from > pair->to ? "a gap" : "an overlap", row,
			 (unsigned long long)pair->to,
			 (unsigned long long)mark->from,
			 (unsigned long long)mark->to);
}

/* The source and its partitions are there from now on. */
static int open_source(struct marks *marks, size_t source,
		       const struct member_mark *mark, struct error *note)
{
	uint32_t before;

	if (source == marks->source_count)
		return marks_add_source(marks, mark->source, mark->of);
	before = marks->sources[source].of;
	if (mark->of <= before)
		return 0; /* it lags behind the mark that said more */
	if (grow_source(marks, source, mark->of) != 0)
		return -1;
	error_set(note, "source '%s' has %u partitions now, %u before",
		  marks->sources[source].name, mark->of, before);
	return 0;
}

static void move_pair(struct marks *marks, struct marks_row *row,
		      struct marks_pair *pair, const struct member_mark *mark)
{
	int64_t before_ns = pair_time(pair);

	if (mark->of > pair->of)
		pair->of = mark->of;
	pair->idle = mark->idle;
	if (mark->ranged) {
		pair->ranged = true;
		pair->to = mark->to;
	}
	if (mark->newest_ns > pair->newest_ns)
		pair->newest_ns = mark->newest_ns;
	row->changed = true;
	change_time(marks, row, before_ns, pair_time(pair));
}

int marks_take(struct marks *marks, uint32_t row, uint32_t partitions,
	       const struct member_mark *mark, struct error *note,
	       struct error *error)
{
	size_t source = find_source(marks, mark->source);
	struct marks_row *told = marks_open_row(marks, row);

	if (!told)
		return error_set(error, "out of memory");
	if (check_partials(marks, partitions, mark, error) != 0 ||
	    check_query(marks, mark->query, "a mark of source '", mark->source,
			error) != 0)
		return -1;
	if (source < marks->source_count &&
	    mark->partition < marks->sources[source].of &&
	    check_pair(&told->lists[source][mark->partition], row, mark,
		       error) != 0)
		return -1;
	if (open_source(marks, source, mark, note) != 0)
		return error_set(error, "out of memory");
	if (mark->sources > marks->wanted || marks->partials == 0)
		marks->changed = true;
	if (mark->sources > marks->wanted)
		marks->wanted = mark->sources;
	marks->partials = partitions;
	if (!told->listened && marks_listen(marks, row) != 0)
		return error_set(error, "out of memory");
	move_pair(marks, told, &told->lists[source][mark->partition], mark);
	return 0;
}
