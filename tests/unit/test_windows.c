/*
 * What was counted in which pane, and what the windows that close are the sum
 * of. A pane is 5 s long unless a test says otherwise.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/windows.h"

#define S      NS_PER_S
#define GROUPS 40

static struct windows windows;

static void start(int64_t slide_ns, int64_t span, bool summing, bool tracks)
{
	windows_release(&windows);
	windows_init(&windows, slide_ns, span, summing, tracks, 77);
	ck_assert_int_eq(windows_reserve(&windows, GROUPS), 0);
}

static void begin(void)
{
	start(5 * S, 1, false, false);
}

static void end(void)
{
	windows_release(&windows);
}

static void count_sum(int64_t time_ns, uint32_t group, const char *amount)
{
	struct sum sum = {0};

	ck_assert_int_eq(sum_read(&sum, span_of(amount)), SUM_READ);
	if (!windows_is_hot(&windows, time_ns))
		ck_assert_int_eq(windows_open(&windows, time_ns), WINDOWS_ROOM);
	ck_assert(windows_has_room(&windows, group));
	ck_assert_int_eq(windows_add(&windows, group, 1,
				     windows.total_sums ? &sum : NULL, GROUPS),
			 0);
	sum_clear(&sum);
}

static void count(int64_t time_ns, uint32_t group)
{
	count_sum(time_ns, group, "1");
}

static uint64_t in_window(uint32_t group)
{
	return pane_count(&windows.window, group);
}

static void gather(int64_t pane)
{
	ck_assert_int_eq(windows_gather(&windows, pane, GROUPS), 0);
}

static void drop(void)
{
	ck_assert_int_eq(windows_drop(&windows), 0);
}

/* --- panes and time ------------------------------------------------------- */

