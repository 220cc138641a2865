/*
 * groups: from the parts of a key to a dense group number, and back.
 *
 * Number 0 is (other): the groups without a name. The rest are 1, 2, .. in the
 * order in which they came; the number of one that was removed goes to another.
 * Until groups_recycle() the key of a removed one stays where it is, so that
 * rows may still show it, and its number is not given away. The hash is keyed:
 * whoever sends the orders cannot make it slow. Before it comes a small table
 * of short keys met lately, which saves the hash where groups are few and costs
 * little where not.
 */
#ifndef CORE_GROUPS_H
#define CORE_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/key.h"
#include "core/keystore.h"

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

/* What is known of a group, as bits. */
enum group_flag {
	GROUP_LIVE = 1,	    /* the number is in use */
	GROUP_EXPECTED = 2, /* it has a row from the start, and always */
	GROUP_RESERVED = 4, /* it keeps its number, seen or not */
	GROUP_NAMED = 8,    /* it counts as known: it was seen, or expected */
};

struct groups {
	size_t key_count; /* fields in a key */
	uint64_t seed[2];
	struct group_slot *slots;   /* open addressing, linear */
	size_t slot_count;	    /* a power of two */
	const unsigned char **keys; /* by number, of live groups; [0] is NULL */
	uint8_t *flags;		    /* by number, see enum group_flag */
	uint32_t count;		    /* numbers are below it; (other) is one */
	uint32_t live;		    /* groups, (other) left out */
	uint32_t capacity;
	struct keystore store;
	/* Numbers without a group, to be given away, and not yet to be. */
	uint32_t *free_numbers;
	uint32_t free_count;
	uint32_t removed_count; /* behind the free ones */
	uint32_t free_capacity;
	/* The numbers of live groups, once somebody asked; the first `sorted`
	 * of them in the order of their keys. */
	uint32_t *order;
	uint32_t *order_scratch;
	uint32_t ordered;
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

/* The group of an encoded key, or GROUP_OTHER. */
uint32_t groups_find_key(struct groups *groups, const unsigned char *key);

/* New groups get this number or a higher one. -1: memory is out. */
int groups_skip_to(struct groups *groups, uint32_t number) MUST_CHECK;

/*
 * Puts a group back under the number that it had in an earlier run, in place of
 * what was there. -1: memory is out. After the last one: groups_restored().
 */
int groups_restore(struct groups *groups, uint32_t number,
		   const unsigned char *key) MUST_CHECK;
int groups_restored(struct groups *groups) MUST_CHECK;

/*
 * Removes groups, one by one, then groups_removed(). -1: memory is out, and the
 * group stays.
 */
int groups_remove(struct groups *groups, uint32_t number) MUST_CHECK;
void groups_removed(struct groups *groups);

/* No row shows a removed group any more: numbers and memory are used again. */
void groups_recycle(struct groups *groups);

/*
 * The numbers of all groups but (other), groups->live of them, in the order of
 * their keys; until the next call. NULL: memory is out. Costs a sort of the
 * groups that are new since the last call.
 */
const uint32_t *groups_sorted(struct groups *groups) MUST_CHECK;

#endif
