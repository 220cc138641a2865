/*
 * A line that ends in the chunk in which it began is handed out in place. Half
 * a line is carried, to be completed by the next chunk. Of a line that is too
 * long no more than LINE_SLACK bytes above the limit are kept: enough to see
 * that it is too long although a byte order mark and a CR do not count.
 */
#include "core/lines.h"

#include <string.h>

#define BOM	   "\xef\xbb\xbf"
#define LINE_SLACK 4
/* The start of a line that is too long, for the message. */
#define TOO_LONG_SHOWN 64

static inline bool is_blank(struct span line)
{
	if (line.size > 0 && (unsigned char)line.data[0] > ' ')
		return false;
	for (size_t i = 0; i < line.size; i++) {
		char c = line.data[i];

		if (c != ' ' && c != '\t' && c != '\r')
			return false;
	}
	return true;
}

/* The line without the byte order mark that a stream may begin with. */
static struct span content(const struct stream *stream, struct span line)
{
	if (stream->line_number > 0 || line.size < 3 ||
	    memcmp(line.data, BOM, 3) != 0)
		return line;
	return span_make(line.data + 3, line.size - 3);
}

/* Adds part of a line to what is carried, as much of it as is kept. */
static int carry(struct stream *stream, struct span part, size_t max_line_bytes)
{
	struct buffer *kept = &stream->carry;
	size_t room = max_line_bytes + LINE_SLACK - kept->size;
	struct span rest = {0};

	if (part.size > room) {
		rest = span_make(part.data + room, part.size - room);
		part.size = room;
	}
	/* Room for the LF behind a record, and what can be read there. */
	if (!buffer_reserve(kept, part.size + 1 + LINE_CARRIED_AHEAD))
		return -1;
	buffer_append_span(kept, part);
	if (rest.size > 0) {
		if (stream->skipped == 0)
			stream->blank =
				is_blank(content(stream, buffer_span(kept)));
		stream->blank = stream->blank && is_blank(rest);
		stream->skipped += rest.size;
	}
	return 0;
}

/* A line is whole: a record, too long, or LINE_NONE for a blank one. */
static inline enum line_status judge(struct stream *stream, struct span whole,
				     size_t max_line_bytes, struct span *line)
{
	bool is_cut = stream->skipped > 0;
	size_t size;

	*line = content(stream, whole);
	size = line->size;
	stream->line_number++;
	stream->skipped = 0;
	if (is_cut ? stream->blank : is_blank(*line))
		return LINE_NONE;
	stream->delivered = true;
	if (line->data[size - 1] == '\r')
		size--;
	if (!is_cut && size <= max_line_bytes)
		return LINE_RECORD;
	if (line->size > TOO_LONG_SHOWN)
		line->size = TOO_LONG_SHOWN;
	return LINE_TOO_LONG;
}

/* The carried line is whole. */
static enum line_status judge_carried(struct stream *stream,
				      size_t max_line_bytes, struct span *line)
{
	struct span whole = buffer_span(&stream->carry);

	stream->carry.data[whole.size] = '\n';
	if (whole.size >= LINE_CARRIED_MIN)
		memset(stream->carry.data + whole.size + 1, 0,
		       LINE_CARRIED_AHEAD);
	stream->carry.size = 0; /* the bytes stand until the next call */
	return judge(stream, whole, max_line_bytes, line);
}

enum line_status lines_next(struct stream *stream, struct span *bytes,
			    size_t max_line_bytes, struct span *line)
{
	while (bytes->size > 0) {
		const char *lf = memchr(bytes->data, '\n', bytes->size);
		size_t size = lf ? (size_t)(lf - bytes->data) : bytes->size;
		struct span part = span_make(bytes->data, size);
		enum line_status status;

		bytes->data += size + (lf != NULL);
		bytes->size -= size + (lf != NULL);
		stream->taken += size + (lf != NULL);
		if (lf && stream->carry.size == 0) {
			status = judge(stream, part, max_line_bytes, line);
		} else {
			if (carry(stream, part, max_line_bytes) != 0)
				return LINE_FAILED;
			if (!lf)
				return LINE_NONE;
			status = judge_carried(stream, max_line_bytes, line);
		}
		if (status != LINE_NONE)
			return status;
	}
	return LINE_NONE;
}

enum line_status lines_finish(struct stream *stream, size_t max_line_bytes,
			      struct span *line)
{
	if (stream->carry.size == 0)
		return LINE_NONE;
	return judge_carried(stream, max_line_bytes, line);
}
