#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/report.h"
#include "window_rows.h"

#define WINDOW "2026-11-22T10:00:00Z\t2026-11-22T10:00:05Z\t"
#define JSON_WINDOW                            \
	"{\"start\":\"2026-11-22T10:00:00Z\"," \
	"\"end\":\"2026-11-22T10:00:05Z\",\"partial\":false,"

static const char *const one_name[] = {"status"};
static const char *const two_names[] = {"a\t\"b", "c,\xc2\x85"};

static struct window_rows window;
static struct snapshot *const snapshot = &window.snapshot;
static struct report report;
static struct buffer out;

static struct key_part part(enum key_type type, const char *text)
{
	return (struct key_part){type, span_of(text)};
}

static void add_row(const struct key_part *parts, size_t count, uint64_t orders,
		    uint64_t total)
{
	window_rows_add(&window, parts, count, orders, total);
}

static void add_string(const char *text, uint64_t orders, uint64_t total)
{
	window_rows_add_string(&window, text, orders, total);
}

static void set_up(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	window_rows_begin(&window);
	buffer_init(&out);
}

static void tear_down(void)
{
	buffer_release(&out);
	window_rows_release(&window);
}

static struct report_options options_of(enum report_format format)
{
	return (struct report_options){.format = format,
				       .key_names = one_name,
				       .key_count = 1,
				       .version = "1.0"};
}

/* One window as text, in slices of so many bytes. */
static const char *window_in_slices(size_t slice)
{
	buffer_clear(&out);
	report_begin(&report, snapshot);
	while (report_slice(&report, &out, slice))
		;
	ck_assert_ptr_null(report.snapshot);
	ck_assert(!out.failed);
	buffer_append_char(&out, '\0');
	return out.data;
}

static const char *window_of(struct report_options options)
{
	report_init(&report, &options);
	return window_in_slices(1000);
}

START_TEST(tsv_is_one_row_a_group)
{
	add_string("PAID", 55, 1200);
	add_string("NEW", 0, 1);
	ck_assert_str_eq(window_of(options_of(FORMAT_TSV)),
			 WINDOW "PAID\t55\t1200\n" WINDOW "NEW\t0\t1\n");
}
END_TEST

START_TEST(a_window_without_rows_is_nothing_but_its_header)
{
	struct report_options options = options_of(FORMAT_TSV);

	ck_assert_str_eq(window_of(options), "");
	options.format = FORMAT_JSON;
	ck_assert_str_eq(window_of(options), "");
	options.format = FORMAT_CSV;
	options.header = true;
	ck_assert_str_eq(window_of(options), "start,end,status,count,total\n");
}
END_TEST

START_TEST(a_header_comes_once_and_again_in_a_new_file)
{
	struct report_options options = options_of(FORMAT_TSV);

	options.header = true;
	ck_assert_str_eq(window_of(options),
			 "start\tend\tstatus\tcount\ttotal\n");
	ck_assert_str_eq(window_in_slices(1), "");
	report_restart(&report, false);
	ck_assert_str_eq(window_in_slices(1), "");
	report_restart(&report, true);
	ck_assert_str_eq(window_in_slices(1),
			 "start\tend\tstatus\tcount\ttotal\n");
	options.header = false;
	ck_assert_str_eq(window_of(options), "");
}
END_TEST

