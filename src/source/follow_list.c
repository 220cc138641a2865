/*
 * The files that have, or had, the name: in the list, and out of it.
 */
#include "source/follow_parts.h"

#include <stdlib.h>
#include <string.h>

struct followed *followed_new(struct follow_source *self)
{
	struct followed *file = self->spare;

	if (file) {
		self->spare = file->next;
	} else {
		file = calloc(1, sizeof(*file));
		if (!file)
			return NULL;
		regular_init(&file->regular);
	}
	file->number = CHANGES_NONE;
	return file;
}

void followed_free(struct follow_source *self, struct followed *file)
{
	regular_close(&file->regular);
	file->next = self->spare;
	self->spare = file;
}

struct followed **follow_link(struct follow_source *self,
			      const struct followed *file)
{
	struct followed **link = &self->files;

	while (*link != file)
		link = &(*link)->next;
	return link;
}

void follow_succeed(struct follow_source *self, struct followed *file,
		    int64_t now_ns)
{
	struct followed *before = self->current;

	if (before && before != file) {
		before->heard_ns = now_ns;
		before->caught_up = false;
		before->dirty = true;
	}
	*follow_link(self, NULL) = file;
	file->next = NULL;
	self->current = file;
}

void follow_begin(struct follow_source *self, struct followed *file,
		  int64_t now_ns)
{
	struct regular *regular = &file->regular;
	struct stream *stream = &regular->stream;

	if (stream->own_time.newest_ns > self->root.own_time.newest_ns)
		self->root.own_time.newest_ns = stream->own_time.newest_ns;
	stream->time = &self->root.own_time;
	file->number = changes_add_file(&self->changes, regular->fd);
	file->told = file->caught_up = file->broken = false;
	file->counted = false;
	file->dirty = true;
	file->heard_ns = now_ns;
	/* It may have lost its name by the end of the window. */
	regular_introduce(regular, self->positions);
	if (!self->options.until_end)
		return;
	regular->end = regular->size_bytes > regular->offset
			       ? regular->size_bytes
			       : regular->offset;
	self->size_bytes += regular->end - regular->offset;
}

void follow_leave(struct follow_source *self, struct followed *file)
{
	struct followed **link = follow_link(self, file);

	*link = file->next;
	if (self->current == file)
		self->current = NULL;
	if (self->turn == file)
		self->turn = NULL;
	changes_remove(&self->changes, file->number);
	self->done_bytes += file->regular.read_bytes;
	file->regular.read_bytes = 0;
	followed_free(self, file);
}
