/*
 * What is kept for a later run: windows are saved before they are printed, with
 * the places of the sources as they were when the window closed.
 */
#include <stdlib.h>

#include "app_parts.h"
#include "base/steps.h"

/* How long the last saves of a run may take. */
#define LAST_SAVES_MS 30000

void app_keep_no_more(struct app *app, const struct error *error)
{
	app_fail(app, error);
	app->keep.unsaved = true;
	app->keep.saving = false;
	/* What is not saved is not printed: it will be counted again. What
	 * the state would have to know more of first is the next run's. */
	if (app->queue.allowed != SIZE_MAX)
		app->out.saved = 0;
	else if (app->out.saved > 1)
		app->out.saved = 1;
	app->out.count = app->out.saved;
	app->out.printing = app->out.printing && app->out.count > 0;
	queue_drop_rest(&app->queue);
	app->finished = true;
}

/* --- opening -------------------------------------------------------------- */

static uint32_t highest_in(const struct savepoint *savepoint)
{
	int64_t highest = 0;

	for (size_t i = 0; i < savepoint->count; i++)
		if (savepoint->entries[i].table == SAVED_GROUP &&
		    savepoint->entries[i].id > highest)
			highest = savepoint->entries[i].id;
	return (uint32_t)highest;
}

/* The highest number that any group has in it. */
static uint32_t highest_group(const struct app *app)
{
	const struct savepoint *savepoint = state_kept(app->keep.state);
	uint32_t highest = 0;

	for (size_t i = 0; savepoint; i++) {
		if (highest_in(savepoint) > highest)
			highest = highest_in(savepoint);
		savepoint = state_pending(app->keep.state, i);
	}
	return highest;
}

/* By arrival, no window of this run begins before the last one ended. */
static void keep_order(struct app *app)
{
	int64_t closed_ns = app->engine.closed_ns;

	if (app->engine.query.timed || closed_ns == TIME_NONE ||
	    closed_ns <= app->clock.now_ns)
		return;
	clock_advance(&app->clock, closed_ns);
	log_line(&app->log, LOG_NORMAL,
		 "the clock is behind the last window in '%s': windows go on "
		 "from there",
		 app->options->state_path);
}

static int restore(struct app *app, struct error *error)
{
	struct error why;

	if (engine_restore(&app->engine, state_kept(app->keep.state),
			   highest_group(app), &why) == 0 &&
	    positions_restore(&app->keep.positions, state_kept(app->keep.state),
			      &why) == 0)
		return 0;
	return error_set(error, "cannot go on from '%s': %s",
			 app->options->state_path, why.message);
}

int app_open_state(struct app *app)
{
	struct buffer query = {0};
	struct error error;
	int result = -1;

	positions_init(&app->keep.positions);
	if (!app->options->state_path)
		return 0;
	app_describe_query(app, &query);
	buffer_append_char(&query, '\0');
	if (query.failed)
		error_set(&error, "out of memory");
	else
		result = state_open(&app->keep.state, app->options->state_path,
				    query.data, &error);
	buffer_release(&query);
	if (result == 0) {
		app->keep.watch =
			(struct loop_watch){.fd = state_fd(app->keep.state),
					    .events = POLLIN,
					    .part = LOOP_ALWAYS};
		result = loop_watch_add(&app->loop, &app->keep.watch, &error);
	}
	if (result == 0)
		result = restore(app, &error);
	if (result != 0) {
		app_fail(app, &error);
		return -1;
	}
	app->keep.carried = engine_tallies(&app->engine);
	keep_order(app);
	return 0;
}

/* --- what the output has taken -------------------------------------------- */

static void note_taken(struct app *app)
{
	struct taken *taken = &app->keep.taken;
	uint64_t written = taken->queued_bytes - queue_waiting(&app->queue);
	size_t done = 0;

	while (done < taken->count && taken->marks[done].end_bytes <= written)
		taken->number = taken->marks[done++].number;
	taken->count -= done;
	for (size_t i = 0; i < taken->count; i++)
		taken->marks[i] = taken->marks[done + i];
}

/* One window further than the state knows to be taken, and not more. */
static void allow(struct app *app)
{
	const struct taken *taken = &app->keep.taken;
	uint64_t written = taken->queued_bytes - queue_waiting(&app->queue);

	note_taken(app);
	/* A file that is replaced may be so again. */
	if (app->queue.replaces)
		return;
	if (taken->number > taken->kept)
		queue_allow(&app->queue, 0);
	else if (taken->count > 0)
		queue_allow(&app->queue,
			    (size_t)(taken->marks[0].end_bytes - written));
	else
		queue_allow(&app->queue, SIZE_MAX);
}

