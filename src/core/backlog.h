/*
 * backlog: lines that cannot be judged yet, in reading order: rows to be merged
 * of which none has said so far how long a window is. Of lines between them
 * that were rejected already it keeps how many, since tallies have an order
 * too.
 */
#ifndef CORE_BACKLOG_H
#define CORE_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/span.h"
#include "core/stream.h"
#include "core/tallies.h"

/* So much may wait; more than that has no whole window in it. */
#define BACKLOG_MAX_BYTES ((size_t)256 << 20)

struct backlog_line {
	struct stream *stream; /* borrowed; may be at another file by now */
	size_t name_offset;    /* the stream's name when it was read */
	uint64_t line_number;
	size_t offset;
	size_t size;
	/* It stands for so many that were rejected, if any: no line then. */
	uint64_t rejected;
	enum reject_reason reason;
};

struct backlog {
	struct buffer bytes; /* of the lines, an LF behind each, and of names */
	struct backlog_line *lines;
	size_t count;
	size_t capacity;
	size_t next; /* to be handed out */
};

void backlog_init(struct backlog *backlog);
void backlog_release(struct backlog *backlog);

/* May so many bytes more wait? */
static inline bool backlog_has_room(const struct backlog *backlog, size_t size)
{
	return backlog->bytes.size + size <= BACKLOG_MAX_BYTES;
}

/*
 * Adds a copy of the line that was read last. -1: there is no room, or memory
 * is out.
 */
int backlog_add(struct backlog *backlog, struct stream *stream,
		struct span line) MUST_CHECK;

/*
 * A line was rejected behind those that wait, of which there is one. -1: memory
 * is out.
 */
int backlog_add_reject(struct backlog *backlog,
		       enum reject_reason reason) MUST_CHECK;

/* The next line, an LF behind it, until the next call; false: none is left. */
bool backlog_next(struct backlog *backlog, struct backlog_line *line,
		  struct span *text);

/* What the line's stream was called; until the next call. */
static inline const char *backlog_name(const struct backlog *backlog,
				       const struct backlog_line *line)
{
	return backlog->bytes.data + line->name_offset;
}

static inline bool backlog_is_empty(const struct backlog *backlog)
{
	return backlog->next == backlog->count;
}

#endif
