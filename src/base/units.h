/*
 * units: durations, sizes and counts as people type them.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * "500ms", "5s", "1m", "1h", "1d", "1.5s", or seconds without a unit: above 0
 * and whole milliseconds. The message of an error says what is wrong with the
 * text, without naming it.
 */
int duration_parse(const char *text, int64_t *duration_ns,
		   struct error *error) MUST_CHECK;

/* The same, and 0 is one too. */
int duration_parse_or_zero(const char *text, int64_t *duration_ns,
			   struct error *error) MUST_CHECK;

/* "4096", "64K", "1M", "2G" (powers of 1024), above 0. */
int size_parse(const char *text, uint64_t *size_bytes,
	       struct error *error) MUST_CHECK;

/* A whole number, at least `least`; no sign, no space. */
int count_parse(const char *text, uint64_t least, uint64_t *count,
		struct error *error) MUST_CHECK;

/* Appends a duration for people: "350ms", "4.2s", "3m 05s", "2h 10m". */
void duration_append(struct buffer *out, int64_t duration_ns);

/* Appends bytes for people: "812 B", "1.4 MB" (powers of 1000). */
void bytes_append(struct buffer *out, uint64_t size_bytes);

#endif
