/*
 * regular: one regular file, read from its place to an end.
 *
 * Its first bytes are kept as they are read: they are what it is known by, in
 * this run (was it truncated and written anew?) and in the next (see
 * core/position.h), and need not be read again for it.
 */
#ifndef SOURCE_REGULAR_H
#define SOURCE_REGULAR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/position.h"
#include "core/stream.h"
#include "source/ahead.h"
#include "source/source.h"

/* The end of a file that is read to wherever it ends. */
#define REGULAR_WHOLE UINT64_MAX

/* In place of an error number: it is there, but no regular file. */
#define REGULAR_OTHER (-1)

struct regular {
	int fd; /* -1: closed */
	uint64_t device;
	uint64_t inode;
	uint64_t size_bytes; /* when it was opened */
	uint64_t offset;     /* of the byte to be read next */
	uint64_t end;	     /* that is not to be read, or REGULAR_WHOLE */
	uint64_t read_bytes; /* in this run */
	uint32_t head_bytes; /* so many of its first bytes were read, at most */
	char head[POSITION_HASHED_MAX];
	struct stream stream;
	struct position *position; /* the table's, or NULL */
	bool is_new;		   /* the place was made, in this run */
	int unreadable;		   /* why it cannot be told which it is; or 0 */
	struct ahead *ahead;	   /* its next blocks, or NULL */
};

enum regular_found {
	REGULAR_NEW,	 /* read from its beginning */
	REGULAR_KNOWN,	 /* goes on where an earlier run was */
	REGULAR_CHANGED, /* the same inode, written anew: from its beginning */
	REGULAR_OTHERS,	 /* from its beginning; the place that is kept for its
			    name, and is still unclaimed, is of another file */
	REGULAR_UNREADABLE, /* which file it is cannot be told, see below */
	REGULAR_FAILED,	    /* memory is out */
};

void regular_init(struct regular *regular);

/* Closes it, too. */
void regular_release(struct regular *regular);

/*
 * Opens it for reading, never waiting. 0, or why not: the system's error number
 * or REGULAR_OTHER, for regular_explain(). What it was before must be closed.
 */
int regular_open(struct regular *regular, const char *path) MUST_CHECK;
/* The same with a descriptor, which is then the file's if 0 is returned. */
int regular_adopt(struct regular *regular, int fd) MUST_CHECK;
void regular_close(struct regular *regular);

/* The message for why it was not opened. Returns -1. */
int regular_explain(struct error *error, int number, const char *path);

/*
 * Begins its stream under the name, which is borrowed, at the place that an
 * earlier run left, and claims that place or makes one; without a table at its
 * beginning. The newest time of an earlier run is its stream's own. The file
 * is open.
 *
 * Where its first bytes cannot be read, it may be the file that is known, and
 * would be counted twice: no place is claimed, regular->unreadable is the
 * system's error number, and regular_next() says LOST.
 */
enum regular_found regular_begin(struct regular *regular, const char *name,
				 struct positions *positions) MUST_CHECK;

/*
 * The same at the place that regular_fits() just said to be this file's, and
 * that nobody has claimed. -1: memory is out.
 */
int regular_resume(struct regular *regular, const char *name,
		   struct position *place) MUST_CHECK;

enum regular_fit {
	REGULAR_FITS, /* it begins as the file of the place did, and is long
			 enough */
	REGULAR_FITS_NOT,
	REGULAR_FITS_UNKNOWN, /* errno says why its first bytes cannot be read
			       */
};

enum regular_fit regular_fits(struct regular *regular,
			      const struct position *place) MUST_CHECK;

/* Begins its stream anew at its first byte: it was truncated. */
void regular_restart(struct regular *regular);

/* It is no more the file that was read so far: shorter, or it begins
 * otherwise. */
bool regular_is_cut(const struct regular *regular);

/*
 * The next bytes, as many as the area takes: their number, 0 at the end, -1
 * with errno.
 */
ssize_t regular_read(struct regular *regular, struct read_area area);

/*
 * From here on regular_next() gets them from what is read ahead, if the file is
 * large enough for that. NULL: from nowhere else.
 */
void regular_read_ahead(struct regular *regular, struct ahead_common *common);

/* The same as a chunk: DATA, ENDED or LOST; then it is closed. */
void regular_next(struct regular *regular, enum chunk_after after,
		  struct read_area area, struct chunk *chunk);

/*
 * The state should get to know a new file before the next window closes: by its
 * inode when it was opened, by its first bytes too once some were read.
 */
void regular_introduce(const struct regular *regular,
		       struct positions *positions);

/* Brings its place up to date with what its stream has taken. */
void regular_note(struct regular *regular);

#endif
