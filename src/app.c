#include "app.h"

#include <signal.h>
#include <unistd.h>

#include "app_parts.h"

/* After a signal: how long a reader that takes nothing is waited for, and how
 * long one that takes a little. */
#define STUCK_NS   NS_PER_S
#define GIVE_UP_NS (30 * NS_PER_S)

/* What is wrong with the environment, as with an option. */
#define STATUS_USAGE 2

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
	if (waiting != app->stuck_bytes || app->keep.saving) {
		app->stuck_bytes = waiting;
		app->stuck_ns = app->clock.mono_ns + STUCK_NS;
	}
	if (app->clock.mono_ns < end_due(app))
		return;
	log_line(&app->log, LOG_MUST,
		 "the reader of the output did not take %zu bytes%s", waiting,
		 app->out.count > 0 || !app->finished ? ", and more was to come"
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
		.slide_ns = options->slide_ns == options->window_ns
				    ? 0
				    : options->slide_ns,
		.live = options->live && !options->output_path &&
			isatty(STDOUT_FILENO),
		.version = ORDERCOUNT_VERSION,
	};

	report_init(&app->report, &report);
}

static enum queue_mode queue_mode(const struct options *options)
{
	if (options->format == FORMAT_PROMETHEUS)
		return QUEUE_REPLACE;
	if (!options->state_path)
		return QUEUE_TRUNCATE;
	return options->format == FORMAT_CSV ? QUEUE_APPEND_CSV
					     : QUEUE_APPEND_ROWS;
}

/* 0, or -1 when the run cannot begin: said. Close it all the same. */
static int open_all(struct app *app)
{
	const struct options *options = app->options;
	struct query query = app_query(app);
	struct error error;
	bool empty;

	if (app_read_environment(&query, &error) != 0) {
		app_fail(app, &error);
		app->status = STATUS_USAGE;
		return -1;
	}
	app_status_open(app);
	if (engine_init(&app->engine, &query, &error) != 0 ||
	    signals_open(&app->signals,
			 options->output_path || options->rejects_path,
			 &app->loop, &error) != 0)
		goto failed;
	app->signals_opened = true;
	open_report(app);
	if (app_open_tls(app) != 0 || app_open_http(app) != 0 ||
	    app_open_state(app) != 0)
		return -1;
	if (queue_open(&app->queue, options->output_path, queue_mode(options),
		       &app->loop, &empty, &error) != 0)
		goto failed;
	app->queue_opened = true;
	if (rejects_open(&app->rejects, options->rejects_path, &app->loop,
			 &error) != 0)
		goto failed;
	app->rejects_opened = true;
	report_restart(&app->report, empty);
	return app_open_publishing(app) != 0 ? -1 : app_open_feeds(app);
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

	if (!app->reopen || app->out.printing || bytes_waiting(app) > 0)
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
	else if (!app->out.printing)
		app_set_input_waits(app, false);
}

/* When a window may be due; clock.mono_ns. */
static int64_t window_due(const struct app *app)
{
	const struct engine *engine = &app->engine;
	int64_t end_ns;

	/* What is due and has to wait its turn wakes nobody. */
	if (!app->begun || app->stop != STOP_NOT ||
	    (!app_has_way(app) && engine_due(engine, app->clock.now_ns)))
		return TIME_NEVER;
	end_ns = engine_next_end(engine);
	if (!engine->query.timed)
		return end_ns == INT64_MAX ? TIME_NEVER
					   : end_ns - app->clock.offset_ns;
	if (!app_is_reading(app))
		return TIME_NEVER;
	end_ns = watermark_due(&engine->watermark, end_ns);
	return end_ns == INT64_MAX ? TIME_NEVER : end_ns + app->unready_ns;
}

/* Is there something that waits for nothing but its turn? */
static bool can_settle(const struct app *app)
{
	if (app->finished)
		return false;
	if (app_must_replay(app))
		return !app->keep.saving && app->out.count == 0;
	return app->stop != STOP_NOT && app_has_way(app);
}

/* When the loop has to go on even if nothing happens; clock.mono_ns. */
static int64_t next_due(const struct app *app)
{
	int64_t due_ns = app_status_due(app);
	int64_t window_ns = window_due(app);
	int64_t run_ns = TIME_NEVER;

	/* Awake is who looks at the clock. */
	if (app->counts_awake && app->engine.query.timed &&
	    window_ns != TIME_NEVER &&
	    window_ns > app->clock.mono_ns + AWAKE_STEP_NS / 2)
		window_ns = app->clock.mono_ns + AWAKE_STEP_NS / 2;

	if (app->input_ready ||
	    (app->out.printing && !queue_is_full(&app->queue)) ||
	    app_wants_mark(app) || can_settle(app))
		return app->clock.mono_ns;
	if (app->options->run_ns > 0 && app->stop == STOP_NOT)
		run_ns = app->options->run_ns +
			 (app->begun ? app->begun_mono_ns
				     : app->started_mono_ns);
	if (window_ns < due_ns)
		due_ns = window_ns;
	if (run_ns < due_ns)
		due_ns = run_ns;
	if (app_publish_due(app) < due_ns)
		due_ns = app_publish_due(app);
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
	return app->broken || (app->finished && app->out.count == 0 &&
			       bytes_waiting(app) == 0);
}

static void turn(struct app *app)
{
	struct error error;
	int64_t due_ns;

	app_tick(app);
	take_signals(app);
	app_check_duration(app);
	app_settle(app);
	write_files(app);
	app_read_feeds(app);
	app_publish(app);
	write_files(app);
	app_tell_http(app);
	check_end(app);
	app_status_draw(app);
	if (is_over(app))
		return;
	due_ns = next_due(app);
	app_sleep(app, due_ns, app_is_reading(app));
	if (loop_wait(&app->loop, app->clock.mono_ns, due_ns, listens_to(app),
		      &error) != 0) {
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
	app_close_publishing(&app);
	app_close_state(&app);
	close_files(&app);
	app_close_http(&app);
	app_status_end(&app);
	status = exit_status(&app);
	*signal = app.signal;
	close_all(&app);
	return status;
}
