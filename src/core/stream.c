#include "core/stream.h"

void stream_init(struct stream *stream)
{
	*stream = (struct stream){0};
	buffer_init(&stream->carry);
	stream->own_time.newest_ns = TIME_NONE;
	stream->time = &stream->own_time;
}

void stream_release(struct stream *stream)
{
	buffer_release(&stream->carry);
}

void stream_open(struct stream *stream, const char *name)
{
	stream_open_at(stream, name, 0, 0);
}

void stream_open_at(struct stream *stream, const char *name, uint64_t origin,
		    uint64_t line_number)
{
	buffer_clear(&stream->carry);
	stream->name = name;
	stream->line_number = line_number;
	stream->skipped = 0;
	stream->delivered = false;
	stream->origin = origin;
	stream->taken = 0;
}

uint64_t stream_position(const struct stream *stream)
{
	return stream->origin + stream->taken - stream_pending(stream);
}

uint64_t stream_pending(const struct stream *stream)
{
	return stream->carry.size + stream->skipped;
}
