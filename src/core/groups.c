#include "core/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "core/groups_order.h"

int groups_init(struct groups *groups, size_t key_count, const uint64_t seed[2],
		struct error *error)
{
	*groups = (struct groups){
		.key_count = key_count,
		.seed = {seed[0], seed[1]},
		.slot_count = 64,
		.count = 1, /* (other) */
		.capacity = 32,
	};
	groups->slots = calloc(groups->slot_count, sizeof(*groups->slots));
	groups->keys = calloc(groups->capacity, sizeof(*groups->keys));
	groups->flags = calloc(groups->capacity, sizeof(*groups->flags));
	if (!groups->slots || !groups->keys || !groups->flags)
		return error_set(error, "out of memory");
	return 0;
}

void groups_release(struct groups *groups)
{
	keystore_release(&groups->store);
	free(groups->slots);
	free(groups->keys);
	free(groups->flags);
	free(groups->free_numbers);
	free(groups->order);
	free(groups->order_scratch);
	*groups = (struct groups){0};
}

static uint32_t hash_parts(const struct groups *groups,
			   const struct key_part *parts)
{
	uint64_t hash = 0;

	/* Each part's hash chooses the function for the next one. */
	for (size_t i = 0; i < groups->key_count; i++)
		hash = siphash(groups->seed, hash + parts[i].type,
			       parts[i].text);
	return (uint32_t)(hash ^ hash >> 32);
}

static uint32_t find_hashed(const struct groups *groups, uint32_t hash,
			    const struct key_part *parts)
{
	size_t mask = groups->slot_count - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		const struct group_slot *slot = &groups->slots[i];

		if (slot->number == GROUP_OTHER)
			return GROUP_OTHER;
		if (slot->hash == hash && key_holds(groups->keys[slot->number],
						    parts, groups->key_count))
			return slot->number;
	}
}

/* Its size, type and two words tell a key of 4 to 16 bytes from all others. */
static inline struct group_recent as_recent(const struct key_part *part)
{
	struct group_recent recent = {
		.shape = (uint32_t)(part->text.size << 8 | part->type)};
	const char *data = part->text.data;
	size_t size = part->text.size;
	uint32_t halves[2];

	if (size >= 8) {
		memcpy(&recent.words[0], data, 8);
		memcpy(&recent.words[1], data + size - 8, 8);
	} else {
		memcpy(&halves[0], data, 4);
		memcpy(&halves[1], data + size - 4, 4);
		recent.words[0] = halves[0];
		recent.words[1] = halves[1];
	}
	return recent;
}

static inline struct group_recent *recent_place(struct groups *groups,
						const struct group_recent *key)
{
	uint64_t mixed = (key->words[0] ^ key->words[1] << 7 ^ key->shape) *
			 0x9e3779b97f4a7c15u;

	return &groups->recent[mixed >> 58];
}

static uint32_t find_parts(const struct groups *groups,
			   const struct key_part *parts)
{
	return find_hashed(groups, hash_parts(groups, parts), parts);
}

/* A short key that is not among the recent ones: now it is. */
static uint32_t find_short(struct groups *groups, const struct key_part *part)
{
	struct group_recent key = as_recent(part);

	key.number = find_parts(groups, part);
	if (key.number != GROUP_OTHER)
		*recent_place(groups, &key) = key;
	return key.number;
}

uint32_t groups_find(struct groups *groups, const struct key_part *parts)
{
	struct group_recent key;
	const struct group_recent *place;

	if (groups->key_count > 1 || parts->text.size < 4 ||
	    parts->text.size > 16)
		return find_parts(groups, parts);
	key = as_recent(parts);
	place = recent_place(groups, &key);
	if (place->shape == key.shape && place->words[0] == key.words[0] &&
	    place->words[1] == key.words[1])
		return place->number;
	return find_short(groups, parts);
}

