/*
 * Times are seconds of a fake clock: event times and ours.
 */
#include <check.h>
#include <stdlib.h>

#include "base/clock.h"
#include "core/watermark.h"

#define S NS_PER_S

static struct watermark watermark;
static struct stream_time a, b;

static void start(int64_t lateness_s, int64_t idle_s)
{
	watermark_init(&watermark, lateness_s * S,
		       idle_s > 0 ? idle_s * S : INT64_MAX);
	a = (struct stream_time){.newest_ns = TIME_NONE};
	b = (struct stream_time){.newest_ns = TIME_NONE};
}

/* Both are open since 1000. */
static void start_both(int64_t lateness_s, int64_t idle_s)
{
	start(lateness_s, idle_s);
	watermark_add(&watermark, &a, 1000 * S);
	watermark_add(&watermark, &b, 1000 * S);
}

static void move(struct stream_time *stream, int64_t time_s)
{
	watermark_move(&watermark, stream, time_s * S);
}

static void hear(struct stream_time *stream, int64_t ready_s)
{
	watermark_heard(&watermark, stream, ready_s * S);
}

static void wait_until(int64_t ready_s, int64_t now_s)
{
	watermark_wait(&watermark, ready_s * S, now_s * S);
}

#define assert_is(seconds) ck_assert_int_eq(watermark.value_ns, (seconds)*S)
#define assert_none()	   ck_assert_int_eq(watermark.value_ns, TIME_NONE)

/* --- who decides ---------------------------------------------------------- */

START_TEST(it_is_the_newest_time_less_the_lateness)
{
	start(10, 0);
	watermark_add(&watermark, &a, 0);
	assert_none();
	move(&a, 100);
	assert_is(90);
	move(&a, 95);
	assert_is(90);
	move(&a, 101);
	assert_is(91);
}
END_TEST

START_TEST(the_least_of_the_streams_decides)
{
	start_both(0, 0);
	move(&a, 100);
	/* Nothing came from the other. */
	assert_none();
	move(&b, 50);
	assert_is(50);
	move(&a, 200);
	assert_is(50);
	move(&b, 120);
	assert_is(120);
	move(&b, 300);
	assert_is(200);
}
END_TEST

START_TEST(times_before_1970_are_times_too)
{
	start(10, 0);
	watermark_add(&watermark, &a, 0);
	move(&a, -500);
	assert_is(-510);
	/* As early as there is: no time is before it. */
	start(1000, 0);
	watermark_add(&watermark, &a, 0);
	watermark_move(&watermark, &a, TIME_NONE + 5);
	assert_none();
}
END_TEST

START_TEST(it_never_falls)
{
	start_both(0, 0);
	move(&a, 100);
	move(&b, 100);
	assert_is(100);
	/* One that is behind comes in. */
	watermark_remove(&watermark, &b);
	b = (struct stream_time){.newest_ns = 10 * S};
	watermark_add(&watermark, &b, 1001 * S);
	assert_is(100);
	move(&a, 500);
	move(&b, 90);
	assert_is(100);
	move(&b, 130);
	assert_is(130);
}
END_TEST

START_TEST(one_that_has_ended_holds_nothing_back)
{
	start_both(0, 0);
	move(&a, 100);
	watermark_remove(&watermark, &b);
	assert_is(100);
	watermark_remove(&watermark, &b);
	watermark_remove(&watermark, &a);
	assert_is(100);
}
END_TEST

START_TEST(one_behind_which_more_comes_holds_back_whatever_it_delivers)
{
	start(0, 0);
	a.unread = true;
	watermark_add(&watermark, &a, 0);
	watermark_add(&watermark, &b, 0);
	move(&a, 100);
	move(&b, 50);
	assert_none();
	/* The last file of the folder begins. */
	watermark_remove(&watermark, &a);
	assert_is(50);
}
END_TEST

