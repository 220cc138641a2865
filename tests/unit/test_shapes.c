/*
 * What is learned from which records.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "json_random.h"
#include "shapes_walked.h"

#define TEXT_100                                             \
	"0123456789 abcdefghijklmnopqrstuvwxyz.-0123456789 " \
	"0123456789 abcdefghijklmnopqrstuvwxyz.-0123456789 "

/* --- what is learned ------------------------------------------------------ */

struct lesson {
	const char *asked;
	const char *learned[4];
	const char *known[6];	/* is walked then, as what was learned is */
	const char *unknown[3]; /* is not, but can be learned */
	const char *never;	/* cannot be learned */
};

static const struct lesson lessons[] = {
	{"a", {"{\"a\":1}"}, {"{\"a\":2}"}, {"{\"a\":\"x\"}", "{}"}, NULL},
	/* Fields that come and go, in any order. */
	{"a", {"{\"a\":1}", "{\"a\":2,\"b\":\"x\"}"}, {NULL}, {NULL}, NULL},
	{"a", {"{\"a\":2,\"b\":\"x\"}", "{\"a\":1}"}, {NULL}, {NULL}, NULL},
	{"b", {"{\"a\":1}", "{\"a\":2,\"b\":\"x\"}"}, {NULL}, {NULL}, NULL},
	{"b", {"{\"a\":2,\"b\":\"x\"}", "{\"a\":1}"}, {NULL}, {NULL}, NULL},
	{"b", {"{\"a\":1,\"b\":2}", "{\"b\":3,\"a\":4}"}, {NULL}, {NULL}, NULL},
	{"b",
	 {"{\"a\":1,\"b\":2,\"c\":3}", "{\"c\":1}", "{\"b\":1,\"a\":2}"},
	 {"{\"a\":1,\"c\":2}", "{\"b\":1,\"c\":2}", "{\"c\":1,\"b\":2}",
	  "{\"b\":1}", "{\"a\":1}", "{\"c\":3,\"b\":2,\"a\":1,\"c\":4}"},
	 {NULL},
	 NULL},
	/* Values of another kind are edges of their own. */
	{"n",
	 {"{\"n\":1}"},
	 {"{\"n\":0}", "{\"n\":10}", "{\"n\":1.5}", "{\"n\":0.25}"},
	 {"{\"n\":-1}", "{\"n\":true}", "{\"n\":\"1\"}"},
	 "{\"n\":1e5}"},
	{"n",
	 {"{\"n\":-7}"},
	 {"{\"n\":-0}", "{\"n\":-0.5}"},
	 {"{\"n\":7}"},
	 "{\"n\":-1E5}"},
	{"n", {"{\"n\":-1}", "{\"n\":1}"}, {"{\"n\":-0}"}, {NULL}, NULL},
	{"w",
	 {"{\"w\":true}"},
	 {"{\"w\":false}", "{\"w\":null}"},
	 {"{\"w\":0}"},
	 NULL},
	{"v",
	 {"{\"v\":true}", "{\"v\":1}", "{\"v\":\"\"}", "{\"v\":-1}"},
	 {"{\"v\":null}", "{\"v\":0.5}", "{\"v\":\"x\"}"},
	 {NULL},
	 NULL},
	/* Text of any length, with anything in it. */
	{"t",
	 {"{\"t\":\"x\",\"u\":\"\"}"},
	 {"{\"t\":\"\",\"u\":\"" TEXT_100 "\"}",
	  "{\"t\":\"" TEXT_100 "\",\"u\":\"y\"}",
	  "{\"t\":\"" TEXT_100 TEXT_100 TEXT_100 "\",\"u\":\"y\"}",
	  "{\"t\":\"\\\"\\\\\\u00e9\\ud83d\\ude00\",\"u\":\"\\n\"}",
	  "{\"t\":\"\xc3\xa9\",\"u\":\"\xe2\x82\xac\xf0\x9f\x98\x80\"}",
	  "{\"t\":\"" TEXT_100 "\\u0000" TEXT_100 "\xc3\xa9\",\"u\":\"\"}"},
	 {NULL},
	 NULL},
	/* Arrays of any length. */
	{"a",
	 {"{\"l\":[1,2],\"a\":1}"},
	 {"{\"l\":[1],\"a\":1}", "{\"l\":[1,2,3,4,5,6,7,8,9],\"a\":1}"},
	 {"{\"l\":[],\"a\":1}"},
	 NULL},
	{"l.1",
	 {"{\"l\":[1,2,3,4]}", "{\"l\":[1]}"},
	 {"{\"l\":[1,2,3,4,5,6]}", "{\"l\":[1,2,3]}"},
	 {"{\"l\":[1,\"x\",3]}", "{\"l\":[1,2]}"},
	 "{\"l\":[1,[2]]}"},
	{"l.0.x",
	 {"{\"l\":[{\"x\":1},{\"x\":2},{\"x\":3}]}"},
	 {"{\"l\":[{\"x\":1},{\"x\":2},{\"x\":3},{\"x\":4}]}"},
	 {"{\"l\":[{\"x\":\"y\"}]}"},
	 "{\"l\":[{\"x\":[]}]}"},
	/* Levels, names twice, and what is empty. */
	{"a.b",
	 {"{\"a\":{\"b\":1,\"c\":2},\"d\":3}", "{\"a\":{\"c\":1},\"d\":2}"},
	 {"{\"a\":{\"b\":1},\"d\":3}", "{\"a\":{\"c\":1,\"c\":2},\"d\":2}"},
	 {"{\"a\":{},\"d\":1}", "{\"d\":1}"},
	 "{\"a\":{\"b\":{}},\"d\":3}"},
	{"a.b",
	 {"{\"a\":{\"b\":1},\"a\":{}}", "{\"a\":{\"b\":1},\"a\":2}"},
	 {NULL},
	 {NULL},
	 NULL},
	{"a.b", {"{\"a\":{\"b\":1},\"a\":{\"c\":2}}"}, {NULL}, {NULL}, NULL},
	{"a",
	 {"{\"e\":{},\"f\":[[],{}],\"a\":1}"},
	 {"{\"e\":{},\"f\":[[],{}],\"a\":7}"},
	 {"{\"e\":{},\"f\":[{},[]],\"a\":1}"},
	 "{\"a\":{}}"},
	{"s",
	 {"{\"s\":1,\"t\":1}"},
	 {"{\"s\":1,\"t\":1,\"t\":2}"},
	 {NULL},
	 "{\"s\":{\"x\":1},\"t\":1}"},
	{"absent", {"{}"}, {NULL}, {"{ }", "{\"x\":1}"}, NULL},
	/* Spaces are part of it. */
	{"a",
	 {" {\t\"a\" : 1 , \"b\":\t[ 2 , 3 ] }\r"},
	 {" {\t\"a\" : 2 , \"b\":\t[ 2 ] }\r"},
	 {" {\t\"a\" : 1 , \"b\":\t[ 2 , 3 ] }", "{\"a\":1}"},
	 NULL},
	{"a", {"{\"a\":1}\r", "{\"a\":1}"}, {NULL}, {NULL}, NULL},
	/* Names that are long, escaped, or not ASCII. */
	{"a",
	 {"{\"" TEXT_100 "\":1,\"a\":2,\"" TEXT_100 "x\":{\"" TEXT_100
	  "\":[{\"" TEXT_100 "\":\"\"}]}}",
	  "{\"a\":2,\"" TEXT_100 "\":1}"},
	 {"{\"" TEXT_100 "\":0,\"a\":33}"},
	 {"{\"" TEXT_100 "y\":1,\"a\":2}"},
	 NULL},
	{"name_that_goes_on_and_on_and_on_to_its_end",
	 {"{\"name_that_goes_on_and_on_and_on_to_its_end\":1}",
	  "{\"Name_that_goes_on_and_on_and_on_to_its_end\":1}"},
	 {NULL},
	 {"{\"nAme_that_goes_on_and_on_and_on_to_its_end\":1}"},
	 NULL},
	{"a",
	 {"{\"\\u0061\":1,\"\\\"\\\\\":2,\"\xc3\xa9\":{\"a\":\"\"}}",
	  "{\"a\":1,\"\\\"\\\\\":2}"},
	 {"{\"\\u0061\":5}"},
	 {"{\"\xc3\xa9\":1}"},
	 NULL},
};
#define LESSONS (sizeof(lessons) / sizeof(lessons[0]))

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void add_line(struct buffer *lines, const char *text)
{
	buffer_append_text(lines, text);
	buffer_append_char(lines, '\n');
}

