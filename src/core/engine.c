#include "core/engine.h"

#include <stdlib.h>

/* --- setting up ----------------------------------------------------------- */

/* Groups that have a name whatever --max-groups says come first. */
static int reserve_groups(struct engine *engine)
{
	const struct query *query = &engine->query;

	for (size_t i = 0; i < query->expected_count; i++)
		if (groups_add_key(
			    &engine->groups,
			    (const unsigned char *)query->expected[i].data) ==
		    GROUP_OTHER)
			return -1;
	engine->choice.expected = engine->groups.count - 1;
	engine->named = engine->choice.expected;
	for (size_t i = 0; i < query->condition_count; i++) {
		const struct condition *condition = &query->conditions[i];

		if (condition->name != CONDITION_GROUP)
			continue;
		engine->watched[i] = groups_add_key(
			&engine->groups,
			(const unsigned char *)condition->key.data);
		if (engine->watched[i] == GROUP_OTHER)
			return -1;
	}
	engine->reserved = engine->groups.count - 1;
	return windows_reserve(&engine->windows, engine->groups.count);
}

int engine_init(struct engine *engine, const struct query *query,
		struct error *error)
{
	*engine = (struct engine){
		.query = *query,
		.choice = {.top = query->top,
			   .active = query->active,
			   .by_count = query->by_count},
	};
	windows_init(&engine->windows, query->window_ns);
	snapshot_init(&engine->snapshot);
	if (order_init(&engine->order, query->key_names, query->key_count,
		       query->missing_label, error) != 0 ||
	    groups_init(&engine->groups, query->key_count, query->hash_seed,
			error) != 0)
		return -1;
	engine->watched =
		calloc(query->condition_count + 1, sizeof(*engine->watched));
	if (!engine->watched || reserve_groups(engine) != 0)
		return error_set(error, "out of memory");
	return 0;
}

void engine_release(struct engine *engine)
{
	order_release(&engine->order);
	groups_release(&engine->groups);
	windows_release(&engine->windows);
	snapshot_release(&engine->snapshot);
	free(engine->watched);
	engine->watched = NULL;
}

void engine_begin(struct engine *engine, int64_t now_ns, size_t up, size_t down)
{
	windows_begin(&engine->windows, now_ns, engine->query.aligned, up,
		      down);
}

/* --- counting ------------------------------------------------------------- */

static bool is_unseen(const struct engine *engine, uint32_t group)
{
	const struct windows *windows = &engine->windows;

	return windows->totals[group] + windows->pane.counts[group] == 0;
}

/* A group that was not met before gets a name, if there is one left. */
static int name_group(struct engine *engine, uint32_t *group)
{
	*group = GROUP_OTHER;
	if (engine->named >= engine->query.max_groups) {
		engine->other_seen = true;
		return 0;
	}
	/* Room first: a group without it could not even be printed. */
	if (windows_reserve(&engine->windows,
			    (size_t)engine->groups.count + 1) != 0)
		return -1;
	*group = groups_add(&engine->groups, engine->order.parts);
	if (*group == GROUP_OTHER)
		return -1;
	engine->named++;
	return 0;
}

static int count_order(struct engine *engine)
{
	uint32_t group = groups_find(&engine->groups, engine->order.parts);

	if (group == GROUP_OTHER) {
		if (name_group(engine, &group) != 0)
			return -1;
	} else if (group <= engine->reserved &&
		   group > engine->choice.expected &&
		   is_unseen(engine, group)) {
		engine->named++;
	}
	windows_count(&engine->windows, group);
	engine->tallies.read++;
	engine->tallies.counted++;
	return 0;
}

static enum engine_event reject(struct engine *engine,
				const struct stream *stream, struct span line,
				enum reject_reason reason, size_t column,
				const char *field)
{
	engine->tallies.read++;
	engine->tallies.rejected[reason]++;
	engine->reject = (struct reject){
		.reason = reason,
		.stream = stream->name,
		.line_number = stream->line_number,
		.column = column,
		.field = field,
		.line = line,
	};
	return ENGINE_REJECTED;
}

static enum engine_event take_line(struct engine *engine,
				   const struct stream *stream,
				   enum line_status status, struct span line)
{
	const struct order *order = &engine->order;

	if (status == LINE_FAILED)
		return ENGINE_FAILED;
	if (status == LINE_TOO_LONG)
		return reject(engine, stream, line, REJECT_TOO_LONG,
			      engine->query.max_line_bytes + 1, NULL);
	if (order_judge(&engine->order, line) != 0)
		return reject(engine, stream, line, order->reason,
			      order->column, order->field);
	return count_order(engine) == 0 ? ENGINE_DONE : ENGINE_FAILED;
}

