/*
 * Rows that ordercount wrote are added up, by the window that they are of.
 */
#include "engine_run.h"
#include "engine_store.h"

#define LATER 100000 /* seconds */

static struct stream second;

static void begin(void)
{
	setup();
	query.merge = true;
	query.timed = true;
	query.records = (struct order_query){0};
	ask_windows(0, 0);
	stream_init(&second);
	stream_open(&second, "other feed");
}

static void end(void)
{
	teardown();
	stream_release(&second);
}

/* A row of the minute's seconds; `more` stands behind the count. */
static void row(struct stream *from, int start_s, int end_s, const char *key,
		int count, const char *more)
{
	struct buffer text = {0};

	buffer_printf(&text,
		      "{\"start\":\"1970-01-01T00:00:%02dZ\","
		      "\"end\":\"1970-01-01T00:00:%02dZ\",\"partial\":%s,"
		      "\"key\":%s,\"count\":%d%s}\n",
		      start_s, end_s, (end_s - start_s) % 5 ? "true" : "false",
		      key, count, more);
	buffer_append_char(&text, '\0');
	take_from(from, text.data);
	buffer_release(&text);
}

static void finish(const char *text)
{
	assert_finishes(LATER, true, text);
}

START_TEST(counts_of_all_rows_are_added_by_window_and_key)
{
	begin_at(LATER);
	watermark_add(&engine.watermark, second.time, now_ns);
	row(&stream, 10, 15, "{\"k\":\"A\"}", 2, "");
	row(&second, 10, 15, "{\"k\":\"A\"}", 3, "");
	row(&stream, 15, 20, "{\"k\":\"B\"}", 4, "");
	assert_windows("");
	row(&second, 15, 20, "{\"k\":\"A\"}", 1, "");
	assert_windows("[10 15] 5: A 5 5\n");
	/* In records it is one a row. */
	ck_assert_uint_eq(snapshot.tallies.read, 4);
	ck_assert_uint_eq(snapshot.tallies.counted, 4);
	finish("[15 20]! 5: A 1 6, B 4 4");
}
END_TEST

START_TEST(a_null_key_adds_to_other)
{
	begin_at(LATER);
	row(&stream, 10, 15, "{\"k\":\"A\"}", 2, "");
	row(&stream, 10, 15, "null", 7, "");
	finish("[10 15]! 9: A 2 2, (other) 7 7");
}
END_TEST

START_TEST(a_count_of_0_opens_its_window_all_the_same)
{
	begin_at(LATER);
	row(&stream, 10, 15, "{\"k\":\"A\"}", 0, "");
	row(&stream, 20, 25, "{\"k\":\"A\"}", 1, "");
	assert_windows("[10 15] 0\n");
	finish("[20 25]! 1: A 1 1");
}
END_TEST

START_TEST(sums_are_added_where_the_first_row_has_one)
{
	begin_at(LATER);
	row(&stream, 10, 15, "{\"k\":\"A\"}", 1, ",\"sum\":0.1");
	row(&stream, 10, 15, "{\"k\":\"A\"}", 1, ",\"sum\":0.2");
	row(&stream, 10, 15, "null", 1, ",\"sum\":-5");
	finish("[10 15]! 3: A 2 2 0.3 0.3, (other) 1 1 -5 -5");
}
END_TEST

START_TEST(rows_before_the_first_whole_one_wait_and_come_first)
{
	begin_at(LATER);
	row(&stream, 12, 15, "{\"k\":\"A\"}", 1, "");
	take("broken\n");
	row(&stream, 11, 13, "{\"k\":\"B\"}", 2, "");
	ck_assert(!engine.laid);
	ck_assert_uint_eq(rejects, 1);
	ck_assert_uint_eq(engine_tallies(&engine).read, 0);
	row(&stream, 15, 20, "{\"k\":\"A\"}", 4, "");
	assert_windows("[10 15] 3: A 1 1, B 2 2\n");
	ck_assert_uint_eq(engine_tallies(&engine).read, 4);
	finish("[15 20]! 4: A 4 5, B 0 2");
}
END_TEST

/* Its time would make those that wait late. */
START_TEST(a_summary_row_waits_behind_rows_that_do)
{
	begin_at(LATER);
	row(&stream, 12, 15, "{\"k\":\"A\"}", 1, "");
	take("{\"start\":\"1970-01-01T00:00:20Z\","
	     "\"end\":\"1970-01-01T00:00:25Z\",\"partial\":false,"
	     "\"summary\":{\"orders\":0}}\n");
	ck_assert_uint_eq(engine_tallies(&engine).read, 0);
	row(&stream, 25, 30, "{\"k\":\"A\"}", 4, "");
	assert_windows("[10 15] 1: A 1 1\n");
	ck_assert_uint_eq(snapshot.tallies.filtered, 1);
	ck_assert_uint_eq(engine_tallies(&engine).read, 3);
	finish("[25 30]! 4: A 4 5");
}
END_TEST

