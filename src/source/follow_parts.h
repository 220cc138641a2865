/*
 * What the parts of a followed file share:
 *
 *     rotation.c        names, as the kernel tells them
 *     follow_list.c     those that are read
 *     follow_look.c     which files are to be read
 *     follow_restore.c  which were, in an earlier run
 *     follow_file.c     the source: reads them
 *
 * Nobody else includes this.
 */
#ifndef SOURCE_FOLLOW_PARTS_H
#define SOURCE_FOLLOW_PARTS_H

#include <errno.h>

#include "source/changes.h"
#include "source/follow.h"
#include "source/notes.h"
#include "source/regular.h"
#include "source/rotation.h"

/* A file that has, or had, the name. */
struct followed {
	struct regular regular;
	int number;	  /* in changes, or CHANGES_NONE */
	bool told;	  /* OPENED was */
	bool counted;	  /* that it came was told, or it was there before */
	bool dirty;	  /* it may have more */
	bool caught_up;	  /* it was read to its end once */
	bool broken;	  /* it could not be read */
	int64_t heard_ns; /* mono: bytes came, or a successor */
	struct followed *next;
};

struct follow_source {
	struct source source; /* first: a source is one of these */
	struct file_options options;
	struct loop *loop;
	struct positions *positions;
	struct notes notes;
	struct stream root;
	/* looking */
	struct changes changes;
	struct loop_timer timer; /* to look at the name by ourselves */
	char *folder;
	int folder_number;
	struct rotation rotation;
	int trouble;	  /* why the name cannot be opened, as it was said */
	int64_t since_ns; /* mono: nothing has the name, or TIME_NEVER */
	/* reading */
	struct followed *files;	  /* from the oldest on, which is read first */
	struct followed *current; /* the last of them */
	struct followed *spare;	  /* to be used again */
	struct followed *turn;	  /* which was read last, or NULL */
	struct followed *ending;  /* its end was told */
	bool cut;		  /* and it begins anew */
	bool opened;		  /* the root, was told */
	bool over;
	uint64_t done_bytes; /* read from files that are left */
	uint64_t size_bytes; /* with until_end */
};

/* --- follow_list.c -------------------------------------------------------- */

/* A file that is closed, or NULL: memory is out. */
struct followed *followed_new(struct follow_source *self) MUST_CHECK;

/* Its memory stays: others may still know its stream. It is not in the list. */
void followed_free(struct follow_source *self, struct followed *file);

/* It is opened, and its stream begun: readies it for the list. */
void follow_begin(struct follow_source *self, struct followed *file,
		  int64_t now_ns);

/* The file that has the name now: those before it are left in the end. */
void follow_succeed(struct follow_source *self, struct followed *file,
		    int64_t now_ns);

/* What points to a file of the list, or with NULL to its end. */
struct followed **follow_link(struct follow_source *self,
			      const struct followed *file);

/* Leaves a file of the list for good. */
void follow_leave(struct follow_source *self, struct followed *file);

/* Why a file cannot be opened has to do with us, not with the file. */
static inline bool is_passing(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOMEM;
}

/* --- follow_look.c -------------------------------------------------------- */

/* Begins to listen, and opens what is there. -1: it cannot be followed. */
int follow_look_first(struct follow_source *self, int64_t now_ns,
		      struct error *error) MUST_CHECK;

/* Looks at what has changed, if something has, or if it is time to. */
void follow_look(struct follow_source *self, int64_t now_ns);

/* --- follow_restore.c ----------------------------------------------------- */

/*
 * Where the name is another file's than in the last run, looks for the old one
 * and puts it before the new one. -1: memory or descriptors are out.
 */
int follow_restore_all(struct follow_source *self, int64_t now_ns,
		       struct error *error) MUST_CHECK;

#endif
