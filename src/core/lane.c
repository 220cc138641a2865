#include "core/lane.h"

#include <stdlib.h>
#include <string.h>

#define REACH_MIN_BYTES ((size_t)4 << 10)
#define PAUSE_MIN_BYTES ((size_t)64 << 10)
#define PAUSE_MAX_BYTES ((size_t)64 << 20)

/* Fewer bytes are not worth the way. */
#define WALK_MIN_BYTES 256

#define LESSONS_MAX 256

/* Of these the first ones, ahead of the engine. */
#define FIRST_LESSONS 8

/* Room for records, by the bytes of the shortest that are usual. */
#define RECORDS_MAX (LANE_REACH_BYTES / 24)

static void map_slots(struct lane *lane)
{
	const struct fields *fields = lane->fields;

	for (size_t node = 0; node < fields->node_count; node++) {
		uint32_t slot = fields->nodes[node].first_slot;

		for (; slot != FIELD_NONE; slot = fields->next_slot[slot])
			lane->mark_of[slot] = lane->shapes.mark_of[node];
	}
}

int lane_init(struct lane *lane, const struct fields *fields, enum level level,
	      unsigned cursors)
{
	*lane = (struct lane){
		.fields = fields,
		.reach_bytes = REACH_MIN_BYTES,
		.pass_bytes = LANE_NEVER,
		.lessons = LESSONS_MAX,
	};
	if (shapes_init(&lane->shapes, fields) != 0)
		return -1;
	lane->walk.shapes = &lane->shapes;
	lane->walk.level = level_resolve(level);
	lane->walk.cursors = cursors ? cursors : 2;
	if (lane->walk.level == LEVEL_OFF)
		lane->lessons = 0;
	if (lane->walk.level == LEVEL_OFF || !shapes_are_usable(&lane->shapes))
		return 0;
	lane->room = (RECORDS_MAX + CURSORS_MAX) * shapes_stride(&lane->shapes);
	lane->words = malloc(lane->room * sizeof(*lane->words));
	lane->mark_of = malloc(fields->slot_count + 1);
	lane->values = calloc(fields->slot_count + 1, sizeof(*lane->values));
	if (!lane->words || !lane->mark_of || !lane->values)
		return -1;
	map_slots(lane);
	lane->pass_bytes = 0;
	return 0;
}

void lane_release(struct lane *lane)
{
	shapes_release(&lane->shapes);
	free(lane->words);
	free(lane->mark_of);
	free(lane->values);
	*lane = (struct lane){.pass_bytes = LANE_NEVER};
}

/* --- walking -------------------------------------------------------------- */

static uint64_t count_long(const struct lane *lane, uint64_t *records)
{
	uint64_t count = 0;

	*records = 0;
	for (unsigned i = 0; i < lane->walk.stretch_count; i++) {
		const struct stretch *stretch = &lane->walk.stretches[i];
		const uint64_t *record = stretch->records;

		for (; record < stretch->end; record += lane->walk.stride) {
			count += record[0] >> 63;
			++*records;
		}
	}
	return count;
}

/* How it went decides how far the next walk goes, and when. */
static void adapt(struct lane *lane)
{
	uint64_t records;
	uint64_t missed = count_long(lane, &records);

	if (missed * 8 <= records) {
		lane->pause_bytes = 0;
		if (lane->reach_bytes < LANE_REACH_BYTES)
			lane->reach_bytes *= 2;
		if (lane->lessons < LESSONS_MAX)
			lane->lessons++;
		return;
	}
	if (missed * 4 <= records * 3 || lane->lessons > 0)
		return;
	/* There is no use: later once more, with other shapes perhaps. */
	if (lane->pause_bytes < PAUSE_MAX_BYTES)
		lane->pause_bytes = lane->pause_bytes * 2 + PAUSE_MIN_BYTES;
	lane->pass_bytes = lane->pause_bytes;
	lane->reach_bytes = REACH_MIN_BYTES;
	lane->lessons = LESSONS_MAX / 8;
	shapes_clear(&lane->shapes);
	lane->walk.records = 0;
}

/* From where the stretch that is next begins; empty ones are passed over. */
static void find_record(struct lane *lane)
{
	while (lane->stretch < lane->walk.stretch_count) {
		const struct stretch *stretch =
			&lane->walk.stretches[lane->stretch];

		if (!lane->record)
			lane->record = stretch->records;
		lane->ahead =
			lane->walk.base + (lane->record[0] & ~RECORD_LONG);
		if (lane->record < stretch->end)
			return;
		lane->record = NULL;
		lane->stretch++;
	}
	lane->ahead = NULL;
}

bool lane_walk(struct lane *lane, struct span bytes)
{
	struct span reach = bytes;

	if (reach.size > lane->reach_bytes)
		reach.size = lane->reach_bytes;
	if (reach.size < WALK_MIN_BYTES ||
	    walk_lines(&lane->walk, reach, lane->words, lane->room) == 0) {
		lane->pass_bytes = reach.size;
		return false;
	}
	lane->end = bytes.data + bytes.size;
	lane->stretch = 0;
	lane->record = NULL;
	find_record(lane);
	adapt(lane);
	return true;
}

/* --- ahead of the engine -------------------------------------------------- */

static uint64_t mark_of_value(const struct lane *lane,
			      const struct json_value *value)
{
	uint64_t begin = (uint64_t)(value->text.data - lane->walk.base);
	uint64_t end = begin + value->text.size;

	if (value->type == JSON_STRING)
		begin |= MARK_STRING;
	if (value->escaped)
		end |= MARK_ESCAPED;
	return begin | end << 32;
}