/* Between lines that were learned. */
static void assert_known(const struct lesson *lesson, const char *text,
			 bool known)
{
	struct buffer lines = {0};

	add_line(&lines, lesson->learned[0]);
	add_line(&lines, text);
	add_line(&lines, text);
	walk_all_lines(&lines, span_of(lesson->learned[0]));
	if (is_long[1] == known || is_long[2] == known)
		WALK_FAIL(span_of(text), known ? "not walked" : "walked");
	buffer_release(&lines);
}

/* All that is known, one behind the other; often, so that edges stray. */
static void assert_mixture_known(const struct lesson *lesson)
{
	struct random random = {20261127};
	const char *texts[COUNT(lesson->learned) + COUNT(lesson->known)];
	struct buffer lines = {0};
	size_t count = 0;

	for (size_t i = 0; i < COUNT(lesson->learned); i++)
		if (lesson->learned[i])
			texts[count++] = lesson->learned[i];
	for (size_t i = 0; i < COUNT(lesson->known); i++)
		if (lesson->known[i])
			texts[count++] = lesson->known[i];
	for (size_t i = 0; i < 1000; i++)
		add_line(&lines, texts[random_below(&random, count)]);
	for (int i = 0; i < 2; i++) {
		walk_all_lines(&lines, span_of(texts[0]));
		if (long_count > 0)
			WALK_FAIL(span_of(texts[0]), "%zu of %zu are long",
				  long_count, seen_count);
	}
	buffer_release(&lines);
}

