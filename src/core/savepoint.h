/*
 * savepoint: what changed since the one before, for a later run to go on from.
 *
 * A list of entries, each an id in a table and the bytes that stand there from
 * now on. What the bytes say is the business of who adds and reads them; who
 * stores them does not look inside. Nothing in it points anywhere else, so that
 * another thread may have it.
 */
#ifndef CORE_SAVEPOINT_H
#define CORE_SAVEPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/span.h"

enum saved_table {
	SAVED_HEAD,	/* one entry, id 0: what there is only one of */
	SAVED_PANE,	/* open panes, by index */
	SAVED_POSITION, /* by its id */
	SAVED_GROUP,	/* totals, by group number */
	SAVED_TABLES,	/* their number */
};

struct saved_entry {
	enum saved_table table;
	int64_t id;
	size_t offset; /* in bytes */
	size_t size;   /* 0: the entry is gone */
};

struct savepoint {
	struct saved_entry *entries;
	size_t count;
	size_t capacity;
	struct buffer bytes; /* of all entries; failed: memory was out */
	/* The window that closed with it, as engine_replay() wants it; empty
	 * where there is none. */
	struct buffer window;
};

void savepoint_init(struct savepoint *savepoint);
void savepoint_release(struct savepoint *savepoint);

/* Empties it; keeps the memory. */
void savepoint_clear(struct savepoint *savepoint);

/* Memory ran out while it was filled. */
bool savepoint_failed(const struct savepoint *savepoint);

/*
 * Begins an entry: what is appended to the buffer that is returned, until the
 * next call, stands in it. Follow the last one with savepoint_end().
 */
struct buffer *savepoint_add(struct savepoint *savepoint,
			     enum saved_table table, int64_t id);
void savepoint_end(struct savepoint *savepoint);

static inline struct span savepoint_entry(const struct savepoint *savepoint,
					  const struct saved_entry *entry)
{
	return span_make(savepoint->bytes.data + entry->offset, entry->size);
}

/* --- numbers and texts in an entry ---------------------------------------- */

/* As few bytes as it needs, seven bits a byte, low first (LEB128). */
void saved_put_number(struct buffer *out, uint64_t number);
void saved_put_signed(struct buffer *out, int64_t number);
void saved_put_text(struct buffer *out, struct span text); /* with its size */

/* Take one off the front; false, and nothing taken: it is not there. */
bool saved_get_number(struct span *bytes, uint64_t *number);
bool saved_get_signed(struct span *bytes, int64_t *number);
bool saved_get_text(struct span *bytes, struct span *text);

#endif