START_TEST(one_that_cannot_be_a_row_does_not_wait)
{
	begin_at(LATER);
	row(&stream, 12, 15, "{\"k\":\"A\"}", 1, "");
	/* The first one said what the names are. */
	row(&second, 12, 14, "{\"other\":\"A\"}", 1, "");
	ck_assert_uint_eq(rejects, 1);
	ck_assert_int_eq(engine.reject.reason, REJECT_MISSING_KEY);
	row(&second, 12, 14, "{\"k\":\"A\"}", 1, "");
	row(&stream, 10, 15, "{\"k\":\"A\"}", 1, "");
	ck_assert_uint_eq(rejects, 1);
	finish("[10 15]! 3: A 3 3");
}
END_TEST

START_TEST(one_that_is_rejected_is_tallied_where_it_stood)
{
	begin_at(LATER);
	take("no row waits yet\n");
	row(&stream, 12, 14, "{\"k\":\"A\"}", 1, "");
	take("broken\n");
	row(&stream, 21, 23, "{\"k\":\"A\"}", 1, "");
	take("broken\n");
	take("{\"key\":1}\n");
	take("broken\n");
	ck_assert_uint_eq(rejects, 5);
	row(&stream, 25, 30, "{\"k\":\"A\"}", 1, "");
	ck_assert_uint_eq(rejects, 5);
	assert_windows("[10 15] 1: A 1 1\n[20 25] 1: A 1 2\n");
	/* Those behind the row that closed the first are the second one's. */
	ck_assert_uint_eq(snapshot.tallies.read, 4);
	ck_assert_uint_eq(snapshot.tallies.rejected[REJECT_INVALID_JSON], 2);
	ck_assert_uint_eq(snapshot.tallies.rejected[REJECT_BAD_KEY], 1);
	ck_assert_uint_eq(snapshot.run.read, 8);
	ck_assert_uint_eq(snapshot.run.rejected[REJECT_INVALID_JSON], 4);
}
END_TEST

/* Each with the line number that it had. */
START_TEST(one_that_waited_may_be_late)
{
	begin_at(LATER);
	row(&stream, 31, 33, "{\"k\":\"A\"}", 1, "");
	row(&stream, 12, 14, "{\"k\":\"A\"}", 1, "");
	row(&stream, 35, 40, "{\"k\":\"A\"}", 1, "");
	assert_windows("[30 35] 1: A 1 1\n");
	ck_assert_uint_eq(engine_tallies(&engine).late, 1);
	ck_assert_uint_eq(stream.line_number, 3);
}
END_TEST

START_TEST(without_a_whole_row_the_end_is_an_error)
{
	begin_at(LATER);
	ck_assert_int_eq(engine_check_waiting(&engine), 0);
	row(&stream, 12, 15, "{\"k\":\"A\"}", 1, "");
	ck_assert_int_eq(engine_check_waiting(&engine), -1);
	ck_assert_int_eq(engine_end_input(&engine), -1);
	ck_assert_ptr_nonnull(strstr(engine.error.message, "--window"));
	ck_assert(!engine_has_rest(&engine, now_ns));
}
END_TEST

START_TEST(no_row_at_all_is_no_error)
{
	begin_at(LATER);
	take("broken\n");
	ck_assert_int_eq(engine_end_input(&engine), 0);
	ck_assert(!engine_has_rest(&engine, now_ns));
	ck_assert_int_eq(engine_next_end(&engine), INT64_MAX);
}
END_TEST

START_TEST(a_given_window_needs_no_whole_row)
{
	ask_windows(10, 10);
	begin_at(LATER);
	row(&stream, 12, 15, "{\"k\":\"A\"}", 1, "");
	row(&stream, 20, 25, "{\"k\":\"A\"}", 1, "");
	assert_windows("[10 20] 1: A 1 1\n");
}
END_TEST

START_TEST(expected_groups_must_have_the_rows_keys)
{
	struct span bytes =
		span_of("{\"start\":\"1970-01-01T00:00:10Z\","
			"\"end\":\"1970-01-01T00:00:15Z\",\"partial\":false,"
			"\"key\":{\"a\":\"1\",\"b\":\"2\"},\"count\":1}\n");

	query.records.key_count = 1;
	expect("A");
	begin_at(LATER);
	ck_assert_int_eq(engine_take(&engine, &stream, &bytes, now_ns),
			 ENGINE_FAILED);
	ck_assert_ptr_nonnull(strstr(engine.error.message, "2 key fields"));
}
END_TEST

START_TEST(expected_groups_have_a_row_from_the_first_window_on)
{
	query.records.key_count = 1;
	expect("E");
	ask_fail_if("W<1");
	begin_at(LATER);
	row(&stream, 10, 15, "{\"k\":\"A\"}", 2, "");
	row(&stream, 15, 20, "{\"k\":\"A\"}", 2, "");
	assert_windows("[10 15] 2: A 2 2, E 0 0\n");
	ck_assert_ptr_nonnull(engine.held);
}
END_TEST

