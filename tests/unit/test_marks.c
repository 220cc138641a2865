#include "marks_told.h"

/* --- what holds back ------------------------------------------------------ */

START_TEST(the_least_of_all_pairs_decides)
{
	next.of = 2;
	listen_to(0);
	listen_to(1);
	assert_least(TIME_NONE);
	tell(0, 0, 50, false);
	tell(0, 1, 60, false);
	tell(1, 0, 40, false);
	assert_least(TIME_NONE);
	tell(1, 1, 70, false);
	assert_least(40);
	tell(1, 0, 80, false);
	assert_least(50);
	tell(0, 0, 55, false);
	assert_least(55);
	tell(0, 0, 90, false);
	assert_least(60);
	tell(0, 1, 65, false);
	assert_least(65);
	tell(0, 1, 75, false);
	assert_least(70);
}
END_TEST

START_TEST(several_at_the_least_hold_until_the_last_of_them_moves)
{
	next.of = 3;
	listen_to(0);
	for (uint32_t i = 0; i < 3; i++)
		tell(0, i, 10, false);
	assert_least(10);
	tell(0, 1, 20, false);
	tell(0, 0, 30, false);
	assert_least(10);
	tell(0, 2, 25, false);
	assert_least(20);
}
END_TEST

START_TEST(nothing_is_over_before_each_has_reported)
{
	next.of = 2;
	tell(0, 1, 100, false);
	assert_least(TIME_NONE);
	listen_to(1);
	tell(0, 0, 90, true);
	assert_least(TIME_NONE);
	tell(1, 0, 80, false);
	tell(1, 1, 85, false);
	assert_least(80);
}
END_TEST

START_TEST(a_partition_that_is_listened_to_later_holds_back)
{
	tell(0, 0, 100, false);
	assert_least(100);
	listen_to(3);
	assert_least(TIME_NONE);
	tell(3, 0, 90, true);
	assert_least(100);
}
END_TEST

START_TEST(all_sources_of_the_group_are_waited_for)
{
	next.sources = 2;
	tell(0, 0, 100, false);
	assert_least(TIME_NONE);
	next.source = span_of("returns");
	next.of = 2;
	tell(0, 0, 70, false);
	assert_least(TIME_NONE);
	tell(0, 1, 80, false);
	assert_least(70);
	/* A name that is the beginning of another is another. */
	next.source = span_of("order");
	next.of = 1;
	tell(0, 0, 60, false);
	assert_least(60);
	ck_assert_uint_eq(marks.source_count, 3);
}
END_TEST

START_TEST(without_a_time_it_holds_back_unless_idle)
{
	tell(0, 0, TIME_NONE, false);
	assert_least(TIME_NONE);
	tell(0, 0, TIME_NONE, true);
	assert_least(MARKS_IDLE);
	tell(0, 0, 10, false);
	assert_least(10);
}
END_TEST

START_TEST(idle_ones_do_not_hold_back_until_they_wake)
{
	next.of = 2;
	tell(0, 0, 10, false);
	tell(0, 1, 50, false);
	assert_least(10);
	tell(0, 0, 12, true);
	assert_least(50);
	tell(0, 1, 60, true);
	assert_least(MARKS_IDLE);
	tell(0, 0, TIME_NONE, false);
	assert_least(12);
	tell(0, 0, TIME_NONE, true);
	assert_least(MARKS_IDLE);
}
END_TEST

START_TEST(a_newest_time_never_falls)
{
	tell(0, 0, 100, false);
	tell(0, 0, 90, false);
	assert_least(100);
	tell(0, 0, TIME_NONE, false);
	assert_least(100);
}
END_TEST

/* --- what does not follow ------------------------------------------------- */

START_TEST(a_gap_and_an_overlap_are_errors_that_say_where)
{
	next.of = 4;
	ck_assert_int_eq(range(2, 3, 100, 200), 0);
	ck_assert_int_eq(range(2, 3, 200, 200), 0);
	ck_assert_int_eq(range(2, 3, 201, 300), -1);
	assert_says(&error, "'orders', partition 3");
	assert_says(&error, "a gap");
	assert_says(&error, "partition 2 of the partials");
	assert_says(&error, "from offset 200");
	assert_says(&error, "from 201 to 300");
	ck_assert_int_eq(range(2, 3, 199, 300), -1);
	assert_says(&error, "an overlap");
	/* Nothing was taken. */
	ck_assert_int_eq(range(2, 3, 200, 300), 0);
}
END_TEST

START_TEST(each_pair_has_offsets_of_its_own)
{
	next.of = 2;
	/* The first mark may begin anywhere. */
	ck_assert_int_eq(range(0, 0, 100, 200), 0);
	ck_assert_int_eq(range(0, 1, 7, 9), 0);
	ck_assert_int_eq(range(1, 0, 50, 60), 0);
	next.source = span_of("returns");
	ck_assert_int_eq(range(0, 0, 1, 2), 0);
	next.source = span_of("orders");
	ck_assert_int_eq(range(0, 0, 200, 210), 0);
	ck_assert_int_eq(range(0, 1, 9, 10), 0);
	ck_assert_int_eq(range(1, 0, 60, 61), 0);
	next.source = span_of("returns");
	ck_assert_int_eq(range(0, 0, 210, 211), -1);
}
END_TEST