static void give_lesson(const struct lesson *lesson)
{
	for (size_t i = 0; i < COUNT(lesson->learned); i++)
		if (lesson->learned[i] && !learn_text_line(lesson->learned[i]))
			WALK_FAIL(span_of(lesson->learned[i]), "not learned");
	for (size_t i = 0; i < COUNT(lesson->learned); i++)
		if (lesson->learned[i])
			assert_known(lesson, lesson->learned[i], true);
	for (size_t i = 0; i < COUNT(lesson->known); i++)
		if (lesson->known[i])
			assert_known(lesson, lesson->known[i], true);
	for (size_t i = 0; i < COUNT(lesson->unknown); i++)
		if (lesson->unknown[i])
			assert_known(lesson, lesson->unknown[i], false);
	assert_mixture_known(lesson);
	if (lesson->never) {
		ck_assert(!learn_text_line(lesson->never));
		assert_known(lesson, lesson->never, false);
	}
	for (size_t i = 0; i < COUNT(lesson->unknown); i++)
		if (lesson->unknown[i]) {
			ck_assert(learn_text_line(lesson->unknown[i]));
			assert_known(lesson, lesson->unknown[i], true);
		}
	assert_mixture_known(lesson);
}

START_TEST(shape_is_known_once_it_was_learned)
{
	ask_fields(lessons[_i].asked);
	FOR_EACH_LEVEL(level)
	{
		for (size_t i = 0; i < CURSOR_COUNTS; i++) {
			begin_walk(level, cursor_counts[i]);
			give_lesson(&lessons[_i]);
			/* It is forgotten, and learned again. */
			shapes_clear(&lane.shapes);
			lane.walk.records = 0;
			assert_known(&lessons[_i], lessons[_i].learned[0],
				     false);
			give_lesson(&lessons[_i]);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shapes");
	TCase *tests = tcase_create("shapes");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, NULL, end_walk);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, shape_is_known_once_it_was_learned, 0,
			    (int)LESSONS);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
