#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "report/label.h"
#include "report/report.h"
#include "window_rows.h"

static const char *const one_name[] = {"status"};
static const char *const two_names[] = {"customer.country", "2nd"};

static struct window_rows rows;
static struct snapshot *const snapshot = &rows.snapshot;
static struct report_options options;
static struct report report;
static struct buffer out;

static void set_up(void)
{
	window_rows_begin(&rows);
	options = (struct report_options){.format = FORMAT_PROMETHEUS,
					  .key_names = one_name,
					  .key_count = 1,
					  .version = "1.2.3"};
	buffer_init(&out);
}

static void tear_down(void)
{
	buffer_release(&out);
	window_rows_release(&rows);
}

static const char *next_window(void)
{
	buffer_clear(&out);
	report_begin(&report, snapshot);
	while (report_slice(&report, &out, 1))
		;
	ck_assert(!out.failed);
	buffer_append_char(&out, '\0');
	return out.data;
}

static const char *window(void)
{
	report_init(&report, &options);
	return next_window();
}

START_TEST(a_window_is_a_whole_exposition)
{
	static const struct report_source sources[] = {
		{"tcp://localhost:9998", true, BEHIND_UNKNOWN},
		{"-", false, BEHIND_UNKNOWN}};

	options.sources = sources;
	options.source_count = 2;
	snapshot->groups = 2;
	snapshot->end_ns += NS_PER_S / 4;
	snapshot->tallies.read = 99;
	snapshot->run = (struct tallies){
		.read = 10, .counted = 5, .filtered = 2, .late = 1};
	snapshot->run.rejected[REJECT_BAD_KEY] = 2;
	window_rows_add_string(&rows, "NEW", 0, 7);
	window_rows_add_string(&rows, "PAID", 5, 12);
	ck_assert_str_eq(
		window(),
		"# HELP ordercount_orders_total Orders counted, by group.\n"
		"# TYPE ordercount_orders_total counter\n"
		"ordercount_orders_total{status=\"NEW\"} 7\n"
		"ordercount_orders_total{status=\"PAID\"} 12\n"
		"# HELP ordercount_window_orders Orders of the last window, by "
		"group.\n"
		"# TYPE ordercount_window_orders gauge\n"
		"ordercount_window_orders{status=\"NEW\"} 0\n"
		"ordercount_window_orders{status=\"PAID\"} 5\n"
		"# HELP ordercount_records_read_total Records read.\n"
		"# TYPE ordercount_records_read_total counter\n"
		"ordercount_records_read_total 10\n"
		"# HELP ordercount_records_rejected_total Records rejected, by "
		"reason.\n"
		"# TYPE ordercount_records_rejected_total counter\n"
		"ordercount_records_rejected_total{reason=\"too_long\"} 0\n"
		"ordercount_records_rejected_total{reason=\"invalid_json\"} 0\n"
		"ordercount_records_rejected_total{reason=\"too_deep\"} 0\n"
		"ordercount_records_rejected_total{reason=\"not_object\"} 0\n"
		"ordercount_records_rejected_total{reason=\"missing_key\"} 0\n"
		"ordercount_records_rejected_total{reason=\"bad_key\"} 2\n"
		"ordercount_records_rejected_total{reason=\"bad_time\"} 0\n"
		"ordercount_records_rejected_total{reason=\"bad_number\"} 0\n"
		"# HELP ordercount_records_filtered_total Records that were "
		"left out by a condition.\n"
		"# TYPE ordercount_records_filtered_total counter\n"
		"ordercount_records_filtered_total 2\n"
		"# HELP ordercount_records_late_total Records that came when "
		"every window of theirs was over.\n"
		"# TYPE ordercount_records_late_total counter\n"
		"ordercount_records_late_total 1\n"
		"# HELP ordercount_groups Groups that have a name so far.\n"
		"# TYPE ordercount_groups gauge\n"
		"ordercount_groups 2\n"
		"# HELP ordercount_window_end_timestamp_seconds End of the "
		"last window, in seconds since 1970.\n"
		"# TYPE ordercount_window_end_timestamp_seconds gauge\n"
		"ordercount_window_end_timestamp_seconds 1795341605.25\n"
		"# HELP ordercount_source_up Whether the source is "
		"connected, being read, or at its end.\n"
		"# TYPE ordercount_source_up gauge\n"
		"ordercount_source_up{source=\"tcp://localhost:9998\"} 1\n"
		"ordercount_source_up{source=\"-\"} 0\n"
		"# HELP ordercount_build_info The version of ordercount; "
		"always 1.\n"
		"# TYPE ordercount_build_info gauge\n"
		"ordercount_build_info{version=\"1.2.3\"} 1\n");
}
END_TEST

START_TEST(every_window_is_the_same_kind_of_whole)
{
	char *first;

	window_rows_add_string(&rows, "NEW", 0, 7);
	first = strdup(window());
	ck_assert_str_eq(next_window(), first);
	free(first);
}
END_TEST

