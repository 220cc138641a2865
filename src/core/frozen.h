/*
 * frozen: a snapshot that needs nobody: its keys are its own, nothing in it
 * changes, and another thread may have it.
 */
#ifndef CORE_FROZEN_H
#define CORE_FROZEN_H

#include <stddef.h>

#include "core/groups.h"
#include "core/snapshot.h"

struct frozen {
	struct snapshot snapshot;
	/* Of the groups only the keys are there, numbered as the rows are. */
	struct groups keys;
	unsigned char *key_bytes;
};

/*
 * A copy of all rows; key_count: fields in a key. NULL: memory is out.
 * frozen_free() takes NULL.
 */
struct frozen *frozen_new(const struct snapshot *snapshot, size_t key_count);
void frozen_free(struct frozen *frozen);

/*
 * A copy of the largest rows by count, then by total, in the order in which
 * they stand, at most `rows` of them and `bytes` of keys; the others are added
 * to (other), which is none of them. *left_out: how many that are. NULL: memory
 * is out.
 */
struct frozen *frozen_largest(const struct snapshot *snapshot, size_t key_count,
			      size_t rows, size_t bytes, size_t *left_out);

#endif
