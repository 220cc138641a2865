#include "source/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/worker.h"
#include "source/fifo.h"
#include "source/follow.h"
#include "source/notes.h"
#include "source/reader.h"
#include "source/regular.h"

struct file_source {
	struct source source; /* first: a source is one of these */
	struct file_options options;
	struct positions *positions;
	struct notes notes;
	struct loop *loop;
	struct worker *worker; /* while a FIFO has no writer yet */
	struct loop_watch worker_watch;
	struct reader reader;	 /* of a FIFO or a device */
	struct regular regular;	 /* and of a regular file; its stream is used
				    for either */
	struct fifo_place place; /* of a FIFO that is followed */
	int spare_fd;		 /* of the one that has the name, else -1 */
	bool behind;		 /* another has it, and is not open */
	bool replaced;		 /* another is open than the one that is read */
	bool told_other;	 /* that it is no FIFO any more was said */
	bool opened;		 /* OPENED was told */
	bool over;
};

static int file_start_fifo(struct file_source *self, struct error *error)
{
	struct fifo_task *task =
		fifo_task_new(self->source.name, self->place.fd);

	if (!task)
		return error_set(error, "out of memory");
	self->worker = worker_start(fifo_task_run, fifo_task_free, task, error);
	if (!self->worker) {
		fifo_task_free(task);
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

static int file_start_regular(struct file_source *self, struct error *error)
{
	const char *name = self->source.name;

	self->regular.stream.own_time.steady = true;
	switch (regular_begin(&self->regular, name, self->positions)) {
	case REGULAR_NEW:
	case REGULAR_KNOWN:
	case REGULAR_UNREADABLE: break;
	case REGULAR_CHANGED:
		notes_add(&self->notes,
			  "'%s' was written anew since the last run: it is "
			  "read from its beginning",
			  name);
		break;
	case REGULAR_OTHERS:
		notes_add(&self->notes,
			  "'%s' is another file than in the last run: it is "
			  "read from its beginning; what was added to the old "
			  "one is not read (--follow looks for it)",
			  name);
		break;
	case REGULAR_FAILED: return error_set(error, "out of memory");
	}
	regular_read_ahead(&self->regular, self->options.ahead);
	return 0;
}

static int file_start(struct source *source, struct loop *loop,
		      const struct clock *clock, struct error *error)
{
	struct file_source *self = (struct file_source *)source;
	struct stat status;
	int fd, number;

	self->loop = loop;
	/* Asked by name: to open a FIFO for a look and to close it again would
	 * let a writer in and kill it by SIGPIPE. */
	if (stat(source->name, &status) < 0)
		return error_system(error, errno, "cannot open '%s'",
				    source->name);
	if (S_ISDIR(status.st_mode))
		return error_system(error, EISDIR, "cannot open '%s'",
				    source->name);
	if (S_ISFIFO(status.st_mode)) {
		if (self->options.follow && !self->options.until_end)
			fifo_place_open(&self->place, loop, source->name,
					clock->mono_ns);
		return file_start_fifo(self, error);
	}
	fd = open(source->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_system(error, errno, "cannot open '%s'",
				    source->name);
	number = regular_adopt(&self->regular, fd);
	if (number == 0)
		return file_start_regular(self, error);
	if (number != REGULAR_OTHER) {
		close(fd);
		return error_system(error, number, "cannot open '%s'",
				    source->name);
	}
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
	if (!self->place.path)
		return 0;
	if (self->spare_fd < 0)
		self->spare_fd = fifo_open(self->source.name);
	if (self->spare_fd < 0)
		self->spare_fd = fifo_open_again(self->reader.fd);
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
	if (self->behind && self->reader.fd < 0)
		return SOURCE_AGAIN;
	self->opened = true;
	if (self->regular.fd < 0)
		stream_open(&self->regular.stream, self->source.name);
	return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT,
			  &self->regular.stream);
}

/*
 * The last writer of a followed FIFO has gone: what the next one writes is
 * another stream, in the same time. A FIFO that is opened without a writer is
 * not ready until one was there: nothing spins. The spare descriptor lets
 * writers come while the other is closed, and knows it when it has no name.
 */
static void file_reopen_fifo(struct file_source *self, struct chunk *chunk)
{
	const char *name = self->source.name;
	int fd = fifo_open_again(self->spare_fd);

	if (fd < 0) {
		chunk->kind = CHUNK_LOST;
		error_system(&chunk->why, errno, "cannot open '%s' again",
			     name);
		return;
	}
	if (reader_open(&self->reader, self->loop, fd, false, &chunk->why) <
	    0) {
		chunk->kind = CHUNK_LOST;
		close(fd);
		return;
	}
	chunk->after = AFTER_NEXT;
	self->opened = false;
}

/*
 * Another FIFO has the name. Its writers are let in at once, and read when the
 * last writer of the old one has gone; if none is there, a read says so.
 */
static bool file_catch_up(struct file_source *self)
{
	struct error ignored;
	int fd;

	if (!self->worker && self->reader.fd < 0)
		return file_start_fifo(self, &ignored) == 0;
	fd = fifo_open(self->source.name);
	if (fd < 0)
		return errno == ENOENT || errno == EINVAL;
	if (self->spare_fd >= 0)
		close(self->spare_fd);
	self->spare_fd = fd;
	self->replaced = true;
	return true;
}

static void file_look_at_name(struct file_source *self, int64_t now_ns)
{
	int old;

	if (fifo_place_look(&self->place, now_ns, &old)) {
		self->behind = true;
		if (self->worker && !worker_result(self->worker)) {
			file_drop_worker(self);
			fifo_release_readers(old);
		}
		if (old >= 0)
			close(old);
	}
	/* Without a descriptor or a thread it is tried again. */
	if (self->behind)
		self->behind = !file_catch_up(self);
	if (self->place.is_other && !self->told_other)
		notes_add(&self->notes,
			  "'%s' is no FIFO any more: waiting for one",
			  self->source.name);
	self->told_other = self->place.is_other;
}

/* Reads the one that has lost its name, although it may have no writer. */
static void file_try_fifo(struct file_source *self)
{
	int flags = fcntl(self->reader.fd, F_GETFL);

	self->replaced = false;
	if (flags >= 0 &&
	    fcntl(self->reader.fd, F_SETFL, flags | O_NONBLOCK) == 0)
		self->reader.watch.ready = POLLIN;
}

static void file_read(struct file_source *self, struct read_area area,
		      struct chunk *chunk)
{
	regular_next(&self->regular, AFTER_OVER, area, chunk);
	self->over = self->regular.fd < 0;
	if (chunk->kind == CHUNK_ENDED)
		chunk->half_left = self->options.keep_half;
}

static enum source_status file_next(struct source *source,
				    const struct clock *clock,
				    struct read_area area, struct chunk *chunk)
{
	struct file_source *self = (struct file_source *)source;
	struct stream *stream = &self->regular.stream;
	uint64_t read_bytes = self->reader.read_bytes;
	enum source_status status;

	if (self->over)
		return SOURCE_AGAIN;
	file_look_at_name(self, clock->mono_ns);
	if (!self->opened)
		return file_begin(self, chunk);
	if (notes_take(&self->notes, stream, chunk))
		return SOURCE_CHUNK;
	if (self->regular.fd >= 0) {
		file_read(self, area, chunk);
		return SOURCE_CHUNK;
	}
	if (self->replaced)
		file_try_fifo(self);
	status = reader_next(&self->reader, source->name, stream, AFTER_OVER,
			     area, chunk);
	if (self->reader.fd >= 0)
		return status;
	if (chunk->kind == CHUNK_ENDED && self->spare_fd >= 0)
		file_reopen_fifo(self, chunk);
	self->reader.read_bytes = read_bytes;
	self->over = self->reader.fd < 0;
	return status;
}

static int file_restore(struct source *source, struct positions *positions,
			struct error *error)
{
	struct file_source *self = (struct file_source *)source;

	(void)error;
	self->positions = positions;
	return 0;
}

static int file_note(struct source *source, struct error *error)
{
	struct file_source *self = (struct file_source *)source;

	(void)error;
	regular_note(&self->regular);
	return 0;
}

static void file_report(const struct source *source,
			struct source_report *report)
{
	const struct file_source *self = (const struct file_source *)source;

	*report = (struct source_report){
		.state = REPORT_UP,
		.redial_ns = TIME_NEVER,
		.read_bytes =
			self->reader.read_bytes + self->regular.read_bytes,
		.size_bytes =
			self->reader.size_bytes + self->regular.size_bytes,
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
	fifo_place_close(&self->place);
	reader_close(&self->reader);
	if (self->spare_fd >= 0)
		close(self->spare_fd);
	regular_release(&self->regular);
	notes_release(&self->notes);
	free(self);
}

static const struct source_ops file_ops = {
	.start = file_start,
	.next = file_next,
	.restore = file_restore,
	.note = file_note,
	.report = file_report,
	.close = file_close,
};

struct source *file_source_new(const char *path,
			       const struct file_options *options)
{
	struct file_source *self;
	struct stat status;

	if (options->follow &&
	    (stat(path, &status) < 0 || S_ISREG(status.st_mode)))
		return follow_file_new(path, options);
	self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->source = (struct source){&file_ops, path};
	self->options = *options;
	self->reader.fd = -1;
	self->spare_fd = -1;
	fifo_place_init(&self->place);
	regular_init(&self->regular);
	return &self->source;
}
