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
#include "core/watermark.h"

struct stream {
	const char *name;     /* as messages show it; the source's */
	uint64_t line_number; /* of the last line handed out; from 1 */
	struct buffer carry;  /* the half line that the last chunk ended with */
	uint64_t skipped;     /* bytes of the open line that were not kept */
	bool blank;	      /* if there are: it is nothing but white space */
	bool delivered;	      /* a record came */
	uint64_t origin;      /* where in the source its first byte stands */
	uint64_t taken;	      /* bytes handed in since then */
	/* Which partition of its topic it is, of so many; 0: it is none. */
	uint32_t partition;
	uint32_t partitions;
	struct stream_time *time; /* its own, or shared with another */
	struct stream_time own_time;
};

void stream_init(struct stream *stream);
void stream_release(struct stream *stream);

/*
 * A new stream begins: line 1, nothing carried. Memory is kept, and so is its
 * time: a connection that is dialled again goes on in it.
 */
void stream_open(struct stream *stream, const char *name);

/* The same, in the middle: behind that line, which ends before the origin. */
void stream_open_at(struct stream *stream, const char *name, uint64_t origin,
		    uint64_t line_number);

/* Where the next record begins, the half line included that is carried. */
uint64_t stream_position(const struct stream *stream);

/* Bytes of the unfinished last line, which is no record when we stop. */
uint64_t stream_pending(const struct stream *stream);

#endif
