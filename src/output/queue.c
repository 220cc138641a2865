#include "output/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/tail.h"

/* At most so much in one call to write() a regular file. */
#define FILE_PIECE_BYTES ((size_t)1 << 20)

/* A fast reader keeps one queue_write() no longer than this. */
#define TURN_BYTES ((size_t)1 << 20)

/* An empty queue gives memory above this back. */
#define KEPT_BYTES ((size_t)1 << 20)

static int fail(const struct queue *queue, int number, struct error *error)
{
	if (queue->path)
		return error_system(error, number, "cannot write '%s'",
				    queue->path);
	return error_system(error, number, "cannot write standard output");
}

/* Looks at what kind of file it is and registers with the loop. */
static int queue_attach(struct queue *queue, int fd, struct error *error)
{
	struct stat status;

	if (fstat(fd, &status))
		return fail(queue, errno, error);
	queue->is_regular = S_ISREG(status.st_mode);
	queue->is_pipe = S_ISFIFO(status.st_mode);
	queue->is_socket = S_ISSOCK(status.st_mode);
	queue->watch = (struct loop_watch){.fd = fd};
	if (queue->is_regular)
		return 0;
	return loop_watch_add(queue->loop, &queue->watch, error);
}

static void queue_detach(struct queue *queue)
{
	if (!queue->is_regular)
		loop_watch_remove(queue->loop, &queue->watch);
}

static int open_path(const char *path, int flags, struct error *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);

	if (fd < 0)
		error_system(error, errno, "cannot open '%s'", path);
	return fd;
}

/* Standard output must be open for writing; it may be anything. */
static int check_stdout(const struct queue *queue, struct error *error)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (flags < 0)
		return fail(queue, errno, error);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return fail(queue, EBADF, error);
	return 0;
}

static bool cuts(const struct queue *queue)
{
	return queue->mode == QUEUE_APPEND_ROWS ||
	       queue->mode == QUEUE_APPEND_CSV;
}

/* Cuts half a row, and tells whether something stands before it. */
static int look_at_end(const struct queue *queue, bool *empty,
		       struct error *error)
{
	struct stat status;

	*empty = true;
	if (!queue->is_regular)
		return 0;
	if (cuts(queue))
		return tail_cut(queue->watch.fd, queue->path,
				queue->mode == QUEUE_APPEND_CSV, empty, error);
	if (fstat(queue->watch.fd, &status))
		return fail(queue, errno, error);
	*empty = status.st_size == 0;
	return 0;
}

static int open_replaced(struct queue *queue, bool *empty, struct error *error)
{
	if (replace_open(&queue->replace, queue->path, error))
		return -1;
	queue->is_regular = true;
	queue->is_pipe = queue->is_socket = false;
	queue->watch = (struct loop_watch){.fd = queue->replace.fd};
	*empty = true;
	return 0;
}

/* Opens the path and registers it; -1: nothing of it is open. */
static int open_file(struct queue *queue, int flags, bool *empty,
		     struct error *error)
{
	int fd;

	queue->replaces =
		queue->mode == QUEUE_REPLACE && replace_fits(queue->path);
	if (queue->replaces)
		return open_replaced(queue, empty, error);
	fd = open_path(queue->path, flags, error);
	if (fd < 0)
		return -1;
	if (queue_attach(queue, fd, error) == 0) {
		if (look_at_end(queue, empty, error) == 0)
			return 0;
		queue_detach(queue);
	}
	close(fd);
	return -1;
}

static int close_file(struct queue *queue, struct error *error)
{
	if (queue->replaces)
		replace_close(&queue->replace);
	else if (close(queue->watch.fd) && errno != EINTR)
		return fail(queue, errno, error);
	return 0;
}

int queue_open(struct queue *queue, const char *path, enum queue_mode mode,
	       struct loop *loop, bool *empty, struct error *error)
{
	bool truncates = mode == QUEUE_TRUNCATE || mode == QUEUE_REPLACE;

	if (path && strcmp(path, "-") == 0)
		path = NULL;
	*queue = (struct queue){
		.path = path, .loop = loop, .mode = mode, .allowed = SIZE_MAX};
	if (path)
		return open_file(queue, truncates ? O_TRUNC : O_APPEND, empty,
				 error);
	*empty = true;
	if (check_stdout(queue, error))
		return -1;
	return queue_attach(queue, STDOUT_FILENO, error);
}

int queue_reopen(struct queue *queue, bool *empty, struct error *error)
{
	struct queue old = *queue;

	*empty = false;
	if (!queue->path)
		return 0;
	queue_detach(queue);
	/* Opened before it is closed, the reader of a FIFO sees no end. */
	if (open_file(queue, O_APPEND, empty, error)) {
		*queue = old;
		return -1;
	}
	*empty = *empty && queue->is_regular;
	return close_file(&old, error);
}

struct buffer *queue_buffer(struct queue *queue)
{
	return &queue->bytes;
}

