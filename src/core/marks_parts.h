/*
 * What the files of `marks` share; see marks.h. Nobody else includes this.
 */
#ifndef CORE_MARKS_PARTS_H
#define CORE_MARKS_PARTS_H

#include "core/marks.h"

/* The row, made if there is none; NULL: memory is out. */
struct marks_row *marks_open_row(struct marks *marks, uint32_t row) MUST_CHECK;

/* One more source, of so many partitions. -1: memory is out. */
int marks_add_source(struct marks *marks, struct span name,
		     uint32_t of) MUST_CHECK;

/* Looks for the least among all pairs of the row, and for that of all rows. */
void marks_search_row(struct marks *marks, struct marks_row *row);

#endif
