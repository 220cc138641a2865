/*
 * When was counted and when not, with the times of a fake clock in seconds; one
 * window is one pane of 5 s unless a test says otherwise.
 */
#include <check.h>
#include <stdlib.h>

#include "base/clock.h"
#include "core/coverage.h"

#define S NS_PER_S

static struct coverage coverage;
static int64_t panes;  /* a window */
static int64_t closed; /* the last pane of the last window */

static void start(int64_t pane_ns, int64_t count)
{
	struct error error;

	coverage_release(&coverage);
	panes = count;
	ck_assert_int_eq(coverage_init(&coverage, pane_ns, count, &error), 0);
}

static void begin(void)
{
	start(5 * S, 1);
}

static void end(void)
{
	coverage_release(&coverage);
}

/* The first window to close is the one that begins with the open pane. */
static void begin_at(int64_t at_ns, bool aligned, size_t up, size_t down)
{
	coverage_begin(&coverage, aligned ? 0 : at_ns, at_ns, up, down);
	closed = coverage_pane(&coverage, at_ns) + panes - 2;
}

static int64_t next_end(void)
{
	return coverage_start(&coverage, closed + 2);
}

static struct window window_at(int64_t end_ns)
{
	coverage_reach(&coverage, end_ns);
	return coverage_window(&coverage, closed + 2 - panes, closed + 1,
			       end_ns);
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

/* The next window closes on time. */
static void assert_closes(int64_t start_s, int64_t end_s, bool partial)
{
	assert_bounds(window_at(next_end()), start_s, end_s, partial);
	closed++;
}

/* --- laying --------------------------------------------------------------- */

START_TEST(windows_start_at_multiples_of_their_length_since_1970)
{
	begin_at(1000000007 * S, true, 1, 0);
	assert_closes(1000000007, 1000000010, true);
	assert_closes(1000000010, 1000000015, false);
	assert_closes(1000000015, 1000000020, false);
	/* One that divides no minute. */
	start(7 * S, 1);
	begin_at(701 * S, true, 1, 0);
	assert_closes(701, 707, true);
	assert_closes(707, 714, false);
}
END_TEST

START_TEST(a_window_of_a_day_is_a_utc_day)
{
	start(86400 * S, 1);
	begin_at(20000 * 86400 * S + 1, true, 1, 0);
	ck_assert_int_eq(next_end(), 20001 * 86400 * S);
	closed++;
	assert_closes(20001 * 86400, 20002 * 86400, false);
}
END_TEST

START_TEST(a_run_that_begins_on_a_boundary_has_a_whole_first_window)
{
	begin_at(10 * S, true, 1, 0);
	assert_closes(10, 15, false);
	begin_at(10 * S - 1, true, 1, 0);
	ck_assert_int_eq(next_end(), 10 * S);
	ck_assert(window_at(10 * S).partial);
	begin_at(10 * S + 1, true, 1, 0);
	ck_assert_int_eq(next_end(), 15 * S);
	ck_assert(window_at(15 * S).partial);
}
END_TEST

START_TEST(windows_that_are_not_aligned_start_with_the_run)
{
	begin_at(1000000007 * S, false, 1, 0);
	assert_closes(1000000007, 1000000012, false);
	assert_closes(1000000012, 1000000017, false);
}
END_TEST

START_TEST(ten_thousand_quiet_windows_do_not_drift)
{
	const int64_t length_ns = 333 * NS_PER_MS;
	int64_t end_ns = 1000 * length_ns;

	start(length_ns, 1);
	begin_at(end_ns, true, 1, 0);
	for (int i = 0; i < 10000; i++) {
		struct window window;

		end_ns += length_ns;
		window = window_at(next_end());
		if (window.start_ns != end_ns - length_ns ||
		    window.end_ns != end_ns || window.partial)
			ck_abort_msg("window %d", i);
		closed++;
	}
}
END_TEST

START_TEST(a_window_may_be_a_millisecond_or_a_century)
{
	const int64_t century_ns = (int64_t)36500 * 86400 * S;

	start(NS_PER_MS, 1);
	begin_at(5 * NS_PER_MS, true, 1, 0);
	ck_assert_int_eq(next_end(), 6 * NS_PER_MS);
	start(century_ns, 1);
	begin_at(1800000000 * S, true, 1, 0);
	ck_assert_int_eq(next_end(), century_ns);
	begin_at(1800000000 * S, false, 1, 0);
	ck_assert_int_eq(next_end(), 1800000000 * S + century_ns);
}
END_TEST

START_TEST(all_is_one_window_without_an_end)
{
	start(0, 1);
	begin_at(7 * S, false, 1, 0);
	ck_assert_int_eq(coverage_start(&coverage, 1), INT64_MAX);
	assert_bounds(window_at(99 * S), 7, 99, true);
	ck_assert(!window_at(INT64_MAX).partial);
	/* A source that ended, ended the reading. */
	coverage_source_ended(&coverage, 98 * S);
	assert_bounds(window_at(INT64_MAX), 7, 98, false);
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
	begin_at(10 * S, true, 2, 0);
	for (size_t i = 0; i < count; i++) {
		const struct event *event = &events[i];
		int64_t at_ns = event->at_s * S;

		if (event->what != CLOSE)
			coverage_reach(&coverage, at_ns);
		switch (event->what) {
		case UP: coverage_source_up(&coverage, at_ns); break;
		case DOWN: coverage_source_down(&coverage, at_ns); break;
		case ENDED: coverage_source_ended(&coverage, at_ns); break;
		case WAIT: coverage_wait(&coverage, true, at_ns); break;
		case GO: coverage_wait(&coverage, false, at_ns); break;
		case HURT: coverage_source_hurt(&coverage); break;
		case CLOSE:
			ck_assert_int_eq(next_end(), at_ns);
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
	begin_at(10 * S, true, 1, 1);
	assert_closes(10, 15, true);
	coverage_reach(&coverage, 17 * S);
	coverage_source_up(&coverage, 17 * S);
	assert_closes(15, 20, true);
	assert_closes(20, 25, false);
}
END_TEST

/* --- ends and gaps -------------------------------------------------------- */

START_TEST(a_window_that_ends_inside_is_partial)
{
	begin_at(10 * S, true, 1, 0);
	assert_bounds(window_at(12 * S), 10, 12, true);
	assert_bounds(window_at(15 * S), 10, 15, false);
	begin_at(10 * S, true, 1, 0);
	coverage_reach(&coverage, 12 * S);
	coverage_source_ended(&coverage, 12 * S);
	assert_bounds(window_at(13 * S), 10, 12, true);
}
END_TEST

/* What the window in which it goes on says then. */
START_TEST(what_was_slept_over_is_not_counted)
{
	static const struct {
		int to_s, end_s;
	} cases[] = {{14, 15}, {15, 20}, {16, 20}, {19, 20},	  {20, 25},
		     {24, 25}, {25, 30}, {26, 30}, {86412, 86415}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t to_ns = cases[i].to_s * S;

		begin_at(10 * S, true, 1, 0);
		assert_bounds(window_at(12 * S), 10, 12, true);
		coverage_cut(&coverage, 12 * S, to_ns);
		closed = coverage_pane(&coverage, to_ns) - 1;
		assert_closes(cases[i].to_s, cases[i].end_s, true);
		assert_closes(cases[i].end_s, cases[i].end_s + 5, false);
	}
}
END_TEST

START_TEST(windows_laid_from_the_run_stay_so_after_a_gap)
{
	begin_at(12 * S, false, 1, 0);
	window_at(13 * S);
	coverage_cut(&coverage, 13 * S, 33 * S);
	closed = coverage_pane(&coverage, 33 * S) - 1;
	assert_closes(33, 37, true);
	assert_closes(37, 42, false);
}
END_TEST

START_TEST(the_rest_of_a_cut_window_keeps_its_bounds_in_an_outage)
{
	begin_at(10 * S, true, 1, 0);
	coverage_reach(&coverage, 11 * S);
	coverage_source_down(&coverage, 11 * S);
	assert_bounds(window_at(12 * S), 10, 11, true);
	coverage_cut(&coverage, 12 * S, 13 * S);
	/* From where the cut ended: what was before it was printed. */
	assert_closes(13, 15, true);
	assert_closes(15, 20, true);
}
END_TEST

/* --- several panes a window ----------------------------------------------- */

START_TEST(a_window_is_partial_as_long_as_one_of_its_panes_is)
{
	start(2 * S, 3);
	begin_at(10 * S, true, 2, 0);
	assert_closes(10, 16, false);
	coverage_reach(&coverage, 17 * S);
	coverage_source_down(&coverage, 17 * S);
	coverage_source_up(&coverage, 17 * S);
	assert_closes(12, 18, true);
	assert_closes(14, 20, true);
	assert_closes(16, 22, true);
	assert_closes(18, 24, false);
}
END_TEST

START_TEST(bounds_move_over_panes_in_which_none_was_up)
{
	start(2 * S, 3);
	begin_at(10 * S, true, 1, 0);
	coverage_reach(&coverage, 13 * S);
	coverage_source_down(&coverage, 13 * S);
	assert_closes(10, 13, true);
	assert_closes(12, 13, true);
	/* Wholly inside of the outage. */
	assert_closes(14, 20, true);
	coverage_reach(&coverage, 21 * S);
	coverage_source_up(&coverage, 21 * S);
	assert_closes(21, 22, true);
	assert_closes(21, 24, true);
	assert_closes(21, 26, true);
	assert_closes(22, 28, false);
}
END_TEST

START_TEST(a_run_that_begins_inside_of_a_pane_is_in_all_of_its_windows)
{
	start(2 * S, 3);
	begin_at(11 * S, true, 1, 0);
	assert_closes(11, 16, true);
	assert_closes(12, 18, false);
}
END_TEST

START_TEST(a_cut_inside_of_a_pane_is_in_all_of_its_windows)
{
	start(4 * S, 2);
	begin_at(8 * S, true, 1, 0);
	coverage_reach(&coverage, 13 * S);
	coverage_cut(&coverage, 13 * S, 14 * S);
	assert_closes(8, 16, true);
	assert_closes(12, 20, true);
	assert_closes(16, 24, false);
}
END_TEST

START_TEST(a_cut_over_all_panes_leaves_none_of_them_counted)
{
	start(2 * S, 3);
	begin_at(10 * S, true, 1, 0);
	coverage_reach(&coverage, 13 * S);
	coverage_cut(&coverage, 13 * S, 101 * S);
	closed = 49;
	assert_closes(101, 102, true);
	assert_closes(101, 104, true);
	assert_closes(101, 106, true);
	assert_closes(102, 108, false);
}
END_TEST

/* With a state, windows that are due may have to wait for a save. */
START_TEST(windows_that_close_late_know_where_the_input_waited)
{
	begin_at(10 * S, true, 1, 0);
	assert_closes(10, 15, false);
	coverage_wait(&coverage, true, 22 * S);
	coverage_wait(&coverage, false, 31 * S);
	assert_closes(15, 20, false);
	assert_closes(20, 25, true);
	assert_closes(25, 30, true);
	assert_closes(30, 35, true);
	assert_closes(35, 40, false);
	/* Once more before those of the first time are closed. */
	coverage_wait(&coverage, true, 41 * S);
	coverage_wait(&coverage, false, 46 * S);
	coverage_wait(&coverage, true, 51 * S);
	coverage_wait(&coverage, false, 55 * S);
	assert_closes(40, 45, true);
	assert_closes(45, 50, true);
	assert_closes(50, 55, true);
	assert_closes(55, 60, false);
}
END_TEST

START_TEST(news_of_sources_change_nothing_where_nothing_is_kept)
{
	struct coverage none = {0};

	coverage_source_up(&none, 1 * S);
	coverage_wait(&none, true, 1 * S);
	coverage_source_down(&none, 2 * S);
	coverage_source_hurt(&none);
	coverage_source_ended(&none, 3 * S);
	ck_assert_ptr_null(none.ring);
	ck_assert_uint_eq(none.up + none.down, 0);
}
END_TEST

START_TEST(a_long_silence_costs_nothing)
{
	start(1, 10000);
	begin_at(0, true, 1, 0);
	coverage_reach(&coverage, INT64_MAX / 2);
	closed = INT64_MAX / 2 - 2;
	ck_assert(!window_at(INT64_MAX / 2).partial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("coverage");
	TCase *tests = tcase_create("coverage");
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
	tcase_add_test(tests, ten_thousand_quiet_windows_do_not_drift);
	tcase_add_test(tests, a_window_may_be_a_millisecond_or_a_century);
	tcase_add_test(tests, all_is_one_window_without_an_end);
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
	tcase_add_test(tests, what_was_slept_over_is_not_counted);
	tcase_add_test(tests, windows_laid_from_the_run_stay_so_after_a_gap);
	tcase_add_test(tests,
		       the_rest_of_a_cut_window_keeps_its_bounds_in_an_outage);
	tcase_add_test(tests,
		       a_window_is_partial_as_long_as_one_of_its_panes_is);
	tcase_add_test(tests, bounds_move_over_panes_in_which_none_was_up);
	tcase_add_test(
		tests,
		a_run_that_begins_inside_of_a_pane_is_in_all_of_its_windows);
	tcase_add_test(tests, a_cut_inside_of_a_pane_is_in_all_of_its_windows);
	tcase_add_test(tests, a_cut_over_all_panes_leaves_none_of_them_counted);
	tcase_add_test(tests,
		       windows_that_close_late_know_where_the_input_waited);
	tcase_add_test(tests,
		       news_of_sources_change_nothing_where_nothing_is_kept);
	tcase_add_test(tests, a_long_silence_costs_nothing);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
