/*
 * store_parts: what the files of the store share.
 *
 * A row of a pending savepoint has its number, an enum store_part and a piece
 * of that part's bytes: cut, since SQLite bounds the size of a row.
 */
#ifndef STATE_STORE_PARTS_H
#define STATE_STORE_PARTS_H

#include "state/store.h"

enum store_part {
	PART_ENTRIES, /* of groups: the id and the bytes of each */
	PART_WINDOW,
};

/* One more at the end, its savepoint empty; NULL: memory is out. */
struct store_pending *store_add_pending(struct store *store, uint64_t number);

/* Drops the first ones; keeps some of their memory. */
void store_drop_pending(struct store *store, size_t count);

/* Undoes the transaction; nothing is saved from here on, for that reason. */
void store_roll_back(struct store *store, int result);

/* Fills an overlay with the groups of the first ones. */
int store_overlay(const struct store *store, size_t count,
		  struct overlay *overlay) MUST_CHECK;

/*
 * Reads and checks all that the database holds. -1: it is not as it was
 * written, is of another query, or cannot be read.
 */
int store_load(struct store *store, const char *query,
	       struct error *error) MUST_CHECK;

#endif
