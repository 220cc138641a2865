/*
 * layout: which columns a table has, and how wide they are.
 */
#ifndef REPORT_LAYOUT_H
#define REPORT_LAYOUT_H

#include <stddef.h>

#include "report/cells.h"
#include "report/report.h"

#define LAYOUT_GAP	   2 /* between two columns */
#define LAYOUT_SHARE_WIDTH 6 /* "100.0%" */

/* The columns of the terminal that a line may take. */
size_t layout_columns(const struct report_options *options);

/* The heading of a key column. */
struct cell layout_name(const struct report *report, size_t column);

/* The next part of a row's key, or (other) for NULL. */
struct cell layout_key(const unsigned char **key);

/*
 * Fills in report->layout for the rows up to row_end; what `out` is used for
 * meanwhile is taken off it again.
 */
void layout_make(struct report *report, struct buffer *out);

#endif
