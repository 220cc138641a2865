/*
 * Windows on their way out: those that may be printed are rendered, one at a
 * time and in their order, into the output queue, which takes no more than its
 * limit. That bounds the memory; what has to wait, waits in the order in which
 * it happened.
 */
#include <unistd.h>

#include "app_parts.h"
#include "report/label.h"

/* How much is rendered before the queue is looked at. */
#define SLICE_BYTES ((size_t)64 << 10)

static struct outgoing *place_at(struct app *app, size_t at)
{
	return &app->out.places[(app->out.first + at) % OUTGOING_MAX];
}

bool app_has_way(const struct app *app)
{
	const struct way_out *out = &app->out;

	if (!app->keep.state)
		return out->count == 0;
	return out->count < OUTGOING_MAX &&
	       out->count - out->saved < UNSAVED_MAX;
}

struct closing app_closing(struct app *app)
{
	struct outgoing *place = place_at(app, app->out.count);

	savepoint_clear(&place->savepoint);
	return (struct closing){
		.snapshot = &place->snapshot,
		.savepoint = app->keep.state ? &place->savepoint : NULL,
		.whole = app_wanted_whole(app, place),
		.alone = app->out.count == 0,
	};
}

/* The run ends with this window, unless those still open are to follow. */
static void end_with(struct app *app, enum stop why, int64_t end_ns)
{
	app_stop(app, why, end_ns);
	app->finished = !app->options->drain;
	app->held.full = false;
}

void app_send(struct app *app, bool filled, bool is_saved)
{
	struct outgoing *place = place_at(app, app->out.count);
	struct error error;

	if (!filled) {
		app->finished = true;
		/* It may be the reason for which the run ends already. */
		if (app->stop == STOP_FAILURE)
			return;
		error_set(&error, "out of memory");
		app_fail(app, &error);
		return;
	}
	/* Of a run before, only the rows are kept. */
	place->has_whole = app_wanted_whole(app, place) && !is_saved;
	app->out.count++;
	app->out.saved += is_saved || !app->keep.state;
	if (is_saved)
		return;
	if (app->keep.state)
		app_note_positions(app, &place->savepoint);
	for (size_t i = 0; i < app->feed_count; i++)
		source_mark(app->feeds[i].source);
	app->printed++;
	if (app->engine.held)
		end_with(app, STOP_CONDITION, place->snapshot.end_ns);
	else if (app->printed == app->options->max_windows)
		end_with(app, STOP_WINDOWS, place->snapshot.end_ns);
}

/* --- rendering ------------------------------------------------------------ */

static void fail(struct app *app, const struct error *error)
{
	app->broken = true;
	app_fail(app, error);
}

/* False: it cannot be written in that format. */
static bool begin(struct app *app)
{
	struct report_options *options = &app->report.options;
	struct error error;

	log_status_erase(&app->log);
	options->key_count =
		engine_key_names(&app->engine, &options->key_names);
	/* Only the rows that are merged said what their keys are called. */
	if (options->format == FORMAT_PROMETHEUS &&
	    label_check_names(options->key_names, options->key_count, &error) !=
		    0) {
		fail(app, &error);
		return false;
	}
	if (options->format == FORMAT_TABLE) {
		options->columns = app_terminal_columns(STDOUT_FILENO);
		options->lines = app_terminal_lines(STDOUT_FILENO);
		options->lines_below = app_last_words_lines(app);
	}
	for (size_t i = 0; i < app->feed_count; i++) {
		const struct feed *feed = &app->feeds[i];

		app->report_sources[i].up = feed_is_up(feed);
		app->report_sources[i].behind_ms = app_behind_ms(feed);
	}
	report_begin(&app->report, &place_at(app, 0)->snapshot);
	app_show_window(app, place_at(app, 0));
	app->out.printing = true;
	return true;
}

/* The first window is in the queue, whole. */
static void finish(struct app *app)
{
	struct error error;

	app->out.printing = false;
	app_mark_window(app, place_at(app, 0)->number);
	app->out.first = (app->out.first + 1) % OUTGOING_MAX;
	app->out.count--;
	app->out.saved--;
	for (size_t i = 0; i < app->feed_count; i++)
		source_commit(app->feeds[i].source);
	if (queue_commit(&app->queue, &error) != 0)
		fail(app, &error);
}

/* Renders what the queue takes; true once the window is in it to its end. */
static bool render(struct app *app)
{
	bool more = true;

	while (more && !queue_is_full(&app->queue)) {
		struct buffer *bytes = queue_buffer(&app->queue);
		size_t before = bytes->size;

		more = report_slice(&app->report, bytes, SLICE_BYTES);
		app->keep.taken.queued_bytes += bytes->size - before;
	}
	return !more;
}

void app_print(struct app *app)
{
	struct error error;

	while (app->out.saved > 0 && !app->broken) {
		if (!app->out.printing && !begin(app))
			return;
		if (render(app))
			finish(app);
		if (!app->broken && queue_write(&app->queue, &error) != 0) {
			fail(app, &error);
		} else if (queue_is_full(&app->queue)) {
			app->refilled = app->input_waits;
			break;
		}
	}
}
