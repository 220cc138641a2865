#include "core/backlog.h"

#include <stdlib.h>
#include <string.h>

void backlog_init(struct backlog *backlog)
{
	*backlog = (struct backlog){0};
	buffer_init(&backlog->bytes);
}

void backlog_release(struct backlog *backlog)
{
	buffer_release(&backlog->bytes);
	free(backlog->lines);
	backlog_init(backlog);
}

static int reserve_line(struct backlog *backlog)
{
	size_t capacity = backlog->capacity ? backlog->capacity * 2 : 64;
	struct backlog_line *lines;

	if (backlog->count < backlog->capacity)
		return 0;
	lines = realloc(backlog->lines, capacity * sizeof(*lines));
	if (!lines)
		return -1;
	backlog->lines = lines;
	backlog->capacity = capacity;
	return 0;
}

/* Where the stream's name stands; the next line of the stream shares it. */
static size_t keep_name(struct backlog *backlog, const char *name)
{
	size_t offset = backlog->bytes.size;

	if (backlog->count > 0) {
		const struct backlog_line *last =
			&backlog->lines[backlog->count - 1];

		if (strcmp(backlog_name(backlog, last), name) == 0)
			return last->name_offset;
	}
	buffer_append(&backlog->bytes, name, strlen(name) + 1);
	return offset;
}

int backlog_add(struct backlog *backlog, struct stream *stream,
		struct span line)
{
	size_t name_offset;
	size_t offset;

	if (!backlog_has_room(backlog, line.size) || reserve_line(backlog) != 0)
		return -1;
	name_offset = keep_name(backlog, stream->name);
	offset = backlog->bytes.size;
	buffer_append_span(&backlog->bytes, line);
	buffer_append_char(&backlog->bytes, '\n');
	if (backlog->bytes.failed)
		return -1;
	backlog->lines[backlog->count++] = (struct backlog_line){
		.stream = stream,
		.name_offset = name_offset,
		.line_number = stream->line_number,
		.offset = offset,
		.size = line.size,
	};
	return 0;
}

int backlog_add_reject(struct backlog *backlog, enum reject_reason reason)
{
	size_t at = backlog->count;

	/* However many come between two lines, they take little room. */
	while (at > backlog->next && backlog->lines[at - 1].rejected > 0) {
		at--;
		if (backlog->lines[at].reason == reason) {
			backlog->lines[at].rejected++;
			return 0;
		}
	}
	if (reserve_line(backlog) != 0)
		return -1;
	backlog->lines[backlog->count] = backlog->lines[backlog->count - 1];
	backlog->lines[backlog->count].size = 0;
	backlog->lines[backlog->count].rejected = 1;
	backlog->lines[backlog->count++].reason = reason;
	return 0;
}

bool backlog_next(struct backlog *backlog, struct backlog_line *line,
		  struct span *text)
{
	if (backlog_is_empty(backlog))
		return false;
	*line = backlog->lines[backlog->next++];
	*text = span_make(backlog->bytes.data + line->offset, line->size);
	return true;
}
