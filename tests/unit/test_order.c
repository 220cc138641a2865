#include "order_judged.h"

START_TEST(a_key_has_a_type_and_a_text)
{
	ask(status, 1, NULL);
	assert_counts("{\"status\":\"PAID\"}", KEY_STRING, "PAID");
	assert_counts("{\"status\":\"\\u0050AID\"}", KEY_STRING, "PAID");
	assert_counts("{\"status\":\"\"}", KEY_STRING, "");
	assert_counts("{\"status\":5}", KEY_NUMBER, "5");
	assert_counts("{\"status\":\"5\"}", KEY_STRING, "5");
	assert_counts("{\"status\":5.0}", KEY_NUMBER, "5.0");
	assert_counts("{\"status\":-0e5}", KEY_NUMBER, "-0e5");
	assert_counts("{\"status\":null}", KEY_NULL, "null");
	assert_counts("{\"status\":false}", KEY_FALSE, "false");
	assert_counts("{\"status\":true}", KEY_TRUE, "true");
	assert_counts("{\"status\":1,\"status\":\"last\"}\r", KEY_STRING,
		      "last");
}
END_TEST

START_TEST(a_nul_neither_ends_nor_merges_a_key)
{
	ask(status, 1, NULL);
	assert_verdict("{\"status\":\"a\\u0000b\"}", RECORD_COUNTS);
	ck_assert(span_equal(order.record.parts[0].text, span_make("a\0b", 3)));
}
END_TEST

START_TEST(the_first_reason_that_applies_is_told_with_its_column)
{
	ask(status, 1, NULL);
	assert_rejected("", REJECT_INVALID_JSON, 1, NULL);
	assert_rejected("{\"status\":1", REJECT_INVALID_JSON, 12, NULL);
	assert_rejected("{\"status\":01}", REJECT_INVALID_JSON, 12, NULL);
	assert_rejected("{\"status\":{}} x", REJECT_INVALID_JSON, 15, NULL);
	assert_rejected(" [\"status\"]", REJECT_NOT_OBJECT, 2, NULL);
	assert_rejected("\"status\"", REJECT_NOT_OBJECT, 1, NULL);
	assert_rejected("{\"Status\":1}", REJECT_MISSING_KEY, 1, "status");
	assert_rejected("{\"status\":{}}", REJECT_BAD_KEY, 11, "status");
	assert_rejected("{\"status\": [1]}", REJECT_BAD_KEY, 12, "status");
	assert_rejected("{\"status\":1,\"status\":{}}", REJECT_BAD_KEY, 22,
			"status");
	assert_rejected("{\"status\":\"\\ud800\"}", REJECT_BAD_KEY, 12,
			"status");
}
END_TEST

START_TEST(a_lone_surrogate_outside_of_the_key_costs_nothing)
{
	ask(status, 1, NULL);
	assert_counts("{\"x\":\"\\ud800\",\"\\udc00\":1,\"status\":1}",
		      KEY_NUMBER, "1");
}
END_TEST

START_TEST(a_record_may_be_too_deep)
{
	struct buffer line = {0};

	ask(status, 1, NULL);
	buffer_append_text(&line, "{\"status\":1,\"x\":");
	for (int i = 0; i < 1000; i++)
		buffer_append_char(&line, '[');
	buffer_append_char(&line, '\0');
	assert_rejected(line.data, REJECT_TOO_DEEP, 1016, NULL);
	buffer_release(&line);
}
END_TEST

/* The key of the given size, in one of the ways to write it. */
static enum record_verdict judge_sized(const char *before, const char *piece,
				       size_t pieces, const char *behind)
{
	struct buffer line = {0};
	enum record_verdict result;

	buffer_append_text(&line, before);
	for (size_t i = 0; i < pieces; i++)
		buffer_append_text(&line, piece);
	buffer_append_text(&line, behind);
	result = judge(buffer_span(&line));
	buffer_release(&line);
	return result;
}

