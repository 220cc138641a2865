#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pump.h"
#include "source/open.h"

static const struct file_options plain;

/* A folder of its own for each test; left by the process that made it. */
static char folder[] = "/tmp/ordercount-test-XXXXXX";

static void enter_folder(void)
{
	memset(folder + sizeof(folder) - 7, 'X', 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
	char command[128];
	struct rlimit limit;

	/* A test may have lowered it. */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void put(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void start(struct pump *pump, struct source *source)
{
	pump_open(pump, source);
	ck_assert_msg(pump_start(pump) == 0, "%s", pump->error.message);
}

static void refuse(struct source *source, const char *message)
{
	struct pump pump;

	pump_open(&pump, source);
	ck_assert_int_eq(pump_start(&pump), -1);
	ck_assert_str_eq(pump.error.message, message);
	pump_close(&pump);
}

static void expect_over(struct pump *pump)
{
	ck_assert_int_eq(pump->chunk.after, AFTER_OVER);
	pump_expect_nothing(pump);
	ck_assert_int_eq(pump_report(pump).state, REPORT_OVER);
}

/* The next stream has this name and text, and ends by itself. */
static void expect_stream(struct pump *pump, const char *name, const char *text)
{
	pump_expect(pump, CHUNK_OPENED);
	ck_assert_str_eq(pump->chunk.stream->name, name);
	ck_assert_int_eq(pump_read_stream(pump), CHUNK_ENDED);
	ck_assert_str_eq(pump->chunk.stream->name, name);
	pump_expect_why(pump, "");
	pump_expect_text(pump, text);
}

START_TEST(file_is_read_to_its_end)
{
	struct pump pump;

	write_file("orders", "one\ntwo");
	start(&pump, file_source_new("orders", &plain));
	expect_stream(&pump, "orders", "one\ntwo");
	expect_over(&pump);
	pump_close(&pump);
}
END_TEST

START_TEST(no_read_is_larger_than_the_area)
{
	struct pump pump;

	write_file("orders", "abcdefgh");
	start(&pump, file_source_new("orders", &plain));
	pump.read_size = 3;
	pump_expect(&pump, CHUNK_OPENED);
	ck_assert_uint_eq(pump_report(&pump).size_bytes, 8);
	pump_expect(&pump, CHUNK_DATA);
	pump_expect_text(&pump, "abc");
	ck_assert_uint_eq(pump_report(&pump).read_bytes, 3);
	ck_assert_int_eq(pump_read_stream(&pump), CHUNK_ENDED);
	pump_expect_text(&pump, "defgh");
	ck_assert_uint_eq(pump_report(&pump).read_bytes, 8);
	pump_close(&pump);
}
END_TEST

START_TEST(regular_file_never_makes_the_loop_wait)
{
	struct pump pump;

	write_file("orders", "text");
	start(&pump, file_source_new("orders", &plain));
	ck_assert_ptr_null(pump.loop.watches);
	ck_assert_int_eq(pump_ask(&pump), SOURCE_CHUNK);
	ck_assert_int_eq(pump.chunk.kind, CHUNK_OPENED);
	ck_assert_int_eq(pump_ask(&pump), SOURCE_CHUNK);
	ck_assert_int_eq(pump.chunk.kind, CHUNK_DATA);
	ck_assert_int_eq(pump_ask(&pump), SOURCE_CHUNK);
	ck_assert_int_eq(pump.chunk.kind, CHUNK_ENDED);
	pump_close(&pump);
}
END_TEST

START_TEST(file_that_shrinks_ends_where_it_ends)
{
	struct pump pump;

	write_file("orders", "abcdefgh");
	start(&pump, file_source_new("orders", &plain));
	pump.read_size = 4;
	pump_expect(&pump, CHUNK_OPENED);
	pump_expect(&pump, CHUNK_DATA);
	ck_assert_int_eq(truncate("orders", 2), 0);
	pump_expect(&pump, CHUNK_ENDED);
	pump_close(&pump);
}
END_TEST

START_TEST(missing_file_and_directory_are_refused)
{
	ck_assert_int_eq(mkdir("folder", 0700), 0);
	refuse(file_source_new("nowhere", &plain),
	       "cannot open 'nowhere': No such file or directory");
	refuse(file_source_new("folder", &plain),
	       "cannot open 'folder': Is a directory");
}
END_TEST

START_TEST(closed_sources_leave_no_descriptor)
{
	struct pump pump;
	size_t before = pump_count_descriptors();

	write_file("orders", "text");
	start(&pump, file_source_new("orders", &plain));
	ck_assert_uint_eq(pump_count_descriptors(), before + 1);
	pump_close(&pump);
	start(&pump, file_source_new("orders", &plain));
	pump_expect(&pump, CHUNK_OPENED);
	ck_assert_int_eq(pump_read_stream(&pump), CHUNK_ENDED);
	ck_assert_uint_eq(pump_count_descriptors(), before);
	pump_close(&pump);
	start(&pump, file_source_new("/dev/null", &plain));
	expect_stream(&pump, "/dev/null", "");
	pump_close(&pump);
	ck_assert_uint_eq(pump_count_descriptors(), before);
}
END_TEST

START_TEST(fifo_opens_with_its_writer_and_ends_with_it)
{
	struct pump pump;
	int writer;

	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	start(&pump, file_source_new("fifo", &plain));
	pump_expect_nothing(&pump);
	ck_assert_int_eq(pump_report(&pump).state, REPORT_DIALLING);
	/* Also while the input waits, as before the run begins. */
	pump.input_waits = true;
	writer = open("fifo", O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(writer, 0);
	pump_expect(&pump, CHUNK_OPENED);
	ck_assert_int_eq(pump_report(&pump).state, REPORT_UP);
	pump_expect_nothing(&pump);
	put(writer, "one");
	pump_expect_nothing(&pump);
	pump.input_waits = false;
	pump_expect(&pump, CHUNK_DATA);
	pump_expect_text(&pump, "one");
	pump_expect_nothing(&pump);
	put(writer, "two");
	close(writer);
	ck_assert_int_eq(pump_read_stream(&pump), CHUNK_ENDED);
	pump_expect_text(&pump, "two");
	expect_over(&pump);
	pump_close(&pump);
}
END_TEST

START_TEST(fifo_without_a_writer_can_be_closed)
{
	struct pump pump;

	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	start(&pump, file_source_new("fifo", &plain));
	pump_expect_nothing(&pump);
	pump_close(&pump);
}
END_TEST

/* Leaves so many descriptors that can still be had. */
static void leave_descriptors(int count)
{
	struct rlimit limit;
	int last = -1;
	int spare[8];
	int i;

	for (i = 0; i <= count; i++)
		spare[i] = last = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	while (i-- > 0)
		close(spare[i]);
	ck_assert_int_ge(last, 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)last;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(fifo_that_cannot_be_opened_is_down)
{
	struct pump pump;

	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	/* Enough for the thread's pipe, and none for the FIFO. */
	leave_descriptors(2);
	start(&pump, file_source_new("fifo", &plain));
	pump_expect(&pump, CHUNK_DOWN);
	pump_expect_why(&pump, "cannot open 'fifo': Too many open files");
	ck_assert_ptr_null(pump.chunk.stream);
	expect_over(&pump);
	pump_close(&pump);
}
END_TEST

START_TEST(no_descriptor_left_is_said)
{
	leave_descriptors(0);
	refuse(file_source_new("/dev/null", &plain),
	       "cannot open '/dev/null': Too many open files");
	refuse(directory_source_new(".", &plain),
	       "cannot open '.': Too many open files");
}
END_TEST

static void become_stdin(int fd)
{
	ck_assert_int_eq(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
}

START_TEST(stdin_pipe_is_polled_and_stays_blocking)
{
	struct pump pump;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	become_stdin(ends[0]);
	start(&pump, stdin_source_new("-"));
	pump_expect(&pump, CHUNK_OPENED);
	ck_assert_str_eq(pump.chunk.stream->name, "-");
	/* Would block for ever if it read before it polled. */
	pump_expect_nothing(&pump);
	ck_assert_int_eq(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
	put(ends[1], "one\n");
	pump_expect(&pump, CHUNK_DATA);
	ck_assert_int_eq(pump_ask(&pump), SOURCE_AGAIN);
	put(ends[1], "two");
	close(ends[1]);
	ck_assert_int_eq(pump_read_stream(&pump), CHUNK_ENDED);
	pump_expect_text(&pump, "two");
	expect_over(&pump);
	pump_close(&pump);
	/* Borrowed: it is still there. */
	ck_assert_int_ge(fcntl(STDIN_FILENO, F_GETFD), 0);
}
END_TEST

START_TEST(stdin_that_others_made_non_blocking_waits)
{
	struct pump pump;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	become_stdin(ends[0]);
	start(&pump, stdin_source_new("-"));
	pump_expect(&pump, CHUNK_OPENED);
	put(ends[1], "x");
	/* Somebody else takes the byte between the poll and the read. */
	pump_wait(&pump, PUMP_PATIENCE_NS);
	ck_assert_int_eq(read(STDIN_FILENO, pump.area, 1), 1);
	ck_assert_int_eq(pump_ask(&pump), SOURCE_AGAIN);
	put(ends[1], "y");
	pump_expect(&pump, CHUNK_DATA);
	pump_expect_text(&pump, "y");
	pump_close(&pump);
}
END_TEST

START_TEST(stdin_can_be_a_socket)
{
	struct pump pump;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	become_stdin(ends[0]);
	start(&pump, stdin_source_new("-"));
	put(ends[1], "order");
	close(ends[1]);
	expect_stream(&pump, "-", "order");
	pump_close(&pump);
}
END_TEST

START_TEST(stdin_file_is_read_from_where_it_stands)
{
	struct pump pump;
	int fd;

	write_file("orders", "abcdefgh");
	fd = open("orders", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(lseek(fd, 6, SEEK_SET), 6);
	become_stdin(fd);
	start(&pump, stdin_source_new("-"));
	ck_assert_uint_eq(pump_report(&pump).size_bytes, 2);
	expect_stream(&pump, "-", "gh");
	pump_close(&pump);
}
END_TEST

/* What cannot be read is LOST, with this reason. */
static void expect_stdin_lost(int fd, const char *why)
{
	struct pump pump;

	ck_assert_int_ge(fd, 0);
	become_stdin(fd);
	start(&pump, stdin_source_new("-"));
	pump_expect(&pump, CHUNK_OPENED);
	pump_expect(&pump, CHUNK_LOST);
	pump_expect_why(&pump, why);
	expect_over(&pump);
	pump_close(&pump);
}

START_TEST(stdin_that_cannot_be_read_is_lost)
{
	expect_stdin_lost(open("/dev/null", O_WRONLY | O_CLOEXEC),
			  "cannot read standard input: Bad file descriptor");
	expect_stdin_lost(open(".", O_RDONLY | O_CLOEXEC),
			  "cannot read standard input: Is a directory");
}
END_TEST

START_TEST(directory_is_read_in_the_order_of_bytes)
{
	struct pump pump;
	size_t before = pump_count_descriptors();

	ck_assert_int_eq(mkdir("in", 0700), 0);
	write_file("in/b", "b\n");
	write_file("in/a", "a");
	write_file("in/\xc3\xa4", "umlaut");
	write_file("in/B", "");
	write_file("in/.hidden", "hidden");
	write_file("elsewhere", "linked");
	ck_assert_int_eq(symlink("../elsewhere", "in/c"), 0);
	ck_assert_int_eq(mkdir("in/folder", 0700), 0);
	write_file("in/folder/deep", "deep");
	ck_assert_int_eq(mkfifo("in/fifo", 0600), 0);
	start(&pump, directory_source_new("in", &plain));
	ck_assert_uint_eq(pump_count_descriptors(), before);
	ck_assert_uint_eq(pump_report(&pump).size_bytes, 15);
	expect_stream(&pump, "in/B", "");
	ck_assert_int_eq(pump.chunk.after, AFTER_NEXT);
	ck_assert_int_eq(pump_report(&pump).state, REPORT_UP);
	expect_stream(&pump, "in/a", "a");
	expect_stream(&pump, "in/b", "b\n");
	expect_stream(&pump, "in/c", "linked");
	ck_assert_int_eq(pump.chunk.after, AFTER_NEXT);
	expect_stream(&pump, "in/\xc3\xa4", "umlaut");
	expect_over(&pump);
	ck_assert_uint_eq(pump_report(&pump).read_bytes, 15);
	ck_assert_uint_eq(pump_count_descriptors(), before);
	pump_close(&pump);
}
END_TEST

START_TEST(unreadable_file_is_lost_and_the_rest_is_read)
{
	struct pump pump;

	ck_assert_int_eq(mkdir("in", 0700), 0);
	write_file("in/b", "b");
	ck_assert_int_eq(symlink("nowhere", "in/a"), 0);
	ck_assert_int_eq(symlink("nowhere", "in/c"), 0);
	start(&pump, directory_source_new("in/", &plain));
	pump_expect(&pump, CHUNK_OPENED);
	ck_assert_str_eq(pump.chunk.stream->name, "in/a");
	pump_expect(&pump, CHUNK_LOST);
	ck_assert_int_eq(pump.chunk.after, AFTER_NEXT);
	pump_expect_why(&pump, "cannot open 'in/a': No such file or directory");
	expect_stream(&pump, "in/b", "b");
	pump_expect(&pump, CHUNK_OPENED);
	pump_expect(&pump, CHUNK_LOST);
	pump_expect_why(&pump, "cannot open 'in/c': No such file or directory");
	expect_over(&pump);
	pump_close(&pump);
}
END_TEST

START_TEST(file_that_became_a_fifo_does_not_block)
{
	struct pump pump;

	ck_assert_int_eq(mkdir("in", 0700), 0);
	write_file("in/a", "a");
	start(&pump, directory_source_new("in", &plain));
	ck_assert_int_eq(unlink("in/a"), 0);
	ck_assert_int_eq(mkfifo("in/a", 0600), 0);
	pump_expect(&pump, CHUNK_OPENED);
	pump_expect(&pump, CHUNK_LOST);
	pump_expect_why(&pump, "cannot read 'in/a': not a regular file");
	expect_over(&pump);
	pump_close(&pump);
}
END_TEST

START_TEST(empty_directory_opens_and_ends)
{
	struct pump pump;

	ck_assert_int_eq(mkdir("in", 0700), 0);
	start(&pump, directory_source_new("in", &plain));
	expect_stream(&pump, "in", "");
	expect_over(&pump);
	pump_close(&pump);
}
END_TEST

START_TEST(directory_that_cannot_be_listed_is_refused)
{
	write_file("file", "");
	refuse(directory_source_new("nowhere", &plain),
	       "cannot open 'nowhere': No such file or directory");
	refuse(directory_source_new("file", &plain),
	       "cannot open 'file': Not a directory");
}
END_TEST

START_TEST(closing_in_the_middle_leaves_nothing)
{
	struct pump pump;
	size_t before = pump_count_descriptors();

	ck_assert_int_eq(mkdir("in", 0700), 0);
	write_file("in/a", "abc");
	write_file("in/b", "def");
	start(&pump, directory_source_new("in", &plain));
	pump_expect(&pump, CHUNK_OPENED);
	pump_expect(&pump, CHUNK_DATA);
	pump_close(&pump);
	ck_assert_uint_eq(pump_count_descriptors(), before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source");
	TCase *test_case = tcase_create("source");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(test_case, 60);
	tcase_add_checked_fixture(test_case, enter_folder, leave_folder);
	tcase_add_test(test_case, file_is_read_to_its_end);
	tcase_add_test(test_case, no_read_is_larger_than_the_area);
	tcase_add_test(test_case, regular_file_never_makes_the_loop_wait);
	tcase_add_test(test_case, file_that_shrinks_ends_where_it_ends);
	tcase_add_test(test_case, missing_file_and_directory_are_refused);
	tcase_add_test(test_case, closed_sources_leave_no_descriptor);
	tcase_add_test(test_case, fifo_opens_with_its_writer_and_ends_with_it);
	tcase_add_test(test_case, fifo_without_a_writer_can_be_closed);
	tcase_add_test(test_case, fifo_that_cannot_be_opened_is_down);
	tcase_add_test(test_case, no_descriptor_left_is_said);
	tcase_add_test(test_case, stdin_pipe_is_polled_and_stays_blocking);
	tcase_add_test(test_case, stdin_that_others_made_non_blocking_waits);
	tcase_add_test(test_case, stdin_can_be_a_socket);
	tcase_add_test(test_case, stdin_file_is_read_from_where_it_stands);
	tcase_add_test(test_case, stdin_that_cannot_be_read_is_lost);
	tcase_add_test(test_case, directory_is_read_in_the_order_of_bytes);
	tcase_add_test(test_case, unreadable_file_is_lost_and_the_rest_is_read);
	tcase_add_test(test_case, file_that_became_a_fifo_does_not_block);
	tcase_add_test(test_case, empty_directory_opens_and_ends);
	tcase_add_test(test_case, directory_that_cannot_be_listed_is_refused);
	tcase_add_test(test_case, closing_in_the_middle_leaves_nothing);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
