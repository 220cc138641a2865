/*
 * store_parts: what the files of the store share.
 *
 * A row of a pending savepoint has its number, an enum store_part and a piece
 * of that part's bytes: cut, since SQLite bounds the size of a row.
 */
#ifndef STATE_STORE_PARTS_H
#define STATE_STORE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "core/savepoint.h"
#include "state/database.h"
#include "state/file.h"
#include "state/overlay.h"

struct store_pending {
	uint64_t number;
	int64_t first_row; /* in the table of pending ones */
	int64_t rows;
	struct savepoint savepoint;
};

struct store {
	char *name; /* of the file, as the user wrote it */
	struct state_file file;
	struct database database;
	struct savepoint kept; /* what was folded when it was opened */
	/* Oldest first; behind them `slots` - `count` with memory to use
	 * again. The first `taken` are folded for all who ask, but wait for
	 * others to be put into the table of groups together. */
	struct store_pending *pending;
	size_t taken;
	size_t count;
	size_t slots;
	size_t capacity;
	struct overlay folding; /* of the first so many: */
	size_t folding_count;	/* 0: none */
	int64_t next_row;
	uint64_t last;	 /* the number of the last savepoint that was saved */
	uint64_t folded; /* and of the last that is folded for all who ask */
	bool is_broken;
	struct error broken; /* why nothing can be saved any more */
	struct buffer entries;
	struct buffer row;
};

/* What needed more memory than this gives it back. */
#define STORE_SPARE_BYTES ((size_t)1 << 20)

enum store_part {
	PART_ENTRIES, /* of groups: the id and the bytes of each */
	PART_WINDOW,
};

/* --- store_pending.c ------------------------------------------------------ */

/* One more at the end, its savepoint empty; NULL: memory is out. */
struct store_pending *store_add_pending(struct store *store, uint64_t number);

/* Drops the first ones; keeps some of their memory. */
void store_drop_pending(struct store *store, size_t count);

/* From here on nothing is saved: what comes would build upon what is not. */
void store_break(struct store *store, const char *reason);

/* Undoes the transaction; nothing is saved from here on, for that reason. */
void store_roll_back(struct store *store, int result);

/* --- store_fold.c --------------------------------------------------------- */

/* Fills an overlay with the groups of the first ones. */
int store_overlay(const struct store *store, size_t count,
		  struct overlay *overlay) MUST_CHECK;

/*
 * Does a part of what need not be done in store_save(), some 20 ms of work;
 * true: there is more of it. The next store_save() says what failed.
 */
bool store_tidy(struct store *store);

/* --- store_query.c -------------------------------------------------------- */

/* Is the query that stands there the one that is asked here? -1: it says what
 * is another one, or memory is out. */
int store_check_query(const struct store *store, struct span there,
		      struct span here, struct error *error) MUST_CHECK;

/* --- store_load.c --------------------------------------------------------- */

/*
 * Reads and checks all that the database holds. -1: it is not as it was
 * written, is of another query, or cannot be read.
 */
int store_load(struct store *store, const char *query,
	       struct error *error) MUST_CHECK;

#endif
