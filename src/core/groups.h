/*
 * groups: from the parts of a key to a dense group number, and back.
 *
 * Number 0 is (other): the groups that never got a name. The rest are 1, 2, ..
 * in the order in which they came. An encoded key never moves and never goes,
 * so that rows may point to it. The hash is keyed: whoever sends the orders
 * cannot make it slow. Before it comes a small table of short keys met lately,
 * which saves the hash where groups are few and costs little where not.
 */
#ifndef CORE_GROUPS_H
#define CORE_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/key.h"

#define GROUP_OTHER 0u

/* A short key that was met: found again without hashing. */
struct group_recent {
	uint64_t words[2]; /* its bytes, as two words that may overlap */
	uint32_t shape;	   /* its size and type; 0: free */
	uint32_t number;
};

#define GROUPS_RECENT 64

struct group_slot {
	uint32_t hash;
	uint32_t number; /* 0: free */
};

struct groups {
	size_t key_count; /* fields in a key */
	uint64_t seed[2];
	struct group_slot *slots;   /* open addressing, linear */
	size_t slot_count;	    /* a power of two */
	const unsigned char **keys; /* by number; [0] is NULL */
	uint32_t count;		    /* numbers in use, (other) included */
	uint32_t capacity;
	struct group_block *blocks; /* where the keys stand */
	/* Numbers in the order of their keys; the first `sorted` of them. */
	uint32_t *order;
	uint32_t *order_scratch;
	uint32_t sorted;
	uint32_t order_capacity;
	struct group_recent recent[GROUPS_RECENT];
};

/* -1: memory is out; release it all the same. */
int groups_init(struct groups *groups, size_t key_count, const uint64_t seed[2],
		struct error *error) MUST_CHECK;
void groups_release(struct groups *groups);

/* The number of the group, or GROUP_OTHER when it is not known. */
uint32_t groups_find(struct groups *groups, const struct key_part *parts);

/*
 * Adds a group that is not known, copying its key. Returns its number, or
 * GROUP_OTHER when memory is out (or 2^32 groups are known).
 */
uint32_t groups_add(struct groups *groups,
		    const struct key_part *parts) MUST_CHECK;

/* Finds or adds the group of an encoded key; as groups_add(). */
uint32_t groups_add_key(struct groups *groups,
			const unsigned char *key) MUST_CHECK;

/*
 * The numbers of all groups but (other), groups->count - 1 of them, in the
 * order of their keys; until the next call. NULL: memory is out. Costs a sort
 * of the groups that are new since the last call.
 */
const uint32_t *groups_sorted(struct groups *groups) MUST_CHECK;

#endif
