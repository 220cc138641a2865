/*
 * Groups that have had no order for so long.
 */
#include <stdio.h>

#include "engine_run.h"

#define LATER 100000 /* seconds */

static void begin(void)
{
	setup();
	query.timed = true;
	query.records.time_field = "t";
	query.forget_ns = 20 * S;
}

static void at(const char *key, double time_s)
{
	struct buffer text = {0};

	buffer_printf(&text, "{\"status\":\"%s\",\"t\":%.3f,\"v\":%.3f}\n", key,
		      time_s, time_s);
	buffer_append_char(&text, '\0');
	take(text.data);
	buffer_release(&text);
}

START_TEST(it_is_dropped_after_the_rows_of_a_window)
{
	begin_at(LATER);
	at("A", 10);
	at("B", 12);
	at("B", 29);
	at("B", 30);
	assert_windows("[10 15] 2: A 1 1, B 1 1\n[25 30] 1: A 0 1, B 1 2\n");
	ck_assert_uint_eq(snapshot.groups, 2);
	at("B", 35);
	assert_windows("[30 35] 1: B 1 3, (other) 0 1\n");
	ck_assert_uint_eq(snapshot.groups, 1);
	ck_assert_uint_eq(snapshot.total_orders, 4);
}
END_TEST

START_TEST(it_is_judged_by_the_end_of_the_window)
{
	begin_at(LATER);
	/* 19.999 s before the end of the window. */
	at("A", 10.001);
	at("B", 29);
	at("B", 30);
	assert_windows("[10 15] 1: A 1 1\n[25 30] 1: A 0 1, B 1 1\n");
	at("B", 35);
	assert_windows("[30 35] 1: A 0 1, B 1 2\n");
	at("B", 40);
	assert_windows("[35 40] 1: B 1 3, (other) 0 1\n");
}
END_TEST

START_TEST(it_begins_anew_when_it_comes_again)
{
	begin_at(LATER);
	at("A", 10);
	at("B", 34);
	at("B", 35);
	at("A", 36);
	at("B", 40);
	assert_windows("[10 15] 1: A 1 1\n[30 35] 1: A 0 1, B 1 1\n"
		       "[35 40] 2: A 1 1, B 1 2, (other) 0 1\n");
	/* The record that closes a window is in an open pane before that. */
	at("A", 75);
	at("A", 80);
	assert_windows("[40 45] 1: A 0 1, B 1 3, (other) 0 1\n"
		       "[75 80] 1: A 1 2, B 0 3, (other) 0 1\n");
}
END_TEST

START_TEST(its_sum_goes_to_other)
{
	query.records.sum_field = "v";
	begin_at(LATER);
	at("A", 10.5);
	at("B", 34);
	at("B", 35);
	at("B", 40);
	assert_windows("[10 15] 1: A 1 1 10.500 10.500\n"
		       "[30 35] 1: A 0 1 0 10.500, B 1 1 34.000 34.000\n"
		       "[35 40] 1: B 1 2 35.000 69.000, "
		       "(other) 0 1 0 10.500\n");
}
END_TEST

START_TEST(an_expected_group_is_never_dropped)
{
	expect("A");
	begin_at(LATER);
	at("A", 10);
	at("B", 34);
	at("B", 35);
	at("B", 40);
	assert_windows("[10 15] 1: A 1 1\n[30 35] 1: A 0 1, B 1 1\n"
		       "[35 40] 1: A 0 1, B 1 2\n");
}
END_TEST

START_TEST(a_watched_group_is_dropped_and_watched_on)
{
	ask_fail_if("A>1");
	begin_at(LATER);
	at("A", 10);
	at("B", 34);
	at("B", 35);
	ck_assert_uint_eq(snapshot.groups, 2);
	at("B", 40);
	ck_assert_uint_eq(snapshot.groups, 1);
	at("A", 41);
	at("A", 42);
	at("B", 45);
	assert_windows("[10 15] 1: A 1 1\n[30 35] 1: A 0 1, B 1 1\n"
		       "[35 40] 1: B 1 2, (other) 0 1\n"
		       "[40 45] 3: A 2 2, B 1 3, (other) 0 1\n");
	ck_assert_ptr_nonnull(engine.held);
}
END_TEST

START_TEST(one_in_an_open_pane_stays)
{
	ask_windows(60, 20);
	query.forget_ns = 5 * S;
	begin_at(LATER);
	at("A", 10);
	at("B", 30);
	at("B", 45);
	assert_windows("[-40 20] 1: A 1 1\n[-20 40] 2: A 1 1, B 1 1\n");
	at("B", 80);
	/* [20 80) does not hold it any more. */
	assert_windows("[0 60] 3: A 1 1, B 2 2\n"
		       "[20 80] 2: B 2 2, (other) 0 1\n");
}
END_TEST

