#include "state/store_parts.h"

struct loading {
	struct store *store;
	unsigned table;
	struct overlay overlay; /* of those that are taken */
	struct buffer query;
	struct buffer entries; /* of the last one pending */
	struct buffer block;
};

/* --- the tables ----------------------------------------------------------- */

static int take_meta(void *context, int64_t id, struct span bytes)
{
	struct loading *loading = context;

	if (id == META_QUERY) {
		buffer_append_span(&loading->query, bytes);
		return loading->query.failed ? SQLITE_NOMEM : SQLITE_OK;
	}
	if (id != META_LAST && id != META_FOLDED)
		return SQLITE_CORRUPT;
	if (!saved_get_number(&bytes, id == META_LAST
					      ? &loading->store->last
					      : &loading->store->folded) ||
	    bytes.size > 0)
		return SQLITE_CORRUPT;
	return SQLITE_OK;
}

static int take_kept(void *context, int64_t id, struct span bytes)
{
	const struct loading *loading = context;
	struct savepoint *kept = &loading->store->kept;

	buffer_append_span(savepoint_add(kept, loading->table, id), bytes);
	return savepoint_failed(kept) ? SQLITE_NOMEM : SQLITE_OK;
}

/* Fills the last one pending with its entries, all of which are there now. */
static int end_pending(struct loading *loading)
{
	struct store *store = loading->store;
	struct span bytes = buffer_span(&loading->entries);
	struct savepoint *savepoint;

	if (store->count == 0)
		return SQLITE_OK;
	savepoint = &store->pending[store->count - 1].savepoint;
	while (bytes.size > 0) {
		int64_t id;
		struct span entry;

		if (!saved_get_signed(&bytes, &id) ||
		    !saved_get_text(&bytes, &entry))
			return SQLITE_CORRUPT;
		buffer_append_span(savepoint_add(savepoint, SAVED_GROUP, id),
				   entry);
	}
	savepoint_end(savepoint);
	buffer_clear(&loading->entries);
	return savepoint_failed(savepoint) ? SQLITE_NOMEM : SQLITE_OK;
}

/* The one that the row belongs to; NULL: *result says why there is none. */
static struct store_pending *find_pending(struct loading *loading, int64_t row,
					  uint64_t number, int *result)
{
	struct store *store = loading->store;
	struct store_pending *last =
		store->count ? &store->pending[store->count - 1] : NULL;

	*result = SQLITE_OK;
	if (last && last->number == number)
		return last;
	if ((last && last->number > number) || number > store->last)
		*result = SQLITE_CORRUPT;
	else
		*result = end_pending(loading);
	if (*result != SQLITE_OK)
		return NULL;
	last = store_add_pending(store, number);
	if (last)
		last->first_row = row;
	else
		*result = SQLITE_NOMEM;
	return last;
}

static int take_pending(void *context, int64_t id, struct span bytes)
{
	struct loading *loading = context;
	struct store_pending *pending;
	uint64_t number, part;
	int result;

	if (!saved_get_number(&bytes, &number) ||
	    !saved_get_number(&bytes, &part) || part > PART_WINDOW)
		return SQLITE_CORRUPT;
	pending = find_pending(loading, id, number, &result);
	if (!pending)
		return result;
	if (id != pending->first_row + pending->rows)
		return SQLITE_CORRUPT;
	pending->rows++;
	loading->store->next_row = id + 1;
	buffer_append_span(part == PART_WINDOW ? &pending->savepoint.window
					       : &loading->entries,
			   bytes);
	return loading->entries.failed || pending->savepoint.window.failed
		       ? SQLITE_NOMEM
		       : SQLITE_OK;
}

/* The groups of a block, with those that are taken over them. */
static int keep_block(struct loading *loading, int64_t block, struct span held)
{
	struct savepoint *kept = &loading->store->kept;
	struct span merged, bytes;
	int64_t id;

	buffer_clear(&loading->block);
	if (overlay_merge(&loading->overlay, block, held, &loading->block) < 0)
		return SQLITE_CORRUPT;
	merged = buffer_span(&loading->block);
	while (merged.size > 0 && overlay_take(&merged, block, &id, &bytes))
		buffer_append_span(savepoint_add(kept, SAVED_GROUP, id), bytes);
	return loading->block.failed || savepoint_failed(kept) ? SQLITE_NOMEM
							       : SQLITE_OK;
}

/* The blocks before `end` that only those that are taken have; or all. */
static int keep_overlay(struct loading *loading, const int64_t *end)
{
	int64_t block;
	int result = SQLITE_OK;

	while (result == SQLITE_OK &&
	       overlay_block(&loading->overlay, &block) &&
	       (!end || block < *end))
		result = keep_block(loading, block, span_of(""));
	return result;
}

static int take_block(void *context, int64_t id, struct span bytes)
{
	struct loading *loading = context;
	int result = keep_overlay(loading, &id);

	return result == SQLITE_OK ? keep_block(loading, id, bytes) : result;
}

static int load_pending(struct loading *loading)
{
	struct store *store = loading->store;
	int result = database_read(&store->database, TABLE_PENDING,
				   take_pending, loading);

	if (result == SQLITE_OK)
		result = end_pending(loading);
	if (result != SQLITE_OK)
		return result;
	while (store->taken < store->count &&
	       store->pending[store->taken].number <= store->folded)
		store->taken++;
	return store_overlay(store, store->taken, &loading->overlay);
}

static int load_tables(struct loading *loading)
{
	struct database *database = &loading->store->database;
	int result = load_pending(loading);

	for (unsigned i = 0; i < SAVED_TABLES && result == SQLITE_OK; i++) {
		loading->table = i;
		result = database_read(
			database, i, i == SAVED_GROUP ? take_block : take_kept,
			loading);
	}
	if (result == SQLITE_OK)
		result = keep_overlay(loading, NULL);
	savepoint_end(&loading->store->kept);
	return result;
}

static int tell(const struct store *store, int result, struct error *error)
{
	const char *reason = database_reason(&store->database, result);

	switch (result & 0xff) {
	case SQLITE_NOMEM:
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return error_set(error, "cannot open --state '%s': %s",
				 store->name, reason);
	default:
		return error_set(error,
				 "--state '%s' is damaged (%s): put a copy of "
				 "it back, or remove it to count anew",
				 store->name, reason);
	}
}

static int load(struct loading *loading, const char *query, struct error *error)
{
	struct store *store = loading->store;
	struct database *database = &store->database;
	int result = database_open(database, store->file.path);

	if (result == SQLITE_OK)
		result = database_check(database);
	if (result == SQLITE_OK)
		result =
			database_read(database, TABLE_META, take_meta, loading);
	if (result != SQLITE_OK)
		return tell(store, result, error);
	if (store_check_query(store, buffer_span(&loading->query),
			      span_of(query), error) < 0)
		return -1;
	result = load_tables(loading);
	return result == SQLITE_OK ? 0 : tell(store, result, error);
}

int store_load(struct store *store, const char *query, struct error *error)
{
	struct loading loading = {.store = store};
	int result = load(&loading, query, error);

	buffer_release(&loading.query);
	buffer_release(&loading.entries);
	buffer_release(&loading.block);
	overlay_release(&loading.overlay);
	return result;
}
