#include "core/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/column.h"
#include "core/groups_order.h"
#include "core/groups_parts.h"
#include "core/groups_slots.h"

/* --- removing ------------------------------------------------------------- */

static int reserve_removed(struct groups *groups)
{
	uint32_t taken = groups->free_count + groups->removed_count;
	uint32_t capacity =
		groups->free_capacity ? groups->free_capacity * 2 : 32;
	uint32_t *numbers;

	if (taken < groups->free_capacity)
		return 0;
	numbers = realloc(groups->free_numbers, capacity * sizeof(*numbers));
	if (!numbers)
		return -1;
	groups->free_numbers = numbers;
	groups->free_capacity = capacity;
	return 0;
}

int groups_remove(struct groups *groups, uint32_t number)
{
	struct key_part parts[KEY_FIELDS_MAX] = {0};

	if (reserve_removed(groups) != 0)
		return -1;
	groups_decode(groups, groups->keys[number], parts);
	groups_leave_slot(groups, (struct group_slot){
					  groups_hash(groups, parts), number});
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
	size_t bytes = groups->keys_bytes;
	const unsigned char **keys = column_grow(NULL, 0, bytes);

	for (uint32_t i = 1; keys && i < groups->count; i++) {
		struct key_part parts[KEY_FIELDS_MAX] = {0};
		unsigned char *key;
		size_t size;

		if (!(groups->flags[i] & GROUP_LIVE))
			continue;
		groups_decode(groups, groups->keys[i], parts);
		size = key_size(parts, groups->key_count);
		key = keystore_reserve(&store, size);
		if (!key) {
			column_free(keys, bytes);
			keystore_release(&store);
			return;
		}
		key_encode(key, parts, groups->key_count);
		keystore_keep(&store, size);
		keys[i] = key;
	}
	if (!keys)
		return;
	column_free(groups->keys, bytes);
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
	groups_decode(groups, key, parts);
	return groups_add_as(groups, number, groups_hash(groups, parts), parts);
}

int groups_skip_to(struct groups *groups, uint32_t number)
{
	if (number <= groups->count)
		return 0;
	if (groups_reserve_numbers(groups, number) != 0)
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
