#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/queue.h"
#include "output/tail.h"

static char path[64];
static struct loop loop;
static struct error error;
static bool empty;

static void set_up(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/test_tail.XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	loop_init(&loop);
}

static void tear_down(void)
{
	unlink(path);
	loop_release(&loop);
}

static void append(const char *text, size_t times)
{
	FILE *file = fopen(path, "a");

	ck_assert_ptr_nonnull(file);
	while (times-- > 0)
		ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* Cuts, and returns how many bytes are left. */
static long cut(bool csv)
{
	struct stat status;
	int fd = open(path, O_WRONLY | O_APPEND);

	ck_assert_int_ge(fd, 0);
	ck_assert_msg(tail_cut(fd, path, csv, &empty, &error) == 0, "%s",
		      error.message);
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert(empty == (status.st_size == 0));
	close(fd);
	return (long)status.st_size;
}

static const struct {
	const char *text;
	long rows, csv; /* bytes that stay */
} cases[] = {
	{"", 0, 0},
	{"half", 0, 0},
	{"\n", 1, 1},
	{"one\n", 4, 4},
	{"one\nha", 4, 4},
	{"one\n\n", 5, 5},
	/* Of csv a row may go on behind a newline, and end in one. */
	{"a,\"b\nc\"\n", 8, 8},
	{"1\na,\"b\nc", 7, 2},
	{"1\na,\"b\n", 7, 2},
	{"1\n\"\"\"5\"\"\"\nx", 10, 10},
	{"1\n\"\"\"\n\"\"\"\n2,\"", 10, 10},
};

START_TEST(half_a_row_is_cut)
{
	append(cases[_i].text, 1);
	ck_assert_int_eq(cut(false), cases[_i].rows);
}
END_TEST

START_TEST(half_a_row_of_csv_is_cut)
{
	append(cases[_i].text, 1);
	ck_assert_int_eq(cut(true), cases[_i].csv);
}
END_TEST

/* A newline may stand anywhere in the pieces that are read. */
START_TEST(a_long_file_is_cut_at_its_last_newline)
{
	for (size_t half = 16370; half < 16400; half++) {
		ck_assert_int_eq(truncate(path, 0), 0);
		append("0123456\n", 5000);
		append("x", half);
		ck_assert_int_eq(cut(false), 40000);
		append("x", half);
		ck_assert_int_eq(cut(true), 40000);
	}
	ck_assert_int_eq(truncate(path, 0), 0);
	append("x", 100000);
	ck_assert_int_eq(cut(false), 0);
}
END_TEST

START_TEST(whole_rows_behind_a_lone_quote_stay)
{
	append("a \" b\n", 1);
	append("0123456\n", TAIL_ROW_MAX / 8 + 1);
	append("half", 1);
	ck_assert_int_eq(cut(true), 6 + TAIL_ROW_MAX + 8);
}
END_TEST

START_TEST(a_file_that_is_not_the_one_at_the_path_is_an_error)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	append("half", 1);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(tail_cut(fd, path, false, &empty, &error), -1);
	ck_assert_ptr_nonnull(strstr(error.message, "where the rows in '"));
	append("one\nhalf", 1);
	ck_assert_int_eq(tail_cut(fd, path, false, &empty, &error), -1);
	close(fd);
}
END_TEST

static void must_open(struct queue *queue, enum queue_mode mode)
{
	ck_assert_msg(queue_open(queue, path, mode, &loop, &empty, &error) == 0,
		      "%s", error.message);
}

START_TEST(rows_are_appended_behind_the_last_whole_one)
{
	struct queue queue;

	append("one\nha", 1);
	must_open(&queue, QUEUE_APPEND_ROWS);
	ck_assert(!empty);
	buffer_append_text(queue_buffer(&queue), "two\n");
	ck_assert_int_eq(queue_write(&queue, &error), 0);
	/* And so again when it is opened again. */
	append("ha", 1);
	ck_assert_int_eq(queue_reopen(&queue, &empty, &error), 0);
	ck_assert(!empty);
	buffer_append_text(queue_buffer(&queue), "three\n");
	ck_assert_int_eq(queue_write(&queue, &error), 0);
	ck_assert_int_eq(queue_close(&queue, &error), 0);
	ck_assert_int_eq(cut(false), 14);
}
END_TEST

START_TEST(a_file_of_half_a_row_is_empty_and_wants_a_header)
{
	struct queue queue;

	append("a,\"b\n", 1);
	must_open(&queue, QUEUE_APPEND_CSV);
	ck_assert(empty);
	ck_assert_int_eq(queue_close(&queue, &error), 0);
	append("a,\"b\n", 1);
	must_open(&queue, QUEUE_APPEND_ROWS);
	ck_assert(!empty);
	ck_assert_int_eq(queue_close(&queue, &error), 0);
	must_open(&queue, QUEUE_TRUNCATE);
	ck_assert(empty);
	ck_assert_int_eq(queue_close(&queue, &error), 0);
}
END_TEST

START_TEST(what_others_appended_to_is_not_cut)
{
	struct queue queue;

	append("half", 1);
	must_open(&queue, QUEUE_APPEND);
	ck_assert(!empty);
	ck_assert_int_eq(queue_close(&queue, &error), 0);
	append("\n", 1);
	ck_assert_int_eq(cut(false), 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tail");
	TCase *tests = tcase_create("tail");
	SRunner *runner = srunner_create(suite);
	int count = (int)(sizeof(cases) / sizeof(cases[0]));
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, half_a_row_is_cut, 0, count);
	tcase_add_loop_test(tests, half_a_row_of_csv_is_cut, 0, count);
	tcase_add_test(tests, a_long_file_is_cut_at_its_last_newline);
	tcase_add_test(tests, whole_rows_behind_a_lone_quote_stay);
	tcase_add_test(tests,
		       a_file_that_is_not_the_one_at_the_path_is_an_error);
	tcase_add_test(tests, rows_are_appended_behind_the_last_whole_one);
	tcase_add_test(tests, a_file_of_half_a_row_is_empty_and_wants_a_header);
	tcase_add_test(tests, what_others_appended_to_is_not_cut);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
