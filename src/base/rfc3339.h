/*
 * rfc3339: a time as RFC 3339 writes it.
 */
#ifndef BASE_RFC3339_H
#define BASE_RFC3339_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * Appends 2026-11-22T10:00:00Z, or with the local zone's offset (+01:00) if
 * `local`. time_ns counts from 1970. A fraction stands only where it is not
 * zero: at most six digits, cut, without trailing zeros.
 */
void rfc3339_append(struct buffer *out, int64_t time_ns, bool local);

#endif
