/*
 * store: savepoints in a database, the folded and the pending ones. One thread
 * at a time may use it; every call may block on the disk.
 *
 * A savepoint's groups are appended in one piece, which is quick wherever they
 * stand in the table. Only when there are several of them are they put there,
 * in small transactions: until the last of these the pieces stay, and to lay
 * them over the table once more changes nothing.
 */
#ifndef STATE_STORE_H
#define STATE_STORE_H

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

/* As state_open() says. -1: nothing to close. */
int store_open(struct store *store, const char *name, const char *query,
	       struct error *error) MUST_CHECK;

/*
 * Writes the savepoint as number last + 1. It is left empty, with memory that
 * was used before. -1: everything is as it was before, but for the savepoint,
 * which is lost.
 */
int store_save(struct store *store, struct savepoint *savepoint, uint64_t taken,
	       struct error *error) MUST_CHECK;

/*
 * Does a part of what need not be done in store_save(), some 20 ms of work;
 * true: there is more of it. The next store_save() says what failed.
 */
bool store_tidy(struct store *store);

void store_close(struct store *store);

#endif
