/*
 * A file that is followed, where it ends and where it cannot be read.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "grow.h"

static const struct file_options follow = {.follow = true};
static const struct file_options until_end = {.follow = true,
					      .until_end = true};
static struct grow grow;
static int failure; /* of all that is read, or 0 */

/* In place of the C library's. */
ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
	if (failure == 0)
		return syscall(SYS_pread64, fd, data, size, offset);
	errno = failure;
	return -1;
}

static void start(void)
{
	grow_start(&grow, file_source_new("log", &follow), NULL);
}

static void finish(const char *notes)
{
	grow_expect(&grow, "");
	grow_expect_notes(&grow, notes);
	grow_close(&grow);
}

START_TEST(name_that_becomes_a_directory_or_fifo_is_said_and_waited_for)
{
	grow_write("log", "a\n");
	start();
	ck_assert_int_eq(unlink("log"), 0);
	ck_assert_int_eq(mkdir("log", 0700), 0);
	grow_step(&grow);
	grow_expect_notes(&grow,
			  "cannot open 'log': Is a directory, trying again\n");
	ck_assert_int_eq(rmdir("log"), 0);
	ck_assert_int_eq(mkfifo("log", 0600), 0);
	grow_step(&grow);
	grow_expect_notes(&grow, "cannot read 'log': not a regular file, "
				 "trying again\n");
	grow_write("new", "b\n");
	grow_rename("new", "log");
	grow_step(&grow);
	grow_expect(&grow, "a\nb\n");
	finish("");
}
END_TEST

START_TEST(without_a_descriptor_it_is_said_and_tried_again)
{
	struct rlimit limit, none;

	grow_write("log", "a\n");
	start();
	grow_expect(&grow, "a\n");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	grow_write("new", "b\n");
	grow_rename("new", "log");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	grow_drain(&grow);
	grow_later(&grow, NS_PER_S);
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "b\n");
	finish("cannot open 'log': Too many open files, trying again\n");
}
END_TEST

START_TEST(files_rotated_while_none_can_be_opened_are_read_later)
{
	struct rlimit limit, none;

	grow_write("log", "0\n");
	start();
	grow_expect(&grow, "0\n");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	/* Each is seen under the name before it has left it. */
	for (int i = 1; i < 5; i++) {
		char name[16], text[16];

		snprintf(name, sizeof(name), "log.%d", i);
		snprintf(text, sizeof(text), "%d\n", i);
		grow_rename("log", name);
		grow_write("log", text);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
		grow_drain(&grow);
		grow_later(&grow, NS_PER_S);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	}
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "1\n2\n3\n4\n");
	finish("cannot open 'log': Too many open files, trying again\n");
}
END_TEST

/* More than the kernel keeps for a reader who does not come. */
static void flood_folder(void)
{
	FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	int events;

	ck_assert_ptr_nonnull(limit);
	ck_assert_int_eq(fscanf(limit, "%d", &events), 1);
	ck_assert_int_eq(fclose(limit), 0);
	for (int i = 0; i <= events; i += 2) {
		grow_rename("x", "y");
		grow_rename("y", "x");
	}
}

START_TEST(rotation_that_the_system_could_not_tell_is_said)
{
	grow_write("log", "a\n");
	grow_write("x", "");
	start();
	grow_expect(&grow, "a\n");
	flood_folder();
	grow_append("log", "b\n");
	grow_step(&grow);
	grow_expect(&grow, "b\n");
	grow_expect_notes(&grow, "");
	flood_folder();
	grow_rename("log", "log.2");
	grow_write("log", "unseen\n");
	grow_rename("log", "log.1");
	grow_write("log", "c\n");
	grow_step(&grow);
	grow_expect(&grow, "c\n");
	finish("more happened in the folder of 'log' than the system can tell: "
	       "files that lost the name again meanwhile may be gone unread\n");
}
END_TEST

START_TEST(file_that_cannot_be_read_is_lost_until_it_can_be)
{
	grow_write("log", "a\nha");
	start();
	grow_expect(&grow, "a\n");
	grow_append("log", "lf\nb\n");
	failure = EIO;
	for (int i = 0; i < 3; i++)
		grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "ha|\n");
	grow_expect_notes(&grow, "cannot read 'log': Input/output error\n");
	failure = 0;
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "lf\nb\n");
	finish("");
}
END_TEST

START_TEST(broken_file_is_left_when_it_has_a_successor)
{
	size_t before;

	grow_write("log", "a\n");
	start();
	before = pump_count_descriptors();
	grow_append("log", "b\n");
	failure = EIO;
	grow_step(&grow);
	grow_rename("log", "log.1");
	grow_write("log", "c\n");
	grow_step(&grow);
	failure = 0;
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "a\nc\n");
	ck_assert_uint_eq(pump_count_descriptors(), before);
	grow_close(&grow);
}
END_TEST

