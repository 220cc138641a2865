/*
 * keystore: where the encoded keys of the groups stand, one behind the other in
 * blocks that never move.
 */
#ifndef CORE_KEYSTORE_H
#define CORE_KEYSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct keystore {
	struct key_block *blocks;
	uint64_t live_bytes;
	uint64_t dead_bytes; /* of keys that are not needed any more */
};

void keystore_release(struct keystore *store);

/*
 * Room for a key of that size, which the next call gives away again unless
 * keystore_keep() is called. NULL: memory is out.
 */
unsigned char *keystore_reserve(struct keystore *store, size_t size) MUST_CHECK;
void keystore_keep(struct keystore *store, size_t size);

/* A key of that size is not needed any more. */
void keystore_drop(struct keystore *store, size_t size);

/* Is so much of it dead that the live keys should move to a new one? */
bool keystore_is_wasteful(const struct keystore *store);

#endif
