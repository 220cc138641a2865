#include <check.h>
#include <stdlib.h>

#include "base/clock.h"

static const int64_t wall = 1800000000 * NS_PER_S;
static struct clock clock;

static void begin(void)
{
	clock_start_at(&clock, 5 * NS_PER_S, wall);
}

/* Both clocks, in ms since the start. */
static enum clock_event at(int64_t mono_ms, int64_t wall_ms)
{
	return clock_set(&clock, 5 * NS_PER_S + mono_ms * NS_PER_MS,
			 wall + wall_ms * NS_PER_MS);
}

static void assert_now(int64_t ms)
{
	ck_assert_int_eq(clock.now_ns, wall + ms * NS_PER_MS);
}

START_TEST(time_goes_on_with_the_steady_clock)
{
	assert_now(0);
	ck_assert_int_eq(at(1000, 1000), CLOCK_STEADY);
	assert_now(1000);
	ck_assert_int_eq(clock.previous_ns, wall);
	ck_assert_int_eq(clock.mono_ns, 6 * NS_PER_S);
	/* A wall clock that drifts within 1 s is not followed. */
	ck_assert_int_eq(at(2000, 2999), CLOCK_STEADY);
	assert_now(2000);
	ck_assert_int_eq(at(3000, 2001), CLOCK_STEADY);
	assert_now(3000);
}
END_TEST

START_TEST(exactly_one_second_is_not_yet_a_step)
{
	ck_assert_int_eq(at(0, 1000), CLOCK_STEADY);
	assert_now(0);
	ck_assert_int_eq(at(0, -1000), CLOCK_STEADY);
	assert_now(0);
}
END_TEST

START_TEST(a_wall_clock_ahead_is_followed)
{
	ck_assert_int_eq(at(1000, 3600000), CLOCK_AHEAD);
	assert_now(3600000);
	ck_assert_int_eq(clock.previous_ns, wall);
	ck_assert_int_eq(at(2000, 3601000), CLOCK_STEADY);
	assert_now(3601000);
	ck_assert_int_eq(at(3000, 9000000), CLOCK_AHEAD);
	assert_now(9000000);
}
END_TEST

START_TEST(a_wall_clock_behind_is_not_followed_and_told_once)
{
	ck_assert_int_eq(at(1000, -3600000), CLOCK_BEHIND);
	assert_now(1000);
	ck_assert_int_eq(at(2000, -3599000), CLOCK_STEADY);
	assert_now(2000);
	/* It healed; the next time is told again. */
	ck_assert_int_eq(at(3000, 3000), CLOCK_STEADY);
	ck_assert_int_eq(at(4000, 0), CLOCK_BEHIND);
	assert_now(4000);
}
END_TEST

START_TEST(a_step_forward_heals_a_clock_that_was_behind)
{
	ck_assert_int_eq(at(1000, -60000), CLOCK_BEHIND);
	ck_assert_int_eq(at(2000, 60000), CLOCK_AHEAD);
	ck_assert_int_eq(at(3000, 0), CLOCK_BEHIND);
	assert_now(61000);
}
END_TEST

START_TEST(time_never_runs_backwards)
{
	unsigned state = 3;
	int64_t mono_ms = 0;
	int64_t last_ns = clock.now_ns;

	for (int i = 0; i < 100000; i++) {
		int64_t wall_ms;

		state = state * 1664525u + 1013904223u;
		mono_ms += state >> 24;
		wall_ms = mono_ms + (int64_t)(state >> 8 & 0xffff) - 0x8000;
		at(mono_ms, wall_ms);
		if (clock.now_ns < last_ns || clock.previous_ns != last_ns ||
		    clock.now_ns < wall + (wall_ms - 1000) * NS_PER_MS)
			ck_abort_msg("reading %d", i);
		last_ns = clock.now_ns;
	}
}
END_TEST

START_TEST(the_systems_clocks_are_read)
{
	int64_t start_ns;

	clock_start(&clock);
	start_ns = clock.now_ns;
	ck_assert_int_gt(start_ns, 1600000000 * NS_PER_S);
	ck_assert_int_eq(clock_read(&clock), CLOCK_STEADY);
	ck_assert_int_ge(clock.now_ns, start_ns);
	ck_assert_int_lt(clock.now_ns - start_ns, 60 * NS_PER_S);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clock");
	TCase *tests = tcase_create("clock");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin, NULL);
	tcase_add_test(tests, time_goes_on_with_the_steady_clock);
	tcase_add_test(tests, exactly_one_second_is_not_yet_a_step);
	tcase_add_test(tests, a_wall_clock_ahead_is_followed);
	tcase_add_test(tests,
		       a_wall_clock_behind_is_not_followed_and_told_once);
	tcase_add_test(tests, a_step_forward_heals_a_clock_that_was_behind);
	tcase_add_test(tests, time_never_runs_backwards);
	tcase_add_test(tests, the_systems_clocks_are_read);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