START_TEST(a_key_of_4096_bytes_is_the_longest)
{
	static const struct {
		const char *before, *piece, *behind;
		size_t bytes; /* a piece, after unescaping */
		size_t more;  /* of before and behind */
	} cases[] = {
		{"{\"status\":\"", "x", "\"}", 1, 0},
		{"{\"status\":\"", "\\u0041", "\"}", 1, 0},
		{"{\"status\":\"", "\\u00e9", "\"}", 2, 0},
		{"{\"status\":\"", "\\ud83d\\ude00", "\"}", 4, 0},
		{"{\"status\":\"", "\\n\\n", "\"}", 2, 0},
		{"{\"status\":", "1", "}", 1, 0},
		{"{\"status\":0.", "1", "}", 1, 2},
	};

	ask(status, 1, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t fits = (4096 - cases[i].more) / cases[i].bytes;

		ck_assert_int_eq(judge_sized(cases[i].before, cases[i].piece,
					     fits, cases[i].behind),
				 RECORD_COUNTS);
		ck_assert_uint_eq(order.record.parts[0].text.size, 4096);
		ck_assert_int_eq(judge_sized(cases[i].before, cases[i].piece,
					     fits + 1, cases[i].behind),
				 RECORD_REJECTED);
		ck_assert_int_eq(order.record.reason, REJECT_BAD_KEY);
	}
}
END_TEST

START_TEST(keys_are_judged_in_the_order_given)
{
	ask(several, 2, NULL);
	assert_counts("{\"b\":{\"c\":\"\\t\"},\"a\":\"\\n\"}", KEY_STRING,
		      "\n");
	assert_key(1, KEY_STRING, "\t");
	assert_rejected("{}", REJECT_MISSING_KEY, 1, "a");
	assert_rejected("{\"a\":[]}", REJECT_BAD_KEY, 6, "a");
	assert_rejected("{\"b\":{\"c\":{}}}", REJECT_MISSING_KEY, 1, "a");
	assert_rejected("{\"a\":1,\"b\":2}", REJECT_MISSING_KEY, 1, "b.c");
	assert_rejected("{\"a\":1,\"b\":{\"c\":[]}}", REJECT_BAD_KEY, 17,
			"b.c");
}
END_TEST

START_TEST(a_missing_key_counts_under_its_label)
{
	ask(several, 2, "none");
	assert_counts("{}", KEY_STRING, "none");
	assert_key(1, KEY_STRING, "none");
	assert_counts("{\"a\":null}", KEY_NULL, "null");
	assert_key(1, KEY_STRING, "none");
	/* A bad one is there. */
	assert_rejected("{\"b\":{\"c\":{}}}", REJECT_BAD_KEY, 11, "b.c");
	ask(status, 1, "");
	assert_counts("{}", KEY_STRING, "");
}
END_TEST

START_TEST(what_is_no_field_is_refused)
{
	static const char *const names[] = {"status", "a..b"};
	const struct order_query queries[] = {
		{.key_names = names, .key_count = 2},
		{.key_names = names, .key_count = 1, .time_field = "a."},
		{.key_names = names, .key_count = 1, .sum_field = "/~"},
	};

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		struct error error = {""};

		order_release(&order);
		ck_assert_int_eq(order_init(&order, &queries[i], &error), -1);
		ck_assert(strlen(error.message) > 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("order");
	TCase *tests = tcase_create("order");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, NULL, end_order);
	tcase_add_test(tests, a_key_has_a_type_and_a_text);
	tcase_add_test(tests, a_nul_neither_ends_nor_merges_a_key);
	tcase_add_test(tests,
		       the_first_reason_that_applies_is_told_with_its_column);
	tcase_add_test(tests,
		       a_lone_surrogate_outside_of_the_key_costs_nothing);
	tcase_add_test(tests, a_record_may_be_too_deep);
	tcase_add_test(tests, a_key_of_4096_bytes_is_the_longest);
	tcase_add_test(tests, keys_are_judged_in_the_order_given);
	tcase_add_test(tests, a_missing_key_counts_under_its_label);
	tcase_add_test(tests, what_is_no_field_is_refused);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
