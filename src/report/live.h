/*
 * live: a table that takes the place of the one before on a terminal.
 */
#ifndef REPORT_LIVE_H
#define REPORT_LIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "report/report.h"

/* Ends a line of the table; with `live`, what stood behind it is erased. */
void live_end_line(const struct report *report, struct buffer *out);

/* The cursor goes home; the first frame moves away what stands there. */
void live_open(struct report *report, struct buffer *out);

/*
 * The headline stands in out from `start`: is there room for the headings of
 * the columns? Lowers report->row_end to the rows that have room, and takes
 * off lines of the headline that have none.
 */
bool live_fit(struct report *report, struct buffer *out, size_t start);

/* Says how many rows are left out, and erases what stands below. */
void live_close(const struct report *report, struct buffer *out);

#endif
