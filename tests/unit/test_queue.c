#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/queue.h"

static char directory[] = "/tmp/test_queue.XXXXXX";
static char path[64];
static struct loop loop;
static struct queue queue;
static struct error error;
static bool empty;

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/out", directory);
	loop_init(&loop);
	error.message[0] = '\0';
}

static void tear_down(void)
{
	char moved[80];

	snprintf(moved, sizeof(moved), "%s.1", path);
	unlink(moved);
	unlink(path);
	rmdir(directory);
	loop_release(&loop);
}

/* Standard output becomes one end; returns the other, which does not wait. */
static int stdout_to(int ends[2])
{
	fflush(stdout);
	ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[0];
}

static int stdout_to_pipe(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	return stdout_to(ends);
}

static int stdout_to_socket(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	return stdout_to(ends);
}

static void must_open(const char *name)
{
	ck_assert_msg(queue_open(&queue, name, QUEUE_TRUNCATE, &loop, &empty,
				 &error) == 0,
		      "%s", error.message);
}

static void must_write(void)
{
	ck_assert_msg(queue_write(&queue, &error) == 0, "%s", error.message);
}

static void must_close(void)
{
	ck_assert_msg(queue_close(&queue, &error) == 0, "%s", error.message);
	ck_assert_uint_eq(loop.watch_count, 0);
}

/* Appends bytes that tell their place. */
static void fill(size_t from, size_t size)
{
	for (size_t i = from; i < from + size; i++)
		buffer_append_char(queue_buffer(&queue), (char)(i % 251));
}

/* Reads what is there; each byte must be the next. Returns the next place. */
static size_t take(int reader, size_t from, size_t most)
{
	static char block[1 << 16];

	while (most > 0) {
		ssize_t size =
			read(reader, block,
			     most < sizeof(block) ? most : sizeof(block));

		if (size <= 0)
			break;
		for (ssize_t i = 0; i < size; i++, from++)
			ck_assert_int_eq(block[i], (char)(from % 251));
		most -= (size_t)size;
	}
	return from;
}

