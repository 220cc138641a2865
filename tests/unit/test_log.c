#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static int reader;
static char got[65536];

/* A pipe in place of stderr; the reader does not wait. */
static void catch_stderr(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	reader = ends[0];
	fcntl(reader, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
}

/* What has been written since the last call. */
static const char *said(void)
{
	ssize_t size = read(reader, got, sizeof(got) - 1);

	got[size > 0 ? size : 0] = '\0';
	return got;
}

/* Leaves no room in the pipe; returns how much it took. */
static size_t fill_stderr(void)
{
	static char block[4096];
	size_t size = 0;

	fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
	while (write(STDERR_FILENO, block, sizeof(block)) > 0)
		size += sizeof(block);
	fcntl(STDERR_FILENO, F_SETFL, 0);
	return size;
}

static void drain(size_t size)
{
	while (size > 0)
		size -= (size_t)read(reader, got,
				     size < sizeof(got) ? size : sizeof(got));
}

START_TEST(lines_begin_with_the_programs_name)
{
	struct log log;

	catch_stderr();
	log_init(&log, LOG_NORMAL);
	log_line(&log, LOG_NORMAL, "%s: %d", "orders.json", 5);
	ck_assert_str_eq(said(), "ordercount: orders.json: 5\n");
}
END_TEST

START_TEST(lines_above_the_level_are_left_out)
{
	struct log log;

	catch_stderr();
	log_init(&log, LOG_MUST);
	log_line(&log, LOG_NORMAL, "normal");
	log_line(&log, LOG_VERBOSE, "verbose");
	ck_assert_str_eq(said(), "");
	log_line(&log, LOG_MUST, "must");
	ck_assert_str_eq(said(), "ordercount: must\n");
	log_init(&log, LOG_VERBOSE);
	log_line(&log, LOG_VERBOSE, "verbose");
	ck_assert_str_eq(said(), "ordercount: verbose\n");
}
END_TEST

START_TEST(a_status_line_is_erased_before_a_line)
{
	struct log log;

	catch_stderr();
	log_init(&log, LOG_NORMAL);
	log_status_erase(&log);
	ck_assert_str_eq(said(), "");
	log_status(&log, "connected");
	ck_assert_str_eq(said(), "\rconnected\033[K");
	log_line(&log, LOG_NORMAL, "a");
	log_line(&log, LOG_NORMAL, "b");
	ck_assert_str_eq(said(), "\r\033[Kordercount: a\nordercount: b\n");
	log_status(&log, "x");
	said();
	log_status_erase(&log);
	log_status_erase(&log);
	ck_assert_str_eq(said(), "\r\033[K");
}
END_TEST

START_TEST(what_could_move_the_cursor_is_no_part_of_a_line)
{
	struct log log;

	catch_stderr();
	log_init(&log, LOG_NORMAL);
	log_line(&log, LOG_NORMAL, "a\nb\x1b[2J\x7f\xc2\x9bZ\xc3\xa9\r");
	ck_assert_str_eq(said(), "ordercount: a?b?[2J??Z\xc3\xa9?\n");
}
END_TEST

START_TEST(a_long_line_is_cut_and_still_one_line)
{
	static char text[3 * PIPE_BUF];
	struct log log;
	size_t size;

	catch_stderr();
	log_init(&log, LOG_NORMAL);
	memset(text, 'x', sizeof(text) - 1);
	/* A cut between the bytes of a character would be none. */
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	log_status(&log, "x");
	said();
	log_line(&log, LOG_NORMAL, "%s", text);
	said();
	size = strlen(got);
	ck_assert_uint_le(size, PIPE_BUF);
	ck_assert_uint_gt(size, PIPE_BUF - 16);
	ck_assert_str_eq(got + size - 6, "\xc3\xa9...\n");
	ck_assert_ptr_eq(strchr(got, '\n'), got + size - 1);
}
END_TEST

START_TEST(a_stuck_stderr_drops_lines_and_says_how_many)
{
	struct log log;
	size_t size;

	catch_stderr();
	log_init(&log, LOG_NORMAL);
	size = fill_stderr();
	log_line(&log, LOG_NORMAL, "lost");
	log_line(&log, LOG_NORMAL, "lost");
	log_status(&log, "lost");
	ck_assert_uint_eq(log.dropped, 2);
	ck_assert(!log.status_shown);
	drain(size);
	log_line(&log, LOG_NORMAL, "here");
	ck_assert_str_eq(said(), "ordercount: 2 messages could not be shown "
				 "here\nordercount: here\n");
	ck_assert_uint_eq(log.dropped, 0);
}
END_TEST

START_TEST(a_stderr_that_nobody_reads_does_not_end_us)
{
	struct log log;

	catch_stderr();
	log_init(&log, LOG_NORMAL);
	close(reader);
	log_line(&log, LOG_NORMAL, "into the void");
	ck_assert_uint_eq(log.dropped, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("log");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, lines_begin_with_the_programs_name);
	tcase_add_test(tests, lines_above_the_level_are_left_out);
	tcase_add_test(tests, a_status_line_is_erased_before_a_line);
	tcase_add_test(tests, what_could_move_the_cursor_is_no_part_of_a_line);
	tcase_add_test(tests, a_long_line_is_cut_and_still_one_line);
	tcase_add_test(tests, a_stuck_stderr_drops_lines_and_says_how_many);
	tcase_add_test(tests, a_stderr_that_nobody_reads_does_not_end_us);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
