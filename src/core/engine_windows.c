/*
 * Which window is due, what becomes of one that closes, and of the groups after
 * that.
 */
#include "core/engine_parts.h"

/* --- which is due --------------------------------------------------------- */

void engine_look(struct engine *engine)
{
	struct windows *windows = &engine->windows;
	int64_t value_ns = engine->watermark.value_ns;
	int64_t next;

	engine->due = false;
	/* What a member counts, the merge closes. */
	if (engine->query.publishes)
		return;
	if (!engine->laid || value_ns == TIME_NONE)
		return;
	next = windows_next(windows);
	if (next != PANE_NONE && windows_start(windows, next + 1) <= value_ns) {
		engine->due = true;
		return;
	}
	windows_pass(windows, windows_pane(windows, value_ns) - 1);
	engine->pass_ns = windows_start(windows, windows->closed + 2);
}

int64_t engine_next_end(const struct engine *engine)
{
	const struct windows *windows = &engine->windows;
	int64_t next = windows->closed + 1;

	if (engine->query.timed)
		next = engine->laid && !engine->query.publishes
			       ? windows_next(windows)
			       : PANE_NONE;
	return next == PANE_NONE ? INT64_MAX : windows_start(windows, next + 1);
}

int64_t engine_next_start(const struct engine *engine)
{
	const struct windows *windows = &engine->windows;
	int64_t start_ns =
		windows_start(windows, windows->closed + 2 - windows->span);

	return start_ns > engine->since_ns ? start_ns : engine->since_ns;
}

bool engine_due(const struct engine *engine, int64_t now_ns)
{
	if (engine->query.timed)
		return engine->due;
	return now_ns >= engine_next_end(engine);
}

uint64_t engine_open_orders(const struct engine *engine)
{
	return windows_open_orders(&engine->windows);
}

void engine_wait(struct engine *engine, int64_t ready_ns, int64_t now_ns)
{
	watermark_wait(&engine->watermark, ready_ns, now_ns);
	engine_look(engine);
}

void engine_hear(struct engine *engine, struct stream_time *stream,
		 int64_t ready_ns, int64_t now_ns)
{
	if (!engine->query.timed)
		return;
	/* While all were idle, the watermark went on as the clock did. */
	if (engine->watermark.all_idle)
		watermark_wait(&engine->watermark, ready_ns, now_ns);
	watermark_heard(&engine->watermark, stream, ready_ns);
	engine_look(engine);
}

int engine_check_waiting(struct engine *engine)
{
	if (backlog_is_empty(&engine->backlog))
		return 0;
	return error_set(&engine->error,
			 "no row is of a whole window, which would say how "
			 "long they are: give --window");
}

int engine_end_input(struct engine *engine)
{
	if (engine_check_waiting(engine) != 0)
		return -1;
	watermark_end(&engine->watermark);
	engine_look(engine);
	return 0;
}

/* --- conditions ----------------------------------------------------------- */

static uint64_t condition_value(const struct engine *engine, size_t index)
{
	const struct condition *condition = &engine->query.conditions[index];
	const struct tallies *tallies = &engine->tallies;

	switch (condition->name) {
	case CONDITION_ORDERS: return engine->windows.window.orders;
	case CONDITION_READ: return tallies->read;
	case CONDITION_REJECTED: return tallies_rejected(tallies);
	case CONDITION_REASON: return tallies->rejected[condition->reason];
	case CONDITION_FILTERED: return tallies->filtered;
	case CONDITION_LATE: return tallies->late;
	case CONDITION_GROUPS: return engine->named;
	case CONDITION_GROUP: break;
	}
	if (engine->watched[index] == GROUP_OTHER)
		return 0;
	return pane_count(&engine->windows.window, engine->watched[index]);
}

static void judge_condition(struct engine *engine, size_t index)
{
	const struct condition *condition = &engine->query.conditions[index];
	uint64_t value = condition_value(engine, index);

	if (engine->held || !condition_holds(condition, value))
		return;
	engine->held = condition;
	engine->held_value = value;
}

/* Of windows that print at once the tallies are the first one's, and say
 * nothing of the others. */
static bool may_judge(const struct engine *engine,
		      const struct condition *condition, bool partial)
{
	if (partial && !condition_judges_parts(condition))
		return false;
	return !engine->at_once || !condition_is_tally(condition);
}

