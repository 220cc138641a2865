/*
 * progress: the text of the status line, for a person who waits.
 */
#ifndef OUTPUT_PROGRESS_H
#define OUTPUT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct progress {
	/* sources, by what they do now */
	size_t up;
	size_t dialling;
	size_t waiting;
	size_t over;
	int64_t redial_in_ns; /* the soonest of the waiting ones */
	/* bytes; size is 0 unless all of it is known beforehand (files) */
	uint64_t read_bytes;
	uint64_t size_bytes;
	/* the open window; by event time, the run */
	uint64_t orders;
	int64_t open_for_ns;
	int64_t ends_in_ns; /* TIME_NEVER: it has no end of its own */
	int64_t behind_ns;  /* the watermark, if there is one */
	/* a second, of the last second or so; 0 where it is not known */
	double rate;	   /* orders */
	double bytes_rate; /* read */
	bool has_watermark;
	bool begun;	/* the run has begun */
	bool local;	/* nothing is dialled: files, standard input */
	bool unicode;	/* the bar may use block characters */
	size_t columns; /* of the terminal, 0: 80; the text stays below */
};

/* Appends the line, without control characters or newline. */
void progress_format(struct buffer *out, const struct progress *progress);

#endif
