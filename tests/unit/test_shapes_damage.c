/*
 * A record is learned; then every line that differs from it in one byte stands
 * between intact ones. Whatever is walked must be what json_scan() finds; and
 * the intact ones are walked, or nothing would have been seen.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shapes_walked.h"

#define TEXT_40 "0123456789 abcdefghijklmnopqrstuvwxyz_.-"
#define LONG_NAMES \
	"\"longer\":{\"name_of_a_level_inside\":{\"and_another\":{\"x\":"

/* Only the last one has an array where a FIELD ends, and cannot be learned. */
static const char *const samples[] = {
	"{\"status\":\"PAID\"}",
	"{\"id\":7,\"status\":\"new\",\"n\":-12.50,\"a\":\"\"}",
	"{\"n\":0,\"m\":-0,\"a\":{\"b\":0.5,\"c\":\"x\"},\"status\":10}",
	"{\"status\":true,\"a\":{\"b\":false},\"list\":[{\"x\":null,\"y\":1},"
	"{\"x\":\"\",\"y\":2}]}",
	"{\"items\":[1,\"two\",-3.5,null],\"a\":{\"d\":{}},\"status\":\"\"}",
	"{\"e\":{},\"f\":[],\"a\":{},\"items\":[],\"g\":[[],{}],\"status\":1}",
	"{\"t\":\"" TEXT_40 "\",\"status\":\"" TEXT_40 TEXT_40 "\"}",
	"{\"status\":\"\\n\\\"q\\\\\\u00e9\\ud83d\\ude00/\",\"a\":\"\\t\"}",
	"{\"status\":\"caf\xc3\xa9 \xe2\x82\xac\",\"t\":\"\xf0\x9f\x98\x80\"}",
	"{\"st\\u0061tus\":\"x\",\"\\\"\":1,\"\\u0061\":{\"\\u0062\":true},"
	"\"n\\\\\":2}",
	"{" LONG_NAMES "{}}}},\"status\":\"x\"," LONG_NAMES "1}}}}",
	" \t{ \"status\" : \"x\"\r,\t\"n\": 1 ,\"w\" :true , \"a\":{ }\t,"
	" \"l\":[ 1 , 2\t] }\r",
	"{\"status\":1,\"status\":\"two\",\"n\":1,\"n\":2,\"status\":null}",
	"{\"a\":{\"b\":1,\"c\":2},\"a\":{\"c\":3},\"status\":2}",
	"{\"a\":{\"b\":1},\"a\":{},\"a\":{\"b\":\"x\"},\"a\":4,\"s\":1}",
	"{\"items\":[{\"x\":1},{\"x\":2}],\"items\":[{\"y\":1}],\"items\":7}",
	"{\"items\":[1,[2,{\"x\":3}],{\"x\":4},5,6,7],\"status\":\"\"}",
	"{\"id\":1,\"status\":[],\"n\":\"x\"}",
};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

/* Their text is long; one set of FIELDs is enough. */
static const char *const long_samples[] = {
	"{\"t\":\"" TEXT_40 TEXT_40 TEXT_40 TEXT_40 TEXT_40 TEXT_40
	"\",\"status\":\"" TEXT_40 "\\\\" TEXT_40 "\xc3\xa9" TEXT_40 "\"}",
	"{" LONG_NAMES "{" LONG_NAMES "{" LONG_NAMES
	"{\"status\":[\"" TEXT_40 TEXT_40 "\"]}}}}}}}}}}}},\"status\":-1.25}",
};
#define LONG_SAMPLES (sizeof(long_samples) / sizeof(long_samples[0]))

static const char *const asked[] = {
	"status",
	"a.b,a.c,status,items.3,items.4,n",
	"items.1.x,items.0.x,a.c",
	"absent,a.b.c.d",
};
#define ASKED (sizeof(asked) / sizeof(asked[0]))

static size_t walked_damaged; /* damaged lines that were walked */

/* --- the lines ------------------------------------------------------------ */

/* A damaged line, then an intact one; some of these have another behind. */
static void add_damaged(struct buffer *lines, struct span head,
			struct span middle, struct span tail,
			struct span intact)
{
	static unsigned turn;

	buffer_append_span(lines, head);
	buffer_append_span(lines, middle);
	buffer_append_span(lines, tail);
	buffer_append_char(lines, '\n');
	for (unsigned i = 0; i < 1 + (turn % 8 == 0); i++) {
		buffer_append_span(lines, intact);
		buffer_append_char(lines, '\n');
	}
	turn++;
}

/* All that can happen to the byte at this place. */
static void make_lines(struct buffer *lines, struct span intact, size_t at)
{
	struct span head = span_make(intact.data, at);
	struct span rest = span_make(intact.data + at, intact.size - at);
	struct span tail = span_make(rest.data + 1, rest.size - 1);

	buffer_clear(lines);
	for (int byte = 0; byte < 256; byte++) {
		char c = (char)byte;

		if (c != '\n')
			add_damaged(lines, head, span_make(&c, 1), tail,
				    intact);
	}
	add_damaged(lines, head, span_make("", 0), tail, intact);
	add_damaged(lines, head, span_make(rest.data, 1), rest, intact);
}

