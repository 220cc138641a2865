/*
 * Random shapes in random mixtures, and lines damaged at random among them.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "json_random.h"
#include "shapes_walked.h"

#define ROUNDS	   30 /* of shapes that are learned */
#define MIXTURES   4  /* of the same shapes */
#define LINES	   300
#define SHAPES_MAX 12

static const char *const asked[] = {
	"status",
	"a,b,items.0,status",
	"a.b,a.a.b,items.1.a,items.1,n",
	"a,a.b,a.b.a,items.0.status,items.2",
};

/*
 * Where names, kinds and spaces come from, and where values do: of the same
 * seed are records of one shape.
 */
struct maker {
	struct random shape, value;
	struct buffer *out;
};

/* --- records -------------------------------------------------------------- */

static void make_value(struct maker *maker, unsigned depth);

static void make_space(struct maker *maker)
{
	if (random_below(&maker->shape, 4) == 0)
		random_space(&maker->shape, maker->out);
}

static void make_name(struct maker *maker)
{
	static const char *const names[] = {
		"status",
		"a",
		"a",
		"b",
		"items",
		"n",
		"\\u0061",
		"x\\\"y",
		"",
		"\xc3\xa9",
		"a_name_of_more_than_a_literal_that_goes_on",
	};

	buffer_printf(maker->out, "\"%s\"",
		      names[random_below(&maker->shape, RANDOM_COUNT(names))]);
}

static void make_string(struct maker *maker)
{
	struct random *value = &maker->value;

	buffer_append_char(maker->out, '"');
	random_text(value, maker->out);
	for (size_t i = random_below(value, 12); i > 9; i--)
		buffer_append_text(maker->out, "0123456789 0123456789 01234");
	if (random_below(value, 12) == 0)
		random_text(value, maker->out);
	buffer_append_char(maker->out, '"');
}

static void make_number(struct maker *maker)
{
	struct random *value = &maker->value;

	if (random_below(&maker->shape, 4) == 0)
		buffer_append_char(maker->out, '-');
	if (random_below(value, 4) == 0)
		buffer_append_char(maker->out, '0');
	else
		buffer_append_number(maker->out,
				     1 + random_below(value, 100000));
	if (random_below(value, 3) == 0)
		buffer_printf(maker->out, ".%0*u",
			      1 + (int)random_below(value, 4),
			      (unsigned)random_below(value, 10));
	/* What goes the long way. */
	if (random_below(value, 200) == 0)
		buffer_append_text(maker->out, "e5");
}

static void make_level(struct maker *maker, bool is_object, unsigned depth)
{
	size_t count = random_below(&maker->shape, depth == 1 ? 6 : 4);

	buffer_append_char(maker->out, is_object ? '{' : '[');
	make_space(maker);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_char(maker->out, ',');
		make_space(maker);
		if (is_object) {
			make_name(maker);
			make_space(maker);
			buffer_append_char(maker->out, ':');
			make_space(maker);
		}
		make_value(maker, depth + 1);
		make_space(maker);
	}
	buffer_append_char(maker->out, is_object ? '}' : ']');
}

static void make_value(struct maker *maker, unsigned depth)
{
	static const char *const literals[] = {"true", "false", "null"};
	size_t kind = random_below(&maker->shape, depth > 4 ? 6 : 9);

	if (kind < 3)
		make_string(maker);
	else if (kind < 5)
		make_number(maker);
	else if (kind == 5)
		buffer_append_text(maker->out,
				   literals[random_below(&maker->value, 3)]);
	else
		make_level(maker, kind < 8, depth);
}

static void make_record(uint64_t shape, struct random *value,
			struct buffer *out)
{
	struct maker maker = {{shape * 2 + 1}, *value, out};

	random_below(&maker.shape, 1);
	make_space(&maker);
	make_level(&maker, true, 1);
	make_space(&maker);
	if (random_below(&maker.shape, 8) == 0)
		buffer_append_char(out, '\r');
	*value = maker.value;
}

/* --- lines ---------------------------------------------------------------- */

/* Lines of a mixture, and which of them were learned. */
struct mixture {
	struct buffer lines;
	bool learned[LINES];
	size_t learned_count;
};

