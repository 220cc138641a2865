/*
 * Which groups have a row, in which order, and what (other) holds.
 */
#include <check.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "core/snapshot.h"

static struct groups groups;
static struct windows windows;
static struct snapshot snapshot;
static int64_t now_ns;
static bool gathered; /* the window that is open */

static void begin(void)
{
	const uint64_t seed[2] = {1, 2};
	struct error error;

	ck_assert_int_eq(groups_init(&groups, 1, seed, &error), 0);
	windows_init(&windows, 5 * NS_PER_S, 1, false, false, 3);
	snapshot_init(&snapshot);
	ck_assert_int_eq(windows_reserve(&windows, 1), 0);
	gathered = false;
	now_ns = 10 * NS_PER_S;
	windows_begin(&windows, 0, now_ns);
}

static void end(void)
{
	snapshot_release(&snapshot);
	windows_release(&windows);
	groups_release(&groups);
}

static void count_group(uint32_t group, int orders)
{
	ck_assert_int_eq(windows_open(&windows, now_ns), WINDOWS_ROOM);
	if (orders > 0)
		ck_assert_int_eq(windows_add(&windows, group, (uint64_t)orders,
					     NULL, groups.count),
				 0);
}

/* "" is (other). More may come in a window whose rows were looked at. */
static void count(const char *key, int orders)
{
	struct key_part part = {KEY_STRING, span_of(key)};
	uint32_t group = GROUP_OTHER;

	if (*key) {
		group = groups_find(&groups, &part);
		if (group == GROUP_OTHER)
			group = groups_add(&groups, &part);
		ck_assert_uint_ne(group, GROUP_OTHER);
		ck_assert_int_eq(windows_reserve(&windows, groups.count), 0);
	}
	count_group(group, orders);
}

/* Once for each window; more may come while nothing is dropped. */
static void gather(void)
{
	if (!gathered)
		ck_assert_int_eq(windows_gather(&windows, windows.closed + 1,
						groups.count),
				 0);
	gathered = true;
}

static void close_window(void)
{
	gather();
	ck_assert_int_eq(windows_drop(&windows), 0);
	gathered = false;
	now_ns += 5 * NS_PER_S;
}

/* The rows as "KEY count total, ..". */
static void assert_rows(struct row_choice choice, const char *expected)
{
	struct buffer seen = {0};

	gather();
	ck_assert_int_eq(snapshot_fill(&snapshot, &groups, &windows, &choice),
			 0);
	for (size_t i = 0; i < snapshot.row_count; i++) {
		const struct row *row = &snapshot.rows[i];
		const unsigned char *key = snapshot_key(&snapshot, row);

		if (i > 0)
			buffer_append_text(&seen, ", ");
		if (key)
			buffer_append_span(&seen, key_next(&key).text);
		else
			buffer_append_text(&seen, "(other)");
		buffer_printf(&seen, " %llu %llu",
			      (unsigned long long)row->count,
			      (unsigned long long)row->total);
	}
	ck_assert_msg(span_is(buffer_span(&seen), expected),
		      "%.*s\nexpected %s", (int)seen.size, seen.data, expected);
	buffer_release(&seen);
}

/* The first so many groups are expected, no others. */
static void expect_first(uint32_t count)
{
	for (uint32_t i = 1; i < groups.count; i++)
		groups.flags[i] = (uint8_t)(GROUP_LIVE |
					    (i <= count ? GROUP_EXPECTED : 0));
}

static const struct row_choice all_rows = {0};

/* a 0 3, b 2 3, c 5 5, d 2 6, e 0 0; (other) as given. */
static void count_two_windows(int other_before, int other)
{
	count("d", 4);
	count("a", 3);
	count("b", 1);
	count("e", 0);
	count("", other_before);
	close_window();
	count("c", 5);
	count("d", 2);
	count("b", 2);
	count("", other);
}

START_TEST(groups_known_have_a_row_in_the_order_of_their_keys)
{
	count_two_windows(0, 0);
	assert_rows(all_rows, "a 0 3, b 2 3, c 5 5, d 2 6");
	ck_assert_uint_eq(snapshot.orders, 9);
	ck_assert_uint_eq(snapshot.total_orders, 17);
}
END_TEST

START_TEST(a_window_without_groups_has_no_rows)
{
	assert_rows(all_rows, "");
	ck_assert_uint_eq(snapshot.orders, 0);
}
END_TEST

START_TEST(other_is_last_and_only_where_its_total_is_above_0)
{
	count_two_windows(0, 0);
	count("", 0);
	assert_rows(all_rows, "a 0 3, b 2 3, c 5 5, d 2 6");
	count("", 9);
	assert_rows(all_rows, "a 0 3, b 2 3, c 5 5, d 2 6, (other) 9 9");
	close_window();
	assert_rows(all_rows, "a 0 3, b 0 3, c 0 5, d 0 6, (other) 0 9");
}
END_TEST

