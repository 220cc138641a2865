#include "core/stream.h"

void stream_init(struct stream *stream)
{
	*stream = (struct stream){0};
	buffer_init(&stream->carry);
}

void stream_release(struct stream *stream)
{
	buffer_release(&stream->carry);
}

void stream_open(struct stream *stream, const char *name)
{
	buffer_clear(&stream->carry);
	stream->name = name;
	stream->line_number = 0;
	stream->skipped = 0;
	stream->delivered = false;
}

uint64_t stream_pending(const struct stream *stream)
{
	return stream->carry.size + stream->skipped;
}
