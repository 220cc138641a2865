/*
 * shapes_walked: lines are walked along shapes, at every level, and each one
 * that is not left for the long way is held against json_scan().
 */
#ifndef UNIT_SHAPES_WALKED_H
#define UNIT_SHAPES_WALKED_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/json.h"
#include "core/lane.h"

#define SLOTS_MAX 64

static const unsigned cursor_counts[] = {1, 2, 4};
#define CURSOR_COUNTS (sizeof(cursor_counts) / sizeof(cursor_counts[0]))

static struct fields fields;
static struct lane lane; /* whose shapes and walk are used */

/* What was walked, line by line. */
static bool *is_long;
static size_t seen_count, seen_capacity;
static size_t long_count;
static uint64_t *words;
static size_t words_room;

/* --- what is asked -------------------------------------------------------- */

/* Does anything walk at this level? */
static inline bool level_walks(enum level level)
{
	return level != LEVEL_BEST && level_is_there(level) &&
	       strcmp(level_name(level), "off") != 0;
}

static inline enum level next_level(enum level level)
{
	while (level < LEVELS && !level_walks(level))
		level++;
	return level;
}

#define FOR_EACH_LEVEL(level)                                    \
	for (enum level level = next_level(0); (level) < LEVELS; \
	     (level) = next_level((level) + 1))

static inline void ask_field(const char *name)
{
	struct error error;

	ck_assert_int_ge(fields_add(&fields, name, &error), 0);
	ck_assert_uint_le(fields.slot_count, SLOTS_MAX);
}

/* Names that a comma parts. */
static inline void ask_fields(const char *names)
{
	char name[64];

	fields_release(&fields);
	fields_init(&fields);
	while (*names) {
		size_t size = strcspn(names, ",");

		ck_assert_uint_lt(size, sizeof(name));
		memcpy(name, names, size);
		name[size] = '\0';
		ask_field(name);
		names += size + (names[size] == ',');
	}
}

static inline void begin_walk(enum level level, unsigned cursors)
{
	lane_release(&lane);
	ck_assert_int_eq(lane_init(&lane, &fields, level, cursors), 0);
}

static inline void end_walk(void)
{
	lane_release(&lane);
	fields_release(&fields);
	free(is_long);
	free(words);
	is_long = NULL;
	words = NULL;
	seen_count = seen_capacity = words_room = 0;
}

/* --- what is wrong -------------------------------------------------------- */

static inline void show_line(struct span line)
{
	for (size_t i = 0; i < line.size; i++) {
		unsigned char c = (unsigned char)line.data[i];

		printf(c >= 0x20 && c < 0x7f && c != '\\' ? "%c" : "\\x%02x",
		       c);
	}
	putchar('\n');
	fflush(stdout);
}

#define WALK_FAIL(line, ...)                                           \
	(show_line(line),                                              \
	 printf("level %s, %u cursors: ", level_name(lane.walk.level), \
		lane.walk.cursors),                                    \
	 fflush(stdout), ck_abort_msg(__VA_ARGS__))

/* --- learning ------------------------------------------------------------- */

/* A valid line with an LF behind it. */
static inline bool learn(struct span line)
{
	struct json_value values[SLOTS_MAX];
	size_t offset;

	if (json_scan(&fields, line, values, &offset) != JSON_VALID)
		WALK_FAIL(line, "nothing that can be learned");
	return shapes_learn(&lane.shapes, line);
}

static inline bool learn_text_line(const char *text)
{
	size_t size = strlen(text);
	char *copy = malloc(size + 1);
	bool learned;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, size);
	copy[size] = '\n';
	learned = learn(span_make(copy, size));
	free(copy);
	return learned;
}

/* --- walking -------------------------------------------------------------- */

static inline void compare_values(struct span line,
				  const struct json_value *found)
{
	struct json_value values[SLOTS_MAX];
	size_t offset;
	enum json_verdict verdict = json_scan(&fields, line, values, &offset);

	if (verdict != JSON_VALID)
		WALK_FAIL(line, "walked, but verdict %d at %zu", (int)verdict,
			  offset);
	for (size_t i = 0; i < fields.slot_count; i++) {
		const struct json_value *value = &values[i];

		if (found[i].type != value->type)
			WALK_FAIL(line, "slot %zu: type %d, expected %d", i,
				  (int)found[i].type, (int)value->type);
		if (value->type == JSON_ABSENT)
			continue;
		if (found[i].text.data != value->text.data ||
		    found[i].text.size != value->text.size)
			WALK_FAIL(line,
				  "slot %zu: %zu bytes at %td, expected %zu "
				  "at %td",
				  i, found[i].text.size,
				  found[i].text.data - line.data,
				  value->text.size,
				  value->text.data - line.data);
		if (value->type == JSON_STRING &&
		    found[i].escaped != value->escaped)
			WALK_FAIL(line, "slot %zu: escaped: %d", i,
				  found[i].escaped);
	}
}

