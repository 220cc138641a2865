#include "source/folder_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Files that are opened and passed over in one call. */
#define PASSED_MAX 64

static int folder_start(struct source *source, struct loop *loop,
			const struct clock *clock, struct error *error)
{
	struct folder_source *self = (struct folder_source *)source;

	self->loop = loop;
	self->timer.due_ns = clock->mono_ns + FOLLOW_CHECK_NS;
	self->timer.part = LOOP_INPUT;
	loop_timer_add(loop, &self->timer);
	stream_open(&self->root, source->name);
	changes_open(&self->changes, loop);
	folder_listen(self, clock->mono_ns);
	if (listing_read(&self->last, source->name, error) < 0)
		return -1;
	self->scanning = self->anew = false;
	for (size_t i = 0; i < self->last.count; i++)
		folder_queue(self, strdup(self->last.list[i].path));
	return 0;
}

/* --- reading -------------------------------------------------------------- */

/* The end that was told has been dealt with. */
static void folder_settle(struct folder_source *self)
{
	struct seen_file *seen;

	if (!self->ended)
		return;
	self->ended = false;
	regular_note(&self->file);
	self->done_bytes += self->file.read_bytes;
	self->file.read_bytes = 0;
	self->file.position = NULL;
	seen = seen_find(&self->seen, self->file.inode, self->born_ns);
	if (seen && !self->unreadable) {
		seen->size_bytes = self->file.offset;
		seen->written_ns = self->written_ns;
	}
	self->unreadable = false;
}

/* The first of the queue becomes the file of the stream, or none. */
static void folder_name(struct folder_source *self)
{
	free(self->name);
	self->name = self->queue.first->path;
	self->queue.first->path = NULL;
	queue_drop(&self->queue, &self->queue.first);
	stream_open(&self->file.stream, self->name);
}

/* It was read before, or nothing new is in it. */
static bool folder_knows(struct folder_source *self, int64_t now_ns)
{
	struct regular *file = &self->file;
	struct stream_time *newest = &self->root.own_time;
	struct seen_file *seen;
	enum regular_found found;

	self->born_ns = file_born_ns(file->fd);
	self->written_ns = file_written_ns(file->fd);
	seen = seen_add(&self->seen, file->inode, self->born_ns);
	if (seen && seen->read) {
		folder_compare(self, seen, self->name, file->size_bytes,
			       self->written_ns, now_ns);
		return true;
	}
	found = regular_begin(file, self->name, self->positions);
	if (!seen || found == REGULAR_FAILED) {
		self->unreadable = true;
		error_set(&self->why, "cannot read '%s': out of memory",
			  self->name);
		return false;
	}
	if (file->stream.own_time.newest_ns > newest->newest_ns)
		newest->newest_ns = file->stream.own_time.newest_ns;
	seen->read = true;
	/* Its inode may be another file's before it is listed again. */
	listing_forget(&self->last, self->name);
	seen->size_bytes = file->size_bytes;
	seen->written_ns = self->written_ns;
	if (found == REGULAR_CHANGED)
		notes_add(&self->notes,
			  "'%s' was written anew since the last run: it is "
			  "read from its beginning",
			  self->name);
	return found == REGULAR_KNOWN && file->offset == file->size_bytes;
}

/* It may have been renamed: if so, that is told by now. */
static void folder_miss(struct folder_source *self, int64_t now_ns)
{
	self->queue.first->missing = true;
	folder_drain(self, now_ns);
	if (!self->queue.first || !self->queue.first->missing)
		return;
	folder_seek(self);
}

/*
 * Opens the first of the queue. True: it is to be read, or to be said that it
 * cannot be. False: it was passed over, or, if it is still there, has to wait.
 */
static bool folder_open(struct folder_source *self, int64_t now_ns)
{
	int number = regular_open(&self->file, self->queue.first->path);

	switch (number) {
	case 0:
		self->trouble = 0;
		folder_name(self);
		if (!folder_knows(self, now_ns))
			return true;
		regular_close(&self->file);
		self->file.position = NULL;
		return false;
	case EISDIR:
	case REGULAR_OTHER:
		queue_drop(&self->queue, &self->queue.first);
		return false;
	case ENOENT: folder_miss(self, now_ns); return false;
	case EMFILE:
	case ENFILE:
		regular_explain(&self->why, number, self->queue.first->path);
		folder_trouble(self, number, self->why.message);
		self->full = true;
		return false;
	default:
		folder_name(self);
		regular_explain(&self->why, number, self->name);
		self->unreadable = true;
		return true;
	}
}

