#include "core/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "base/sort.h"

#define BLOCK_BYTES ((size_t)64 << 10)

/* Keys are laid one behind the other into blocks that never move. */
struct group_block {
	struct group_block *next;
	size_t size;
	size_t capacity;
	unsigned char bytes[];
};

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
	if (!groups->slots || !groups->keys)
		return error_set(error, "out of memory");
	return 0;
}

void groups_release(struct groups *groups)
{
	struct group_block *block = groups->blocks;

	while (block) {
		struct group_block *next = block->next;

		free(block);
		block = next;
	}
	free(groups->slots);
	free(groups->keys);
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

uint32_t groups_find(struct groups *groups, const struct key_part *parts)
{
	struct group_recent key;
	struct group_recent *place;

	if (groups->key_count > 1 || parts->text.size < 4 ||
	    parts->text.size > 16)
		return find_hashed(groups, hash_parts(groups, parts), parts);
	key = as_recent(parts);
	place = recent_place(groups, &key);
	if (place->shape == key.shape && place->words[0] == key.words[0] &&
	    place->words[1] == key.words[1])
		return place->number;
	key.number = find_hashed(groups, hash_parts(groups, parts), parts);
	if (key.number != GROUP_OTHER)
		*place = key;
	return key.number;
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

static int grow_keys(struct groups *groups)
{
	uint32_t capacity;
	const unsigned char **keys;

	if (groups->capacity > UINT32_MAX / 2)
		return -1;
	capacity = groups->capacity * 2;
	keys = realloc(groups->keys, capacity * sizeof(*keys));
	if (!keys)
		return -1;
	groups->keys = keys;
	groups->capacity = capacity;
	return 0;
}

static unsigned char *block_reserve(struct groups *groups, size_t size)
{
	struct group_block *block = groups->blocks;
	size_t capacity = size > BLOCK_BYTES ? size : BLOCK_BYTES;

	if (block && block->capacity - block->size >= size)
		return block->bytes + block->size;
	block = malloc(sizeof(*block) + capacity);
	if (!block)
		return NULL;
	block->size = 0;
	block->capacity = capacity;
	block->next = groups->blocks;
	groups->blocks = block;
	return block->bytes;
}

uint32_t groups_add(struct groups *groups, const struct key_part *parts)
{
	size_t size = key_size(parts, groups->key_count);
	uint32_t hash = hash_parts(groups, parts);
	unsigned char *key;

	/* At most half of the slots are taken. */
	if ((size_t)groups->count * 2 > groups->slot_count &&
	    grow_slots(groups) != 0)
		return GROUP_OTHER;
	if (groups->count == groups->capacity && grow_keys(groups) != 0)
		return GROUP_OTHER;
	key = block_reserve(groups, size);
	if (!key)
		return GROUP_OTHER;
	key_encode(key, parts, groups->key_count);
	groups->blocks->size += size;
	groups->keys[groups->count] = key;
	take_slot(groups->slots, groups->slot_count,
		  (struct group_slot){hash, groups->count});
	return groups->count++;
}

uint32_t groups_add_key(struct groups *groups, const unsigned char *key)
{
	struct key_part parts[KEY_FIELDS_MAX] = {0};
	uint32_t number;

	for (size_t i = 0; i < groups->key_count; i++)
		parts[i] = key_next(&key);
	number = groups_find(groups, parts);
	return number != GROUP_OTHER ? number : groups_add(groups, parts);
}

static int compare_numbers(const void *a, const void *b, const void *context)
{
	const struct groups *groups = context;
	const uint32_t *left = a;
	const uint32_t *right = b;

	return key_compare(groups->keys[*left], groups->keys[*right],
			   groups->key_count);
}

static int reserve_order(struct groups *groups)
{
	uint32_t *order, *scratch;

	if (groups->order_capacity >= groups->capacity)
		return 0;
	order = realloc(groups->order, groups->capacity * sizeof(*order));
	if (!order)
		return -1;
	groups->order = order;
	scratch = realloc(groups->order_scratch,
			  groups->capacity * sizeof(*scratch));
	if (!scratch)
		return -1;
	groups->order_scratch = scratch;
	groups->order_capacity = groups->capacity;
	return 0;
}

const uint32_t *groups_sorted(struct groups *groups)
{
	uint32_t named = groups->count - 1;
	uint32_t sorted = groups->sorted;
	uint32_t *merged;

	if (sorted == named && groups->order)
		return groups->order;
	if (reserve_order(groups) != 0)
		return NULL;
	for (uint32_t i = sorted; i < named; i++)
		groups->order[i] = i + 1;
	sort_items(groups->order + sorted, named - sorted, sizeof(uint32_t),
		   groups->order_scratch, compare_numbers, groups);
	merged = groups->order_scratch;
	sort_merge(groups->order, sorted, named, sizeof(uint32_t), merged,
		   compare_numbers, groups);
	groups->order_scratch = groups->order;
	groups->order = merged;
	groups->sorted = named;
	return groups->order;
}
