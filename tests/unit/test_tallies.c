#include <check.h>
#include <stdlib.h>

#include "core/tallies.h"

START_TEST(tallies_add_up)
{
	struct tallies sum = {10, 3, {1, 0, 2, 0, 0, 1, 0, 1}, 1, 1};
	const struct tallies more = {41, 1, {1, 2, 3, 4, 5, 6, 7, 8}, 2, 2};

	tallies_add(&sum, &more);
	ck_assert_uint_eq(sum.read, 51);
	ck_assert_uint_eq(sum.counted, 4);
	ck_assert_uint_eq(sum.rejected[REJECT_TOO_LONG], 2);
	ck_assert_uint_eq(sum.rejected[REJECT_BAD_KEY], 7);
	ck_assert_uint_eq(sum.rejected[REJECT_BAD_TIME], 7);
	ck_assert_uint_eq(sum.rejected[REJECT_BAD_NUMBER], 9);
	ck_assert_uint_eq(tallies_rejected(&sum), 41);
	ck_assert_uint_eq(sum.filtered, 3);
	ck_assert_uint_eq(sum.late, 3);
	ck_assert_uint_eq(sum.read, sum.counted + tallies_rejected(&sum) +
					    sum.filtered + sum.late);
}
END_TEST

START_TEST(reasons_have_the_names_of_the_manual)
{
	static const char *const names[] = {
		"too_long",    "invalid_json", "too_deep", "not_object",
		"missing_key", "bad_key",      "bad_time", "bad_number"};

	ck_assert_uint_eq(sizeof(names) / sizeof(names[0]), REJECT_REASONS);
	for (unsigned i = 0; i < REJECT_REASONS; i++)
		ck_assert_str_eq(reject_reason_name((enum reject_reason)i),
				 names[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tallies");
	TCase *tests = tcase_create("tallies");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, tallies_add_up);
	tcase_add_test(tests, reasons_have_the_names_of_the_manual);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
