/*
 * The loop of walk.h. A level includes its vectors, then this, and defines its
 * entry with walk_all().
 */
#ifndef CORE_JSON_WALK_STEPS_H
#define CORE_JSON_WALK_STEPS_H

#include <string.h>

#include "core/json/walk.h"

/* Without a level it is the one in C. */
#ifndef LEVEL
#include "core/json/vectors_plain.h"
#endif

/* Where a cursor rests that is done: EDGE_REST passes here for ever. */
static const char nothing[WALK_AHEAD];

/* --- one step ------------------------------------------------------------- */

/* What is on the way into every step is inlined, or registers are lost. */
#define INLINE static inline __attribute__((always_inline))

/*
 * A record has ended, and a line begins at p. False: not one of this cursor's,
 * which rests from now on.
 */
INLINE bool begin_record(struct walk *walk, struct cursor *cursor,
			 const char *p)
{
	cursor->record += walk->stride;
	cursor->record[0] = (uint64_t)(p - walk->base);
	for (unsigned i = 1; i < walk->stride; i++)
		cursor->record[i] = 0;
	if (p < cursor->stop && cursor->record < cursor->full)
		return true;
	cursor->edge = &walk->shapes->edges[EDGE_REST];
	cursor->p = nothing;
	walk->running--;
	return false;
}

/* The edge's text takes marks back: a name came again. */
static inline void clear_marks(uint64_t *record, uint32_t clear)
{
	for (; clear; clear &= clear - 1)
		record[1 + __builtin_ctz(clear)] = 0;
}

/* The bytes of a text up to what stops it, or is too far on. */
LEVEL INLINE size_t text_length(const struct walk *walk, const char *text)
{
	uint32_t stops = text_stops(text);
	size_t length = 0;

	while (__builtin_expect(stops == 0, 0)) {
		length += RUN_WINDOW;
		if (walk->end - text - (ptrdiff_t)length < WALK_AHEAD)
			return length;
		stops = text_stops(text + length);
	}
	return length + (unsigned)__builtin_ctz(stops);
}

/*
 * The bytes of a number without an exponent (RFC 8259 section 6; a minus would
 * be in the literal before it); 0: it is none.
 */
LEVEL INLINE size_t number_length(const char *number)
{
	uint32_t periods;
	uint64_t stops = number_stops(number, &periods);
	unsigned length = (unsigned)__builtin_ctzll(stops | UINT64_C(1) << 32);
	uint64_t taken = (UINT64_C(1) << length) - 1;
	/* A period stands between two digits, and there is no other. */
	uint64_t edges = 1 | (taken ^ taken >> 1);

	periods &= (uint32_t)taken;
	if ((periods & (periods - 1)) | (periods & edges))
		return 0;
	/* What begins with a zero has nothing but a period behind it. */
	if (number[0] == '0' && length > 1 && periods != 2)
		return 0;
	return length;
}

/* The bytes of true, false or null; 0: it is none of them. */
INLINE size_t word_length(const char *word)
{
	uint32_t first;
	bool four, five;

	memcpy(&first, word, 4);
	four = (memcmp(&first, "true", 4) == 0) |
	       (memcmp(&first, "null", 4) == 0);
	five = (memcmp(&first, "fals", 4) == 0) & (word[4] == 'e');
	return (size_t)four * 4 + (size_t)five * 5;
}

/*
 * What the edge says of the record: it ends, a name came again, or a FIELD's
 * value is the run. False: the record was the cursor's last.
 */
INLINE bool note(struct walk *walk, struct cursor *cursor,
		 const struct edge *edge, size_t length)
{
	uint64_t place;

	if (edge->line && !begin_record(walk, cursor, cursor->p + edge->line))
		return false;
	if (__builtin_expect(edge->clear, 0))
		clear_marks(cursor->record, edge->clear);
	place = (uint64_t)(cursor->p + edge->size - walk->base);
	cursor->record[edge->word] =
		(uint32_t)(place + edge->tag) | (place + length) << 32;
	return true;
}

