/*
 * keysort: sorts groups by their keys, millions of them too.
 *
 * Each key is looked at once, for the first bytes of its order (see
 * key_rank()); they are sorted in place, byte by byte from the first one that
 * differs. Keys that they do not tell apart are looked at again, further on,
 * and compared in the end.
 */
#ifndef CORE_KEYSORT_H
#define CORE_KEYSORT_H

#include <stddef.h>
#include <stdint.h>

struct keysort_item {
	uint64_t rank;
	uint32_t number;
};

/*
 * Sorts `count` different numbers by the encoded keys that they have in `keys`,
 * of so many fields, no two of them equal. `items`: room for as many, to be
 * used meanwhile.
 */
void keysort(uint32_t *numbers, size_t count, const unsigned char *const *keys,
	     size_t key_count, struct keysort_item *items);

#endif
