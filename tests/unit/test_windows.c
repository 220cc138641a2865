/*
 * Windows by arrival, with the times of a fake clock in seconds; one window is
 * 5 s long unless a test says otherwise.
 */
#include <check.h>
#include <stdlib.h>

#include "base/clock.h"
#include "core/windows.h"

#define S NS_PER_S

static struct windows windows;

static void start(int64_t length_ns)
{
	windows_release(&windows);
	windows_init(&windows, length_ns);
	ck_assert_int_eq(windows_reserve(&windows, 4), 0);
}

static void begin(void)
{
	start(5 * S);
}

static void end(void)
{
	windows_release(&windows);
}

static void assert_bounds(struct window window, int64_t start_s, int64_t end_s,
			  bool partial)
{
	ck_assert_msg(window.start_ns == start_s * S &&
			      window.end_ns == end_s * S &&
			      window.partial == partial,
		      "[%.9g, %.9g) %d, expected [%g, %g) %d",
		      (double)window.start_ns / S, (double)window.end_ns / S,
		      window.partial, (double)start_s, (double)end_s, partial);
}

/* The open window closes on time. */
static void assert_closes(int64_t start_s, int64_t end_s, bool partial)
{
	int64_t end_ns = windows_end(&windows);

	assert_bounds(windows_bounds(&windows, end_ns), start_s, end_s,
		      partial);
	ck_assert_uint_eq(windows_next(&windows, end_ns, 4), 0);
}

/* --- laying --------------------------------------------------------------- */

START_TEST(windows_start_at_multiples_of_their_length_since_1970)
{
	windows_begin(&windows, 1000000007 * S, true, 1, 0);
	assert_closes(1000000007, 1000000010, true);
	assert_closes(1000000010, 1000000015, false);
	assert_closes(1000000015, 1000000020, false);
	/* One that divides no minute. */
	start(7 * S);
	windows_begin(&windows, 701 * S, true, 1, 0);
	assert_closes(701, 707, true);
	assert_closes(707, 714, false);
}
END_TEST

START_TEST(a_window_of_a_day_is_a_utc_day)
{
	start(86400 * S);
	windows_begin(&windows, 20000 * 86400 * S + 1, true, 1, 0);
	ck_assert_int_eq(windows_end(&windows), 20001 * 86400 * S);
	windows_next(&windows, windows_end(&windows), 4);
	assert_closes(20001 * 86400, 20002 * 86400, false);
}
END_TEST

START_TEST(a_run_that_begins_on_a_boundary_has_a_whole_first_window)
{
	windows_begin(&windows, 10 * S, true, 1, 0);
	assert_closes(10, 15, false);
	windows_begin(&windows, 10 * S - 1, true, 1, 0);
	ck_assert_int_eq(windows_end(&windows), 10 * S);
	ck_assert(windows_bounds(&windows, 10 * S).partial);
	windows_begin(&windows, 10 * S + 1, true, 1, 0);
	ck_assert_int_eq(windows_end(&windows), 15 * S);
	ck_assert(windows_bounds(&windows, 15 * S).partial);
}
END_TEST

START_TEST(windows_that_are_not_aligned_start_with_the_run)
{
	windows_begin(&windows, 1000000007 * S, false, 1, 0);
	assert_closes(1000000007, 1000000012, false);
	assert_closes(1000000012, 1000000017, false);
}
END_TEST

START_TEST(a_window_is_due_exactly_at_its_end)
{
	windows_begin(&windows, 12 * S, true, 1, 0);
	ck_assert(!windows_due(&windows, 12 * S));
	ck_assert(!windows_due(&windows, 15 * S - 1));
	ck_assert(windows_due(&windows, 15 * S));
	ck_assert(windows_due(&windows, 99 * S));
}
END_TEST

START_TEST(ten_thousand_quiet_windows_do_not_drift)
{
	const int64_t length_ns = 333 * NS_PER_MS;
	int64_t end_ns = 1000 * length_ns;

	start(length_ns);
	windows_begin(&windows, end_ns, true, 1, 0);
	for (int i = 0; i < 10000; i++) {
		struct window window;

		end_ns += length_ns;
		window = windows_bounds(&windows, windows_end(&windows));
		if (window.start_ns != end_ns - length_ns ||
		    window.end_ns != end_ns || window.partial)
			ck_abort_msg("window %d", i);
		windows_next(&windows, window.end_ns, 4);
	}
}
END_TEST