/* Takes the edge, if it is the one that stands ahead. */
LEVEL INLINE bool pass(struct walk *walk, struct cursor *cursor,
		       const struct edge *edge)
{
	const char *value = cursor->p + edge->size;
	size_t length = 0;

	if (__builtin_expect(literal_misses(cursor->p, edge), 0))
		return false;
	if (edge->run == RUN_TEXT) {
		length = text_length(walk, value);
	} else if (edge->run != RUN_NONE) {
		length = edge->run == RUN_NUMBER ? number_length(value)
						 : word_length(value);
		if (__builtin_expect(length == 0, 0))
			return false;
	}
	if (edge->speaks && !note(walk, cursor, edge, length))
		return true;
	cursor->p = value + length;
	cursor->edge = edge;
	return true;
}

/* The edge that the bytes ahead pick. */
INLINE const struct edge *pick(const struct walk *walk,
			       const struct cursor *cursor)
{
	const struct shapes *shapes = walk->shapes;
	const struct edge *edge = cursor->edge;
	unsigned char probed = (unsigned char)cursor->p[edge->probe];
	uint64_t window;

	memcpy(&window, cursor->p + edge->offset, 8);
	window &= edge->window;
	if (probed != edge->common)
		window = probed;
	window = window * edge->multiplier >> edge->shift;
	return &shapes->edges[shapes->tables[edge->table + window]];
}

LEVEL INLINE bool step(struct walk *walk, struct cursor *cursor)
{
	const struct edge *edge = cursor->edge;

	return pass(walk, cursor,
		    edge->steady ? edge->likely : pick(walk, cursor));
}

/* --- what a step does not take -------------------------------------------- */

static inline bool is_hexadecimal(char c)
{
	char lower = (char)(c | 0x20);

	return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f');
}

/* Of 64 bytes, the first not escaped, those that a backslash escapes: each
 * second one of a row of them, and what stands behind an odd number. */
static inline uint64_t find_escaped(uint64_t backslashes)
{
	const uint64_t odd = UINT64_C(0xaaaaaaaaaaaaaaaa);
	/* A row that begins at an even place carries a bit on through it; see
	 * Geoff Langdale and Daniel Lemire, "Parsing gigabytes of JSON per
	 * second" (VLDB Journal 28, 2019), section 3.1.1. */
	uint64_t carried = ((backslashes << 1) | odd) - backslashes;

	return (carried ^ odd) ^ backslashes;
}

/* Those of the bits that are no u with four digits behind it. */
static uint64_t without_digits(const char *p, uint64_t escaped)
{
	uint64_t bad = 0;

	for (; escaped; escaped &= escaped - 1) {
		unsigned at = (unsigned)__builtin_ctzll(escaped);

		if (p[at] != 'u' || !is_hexadecimal(p[at + 1]) ||
		    !is_hexadecimal(p[at + 2]) || !is_hexadecimal(p[at + 3]) ||
		    !is_hexadecimal(p[at + 4]))
			bad |= UINT64_C(1) << at;
	}
	return bad;
}

/*
 * From inside a string, between two characters, to its closing quote; NULL: it
 * has none before the end, or something is wrong.
 */
LEVEL static inline const char *text_end(const char *p, const char *end,
					 bool *escaped)
{
	const char *high = NULL; /* from here on it is not all ASCII */

	for (const char *next; end - p >= WALK_AHEAD; p = next) {
		struct text_bits bits = text_look(p);
		uint64_t inside, escapes = 0;

		next = p + 64;
		if (bits.high && !high)
			high = p;
		if (bits.backslashes) {
			escapes = find_escaped(bits.backslashes);
			/* One more block begins with the backslash that stands
			 * last here, if it escapes. */
			next -= (bits.backslashes & ~escapes) >> 63;
			bits.ends &= ~escapes;
		}
		inside = bits.ends ? (bits.ends & -bits.ends) - 1 : UINT64_MAX;
		if (bits.backslashes & inside) {
			*escaped = true;
			escapes &= inside & ~text_escapable(p);
			if (escapes && without_digits(p, escapes))
				return NULL;
		}
		if (!bits.ends)
			continue;
		p += __builtin_ctzll(bits.ends);
		if (*p != '"' || (high && !text_is_utf8(high, p)))
			return NULL;
		return p;
	}
	return NULL;
}

