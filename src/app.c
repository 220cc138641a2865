#include "app.h"

#include <signal.h>
#include <sys/random.h>

#include "app_parts.h"

/* After a signal: how long a reader that takes nothing is waited for, and how
 * long one that takes a little. */
#define STUCK_NS   NS_PER_S
#define GIVE_UP_NS (30 * NS_PER_S)

/* --- ending --------------------------------------------------------------- */

/* Bytes that wait for a reader, of the rows or of the rejected records. */
static size_t bytes_waiting(const struct app *app)
{
	size_t waiting =
		app->rejects_broken ? 0 : rejects_waiting(&app->rejects);

	return waiting + queue_waiting(&app->queue);
}

/* A reader that takes nothing gets STUCK_NS, one that is slow GIVE_UP_NS. */
static void expect_an_end(struct app *app)
{
	int64_t now_ns = app->clock.mono_ns;

	app->stuck_ns = now_ns + STUCK_NS;
	app->give_up_ns = now_ns + GIVE_UP_NS;
	app->stuck_bytes = bytes_waiting(app);
}

static int64_t end_due(const struct app *app)
{
	return app->stuck_ns < app->give_up_ns ? app->stuck_ns
					       : app->give_up_ns;
}

/* After a signal: has the reader had its time? */
static void check_end(struct app *app)
{
	size_t waiting = bytes_waiting(app);

	if (app->signal == 0)
		return;
	if (waiting != app->stuck_bytes) {
		app->stuck_bytes = waiting;
		app->stuck_ns = app->clock.mono_ns + STUCK_NS;
	}
	if (app->clock.mono_ns < end_due(app))
		return;
	log_line(&app->log, LOG_MUST,
		 "the reader of the output did not take %zu bytes%s", waiting,
		 app->printing || !app->finished ? ", and more was to come"
						 : "");
	app->broken = true;
	app->finished = true;
}

static void take_signals(struct app *app)
{
	int number;

	while ((number = signals_next(&app->signals)) != 0) {
		if (number == SIGHUP &&
		    (app->options->output_path || app->options->rejects_path)) {
			app->reopen = true;
			continue;
		}
		app->signal = number;
		app_stop(app, STOP_SIGNAL, app->clock.now_ns);
		expect_an_end(app);
	}
}

/* --- opening and closing -------------------------------------------------- */

static int open_engine(struct app *app, struct error *error)
{
	const struct options *options = app->options;
	struct query query = {
		.key_names = (const char *const *)options->key_names,
		.key_count = options->key_count,
		.missing_label = options->missing_label,
		.window_ns = options->window_ns,
		.aligned = options->max_windows == 0 && options->run_ns == 0,
		.max_line_bytes = (size_t)options->max_line_bytes,
		.max_groups = options->max_groups,
		.expected = options->expected,
		.expected_count = options->expected_count,
		.conditions = options->conditions,
		.condition_count = options->condition_count,
		.top = options->top,
		.active = options->active,
		.by_count = options->order == ORDER_COUNT,
	};

	if (getrandom(query.hash_seed, sizeof(query.hash_seed), 0) !=
	    (ssize_t)sizeof(query.hash_seed))
		query.hash_seed[0] = (uint64_t)app->clock.now_ns;
	return engine_init(&app->engine, &query, error);
}

static void open_report(struct app *app)
{
	const struct options *options = app->options;
	struct report_options report = {
		.format = options->format,
		.key_names = (const char *const *)options->key_names,
		.key_count = options->key_count,
		.header = options->header,
		.summary = options->summary,
		.local_time = options->local_time,
		.color =
			options->format == FORMAT_TABLE && app_wants_color(app),
		.unicode = app->line.unicode,
	};

	report_init(&app->report, &report);
}

/* 0, or -1 when the run cannot begin: said. Close it all the same. */
static int open_all(struct app *app)
{
	const struct options *options = app->options;
	struct error error;

	app_status_open(app);
	if (open_engine(app, &error) != 0 ||
	    signals_open(&app->signals,
			 options->output_path || options->rejects_path,
			 &app->loop, &error) != 0)
		goto failed;
	app->signals_opened = true;
	if (queue_open(&app->queue, options->output_path, QUEUE_TRUNCATE,
		       &app->loop, &error) != 0)
		goto failed;
	app->queue_opened = true;
	if (rejects_open(&app->rejects, options->rejects_path, &app->loop,
			 &error) != 0)
		goto failed;
	app->rejects_opened = true;
	open_report(app);
	return app_open_feeds(app);
failed:
	/* A signal ends the wait for the reader of a FIFO: no failure. */
	if (app->signals_opened)
		app->signal = signals_next(&app->signals);
	if (app->signal == 0)
		app_fail(app, &error);
	return -1;
}

/* Closes what can still fail. */
static void close_files(struct app *app)
{
	struct error error;

	if (app->rejects_opened &&
	    rejects_close(&app->rejects, &app->log, &error) != 0 &&
	    !app->rejects_broken)
		app_fail(app, &error);
	if (app->queue_opened && queue_close(&app->queue, &error) != 0 &&
	    !app->broken)
		app_fail(app, &error);
}

static void close_all(struct app *app)
{
	app_close_feeds(app);
	if (app->signals_opened)
		signals_close(&app->signals, &app->loop);
	engine_release(&app->engine);
	loop_release(&app->loop);
}

