/*
 * What members publish beside rows: marks, and their tallies.
 */
#include "core/merge_parts.h"

#include <string.h>

/* --- values --------------------------------------------------------------- */

static bool is_there(const struct merge *merge, enum merge_slot slot)
{
	return merge->values[slot].type != JSON_ABSENT;
}

/* The first of the slots that is not there rejects the line. */
static enum record_verdict check_slots(struct merge *merge, struct span line,
				       const enum merge_slot *slots,
				       size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!is_there(merge, slots[i]))
			return merge_reject(merge, line, REJECT_MISSING_KEY,
					    slots[i]);
	return RECORD_COUNTS;
}

/* A whole number in these bounds. */
static bool read_number(const struct merge *merge, enum merge_slot slot,
			uint64_t least, uint64_t most, uint64_t *number)
{
	return merge_read_count(&merge->values[slot], number) &&
	       *number >= least && *number <= most;
}

static bool read_small(const struct merge *merge, enum merge_slot slot,
		       uint64_t least, uint64_t most, uint32_t *number)
{
	uint64_t wide;

	if (!read_number(merge, slot, least, most, &wide))
		return false;
	*number = (uint32_t)wide;
	return true;
}

static bool read_query(const struct merge *merge, uint64_t *query)
{
	static const char digits[] = "0123456789abcdef";
	const struct json_value *value = &merge->values[SLOT_QUERY];

	*query = 0;
	if (value->type != JSON_STRING || value->text.size != 16)
		return false;
	for (size_t i = 0; i < value->text.size; i++) {
		const char *digit = memchr(digits, value->text.data[i], 16);

		if (!digit)
			return false;
		*query = *query << 4 | (uint64_t)(digit - digits);
	}
	return true;
}

/* --- marks ---------------------------------------------------------------- */

/* A name that a message can show: no control characters. */
static enum record_verdict read_source(struct merge *merge, struct span line,
				       struct member_mark *mark)
{
	const struct json_value *value = &merge->values[SLOT_SOURCE];
	bool ok = value->type == JSON_STRING && value->text.size > 0;
	size_t size = 0;

	if (ok)
		ok = json_unescape(value->text, merge->unescaped, KEY_PART_MAX,
				   &size) == JSON_TEXT;
	for (size_t i = 0; ok && i < size; i++)
		ok = (unsigned char)merge->unescaped[i] >= ' ' &&
		     merge->unescaped[i] != 0x7f;
	if (!ok)
		return merge_reject(merge, line, REJECT_BAD_KEY, SLOT_SOURCE);
	mark->source = span_make(merge->unescaped, size);
	return RECORD_COUNTS;
}

/* Both are null, or offsets in order. */
static bool read_range(const struct merge *merge, struct member_mark *mark)
{
	mark->ranged = merge->values[SLOT_FROM].type != JSON_NULL;
	if (!mark->ranged)
		return merge->values[SLOT_TO].type == JSON_NULL;
	return read_number(merge, SLOT_FROM, 0, INT64_MAX, &mark->from) &&
	       read_number(merge, SLOT_TO, mark->from, INT64_MAX, &mark->to);
}

static bool read_idle(const struct merge *merge, struct member_mark *mark)
{
	enum json_type type = merge->values[SLOT_IDLE].type;

	mark->idle = type == JSON_TRUE;
	return type == JSON_TRUE || type == JSON_FALSE;
}

static enum record_verdict read_newest(struct merge *merge, struct span line,
				       struct member_mark *mark)
{
	const struct json_value *value = &merge->values[SLOT_NEWEST];
	enum record_verdict verdict;

	mark->newest_ns = TIME_NONE;
	if (value->type == JSON_NULL)
		return RECORD_COUNTS;
	verdict = record_read_time(value, &merge->scratch, &mark->newest_ns);
	if (verdict == RECORD_REJECTED)
		return merge_reject(merge, line, REJECT_BAD_TIME, SLOT_NEWEST);
	return verdict;
}

/* The slot whose number is none, or SLOTS. */
static enum merge_slot read_numbers(const struct merge *merge,
				    struct member_mark *mark)
{
	const uint64_t most = MARKS_PARTITIONS_MAX;

