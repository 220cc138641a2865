/*
 * From a record to a count. By event time the watermark moves after the record
 * that moves it was counted, and a window that is due then closes before the
 * next record is looked at: what counts in a window does not depend on how the
 * bytes came in.
 */
#include "core/engine_parts.h"

/* --- groups --------------------------------------------------------------- */

/* A group that was not met before gets a name, if there is one left. */
static int name_group(struct engine *engine, const struct key_part *parts,
		      const uint32_t *hash, uint32_t *group)
{
	struct groups *groups = &engine->groups;

	*group = GROUP_OTHER;
	if (engine->named >= engine->query.max_groups) {
		engine->other_seen = true;
		return 0;
	}
	/* Room first: a group without it could not even be printed. */
	if (engine_reserve(engine, (size_t)groups->count + 1) != 0)
		return -1;
	*group = hash ? groups_add_hashed(groups, *hash, parts)
		      : groups_add(groups, parts);
	if (*group == GROUP_OTHER)
		return -1;
	groups->flags[*group] |= GROUP_NAMED;
	engine->named++;
	windows_change(&engine->windows, *group);
	return 0;
}

int engine_find_group(struct engine *engine, const struct key_part *parts,
		      const uint32_t *hash, uint32_t *group)
{
	struct groups *groups = &engine->groups;

	*group = hash ? groups_find_hashed(groups, *hash, parts)
		      : groups_find(groups, parts);
	if (*group == GROUP_OTHER)
		return name_group(engine, parts, hash, group);
	if (!(groups->flags[*group] & GROUP_NAMED)) {
		groups->flags[*group] |= GROUP_NAMED;
		engine->named++;
		windows_change(&engine->windows, *group);
	}
	return 0;
}

/* The group of the record's key, by number. */
static int find_group(struct engine *engine, const struct record *record,
		      uint32_t *group)
{
	*group = GROUP_OTHER;
	if (record->other)
		return 0;
	if (engine->groups.key_count == 0 &&
	    engine_name_keys(engine, engine->merge.key_count) != 0)
		return -1;
	return engine_find_group(engine, record->parts, NULL, group);
}

/* --- one record ----------------------------------------------------------- */

enum engine_event engine_fail(struct engine *engine)
{
	if (engine->error.message[0] == '\0')
		engine_no_memory(engine);
	return ENGINE_FAILED;
}

bool engine_rows_wait(const struct engine *engine)
{
	return !engine->laid && !backlog_is_empty(&engine->backlog);
}

void engine_tally_reject(struct engine *engine, enum reject_reason reason,
			 uint64_t count)
{
	engine->tallies.read += count;
	engine->tallies.rejected[reason] += count;
}

