#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "window_rows.h"

#define HOME	 "\033[H"
#define END_LINE "\033[K\n"
#define BELOW	 "\033[J"

static const char *const names[] = {"status"};

static struct window_rows rows;
static struct snapshot *const snapshot = &rows.snapshot;
static struct report_options options;
static struct report report;
static struct buffer out;

static void set_up(void)
{
	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	window_rows_begin(&rows);
	options = (struct report_options){.format = FORMAT_TABLE,
					  .key_names = names,
					  .key_count = 1,
					  .live = true,
					  .columns = 80,
					  .lines = 10};
	buffer_init(&out);
}

static void tear_down(void)
{
	buffer_release(&out);
	window_rows_release(&rows);
}

static void add_groups(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "G%u", i);
		window_rows_add_string(&rows, name, i, i);
	}
}

static const char *next_frame(void)
{
	buffer_clear(&out);
	report_begin(&report, snapshot);
	while (report_slice(&report, &out, 100))
		;
	ck_assert(!out.failed);
	buffer_append_char(&out, '\0');
	return out.data;
}

/* The frame behind the first one, which has a beginning of its own. */
static const char *frame(void)
{
	report_init(&report, &options);
	next_frame();
	return next_frame();
}

static size_t lines_of(const char *text)
{
	size_t lines = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		lines++;
	}
	return lines;
}

START_TEST(a_frame_goes_home_and_erases_what_it_does_not_cover)
{
	window_rows_add_string(&rows, "PAID", 2, 30);
	ck_assert_str_eq(frame(), HOME
			 "2026-11-22 10:00:00 - 10:00:05 UTC   2 orders   "
			 "24.0/min" END_LINE
			 "status  count  total   share" END_LINE
			 "PAID        2     30  100.0%  ######################"
			 "##################" END_LINE BELOW);
	/* The day does not scroll away: it is said again. */
	ck_assert_ptr_nonnull(strstr(next_frame(), "2026-11-22"));
}
END_TEST

START_TEST(the_first_frame_scrolls_up_what_stands_there)
{
	options.lines = 5;
	report_init(&report, &options);
	next_frame();
	ck_assert_int_eq(memcmp(out.data, "\n\n\n\n" HOME "2026", 11), 0);
	next_frame();
	ck_assert_int_eq(memcmp(out.data, HOME "2026", 7), 0);
}
END_TEST

START_TEST(a_window_without_rows_says_so)
{
	ck_assert_ptr_nonnull(
		strstr(frame(), END_LINE "no orders so far" END_LINE BELOW));
}
END_TEST

START_TEST(rows_that_fit_are_all_there)
{
	add_groups(7);
	frame();
	ck_assert_uint_eq(lines_of(out.data), 9);
	ck_assert_ptr_nonnull(strstr(out.data, "\nG6 "));
	ck_assert_ptr_null(strstr(out.data, "more"));
}
END_TEST

START_TEST(rows_that_do_not_fit_are_said_with_their_orders)
{
	add_groups(8);
	frame();
	ck_assert_uint_eq(lines_of(out.data), 9);
	ck_assert_ptr_nonnull(strstr(out.data, "\nG5 "));
	ck_assert_ptr_nonnull(strstr(
		out.data, "\n... 2 more groups, 13 orders" END_LINE BELOW));
	window_rows_add(&rows, NULL, 1, 100, 100);
	ck_assert_ptr_nonnull(strstr(
		frame(),
		"\n... 2 more groups and (other), 113 orders" END_LINE BELOW));
}
END_TEST

START_TEST(one_group_and_one_order_are_not_several)
{
	window_rows_add_string(&rows, "A", 1, 1);
	options.lines = 3;
	ck_assert_ptr_nonnull(
		strstr(frame(), "\n... 1 more group, 1 order" END_LINE BELOW));
	snapshot->row_count = 0;
	window_rows_add(&rows, NULL, 1, 2, 2);
	ck_assert_ptr_nonnull(
		strstr(frame(), "\n... (other), 2 orders" END_LINE BELOW));
}
END_TEST