void app_mark_window(struct app *app, uint64_t number)
{
	struct taken *taken = &app->keep.taken;
	size_t capacity = taken->capacity ? taken->capacity * 2 : 16;
	struct mark *marks = taken->marks;

	if (!app->keep.state)
		return;
	if (taken->count == taken->capacity) {
		marks = realloc(marks, capacity * sizeof(*marks));
		/* Without its mark a window may be printed a second time. */
		if (!marks)
			return;
		taken->marks = marks;
		taken->capacity = capacity;
	}
	marks[taken->count++] = (struct mark){number, taken->queued_bytes};
	allow(app);
}

bool app_wants_mark(const struct app *app)
{
	bool reader_waits =
		app->queue.allowed == 0 && queue_waiting(&app->queue) > 0;

	return app->keep.state && !app->keep.saving && !app->keep.unsaved &&
	       (reader_waits ||
		(app->keep.resumed && app->keep.positions.is_urgent));
}

/* --- saving --------------------------------------------------------------- */

void app_note_positions(struct app *app, struct savepoint *savepoint)
{
	struct error error;

	for (size_t i = 0; i < app->feed_count; i++) {
		if (source_note(app->feeds[i].source, &error) != 0) {
			app_keep_no_more(app, &error);
			return;
		}
	}
	positions_save(&app->keep.positions, savepoint);
}

static void start_save(struct app *app, struct outgoing *place)
{
	struct error error;

	if (savepoint_failed(&place->savepoint)) {
		error_set(&error, "out of memory");
		app_keep_no_more(app, &error);
		return;
	}
	note_taken(app);
	place->number = state_last(app->keep.state) + 1;
	app->keep.taken.said = app->keep.taken.number;
	step_reach("saving");
	state_save(app->keep.state, &place->savepoint, app->keep.taken.said);
	app->keep.saving = true;
}

static void save_is_done(struct app *app)
{
	step_reach("saved");
	app->keep.taken.kept = app->keep.taken.said;
	app->out.saved += !app->keep.marking;
	app->keep.saving = false;
	app->keep.marking = false;
	allow(app);
}

/* The first of those on their way that is not saved. */
static struct outgoing *first_unsaved(struct app *app)
{
	struct way_out *out = &app->out;

	return &out->places[(out->first + out->saved) % OUTGOING_MAX];
}

void app_end_save(struct app *app)
{
	struct error error;

	if (!app->keep.saving)
		return;
	switch (state_poll(app->keep.state, &error)) {
	case STATE_SAVING: return;
	case STATE_FAILED: app_keep_no_more(app, &error); return;
	case STATE_IDLE: save_is_done(app); return;
	}
}

void app_save(struct app *app)
{
	struct outgoing mark = {0};

	if (!app->keep.state || app->keep.unsaved || app->keep.saving)
		return;
	if (app->out.count > app->out.saved) {
		start_save(app, first_unsaved(app));
	} else if (app_wants_mark(app)) {
		if (app->keep.positions.is_urgent)
			positions_save_new(&app->keep.positions,
					   &mark.savepoint);
		start_save(app, &mark);
		app->keep.marking = app->keep.saving;
		savepoint_release(&mark.savepoint);
	}
}

/* False: it failed, and that was said. */
static bool wait_for_save(struct app *app)
{
	struct error error;
	enum state_status status =
		state_wait(app->keep.state, LAST_SAVES_MS, &error);

	if (status == STATE_SAVING)
		error_set(&error, "'%s': the last save takes too long",
			  app->options->state_path);
	if (status != STATE_IDLE)
		app_keep_no_more(app, &error);
	return status == STATE_IDLE;
}

/*
 * Windows that closed but could not be printed are saved all the same, for the
 * next run to print; then what was read since.
 */
static void save_last(struct app *app)
{
	struct outgoing last = {0};

	/* Rows that wait to be judged would be lost: they are read again. */
	if (!app->keep.resumed || app->keep.unsaved ||
	    !backlog_is_empty(&app->engine.backlog))
		return;
	if (app->keep.saving && wait_for_save(app))
		save_is_done(app);
	while (!app->keep.unsaved && app->out.count > app->out.saved) {
		start_save(app, first_unsaved(app));
		if (app->keep.saving && wait_for_save(app))
			save_is_done(app);
	}
	if (app->keep.unsaved)
		return;
	savepoint_init(&last.savepoint);
	engine_save(&app->engine, &last.savepoint);
	app_note_positions(app, &last.savepoint);
	if (!app->keep.unsaved)
		start_save(app, &last);
	if (app->keep.saving)
		wait_for_save(app);
	savepoint_release(&last.savepoint);
}

void app_close_state(struct app *app)
{
	if (app->keep.state) {
		save_last(app);
		loop_watch_remove(&app->loop, &app->keep.watch);
		state_close(app->keep.state);
	}
	positions_release(&app->keep.positions);
	free(app->keep.taken.marks);
	for (size_t i = 0; i < OUTGOING_MAX; i++) {
		snapshot_release(&app->out.places[i].snapshot);
		snapshot_release(&app->out.places[i].whole);
		savepoint_release(&app->out.places[i].savepoint);
	}
}
