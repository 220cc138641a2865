/*
 * tail: the end of a file of rows that a crash may have cut in a row's middle.
 */
#ifndef OUTPUT_TAIL_H
#define OUTPUT_TAIL_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Cuts what stands behind the last newline off the regular file that fd writes
 * to, which is the one at the path; the whole of a file that has none. *empty
 * says whether nothing is left. -1: it cannot be read or cut; waits for the
 * disk.
 *
 * With `csv` it is the last newline outside of quotes, for which the whole file
 * is read. No row is so long that more than TAIL_ROW_MAX bytes are half of one:
 * if it seems so, quotes do not pair somewhere before, and none is heeded.
 */
int tail_cut(int fd, const char *path, bool csv, bool *empty,
	     struct error *error) MUST_CHECK;

#define TAIL_ROW_MAX (1 << 18)

#endif
