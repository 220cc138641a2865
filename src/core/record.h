/*
 * record: what one line says once it is judged, by `order` or by `merge`.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/sum.h"
#include "core/json.h"
#include "core/key.h"
#include "core/tallies.h"

enum record_verdict {
	RECORD_COUNTS,
	RECORD_FILTERED, /* timed and time_ns are filled in, too */
	RECORD_REJECTED, /* reason, column and field say why */
	RECORD_FAILED,	 /* memory is out */
};

struct record {
	/* The key; borrowed from the line and from who judged it. */
	struct key_part parts[KEY_FIELDS_MAX];
	bool other;	 /* it has none: it adds to (other) */
	uint64_t orders; /* 1; of a row as many as it says */
	bool timed;	 /* time_ns is there */
	int64_t time_ns;
	struct sum amount; /* owned by who judged it */
	/* rejected: */
	enum reject_reason reason;
	size_t column;	   /* in bytes, from 1 */
	const char *field; /* of what is missing or bad, or NULL */
};

/*
 * For who judges: what a value of the line says goes into the record. Where
 * they return a verdict, it is RECORD_COUNTS; or RECORD_REJECTED when the value
 * is missing or none of what it should be, and nothing changed; or
 * RECORD_FAILED. The scratch holds what must be unescaped first.
 */

/*
 * A part of the key. False: bad_key. The room is KEY_PART_MAX bytes, for as
 * long as the part is used. Most parts are strings without escapes: those at
 * once.
 */
bool record_take_other_part(struct record *record, size_t at,
			    const struct json_value *value,
			    char *room) MUST_CHECK;

static inline bool record_take_part(struct record *record, size_t at,
				    const struct json_value *value, char *room)
{
	if (value->type != JSON_STRING || value->escaped)
		return record_take_other_part(record, at, value, room);
	record->parts[at] = (struct key_part){KEY_STRING, value->text};
	return value->text.size <= KEY_PART_MAX;
}

/* A string that is a time, wherever it is to go. */
enum record_verdict record_read_time(const struct json_value *value,
				     struct buffer *scratch,
				     int64_t *time_ns) MUST_CHECK;

/* The amount: a number, or a string that is one. */
enum record_verdict record_take_amount(struct record *record,
				       const struct json_value *value,
				       struct buffer *scratch) MUST_CHECK;

/* The same of a row: a number, which may have the digits of a total. */
enum record_verdict record_take_total(
	struct record *record, const struct json_value *value) MUST_CHECK;

/* Why it is rejected: what json_scan() found at the offset. */
enum record_verdict record_reject_json(struct record *record,
				       enum json_verdict verdict,
				       size_t offset);

/*
 * Or the value of a field; one that is missing is told where the record begins,
 * at `start`.
 */
enum record_verdict record_reject_value(struct record *record,
					enum reject_reason reason,
					const struct json_value *value,
					const char *field, struct span line,
					size_t start);

#endif
