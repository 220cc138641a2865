/*
 * Places as savepoints hold them: kind, name, inode, hash and its length,
 * offset, line number, newest time, and of a shard its mark.
 */
#include <stdlib.h>

#include "core/position.h"
#include "core/watermark.h"

static void put(struct savepoint *savepoint, const struct position *position)
{
	struct buffer *out =
		savepoint_add(savepoint, SAVED_POSITION, (int64_t)position->id);

	saved_put_number(out, position->kind);
	saved_put_text(out, span_of(position->name));
	saved_put_number(out, position->inode);
	saved_put_number(out, position->hash);
	saved_put_number(out, position->hashed_bytes);
	saved_put_number(out, position->offset);
	saved_put_number(out, position->line_number);
	saved_put_signed(out, position->newest_ns);
	if (position->kind == POSITION_SHARD)
		saved_put_text(out, span_of(position->mark));
}

/* Of these a state knows nothing before they are begun. */
static bool has_begun(const struct position *position)
{
	return position->begun || (position->kind != POSITION_PARTITION &&
				   position->kind != POSITION_SHARD);
}

void positions_save(struct positions *positions, struct savepoint *savepoint)
{
	for (size_t i = 0; i < positions->count; i++) {
		struct position *position = positions->list[i];

		if (!position->changed || !has_begun(position))
			continue;
		put(savepoint, position);
		position->changed = false;
		position->kept = true;
	}
	positions->is_urgent = false;
	savepoint_end(savepoint);
}

void positions_save_new(struct positions *positions,
			struct savepoint *savepoint)
{
	for (size_t i = 0; i < positions->count; i++) {
		struct position *position = positions->list[i];
		struct position begun = *position;

		if (position->kept || !has_begun(position))
			continue;
		begun.offset = position->first;
		begun.mark = position->first_mark;
		begun.line_number = 0;
		begun.newest_ns = TIME_NONE;
		put(savepoint, &begun);
		position->kept = true;
	}
	positions->is_urgent = false;
	savepoint_end(savepoint);
}

/* The texts are copies, to be freed. False: damaged, or memory is out. */
static bool get(struct span bytes, struct position *position)
{
	uint64_t kind, hashed_bytes;
	struct span name, mark;

	if (!saved_get_number(&bytes, &kind) || kind > POSITION_SHARD ||
	    !saved_get_text(&bytes, &name) ||
	    !saved_get_number(&bytes, &position->inode) ||
	    !saved_get_number(&bytes, &position->hash) ||
	    !saved_get_number(&bytes, &hashed_bytes) ||
	    hashed_bytes > POSITION_HASHED_MAX ||
	    !saved_get_number(&bytes, &position->offset) ||
	    !saved_get_number(&bytes, &position->line_number) ||
	    !saved_get_signed(&bytes, &position->newest_ns))
		return false;
	position->kind = (enum position_kind)kind;
	position->hashed_bytes = (uint32_t)hashed_bytes;
	position->name = strndup(name.data, name.size);
	if (position->kind == POSITION_SHARD) {
		if (!saved_get_text(&bytes, &mark))
			return false;
		position->mark = strndup(mark.data, mark.size);
		if (!position->mark)
			return false;
	}
	position->begun = position->kind == POSITION_PARTITION ||
			  position->kind == POSITION_SHARD;
	return position->name != NULL;
}

int positions_restore(struct positions *positions, const struct savepoint *kept,
		      struct error *error)
{
	for (size_t i = 0; i < kept->count; i++) {
		const struct saved_entry *entry = &kept->entries[i];
		struct position position = {.id = (uint64_t)entry->id,
					    .kept = true};
		bool read, added;

		if (entry->table != SAVED_POSITION)
			continue;
		read = get(savepoint_entry(kept, entry), &position);
		added = read && positions_add(positions, &position);
		free(position.name);
		free(position.mark);
		if (!read)
			return error_set(error, "a position in it cannot be "
						"read");
		if (!added)
			return error_set(error, "out of memory");
	}
	return 0;
}
