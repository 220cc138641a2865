#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/rejects.h"

#define MINUTE_NS ((int64_t)60 * 1000000000)

static int reader;
static char got[65536];
static char directory[] = "/tmp/test_rejects.XXXXXX";
static char path[64];
static struct log log_lines;
static struct error error;

static struct loop loop;

static void set_up(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	reader = ends[0];
	fcntl(reader, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/rejects", directory);
	log_init(&log_lines, LOG_NORMAL);
	loop_init(&loop);
	error.message[0] = '\0';
}

static void tear_down(void)
{
	char moved[80];

	loop_release(&loop);

	snprintf(moved, sizeof(moved), "%s.1", path);
	unlink(moved);
	unlink(path);
	rmdir(directory);
}

static const char *said(void)
{
	ssize_t size = read(reader, got, sizeof(got) - 1);

	got[size > 0 ? size : 0] = '\0';
	return got;
}

static const char *content(const char *name)
{
	FILE *file = fopen(name, "r");
	size_t size;

	ck_assert_ptr_nonnull(file);
	size = fread(got, 1, sizeof(got) - 1, file);
	fclose(file);
	got[size] = '\0';
	return got;
}

static struct reject reject_of(enum reject_reason reason, size_t column,
			       const char *line)
{
	return (struct reject){.reason = reason,
			       .stream = "orders.json",
			       .line_number = 17,
			       .column = column,
			       .line = span_of(line)};
}

/* The notice of one reject that is the first of its kind. */
static const char *notice(struct reject reject)
{
	struct rejects rejects;

	ck_assert_int_eq(rejects_open(&rejects, NULL, &loop, &error), 0);
	rejects_add(&rejects, &reject, &log_lines, 0);
	ck_assert_int_eq(rejects_close(&rejects, &log_lines, &error), 0);
	return said();
}

START_TEST(a_notice_names_source_line_column_reason_and_excerpt)
{
	ck_assert_str_eq(notice(reject_of(REJECT_INVALID_JSON, 12,
					  "{\"status\": PAI\r")),
			 "ordercount: orders.json: line 17, column 12: "
			 "invalid_json: {\"status\": PAI\n");
}
END_TEST

START_TEST(a_notice_about_a_key_names_the_field)
{
	struct reject reject = reject_of(REJECT_MISSING_KEY, 1, "{\"a\":1}");

	reject.field = "status";
	ck_assert_str_eq(notice(reject),
			 "ordercount: orders.json: line 17, column 1: "
			 "missing_key 'status': {\"a\":1}\n");
}
END_TEST

START_TEST(an_excerpt_holds_nothing_that_moves_the_cursor)
{
	ck_assert_str_eq(
		notice(reject_of(REJECT_INVALID_JSON, 2,
				 "a\x1b[2J\tb\\\xff\xc2\x9b\xe2\x80\xae"
				 "\xc3\xa9")),
		"ordercount: orders.json: line 17, column 2: invalid_json: "
		"a\\u001b[2J\\tb\\\\\\xff\\u009b\\u202e\xc3\xa9\n");
}
END_TEST

START_TEST(a_long_line_is_cut_around_the_column)
{
	static char line[20001];
	struct reject reject;
	const char *excerpt;

	for (size_t i = 0; i < 20000; i += 2)
		memcpy(line + i, "\xc3\xa9", 2);
	line[10000] = '!';
	line[10001] = '!';
	for (size_t column = 9900; column < 9904; column++) {
		reject = reject_of(REJECT_INVALID_JSON, column, line);
		excerpt = strstr(notice(reject), "invalid_json: ");
		ck_assert_ptr_nonnull(excerpt);
		ck_assert_ptr_null(strstr(excerpt, "\\x"));
		ck_assert_int_eq(memcmp(excerpt + 14, "...\xc3\xa9", 5), 0);
		ck_assert_uint_lt(strlen(excerpt), 14 + 60 + 7 + 1);
	}
	reject = reject_of(REJECT_INVALID_JSON, 10001, line);
	ck_assert_ptr_nonnull(strstr(notice(reject), "!!"));
	/* Beyond the end, and at the very start. */
	reject = reject_of(REJECT_INVALID_JSON, 20001, line);
	ck_assert_ptr_nonnull(strstr(notice(reject), ": ...\xc3\xa9"));
	reject = reject_of(REJECT_TOO_LONG, 1, line);
	ck_assert_ptr_nonnull(strstr(notice(reject), "\xc3\xa9...\n"));
	reject = reject_of(REJECT_TOO_LONG, 99999, "");
	ck_assert_str_eq(notice(reject), "ordercount: orders.json: line 17, "
					 "column 99999: too_long\n");
}
END_TEST

START_TEST(a_reason_is_shown_once_a_minute_with_the_number_left_out)
{
	struct reject bad = reject_of(REJECT_INVALID_JSON, 1, "x");
	struct reject array = reject_of(REJECT_NOT_OBJECT, 1, "[]");
	struct rejects rejects;

	ck_assert_int_eq(rejects_open(&rejects, NULL, &loop, &error), 0);
	rejects_add(&rejects, &bad, &log_lines, 0);
	said();
	rejects_add(&rejects, &bad, &log_lines, 1);
	rejects_add(&rejects, &bad, &log_lines, MINUTE_NS - 1);
	ck_assert_str_eq(said(), "");
	rejects_add(&rejects, &array, &log_lines, MINUTE_NS - 1);
	ck_assert_str_eq(said(), "ordercount: orders.json: line 17, column 1: "
				 "not_object: []\n");
	rejects_add(&rejects, &bad, &log_lines, MINUTE_NS);
	ck_assert_str_eq(said(),
			 "ordercount: orders.json: line 17, column 1: "
			 "invalid_json: x (2 more invalid_json since)\n");
	rejects_add(&rejects, &bad, &log_lines, MINUTE_NS + 1);
	rejects_add(&rejects, &array, &log_lines, MINUTE_NS + 1);
	rejects_add(&rejects, &array, &log_lines, MINUTE_NS + 1);
	said();
	ck_assert_int_eq(rejects_close(&rejects, &log_lines, &error), 0);
	ck_assert_str_eq(said(),
			 "ordercount: 1 more invalid_json was not shown\n"
			 "ordercount: 2 more not_object were not shown\n");
}
END_TEST

START_TEST(records_are_appended_as_they_were_read)
{
	struct reject first = reject_of(REJECT_INVALID_JSON, 1, "{\"a\r");
	struct reject second = reject_of(REJECT_BAD_KEY, 1, "x");
	struct reject longest = reject_of(REJECT_TOO_LONG, 1, "long");
	struct rejects rejects;

	second.line = span_make("a\0b", 3);
	for (int run = 0; run < 2; run++) {
		ck_assert_int_eq(rejects_open(&rejects, path, &loop, &error),
				 0);
		rejects_add(&rejects, &first, &log_lines, 0);
		rejects_add(&rejects, &longest, &log_lines, 0);
		rejects_add(&rejects, &second, &log_lines, 0);
		ck_assert_int_eq(rejects_write(&rejects, &error), 0);
		content(path);
		ck_assert_int_eq(memcmp(got + 9 * run, "{\"a\r\na\0b\n", 10),
				 0);
		ck_assert_int_eq(rejects_close(&rejects, &log_lines, &error),
				 0);
	}
}
END_TEST

START_TEST(a_stuck_reader_of_the_file_holds_up_nothing)
{
	static char line[1000];
	struct reject reject = reject_of(REJECT_INVALID_JSON, 1, "");
	struct rejects rejects;
	size_t waiting;
	int stuck;

	memset(line, 'x', sizeof(line));
	reject.line = span_make(line, sizeof(line));
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	stuck = open(path, O_RDONLY | O_NONBLOCK);
	ck_assert_int_ge(stuck, 0);
	ck_assert_int_eq(rejects_open(&rejects, path, &loop, &error), 0);
	for (int i = 0; i < 1000; i++)
		rejects_add(&rejects, &reject, &log_lines, 0);
	ck_assert_uint_eq(rejects_waiting(&rejects), 1000 * 1001);
	ck_assert_int_eq(rejects_write(&rejects, &error), 0);
	waiting = rejects_waiting(&rejects);
	ck_assert_uint_gt(waiting, 0);
	ck_assert_uint_lt(waiting, 1000 * 1001);
	ck_assert_int_gt(read(stuck, line, sizeof(line)), 0);
	close(stuck);
	ck_assert_int_eq(rejects_close(&rejects, &log_lines, &error), 0);
}
END_TEST

START_TEST(after_a_reopening_records_go_to_the_new_file)
{
	struct reject one = reject_of(REJECT_INVALID_JSON, 1, "one");
	struct reject two = reject_of(REJECT_INVALID_JSON, 1, "two");
	struct rejects rejects;
	char moved[80];

	snprintf(moved, sizeof(moved), "%s.1", path);
	ck_assert_int_eq(rejects_open(&rejects, path, &loop, &error), 0);
	rejects_add(&rejects, &one, &log_lines, 0);
	ck_assert_int_eq(rejects_write(&rejects, &error), 0);
	ck_assert_int_eq(rename(path, moved), 0);
	ck_assert_int_eq(rejects_reopen(&rejects, &error), 0);
	rejects_add(&rejects, &two, &log_lines, 0);
	ck_assert_int_eq(rejects_write(&rejects, &error), 0);
	ck_assert_int_eq(rejects_close(&rejects, &log_lines, &error), 0);
	ck_assert_str_eq(content(moved), "one\n");
	ck_assert_str_eq(content(path), "two\n");
}
END_TEST

START_TEST(a_file_that_fails_is_an_error)
{
	struct reject reject = reject_of(REJECT_INVALID_JSON, 1, "x");
	struct rejects rejects;

	ck_assert_int_eq(rejects_open(&rejects, "/dev/full", &loop, &error), 0);
	rejects_add(&rejects, &reject, &log_lines, 0);
	ck_assert_int_eq(rejects_write(&rejects, &error), -1);
	ck_assert_str_eq(error.message, "cannot write '/dev/full': "
					"No space left on device");
	ck_assert_int_eq(rejects_close(&rejects, &log_lines, &error), 0);

	ck_assert_int_eq(rejects_open(&rejects, directory, &loop, &error), -1);
	ck_assert_ptr_nonnull(strstr(error.message, "cannot open '"));
	ck_assert_ptr_nonnull(strstr(error.message, "Is a directory"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rejects");
	TCase *tests = tcase_create("rejects");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests,
		       a_notice_names_source_line_column_reason_and_excerpt);
	tcase_add_test(tests, a_notice_about_a_key_names_the_field);
	tcase_add_test(tests, an_excerpt_holds_nothing_that_moves_the_cursor);
	tcase_add_test(tests, a_long_line_is_cut_around_the_column);
	tcase_add_test(
		tests,
		a_reason_is_shown_once_a_minute_with_the_number_left_out);
	tcase_add_test(tests, records_are_appended_as_they_were_read);
	tcase_add_test(tests, a_stuck_reader_of_the_file_holds_up_nothing);
	tcase_add_test(tests, after_a_reopening_records_go_to_the_new_file);
	tcase_add_test(tests, a_file_that_fails_is_an_error);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
