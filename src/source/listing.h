/*
 * listing: the files of a directory.
 */
#ifndef SOURCE_LISTING_H
#define SOURCE_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct listed {
	char *path; /* "directory/name"; owned */
	uint64_t inode;
	int64_t born_ns; /* when it was made, or 0: the system cannot say */
	uint64_t size_bytes;
	int64_t written_ns;
	int64_t still_ns; /* the caller's */
};

struct listing {
	struct listed *list;
	size_t count;
	size_t capacity;
};

/*
 * Regular files and links to them, dot files aside, in the order of the bytes
 * of their names. One that cannot be looked at is listed, too, with zeros. The
 * listing is to be {0}; released by the caller also after -1: the directory
 * cannot be read, or memory is out.
 */
int listing_read(struct listing *listing, const char *directory,
		 struct error *error) MUST_CHECK;
void listing_release(struct listing *listing);

/* The file of that path, or NULL. */
const struct listed *listing_find(const struct listing *listing,
				  const char *path);

/* It is listed as one that cannot be looked at: nobody asks for it any more. */
void listing_forget(struct listing *listing, const char *path);

/* Both in one, with a / if it needs one; the caller's. NULL: memory is out. */
char *path_join(const char *directory, const char *name);

/* When the file behind a descriptor was made; 0: the system cannot say. */
int64_t file_born_ns(int fd);

/* When it was last written to; 0: the system cannot say. */
int64_t file_written_ns(int fd);

#endif
