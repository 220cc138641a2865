/*
 * vectors: those of each level, side by side.
 *
 * The headers of the levels give their functions the same names; one file a
 * level, vectors_*.c, includes one and this, and hands them out by
 * DEFINE_VECTORS.
 */
#ifndef LEVELS_VECTORS_H
#define LEVELS_VECTORS_H

#include <stdint.h>

#include "core/json/level.h"
#include "core/json/shapes.h"

struct vectors {
	enum level level;
	uint32_t (*literal_misses)(const char *p, const struct edge *edge);
	uint32_t (*text_stops)(const char *p);
	uint32_t (*number_stops)(const char *p, uint32_t *periods);
	uint64_t (*text_look)(const char *p, uint64_t *high);
};

extern const struct vectors vectors_plain, vectors_sse2, vectors_avx2,
	vectors_neon;

/* Only what has the level's target can call what is inlined in it. */
#define DEFINE_VECTORS(name, of_level)                                     \
	LEVEL static uint32_t ask_literal(const char *p,                   \
					  const struct edge *edge)         \
	{                                                                  \
		return literal_misses(p, edge);                            \
	}                                                                  \
	LEVEL static uint32_t ask_text(const char *p)                      \
	{                                                                  \
		return text_stops(p);                                      \
	}                                                                  \
	LEVEL static uint32_t ask_number(const char *p, uint32_t *periods) \
	{                                                                  \
		return number_stops(p, periods);                           \
	}                                                                  \
	LEVEL static uint64_t ask_look(const char *p, uint64_t *high)      \
	{                                                                  \
		struct text_bits bits = text_look(p);                      \
		*high = bits.high;                                         \
		return bits.stops;                                         \
	}                                                                  \
	const struct vectors name = {of_level, ask_literal, ask_text,      \
				     ask_number, ask_look}

#endif