START_TEST(a_window_may_be_a_millisecond_or_a_century)
{
	const int64_t century_ns = (int64_t)36500 * 86400 * S;

	start(NS_PER_MS);
	windows_begin(&windows, 5 * NS_PER_MS, true, 1, 0);
	ck_assert_int_eq(windows_end(&windows), 6 * NS_PER_MS);
	start(century_ns);
	windows_begin(&windows, 1800000000 * S, true, 1, 0);
	ck_assert_int_eq(windows_end(&windows), century_ns);
	windows_begin(&windows, 1800000000 * S, false, 1, 0);
	ck_assert_int_eq(windows_end(&windows), 1800000000 * S + century_ns);
}
END_TEST

START_TEST(all_is_one_window_that_is_never_due)
{
	start(0);
	windows_begin(&windows, 7 * S, true, 1, 0);
	ck_assert_int_eq(windows_end(&windows), TIME_NEVER);
	ck_assert(!windows_due(&windows, INT64_MAX));
	assert_bounds(windows_bounds(&windows, 99 * S), 7, 99, true);
}
END_TEST

/* --- sources -------------------------------------------------------------- */

enum what { UP, DOWN, ENDED, WAIT, GO, HURT, CLOSE };

struct event {
	int at_s;
	enum what what;
	int start_s, end_s; /* CLOSE: what is printed */
	bool partial;
};

/* Two sources are up from 10 s on. */
static void play(const struct event *events, size_t count)
{
	windows_begin(&windows, 10 * S, true, 2, 0);
	for (size_t i = 0; i < count; i++) {
		const struct event *event = &events[i];
		int64_t at_ns = event->at_s * S;

		switch (event->what) {
		case UP: windows_source_up(&windows, at_ns); break;
		case DOWN: windows_source_down(&windows, at_ns); break;
		case ENDED: windows_source_ended(&windows, at_ns); break;
		case WAIT: windows_wait(&windows, true); break;
		case GO: windows_wait(&windows, false); break;
		case HURT: windows_source_hurt(&windows); break;
		case CLOSE:
			ck_assert(windows_due(&windows, at_ns));
			assert_closes(event->start_s, event->end_s,
				      event->partial);
			break;
		}
	}
}

#define PLAY(events) play(events, sizeof(events) / sizeof((events)[0]))

START_TEST(bounds_stay_while_one_source_is_up)
{
	static const struct event events[] = {
		{11, DOWN, 0, 0, 0},	   {15, CLOSE, 10, 15, true},
		{20, CLOSE, 15, 20, true}, {21, UP, 0, 0, 0},
		{22, DOWN, 0, 0, 0},	   {24, UP, 0, 0, 0},
		{25, CLOSE, 20, 25, true}, {30, CLOSE, 25, 30, false},
	};

	PLAY(events);
}
END_TEST

START_TEST(bounds_move_to_where_counting_began_and_ended)
{
	static const struct event events[] = {
		/* Down at its end only. */
		{11, DOWN, 0, 0, 0},
		{13, DOWN, 0, 0, 0},
		{15, CLOSE, 10, 13, true},
		/* Wholly inside of the outage. */
		{20, CLOSE, 15, 20, true},
		{25, CLOSE, 20, 25, true},
		/* Down at its beginning only. */
		{27, UP, 0, 0, 0},
		{28, UP, 0, 0, 0},
		{30, CLOSE, 27, 30, true},
		{35, CLOSE, 30, 35, false},
		/* Down in its middle only. */
		{36, DOWN, 0, 0, 0},
		{36, DOWN, 0, 0, 0},
		{38, UP, 0, 0, 0},
		{39, UP, 0, 0, 0},
		{40, CLOSE, 35, 40, true},
		{45, CLOSE, 40, 45, false},
	};

	PLAY(events);
}
END_TEST

START_TEST(flapping_sources_have_the_first_beginning_and_the_last_end)
{
	static const struct event events[] = {
		{10, DOWN, 0, 0, 0},	   {11, DOWN, 0, 0, 0},
		{15, CLOSE, 10, 11, true}, {16, UP, 0, 0, 0},
		{17, DOWN, 0, 0, 0},	   {18, UP, 0, 0, 0},
		{19, DOWN, 0, 0, 0},	   {20, CLOSE, 16, 19, true},
		{21, UP, 0, 0, 0},	   {22, DOWN, 0, 0, 0},
		{23, UP, 0, 0, 0},	   {25, CLOSE, 21, 25, true},
	};

	PLAY(events);
}
END_TEST

