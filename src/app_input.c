/*
 * Sources take turns, at most 256 KiB or 1 ms each. A chunk that was read is
 * held until the windows that ended before it are closed.
 */
#include "app_parts.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "net/tcp.h"
#include "source/open.h"

#define READ_AREA_BYTES ((size_t)64 << 10)
#define TURN_BYTES	((size_t)256 << 10)
#define TURN_NS		NS_PER_MS
/* Trouble with one source is said at most so often, but for -v. */
#define TROUBLE_NS (60 * NS_PER_S)

/* --- opening -------------------------------------------------------------- */

static struct source *new_source(struct app *app, const struct operand *operand,
				 size_t number)
{
	const struct options *options = app->options;
	struct tcp_options tcp = {
		.reconnect = options->reconnect,
		.connect_timeout_ns = options->connect_timeout_ns,
		.idle_timeout_ns = options->idle_timeout_ns,
		.jitter_seed = app->engine.query.hash_seed[0] + number,
	};
	struct stat status;

	switch (operand->kind) {
	case OPERAND_TCP:
		return tcp_source_new(operand->name, operand->host,
				      operand->port, &tcp);
	case OPERAND_STDIN: return stdin_source_new(operand->name);
	case OPERAND_PATH: break;
	}
	if (stat(operand->name, &status) == 0 && S_ISDIR(status.st_mode))
		return directory_source_new(operand->name);
	return file_source_new(operand->name);
}

int app_open_feeds(struct app *app)
{
	const struct options *options = app->options;
	struct error error;

	app->area.size = READ_AREA_BYTES;
	app->area.data = malloc(READ_AREA_BYTES);
	app->feeds = calloc(options->operand_count, sizeof(*app->feeds));
	if (!app->area.data || !app->feeds)
		goto no_memory;
	for (size_t i = 0; i < options->operand_count; i++) {
		const struct operand *operand = &options->operands[i];
		struct feed *feed = &app->feeds[i];

		feed->source = new_source(app, operand, i);
		if (!feed->source)
			goto no_memory;
		feed->is_local = operand->kind != OPERAND_TCP;
		app->feed_count++;
		if (source_start(feed->source, &app->loop, &app->clock,
				 &error) != 0) {
			app_fail(app, &error);
			return -1;
		}
	}
	return 0;
no_memory:
	error_set(&error, "out of memory");
	app_fail(app, &error);
	return -1;
}

void app_close_feeds(struct app *app)
{
	for (size_t i = 0; i < app->feed_count; i++)
		source_close(app->feeds[i].source);
	free(app->feeds);
	free(app->area.data);
	app->feeds = NULL;
	app->area.data = NULL;
	app->feed_count = 0;
}

/* --- what a chunk says ---------------------------------------------------- */

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

/* --- reading -------------------------------------------------------------- */

static bool may_read(const struct app *app, const struct feed *feed)
{
	if (app->stop != STOP_NOT || app->held.full || app->gap.pending)
		return false;
	switch (feed->state) {
	case FEED_OPENING:
	case FEED_DOWN: return true;
	case FEED_UP: return app->begun && !app->input_waits;
	default: return false;
	}
}

/* True when the source may have more. */
static bool take_turn(struct app *app, struct feed *feed)
{
	int64_t start_ns = app->clock.mono_ns;
	size_t bytes = 0;

	while (bytes < TURN_BYTES && app->clock.mono_ns - start_ns < TURN_NS) {
		struct chunk *chunk = &app->held.chunk;

		if (!may_read(app, feed))
			return false;
		if (source_next(feed->source, &app->clock, app->area, chunk) ==
		    SOURCE_AGAIN)
			return false;
		app_tick(app);
		/* What is read after the end of the run is not of the run. */
		if (app_check_duration(app))
			return false;
		app->held.full = true;
		app->held.feed = feed;
		app->held.read_ns = app->clock.now_ns;
		if (chunk->kind == CHUNK_DATA) {
			bytes += chunk->bytes.size;
			app->read_bytes += chunk->bytes.size;
		}
		app_settle(app);
	}
	return true;
}

void app_read_feeds(struct app *app)
{
	app->input_ready = false;
	for (size_t i = 0; i < app->feed_count; i++) {
		size_t turn = (app->next_feed + i) % app->feed_count;

		app->input_ready |= take_turn(app, &app->feeds[turn]);
	}
	app->next_feed++;
}

void app_set_input_waits(struct app *app, bool waits)
{
	if (app->input_waits == waits)
		return;
	app->input_waits = waits;
	windows_wait(&app->engine.windows, waits);
	if (waits)
		return;
	for (size_t i = 0; i < app->feed_count; i++)
		source_resume(app->feeds[i].source, &app->clock);
}
