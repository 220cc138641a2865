/*
 * replace: a file that others only ever see whole.
 *
 * What is written goes into a temporary file beside it, .NAME.ordercount, which
 * is then renamed over it: the mode is that of the file before, if there was
 * one, but owner and inode are new. Of a link what it points to is replaced,
 * the link stays. What a killed run left behind is taken away by the next one
 * of the same name. The temporary file is not synced to the disk.
 */
#ifndef OUTPUT_REPLACE_H
#define OUTPUT_REPLACE_H

#include <stdbool.h>

#include "base/error.h"

struct replace {
	char *path;	 /* what is replaced, links followed */
	char *temporary; /* beside it */
	int fd;		 /* to write to; -1: there is no temporary file */
};

/* A regular file, or one that is not there: anything else is written to. */
bool replace_fits(const char *path);

/*
 * Finds out what is replaced, and begins with it, so that a folder that cannot
 * be written is an error at once. -1: nothing is left to be closed.
 */
int replace_open(struct replace *replace, const char *path,
		 struct error *error) MUST_CHECK;

/* Creates the temporary file if there is none. */
int replace_begin(struct replace *replace, struct error *error) MUST_CHECK;

/*
 * The temporary file, if there is one, takes the place of the file. -1: the
 * file is as it was. Either way there is no temporary file any more.
 */
int replace_commit(struct replace *replace, struct error *error) MUST_CHECK;

/* Takes the temporary file away. */
void replace_drop(struct replace *replace);

void replace_close(struct replace *replace);

#endif
