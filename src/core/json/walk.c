/*
 * Where the cursors begin and end.
 */
#include "core/json/walk.h"

#include <string.h>

/* Not worth to be shared by several cursors. */
#define SHARED_MIN_BYTES 2048

#define EACH_8(c)  c, c, c, c, c, c, c, c
#define EACH_32(c) EACH_8(c), EACH_8(c), EACH_8(c), EACH_8(c)
#define EACH_64(c)                     \
	{                              \
		EACH_32(c), EACH_32(c) \
	}

const struct vector_bytes walk_each = {
	EACH_64(' '), EACH_64('"'), EACH_64('\\'), EACH_64('0'),
	EACH_64(9),   EACH_64('.'), EACH_64(0x1f),
};

static const char nowhere[WALK_AHEAD];

/* Where the last line begins that is not walked: enough stands behind it. */
static const char *find_stop(struct span bytes)
{
	const char *lf = NULL;

	if (bytes.size > WALK_AHEAD)
		lf = memrchr(bytes.data, '\n', bytes.size - WALK_AHEAD);
	return lf ? lf + 1 : bytes.data;
}

static unsigned place_cursors(struct walk *walk, struct cursor *cursors,
			      const char *stop)
{
	const char *begin = walk->base;
	size_t size = (size_t)(stop - begin);
	unsigned wanted = size < SHARED_MIN_BYTES ? 1 : walk->cursors;
	unsigned count = 0;

	for (unsigned i = 1; i <= wanted && begin < stop; i++) {
		const char *next = walk->base + size / wanted * i;

		if (i == wanted)
			next = stop;
		else if (next <= begin)
			continue;
		else
			next = (const char *)memchr(next, '\n',
						    (size_t)(stop - next)) +
			       1;
		cursors[count++] = (struct cursor){.p = begin, .stop = next};
		begin = next;
	}
	return count;
}

static void walk_by_level(struct walk *walk, struct cursor *cursors)
{
	switch (walk->level) {
	case LEVEL_SSE2: walk_sse2(walk, cursors); break;
	case LEVEL_AVX2: walk_avx2(walk, cursors); break;
	case LEVEL_NEON: walk_neon(walk, cursors); break;
	default: walk_plain(walk, cursors); break;
	}
}

size_t walk_lines(struct walk *walk, struct span bytes, uint64_t *words,
		  size_t room)
{
	unsigned stride = walk->stride = shapes_stride(walk->shapes);
	struct cursor cursors[CURSORS_MAX];
	struct cursor rest = {
		.p = nowhere,
		.edge = &walk->shapes->edges[EDGE_REST],
		.record = words,
	};
	const char *passed;
	size_t share;

	walk->base = bytes.data;
	walk->end = bytes.data + bytes.size;
	walk->stretch_count = place_cursors(walk, cursors, find_stop(bytes));
	if (walk->stretch_count == 0)
		return 0;
	walk->running = walk->stretch_count;
	share = room / walk->stretch_count / stride * stride;
	for (unsigned i = 0; i < CURSORS_MAX; i++) {
		struct cursor *cursor = &cursors[i];

		if (i >= walk->stretch_count) {
			*cursor = rest;
			continue;
		}
		cursor->edge = &walk->shapes->edges[EDGE_START];
		cursor->record = words + share * i;
		cursor->record[0] = (uint64_t)(cursor->p - walk->base);
		for (unsigned m = 1; m < stride; m++)
			cursor->record[m] = 0;
		cursor->full = cursor->record + share - stride;
		walk->stretches[i].records = cursor->record;
	}
	walk_by_level(walk, cursors);
	passed = walk->base;
	for (unsigned i = 0; i < walk->stretch_count; i++) {
		struct stretch *stretch = &walk->stretches[i];

		stretch->end = cursors[i].record;
		walk->records +=
			(size_t)(stretch->end - stretch->records) / stride;
		passed = walk->base + (stretch->end[0] & ~RECORD_LONG);
		/* It had no more room: those behind it are for another time. */
		if (passed < cursors[i].stop)
			walk->stretch_count = i + 1;
	}
	return (size_t)(passed - walk->base);
}
