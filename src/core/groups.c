#include "core/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/column.h"
#include "base/fetch.h"
#include "base/siphash.h"
#include "core/groups_order.h"
#include "core/groups_parts.h"
#include "core/groups_slots.h"

#define CAPACITY_MIN 32u

int groups_init(struct groups *groups, size_t key_count, const uint64_t seed[2],
		struct error *error)
{
	*groups = (struct groups){
		.key_count = key_count,
		.seed = {seed[0], seed[1]},
		.count = 1, /* (other) */
	};
	if (groups_init_slots(groups) != 0 ||
	    groups_reserve_numbers(groups, CAPACITY_MIN) != 0)
		return error_set(error, "out of memory");
	return 0;
}

void groups_release(struct groups *groups)
{
	keystore_release(&groups->store);
	groups_release_slots(groups);
	groups_drop_order(groups);
	column_free(groups->keys, groups->keys_bytes);
	column_free(groups->flags, groups->flags_bytes);
	free(groups->free_numbers);
	*groups = (struct groups){0};
}

uint32_t groups_hash(const struct groups *groups, const struct key_part *parts)
{
	uint64_t hash = 0;

	/* Each part's hash chooses the function for the next one. */
	for (size_t i = 0; i < groups->key_count; i++)
		hash = siphash(groups->seed, hash + parts[i].type,
			       parts[i].text);
	return (uint32_t)(hash ^ hash >> 32);
}

/* GROUP_OTHER: it is not in this table, or has moved on from it. */
static uint32_t find_in(const struct groups *groups,
			const struct groups_table *table, uint32_t hash,
			const struct key_part *parts)
{
	size_t mask = table->slot_count - 1;

	for (size_t i = groups_home(table, hash);; i = (i + 1) & mask) {
		struct group_slot slot = table->slots[i];

		if (slot.number == GROUP_OTHER)
			return GROUP_OTHER;
		if (slot.hash == hash && i >= table->moved &&
		    slot.number != SLOT_REMOVED &&
		    key_holds(groups->keys[slot.number], parts,
			      groups->key_count))
			return slot.number;
	}
}

uint32_t groups_find_hashed(struct groups *groups, uint32_t hash,
			    const struct key_part *parts)
{
	uint32_t number = find_in(groups, &groups->table, hash, parts);

	if (number == GROUP_OTHER && groups->old_table.slots) {
		number = find_in(groups, &groups->old_table, hash, parts);
		/* Where no group comes any more, the move ends all the same. */
		groups_move_slots(groups);
	}
	return number;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FIRST(bytes) (UINT64_MAX >> (64 - 8 * (bytes)))
#else
#define FIRST(bytes) (UINT64_MAX << (64 - 8 * (bytes)))
#endif

const uint64_t group_recent_mask[9] = {
	0,	  FIRST(1), FIRST(2), FIRST(3), FIRST(4),
	FIRST(5), FIRST(6), FIRST(7), FIRST(8),
};

/* The bytes as words, filled up with zeros, by loads that may overlap: a copy
 * of so many bytes would be a call. */
static void load_words(const char *data, size_t size, uint64_t words[2])
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint32_t halves[2];

	if (size > 8) {
		memcpy(&words[0], data, 8);
		memcpy(&words[1], data + size - 8, 8);
		words[1] >>= 8 * (16 - size);
		return;
	}
	if (size == 8) {
		memcpy(&words[0], data, 8);
		return;
	}
	if (size >= 4) {
		memcpy(&halves[0], data, 4);
		memcpy(&halves[1], data + size - 4, 4);
		words[0] = halves[0] | (uint64_t)halves[1] << 8 * (size - 4);
		return;
	}
#endif
	if (size > 0)
		memcpy(words, data, size);
}

/* Its size, type and bytes tell a key from others. */
static struct group_recent as_recent(const struct key_part *part)
{
	struct group_recent recent = {
		.shape = group_recent_shape(part->text.size, part->type)};

	load_words(part->text.data, part->text.size, recent.words);
	return recent;
}

static uint32_t find_parts(struct groups *groups, const struct key_part *parts)
{
	return groups_find_hashed(groups, groups_hash(groups, parts), parts);
}

uint32_t groups_find(struct groups *groups, const struct key_part *parts)
{
	struct group_recent *place;
	struct group_recent key;

	if (groups->key_count > 1 || parts->text.size > GROUPS_RECENT_BYTES)
		return find_parts(groups, parts);
	key = as_recent(parts);
	place = &groups->recent[group_recent_place(&key)];
	if (group_recent_is(place, &key) && place->shape != 0)
		return place->number;
	key.number = find_parts(groups, parts);
	if (key.number != GROUP_OTHER)
		*place = key;
	return key.number;
}

