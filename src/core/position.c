/*
 * Both tables are of open addressing and nothing leaves them before the end. A
 * name's slot is that of the time when it was put there: who renames a position
 * is not looking for it by its name any more.
 */
#include "core/position.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "core/watermark.h"

#define SLOTS_MIN 64

void positions_init(struct positions *positions)
{
	*positions = (struct positions){0};
}

static void position_free(struct position *position)
{
	free(position->name);
	free(position->mark);
	free(position->first_mark);
	free(position);
}

void positions_release(struct positions *positions)
{
	for (size_t i = 0; i < positions->count; i++) {
		position_free(positions->list[i]);
	}
	free(positions->list);
	free(positions->by_inode);
	free(positions->by_name);
	positions_init(positions);
}

/* Names and inodes of the user's own files: nobody floods these tables. */
static size_t slot_of(const struct positions *positions, const void *data,
		      size_t size)
{
	static const uint64_t key[2] = {0, 0};
	uint64_t hash = siphash(key, 0, span_make(data, size));

	return (size_t)hash & (positions->slot_count - 1);
}

static size_t slot_after(const struct positions *positions, size_t slot)
{
	return (slot + 1) & (positions->slot_count - 1);
}

static void slot_put(const struct positions *positions, struct position **table,
		     size_t slot, struct position *position)
{
	while (table[slot])
		slot = slot_after(positions, slot);
	table[slot] = position;
}

static void positions_index(const struct positions *positions,
			    struct position *position)
{
	size_t by_name =
		slot_of(positions, position->name, strlen(position->name));
	size_t by_inode;

	slot_put(positions, positions->by_name, by_name, position);
	if (position->kind != POSITION_FILE)
		return;
	by_inode =
		slot_of(positions, &position->inode, sizeof(position->inode));
	slot_put(positions, positions->by_inode, by_inode, position);
}

/* Room for one more in tables that are at most half full. */
static int positions_grow_slots(struct positions *positions)
{
	size_t count = positions->slot_count;
	struct position **by_inode, **by_name;

	if (positions->count < count / 2)
		return 0;
	count = count > 0 ? count * 2 : SLOTS_MIN;
	by_inode = calloc(count, sizeof(struct position *));
	by_name = calloc(count, sizeof(struct position *));
	if (!by_inode || !by_name) {
		free(by_inode);
		free(by_name);
		return -1;
	}
	free(positions->by_inode);
	free(positions->by_name);
	positions->by_inode = by_inode;
	positions->by_name = by_name;
	positions->slot_count = count;
	for (size_t i = 0; i < positions->count; i++)
		positions_index(positions, positions->list[i]);
	return 0;
}

static int positions_grow_list(struct positions *positions)
{
	size_t capacity = positions->capacity;
	struct position **list;

	if (positions->count < capacity)
		return 0;
	capacity = capacity > 0 ? capacity * 2 : 16;
	list = realloc(positions->list, capacity * sizeof(struct position *));
	if (!list)
		return -1;
	positions->list = list;
	positions->capacity = capacity;
	return 0;
}

struct position *positions_add(struct positions *positions,
			       const struct position *position)
{
	struct position *added;

	if (positions_grow_list(positions) != 0 ||
	    positions_grow_slots(positions) != 0)
		return NULL;
	added = malloc(sizeof(*added));
	if (!added)
		return NULL;
	*added = *position;
	added->name = strdup(position->name);
	added->mark = position->mark ? strdup(position->mark) : NULL;
	added->first_mark = NULL;
	if (!added->name || (position->mark && !added->mark)) {
		position_free(added);
		return NULL;
	}
	if (added->id == 0)
		added->id = positions->last_id + 1;
	if (added->id > positions->last_id)
		positions->last_id = added->id;
	positions->list[positions->count++] = added;
	positions_index(positions, added);
	return added;
}

struct position *positions_next_file(const struct positions *positions,
				     uint64_t inode, struct position *after)
{
	struct position *position;
	size_t slot;

	if (positions->slot_count == 0)
		return NULL;
	slot = slot_of(positions, &inode, sizeof(inode));
	while ((position = positions->by_inode[slot]) != NULL) {
		slot = slot_after(positions, slot);
		if (position == after)
			after = NULL;
		else if (!after && position->inode == inode)
			return position;
	}
	return NULL;
}

struct position *positions_find(const struct positions *positions,
				enum position_kind kind, const char *name)
{
	struct position *position, *found = NULL;
	size_t slot;

	if (positions->slot_count == 0)
		return NULL;
	slot = slot_of(positions, name, strlen(name));
	for (; (position = positions->by_name[slot]) != NULL;
	     slot = slot_after(positions, slot)) {
		if (position->claimed || position->kind != kind ||
		    strcmp(position->name, name) != 0)
			continue;
		if (!found || position->id > found->id)
			found = position;
	}
	return found;
}

struct position *positions_claim_stream(struct positions *positions,
					const char *name)
{
	struct position place = {
		.kind = POSITION_STREAM,
		.name = (char *)name,
		.newest_ns = TIME_NONE,
		.changed = true,
	};
	struct position *found =
		positions_find(positions, POSITION_STREAM, name);

	if (!found)
		found = positions_add(positions, &place);
	if (found)
		found->claimed = true;
	return found;
}

/* The claimed one of that name, or NULL. */
static struct position *find_claimed(const struct positions *positions,
				     enum position_kind kind, const char *name)
{
	for (size_t i = 0; i < positions->count; i++)
		if (positions->list[i]->claimed &&
		    positions->list[i]->kind == kind &&
		    strcmp(positions->list[i]->name, name) == 0)
			return positions->list[i];
	return NULL;
}

struct position *positions_claim_part(struct positions *positions,
				      enum position_kind kind, const char *name,
				      bool *twice)
{
	struct position place = {
		.kind = kind,
		.name = (char *)name,
		.newest_ns = TIME_NONE,
	};
	struct position *found = positions_find(positions, kind, name);

	*twice = !found && find_claimed(positions, kind, name);
	if (!found && !*twice)
		found = positions_add(positions, &place);
	if (found)
		found->claimed = true;
	return found;
}

void positions_begin(struct positions *positions, struct position *position,
		     uint64_t offset, int64_t newest_ns)
{
	if (position->begun)
		return;
	position->begun = true;
	position->first = offset;
	position->offset = offset;
	position->newest_ns = newest_ns;
	position->changed = true;
	positions->is_urgent = true;
}

int positions_begin_shard(struct positions *positions,
			  struct position *position, const char *mark,
			  int64_t newest_ns)
{
	if (position->begun)
		return 0;
	position->first_mark = strdup(mark);
	if (!position->first_mark || position_set_mark(position, mark, 0) != 0)
		return -1;
	positions_begin(positions, position, 0, newest_ns);
	return 0;
}

void position_set(struct position *position, uint64_t offset, uint64_t lines)
{
	position->changed |=
		position->offset != offset || position->line_number != lines;
	position->offset = offset;
	position->line_number = lines;
}

int position_set_mark(struct position *position, const char *mark,
		      uint64_t lines)
{
	position_set(position, 0, lines);
	if (position->mark && strcmp(position->mark, mark) == 0)
		return 0;
	free(position->mark);
	position->mark = strdup(mark);
	position->changed = true;
	return position->mark ? 0 : -1;
}

void position_move(struct position *position, int64_t newest_ns)
{
	position->changed |= position->newest_ns != newest_ns;
	position->newest_ns = newest_ns;
}

int position_rename(struct position *position, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return -1;
	free(position->name);
	position->name = copy;
	position->changed = true;
	return 0;
}
