/*
 * queue: the bytes that wait for stdout or a file.
 *
 * A slow reader never blocks the program: the queue writes when poll says that
 * there is room, at most PIPE_BUF bytes at a time to pipes, sockets and
 * terminals (a borrowed descriptor is never made non-blocking), large pieces
 * to regular files. Whoever fills it looks at queue_is_full() first.
 */
#ifndef OUTPUT_QUEUE_H
#define OUTPUT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/loop.h"
#include "output/replace.h"

/* So much may wait before the input has to. */
#define QUEUE_LIMIT_BYTES ((size_t)16 << 20)

/*
 * What becomes of a regular file, or a path that is not there; with anything
 * else it makes no difference.
 */
enum queue_mode {
	QUEUE_TRUNCATE,
	QUEUE_APPEND,
	/* Appended to behind its last whole row: what a crash left of half a
	 * one is cut, whenever the file is opened (see tail.h). */
	QUEUE_APPEND_ROWS,
	QUEUE_APPEND_CSV, /* the same, where a newline may stand in a row */
	QUEUE_REPLACE,	  /* by each queue_commit(), whole (see replace.h) */
};

struct queue {
	struct buffer bytes; /* those before `written` are gone */
	size_t written;
	size_t allowed;	  /* of those that wait, so many may be written */
	const char *path; /* NULL: standard output; else the caller's */
	struct loop *loop;
	struct loop_watch watch;
	bool is_regular; /* never waits, and is not watched */
	bool is_pipe;
	bool is_socket;
	enum queue_mode mode;
	bool replaces;		/* what is written goes to: */
	struct replace replace; /* its fd is the one watched */
};

/*
 * Opens the file (created if need be), or takes standard output for NULL and
 * "-", and registers with the loop. *empty is false only for a regular file
 * that keeps something. -1: it cannot be written. A FIFO is waited for until it
 * has a reader; a signal ends that with an error.
 */
int queue_open(struct queue *queue, const char *path, enum queue_mode mode,
	       struct loop *loop, bool *empty, struct error *error) MUST_CHECK;

/*
 * Opens the path again, appending, after someone renamed the file; *empty says
 * whether it is a new one. Call with an empty queue, between two windows. No
 * change for stdout. After -1 there is nothing to do but queue_close().
 */
int queue_reopen(struct queue *queue, bool *empty,
		 struct error *error) MUST_CHECK;

/* Bytes that wait. */
static inline size_t queue_waiting(const struct queue *queue)
{
	return queue->bytes.failed ? 0 : queue->bytes.size - queue->written;
}

static inline bool queue_is_full(const struct queue *queue)
{
	return queue_waiting(queue) >= QUEUE_LIMIT_BYTES;
}

/* Where to append; follow it with queue_write(). */
struct buffer *queue_buffer(struct queue *queue);

/* At most so many of the bytes that wait, or come, are written until the next
 * call; SIZE_MAX: all. */
void queue_allow(struct queue *queue, size_t bytes);

/* Drops what waits and may not be written. */
void queue_drop_rest(struct queue *queue);

/*
 * Writes what can be written now without waiting and sets what the loop
 * watches for. -1: the output failed (memory that ran out included). A reader
 * that is gone ends the process by SIGPIPE, also while nothing waits.
 */
int queue_write(struct queue *queue, struct error *error) MUST_CHECK;

/*
 * A window is queued to its end. With QUEUE_REPLACE what waits is written, and
 * what was written takes the place of the file; else nothing happens. -1: the
 * file is as it was.
 */
int queue_commit(struct queue *queue, struct error *error) MUST_CHECK;

/*
 * Leaves the loop, closes a file, drops what still waits, and what was to
 * replace a file and is not committed. -1: the system lost
 * what was written.
 */
int queue_close(struct queue *queue, struct error *error) MUST_CHECK;

#endif
