/*
 * walk: from bytes to marks, along the shapes.
 *
 * Several cursors go through the bytes at once, each through a stretch of whole
 * lines, one step in turn: while one of them waits for its own last step (load,
 * compare, count, add: some forty cycles, one after the other) the others use
 * the processor. What they find is kept by stretch, and stretches lie in the
 * order of the bytes: who reads them one after the other cannot tell how many
 * cursors there were.
 *
 * A step is compared and taken as a whole or not at all. What cannot be taken
 * is looked at by recover(): text that is longer than one vector or has bytes
 * that need care goes on, another edge than the likely one may follow, or else
 * the record is left for the long way and the cursor goes on with the next
 * line.
 *
 * walk_steps.h is the loop, compiled once for each level with its vectors
 * (vectors_*.h). What each of these has to do, byte by byte, is in
 * vectors_plain.h.
 */
#ifndef CORE_JSON_WALK_H
#define CORE_JSON_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "core/json/level.h"
#include "core/json/shapes.h"

#define CURSORS_MAX 4

/* Bytes ahead of a cursor that a step may look at. */
#define WALK_AHEAD 104

/* What one cursor found: records, one behind the other. */
struct stretch {
	uint64_t *records;
	uint64_t *end; /* where the line begins, that would be the next one */
};

struct walk {
	struct shapes *shapes;
	enum level level; /* resolved */
	unsigned cursors; /* 1, 2 or 4 */
	uint64_t records; /* walked since the shapes were empty */
	/* filled in: */
	const char *base; /* places in the records count from here */
	struct stretch stretches[CURSORS_MAX];
	unsigned stretch_count;
	/* its own: */
	const char *end;
	unsigned running;
	unsigned stride;
};

/*
 * Walks through whole lines from the beginning of *bytes on, as far as it
 * comes: some bytes at the end are left. words[] has room for all that is
 * found, so that `room` words are at least enough for one record a cursor more
 * than none; the stretches are in it. Returns how many bytes were passed: whole
 * lines. No byte outside of bytes is read.
 */
size_t walk_lines(struct walk *walk, struct span bytes, uint64_t *words,
		  size_t room);

/* --- for walk.c and the levels -------------------------------------------- */

struct cursor {
	const char *p;		 /* where the next literal should stand */
	const struct edge *edge; /* passed last */
	uint64_t *record;
	const char *stop; /* the line that begins here is another's */
	uint64_t *full;	  /* no record may begin here */
};

/*
 * A byte, once for each place of a vector. They stand in memory, where a
 * comparison takes them from, and not where a compiler could see them: it would
 * make each anew in every step, as no register is kept across calls.
 */
struct vector_bytes {
	_Alignas(64) char space[64];
	char quote[64], backslash[64], zero[64], nine[64], period[64];
	char control[64];
};

extern const struct vector_bytes walk_each;

/* The cursors' turns, until all are done. */
void walk_plain(struct walk *walk, struct cursor *cursors);
void walk_sse2(struct walk *walk, struct cursor *cursors);
void walk_avx2(struct walk *walk, struct cursor *cursors);
void walk_neon(struct walk *walk, struct cursor *cursors);

#endif