/* --- the loop ------------------------------------------------------------- */

/* Files were renamed: once a window is out, the next goes to a new one. */
static void reopen_files(struct app *app)
{
	struct error error;
	bool empty;

	if (!app->reopen || app->printing || bytes_waiting(app) > 0)
		return;
	app->reopen = false;
	if (rejects_reopen(&app->rejects, &error) != 0) {
		app->rejects_broken = true;
		app_fail(app, &error);
	}
	if (queue_reopen(&app->queue, &empty, &error) != 0) {
		app->broken = true;
		app_fail(app, &error);
		return;
	}
	/* Into anything else the one header goes that is due or was written. */
	if (app->queue.path && app->queue.is_regular)
		report_restart(&app->report, empty);
}

static void write_files(struct app *app)
{
	bool waited = bytes_waiting(app) > 0;
	struct error error;
	bool full;

	if (!app->broken && queue_write(&app->queue, &error) != 0) {
		app->broken = true;
		app_fail(app, &error);
	}
	if (!app->rejects_broken && rejects_write(&app->rejects, &error) != 0) {
		app->rejects_broken = true;
		app_fail(app, &error);
	}
	/* A disk may be slow: that is no time in which we did not run. */
	if (waited)
		app_read_clock(app);
	reopen_files(app);
	full = queue_is_full(&app->queue) ||
	       rejects_waiting(&app->rejects) >= QUEUE_LIMIT_BYTES;
	if (app->begun && full)
		app_set_input_waits(app, true);
	else if (!app->printing)
		app_set_input_waits(app, false);
}

/* When the loop has to go on even if nothing happens; clock.mono_ns. */
static int64_t next_due(const struct app *app)
{
	int64_t due_ns = app_status_due(app);
	int64_t window_ns = TIME_NEVER;
	int64_t run_ns = TIME_NEVER;

	if (app->input_ready ||
	    (app->printing && !queue_is_full(&app->queue)) ||
	    (app->stop != STOP_NOT && !app->finished && !app->printing))
		return app->clock.mono_ns;
	/* What is due and has to wait its turn wakes nobody. */
	if (app->begun && app->options->window_ns > 0 &&
	    !(app->printing && engine_due(&app->engine, app->clock.now_ns)))
		window_ns = windows_end(&app->engine.windows) -
			    app->clock.offset_ns;
	if (app->options->run_ns > 0 && app->stop == STOP_NOT)
		run_ns = app->options->run_ns +
			 (app->begun ? app->begun_mono_ns
				     : app->started_mono_ns);
	if (window_ns < due_ns)
		due_ns = window_ns;
	if (run_ns < due_ns)
		due_ns = run_ns;
	if (app->signal != 0 && end_due(app) < due_ns)
		due_ns = end_due(app);
	return due_ns;
}

/* What may wake the loop: only what would be dealt with. */
static enum loop_part listens_to(const struct app *app)
{
	if (app->stop != STOP_NOT || app->held.full || app->gap.pending)
		return LOOP_ALWAYS;
	return app->begun && !app->input_waits ? LOOP_INPUT : LOOP_OPENING;
}

static bool is_over(const struct app *app)
{
	return app->broken ||
	       (app->finished && !app->printing && bytes_waiting(app) == 0);
}

static void turn(struct app *app)
{
	struct error error;

	app_tick(app);
	take_signals(app);
	app_check_duration(app);
	app_settle(app);
	write_files(app);
	app_read_feeds(app);
	write_files(app);
	check_end(app);
	app_status_draw(app);
	if (!is_over(app) &&
	    loop_wait(&app->loop, app->clock.mono_ns, next_due(app),
		      listens_to(app), &error) != 0) {
		app->broken = true;
		app_fail(app, &error);
	}
}

/* What was read of a line that was still to end is no record. */
static void say_half_lines(struct app *app)
{
	for (size_t i = 0; i < app->feed_count; i++) {
		const struct stream *stream = app->feeds[i].stream;

		if (stream && stream_pending(stream) > 0)
			log_line(&app->log, LOG_VERBOSE,
				 "%s: %llu bytes of an unfinished line were "
				 "not counted",
				 stream->name,
				 (unsigned long long)stream_pending(stream));
	}
}

/* In the order of precedence; a signal stands above all, see main. */
static int exit_status(struct app *app)
{
	bool whole_needed = false;

	if (app->signal != 0 || app->status != 0)
		return app->status;
	if (app->engine.held)
		return 3;
	for (size_t i = 0; i < app->options->condition_count; i++)
		whole_needed |=
			!condition_judges_parts(&app->options->conditions[i]);
	if (!whole_needed || app->engine.whole_seen)
		return 0;
	log_line(&app->log, LOG_MUST,
		 "no whole window was seen, on which --fail-if could be "
		 "judged");
	return 1;
}

int app_run(const struct options *options, int *signal)
{
	struct app app = {.options = options};
	int status;

	log_init(&app.log, options->log_level);
	clock_start(&app.clock);
	app.started_mono_ns = app.clock.mono_ns;
	loop_init(&app.loop);
	if (open_all(&app) == 0)
		while (!is_over(&app))
			turn(&app);
	log_status_erase(&app.log);
	say_half_lines(&app);
	close_files(&app);
	app_status_end(&app);
	status = exit_status(&app);
	*signal = app.signal;
	close_all(&app);
	return status;
}
