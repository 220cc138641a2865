#include "merge_judged.h"

START_TEST(a_row_adds_what_it_counted_at_its_start)
{
	assert_counts(
		"{" WINDOW
		"\"key\":{\"status\":\"PAID\"},\"count\":55,\"total\":1200}",
		55);
	ck_assert_int_eq(merge.record.time_ns, START_NS);
	assert_part(0, "status", KEY_STRING, "PAID");
	ck_assert_uint_eq(merge.key_count, 1);
	ck_assert(!merge.summing);
	ck_assert_int_eq(merge.window_ns, 5 * SECOND_NS);
	/* A delta is no more than that. */
	assert_counts("{" START END "\"key\":{\"status\":null},\"count\":0}",
		      0);
	assert_part(0, "status", KEY_NULL, "null");
}
END_TEST

START_TEST(a_null_key_is_that_of_other)
{
	/* It fixes no names. */
	assert_counts("{" WINDOW "\"key\":null,\"count\":7}", 7);
	ck_assert(merge.record.other);
	ck_assert_uint_eq(merge.key_count, 0);
	assert_counts("{" WINDOW "\"key\":{\"a\":1},\"count\":1}", 1);
	assert_part(0, "a", KEY_NUMBER, "1");
	assert_counts("{" WINDOW "\"key\":null,\"count\":7}", 7);
	ck_assert(merge.record.other);
	ck_assert_uint_eq(merge.key_count, 1);
}
END_TEST

START_TEST(names_are_literal_whatever_stands_in_them)
{
	static const char row[] =
		"{" WINDOW "\"key\":{\"a.b\":1,\"/x~1\":\"\\u0050\",\"\":true,"
		"\"\\u0061\\\"\":\"p\",\"*\":-0},\"count\":1}";
	static const char again[] =
		"{" WINDOW
		"\"key\":{\"*\":2,\"\\u0061\\u0022\":\"q\",\"\":null,"
		"\"\\/x~1\":\"\",\"a\\u002eb\":\"1\"},\"count\":1}";

	assert_counts(row, 1);
	ck_assert_uint_eq(merge.key_count, 5);
	assert_part(0, "a.b", KEY_NUMBER, "1");
	assert_part(1, "/x~1", KEY_STRING, "P");
	assert_part(2, "", KEY_TRUE, "true");
	assert_part(3, "a\"", KEY_STRING, "p");
	assert_part(4, "*", KEY_NUMBER, "-0");
	/* Others in another order are the same. */
	assert_counts(again, 1);
	ck_assert_uint_eq(merge.key_count, 5);
	assert_part(0, "a.b", KEY_STRING, "1");
	assert_part(1, "/x~1", KEY_STRING, "");
	assert_part(2, "", KEY_NULL, "null");
	assert_part(3, "a\"", KEY_STRING, "q");
	assert_part(4, "*", KEY_NUMBER, "2");
}
END_TEST

START_TEST(of_a_name_that_stands_twice_the_last_counts)
{
	assert_counts("{" WINDOW "\"key\":{\"a\":[],\"b\":2,\"\\u0061\":3},"
		      "\"count\":1}",
		      1);
	ck_assert_uint_eq(merge.key_count, 2);
	assert_part(0, "a", KEY_NUMBER, "3");
	assert_part(1, "b", KEY_NUMBER, "2");
	assert_counts("{" WINDOW "\"key\":{\"b\":1,\"a\":1,\"b\":\"x\"},"
		      "\"count\":null,\"count\":1}",
		      1);
}
END_TEST

START_TEST(other_names_are_a_missing_key)
{
	assert_rejected("{" WINDOW "\"count\":1}", REJECT_MISSING_KEY, "key",
			"{\"start");
	assert_rejected("{" WINDOW "\"key\":{},\"count\":1}",
			REJECT_MISSING_KEY, "key", "{},");
	assert_counts("{" WINDOW "\"key\":{\"a\":1,\"b\":2},\"count\":1}", 1);
	assert_rejected("{" WINDOW "\"key\":{\"a\":1},\"count\":1}",
			REJECT_MISSING_KEY, "b", "{\"a\"");
	assert_rejected("{" WINDOW "\"key\":{\"b\":[]},\"count\":1}",
			REJECT_MISSING_KEY, "a", "{\"b\"");
	assert_rejected("{" WINDOW "\"key\":{\"a\":1,\"b\":2,\"c\":3},"
			"\"count\":1}",
			REJECT_MISSING_KEY, "key", "{\"a\"");
	assert_rejected("{" WINDOW "\"key\":{\"a\":1,\"b\\u0000\":2},"
			"\"count\":1}",
			REJECT_MISSING_KEY, "b", "{\"a\"");
	assert_rejected("{" WINDOW "\"key\":{},\"count\":1}",
			REJECT_MISSING_KEY, "a", "{},");
}
END_TEST

