/*
 * span: bytes that belong to somebody else.
 *
 * A span is a pointer and a length; it owns nothing, may hold NUL bytes and is
 * not terminated. How long the bytes live is said where a span is handed out.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *data;
	size_t size;
};

static inline struct span span_make(const char *data, size_t size)
{
	return (struct span){data, size};
}

/* The text without its terminating NUL; lives as long as the text does. */
static inline struct span span_of(const char *text)
{
	return span_make(text, strlen(text));
}

/* Short ones, as names and keys are, by two loads that may overlap. */
static inline bool bytes_equal(const char *a, const char *b, size_t size)
{
	uint64_t words[4];
	uint32_t halves[4];

	if (size > 16)
		return memcmp(a, b, size) == 0;
	if (size >= 8) {
		memcpy(&words[0], a, 8);
		memcpy(&words[1], b, 8);
		memcpy(&words[2], a + size - 8, 8);
		memcpy(&words[3], b + size - 8, 8);
		return ((words[0] ^ words[1]) | (words[2] ^ words[3])) == 0;
	}
	if (size >= 4) {
		memcpy(&halves[0], a, 4);
		memcpy(&halves[1], b, 4);
		memcpy(&halves[2], a + size - 4, 4);
		memcpy(&halves[3], b + size - 4, 4);
		return ((halves[0] ^ halves[1]) | (halves[2] ^ halves[3])) == 0;
	}
	return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] &&
			     a[size - 1] == b[size - 1]);
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.size == b.size && bytes_equal(a.data, b.data, a.size);
}

/* How often the character stands in it. */
static inline uint64_t span_count(struct span span, char c)
{
	const char *at = span.data;
	const char *end = span.data + span.size;
	uint64_t count = 0;

	while (at < end &&
	       (at = (const char *)memchr(at, c, (size_t)(end - at))) != NULL) {
		count++;
		at++;
	}
	return count;
}

static inline bool span_is(struct span a, const char *text)
{
	return span_equal(a, span_of(text));
}

#endif
