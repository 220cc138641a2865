/*
 * lane: goes ahead of the counting through the bytes that were read.
 *
 * It walks along shapes (core/json/shapes.h) and hands out one record after the
 * other in reading order: either what its FIELDs hold, or that it has to be
 * judged the long way. From those the long way finds valid it learns. Where a
 * stream has no shapes it gives up for a while, so that trying costs little.
 *
 * It decides nothing: who asks gets the same records, values and order as from
 * lines_next() and json_scan(), only sooner.
 */
#ifndef CORE_LANE_H
#define CORE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "core/json.h"
#include "core/json/walk.h"

/* So many bytes are walked at once, at most. */
#define LANE_REACH_BYTES ((size_t)64 << 10)

/* In place of bytes to pass: nothing is ever walked. */
#define LANE_NEVER SIZE_MAX

struct lane {
	struct shapes shapes;
	struct walk walk;
	const struct fields *fields; /* the caller's */
	uint8_t *mark_of;	     /* by slot of the fields */
	struct json_value *values;   /* one a slot, for lane_prepare() */
	uint64_t *words;
	size_t room;		/* words */
	const uint64_t *record; /* the next one, */
	unsigned stretch;	/* in this stretch; none: all were taken */
	const char *ahead;	/* where its line begins, or NULL */
	const char *end;	/* of the bytes that were walked */
	size_t reach_bytes;	/* are walked at once */
	size_t pass_bytes;	/* are let pass before it is tried again;
				   LANE_NEVER: it never is */
	size_t pause_bytes;	/* the last of such pauses */
	unsigned lessons;	/* records that may be learned from */
};

/* -1: memory is out; release it all the same. The fields are borrowed. */
int lane_init(struct lane *lane, const struct fields *fields, enum level level,
	      unsigned cursors) MUST_CHECK;
void lane_release(struct lane *lane);

/* Do the bytes begin with the next record that was walked? */
static inline bool lane_has(const struct lane *lane, struct span bytes)
{
	return lane->ahead && lane->ahead == bytes.data &&
	       lane->end == bytes.data + bytes.size;
}

/*
 * Walks ahead in bytes that begin with a line; they are borrowed until all was
 * taken. False: it has nothing, the long way goes on.
 */
bool lane_walk(struct lane *lane, struct span bytes);

/* The long way took so many bytes that lane_walk() did not want. */
static inline void lane_pass(struct lane *lane, size_t size)
{
	if (lane->pass_bytes != LANE_NEVER)
		lane->pass_bytes -=
			size < lane->pass_bytes ? size : lane->pass_bytes;
}

/* Is it worth to ask lane_walk()? */
static inline bool lane_is_ready(const struct lane *lane)
{
	return lane->pass_bytes == 0;
}

/* The line of the next record, its LF included. */
static inline struct span lane_line(const struct lane *lane)
{
	uint64_t next = lane->record[lane->walk.stride] & ~RECORD_LONG;
	uint64_t begin = lane->record[0] & ~RECORD_LONG;

	return span_make(lane->walk.base + begin, (size_t)(next - begin));
}

static inline bool lane_is_long(const struct lane *lane)
{
	return (lane->record[0] & RECORD_LONG) != 0;
}

/* What the next record, which is not long, holds in the slots. */
void lane_values(const struct lane *lane, struct json_value *values);

/* The next record was taken, or all before that one, which may be the end of
 * their stretch. */
void lane_take(struct lane *lane);
void lane_take_to(struct lane *lane, const uint64_t *record);

/* Behind the last record of the stretch in which the next one is. */
static inline const uint64_t *lane_stretch_end(const struct lane *lane)
{
	return lane->walk.stretches[lane->stretch].end;
}

/*
 * Walks ahead in all of the bytes, wherever in a line they begin, and goes the
 * long way too where it has to: for a lane that is read ahead of the engine, in
 * another thread. What is left is little: the first and last line, and records
 * to be rejected.
 */
void lane_prepare(struct lane *lane, struct span bytes);

/*
 * The long way found a line valid, which is given without its LF: there is
 * something to learn from it if it was walked to in vain, or nothing is known.
 */
void lane_meet(struct lane *lane, struct span line);

#endif
