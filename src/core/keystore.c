#include "core/keystore.h"

#include "base/column.h"

/* With its head. */
#define BLOCK_MIN_BYTES ((size_t)64 << 10)
#define BLOCK_MAX_BYTES ((size_t)8 << 20)

/* Less is not worth the move. */
#define WASTE_MIN_BYTES ((uint64_t)1 << 20)

struct key_block {
	struct key_block *next;
	size_t size;
	size_t capacity;
	unsigned char bytes[];
};

#define HEAD_BYTES offsetof(struct key_block, bytes)

void keystore_release(struct keystore *store)
{
	struct key_block *block = store->blocks;

	while (block) {
		struct key_block *next = block->next;

		column_free(block, HEAD_BYTES + block->capacity);
		block = next;
	}
	*store = (struct keystore){0};
}

/* The more there is already the larger, so that little of it is for nothing. */
static size_t block_size(const struct keystore *store, size_t key_size)
{
	size_t size = BLOCK_MIN_BYTES;

	while (size < BLOCK_MAX_BYTES &&
	       size < (store->live_bytes + store->dead_bytes) / 8)
		size *= 2;
	return HEAD_BYTES + key_size > size ? HEAD_BYTES + key_size : size;
}

unsigned char *keystore_reserve(struct keystore *store, size_t size)
{
	struct key_block *block = store->blocks;
	size_t bytes;

	if (block && block->capacity - block->size >= size)
		return block->bytes + block->size;
	bytes = block_size(store, size);
	block = column_grow(NULL, 0, bytes);
	if (!block)
		return NULL;
	block->capacity = bytes - HEAD_BYTES;
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
