/*
 * A member's engine: panes are only a place where counts of a window are added
 * up until the next transaction takes them off.
 */
#include "core/engine_parts.h"

/* So many keys are kept from one transaction to the next. */
#define GROUPS_KEPT 1000000u

bool engine_next_delta(const struct engine *engine, struct delta_place *place,
		       struct engine_delta *delta)
{
	const struct windows *windows = &engine->windows;
	const struct panes *panes = &windows->panes;

	for (; place->slot < panes->slot_count; place->slot++, place->at = 0) {
		const struct pane *pane = panes_at(panes, place->slot);
		struct counter counter;

		if (!pane || !pane_next(pane, &place->at, &counter))
			continue;
		*delta = (struct engine_delta){
			.start_ns = windows_start(windows, pane->index),
			.end_ns = windows_start(windows, pane->index + 1),
			.key = engine->groups.keys[counter.group],
			.count = counter.count,
			.sum = counter.sum,
		};
		return true;
	}
	return false;
}

/* Keys by the million: what was met long ago is not kept for ever. */
static int forget_groups(struct engine *engine)
{
	struct error error;

	groups_release(&engine->groups);
	engine->named = 0;
	return groups_init(&engine->groups, engine->query.records.key_count,
			   engine->query.hash_seed, &error);
}

int engine_drop_deltas(struct engine *engine, bool is_void)
{
	windows_empty(&engine->windows);
	if (!is_void)
		tallies_add(&engine->run, &engine->tallies);
	engine->tallies = (struct tallies){0};
	return engine->groups.count > GROUPS_KEPT ? forget_groups(engine) : 0;
}

void engine_take_deleted(struct engine *engine, struct stream *stream)
{
	stream->taken++;
	stream->delivered = true;
	engine->tallies.read++;
	engine->tallies.filtered++;
}
