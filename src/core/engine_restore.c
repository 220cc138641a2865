/*
 * A later run goes on from what engine_save.c wrote, which says what stands
 * where.
 */
#include "core/engine_parts.h"

static int damaged(struct error *error)
{
	return error_set(error, "it holds what this version did not write");
}

static int no_memory(struct error *error)
{
	return error_set(error, "out of memory");
}

/* --- parts of entries ----------------------------------------------------- */

/* -1: memory is out, or it is none. */
static int get_sum(struct span *bytes, struct sum *sum, struct error *error)
{
	struct span text;

	if (!saved_get_text(bytes, &text))
		return damaged(error);
	switch (sum_read_total(sum, text)) {
	case SUM_READ: return 0;
	case SUM_NOT_A_NUMBER: return damaged(error);
	case SUM_NO_MEMORY: break;
	}
	return no_memory(error);
}

static bool get_tallies(struct span *bytes, struct tallies *tallies)
{
	bool ok = saved_get_number(bytes, &tallies->read) &&
		  saved_get_number(bytes, &tallies->counted);

	for (size_t i = 0; ok && i < REJECT_REASONS; i++)
		ok = saved_get_number(bytes, &tallies->rejected[i]);
	return ok && saved_get_number(bytes, &tallies->filtered) &&
	       saved_get_number(bytes, &tallies->late);
}

/* Adds the counters up to the end of the bytes to the pane. */
static int get_counters(struct engine *engine, struct span *bytes,
			struct pane *pane, struct error *error)
{
	uint32_t groups = engine->groups.count;
	struct sum sum = {0};
	int result = 0;

	while (result == 0 && bytes->size > 0) {
		uint64_t group = 0;
		uint64_t count = 0;

		if (!saved_get_number(bytes, &group) || group >= groups ||
		    !saved_get_number(bytes, &count))
			result = damaged(error);
		else if (pane->summing)
			result = get_sum(bytes, &sum, error);
		if (result == 0 &&
		    pane_add(pane, (uint32_t)group, count,
			     pane->summing ? &sum : NULL, groups) != 0)
			result = no_memory(error);
	}
	sum_clear(&sum);
	return result;
}

/* --- restoring groups ----------------------------------------------------- */

/* A group that takes the number has nothing yet. */
static void empty_number(struct engine *engine, uint32_t group)
{
	struct windows *windows = &engine->windows;

	windows->totals[group] = 0;
	if (windows->total_sums)
		sum_clear(&windows->total_sums[group]);
	if (engine->last_ns)
		engine->last_ns[group] = TIME_NONE;
}

/*
 * The key may have a number already in this run, because it is expected or
 * watched, or was under another number before: what holds for that, holds for
 * the number that it had.
 */
static int move_reserved(struct engine *engine, const unsigned char *key,
			 uint32_t group, uint8_t *flags)
{
	struct groups *groups = &engine->groups;
	uint32_t now = groups_find_key(groups, key);

	if (now == GROUP_OTHER)
		return 0;
	*flags |= groups->flags[now] &
		  (GROUP_EXPECTED | GROUP_RESERVED | GROUP_NAMED);
	for (size_t i = 0; i < engine->query.condition_count; i++)
		if (engine->watched[i] == now)
			engine->watched[i] = group;
	if (now == group)
		return 0;
	empty_number(engine, now);
	return groups_remove(groups, now);
}

/* A group that is gone may be one that keeps its number in this run. */
static int drop_group(struct engine *engine, uint32_t group,
		      struct error *error)
{
	struct groups *groups = &engine->groups;

	if (group == GROUP_OTHER || group >= groups->count ||
	    !(groups->flags[group] & GROUP_LIVE))
		return 0;
	if (groups->flags[group] & GROUP_EXPECTED)
		windows_change(&engine->windows, group);
	else if (groups->flags[group] & GROUP_RESERVED)
		groups->flags[group] &= (uint8_t)~GROUP_NAMED;
	else if (groups_remove(groups, group) != 0)
		return no_memory(error);
	empty_number(engine, group);
	return 0;
}

