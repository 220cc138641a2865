/*
 * changes: what happens to files and folders, as the kernel tells it (inotify).
 *
 * The kernel may have no instance left, and of a file system that others write
 * to as well (NFS) it knows only half (changes_are_all()): then one has to look
 * by oneself.
 */
#ifndef SOURCE_CHANGES_H
#define SOURCE_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

#define CHANGES_NONE (-1)

enum change_kind {
	CHANGE_WRITTEN, /* the file itself: bytes, or its length */
	CHANGE_CREATED, /* in the folder, by this name */
	CHANGE_OPENED,	/* in the folder: by anybody */
	CHANGE_CLOSED,	/* in the folder: by one who could write */
	CHANGE_CAME,	/* renamed to this name */
	CHANGE_LEFT,	/* renamed from this name */
	CHANGE_DELETED, /* this name is no more */
	CHANGE_GONE,	/* the folder itself was removed or renamed */
	CHANGE_MISSED,	/* some changes were not told: look at everything */
};

struct change {
	enum change_kind kind;
	int number;	  /* whose: from changes_add() */
	uint32_t cookie;  /* the same for LEFT and CAME of one renaming */
	const char *name; /* in the folder, or ""; until the next call */
};

struct changes {
	int fd; /* -1: there is none */
	struct loop *loop;
	struct loop_watch watch;
	size_t first, size; /* of the events that were read */
	_Alignas(8) char events[4096];
};

/* As if it had been closed. */
void changes_init(struct changes *changes);

/* Begins to listen, with nothing to listen to; if it can. */
void changes_open(struct changes *changes, struct loop *loop);
void changes_close(struct changes *changes);

/*
 * Listens to what happens in a folder: CREATED, CAME, LEFT, DELETED, GONE, and
 * OPENED and CLOSED if `closed`. Its number, the same for the same folder;
 * CHANGES_NONE: it cannot.
 */
int changes_add_folder(struct changes *changes, const char *path, bool closed);

/* Listens to the file behind a descriptor: WRITTEN. Likewise. */
int changes_add_file(struct changes *changes, int fd);

void changes_remove(struct changes *changes, int number);

/* Takes the next change; false: there is none now. Never blocks. */
bool changes_next(struct changes *changes, struct change *change);

/* Nobody but this kernel writes to the file system that the path is on. */
bool changes_are_all(const char *path);

#endif
