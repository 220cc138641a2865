/*
 * What a later run goes on from. Everything is written as savepoint.h has it:
 *
 *     head    watermark, newest time, last pane closed, end of the last window,
 *             tallies since then, orders in all, what --merge found out and
 *             its debt of late orders; beside it marks, see marks_state.c
 *     group   flags, key, total, newest time, sum of all (with --sum)
 *     pane    orders, then for each counter: group, count, sum
 *     window  bounds, what a snapshot says of all groups, then counters as in a
 *             pane
 *
 * Groups are folded in later than the rest (see state.h), so that a window that
 * was not printed can be made again from the groups as they were then.
 */
#include "core/engine_parts.h"

/* Memory is slower than so many groups. */
#define FETCH_AHEAD ((size_t)8)

/* --- parts of entries ----------------------------------------------------- */

static void put_sum(struct buffer *out, const struct sum *sum)
{
	struct buffer text = {0};

	sum_append(&text, sum, sum->scale);
	saved_put_text(out, buffer_span(&text));
	out->failed |= text.failed;
	buffer_release(&text);
}

static void put_tallies(struct buffer *out, const struct tallies *tallies)
{
	saved_put_number(out, tallies->read);
	saved_put_number(out, tallies->counted);
	for (size_t i = 0; i < REJECT_REASONS; i++)
		saved_put_number(out, tallies->rejected[i]);
	saved_put_number(out, tallies->filtered);
	saved_put_number(out, tallies->late);
}

static void put_counters(struct buffer *out, const struct pane *pane)
{
	struct counter counter;
	uint32_t at = 0;

	while (pane_next(pane, &at, &counter)) {
		saved_put_number(out, counter.group);
		saved_put_number(out, counter.count);
		if (counter.sum)
			put_sum(out, counter.sum);
	}
}

/* --- saving --------------------------------------------------------------- */

static void save_head(const struct engine *engine, struct savepoint *savepoint)
{
	struct buffer *out = savepoint_add(savepoint, SAVED_HEAD, 0);

	saved_put_signed(out, engine->watermark.value_ns);
	saved_put_signed(out, engine->watermark.newest_ns);
	saved_put_signed(out, engine->closed_ns);
	saved_put_signed(out, engine->windows.closed);
	saved_put_number(out, engine->windows.total_orders);
	saved_put_number(out, engine->other_seen);
	put_tallies(out, &engine->tallies);
	if (!engine->query.merge)
		return;
	/* What is not laid yet, the next run finds out anew. */
	saved_put_signed(out, engine->laid ? engine->merge.window_ns : 0);
	saved_put_number(out, engine->merge.summing);
	saved_put_number(out, engine->merge.key_count);
	for (size_t i = 0; i < engine->merge.key_count; i++)
		saved_put_text(out, span_of(engine->merge.key_names[i]));
}

static void save_group(const struct engine *engine, struct savepoint *savepoint,
		       uint32_t group)
{
	const struct windows *windows = &engine->windows;
	const struct groups *groups = &engine->groups;
	unsigned flags = groups->flags[group];
	struct buffer *out = savepoint_add(savepoint, SAVED_GROUP, group);
	struct span key = {0};

	/* Nothing in it: it is gone, or there only because it is watched. */
	if (group != GROUP_OTHER && !(flags & GROUP_NAMED))
		return;
	if (group != GROUP_OTHER)
		key = span_make(
			(const char *)groups->keys[group],
			key_length(groups->keys[group], groups->key_count));
	saved_put_number(out, flags & GROUP_FLAGS_KEPT);
	saved_put_text(out, key);
	saved_put_number(out, windows->totals[group]);
	saved_put_signed(out,
			 engine->last_ns ? engine->last_ns[group] : TIME_NONE);
	if (windows->total_sums)
		put_sum(out, &windows->total_sums[group]);
}

static void save_panes(struct engine *engine, struct savepoint *savepoint)
{
	struct panes *panes = &engine->windows.panes;

	for (size_t i = 0; i < panes->gone_count; i++)
		savepoint_add(savepoint, SAVED_PANE, panes->gone[i]);
	savepoint->bytes.failed |= panes->gone_failed;
	panes->gone_count = 0;
	for (size_t i = 0; i < panes->slot_count; i++) {
		struct pane *pane = panes_at(panes, i);
		struct buffer *out;

		if (!pane || !pane->changed)
			continue;
		out = savepoint_add(savepoint, SAVED_PANE, pane->index);
		saved_put_number(out, pane->orders);
		put_counters(out, pane);
		pane->changed = false;
		pane->saved = true;
	}
}

/*
 * Groups that changed lie far apart in memory, and counting waits meanwhile:
 * what a group needs is fetched while those before it are put down.
 */
static void save_groups(const struct engine *engine,
			struct savepoint *savepoint)
{
	const struct windows *windows = &engine->windows;
	const uint32_t *changed = windows->changed;
	const unsigned char **keys = engine->groups.keys;
	size_t count = windows->changed_count;

	for (size_t i = 0; i < count; i++) {
		if (i + 2 * FETCH_AHEAD < count)
			__builtin_prefetch(&keys[changed[i + 2 * FETCH_AHEAD]]);
		if (i + FETCH_AHEAD < count) {
			uint32_t group = changed[i + FETCH_AHEAD];

			__builtin_prefetch(keys[group]);
			__builtin_prefetch(&windows->totals[group]);
		}
		save_group(engine, savepoint, changed[i]);
	}
}

void engine_save(struct engine *engine, struct savepoint *savepoint)
{
	struct windows *windows = &engine->windows;

	save_head(engine, savepoint);
	if (engine->query.merge)
		marks_save(&engine->marks, savepoint);
	save_groups(engine, savepoint);
	windows_settle_changes(windows);
	/* By arrival no window spans two runs. */
	if (engine->query.timed)
		save_panes(engine, savepoint);
	savepoint_end(savepoint);
}

void engine_save_window(struct engine *engine, struct savepoint *savepoint,
			const struct snapshot *snapshot)
{
	struct buffer *out = &savepoint->window;

	saved_put_signed(out, snapshot->start_ns);
	saved_put_signed(out, snapshot->end_ns);
	saved_put_number(out, snapshot->partial);
	saved_put_number(out, snapshot->total_orders);
	saved_put_number(out, snapshot->groups);
	put_tallies(out, &snapshot->tallies);
	put_tallies(out, &snapshot->run);
	put_counters(out, &engine->windows.window);
}
