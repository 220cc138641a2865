#include "order_judged.h"

#define HOUR_NS INT64_C(3600000000000)

static const struct order_query timed_query = {
	.key_names = status, .key_count = 1, .time_field = "at"};

static void assert_time(const char *line, enum record_verdict verdict,
			int64_t time_ns)
{
	assert_verdict(line, verdict);
	ck_assert(order.record.timed);
	ck_assert_int_eq(order.record.time_ns, time_ns);
}

static void assert_untimed(const char *line, enum record_verdict verdict)
{
	assert_verdict(line, verdict);
	ck_assert_msg(!order.record.timed, "%s", line);
}

START_TEST(a_time_is_rfc_3339_or_a_number)
{
	ask_query(&timed_query);
	assert_time("{\"status\":1,\"at\":\"1970-01-01T01:00:00Z\"}",
		    RECORD_COUNTS, HOUR_NS);
	assert_time("{\"status\":1,\"at\":\"1970-01-01T03:00:00\\u002b02:00\"}",
		    RECORD_COUNTS, HOUR_NS);
	assert_time("{\"at\":3600,\"status\":1}", RECORD_COUNTS, HOUR_NS);
	assert_time("{\"at\":-3600.000000001,\"status\":1}", RECORD_COUNTS,
		    -HOUR_NS - 1);
	assert_time("{\"at\":\"1970-01-01T01:00:00Z\",\"at\":7200,"
		    "\"status\":1}",
		    RECORD_COUNTS, 2 * HOUR_NS);
}
END_TEST

START_TEST(what_is_no_time_is_bad_where_it_stands)
{
	ask_query(&timed_query);
	assert_rejected(" {\"status\":1}", REJECT_BAD_TIME, 2, "at");
	assert_rejected("{\"status\":1,\"at\":null}", REJECT_BAD_TIME, 18,
			"at");
	assert_rejected("{\"status\":1,\"at\":[1]}", REJECT_BAD_TIME, 18, "at");
	assert_rejected("{\"status\":1,\"at\":true}", REJECT_BAD_TIME, 18,
			"at");
	/* A string of digits; and one without a zone. */
	assert_rejected("{\"status\":1,\"at\":\"3600\"}", REJECT_BAD_TIME, 19,
			"at");
	assert_rejected("{\"status\":1,\"at\":\"1970-01-01T00:00:00\"}",
			REJECT_BAD_TIME, 19, "at");
	assert_rejected("{\"status\":1,\"at\":\"1970-01-01T00:00:00Z\\ud800\"}",
			REJECT_BAD_TIME, 19, "at");
	assert_rejected("{\"status\":1,\"at\":1e30}", REJECT_BAD_TIME, 18,
			"at");
	assert_untimed("{\"status\":1,\"at\":1e30}", RECORD_REJECTED);
	/* Nothing stays of the record before. */
	assert_time("{\"at\":3600,\"status\":1}", RECORD_COUNTS, HOUR_NS);
	assert_untimed("{\"status\":1}", RECORD_REJECTED);
}
END_TEST

START_TEST(a_time_later_than_the_latest_is_bad)
{
	static const char line[] = "{\"at\":3600,\"status\":1}";

	ask_query(&timed_query);
	ck_assert_int_eq(judge_until(span_of(line), HOUR_NS), RECORD_COUNTS);
	ck_assert_int_eq(judge_until(span_of(line), HOUR_NS - 1),
			 RECORD_REJECTED);
	ck_assert_int_eq(order.record.reason, REJECT_BAD_TIME);
	ck_assert_uint_eq(order.record.column, 7);
	ck_assert(!order.record.timed);
}
END_TEST

static const struct order_query summing_query = {
	.key_names = status, .key_count = 1, .sum_field = "amount"};

static void assert_amount(const char *line, const char *expected)
{
	struct buffer shown = {0};

	assert_verdict(line, RECORD_COUNTS);
	sum_append(&shown, &order.record.amount, order.record.amount.scale);
	ck_assert_msg(span_is(buffer_span(&shown), expected), "%s: %.*s", line,
		      (int)shown.size, shown.data);
	buffer_release(&shown);
}

START_TEST(an_amount_is_a_number_or_a_string_that_is_one)
{
	ask_query(&summing_query);
	assert_amount("{\"status\":1,\"amount\":12.50}", "12.50");
	assert_amount("{\"status\":1,\"amount\":\"-12.50\"}", "-12.50");
	assert_amount("{\"status\":1,\"amount\":\"\\u0031e3\"}", "1000");
	assert_amount("{\"status\":1,\"amount\":"
		      "99999999999999999999999999999999999999999999999999}",
		      "99999999999999999999999999999999999999999999999999");
	assert_amount("{\"status\":1,\"amount\":-0}", "0");
}
END_TEST

