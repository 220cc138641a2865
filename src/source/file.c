#include "source/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/worker.h"
#include "source/reader.h"

/* A FIFO being opened, which blocks until a writer is there. */
struct fifo_task {
	char *path;
	int fd;
	int number; /* why there is no fd */
};

struct file_source {
	struct source source; /* first: a source is one of these */
	struct loop *loop;
	struct worker *worker; /* while a FIFO has no writer yet */
	struct loop_watch worker_watch;
	struct reader reader;
	struct stream stream;
	bool opened; /* OPENED was told */
	bool over;
};

static void fifo_run(void *argument)
{
	struct fifo_task *task = argument;

	task->fd = open(task->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	task->number = errno;
}

static void fifo_free(void *argument)
{
	struct fifo_task *task = argument;

	if (task->fd >= 0)
		close(task->fd);
	free(task->path);
	free(task);
}

static struct fifo_task *fifo_new(const char *path)
{
	struct fifo_task *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	task->fd = -1;
	task->path = strdup(path);
	if (!task->path) {
		free(task);
		return NULL;
	}
	return task;
}

static int file_start_fifo(struct file_source *self, struct error *error)
{
	struct fifo_task *task = fifo_new(self->source.name);

	if (!task)
		return error_set(error, "out of memory");
	self->worker = worker_start(fifo_run, fifo_free, task, error);
	if (!self->worker) {
		fifo_free(task);
		return -1;
	}
	self->worker_watch = (struct loop_watch){.fd = worker_fd(self->worker),
						 .events = POLLIN,
						 .part = LOOP_OPENING};
	if (loop_watch_add(self->loop, &self->worker_watch, error) < 0) {
		worker_release(self->worker);
		self->worker = NULL;
		return -1;
	}
	return 0;
}

static void file_drop_worker(struct file_source *self)
{
	if (!self->worker)
		return;
	loop_watch_remove(self->loop, &self->worker_watch);
	worker_release(self->worker);
	self->worker = NULL;
}

static int file_start(struct source *source, struct loop *loop,
		      const struct clock *clock, struct error *error)
{
	struct file_source *self = (struct file_source *)source;
	struct stat status;
	int fd;

	(void)clock;
	self->loop = loop;
	/* Asked by name: to open a FIFO for a look and to close it again would
	 * let a writer in and kill it by SIGPIPE. */
	if (stat(source->name, &status) < 0)
		return error_system(error, errno, "cannot open '%s'",
				    source->name);
	if (S_ISDIR(status.st_mode))
		return error_system(error, EISDIR, "cannot open '%s'",
				    source->name);
	if (S_ISFIFO(status.st_mode))
		return file_start_fifo(self, error);
	fd = open(source->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_system(error, errno, "cannot open '%s'",
				    source->name);
	if (reader_open(&self->reader, loop, fd, false, error) < 0) {
		close(fd);
		return -1;
	}
	return 0;
}

/* The FIFO is open, or will never be. */
static int file_take_fifo(struct file_source *self, struct fifo_task *task,
			  struct error *error)
{
	if (task->fd < 0)
		return error_system(error, task->number, "cannot open '%s'",
				    self->source.name);
	if (reader_open(&self->reader, self->loop, task->fd, false, error) < 0)
		return -1;
	task->fd = -1;
	return 0;
}

static enum source_status file_begin(struct file_source *self,
				     struct chunk *chunk)
{
	struct fifo_task *task;

	if (self->worker) {
		task = worker_result(self->worker);
		if (!task)
			return SOURCE_AGAIN;
		if (file_take_fifo(self, task, &chunk->why) < 0) {
			chunk->kind = CHUNK_DOWN;
			chunk->after = AFTER_OVER;
			chunk->stream = NULL;
			self->over = true;
		}
		file_drop_worker(self);
		if (self->over)
			return SOURCE_CHUNK;
	}
	self->opened = true;
	stream_open(&self->stream, self->source.name);
	return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT, &self->stream);
}

static enum source_status file_next(struct source *source,
				    const struct clock *clock,
				    struct read_area area, struct chunk *chunk)
{
	struct file_source *self = (struct file_source *)source;
	enum source_status status;

	(void)clock;
	if (self->over)
		return SOURCE_AGAIN;
	if (!self->opened)
		return file_begin(self, chunk);
	status = reader_next(&self->reader, source->name, &self->stream,
			     AFTER_OVER, area, chunk);
	self->over = self->reader.fd < 0;
	return status;
}

static void file_report(const struct source *source,
			struct source_report *report)
{
	const struct file_source *self = (const struct file_source *)source;

	*report = (struct source_report){
		.state = REPORT_UP,
		.redial_ns = TIME_NEVER,
		.read_bytes = self->reader.read_bytes,
		.size_bytes = self->reader.size_bytes,
	};
	if (self->over)
		report->state = REPORT_OVER;
	else if (self->worker)
		report->state = REPORT_DIALLING;
}

static void file_close(struct source *source)
{
	struct file_source *self = (struct file_source *)source;

	file_drop_worker(self);
	reader_close(&self->reader);
	stream_release(&self->stream);
	free(self);
}

static const struct source_ops file_ops = {
	.start = file_start,
	.next = file_next,
	.report = file_report,
	.close = file_close,
};

struct source *file_source_new(const char *path)
{
	struct file_source *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->source = (struct source){&file_ops, path};
	self->reader.fd = -1;
	stream_init(&self->stream);
	return &self->source;
}
