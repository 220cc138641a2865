/*
 * What a chunk says, and what follows from it: the run begins, records are
 * counted, a source comes, goes, fails.
 */
#include "app_parts.h"

#include <stdlib.h>
#include <string.h>

/* --- sources come and go -------------------------------------------------- */

static size_t count_feeds(const struct app *app, enum feed_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < app->feed_count; i++)
		count += app->feeds[i].state == state;
	return count;
}

/* The stream of the source counts for the watermark; one that was never open
 * has a place there all the same. */
static void listen(struct app *app, struct feed *feed)
{
	struct watermark *watermark = &app->engine.watermark;
	struct error error;

	if (feed->stream && app->options->merge &&
	    feed->stream->partitions > 0 &&
	    engine_listen_partition(&app->engine, feed->stream) != 0) {
		error_set(&error, "out of memory");
		app_fail(app, &error);
	}
	if (feed->stream) {
		watermark_add(watermark, feed->stream->time, app_ready(app));
		/* Who is still to be told of holds back till then. */
		if (!app->held.chunk.more)
			watermark_remove(watermark, &feed->waiting);
	} else {
		feed->waiting.newest_ns = TIME_NONE;
		watermark_add(watermark, &feed->waiting, app_ready(app));
	}
}

/* The run begins when all sources are open, or with --reconnect the first. */
static void begin_if_open(struct app *app)
{
	size_t up = count_feeds(app, FEED_UP);

	if (up == 0 || (up < app->feed_count && !app->options->reconnect))
		return;
	app->begun = true;
	app->begun_mono_ns = app->clock.mono_ns;
	app->unready_ns = 0;
	engine_begin(&app->engine, app->clock.now_ns, up, app->feed_count - up);
	for (size_t i = 0; i < app->feed_count; i++)
		listen(app, &app->feeds[i]);
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
	if (app->begun)
		listen(app, feed);
	if (before == FEED_UP)
		return; /* the next file of a directory */
	feed->state = FEED_UP;
	log_line(&app->log, LOG_VERBOSE, "%s: %s", feed->source->name,
		 before == FEED_DOWN ? "open again" : "open");
	if (app->begun)
		coverage_source_up(&app->engine.coverage, app->held.read_ns);
	else
		begin_if_open(app);
}

/* For those who look on, and see the name beside it. */
static void note_why(struct app *app, struct feed *feed, const char *why)
{
	size_t size = strlen(feed->source->name);

	if (!app->web.http)
		return;
	if (strncmp(why, feed->source->name, size) == 0 &&
	    strncmp(why + size, ": ", 2) == 0)
		why += size + 2;
	free(feed->why);
	feed->why = strdup(why);
}

/* A stream failed: what is said, and what becomes of the run. */
static void say_failure(struct app *app, struct feed *feed)
{
	const struct chunk *chunk = &app->held.chunk;

	note_why(app, feed, chunk->why.message);

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
	struct coverage *coverage = &app->engine.coverage;
	bool ended = app->held.chunk.kind == CHUNK_ENDED;
	int64_t when_ns = app->held.read_ns;

	if (!ended)
		say_failure(app, feed);
	feed->stream = NULL;
	if (app->held.chunk.after == AFTER_OVER) {
		struct stream *stream = app->held.chunk.stream;

		watermark_remove(&app->engine.watermark,
				 stream ? stream->time : &feed->waiting);
	}
	switch (app->held.chunk.after) {
	case AFTER_NEXT:
		if (!ended)
			coverage_source_hurt(coverage);
		return;
	case AFTER_AGAIN:
		if (ended) {
			log_line(&app->log, trouble_level(app, feed),
				 "%s: the connection ended, dialling again",
				 feed->source->name);
			note_why(app, feed, "the connection ended");
		}
		feed->state = FEED_DOWN;
		coverage_source_down(coverage, when_ns);
		return;
	case AFTER_OVER:
		feed->state = ended ? FEED_ENDED : FEED_FAILED;
		if (ended)
			coverage_source_ended(coverage, when_ns);
		else
			coverage_source_down(coverage, when_ns);
		stop_if_over(app);
		return;
	}
}

/* The stream is another's, or over; the source goes on. */
static void stream_left(struct app *app, struct feed *feed)
{
	struct stream *stream = app->held.chunk.stream;

	watermark_remove(&app->engine.watermark, stream->time);
	if (feed->stream == stream)
		feed->stream = NULL;
}

