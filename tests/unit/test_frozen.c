/*
 * Copies of a snapshot: all of it, and its largest groups.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/frozen.h"
#include "window_rows.h"

static struct window_rows window;

static void begin(void)
{
	window_rows_begin(&window);
}

static void end(void)
{
	window_rows_release(&window);
}

/* "" is (other). */
static void add(const char *key, uint64_t count, uint64_t total)
{
	struct key_part part = {KEY_STRING, span_of(key)};

	window_rows_add(&window, *key ? &part : NULL, 1, count, total);
}

/* Of the row and of all orders. */
static void add_sum(size_t row, const char *window_sum, const char *total_sum)
{
	struct sum number = {0};

	window.snapshot.sums = window.sums;
	ck_assert_int_eq(sum_read(&number, span_of(window_sum)), SUM_READ);
	ck_assert_int_eq(sum_add(&window.sums[2 * row], &number), 0);
	ck_assert_int_eq(sum_read(&number, span_of(total_sum)), SUM_READ);
	ck_assert_int_eq(sum_add(&window.sums[2 * row + 1], &number), 0);
	sum_clear(&number);
}

static struct buffer shown;

/* "A 5/10, (other) 2/3" */
static const char *rows_of(const struct frozen *frozen)
{
	const struct snapshot *snapshot = &frozen->snapshot;

	buffer_clear(&shown);
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct row *row = &snapshot->rows[i];
		const unsigned char *key = snapshot_key(snapshot, row);

		buffer_append_text(&shown, i > 0 ? ", " : "");
		if (key)
			buffer_append_span(&shown, key_next(&key).text);
		else
			buffer_append_text(&shown, "(other)");
		buffer_printf(&shown, " %u/%u", (unsigned)row->count,
			      (unsigned)row->total);
	}
	buffer_append_char(&shown, '\0');
	return shown.data;
}

static const char *sum_of(const struct frozen *frozen, size_t number)
{
	buffer_clear(&shown);
	sum_append(&shown, &frozen->snapshot.sums[number], 0);
	buffer_append_char(&shown, '\0');
	return shown.data;
}

START_TEST(a_copy_is_the_same_when_the_original_changes)
{
	struct frozen *frozen;

	add("A", 5, 10);
	add("B", 0, 7);
	add("", 2, 3);
	window.snapshot.partial = true;
	window.snapshot.groups = 2;
	window.snapshot.tallies.read = 9;
	frozen = frozen_new(&window.snapshot, 1, false);
	ck_assert_ptr_nonnull(frozen);
	memset(window.key_bytes, 'x', sizeof(window.key_bytes));
	memset(window.rows, 0, sizeof(window.rows));
	ck_assert_str_eq(rows_of(frozen), "A 5/10, B 0/7, (other) 2/3");
	ck_assert(frozen->snapshot.partial);
	ck_assert_int_eq(frozen->snapshot.end_ns, TEN + 5 * NS_PER_S);
	ck_assert_uint_eq(frozen->snapshot.orders, 7);
	ck_assert_uint_eq(frozen->snapshot.total_orders, 20);
	ck_assert_uint_eq(frozen->snapshot.groups, 2);
	ck_assert_uint_eq(frozen->snapshot.tallies.read, 9);
	frozen_free(frozen);
	buffer_release(&shown);
}
END_TEST

START_TEST(a_copy_has_all_sums)
{
	struct frozen *frozen;

	add("A", 1, 1);
	add("", 1, 1);
	add_sum(0, "1.50", "10.5");
	add_sum(1, "1e30", "2e30");
	add_sum(2, "1000000000000000000000000000001.5", "3");
	frozen = frozen_new(&window.snapshot, 1, false);
	ck_assert_ptr_nonnull(frozen);
	ck_assert_str_eq(sum_of(frozen, 0), "1.50");
	ck_assert_str_eq(sum_of(frozen, 1), "10.5");
	ck_assert_str_eq(sum_of(frozen, 2), "1000000000000000000000000000000");
	ck_assert_str_eq(sum_of(frozen, 4),
			 "1000000000000000000000000000001.5");
	ck_assert_str_eq(sum_of(frozen, 5), "3");
	frozen_free(frozen);
	buffer_release(&shown);
}
END_TEST

