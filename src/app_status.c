/*
 * What a person who waits is told: the status line while the run goes on, and
 * the summary at its end.
 */
#include "app_parts.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/rfc3339.h"
#include "base/units.h"
#include "output/progress.h"

/* Not faster than ten times a second, and once a second while nothing comes. */
#define DRAW_NS (100 * NS_PER_MS)
#define IDLE_NS NS_PER_S

/* Columns that the summary takes, if it is not a short one. */
#define SUMMARY_COLUMNS 160

unsigned app_terminal_columns(int fd)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	uint64_t count;
	struct error ignored;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	if (columns && count_parse(columns, 1, &count, &ignored) == 0 &&
	    count < 10000)
		return (unsigned)count;
	return 80;
}

unsigned app_terminal_lines(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
		return size.ws_row;
	return 24;
}

bool app_wants_color(const struct app *app)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (app->options->color != WHEN_AUTO)
		return app->options->color == WHEN_ALWAYS;
	return !app->options->output_path && isatty(STDOUT_FILENO) &&
	       !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

int64_t app_behind_ms(const struct feed *feed)
{
	struct source_report report = {0};

	if (feed->state != FEED_UP)
		return BEHIND_UNKNOWN;
	source_report(feed->source, &report);
	return report.knows_behind ? report.behind_ms : BEHIND_UNKNOWN;
}

void app_status_open(struct app *app)
{
	enum when wanted = app->options->progress;
	bool is_table = app->options->format == FORMAT_TABLE;

	app->line.enabled = wanted == WHEN_ALWAYS;
	if (wanted == WHEN_AUTO)
		app->line.enabled = isatty(STDERR_FILENO) &&
				    app->options->log_level != LOG_MUST;
	/* The width of characters is the C library's knowledge. */
	if (!app->line.enabled && !is_table)
		return;
	setlocale(LC_CTYPE, "");
	app->line.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!app->line.unicode)
		setlocale(LC_CTYPE, "C.UTF-8");
}

/* --- the status line ------------------------------------------------------ */

static void add_source(struct progress *progress, const struct app *app,
		       const struct source *source)
{
	struct source_report report = {0};
	int64_t redial_in_ns;

	source_report(source, &report);
	switch (report.state) {
	case REPORT_UP: progress->up++; break;
	case REPORT_DIALLING: progress->dialling++; break;
	case REPORT_OVER: progress->over++; break;
	case REPORT_WAITING:
		redial_in_ns = report.redial_ns - app->clock.mono_ns;
		if (progress->waiting++ == 0 ||
		    redial_in_ns < progress->redial_in_ns)
			progress->redial_in_ns = redial_in_ns;
		break;
	}
	progress->read_bytes += report.read_bytes;
	progress->size_bytes += report.size_bytes;
}

/* The rates of the last second or so; at first since the run began. */
static void sample(struct app *app, uint64_t orders)
{
	struct status_line *line = &app->line;
	int64_t passed_ns;

	if (line->sampled_ns == 0) {
		line->sampled_ns = app->begun_mono_ns;
		line->sampled_orders = app->keep.carried.counted;
	}
	passed_ns = app->clock.mono_ns - line->sampled_ns;
	if (!app->begun || passed_ns <= 0 ||
	    (passed_ns < NS_PER_S && line->sampled_ns != app->begun_mono_ns))
		return;
	line->orders_rate = (double)(orders - line->sampled_orders) /
			    ((double)passed_ns / (double)NS_PER_S);
	line->bytes_rate = (double)(app->read_bytes - line->sampled_bytes) /
			   ((double)passed_ns / (double)NS_PER_S);
	if (passed_ns < NS_PER_S)
		return;
	line->sampled_ns = app->clock.mono_ns;
	line->sampled_orders = orders;
	line->sampled_bytes = app->read_bytes;
}

static void show(struct app *app)
{
	const struct engine *engine = &app->engine;
	bool timed = engine->query.timed;
	struct progress progress = {
		.orders = timed ? engine_tallies(engine).counted
				: engine_open_orders(engine),
		.ends_in_ns = TIME_NEVER,
		.begun = app->begun,
		.local = true,
		.unicode = app->line.unicode,
		.columns = app_terminal_columns(STDERR_FILENO),
	};
	struct buffer text = {0};

	sample(app, engine->run.counted + engine->tallies.counted);
	progress.rate = app->line.orders_rate;
	progress.bytes_rate = app->line.bytes_rate;
	for (size_t i = 0; i < app->feed_count; i++) {
		add_source(&progress, app, app->feeds[i].source);
		progress.local &= !source_dials(app->feeds[i].source);
	}
	if (app->begun)
		progress.open_for_ns =
			timed ? app->clock.mono_ns - app->begun_mono_ns
			      : app->clock.now_ns - engine_next_start(engine);
	progress.has_watermark =
		timed && engine->watermark.value_ns != TIME_NONE;
	if (progress.has_watermark)
		progress.behind_ns = time_between(engine->watermark.value_ns,
						  app->clock.now_ns);
	if (app->begun && !timed && app->options->window_ns > 0)
		progress.ends_in_ns =
			engine_next_end(engine) - app->clock.now_ns;
	progress_format(&text, &progress);
	buffer_append_char(&text, '\0');
	if (!text.failed)
		log_status(&app->log, text.data);
	buffer_release(&text);
}

