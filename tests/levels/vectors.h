/*
 * vectors: those of each level, side by side.
 *
 * The headers of the levels give their functions the same names; one file a
 * level, vectors_*.c, includes one and this, and hands them out by
 * DEFINE_VECTORS.
 */
#ifndef LEVELS_VECTORS_H
#define LEVELS_VECTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/json/level.h"
#include "core/json/shapes.h"

/* What text_look() says; each level has a type of its own. */
struct looked {
	uint64_t ends, backslashes, high;
};

struct vectors {
	enum level level;
	uint32_t (*literal_misses)(const char *p, const struct edge *edge);
	uint32_t (*text_stops)(const char *p);
	uint32_t (*number_stops)(const char *p, uint32_t *periods);
	struct looked (*text_look)(const char *p);
	uint64_t (*text_escapable)(const char *p);
	bool (*text_is_utf8)(const char *p, const char *end);
};

extern const struct vectors vectors_plain, vectors_sse2, vectors_avx2,
	vectors_neon;

/* Only what has the level's target can call what is inlined in it. */
#define DEFINE_VECTORS(name, of_level)                                       \
	LEVEL static uint32_t ask_literal(const char *p,                     \
					  const struct edge *edge)           \
	{                                                                    \
		return literal_misses(p, edge);                              \
	}                                                                    \
	LEVEL static uint32_t ask_text(const char *p)                        \
	{                                                                    \
		return text_stops(p);                                        \
	}                                                                    \
	LEVEL static uint32_t ask_number(const char *p, uint32_t *periods)   \
	{                                                                    \
		return number_stops(p, periods);                             \
	}                                                                    \
	LEVEL static struct looked ask_look(const char *p)                   \
	{                                                                    \
		struct text_bits bits = text_look(p);                        \
		return (struct looked){bits.ends, bits.backslashes,          \
				       bits.high};                           \
	}                                                                    \
	LEVEL static uint64_t ask_escapable(const char *p)                   \
	{                                                                    \
		return text_escapable(p);                                    \
	}                                                                    \
	LEVEL static bool ask_utf8(const char *p, const char *end)           \
	{                                                                    \
		return text_is_utf8(p, end);                                 \
	}                                                                    \
	const struct vectors name = {of_level,	 ask_literal, ask_text,      \
				     ask_number, ask_look,    ask_escapable, \
				     ask_utf8}

#endif
