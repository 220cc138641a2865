#include "core/merge.h"

#include <stdlib.h>
#include <string.h>

#include "core/merge_parts.h"

static const char *const slot_names[SLOTS] = {
	[SLOT_READ] = "tallies.read",
	[SLOT_COUNTED] = "tallies.counted",
	[SLOT_REJECTED] = "tallies.rejected",
	[SLOT_FILTERED] = "tallies.filtered",
	[SLOT_LATE] = "tallies.late",
	[SLOT_TALLIES] = "tallies",
	[SLOT_SOURCE] = "source",
	[SLOT_PARTITION] = "partition",
	[SLOT_OF] = "of",
	[SLOT_FROM] = "from",
	[SLOT_TO] = "to",
	[SLOT_NEWEST] = "newest",
	[SLOT_IDLE] = "idle",
	[SLOT_PARTIALS] = "partials",
	[SLOT_SOURCES] = "sources",
	[SLOT_QUERY] = "query",
	[SLOT_SUMMARY] = "summary",
	[SLOT_SLIDE] = "slide",
	[SLOT_SUM] = "sum",
	[SLOT_TOTAL] = "total",
	[SLOT_COUNT] = "count",
	[SLOT_KEY] = "key",
	[SLOT_PARTIAL] = "partial",
	[SLOT_END] = "end",
	[SLOT_START] = "start",
};

/* What is known of the row only while it is judged. */
struct row {
	struct span line;
	struct json_value key[KEY_FIELDS_MAX];
	size_t key_count;
	bool other_name;   /* there is one that the first row had not */
	int64_t window_ns; /* that it lies in; 0: it is partial */
};

int merge_init(struct merge *merge, int64_t window_ns, struct error *error)
{
	*merge = (struct merge){.window_ns = window_ns};
	fields_init(&merge->fields);
	for (int i = 0; i < SLOTS; i++)
		if (fields_add(&merge->fields, slot_names[i], error) < 0)
			return -1;
	merge->values = calloc(SLOTS, sizeof(*merge->values));
	merge->unescaped = malloc((size_t)KEY_FIELDS_MAX * KEY_PART_MAX);
	if (!merge->values || !merge->unescaped)
		return error_set(error, "out of memory");
	return 0;
}

static void drop_names(struct merge *merge)
{
	for (size_t i = 0; i < KEY_FIELDS_MAX; i++) {
		free(merge->key_names[i]);
		merge->key_names[i] = NULL;
	}
}

void merge_release(struct merge *merge)
{
	drop_names(merge);
	fields_release(&merge->fields);
	free(merge->values);
	free(merge->unescaped);
	buffer_release(&merge->scratch);
	sum_clear(&merge->record.amount);
	*merge = (struct merge){0};
}

int merge_restore(struct merge *merge, int64_t window_ns, bool summing,
		  const struct span *key_names, size_t key_count)
{
	merge->window_ns = window_ns;
	merge->summing = summing;
	merge->sums_fixed = true;
	for (size_t i = 0; i < key_count; i++) {
		merge->key_names[i] =
			strndup(key_names[i].data, key_names[i].size);
		if (!merge->key_names[i])
			return -1;
	}
	merge->key_count = key_count;
	return 0;
}

enum record_verdict merge_reject(struct merge *merge, struct span line,
				 enum reject_reason reason,
				 enum merge_slot slot)
{
	return record_reject_value(&merge->record, reason, &merge->values[slot],
				   slot_names[slot], line, merge->object_at);
}

static enum record_verdict reject(struct merge *merge, const struct row *row,
				  enum reject_reason reason,
				  enum merge_slot slot)
{
	return merge_reject(merge, row->line, reason, slot);
}

/* --- the key -------------------------------------------------------------- */

/* The number of the name, or row->key_count. */
static size_t find_name(const struct merge *merge, const struct row *row,
			struct span name)
{
	size_t at = 0;

	while (at < row->key_count &&
	       !json_text_equals(name, span_of(merge->key_names[at])))
		at++;
	return at;
}

/* The names stay only if the row counts; till then its reject points there. */
static enum record_verdict add_name(struct merge *merge, struct row *row,
				    struct span escaped)
{
	char *name;
	size_t size;

	if (row->key_count == KEY_FIELDS_MAX)
		return reject(merge, row, REJECT_BAD_KEY, SLOT_KEY);
	name = malloc(escaped.size + 1);
	if (!name)
		return RECORD_FAILED;
	if (json_unescape(escaped, name, escaped.size, &size) != JSON_TEXT ||
	    memchr(name, '\0', size)) {
		free(name);
		return reject(merge, row, REJECT_BAD_KEY, SLOT_KEY);
	}
	name[size] = '\0';
	merge->key_names[row->key_count++] = name;
	return RECORD_COUNTS;
}