START_TEST(a_copy_of_nothing_is_nothing)
{
	struct frozen *frozen = frozen_new(&window.snapshot, 1, false);
	size_t left_out = 1;

	ck_assert_ptr_nonnull(frozen);
	ck_assert_uint_eq(frozen->snapshot.row_count, 0);
	frozen_free(frozen);
	frozen = frozen_largest(&window.snapshot, 1, 10, 100, &left_out);
	ck_assert_ptr_nonnull(frozen);
	ck_assert_uint_eq(frozen->snapshot.row_count, 0);
	ck_assert_uint_eq(left_out, 0);
	frozen_free(frozen);
	frozen_free(NULL);
}
END_TEST

START_TEST(the_largest_stand_in_their_order)
{
	struct frozen *frozen;
	size_t left_out;

	add("A", 3, 30);
	add("B", 9, 90);
	add("C", 1, 99);
	add("D", 3, 31);
	add("E", 5, 50);
	frozen = frozen_largest(&window.snapshot, 1, 3, 1000, &left_out);
	ck_assert_ptr_nonnull(frozen);
	ck_assert_str_eq(rows_of(frozen),
			 "B 9/90, D 3/31, E 5/50, (other) 4/129");
	ck_assert_uint_eq(left_out, 2);
	ck_assert_uint_eq(frozen->snapshot.orders, 21);
	frozen_free(frozen);
	frozen = frozen_largest(&window.snapshot, 1, 5, 1000, &left_out);
	ck_assert_ptr_nonnull(frozen);
	ck_assert_str_eq(rows_of(frozen),
			 "A 3/30, B 9/90, C 1/99, D 3/31, E 5/50");
	ck_assert_uint_eq(left_out, 0);
	frozen_free(frozen);
	buffer_release(&shown);
}
END_TEST

START_TEST(what_was_in_other_stays_there)
{
	struct frozen *frozen;
	size_t left_out;

	add("A", 3, 30);
	add("B", 2, 20);
	add("", 100, 1000);
	add_sum(0, "0.5", "1");
	add_sum(1, "0.25", "2");
	add_sum(2, "7", "8");
	add_sum(3, "7.75", "11");
	frozen = frozen_largest(&window.snapshot, 1, 1, 1000, &left_out);
	ck_assert_ptr_nonnull(frozen);
	ck_assert_str_eq(rows_of(frozen), "A 3/30, (other) 102/1020");
	ck_assert_uint_eq(left_out, 1);
	ck_assert_str_eq(sum_of(frozen, 2), "7.25");
	ck_assert_str_eq(sum_of(frozen, 3), "10");
	ck_assert_str_eq(sum_of(frozen, 4), "7.75");
	frozen_free(frozen);
	buffer_release(&shown);
}
END_TEST

START_TEST(keys_take_no_more_bytes_than_that)
{
	struct frozen *frozen;
	char key[101] = "";
	size_t left_out;

	memset(key, 'k', 100);
	add(key, 9, 9);
	add("A", 5, 5);
	add("B", 4, 4);
	/* A byte of type and two of length stand before each. */
	frozen = frozen_largest(&window.snapshot, 1, 10, 107, &left_out);
	ck_assert_ptr_nonnull(frozen);
	ck_assert_uint_eq(frozen->snapshot.row_count, 3);
	ck_assert_uint_eq(frozen->snapshot.rows[2].count, 4);
	ck_assert_uint_eq(left_out, 1);
	frozen_free(frozen);
	frozen = frozen_largest(&window.snapshot, 1, 10, 0, &left_out);
	ck_assert_ptr_nonnull(frozen);
	ck_assert_str_eq(rows_of(frozen), "(other) 18/18");
	ck_assert_uint_eq(left_out, 3);
	frozen_free(frozen);
	buffer_release(&shown);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("frozen");
	TCase *tcase = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, a_copy_is_the_same_when_the_original_changes);
	tcase_add_test(tcase, a_copy_has_all_sums);
	tcase_add_test(tcase, a_copy_of_nothing_is_nothing);
	tcase_add_test(tcase, the_largest_stand_in_their_order);
	tcase_add_test(tcase, what_was_in_other_stays_there);
	tcase_add_test(tcase, keys_take_no_more_bytes_than_that);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
