#include "source/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void notes_release(struct notes *notes)
{
	while (notes->count > 0)
		free(notes->list[--notes->count]);
}

void notes_add(struct notes *notes, const char *format, ...)
{
	char *text;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = notes->count < NOTES_MAX ? vasprintf(&text, format, arguments)
					  : -1;
	va_end(arguments);
	if (length < 0)
		notes->left_out++;
	else
		notes->list[notes->count++] = text;
}

bool notes_take(struct notes *notes, struct stream *stream, struct chunk *chunk)
{
	if (notes->count == 0 && notes->left_out == 0)
		return false;
	chunk_tell(chunk, CHUNK_NOTE, AFTER_NEXT, stream);
	if (notes->count == 0) {
		error_set(&chunk->why, "%s: %zu more remarks like these",
			  stream->name, notes->left_out);
		notes->left_out = 0;
		return true;
	}
	error_set(&chunk->why, "%s", notes->list[0]);
	free(notes->list[0]);
	notes->count--;
	memmove(notes->list, notes->list + 1,
		notes->count * sizeof(notes->list[0]));
	return true;
}