START_TEST(an_outage_that_begins_or_ends_with_a_window)
{
	static const struct event events[] = {
		{15, CLOSE, 10, 15, false}, {15, DOWN, 0, 0, 0},
		{15, DOWN, 0, 0, 0},	    {20, CLOSE, 15, 20, true},
		{20, UP, 0, 0, 0},	    {20, UP, 0, 0, 0},
		{25, CLOSE, 20, 25, true},  {30, CLOSE, 25, 30, false},
	};

	PLAY(events);
}
END_TEST

START_TEST(a_source_that_ended_is_not_down)
{
	static const struct event events[] = {
		{11, ENDED, 0, 0, 0},
		{15, CLOSE, 10, 15, false},
		{20, CLOSE, 15, 20, false},
	};

	PLAY(events);
}
END_TEST

START_TEST(a_source_that_failed_is_down_to_the_end_of_the_run)
{
	static const struct event events[] = {
		{11, DOWN, 0, 0, 0},	   {15, CLOSE, 10, 15, true},
		{20, CLOSE, 15, 20, true}, {21, ENDED, 0, 0, 0},
		{25, CLOSE, 20, 21, true}, {30, CLOSE, 25, 30, true},
	};

	PLAY(events);
}
END_TEST

START_TEST(part_of_a_source_that_failed_hurts_all_that_follows)
{
	static const struct event events[] = {
		{15, CLOSE, 10, 15, false},
		{16, HURT, 0, 0, 0},
		{20, CLOSE, 15, 20, true},
		{25, CLOSE, 20, 25, true},
	};

	PLAY(events);
}
END_TEST

START_TEST(a_window_in_which_the_input_had_to_wait_is_partial)
{
	static const struct event events[] = {
		{11, WAIT, 0, 0, 0},	   {12, GO, 0, 0, 0},
		{15, CLOSE, 10, 15, true}, {20, CLOSE, 15, 20, false},
		{21, WAIT, 0, 0, 0},	   {25, CLOSE, 20, 25, true},
		{30, CLOSE, 25, 30, true}, {31, GO, 0, 0, 0},
		{35, CLOSE, 30, 35, true}, {40, CLOSE, 35, 40, false},
	};

	PLAY(events);
}
END_TEST

START_TEST(a_run_may_begin_while_a_source_is_down)
{
	windows_begin(&windows, 10 * S, true, 1, 1);
	assert_closes(10, 15, true);
	windows_source_up(&windows, 17 * S);
	assert_closes(15, 20, true);
	assert_closes(20, 25, false);
}
END_TEST

/* --- ends and gaps -------------------------------------------------------- */

START_TEST(a_window_that_ends_inside_is_partial)
{
	windows_begin(&windows, 10 * S, true, 1, 0);
	assert_bounds(windows_bounds(&windows, 12 * S), 10, 12, true);
	assert_bounds(windows_bounds(&windows, 15 * S), 10, 15, false);
	windows_source_ended(&windows, 12 * S);
	assert_bounds(windows_bounds(&windows, 13 * S), 10, 12, true);
}
END_TEST