/* An intact line is walked, whatever stands around it. */
static void check_intact(const struct buffer *lines, struct span intact)
{
	const char *p = lines->data;

	for (size_t i = 0; i < seen_count; i++) {
		const char *lf = memchr(p, '\n', intact.size + 2);
		struct span line = span_make(p, (size_t)(lf - p));
		bool is_intact = span_equal(line, intact);

		if (is_intact && is_long[i])
			WALK_FAIL(line, "intact, but not walked");
		walked_damaged += !is_intact && !is_long[i];
		p = lf + 1;
	}
}

/* --- one sample ----------------------------------------------------------- */

static bool has_object(const char *names, const char *sample)
{
	return strstr(names, "status") && strstr(sample, "\"status\":[]");
}

static void damage_sample(const char *sample, bool may_fail)
{
	struct span intact = span_of(sample);
	struct buffer lines = {0};

	for (size_t at = 0; at < intact.size; at++) {
		/* Edges are steady at first, and then not all of them. */
		if (at % 8 == 0) {
			shapes_clear(&lane.shapes);
			lane.walk.records = 0;
			ck_assert_msg(learn_text_line(sample) || may_fail,
				      "not learned: %s", sample);
		}
		make_lines(&lines, intact, at);
		walk_all_lines(&lines, intact);
		if (!may_fail)
			check_intact(&lines, intact);
	}
	buffer_release(&lines);
}

static void damage_at_levels(const char *sample, const char *names,
			     bool all_counts)
{
	static unsigned turn;

	ask_fields(names);
	FOR_EACH_LEVEL(level)
	{
		for (size_t i = 0; i < CURSOR_COUNTS; i++) {
			if (!all_counts && turn % CURSOR_COUNTS != i)
				continue;
			begin_walk(level, cursor_counts[i]);
			damage_sample(sample, has_object(names, sample));
		}
		turn++;
	}
}

/* --- tests ---------------------------------------------------------------- */

START_TEST(damaged_line_is_left_or_right)
{
	for (size_t i = 0; i < ASKED; i++)
		damage_at_levels(samples[_i], asked[i], i == 0);
	ck_assert_uint_gt(walked_damaged, 0);
}
END_TEST

START_TEST(long_damaged_line_is_left_or_right)
{
	damage_at_levels(long_samples[_i], asked[0], false);
	ck_assert_uint_gt(walked_damaged, 0);
}
END_TEST

/* All shapes at once: edges have to be picked. */
START_TEST(damaged_line_among_other_shapes_is_left_or_right)
{
	struct span intact = span_of(samples[_i]);
	struct buffer lines = {0};

	ask_fields(asked[0]);
	FOR_EACH_LEVEL(level)
	{
		begin_walk(level, 4);
		for (size_t i = 0; i < SAMPLES; i++)
			(void)learn_text_line(samples[i]);
		for (size_t at = 0; at < intact.size; at++) {
			make_lines(&lines, intact, at);
			walk_all_lines(&lines, intact);
			if (!has_object(asked[0], samples[_i]))
				check_intact(&lines, intact);
		}
	}
	ck_assert(walked_damaged > 0 || has_object(asked[0], samples[_i]));
	buffer_release(&lines);
}
END_TEST

/* Rows of backslashes, and what stands behind them, across any bound. */
static void make_escapes(struct buffer *lines, int pad, int row)
{
	static const char *const behind[] = {
		"",	    "\"",   "n",       "u00e9",	   "ud83d\\ude00",
		"u00g9",    "u00e", "x",       "\xc3\xa9", "u00\xc3\xa9",
		"\"x\":1}", "\t",   "\\u0000", "/",
	};
	static const char back[] = "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\";

	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		buffer_printf(lines, "{\"status\":\"%*s%.*s%s", pad, "", row,
			      back, behind[i]);
		buffer_append_text(lines, i & 1 ? "\"}\n" : TEXT_40 "\"}\n");
	}
}

START_TEST(escape_is_right_at_any_place)
{
	struct buffer lines = {0};
	struct json_value value;
	size_t offset;

	ask_fields("status");
	FOR_EACH_LEVEL(level)
	{
		begin_walk(level, 2);
		ck_assert(learn_text_line("{\"status\":\"\"}"));
		for (int i = 0; i < 150 * 12; i++) {
			buffer_clear(&lines);
			make_escapes(&lines, i / 12, i % 12);
			walk_all_lines(&lines, span_of("{\"status\":1}"));
			for (size_t j = 0, at = 0; j < seen_count; j++) {
				struct span line = span_make(
					lines.data + at,
					strcspn(lines.data + at, "\n"));

				if (json_scan(&fields, line, &value, &offset) ==
					    JSON_VALID &&
				    is_long[j])
					WALK_FAIL(line, "valid, not walked");
				at += line.size + 1;
			}
		}
	}
	buffer_release(&lines);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shapes damage");
	TCase *tests = tcase_create("shapes damage");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, NULL, end_walk);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, damaged_line_is_left_or_right, 0,
			    (int)SAMPLES);
	tcase_add_loop_test(tests, long_damaged_line_is_left_or_right, 0,
			    (int)LONG_SAMPLES);
	tcase_add_loop_test(tests,
			    damaged_line_among_other_shapes_is_left_or_right, 0,
			    (int)SAMPLES);
	tcase_add_test(tests, escape_is_right_at_any_place);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
