/*
 * What the vectors have to do, in C: the definition, and the level for
 * processors that have none of the others.
 */
#ifndef CORE_JSON_VECTORS_PLAIN_H
#define CORE_JSON_VECTORS_PLAIN_H

#include <string.h>

#include "base/utf8.h"
#include "core/json/shapes.h"

#define LEVEL

/*
 * 0 if the bytes at p begin with the edge's literal. LITERAL_MAX bytes may be
 * read.
 */
LEVEL static inline uint32_t literal_misses(const char *p,
					    const struct edge *edge)
{
	return memcmp(p, edge->literal, edge->size) != 0;
}

/* A bit for each of the RUN_WINDOW bytes at p that stops a text. */
LEVEL static inline uint32_t text_stops(const char *p)
{
	uint32_t stops = 0;

	for (unsigned i = 0; i < RUN_WINDOW; i++)
		stops |= (uint32_t)!is_text(p[i]) << i;
	return stops;
}

/* Of RUN_WINDOW bytes those that stop a number's digits and periods; *periods:
 * a bit for each of these. */
LEVEL static inline uint32_t number_stops(const char *p, uint32_t *periods)
{
	uint32_t stops = 0;

	*periods = 0;
	for (unsigned i = 0; i < RUN_WINDOW; i++) {
		stops |= (uint32_t)!is_digit_or_period(p[i]) << i;
		*periods |= (uint32_t)(p[i] == '.') << i;
	}
	return stops;
}

/* 64 bytes of text, a bit a byte. */
struct text_bits {
	uint64_t ends; /* control characters and quotes */
	uint64_t backslashes;
	uint64_t high; /* 0x80 and above */
};

LEVEL static inline struct text_bits text_look(const char *p)
{
	struct text_bits bits = {0, 0, 0};

	for (unsigned i = 0; i < 64; i++) {
		unsigned char byte = (unsigned char)p[i];
		uint64_t bit = UINT64_C(1) << i;

		if (byte < 0x20 || byte == '"')
			bits.ends |= bit;
		if (byte == '\\')
			bits.backslashes |= bit;
		if (byte >= 0x80)
			bits.high |= bit;
	}
	return bits;
}

/* A bit for each of 64 bytes that may stand behind a backslash: but for u,
 * which wants four digits. */
LEVEL static inline uint64_t text_escapable(const char *p)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < 64; i++)
		if (p[i] != 0 && strchr("\"\\/bfnrt", p[i]))
			bits |= UINT64_C(1) << i;
	return bits;
}

/*
 * Is the text up to end UTF-8? The three bytes before it can be read and are
 * ASCII, or belong to sequences that are whole; so is the one at its end, and
 * RUN_WINDOW bytes can be read from there.
 */
LEVEL static inline bool text_is_utf8(const char *p, const char *end)
{
	return utf8_is_valid(span_make(p, (size_t)(end - p)));
}

#endif
