/*
 * The savepoints that are pending, and what becomes of them.
 */
#include "state/store_parts.h"

#include <stdlib.h>

struct store_pending *store_add_pending(struct store *store, uint64_t number)
{
	struct store_pending *added;

	if (store->count == store->capacity) {
		size_t capacity = store->capacity ? store->capacity * 2 : 8;
		struct store_pending *pending =
			realloc(store->pending, capacity * sizeof(*pending));

		if (!pending)
			return NULL;
		store->pending = pending;
		store->capacity = capacity;
	}
	added = &store->pending[store->count++];
	if (store->slots < store->count) {
		store->slots = store->count;
		savepoint_init(&added->savepoint);
	}
	added->number = number;
	added->rows = 0;
	return added;
}

static size_t memory_of(const struct savepoint *savepoint)
{
	return savepoint->bytes.capacity + savepoint->window.capacity +
	       savepoint->capacity * sizeof(*savepoint->entries);
}

void store_drop_pending(struct store *store, size_t count)
{
	store->count -= count;
	for (size_t i = 0; count > 0 && i < store->count; i++) {
		struct store_pending dropped = store->pending[i];

		store->pending[i] = store->pending[i + count];
		store->pending[i + count] = dropped;
	}
	for (size_t i = store->count; i < store->count + count; i++) {
		struct savepoint *savepoint = &store->pending[i].savepoint;

		savepoint_clear(savepoint);
		if (memory_of(savepoint) > STORE_SPARE_BYTES)
			savepoint_release(savepoint);
	}
}

void store_break(struct store *store, const char *reason)
{
	store->is_broken = true;
	error_set(&store->broken,
		  "cannot save in --state '%s': %s; what was saved before "
		  "stays: see to its disk, and run again",
		  store->name, reason);
}

void store_roll_back(struct store *store, int result)
{
	store_break(store, database_reason(&store->database, result));
	database_roll_back(&store->database);
}
