#include "state/overlay.h"

#include <stdlib.h>

#include "base/sort.h"

/* About a kilobyte of names and numbers. */
#define BLOCK_GROUPS 32

/* Towards the past for negative ids, too. */
static int64_t block_of(int64_t id)
{
	int64_t slot = id & (BLOCK_GROUPS - 1);

	return (id - slot) / BLOCK_GROUPS;
}

int overlay_reserve(struct overlay *overlay, size_t items)
{
	struct overlay_item *grown;

	if (items > SIZE_MAX / sizeof(*grown) - overlay->count)
		return -1;
	if (overlay->count + items <= overlay->capacity)
		return 0;
	grown = realloc(overlay->items,
			(overlay->count + items) * sizeof(*grown));
	if (!grown)
		return -1;
	overlay->items = grown;
	overlay->capacity = overlay->count + items;
	return 0;
}

void overlay_add(struct overlay *overlay, const struct savepoint *savepoint)
{
	for (size_t i = 0; i < savepoint->count; i++) {
		const struct saved_entry *entry = &savepoint->entries[i];

		if (entry->table != SAVED_GROUP)
			continue;
		overlay->items[overlay->count++] = (struct overlay_item){
			entry->id, savepoint_entry(savepoint, entry)};
	}
}

static int compare_items(const void *a, const void *b, const void *context)
{
	int64_t left = ((const struct overlay_item *)a)->id;
	int64_t right = ((const struct overlay_item *)b)->id;

	(void)context;
	return (left > right) - (left < right);
}

int overlay_sort(struct overlay *overlay)
{
	struct overlay_item *items = overlay->items;
	struct overlay_item *scratch;
	size_t kept = 0;

	if (overlay->count == 0)
		return 0;
	scratch = malloc(overlay->count * sizeof(*scratch));
	if (!scratch)
		return -1;
	sort_items(items, overlay->count, sizeof(*items), scratch,
		   compare_items, NULL);
	free(scratch);
	/* Of equal ids the last one added counts. */
	for (size_t i = 0; i < overlay->count; i++)
		if (i + 1 == overlay->count || items[i].id != items[i + 1].id)
			items[kept++] = items[i];
	overlay->count = kept;
	return 0;
}

void overlay_release(struct overlay *overlay)
{
	free(overlay->items);
	*overlay = (struct overlay){0};
}

bool overlay_block(const struct overlay *overlay, int64_t *block)
{
	if (overlay->next == overlay->count)
		return false;
	*block = block_of(overlay->items[overlay->next].id);
	return true;
}

static void put_group(struct buffer *out, int64_t id, struct span bytes)
{
	if (bytes.size == 0)
		return;
	saved_put_number(out, (uint64_t)id & (BLOCK_GROUPS - 1));
	saved_put_text(out, bytes);
}

/* Appends the items of the block that come before `end`, or all of them. */
static void put_items(struct overlay *overlay, int64_t block,
		      const int64_t *end, struct buffer *out)
{
	for (; overlay->next < overlay->count; overlay->next++) {
		const struct overlay_item *item =
			&overlay->items[overlay->next];

		if (block_of(item->id) != block || (end && item->id >= *end))
			return;
		put_group(out, item->id, item->bytes);
	}
}

static bool next_is(const struct overlay *overlay, int64_t id)
{
	return overlay->next < overlay->count &&
	       overlay->items[overlay->next].id == id;
}

int overlay_merge(struct overlay *overlay, int64_t block, struct span held,
		  struct buffer *out)
{
	while (held.size > 0) {
		struct span bytes;
		int64_t id;

		if (!overlay_take(&held, block, &id, &bytes))
			return -1;
		put_items(overlay, block, &id, out);
		if (next_is(overlay, id))
			bytes = overlay->items[overlay->next++].bytes;
		put_group(out, id, bytes);
	}
	put_items(overlay, block, NULL, out);
	return 0;
}

bool overlay_take(struct span *held, int64_t block, int64_t *id,
		  struct span *bytes)
{
	uint64_t slot;

	if (!saved_get_number(held, &slot) || slot >= BLOCK_GROUPS ||
	    !saved_get_text(held, bytes))
		return false;
	*id = block * BLOCK_GROUPS + (int64_t)slot;
	return true;
}