static void take_slot(struct group_slot *slots, size_t slot_count,
		      struct group_slot taken)
{
	size_t mask = slot_count - 1;
	size_t i = taken.hash & mask;

	while (slots[i].number != GROUP_OTHER)
		i = (i + 1) & mask;
	slots[i] = taken;
}

static int grow_slots(struct groups *groups)
{
	size_t slot_count = groups->slot_count * 2;
	struct group_slot *slots = calloc(slot_count, sizeof(*slots));

	if (!slots)
		return -1;
	for (size_t i = 0; i < groups->slot_count; i++)
		if (groups->slots[i].number != GROUP_OTHER)
			take_slot(slots, slot_count, groups->slots[i]);
	free(groups->slots);
	groups->slots = slots;
	groups->slot_count = slot_count;
	return 0;
}

/* What is added is not touched: of millions of groups that is memory saved. */
static int grow(void **column, size_t item, uint32_t to)
{
	void *grown = realloc(*column, to * item);

	if (!grown)
		return -1;
	*column = grown;
	return 0;
}

/* Room for numbers below `count`. */
static int reserve_numbers(struct groups *groups, uint64_t count)
{
	uint64_t capacity = groups->capacity;

	while (capacity < count)
		capacity *= 2;
	if (capacity > UINT32_MAX)
		return -1;
	if (capacity == groups->capacity)
		return 0;
	if (grow((void **)&groups->keys, sizeof(*groups->keys),
		 (uint32_t)capacity) != 0 ||
	    grow((void **)&groups->flags, sizeof(*groups->flags),
		 (uint32_t)capacity) != 0)
		return -1;
	memset(groups->flags + groups->capacity, 0,
	       capacity - groups->capacity);
	groups->capacity = (uint32_t)capacity;
	return 0;
}

/* All that a group needs in order to be there; then it can not fail. */
static int reserve_group(struct groups *groups, uint32_t number)
{
	/* At most half of the slots are taken. */
	if ((size_t)groups->live * 2 >= groups->slot_count &&
	    grow_slots(groups) != 0)
		return -1;
	if (reserve_numbers(groups, (uint64_t)number + 1) != 0)
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
	take_slot(groups->slots, groups->slot_count,
		  (struct group_slot){hash, number});
}

/* Adds a group under a number that has none. */
static int add_as(struct groups *groups, uint32_t number,
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
	enter_group(groups, number, hash_parts(groups, parts), key, size);
	return 0;
}

