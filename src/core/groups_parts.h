/*
 * What the parts of groups.h share. Nobody else includes this.
 *
 *     groups.c         found and added
 *     groups_change.c  removed, and put back from an earlier run
 *     groups_slots.c   the hash table
 *     groups_order.c   the order of the keys
 */
#ifndef CORE_GROUPS_PARTS_H
#define CORE_GROUPS_PARTS_H

#include "core/groups.h"

uint32_t groups_hash(const struct groups *groups, const struct key_part *parts);

/* Takes an encoded key apart; borrowed from it. */
void groups_decode(const struct groups *groups, const unsigned char *key,
		   struct key_part parts[KEY_FIELDS_MAX]);

/* Room for numbers below `count`. -1: memory is out. */
int groups_reserve_numbers(struct groups *groups, uint64_t count) MUST_CHECK;

/* Adds a group under a number that has none. -1: memory is out. */
int groups_add_as(struct groups *groups, uint32_t number, uint32_t hash,
		  const struct key_part *parts) MUST_CHECK;

#endif