START_TEST(a_window_without_rows_has_the_other_families)
{
	window();
	ck_assert_ptr_null(strstr(out.data, "\nordercount_orders_total"));
	ck_assert_ptr_nonnull(strstr(out.data, "\nordercount_groups 0\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "build_info{version=\"1.2.3\""));
}
END_TEST

/* All lines of a family stand together, behind its one head. */
START_TEST(sums_are_two_families_more)
{
	window_rows_add_string(&rows, "A", 1, 2);
	window_rows_add(&rows, NULL, 1, 3, 4);
	window_rows_sum(&rows, 0, "0.5", "-12.50");
	window_rows_sum(&rows, 1, "3", "4");
	ck_assert_ptr_nonnull(strstr(window(),
				     "\nordercount_sum{status=\"A\"} -12.50\n"
				     "ordercount_sum{status=\"(other)\"} 4\n"
				     "# HELP ordercount_window_sum "));
	ck_assert_ptr_nonnull(
		strstr(out.data, "\nordercount_window_sum{status=\"A\"} 0.50\n"
				 "ordercount_window_sum{status=\"(other)\"} 3\n"
				 "# HELP ordercount_records_read_total "));
	snapshot->sums = NULL;
	ck_assert_ptr_null(strstr(window(), "_sum"));
}
END_TEST

START_TEST(only_what_must_be_is_escaped_in_a_value)
{
	struct key_part parts[] = {
		{KEY_STRING, span_of("a\\b\"c\nd\te\x7f\xe6\x97\xa5")},
		{KEY_NUMBER, span_of("5")}};
	struct key_part quoted[] = {{KEY_STRING, span_of("")},
				    {KEY_STRING, span_of("5")}};

	options.key_names = two_names;
	options.key_count = 2;
	window_rows_add(&rows, parts, 2, 1, 1);
	window_rows_add(&rows, quoted, 2, 2, 2);
	window_rows_add(&rows, NULL, 2, 3, 3);
	ck_assert_ptr_nonnull(
		strstr(window(),
		       "\nordercount_orders_total{customer_country="
		       "\"a\\\\b\\\"c\\nd\te\x7f\xe6\x97\xa5\",_2nd=\"5\"} 1\n"
		       "ordercount_orders_total{customer_country=\"\\\"\\\"\","
		       "_2nd=\"\\\"5\\\"\"} 2\n"
		       "ordercount_orders_total{customer_country=\"(other)\","
		       "_2nd=\"(other)\"} 3\n"));
}
END_TEST

START_TEST(a_source_that_is_named_twice_has_one_line)
{
	static const struct report_source sources[] = {
		{"a", true, BEHIND_UNKNOWN},
		{"b\"\xff", true, BEHIND_UNKNOWN},
		{"a", false, BEHIND_UNKNOWN}};

	options.sources = sources;
	options.source_count = 3;
	ck_assert_ptr_nonnull(
		strstr(window(),
		       "\nordercount_source_up{source=\"a\"} 0\n"
		       "ordercount_source_up{source=\"b\\\"\xef\xbf\xbd\"} 1\n"
		       "# HELP"));
}
END_TEST

START_TEST(a_source_is_as_far_behind_as_its_service_says)
{
	static const struct report_source sources[] = {
		{"a", true, BEHIND_UNKNOWN},
		{"b", true, 12345},
		{"c", true, 0}};

	options.sources = sources;
	options.source_count = 3;
	ck_assert_ptr_nonnull(
		strstr(window(),
		       "\n# TYPE ordercount_source_behind_seconds gauge\n"
		       "ordercount_source_behind_seconds{source=\"b\"} 12.345\n"
		       "ordercount_source_behind_seconds{source=\"c\"} 0\n"
		       "# HELP"));
	options.source_count = 1;
	ck_assert_ptr_null(strstr(window(), "behind"));
}
END_TEST

START_TEST(the_end_may_lie_before_1970)
{
	snapshot->end_ns = -1500 * (NS_PER_S / 1000);
	ck_assert_ptr_nonnull(
		strstr(window(), "_window_end_timestamp_seconds -1.5\n"));
	snapshot->end_ns = 1;
	ck_assert_ptr_nonnull(
		strstr(window(), "_timestamp_seconds 0.000000001\n"));
}
END_TEST

static const struct {
	const char *name, *label;
} labels[] = {
	{"status", "status"},
	{"customerCountry_2", "customerCountry_2"},
	{"customer.country", "customer_country"},
	{"/a~1b/0", "_a_1b_0"},
	{"2nd", "_2nd"},
	{"", "_"},
	{"-", "_"},
	{"a b", "a_b"},
	/* A character, not a byte. */
	{"\xe6\x97\xa5", "_"},
	{"\xff\xff", "__"},
	/* They mean something else, or cannot be read. */
	{"le", "_le"},
	{"les", "les"},
	{"quantile", "_quantile"},
	{"__name__", "___name__"},
	{"/_name__", "___name__"},
	{"__name__s", "__name__s"},
};

START_TEST(a_field_becomes_a_label_name)
{
	label_append_name(&out, labels[_i].name);
	buffer_append_char(&out, '\0');
	ck_assert_str_eq(out.data, labels[_i].label);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prometheus");
	TCase *tests = tcase_create("prometheus");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_window_is_a_whole_exposition);
	tcase_add_test(tests, every_window_is_the_same_kind_of_whole);
	tcase_add_test(tests, a_window_without_rows_has_the_other_families);
	tcase_add_test(tests, sums_are_two_families_more);
	tcase_add_test(tests, only_what_must_be_is_escaped_in_a_value);
	tcase_add_test(tests, a_source_that_is_named_twice_has_one_line);
	tcase_add_test(tests, a_source_is_as_far_behind_as_its_service_says);
	tcase_add_test(tests, the_end_may_lie_before_1970);
	tcase_add_loop_test(tests, a_field_becomes_a_label_name, 0,
			    sizeof(labels) / sizeof(labels[0]));
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
