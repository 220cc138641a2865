#include "source/follow_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int follow_start(struct source *source, struct loop *loop,
			const struct clock *clock, struct error *error)
{
	struct follow_source *self = (struct follow_source *)source;

	self->loop = loop;
	self->timer.due_ns = TIME_NEVER;
	self->timer.part = LOOP_INPUT;
	loop_timer_add(loop, &self->timer);
	stream_open(&self->root, source->name);
	self->root.own_time.steady = self->options.until_end;
	if (follow_look_first(self, clock->mono_ns, error) != 0)
		return -1;
	if (!self->options.until_end)
		self->timer.due_ns = clock->mono_ns;
	return 0;
}

/* --- the end of a file ---------------------------------------------------- */

/*
 * It is known by its new name from now on: whoever looks for this one in a
 * later run has nothing to do with it any more.
 */
static void follow_rename(struct followed *file)
{
	char link[32], path[4096];
	ssize_t size;

	if (!file->regular.position)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", file->regular.fd);
	size = readlink(link, path, sizeof(path) - 1);
	path[size > 0 ? size : 0] = '\0';
	/* Without memory it keeps its name, and is found by that. */
	(void)!position_rename(file->regular.position, path);
}

/* The end that was told has been dealt with. */
static void follow_settle(struct follow_source *self)
{
	struct followed *file = self->ending;

	if (!file)
		return;
	self->ending = NULL;
	regular_note(&file->regular);
	file->told = false;
	if (self->cut) {
		regular_restart(&file->regular);
	} else if (file->broken) {
		struct stream *stream = &file->regular.stream;

		stream_open_at(stream, stream->name, file->regular.offset,
			       stream->line_number);
	} else {
		if (!self->options.until_end)
			follow_rename(file);
		follow_leave(self, file);
	}
	self->cut = false;
}

static enum source_status follow_end(struct follow_source *self,
				     struct followed *file,
				     enum chunk_kind kind, struct chunk *chunk)
{
	self->ending = file;
	chunk_tell(chunk, kind, AFTER_NEXT, &file->regular.stream);
	if (kind == CHUNK_ENDED)
		chunk->half_left = self->options.until_end;
	return SOURCE_CHUNK;
}

static enum source_status follow_truncated(struct follow_source *self,
					   struct followed *file,
					   struct chunk *chunk)
{
	bool anew = !self->options.until_end;

	notes_add(&self->notes, "'%s' was truncated: it %s", self->source.name,
		  anew ? "is read from its beginning"
		       : "has ended, as --until-end asks for what it was");
	self->cut = anew;
	return follow_end(self, file, CHUNK_ENDED, chunk);
}

static enum source_status follow_lost(struct follow_source *self,
				      struct followed *file, int number,
				      struct chunk *chunk)
{
	follow_end(self, file, CHUNK_LOST, chunk);
	error_system(&chunk->why, number, "cannot read '%s'",
		     self->source.name);
	file->dirty = false;
	file->broken = !self->options.until_end;
	return SOURCE_CHUNK;
}

/* --- reading -------------------------------------------------------------- */

/* It is read to its end: for good? */
static enum source_status follow_at_end(struct follow_source *self,
					struct followed *file, int64_t now_ns,
					struct chunk *chunk)
{
	bool quiet = now_ns - file->heard_ns >= FOLLOW_QUIET_NS;

	if (self->options.until_end && file->regular.offset < file->regular.end)
		return follow_truncated(self, file, chunk);
	file->dirty = false;
	file->caught_up = true;
	if (self->options.until_end || (file != self->current && quiet))
		return follow_end(self, file, CHUNK_ENDED, chunk);
	return SOURCE_AGAIN;
}

/* Can it be read again? If not it is left when it has a successor. */
static bool follow_mend(struct follow_source *self, struct followed *file)
{
	char byte;

	file->dirty = false;
	file->caught_up = true;
	if (pread(file->regular.fd, &byte, 1, (off_t)file->regular.offset) <
	    0) {
		if (file != self->current)
			follow_leave(self, file);
		return false;
	}
	file->broken = false;
	file->dirty = true;
	return true;
}

static enum source_status follow_read(struct follow_source *self,
				      struct followed *file, int64_t now_ns,
				      struct read_area area,
				      struct chunk *chunk)
{
	struct regular *regular = &file->regular;
	ssize_t got;

	if (file->broken && !follow_mend(self, file))
		return SOURCE_AGAIN;
	if (!file->told) {
		file->told = true;
		return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT,
				  &regular->stream);
	}
	if (regular_is_cut(regular))
		return follow_truncated(self, file, chunk);
	got = regular_read(regular, area);
	if (got == 0)
		return follow_at_end(self, file, now_ns, chunk);
	if (got < 0)
		return follow_lost(self, file, errno, chunk);
	file->heard_ns = now_ns;
	regular_introduce(regular, self->positions);
	chunk_tell(chunk, CHUNK_DATA, AFTER_NEXT, &regular->stream);
	chunk->bytes = span_make(area.data, (size_t)got);
	return SOURCE_CHUNK;
}