START_TEST(a_key_is_made_of_scalars)
{
	assert_rejected("{" WINDOW "\"key\":5,\"count\":1}", REJECT_BAD_KEY,
			"key", "5,");
	assert_rejected("{" WINDOW "\"key\":\"a\",\"count\":1}", REJECT_BAD_KEY,
			"key", "a\",");
	assert_rejected("{" WINDOW "\"key\":{\"a\":1,\"b\":{}},\"count\":1}",
			REJECT_BAD_KEY, "b", "{}}");
	assert_rejected("{" WINDOW "\"key\":{\"a\":[1]},\"count\":1}",
			REJECT_BAD_KEY, "a", "[1]");
	assert_rejected("{" WINDOW "\"key\":{\"a\":\"\\ud800\"},\"count\":1}",
			REJECT_BAD_KEY, "a", "\\ud800");
	/* Names that no FIELD can be. */
	assert_rejected("{" WINDOW "\"key\":{\"\\ud800\":1},\"count\":1}",
			REJECT_BAD_KEY, "key", "{\"\\");
	assert_rejected("{" WINDOW "\"key\":{\"a\\u0000\":1},\"count\":1}",
			REJECT_BAD_KEY, "key", "{\"a\\");
	/* None of them fixed the names. */
	ck_assert_uint_eq(merge.key_count, 0);
	assert_counts("{" WINDOW "\"key\":{\"c\":1},\"count\":1}", 1);
	assert_part(0, "c", KEY_NUMBER, "1");
	assert_rejected("{" WINDOW "\"key\":{\"c\":{}},\"count\":1}",
			REJECT_BAD_KEY, "c", "{}}");
}
END_TEST

/* A row whose key has so many fields, each with a string of so many bytes. */
static char *wide_row(int names, int bytes)
{
	struct buffer line = {0};

	buffer_append_text(&line, "{" WINDOW "\"count\":1,\"key\":{");
	for (int i = 0; i < names; i++) {
		buffer_printf(&line, "%s\"k%d\":\"", i > 0 ? "," : "", i);
		for (int at = 0; at < bytes; at++)
			buffer_append_text(&line, "\\u0078");
		buffer_append_char(&line, '"');
	}
	buffer_append(&line, "}}", 3);
	ck_assert(!line.failed);
	return line.data;
}

START_TEST(sixteen_fields_of_4096_bytes_are_the_most)
{
	char *row = wide_row(17, 1);

	assert_rejected(row, REJECT_BAD_KEY, "key", "{\"k0");
	free(row);
	row = wide_row(16, 4097);
	assert_rejected(row, REJECT_BAD_KEY, "k0", "\\u0078");
	free(row);
	row = wide_row(16, 4096);
	assert_counts(row, 1);
	ck_assert_uint_eq(merge.key_count, 16);
	for (size_t i = 0; i < 16; i++)
		ck_assert_uint_eq(merge.record.parts[i].text.size, 4096);
	free(row);
}
END_TEST

START_TEST(a_summary_is_filtered)
{
	assert_verdict("{" WINDOW "\"summary\":{\"orders\":5,\"read\":5}}",
		       RECORD_FILTERED);
	ck_assert(merge.record.timed);
	ck_assert_int_eq(merge.record.time_ns, START_NS);
	/* It fixes nothing, and its time may be none. */
	ck_assert_int_eq(merge.window_ns, 0);
	ck_assert(!merge.sums_fixed);
	assert_verdict("{\"summary\":{}}", RECORD_FILTERED);
	ck_assert(!merge.record.timed);
	assert_verdict("{" WINDOW "\"slide\":1,\"summary\":{}}",
		       RECORD_FILTERED);
	ck_assert(!merge.record.timed);
	/* A key of that name is none. */
	assert_counts("{" WINDOW
		      "\"summary\":1,\"key\":{\"summary\":1},\"count\":1}",
		      1);
}
END_TEST

START_TEST(what_is_no_row_is_told_as_of_any_record)
{
	assert_rejected("{" WINDOW "\"key\":", REJECT_INVALID_JSON, NULL, "");
	assert_rejected(" []", REJECT_NOT_OBJECT, NULL, "[]");
	assert_rejected("{}", REJECT_MISSING_KEY, "key", "{}");
}
END_TEST

START_TEST(a_count_is_a_whole_number)
{
	static const char *const bad[] = {
		"-1",	"-0", "1.0", "1e3", "18446744073709551616",
		"null", "{}", "[]",  "true"};

	assert_counts("{" WINDOW "\"key\":null,\"count\":0}", 0);
	assert_counts("{" WINDOW "\"key\":null,\"count\":18446744073709551615}",
		      UINT64_MAX);
	assert_rejected("{" WINDOW "\"key\":null}", REJECT_BAD_NUMBER, "count",
			"{\"start");
	assert_rejected("{" WINDOW "\"key\":null,\"count\":\"1\"}",
			REJECT_BAD_NUMBER, "count", "1\"}");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char row[256] = "{" WINDOW "\"key\":null,\"count\":";

		strcat(row, bad[i]);
		strcat(row, "}");
		assert_rejected(row, REJECT_BAD_NUMBER, "count", bad[i]);
	}
}
END_TEST