static int restore_key(struct engine *engine, uint32_t group, struct span key,
		       uint64_t flags, struct error *error)
{
	struct groups *groups = &engine->groups;
	uint8_t kept = (uint8_t)(flags & GROUP_FLAGS_KEPT);
	const unsigned char *bytes = (const unsigned char *)key.data;

	if (!key_is_encoded(bytes, key.size, groups->key_count))
		return damaged(error);
	if (move_reserved(engine, bytes, group, &kept) != 0 ||
	    groups_restore(groups, group, bytes) != 0)
		return no_memory(error);
	groups->flags[group] |= kept;
	return 0;
}

static int restore_group(struct engine *engine, int64_t id, struct span bytes,
			 struct error *error)
{
	struct windows *windows = &engine->windows;
	uint64_t flags, total;
	int64_t last_ns;
	struct span key;
	uint32_t group;

	if (id < 0 || id >= UINT32_MAX)
		return damaged(error);
	group = (uint32_t)id;
	if (bytes.size == 0)
		return drop_group(engine, group, error);
	if (!saved_get_number(&bytes, &flags) ||
	    !saved_get_text(&bytes, &key) ||
	    !saved_get_number(&bytes, &total) ||
	    !saved_get_signed(&bytes, &last_ns))
		return damaged(error);
	if (engine_reserve(engine, (size_t)group + 1) != 0)
		return no_memory(error);
	if (group != GROUP_OTHER &&
	    restore_key(engine, group, key, flags, error) != 0)
		return -1;
	windows->totals[group] = total;
	if (engine->last_ns)
		engine->last_ns[group] = last_ns;
	return windows->total_sums
		       ? get_sum(&bytes, &windows->total_sums[group], error)
		       : 0;
}

static int restore_groups(struct engine *engine,
			  const struct savepoint *savepoint,
			  struct error *error)
{
	for (size_t i = 0; i < savepoint->count; i++) {
		const struct saved_entry *entry = &savepoint->entries[i];

		if (entry->table == SAVED_GROUP &&
		    restore_group(engine, entry->id,
				  savepoint_entry(savepoint, entry),
				  error) != 0)
			return -1;
	}
	return 0;
}

/* --- restoring the head --------------------------------------------------- */

static const struct saved_entry *find_head(const struct savepoint *kept)
{
	for (size_t i = 0; i < kept->count; i++)
		if (kept->entries[i].table == SAVED_HEAD &&
		    kept->entries[i].id == 0)
			return &kept->entries[i];
	return NULL;
}

/* What --merge had found out: the windows' length, the names of the keys. */
static int restore_merge(struct engine *engine, struct span *bytes,
			 struct error *error)
{
	struct span names[KEY_FIELDS_MAX];
	uint64_t summing, key_count;
	int64_t window_ns;

	if (!saved_get_signed(bytes, &window_ns) ||
	    !saved_get_number(bytes, &summing) ||
	    !saved_get_number(bytes, &key_count) || key_count > KEY_FIELDS_MAX)
		return damaged(error);
	for (size_t i = 0; i < key_count; i++)
		if (!saved_get_text(bytes, &names[i]))
			return damaged(error);
	if (window_ns <= 0)
		return 0;
	if (merge_restore(&engine->merge, window_ns, summing != 0, names,
			  (size_t)key_count) != 0 ||
	    engine_lay(engine, window_ns, window_ns) != 0)
		return no_memory(error);
	if (key_count > 0 && engine_name_keys(engine, (size_t)key_count) != 0) {
		*error = engine->error;
		return -1;
	}
	return 0;
}

static int restore_head(struct engine *engine, const struct savepoint *kept,
			struct error *error)
{
	const struct saved_entry *head = find_head(kept);
	struct span bytes;
	int64_t value_ns, newest_ns, closed;
	uint64_t other_seen;

	if (!head)
		return 0;
	bytes = savepoint_entry(kept, head);
	if (!saved_get_signed(&bytes, &value_ns) ||
	    !saved_get_signed(&bytes, &newest_ns) ||
	    !saved_get_signed(&bytes, &engine->closed_ns) ||
	    !saved_get_signed(&bytes, &closed) ||
	    !saved_get_number(&bytes, &engine->kept_orders) ||
	    !saved_get_number(&bytes, &other_seen) ||
	    !get_tallies(&bytes, &engine->tallies))
		return damaged(error);
	engine->other_seen = other_seen != 0;
	if (engine->query.merge && restore_merge(engine, &bytes, error) != 0)
		return -1;
	if (!engine->query.timed)
		return 0;
	/* A window that was printed at the end of a run is over for good. */
	if (engine->closed_ns > value_ns)
		value_ns = engine->closed_ns;
	watermark_restore(&engine->watermark, value_ns, newest_ns);
	engine->windows.closed = closed;
	return engine_restore_marks(engine, kept, error);
}