/* The record is left, and the next line begins. */
static inline void go_long_way(struct walk *walk, struct cursor *cursor)
{
	const char *lf =
		memchr(cursor->p, '\n', (size_t)(walk->end - cursor->p));

	cursor->record[0] |= RECORD_LONG;
	if (!begin_record(walk, cursor, lf + 1))
		return;
	cursor->edge = &walk->shapes->edges[EDGE_START];
	cursor->p = lf + 1;
}

/* A text goes on behind the run, with what needs care or just longer. */
LEVEL static bool go_on_in_text(struct walk *walk, struct cursor *cursor)
{
	bool escaped = false;
	const char *end = text_end(cursor->p, walk->end, &escaped);
	uint64_t *mark, place;

	if (!end)
		return false;
	mark = &cursor->record[cursor->edge->word];
	place = (uint64_t)(end - walk->base) | (escaped ? MARK_ESCAPED : 0);
	*mark = (uint32_t)*mark | place << 32;
	cursor->p = end;
	return true;
}

/* The line ends with the edge, but the next one does not begin like others. */
static bool pass_line(struct walk *walk, struct cursor *cursor,
		      const struct edge *edge)
{
	const char *next = cursor->p + edge->line;

	if (edge->line == 0 ||
	    memcmp(cursor->p, edge->literal, edge->line) != 0)
		return false;
	if (begin_record(walk, cursor, next)) {
		cursor->edge = &walk->shapes->edges[EDGE_START];
		cursor->p = next;
	}
	return true;
}

LEVEL static __attribute__((noinline)) void recover(struct walk *walk,
						    struct cursor *cursor)
{
	const struct edge *edge = cursor->edge;
	struct edge *edges = walk->shapes->edges;
	const struct edge *next;

	if (edge->run == RUN_TEXT && *cursor->p != '"') {
		if (!go_on_in_text(walk, cursor))
			go_long_way(walk, cursor);
		return;
	}
	if (edge->steady && pass_line(walk, cursor, edge->likely))
		return;
	next = pick(walk, cursor);
	while (next != &edges[EDGE_NONE]) {
		if (pass(walk, cursor, next) || pass_line(walk, cursor, next)) {
			shapes_stray(&edges[edge - edges], walk->records);
			return;
		}
		next = &edges[next->sibling];
	}
	go_long_way(walk, cursor);
}

/* --- all of it ------------------------------------------------------------ */

/* Only a copy of the cursor has an address: itself it can be in registers. */
LEVEL INLINE void turn(struct walk *walk, struct cursor *cursor)
{
	struct cursor stuck;

	if (__builtin_expect(step(walk, cursor), 1))
		return;
	stuck = *cursor;
	recover(walk, &stuck);
	*cursor = stuck;
}

LEVEL INLINE void walk_all(struct walk *walk, struct cursor *cursors)
{
	struct cursor a = cursors[0], b = cursors[1];
	struct cursor c = cursors[2], d = cursors[3];

	if (walk->stretch_count == 1) {
		while (walk->running > 0)
			turn(walk, &a);
	} else if (walk->stretch_count == 2) {
		while (walk->running > 0) {
			turn(walk, &a);
			turn(walk, &b);
		}
	} else {
		while (walk->running > 0) {
			turn(walk, &a);
			turn(walk, &b);
			turn(walk, &c);
			turn(walk, &d);
		}
	}
	cursors[0].record = a.record;
	cursors[1].record = b.record;
	cursors[2].record = c.record;
	cursors[3].record = d.record;
}

#endif