uint32_t groups_add(struct groups *groups, const struct key_part *parts)
{
	uint32_t number = groups->count;

	if (groups->free_count > 0)
		number = groups->free_numbers[groups->free_count - 1];
	if (number == UINT32_MAX || add_as(groups, number, parts) != 0)
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

static void decode(const struct groups *groups, const unsigned char *key,
		   struct key_part parts[KEY_FIELDS_MAX])
{
	for (size_t i = 0; i < groups->key_count; i++)
		parts[i] = key_next(&key);
}

uint32_t groups_find_key(struct groups *groups, const unsigned char *key)
{
	struct key_part parts[KEY_FIELDS_MAX] = {0};

	decode(groups, key, parts);
	return find_parts(groups, parts);
}

uint32_t groups_add_key(struct groups *groups, const unsigned char *key)
{
	struct key_part parts[KEY_FIELDS_MAX] = {0};
	uint32_t number;

	decode(groups, key, parts);
	number = groups_find(groups, parts);
	return number != GROUP_OTHER ? number : groups_add(groups, parts);
}

/* --- removing ------------------------------------------------------------- */

static size_t find_slot(const struct groups *groups, uint32_t hash,
			uint32_t number)
{
	size_t i = hash & (groups->slot_count - 1);

	while (groups->slots[i].number != number)
		i = (i + 1) & (groups->slot_count - 1);
	return i;
}

/* Those behind it move up, so that none is cut off from its home. */
static void leave_slot(struct groups *groups, size_t hole)
{
	struct group_slot *slots = groups->slots;
	size_t mask = groups->slot_count - 1;

	for (size_t i = (hole + 1) & mask; slots[i].number != GROUP_OTHER;
	     i = (i + 1) & mask) {
		if (((i - slots[i].hash) & mask) < ((i - hole) & mask))
			continue;
		slots[hole] = slots[i];
		hole = i;
	}
	slots[hole].number = GROUP_OTHER;
}

static int reserve_removed(struct groups *groups)
{
	uint32_t taken = groups->free_count + groups->removed_count;
	uint32_t capacity =
		groups->free_capacity ? groups->free_capacity * 2 : 32;

	if (taken < groups->free_capacity)
		return 0;
	if (grow((void **)&groups->free_numbers, sizeof(uint32_t), capacity) !=
	    0)
		return -1;
	groups->free_capacity = capacity;
	return 0;
}

int groups_remove(struct groups *groups, uint32_t number)
{
	struct key_part parts[KEY_FIELDS_MAX] = {0};

	if (reserve_removed(groups) != 0)
		return -1;
	decode(groups, groups->keys[number], parts);
	leave_slot(groups,
		   find_slot(groups, hash_parts(groups, parts), number));
	keystore_drop(&groups->store, key_size(parts, groups->key_count));
	groups->flags[number] = 0;
	groups->live--;
	groups->free_numbers[groups->free_count + groups->removed_count++] =
		number;
	return 0;
}

void groups_removed(struct groups *groups)
{
	memset(groups->recent, 0, sizeof(groups->recent));
	groups_leave_order(groups);
}

/* Moves the live keys to a new store. What cannot be moved stays. */
static void compact(struct groups *groups)
{
	struct keystore store = {0};
	const unsigned char **keys =
		calloc(groups->capacity, sizeof(*groups->keys));

	for (uint32_t i = 1; keys && i < groups->count; i++) {
		struct key_part parts[KEY_FIELDS_MAX] = {0};
		unsigned char *key;
		size_t size;

		if (!(groups->flags[i] & GROUP_LIVE))
			continue;
		decode(groups, groups->keys[i], parts);
		size = key_size(parts, groups->key_count);
		key = keystore_reserve(&store, size);
		if (!key) {
			free(keys);
			keystore_release(&store);
			return;
		}
		key_encode(key, parts, groups->key_count);
		keystore_keep(&store, size);
		keys[i] = key;
	}
	if (!keys)
		return;
	free(groups->keys);
	groups->keys = keys;
	keystore_release(&groups->store);
	groups->store = store;
}

void groups_recycle(struct groups *groups)
{
	groups->free_count += groups->removed_count;
	groups->removed_count = 0;
	if (keystore_is_wasteful(&groups->store))
		compact(groups);
}

/* --- an earlier run ------------------------------------------------------- */

int groups_restore(struct groups *groups, uint32_t number,
		   const unsigned char *key)
{
	struct key_part parts[KEY_FIELDS_MAX] = {0};

	if (number < groups->count && groups->flags[number] & GROUP_LIVE &&
	    groups_remove(groups, number) != 0)
		return -1;
	groups_drop_order(groups);
	decode(groups, key, parts);
	return add_as(groups, number, parts);
}

int groups_skip_to(struct groups *groups, uint32_t number)
{
	if (number <= groups->count)
		return 0;
	if (reserve_numbers(groups, number) != 0)
		return -1;
	groups->count = number;
	return 0;
}

int groups_restored(struct groups *groups)
{
	groups_removed(groups);
	groups->free_count = 0;
	groups->removed_count = 0;
	for (uint32_t i = groups->count - 1; i > 0; i--) {
		if (groups->flags[i] & GROUP_LIVE)
			continue;
		if (reserve_removed(groups) != 0)
			return -1;
		groups->free_numbers[groups->free_count++] = i;
	}
	return 0;
}