/* --- restoring, step by step ---------------------------------------------- */

int engine_restore(struct engine *engine, const struct savepoint *kept,
		   uint32_t highest, struct error *error)
{
	if (restore_head(engine, kept, error) != 0)
		return -1;
	engine->restored = true;
	if (!engine->laid)
		return 0;
	if (restore_groups(engine, kept, error) != 0)
		return -1;
	if (engine->groups.key_count == 0)
		return 0;
	/* Numbers that a pending savepoint gives are not given away. */
	if (groups_skip_to(&engine->groups, highest + 1) != 0 ||
	    engine_reserve_groups(engine) != 0)
		return no_memory(error);
	return 0;
}

/* The window that closes is put back as it was, for its snapshot. */
static int replay_window(struct engine *engine, struct span bytes,
			 struct snapshot *snapshot, struct error *error)
{
	struct windows *windows = &engine->windows;
	struct pane *window = &windows->window;
	uint64_t partial;
	int result;

	if (!saved_get_signed(&bytes, &snapshot->start_ns) ||
	    !saved_get_signed(&bytes, &snapshot->end_ns) ||
	    !saved_get_number(&bytes, &partial) ||
	    !saved_get_number(&bytes, &windows->total_orders) ||
	    !saved_get_number(&bytes, &snapshot->groups) ||
	    !get_tallies(&bytes, &snapshot->tallies) ||
	    !get_tallies(&bytes, &snapshot->run))
		return damaged(error);
	snapshot->partial = partial != 0;
	result = get_counters(engine, &bytes, window, error);
	if (result == 0 && snapshot_fill(snapshot, &engine->groups, windows,
					 &engine->query.choice) != 0)
		result = no_memory(error);
	pane_clear(window);
	return result;
}

int engine_replay(struct engine *engine, const struct savepoint *pending,
		  struct snapshot *snapshot, bool *has_window,
		  struct error *error)
{
	*has_window = pending->window.size > 0;
	if (restore_groups(engine, pending, error) != 0)
		return -1;
	groups_removed(&engine->groups);
	return *has_window
		       ? replay_window(engine, buffer_span(&pending->window),
				       snapshot, error)
		       : 0;
}

/* Panes that no window to come holds any more are left out. */
static int resume_pane(struct engine *engine, int64_t index, struct span bytes,
		       struct error *error)
{
	struct windows *windows = &engine->windows;
	bool gathered = index <= windows->closed;
	struct pane *pane;
	uint64_t orders;

	if (windows->closed != PANE_NONE &&
	    index <= windows->closed + 1 - windows->span)
		return 0;
	if (!saved_get_number(&bytes, &orders))
		return damaged(error);
	pane = panes_open(&windows->panes, index, !gathered);
	if (!pane)
		return no_memory(error);
	if (get_counters(engine, &bytes, pane, error) != 0)
		return -1;
	if (pane->orders != orders)
		return damaged(error);
	windows->panes.counters += pane->used;
	pane->changed = false;
	pane->saved = true;
	if (gathered &&
	    windows_regather(windows, pane, engine->groups.count) != 0)
		return no_memory(error);
	return 0;
}

int engine_resume(struct engine *engine, const struct savepoint *kept,
		  struct error *error)
{
	struct windows *windows = &engine->windows;

	if (groups_restored(&engine->groups) != 0)
		return no_memory(error);
	engine->named = 0;
	for (uint32_t i = 1; i < engine->groups.count; i++)
		engine->named += (engine->groups.flags[i] & GROUP_NAMED) != 0;
	/* This run may have names for more of them than the one before. */
	if (engine->named < engine->query.max_groups)
		engine->other_seen = false;
	windows->total_orders = engine->kept_orders;
	if (engine->last_ns && engine->closed_ns != TIME_NONE)
		engine->forget_at_ns = engine->closed_ns;
	for (size_t i = 0; i < kept->count; i++) {
		const struct saved_entry *entry = &kept->entries[i];

		if (entry->table == SAVED_PANE &&
		    resume_pane(engine, entry->id, savepoint_entry(kept, entry),
				error) != 0)
			return -1;
	}
	if (engine->query.timed)
		engine_look(engine);
	return 0;
}
