/*
 * The lines of the bytes, one by one where they have to be, and those that a
 * lane went ahead to; see lane.h. Most queries are simple:
 * they count strings by one field, as they arrive. For those there are two
 * shorter ways, one for groups met lately, whose keys are short, and one for
 * the others, some at a time, so that the memory of one is fetched while
 * another is looked at.
 */
#include "core/engine_parts.h"

#include "base/fetch.h"

/* --- simple queries ------------------------------------------------------- */

/* Records that are looked up together. */
#define BATCH 16

/* Does each record just add one to its group in the hot pane? */
static bool is_simple(const struct engine *engine, int64_t now_ns)
{
	const struct order_query *records = &engine->query.records;
	const struct windows *windows = &engine->windows;

	return (!engine->query.timed || engine->query.arrives) &&
	       engine->order.fields.slot_count == 1 &&
	       records->key_count == 1 && !engine->last_ns &&
	       engine->query.max_line_bytes >= LANE_REACH_BYTES &&
	       windows_is_hot(windows, now_ns) &&
	       windows->hot->index > windows->closed &&
	       windows->panes.counters < COUNTERS_MAX - LANE_REACH_BYTES;
}

/* A record's key; false: it has none that is simple. */
static inline bool simple_key(const struct lane *lane, const uint64_t *record,
			      struct span *key)
{
	uint64_t mark = record[1];
	uint32_t begin = (uint32_t)mark, end = (uint32_t)(mark >> 32);

	*key = span_make(lane->walk.base + (begin & MARK_PLACE),
			 end - (begin & MARK_PLACE));
	return begin & MARK_STRING && !(end & MARK_ESCAPED) &&
	       key->size <= KEY_PART_MAX && !(record[0] & RECORD_LONG);
}

/*
 * Counts records of groups that were met lately. Returns the first that is of
 * another one, or not simple.
 */
static const uint64_t *count_recent(struct engine *engine,
				    const uint64_t *record, const uint64_t *end)
{
	const struct lane *lane = engine->ahead;
	struct pane *pane = engine->windows.hot;
	uint64_t *counts = pane->counts;
	uint64_t counted = 0;
	struct span key;

	if (pane->places || pane->sums)
		return record;
	for (; record < end; record += lane->walk.stride) {
		uint32_t group;

		if (!simple_key(lane, record, &key))
			break;
		group = groups_find_recent(&engine->groups, key);
		if (group == GROUP_OTHER || group >= pane->capacity ||
		    counts[group] == 0)
			break;
		counts[group]++;
		counted++;
	}
	pane->orders += counted;
	pane->changed |= counted > 0;
	return record;
}

/* Counts a batch of records. *record: the first that is not simple, or the
 * end. -1: memory is out. */
static int count_batch(struct engine *engine, const uint64_t **record,
		       const uint64_t *end)
{
	struct groups *groups = &engine->groups;
	struct windows *windows = &engine->windows;
	bool many = groups_are_many(groups);
	struct key_part parts[BATCH];
	uint32_t hashes[BATCH];
	size_t count = 0;

	for (const uint64_t *next = *record; next < end && count < BATCH;
	     next += engine->ahead->walk.stride, count++) {
		parts[count].type = KEY_STRING;
		if (!simple_key(engine->ahead, next, &parts[count].text))
			break;
		if (many)
			hashes[count] = groups_prefetch(groups, &parts[count]);
	}
	for (size_t i = 0; i < count && many; i++)
		pane_prefetch(windows->hot,
			      groups_prefetch_key(groups, hashes[i]));
	for (size_t i = 0; i < count; i++) {
		uint32_t group;

		if (engine_find_group(engine, &parts[i],
				      many ? &hashes[i] : NULL, &group) != 0)
			return -1;
		if (!windows_add_more(windows, group, 1) &&
		    windows_add(windows, group, 1, NULL, groups->count) != 0)
			return -1;
		*record += engine->ahead->walk.stride;
	}
	return 0;
}

