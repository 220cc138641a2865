#include "base/sort.h"

#include <string.h>

void sort_merge(const void *items, size_t middle, size_t count, size_t size,
		void *out, sort_compare *compare, const void *context)
{
	const char *a = items;
	const char *a_end = a + middle * size;
	const char *b = a_end;
	const char *b_end = a + count * size;
	char *to = out;

	while (a < a_end && b < b_end) {
		const char **from = compare(a, b, context) <= 0 ? &a : &b;

		memcpy(to, *from, size);
		to += size;
		*from += size;
	}
	memcpy(to, a, (size_t)(a_end - a));
	memcpy(to + (a_end - a), b, (size_t)(b_end - b));
}

/* From the bottom up: runs of 1, 2, 4, .. items, from one array to the other.
 */
void sort_items(void *items, size_t count, size_t size, void *scratch,
		sort_compare *compare, const void *context)
{
	char *from = items;
	char *to = scratch;

	for (size_t run = 1; run < count; run *= 2) {
		char *other = from;

		for (size_t start = 0; start < count; start += 2 * run) {
			size_t left = count - start;
			size_t both = left < 2 * run ? left : 2 * run;

			sort_merge(from + start * size, left < run ? left : run,
				   both, size, to + start * size, compare,
				   context);
		}
		from = to;
		to = other;
	}
	if (from != (char *)items)
		memcpy(items, from, count * size);
}
