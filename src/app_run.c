/*
 * The run: when it ends and why, and the clock that it goes by.
 */
#include "app_parts.h"

#include "base/units.h"

/* The system may wake us so late, and nobody stopped us. */
#define LATE_WAKE_NS NS_PER_S

void app_stop(struct app *app, enum stop why, int64_t when_ns)
{
	if (app->stop != STOP_NOT)
		return;
	app->stop = why;
	app->stop_ns = when_ns;
}

void app_fail(struct app *app, const struct error *error)
{
	log_line(&app->log, LOG_MUST, "%s", error->message);
	app->status = 1;
	app_stop(app, STOP_FAILURE, app->clock.now_ns);
}

/* The name of a source that was never open, or NULL. */
static const char *never_opened(const struct app *app)
{
	for (size_t i = 0; i < app->feed_count; i++)
		if (app->feeds[i].state == FEED_OPENING)
			return app->feeds[i].source->name;
	return NULL;
}

bool app_check_duration(struct app *app)
{
	int64_t run_ns = app->options->run_ns;
	int64_t start_ns =
		app->begun ? app->begun_mono_ns : app->started_mono_ns;
	int64_t over_ns = app->clock.mono_ns - start_ns - run_ns;
	struct error error;

	if (app->stop != STOP_NOT || run_ns == 0 || over_ns < 0)
		return app->stop != STOP_NOT;
	app_stop(app, STOP_DURATION, app->clock.now_ns - over_ns);
	if (never_opened(app)) {
		error_set(&error, "%s could not be opened in the time of --for",
			  never_opened(app));
		app_fail(app, &error);
	}
	return true;
}

/* --- the clock ------------------------------------------------------------ */

/* Where no window is open that a step could cut, it is only said. */
static void say_step(struct app *app)
{
	struct buffer text = {0};

	duration_append(&text, app->clock.now_ns - app->clock.previous_ns);
	buffer_append_char(&text, '\0');
	log_line(&app->log, LOG_NORMAL, "the clock was set forward by %s",
		 text.failed ? "a while" : text.data);
	buffer_release(&text);
}

static void note_gap(struct app *app, bool is_step)
{
	if (!app->begun || app->stop != STOP_NOT || app->engine.query.timed ||
	    app->options->window_ns == 0) {
		if (is_step)
			say_step(app);
		return;
	}
	if (!app->gap.pending)
		app->gap.from_ns = app->clock.previous_ns;
	app->gap.pending = true;
	app->gap.is_step = is_step;
	app->gap.to_ns = app->clock.now_ns;
}

/* The window should have ended long ago, and we were not there. */
static bool overslept(const struct app *app)
{
	int64_t limit_ns = app->options->window_ns;
	int64_t now_ns = app->clock.now_ns;

	/* What waits for a slow reader is not asleep; by event time it is not
	 * our clock that ends a window. */
	if (!app->begun || limit_ns == 0 || app->input_waits ||
	    app->engine.query.timed)
		return false;
	if (limit_ns > NS_PER_S)
		limit_ns = NS_PER_S;
	return now_ns - app->clock.previous_ns > limit_ns &&
	       engine_due(&app->engine, now_ns - limit_ns - 1);
}

void app_read_clock(struct app *app)
{
	switch (clock_read(&app->clock)) {
	case CLOCK_AHEAD: note_gap(app, true); break;
	case CLOCK_BEHIND:
		log_line(&app->log, LOG_NORMAL,
			 "the clock was set back: windows go on as before");
		break;
	case CLOCK_STEADY: break;
	}
}

bool app_is_reading(const struct app *app)
{
	return app->begun && app->stop == STOP_NOT && !app->held.full &&
	       !app->gap.pending && !app->input_waits;
}

int64_t app_ready(const struct app *app)
{
	return app->clock.mono_ns - app->unready_ns;
}

void app_sleep(struct app *app, int64_t wake_ns, bool reading)
{
	app->slept_ns = app->clock.mono_ns;
	app->wake_ns = reading ? wake_ns : app->slept_ns;
}

/* Woken up: a time in which the input was not read is none of silence, and no
 * more is one in which we were stopped. */
static void wake(struct app *app)
{
	int64_t late_ns = app->clock.mono_ns - app->wake_ns;
	bool was_reading = app->wake_ns != app->slept_ns;
	bool was_stopped = app->wake_ns != TIME_NEVER && late_ns > LATE_WAKE_NS;

	if (app->slept_ns == 0)
		return;
	if (!was_reading || was_stopped)
		app->unready_ns += late_ns;
	app->slept_ns = 0;
}

/*
 * Of a topic others count on what we say of silence: time in which we may have
 * been stopped is none, however short. What is awake is counted in steps.
 */
static void count_awake(struct app *app, int64_t unready_ns)
{
	int64_t step_ns = app->clock.mono_ns - app->ticked_ns - unready_ns;

	if (app->counts_awake && step_ns > AWAKE_STEP_NS)
		app->unready_ns += step_ns - AWAKE_STEP_NS;
	app->ticked_ns = app->clock.mono_ns;
}

void app_tick(struct app *app)
{
	int64_t unready_ns = app->unready_ns;

	app_read_clock(app);
	wake(app);
	count_awake(app, app->unready_ns - unready_ns);
	if (!app->gap.pending && overslept(app))
		note_gap(app, false);
}
