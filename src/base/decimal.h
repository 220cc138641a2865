/*
 * decimal: number literals of JSON, compared by value, exactly.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdbool.h>

#include "base/span.h"

/* True when the whole text is a number as RFC 8259 section 6 writes it. */
bool decimal_is_number(struct span text);

/*
 * Below, at or above 0 as the value of a is below, at or above that of b. Both
 * are numbers in the sense of decimal_is_number(), of any length and with any
 * exponent; nothing is rounded, and -0 and 0e5 are 0.
 */
int decimal_compare(struct span a, struct span b);

#endif