START_TEST(opening_moves_nothing)
{
	start(0, 0);
	a.newest_ns = 100 * S;
	b.newest_ns = 20 * S;
	watermark_restore(&watermark, 10 * S, 100 * S);
	watermark_add(&watermark, &a, 0);
	assert_is(10);
	watermark_add(&watermark, &b, 0);
	move(&b, 30);
	assert_is(30);
}
END_TEST

START_TEST(a_reconnect_keeps_the_time)
{
	start_both(0, 0);
	move(&a, 100);
	move(&b, 100);
	watermark_add(&watermark, &a, 1100 * S);
	ck_assert_int_eq(a.newest_ns, 100 * S);
	move(&b, 200);
	assert_is(100);
	move(&a, 150);
	assert_is(150);
}
END_TEST

START_TEST(at_the_end_it_is_the_newest_of_all)
{
	start_both(10, 0);
	move(&a, 100);
	move(&b, 20);
	watermark_remove(&watermark, &a);
	watermark_remove(&watermark, &b);
	assert_is(10);
	watermark_end(&watermark);
	assert_is(90);
	start(0, 0);
	watermark_end(&watermark);
	assert_none();
}
END_TEST

/* --- who is idle ---------------------------------------------------------- */

START_TEST(an_idle_stream_does_not_hold_others_back)
{
	start_both(0, 30);
	hear(&a, 1010);
	move(&a, 100);
	wait_until(1029, 5000);
	assert_none();
	wait_until(1030, 5000);
	assert_is(100);
	ck_assert(b.idle && !a.idle);
	/* Until it delivers. */
	hear(&b, 1031);
	ck_assert(!b.idle);
	move(&a, 200);
	assert_is(100);
	move(&b, 150);
	assert_is(150);
}
END_TEST

START_TEST(one_that_was_idle_stays_so_until_it_delivers)
{
	start_both(0, 30);
	hear(&a, 1020);
	move(&a, 100);
	wait_until(1030, 5000);
	/* Connected again, it is idle all the same. */
	watermark_add(&watermark, &b, 1031 * S);
	move(&a, 200);
	assert_is(200);
}
END_TEST

START_TEST(silence_before_a_reconnect_counts)
{
	start_both(0, 30);
	hear(&a, 1020);
	move(&a, 100);
	watermark_add(&watermark, &b, 1029 * S);
	wait_until(1030, 5000);
	assert_is(100);
}
END_TEST

START_TEST(a_steady_stream_is_never_idle)
{
	start(0, 30);
	a.steady = true;
	watermark_add(&watermark, &a, 1000 * S);
	watermark_add(&watermark, &b, 1000 * S);
	hear(&b, 1000);
	move(&b, 100);
	wait_until(9000, 9000);
	assert_none();
}
END_TEST

START_TEST(never_is_never)
{
	start_both(0, 0);
	move(&a, 100);
	wait_until(999999999, 999999999);
	assert_none();
	ck_assert_int_eq(watermark_due(&watermark, 100 * S), INT64_MAX);
}
END_TEST

START_TEST(when_all_are_idle_it_takes_the_newest_and_goes_on_by_the_clock)
{
	start_both(10, 30);
	hear(&a, 1010);
	move(&a, 100);
	hear(&b, 1005);
	move(&b, 70);
	assert_is(60);
	wait_until(1035, 5000);
	assert_is(90);
	ck_assert(!watermark.all_idle);
	wait_until(1040, 5000);
	ck_assert(watermark.all_idle);
	assert_is(90);
	wait_until(1047, 5007);
	assert_is(97);
	wait_until(1050, 5010);
	assert_is(100);
}
END_TEST

START_TEST(it_does_not_go_past_the_clock)
{
	start(0, 30);
	watermark_add(&watermark, &a, 1000 * S);
	move(&a, 100);
	wait_until(1030, 100);
	wait_until(1090, 103);
	assert_is(103);
	/* A clock that is behind does not make it fall. */
	wait_until(1091, 50);
	assert_is(103);
}
END_TEST

START_TEST(without_any_time_idleness_moves_nothing)
{
	start_both(0, 30);
	wait_until(9999, 9999);
	assert_none();
	start(0, 30);
	wait_until(9999, 9999);
	assert_none();
}
END_TEST

