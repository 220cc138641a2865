/*
 * What the parts of a followed directory share:
 *
 *     folder_queue.c      files that are to be read
 *     folder_look.c       which these are
 *     follow_directory.c  the source: reads them
 *
 * Nobody else includes this.
 */
#ifndef SOURCE_FOLDER_PARTS_H
#define SOURCE_FOLDER_PARTS_H

#include "source/changes.h"
#include "source/follow.h"
#include "source/listing.h"
#include "source/notes.h"
#include "source/regular.h"
#include "source/seen.h"

struct queued {
	char *path;
	bool missing;	 /* it was not there */
	int64_t made_ns; /* mono: when its name came up */
	struct queued *next;
};

struct queue {
	struct queued *first, **tail;
};

struct folder_source {
	struct source source; /* first: a source is one of these */
	struct positions *positions;
	struct loop *loop;
	struct notes notes;
	struct stream root;
	/* looking */
	struct changes changes;
	struct loop_timer timer;
	int number;	     /* the directory's, in changes */
	uint64_t inode;	     /* the directory's; 0: it is gone */
	int parent;	     /* its parent's, while it is gone */
	bool replaced;	     /* it is gone, or back: who has the name now? */
	bool scanning;	     /* list it: some changes were not told */
	bool anew;	     /* and at once */
	bool untold;	     /* that changes were not told was said */
	struct listing last; /* when it was listed */
	char *left;	     /* the path that was renamed last, and how */
	uint32_t cookie;
	int trouble;
	/* reading */
	struct seen seen;
	struct queue made; /* files that nobody has opened since */
	struct queue queue;
	struct regular file; /* the first of the queue, while it is open */
	int64_t born_ns;
	int64_t written_ns; /* before it was found to have ended */
	char *name;	    /* of the file's stream */
	bool full;	    /* no descriptor was left */
	bool unreadable;
	struct error why;
	bool told;  /* its beginning was */
	bool ended; /* its end was */
	bool opened;
	uint64_t done_bytes;
};

/* --- folder_queue.c ------------------------------------------------------- */

void queue_init(struct queue *queue);

/* Takes the path. NULL: memory is out, maybe for the path already. */
struct queued *queue_add(struct queue *queue, char *path);
void queue_drop(struct queue *queue, struct queued **link);
void queue_forget(struct queue *queue, const char *path);

/* A file is to be read; takes the path, which is NULL when memory is out. */
void folder_queue(struct folder_source *self, char *path);

/* --- folder_look.c -------------------------------------------------------- */

/*
 * The first of the queue is not there: it is listed again if it may have
 * another name by now, else that is said.
 */
void folder_seek(struct folder_source *self);

/* A file that was read is so now: if it has become another since, that is said,
 * once. */
void folder_compare(struct folder_source *self, struct seen_file *seen,
		    const char *path, uint64_t size_bytes, int64_t written_ns,
		    int64_t now_ns);

/* The system's error number, said once until it is another, or 0. */
void folder_trouble(struct folder_source *self, int number,
		    const char *message);

/* Takes what the kernel tells. */
void folder_drain(struct folder_source *self, int64_t now_ns);

/* Listens to the directory that has the name now. */
void folder_listen(struct folder_source *self, int64_t now_ns);

/* Looks at what has changed, if something has, or if it is time to. */
void folder_look(struct folder_source *self, int64_t now_ns);

#endif
