/*
 * rotation: files that had a name and lost it, maybe before they were opened.
 *
 * Two quick rotations leave three files, of which the middle one was never
 * seen under the name that is followed. What the kernel tells of the folder
 * says where it is now. Files that are open are told of, too: whoever opens
 * what is found here compares inodes.
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
	bool tried; /* in vain */
	struct rotated *next;
};

struct rotation {
	const char *base;     /* the name that is followed; the caller's */
	bool unseen;	      /* a file came there that was not looked at */
	struct rotated *list; /* in the order in which they left it */
	unsigned lost;	      /* gone before they were found: said? */
};

void rotation_init(struct rotation *rotation, const char *base);
void rotation_release(struct rotation *rotation);

/* Something happened in the folder. True: to the name, look at it. */
bool rotation_change(struct rotation *rotation, const struct change *change);

/* Forgets one of the list; lost, unless it was found. */
void rotation_drop(struct rotation *rotation, struct rotated *rotated);

#endif
