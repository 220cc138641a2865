/*
 * Where there is no room: for records, FIELDs, edges, junctions, contexts.
 * Nothing breaks, and what is walked stays right.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "json_random.h"
#include "shapes_walked.h"

static void add_line(struct buffer *lines, const char *text)
{
	buffer_append_text(lines, text);
	buffer_append_char(lines, '\n');
}

/* --- room ----------------------------------------------------------------- */

/* One record a cursor more than none is enough. */
START_TEST(little_room_is_enough)
{
	struct buffer lines = {0};

	ask_fields("a,b.c");
	for (int i = 0; i < 400; i++)
		buffer_printf(&lines,
			      i % 7 ? "{\"a\":%d,\"b\":{\"c\":\"x\"}}\n"
				    : "{\"b\":{},\"a\":%d}\n",
			      i);
	FOR_EACH_LEVEL(level)
	{
		for (size_t i = 0; i < CURSOR_COUNTS; i++) {
			begin_walk(level, cursor_counts[i]);
			ck_assert(learn_text_line(
				"{\"a\":1,\"b\":{\"c\":\"x\"}}"));
			for (size_t few = 0; few < 40; few++) {
				walk_bytes(buffer_span(&lines),
					   2 * cursor_counts[i] + few);
				ck_assert_uint_gt(seen_count, 380);
				ck_assert_uint_gt(long_count, 0);
				ck_assert_uint_lt(long_count, 200);
			}
		}
	}
	buffer_release(&lines);
}
END_TEST

static void ask_many(unsigned nodes, unsigned slots)
{
	ask_fields("");
	for (unsigned i = 0; i < slots; i++) {
		char name[16];

		snprintf(name, sizeof(name), i % nodes & 1 ? "o.f%u" : "f%u",
			 i % nodes);
		ask_field(name);
	}
}

static void add_many(struct buffer *line, unsigned nodes)
{
	buffer_append_text(line, "{\"x\":1");
	for (unsigned i = 0; i < nodes; i += 2)
		buffer_printf(line, ",\"f%u\":\"%u\"", i, i);
	buffer_append_text(line, ",\"o\":{\"y\":2");
	for (unsigned i = 1; i < nodes; i += 2)
		buffer_printf(line, ",\"f%u\":%u", i, i);
	buffer_append_text(line, "}}");
}

START_TEST(as_many_fields_as_there_are_marks)
{
	struct buffer line = {0}, lines = {0};

	add_many(&line, MARKS_MAX);
	buffer_append_span(&lines, buffer_span(&line));
	buffer_append_char(&lines, '\n');
	buffer_append_char(&line, '\0');
	ask_many(MARKS_MAX, 2 * MARKS_MAX);
	FOR_EACH_LEVEL(level)
	{
		begin_walk(level, 2);
		ck_assert(shapes_are_usable(&lane.shapes));
		ck_assert(learn_text_line(line.data));
		walk_all_lines(&lines, span_make(line.data, line.size - 1));
		ck_assert_uint_eq(long_count, 0);
	}
	buffer_release(&line);
	buffer_release(&lines);
}
END_TEST

START_TEST(more_fields_than_marks_are_not_walked)
{
	ask_many(MARKS_MAX + 1, MARKS_MAX + 1);
	FOR_EACH_LEVEL(level)
	{
		begin_walk(level, 2);
		ck_assert(!shapes_are_usable(&lane.shapes));
		ck_assert(!lane_is_ready(&lane));
	}
	ask_many(60, 60);
	begin_walk(LEVEL_BEST, 2);
	ck_assert(!shapes_are_usable(&lane.shapes));
	ck_assert(!lane_is_ready(&lane));
}
END_TEST

/* --- limits --------------------------------------------------------------- */

struct crowd {
	unsigned names;	 /* to choose from */
	unsigned length; /* of them */
	unsigned levels;
};

static void add_name(struct buffer *line, struct random *random,
		     const struct crowd *crowd)
{
	buffer_printf(line, "\"%0*u\":", (int)crowd->length,
		      (unsigned)random_below(random, crowd->names));
}

/* Names and levels as chance has it. */
static void add_crowd(struct buffer *line, struct random *random,
		      const struct crowd *crowd)
{
	static const char *const values[] = {"1", "\"x\"", "-2", "null", "{}"};
	char closing[32];
	size_t levels = 1 + random_below(random, crowd->levels);

	for (size_t i = 0; i < levels; i++) {
		bool is_object = i == 0 || random_below(random, 2) == 0;

		closing[i] = is_object ? '}' : ']';
		buffer_append_char(line, is_object ? '{' : '[');
		if (is_object)
			add_name(line, random, crowd);
		buffer_append_text(line, values[random_below(random, 4)]);
		buffer_append_char(line, ',');
		if (is_object)
			add_name(line, random, crowd);
	}
	buffer_append_text(line, values[random_below(random, 5)]);
	while (levels > 0)
		buffer_append_char(line, closing[--levels]);
}

static void fill_shapes(const struct crowd *crowd, struct buffer *known,
			struct buffer *all)
{
	struct random random = {20261127};
	struct buffer line = {0};