START_TEST(what_is_no_amount_is_bad_where_it_stands)
{
	ask_query(&summing_query);
	assert_rejected("{\"status\":1}", REJECT_BAD_NUMBER, 1, "amount");
	assert_rejected("{\"status\":1,\"amount\":null}", REJECT_BAD_NUMBER, 22,
			"amount");
	assert_rejected("{\"status\":1,\"amount\":{}}", REJECT_BAD_NUMBER, 22,
			"amount");
	assert_rejected("{\"status\":1,\"amount\":\"\"}", REJECT_BAD_NUMBER, 23,
			"amount");
	assert_rejected("{\"status\":1,\"amount\":\" 1\"}", REJECT_BAD_NUMBER,
			23, "amount");
	assert_rejected("{\"status\":1,\"amount\":\"1\\u0000\"}",
			REJECT_BAD_NUMBER, 23, "amount");
	assert_rejected("{\"status\":1,\"amount\":1e1000000000}",
			REJECT_BAD_NUMBER, 22, "amount");
}
END_TEST

static struct filter filters[2];

static void ask_filtered(const char *first, const char *second)
{
	struct error error;

	ck_assert_int_eq(filter_parse(&filters[0], first, &error), 0);
	ck_assert_int_eq(filter_parse(&filters[1], second, &error), 0);
	ask_query(&(struct order_query){.key_names = several,
					.key_count = 2,
					.filters = filters,
					.filter_count = 2,
					.time_field = "at",
					.sum_field = "n"});
}

static void drop_filters(void)
{
	filter_release(&filters[0]);
	filter_release(&filters[1]);
}

START_TEST(all_filters_must_hold)
{
	ask_filtered("a=PAID", "n>5");
	assert_verdict("{\"a\":\"PAID\",\"n\":6,\"b\":{\"c\":1},\"at\":0}",
		       RECORD_COUNTS);
	assert_key(0, KEY_STRING, "PAID");
	assert_key(1, KEY_NUMBER, "1");
	assert_verdict("{\"a\":\"PAID\",\"n\":5,\"b\":{\"c\":1},\"at\":0}",
		       RECORD_FILTERED);
	assert_verdict("{\"a\":\"OPEN\",\"n\":6,\"b\":{\"c\":1},\"at\":0}",
		       RECORD_FILTERED);
	assert_verdict("{}", RECORD_FILTERED);
	drop_filters();
}
END_TEST

START_TEST(a_filtered_record_has_its_time_if_it_is_one)
{
	ask_filtered("a=PAID", "n>5");
	assert_time("{\"at\":3600}", RECORD_FILTERED, HOUR_NS);
	assert_untimed("{\"at\":\"never\"}", RECORD_FILTERED);
	assert_untimed("{}", RECORD_FILTERED);
	ck_assert_int_eq(judge_until(span_of("{\"at\":3600}"), HOUR_NS - 1),
			 RECORD_FILTERED);
	ck_assert(!order.record.timed);
	drop_filters();
}
END_TEST

START_TEST(what_is_judged_first_counts_alone)
{
	ask_filtered("a!=x", "n!=5");
	assert_rejected("{\"a\":\"x\"", REJECT_INVALID_JSON, 9, NULL);
	assert_verdict("{\"a\":\"x\",\"b\":1,\"at\":\"\",\"n\":\"\"}",
		       RECORD_FILTERED);
	assert_rejected("{\"at\":\"\",\"n\":\"\"}", REJECT_MISSING_KEY, 1, "a");
	assert_rejected("{\"a\":[],\"b\":{\"c\":1},\"at\":\"\",\"n\":\"\"}",
			REJECT_BAD_KEY, 6, "a");
	assert_rejected("{\"a\":1,\"b\":{\"c\":1},\"at\":\"\",\"n\":\"\"}",
			REJECT_BAD_TIME, 26, "at");
	assert_rejected("{\"a\":1,\"b\":{\"c\":1},\"at\":0,\"n\":\"\"}",
			REJECT_BAD_NUMBER, 32, "n");
	assert_counts("{\"a\":1,\"b\":{\"c\":1},\"at\":0,\"n\":1}", KEY_NUMBER,
		      "1");
	drop_filters();
}
END_TEST

START_TEST(one_field_may_be_asked_for_everything)
{
	static const char *const at[] = {"at"};
	struct error error;

	ck_assert_int_eq(filter_parse(&filters[0], "at>=3600", &error), 0);
	ask_query(&(struct order_query){.key_names = at,
					.key_count = 1,
					.filters = filters,
					.filter_count = 1,
					.time_field = "at",
					.sum_field = "at"});
	assert_time("{\"at\":3600}", RECORD_COUNTS, HOUR_NS);
	assert_key(0, KEY_NUMBER, "3600");
	assert_amount("{\"at\":3600}", "3600");
	assert_time("{\"at\":3599}", RECORD_FILTERED,
		    HOUR_NS - INT64_C(1000000000));
	filter_release(&filters[0]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("order query");
	TCase *tests = tcase_create("order query");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, NULL, end_order);
	tcase_add_test(tests, a_time_is_rfc_3339_or_a_number);
	tcase_add_test(tests, what_is_no_time_is_bad_where_it_stands);
	tcase_add_test(tests, a_time_later_than_the_latest_is_bad);
	tcase_add_test(tests, an_amount_is_a_number_or_a_string_that_is_one);
	tcase_add_test(tests, what_is_no_amount_is_bad_where_it_stands);
	tcase_add_test(tests, all_filters_must_hold);
	tcase_add_test(tests, a_filtered_record_has_its_time_if_it_is_one);
	tcase_add_test(tests, what_is_judged_first_counts_alone);
	tcase_add_test(tests, one_field_may_be_asked_for_everything);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
