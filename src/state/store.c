#include "state/store.h"

#include <stdlib.h>
#include <string.h>

#define PART_BYTES ((size_t)16 << 20)

/* --- opening -------------------------------------------------------------- */

static int put_meta(struct store *store, enum state_meta id, uint64_t number)
{
	buffer_clear(&store->row);
	saved_put_number(&store->row, number);
	if (store->row.failed)
		return SQLITE_NOMEM;
	return database_put(&store->database, TABLE_META, id,
			    buffer_span(&store->row));
}

static int fill_new(struct store *store, const char *query)
{
	struct database *database = &store->database;
	int result = database_open_new(database);

	if (result == SQLITE_OK)
		result = database_begin(database);
	if (result == SQLITE_OK)
		result = database_put(database, TABLE_META, META_QUERY,
				      span_of(query));
	if (result == SQLITE_OK)
		result = put_meta(store, META_LAST, 0);
	if (result == SQLITE_OK)
		result = put_meta(store, META_FOLDED, 0);
	return result == SQLITE_OK ? database_commit(database) : result;
}

static int make_new(struct store *store, const char *query, struct error *error)
{
	char *image = NULL;
	size_t size = 0;
	int result = -1;

	if (fill_new(store, query) == SQLITE_OK)
		image = database_image(&store->database, &size);
	/* In memory nothing else can fail. */
	if (!image)
		error_set(error, "cannot make --state '%s': out of memory",
			  store->name);
	else
		result = state_file_fill(&store->file, store->name,
					 span_make(image, size), error);
	sqlite3_free(image);
	database_release(&store->database, false);
	return result;
}

static void store_release(struct store *store, bool refused)
{
	database_release(&store->database, refused);
	state_file_close(&store->file, refused);
	for (size_t i = 0; i < store->slots; i++)
		savepoint_release(&store->pending[i].savepoint);
	overlay_release(&store->folding);
	savepoint_release(&store->kept);
	buffer_release(&store->entries);
	buffer_release(&store->row);
	free(store->pending);
	free(store->name);
}

int store_open(struct store *store, const char *name, const char *query,
	       struct error *error)
{
	*store = (struct store){.name = strdup(name), .next_row = 1};
	if (!store->name)
		return error_set(error, "out of memory");
	if (state_file_open(&store->file, name, error) < 0) {
		free(store->name);
		return -1;
	}
	if ((store->file.is_bare && make_new(store, query, error) < 0) ||
	    store_load(store, query, error) < 0) {
		store_release(store, true);
		return -1;
	}
	return 0;
}

void store_close(struct store *store)
{
	store_release(store, false);
}

/* --- saving --------------------------------------------------------------- */

/* All but the groups. */
static int write_entries(struct store *store, const struct savepoint *savepoint)
{
	struct database *database = &store->database;
	int result = SQLITE_OK;

	for (size_t i = 0; i < savepoint->count && result == SQLITE_OK; i++) {
		const struct saved_entry *entry = &savepoint->entries[i];

		if (entry->table == SAVED_GROUP)
			continue;
		if (entry->size == 0)
			result = database_drop(database, entry->table,
					       entry->id);
		else
			result =
				database_put(database, entry->table, entry->id,
					     savepoint_entry(savepoint, entry));
	}
	return result;
}

static void trim(struct buffer *buffer)
{
	if (buffer->capacity > STORE_SPARE_BYTES)
		buffer_release(buffer);
}

static int write_part(struct store *store, struct store_pending *pending,
		      enum store_part part, struct span bytes)
{
	int result = SQLITE_OK;

	while (bytes.size > 0 && result == SQLITE_OK) {
		size_t size = bytes.size < PART_BYTES ? bytes.size : PART_BYTES;

		buffer_clear(&store->row);
		saved_put_number(&store->row, pending->number);
		saved_put_number(&store->row, part);
		buffer_append(&store->row, bytes.data, size);
		if (store->row.failed)
			return SQLITE_NOMEM;
		result = database_put(&store->database, TABLE_PENDING,
				      pending->first_row + pending->rows,
				      buffer_span(&store->row));
		pending->rows++;
		bytes = span_make(bytes.data + size, bytes.size - size);
	}
	return result;
}

static int write_pending(struct store *store, struct store_pending *pending)
{
	const struct savepoint *savepoint = &pending->savepoint;
	struct buffer *entries = &store->entries;
	int result;

	buffer_clear(entries);
	for (size_t i = 0; i < savepoint->count; i++) {
		const struct saved_entry *entry = &savepoint->entries[i];

		if (entry->table != SAVED_GROUP)
			continue;
		saved_put_signed(entries, entry->id);
		saved_put_text(entries, savepoint_entry(savepoint, entry));
	}
	if (entries->failed)
		return SQLITE_NOMEM;
	pending->first_row = store->next_row;
	result = write_part(store, pending, PART_ENTRIES, buffer_span(entries));
	if (result == SQLITE_OK)
		result = write_part(store, pending, PART_WINDOW,
				    buffer_span(&savepoint->window));
	return result;
}

/* How many are folded for all who ask, once windows up to `taken` are taken.
 * Nobody waits for a window that is none. */
static size_t count_taken(const struct store *store, uint64_t taken)
{
	size_t count = store->taken;

	while (count < store->count &&
	       (store->pending[count].savepoint.window.size == 0 ||
		store->pending[count].number <= taken))
		count++;
	return count;
}

/* The last one pending is the new one. */
static int write_all(struct store *store, uint64_t folded)
{
	struct store_pending *added = &store->pending[store->count - 1];
	int result = database_begin(&store->database);

	if (result == SQLITE_OK)
		result = write_entries(store, &added->savepoint);
	if (result == SQLITE_OK)
		result = write_pending(store, added);
	if (result == SQLITE_OK)
		result = put_meta(store, META_LAST, added->number);
	if (result == SQLITE_OK)
		result = put_meta(store, META_FOLDED, folded);
	return result == SQLITE_OK ? database_commit(&store->database) : result;
}

/* Takes what the savepoint holds, and leaves an empty one. */
static struct store_pending *take_savepoint(struct store *store,
					    struct savepoint *savepoint)
{
	struct store_pending *added = NULL;
	struct savepoint empty;

	if (!savepoint_failed(savepoint))
		added = store_add_pending(store, store->last + 1);
	if (!added)
		return NULL;
	savepoint_end(savepoint);
	empty = added->savepoint;
	added->savepoint = *savepoint;
	*savepoint = empty;
	return added;
}

int store_save(struct store *store, struct savepoint *savepoint, uint64_t taken,
	       struct error *error)
{
	struct store_pending *added = NULL;
	size_t now_taken;
	uint64_t folded = store->folded;
	int result;

	if (!store->is_broken) {
		added = take_savepoint(store, savepoint);
		if (!added)
			store_break(store, "out of memory");
	}
	if (!added) {
		savepoint_clear(savepoint);
		*error = store->broken;
		return -1;
	}
	now_taken = count_taken(store, taken);
	if (now_taken > 0)
		folded = store->pending[now_taken - 1].number;
	result = write_all(store, folded);
	if (result != SQLITE_OK) {
		store_roll_back(store, result);
		savepoint_clear(&added->savepoint);
		store->count--;
		*error = store->broken;
		return -1;
	}
	trim(&store->entries);
	trim(&store->row);
	store->last++;
	store->next_row += added->rows;
	store->taken = now_taken;
	store->folded = folded;
	return 0;
}
