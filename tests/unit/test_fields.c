#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/fields.h"

static struct fields fields;
static struct error error;

static void begin(void)
{
	fields_init(&fields);
	error.message[0] = '\0';
}

static void end(void)
{
	fields_release(&fields);
}

static uint32_t child(uint32_t node, const char *name)
{
	uint32_t next = fields.nodes[node].first_child;

	while (next != FIELD_NONE && !span_is(fields.nodes[next].name, name))
		next = fields.nodes[next].next_sibling;
	ck_assert_msg(next != FIELD_NONE, "no step '%s'", name);
	return next;
}

static void assert_refused(const char *field, const char *why)
{
	ck_assert_int_eq(fields_add(&fields, field, &error), -1);
	ck_assert_msg(strstr(error.message, why) != NULL, "'%s': %s", field,
		      error.message);
	fields_release(&fields);
}

START_TEST(name_is_one_step)
{
	ck_assert_int_eq(fields_add(&fields, "status", &error), 0);
	ck_assert_uint_eq(fields.slot_count, 1);
	ck_assert_uint_eq(fields.node_count, 2);
	ck_assert_uint_eq(fields.nodes[child(0, "status")].first_slot, 0);
	ck_assert_uint_eq(fields.nodes[0].first_slot, FIELD_NONE);
}
END_TEST

START_TEST(dots_separate_steps)
{
	uint32_t node;

	ck_assert_int_eq(fields_add(&fields, "items.0.sku", &error), 0);
	node = child(0, "items");
	ck_assert_uint_eq(fields.nodes[node].index, FIELD_NONE);
	node = child(node, "0");
	ck_assert_uint_eq(fields.nodes[node].index, 0);
	ck_assert_uint_eq(fields.nodes[node].first_slot, FIELD_NONE);
	node = child(node, "sku");
	ck_assert_uint_eq(fields.nodes[node].first_slot, 0);
}
END_TEST

START_TEST(pointer_keeps_dots_and_unescapes)
{
	uint32_t node;

	ck_assert_int_eq(fields_add(&fields, "/a~1b/m~0n/~01/x.y,z", &error),
			 0);
	node = child(child(child(0, "a/b"), "m~n"), "~1");
	ck_assert_uint_eq(fields.nodes[child(node, "x.y,z")].first_slot, 0);
}
END_TEST

START_TEST(pointer_steps_may_be_empty)
{
	ck_assert_int_eq(fields_add(&fields, "/", &error), 0);
	ck_assert_int_eq(fields_add(&fields, "//a", &error), 1);
	ck_assert_uint_eq(fields.nodes[child(0, "")].first_slot, 0);
	ck_assert_uint_eq(fields.nodes[child(child(0, ""), "a")].first_slot, 1);
}
END_TEST

START_TEST(index_has_no_leading_zero_and_fits)
{
	static const struct {
		const char *step;
		uint32_t index;
	} cases[] = {
		{"0", 0},
		{"10", 10},
		{"4294967294", 4294967294},
		{"4294967295", FIELD_NONE},
		{"4294967296", FIELD_NONE},
		{"99999999999999999999", FIELD_NONE},
		{"00", FIELD_NONE},
		{"01", FIELD_NONE},
		{"-1", FIELD_NONE},
		{"1a", FIELD_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert_int_eq(fields_add(&fields, cases[i].step, &error),
				 (int)i);
		ck_assert_uint_eq(fields.nodes[child(0, cases[i].step)].index,
				  cases[i].index);
	}
}
END_TEST

START_TEST(common_steps_are_shared)
{
	uint32_t node;

	ck_assert_int_eq(fields_add(&fields, "a.b", &error), 0);
	ck_assert_int_eq(fields_add(&fields, "a.c", &error), 1);
	ck_assert_int_eq(fields_add(&fields, "a", &error), 2);
	ck_assert_uint_eq(fields.node_count, 4);
	node = child(0, "a");
	ck_assert_uint_eq(fields.nodes[node].first_slot, 2);
	ck_assert_uint_eq(fields.nodes[child(node, "b")].first_slot, 0);
	ck_assert_uint_eq(fields.nodes[child(node, "c")].first_slot, 1);
}
END_TEST

START_TEST(one_path_twice_fills_two_slots)
{
	uint32_t slot;
	bool seen[2] = {false, false};

	ck_assert_int_eq(fields_add(&fields, "a", &error), 0);
	ck_assert_int_eq(fields_add(&fields, "/a", &error), 1);
	ck_assert_uint_eq(fields.node_count, 2);
	slot = fields.nodes[child(0, "a")].first_slot;
	while (slot != FIELD_NONE) {
		ck_assert_uint_lt(slot, 2);
		ck_assert(!seen[slot]);
		seen[slot] = true;
		slot = fields.next_slot[slot];
	}
	ck_assert(seen[0] && seen[1]);
}
END_TEST

START_TEST(what_is_no_field_is_refused)
{
	static char path[FIELD_STEPS_MAX + 2];

	assert_refused("", "empty");
	assert_refused(".", "step is empty");
	assert_refused("a.", "step is empty");
	assert_refused(".a", "step is empty");
	assert_refused("a..b", "JSON Pointer");
	assert_refused("/a~", "~0");
	assert_refused("/a~2", "~0");
	assert_refused("/~/a", "~0");
	assert_refused("a\xff", "UTF-8");
	assert_refused("/\xed\xa0\x80", "UTF-8");
	memset(path, '/', FIELD_STEPS_MAX + 1);
	assert_refused(path, "more than 1000 steps");
}
END_TEST

START_TEST(tilde_in_a_dotted_path_is_a_tilde)
{
	ck_assert_int_eq(fields_add(&fields, "a~1.b/c", &error), 0);
	ck_assert_uint_eq(
		fields.nodes[child(child(0, "a~1"), "b/c")].first_slot, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fields");
	TCase *tcase = tcase_create("fields");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, name_is_one_step);
	tcase_add_test(tcase, dots_separate_steps);
	tcase_add_test(tcase, pointer_keeps_dots_and_unescapes);
	tcase_add_test(tcase, pointer_steps_may_be_empty);
	tcase_add_test(tcase, index_has_no_leading_zero_and_fits);
	tcase_add_test(tcase, common_steps_are_shared);
	tcase_add_test(tcase, one_path_twice_fills_two_slots);
	tcase_add_test(tcase, what_is_no_field_is_refused);
	tcase_add_test(tcase, tilde_in_a_dotted_path_is_a_tilde);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