static const char *content(const char *name)
{
	static char text[4096];
	FILE *file = fopen(name, "r");
	size_t size;

	ck_assert_ptr_nonnull(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	return text;
}

START_TEST(a_file_is_truncated_and_gets_what_was_queued)
{
	FILE *file = fopen(path, "w");

	fputs("something older and longer", file);
	fclose(file);
	must_open(path);
	buffer_append_text(queue_buffer(&queue), "one\n");
	must_write();
	buffer_append_text(queue_buffer(&queue), "two\n");
	must_write();
	ck_assert_uint_eq(queue_waiting(&queue), 0);
	must_close();
	ck_assert_str_eq(content(path), "one\ntwo\n");
}
END_TEST

START_TEST(a_large_queue_goes_to_a_file_at_once_and_gives_memory_back)
{
	size_t size = (size_t)5 << 20;
	int fd;

	must_open(path);
	fill(0, size);
	must_write();
	ck_assert_uint_eq(queue_waiting(&queue), 0);
	ck_assert_uint_le(queue.bytes.capacity, (size_t)1 << 20);
	must_close();
	fd = open(path, O_RDONLY);
	ck_assert_uint_eq(take(fd, 0, SIZE_MAX), size);
	close(fd);
}
END_TEST

START_TEST(a_pipe_that_is_full_never_blocks)
{
	int reader = stdout_to_pipe();
	size_t size = (size_t)1 << 20;
	size_t taken = 0;

	must_open(NULL);
	/* If it blocked, nobody would ever read: the test would time out. */
	fill(0, size);
	must_write();
	ck_assert_uint_gt(queue_waiting(&queue), 0);
	ck_assert_uint_lt(queue_waiting(&queue), size);
	ck_assert_int_eq(queue.watch.events, POLLOUT);
	while (queue_waiting(&queue) > 0) {
		taken = take(reader, taken, 10000);
		must_write();
	}
	ck_assert_int_eq(queue.watch.events, 0);
	ck_assert_uint_eq(take(reader, taken, SIZE_MAX), size);
	must_close();
}
END_TEST

START_TEST(what_is_not_allowed_is_not_written_nor_waited_for)
{
	int reader = stdout_to_pipe();
	size_t taken;

	must_open(NULL);
	queue_allow(&queue, 5000);
	fill(0, 9000);
	must_write();
	taken = take(reader, 0, SIZE_MAX);
	ck_assert_uint_eq(taken, 5000);
	ck_assert_uint_eq(queue_waiting(&queue), 4000);
	ck_assert_int_eq(queue.watch.events, 0);
	queue_allow(&queue, 1000);
	queue_drop_rest(&queue);
	ck_assert_uint_eq(queue_waiting(&queue), 1000);
	must_write();
	taken = take(reader, taken, SIZE_MAX);
	queue_allow(&queue, SIZE_MAX);
	fill(taken, 100);
	must_write();
	ck_assert_uint_eq(take(reader, taken, SIZE_MAX), 6100);
	must_close();
}
END_TEST

START_TEST(a_borrowed_descriptor_keeps_its_flags)
{
	int reader = stdout_to_pipe();
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	must_open("-");
	fill(0, 1 << 20);
	must_write();
	ck_assert_int_eq(fcntl(STDOUT_FILENO, F_GETFL), flags);
	must_close();
	ck_assert_int_eq(fcntl(STDOUT_FILENO, F_GETFL), flags);
	close(reader);
}
END_TEST

START_TEST(a_descriptor_that_someone_made_nonblocking_loses_nothing)
{
	int reader = stdout_to_pipe();
	size_t taken = 0;

	fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
	must_open(NULL);
	for (size_t sent = 0; sent < 1000000; sent += 7777) {
		fill(sent, 7777);
		must_write();
		if (sent % 3 == 0)
			taken = take(reader, taken, 5000);
	}
	while (queue_waiting(&queue) > 0) {
		taken = take(reader, taken, 3000);
		must_write();
	}
	taken = take(reader, taken, SIZE_MAX);
	ck_assert_uint_eq(taken, 129 * 7777);
	must_close();
}
END_TEST

START_TEST(a_socket_that_is_full_never_blocks)
{
	int reader = stdout_to_socket();
	size_t size = (size_t)2 << 20;
	size_t taken = 0;

	must_open(NULL);
	fill(0, size);
	must_write();
	ck_assert_uint_gt(queue_waiting(&queue), 0);
	while (queue_waiting(&queue) > 0) {
		taken = take(reader, taken, 100000);
		must_write();
	}
	ck_assert_uint_eq(take(reader, taken, SIZE_MAX), size);
	must_close();
}
END_TEST

START_TEST(it_is_full_at_16_mib)
{
	int reader = stdout_to_pipe();

	must_open(NULL);
	fill(0, QUEUE_LIMIT_BYTES - 1);
	ck_assert(!queue_is_full(&queue));
	fill(0, 1);
	ck_assert(queue_is_full(&queue));
	must_write();
	ck_assert(!queue_is_full(&queue));
	must_close();
	close(reader);
}
END_TEST

START_TEST(a_pipe_whose_reader_is_gone_ends_us_at_a_write)
{
	int reader = stdout_to_pipe();

	must_open(NULL);
	close(reader);
	fill(0, 10);
	must_write();
}
END_TEST

START_TEST(a_socket_whose_reader_is_gone_ends_us_at_a_write)
{
	int reader = stdout_to_socket();

	must_open(NULL);
	close(reader);
	fill(0, 10);
	must_write();
}
END_TEST

/* The loop finds out, though nothing waits. */
static void wait_and_write(int reader)
{
	must_open(NULL);
	must_write();
	ck_assert_int_eq(loop_wait(&loop, 0, 0, LOOP_INPUT, &error), 0);
	must_write();
	close(reader);
	ck_assert_int_eq(loop_wait(&loop, 0, 1, LOOP_INPUT, &error), 0);
	must_write();
}

START_TEST(a_pipe_whose_reader_leaves_ends_us_while_nothing_waits)
{
	wait_and_write(stdout_to_pipe());
}
END_TEST

START_TEST(a_socket_whose_reader_leaves_ends_us_while_nothing_waits)
{
	wait_and_write(stdout_to_socket());
}
END_TEST

START_TEST(with_sigpipe_ignored_a_reader_that_is_gone_is_an_error)
{
	int reader = stdout_to_pipe();

	signal(SIGPIPE, SIG_IGN);
	must_open(NULL);
	close(reader);
	ck_assert_int_eq(loop_wait(&loop, 0, 1, LOOP_INPUT, &error), 0);
	ck_assert_int_eq(queue_write(&queue, &error), -1);
	ck_assert_str_eq(error.message,
			 "cannot write standard output: Broken pipe");
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
	int fd = open("/dev/full", O_WRONLY);

	must_open("/dev/full");
	fill(0, 10);
	ck_assert_int_eq(queue_write(&queue, &error), -1);
	ck_assert_str_eq(error.message,
			 "cannot write '/dev/full': No space left on device");
	must_close();

	dup2(fd, STDOUT_FILENO);
	must_open(NULL);
	fill(0, 10);
	ck_assert_int_eq(queue_write(&queue, &error), -1);
	ck_assert_str_eq(error.message, "cannot write standard output: "
					"No space left on device");
	must_close();
	close(fd);
}
END_TEST

START_TEST(a_standard_output_that_cannot_be_written_is_an_error_at_once)
{
	int fd = open("/dev/null", O_RDONLY);

	dup2(fd, STDOUT_FILENO);
	ck_assert_int_eq(
		queue_open(&queue, NULL, QUEUE_TRUNCATE, &loop, &empty, &error),
		-1);
	ck_assert_str_eq(error.message,
			 "cannot write standard output: Bad file descriptor");
	error.message[0] = '\0';
	close(STDOUT_FILENO);
	ck_assert_int_eq(
		queue_open(&queue, NULL, QUEUE_TRUNCATE, &loop, &empty, &error),
		-1);
	ck_assert_str_eq(error.message,
			 "cannot write standard output: Bad file descriptor");
	ck_assert_uint_eq(loop.watch_count, 0);
	close(fd);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_an_error)
{
	char name[80];
	char expected[160];

	snprintf(name, sizeof(name), "%s/no/such", directory);
	snprintf(expected, sizeof(expected),
		 "cannot open '%s': No such file or directory", name);
	ck_assert_int_eq(
		queue_open(&queue, name, QUEUE_TRUNCATE, &loop, &empty, &error),
		-1);
	ck_assert_str_eq(error.message, expected);
}
END_TEST

START_TEST(memory_that_ran_out_is_an_error_and_nothing_waits)
{
	must_open(path);
	queue_buffer(&queue)->failed = true;
	ck_assert_uint_eq(queue_waiting(&queue), 0);
	ck_assert_int_eq(queue_write(&queue, &error), -1);
	ck_assert_ptr_nonnull(
		strstr(error.message, ": Cannot allocate memory"));
	must_close();
}
END_TEST

START_TEST(after_a_reopening_rows_are_appended_to_the_path)
{
	char moved[80];

	snprintf(moved, sizeof(moved), "%s.1", path);
	must_open(path);
	buffer_append_text(queue_buffer(&queue), "one\n");
	must_write();
	ck_assert_int_eq(queue_reopen(&queue, &empty, &error), 0);
	ck_assert(!empty);
	buffer_append_text(queue_buffer(&queue), "two\n");
	must_write();
	ck_assert_int_eq(rename(path, moved), 0);
	ck_assert_int_eq(queue_reopen(&queue, &empty, &error), 0);
	ck_assert(empty);
	buffer_append_text(queue_buffer(&queue), "three\n");
	must_write();
	must_close();
	ck_assert_str_eq(content(moved), "one\ntwo\n");
	ck_assert_str_eq(content(path), "three\n");
}
END_TEST

START_TEST(a_reopening_that_fails_leaves_the_queue_to_be_closed)
{

	must_open(path);
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(queue_reopen(&queue, &empty, &error), -1);
	ck_assert_ptr_nonnull(strstr(error.message, "cannot open '"));
	must_close();
	rmdir(path);
}
END_TEST

START_TEST(reopening_standard_output_changes_nothing)
{
	int reader = stdout_to_pipe();

	must_open(NULL);
	ck_assert_int_eq(queue_reopen(&queue, &empty, &error), 0);
	ck_assert(!empty);
	fill(0, 10);
	must_write();
	ck_assert_uint_eq(take(reader, 0, 100), 10);
	must_close();
}
END_TEST

START_TEST(closing_leaves_standard_output_open)
{
	int reader = stdout_to_pipe();

	must_open(NULL);
	must_close();
	ck_assert_int_eq(write(STDOUT_FILENO, "x", 1), 1);
	close(reader);
}
END_TEST

static void add_pipe_tests(TCase *tests)
{
	tcase_add_test(tests, a_pipe_that_is_full_never_blocks);
	tcase_add_test(tests, a_borrowed_descriptor_keeps_its_flags);
	tcase_add_test(
		tests,
		a_descriptor_that_someone_made_nonblocking_loses_nothing);
	tcase_add_test(tests, a_socket_that_is_full_never_blocks);
	tcase_add_test(tests,
		       what_is_not_allowed_is_not_written_nor_waited_for);
	tcase_add_test(tests, it_is_full_at_16_mib);
	tcase_add_test(tests,
		       with_sigpipe_ignored_a_reader_that_is_gone_is_an_error);
}

/* They end before a fixture could tidy up: no files here. */
static void add_signal_tests(TCase *tests)
{
	tcase_add_test_raise_signal(
		tests, a_pipe_whose_reader_is_gone_ends_us_at_a_write, SIGPIPE);
	tcase_add_test_raise_signal(
		tests, a_socket_whose_reader_is_gone_ends_us_at_a_write,
		SIGPIPE);
	tcase_add_test_raise_signal(
		tests, a_pipe_whose_reader_leaves_ends_us_while_nothing_waits,
		SIGPIPE);
	tcase_add_test_raise_signal(
		tests, a_socket_whose_reader_leaves_ends_us_while_nothing_waits,
		SIGPIPE);
}

int main(void)
{
	Suite *suite = suite_create("queue");
	TCase *tests = tcase_create("queue");
	TCase *signals = tcase_create("signals");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, signals);
	add_signal_tests(signals);
	add_pipe_tests(tests);
	tcase_add_test(tests, a_file_is_truncated_and_gets_what_was_queued);
	tcase_add_test(
		tests,
		a_large_queue_goes_to_a_file_at_once_and_gives_memory_back);
	tcase_add_test(tests, a_full_disk_is_an_error);
	tcase_add_test(
		tests,
		a_standard_output_that_cannot_be_written_is_an_error_at_once);
	tcase_add_test(tests, a_file_that_cannot_be_opened_is_an_error);
	tcase_add_test(tests,
		       memory_that_ran_out_is_an_error_and_nothing_waits);
	tcase_add_test(tests, after_a_reopening_rows_are_appended_to_the_path);
	tcase_add_test(tests,
		       a_reopening_that_fails_leaves_the_queue_to_be_closed);
	tcase_add_test(tests, reopening_standard_output_changes_nothing);
	tcase_add_test(tests, closing_leaves_standard_output_open);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