static size_t walked_damaged, walked_count;

static bool is_valid(struct span line)
{
	struct json_value values[SLOTS_MAX];
	size_t offset;

	return json_scan(&fields, line, values, &offset) == JSON_VALID;
}

/* A number that is longer than what is looked at goes the long way. */
static bool has_long_number(struct span line)
{
	size_t length = 0;

	for (size_t i = 0; i < line.size && length <= RUN_WINDOW; i++)
		length = is_digit_or_period(line.data[i]) ? length + 1 : 0;
	return length > RUN_WINDOW;
}

static void damage(struct random *random, struct buffer *line)
{
	do
		random_damage(random, line);
	while (line->size > 0 && random_below(random, 3) == 0);
}

/* All that is intact is learned; of what is damaged but valid some is. */
static void mix(struct mixture *mixture, struct random *random, uint64_t base,
		size_t shapes)
{
	struct buffer line = {0};

	buffer_clear(&mixture->lines);
	for (size_t i = 0; i < LINES; i++) {
		bool damaged = random_below(random, 10) < 3;

		buffer_clear(&line);
		if (random_below(random, 50) == 0)
			random_record(random, &line);
		else
			make_record(base + random_below(random, shapes), random,
				    &line);
		if (damaged)
			damage(random, &line);
		buffer_append_char(&line, '\n');
		line.size--;
		mixture->learned[i] =
			(!damaged || random_below(random, 20) == 0) &&
			is_valid(buffer_span(&line)) &&
			!has_long_number(buffer_span(&line)) &&
			learn(buffer_span(&line));
		mixture->learned_count += mixture->learned[i];
		buffer_append_span(&mixture->lines, buffer_span(&line));
		buffer_append_char(&mixture->lines, '\n');
	}
	buffer_release(&line);
}

/* What was learned is walked, whatever stands around it. */
static void check_mixture(struct mixture *mixture)
{
	const char *p = mixture->lines.data;
	struct span first = span_of("{\"status\":1}");

	walk_all_lines(&mixture->lines, first);
	ck_assert_uint_eq(seen_count, LINES);
	for (size_t i = 0; i < LINES; i++) {
		const char *lf =
			memchr(p, '\n',
			       mixture->lines.size + 1 -
				       (size_t)(p - mixture->lines.data));

		if (mixture->learned[i] && is_long[i])
			WALK_FAIL(span_make(p, (size_t)(lf - p)),
				  "learned, but not walked");
		walked_damaged += !is_long[i] && !mixture->learned[i];
		walked_count += !is_long[i];
		p = lf + 1;
	}
}

static void mix_at(enum level level, unsigned cursors, const char *names)
{
	struct random random = {20261127};
	struct mixture mixture = {0};

	ask_fields(names);
	begin_walk(level, cursors);
	for (uint64_t i = 0; i < ROUNDS; i++) {
		size_t shapes = 1 + random_below(&random, SHAPES_MAX);

		shapes_clear(&lane.shapes);
		lane.walk.records = 0;
		for (int j = 0; j < MIXTURES; j++) {
			mix(&mixture, &random, 1000 * i + 1, shapes);
			check_mixture(&mixture);
			/* Once more, when edges have strayed. */
			check_mixture(&mixture);
		}
	}
	/* Most of it was learned, so that it was seen. */
	ck_assert_uint_gt(mixture.learned_count, ROUNDS * MIXTURES * LINES / 3);
	buffer_release(&mixture.lines);
}

/* --- tests ---------------------------------------------------------------- */

START_TEST(random_lines_are_left_or_right)
{
	FOR_EACH_LEVEL(level)
	{
		for (size_t i = 0; i < CURSOR_COUNTS; i++)
			mix_at(level, cursor_counts[i], asked[_i]);
	}
	ck_assert_uint_gt(walked_damaged, 0);
	ck_assert_uint_gt(walked_count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shapes random");
	TCase *tests = tcase_create("shapes random");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, NULL, end_walk);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, random_lines_are_left_or_right, 0,
			    (int)RANDOM_COUNT(asked));
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
