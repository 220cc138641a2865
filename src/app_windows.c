/*
 * Brings what happened into its order: windows that were due, what was read,
 * time that was passed over, the end of the run. A window is closed only when
 * there is room for one more on its way out.
 */
#include "app_parts.h"

#include <inttypes.h>

#include "base/units.h"

/* Windows too short for the machine are said at most so often. */
#define GAP_SAID_NS NS_PER_S

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
	struct closing closing = app_closing(app);

	if (app->refilled && !app->engine.query.timed &&
	    engine_is_empty(&app->engine))
		leave_out(app, until_ns);
	else
		app_send(app, engine_close(&app->engine, &closing) == 0, false);
}

/* A wake-up or a step of the clock that passed over windows. */
static void cut(struct app *app)
{
	struct gap gap = app->gap;
	bool again = app->clock.mono_ns < app->gap_said_ns;
	struct closing closing = app_closing(app);
	struct buffer text = {0};
	uint64_t skipped;

	app->gap.pending = false;
	app_send(app,
		 engine_cut(&app->engine, &closing, gap.from_ns, gap.to_ns,
			    &skipped) == 0,
		 false);
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

/* --- the end -------------------------------------------------------------- */

/* Where the input ended, the watermark goes on to that, and windows are due. */
static void end_input(struct app *app)
{
	struct engine *engine = &app->engine;

	app->input_over = true;
	if ((app->stop == STOP_INPUT ? engine_end_input(engine)
				     : engine_check_waiting(engine)) != 0)
		app_fail(app, &engine->error);
}

/* With a state, windows that are open by event time are kept for a later run;
 * those that a merge has of what it refuses are nobody's. */
static bool wants_rest(const struct app *app)
{
	if (app->engine.refused)
		return false;
	return !app->engine.query.timed || !app->keep.state ||
	       app->options->drain;
}

/* One step towards the end, after which the next one is looked for. */
static void finish(struct app *app)
{
	bool whole = app->stop == STOP_INPUT && !app->hurt;
	struct closing closing;

	if (app->begun && app->engine.query.timed && !app->input_over &&
	    app->stop != STOP_FAILURE) {
		end_input(app);
		return;
	}
	if (!app->begun || !wants_rest(app) ||
	    !engine_has_rest(&app->engine, app->stop_ns)) {
		app->finished = true;
		if (app->begun)
			engine_judge_rest(&app->engine);
		return;
	}
	closing = app_closing(app);
	app_send(app,
		 engine_finish(&app->engine, &closing, app->stop_ns, whole) ==
			 0,
		 false);
}

/* --- in order ------------------------------------------------------------- */

/* One thing that happened before now. False when there is none. */
static bool settle_one(struct app *app)
{
	const struct gap *gap = &app->gap;
	bool held_first = app->held.full &&
			  (!gap->pending || app->held.read_ns < gap->to_ns);
	int64_t until_ns = app->clock.now_ns;

	if (app_must_replay(app))
		return app_replay(app);
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
		app_end_save(app);
		app_print(app);
		app_save(app);
	} while (app_has_way(app) && !app->finished && settle_one(app));
	app_print(app);
	app_save(app);
}