	if (!read_small(merge, SLOT_OF, 1, most, &mark->of))
		return SLOT_OF;
	if (!read_small(merge, SLOT_PARTITION, 0, mark->of - 1,
			&mark->partition))
		return SLOT_PARTITION;
	if (!read_range(merge, mark))
		return SLOT_FROM;
	if (!read_idle(merge, mark))
		return SLOT_IDLE;
	if (!read_small(merge, SLOT_PARTIALS, 1, most, &mark->partials))
		return SLOT_PARTIALS;
	if (!read_small(merge, SLOT_SOURCES, 1, most, &mark->sources))
		return SLOT_SOURCES;
	return read_query(merge, &mark->query) ? SLOTS : SLOT_QUERY;
}

enum record_verdict merge_read_mark(struct merge *merge, struct span line,
				    struct member_mark *mark)
{
	static const enum merge_slot slots[] = {
		SLOT_PARTITION, SLOT_OF,   SLOT_FROM,	  SLOT_TO,
		SLOT_NEWEST,	SLOT_IDLE, SLOT_PARTIALS, SLOT_SOURCES,
	};
	enum record_verdict verdict = check_slots(
		merge, line, slots, sizeof(slots) / sizeof(slots[0]));
	enum merge_slot bad;

	if (verdict == RECORD_COUNTS)
		verdict = read_source(merge, line, mark);
	if (verdict == RECORD_COUNTS)
		verdict = read_newest(merge, line, mark);
	if (verdict != RECORD_COUNTS)
		return verdict;
	bad = read_numbers(merge, mark);
	return bad == SLOTS ? RECORD_COUNTS
			    : merge_reject(merge, line, REJECT_BAD_NUMBER, bad);
}

/* --- tallies -------------------------------------------------------------- */

/* A reason that is not known here would be missing in the sum. */
static bool read_reason(const struct json_member *member,
			struct tallies *tallies)
{
	for (unsigned i = 0; i < REJECT_REASONS; i++)
		if (json_text_equals(member->name,
				     span_of(reject_reason_name(i))))
			return merge_read_count(&member->value,
						&tallies->rejected[i]);
	return false;
}

static bool read_rejected(const struct merge *merge, struct tallies *tallies)
{
	const struct json_value *value = &merge->values[SLOT_REJECTED];
	struct span rest = value->text;
	struct json_member member;

	if (value->type != JSON_OBJECT)
		return false;
	while (json_next_member(&rest, &member))
		if (!read_reason(&member, tallies))
			return false;
	return true;
}

static enum merge_slot read_all(const struct merge *merge,
				struct tallies *tallies, uint64_t *query)
{
	if (!merge_read_count(&merge->values[SLOT_READ], &tallies->read))
		return SLOT_READ;
	if (!merge_read_count(&merge->values[SLOT_COUNTED], &tallies->counted))
		return SLOT_COUNTED;
	if (!read_rejected(merge, tallies))
		return SLOT_REJECTED;
	if (!merge_read_count(&merge->values[SLOT_FILTERED],
			      &tallies->filtered))
		return SLOT_FILTERED;
	if (!merge_read_count(&merge->values[SLOT_LATE], &tallies->late))
		return SLOT_LATE;
	return read_query(merge, query) ? SLOTS : SLOT_QUERY;
}

enum record_verdict merge_read_tallies(struct merge *merge, struct span line,
				       struct tallies *tallies, uint64_t *query)
{
	static const enum merge_slot slots[] = {SLOT_READ, SLOT_COUNTED,
						SLOT_REJECTED, SLOT_FILTERED,
						SLOT_LATE};
	enum record_verdict verdict;
	enum merge_slot bad;

	*tallies = (struct tallies){0};
	if (merge->values[SLOT_TALLIES].type != JSON_OBJECT)
		return merge_reject(merge, line, REJECT_BAD_NUMBER,
				    SLOT_TALLIES);
	verdict = check_slots(merge, line, slots,
			      sizeof(slots) / sizeof(slots[0]));
	if (verdict != RECORD_COUNTS)
		return verdict;
	bad = read_all(merge, tallies, query);
	return bad == SLOTS ? RECORD_COUNTS
			    : merge_reject(merge, line, REJECT_BAD_NUMBER, bad);
}
