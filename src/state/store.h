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

#include <stdint.h>

#include "base/error.h"
#include "state/store_parts.h"

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

void store_close(struct store *store);

#endif
