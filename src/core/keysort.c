#include "core/keysort.h"

#include <stdbool.h>

#include "base/fetch.h"
#include "base/sort.h"
#include "core/key.h"

/* So few are sorted by insertion. */
#define FEW 24

/* Keys that are equal for so long are compared. */
#define DEPTH_MAX 64

/* Keys that are looked at soon are fetched so many ahead. */
#define AHEAD ((size_t)16)

struct keysort {
	const unsigned char *const *keys;
	size_t key_count;
	struct keysort_item *items;
	uint32_t *numbers;
};

static int compare_numbers(const void *a, const void *b, const void *context)
{
	const struct keysort *sort = context;
	const uint32_t *left = a;
	const uint32_t *right = b;

	return key_compare(sort->keys[*left], sort->keys[*right],
			   sort->key_count);
}

static bool is_less(const struct keysort *sort, const struct keysort_item *a,
		    const struct keysort_item *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	return compare_numbers(&a->number, &b->number, sort) < 0;
}

static void sort_few(const struct keysort *sort, size_t start, size_t end)
{
	struct keysort_item *items = sort->items;

	for (size_t i = start + 1; i < end; i++) {
		struct keysort_item item = items[i];
		size_t at = i;

		for (; at > start && is_less(sort, &item, &items[at - 1]); at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
	for (size_t i = start; i < end; i++)
		sort->numbers[i] = items[i].number;
}

/* The items are not needed any more: they are the scratch. */
static void compare_all(const struct keysort *sort, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		sort->numbers[i] = sort->items[i].number;
	sort_items(sort->numbers + start, end - start, sizeof(uint32_t),
		   sort->items + start, compare_numbers, sort);
}

/* Takes the ranks that begin at `depth`. False: they say nothing. */
static bool take_ranks(const struct keysort *sort, size_t start, size_t end,
		       size_t depth)
{
	struct keysort_item *items = sort->items;
	uint64_t any = 0;

	for (size_t i = start; i < end; i++) {
		if (i + 2 * AHEAD < end)
			FETCH(&sort->keys[items[i + 2 * AHEAD].number]);
		if (i + AHEAD < end)
			FETCH(sort->keys[items[i + AHEAD].number] + depth);
		items[i].rank = key_rank(sort->keys[items[i].number],
					 sort->key_count, depth);
		any |= items[i].rank;
	}
	return any != 0;
}

/* The bits in which ranks differ. */
static uint64_t difference(const struct keysort *sort, size_t start, size_t end)
{
	uint64_t first = sort->items[start].rank;
	uint64_t differing = 0;

	for (size_t i = start + 1; i < end; i++)
		differing |= sort->items[i].rank ^ first;
	return differing;
}

static inline unsigned digit_of(const struct keysort_item *item, unsigned shift)
{
	return (unsigned)(item->rank >> shift) & 255;
}

/* Puts each item where its digit belongs; `ends` of each digit. */
static void distribute(const struct keysort *sort, size_t start, size_t end,
		       unsigned shift, size_t ends[256])
{
	struct keysort_item *items = sort->items;
	size_t next[256] = {0};
	size_t at = start;

	for (size_t i = start; i < end; i++)
		next[digit_of(&items[i], shift)]++;
	for (unsigned i = 0; i < 256; i++) {
		size_t count = next[i];

		next[i] = at;
		at += count;
		ends[i] = at;
	}
	for (unsigned i = 0; i < 256; i++) {
		while (next[i] < ends[i]) {
			struct keysort_item item = items[next[i]];
			unsigned digit = digit_of(&item, shift);

			while (digit != i) {
				struct keysort_item other = items[next[digit]];

				items[next[digit]++] = item;
				item = other;
				digit = digit_of(&item, shift);
			}
			items[next[i]++] = item;
		}
	}
}

/* Recurses once for each byte of the ranks, for few ranks. */
static void sort_range(const struct keysort *sort, size_t start, size_t end,
		       size_t depth)
{
	uint64_t differing;
	size_t ends[256];
	unsigned shift;

	if (end - start <= FEW) {
		sort_few(sort, start, end);
		return;
	}
	while ((differing = difference(sort, start, end)) == 0) {
		depth += sizeof(uint64_t);
		if (depth >= DEPTH_MAX ||
		    !take_ranks(sort, start, end, depth)) {
			compare_all(sort, start, end);
			return;
		}
	}
	shift = (unsigned)(63 - __builtin_clzll(differing)) / 8 * 8;
	distribute(sort, start, end, shift, ends);
	for (unsigned i = 0; i < 256; i++) {
		if (start < ends[i])
			sort_range(sort, start, ends[i], depth);
		start = ends[i];
	}
}

void keysort(uint32_t *numbers, size_t count, const unsigned char *const *keys,
	     size_t key_count, struct keysort_item *items)
{
	struct keysort sort = {.keys = keys, .key_count = key_count};

	for (size_t i = 0; i < count; i++)
		items[i].number = numbers[i];
	sort.items = items;
	sort.numbers = numbers;
	take_ranks(&sort, 0, count, 0);
	sort_range(&sort, 0, count, 0);
}