START_TEST(it_is_never_taller_than_the_terminal)
{
	snapshot->partial = true;
	snapshot->tallies.rejected[REJECT_INVALID_JSON] = 12345;
	snapshot->tallies.late = 1;
	for (unsigned count = 0; count < 12; count++) {
		snapshot->row_count = 0;
		add_groups(count);
		for (unsigned i = 2 * 60; i < 20 * 60; i++) {
			options.lines = i / 60;
			options.columns = 20 + i % 60;
			frame();
			ck_assert_msg(lines_of(out.data) < options.lines,
				      "%u lines, %u columns:\n%s",
				      options.lines, options.columns, out.data);
			/* Either a row for each, or a word about the rest. */
			ck_assert(options.lines < 10 ||
				  lines_of(out.data) > count ||
				  strstr(out.data, "... "));
		}
	}
}
END_TEST

/* As long as that leaves half of the lines. */
START_TEST(lines_below_are_for_what_comes_after_it)
{
	add_groups(20);
	options.lines_below = 3;
	ck_assert_uint_eq(lines_of(frame()), 6);
	ck_assert_ptr_nonnull(strstr(out.data, "\n... 17 more groups"));
	options.lines_below = 30;
	ck_assert_uint_eq(lines_of(frame()), 5);
	report_init(&report, &options);
	ck_assert_int_eq(memcmp(next_frame(), "\n\n\n\n\n\n\n\n\n" HOME, 12),
			 0);
}
END_TEST

START_TEST(a_terminal_too_narrow_for_its_lines_has_fewer_of_them)
{
	add_groups(20);
	options.lines = 31;
	options.columns = 10;
	ck_assert_uint_eq(lines_of(frame()), 15);
	ck_assert_ptr_nonnull(strstr(out.data, "\n... "));
}
END_TEST

/* Erasing behind a full line would take its last character. */
START_TEST(a_line_is_never_as_wide_as_the_terminal)
{
	static char key[200];

	memset(key, 'k', sizeof(key) - 1);
	window_rows_add_string(&rows, key, 5, 5);
	for (options.columns = 20; options.columns < 120; options.columns++) {
		const char *line = frame() + strlen(HOME);
		size_t widest = 0;

		for (const char *end; (end = strstr(line, END_LINE));
		     line = end + strlen(END_LINE)) {
			if ((size_t)(end - line) > widest)
				widest = (size_t)(end - line);
		}
		ck_assert_uint_eq(widest, options.columns - 1);
	}
}
END_TEST

START_TEST(the_next_frame_fits_the_terminal_of_its_time)
{
	add_groups(8);
	options.lines = 20;
	ck_assert_uint_eq(lines_of(frame()), 10);
	report.options.lines = 6;
	ck_assert_uint_eq(lines_of(next_frame()), 5);
	ck_assert_ptr_nonnull(strstr(out.data, "... 6 more groups"));
	report.options.lines = 0;
	ck_assert_uint_eq(lines_of(next_frame()), 10);
}
END_TEST

/* A long key that nobody sees must not take the others' room. */
START_TEST(only_rows_that_are_shown_are_measured)
{
	add_groups(9);
	window_rows_add_string(&rows, "a key that is rather long", 9, 9);
	ck_assert_ptr_nonnull(strstr(frame(), "\nstatus  count"));
}
END_TEST

START_TEST(slices_of_any_size_make_the_same_frame)
{
	char *whole;

	options.color = true;
	add_groups(12);
	whole = strdup(frame());
	for (size_t slice = 1; slice < 600; slice += 7) {
		buffer_clear(&out);
		report_begin(&report, snapshot);
		while (report_slice(&report, &out, slice))
			;
		buffer_append_char(&out, '\0');
		ck_assert_str_eq(out.data, whole);
	}
	free(whole);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("live");
	TCase *tests = tcase_create("live");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests,
		       a_frame_goes_home_and_erases_what_it_does_not_cover);
	tcase_add_test(tests, the_first_frame_scrolls_up_what_stands_there);
	tcase_add_test(tests, a_window_without_rows_says_so);
	tcase_add_test(tests, rows_that_fit_are_all_there);
	tcase_add_test(tests, rows_that_do_not_fit_are_said_with_their_orders);
	tcase_add_test(tests, one_group_and_one_order_are_not_several);
	tcase_add_test(tests, it_is_never_taller_than_the_terminal);
	tcase_add_test(tests, lines_below_are_for_what_comes_after_it);
	tcase_add_test(tests,
		       a_terminal_too_narrow_for_its_lines_has_fewer_of_them);
	tcase_add_test(tests, a_line_is_never_as_wide_as_the_terminal);
	tcase_add_test(tests, the_next_frame_fits_the_terminal_of_its_time);
	tcase_add_test(tests, only_rows_that_are_shown_are_measured);
	tcase_add_test(tests, slices_of_any_size_make_the_same_frame);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
