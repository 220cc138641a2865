#include "engine_run.h"

static void assert_held(const char *text, uint64_t value)
{
	if (!text) {
		ck_assert_ptr_null(engine.held);
		return;
	}
	ck_assert_ptr_nonnull(engine.held);
	ck_assert_str_eq(engine.held->text, text);
	ck_assert_uint_eq(engine.held_value, value);
}

START_TEST(more_than_is_judged_on_every_window)
{
	ask_fail_if("FAILED>2");
	begin_at(12);
	order("FAILED", 2);
	assert_closes("[12 15]! 2: FAILED 2 2");
	assert_held(NULL, 0);
	/* Its count in the window, not its total. */
	order("FAILED", 2);
	assert_closes("[15 20] 2: FAILED 2 4");
	assert_held(NULL, 0);
	order("FAILED", 3);
	assert_finishes(21, false, "[20 21]! 3: FAILED 3 7");
	assert_held("FAILED>2", 3);
}
END_TEST

START_TEST(less_than_is_judged_on_whole_windows_only)
{
	ask_fail_if("@orders<1");
	begin_at(12);
	assert_closes("[12 15]! 0");
	assert_held(NULL, 0);
	ck_assert(!engine.whole_seen);
	order("A", 1);
	assert_closes("[15 20] 1: A 1 1");
	assert_held(NULL, 0);
	ck_assert(engine.whole_seen);
	assert_closes("[20 25] 0: A 0 1");
	assert_held("@orders<1", 0);
}
END_TEST

START_TEST(a_group_never_seen_is_0)
{
	ask_fail_if("NONE=0");
	begin_at(10);
	order("A", 1);
	assert_closes("[10 15] 1: A 1 1");
	assert_held("NONE=0", 0);
}
END_TEST

START_TEST(tallies_can_be_conditions)
{
	static const struct {
		const char *text;
		uint64_t value;
	} cases[] = {
		{"@orders>=2", 2},
		{"@read>=5", 5},
		{"@rejected>=3", 3},
		{"@rejected.missing_key>=1", 1},
		{"@rejected.invalid_json>=2", 2},
		{"@groups>=2", 2},
		{"@filtered=0", 0},
		{"@late=0", 0},
		{"A=1", 1},
		{"B!=0", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		teardown();
		setup();
		ask_fail_if(cases[i].text);
		begin_at(10);
		take("{\"status\":\"A\"}\nx\n{\"status\":\"B\"}\ny\n{}\n");
		assert_closes("[10 15] 2: A 1 1, B 1 1");
		assert_held(cases[i].text, cases[i].value);
	}
}
END_TEST

START_TEST(the_first_condition_given_that_held_is_told)
{
	ask_fail_if("@orders>9");
	ask_fail_if("A>0");
	ask_fail_if("@orders>0");
	begin_at(10);
	order("A", 1);
	assert_closes("[10 15] 1: A 1 1");
	assert_held("A>0", 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine conditions");
	TCase *tests = tcase_create("engine conditions");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, more_than_is_judged_on_every_window);
	tcase_add_test(tests, less_than_is_judged_on_whole_windows_only);
	tcase_add_test(tests, a_group_never_seen_is_0);
	tcase_add_test(tests, tallies_can_be_conditions);
	tcase_add_test(tests, the_first_condition_given_that_held_is_told);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