static void judge_conditions(struct engine *engine, struct window bounds)
{
	if (engine->held)
		return;
	for (size_t i = 0; i < engine->query.condition_count; i++)
		if (may_judge(engine, &engine->query.conditions[i],
			      bounds.partial))
			judge_condition(engine, i);
	engine->held_window = bounds;
}

void engine_judge_rest(struct engine *engine)
{
	for (size_t i = 0; i < engine->query.condition_count; i++) {
		const struct condition *condition =
			&engine->query.conditions[i];

		if (condition_judges_parts(condition) &&
		    condition_is_tally(condition) && !engine->held) {
			judge_condition(engine, i);
			engine->held_rest = engine->held != NULL;
		}
	}
}

/* --- one closes ----------------------------------------------------------- */

/* What a snapshot says besides its rows. */
static void describe(const struct engine *engine, struct snapshot *snapshot,
		     struct window bounds)
{
	snapshot->start_ns = bounds.start_ns;
	snapshot->end_ns = bounds.end_ns;
	snapshot->partial = bounds.partial;
	snapshot->groups = engine->named;
	snapshot->tallies = engine->tallies;
	snapshot->run = engine->run;
}

/* Fills in what it hands out, but for the savepoint. */
static int fill(struct engine *engine, const struct closing *closing,
		struct window bounds)
{
	static const struct row_choice all = {.order = ORDER_KEY};

	if (closing->whole && snapshot_fill(closing->whole, &engine->groups,
					    &engine->windows, &all) != 0)
		return -1;
	if (snapshot_fill(closing->snapshot, &engine->groups, &engine->windows,
			  &engine->query.choice) != 0)
		return -1;
	tallies_add(&engine->run, &engine->tallies);
	if (closing->whole)
		describe(engine, closing->whole, bounds);
	describe(engine, closing->snapshot, bounds);
	return 0;
}

/* Closes the window that ends with this pane, as one of these bounds. */
static int close_window(struct engine *engine, const struct closing *closing,
			int64_t pane, struct window bounds)
{
	if (engine->forget_at_ns != TIME_NONE && engine_forget(engine) != 0)
		return -1;
	if (closing->alone)
		groups_recycle(&engine->groups);
	if (windows_gather(&engine->windows, pane, engine->groups.count) != 0 ||
	    fill(engine, closing, bounds) != 0)
		return -1;
	judge_conditions(engine, bounds);
	engine->tallies = (struct tallies){0};
	engine->whole_seen |= !bounds.partial;
	engine->closed_ns = bounds.end_ns;
	if (engine->last_ns)
		engine->forget_at_ns = bounds.end_ns;
	if (closing->savepoint)
		engine_save_window(engine, closing->savepoint,
				   closing->snapshot);
	/* A pane that goes with the window goes from the state, too. */
	if (windows_drop(&engine->windows) != 0)
		return -1;
	if (closing->savepoint)
		engine_save(engine, closing->savepoint);
	return 0;
}

/* By event time bounds are always the whole window's. */
static int close_timed(struct engine *engine, const struct closing *closing,
		       bool partial)
{
	const struct windows *windows = &engine->windows;
	int64_t pane = windows_next(windows);
	struct window bounds = {
		.start_ns = windows_start(windows, pane + 1 - windows->span),
		.end_ns = windows_start(windows, pane + 1),
		.partial = partial,
	};

	if (close_window(engine, closing, pane, bounds) != 0)
		return -1;
	engine_look(engine);
	engine->at_once = engine->due || partial;
	return 0;
}

/* By arrival it ends at end_ns, in time or early; INT64_MAX: the end of `all`,
 * which is now at the latest. */
static int close_arrived(struct engine *engine, const struct closing *closing,
			 int64_t end_ns, int64_t now_ns)
{
	const struct windows *windows = &engine->windows;
	int64_t pane = windows->closed + 1;
	struct window bounds;

	coverage_reach(&engine->coverage, end_ns);
	bounds = coverage_window(&engine->coverage, pane + 1 - windows->span,
				 pane, end_ns);
	if (bounds.end_ns == INT64_MAX)
		bounds.end_ns = now_ns;
	return close_window(engine, closing, pane, bounds);
}

int engine_close(struct engine *engine, const struct closing *closing)
{
	int64_t end_ns = engine_next_end(engine);

	if (engine->query.timed)
		return close_timed(engine, closing, false);
	engine->since_ns = end_ns;
	return close_arrived(engine, closing, end_ns, end_ns);
}

