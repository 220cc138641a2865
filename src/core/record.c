#include "core/record.h"

#include "base/timestamp.h"

static bool take_escaped(struct record *record, size_t at, struct span escaped,
			 char *room)
{
	size_t size;

	if (json_unescape(escaped, room, KEY_PART_MAX, &size) != JSON_TEXT)
		return false;
	record->parts[at] =
		(struct key_part){KEY_STRING, span_make(room, size)};
	return true;
}

bool record_take_other_part(struct record *record, size_t at,
			    const struct json_value *value, char *room)
{
	enum key_type type;

	switch (value->type) {
	case JSON_STRING: return take_escaped(record, at, value->text, room);
	case JSON_NULL: type = KEY_NULL; break;
	case JSON_FALSE: type = KEY_FALSE; break;
	case JSON_TRUE: type = KEY_TRUE; break;
	case JSON_NUMBER: type = KEY_NUMBER; break;
	default: return false;
	}
	record->parts[at] = (struct key_part){type, value->text};
	return value->text.size <= KEY_PART_MAX;
}

/* A string's text, unescaped where that makes a difference. */
static bool string_text(const struct json_value *value, struct buffer *scratch,
			struct span *text)
{
	*text = value->text;
	if (!value->escaped)
		return true;
	buffer_clear(scratch);
	json_text_append(scratch, value->text);
	*text = buffer_span(scratch);
	return !scratch->failed;
}

enum record_verdict record_read_time(const struct json_value *value,
				     struct buffer *scratch, int64_t *time_ns)
{
	struct span text;

	if (value->type != JSON_STRING)
		return RECORD_REJECTED;
	if (!string_text(value, scratch, &text))
		return RECORD_FAILED;
	return timestamp_read(text, time_ns) ? RECORD_COUNTS : RECORD_REJECTED;
}

static enum record_verdict verdict_of(enum sum_status status)
{
	switch (status) {
	case SUM_READ: return RECORD_COUNTS;
	case SUM_NO_MEMORY: return RECORD_FAILED;
	default: return RECORD_REJECTED;
	}
}

enum record_verdict record_take_amount(struct record *record,
				       const struct json_value *value,
				       struct buffer *scratch)
{
	struct span text = value->text;

	if (value->type == JSON_STRING) {
		if (!string_text(value, scratch, &text))
			return RECORD_FAILED;
	} else if (value->type != JSON_NUMBER) {
		return RECORD_REJECTED;
	}
	return verdict_of(sum_read(&record->amount, text));
}

/* As an amount first: other tools write totals with exponents. */
enum record_verdict record_take_total(struct record *record,
				      const struct json_value *value)
{
	enum record_verdict verdict;

	if (value->type != JSON_NUMBER)
		return RECORD_REJECTED;
	verdict = verdict_of(sum_read(&record->amount, value->text));
	if (verdict == RECORD_REJECTED)
		verdict = verdict_of(
			sum_read_total(&record->amount, value->text));
	return verdict;
}

static enum record_verdict reject(struct record *record,
				  enum reject_reason reason, size_t offset,
				  const char *field)
{
	record->reason = reason;
	record->column = offset + 1;
	record->field = field;
	return RECORD_REJECTED;
}

enum record_verdict record_reject_json(struct record *record,
				       enum json_verdict verdict, size_t offset)
{
	switch (verdict) {
	case JSON_TOO_DEEP:
		return reject(record, REJECT_TOO_DEEP, offset, NULL);
	case JSON_NOT_OBJECT:
		return reject(record, REJECT_NOT_OBJECT, offset, NULL);
	default: return reject(record, REJECT_INVALID_JSON, offset, NULL);
	}
}

enum record_verdict record_reject_value(struct record *record,
					enum reject_reason reason,
					const struct json_value *value,
					const char *field, struct span line,
					size_t start)
{
	if (value->type != JSON_ABSENT)
		start = (size_t)(value->text.data - line.data);
	return reject(record, reason, start, field);
}
