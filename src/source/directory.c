#include "source/open.h"

#include <stdlib.h>

#include "source/follow.h"
#include "source/listing.h"
#include "source/notes.h"
#include "source/regular.h"

struct directory_source {
	struct source source; /* first: a source is one of these */
	struct file_options options;
	struct positions *positions;
	struct notes notes;
	struct listing listing;
	size_t current; /* the file of the stream, open or to be opened */
	uint64_t size_bytes;
	uint64_t done_bytes; /* read from the files before this one */
	struct regular file;
	bool opened; /* OPENED was told for the current file */
	bool ended;  /* and its end, so that its last place is to be noted */
	bool over;
	bool unreadable; /* the current file is, and why: */
	struct error why;
};

static int directory_start(struct source *source, struct loop *loop,
			   const struct clock *clock, struct error *error)
{
	struct directory_source *self = (struct directory_source *)source;

	(void)loop;
	(void)clock;
	if (listing_read(&self->listing, source->name, error) < 0)
		return -1;
	for (size_t i = 0; i < self->listing.count; i++)
		self->size_bytes += self->listing.list[i].size_bytes;
	return 0;
}

/* The current file is done: what comes after it. */
static enum chunk_after directory_after(const struct directory_source *self)
{
	return self->current + 1 < self->listing.count ? AFTER_NEXT
						       : AFTER_OVER;
}

/* The file stays known until the engine has taken its end. */
static void directory_settle(struct directory_source *self)
{
	if (!self->ended)
		return;
	regular_note(&self->file);
	self->done_bytes += self->file.read_bytes;
	self->file.read_bytes = 0;
	self->file.position = NULL;
	self->over = directory_after(self) == AFTER_OVER;
	self->current++;
	self->opened = false;
	self->ended = false;
}

static void directory_say(struct directory_source *self,
			  enum regular_found found, const char *path)
{
	if (found == REGULAR_CHANGED)
		notes_add(&self->notes,
			  "'%s' was written anew since the last run: it is "
			  "read from its beginning",
			  path);
	if (found == REGULAR_OTHERS)
		notes_add(&self->notes,
			  "'%s' is another file than in the last run: it is "
			  "read from its beginning",
			  path);
}

/* Opens the current file and begins its stream, wherever that is. */
static int directory_open(struct directory_source *self, const char *path,
			  struct error *error)
{
	enum regular_found found;
	int number = regular_open(&self->file, path);

	if (number != 0)
		return regular_explain(error, number, path);
	found = regular_begin(&self->file, path, self->positions);
	if (found == REGULAR_FAILED)
		return error_set(error, "cannot read '%s': out of memory",
				 path);
	if (self->options.until_end)
		self->file.end = self->listing.list[self->current].size_bytes;
	if (self->file.end < self->file.offset)
		self->file.end = self->file.offset;
	regular_read_ahead(&self->file, self->options.ahead);
	directory_say(self, found, path);
	return 0;
}

/*
 * Its time is a new one with each file; that more comes behind it holds the
 * windows open, whatever it is.
 */
static enum source_status directory_begin(struct directory_source *self,
					  struct chunk *chunk)
{
	struct stream *stream = &self->file.stream;
	bool is_any = self->current < self->listing.count;
	const char *path = is_any ? self->listing.list[self->current].path
				  : self->source.name;

	stream->own_time.newest_ns = TIME_NONE;
	stream->own_time.steady = true;
	stream->own_time.unread = directory_after(self) == AFTER_NEXT;
	stream_open(stream, path);
	self->opened = true;
	self->unreadable = is_any && directory_open(self, path, &self->why) < 0;
	return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT, stream);
}

static enum source_status directory_next(struct source *source,
					 const struct clock *clock,
					 struct read_area area,
					 struct chunk *chunk)
{
	struct directory_source *self = (struct directory_source *)source;

	(void)clock;
	directory_settle(self);
	if (self->over)
		return SOURCE_AGAIN;
	if (!self->opened)
		return directory_begin(self, chunk);
	if (notes_take(&self->notes, &self->file.stream, chunk))
		return SOURCE_CHUNK;
	if (self->file.fd >= 0) {
		regular_next(&self->file, directory_after(self), area, chunk);
	} else {
		chunk_tell(chunk, self->unreadable ? CHUNK_LOST : CHUNK_ENDED,
			   directory_after(self), &self->file.stream);
		if (self->unreadable)
			chunk->why = self->why;
	}
	self->ended = self->file.fd < 0;
	if (chunk->kind == CHUNK_ENDED)
		chunk->half_left =
			self->options.keep_half || self->options.until_end;
	return SOURCE_CHUNK;
}

static int directory_restore(struct source *source, struct positions *positions,
			     struct error *error)
{
	struct directory_source *self = (struct directory_source *)source;

	(void)error;
	self->positions = positions;
	return 0;
}

static int directory_note(struct source *source, struct error *error)
{
	struct directory_source *self = (struct directory_source *)source;

	(void)error;
	regular_note(&self->file);
	return 0;
}

static void directory_report(const struct source *source,
			     struct source_report *report)
{
	const struct directory_source *self =
		(const struct directory_source *)source;

	*report = (struct source_report){
		.state = self->over ? REPORT_OVER : REPORT_UP,
		.redial_ns = TIME_NEVER,
		.read_bytes = self->done_bytes + self->file.read_bytes,
		.size_bytes = self->size_bytes,
	};
}

static void directory_close(struct source *source)
{
	struct directory_source *self = (struct directory_source *)source;

	regular_release(&self->file);
	notes_release(&self->notes);
	listing_release(&self->listing);
	free(self);
}

static const struct source_ops directory_ops = {
	.start = directory_start,
	.next = directory_next,
	.restore = directory_restore,
	.note = directory_note,
	.report = directory_report,
	.close = directory_close,
};

struct source *directory_source_new(const char *path,
				    const struct file_options *options)
{
	struct directory_source *self;

	if (options->follow && !options->until_end)
		return follow_directory_new(path);
	self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->source = (struct source){&directory_ops, path};
	self->options = *options;
	regular_init(&self->file);
	return &self->source;
}
