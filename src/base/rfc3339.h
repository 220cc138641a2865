/*
 * rfc3339: a time as RFC 3339 writes it.
 */
#ifndef BASE_RFC3339_H
#define BASE_RFC3339_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Room for any of them and a NUL. */
#define RFC3339_SIZE 36

/* A time taken apart, in the Gregorian calendar. */
struct civil_time {
	int64_t day_number; /* since 1970, in the zone shown */
	int year;
	unsigned month; /* from 1 */
	unsigned day;	/* from 1 */
	unsigned hour;
	unsigned minute;
	unsigned second;
	unsigned microsecond; /* cut */
	int offset_min;	      /* of the zone shown, east of Greenwich */
};

/* time_ns counts from 1970; in UTC, or in the local zone if `local`. */
void civil_time_of(struct civil_time *civil, int64_t time_ns, bool local);

/*
 * Writes 2026-11-22T10:00:00Z, or with the local zone's offset (+01:00) if
 * `local`, and a NUL; returns the length. A fraction stands only where it is
 * not zero: at most six digits, cut, without trailing zeros.
 */
size_t rfc3339_format(char out[RFC3339_SIZE], int64_t time_ns, bool local);

/* Appends the same. */
void rfc3339_append(struct buffer *out, int64_t time_ns, bool local);

#endif
