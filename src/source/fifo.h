/*
 * fifo: a FIFO, and which one has its name.
 *
 * One that is followed may be removed and made anew. Nobody who reads the old
 * one is told of that, and who writes to the new one waits for a reader.
 */
#ifndef SOURCE_FIFO_H
#define SOURCE_FIFO_H

#include <stdbool.h>
#include <stdint.h>

#include "source/changes.h"

/* A FIFO being opened, which blocks until a writer is there; for a worker. */
struct fifo_task {
	char *path;
	int place_fd; /* -1, or O_PATH: that FIFO, and no other of its name */
	int fd;
	int number; /* why there is no fd */
};

/* place_fd is the caller's, or -1. NULL: memory is out. */
struct fifo_task *fifo_task_new(const char *path, int place_fd) MUST_CHECK;
void fifo_task_run(void *argument);
void fifo_task_free(void *argument);

/* For reading, never waiting; -1 with errno, EINVAL: it is no FIFO. */
int fifo_open(const char *path);

/* The FIFO behind a descriptor once more, whatever its name is; likewise. */
int fifo_open_again(int fd);

/* Lets whoever waits to read the FIFO behind a descriptor (O_PATH, too) go. */
void fifo_release_readers(int fd);

struct fifo_place {
	const char *path; /* the caller's; NULL: nobody looks */
	int fd;		  /* the one that had the name (O_PATH), or -1 */
	bool is_other;	  /* what has the name is no FIFO */
	struct loop *loop;
	struct changes changes;
	int folder_number;
	struct loop_timer timer;
};

/* As if nobody looked. */
void fifo_place_init(struct fifo_place *place);

/* Begins to look at who has the name. */
void fifo_place_open(struct fifo_place *place, struct loop *loop,
		     const char *path, int64_t now_ns);
void fifo_place_close(struct fifo_place *place);

/* Another FIFO has the name than the last time: *old is that one (O_PATH), the
 * caller's, or -1. */
bool fifo_place_look(struct fifo_place *place, int64_t now_ns, int *old);

#endif
