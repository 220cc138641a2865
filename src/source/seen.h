/*
 * seen: which files of a directory were read, so that none is read twice.
 *
 * A file is its inode and the time when it was made: an inode's number is used
 * again as soon as its file is gone.
 */
#ifndef SOURCE_SEEN_H
#define SOURCE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct seen_file {
	uint64_t inode;
	int64_t born_ns;
	uint64_t size_bytes; /* as it was read, or as it was told of since: */
	int64_t written_ns;
	int64_t again_ns; /* the caller's */
	bool used;
	bool read;   /* not only waiting to be */
	bool missed; /* it was not where it was to be read: look for it */
};

struct seen {
	struct seen_file *slots;
	size_t slot_count;
	size_t count;
};

void seen_release(struct seen *seen);

/* It was read, and is not so any more. */
static inline bool seen_is_other(const struct seen_file *file,
				 uint64_t size_bytes, int64_t written_ns)
{
	return file->read && (file->size_bytes != size_bytes ||
			      file->written_ns != written_ns);
}

/* The file, or NULL; until the next seen_add(). */
struct seen_file *seen_find(const struct seen *seen, uint64_t inode,
			    int64_t born_ns);

/*
 * The same; it is added if it is not there, in place of an older one of that
 * inode. NULL: memory is out.
 */
struct seen_file *seen_add(struct seen *seen, uint64_t inode,
			   int64_t born_ns) MUST_CHECK;

#endif
