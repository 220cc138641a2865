/*
 * What the dashboard is told: each window as it may be printed, and how the
 * program is doing.
 */
#include <stdlib.h>

#include "app_parts.h"

/* Rows that are chosen are not all groups, and a counter must not go. */
static bool chooses(const struct app *app)
{
	return app->options->top > 0 || app->options->active;
}

struct snapshot *app_wanted_whole(const struct app *app, struct outgoing *place)
{
	return app->web.http && chooses(app) ? &place->whole : NULL;
}

static void fill_options(const struct app *app, struct http_options *http)
{
	const struct options *options = app->options;

	*http = (struct http_options){
		.address = options->http_address,
		.port = options->http_port,
		.keep = (size_t)options->http_keep,
		.report = app->report.options,
		.sources = app->web.names,
		.source_count = options->operand_count,
		.window_ns = options->window_ns,
		.top = options->top,
		.timed = app->engine.query.timed,
		.member = options->publish.name != NULL,
		/* A state may bring groups that go again. */
		.keys_stay = options->forget_ns == TIME_NEVER &&
			     !options->state_path,
	};
}

int app_open_http(struct app *app)
{
	const struct options *options = app->options;
	struct web *web = &app->web;
	struct http_options http;
	struct error error;

	if (!options->http)
		return 0;
	web->names = calloc(options->operand_count, sizeof(*web->names));
	web->sources = calloc(options->operand_count, sizeof(*web->sources));
	if (!web->names || !web->sources) {
		error_set(&error, "out of memory");
		app_fail(app, &error);
		return -1;
	}
	for (size_t i = 0; i < options->operand_count; i++)
		web->names[i] = options->operands[i].name;
	fill_options(app, &http);
	web->http = http_open(&http, &error);
	if (!web->http) {
		app_fail(app, &error);
		return -1;
	}
	/* A port that nobody chose is to be known. */
	log_line(&app->log, options->http_port == 0 ? LOG_NORMAL : LOG_VERBOSE,
		 "http: listening on %s", http_address(web->http));
	return 0;
}

void app_show_window(struct app *app, const struct outgoing *place)
{
	const struct report_options *report = &app->report.options;
	const struct snapshot *whole = &place->snapshot;

	if (!app->web.http)
		return;
	if (chooses(app))
		whole = place->has_whole ? &place->whole : NULL;
	http_window(app->web.http, &place->snapshot, whole, report->key_names,
		    report->key_count);
}

static struct http_source source_of(const struct feed *feed)
{
	static const enum http_source_state states[] = {
		[FEED_OPENING] = HTTP_SOURCE_OPENING,
		[FEED_UP] = HTTP_SOURCE_UP,
		[FEED_DOWN] = HTTP_SOURCE_DOWN,
		[FEED_ENDED] = HTTP_SOURCE_ENDED,
		[FEED_FAILED] = HTTP_SOURCE_FAILED,
	};

	return (struct http_source){
		.state = states[feed->state],
		.why = feed_is_up(feed) ? NULL : feed->why,
		.behind_ms = app_behind_ms(feed),
	};
}

/*
 * What it can be behind of, see http.h: nothing, while no window is open, as
 * then nothing moves a watermark.
 */
static int64_t due(const struct app *app)
{
	const struct engine *engine = &app->engine;
	int64_t end_ns;

	if (!app->begun || app->stop != STOP_NOT)
		return TIME_NONE;
	end_ns = engine_next_end(engine);
	if (end_ns == INT64_MAX)
		return TIME_NONE;
	if (engine->query.timed && engine->watermark.value_ns != TIME_NONE)
		return engine->watermark.value_ns;
	return end_ns;
}

void app_tell_http(struct app *app)
{
	struct http_live live;

	if (!app->web.http)
		return;
	live = (struct http_live){
		.begun = app->begun,
		.read_bytes = app->read_bytes,
		.waiting_bytes = queue_waiting(&app->queue),
		.offset_ns = app->clock.offset_ns,
		.due_ns = due(app),
	};
	for (size_t i = 0; i < app->feed_count; i++)
		app->web.sources[i] = source_of(&app->feeds[i]);
	http_tell(app->web.http, &live, app->web.sources);
}

void app_close_http(struct app *app)
{
	http_close(app->web.http);
	free(app->web.names);
	free(app->web.sources);
	app->web = (struct web){0};
}