START_TEST(panes_are_counted_from_the_origin_both_ways)
{
	static const struct {
		int64_t origin_s, time_ns, pane;
	} cases[] = {
		{0, 0, 0},	 {0, 5 * S - 1, 0}, {0, 5 * S, 1},
		{0, -1, -1},	 {0, -5 * S, -1},   {0, -5 * S - 1, -2},
		{12, 12 * S, 0}, {12, 17 * S, 1},   {12, 12 * S - 1, -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t pane = cases[i].pane;

		windows_begin(&windows, cases[i].origin_s * S, 0);
		ck_assert_int_eq(windows_pane(&windows, cases[i].time_ns),
				 pane);
		ck_assert_int_eq(windows_start(&windows, pane),
				 (cases[i].origin_s + pane * 5) * S);
	}
}
END_TEST

START_TEST(starts_beyond_all_times_are_at_the_end_of_them)
{
	ck_assert_int_eq(windows_start(&windows, INT64_MAX / 2), INT64_MAX);
	ck_assert_int_eq(windows_start(&windows, INT64_MIN / 2), INT64_MIN);
}
END_TEST

START_TEST(all_is_one_pane_without_an_end)
{
	start(0, 1, false, false);
	windows_begin(&windows, 7 * S, 7 * S);
	ck_assert_int_eq(windows_pane(&windows, INT64_MAX), 0);
	ck_assert_int_eq(windows_start(&windows, 0), 7 * S);
	ck_assert_int_eq(windows_start(&windows, 1), INT64_MAX);
	count(8 * S, 1);
	count(8000000000 * S, 1);
	gather(0);
	ck_assert_uint_eq(in_window(1), 2);
}
END_TEST

START_TEST(the_first_window_begins_with_the_pane_of_the_run)
{
	windows_begin(&windows, 0, 12 * S);
	ck_assert_int_eq(windows.closed + 1, 2);
	start(5 * S, 4, false, false);
	windows_begin(&windows, 0, 12 * S);
	ck_assert_int_eq(windows.closed + 1, 2 + 3);
}
END_TEST

/* --- counting and closing ------------------------------------------------- */

START_TEST(a_closed_windows_counts_go_to_the_totals)
{
	windows_begin(&windows, 0, 10 * S);
	for (int i = 0; i < 3; i++)
		count(11 * S, 2);
	count(14 * S, 0);
	ck_assert_uint_eq(windows_open_orders(&windows), 4);
	ck_assert_uint_eq(windows.totals[2], 0);
	gather(2);
	ck_assert_uint_eq(in_window(2), 3);
	ck_assert_uint_eq(windows.totals[2], 3);
	drop();
	ck_assert_uint_eq(windows_open_orders(&windows), 0);
	ck_assert_uint_eq(in_window(2), 0);
	count(15 * S, 2);
	gather(3);
	ck_assert_uint_eq(in_window(2), 1);
	ck_assert_uint_eq(windows.totals[0], 1);
	ck_assert_uint_eq(windows.totals[2], 4);
	ck_assert_uint_eq(windows.total_orders, 5);
}
END_TEST

START_TEST(room_for_more_groups_keeps_what_was_counted)
{
	windows_begin(&windows, 0, 10 * S);
	count(10 * S, 3);
	gather(2);
	drop();
	ck_assert_int_eq(windows_reserve(&windows, 100000), 0);
	ck_assert_uint_eq(windows.totals[3], 1);
	for (size_t i = 4; i < 100000; i++)
		if (windows.totals[i] != 0)
			ck_abort_msg("group %zu", i);
}
END_TEST

START_TEST(closing_windows_takes_no_more_memory)
{
	struct windows before;

	windows_begin(&windows, 0, 10 * S);
	for (int64_t i = 0; i < 1000; i++) {
		count((10 + 5 * i) * S, (uint32_t)i % 4);
		gather(2 + i);
		drop();
		if (i == 10)
			before = windows;
	}
	ck_assert_uint_eq(windows.capacity, before.capacity);
	ck_assert_ptr_eq(windows.totals, before.totals);
	ck_assert_ptr_eq(windows.panes.slots, before.panes.slots);
	ck_assert_uint_eq(windows.panes.spare_count, before.panes.spare_count);
	ck_assert_uint_eq(windows.panes.counters, 0);
	ck_assert_uint_eq(windows.total_orders, 1000);
}
END_TEST

START_TEST(the_next_window_is_the_first_that_holds_anything)
{
	start(5 * S, 3, false, false);
	ck_assert_int_eq(windows_next(&windows), PANE_NONE);
	count(100 * S, 1);
	count(50 * S, 1);
	ck_assert_int_eq(windows_next(&windows), 10);
	gather(10);
	drop();
	/* Two more windows hold its pane. */
	ck_assert_int_eq(windows_next(&windows), 11);
	gather(11);
	drop();
	ck_assert_int_eq(windows_next(&windows), 12);
	gather(12);
	ck_assert_uint_eq(in_window(1), 1);
	drop();
	ck_assert_int_eq(windows_next(&windows), 20);
	ck_assert_uint_eq(in_window(1), 0);
}
END_TEST

START_TEST(an_order_for_a_gathered_pane_is_in_the_windows_to_come)
{
	start(5 * S, 3, false, false);
	count(50 * S, 1);
	gather(10);
	drop();
	count(51 * S, 1);
	/* One that was not open, but a window to come holds it. */
	count(49 * S, 2);
	ck_assert_uint_eq(windows.totals[1], 2);
	ck_assert_uint_eq(windows.totals[2], 1);
	gather(11);
	ck_assert_uint_eq(in_window(1), 2);
	ck_assert_uint_eq(in_window(2), 1);
	drop();
	gather(12);
	ck_assert_uint_eq(in_window(1), 2);
	ck_assert_uint_eq(in_window(2), 0);
	drop();
	ck_assert_int_eq(windows_next(&windows), PANE_NONE);
	ck_assert_uint_eq(windows.total_orders, 3);
}
END_TEST

START_TEST(windows_that_are_skipped_count_in_the_totals)
{
	start(5 * S, 2, false, false);
	windows_begin(&windows, 0, 0);
	count(0, 1);
	count(7 * S, 1);
	count(12 * S, 2);
	count(22 * S, 3);
	ck_assert_int_eq(windows_skip(&windows, 3, GROUPS), 0);
	ck_assert_int_eq(windows.closed, 3);
	ck_assert_uint_eq(windows.totals[1], 2);
	ck_assert_uint_eq(windows.totals[2], 1);
	ck_assert_uint_eq(windows.totals[3], 0);
	gather(4);
	ck_assert_uint_eq(windows.window.orders, 1);
}
END_TEST

START_TEST(a_window_that_opens_again_is_counted_in_once_more)
{
	windows_begin(&windows, 0, 10 * S);
	count(11 * S, 1);
	gather(2);
	drop();
	windows_reopen(&windows);
	count(14 * S, 1);
	gather(2);
	ck_assert_uint_eq(in_window(1), 1);
	ck_assert_uint_eq(windows.totals[1], 2);
}
END_TEST

START_TEST(a_pane_of_an_earlier_run_is_in_the_windows_to_come)
{
	struct pane *pane;

	start(5 * S, 3, false, false);
	windows.closed = 10;
	pane = panes_open(&windows.panes, 10, false);
	ck_assert_ptr_nonnull(pane);
	ck_assert_int_eq(pane_add(pane, 1, 7, NULL, GROUPS), 0);
	ck_assert_int_eq(windows_regather(&windows, pane, GROUPS), 0);
	ck_assert_int_eq(windows_next(&windows), 11);
	gather(11);
	ck_assert_uint_eq(in_window(1), 7);
	/* Its totals were kept elsewhere. */
	ck_assert_uint_eq(windows.totals[1], 0);
}
END_TEST

START_TEST(no_more_panes_are_opened_than_are_kept)
{
	start(1, 1, false, false);
	for (int64_t i = 0; i < PANES_MAX; i++)
		if (windows_open(&windows, i) != WINDOWS_ROOM)
			ck_abort_msg("pane %lld", (long long)i);
	ck_assert_int_eq(windows_open(&windows, PANES_MAX), WINDOWS_FULL);
	/* One that is open has room. */
	ck_assert_int_eq(windows_open(&windows, 5), WINDOWS_ROOM);
	gather(0);
	ck_assert_int_eq(windows_open(&windows, PANES_MAX), WINDOWS_ROOM);
}
END_TEST

START_TEST(no_more_counters_are_made_than_are_kept)
{
	windows_begin(&windows, 0, 10 * S);
	count(10 * S, 1);
	windows.panes.counters = COUNTERS_MAX;
	ck_assert(windows_has_room(&windows, 1));
	ck_assert(!windows_has_room(&windows, 2));
	ck_assert_int_eq(windows_open(&windows, 20 * S), WINDOWS_FULL);
	windows.panes.counters = COUNTERS_MAX - 1;
	ck_assert(windows_has_room(&windows, 2));
	ck_assert_int_eq(windows_open(&windows, 20 * S), WINDOWS_ROOM);
}
END_TEST

/* --- groups that change --------------------------------------------------- */

START_TEST(what_changed_since_the_last_save_is_known_once)
{
	start(5 * S, 1, false, true);
	windows_begin(&windows, 0, 10 * S);
	count(10 * S, 3);
	ck_assert_uint_eq(windows.changed_count, 0);
	count(10 * S, 5);
	count(10 * S, 3);
	gather(2);
	windows_change(&windows, 5);
	ck_assert_uint_eq(windows.changed_count, 2);
	windows_settle_changes(&windows);
	ck_assert_uint_eq(windows.changed_count, 0);
	windows_change(&windows, 5);
	ck_assert_uint_eq(windows.changed_count, 1);
	ck_assert_uint_eq(windows.changed[0], 5);
}
END_TEST

START_TEST(the_totals_of_a_forgotten_group_go_to_other)
{
	struct buffer text = {0};

	start(5 * S, 1, true, true);
	windows_begin(&windows, 0, 10 * S);
	count_sum(10 * S, 3, "1.25");
	count_sum(10 * S, 0, "1");
	gather(2);
	windows_settle_changes(&windows);
	ck_assert_int_eq(windows_forget(&windows, 3), 0);
	ck_assert_uint_eq(windows.totals[3], 0);
	ck_assert_uint_eq(windows.totals[0], 2);
	ck_assert_uint_eq(windows.total_orders, 2);
	ck_assert_uint_eq(windows.changed_count, 2);
	sum_append(&text, &windows.total_sums[0], 0);
	ck_assert(span_is(buffer_span(&text), "2.25"));
	ck_assert(sum_is_zero(&windows.total_sums[3]));
	buffer_release(&text);
}
END_TEST

/* --- against a plain sum -------------------------------------------------- */

#define PANES 400

static unsigned state;
static long counts[PANES][GROUPS];
static long cents[PANES][GROUPS];

static unsigned below(unsigned limit)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 10) % limit;
}

