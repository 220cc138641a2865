#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/queue.h"

#define TEMPORARY	 ".out.prom.ordercount"
#define FOLDER_TEMPORARY "folder/.out.prom.ordercount"

/* Each test has a folder of its own, in which it is. */
static char folder[64];
static struct loop loop;
static struct queue queue;
static struct error error;
static bool empty;

static void set_up(void)
{
	snprintf(folder, sizeof(folder), "/tmp/test_replace.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	loop_init(&loop);
	error.message[0] = '\0';
}

static void tear_down(void)
{
	static const char *const names[] = {"out.prom", TEMPORARY, "other",
					    "folder/out.prom",
					    FOLDER_TEMPORARY};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	rmdir("folder");
	rmdir("out.prom");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	loop_release(&loop);
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* What the file holds, or "(none)". */
static const char *content(const char *name)
{
	static char text[256];
	FILE *file = fopen(name, "r");
	size_t size;

	if (!file)
		return "(none)";
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

static bool is_there(const char *name)
{
	struct stat status;

	return lstat(name, &status) == 0;
}

static mode_t mode_of(const char *name)
{
	struct stat status;

	ck_assert_int_eq(lstat(name, &status), 0);
	return status.st_mode & 07777;
}

static void must_open(const char *path)
{
	ck_assert_msg(queue_open(&queue, path, QUEUE_REPLACE, &loop, &empty,
				 &error) == 0,
		      "%s", error.message);
}

static void put(const char *text)
{
	buffer_append_text(queue_buffer(&queue), text);
	ck_assert_msg(queue_write(&queue, &error) == 0, "%s", error.message);
}

static void must_commit(void)
{
	ck_assert_msg(queue_commit(&queue, &error) == 0, "%s", error.message);
}

static void must_close(void)
{
	ck_assert_msg(queue_close(&queue, &error) == 0, "%s", error.message);
	ck_assert_uint_eq(loop.watch_count, 0);
}

START_TEST(a_window_is_seen_whole_or_not_at_all)
{
	write_file("out.prom", "old\n");
	must_open("out.prom");
	ck_assert(empty);
	put("one ");
	ck_assert_str_eq(content("out.prom"), "old\n");
	put("half, ");
	ck_assert_str_eq(content("out.prom"), "old\n");
	/* What still waits belongs to it. */
	buffer_append_text(queue_buffer(&queue), "the other\n");
	must_commit();
	ck_assert_str_eq(content("out.prom"), "one half, the other\n");
	ck_assert(!is_there(TEMPORARY));
	put("two\n");
	ck_assert_str_eq(content("out.prom"), "one half, the other\n");
	must_commit();
	ck_assert_str_eq(content("out.prom"), "two\n");
	must_close();
	ck_assert_str_eq(content("out.prom"), "two\n");
}
END_TEST

START_TEST(a_reader_keeps_the_window_that_it_opened)
{
	char text[16];
	int fd;

	must_open("out.prom");
	put("one\n");
	must_commit();
	fd = open("out.prom", O_RDONLY);
	put("two\n");
	must_commit();
	ck_assert_int_eq(read(fd, text, sizeof(text)), 4);
	ck_assert_int_eq(memcmp(text, "one\n", 4), 0);
	close(fd);
	must_close();
}
END_TEST

START_TEST(what_is_not_committed_leaves_no_trace)
{
	write_file("out.prom", "old\n");
	must_open("out.prom");
	must_close();
	ck_assert_str_eq(content("out.prom"), "old\n");
	must_open("out.prom");
	put("half");
	must_close();
	ck_assert_str_eq(content("out.prom"), "old\n");
	ck_assert(!is_there(TEMPORARY));
}
END_TEST

START_TEST(a_commit_of_nothing_changes_nothing)
{
	must_open("out.prom");
	put("one\n");
	must_commit();
	must_commit();
	ck_assert_str_eq(content("out.prom"), "one\n");
	must_close();
}
END_TEST

START_TEST(the_mode_is_that_of_the_file_before)
{
	umask(077);
	write_file("out.prom", "old\n");
	ck_assert_int_eq(chmod("out.prom", 0644), 0);
	must_open("out.prom");
	put("one\n");
	must_commit();
	ck_assert_uint_eq(mode_of("out.prom"), 0644);
	must_close();
	umask(0);
	ck_assert_int_eq(chmod("out.prom", 0400), 0);
	must_open("out.prom");
	ck_assert_uint_eq(mode_of(TEMPORARY), 0400);
	put("two\n");
	must_commit();
	ck_assert_uint_eq(mode_of("out.prom"), 0400);
	must_close();
}
END_TEST

START_TEST(a_new_file_has_the_mode_that_the_umask_leaves)
{
	umask(027);
	must_open("out.prom");
	put("one\n");
	must_commit();
	ck_assert_uint_eq(mode_of("out.prom"), 0640);
	must_close();
}
END_TEST

START_TEST(a_link_stays_and_what_it_points_to_is_replaced)
{
	char target[64];

	ck_assert_int_eq(mkdir("folder", 0700), 0);
	ck_assert_int_eq(symlink("other", "out.prom"), 0);
	ck_assert_int_eq(symlink("folder/out.prom", "other"), 0);
	/* It points to nothing so far. */
	must_open("out.prom");
	ck_assert(is_there(FOLDER_TEMPORARY));
	put("one\n");
	must_commit();
	put("two\n");
	must_commit();
	must_close();
	ck_assert_str_eq(content("folder/out.prom"), "two\n");
	ck_assert_int_gt(readlink("out.prom", target, sizeof(target)), 0);
	ck_assert(!is_there(TEMPORARY) && !is_there(FOLDER_TEMPORARY));
}
END_TEST

START_TEST(links_in_a_circle_are_an_error)
{
	ck_assert_int_eq(symlink("other", "out.prom"), 0);
	ck_assert_int_eq(symlink("out.prom", "other"), 0);
	ck_assert_int_eq(queue_open(&queue, "out.prom", QUEUE_REPLACE, &loop,
				    &empty, &error),
			 -1);
	ck_assert_ptr_nonnull(strstr(error.message, "'out.prom': "));
	ck_assert_ptr_nonnull(strstr(error.message, strerror(ELOOP)));
}
END_TEST

START_TEST(what_a_killed_run_left_is_taken_away)
{
	write_file("out.prom", "old\n");
	write_file(TEMPORARY, "half of someth");
	must_open("out.prom");
	put("one\n");
	must_commit();
	must_close();
	ck_assert_str_eq(content("out.prom"), "one\n");
	ck_assert(!is_there(TEMPORARY));
}
END_TEST

START_TEST(a_link_in_the_way_is_not_followed)
{
	write_file("other", "precious\n");
	ck_assert_int_eq(symlink("other", TEMPORARY), 0);
	must_open("out.prom");
	put("one\n");
	must_commit();
	must_close();
	ck_assert_str_eq(content("other"), "precious\n");
	ck_assert_str_eq(content("out.prom"), "one\n");
}
END_TEST

START_TEST(two_runs_on_one_file_are_an_error_and_it_stays_whole)
{
	struct queue second;

	must_open("out.prom");
	put("half of the first");
	ck_assert_int_eq(queue_open(&second, "out.prom", QUEUE_REPLACE, &loop,
				    &empty, &error),
			 0);
	buffer_append_text(queue_buffer(&second), "half of the");
	ck_assert_int_eq(queue_write(&second, &error), 0);
	ck_assert_int_eq(queue_commit(&queue, &error), -1);
	ck_assert_str_eq(error.message,
			 "cannot replace 'out.prom': another program writes "
			 "'" TEMPORARY "' too");
	ck_assert(!is_there("out.prom"));
	must_close();
	buffer_append_text(queue_buffer(&second), " second\n");
	ck_assert_int_eq(queue_commit(&second, &error), 0);
	ck_assert_int_eq(queue_close(&second, &error), 0);
	ck_assert_str_eq(content("out.prom"), "half of the second\n");
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_an_error_at_once)
{
	ck_assert_int_eq(queue_open(&queue, "folder/out.prom", QUEUE_REPLACE,
				    &loop, &empty, &error),
			 -1);
	ck_assert_str_eq(error.message,
			 "cannot write '" FOLDER_TEMPORARY "', which is to "
			 "replace 'folder/out.prom': No such file or "
			 "directory");
	ck_assert_int_eq(queue_open(&queue, "folder/", QUEUE_REPLACE, &loop,
				    &empty, &error),
			 -1);
	ck_assert_str_eq(error.message,
			 "cannot replace 'folder/': Is a directory");
}
END_TEST

START_TEST(a_disk_that_is_full_leaves_the_file_as_it_was)
{
	struct rlimit limit = {4, 4};

	write_file("out.prom", "old\n");
	signal(SIGXFSZ, SIG_IGN);
	must_open("out.prom");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	buffer_append_text(queue_buffer(&queue), "too much for it\n");
	ck_assert_int_eq(queue_commit(&queue, &error), -1);
	ck_assert_str_eq(error.message,
			 "cannot write 'out.prom': File too large");
	ck_assert(!is_there(TEMPORARY));
	ck_assert_str_eq(content("out.prom"), "old\n");
	must_close();
}
END_TEST

START_TEST(memory_that_ran_out_in_a_window_leaves_the_file_as_it_was)
{
	write_file("out.prom", "old\n");
	must_open("out.prom");
	put("half");
	queue_buffer(&queue)->failed = true;
	ck_assert_int_eq(queue_commit(&queue, &error), -1);
	ck_assert(!is_there(TEMPORARY));
	ck_assert_str_eq(content("out.prom"), "old\n");
	must_close();
}
END_TEST

START_TEST(a_file_that_cannot_be_renamed_over_is_an_error)
{
	must_open("out.prom");
	ck_assert_int_eq(mkdir("out.prom", 0700), 0);
	put("one\n");
	ck_assert_int_eq(queue_commit(&queue, &error), -1);
	ck_assert_str_eq(error.message,
			 "cannot replace 'out.prom': Is a directory");
	ck_assert(!is_there(TEMPORARY));
	must_close();
}
END_TEST

START_TEST(into_a_fifo_windows_go_one_after_the_other)
{
	char text[32] = "";
	int reader;

	ck_assert_int_eq(mkfifo("out.prom", 0600), 0);
	reader = open("out.prom", O_RDONLY | O_NONBLOCK);
	must_open("out.prom");
	put("one\n");
	must_commit();
	put("two\n");
	must_commit();
	ck_assert_int_eq(read(reader, text, sizeof(text)), 8);
	ck_assert_str_eq(text, "one\ntwo\n");
	ck_assert(!is_there(TEMPORARY));
	must_close();
	close(reader);
}
END_TEST

START_TEST(standard_output_has_nothing_to_commit)
{
	char text[32] = "";
	int ends[2];

	fflush(stdout);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	must_open("-");
	put("one\n");
	must_commit();
	ck_assert_int_eq(read(ends[0], text, sizeof(text)), 4);
	must_close();
}
END_TEST

START_TEST(opened_again_it_goes_on)
{
	must_open("out.prom");
	ck_assert_int_eq(queue_reopen(&queue, &empty, &error), 0);
	put("one\n");
	must_commit();
	ck_assert_int_eq(rename("out.prom", "other"), 0);
	ck_assert_int_eq(queue_reopen(&queue, &empty, &error), 0);
	put("two\n");
	must_commit();
	must_close();
	ck_assert_str_eq(content("other"), "one\n");
	ck_assert_str_eq(content("out.prom"), "two\n");
	ck_assert(!is_there(TEMPORARY));
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, a_window_is_seen_whole_or_not_at_all);
	tcase_add_test(tests, a_reader_keeps_the_window_that_it_opened);
	tcase_add_test(tests, what_is_not_committed_leaves_no_trace);
	tcase_add_test(tests, a_commit_of_nothing_changes_nothing);
	tcase_add_test(tests, the_mode_is_that_of_the_file_before);
	tcase_add_test(tests, a_new_file_has_the_mode_that_the_umask_leaves);
	tcase_add_test(tests, a_link_stays_and_what_it_points_to_is_replaced);
	tcase_add_test(tests, links_in_a_circle_are_an_error);
	tcase_add_test(tests, what_a_killed_run_left_is_taken_away);
	tcase_add_test(tests, a_link_in_the_way_is_not_followed);
	tcase_add_test(tests,
		       two_runs_on_one_file_are_an_error_and_it_stays_whole);
	tcase_add_test(tests, a_folder_that_is_not_there_is_an_error_at_once);
	tcase_add_test(tests, a_disk_that_is_full_leaves_the_file_as_it_was);
	tcase_add_test(
		tests,
		memory_that_ran_out_in_a_window_leaves_the_file_as_it_was);
	tcase_add_test(tests, a_file_that_cannot_be_renamed_over_is_an_error);
	tcase_add_test(tests, into_a_fifo_windows_go_one_after_the_other);
	tcase_add_test(tests, standard_output_has_nothing_to_commit);
	tcase_add_test(tests, opened_again_it_goes_on);
}

int main(void)
{
	Suite *suite = suite_create("replace");
	TCase *tests = tcase_create("replace");
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