START_TEST(the_names_of_the_keys_are_the_rows)
{
	const char *const *names;

	begin_at(LATER);
	ck_assert_uint_eq(engine_key_names(&engine, &names), 0);
	row(&stream, 10, 15, "{\"city\":\"A\",\"status\":\"B\"}", 1, "");
	ck_assert_uint_eq(engine_key_names(&engine, &names), 2);
	ck_assert_str_eq(names[0], "city");
	ck_assert_str_eq(names[1], "status");
}
END_TEST

/* --- a later run ---------------------------------------------------------- */

/* What there is, is saved, and another run goes on from it. */
static void go_on(void)
{
	struct savepoint saved;
	struct store store;
	struct error error;

	savepoint_init(&saved);
	store_init(&store);
	engine_save(&engine, &saved);
	store_save(&store, &saved, 0);
	store_take(&store, store.last);
	engine_release(&engine);
	ck_assert_int_eq(engine_init(&engine, &query, &error), 0);
	ck_assert_int_eq(engine_restore(&engine, &store.kept,
					store_highest(&store), &error),
			 0);
	ck_assert_int_eq(engine_resume(&engine, &store.kept, &error), 0);
	engine_begin(&engine, now_ns, 1, 0);
	watermark_add(&engine.watermark, stream.time, now_ns);
	savepoint_release(&saved);
	store_release(&store);
}

/* It knows nothing of what is expected before the first row. */
static void begin_kept(void)
{
	struct savepoint none;
	struct error error;

	query.keeps = true;
	begin_at(LATER);
	savepoint_init(&none);
	ck_assert_int_eq(engine_restore(&engine, &none, 0, &error), 0);
	ck_assert_int_eq(engine_resume(&engine, &none, &error), 0);
	savepoint_release(&none);
}

START_TEST(a_later_run_knows_windows_names_and_sums)
{
	const char *const *names;

	begin_kept();
	row(&stream, 10, 15, "{\"k\":\"A\"}", 2, ",\"sum\":1.5");
	go_on();
	ck_assert_uint_eq(engine_key_names(&engine, &names), 1);
	ck_assert_str_eq(names[0], "k");
	row(&stream, 12, 14, "{\"k\":\"A\"}", 1, ",\"sum\":1");
	row(&stream, 10, 15, "{\"other\":\"A\"}", 1, ",\"sum\":1");
	ck_assert_uint_eq(rejects, 1);
	finish("[10 15]! 3: A 3 3 2.5 2.5");
}
END_TEST

START_TEST(a_run_that_saw_no_row_leaves_all_of_it_open)
{
	ask_windows(5, 5);
	begin_kept();
	take("broken\n");
	go_on();
	row(&stream, 10, 15, "{\"k\":\"A\"}", 2, ",\"sum\":1.5");
	finish("[10 15]! 2: A 2 2 1.5 1.5");
	ck_assert_uint_eq(snapshot.tallies.read, 2);
}
END_TEST

START_TEST(only_other_may_have_been_seen)
{
	begin_kept();
	row(&stream, 10, 15, "null", 2, "");
	go_on();
	row(&stream, 10, 15, "{\"k\":\"A\"}", 1, "");
	finish("[10 15]! 3: A 1 1, (other) 2 2");
}
END_TEST

START_TEST(expected_groups_are_there_in_a_later_run)
{
	query.records.key_count = 1;
	expect("E");
	begin_kept();
	row(&stream, 10, 15, "{\"k\":\"A\"}", 2, "");
	row(&stream, 10, 15, "{\"k\":\"E\"}", 3, "");
	go_on();
	row(&stream, 10, 15, "{\"k\":\"E\"}", 1, "");
	finish("[10 15]! 6: A 2 2, E 4 4");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine merge");
	TCase *tests = tcase_create("engine merge");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, counts_of_all_rows_are_added_by_window_and_key);
	tcase_add_test(tests, a_null_key_adds_to_other);
	tcase_add_test(tests, a_count_of_0_opens_its_window_all_the_same);
	tcase_add_test(tests, sums_are_added_where_the_first_row_has_one);
	tcase_add_test(tests,
		       rows_before_the_first_whole_one_wait_and_come_first);
	tcase_add_test(tests, a_summary_row_waits_behind_rows_that_do);
	tcase_add_test(tests, one_that_cannot_be_a_row_does_not_wait);
	tcase_add_test(tests, one_that_is_rejected_is_tallied_where_it_stood);
	tcase_add_test(tests, one_that_waited_may_be_late);
	tcase_add_test(tests, without_a_whole_row_the_end_is_an_error);
	tcase_add_test(tests, no_row_at_all_is_no_error);
	tcase_add_test(tests, a_given_window_needs_no_whole_row);
	tcase_add_test(tests, expected_groups_must_have_the_rows_keys);
	tcase_add_test(tests,
		       expected_groups_have_a_row_from_the_first_window_on);
	tcase_add_test(tests, the_names_of_the_keys_are_the_rows);
	tcase_add_test(tests, a_later_run_knows_windows_names_and_sums);
	tcase_add_test(tests, a_run_that_saw_no_row_leaves_all_of_it_open);
	tcase_add_test(tests, only_other_may_have_been_seen);
	tcase_add_test(tests, expected_groups_are_there_in_a_later_run);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