static void count_randomly(int64_t pane)
{
	uint32_t group = below(4) ? below(5) : below(GROUPS);
	long amount = (long)below(100000) - 50000;
	char text[32];

	snprintf(text, sizeof(text), "%lde-2", amount);
	count_sum(pane * 5 * S + (int64_t)below(5) * S, group, text);
	counts[pane][group]++;
	cents[pane][group] += amount;
}

static void assert_sum(const struct sum *sum, long must)
{
	struct sum seen = {0}, wanted = {0};
	char text[32];

	snprintf(text, sizeof(text), "%lde-2", must);
	ck_assert_int_eq(sum_read(&wanted, span_of(text)), SUM_READ);
	ck_assert_int_eq(sum ? sum_add(&seen, sum) : 0, 0);
	ck_assert_int_eq(sum_subtract(&seen, &wanted), 0);
	ck_assert(sum_is_zero(&seen));
	sum_clear(&seen);
	sum_clear(&wanted);
}

static void check_window(int64_t pane, int64_t span)
{
	for (uint32_t group = 0; group < GROUPS; group++) {
		long orders = 0, amount = 0, total = 0, total_amount = 0;

		for (int64_t i = 0; i <= pane; i++) {
			total += counts[i][group];
			total_amount += cents[i][group];
			if (i > pane - span) {
				orders += counts[i][group];
				amount += cents[i][group];
			}
		}
		if ((long)in_window(group) != orders ||
		    (long)windows.totals[group] != total)
			ck_abort_msg("pane %lld: group %u: %llu %llu",
				     (long long)pane, group,
				     (unsigned long long)in_window(group),
				     (unsigned long long)windows.totals[group]);
		assert_sum(pane_sum(&windows.window, group), amount);
		assert_sum(&windows.total_sums[group], total_amount);
	}
}

