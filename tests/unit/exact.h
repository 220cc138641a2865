/*
 * exact: a line in memory of just its size, so that whoever reads beyond the
 * LF behind it is caught by AddressSanitizer and valgrind.
 */
#ifndef UNIT_EXACT_H
#define UNIT_EXACT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"

struct exact {
	char *block; /* to be freed */
	struct span line;
};

/* The line begins `pad` bytes into its block and ends with it, but for LF. */
static inline struct exact exact_copy(struct span line, size_t pad)
{
	char *block = malloc(pad + line.size + 1);

	if (!block)
		ck_abort_msg("out of memory");
	memset(block, '"', pad);
	if (line.size > 0)
		memcpy(block + pad, line.data, line.size);
	block[pad + line.size] = '\n';
	return (struct exact){block, span_make(block + pad, line.size)};
}

#endif