/* Goes the long way with a record; one that cannot be told by marks is left. */
static void scan_long(struct lane *lane, uint64_t *record)
{
	uint64_t begin = record[0] & ~RECORD_LONG;
	uint64_t next = record[lane->walk.stride] & ~RECORD_LONG;
	struct span line = span_make(lane->walk.base + begin, next - begin - 1);
	size_t offset;

	if (json_scan(lane->fields, line, lane->values, &offset) != JSON_VALID)
		return;
	for (size_t i = 0; i < lane->fields->slot_count; i++)
		if (lane->values[i].type >= JSON_OBJECT)
			return;
	for (size_t i = 0; i < lane->fields->slot_count; i++)
		record[1 + lane->mark_of[i]] =
			lane->values[i].type == JSON_ABSENT
				? 0
				: mark_of_value(lane, &lane->values[i]);
	record[0] = begin;
	if (lane->lessons > 0) {
		lane->lessons--;
		(void)shapes_learn(&lane->shapes, line);
	}
}

/* All whole lines, as far as there is room, as records that were walked to in
 * vain. */
static void list_lines(struct lane *lane, struct span bytes)
{
	uint64_t *record = lane->words;
	const uint64_t *full =
		lane->words + lane->room - (size_t)2 * lane->walk.stride;
	const char *p = bytes.data;

	lane->walk.base = bytes.data;
	lane->walk.stride = shapes_stride(&lane->shapes);
	lane->walk.stretch_count = 1;
	lane->walk.stretches[0].records = record;
	while (record < full) {
		const char *lf =
			memchr(p, '\n', (size_t)(bytes.data + bytes.size - p));

		if (!lf)
			break;
		record[0] = (uint64_t)(p - bytes.data) | RECORD_LONG;
		record += lane->walk.stride;
		p = lf + 1;
	}
	record[0] = (uint64_t)(p - bytes.data);
	lane->walk.stretches[0].end = record;
	lane->end = bytes.data + bytes.size;
	lane->stretch = 0;
	lane->record = NULL;
	find_record(lane);
}

/*
 * From the first lines a lane that knows nothing learns before it walks: else
 * all of the bytes would go the long way.
 */
static void learn_first(struct lane *lane, struct span bytes)
{
	const char *p = bytes.data, *end = p + bytes.size;

	if (lane->shapes.edge_count > EDGES_FIXED)
		return;
	for (int i = 0; i < FIRST_LESSONS && p < end; i++) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		struct span line;
		size_t offset;

		if (!lf)
			return;
		line = span_make(p, (size_t)(lf - p));
		p = lf + 1;
		if (json_scan(lane->fields, line, lane->values, &offset) ==
		    JSON_VALID)
			(void)shapes_learn(&lane->shapes, line);
	}
}

void lane_prepare(struct lane *lane, struct span bytes)
{
	const char *lf =
		bytes.size > 0 ? memchr(bytes.data, '\n', bytes.size) : NULL;
	struct span lines = {0};

	lane->ahead = NULL;
	if (!lf || !shapes_are_usable(&lane->shapes) ||
	    lane->pass_bytes == LANE_NEVER)
		return;
	lines = span_make(lf + 1, (size_t)(bytes.data + bytes.size - lf - 1));
	lane->reach_bytes = LANE_REACH_BYTES;
	if (lane_is_ready(lane))
		learn_first(lane, lines);
	if (!lane_is_ready(lane) || !lane_walk(lane, lines)) {
		lane_pass(lane, lines.size);
		list_lines(lane, lines);
	}
	for (unsigned i = 0; i < lane->walk.stretch_count; i++) {
		const struct stretch *stretch = &lane->walk.stretches[i];
		uint64_t *record = stretch->records;

		for (; record < stretch->end; record += lane->walk.stride)
			if (record[0] & RECORD_LONG)
				scan_long(lane, record);
	}
}

/* --- taking --------------------------------------------------------------- */

void lane_take_to(struct lane *lane, const uint64_t *record)
{
	lane->record = record;
	find_record(lane);
}

void lane_take(struct lane *lane)
{
	lane_take_to(lane, lane->record + lane->walk.stride);
}

static enum json_type type_of(char first)
{
	switch (first) {
	case 'n': return JSON_NULL;
	case 't': return JSON_TRUE;
	case 'f': return JSON_FALSE;
	default: return JSON_NUMBER;
	}
}

void lane_values(const struct lane *lane, struct json_value *values)
{
	for (size_t slot = 0; slot < lane->fields->slot_count; slot++) {
		uint64_t mark = lane->record[1 + lane->mark_of[slot]];
		uint32_t begin = (uint32_t)mark, end = (uint32_t)(mark >> 32);
		struct json_value *value = &values[slot];

		if (mark == 0) {
			value->type = JSON_ABSENT;
			continue;
		}
		value->text.data = lane->walk.base + (begin & MARK_PLACE);
		value->text.size = (end & ~MARK_ESCAPED) - (begin & MARK_PLACE);
		value->escaped = (end & MARK_ESCAPED) != 0;
		value->type = begin & MARK_STRING
				      ? JSON_STRING
				      : type_of(value->text.data[0]);
	}
}

void lane_meet(struct lane *lane, struct span line)
{
	bool in_vain = lane->ahead == line.data;

	if (lane->lessons == 0 || !shapes_are_usable(&lane->shapes) ||
	    (!in_vain && lane->walk.records > 0))
		return;
	lane->lessons--;
	(void)shapes_learn(&lane->shapes, line);
}