START_TEST(names_and_keys_are_escaped_and_quoted)
{
	struct key_part parts[] = {part(KEY_STRING, "x\ty\\"),
				   part(KEY_NUMBER, "5")};
	struct key_part quoted[] = {part(KEY_STRING, "5"),
				    part(KEY_STRING, "say \"hi\", you")};
	struct key_part plain[] = {part(KEY_NULL, "null"),
				   part(KEY_STRING, "")};
	struct key_part only[] = {part(KEY_STRING, "a\"b"),
				  part(KEY_STRING, "\n")};
	struct report_options options = options_of(FORMAT_TSV);

	options.key_names = two_names;
	options.key_count = 2;
	options.header = true;
	add_row(parts, 2, 1, 2);
	add_row(quoted, 2, 3, 4);
	add_row(plain, 2, 5, 6);
	add_row(only, 2, 7, 8);
	ck_assert_str_eq(window_of(options),
			 "start\tend\ta\\t\"b\tc,\\u0085\tcount\ttotal\n" WINDOW
			 "x\\ty\\\\\t5\t1\t2\n" WINDOW
			 "\"5\"\tsay \"hi\", you\t3\t4\n" WINDOW
			 "null\t\"\"\t5\t6\n" WINDOW "a\"b\t\\n\t7\t8\n");
	options.format = FORMAT_CSV;
	ck_assert_str_eq(window_of(options),
			 "start,end,\"a\t\"\"b\",\"c,\xc2\x85\",count,total\n"
			 "2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,"
			 "\"x\ty\\\",5,1,2\n"
			 "2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,"
			 "\"\"\"5\"\"\",\"say \"\"hi\"\", you\",3,4\n"
			 "2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,"
			 "null,\"\"\"\"\"\",5,6\n"
			 "2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,"
			 "\"a\"\"b\",\"\n\",7,8\n");
	options.format = FORMAT_JSON;
	ck_assert_str_eq(
		window_of(options), JSON_WINDOW
		"\"key\":{\"a\\t\\\"b\":\"x\\ty\\\\\","
		"\"c,\\u0085\":5},\"count\":1,\"total\":2}\n" JSON_WINDOW
		"\"key\":{\"a\\t\\\"b\":\"5\",\"c,\\u0085\":"
		"\"say \\\"hi\\\", you\"},"
		"\"count\":3,\"total\":4}\n" JSON_WINDOW
		"\"key\":{\"a\\t\\\"b\":null,"
		"\"c,\\u0085\":\"\"},\"count\":5,\"total\":6}\n" JSON_WINDOW
		"\"key\":{\"a\\t\\\"b\":\"a\\\"b\","
		"\"c,\\u0085\":\"\\n\"},\"count\":7,\"total\":8}\n");
}
END_TEST

START_TEST(other_stands_in_every_key_column_and_is_null_in_json)
{
	struct report_options options = options_of(FORMAT_TSV);

	options.key_names = two_names;
	options.key_count = 2;
	add_row(NULL, 2, 7, 9);
	ck_assert_str_eq(window_of(options), WINDOW "(other)\t(other)\t7\t9\n");
	options.format = FORMAT_CSV;
	ck_assert_str_eq(window_of(options),
			 "2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,"
			 "(other),(other),7,9\n");
	options.format = FORMAT_JSON;
	ck_assert_str_eq(window_of(options),
			 JSON_WINDOW "\"key\":null,\"count\":7,\"total\":9}\n");
}
END_TEST

static void add_tallies(void)
{
	snapshot->groups = 3;
	snapshot->tallies = (struct tallies){
		.read = 20, .counted = 12, .filtered = 2, .late = 1};
	snapshot->tallies.rejected[REJECT_INVALID_JSON] = 4;
	snapshot->tallies.rejected[REJECT_MISSING_KEY] = 1;
}

START_TEST(a_summary_row_has_the_tallies)
{
	struct report_options options = options_of(FORMAT_TSV);

	options.summary = true;
	options.header = true;
	add_string("A", 12, 50);
	add_tallies();
	ck_assert_str_eq(window_of(options),
			 "start\tend\tstatus\tcount\ttotal\tread\tcounted\t"
			 "rejected\tfiltered\tlate\n" WINDOW
			 "A\t12\t50\t\t\t\t\t\n" WINDOW
			 "(summary)\t12\t50\t20\t12\t5\t2\t1\n");
	options.format = FORMAT_CSV;
	options.header = false;
	ck_assert_str_eq(window_of(options),
			 "2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,"
			 "A,12,50,,,,,\n"
			 "2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,"
			 "(summary),12,50,20,12,5,2,1\n");
}
END_TEST

