/*
 * level: which vectors the processor has, and which are used.
 *
 * All levels say the same of every byte; they differ in time only. LEVEL_PLAIN
 * is C, and there everywhere; so is LEVEL_OFF, with which nothing is walked at
 * all: every record goes the long way. That is faster than LEVEL_PLAIN.
 */
#ifndef CORE_JSON_LEVEL_H
#define CORE_JSON_LEVEL_H

#include <stdbool.h>

/* Bits are taken out of vectors as words, in the order of the bytes. */
#if defined(__aarch64__) && defined(__AARCH64EL__)
#define LEVEL_NEON_IS_BUILT 1
#else
#define LEVEL_NEON_IS_BUILT 0
#endif

enum level {
	LEVEL_BEST, /* the fastest one that is there */
	LEVEL_OFF,
	LEVEL_PLAIN,
	LEVEL_SSE2,
	LEVEL_AVX2,
	LEVEL_NEON,
	LEVELS,
};

/* "off", "plain", .. */
const char *level_name(enum level level);

/* LEVELS: there is none of that name. LEVEL_BEST has none. */
enum level level_by_name(const char *name);

/* Was it built in, and does this processor have it? */
bool level_is_there(enum level level);

/* LEVEL_BEST becomes what it is; others stay. */
enum level level_resolve(enum level level);

#endif