START_TEST(without_inotify_files_are_polled)
{
	struct rlimit limit, few;
	int spare = dup(STDIN_FILENO);

	grow_write("log", "a\n");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	few.rlim_cur = (rlim_t)spare;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	grow_init(&grow, file_source_new("log", &follow), NULL);
	ck_assert_int_eq(pump_start(&grow.pump), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_ptr_null(grow.pump.loop.watches);
	grow_drain(&grow);
	grow_expect_notes(&grow, "cannot open 'log': Too many open files, "
				 "trying again\n");
	grow_expect(&grow, "a\n");
	grow_append("log", "b\n");
	grow_step(&grow);
	grow_expect(&grow, "");
	grow_later(&grow, NS_PER_S / 4);
	grow_expect(&grow, "b\n");
	grow_append("log", "c\n");
	grow_rename("log", "log.1");
	grow_write("log", "d\n");
	grow_later(&grow, NS_PER_S / 4);
	grow_expect(&grow, "c\nd\n");
	close(spare);
	finish("");
}
END_TEST

START_TEST(until_end_stops_at_the_size_of_the_start)
{
	grow_write("log", "a\nb\nha");
	grow_init(&grow, file_source_new("log", &until_end), NULL);
	ck_assert_int_eq(pump_start(&grow.pump), 0);
	grow_append("log", "lf\nc\n");
	grow_drain(&grow);
	ck_assert(grow.over);
	grow_expect(&grow, "a\nb\n");
	ck_assert_uint_eq(pump_report(&grow.pump).read_bytes, 6);
	ck_assert_uint_eq(pump_report(&grow.pump).size_bytes, 6);
	finish("");
}
END_TEST

START_TEST(until_end_ends_where_nothing_is)
{
	grow_start(&grow, file_source_new("log", &until_end), NULL);
	ck_assert(grow.over);
	finish("'log' is not there\n");
}
END_TEST

START_TEST(until_end_does_not_wait_for_a_descriptor)
{
	struct rlimit limit, none;

	grow_write("log", "a\n");
	grow_init(&grow, file_source_new("log", &until_end), NULL);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(pump_start(&grow.pump), -1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_str_eq(grow.pump.error.message,
			 "cannot open 'log': Too many open files");
	finish("");
}
END_TEST

START_TEST(until_end_ends_where_the_file_is_truncated)
{
	grow_write("log", "a\nb\n");
	grow_init(&grow, file_source_new("log", &until_end), NULL);
	ck_assert_int_eq(pump_start(&grow.pump), 0);
	ck_assert_int_eq(truncate("log", 2), 0);
	grow_drain(&grow);
	ck_assert(grow.over);
	grow_expect(&grow, "a\n");
	finish("'log' was truncated: it has ended, as --until-end asks for "
	       "what it was\n");
}
END_TEST

START_TEST(all_streams_share_one_time_to_the_end)
{
	struct grow *self = &grow;
	struct stream_time *time;

	grow_write("log", "a\n");
	grow_init(self, file_source_new("log", &follow), NULL);
	ck_assert_int_eq(pump_start(&self->pump), 0);
	pump_expect(&self->pump, CHUNK_OPENED);
	time = self->pump.chunk.stream->time;
	ck_assert(!time->steady);
	pump_expect(&self->pump, CHUNK_OPENED);
	ck_assert_ptr_eq(self->pump.chunk.stream->time, time);
	time->newest_ns = 77;
	pump_expect(&self->pump, CHUNK_DATA);
	ck_assert_int_eq(truncate("log", 0), 0);
	while (pump_next(&self->pump)->kind != CHUNK_ENDED)
		;
	ck_assert_int_eq(self->pump.chunk.after, AFTER_NEXT);
	ck_assert_ptr_eq(self->pump.chunk.stream->time, time);
	while (pump_next(&self->pump)->kind != CHUNK_OPENED)
		;
	ck_assert_ptr_eq(self->pump.chunk.stream->time, time);
	ck_assert_int_eq(time->newest_ns, 77);
	grow_close(self);
}
END_TEST

START_TEST(followed_fifo_waits_for_its_next_writer)
{
	int writer;

	ck_assert_int_eq(mkfifo("log", 0600), 0);
	start();
	writer = open("log", O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(writer, 0);
	for (int i = 0; i < 3; i++) {
		if (i > 0)
			writer = open("log", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		ck_assert_int_ge(writer, 0);
		ck_assert_int_eq(write(writer, "a\nb", 3), 3);
		close(writer);
		while (grow.records.size < 5) {
			pump_wait(&grow.pump, NS_PER_S);
			grow_drain(&grow);
		}
		grow_expect(&grow, "a\nb|\n");
		ck_assert(!grow.over);
	}
	/* Nobody writes: nothing is ready. */
	pump_wait(&grow.pump, 0);
	ck_assert_int_eq(grow.pump.loop.watches->ready, 0);
	finish("");
}
END_TEST

/* A writer, who does not wait to be let in: -1, as long as nobody reads. */
static int write_fifo(const char *text)
{
	int writer = open("log", O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	if (writer >= 0)
		ck_assert_int_eq(write(writer, text, strlen(text)),
				 (ssize_t)strlen(text));
	return writer;
}

static void make_fifo_anew(void)
{
	ck_assert_int_eq(unlink("log"), 0);
	ck_assert_int_eq(mkfifo("log", 0600), 0);
}

/* Until so many bytes are read. */
static void read_fifo(size_t size)
{
	while (grow.records.size < size) {
		pump_wait(&grow.pump, NS_PER_S);
		grow_drain(&grow);
	}
}

/* The first writer of a FIFO: its reader comes from a thread. */
static int write_first(const char *text)
{
	int writer = open("log", O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(writer, 0);
	ck_assert_int_eq(write(writer, text, strlen(text)),
			 (ssize_t)strlen(text));
	return writer;
}

START_TEST(fifo_that_is_made_anew_lets_its_writer_in)
{
	size_t before = 0;

	ck_assert_int_eq(mkfifo("log", 0600), 0);
	start();
	close(write_first("a\nb"));
	read_fifo(5);
	for (int i = 0; i < 3; i++) {
		int writer;

		make_fifo_anew();
		grow_step(&grow);
		writer = write_fifo("c\n");
		ck_assert_int_ge(writer, 0);
		close(writer);
		read_fifo(7 + 2 * (size_t)i);
		grow_step(&grow);
		if (i == 0)
			before = pump_count_descriptors();
	}
	ck_assert_uint_eq(pump_count_descriptors(), before);
	grow_expect(&grow, "a\nb|\nc\nc\nc\n");
	finish("");
}
END_TEST

START_TEST(fifo_that_lost_its_name_is_read_to_its_last_writer)
{
	int old, new;

	ck_assert_int_eq(mkfifo("log", 0600), 0);
	start();
	old = write_first("a\n");
	read_fifo(2);
	make_fifo_anew();
	grow_step(&grow);
	new = write_fifo("c\n");
	ck_assert_int_ge(new, 0);
	ck_assert_int_eq(write(old, "b\n", 2), 2);
	read_fifo(4);
	close(old);
	read_fifo(6);
	close(new);
	grow_expect(&grow, "a\nb\nc\n");
	finish("");
}
END_TEST

START_TEST(fifo_that_is_removed_is_waited_for)
{
	int writer;

	ck_assert_int_eq(mkfifo("log", 0600), 0);
	start();
	writer = write_first("a\n");
	read_fifo(2);
	ck_assert_int_eq(unlink("log"), 0);
	grow_step(&grow);
	close(writer);
	grow_step(&grow);
	ck_assert(!grow.over);
	grow_write("log", "");
	grow_step(&grow);
	grow_expect_notes(&grow, "'log' is no FIFO any more: waiting for "
				 "one\n");
	make_fifo_anew();
	grow_step(&grow);
	writer = write_fifo("b\n");
	ck_assert_int_ge(writer, 0);
	read_fifo(4);
	close(writer);
	grow_expect(&grow, "a\nb\n");
	finish("");
}
END_TEST

START_TEST(fifo_that_is_made_anew_before_its_first_writer_is_opened)
{
	ck_assert_int_eq(mkfifo("log", 0600), 0);
	start();
	make_fifo_anew();
	grow_step(&grow);
	close(write_first("a\n"));
	read_fifo(2);
	grow_expect(&grow, "a\n");
	finish("");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("follow_ends");
	TCase *test_case = tcase_create("follow_ends");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(test_case, 60);
	tcase_add_checked_fixture(test_case, grow_enter, grow_leave);
	tcase_add_test(
		test_case,
		name_that_becomes_a_directory_or_fifo_is_said_and_waited_for);
	tcase_add_test(test_case,
		       without_a_descriptor_it_is_said_and_tried_again);
	tcase_add_test(test_case,
		       files_rotated_while_none_can_be_opened_are_read_later);
	tcase_add_test(test_case,
		       rotation_that_the_system_could_not_tell_is_said);
	tcase_add_test(test_case,
		       file_that_cannot_be_read_is_lost_until_it_can_be);
	tcase_add_test(test_case, broken_file_is_left_when_it_has_a_successor);
	tcase_add_test(test_case, without_inotify_files_are_polled);
	tcase_add_test(test_case, until_end_stops_at_the_size_of_the_start);
	tcase_add_test(test_case, until_end_ends_where_nothing_is);
	tcase_add_test(test_case, until_end_does_not_wait_for_a_descriptor);
	tcase_add_test(test_case, until_end_ends_where_the_file_is_truncated);
	tcase_add_test(test_case, all_streams_share_one_time_to_the_end);
	tcase_add_test(test_case, followed_fifo_waits_for_its_next_writer);
	tcase_add_test(test_case, fifo_that_is_made_anew_lets_its_writer_in);
	tcase_add_test(test_case,
		       fifo_that_lost_its_name_is_read_to_its_last_writer);
	tcase_add_test(test_case, fifo_that_is_removed_is_waited_for);
	tcase_add_test(
		test_case,
		fifo_that_is_made_anew_before_its_first_writer_is_opened);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
