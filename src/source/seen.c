#include "source/seen.h"

#include <stdlib.h>

#include "base/siphash.h"

#define SLOTS_MIN 64

void seen_release(struct seen *seen)
{
	free(seen->slots);
	*seen = (struct seen){0};
}

/* The inode's slot, or the free one where it belongs. */
static struct seen_file *seen_slot(const struct seen *seen, uint64_t inode)
{
	static const uint64_t key[2] = {0, 0};
	struct span bytes = span_make((const char *)&inode, sizeof(inode));
	size_t slot = (size_t)siphash(key, 0, bytes);

	for (;; slot++) {
		struct seen_file *file =
			&seen->slots[slot & (seen->slot_count - 1)];

		if (!file->used || file->inode == inode)
			return file;
	}
}

struct seen_file *seen_find(const struct seen *seen, uint64_t inode,
			    int64_t born_ns)
{
	struct seen_file *file;

	if (seen->slot_count == 0)
		return NULL;
	file = seen_slot(seen, inode);
	return file->used && file->born_ns == born_ns ? file : NULL;
}

static int seen_grow(struct seen *seen)
{
	struct seen old = *seen;
	size_t count = old.slot_count > 0 ? old.slot_count * 2 : SLOTS_MIN;
	struct seen_file *slots;

	if (seen->count < old.slot_count / 2)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -1;
	seen->slots = slots;
	seen->slot_count = count;
	for (size_t i = 0; i < old.slot_count; i++) {
		if (old.slots[i].used)
			*seen_slot(seen, old.slots[i].inode) = old.slots[i];
	}
	free(old.slots);
	return 0;
}

struct seen_file *seen_add(struct seen *seen, uint64_t inode, int64_t born_ns)
{
	struct seen_file *file;

	if (seen_grow(seen) != 0)
		return NULL;
	file = seen_slot(seen, inode);
	if (file->used && file->born_ns == born_ns)
		return file;
	seen->count += !file->used;
	*file = (struct seen_file){
		.inode = inode, .born_ns = born_ns, .used = true};
	return file;
}
