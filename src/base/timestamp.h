/*
 * timestamp: a moment as a record writes it, in nanoseconds since 1970.
 *
 * Years 1678 to 2261 (in UTC). What is finer than a nanosecond is cut towards
 * the past. No leap seconds: a second 60 is the next second.
 */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* RFC 3339 section 5.6, with Z or an offset. False: it is none. */
bool timestamp_read(struct span text, int64_t *time_ns);

/*
 * A number as RFC 8259 section 6 writes it, since 1970: below 1e11 seconds,
 * below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds (by its
 * magnitude); fractions and exponents count, exactly. False: out of range.
 */
bool timestamp_of_number(struct span number, int64_t *time_ns);

#endif