/*
 * Whose turn it is: older files are read to their end before newer ones begin,
 * so that times come in their order as far as they can; from then on each in
 * turn. NULL: no file has more.
 */
static struct followed *follow_choose(const struct follow_source *self)
{
	struct followed *file = self->files, *first = NULL;
	bool behind = self->turn == NULL;

	for (; file; file = file->next) {
		if (file->dirty && !file->caught_up)
			return file;
		if (file->dirty && (!first || behind)) {
			first = file;
			if (behind)
				behind = false;
		}
		if (file == self->turn)
			behind = true;
	}
	return first;
}

static enum source_status follow_read_any(struct follow_source *self,
					  int64_t now_ns, struct read_area area,
					  struct chunk *chunk)
{
	struct followed *file;

	while ((file = follow_choose(self)) != NULL) {
		self->turn = file;
		if (follow_read(self, file, now_ns, area, chunk) ==
		    SOURCE_CHUNK)
			return SOURCE_CHUNK;
	}
	if (!self->options.until_end)
		return SOURCE_AGAIN;
	self->over = true;
	chunk_tell(chunk, CHUNK_ENDED, AFTER_OVER, &self->root);
	return SOURCE_CHUNK;
}

static enum source_status follow_next(struct source *source,
				      const struct clock *clock,
				      struct read_area area,
				      struct chunk *chunk)
{
	struct follow_source *self = (struct follow_source *)source;

	if (self->over)
		return SOURCE_AGAIN;
	if (!self->opened) {
		self->opened = true;
		return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT, &self->root);
	}
	follow_settle(self);
	follow_look(self, clock->mono_ns);
	if (notes_take(&self->notes, &self->root, chunk))
		return SOURCE_CHUNK;
	return follow_read_any(self, clock->mono_ns, area, chunk);
}

/* --- the rest ------------------------------------------------------------- */

/* What was silent while we did not ask may have more to say. */
static void follow_resume(struct source *source, const struct clock *clock)
{
	struct follow_source *self = (struct follow_source *)source;
	struct followed *file;

	for (file = self->files; file; file = file->next)
		file->heard_ns = clock->mono_ns;
}

static int follow_restore(struct source *source, struct positions *positions,
			  struct error *error)
{
	struct follow_source *self = (struct follow_source *)source;

	(void)error;
	self->positions = positions;
	return 0;
}

static int follow_note(struct source *source, struct error *error)
{
	struct follow_source *self = (struct follow_source *)source;
	struct followed *file;

	(void)error;
	for (file = self->files; file; file = file->next)
		regular_note(&file->regular);
	return 0;
}

static void follow_report(const struct source *source,
			  struct source_report *report)
{
	const struct follow_source *self = (const struct follow_source *)source;
	const struct followed *file;

	*report = (struct source_report){
		.state = self->over ? REPORT_OVER : REPORT_UP,
		.redial_ns = TIME_NEVER,
		.read_bytes = self->done_bytes,
		.size_bytes = self->size_bytes,
	};
	for (file = self->files; file; file = file->next)
		report->read_bytes += file->regular.read_bytes;
}

static void followed_free_all(struct followed *file)
{
	struct followed *next;

	for (; file; file = next) {
		next = file->next;
		regular_release(&file->regular);
		free(file);
	}
}

static void follow_close(struct source *source)
{
	struct follow_source *self = (struct follow_source *)source;

	followed_free_all(self->files);
	followed_free_all(self->spare);
	changes_close(&self->changes);
	if (self->loop)
		loop_timer_remove(self->loop, &self->timer);
	rotation_release(&self->rotation);
	notes_release(&self->notes);
	stream_release(&self->root);
	free(self->folder);
	free(self);
}

static const struct source_ops follow_ops = {
	.start = follow_start,
	.next = follow_next,
	.resume = follow_resume,
	.restore = follow_restore,
	.note = follow_note,
	.report = follow_report,
	.close = follow_close,
};

struct source *follow_file_new(const char *path,
			       const struct file_options *options)
{
	struct follow_source *self = calloc(1, sizeof(*self));
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	if (!self)
		return NULL;
	self->source = (struct source){&follow_ops, path};
	self->options = *options;
	self->folder_number = CHANGES_NONE;
	self->since_ns = TIME_NEVER;
	changes_init(&self->changes);
	rotation_init(&self->rotation, slash ? slash + 1 : path);
	stream_init(&self->root);
	if (!slash)
		self->folder = strdup(".");
	else
		self->folder = strndup(path, length > 0 ? length : 1);
	if (!self->folder) {
		follow_close(&self->source);
		return NULL;
	}
	return &self->source;
}