/* Of a name that stands twice the last counts, here too. */
static enum record_verdict find_parts(struct merge *merge, struct row *row)
{
	struct span rest = merge->values[SLOT_KEY].text;
	struct json_member member;

	row->key_count = merge->key_count;
	if (row->key_count == 0)
		drop_names(merge);
	while (json_next_member(&rest, &member)) {
		size_t at = find_name(merge, row, member.name);

		if (at == row->key_count && merge->key_count > 0) {
			row->other_name = true;
			continue;
		}
		if (at == row->key_count) {
			enum record_verdict verdict =
				add_name(merge, row, member.name);

			if (verdict != RECORD_COUNTS)
				return verdict;
		}
		row->key[at] = member.value;
	}
	return RECORD_COUNTS;
}

static enum record_verdict check_names(struct merge *merge,
				       const struct row *row)
{
	for (size_t i = 0; i < row->key_count; i++)
		if (row->key[i].type == JSON_ABSENT)
			return record_reject_value(
				&merge->record, REJECT_MISSING_KEY,
				&merge->values[SLOT_KEY], merge->key_names[i],
				row->line, merge->object_at);
	if (row->other_name || row->key_count == 0)
		return reject(merge, row, REJECT_MISSING_KEY, SLOT_KEY);
	return RECORD_COUNTS;
}

static enum record_verdict take_parts(struct merge *merge,
				      const struct row *row)
{
	for (size_t i = 0; i < row->key_count; i++)
		if (!record_take_part(&merge->record, i, &row->key[i],
				      merge->unescaped + i * KEY_PART_MAX))
			return record_reject_value(&merge->record,
						   REJECT_BAD_KEY, &row->key[i],
						   merge->key_names[i],
						   row->line, merge->object_at);
	return RECORD_COUNTS;
}

static enum record_verdict judge_key(struct merge *merge, struct row *row)
{
	enum json_type type = merge->values[SLOT_KEY].type;
	enum record_verdict verdict;

	merge->record.other = type == JSON_NULL;
	if (type == JSON_NULL)
		return RECORD_COUNTS;
	if (type == JSON_ABSENT)
		return reject(merge, row, REJECT_MISSING_KEY, SLOT_KEY);
	if (type != JSON_OBJECT)
		return reject(merge, row, REJECT_BAD_KEY, SLOT_KEY);
	verdict = find_parts(merge, row);
	if (verdict == RECORD_COUNTS)
		verdict = check_names(merge, row);
	if (verdict == RECORD_COUNTS)
		verdict = take_parts(merge, row);
	return verdict;
}

/* --- the window ----------------------------------------------------------- */

static enum record_verdict read_time(struct merge *merge, const struct row *row,
				     enum merge_slot slot, int64_t *time_ns)
{
	enum record_verdict verdict = record_read_time(
		&merge->values[slot], &merge->scratch, time_ns);

	if (verdict == RECORD_REJECTED)
		return reject(merge, row, REJECT_BAD_TIME, slot);
	return verdict;
}

/*
 * Does it lie in one window? A partial one ends when the counting did, which
 * says nothing. Differences are unsigned: between two times they may be beyond
 * an int64_t.
 */
static bool fits_window(const struct merge *merge, struct row *row,
			int64_t start_ns, int64_t end_ns)
{
	uint64_t length_ns = (uint64_t)end_ns - (uint64_t)start_ns;
	int64_t behind_ns; /* the window's start */

	if (merge->values[SLOT_PARTIAL].type == JSON_TRUE)
		return end_ns >= start_ns;
	if (end_ns <= start_ns || length_ns > INT64_MAX)
		return false;
	row->window_ns = merge->window_ns;
	if (row->window_ns == 0)
		row->window_ns = (int64_t)length_ns;
	behind_ns = start_ns % row->window_ns;
	if (behind_ns < 0)
		behind_ns += row->window_ns;
	return (int64_t)length_ns <= row->window_ns - behind_ns;
}

