/*
 * stream: what is kept for each stream of bytes between two chunks.
 *
 * A source owns its streams; it calls stream_open() where a new stream begins
 * and fills in the name. The rest is the business of `lines`.
 */
#ifndef CORE_STREAM_H
#define CORE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct stream {
	const char *name;     /* as messages show it; the source's */
	uint64_t line_number; /* of the last line handed out; from 1 */
	struct buffer carry;  /* the half line that the last chunk ended with */
	uint64_t skipped;     /* bytes of the open line that were not kept */
	bool blank;	      /* if there are: it is nothing but white space */
	bool delivered;	      /* a record came */
};

void stream_init(struct stream *stream);
void stream_release(struct stream *stream);

/* A new stream begins: line 1, nothing carried. Memory is kept. */
void stream_open(struct stream *stream, const char *name);

/* Bytes of the unfinished last line, which is no record when we stop. */
uint64_t stream_pending(const struct stream *stream);

#endif