/* Orders come for the open panes and for those that a window still holds. */
static void slide(int64_t span)
{
	int64_t closed = span - 1;

	memset(counts, 0, sizeof(counts));
	memset(cents, 0, sizeof(cents));
	start(5 * S, span, true, false);
	windows.closed = closed;
	while (closed < PANES - 20) {
		int64_t next;

		for (unsigned i = below(8); i > 0; i--)
			count_randomly(closed + 2 - span +
				       (int64_t)below((unsigned)span + 10));
		next = windows_next(&windows);
		if (below(9) == 0 && next != PANE_NONE && next > closed + 1)
			windows_pass(&windows, closed + 1);
		else if (next != PANE_NONE) {
			gather(next);
			check_window(next, span);
			drop();
		} else {
			windows_pass(&windows, closed + 1);
		}
		closed = windows.closed;
	}
}

START_TEST(sliding_windows_are_the_sums_of_their_panes)
{
	state = 3;
	slide(1);
	slide(2);
	slide(7);
	slide(60);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("windows");
	TCase *tests = tcase_create("windows");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, panes_are_counted_from_the_origin_both_ways);
	tcase_add_test(tests, starts_beyond_all_times_are_at_the_end_of_them);
	tcase_add_test(tests, all_is_one_pane_without_an_end);
	tcase_add_test(tests, the_first_window_begins_with_the_pane_of_the_run);
	tcase_add_test(tests, a_closed_windows_counts_go_to_the_totals);
	tcase_add_test(tests, room_for_more_groups_keeps_what_was_counted);
	tcase_add_test(tests, closing_windows_takes_no_more_memory);
	tcase_add_test(tests, the_next_window_is_the_first_that_holds_anything);
	tcase_add_test(tests,
		       an_order_for_a_gathered_pane_is_in_the_windows_to_come);
	tcase_add_test(tests, windows_that_are_skipped_count_in_the_totals);
	tcase_add_test(tests,
		       a_window_that_opens_again_is_counted_in_once_more);
	tcase_add_test(tests,
		       a_pane_of_an_earlier_run_is_in_the_windows_to_come);
	tcase_add_test(tests, no_more_panes_are_opened_than_are_kept);
	tcase_add_test(tests, no_more_counters_are_made_than_are_kept);
	tcase_add_test(tests, what_changed_since_the_last_save_is_known_once);
	tcase_add_test(tests, the_totals_of_a_forgotten_group_go_to_other);
	tcase_add_test(tests, sliding_windows_are_the_sums_of_their_panes);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
