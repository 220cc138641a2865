/*
 * decimal: number literals of JSON, taken apart and compared by value, exactly.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Stands for an exponent beyond any count of digits that fits in memory. */
#define DECIMAL_FAR ((int64_t)1 << 48)

/*
 * A literal taken apart; the spans are pieces of it. Its value is 0.DIGITS
 * times ten to the power of (point + exponent).
 */
struct decimal {
	bool negative;	    /* it has a '-'; -0 has one, too */
	struct span digits; /* from the first that is not 0; may hold the '.' */
	int64_t point;
	bool exponent_negative;
	struct span exponent; /* its digits, without leading zeros */
	size_t digit_count;   /* before the exponent, as written */
	size_t places;	      /* digits behind the '.', as written */
};

/*
 * False: the whole text is no number as RFC 8259 section 6 writes it, and
 * *decimal holds nothing of use.
 */
bool decimal_parse(struct decimal *decimal, struct span text);

/* The exponent as written, or +-DECIMAL_FAR for what is beyond. */
int64_t decimal_exponent(const struct decimal *decimal);

/* Takes the next of `digits`, 0 to 9; behind the last are zeros without end. */
static inline unsigned decimal_next_digit(struct span *digits)
{
	unsigned digit;

	if (digits->size > 0 && *digits->data == '.')
		*digits = span_make(digits->data + 1, digits->size - 1);
	if (digits->size == 0)
		return 0;
	digit = (unsigned)(*digits->data - '0');
	*digits = span_make(digits->data + 1, digits->size - 1);
	return digit;
}

/* True when the whole text is a number as RFC 8259 section 6 writes it. */
bool decimal_is_number(struct span text);

/*
 * Below, at or above 0 as the value of a is below, at or above that of b. Both
 * are numbers in the sense of decimal_is_number(), of any length and with any
 * exponent; nothing is rounded, and -0 and 0e5 are 0.
 */
int decimal_compare(struct span a, struct span b);

#endif