void queue_allow(struct queue *queue, size_t bytes)
{
	queue->allowed = bytes;
}

/* Of those that wait. */
static size_t queue_writable(const struct queue *queue)
{
	size_t waiting = queue_waiting(queue);

	return waiting < queue->allowed ? waiting : queue->allowed;
}

void queue_drop_rest(struct queue *queue)
{
	queue->bytes.size = queue->written + queue_writable(queue);
}

static void queue_compact(struct queue *queue)
{
	struct buffer *bytes = &queue->bytes;
	size_t waiting = queue_waiting(queue);

	if (waiting == 0) {
		bytes->size = 0;
		queue->written = 0;
		if (bytes->capacity > KEPT_BYTES)
			buffer_release(bytes);
	} else if (queue->written > waiting) {
		memmove(bytes->data, bytes->data + queue->written, waiting);
		bytes->size = waiting;
		queue->written = 0;
	}
}

/*
 * A reader that left is noticed at once, not with the next window. Dying by the
 * signal that a write would raise is what a pipeline's other programs do.
 */
static int check_reader(const struct queue *queue, struct error *error)
{
	short ready = queue->watch.ready;

	if (queue->is_pipe || queue->is_socket) {
		if ((ready & POLLERR) == 0 &&
		    (!queue->is_socket || (ready & POLLHUP) == 0))
			return 0;
		raise(SIGPIPE);
		return fail(queue, EPIPE, error);
	}
	/* A terminal that is gone says so without end: it cannot be waited on.
	 */
	if (ready & (POLLERR | POLLHUP))
		return fail(queue, EIO, error);
	return 0;
}

/* True when a write of PIPE_BUF bytes will not block. */
static bool is_ready(const struct queue *queue)
{
	struct pollfd polled = {.fd = queue->watch.fd, .events = POLLOUT};

	return queue->is_regular ||
	       (poll(&polled, 1, 0) == 1 && polled.revents != 0);
}

/* One system call; -1 with errno. */
static ssize_t write_piece(const struct queue *queue)
{
	const char *data = queue->bytes.data + queue->written;
	size_t size = queue_writable(queue);
	size_t most = queue->is_regular ? FILE_PIECE_BYTES : PIPE_BUF;

	if (size > most)
		size = most;
	/* The only way not to wait on a socket that others fill as well. */
	if (queue->is_socket)
		return send(queue->watch.fd, data, size, MSG_DONTWAIT);
	return write(queue->watch.fd, data, size);
}

/* Writes until nothing is left, it would have to wait, or the turn is over. */
static int write_some(struct queue *queue, struct error *error)
{
	size_t turn = 0;

	while (queue_writable(queue) > 0 &&
	       (queue->is_regular || turn < TURN_BYTES)) {
		ssize_t size;

		if (!is_ready(queue))
			break;
		size = write_piece(queue);
		if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (size < 0 && errno != EINTR)
			return fail(queue, errno, error);
		if (size == 0)
			return fail(queue, EIO, error);
		if (size > 0) {
			queue->written += (size_t)size;
			if (queue->allowed != SIZE_MAX)
				queue->allowed -= (size_t)size;
			turn += (size_t)size;
		}
	}
	return 0;
}

/* What replaces a file has none to be written to between two windows. */
static int begin_file(struct queue *queue, struct error *error)
{
	if (!queue->replaces)
		return 0;
	if (replace_begin(&queue->replace, error))
		return -1;
	queue->watch.fd = queue->replace.fd;
	return 0;
}

static int write_waiting(struct queue *queue, struct error *error)
{
	int result;

	if (queue->bytes.failed) {
		buffer_clear(&queue->bytes);
		queue->written = 0;
		return fail(queue, ENOMEM, error);
	}
	if (queue_writable(queue) == 0) {
		queue->watch.events = 0;
		return check_reader(queue, error);
	}
	if (begin_file(queue, error))
		return -1;
	result = write_some(queue, error);
	queue_compact(queue);
	queue->watch.events = queue_writable(queue) > 0 ? POLLOUT : 0;
	return result;
}

int queue_write(struct queue *queue, struct error *error)
{
	int result = write_waiting(queue, error);

	/* A part of a window must never take the place of a whole one. */
	if (result && queue->replaces)
		replace_drop(&queue->replace);
	return result;
}

int queue_commit(struct queue *queue, struct error *error)
{
	if (!queue->replaces)
		return 0;
	if (queue_write(queue, error))
		return -1;
	return replace_commit(&queue->replace, error);
}

int queue_close(struct queue *queue, struct error *error)
{
	queue_detach(queue);
	buffer_release(&queue->bytes);
	queue->written = 0;
	if (queue->path)
		return close_file(queue, error);
	/* Some file systems tell a full disk only to close(), of any copy. */
	queue->watch.fd = dup(queue->watch.fd);
	return queue->watch.fd < 0 ? 0 : close_file(queue, error);
}
