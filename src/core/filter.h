/*
 * filter: one --where, FIELD OP VALUE.
 */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "core/json.h"

enum filter_op {
	FILTER_EQUAL,
	FILTER_NOT_EQUAL,
	FILTER_LESS,
	FILTER_LESS_EQUAL,
	FILTER_GREATER,
	FILTER_GREATER_EQUAL,
};

/* A number of few digits, as most are: units of 10^-scale. */
struct filter_number {
	int64_t units;
	unsigned scale;
};

struct filter {
	const char *text; /* as given; the caller's */
	char *field;	  /* owned */
	enum filter_op op;
	enum json_type type; /* of VALUE; never an object or array */
	struct buffer value; /* a string's text unescaped, a number's literal */
	bool short_number;   /* VALUE is one: number is it */
	struct filter_number number;
};

/* -1: no such expression, or memory is out; nothing to release then. */
int filter_parse(struct filter *filter, const char *text,
		 struct error *error) MUST_CHECK;
void filter_release(struct filter *filter);

/*
 * Appends FIELD OP VALUE as it is spelled when nothing is superfluous: no space
 * around OP, = for ==, a string without quotes where it is one without them.
 * Two of the same field, operator and value read alike, and the text is parsed
 * as the same one again.
 */
void filter_describe(const struct filter *filter, struct buffer *out);

/* Does it hold for what the record has in the field? */
bool filter_holds(const struct filter *filter, const struct json_value *value);

#endif
