/*
 * json: is a record RFC 8259 JSON, and what stands in the fields asked for?
 *
 * One pass over the line, in place, without allocating. Strict: UTF-8 as RFC
 * 3629 has it, no raw control characters, nothing behind the value, no more
 * than JSON_DEPTH_MAX levels. A lone surrogate escape is grammatical (RFC 8259
 * section 8.2). Of a name that stands twice in an object the last counts.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/span.h"
#include "core/fields.h"

/* Deepest nesting; the outermost object is 1. */
#define JSON_DEPTH_MAX 1000

enum json_type {
	JSON_ABSENT,
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_OBJECT,
	JSON_ARRAY,
};

struct json_value {
	enum json_type type;
	bool escaped;	  /* a string that holds a backslash */
	struct span text; /* in the line; of a string what its quotes hold */
};

enum json_verdict {
	JSON_VALID,
	JSON_INVALID,	 /* no JSON */
	JSON_TOO_DEEP,	 /* one level too many */
	JSON_NOT_OBJECT, /* JSON, but no object */
};

/*
 * Scans one line without LF; the byte behind it must be an LF. values[] has a
 * place for each slot of the fields; filled in for JSON_VALID. *offset is where
 * the first offending byte stands: the first one with which no JSON text can go
 * on (line.size: its end came too early); for JSON_NOT_OBJECT the value.
 */
enum json_verdict json_scan(const struct fields *fields, struct span line,
			    struct json_value *values, size_t *offset);

enum json_unescaped {
	JSON_TEXT,
	JSON_TEXT_LONG,	     /* more than capacity bytes */
	JSON_TEXT_SURROGATE, /* a lone surrogate, which UTF-8 cannot write */
};

/* Unescapes what the quotes of a valid string hold. */
enum json_unescaped json_unescape(struct span text, char *out, size_t capacity,
				  size_t *size);

/* Appends the same; a lone surrogate as if UTF-8 could write it (3 bytes). */
void json_text_append(struct buffer *out, struct span escaped);

/*
 * Compares what the quotes of a valid string hold, unescaped, with a text. A
 * lone surrogate equals nothing.
 */
bool json_text_equals(struct span escaped, struct span text);

/*
 * Below, at or above 0 as the bytes of the same come before, are or come after
 * the text's; a lone surrogate as json_text_append() has it.
 */
int json_text_compare(struct span escaped, struct span text);

/* A member of an object. */
struct json_member {
	struct span name; /* what its quotes hold */
	struct json_value value;
};

/*
 * Reads the member at *rest, which begins as the text of a valid object and is
 * moved behind what was read. False: there is no more.
 */
bool json_next_member(struct span *rest, struct json_member *member);

#endif