START_TEST(idle_time_begins_anew_after_a_record)
{
	start(0, 30);
	watermark_add(&watermark, &a, 1000 * S);
	move(&a, 100);
	wait_until(1040, 5000);
	wait_until(1045, 5005);
	assert_is(105);
	hear(&a, 1050);
	ck_assert(!watermark.all_idle);
	wait_until(1060, 5020);
	assert_is(105);
	wait_until(1080, 5040);
	assert_is(105);
	wait_until(1082, 5042);
	assert_is(107);
}
END_TEST

START_TEST(one_that_ends_while_all_are_idle_changes_nothing)
{
	start_both(0, 30);
	hear(&a, 1000);
	move(&a, 100);
	wait_until(1040, 5000);
	wait_until(1045, 5005);
	assert_is(105);
	watermark_remove(&watermark, &b);
	wait_until(1046, 5006);
	assert_is(106);
}
END_TEST

/* --- when to look again --------------------------------------------------- */

START_TEST(it_says_when_a_stream_may_fall_idle)
{
	start_both(0, 30);
	hear(&a, 1010);
	ck_assert_int_eq(watermark_due(&watermark, 100 * S), 1030 * S);
	move(&a, 100);
	wait_until(1030, 5000);
	ck_assert_int_eq(watermark_due(&watermark, 200 * S), 1040 * S);
}
END_TEST

START_TEST(it_says_when_it_will_reach_a_time_by_the_clock)
{
	start(0, 30);
	watermark_add(&watermark, &a, 1000 * S);
	move(&a, 100);
	wait_until(1030, 5000);
	ck_assert_int_eq(watermark_due(&watermark, 107 * S), 1037 * S);
	wait_until(1037, 5007);
	assert_is(107);
}
END_TEST

START_TEST(it_goes_on_from_an_earlier_run)
{
	start(10, 30);
	watermark_restore(&watermark, 95 * S, 100 * S);
	watermark_add(&watermark, &a, 0);
	move(&a, 101);
	assert_is(95);
	move(&a, 106);
	assert_is(96);
	watermark_restore(&watermark, 95 * S, 120 * S);
	watermark_end(&watermark);
	assert_is(110);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watermark");
	TCase *tests = tcase_create("watermark");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, it_is_the_newest_time_less_the_lateness);
	tcase_add_test(tests, the_least_of_the_streams_decides);
	tcase_add_test(tests, times_before_1970_are_times_too);
	tcase_add_test(tests, it_never_falls);
	tcase_add_test(tests, one_that_has_ended_holds_nothing_back);
	tcase_add_test(
		tests,
		one_behind_which_more_comes_holds_back_whatever_it_delivers);
	tcase_add_test(tests, opening_moves_nothing);
	tcase_add_test(tests, a_reconnect_keeps_the_time);
	tcase_add_test(tests, at_the_end_it_is_the_newest_of_all);
	tcase_add_test(tests, an_idle_stream_does_not_hold_others_back);
	tcase_add_test(tests, one_that_was_idle_stays_so_until_it_delivers);
	tcase_add_test(tests, silence_before_a_reconnect_counts);
	tcase_add_test(tests, a_steady_stream_is_never_idle);
	tcase_add_test(tests, never_is_never);
	tcase_add_test(
		tests,
		when_all_are_idle_it_takes_the_newest_and_goes_on_by_the_clock);
	tcase_add_test(tests, it_does_not_go_past_the_clock);
	tcase_add_test(tests, without_any_time_idleness_moves_nothing);
	tcase_add_test(tests, idle_time_begins_anew_after_a_record);
	tcase_add_test(tests, one_that_ends_while_all_are_idle_changes_nothing);
	tcase_add_test(tests, it_says_when_a_stream_may_fall_idle);
	tcase_add_test(tests, it_says_when_it_will_reach_a_time_by_the_clock);
	tcase_add_test(tests, it_goes_on_from_an_earlier_run);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
