/*
 * Columns on the heap and mapped, and on their way from one to the other.
 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/column.h"
#include "column_fails.h"

#define MAX_BYTES ((size_t)32 << 20)

/* Something that is never 0. */
static unsigned char value_at(size_t i)
{
	return (unsigned char)(1 + i / 1000 % 250);
}

static void fill(unsigned char *column, size_t from, size_t to)
{
	for (size_t i = from; i < to; i += 509)
		column[i] = value_at(i);
}

static void assert_filled(const unsigned char *column, size_t to)
{
	for (size_t i = 0; i < to; i += 509)
		if (column[i] != value_at(i))
			ck_abort_msg("byte %zu is %u", i, column[i]);
}

static void assert_zero(const unsigned char *column, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (column[i] != 0)
			ck_abort_msg("byte %zu of %zu is not 0", i, to);
}

/* By steps that end within a page, too. */
START_TEST(it_keeps_what_it_has_and_grows_by_zeros)
{
	const size_t factors[] = {2, 3, 7};
	size_t factor = factors[_i];
	unsigned char *column = NULL;
	size_t bytes = 0;
	size_t wanted = 1527;

	for (; wanted < MAX_BYTES; wanted *= factor) {
		size_t from = bytes;

		ck_assert_int_eq(
			column_reserve((void **)&column, &bytes, wanted), 0);
		ck_assert_uint_eq(bytes, wanted);
		assert_zero(column, from, wanted);
		fill(column, 0, wanted);
		assert_filled(column, wanted);
	}
	column_free(column, bytes);
}
END_TEST

START_TEST(as_large_already_it_stays_as_it_is)
{
	unsigned char *column = column_grow(NULL, 0, 5000);
	unsigned char *before = column;
	size_t bytes = 5000;

	ck_assert_ptr_nonnull(column);
	ck_assert_int_eq(column_reserve((void **)&column, &bytes, 4000), 0);
	ck_assert_ptr_eq(column, before);
	ck_assert_uint_eq(bytes, 5000);
	column_free(column, bytes);
}
END_TEST

START_TEST(cleared_it_is_zero)
{
	const size_t sizes[] = {1, 5000, COLUMN_MAPPED_BYTES - 1,
				COLUMN_MAPPED_BYTES, COLUMN_MAPPED_BYTES * 9};
	size_t bytes = sizes[_i];
	unsigned char *column = column_grow(NULL, 0, bytes);

	ck_assert_ptr_nonnull(column);
	fill(column, 0, bytes);
	column_clear(column, bytes);
	assert_zero(column, 0, bytes);
	fill(column, 0, bytes);
	assert_filled(column, bytes);
	column_free(column, bytes);
	column_clear(NULL, 0);
}
END_TEST

/* Wherever it fails, nothing is lost, and the next try succeeds. */
START_TEST(without_memory_it_is_as_it_was)
{
	size_t failures = 0;

	for (size_t from = 4096; from < MAX_BYTES; from *= 2) {
		for (long call = 1;; call++) {
			unsigned char *column = column_grow(NULL, 0, from);
			size_t bytes = from;
			int result;

			ck_assert_ptr_nonnull(column);
			fill(column, 0, from);
			column_fail_at = column_calls + call;
			result = column_reserve((void **)&column, &bytes,
						2 * from);
			column_fail_at = 0;
			ck_assert_uint_eq(bytes, result ? from : 2 * from);
			assert_filled(column, from);
			ck_assert_int_eq(column_reserve((void **)&column,
							&bytes, 2 * from),
					 0);
			assert_filled(column, from);
			assert_zero(column, from, 2 * from);
			column_free(column, bytes);
			if (result == 0)
				break;
			failures++;
		}
	}
	/* A mapping has two ways to fail. */
	ck_assert_uint_ge(failures, 8 + 2 * 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("column");
	TCase *tests = tcase_create("column");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, it_keeps_what_it_has_and_grows_by_zeros, 0,
			    3);
	tcase_add_test(tests, as_large_already_it_stays_as_it_is);
	tcase_add_loop_test(tests, cleared_it_is_zero, 0, 5);
	tcase_add_test(tests, without_memory_it_is_as_it_was);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
