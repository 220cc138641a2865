/*
 * Which windows are kept, and where a follower goes on that saw one of them.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/history.h"

static struct history history;

static void begin(void)
{
	ck_assert_int_eq(history_init(&history, "5f3a9c01", 3), 0);
}

static void end(void)
{
	history_release(&history);
}

static void add(uint64_t number)
{
	struct buffer bytes = {0};
	struct blob *blob;

	buffer_printf(&bytes, "<%d>", (int)number);
	blob = blob_take(&bytes);
	ck_assert_ptr_nonnull(blob);
	history_add(&history, number, blob,
		    span_make(blob->data + 1, blob->size - 2));
}

static void add_to(uint64_t number)
{
	while (history.newest < number)
		add(history.newest + 1);
}

static bool is_kept(uint64_t number)
{
	const struct kept *kept = history_window(&history, number);
	char text[24];

	if (!kept)
		return false;
	snprintf(text, sizeof(text), "%d", (int)number);
	ck_assert(span_is(kept->document, text));
	return true;
}

START_TEST(nothing_is_kept_at_first)
{
	ck_assert_uint_eq(history.newest, 0);
	ck_assert_uint_eq(history_oldest(&history), 1);
	ck_assert_uint_eq(history_after(&history, "5f3a9c01-1"), 1);
	ck_assert_uint_eq(history_after(&history, "anything"), 1);
}
END_TEST

START_TEST(the_last_ones_are_kept)
{
	add_to(3);
	ck_assert_uint_eq(history_oldest(&history), 1);
	add_to(5);
	ck_assert_uint_eq(history_oldest(&history), 3);
	for (uint64_t i = 3; i <= 5; i++)
		ck_assert(is_kept(i));
}
END_TEST

START_TEST(what_was_passed_over_is_missing)
{
	add_to(2);
	add(4);
	ck_assert_uint_eq(history_oldest(&history), 2);
	ck_assert(is_kept(2));
	ck_assert(!is_kept(3));
	ck_assert(is_kept(4));
	add(100);
	ck_assert_uint_eq(history_oldest(&history), 98);
	ck_assert(!is_kept(98));
	ck_assert(!is_kept(99));
	ck_assert(is_kept(100));
}
END_TEST

START_TEST(who_saw_one_goes_on_behind_it)
{
	add_to(5);
	ck_assert_uint_eq(history_after(&history, "5f3a9c01-4"), 5);
	ck_assert_uint_eq(history_after(&history, "5f3a9c01-5"), 6);
}
END_TEST

START_TEST(who_saw_none_of_these_gets_all)
{
	static const char *const ids[] = {
		"5f3a9c01-2",
		"5f3a9c01-6",
		"5f3a9c02-4",
		"5f3a9c01",
		"5f3a9c01-",
		"5f3a9c01-x",
		"",
		"-4",
		"5f3a9c01-0",
		"4",
		"5f3a9c014",
		"5f3a9c01--4",
		"5f3a9c01-99999999999999999999",
	};

	add_to(5);
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		ck_assert_msg(history_after(&history, ids[i]) == 3, "'%s'",
			      ids[i]);
}
END_TEST

START_TEST(whoever_holds_a_window_keeps_it)
{
	struct blob *held;

	add_to(1);
	held = blob_hold(history_window(&history, 1)->event);
	add_to(9);
	ck_assert_uint_eq(held->holders, 1);
	ck_assert_int_eq(held->data[1], '1');
	blob_drop(held);
}
END_TEST

START_TEST(what_others_still_read_is_counted)
{
	struct buffer bytes = {0};
	struct blob *blob;
	size_t sum = 0;

	buffer_append_text(&bytes, "12345");
	blob = blob_take(&bytes);
	blob_hold(blob);
	blob_retire(blob, &sum);
	ck_assert_uint_eq(sum, 5);
	blob_drop(blob);
	ck_assert_uint_eq(sum, 0);
	buffer_append_text(&bytes, "12345");
	blob_retire(blob_take(&bytes), &sum);
	ck_assert_uint_eq(sum, 0);
	blob_retire(NULL, &sum);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http_history");
	TCase *tcase = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, nothing_is_kept_at_first);
	tcase_add_test(tcase, the_last_ones_are_kept);
	tcase_add_test(tcase, what_was_passed_over_is_missing);
	tcase_add_test(tcase, who_saw_one_goes_on_behind_it);
	tcase_add_test(tcase, who_saw_none_of_these_gets_all);
	tcase_add_test(tcase, whoever_holds_a_window_keeps_it);
	tcase_add_test(tcase, what_others_still_read_is_counted);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
