/*
 * sort: a stable merge sort that allocates nothing.
 */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <stddef.h>

/* Less than, equal to or greater than 0, as with qsort(); context as given. */
typedef int sort_compare(const void *a, const void *b, const void *context);

/*
 * Sorts `count` items of `size` bytes. scratch has room for as many; what it
 * holds afterwards means nothing. Equal items keep their order.
 */
void sort_items(void *items, size_t count, size_t size, void *scratch,
		sort_compare *compare, const void *context);

/* Merges two sorted neighbours, [0, middle) and [middle, count), into out. */
void sort_merge(const void *items, size_t middle, size_t count, size_t size,
		void *out, sort_compare *compare, const void *context);

#endif
