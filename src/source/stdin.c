#include "source/open.h"

#include <stdlib.h>
#include <unistd.h>

#include "source/reader.h"

struct stdin_source {
	struct source source; /* first: a source is one of these */
	struct reader reader;
	struct stream stream;
	bool opened; /* OPENED was told */
	bool over;
};

static int stdin_start(struct source *source, struct loop *loop,
		       const struct clock *clock, struct error *error)
{
	struct stdin_source *self = (struct stdin_source *)source;

	(void)clock;
	return reader_open(&self->reader, loop, STDIN_FILENO, true, error);
}

static enum source_status stdin_next(struct source *source,
				     const struct clock *clock,
				     struct read_area area, struct chunk *chunk)
{
	struct stdin_source *self = (struct stdin_source *)source;
	enum source_status status;

	(void)clock;
	if (self->over)
		return SOURCE_AGAIN;
	if (!self->opened) {
		self->opened = true;
		stream_open(&self->stream, source->name);
		return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT,
				  &self->stream);
	}
	status = reader_next(&self->reader, NULL, &self->stream, AFTER_OVER,
			     area, chunk);
	self->over = self->reader.fd < 0;
	return status;
}

static void stdin_report(const struct source *source,
			 struct source_report *report)
{
	const struct stdin_source *self = (const struct stdin_source *)source;

	*report = (struct source_report){
		.state = self->over ? REPORT_OVER : REPORT_UP,
		.redial_ns = TIME_NEVER,
		.read_bytes = self->reader.read_bytes,
		.size_bytes = self->reader.size_bytes,
	};
}

static void stdin_close(struct source *source)
{
	struct stdin_source *self = (struct stdin_source *)source;

	reader_close(&self->reader);
	stream_release(&self->stream);
	free(self);
}

static const struct source_ops stdin_ops = {
	.start = stdin_start,
	.next = stdin_next,
	.report = stdin_report,
	.close = stdin_close,
};

struct source *stdin_source_new(const char *name)
{
	struct stdin_source *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->source = (struct source){&stdin_ops, name};
	self->reader.fd = -1;
	stream_init(&self->stream);
	return &self->source;
}
