/*
 * notes: what a source has to say and has not told yet.
 */
#ifndef SOURCE_NOTES_H
#define SOURCE_NOTES_H

#include <stdbool.h>
#include <stddef.h>

#include "source/source.h"

#define NOTES_MAX 16

struct notes {
	char *list[NOTES_MAX];
	size_t count;
	size_t left_out; /* more than are kept, or memory was out */
};

void notes_release(struct notes *notes);

/* Keeps a line for notes_take(). */
void notes_add(struct notes *notes, const char *format, ...) PRINTF_LIKE(2, 3);

/* Makes the oldest a CHUNK_NOTE of the stream; false: there is none. */
bool notes_take(struct notes *notes, struct stream *stream,
		struct chunk *chunk);

#endif
