/*
 * runs: the classes of bytes by which a value is taken.
 *
 * What is not ASCII stops every run, and is looked at with care.
 */
#ifndef CORE_JSON_RUNS_H
#define CORE_JSON_RUNS_H

#include <stdbool.h>

enum edge_run {
	RUN_NONE,   /* nothing: there is no value */
	RUN_TEXT,   /* of a string: no control character, quote or backslash */
	RUN_NUMBER, /* digits, and one period between two of them */
	RUN_WORD,   /* true, false or null */
};

/* Bytes that are looked at in one step. */
#define RUN_WINDOW 32

/* The definitions, which the vectors are held against. */
static inline bool is_text(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static inline bool is_digit_or_period(char c)
{
	return (c >= '0' && c <= '9') || c == '.';
}

#endif
