/*
 * file: the file of a state as the system sees it: who may open it, what it is
 * by its first bytes, and what lies beside it. Nothing here changes a file that
 * holds something.
 *
 * A file is held by a lock on the bytes that SQLite locks, of the open file
 * description (fcntl(2), F_OFD_SETLK): any other user of SQLite finds it busy,
 * and closing another descriptor of the file does not let go of it.
 */
#ifndef STATE_FILE_H
#define STATE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

/* In the header of the database. */
#define STATE_APPLICATION 0x4f72436f /* "OrCo" */
#define STATE_FORMAT	  1

struct state_file {
	char *path; /* without symbolic links */
	int fd;	    /* its lock lasts as long; -1: closed */
	uint64_t size;
	bool is_locked;
	bool is_made;	/* there was none before */
	bool is_bare;	/* it holds nothing: empty, or never finished */
	bool is_filled; /* it was empty, and was made an image */
	bool had_wal;	/* SQLite's, of a run that did not end by itself */
};

/*
 * Opens and locks the file, makes one where none is, and judges what it is.
 * -1, and nothing to close: it cannot be used, and is as it was. name, as the
 * user wrote it, is for the message.
 */
int state_file_open(struct state_file *file, const char *name,
		    struct error *error) MUST_CHECK;

/*
 * Makes a bare file the image, so that a crash leaves it bare or whole. -1: it
 * could not be written, or holds something else; it is as it was once it is
 * closed as refused.
 */
int state_file_fill(struct state_file *file, const char *name,
		    struct span image, struct error *error) MUST_CHECK;

/* Lets go of it. refused: takes away what opening it left: a file that was
 * made, or filled and nothing else, and what lies beside it. */
void state_file_close(struct state_file *file, bool refused);

#endif
