/*
 * headline: the line above a window's table: when, how many, what went wrong.
 */
#ifndef REPORT_HEADLINE_H
#define REPORT_HEADLINE_H

#include <stddef.h>

#include "base/buffer.h"
#include "report/report.h"

#define COLOR_DIM "\033[2m"
#define COLOR_OFF "\033[0m"

/*
 * Appends the headline of the report's window, in as many lines as it takes to
 * stay within so many columns, and remembers which day was shown.
 */
void headline_append(struct report *report, size_t columns, struct buffer *out);

#endif
