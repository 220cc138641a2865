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

static inline bool span_equal(struct span a, struct span b)
{
	return a.size == b.size &&
	       (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
	return span_equal(a, span_of(text));
}

#endif
