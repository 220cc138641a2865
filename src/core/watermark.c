#include "core/watermark.h"

#include <stddef.h>

void watermark_init(struct watermark *watermark, int64_t lateness_ns,
		    int64_t idle_ns)
{
	*watermark = (struct watermark){
		.lateness_ns = lateness_ns,
		.idle_ns = idle_ns,
		.value_ns = TIME_NONE,
		.newest_ns = TIME_NONE,
		.marks_least_ns = TIME_NONE,
	};
}

void watermark_restore(struct watermark *watermark, int64_t value_ns,
		       int64_t newest_ns)
{
	watermark->value_ns = value_ns;
	watermark->newest_ns = newest_ns;
}

/* Times are years apart from both ends of the type, but TIME_NONE is not. */
static int64_t less(int64_t time_ns, int64_t by_ns)
{
	return time_ns < TIME_NONE + by_ns ? TIME_NONE : time_ns - by_ns;
}

static void raise_to(struct watermark *watermark, int64_t value_ns)
{
	if (value_ns > watermark->value_ns)
		watermark->value_ns = value_ns;
}

/* The marks say how far it is. */
static bool gives_way(const struct watermark *watermark,
		      const struct stream_time *stream)
{
	return watermark->marked && stream->partition;
}

/* Who is behind all others of those that count; NULL: nobody counts. */
static const struct stream_time *find_least(const struct watermark *watermark)
{
	const struct stream_time *least = NULL;
	const struct stream_time *stream = watermark->streams;

	for (; stream; stream = stream->next) {
		if (stream->idle || gives_way(watermark, stream))
			continue;
		if (stream->unread)
			return stream;
		if (!least || stream->newest_ns < least->newest_ns)
			least = stream;
	}
	return least;
}

/* Someone came, went, fell idle or woke up, or the least one moved. */
static void decide(struct watermark *watermark)
{
	const struct stream_time *least = find_least(watermark);
	int64_t least_ns = INT64_MAX;

	watermark->least = least;
	if (least)
		least_ns = least->unread ? TIME_NONE : least->newest_ns;
	if (watermark->marked && watermark->marks_least_ns < least_ns)
		least_ns = watermark->marks_least_ns;
	if (least_ns != INT64_MAX)
		raise_to(watermark, less(least_ns, watermark->lateness_ns));
}

void watermark_add_partition(struct watermark *watermark,
			     struct stream_time *stream)
{
	stream->partition = true;
	watermark->least = find_least(watermark);
}

void watermark_mark_again(struct watermark *watermark, int64_t least_ns)
{
	watermark->marked = true;
	watermark->marks_least_ns = least_ns;
	if (least_ns != INT64_MAX)
		watermark->all_idle = false;
	watermark->least = find_least(watermark);
}

void watermark_mark(struct watermark *watermark, int64_t least_ns)
{
	watermark_mark_again(watermark, least_ns);
	decide(watermark);
}

void watermark_tell(struct watermark *watermark, int64_t time_ns)
{
	if (time_ns > watermark->newest_ns)
		watermark->newest_ns = time_ns;
}

void watermark_add(struct watermark *watermark, struct stream_time *stream,
		   int64_t ready_ns)
{
	if (stream->newest_ns > watermark->newest_ns)
		watermark->newest_ns = stream->newest_ns;
	/* One that is opened again stays idle until it delivers. */
	if (!stream->listed) {
		stream->listed = true;
		stream->idle = false;
		stream->silent_since_ns = ready_ns;
		stream->next = watermark->streams;
		watermark->streams = stream;
		watermark->all_idle = false;
	}
	/* It moves nothing: those of an earlier run come one by one, and the
	 * first of them may be far ahead. */
	watermark->least = find_least(watermark);
}

void watermark_remove(struct watermark *watermark, struct stream_time *stream)
{
	struct stream_time **at = &watermark->streams;

	if (!stream->listed)
		return;
	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	stream->listed = false;
	stream->next = NULL;
	decide(watermark);
}

void watermark_heard(struct watermark *watermark, struct stream_time *stream,
		     int64_t ready_ns)
{
	stream->silent_since_ns = ready_ns;
	if (!stream->idle)
		return;
	stream->idle = false;
	watermark->all_idle = false;
	decide(watermark);
}

void watermark_move(struct watermark *watermark, struct stream_time *stream,
		    int64_t time_ns)
{
	if (time_ns <= stream->newest_ns || gives_way(watermark, stream))
		return;
	stream->newest_ns = time_ns;
	if (time_ns > watermark->newest_ns)
		watermark->newest_ns = time_ns;
	if (stream == watermark->least)
		decide(watermark);
}

static bool falls_idle(const struct watermark *watermark,
		       const struct stream_time *stream, int64_t ready_ns)
{
	return watermark->idle_ns != INT64_MAX && !stream->idle &&
	       !stream->steady &&
	       ready_ns - stream->silent_since_ns >= watermark->idle_ns;
}

void watermark_wait(struct watermark *watermark, int64_t ready_ns,
		    int64_t now_ns)
{
	struct stream_time *stream = watermark->streams;
	bool news = false;
	bool all = stream != NULL;
	int64_t value_ns;

	if (watermark->marked && watermark->marks_least_ns != INT64_MAX)
		all = false;

	for (; stream; stream = stream->next) {
		/* Its silence was waited for by those who marked it. */
		if (gives_way(watermark, stream)) {
			watermark->all_idle &= !stream->steady;
			all = all && !stream->steady;
			continue;
		}
		if (falls_idle(watermark, stream, ready_ns))
			stream->idle = news = true;
		all = all && stream->idle;
	}
	if (news)
		decide(watermark);
	if (!all || watermark->newest_ns == TIME_NONE)
		return;
	if (!watermark->all_idle) {
		watermark->all_idle = true;
		watermark->idle_from_ns = ready_ns;
		raise_to(watermark,
			 less(watermark->newest_ns, watermark->lateness_ns));
		watermark->idle_base_ns = watermark->value_ns;
	}
	value_ns =
		watermark->idle_base_ns + (ready_ns - watermark->idle_from_ns);
	raise_to(watermark, value_ns < now_ns ? value_ns : now_ns);
}

int64_t watermark_due(const struct watermark *watermark, int64_t target_ns)
{
	const struct stream_time *stream = watermark->streams;
	int64_t due_ns = INT64_MAX;

	if (watermark->all_idle && target_ns != INT64_MAX)
		return watermark->idle_from_ns +
		       (target_ns - watermark->idle_base_ns);
	if (watermark->idle_ns == INT64_MAX)
		return due_ns;
	for (; stream; stream = stream->next) {
		int64_t idle_ns = stream->silent_since_ns + watermark->idle_ns;

		if (!stream->idle && !stream->steady &&
		    !gives_way(watermark, stream) && idle_ns < due_ns)
			due_ns = idle_ns;
	}
	return due_ns;
}

void watermark_end(struct watermark *watermark)
{
	if (watermark->newest_ns != TIME_NONE)
		raise_to(watermark,
			 less(watermark->newest_ns, watermark->lateness_ns));
}