/* Part of a stream is lost: said, and the run is hurt, but goes on. */
static void stream_gap(struct app *app)
{
	app->hurt = true;
	app->status = 1;
	if (!app->engine.query.timed)
		coverage_source_hurt(&app->engine.coverage);
	log_line(&app->log, LOG_MUST, "%s", app->held.chunk.why.message);
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

static void note_reject(struct app *app)
{
	struct reject *reject = &app->engine.reject;
	int64_t mono_ns = app->clock.mono_ns;
	bool strict = app->options->strict;
	struct error error, place;

	if (strict || rejects_shows(&app->rejects, reject->reason, mono_ns)) {
		source_locate(app->held.feed->source, app->held.chunk.stream,
			      reject->line_number, &place);
		reject->place = place.message;
	}
	rejects_add(&app->rejects, reject, &app->log, mono_ns);
	if (!strict)
		return;
	error_set(&error, "%s: %s: %s (--strict)", reject->stream,
		  place.message, reject_reason_name(reject->reason));
	app_fail(app, &error);
}

/*
 * Counts until the bytes, or the half line at the end, are dealt with: true; or
 * until a window is due, which closes first.
 */
static bool count_records(struct app *app)
{
	struct held *held = &app->held;
	struct chunk *chunk = &held->chunk;

	engine_lend(&app->engine, chunk->lane);
	for (;;) {
		enum engine_event event;

		if (chunk->kind == CHUNK_DATA)
			event = engine_take(&app->engine, chunk->stream,
					    &chunk->bytes, held->read_ns);
		else if (chunk->half_left || !chunk->stream)
			return true;
		else
			event = engine_end_stream(&app->engine, chunk->stream,
						  held->read_ns);
		switch (event) {
		case ENGINE_DONE: return true;
		case ENGINE_DUE: return false;
		case ENGINE_REJECTED: note_reject(app); break;
		case ENGINE_FAILED:
			app_fail(app, &app->engine.error);
			return true;
		}
		if (app->stop == STOP_FAILURE)
			return true;
	}
}

/* Not before the run has begun: coverage begins then. */
static void reach(struct app *app)
{
	if (app->begun && !app->engine.query.timed)
		coverage_reach(&app->engine.coverage, app->held.read_ns);
}

static void take_data(struct app *app)
{
	struct stream_time *time = app->held.chunk.stream->time;

	/* Only once: the chunk may be taken in several pieces. */
	if (!app->held.heard)
		engine_hear(&app->engine, time, app_ready(app),
			    app->held.read_ns);
	app->held.heard = true;
	app->held.full = !count_records(app);
	/* By arrival, it is as new as when it was read. */
	if (!app->held.full && app->engine.query.arrives)
		watermark_move(&app->engine.watermark, time, app->held.read_ns);
}

static void take_deleted(struct app *app)
{
	struct stream *stream = app->held.chunk.stream;

	engine_hear(&app->engine, stream->time, app_ready(app),
		    app->held.read_ns);
	engine_take_deleted(&app->engine, stream);
}

void app_take_held(struct app *app)
{
	struct chunk *chunk = &app->held.chunk;
	struct feed *feed = app->held.feed;

	app->held.full = false;
	reach(app);
	switch (chunk->kind) {
	case CHUNK_OPENED: feed_opened(app, feed); break;
	case CHUNK_DOWN: feed_down(app, feed); break;
	case CHUNK_DATA: take_data(app); break;
	case CHUNK_DELETED: take_deleted(app); break;
	case CHUNK_LEFT: stream_left(app, feed); break;
	case CHUNK_LEAVING: app_hand_over(app, feed); break;
	case CHUNK_GAP: stream_gap(app); break;
	case CHUNK_ENDED:
	case CHUNK_LOST:
		app->held.full = !count_records(app);
		if (!app->held.full)
			feed_closed(app, feed);
		break;
	case CHUNK_NOTE:
		log_line(&app->log, LOG_NORMAL, "%s", chunk->why.message);
		break;
	}
	if (app->engine.note.message[0] != '\0') {
		log_line(&app->log, LOG_NORMAL, "%s", app->engine.note.message);
		app->engine.note.message[0] = '\0';
	}
	if (app->engine.other_seen && !app->other_said) {
		app->other_said = true;
		log_line(&app->log, LOG_NORMAL,
			 "%llu groups are known, new ones count in (other) "
			 "(--max-groups)",
			 (unsigned long long)app->engine.named);
	}
}
