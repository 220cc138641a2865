/*
 * Windows are closed and printed one at a time: the next one is not taken
 * before the report has rendered this one into the output queue, and the queue
 * takes no more than its limit. That bounds the memory; what has to wait, waits
 * in the order in which it happened.
 */
#include "app_parts.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/rfc3339.h"
#include "base/units.h"

/* How much is rendered before the queue is looked at. */
#define SLICE_BYTES ((size_t)64 << 10)

/* Windows too short for the machine are said at most so often. */
#define GAP_SAID_NS NS_PER_S

static void print(struct app *app, const struct snapshot *snapshot)
{
	if (!snapshot) {
		struct error error;

		app->finished = true;
		/* It may be the reason for which the run ends already. */
		if (app->stop == STOP_FAILURE)
			return;
		error_set(&error, "out of memory");
		app_fail(app, &error);
		return;
	}
	log_status_erase(&app->log);
	if (app->options->format == FORMAT_TABLE)
		app->report.options.columns =
			app_terminal_columns(STDOUT_FILENO);
	report_begin(&app->report, snapshot);
	app->printing = true;
	app->last = snapshot;
	app->printed++;
	if (!app->engine.held && app->printed != app->options->max_windows)
		return;
	/* The run ended with this window: nothing that came later counts. */
	app_stop(app, app->engine.held ? STOP_CONDITION : STOP_WINDOWS,
		 snapshot->end_ns);
	app->finished = true;
	app->held.full = false;
}

/* Renders into the queue what it takes. */
static void render(struct app *app)
{
	struct error error;

	while (app->printing && !app->broken) {
		bool more = true;

		while (more && !queue_is_full(&app->queue))
			more = report_slice(&app->report,
					    queue_buffer(&app->queue),
					    SLICE_BYTES);
		app->printing = more;
		if (queue_write(&app->queue, &error) != 0) {
			app->broken = true;
			app_fail(app, &error);
		} else if (queue_is_full(&app->queue)) {
			app->refilled = app->input_waits;
			break;
		}
	}
}

/*
 * The reader is slower than the windows in which the input waits for it, and
 * which hold nothing: printing them all, the input would wait for ever.
 */
static void leave_out(struct app *app, int64_t until_ns)
{
	uint64_t left_out = engine_leave_out(&app->engine, until_ns);
	bool again = app->clock.mono_ns < app->behind_said_ns;

	log_line(&app->log, again ? LOG_VERBOSE : LOG_NORMAL,
		 "the reader of the output is too slow: windows in which the "
		 "input waited are left out (%" PRIu64 ")",
		 left_out);
	if (!again)
		app->behind_said_ns = app->clock.mono_ns + TROUBLE_NS;
}

static void close_due(struct app *app, int64_t until_ns)
{
	if (app->refilled && engine_is_empty(&app->engine))
		leave_out(app, until_ns);
	else
		print(app, engine_close(&app->engine));
}

/* A wake-up or a step of the clock that passed over windows. */
static void cut(struct app *app)
{
	struct gap gap = app->gap;
	bool again = app->clock.mono_ns < app->gap_said_ns;
	struct buffer text = {0};
	uint64_t skipped;

	app->gap.pending = false;
	print(app, engine_cut(&app->engine, gap.from_ns, gap.to_ns, &skipped));
	app->gap_said_ns = app->clock.mono_ns + GAP_SAID_NS;
	duration_append(&text, gap.to_ns - gap.from_ns);
	buffer_append_char(&text, '\0');
	log_line(&app->log, again ? LOG_VERBOSE : LOG_NORMAL,
		 gap.is_step ? "the clock was set forward by %s: the open "
			       "window ended early, whole windows skipped: "
			       "%" PRIu64
			     : "stopped, or too slow, for %s: the open window "
			       "ended early, whole windows skipped: %" PRIu64,
		 text.failed ? "a while" : text.data, skipped);
	buffer_release(&text);
}

static void finish(struct app *app)
{
	bool whole = app->stop == STOP_INPUT && !app->hurt;

	app->finished = true;
	if (app->begun && engine_has_open(&app->engine, app->stop_ns))
		print(app, engine_finish(&app->engine, app->stop_ns, whole));
}

/* One thing that happened before now. False when there is none. */
static bool settle_one(struct app *app)
{
	const struct gap *gap = &app->gap;
	bool held_first = app->held.full &&
			  (!gap->pending || app->held.read_ns < gap->to_ns);
	int64_t until_ns = app->clock.now_ns;

	if (held_first)
		until_ns = app->held.read_ns;
	else if (gap->pending)
		until_ns = gap->from_ns;
	else if (app->stop != STOP_NOT)
		until_ns = app->stop_ns;
	if (app->begun && engine_due(&app->engine, until_ns))
		close_due(app, until_ns);
	else if (held_first)
		app_take_held(app);
	else if (gap->pending)
		cut(app);
	else if (app->stop != STOP_NOT)
		finish(app);
	else
		return false;
	return true;
}

void app_settle(struct app *app)
{
	do {
		render(app);
	} while (!app->printing && !app->finished && settle_one(app));
	render(app);
}
