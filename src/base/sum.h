/*
 * sum: decimal numbers, added up exactly.
 *
 * A sum is a whole number of units of 10^-scale. Up to 128 bits it stands in
 * the struct; beyond, in limbs on the heap (GMP's mpn functions, on memory of
 * our own: nothing there aborts). A struct of zeros is the sum of nothing.
 */
#ifndef BASE_SUM_H
#define BASE_SUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"

/* Bounds of a number that can be added. */
#define SUM_DIGITS_MAX	 100 /* digits of it, as written */
#define SUM_EXPONENT_MAX 100 /* either way */

struct sum_wide;

struct sum {
	__int128 units;
	struct sum_wide *wide; /* units that do not fit, or NULL; owned */
	/*
	 * Digits behind the point: the largest scale of what was added, and
	 * never less after it was subtracted.
	 */
	uint16_t scale;
};

enum sum_status {
	SUM_READ,
	SUM_NOT_A_NUMBER, /* or beyond the bounds */
	SUM_NO_MEMORY,
};

/*
 * Sets *sum, which must be initialised, to the number that the text spells as
 * RFC 8259 section 6 has it. Its scale is the number of digits it has behind
 * the point once the exponent is carried out: 12.50 has 2, 1.5e1 and 1e3 have
 * 0, 1e-3 has 3. Unchanged when it is none.
 */
enum sum_status sum_read(struct sum *sum, struct span text) MUST_CHECK;

/*
 * The same for what sum_append() wrote: no exponent but 0, and as many digits
 * as the sum of 2^64 of the numbers above can have.
 */
enum sum_status sum_read_total(struct sum *sum, struct span text) MUST_CHECK;

/* -1: memory is out, the sum is as it was. */
int sum_add(struct sum *sum, const struct sum *more) MUST_CHECK;
int sum_subtract(struct sum *sum, const struct sum *less) MUST_CHECK;

/* Back to the sum of nothing; frees what it owned. */
void sum_clear(struct sum *sum);

bool sum_is_zero(const struct sum *sum);

/*
 * Appends the decimal digits, with exactly `scale` of them behind the point
 * (or the sum's own scale, if that is more), never an exponent, never "-0".
 */
void sum_append(struct buffer *out, const struct sum *sum, unsigned scale);

#endif