enum engine_event engine_take(struct engine *engine, struct stream *stream,
			      struct span *bytes)
{
	enum line_status status;
	struct span line;

	while ((status = lines_next(stream, bytes, engine->query.max_line_bytes,
				    &line)) != LINE_NONE) {
		enum engine_event event =
			take_line(engine, stream, status, line);

		if (event != ENGINE_DONE)
			return event;
	}
	return ENGINE_DONE;
}

enum engine_event engine_end_stream(struct engine *engine,
				    struct stream *stream)
{
	struct span line;
	enum line_status status =
		lines_finish(stream, engine->query.max_line_bytes, &line);

	return status == LINE_NONE ? ENGINE_DONE
				   : take_line(engine, stream, status, line);
}

/* --- windows -------------------------------------------------------------- */

static uint64_t condition_value(const struct engine *engine, size_t index)
{
	const struct condition *condition = &engine->query.conditions[index];
	const struct tallies *tallies = &engine->tallies;

	switch (condition->name) {
	case CONDITION_ORDERS: return engine->windows.pane.orders;
	case CONDITION_READ: return tallies->read;
	case CONDITION_REJECTED: return tallies_rejected(tallies);
	case CONDITION_REASON: return tallies->rejected[condition->reason];
	case CONDITION_FILTERED: return tallies->filtered;
	case CONDITION_LATE: return tallies->late;
	case CONDITION_GROUPS: return engine->named;
	case CONDITION_GROUP: break;
	}
	return engine->windows.pane.counts[engine->watched[index]];
}

static void judge_conditions(struct engine *engine, bool partial)
{
	for (size_t i = 0; i < engine->query.condition_count; i++) {
		const struct condition *condition =
			&engine->query.conditions[i];
		uint64_t value = condition_value(engine, i);

		if (engine->held || !condition_holds(condition, value))
			continue;
		if (partial && !condition_judges_parts(condition))
			continue;
		engine->held = condition;
		engine->held_value = value;
	}
}

/* The snapshot of the open window within these bounds; does not close it. */
static const struct snapshot *take_snapshot(struct engine *engine,
					    struct window bounds)
{
	struct snapshot *snapshot = &engine->snapshot;

	if (snapshot_fill(snapshot, &engine->groups, &engine->windows,
			  &engine->choice) != 0)
		return NULL;
	snapshot->start_ns = bounds.start_ns;
	snapshot->end_ns = bounds.end_ns;
	snapshot->partial = bounds.partial;
	snapshot->groups = engine->named;
	snapshot->tallies = engine->tallies;
	judge_conditions(engine, bounds.partial);
	engine->whole_seen |= !bounds.partial;
	tallies_add(&engine->run, &engine->tallies);
	engine->tallies = (struct tallies){0};
	return snapshot;
}

static uint64_t next_window(struct engine *engine, int64_t now_ns)
{
	return windows_next(&engine->windows, now_ns, engine->groups.count);
}

const struct snapshot *engine_close(struct engine *engine)
{
	int64_t end_ns = windows_end(&engine->windows);
	const struct snapshot *snapshot =
		take_snapshot(engine, windows_bounds(&engine->windows, end_ns));

	next_window(engine, end_ns);
	return snapshot;
}

const struct snapshot *engine_cut(struct engine *engine, int64_t stopped_ns,
				  int64_t now_ns, uint64_t *skipped)
{
	const struct snapshot *snapshot = take_snapshot(
		engine, windows_bounds(&engine->windows, stopped_ns));

	*skipped = next_window(engine, now_ns);
	return snapshot;
}

bool engine_is_empty(const struct engine *engine)
{
	return engine->tallies.read == 0 && engine->windows.pane.orders == 0;
}

uint64_t engine_leave_out(struct engine *engine, int64_t now_ns)
{
	return 1 + next_window(engine, now_ns);
}

bool engine_has_open(const struct engine *engine, int64_t now_ns)
{
	return now_ns > engine->windows.open.start_ns ||
	       engine->query.window_ns == 0 || engine->tallies.read > 0;
}

const struct snapshot *engine_finish(struct engine *engine, int64_t now_ns,
				     bool whole)
{
	struct window bounds = windows_bounds(&engine->windows, now_ns);
	const struct snapshot *snapshot;

	if (engine->query.window_ns == 0 && whole)
		bounds.partial = engine->windows.open.partial;
	snapshot = take_snapshot(engine, bounds);
	next_window(engine, now_ns);
	return snapshot;
}

struct tallies engine_tallies(const struct engine *engine)
{
	struct tallies sum = engine->run;

	tallies_add(&sum, &engine->tallies);
	return sum;
}