START_TEST(expected_groups_have_a_row_always)
{
	struct row_choice choice = {0};

	count("z", 0);
	count("y", 0);
	expect_first(1);
	assert_rows(choice, "z 0 0");
	choice.active = true;
	assert_rows(choice, "z 0 0");
	count("y", 1);
	assert_rows(choice, "y 1 1, z 0 0");
}
END_TEST

START_TEST(active_leaves_out_groups_without_an_order)
{
	struct row_choice choice = {.active = true};

	count_two_windows(4, 0);
	assert_rows(choice, "b 2 3, c 5 5, d 2 6");
	count("", 1);
	assert_rows(choice, "b 2 3, c 5 5, d 2 6, (other) 1 8");
}
END_TEST

START_TEST(the_largest_come_first_and_ties_go_by_key)
{
	struct row_choice choice = {.order = ORDER_COUNT};

	count_two_windows(1, 7);
	assert_rows(choice, "c 5 5, b 2 3, d 2 6, a 0 3, (other) 7 8");
}
END_TEST

START_TEST(the_largest_total_comes_first_if_asked)
{
	struct row_choice choice = {.order = ORDER_TOTAL};

	count_two_windows(1, 7);
	assert_rows(choice, "d 2 6, c 5 5, a 0 3, b 2 3, (other) 7 8");
	/* The top is still that of the window. */
	choice.top = 2;
	assert_rows(choice, "c 5 5, b 2 3, (other) 9 17");
}
END_TEST

START_TEST(the_rest_of_the_top_is_in_other)
{
	struct row_choice choice = {.top = 2, .order = ORDER_COUNT};

	count_two_windows(0, 0);
	assert_rows(choice, "c 5 5, b 2 3, (other) 2 9");
	count("", 100);
	/* It is never one of the N. */
	assert_rows(choice, "c 5 5, b 2 3, (other) 102 109");
	choice.order = ORDER_KEY;
	assert_rows(choice, "b 2 3, c 5 5, (other) 102 109");
	choice.top = 4;
	assert_rows(choice, "a 0 3, b 2 3, c 5 5, d 2 6, (other) 100 100");
	choice.top = 100;
	assert_rows(choice, "a 0 3, b 2 3, c 5 5, d 2 6, (other) 100 100");
}
END_TEST

START_TEST(the_top_of_active_groups_is_one_of_them)
{
	struct row_choice choice = {.top = 2, .active = true};

	count_two_windows(0, 0);
	/* (other) is all that has no row: d, and a, which is not active. */
	assert_rows(choice, "b 2 3, c 5 5, (other) 2 9");
	choice.top = 3;
	assert_rows(choice, "b 2 3, c 5 5, d 2 6");
}
END_TEST

START_TEST(the_top_cuts_expected_groups_like_others)
{
	struct row_choice choice = {.top = 1};

	count("z", 0);
	expect_first(1);
	assert_rows(choice, "z 0 0");
	count("a", 1);
	assert_rows(choice, "a 1 1");
	count("z", 2);
	assert_rows(choice, "z 2 2, (other) 1 1");
}
END_TEST

START_TEST(others_total_may_fall_when_a_group_enters_the_top)
{
	struct row_choice choice = {.top = 1};

	count("a", 5);
	count("b", 4);
	assert_rows(choice, "a 5 5, (other) 4 4");
	close_window();
	count("b", 1);
	count("c", 1);
	assert_rows(choice, "b 1 5, (other) 1 6");
	close_window();
	count("a", 1);
	assert_rows(choice, "a 1 6, (other) 0 6");
}
END_TEST

