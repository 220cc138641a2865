/*
 * buffer: bytes that grow.
 *
 * The caller's storage: buffer_init() or {0}, then buffer_release(). Appending
 * cannot fail at the place where it is done: when memory is out, the buffer
 * drops its content, remembers it in `failed` and ignores what comes, so that
 * a writer of many small pieces asks once, at the end (as with ferror()).
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/span.h"

struct buffer {
	char *data; /* NULL until something was reserved */
	size_t size;
	size_t capacity;
	bool failed; /* memory ran out; sticks until buffer_clear() */
};

void buffer_init(struct buffer *buffer);
void buffer_release(struct buffer *buffer);

/* Forgets the content and a failure; keeps the memory. */
void buffer_clear(struct buffer *buffer);

/*
 * Makes room for so many bytes behind `size`. Returns where they begin, or
 * NULL when memory is out. The caller adds to `size` what it wrote.
 */
char *buffer_reserve(struct buffer *buffer, size_t extra) MUST_CHECK;

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_span(struct buffer *buffer, struct span span);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_char(struct buffer *buffer, char c);
void buffer_append_number(struct buffer *buffer, unsigned long long number);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	PRINTF_LIKE(2, 3);

/* The content; lives until the next call that changes the buffer. */
static inline struct span buffer_span(const struct buffer *buffer)
{
	return span_make(buffer->data, buffer->size);
}

#endif
