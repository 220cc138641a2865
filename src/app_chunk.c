/*
 * What a chunk says, and what follows from it: the run begins, records are
 * counted, a source comes, goes, fails.
 */
#include "app_parts.h"

/* --- sources come and go -------------------------------------------------- */

static size_t count_feeds(const struct app *app, enum feed_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < app->feed_count; i++)
		count += app->feeds[i].state == state;
	return count;
}

/* The run begins when all sources are open, or with --reconnect the first. */
static void begin_if_open(struct app *app)
{
	size_t up = count_feeds(app, FEED_UP);

	if (up == 0 || (up < app->feed_count && !app->options->reconnect))
		return;
	app->begun = true;
	app->begun_mono_ns = app->clock.mono_ns;
	engine_begin(&app->engine, app->clock.now_ns, up, app->feed_count - up);
	/* Regular files opened before wake nobody up. */
	app->input_ready = true;
	for (size_t i = 0; i < app->feed_count; i++)
		source_resume(app->feeds[i].source, &app->clock);
}

/* Trouble that heals: said, but not over and over. */
static enum log_level trouble_level(struct app *app, struct feed *feed)
{
	if (app->clock.mono_ns < feed->quiet_until_ns)
		return LOG_VERBOSE;
	feed->quiet_until_ns = app->clock.mono_ns + TROUBLE_NS;
	return LOG_NORMAL;
}

static void stop_if_over(struct app *app)
{
	size_t over =
		count_feeds(app, FEED_ENDED) + count_feeds(app, FEED_FAILED);

	if (over == app->feed_count)
		app_stop(app, STOP_INPUT, app->held.read_ns);
}

static void feed_opened(struct app *app, struct feed *feed)
{
	enum feed_state before = feed->state;

	feed->stream = app->held.chunk.stream;
	if (before == FEED_UP)
		return; /* the next file of a directory */
	feed->state = FEED_UP;
	log_line(&app->log, LOG_VERBOSE, "%s: %s", feed->source->name,
		 before == FEED_DOWN ? "open again" : "open");
	if (app->begun)
		windows_source_up(&app->engine.windows, app->held.read_ns);
	else
		begin_if_open(app);
}

/* A stream failed: what is said, and what becomes of the run. */
static void say_failure(struct app *app, struct feed *feed)
{
	const struct chunk *chunk = &app->held.chunk;

	if (chunk->after == AFTER_AGAIN) {
		log_line(&app->log, trouble_level(app, feed),
			 "%s, dialling again", chunk->why.message);
		return;
	}
	app->hurt = true;
	app->status = 1;
	log_line(&app->log, LOG_MUST, "%s", chunk->why.message);
}

/* A stream is over: the source goes on, is down, has ended or failed. */
static void feed_closed(struct app *app, struct feed *feed)
{
	struct windows *windows = &app->engine.windows;
	bool ended = app->held.chunk.kind == CHUNK_ENDED;
	int64_t when_ns = app->held.read_ns;

	if (!ended)
		say_failure(app, feed);
	feed->stream = NULL;
	switch (app->held.chunk.after) {
	case AFTER_NEXT:
		if (!ended)
			windows_source_hurt(windows);
		return;
	case AFTER_AGAIN:
		if (ended)
			log_line(&app->log, trouble_level(app, feed),
				 "%s: the connection ended, dialling again",
				 feed->source->name);
		feed->state = FEED_DOWN;
		windows_source_down(windows, when_ns);
		return;
	case AFTER_OVER:
		feed->state = ended ? FEED_ENDED : FEED_FAILED;
		if (ended)
			windows_source_ended(windows, when_ns);
		else
			windows_source_down(windows, when_ns);
		stop_if_over(app);
		return;
	}
}

/* Dialling came to nothing. */
static void feed_down(struct app *app, struct feed *feed)
{
	say_failure(app, feed);
	if (app->held.chunk.after != AFTER_OVER)
		return;
	feed->state = FEED_FAILED;
	app_stop(app, STOP_FAILURE, app->held.read_ns);
}

/* --- counting ------------------------------------------------------------- */

/* True when the bytes, or the half line at the end, are dealt with. */
static bool count_records(struct app *app)
{
	struct chunk *chunk = &app->held.chunk;
	enum engine_event event;
	struct error error;

	if (chunk->kind == CHUNK_DATA)
		event = engine_take(&app->engine, chunk->stream, &chunk->bytes);
	else
		event = engine_end_stream(&app->engine, chunk->stream);
	if (event == ENGINE_DONE)
		return true;
	if (event == ENGINE_FAILED) {
		error_set(&error, "out of memory");
		app_fail(app, &error);
		return true;
	}
	rejects_add(&app->rejects, &app->engine.reject, &app->log,
		    app->clock.mono_ns);
	if (app->options->strict) {
		const struct reject *reject = &app->engine.reject;

		error_set(&error, "%s: line %llu: %s (--strict)",
			  reject->stream,
			  (unsigned long long)reject->line_number,
			  reject_reason_name(reject->reason));
		app_fail(app, &error);
		return true;
	}
	/* The half line of a stream is one record at most. */
	return chunk->kind != CHUNK_DATA;
}

void app_take_held(struct app *app)
{
	struct chunk *chunk = &app->held.chunk;
	struct feed *feed = app->held.feed;

	app->held.full = false;
	switch (chunk->kind) {
	case CHUNK_OPENED: feed_opened(app, feed); break;
	case CHUNK_DOWN: feed_down(app, feed); break;
	case CHUNK_DATA:
		while (!count_records(app))
			;
		break;
	case CHUNK_ENDED:
	case CHUNK_LOST:
		while (!count_records(app))
			;
		feed_closed(app, feed);
		break;
	}
	if (app->engine.other_seen && !app->other_said) {
		app->other_said = true;
		log_line(&app->log, LOG_NORMAL,
			 "%llu groups are known, new ones count in (other) "
			 "(--max-groups)",
			 (unsigned long long)app->engine.named);
	}
}