static enum record_verdict judge_time(struct merge *merge, struct row *row,
				      int64_t latest_ns)
{
	enum record_verdict verdict;
	int64_t start_ns = 0;
	int64_t end_ns = 0;

	if (merge->values[SLOT_SLIDE].type != JSON_ABSENT)
		return reject(merge, row, REJECT_BAD_TIME, SLOT_SLIDE);
	verdict = read_time(merge, row, SLOT_START, &start_ns);
	if (verdict != RECORD_COUNTS)
		return verdict;
	verdict = read_time(merge, row, SLOT_END, &end_ns);
	if (verdict != RECORD_COUNTS)
		return verdict;
	if (start_ns > latest_ns)
		return reject(merge, row, REJECT_BAD_TIME, SLOT_START);
	if (!fits_window(merge, row, start_ns, end_ns))
		return reject(merge, row, REJECT_BAD_TIME, SLOT_END);
	merge->record.timed = true;
	merge->record.time_ns = start_ns;
	return RECORD_COUNTS;
}

/* --- the numbers ---------------------------------------------------------- */

/* A literal of JSON: digits only, and no zeros before it, is a whole number. */
bool merge_read_count(const struct json_value *value, uint64_t *count)
{
	uint64_t number = 0;

	if (value->type != JSON_NUMBER)
		return false;
	for (size_t i = 0; i < value->text.size; i++) {
		unsigned digit =
			(unsigned char)value->text.data[i] - (unsigned)'0';

		if (digit > 9 || number > (UINT64_MAX - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*count = number;
	return true;
}

static enum record_verdict judge_numbers(struct merge *merge,
					 const struct row *row)
{
	const struct json_value *sum = &merge->values[SLOT_SUM];
	bool summing =
		merge->sums_fixed ? merge->summing : sum->type != JSON_ABSENT;
	enum record_verdict verdict;

	if (!merge_read_count(&merge->values[SLOT_COUNT],
			      &merge->record.orders))
		return reject(merge, row, REJECT_BAD_NUMBER, SLOT_COUNT);
	if (!summing)
		return RECORD_COUNTS;
	verdict = record_take_total(&merge->record, sum);
	if (verdict == RECORD_REJECTED)
		return reject(merge, row, REJECT_BAD_NUMBER, SLOT_SUM);
	return verdict;
}

/* -------------------------------------------------------------------------- */

static enum record_verdict judge_row(struct merge *merge, struct row *row,
				     int64_t latest_ns)
{
	enum record_verdict verdict;

	if (merge->values[SLOT_SUMMARY].type == JSON_OBJECT) {
		verdict = judge_time(merge, row, latest_ns);
		return verdict == RECORD_FAILED ? verdict : RECORD_FILTERED;
	}
	verdict = judge_key(merge, row);
	if (verdict == RECORD_COUNTS)
		verdict = judge_time(merge, row, latest_ns);
	if (verdict == RECORD_COUNTS)
		verdict = judge_numbers(merge, row);
	return verdict;
}

/* What the first rows say holds for those that follow. */
static void learn(struct merge *merge, const struct row *row)
{
	if (!merge->sums_fixed)
		merge->summing = merge->values[SLOT_SUM].type != JSON_ABSENT;
	merge->sums_fixed = true;
	if (merge->key_count == 0)
		merge->key_count = row->key_count;
	if (merge->window_ns == 0)
		merge->window_ns = row->window_ns;
}

/* A mark, the tallies of a member, or a row with a field of that name. */
static enum merge_step judge_news(const struct merge *merge)
{
	if (merge->values[SLOT_START].type != JSON_ABSENT)
		return MERGE_JUDGED;
	if (merge->values[SLOT_TALLIES].type != JSON_ABSENT)
		return MERGE_TALLIES;
	return merge->values[SLOT_SOURCE].type != JSON_ABSENT ? MERGE_MARK
							      : MERGE_JUDGED;
}

enum merge_step merge_judge(struct merge *merge, struct span line,
			    int64_t latest_ns, enum record_verdict *verdict)
{
	struct row row = {.line = line};
	enum json_verdict json;

	merge->record.timed = false;
	json = json_scan(&merge->fields, line, merge->values,
			 &merge->object_at);
	if (json != JSON_VALID) {
		*verdict = record_reject_json(&merge->record, json,
					      merge->object_at);
		return MERGE_JUDGED;
	}
	if (merge->values[SLOT_QUERY].type != JSON_ABSENT) {
		enum merge_step news = judge_news(merge);

		if (news != MERGE_JUDGED)
			return news;
	}
	*verdict = judge_row(merge, &row, latest_ns);
	if (*verdict != RECORD_COUNTS)
		return MERGE_JUDGED;
	learn(merge, &row);
	merge->has_total = merge->values[SLOT_TOTAL].type != JSON_ABSENT;
	return merge->window_ns == 0 ? MERGE_LATER : MERGE_JUDGED;
}
