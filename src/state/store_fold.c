#include "state/store_parts.h"

/* So many savepoints, or bytes of them, are put into the table together, so
 * many blocks in a transaction. */
#define FOLD_COUNT  32
#define FOLD_BYTES  ((size_t)16 << 20)
#define FOLD_BLOCKS 2048

int store_overlay(const struct store *store, size_t count,
		  struct overlay *overlay)
{
	for (size_t i = 0; i < count; i++) {
		const struct savepoint *savepoint =
			&store->pending[i].savepoint;

		if (overlay_reserve(overlay, savepoint->count) < 0)
			return SQLITE_NOMEM;
		overlay_add(overlay, savepoint);
	}
	return overlay_sort(overlay) < 0 ? SQLITE_NOMEM : SQLITE_OK;
}

static bool is_worth_folding(const struct store *store)
{
	size_t bytes = 0;

	for (size_t i = 0; i < store->taken; i++)
		bytes += store->pending[i].savepoint.bytes.size +
			 store->pending[i].savepoint.window.size;
	return store->taken >= FOLD_COUNT || bytes >= FOLD_BYTES;
}

static int fold_block(struct store *store, int64_t block)
{
	struct database *database = &store->database;
	struct buffer *held = &store->entries;
	struct buffer *row = &store->row;
	int result;

	buffer_clear(held);
	buffer_clear(row);
	result = database_get(database, SAVED_GROUP, block, held);
	if (result != SQLITE_OK)
		return result;
	if (overlay_merge(&store->folding, block, buffer_span(held), row) < 0)
		return SQLITE_CORRUPT;
	if (row->failed)
		return SQLITE_NOMEM;
	if (row->size == 0)
		return database_drop(database, SAVED_GROUP, block);
	return database_put(database, SAVED_GROUP, block, buffer_span(row));
}

static int drop_rows(struct store *store, const struct store_pending *pending)
{
	int result = SQLITE_OK;

	for (int64_t i = 0; i < pending->rows && result == SQLITE_OK; i++)
		result = database_drop(&store->database, TABLE_PENDING,
				       pending->first_row + i);
	return result;
}

/* *done: that was the last part. */
static int fold_part(struct store *store, bool *done)
{
	int result = database_begin(&store->database);
	int64_t block;

	*done = false;
	for (unsigned i = 0; i < FOLD_BLOCKS && result == SQLITE_OK && !*done;
	     i++) {
		*done = !overlay_block(&store->folding, &block);
		if (!*done)
			result = fold_block(store, block);
	}
	for (size_t i = 0; *done && i < store->folding_count; i++)
		if (result == SQLITE_OK)
			result = drop_rows(store, &store->pending[i]);
	return result == SQLITE_OK ? database_commit(&store->database) : result;
}

static void end_folding(struct store *store)
{
	overlay_release(&store->folding);
	store_drop_pending(store, store->folding_count);
	store->taken -= store->folding_count;
	store->folding_count = 0;
}

bool store_tidy(struct store *store)
{
	bool done = false;
	int result = SQLITE_OK;

	if (store->is_broken)
		return false;
	database_tidy(&store->database);
	if (store->folding_count == 0) {
		if (!is_worth_folding(store))
			return false;
		store->folding_count = store->taken;
		result = store_overlay(store, store->taken, &store->folding);
	}
	if (result == SQLITE_OK)
		result = fold_part(store, &done);
	if (result != SQLITE_OK)
		store_roll_back(store, result);
	else if (done)
		end_folding(store);
	return result == SQLITE_OK;
}