/* Opens the next file that has something, but is not away for long. */
static enum source_status folder_open_next(struct folder_source *self,
					   int64_t now_ns, struct chunk *chunk)
{
	struct stream *stream = &self->file.stream;
	unsigned passed = 0;

	self->full = false;
	while (self->queue.first && passed++ < PASSED_MAX) {
		if (folder_open(self, now_ns)) {
			stream->time = &self->root.own_time;
			self->told = true;
			return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT,
					  stream);
		}
		if (self->full)
			return SOURCE_AGAIN; /* till the next look */
	}
	if (passed > PASSED_MAX)
		self->timer.due_ns = now_ns;
	return SOURCE_AGAIN;
}

static void folder_read(struct folder_source *self, struct read_area area,
			struct chunk *chunk)
{
	struct stream *stream = &self->file.stream;

	if (self->unreadable) {
		regular_close(&self->file);
		chunk_tell(chunk, CHUNK_LOST, AFTER_NEXT, stream);
		chunk->why = self->why;
	} else {
		/* The read that finds no more has seen what that was. */
		if (self->file.offset >= self->file.size_bytes)
			self->written_ns = file_written_ns(self->file.fd);
		regular_next(&self->file, AFTER_NEXT, area, chunk);
	}
	if (chunk->kind == CHUNK_DATA)
		return;
	if (chunk->kind == CHUNK_ENDED)
		chunk->half_left = self->positions != NULL;
	self->told = false;
	self->ended = true;
}

static enum source_status folder_next(struct source *source,
				      const struct clock *clock,
				      struct read_area area,
				      struct chunk *chunk)
{
	struct folder_source *self = (struct folder_source *)source;
	enum source_status status = SOURCE_CHUNK;

	if (!self->opened) {
		self->opened = true;
		return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT, &self->root);
	}
	folder_settle(self);
	folder_look(self, clock->mono_ns);
	if (notes_take(&self->notes, &self->root, chunk))
		return SOURCE_CHUNK;
	if (self->told)
		folder_read(self, area, chunk);
	else
		status = folder_open_next(self, clock->mono_ns, chunk);
	/* Idle is only a directory in which no unread file is. */
	self->root.own_time.steady = self->told || self->queue.first;
	if (status == SOURCE_AGAIN &&
	    notes_take(&self->notes, &self->root, chunk))
		return SOURCE_CHUNK;
	return status;
}

/* --- the rest ------------------------------------------------------------- */

static int folder_restore(struct source *source, struct positions *positions,
			  struct error *error)
{
	struct folder_source *self = (struct folder_source *)source;

	(void)error;
	self->positions = positions;
	return 0;
}

static int folder_note(struct source *source, struct error *error)
{
	struct folder_source *self = (struct folder_source *)source;

	(void)error;
	regular_note(&self->file);
	return 0;
}

static void folder_report(const struct source *source,
			  struct source_report *report)
{
	const struct folder_source *self = (const struct folder_source *)source;

	*report = (struct source_report){
		.state = REPORT_UP,
		.redial_ns = TIME_NEVER,
		.read_bytes = self->done_bytes + self->file.read_bytes,
	};
}

static void folder_close(struct source *source)
{
	struct folder_source *self = (struct folder_source *)source;

	while (self->made.first)
		queue_drop(&self->made, &self->made.first);
	while (self->queue.first)
		queue_drop(&self->queue, &self->queue.first);
	regular_release(&self->file);
	changes_close(&self->changes);
	if (self->loop)
		loop_timer_remove(self->loop, &self->timer);
	listing_release(&self->last);
	seen_release(&self->seen);
	notes_release(&self->notes);
	stream_release(&self->root);
	free(self->left);
	free(self->name);
	free(self);
}

static const struct source_ops folder_ops = {
	.start = folder_start,
	.next = folder_next,
	.restore = folder_restore,
	.note = folder_note,
	.report = folder_report,
	.close = folder_close,
};

struct source *follow_directory_new(const char *path)
{
	struct folder_source *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->source = (struct source){&folder_ops, path};
	self->number = self->parent = CHANGES_NONE;
	queue_init(&self->made);
	queue_init(&self->queue);
	changes_init(&self->changes);
	stream_init(&self->root);
	regular_init(&self->file);
	return &self->source;
}