START_TEST(one_whose_orders_are_still_to_close_stays)
{
	query.forget_ns = 1 * S;
	query.lateness_ns = 50 * S;
	begin_at(LATER);
	at("A", 10);
	at("A", 32);
	at("B", 66);
	assert_windows("[10 15] 1: A 1 1\n");
	at("B", 86);
	assert_windows("[30 35] 1: A 1 2\n");
}
END_TEST

START_TEST(a_name_is_free_for_another_group)
{
	query.max_groups = 2;
	begin_at(LATER);
	at("A", 10);
	at("B", 34);
	at("C", 34);
	at("B", 35);
	at("C", 36);
	at("B", 40);
	assert_windows("[10 15] 1: A 1 1\n"
		       "[30 35] 2: A 0 1, B 1 1, (other) 1 1\n"
		       "[35 40] 2: B 1 2, C 1 1, (other) 0 2\n");
}
END_TEST

START_TEST(by_arrival_it_is_our_clock_that_counts)
{
	query.timed = false;
	query.records.time_field = NULL;
	begin_at(10);
	order("A", 1);
	assert_closes("[10 15] 1: A 1 1");
	order("B", 1);
	assert_closes("[15 20] 1: A 0 1, B 1 1");
	assert_closes("[20 25] 0: A 0 1, B 0 1");
	assert_closes("[25 30] 0: A 0 1, B 0 1");
	assert_closes("[30 35] 0: B 0 1, (other) 0 1");
	assert_closes("[35 40] 0: (other) 0 2");
	ck_assert_uint_eq(snapshot.groups, 0);
}
END_TEST

/* As long as rows may still be printed, their keys stay. */
START_TEST(rows_keep_their_keys_while_they_are_in_use)
{
	struct snapshot held;
	struct closing next = {.snapshot = &held, .alone = false};
	struct buffer seen = {0};

	snapshot_init(&held);
	query.timed = false;
	query.records.time_field = NULL;
	begin_at(10);
	order("A", 1);
	now_ns = 30 * S;
	order("B", 1);
	ck_assert_int_eq(engine_close(&engine, &next), 0);
	next = closing();
	next.alone = false;
	for (int i = 0; i < 5; i++) {
		now_ns = engine_next_end(&engine);
		ck_assert_int_eq(engine_close(&engine, &next), 0);
		order(i % 2 ? "C" : "D", 1);
	}
	ck_assert_uint_eq(
		groups_find_key(&engine.groups, engine.groups.keys[1]),
		GROUP_OTHER);
	show(&seen, &held);
	assert_text(&seen, "[10 15] 1: A 1 1");
	buffer_release(&seen);
	snapshot_release(&held);
}
END_TEST

START_TEST(a_flood_of_passing_groups_takes_no_more_memory)
{
	uint32_t count = 0;
	char key[16];

	query.forget_ns = 5 * S;
	begin_at(LATER);
	for (int i = 0; i < 4000; i++) {
		snprintf(key, sizeof(key), "group %d", i);
		at(key, i);
		buffer_clear(&printed);
		if (i == 100)
			count = engine.groups.count;
	}
	ck_assert_uint_le(engine.groups.count, count);
	ck_assert_uint_le(count, 30);
	ck_assert_uint_eq(engine.windows.total_orders +
				  engine.windows.panes.counters,
			  4000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine forget");
	TCase *tests = tcase_create("engine forget");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, teardown);
	tcase_add_test(tests, it_is_dropped_after_the_rows_of_a_window);
	tcase_add_test(tests, it_is_judged_by_the_end_of_the_window);
	tcase_add_test(tests, it_begins_anew_when_it_comes_again);
	tcase_add_test(tests, its_sum_goes_to_other);
	tcase_add_test(tests, an_expected_group_is_never_dropped);
	tcase_add_test(tests, a_watched_group_is_dropped_and_watched_on);
	tcase_add_test(tests, one_in_an_open_pane_stays);
	tcase_add_test(tests, one_whose_orders_are_still_to_close_stays);
	tcase_add_test(tests, a_name_is_free_for_another_group);
	tcase_add_test(tests, by_arrival_it_is_our_clock_that_counts);
	tcase_add_test(tests, rows_keep_their_keys_while_they_are_in_use);
	tcase_add_test(tests, a_flood_of_passing_groups_takes_no_more_memory);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
