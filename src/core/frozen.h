/*
 * frozen: a copy of a snapshot, in which nothing changes, so that another
 * thread may have it.
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
	size_t pointers_bytes;	  /* of keys.keys */
	unsigned char *key_bytes; /* NULL: they are borrowed */
};

/*
 * A copy of all rows; key_count: fields in a key. With `borrow` the bytes of
 * the keys stay where they are, which is faster: the groups must be there for
 * as long, and none may be recycled. NULL: memory is out. frozen_free() takes
 * NULL.
 */
struct frozen *frozen_new(const struct snapshot *snapshot, size_t key_count,
			  bool borrow);
void frozen_free(struct frozen *frozen);

/*
 * A copy of the largest rows by count, then by total, in the order in which
 * they stand, at most `rows` of them and `bytes` of keys; the others are added
 * to (other), which is none of them. *left_out: how many that are. NULL: memory
 * is out. Takes time for one look at each row.
 */
struct frozen *frozen_largest(const struct snapshot *snapshot, size_t key_count,
			      size_t rows, size_t bytes, size_t *left_out);

#endif