START_TEST(what_was_slept_over_is_skipped)
{
	static const struct {
		int to_s;
		uint64_t skipped;
		bool partial;
	} cases[] = {
		{14, 0, true},	{15, 0, false}, {16, 0, true},
		{19, 0, true},	{20, 1, false}, {24, 1, true},
		{25, 2, false}, {26, 2, true},	{86400 + 12, 17279, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t to_ns = cases[i].to_s * S;
		int64_t end_ns;

		windows_begin(&windows, 10 * S, true, 1, 0);
		assert_bounds(windows_bounds(&windows, 12 * S), 10, 12, true);
		ck_assert_uint_eq(windows_next(&windows, to_ns, 4),
				  cases[i].skipped);
		end_ns = windows_end(&windows);
		ck_assert_int_eq(end_ns % (5 * S), 0);
		ck_assert_int_gt(end_ns, to_ns);
		ck_assert_int_le(end_ns, to_ns + 5 * S);
		assert_bounds(windows_bounds(&windows, end_ns), cases[i].to_s,
			      end_ns / S, cases[i].partial);
	}
}
END_TEST

START_TEST(windows_laid_from_the_run_stay_so_after_a_gap)
{
	windows_begin(&windows, 12 * S, false, 1, 0);
	ck_assert_uint_eq(windows_next(&windows, 33 * S, 4), 3);
	assert_closes(33, 37, true);
	assert_closes(37, 42, false);
}
END_TEST

/* --- counts --------------------------------------------------------------- */

START_TEST(a_closed_windows_counts_go_to_the_totals)
{
	windows_begin(&windows, 10 * S, true, 1, 0);
	for (int i = 0; i < 3; i++)
		windows_count(&windows, 2);
	windows_count(&windows, 0);
	ck_assert_uint_eq(windows.pane.orders, 4);
	ck_assert_uint_eq(windows.totals[2], 0);
	windows_next(&windows, 15 * S, 4);
	ck_assert_uint_eq(windows.pane.orders, 0);
	ck_assert_uint_eq(windows.pane.counts[2], 0);
	windows_count(&windows, 2);
	windows_next(&windows, 20 * S, 4);
	ck_assert_uint_eq(windows.totals[0], 1);
	ck_assert_uint_eq(windows.totals[2], 4);
	ck_assert_uint_eq(windows.total_orders, 5);
}
END_TEST

START_TEST(room_for_more_groups_keeps_what_was_counted)
{
	windows_begin(&windows, 10 * S, true, 1, 0);
	windows_count(&windows, 3);
	windows_next(&windows, 15 * S, 4);
	windows_count(&windows, 3);
	ck_assert_int_eq(windows_reserve(&windows, 100000), 0);
	ck_assert_uint_eq(windows.pane.counts[3], 1);
	ck_assert_uint_eq(windows.totals[3], 1);
	for (size_t i = 4; i < 100000; i++)
		if (windows.pane.counts[i] + windows.totals[i] != 0)
			ck_abort_msg("group %zu", i);
}
END_TEST

START_TEST(closing_windows_takes_no_more_memory)
{
	struct windows before;

	windows_begin(&windows, 10 * S, true, 1, 0);
	before = windows;
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(windows_reserve(&windows, 4), 0);
		windows_count(&windows, (uint32_t)i % 4);
		windows_next(&windows, windows_end(&windows), 4);
	}
	ck_assert_uint_eq(windows.capacity, before.capacity);
	ck_assert_ptr_eq(windows.pane.counts, before.pane.counts);
	ck_assert_ptr_eq(windows.totals, before.totals);
	ck_assert_uint_eq(windows.total_orders, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("windows");
	TCase *tests = tcase_create("windows");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests,
		       windows_start_at_multiples_of_their_length_since_1970);
	tcase_add_test(tests, a_window_of_a_day_is_a_utc_day);
	tcase_add_test(
		tests,
		a_run_that_begins_on_a_boundary_has_a_whole_first_window);
	tcase_add_test(tests, windows_that_are_not_aligned_start_with_the_run);
	tcase_add_test(tests, a_window_is_due_exactly_at_its_end);
	tcase_add_test(tests, ten_thousand_quiet_windows_do_not_drift);
	tcase_add_test(tests, a_window_may_be_a_millisecond_or_a_century);
	tcase_add_test(tests, all_is_one_window_that_is_never_due);
	tcase_add_test(tests, bounds_stay_while_one_source_is_up);
	tcase_add_test(tests, bounds_move_to_where_counting_began_and_ended);
	tcase_add_test(
		tests,
		flapping_sources_have_the_first_beginning_and_the_last_end);
	tcase_add_test(tests, an_outage_that_begins_or_ends_with_a_window);
	tcase_add_test(tests, a_source_that_ended_is_not_down);
	tcase_add_test(tests,
		       a_source_that_failed_is_down_to_the_end_of_the_run);
	tcase_add_test(tests,
		       part_of_a_source_that_failed_hurts_all_that_follows);
	tcase_add_test(tests,
		       a_window_in_which_the_input_had_to_wait_is_partial);
	tcase_add_test(tests, a_run_may_begin_while_a_source_is_down);
	tcase_add_test(tests, a_window_that_ends_inside_is_partial);
	tcase_add_test(tests, what_was_slept_over_is_skipped);
	tcase_add_test(tests, windows_laid_from_the_run_stay_so_after_a_gap);
	tcase_add_test(tests, a_closed_windows_counts_go_to_the_totals);
	tcase_add_test(tests, room_for_more_groups_keeps_what_was_counted);
	tcase_add_test(tests, closing_windows_takes_no_more_memory);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
