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

/* So much may wait before the input has to. */
#define QUEUE_LIMIT_BYTES ((size_t)16 << 20)

struct queue {
	struct buffer bytes; /* those before `written` are gone */
	size_t written;
	const char *path; /* NULL: standard output; else the caller's */
	struct loop *loop;
	struct loop_watch watch;
	bool is_regular; /* never waits, and is not watched */
	bool is_pipe;
	bool is_socket;
};

enum queue_mode { QUEUE_TRUNCATE, QUEUE_APPEND };

/*
 * Opens the file (created if need be), or takes standard output for NULL and
 * "-", and registers with the loop. -1: it cannot be written. A FIFO is waited
 * for until it has a reader; a signal ends that with an error.
 */
int queue_open(struct queue *queue, const char *path, enum queue_mode mode,
	       struct loop *loop, struct error *error) MUST_CHECK;

/*
 * Opens the path again, appending, after someone renamed the file; *empty says
 * whether it is a new one. Call with an empty queue. No change for stdout.
 * After -1 there is nothing to do but queue_close().
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

/*
 * Writes what can be written now without waiting and sets what the loop
 * watches for. -1: the output failed (memory that ran out included). A reader
 * that is gone ends the process by SIGPIPE, also while nothing waits.
 */
int queue_write(struct queue *queue, struct error *error) MUST_CHECK;

/*
 * Leaves the loop, closes a file, drops what still waits. -1: the system lost
 * what was written.
 */
int queue_close(struct queue *queue, struct error *error) MUST_CHECK;

#endif