/* Counts what is simple among the records that were walked, up to the first
 * that is not. */
static enum engine_event count_simple(struct engine *engine,
				      struct stream *stream, struct span *bytes)
{
	struct lane *lane = engine->ahead;
	const uint64_t *begin = lane->record;
	const uint64_t *end = lane_stretch_end(lane);
	const uint64_t *record = begin, *before;
	uint64_t counted;
	size_t size;
	int status = 0;

	do {
		record = count_recent(engine, record, end);
		before = record;
		status = count_batch(engine, &record, end);
	} while (status == 0 && record > before && record < end);
	counted = (uint64_t)(record - begin) / lane->walk.stride;
	size = (size_t)((record[0] & ~RECORD_LONG) - (begin[0] & ~RECORD_LONG));
	if (counted > 0) {
		lane_take_to(lane, record);
		*bytes = span_make(bytes->data + size, bytes->size - size);
		stream->line_number += counted;
		stream->taken += size;
		stream->delivered = true;
		engine->tallies.read += counted;
		engine->tallies.counted += counted;
	}
	return status == 0 ? ENGINE_DONE : engine_fail(engine);
}

/* --- all queries ---------------------------------------------------------- */

/* The next record that was walked, the long way: its line as all others. */
static enum engine_event take_long(struct engine *engine, struct stream *stream,
				   int64_t now_ns)
{
	size_t max_bytes = engine->query.max_line_bytes;
	struct span bytes = lane_line(engine->ahead);
	struct span line;
	enum line_status status = lines_next(stream, &bytes, max_bytes, &line);

	if (status == LINE_NONE)
		return ENGINE_DONE;
	return engine_take_line(engine, stream, status, line, now_ns);
}

/* Judges what was walked. RECORD_REJECTED: it has to go the long way. */
static enum record_verdict judge_ahead(struct engine *engine, struct span line,
				       int64_t now_ns)
{
	struct order *order = &engine->order;

	if (lane_is_long(engine->ahead))
		return RECORD_REJECTED;
	lane_values(engine->ahead, order->values);
	return order_judge_values(order, line, engine_latest(engine, now_ns));
}

/* The next record that was walked. */
static enum engine_event take_ahead(struct engine *engine,
				    struct stream *stream, int64_t now_ns)
{
	struct span line = lane_line(engine->ahead);
	enum record_verdict verdict = RECORD_REJECTED;

	line.size--;
	if (line.size <= engine->query.max_line_bytes)
		verdict = judge_ahead(engine, line, now_ns);
	if (verdict == RECORD_REJECTED)
		return take_long(engine, stream, now_ns);
	stream->line_number++;
	stream->taken += line.size + 1;
	stream->delivered = true;
	return engine_take_record(engine, stream, line, verdict,
				  &engine->order.record, now_ns);
}

/*
 * A line that was carried from one read to the next: a long one is worth to be
 * walked by itself.
 */
static enum engine_event take_carried(struct engine *engine,
				      struct stream *stream, struct span line,
				      int64_t now_ns)
{
	struct lane *lane = engine->ahead;
	struct span bytes =
		span_make(line.data, line.size + 1 + LINE_CARRIED_AHEAD);
	enum record_verdict verdict = RECORD_REJECTED;
	enum engine_event event;

	if (lane_walk(lane, bytes))
		verdict = judge_ahead(engine, line, now_ns);
	if (verdict == RECORD_REJECTED)
		event = engine_take_line(engine, stream, LINE_RECORD, line,
					 now_ns);
	else
		event = engine_take_record(engine, stream, line, verdict,
					   &engine->order.record, now_ns);
	if (lane->ahead == line.data)
		lane_take(lane);
	return event;
}

/*
 * Has the lane that was lent still something? Blank lines may have been passed
 * over together with the end of the line in which its bytes begin.
 */