/* --- some keys ahead ------------------------------------------------------ */

uint32_t groups_prefetch(const struct groups *groups,
			 const struct key_part *parts)
{
	uint32_t hash = groups_hash(groups, parts);
	const struct groups_table *table = &groups->table;

	FETCH(&table->slots[groups_home(table, hash)]);
	table = &groups->old_table;
	if (table->slots)
		FETCH(&table->slots[groups_home(table, hash)]);
	return hash;
}

uint32_t groups_prefetch_key(const struct groups *groups, uint32_t hash)
{
	const struct groups_table *table = &groups->table;
	size_t mask = table->slot_count - 1;
	size_t i = groups_home(table, hash);

	while (table->slots[i].number != GROUP_OTHER &&
	       table->slots[i].hash != hash)
		i = (i + 1) & mask;
	FETCH(groups->keys[table->slots[i].number]);
	return table->slots[i].number;
}

/* --- adding --------------------------------------------------------------- */

/* What is added is not touched: of millions of groups that is memory saved. */
int groups_reserve_numbers(struct groups *groups, uint64_t count)
{
	uint64_t capacity = groups->capacity ? groups->capacity : CAPACITY_MIN;

	while (capacity < count)
		capacity *= 2;
	if (capacity > UINT32_MAX)
		return -1;
	if (capacity == groups->capacity)
		return 0;
	if (column_reserve((void **)&groups->keys, &groups->keys_bytes,
			   capacity * sizeof(*groups->keys)) != 0 ||
	    column_reserve((void **)&groups->flags, &groups->flags_bytes,
			   capacity) != 0)
		return -1;
	groups->capacity = (uint32_t)capacity;
	return 0;
}

/* All that a group needs in order to be there; then it can not fail. */
static int reserve_group(struct groups *groups, uint32_t number)
{
	if (groups_reserve_slot(groups) != 0 ||
	    groups_reserve_numbers(groups, (uint64_t)number + 1) != 0)
		return -1;
	return groups->order ? groups_reserve_order(groups) : 0;
}

static void enter_group(struct groups *groups, uint32_t number, uint32_t hash,
			const unsigned char *key, size_t size)
{
	keystore_keep(&groups->store, size);
	groups->keys[number] = key;
	groups->flags[number] = GROUP_LIVE;
	groups->live++;
	if (number >= groups->count)
		groups->count = number + 1;
	if (groups->order)
		groups->order[groups->ordered++] = number;
	groups_take_slot(groups, (struct group_slot){hash, number});
}

int groups_add_as(struct groups *groups, uint32_t number, uint32_t hash,
		  const struct key_part *parts)
{
	size_t size = key_size(parts, groups->key_count);
	unsigned char *key;

	if (reserve_group(groups, number) != 0)
		return -1;
	key = keystore_reserve(&groups->store, size);
	if (!key)
		return -1;
	key_encode(key, parts, groups->key_count);
	enter_group(groups, number, hash, key, size);
	return 0;
}

uint32_t groups_add_hashed(struct groups *groups, uint32_t hash,
			   const struct key_part *parts)
{
	uint32_t number = groups->count;

	if (groups->free_count > 0)
		number = groups->free_numbers[groups->free_count - 1];
	if (number == UINT32_MAX ||
	    groups_add_as(groups, number, hash, parts) != 0)
		return GROUP_OTHER;
	if (groups->free_count > 0) {
		/* The removed ones stand behind the free ones. */
		groups->free_count--;
		groups->free_numbers[groups->free_count] =
			groups->free_numbers[groups->free_count +
					     groups->removed_count];
	}
	return number;
}

uint32_t groups_add(struct groups *groups, const struct key_part *parts)
{
	return groups_add_hashed(groups, groups_hash(groups, parts), parts);
}

/* --- encoded keys --------------------------------------------------------- */

void groups_decode(const struct groups *groups, const unsigned char *key,
		   struct key_part parts[KEY_FIELDS_MAX])
{
	for (size_t i = 0; i < groups->key_count; i++)
		parts[i] = key_next(&key);
}

uint32_t groups_find_key(struct groups *groups, const unsigned char *key)
{
	struct key_part parts[KEY_FIELDS_MAX] = {0};

	groups_decode(groups, key, parts);
	return find_parts(groups, parts);
}

uint32_t groups_add_key(struct groups *groups, const unsigned char *key)
{
	struct key_part parts[KEY_FIELDS_MAX] = {0};
	uint32_t number;

	groups_decode(groups, key, parts);
	number = groups_find(groups, parts);
	return number != GROUP_OTHER ? number : groups_add(groups, parts);
}
