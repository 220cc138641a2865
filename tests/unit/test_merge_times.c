#include "merge_judged.h"

START_TEST(times_may_have_offsets_fractions_and_escapes)
{
	assert_counts("{\"start\":\"1970-01-01T03:00:00\\u002b02:00\","
		      "\"end\":\"1970-01-01T01:00:00\\u002e25Z\","
		      "\"key\":{\"a\":1},\"count\":1}",
		      1);
	ck_assert_int_eq(merge.record.time_ns, START_NS);
	ck_assert_int_eq(merge.window_ns, SECOND_NS / 4);
}
END_TEST

START_TEST(times_that_are_none_are_bad)
{
	assert_rejected("{" END "\"key\":null,\"count\":1}", REJECT_BAD_TIME,
			"start", "{\"end");
	assert_rejected("{" START "\"key\":null,\"count\":1}", REJECT_BAD_TIME,
			"end", "{\"start");
	assert_rejected("{\"start\":3600," END "\"key\":null,\"count\":1}",
			REJECT_BAD_TIME, "start", "3600");
	assert_rejected("{" START "\"end\":\"\",\"key\":null,\"count\":1}",
			REJECT_BAD_TIME, "end", "\",\"key");
	assert_rejected("{" START "\"end\":\"1970-01-01T01:00:00Z\","
			"\"key\":null,\"count\":1}",
			REJECT_BAD_TIME, "end", "1970");
	assert_rejected("{" START "\"end\":\"1970-01-01T00:00:00Z\","
			"\"partial\":true,\"key\":null,\"count\":1}",
			REJECT_BAD_TIME, "end", "1970");
	/* Its length is beyond 292 years. */
	assert_rejected("{\"start\":\"1700-01-01T00:00:00Z\","
			"\"end\":\"2200-01-01T00:00:00Z\","
			"\"key\":null,\"count\":1}",
			REJECT_BAD_TIME, "end", "2200");
	ck_assert(!merge.record.timed);
	ck_assert_int_eq(merge.window_ns, 0);
}
END_TEST

START_TEST(rows_of_sliding_windows_are_bad)
{
	assert_rejected("{" WINDOW "\"slide\":1,\"key\":null,\"count\":1}",
			REJECT_BAD_TIME, "slide", "1,");
	assert_rejected("{" PARTIAL "\"slide\":null,\"key\":null,\"count\":1}",
			REJECT_BAD_TIME, "slide", "null,");
}
END_TEST

START_TEST(a_start_later_than_the_latest_is_bad)
{
	static const char row[] = "{" WINDOW "\"key\":null,\"count\":1}";

	ck_assert_int_eq(judge_until(row, START_NS - 1), MERGE_JUDGED);
	ck_assert_int_eq(verdict, RECORD_REJECTED);
	ck_assert_int_eq(merge.record.reason, REJECT_BAD_TIME);
	ck_assert_str_eq(merge.record.field, "start");
	ck_assert_int_eq(judge_until(row, START_NS), MERGE_JUDGED);
	ck_assert_int_eq(verdict, RECORD_COUNTS);
}
END_TEST

static void assert_fits(int64_t window_ns, const char *start, const char *end_,
			bool fits)
{
	struct buffer line = {0};

	begin_with(window_ns);
	buffer_printf(&line,
		      "{\"start\":\"%s\",\"end\":\"%s\",\"key\":null,"
		      "\"count\":1}",
		      start, end_);
	buffer_append_char(&line, '\0');
	assert_verdict(line.data, fits ? RECORD_COUNTS : RECORD_REJECTED);
	if (!fits)
		ck_assert_str_eq(merge.record.field, "end");
	buffer_release(&line);
}

START_TEST(a_whole_row_lies_in_the_window_that_holds_its_start)
{
	int64_t minute = 60 * SECOND_NS;

	assert_fits(minute, "1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z",
		    true);
	assert_fits(minute, "1970-01-01T00:00:30Z", "1970-01-01T00:01:00Z",
		    true);
	assert_fits(minute, "1970-01-01T00:00:59.999Z",
		    "1970-01-01T00:01:00.000001Z", false);
	assert_fits(minute, "1970-01-01T00:00:00Z",
		    "1970-01-01T00:01:00.000001Z", false);
	/* Before 1970 windows start at multiples, too. */
	assert_fits(minute, "1969-12-31T23:59:00Z", "1970-01-01T00:00:00Z",
		    true);
	assert_fits(minute, "1969-12-31T23:59:59Z", "1970-01-01T00:00:01Z",
		    false);
	assert_fits(minute, "1678-01-01T00:00:00Z", "1678-01-01T00:00:05Z",
		    true);
	assert_fits(INT64_MAX, "1970-01-01T00:00:00Z", "2261-01-01T00:00:00Z",
		    true);
	assert_fits(INT64_MAX, "1969-01-01T00:00:00Z", "1970-01-01T00:00:01Z",
		    false);
	/* If the row is to say how long windows are, this one cannot. */
	assert_fits(0, "1970-01-01T00:00:05Z", "1970-01-01T00:00:10Z", true);
	assert_fits(0, "1970-01-01T00:00:03Z", "1970-01-01T00:00:08Z", false);
	ck_assert_int_eq(merge.window_ns, 0);
}
END_TEST

START_TEST(of_a_partial_row_the_start_alone_decides)
{
	begin_with(SECOND_NS);
	assert_counts("{" PARTIAL "\"key\":null,\"count\":1}", 1);
	ck_assert_int_eq(merge.record.time_ns, START_NS);
	assert_counts("{" START "\"end\":\"1970-01-01T01:00:00Z\","
		      "\"partial\":true,\"key\":null,\"count\":0}",
		      0);
}
END_TEST

START_TEST(a_partial_row_before_any_whole_one_is_for_later)
{
	static const char partial[] =
		"{" PARTIAL "\"key\":{\"a\":1},\"count\":1,\"sum\":0.5}";

	assert_later(partial);
	/* It is the first that counts, all the same. */
	ck_assert_uint_eq(merge.key_count, 1);
	ck_assert(merge.summing);
	assert_rejected("{" PARTIAL "\"key\":{\"b\":1},\"count\":1}",
			REJECT_MISSING_KEY, "a", "{\"b\"");
	assert_later("{" PARTIAL "\"key\":null,\"count\":1,\"sum\":1}");
	assert_counts("{" WINDOW "\"key\":{\"a\":2},\"count\":1,\"sum\":2}", 1);
	ck_assert_int_eq(merge.window_ns, 5 * SECOND_NS);
	assert_counts(partial, 1);
	assert_amount("0.5");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("merge times");
	TCase *tests = tcase_create("merge times");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin_merge, end_merge);
	tcase_add_test(tests, times_may_have_offsets_fractions_and_escapes);
	tcase_add_test(tests, times_that_are_none_are_bad);
	tcase_add_test(tests, rows_of_sliding_windows_are_bad);
	tcase_add_test(tests, a_start_later_than_the_latest_is_bad);
	tcase_add_test(tests,
		       a_whole_row_lies_in_the_window_that_holds_its_start);
	tcase_add_test(tests, of_a_partial_row_the_start_alone_decides);
	tcase_add_test(tests, a_partial_row_before_any_whole_one_is_for_later);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