enum engine_event engine_reject(struct engine *engine,
				const struct stream *stream, struct span line,
				enum reject_reason reason, size_t column,
				const char *field)
{
	if (engine_rows_wait(engine)) {
		if (backlog_add_reject(&engine->backlog, reason) != 0)
			return engine_fail(engine);
	} else {
		engine_tally_reject(engine, reason, 1);
	}
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

/* Every window that holds this time is over. */
bool engine_is_late(const struct engine *engine, int64_t time_ns)
{
	const struct windows *windows = &engine->windows;
	int64_t value_ns = engine->watermark.value_ns;

	return time_ns < value_ns && !engine->query.publishes &&
	       windows_start(windows, windows_pane(windows, time_ns) +
					      windows->span) <= value_ns;
}

void engine_note_late(struct engine *engine, int64_t time_ns)
{
	int64_t late_by_ns = time_between(time_ns, engine->watermark.value_ns);

	if (late_by_ns > engine->late_by_ns)
		engine->late_by_ns = late_by_ns;
}

static enum engine_event count_late(struct engine *engine, int64_t time_ns)
{
	engine->tallies.read++;
	engine->tallies.late++;
	engine_note_late(engine, time_ns);
	return ENGINE_DONE;
}

static void note_activity(struct engine *engine, uint32_t group,
			  int64_t time_ns)
{
	if (time_ns > engine->last_ns[group])
		engine->last_ns[group] = time_ns;
	windows_change(&engine->windows, group);
}

/* Counts it in the hot pane; ENGINE_REJECTED: there is no room. */
static enum engine_event count_in_hot(struct engine *engine,
				      const struct record *record,
				      uint32_t group, int64_t time_ns)
{
	struct windows *windows = &engine->windows;
	bool summing = windows->total_sums != NULL;

	if (!windows_has_room(windows, group))
		return ENGINE_REJECTED;
	if (windows_add(windows, group, record->orders,
			summing ? &record->amount : NULL,
			engine->groups.count) != 0)
		return engine_fail(engine);
	if (engine->last_ns && record->orders > 0)
		note_activity(engine, group, time_ns);
	return ENGINE_DONE;
}

enum engine_event engine_count_at(struct engine *engine,
				  const struct record *record, int64_t time_ns)
{
	struct windows *windows = &engine->windows;
	uint32_t group;

	if (!windows_is_hot(windows, time_ns)) {
		switch (windows_open(windows, time_ns)) {
		case WINDOWS_ROOM: break;
		case WINDOWS_FULL: return ENGINE_REJECTED;
		case WINDOWS_FAILED: return engine_fail(engine);
		}
	}
	if (find_group(engine, record, &group) != 0)
		return engine_fail(engine);
	if (engine->last_ns ||
	    !windows_add_more(windows, group, record->orders)) {
		enum engine_event event =
			count_in_hot(engine, record, group, time_ns);

		if (event != ENGINE_DONE)
			return event;
	}
	return ENGINE_DONE;
}

static enum engine_event count_in_time(struct engine *engine,
				       const struct record *record,
				       int64_t time_ns)
{
	enum engine_event event = engine_count_at(engine, record, time_ns);

	if (event == ENGINE_DONE) {
		engine->tallies.read++;
		engine->tallies.counted++;
	}
	return event;
}

/* The watermark moves once the record is dealt with. */
static void move_watermark(struct engine *engine, const struct stream *stream,
			   int64_t time_ns, int64_t now_ns)
{
	/* Where nothing closes it is enough to know how far each is. */
	if (engine->query.publishes) {
		if (time_ns > now_ns)
			time_ns = now_ns;
		if (time_ns > stream->time->newest_ns)
			stream->time->newest_ns = time_ns;
		return;
	}
	watermark_move(&engine->watermark, stream->time,
		       time_ns < now_ns ? time_ns : now_ns);
	if (engine->watermark.value_ns >= engine->pass_ns)
		engine_look(engine);
}

/* ENGINE_REJECTED: there is no room for it. */
static enum engine_event count_record(struct engine *engine,
				      const struct stream *stream,
				      const struct record *record,
				      int64_t now_ns)
{
	bool timed = engine->query.timed;
	bool arrives = !timed || engine->query.arrives;
	int64_t time_ns = arrives ? now_ns : record->time_ns;
	enum engine_event event;

	if (timed && engine_is_late(engine, time_ns))
		event = count_late(engine, time_ns);
	else
		event = count_in_time(engine, record, time_ns);
	if (timed && event == ENGINE_DONE)
		move_watermark(engine, stream, time_ns, now_ns);
	return event;
}

/* --- what it was judged to be --------------------------------------------- */

/* Times later than that are bad. */
int64_t engine_latest(const struct engine *engine, int64_t now_ns)
{
	int64_t latest;

	return __builtin_add_overflow(now_ns, engine->query.max_ahead_ns,
				      &latest)
		       ? INT64_MAX
		       : latest;
}

/* A record that does not count. */
static enum engine_event pass_over(struct engine *engine, struct stream *stream,
				   struct span line,
				   enum record_verdict verdict,
				   const struct record *record, int64_t now_ns)
{
	if (verdict == RECORD_FAILED)
		return engine_fail(engine);
	if (verdict == RECORD_REJECTED)
		return engine_reject(engine, stream, line, record->reason,
				     record->column, record->field);
	engine->tallies.read++;
	engine->tallies.filtered++;
	if (engine->query.timed && record->timed)
		move_watermark(engine, stream, record->time_ns, now_ns);
	return ENGINE_DONE;
}

enum engine_event engine_take_record(struct engine *engine,
				     struct stream *stream, struct span line,
				     enum record_verdict verdict,
				     const struct record *record,
				     int64_t now_ns)
{
	enum engine_event event;

	if (verdict != RECORD_COUNTS)
		return pass_over(engine, stream, line, verdict, record, now_ns);
	event = count_record(engine, stream, record, now_ns);
	if (event != ENGINE_REJECTED)
		return event;
	return engine_reject(engine, stream, line, REJECT_BAD_TIME, 1, NULL);
}
