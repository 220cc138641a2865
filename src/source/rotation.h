/*
 * rotation: files that had a name and lost it, maybe before they were opened.
 *
 * Two quick rotations leave three files, of which the middle one was never
 * seen under the name that is followed. What the kernel tells of the folder
 * says where it is now. Files that are open are told of, too: whoever opens
 * what is found here compares inodes.
 *
 * What was opened by a name need not be the file that was told of: while one
 * looks, another may take the name. But so many files came to the name, and so
 * many were opened: what is not open and cannot be any more is lost.
 */
#ifndef SOURCE_ROTATION_H
#define SOURCE_ROTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "source/changes.h"

struct rotated {
	char *name; /* in the folder; NULL: between two names, or elsewhere */
	uint32_t cookie; /* of the renaming that it is in */
	bool moved;	 /* since it was last looked at */
	/* The caller's: */
	bool found; /* it is open, or was */
	bool here;  /* it was opened, if nothing else had its name by then */
	bool tried; /* in vain */
	struct rotated *next;
};

struct rotation {
	const char *base;     /* the name that is followed; the caller's */
	bool unseen;	      /* a file came there that was not opened */
	struct rotated *list; /* in the order in which they left it */
	int missing; /* files that came there, less those that were opened */
};

void rotation_init(struct rotation *rotation, const char *base);
void rotation_release(struct rotation *rotation);

/* Something happened in the folder. True: to the name, look at it. */
bool rotation_change(struct rotation *rotation, const struct change *change);

/* One of the list has another name than when it was looked at. */
bool rotation_has_moved(const struct rotation *rotation);

/* Forgets those that were opened, and were not told of since. */
void rotation_settle(struct rotation *rotation);

/* Forgets one of the list, found or not. */
void rotation_drop(struct rotation *rotation, struct rotated *rotated);

/* How many are neither open nor to be looked for, since the last time. */
unsigned rotation_take_lost(struct rotation *rotation);

/* What was opened and not told of by now never will be. */
void rotation_even_out(struct rotation *rotation);

/* Changes were not told: nobody knows how many files came. */
void rotation_lose_count(struct rotation *rotation);

#endif