START_TEST(a_json_summary_holds_the_reasons_above_zero)
{
	struct report_options options = options_of(FORMAT_JSON);

	options.summary = true;
	add_tallies();
	ck_assert_str_eq(window_of(options), JSON_WINDOW
			 "\"summary\":{\"orders\":0,\"read\":20,\"counted\":12,"
			 "\"rejected\":{\"invalid_json\":4,\"missing_key\":1},"
			 "\"filtered\":2,\"late\":1,\"groups\":3}}\n");
	snapshot->tallies = (struct tallies){0};
	ck_assert_ptr_nonnull(strstr(window_of(options), "\"rejected\":{},"));
}
END_TEST

START_TEST(sums_stand_behind_total)
{
	struct report_options options = options_of(FORMAT_TSV);

	options.summary = true;
	options.header = true;
	add_string("A", 2, 3);
	add_row(NULL, 1, 1, 1);
	add_tallies();
	window_rows_sum(&window, 0, "0.3", "-12.50");
	window_rows_sum(&window, 1, "7", "7");
	window_rows_sum(&window, 2, "7.3", "-5.50");
	ck_assert_str_eq(
		window_of(options),
		"start\tend\tstatus\tcount\ttotal\tsum\ttotal_sum\tread\t"
		"counted\trejected\tfiltered\tlate\n" WINDOW
		"A\t2\t3\t0.30\t-12.50\t\t\t\t\t\n" WINDOW
		"(other)\t1\t1\t7\t7\t\t\t\t\t\n" WINDOW
		"(summary)\t3\t4\t7.30\t-5.50\t20\t12\t5\t2\t1\n");
	options.summary = false;
	options.format = FORMAT_CSV;
	ck_assert_str_eq(window_of(options),
			 "start,end,status,count,total,sum,total_sum\n"
			 "2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,"
			 "A,2,3,0.30,-12.50\n"
			 "2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,"
			 "(other),1,1,7,7\n");
}
END_TEST

START_TEST(in_json_sums_are_numbers_and_a_summary_has_none)
{
	struct report_options options = options_of(FORMAT_JSON);

	options.summary = true;
	add_string("A", 2, 3);
	add_tallies();
	window_rows_sum(&window, 0, "0.3", "-12.50");
	window_rows_sum(&window, 1, "0.3", "-12.50");
	ck_assert_str_eq(
		window_of(options), JSON_WINDOW
		"\"key\":{\"status\":\"A\"},\"count\":2,"
		"\"total\":3,\"sum\":0.30,\"total_sum\":-12.50}\n" JSON_WINDOW
		"\"summary\":{\"orders\":2,\"read\":20,\"counted\":12,"
		"\"rejected\":{\"invalid_json\":4,\"missing_key\":1},"
		"\"filtered\":2,\"late\":1,\"groups\":3}}\n");
}
END_TEST

START_TEST(json_rows_of_a_window_that_slides_say_so)
{
	struct report_options options = options_of(FORMAT_JSON);

	options.summary = true;
	options.slide_ns = 5 * NS_PER_S / 2;
	add_string("A", 1, 1);
	window_of(options);
	ck_assert_ptr_nonnull(
		strstr(out.data, ",\"partial\":false,\"slide\":2.5,\"key\":"));
	ck_assert_ptr_nonnull(
		strstr(out.data, ",\"partial\":false,\"summary\":"));
	options.slide_ns = 60 * NS_PER_S;
	ck_assert_ptr_nonnull(strstr(window_of(options), ",\"slide\":60,"));
	options.slide_ns = NS_PER_S / 1000;
	ck_assert_ptr_nonnull(strstr(window_of(options), ",\"slide\":0.001,"));
}
END_TEST

START_TEST(without_key_names_there_is_one_column_for_other)
{
	static const char *const shown[] = {
		[FORMAT_TABLE] = "\nkey      count  total   share\n(other)  ",
		[FORMAT_TSV] = "total\n" WINDOW "(other)\t1\t2\n",
		[FORMAT_CSV] = "start,end,key,count,total\n",
		[FORMAT_JSON] = ",\"key\":null,\"count\":1,",
		[FORMAT_PROMETHEUS] = "_total{key=\"(other)\"} 2\n"};

	add_row(NULL, 0, 1, 2);
	for (int format = FORMAT_TABLE; format <= FORMAT_PROMETHEUS; format++) {
		struct report_options options =
			options_of((enum report_format)format);

		options.key_count = 0;
		options.header = true;
		ck_assert_ptr_nonnull(
			strstr(window_of(options), shown[format]));
	}
}
END_TEST

