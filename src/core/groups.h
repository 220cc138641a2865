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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "core/key.h"
#include "core/keystore.h"

#define GROUP_OTHER 0u

/* A short key that was met: found again without hashing. */
struct group_recent {
	uint64_t words[2]; /* its bytes, and zeros */
	uint32_t shape;	   /* its size and type; 0: free */
	uint32_t number;
};

#define GROUPS_RECENT 64

/* The first bytes of a word in memory, by their number. */
extern const uint64_t group_recent_mask[9];

/* Tables of so many slots are waited for. */
#define GROUPS_MANY_SLOTS 65536u

struct group_slot {
	uint32_t hash;
	uint32_t number; /* 0: free */
};

/* See groups_slots.h. */
struct groups_table {
	struct group_slot *slots; /* NULL: there is no old table */
	size_t slot_count;	  /* a power of two */
	unsigned shift;		  /* leaves its bits of a hash */
	size_t moved;		  /* of an old one, slots that have moved */
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
	struct groups_table table;
	struct groups_table old_table; /* while it grows */
	const unsigned char **keys; /* by number, of live groups; [0] is NULL */
	uint8_t *flags;		    /* by number, see enum group_flag */
	size_t keys_bytes;
	size_t flags_bytes;
	uint32_t count; /* numbers are below it; (other) is one */
	uint32_t live;	/* groups, (other) left out */
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
	uint32_t ordered;
	uint32_t sorted;
	size_t order_bytes;
	struct group_recent recent[GROUPS_RECENT];
};

/* -1: memory is out; release it all the same. */
int groups_init(struct groups *groups, size_t key_count, const uint64_t seed[2],
		struct error *error) MUST_CHECK;
void groups_release(struct groups *groups);

/* The number of the group, or GROUP_OTHER when it is not known. */
uint32_t groups_find(struct groups *groups, const struct key_part *parts);

/* Bytes that can be read at a key given to groups_find_recent(). */
#define GROUPS_RECENT_BYTES 16

/*
 * The same, if the only key field is a string, and of a group that was met
 * lately and has a short one; else GROUP_OTHER. The text stands where
 * GROUPS_RECENT_BYTES can be read, whatever its size.
 */
static inline uint32_t groups_find_recent(const struct groups *groups,
					  struct span text);

/*
 * Adds a group that is not known, copying its key. Returns its number, or
 * GROUP_OTHER when memory is out (or 2^32 groups are known).
 */
uint32_t groups_add(struct groups *groups,
		    const struct key_part *parts) MUST_CHECK;

/*
 * The same in steps, for whoever knows some keys ahead: where groups are many,
 * a lookup does little but wait for memory. Some keys before the lookup
 * groups_prefetch(), which returns the key's hash; if groups are also met
 * again, then groups_prefetch_key() in between, which returns the number that
 * the group probably has, or GROUP_OTHER. Neither changes anything, and groups
 * may be added and removed meanwhile. Few groups are found sooner by
 * groups_find().
 */
uint32_t groups_prefetch(const struct groups *groups,
			 const struct key_part *parts);
uint32_t groups_prefetch_key(const struct groups *groups, uint32_t hash);
uint32_t groups_find_hashed(struct groups *groups, uint32_t hash,
			    const struct key_part *parts);
uint32_t groups_add_hashed(struct groups *groups, uint32_t hash,
			   const struct key_part *parts) MUST_CHECK;

/* Are there more than stand in the caches next to the processor? */
static inline bool groups_are_many(const struct groups *groups)
{
	return groups->table.slot_count >= GROUPS_MANY_SLOTS;
}

/* Where in the table the search for a group begins. */
static inline size_t groups_home(const struct groups_table *table,
				 uint32_t hash)
{
	return hash >> table->shift;
}

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

/* --- inline --------------------------------------------------------------- */

static inline size_t group_recent_place(const struct group_recent *key)
{
	uint64_t mixed = (key->words[0] ^ key->words[1] << 7 ^ key->shape) *
			 0x9e3779b97f4a7c15u;

	return mixed >> 58;
}

static inline uint32_t group_recent_shape(size_t size, enum key_type type)
{
	return (uint32_t)(size << 8 | type);
}

static inline bool group_recent_is(const struct group_recent *a,
				   const struct group_recent *b)
{
	return ((a->words[0] ^ b->words[0]) | (a->words[1] ^ b->words[1]) |
		(a->shape ^ b->shape)) == 0;
}

static inline uint32_t groups_find_recent(const struct groups *groups,
					  struct span text)
{
	struct group_recent key = {
		.shape = group_recent_shape(text.size, KEY_STRING)};
	const struct group_recent *place;
	size_t low = text.size < 8 ? text.size : 8;
	size_t high = text.size - low;

	if (text.size > GROUPS_RECENT_BYTES)
		return GROUP_OTHER;
	memcpy(key.words, text.data, sizeof(key.words));
	key.words[0] &= group_recent_mask[low];
	key.words[1] &= group_recent_mask[high];
	place = &groups->recent[group_recent_place(&key)];
	return group_recent_is(place, &key) ? place->number : GROUP_OTHER;
}

#endif
