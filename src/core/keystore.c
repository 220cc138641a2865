#include "core/keystore.h"

#include <stdlib.h>

#define BLOCK_BYTES ((size_t)64 << 10)

/* Less is not worth the move. */
#define WASTE_MIN_BYTES ((uint64_t)1 << 20)

struct key_block {
	struct key_block *next;
	size_t size;
	size_t capacity;
	unsigned char bytes[];
};

void keystore_release(struct keystore *store)
{
	struct key_block *block = store->blocks;

	while (block) {
		struct key_block *next = block->next;

		free(block);
		block = next;
	}
	*store = (struct keystore){0};
}

unsigned char *keystore_reserve(struct keystore *store, size_t size)
{
	struct key_block *block = store->blocks;
	size_t capacity = size > BLOCK_BYTES ? size : BLOCK_BYTES;

	if (block && block->capacity - block->size >= size)
		return block->bytes + block->size;
	block = malloc(sizeof(*block) + capacity);
	if (!block)
		return NULL;
	block->size = 0;
	block->capacity = capacity;
	block->next = store->blocks;
	store->blocks = block;
	return block->bytes;
}

void keystore_keep(struct keystore *store, size_t size)
{
	store->blocks->size += size;
	store->live_bytes += size;
}

void keystore_drop(struct keystore *store, size_t size)
{
	store->live_bytes -= size;
	store->dead_bytes += size;
}

bool keystore_is_wasteful(const struct keystore *store)
{
	return store->dead_bytes >= WASTE_MIN_BYTES &&
	       store->dead_bytes > store->live_bytes;
}
