#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "report/report.h"
#include "window_rows.h"

#define BLOCK	 "\xe2\x96\x88"
#define ELLIPSIS "\xe2\x80\xa6"

static const char *const names[KEY_FIELDS_MAX] = {
	"status", "country", "c", "d", "e", "f", "g", "h",
	"i",	  "j",	     "k", "l", "m", "n", "o", "a rather long name"};

static struct window_rows rows;
static struct snapshot *const snapshot = &rows.snapshot;
static struct report report;
static struct report_options options;
static struct buffer out;

static void set_up(void)
{
	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	window_rows_begin(&rows);
	options = (struct report_options){.format = FORMAT_TABLE,
					  .key_names = names,
					  .key_count = 1,
					  .unicode = true,
					  .columns = 80};
	buffer_init(&out);
}

static void tear_down(void)
{
	buffer_release(&out);
	window_rows_release(&rows);
}

static void add_parts(const struct key_part *parts, uint64_t count,
		      uint64_t total)
{
	window_rows_add(&rows, parts, options.key_count, count, total);
}

static void add(const char *text, uint64_t count, uint64_t total)
{
	struct key_part key = {KEY_STRING, span_of(text)};

	add_parts(&key, count, total);
}

/* The next window of the report as text. */
static const char *next_window(void)
{
	buffer_clear(&out);
	report_begin(&report, snapshot);
	while (report_slice(&report, &out, 100))
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

/* The columns that a line takes, by the C library's own count. */
static size_t line_width(const char *line, size_t size)
{
	size_t width = 0;

	for (size_t i = 0; i < size;) {
		wchar_t character;
		size_t used = mbrtowc(&character, line + i, size - i,
				      &(mbstate_t){0});

		/* ck_assert() is too slow for so many. */
		if (used > 4 || wcwidth(character) < 0)
			ck_abort_msg("cannot be shown: %s", line);
		width += (size_t)wcwidth(character);
		i += used;
	}
	return width;
}

static size_t widest_line(const char *text)
{
	size_t widest = 0;

	for (size_t size; *text != '\0'; text += size + 1) {
		size = strcspn(text, "\n");
		if (line_width(text, size) > widest)
			widest = line_width(text, size);
	}
	return widest;
}

static void add_statuses(void)
{
	add("CANCELLED", 8, 210);
	add("COMPLETED", 60, 1200);
	add("PAID", 60, 4);
}

START_TEST(at_80_columns_there_are_shares_and_bars)
{
	add_statuses();
	options.unicode = false;
	ck_assert_str_eq(
		window(),
		"2026-11-22 10:00:00 - 10:00:05 UTC   128 orders   25.6/s\n"
		"status     count  total   share\n"
		"CANCELLED      8    210    6.2%  #####\n"
		"COMPLETED     60   1200   46.9%  "
		"########################################\n"
		"PAID          60      4   46.9%  "
		"########################################\n");
}
END_TEST

START_TEST(at_40_columns_there_are_no_bars)
{
	add_statuses();
	options.columns = 40;
	snapshot->tallies.rejected[REJECT_INVALID_JSON] = 2;
	ck_assert_str_eq(window(),
			 "2026-11-22 10:00:00 \xe2\x80\x93 10:00:05 UTC\n"
			 "  128 orders  25.6/s  2 rejected\n"
			 "status     count  total   share\n"
			 "CANCELLED      8    210    6.2%\n"
			 "COMPLETED     60   1200   46.9%\n"
			 "PAID          60      4   46.9%\n");
}
END_TEST

START_TEST(at_200_columns_there_is_room_for_everything)
{
	char *longest =
		strdup("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
		       "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
		       "kkkkkkkkkkkkkkkkkkkkk");

	options.columns = 200;
	add(longest, 5, 5);
	snapshot->partial = true;
	snapshot->tallies.rejected[REJECT_INVALID_JSON] = 2;
	snapshot->tallies.rejected[REJECT_BAD_KEY] = 1;
	snapshot->tallies.late = 4;
	snapshot->tallies.filtered = 6;
	window();
	ck_assert_ptr_nonnull(strstr(
		out.data, "   1.0/s   3 rejected (invalid_json 2, bad_key 1)"
			  "   4 late   6 filtered   partial\n"));
	ck_assert_ptr_nonnull(strstr(out.data, longest));
	ck_assert_ptr_nonnull(strstr(out.data, "100.0%  " BLOCK BLOCK));
	free(longest);
}
END_TEST

START_TEST(zero_columns_mean_80)
{
	char *at_80;

	add_statuses();
	at_80 = strdup(window());
	options.columns = 0;
	ck_assert_str_eq(window(), at_80);
	free(at_80);
}
END_TEST

START_TEST(the_day_is_shown_when_it_is_another)
{
	window();
	ck_assert_int_eq(memcmp(out.data, "2026-11-22 10:00:00", 19), 0);
	snapshot->start_ns += 5 * NS_PER_S;
	snapshot->end_ns += 5 * NS_PER_S;
	ck_assert_str_eq(next_window(), "\n10:00:05 \xe2\x80\x93 10:00:10   "
					"0 orders\nno orders so far\n");
	snapshot->start_ns = TEN + 14 * 3600 * NS_PER_S - 5 * NS_PER_S;
	snapshot->end_ns = TEN + 14 * 3600 * NS_PER_S;
	next_window();
	ck_assert_int_eq(
		memcmp(out.data, "\n23:59:55 \xe2\x80\x93 00:00:00  ", 24), 0);
	snapshot->start_ns = snapshot->end_ns;
	next_window();
	ck_assert_int_eq(memcmp(out.data, "\n2026-11-23 00:00:00", 20), 0);
	snapshot->end_ns += 25 * 3600 * NS_PER_S;
	next_window();
	ck_assert_int_eq(memcmp(out.data,
				"\n00:00:00 \xe2\x80\x93 2026-11-24 01:00:00",
				33),
			 0);
}
END_TEST

START_TEST(local_times_show_their_offset)
{
	setenv("TZ", "CET-1", 1);
	tzset();
	options.local_time = true;
	snapshot->end_ns = TEN + 2314 * (NS_PER_S / 1000);
	window();
	ck_assert_int_eq(memcmp(out.data,
				"2026-11-22 11:00:00 \xe2\x80\x93 "
				"11:00:02.314 +01:00   ",
				46),
			 0);
}
END_TEST

START_TEST(a_window_without_rows_says_so)
{
	window();
	ck_assert_ptr_nonnull(strstr(out.data, "\nno orders so far\n"));
	snapshot->total_orders = 5;
	window();
	ck_assert_ptr_nonnull(strstr(out.data, "\nno orders\n"));
}
END_TEST

START_TEST(a_quiet_window_shows_zeros_and_no_shares)
{
	add("PAID", 0, 7);
	options.unicode = false;
	window();
	ck_assert_ptr_nonnull(strstr(out.data,
				     "   0 orders\n"
				     "status  count  total   share\n"
				     "PAID        0      7       -\n"));
}
END_TEST

START_TEST(slow_rates_are_a_minute_or_an_hour)
{
	add("PAID", 6, 6);
	ck_assert_ptr_nonnull(strstr(window(), "   6 orders   1.2/s\n"));
	snapshot->end_ns = TEN + 60 * NS_PER_S;
	ck_assert_ptr_nonnull(strstr(window(), "   6.0/min\n"));
	snapshot->end_ns = TEN + 7200 * NS_PER_S;
	ck_assert_ptr_nonnull(strstr(window(), "   3.0/h\n"));
	snapshot->end_ns = TEN;
	ck_assert_ptr_nonnull(strstr(window(), "   6 orders\n"));
}
END_TEST

START_TEST(headline_says_how_far_the_furthest_source_is_behind)
{
	static const struct report_source sources[] = {
		{"a", true, BEHIND_UNKNOWN},
		{"b", true, 999},
		{"c", true, 90500},
		{"d", true, 1000}};

	options.sources = sources;
	options.source_count = 2;
	ck_assert_ptr_null(strstr(window(), "behind"));
	options.source_count = 4;
	ck_assert_ptr_nonnull(strstr(window(), "  1m 30s behind"));
}
END_TEST

START_TEST(color_is_only_where_it_says_something)
{
	add("PAID", 6, 6);
	add_parts(NULL, 1, 1);
	snapshot->partial = true;
	snapshot->tallies.rejected[REJECT_TOO_DEEP] = 1;
	ck_assert_ptr_null(strchr(window(), '\033'));
	options.color = true;
	options.columns = 200;
	window();
	ck_assert_ptr_nonnull(
		strstr(out.data, "\033[31m1 rejected (too_deep 1)\033[0m"));
	ck_assert_ptr_nonnull(strstr(out.data, "\033[2mpartial\033[0m\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "\n\033[2m(other)"));
	ck_assert_ptr_nonnull(strstr(out.data, "\nPAID"));
	ck_assert_str_eq(out.data + out.size - 6, "\033[0m\n");
}
END_TEST

START_TEST(bars_are_in_eighths_of_the_largest)
{
	add("A", 320, 1);
	add("B", 161, 1);
	add("C", 1, 1);
	add("D", 0, 1);
	window();
	ck_assert_ptr_nonnull(strstr(out.data, BLOCK BLOCK "\nB"));
	ck_assert_ptr_nonnull(strstr(out.data, BLOCK BLOCK "\xe2\x96\x8f\nC"));
	ck_assert_ptr_nonnull(strstr(out.data, "0.2%  \xe2\x96\x8f\nD"));
	ck_assert_ptr_nonnull(strstr(out.data, "0.0%\n"));
	rows.rows[2].count = 0;
	rows.rows[1].count = 1;
	rows.rows[0].count = 1000000;
	snapshot->orders = 1000001;
	ck_assert_ptr_nonnull(strstr(window(), " <0.1%  \xe2\x96\x8f\nC"));
}
END_TEST

/* Where in each row the count ends. */
static void check_aligned(const char *count)
{
	const char *line = out.data;
	size_t edge = 0;
	size_t found = 0;

	for (size_t size; *line != '\0'; line += size + 1) {
		const char *at = strstr(line, count);
		size_t width;

		size = strcspn(line, "\n");
		if (!at || at > line + size)
			continue;
		width = line_width(line, (size_t)(at - line));
		ck_assert(edge == 0 || width == edge);
		edge = width;
		found++;
	}
	ck_assert_uint_eq(found, snapshot->row_count);
}

START_TEST(wide_and_combining_characters_stay_aligned)
{
	add("PAID", 77777, 1);
	add("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 77777, 1);
	add("e\xcc\x81t\xc3\xa9", 77777, 1);
	add("\xf0\x9f\x98\x80", 77777, 1);
	add("evil\x1b[2J\xe2\x80\xae", 77777, 1);
	add("5", 77777, 1);
	options.unicode = false;
	window();
	check_aligned("77777");
	ck_assert_ptr_nonnull(strstr(out.data, "\nevil\\u001b[2J\\u202e "));
	ck_assert_ptr_nonnull(strstr(out.data, "\n\"5\" "));
	options.columns = 20;
	window();
	check_aligned("77777");
}
END_TEST

START_TEST(long_keys_are_cut_with_an_ellipsis)
{
	static char text[KEY_PART_MAX + 1];

	memset(text, 'k', KEY_PART_MAX);
	options.columns = 40;
	add(text, 1, 1);
	window();
	ck_assert_uint_le(widest_line(out.data), 40);
	ck_assert_ptr_nonnull(strstr(
		out.data, "\nkkkkkkkkkkkkkkkkkkkkkkkkk" ELLIPSIS "      1"));
	options.unicode = false;
	window();
	ck_assert_ptr_nonnull(
		strstr(out.data, "\nkkkkkkkkkkkkkkkkkkkkkkk...      1"));
	/* A wide character that would stand across the edge is left out. */
	for (size_t i = 0; i + 3 <= KEY_PART_MAX; i += 3)
		memcpy(text + i, "\xe6\x97\xa5", 3);
	text[4095] = '\0';
	snapshot->row_count = 0;
	add(text, 7777, 1);
	add("k", 7777, 1);
	for (options.columns = 30; options.columns < 50; options.columns++) {
		window();
		check_aligned("7777");
		ck_assert_uint_le(widest_line(out.data), options.columns);
	}
}
END_TEST

START_TEST(several_keys_share_the_room)
{
	struct key_part parts[] = {
		{KEY_STRING, span_of("a first key that is rather long")},
		{KEY_NUMBER, span_of("5")},
		{KEY_STRING, span_of("a third key that is rather long")}};

	options.key_count = 3;
	options.columns = 60;
	options.unicode = false;
	add_parts(parts, 1, 1);
	add_parts(NULL, 1, 1);
	window();
	/* Both long ones are cut to the same width. */
	ck_assert_ptr_nonnull(strstr(out.data, "\na first key..."));
	ck_assert_ptr_nonnull(strstr(out.data, "...  5        a third k"));
	ck_assert_ptr_nonnull(strstr(out.data, "\n(other) "));
	ck_assert_uint_eq(widest_line(out.data), 60);
}
END_TEST

START_TEST(no_line_is_ever_wider_than_the_terminal)
{
	struct key_part parts[KEY_FIELDS_MAX];
	static const char *const texts[] = {
		"short", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e-\x1b[2J",
		"a key that needs so much room that nobody has it, or has he",
		""};

	snapshot->partial = true;
	snapshot->tallies.rejected[REJECT_INVALID_JSON] = 12345;
	snapshot->tallies.rejected[REJECT_BAD_KEY] = 99;
	snapshot->tallies.late = 1;
	snapshot->start_ns += 123456789;
	snapshot->end_ns += 123456789;
	for (size_t i = 0; i < KEY_FIELDS_MAX; i++)
		parts[i] = (struct key_part){KEY_STRING, span_of(texts[i % 4])};
	for (size_t count = 1; count <= KEY_FIELDS_MAX; count++) {
		options.key_count = count;
		snapshot->row_count = 0;
		add_parts(parts, 1234567, 1234567890);
		add_parts(NULL, 1, 1);
		for (unsigned i = 0; i < 200; i++) {
			options.columns = 20 + i;
			options.unicode = i % 2;
			window();
			ck_assert_msg(widest_line(out.data) <= options.columns,
				      "%u columns, %zu keys:\n%s",
				      options.columns, count, out.data);
		}
	}
}
END_TEST

START_TEST(sums_are_right_aligned_behind_the_totals)
{
	add("PAID", 2, 30);
	add("NEW", 1, 1);
	window_rows_sum(&rows, 0, "0.3", "-1234.50");
	window_rows_sum(&rows, 1, "7", "70000000000000000000");
	options.unicode = false;
	options.columns = 64;
	window();
	ck_assert_ptr_nonnull(strstr(
		out.data,
		"\nstatus  count  total   sum             total_sum   share\n"
		"PAID        2     30  0.30              -1234.50   66.7%\n"
		"NEW         1      1     7  70000000000000000000   33.3%\n"));
	options.columns = 80;
	ck_assert_ptr_nonnull(strstr(window(), "66.7%  ########"));
}
END_TEST

START_TEST(a_sum_is_never_cut_but_left_out)
{
	static const char *const headings[] = {"total_sum", " sum", "  total"};

	add("PAID", 2, 30);
	window_rows_sum(&rows, 0, "10.25", "12345678901.25");
	options.unicode = false;
	for (options.columns = 20; options.columns < 80; options.columns++) {
		window();
		ck_assert_uint_le(widest_line(out.data), options.columns);
		ck_assert_msg(!strchr(out.data, '#') ||
				      strstr(out.data, "share"),
			      "%s", out.data);
		if (strstr(out.data, headings[0]))
			ck_assert_ptr_nonnull(
				strstr(out.data, "  12345678901.25"));
		if (strstr(out.data, headings[1]))
			ck_assert_ptr_nonnull(strstr(out.data, "  10.25"));
	}
	ck_assert_ptr_nonnull(strstr(out.data, headings[0]));
	ck_assert_ptr_nonnull(strstr(out.data, headings[1]));
	options.columns = 30;
	window();
	ck_assert_ptr_null(strstr(out.data, headings[0]));
	ck_assert_ptr_nonnull(strstr(out.data, headings[1]));
	options.columns = 20;
	window();
	ck_assert_ptr_null(strstr(out.data, "sum"));
	ck_assert_ptr_nonnull(strstr(out.data, headings[2]));
}
END_TEST

START_TEST(sums_leave_the_keys_a_third_of_the_line)
{
	static char huge[101];

	memset(huge, '9', 60);
	options.unicode = false;
	add("a key that is longer than a third of the line is", 1, 1);
	window_rows_sum(&rows, 0, "5", huge);
	ck_assert_ptr_null(strstr(window(), huge));
	ck_assert_ptr_nonnull(strstr(out.data, "  sum"));
	ck_assert_ptr_nonnull(strstr(out.data, "\na key that is longer"));
	options.columns = 125;
	ck_assert_ptr_nonnull(strstr(window(), huge));
}
END_TEST

START_TEST(only_this_windows_rows_are_measured)
{
	char *first;

	add("PAID", 1, 1);
	first = strdup(window());
	snapshot->row_count = 0;
	add("a much longer key than the other", 100000, 1000000);
	window();
	snapshot->row_count = 0;
	snapshot->orders = 0;
	add("PAID", 1, 1);
	ck_assert_str_eq(window(), first);
	free(first);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, at_80_columns_there_are_shares_and_bars);
	tcase_add_test(tests, at_40_columns_there_are_no_bars);
	tcase_add_test(tests, at_200_columns_there_is_room_for_everything);
	tcase_add_test(tests, zero_columns_mean_80);
	tcase_add_test(tests, the_day_is_shown_when_it_is_another);
	tcase_add_test(tests, local_times_show_their_offset);
	tcase_add_test(tests, a_window_without_rows_says_so);
	tcase_add_test(tests, a_quiet_window_shows_zeros_and_no_shares);
	tcase_add_test(tests, slow_rates_are_a_minute_or_an_hour);
	tcase_add_test(tests,
		       headline_says_how_far_the_furthest_source_is_behind);
	tcase_add_test(tests, color_is_only_where_it_says_something);
	tcase_add_test(tests, bars_are_in_eighths_of_the_largest);
	tcase_add_test(tests, wide_and_combining_characters_stay_aligned);
	tcase_add_test(tests, long_keys_are_cut_with_an_ellipsis);
	tcase_add_test(tests, several_keys_share_the_room);
	tcase_add_test(tests, no_line_is_ever_wider_than_the_terminal);
	tcase_add_test(tests, sums_are_right_aligned_behind_the_totals);
	tcase_add_test(tests, a_sum_is_never_cut_but_left_out);
	tcase_add_test(tests, sums_leave_the_keys_a_third_of_the_line);
	tcase_add_test(tests, only_this_windows_rows_are_measured);
}

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *tests = tcase_create("table");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	add_tests(tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