START_TEST(a_partial_window_says_so_in_json)
{
	snapshot->partial = true;
	add_string("A", 1, 1);
	ck_assert_ptr_nonnull(strstr(window_of(options_of(FORMAT_JSON)),
				     ",\"partial\":true,"));
}
END_TEST

START_TEST(local_times_have_an_offset)
{
	struct report_options options = options_of(FORMAT_TSV);

	setenv("TZ", "CET-1", 1);
	tzset();
	options.local_time = true;
	snapshot->start_ns += 314 * 1000000;
	add_string("A", 1, 1);
	ck_assert_str_eq(window_of(options),
			 "2026-11-22T11:00:00.314+01:00\t"
			 "2026-11-22T11:00:05+01:00\tA\t1\t1\n");
}
END_TEST

START_TEST(slices_of_any_size_make_the_same_window)
{
	static const enum report_format formats[] = {FORMAT_TABLE, FORMAT_TSV,
						     FORMAT_CSV, FORMAT_JSON,
						     FORMAT_PROMETHEUS};

	for (int i = 0; i < 10; i++)
		add_string("status", 3, 4);
	add_tallies();
	for (size_t i = 0; i < 5; i++) {
		struct report_options options = options_of(formats[i]);
		char *whole;

		options.header = options.summary = true;
		whole = strdup(window_of(options));
		for (size_t slice = 1; slice < 2000; slice += 37) {
			report_init(&report, &options);
			ck_assert_str_eq(window_in_slices(slice), whole);
		}
		free(whole);
	}
}
END_TEST

START_TEST(a_slice_is_about_as_long_as_asked)
{
	struct report_options options = options_of(FORMAT_TSV);

	for (int i = 0; i < 10; i++)
		add_string("status", 3, 4);
	report_init(&report, &options);
	report_begin(&report, snapshot);
	ck_assert(report_slice(&report, &out, 1));
	ck_assert_uint_eq(out.size, strlen(WINDOW "status\t3\t4\n"));
	ck_assert(report_slice(&report, &out, 60));
	ck_assert_uint_eq(out.size, 3 * strlen(WINDOW "status\t3\t4\n"));
}
END_TEST

START_TEST(a_buffer_without_memory_ends_the_window)
{
	struct report_options options = options_of(FORMAT_TSV);

	add_string("status", 3, 4);
	add_string("status", 3, 4);
	report_init(&report, &options);
	report_begin(&report, snapshot);
	out.failed = true;
	ck_assert(!report_slice(&report, &out, 1));
	ck_assert_ptr_null(report.snapshot);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, tsv_is_one_row_a_group);
	tcase_add_test(tests, a_window_without_rows_is_nothing_but_its_header);
	tcase_add_test(tests, a_header_comes_once_and_again_in_a_new_file);
	tcase_add_test(tests, names_and_keys_are_escaped_and_quoted);
	tcase_add_test(tests,
		       other_stands_in_every_key_column_and_is_null_in_json);
	tcase_add_test(tests, a_summary_row_has_the_tallies);
	tcase_add_test(tests, a_json_summary_holds_the_reasons_above_zero);
	tcase_add_test(tests, sums_stand_behind_total);
	tcase_add_test(tests, in_json_sums_are_numbers_and_a_summary_has_none);
	tcase_add_test(tests, json_rows_of_a_window_that_slides_say_so);
	tcase_add_test(tests, without_key_names_there_is_one_column_for_other);
	tcase_add_test(tests, a_partial_window_says_so_in_json);
	tcase_add_test(tests, local_times_have_an_offset);
	tcase_add_test(tests, slices_of_any_size_make_the_same_window);
	tcase_add_test(tests, a_slice_is_about_as_long_as_asked);
	tcase_add_test(tests, a_buffer_without_memory_ends_the_window);
}

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tests = tcase_create("report");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	add_tests(tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
