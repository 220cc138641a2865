/*
 * The run before on the same state: windows that it saved and that the output
 * had not taken are printed first; then this run goes on from there.
 */
#include "app_parts.h"

bool app_must_replay(const struct app *app)
{
	return app->keep.state && !app->keep.resumed && !app->keep.unsaved;
}

/* The first one that was not replayed; NULL: all were. */
static const struct savepoint *next_pending(const struct app *app,
					    uint64_t *number)
{
	const struct savepoint *pending;

	for (size_t i = 0; (pending = state_pending(app->keep.state, i)); i++) {
		*number = state_pending_number(app->keep.state, i);
		if (*number > app->keep.replayed)
			return pending;
	}
	return NULL;
}

static void replay_failed(struct app *app, const struct error *why)
{
	struct error error;

	error_set(&error, "cannot go on from '%s': %s",
		  app->options->state_path, why->message);
	app_keep_no_more(app, &error);
}

bool app_replay(struct app *app)
{
	struct closing closing = app_closing(app);
	const struct savepoint *pending;
	uint64_t number;
	bool has_window;
	struct error why;

	/* One at a time: the next one changes the groups that this one shows.
	 */
	if (app->keep.saving || !closing.alone)
		return false;
	pending = next_pending(app, &number);
	if (!pending) {
		if (engine_resume(&app->engine, state_kept(app->keep.state),
				  &why) != 0)
			replay_failed(app, &why);
		app->keep.resumed = true;
		state_forget_kept(app->keep.state);
		return true;
	}
	app->keep.replayed = number;
	app->out.places[app->out.first].number = number;
	if (engine_replay(&app->engine, pending, closing.snapshot, &has_window,
			  &why) != 0)
		replay_failed(app, &why);
	else if (has_window)
		app_send(app, true, true);
	return true;
}
