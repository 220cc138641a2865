/*
 * column: an array of zeros that grows without being copied.
 *
 * A small one is on the heap. A large one is a mapping of its own: its pages
 * move when it grows, those that were never written take no memory, and where
 * the system has huge pages it is made of them, as touching millions of small
 * ones for the first time costs more than what is then done with them.
 *
 * Whoever has a column knows how many bytes it is; NULL is one of 0 bytes.
 */
#ifndef BASE_COLUMN_H
#define BASE_COLUMN_H

#include <stddef.h>

#include "base/error.h"

/* So large a column is a mapping. */
#define COLUMN_MAPPED_BYTES ((size_t)1 << 20)

/*
 * The column, which may have moved, with to_bytes instead of from_bytes; what
 * is added is zero. NULL: memory is out, and the column is as it was.
 */
void *column_grow(void *column, size_t from_bytes, size_t to_bytes) MUST_CHECK;

/*
 * The same with the owner's pointer and size, where nothing is to be done if it
 * is as large already. -1: memory is out, and it is as it was.
 */
int column_reserve(void **column, size_t *bytes, size_t wanted) MUST_CHECK;

void column_free(void *column, size_t bytes);

/* All of it is zero again; a mapping gives its memory back. */
void column_clear(void *column, size_t bytes);

#endif