void app_status_draw(struct app *app)
{
	struct status_line *line = &app->line;

	/* Not between the rows of a window. */
	if (!line->enabled || app->out.printing || app->finished)
		return;
	line->stale = app->clock.mono_ns - line->drawn_ns < DRAW_NS;
	if (line->stale)
		return;
	line->drawn_ns = app->clock.mono_ns;
	show(app);
}

int64_t app_status_due(const struct app *app)
{
	if (!app->line.enabled || app->finished)
		return TIME_NEVER;
	return app->line.drawn_ns + (app->line.stale ? DRAW_NS : IDLE_NS);
}

/* --- the last words ------------------------------------------------------- */

/* " (invalid_json 1, missing_key 2)", or nothing. */
static void append_reasons(struct buffer *out, const struct tallies *tallies)
{
	const char *before = " (";

	for (size_t i = 0; i < REJECT_REASONS; i++) {
		if (tallies->rejected[i] == 0)
			continue;
		buffer_printf(out, "%s%s %" PRIu64, before,
			      reject_reason_name((enum reject_reason)i),
			      tallies->rejected[i]);
		before = ", ";
	}
	if (tallies_rejected(tallies) > 0)
		buffer_append_char(out, ')');
}

static void append_tallies(struct buffer *out, const struct tallies *tallies,
			   int64_t late_by_ns)
{
	buffer_printf(out, "read %" PRIu64 ", counted %" PRIu64, tallies->read,
		      tallies->counted);
	buffer_printf(out, ", rejected %" PRIu64, tallies_rejected(tallies));
	append_reasons(out, tallies);
	buffer_printf(out, ", filtered %" PRIu64 ", late %" PRIu64,
		      tallies->filtered, tallies->late);
	if (late_by_ns == 0)
		return;
	buffer_append_text(out, " (by up to ");
	duration_append(out, late_by_ns);
	buffer_append_char(out, ')');
}

/* Of what this run read; with a state the tallies are those since the last
 * window, of whatever run. */
static void append_speed(struct buffer *out, const struct app *app,
			 const struct tallies *tallies)
{
	int64_t passed_ns = app->clock.mono_ns - app->begun_mono_ns;
	double seconds = (double)passed_ns / (double)NS_PER_S;
	uint64_t read = tallies->read - app->keep.carried.read;

	if (seconds <= 0)
		seconds = 1e-9;
	buffer_append_text(out, "; ");
	duration_append(out, passed_ns);
	buffer_printf(out, ", %.0f records/s, ", (double)read / seconds);
	bytes_append(out, (uint64_t)((double)app->read_bytes / seconds));
	buffer_append_text(out, "/s");
}

static void say_summary(struct app *app)
{
	bool wanted = app->options->log_level == LOG_VERBOSE ||
		      (app->options->log_level == LOG_NORMAL &&
		       isatty(STDERR_FILENO));
	struct tallies tallies = engine_tallies(&app->engine);
	struct buffer text = {0};

	if (!wanted || !app->begun)
		return;
	append_tallies(&text, &tallies, app->engine.late_by_ns);
	append_speed(&text, app, &tallies);
	buffer_append_char(&text, '\0');
	if (!text.failed)
		log_line(&app->log, LOG_NORMAL, "%s", text.data);
	buffer_release(&text);
}

static void say_condition(struct app *app)
{
	const struct engine *engine = &app->engine;
	struct buffer text = {0};

	if (engine->held_rest) {
		log_line(&app->log, LOG_MUST,
			 "--fail-if '%s' held: it was %" PRIu64
			 " since the last window",
			 engine->held->text, engine->held_value);
		return;
	}
	rfc3339_append(&text, engine->held_window.start_ns,
		       app->options->local_time);
	buffer_append_text(&text, " to ");
	rfc3339_append(&text, engine->held_window.end_ns,
		       app->options->local_time);
	buffer_append_char(&text, '\0');
	log_line(&app->log, LOG_MUST,
		 "--fail-if '%s' held: it was %" PRIu64
		 " in the window from %s",
		 engine->held->text, engine->held_value,
		 text.failed ? "?" : text.data);
	buffer_release(&text);
}

unsigned app_last_words_lines(const struct app *app)
{
	if (app->stop == STOP_NOT || app->options->log_level == LOG_MUST ||
	    !isatty(STDERR_FILENO))
		return 0;
	/* Rejects that were not shown, or the shell, may have a line, too. */
	return 2 + SUMMARY_COLUMNS / app_terminal_columns(STDERR_FILENO);
}

void app_status_end(struct app *app)
{
	say_summary(app);
	if (app->engine.held)
		say_condition(app);
}
