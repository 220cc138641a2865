/*
 * position: where reading goes on in a later run, a place for each file or
 * stream that a --state knows.
 *
 * The table is read from the state before the sources open. Each source finds
 * or makes the places of its streams and keeps them up to date when asked to
 * (source_note()); those of sources that are not given stay as they are.
 */
#ifndef CORE_POSITION_H
#define CORE_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/savepoint.h"

/* A file is known by its inode and a hash of so many of its first bytes: all
 * that were read, at most these. */
#define POSITION_HASHED_MAX 1024

enum position_kind {
	POSITION_FILE,
	POSITION_STREAM, /* known by its name; only newest_ns counts */
	/* Known by its name, too: the offset is that of a message, and the
	 * line_number how many lines of it were read. */
	POSITION_PARTITION,
	/* The same, but the message is not known by an offset: by a mark. */
	POSITION_SHARD,
};

struct position {
	uint64_t id; /* in the state; given by positions_add() */
	enum position_kind kind;
	char *name; /* the path, or the source's name; owned */
	uint64_t inode;
	uint64_t hash; /* of the first hashed_bytes of the file */
	uint32_t hashed_bytes;
	uint64_t offset;  /* of the first byte that is to be read */
	uint64_t first;	  /* a partition: where it was begun in this run */
	char *mark;	  /* a shard: as the offset, in words of its source, */
	char *first_mark; /* and as `first`; both owned, or NULL */
	uint64_t line_number; /* of the line before it; from 1, 0: none */
	int64_t newest_ns;    /* newest event time read, or TIME_NONE */
	bool begun;	      /* a partition, a shard: the offset or the mark
				 says something */
	bool changed;	      /* since the state was saved */
	bool kept;	      /* the state knows of it */
	bool claimed;	      /* a source of this run goes by it */
};

struct positions {
	struct position **list; /* each stays where it is */
	size_t count;
	size_t capacity;
	uint64_t last_id;
	bool is_urgent;		    /* positions_save_new() is called for */
	struct position **by_inode; /* hash tables: of the files, of all */
	struct position **by_name;
	size_t slot_count; /* of each */
};

void positions_init(struct positions *positions);
void positions_release(struct positions *positions);

/*
 * Adds a copy, claimed or not; id 0 gives it the next free one. NULL: memory is
 * out.
 */
struct position *positions_add(struct positions *positions,
			       const struct position *position) MUST_CHECK;

/*
 * The files of that inode, one after the other: NULL begins, NULL ends. Whose
 * hash is right is for the caller to say.
 */
struct position *positions_next_file(const struct positions *positions,
				     uint64_t inode, struct position *after);

/*
 * The unclaimed file or stream that was last seen under the name, or NULL; of
 * several the newest. One that was renamed since it was added is not found.
 */
struct position *positions_find(const struct positions *positions,
				enum position_kind kind, const char *name);

/*
 * The place of a stream that cannot be read again, claimed; a new one if there
 * is none. NULL: memory is out.
 */
struct position *positions_claim_stream(struct positions *positions,
					const char *name) MUST_CHECK;

/*
 * The same of a partition or a shard, which is begun if the state knows of it.
 * *twice: another source has it; then, or when memory is out, NULL.
 */
struct position *positions_claim_part(struct positions *positions,
				      enum position_kind kind, const char *name,
				      bool *twice) MUST_CHECK;

/* Where a partition is read from that was not begun, which the state should
 * know at once. */
void positions_begin(struct positions *positions, struct position *position,
		     uint64_t offset, int64_t newest_ns);

/* The same of a shard; the mark is copied. -1: memory is out. */
int positions_begin_shard(struct positions *positions,
			  struct position *position, const char *mark,
			  int64_t newest_ns) MUST_CHECK;

/* Where a partition goes on; changed if it was another place. */
void position_set(struct position *position, uint64_t offset, uint64_t lines);

/* Where a shard goes on. -1: memory is out. */
int position_set_mark(struct position *position, const char *mark,
		      uint64_t lines) MUST_CHECK;

/* Its newest event time; changed if it was another. */
void position_move(struct position *position, int64_t newest_ns);

/* Renames it: a file moved. -1: memory is out. */
int position_rename(struct position *position, const char *name) MUST_CHECK;

/* Adds those that changed to the savepoint; failures stick to that. */
void positions_save(struct positions *positions, struct savepoint *savepoint);

/*
 * Adds those that the state does not know of, as they were before anything was
 * read (a partition as it was begun): it goes beside any other savepoint. A
 * file that loses its name before the next window is then looked for by the
 * next run, even after a kill -9.
 */
void positions_save_new(struct positions *positions,
			struct savepoint *savepoint);

/* Adds those that a savepoint holds. -1: memory is out, or it is damaged. */
int positions_restore(struct positions *positions, const struct savepoint *kept,
		      struct error *error) MUST_CHECK;

#endif
