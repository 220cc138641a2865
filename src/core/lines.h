/*
 * lines: bytes become records, one a line, none longer than allowed.
 *
 * A line ends in LF; what stands before it is handed out, a CR included. A
 * line of nothing but white space is no record. A UTF-8 byte order mark at the
 * start of a stream is skipped. A line that is too long is read past without
 * being kept: memory stays at about twice max_line_bytes a stream.
 */
#ifndef CORE_LINES_H
#define CORE_LINES_H

#include <stddef.h>

#include "base/span.h"
#include "core/stream.h"

enum line_status {
	LINE_NONE,     /* the bytes are used up; a half line is carried */
	LINE_RECORD,   /* *line is a record */
	LINE_TOO_LONG, /* *line is the beginning of a record */
	LINE_FAILED,   /* memory is out */
};

/*
 * Behind the LF of a line that was carried and is at least so long stand that
 * many bytes that can be read, zeros.
 */
#define LINE_CARRIED_MIN   512
#define LINE_CARRIED_AHEAD 128

/*
 * Takes the next record off the front of *bytes. The line lives until the next
 * call for this stream and as long as the bytes do; it holds no LF, and the
 * byte behind a LINE_RECORD can be read and is an LF.
 */
enum line_status lines_next(struct stream *stream, struct span *bytes,
			    size_t max_line_bytes, struct span *line);

/* The stream has ended: its unfinished last line is a record too. */
enum line_status lines_finish(struct stream *stream, size_t max_line_bytes,
			      struct span *line);

#endif