int engine_cut(struct engine *engine, const struct closing *closing,
	       int64_t stopped_ns, int64_t now_ns, uint64_t *skipped)
{
	struct windows *windows = &engine->windows;
	int64_t pane = windows->closed + 1;
	int64_t now_pane = windows_pane(windows, now_ns);

	*skipped = 0;
	if (close_arrived(engine, closing, stopped_ns, stopped_ns) != 0)
		return -1;
	coverage_cut(&engine->coverage, stopped_ns, now_ns);
	engine->since_ns = now_ns;
	if (now_pane > pane + 1)
		*skipped = (uint64_t)(now_pane - pane - 1);
	if (now_pane <= pane) {
		/* One pane a window: it is the same one once more. */
		if (windows->span == 1)
			windows_reopen(windows);
		return 0;
	}
	return windows_skip(windows, now_pane - 1, engine->groups.count);
}

bool engine_is_empty(const struct engine *engine)
{
	return engine->tallies.read == 0 &&
	       windows_open_orders(&engine->windows) == 0;
}

uint64_t engine_leave_out(struct engine *engine, int64_t now_ns)
{
	struct windows *windows = &engine->windows;
	int64_t pane = windows_pane(windows, now_ns);
	int64_t left_out = pane - windows->closed - 1;

	coverage_reach(&engine->coverage, now_ns);
	/* All its panes are empty: nothing is to be added up. */
	if (windows_skip(windows, pane - 1, engine->groups.count) != 0)
		windows_pass(windows, pane - 1);
	engine->since_ns = windows_start(windows, pane);
	return left_out > 0 ? (uint64_t)left_out : 0;
}

bool engine_has_rest(const struct engine *engine, int64_t now_ns)
{
	if (engine->query.publishes)
		return false;
	if (engine->query.timed)
		return engine->laid &&
		       windows_next(&engine->windows) != PANE_NONE;
	return !engine->over &&
	       (now_ns > engine->since_ns || engine->query.window_ns == 0 ||
		engine->tallies.read > 0);
}

int engine_finish(struct engine *engine, const struct closing *closing,
		  int64_t now_ns, bool whole)
{
	bool is_all = engine->query.window_ns == 0;

	if (engine->query.timed)
		return close_timed(engine, closing, true);
	engine->over = true;
	return close_arrived(engine, closing,
			     is_all && whole ? INT64_MAX : now_ns, now_ns);
}

struct tallies engine_tallies(const struct engine *engine)
{
	struct tallies sum = engine->run;

	tallies_add(&sum, &engine->tallies);
	return sum;
}

/* --- groups that are forgotten -------------------------------------------- */

/* No order for so long, and none in a pane that a window to come holds. */
static bool is_forgotten(const struct engine *engine, uint32_t group)
{
	const struct windows *windows = &engine->windows;
	unsigned flags = engine->groups.flags[group];
	int64_t last_ns = engine->last_ns[group];

	return flags & GROUP_NAMED && !(flags & GROUP_EXPECTED) &&
	       last_ns != TIME_NONE &&
	       time_between(last_ns, engine->forget_at_ns) >=
		       engine->query.forget_ns &&
	       windows_pane(windows, last_ns) <=
		       windows->closed + 1 - windows->span;
}

/* Its totals first: a group that stays for want of memory is tried again. */
static int forget_group(struct engine *engine, uint32_t group)
{
	struct groups *groups = &engine->groups;

	if (windows_forget(&engine->windows, group) != 0)
		return -1;
	if (!(groups->flags[group] & GROUP_RESERVED) &&
	    groups_remove(groups, group) != 0)
		return -1;
	groups->flags[group] &= (uint8_t)~GROUP_NAMED;
	engine->last_ns[group] = TIME_NONE;
	engine->named--;
	return 0;
}

int engine_forget(struct engine *engine)
{
	struct groups *groups = &engine->groups;
	uint32_t live = groups->live;
	int result = 0;

	for (uint32_t group = 1; result == 0 && group < groups->count; group++)
		if (is_forgotten(engine, group))
			result = forget_group(engine, group);
	if (groups->live != live)
		groups_removed(groups);
	if (result == 0)
		engine->forget_at_ns = TIME_NONE;
	return result;
}