static inline void note_line(bool long_way)
{
	if (seen_count == seen_capacity) {
		seen_capacity = 2 * seen_capacity + 256;
		is_long = realloc(is_long, seen_capacity * sizeof(*is_long));
		ck_assert_ptr_nonnull(is_long);
	}
	is_long[seen_count++] = long_way;
	long_count += long_way;
}

/* One record: it is the line that begins here. Returns the line behind it. */
static inline const char *check_record(const uint64_t *record, const char *at,
				       const char *end)
{
	struct json_value values[SLOTS_MAX];
	const char *lf = memchr(at, '\n', (size_t)(end - at));
	struct span line;

	/* Each ck_assert() would be a system call. */
	if (!lf)
		ck_abort_msg("more records than lines");
	line = span_make(at, (size_t)(lf - at));
	if (lane.walk.base + (record[0] & ~RECORD_LONG) != at)
		WALK_FAIL(line, "the record begins at %td",
			  lane.walk.base + (record[0] & ~RECORD_LONG) - at);
	note_line((record[0] & RECORD_LONG) != 0);
	if (!is_long[seen_count - 1]) {
		lane.record = record;
		lane_values(&lane, values);
		compare_values(line, values);
	}
	return lf + 1;
}

/* As far as one call comes. Returns the bytes that it passed. */
static inline size_t walk_once(struct span bytes)
{
	size_t passed = walk_lines(&lane.walk, bytes, words, words_room);
	const char *at = bytes.data, *end = at + bytes.size;

	ck_assert_uint_le(passed, bytes.size);
	if (passed == 0)
		return 0;
	for (unsigned i = 0; i < lane.walk.stretch_count; i++) {
		const struct stretch *stretch = &lane.walk.stretches[i];
		const uint64_t *record = stretch->records;

		if (record < words || stretch->end >= words + words_room)
			ck_abort_msg("a record is out of room");
		for (; record < stretch->end; record += lane.walk.stride)
			at = check_record(record, at, end);
		ck_assert_ptr_eq(lane.walk.base + stretch->end[0], at);
	}
	ck_assert_uint_eq(passed, (size_t)(at - bytes.data));
	return passed;
}

/*
 * Walks until no more is passed. Room for so many records each time, or 0: for
 * all. Returns the bytes that were passed.
 */
static inline size_t walk_bytes(struct span bytes, size_t records)
{
	size_t stride = shapes_stride(&lane.shapes);
	size_t room = records * stride;
	size_t all = 0, passed;

	if (records == 0)
		room = (bytes.size + 2) * CURSORS_MAX * stride;
	if (room > (size_t)1 << 17)
		room = (size_t)1 << 17;
	if (room != words_room) {
		free(words);
		words = malloc(room * sizeof(*words));
		ck_assert_ptr_nonnull(words);
		words_room = room;
	}
	seen_count = long_count = 0;
	do {
		passed = walk_once(
			span_make(bytes.data + all, bytes.size - all));
		all += passed;
	} while (passed > 0);
	return all;
}

/*
 * The same of lines, all of which are to be passed; `tail` is repeated behind
 * them until enough bytes stand there, and seen_count is of the lines only.
 */
static inline void walk_all_lines(struct buffer *lines, struct span tail)
{
	size_t size = lines->size, count = 0;

	for (size_t i = 0; i < size; i++)
		count += lines->data[i] == '\n';
	while (lines->size < size + (size_t)2 * WALK_AHEAD + 2 * tail.size) {
		buffer_append_span(lines, tail);
		buffer_append_char(lines, '\n');
	}
	ck_assert_uint_ge(walk_bytes(buffer_span(lines), 0), size);
	ck_assert_uint_ge(seen_count, count);
	while (seen_count > count)
		long_count -= is_long[--seen_count];
	lines->size = size;
}

#endif