static unsigned next_random(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

static void assert_sums(const struct row_choice *choice)
{
	uint64_t orders = 0, totals = 0;

	gather();
	ck_assert_int_eq(snapshot_fill(&snapshot, &groups, &windows, choice),
			 0);
	for (size_t i = 0; i < snapshot.row_count; i++) {
		orders += snapshot.rows[i].count;
		totals += snapshot.rows[i].total;
		if (!snapshot_key(&snapshot, &snapshot.rows[i]) &&
		    i + 1 != snapshot.row_count)
			ck_abort_msg("(other) is not last");
	}
	if (orders != snapshot.orders)
		ck_abort_msg("rows %llu, orders %llu",
			     (unsigned long long)orders,
			     (unsigned long long)snapshot.orders);
	if (choice->active ? totals > snapshot.total_orders
			   : totals != snapshot.total_orders)
		ck_abort_msg("totals %llu, all %llu",
			     (unsigned long long)totals,
			     (unsigned long long)snapshot.total_orders);
	if (choice->top > 0 && snapshot.row_count > choice->top + 1)
		ck_abort_msg("%zu rows", snapshot.row_count);
}

START_TEST(rows_always_add_up_to_orders)
{
	static const enum row_order orders[] = {ORDER_KEY, ORDER_COUNT,
						ORDER_TOTAL};
	unsigned state = 1;

	for (int round = 0; round < 400; round++) {
		for (unsigned i = next_random(&state) % 20; i > 0; i--) {
			char key[3] = {(char)('a' + next_random(&state) % 26),
				       (char)('a' + next_random(&state) % 3),
				       '\0'};

			if (next_random(&state) % 10 == 0)
				key[0] = '\0';
			count(key, (int)(next_random(&state) % 5));
		}
		for (unsigned i = 0; i < 32; i++) {
			struct row_choice choice = {.top = i / 4 * i / 4,
						    .active = i & 1,
						    .order = orders[i % 3]};

			if (i / 8 < groups.count)
				expect_first(i / 8);
			assert_sums(&choice);
		}
		close_window();
	}
}
END_TEST

/* --- sums ----------------------------------------------------------------- */

static void add_amount(const char *key, const char *amount)
{
	struct key_part part = {KEY_STRING, span_of(key)};
	struct sum sum = {0};
	uint32_t group = GROUP_OTHER;

	if (*key) {
		group = groups_find(&groups, &part);
		if (group == GROUP_OTHER)
			group = groups_add(&groups, &part);
		ck_assert_int_eq(windows_reserve(&windows, groups.count), 0);
	}
	ck_assert_int_eq(sum_read(&sum, span_of(amount)), SUM_READ);
	ck_assert_int_eq(windows_open(&windows, now_ns), WINDOWS_ROOM);
	ck_assert_int_eq(windows_add(&windows, group, 1, &sum, groups.count),
			 0);
	sum_clear(&sum);
}

/* "sum total, ..", those of all orders last. */
static void assert_amounts(struct row_choice choice, const char *expected)
{
	struct buffer seen = {0};

	gather();
	ck_assert_int_eq(snapshot_fill(&snapshot, &groups, &windows, &choice),
			 0);
	for (size_t i = 0; i < 2 * snapshot.row_count + 2; i++) {
		if (i > 0)
			buffer_append_text(&seen, i % 2 ? " " : ", ");
		sum_append(&seen, &snapshot.sums[i], 0);
	}
	ck_assert_msg(span_is(buffer_span(&seen), expected),
		      "%.*s\nexpected %s", (int)seen.size, seen.data, expected);
	buffer_release(&seen);
}

START_TEST(rows_have_their_sums_and_other_those_of_the_rest)
{
	struct row_choice choice = {0};

	windows_release(&windows);
	windows_init(&windows, 5 * NS_PER_S, 1, true, false, 3);
	ck_assert_int_eq(windows_reserve(&windows, 1), 0);
	windows_begin(&windows, 0, now_ns);
	add_amount("a", "0.1");
	add_amount("b", "1e3");
	close_window();
	add_amount("a", "0.2");
	add_amount("", "-5");
	add_amount("c", "7.25");
	add_amount("c", "0");
	assert_amounts(choice, "0.2 0.3, 0 1000, 7.25 7.25, -5 -5, "
			       "2.45 1002.55");
	choice.active = true;
	assert_amounts(choice, "0.2 0.3, 7.25 7.25, -5 995, 2.45 1002.55");
	choice.top = 1;
	assert_amounts(choice, "7.25 7.25, -4.8 995.3, 2.45 1002.55");
	close_window();
	/* Filled once more, there is nothing of before in it. */
	assert_amounts(choice, "0 1002.55");
}
END_TEST

START_TEST(without_sums_there_are_none)
{
	count("a", 1);
	assert_rows(all_rows, "a 1 1");
	ck_assert_ptr_null(snapshot.sums);
}
END_TEST

START_TEST(snapshots_of_known_groups_take_no_more_memory)
{
	struct row_choice choice = {.top = 3, .order = ORDER_COUNT};
	struct snapshot before;

	count_two_windows(1, 1);
	assert_sums(&choice);
	before = snapshot;
	for (int i = 0; i < 1000; i++) {
		count("b", i % 7);
		gather();
		if (snapshot_fill(&snapshot, &groups, &windows, &choice) != 0 ||
		    snapshot.capacity != before.capacity)
			ck_abort_msg("window %d", i);
		close_window();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("snapshot");
	TCase *tests = tcase_create("snapshot");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests,
		       groups_known_have_a_row_in_the_order_of_their_keys);
	tcase_add_test(tests, a_window_without_groups_has_no_rows);
	tcase_add_test(tests,
		       other_is_last_and_only_where_its_total_is_above_0);
	tcase_add_test(tests, expected_groups_have_a_row_always);
	tcase_add_test(tests, active_leaves_out_groups_without_an_order);
	tcase_add_test(tests, the_largest_come_first_and_ties_go_by_key);
	tcase_add_test(tests, the_largest_total_comes_first_if_asked);
	tcase_add_test(tests, the_rest_of_the_top_is_in_other);
	tcase_add_test(tests, the_top_of_active_groups_is_one_of_them);
	tcase_add_test(tests, the_top_cuts_expected_groups_like_others);
	tcase_add_test(tests,
		       others_total_may_fall_when_a_group_enters_the_top);
	tcase_add_test(tests, rows_always_add_up_to_orders);
	tcase_add_test(tests, rows_have_their_sums_and_other_those_of_the_rest);
	tcase_add_test(tests, without_sums_there_are_none);
	tcase_add_test(tests, snapshots_of_known_groups_take_no_more_memory);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