START_TEST(without_offsets_nothing_is_checked)
{
	ck_assert_int_eq(range(0, 0, 100, 200), 0);
	tell(0, 0, 10, false);
	ck_assert_int_eq(range(0, 0, 150, 160), -1);
	ck_assert_int_eq(range(0, 0, 200, 210), 0);
}
END_TEST

START_TEST(another_number_of_partials_is_an_error)
{
	next.partials = 8;
	ck_assert_int_eq(try_take(0), -1);
	assert_says(&error, "has 4 partitions, but a mark says 8");
	assert_says(&error, "a new topic");
	next.partials = PARTIALS;
	tell(0, 0, 10, false);
	/* The topic itself has another number than before. */
	next.partials = 5;
	ck_assert_int_eq(marks_take(&marks, 0, 5, &next, &note, &error), -1);
	assert_says(&error, "has 5 partitions, but had 4");
}
END_TEST

START_TEST(two_queries_are_an_error_that_says_both)
{
	tell(0, 0, 10, false);
	next.query = 0xabc;
	next.source = span_of("returns");
	ck_assert_int_eq(try_take(1), -1);
	assert_says(&error, "in a mark of source 'returns', but");
	assert_says(&error, "0000000000000abc");
	assert_says(&error, "0000000000000007");
	ck_assert_int_eq(marks_take_query(&marks, 7, &error), 0);
	ck_assert_int_eq(marks_take_query(&marks, 8, &error), -1);
	assert_says(&error, "query 0000000000000008 in tallies, but");
}
END_TEST

/* --- sources grow --------------------------------------------------------- */

START_TEST(more_partitions_are_noted_once_and_waited_for)
{
	listen_to(1);
	tell(0, 0, 10, false);
	tell(1, 0, 20, false);
	assert_least(10);
	ck_assert_str_eq(note.message, "");
	next.of = 3;
	tell(0, 0, 15, false);
	ck_assert_str_eq(note.message,
			 "source 'orders' has 3 partitions now, 1 before");
	assert_least(TIME_NONE);
	note.message[0] = '\0';
	tell(1, 0, 20, false);
	ck_assert_str_eq(note.message, "");
	for (uint32_t row = 0; row < 2; row++)
		for (uint32_t i = 1; i < 3; i++) {
			assert_least(TIME_NONE);
			tell(row, i, 30, false);
		}
	assert_least(15);
}
END_TEST

START_TEST(a_partials_partition_that_lags_behind_still_says_fewer)
{
	next.of = 2;
	tell(0, 0, 10, true);
	tell(1, 0, 10, true);
	next.of = 3;
	tell(0, 0, 20, true);
	next.of = 2;
	tell(1, 0, 20, true);
	tell(1, 1, 20, true);
	/* It still waits for the third. */
	assert_least(TIME_NONE);
	ck_assert_int_eq(marks.sources[0].of, 3);
}
END_TEST

/* Who said it has not heard yet: partitions are never fewer. */
START_TEST(fewer_than_the_same_pair_said_before_are_passed_over)
{
	next.of = 3;
	tell(0, 0, 10, false);
	next.of = 2;
	tell(0, 0, 20, false);
	ck_assert_int_eq(marks.sources[0].of, 3);
	assert_least(TIME_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("marks");
	TCase *tests = tcase_create("marks");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, the_least_of_all_pairs_decides);
	tcase_add_test(tests,
		       several_at_the_least_hold_until_the_last_of_them_moves);
	tcase_add_test(tests, nothing_is_over_before_each_has_reported);
	tcase_add_test(tests, a_partition_that_is_listened_to_later_holds_back);
	tcase_add_test(tests, all_sources_of_the_group_are_waited_for);
	tcase_add_test(tests, without_a_time_it_holds_back_unless_idle);
	tcase_add_test(tests, idle_ones_do_not_hold_back_until_they_wake);
	tcase_add_test(tests, a_newest_time_never_falls);
	tcase_add_test(tests, a_gap_and_an_overlap_are_errors_that_say_where);
	tcase_add_test(tests, each_pair_has_offsets_of_its_own);
	tcase_add_test(tests, without_offsets_nothing_is_checked);
	tcase_add_test(tests, another_number_of_partials_is_an_error);
	tcase_add_test(tests, two_queries_are_an_error_that_says_both);
	tcase_add_test(tests, more_partitions_are_noted_once_and_waited_for);
	tcase_add_test(tests,
		       a_partials_partition_that_lags_behind_still_says_fewer);
	tcase_add_test(tests,
		       fewer_than_the_same_pair_said_before_are_passed_over);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
