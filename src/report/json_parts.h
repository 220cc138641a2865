/*
 * json_parts: pieces of JSON that rows, and what members publish, are made of.
 *
 * DEL and C1 characters are escaped as C0 is (RFC 8259 does not ask for it: a
 * terminal does).
 */
#ifndef REPORT_JSON_PARTS_H
#define REPORT_JSON_PARTS_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/span.h"
#include "core/snapshot.h"
#include "core/tallies.h"

/* A string in its quotes; the text is UTF-8. */
void json_append_string(struct buffer *out, struct span text);

/* An encoded key (core/key.h) as an object of the names. */
void json_append_key(struct buffer *out, const unsigned char *key,
		     const char *const *names, size_t count);

/* ,"rejected":{..}: the reasons above 0. */
void json_append_rejected(struct buffer *out, const struct tallies *tallies);

/* What a summary row says of its window, as an object. */
void json_append_summary(struct buffer *out, const struct snapshot *snapshot);

#endif