static bool has_lent(struct lane *lent, struct span bytes)
{
	while (lent && lent->ahead && lent->ahead < bytes.data)
		lane_take(lent);
	return lent && lent->ahead;
}

/*
 * Does a lane have the next line, or can it walk there? One that was lent did
 * so already, and the line before its first goes the long way: to walk there
 * would do its work again. The first line of a stream may have a byte order
 * mark.
 */
static bool has_ahead(struct engine *engine, const struct stream *stream,
		      struct span bytes)
{
	engine->ahead = &engine->lane;
	if (has_lent(engine->lent, bytes)) {
		if (!lane_has(engine->lent, bytes))
			return false;
		engine->ahead = engine->lent;
		return true;
	}
	return lane_has(engine->ahead, bytes) ||
	       (lane_is_ready(engine->ahead) && stream->line_number > 0 &&
		stream->carry.size == 0 && !engine->query.merge &&
		lane_walk(engine->ahead, bytes));
}

/* The next line of the bytes, or the next ones. *none: there is no whole one.
 */
static enum engine_event take_next(struct engine *engine, struct stream *stream,
				   struct span *bytes, int64_t now_ns,
				   bool *none)
{
	size_t size = bytes->size;
	enum engine_event event;
	enum line_status status;
	struct span line;

	if (has_ahead(engine, stream, *bytes)) {
		if (is_simple(engine, now_ns)) {
			event = count_simple(engine, stream, bytes);
			if (event != ENGINE_DONE || bytes->size < size)
				return event;
		}
		line = lane_line(engine->ahead);
		event = take_ahead(engine, stream, now_ns);
		lane_take(engine->ahead);
		*bytes = span_make(bytes->data + line.size, size - line.size);
		return event;
	}
	status = lines_next(stream, bytes, engine->query.max_line_bytes, &line);
	lane_pass(&engine->lane, size - bytes->size);
	*none = status == LINE_NONE;
	if (*none)
		return ENGINE_DONE;
	if (status == LINE_RECORD && line.size >= LINE_CARRIED_MIN &&
	    line.data == stream->carry.data && !engine->query.merge &&
	    lane_is_ready(&engine->lane))
		return take_carried(engine, stream, line, now_ns);
	return engine_take_line(engine, stream, status, line, now_ns);
}

/* --- all lines ------------------------------------------------------------ */

/* Must anything be done before the next line is looked at? */
static inline bool must_prepare(const struct engine *engine)
{
	return engine->due || engine->forget_at_ns != TIME_NONE ||
	       engine->backlog.count > 0;
}

/* Of the bytes; NULL: of the half line that is left. */
static enum engine_event take_lines(struct engine *engine,
				    struct stream *stream, struct span *bytes,
				    int64_t now_ns)
{
	for (;;) {
		enum engine_event event = ENGINE_DONE;
		enum line_status status;
		bool none = false;
		struct span line;

		if (must_prepare(engine))
			event = engine_prepare(engine, now_ns);
		if (event != ENGINE_DONE)
			return event;
		if (bytes) {
			event = take_next(engine, stream, bytes, now_ns, &none);
		} else {
			status = lines_finish(
				stream, engine->query.max_line_bytes, &line);
			none = status == LINE_NONE;
			if (!none)
				event = engine_take_line(engine, stream, status,
							 line, now_ns);
		}
		if (none || event != ENGINE_DONE)
			return event;
	}
}

enum engine_event engine_take(struct engine *engine, struct stream *stream,
			      struct span *bytes, int64_t now_ns)
{
	return take_lines(engine, stream, bytes, now_ns);
}

enum engine_event engine_end_stream(struct engine *engine,
				    struct stream *stream, int64_t now_ns)
{
	return take_lines(engine, stream, NULL, now_ns);
}

void engine_lend(struct engine *engine, struct lane *lane)
{
	engine->lent = engine->query.merge ? NULL : lane;
}