START_TEST(sums_are_added_where_the_first_row_has_one)
{
	assert_counts(
		"{" WINDOW
		"\"key\":null,\"count\":1,\"sum\":-12.50,\"total_sum\":1}",
		1);
	ck_assert(merge.summing);
	assert_amount("-12.50");
	assert_rejected("{" WINDOW "\"key\":null,\"count\":1}",
			REJECT_BAD_NUMBER, "sum", "{\"start");
	assert_rejected("{" WINDOW "\"key\":null,\"count\":1,\"sum\":null}",
			REJECT_BAD_NUMBER, "sum", "null");
	assert_rejected("{" WINDOW "\"key\":null,\"count\":1,\"sum\":\"x\"}",
			REJECT_BAD_NUMBER, "sum", "x\"");
	assert_counts("{" WINDOW "\"key\":null,\"count\":1,\"sum\":0.1}", 1);
	assert_amount("0.1");
}
END_TEST

START_TEST(a_sum_may_have_more_digits_than_an_amount)
{
	static const char before[] =
		"{" WINDOW "\"key\":null,\"count\":1,\"sum\":";
	struct buffer line = {0};
	struct buffer digits = {0};

	for (int i = 0; i < 150; i++)
		buffer_append_text(&digits, i == 120 ? ".7" : "7");
	buffer_append_text(&line, before);
	buffer_append_span(&line, buffer_span(&digits));
	buffer_append(&line, "}", 2);
	buffer_append_char(&digits, '\0');
	assert_counts(line.data, 1);
	assert_amount(digits.data);
	buffer_release(&line);
	buffer_release(&digits);
	/* As other tools write it. */
	assert_counts("{" WINDOW "\"key\":null,\"count\":1,\"sum\":1.5e+3}", 1);
	assert_amount("1500");
	assert_rejected("{" WINDOW "\"key\":null,\"count\":1,\"sum\":1e1000}",
			REJECT_BAD_NUMBER, "sum", "1e1000");
	assert_rejected("{" WINDOW "\"key\":null,\"count\":1,\"sum\":\"1\"}",
			REJECT_BAD_NUMBER, "sum", "1\"}");
}
END_TEST

START_TEST(sums_do_not_matter_where_the_first_row_has_none)
{
	/* The first that counts: these do not. */
	assert_rejected("{" WINDOW "\"key\":null,\"count\":1,\"sum\":null}",
			REJECT_BAD_NUMBER, "sum", "null");
	assert_rejected("{" WINDOW "\"key\":null,\"count\":-1,\"sum\":1}",
			REJECT_BAD_NUMBER, "count", "-1");
	assert_counts("{" WINDOW "\"key\":null,\"count\":1}", 1);
	ck_assert(!merge.summing);
	assert_counts("{" WINDOW "\"key\":null,\"count\":1,\"sum\":5}", 1);
	ck_assert(sum_is_zero(&merge.record.amount));
	assert_counts("{" WINDOW "\"key\":null,\"count\":1,\"sum\":\"x\"}", 1);
}
END_TEST

START_TEST(what_is_judged_first_counts_alone)
{
	assert_verdict("{\"summary\":{},\"key\":5,\"start\":5,\"count\":-1}",
		       RECORD_FILTERED);
	assert_rejected("{\"key\":5,\"start\":5,\"count\":-1}", REJECT_BAD_KEY,
			"key", "5,");
	assert_rejected("{\"key\":null,\"start\":5,\"count\":-1}",
			REJECT_BAD_TIME, "start", "5,");
	assert_rejected("{\"key\":null," WINDOW "\"count\":-1,\"sum\":[]}",
			REJECT_BAD_NUMBER, "count", "-1");
	assert_rejected("{\"key\":null," WINDOW "\"count\":1,\"sum\":[]}",
			REJECT_BAD_NUMBER, "sum", "[]");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("merge");
	TCase *tests = tcase_create("merge");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin_merge, end_merge);
	tcase_add_test(tests, a_row_adds_what_it_counted_at_its_start);
	tcase_add_test(tests, a_null_key_is_that_of_other);
	tcase_add_test(tests, names_are_literal_whatever_stands_in_them);
	tcase_add_test(tests, of_a_name_that_stands_twice_the_last_counts);
	tcase_add_test(tests, other_names_are_a_missing_key);
	tcase_add_test(tests, a_key_is_made_of_scalars);
	tcase_add_test(tests, sixteen_fields_of_4096_bytes_are_the_most);
	tcase_add_test(tests, a_summary_is_filtered);
	tcase_add_test(tests, what_is_no_row_is_told_as_of_any_record);
	tcase_add_test(tests, a_count_is_a_whole_number);
	tcase_add_test(tests, sums_are_added_where_the_first_row_has_one);
	tcase_add_test(tests, a_sum_may_have_more_digits_than_an_amount);
	tcase_add_test(tests, sums_do_not_matter_where_the_first_row_has_none);
	tcase_add_test(tests, what_is_judged_first_counts_alone);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