	for (size_t i = 0; i < 6000; i++) {
		struct buffer *to[] = {all, known};
		bool learned;

		buffer_clear(&line);
		add_crowd(&line, &random, crowd);
		buffer_append_char(&line, '\n');
		learned = learn(span_make(line.data, line.size - 1));
		for (size_t j = 0; j < 1u + learned; j++)
			buffer_append_span(to[j], buffer_span(&line));
	}
	buffer_release(&line);
}

static void crowd_shapes(const struct crowd *crowd)
{
	struct buffer known = {0}, all = {0};
	struct span first;

	fill_shapes(crowd, &known, &all);
	first = span_make(known.data, strcspn(known.data, "\n"));
	walk_all_lines(&known, first);
	if (long_count > 0)
		WALK_FAIL(first, "%zu of %zu were learned in vain", long_count,
			  seen_count);
	walk_all_lines(&all, first);
	ck_assert_uint_gt(long_count, 0);
	ck_assert_uint_lt(long_count, seen_count);
	buffer_release(&known);
	buffer_release(&all);
}

static void assert_learns_again(void)
{
	struct buffer lines = {0};

	shapes_clear(&lane.shapes);
	lane.walk.records = 0;
	ck_assert(learn_text_line("{\"0001\":1}"));
	add_line(&lines, "{\"0001\":1}");
	walk_all_lines(&lines, span_of("{\"0001\":1}"));
	ck_assert_uint_eq(long_count, 0);
	buffer_release(&lines);
}

static const struct crowd many_edges = {2, 4, 8};
static const struct crowd many_junctions = {40, 110, 7};
static const struct crowd many_contexts = {2, 1, 14};

START_TEST(more_edges_than_there_is_room_for)
{
	ask_fields("0001,0002.0003");
	FOR_EACH_LEVEL(level)
	{
		begin_walk(level, 4);
		crowd_shapes(&many_edges);
		ck_assert_uint_eq(lane.shapes.edge_count, EDGES_MAX);
		assert_learns_again();
	}
}
END_TEST

START_TEST(more_junctions_than_there_is_room_for)
{
	ask_fields("0001");
	FOR_EACH_LEVEL(level)
	{
		begin_walk(level, 4);
		crowd_shapes(&many_junctions);
		ck_assert_uint_eq(lane.shapes.junction_count, JUNCTIONS_MAX);
		assert_learns_again();
	}
}
END_TEST

START_TEST(more_contexts_than_there_is_room_for)
{
	ask_fields("1,0.1");
	FOR_EACH_LEVEL(level)
	{
		begin_walk(level, 4);
		crowd_shapes(&many_contexts);
		ck_assert_uint_eq(lane.shapes.context_count, CONTEXTS_MAX);
		assert_learns_again();
	}
}
END_TEST

/* As many beginnings of a line as one junction has edges, and more. */
START_TEST(more_choices_than_there_is_room_for)
{
	struct buffer known = {0}, all = {0};

	ask_fields("n7,n100");
	FOR_EACH_LEVEL(level)
	{
		begin_walk(level, 2);
		buffer_clear(&known);
		buffer_clear(&all);
		for (int i = 0; i < 2 * CHOICES_MAX; i++) {
			char text[32];
			bool learned;

			snprintf(text, sizeof(text), "{\"n%d\":%d}", i, i);
			learned = learn_text_line(text);
			ck_assert(learned == (i < CHOICES_MAX));
			add_line(&all, text);
			if (learned)
				add_line(&known, text);
		}
		walk_all_lines(&known, span_of("{\"n0\":1}"));
		ck_assert_uint_eq(long_count, 0);
		walk_all_lines(&all, span_of("{\"n0\":1}"));
		ck_assert_uint_eq(long_count, CHOICES_MAX);
	}
	buffer_release(&known);
	buffer_release(&all);
}
END_TEST

/* Deep, but no deeper than is allowed. */
START_TEST(deep_record_is_left_or_right)
{
	struct random random = {20261127};
	struct buffer line = {0}, lines = {0};

	ask_fields("a");
	FOR_EACH_LEVEL(level)
	{
		begin_walk(level, 1);
		for (int i = 0; i < 20; i++) {
			struct json_value value;
			size_t offset;

			buffer_clear(&line);
			random_depths(&random, &line);
			buffer_append_char(&line, '\n');
			buffer_append_span(&lines, buffer_span(&line));
			line.size--;
			if (json_scan(&fields, buffer_span(&line), &value,
				      &offset) == JSON_VALID)
				(void)learn(buffer_span(&line));
		}
		walk_all_lines(&lines, span_of("{\"a\":1}"));
	}
	buffer_release(&line);
	buffer_release(&lines);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shapes limits");
	TCase *tests = tcase_create("shapes limits");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, NULL, end_walk);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, little_room_is_enough);
	tcase_add_test(tests, as_many_fields_as_there_are_marks);
	tcase_add_test(tests, more_fields_than_marks_are_not_walked);
	tcase_add_test(tests, more_edges_than_there_is_room_for);
	tcase_add_test(tests, more_junctions_than_there_is_room_for);
	tcase_add_test(tests, more_contexts_than_there_is_room_for);
	tcase_add_test(tests, more_choices_than_there_is_room_for);
	tcase_add_test(tests, deep_record_is_left_or_right);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
