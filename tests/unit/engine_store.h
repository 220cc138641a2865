/*
 * engine_store: what state.h promises, in memory: the newest entry of each id,
 * but groups lag behind until the output took the window they were saved with.
 */
#ifndef UNIT_ENGINE_STORE_H
#define UNIT_ENGINE_STORE_H

#include <check.h>
#include <stdlib.h>

#include "core/engine.h"

#define STORE_PENDING_MAX 8

struct store {
	struct savepoint kept;
	/* Of those after the folded ones: groups and window. */
	struct savepoint pending[STORE_PENDING_MAX];
	size_t pending_count;
	uint64_t last; /* savepoints so far */
};

static inline void store_init(struct store *store)
{
	*store = (struct store){0};
}

static inline void store_release(struct store *store)
{
	savepoint_release(&store->kept);
	for (size_t i = 0; i < store->pending_count; i++)
		savepoint_release(&store->pending[i]);
	store_init(store);
}

static inline void store_copy(struct savepoint *to,
			      const struct savepoint *from, size_t i)
{
	const struct saved_entry *entry = &from->entries[i];

	buffer_append_span(savepoint_add(to, entry->table, entry->id),
			   savepoint_entry(from, entry));
}

/* Is there an entry of that id from place `at` on? */
static inline bool store_has(const struct savepoint *savepoint, size_t at,
			     const struct saved_entry *wanted)
{
	for (; at < savepoint->count; at++)
		if (savepoint->entries[at].table == wanted->table &&
		    savepoint->entries[at].id == wanted->id)
			return true;
	return false;
}

/* Either the groups or all the rest go into what is kept. */
static inline void store_fold(struct store *store, const struct savepoint *more,
			      bool groups)
{
	struct savepoint all;

	savepoint_init(&all);
	for (size_t i = 0; i < store->kept.count; i++) {
		const struct saved_entry *entry = &store->kept.entries[i];

		if ((entry->table == SAVED_GROUP) != groups ||
		    !store_has(more, 0, entry))
			store_copy(&all, &store->kept, i);
	}
	for (size_t i = 0; i < more->count; i++) {
		const struct saved_entry *entry = &more->entries[i];

		if ((entry->table == SAVED_GROUP) == groups &&
		    entry->size > 0 && !store_has(more, i + 1, entry))
			store_copy(&all, more, i);
	}
	savepoint_end(&all);
	savepoint_release(&store->kept);
	store->kept = all;
}

/* The output took the windows up to that number. */
static inline void store_take(struct store *store, uint64_t taken)
{
	uint64_t folded = store->last - store->pending_count;

	for (; folded < taken && store->pending_count > 0; folded++) {
		store_fold(store, &store->pending[0], true);
		savepoint_release(&store->pending[0]);
		store->pending_count--;
		for (size_t i = 0; i < store->pending_count; i++)
			store->pending[i] = store->pending[i + 1];
	}
}

/* Keeps a savepoint, as the next number. */
static inline void store_save(struct store *store,
			      const struct savepoint *savepoint, uint64_t taken)
{
	struct savepoint *pending;

	ck_assert(!savepoint_failed(savepoint));
	store_take(store, taken);
	store_fold(store, savepoint, false);
	ck_assert_uint_lt(store->pending_count, STORE_PENDING_MAX);
	pending = &store->pending[store->pending_count++];
	savepoint_init(pending);
	for (size_t i = 0; i < savepoint->count; i++)
		if (savepoint->entries[i].table == SAVED_GROUP)
			store_copy(pending, savepoint, i);
	savepoint_end(pending);
	buffer_append_span(&pending->window, buffer_span(&savepoint->window));
	store->last++;
}

static inline uint32_t store_highest_in(const struct savepoint *savepoint)
{
	int64_t highest = 0;

	for (size_t i = 0; i < savepoint->count; i++)
		if (savepoint->entries[i].table == SAVED_GROUP &&
		    savepoint->entries[i].id > highest)
			highest = savepoint->entries[i].id;
	return (uint32_t)highest;
}

/* The highest number of a group anywhere in it. */
static inline uint32_t store_highest(const struct store *store)
{
	uint32_t highest = store_highest_in(&store->kept);

	for (size_t i = 0; i < store->pending_count; i++)
		if (store_highest_in(&store->pending[i]) > highest)
			highest = store_highest_in(&store->pending[i]);
	return highest;
}

static inline size_t store_count(const struct store *store,
				 enum saved_table table)
{
	size_t count = 0;

	for (size_t i = 0; i < store->kept.count; i++)
		count += store->kept.entries[i].table == table;
	return count;
}

#endif
