/*
 * A directory that is followed.
 */
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "grow.h"

static const struct file_options follow = {.follow = true};
static const struct file_options until_end = {.follow = true,
					      .until_end = true};
static struct grow grow;
static bool no_inotify;

/* In place of the C library's: as when no instance is left. */
int inotify_init1(int flags)
{
	if (!no_inotify)
		return (int)syscall(SYS_inotify_init1, flags);
	errno = EMFILE;
	return -1;
}

/* What happens once the directory was looked at. */
static void (*meanwhile)(void);

/* In place of the C library's. */
int stat(const char *restrict path, struct stat *restrict status)
{
	int result = fstatat(AT_FDCWD, path, status, 0);
	void (*once)(void) = meanwhile;

	if (once && strcmp(path, "in") == 0) {
		meanwhile = NULL;
		once();
	}
	return result;
}

/* Births are told apart by the ticks of the kernel's clock: until the next. */
static void wait_for_tick(void)
{
	struct timespec first, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &first);
	do {
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_nsec == first.tv_nsec && now.tv_sec == first.tv_sec);
}

static void enter(void)
{
	grow_enter();
	ck_assert_int_eq(mkdir("in", 0700), 0);
}

static void start(void)
{
	grow_start(&grow, directory_source_new("in", &follow), NULL);
}

static void finish(const char *notes)
{
	grow_expect(&grow, "");
	grow_expect_notes(&grow, notes);
	grow_close(&grow);
}

START_TEST(files_that_are_there_are_read_in_the_order_of_names)
{
	grow_write("in/b", "b\n");
	grow_write("in/a", "a");
	grow_write("in/.c", "c\n");
	ck_assert_int_eq(mkdir("in/folder", 0700), 0);
	start();
	grow_expect(&grow, "a|\nb\n");
	ck_assert(!grow.over);
	finish("");
}
END_TEST

START_TEST(empty_directory_is_open_and_wakes_nobody_up_but_each_second)
{
	grow_init(&grow, directory_source_new("in", &follow), NULL);
	ck_assert_int_eq(pump_start(&grow.pump), 0);
	pump_expect(&grow.pump, CHUNK_OPENED);
	ck_assert_str_eq(grow.pump.chunk.stream->name, "in");
	pump_expect_nothing(&grow.pump);
	ck_assert_int_eq(grow.pump.loop.timers->due_ns,
			 grow.pump.clock.mono_ns + NS_PER_S);
	ck_assert_int_eq(grow.pump.loop.watches->ready, 0);
	finish("");
}
END_TEST

START_TEST(files_are_read_in_the_order_in_which_they_come)
{
	start();
	grow_write("z", "z\n");
	grow_write("y", "y\n");
	grow_write("in/.hidden", "hidden\n");
	grow_rename("z", "in/z");
	grow_write("in/b", "b\n");
	grow_rename("y", "in/a");
	grow_step(&grow);
	grow_expect(&grow, "z\nb\ny\n");
	grow_rename("in/.hidden", "in/shown");
	grow_step(&grow);
	grow_expect(&grow, "hidden\n");
	finish("");
}
END_TEST

START_TEST(file_is_read_when_its_writer_closes_it)
{
	FILE *file;

	start();
	file = fopen("in/a", "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs("one\n", file), 0);
	ck_assert_int_eq(fflush(file), 0);
	grow_later(&grow, 10 * NS_PER_S);
	grow_expect(&grow, "");
	ck_assert_int_ge(fputs("two\n", file), 0);
	ck_assert_int_eq(fclose(file), 0);
	grow_step(&grow);
	grow_expect(&grow, "one\ntwo\n");
	finish("");
}
END_TEST

START_TEST(links_are_read_when_they_are_made)
{
	grow_write("a", "a\n");
	grow_write("b", "b\n");
	start();
	ck_assert_int_eq(link("a", "in/a"), 0);
	ck_assert_int_eq(symlink("../b", "in/b"), 0);
	grow_step(&grow);
	grow_expect(&grow, "a\nb\n");
	finish("");
}
END_TEST

START_TEST(link_that_has_lost_its_other_name_is_read)
{
	FILE *file;

	start();
	grow_write("a", "a\n");
	grow_write("b", "b\n");
	ck_assert_int_eq(link("a", "in/a"), 0);
	ck_assert_int_eq(unlink("a"), 0);
	ck_assert_int_eq(link("b", "in/b"), 0);
	ck_assert_int_eq(unlink("b"), 0);
	file = fopen("in/c", "we"); /* has a writer */
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs("c\n", file), 0);
	ck_assert_int_eq(fflush(file), 0);
	ck_assert_int_eq(mkdir("in/folder", 0700), 0);
	ck_assert_int_eq(mkfifo("in/fifo", 0600), 0);
	grow_step(&grow);
	grow_later(&grow, NS_PER_S / 10);
	grow_later(&grow, 10 * NS_PER_S);
	grow_expect(&grow, "a\nb\n");
	ck_assert_int_eq(fclose(file), 0);
	grow_step(&grow);
	grow_expect(&grow, "c\n");
	finish("");
}
END_TEST

START_TEST(file_without_a_name_is_nobodys_business_until_it_has_one)
{
	char link[32];
	int fd = open("in", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return; /* not on this file system */
	start();
	ck_assert_int_eq(write(fd, "a\n", 2), 2);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ck_assert_int_eq(
		linkat(AT_FDCWD, link, AT_FDCWD, "in/a", AT_SYMLINK_FOLLOW), 0);
	ck_assert_int_eq(close(fd), 0);
	fd = open("in", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(fd, "b\n", 2), 2);
	ck_assert_int_eq(close(fd), 0);
	grow_step(&grow);
	grow_later(&grow, NS_PER_S / 10);
	grow_expect(&grow, "a\n");
	finish("");
}
END_TEST

START_TEST(renamed_file_is_not_read_twice)
{
	start();
	grow_write("in/a.tmp", "a\n");
	grow_step(&grow);
	grow_rename("in/a.tmp", "in/a");
	grow_step(&grow);
	grow_expect(&grow, "a\n");
	/* Renamed before it was read: read by its new name. */
	grow_write("in/b.tmp", "b\n");
	grow_rename("in/b.tmp", "in/b");
	grow_step(&grow);
	grow_expect(&grow, "b\n");
	finish("");
}
END_TEST

START_TEST(file_moved_over_a_read_one_is_new)
{
	start();
	for (int i = 0; i < 20; i++) {
		grow_write("new", "same\n");
		grow_rename("new", "in/a");
		grow_step(&grow);
		grow_expect(&grow, "same\n");
	}
	finish("");
}
END_TEST

START_TEST(file_that_takes_the_inode_of_a_removed_one_is_new)
{
	start();
	for (int i = 0; i < 20; i++) {
		grow_write("in/a", "same\n");
		grow_step(&grow);
		grow_expect(&grow, "same\n");
		ck_assert_int_eq(unlink("in/a"), 0);
		wait_for_tick();
	}
	finish("");
}
END_TEST

START_TEST(what_is_added_after_it_was_read_is_said_and_not_read)
{
	grow_write("in/a", "a\n");
	start();
	grow_expect(&grow, "a\n");
	grow_append("in/a", "b\n");
	grow_step(&grow);
	grow_append("in/a", "c\n");
	grow_step(&grow);
	grow_expect_notes(&grow, "'in/a' was written to after it was read: "
				 "what was added or changed is not read\n");
	grow_write("in/b", "1\n");
	grow_step(&grow);
	grow_append("in/b", "2\n");
	grow_step(&grow);
	grow_expect(&grow, "1\n");
	grow_expect_notes(&grow, "'in/b' was written to after it was read: "
				 "what was added or changed is not read\n");
	grow_later(&grow, 60 * NS_PER_S);
	grow_append("in/a", "d\n");
	grow_step(&grow);
	finish("'in/a' was written to after it was read: "
	       "what was added or changed is not read\n");
}
END_TEST

START_TEST(file_that_is_written_anew_after_it_was_read_is_said)
{
	grow_write("in/a", "one\n");
	start();
	grow_expect(&grow, "one\n");
	wait_for_tick();
	grow_write("in/a", "two\n");
	grow_step(&grow);
	grow_expect_notes(&grow, "'in/a' was written to after it was read: "
				 "what was added or changed is not read\n");
	grow_later(&grow, 60 * NS_PER_S);
	grow_write("in/a", "3\n");
	grow_step(&grow);
	grow_expect_notes(&grow, "'in/a' was written to after it was read: "
				 "what was added or changed is not read\n");
	/* It is opened and closed, but not written to. */
	grow_write("in/b", "b\n");
	grow_step(&grow);
	grow_later(&grow, 60 * NS_PER_S);
	grow_append("in/b", "");
	grow_step(&grow);
	grow_expect(&grow, "b\n");
	finish("");
}
END_TEST

START_TEST(file_that_is_removed_unread_is_said)
{
	start();
	grow_write("in/a", "a\n");
	ck_assert_int_eq(unlink("in/a"), 0);
	grow_step(&grow);
	finish("'in/a' was gone before it could be read\n");
}
END_TEST

START_TEST(file_that_cannot_be_read_is_lost_and_the_rest_is_read)
{
	ck_assert_int_eq(symlink("b", "in/b"), 0);
	grow_write("in/c", "c\n");
	start();
	grow_expect(&grow, "c\n");
	finish("cannot open 'in/b': Too many levels of symbolic links\n");
}
END_TEST

START_TEST(what_is_no_file_is_passed_over)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX,
				      .sun_path = "socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)),
			 0);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	ck_assert_int_eq(mkdir("folder", 0700), 0);
	start();
	grow_rename("socket", "in/socket");
	grow_rename("fifo", "in/fifo");
	grow_rename("folder", "in/folder");
	grow_write("in/a", "a\n");
	grow_step(&grow);
	grow_expect(&grow, "a\n");
	close(fd);
	finish("");
}
END_TEST

START_TEST(directory_that_is_removed_is_said_and_waited_for)
{
	start();
	ck_assert_int_eq(rmdir("in"), 0);
	grow_later(&grow, NS_PER_S);
	grow_later(&grow, NS_PER_S);
	grow_expect_notes(&grow, "'in' is gone: waiting for it to come back\n");
	ck_assert_int_eq(mkdir("in", 0700), 0);
	grow_write("in/a", "a\n");
	grow_later(&grow, NS_PER_S);
	grow_write("in/b", "b\n");
	grow_step(&grow);
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "b\na\n");
	finish("");
}
END_TEST

/* In place of the one that has the name, in one breath. */
static void make_anew(void)
{
	ck_assert_int_eq(rmdir("in"), 0);
	ck_assert_int_eq(mkdir("in", 0700), 0);
}

START_TEST(directory_that_is_made_anew_is_listened_to_at_once)
{
	start();
	make_anew();
	grow_step(&grow);
	grow_write("in/a", "a\n");
	grow_step(&grow);
	grow_expect(&grow, "a\n");
	ck_assert_int_eq(unlink("in/a"), 0);
	make_anew();
	grow_step(&grow);
	grow_write("b", "b\n");
	grow_rename("b", "in/b");
	grow_rename("in/b", "b");
	grow_step(&grow);
	finish("'in/b' was gone before it could be read\n");
}
END_TEST

START_TEST(directory_that_comes_back_is_listened_to_at_once)
{
	start();
	ck_assert_int_eq(rmdir("in"), 0);
	grow_step(&grow);
	ck_assert_int_eq(mkdir("in", 0700), 0);
	grow_step(&grow);
	grow_write("in/a", "a\n");
	grow_step(&grow);
	grow_expect(&grow, "a\n");
	grow_step(&grow);
	/* Nobody is told any more what else happens beside it. */
	grow_write("b", "");
	pump_wait(&grow.pump, 0);
	ck_assert_int_eq(grow.pump.loop.watches->ready, 0);
	finish("");
}
END_TEST

START_TEST(directory_that_is_replaced_while_one_looks_is_listened_to)
{
	start();
	make_anew();
	meanwhile = make_anew;
	grow_step(&grow);
	grow_write("in/a", "a\n");
	grow_step(&grow);
	grow_expect(&grow, "a\n");
	finish("");
}
END_TEST

START_TEST(without_inotify_a_file_counts_when_it_stood_still)
{
	grow_write("in/a", "a\n");
	no_inotify = true;
	start();
	no_inotify = false;
	ck_assert_ptr_null(grow.pump.loop.watches);
	grow_expect(&grow, "a\n");
	grow_write("in/c", "c\n");
	grow_write("in/b", "b");
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "");
	grow_append("in/b", "b\n");
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "c\n");
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "bb\n");
	grow_append("in/c", "d\n");
	grow_later(&grow, NS_PER_S);
	grow_expect_notes(&grow, "'in/c' was written to after it was read: "
				 "what was added or changed is not read\n");
	/* Once is enough. */
	grow_later(&grow, 100 * NS_PER_S);
	grow_later(&grow, 100 * NS_PER_S);
	finish("");
}
END_TEST

#define MORE_HAPPENED                                                       \
	"more happened in 'in' than the system can tell: what is in it is " \
	"looked at anew, what was there only meanwhile may be gone unread\n"

/* More than the kernel keeps for a reader who does not come. */
static void flood(void)
{
	FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	int events;

	ck_assert_ptr_nonnull(limit);
	ck_assert_int_eq(fscanf(limit, "%d", &events), 1);
	ck_assert_int_eq(fclose(limit), 0);
	grow_write("in/.x", "");
	for (int i = 0; i <= events; i += 4) {
		grow_rename("in/.x", "in/.y");
		grow_rename("in/.y", "in/.x");
	}
}

START_TEST(changes_that_were_not_told_are_found)
{
	start();
	flood();
	grow_write("in/a", "a\n");
	grow_step(&grow);
	grow_later(&grow, NS_PER_S);
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "a\n");
	finish(MORE_HAPPENED);
}
END_TEST

START_TEST(file_that_is_renamed_untold_is_read_by_its_new_name)
{
	start();
	flood();
	grow_write("in/a", "a\n");
	grow_write("in/b", "b\n");
	grow_step(&grow);
	/* Nor is what becomes of them while they stand still. */
	flood();
	grow_rename("in/a", "in/c");
	ck_assert_int_eq(unlink("in/b"), 0);
	grow_step(&grow);
	grow_later(&grow, NS_PER_S);
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "a\n");
	finish(MORE_HAPPENED "'in/b' was gone before it could be read\n");
}
END_TEST

START_TEST(file_that_is_renamed_untold_before_it_is_opened_is_read)
{
	no_inotify = true;
	start();
	no_inotify = false;
	grow_write("in/a", "a\n");
	grow_write("in/b", "b\n");
	grow_later(&grow, NS_PER_S);
	grow.pump.clock.mono_ns += NS_PER_S;
	pump_expect(&grow.pump, CHUNK_OPENED);
	pump_expect(&grow.pump, CHUNK_DATA);
	grow_take(&grow, &grow.pump.chunk);
	grow_rename("in/b", "in/c");
	grow_step(&grow);
	grow_later(&grow, NS_PER_S);
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "a\nb\n");
	finish("");
}
END_TEST

START_TEST(file_that_was_read_and_whose_inode_is_used_again_is_not_said)
{
	start();
	flood();
	grow_write("in/a", "a\n");
	grow_step(&grow);
	grow_append("in/a", "b\n");
	grow_step(&grow);
	ck_assert_int_eq(unlink("in/a"), 0);
	wait_for_tick();
	grow_write("in/c", "c\n");
	grow_step(&grow);
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "a\nb\nc\n");
	finish(MORE_HAPPENED);
}
END_TEST

START_TEST(file_that_is_made_untold_is_read_when_it_is_whole)
{
	FILE *file;

	start();
	file = fopen("in/a", "we");
	ck_assert_ptr_nonnull(file);
	grow_step(&grow);
	flood();
	grow_step(&grow);
	ck_assert_int_ge(fputs("a\n", file), 0);
	ck_assert_int_eq(fclose(file), 0);
	grow_step(&grow);
	grow_expect(&grow, "a\n");
	finish(MORE_HAPPENED);
}
END_TEST

START_TEST(until_end_reads_what_was_there_at_the_start)
{
	grow_write("in/a", "a\nha");
	grow_write("in/b", "b\n");
	grow_init(&grow, directory_source_new("in", &until_end), NULL);
	ck_assert_int_eq(pump_start(&grow.pump), 0);
	grow_append("in/a", "lf\n");
	grow_append("in/b", "more\n");
	grow_write("in/c", "c\n");
	grow_drain(&grow);
	ck_assert(grow.over);
	grow_expect(&grow, "a\nb\n");
	finish("");
}
END_TEST

START_TEST(directory_is_one_stream_that_is_never_idle_while_files_wait)
{
	struct stream_time *time;

	grow_write("in/a", "a\n");
	grow_init(&grow, directory_source_new("in", &follow), NULL);
	ck_assert_int_eq(pump_start(&grow.pump), 0);
	pump_expect(&grow.pump, CHUNK_OPENED);
	time = grow.pump.chunk.stream->time;
	pump_expect(&grow.pump, CHUNK_OPENED);
	ck_assert_ptr_eq(grow.pump.chunk.stream->time, time);
	ck_assert(time->steady);
	pump_expect(&grow.pump, CHUNK_DATA);
	pump_expect(&grow.pump, CHUNK_ENDED);
	ck_assert_int_eq(grow.pump.chunk.after, AFTER_NEXT);
	ck_assert_ptr_eq(grow.pump.chunk.stream->time, time);
	pump_expect_nothing(&grow.pump);
	ck_assert(!time->steady);
	grow_close(&grow);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("follow_directory");
	TCase *test_case = tcase_create("follow_directory");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(test_case, 60);
	tcase_add_checked_fixture(test_case, enter, grow_leave);
	tcase_add_test(test_case,
		       files_that_are_there_are_read_in_the_order_of_names);
	tcase_add_test(
		test_case,
		empty_directory_is_open_and_wakes_nobody_up_but_each_second);
	tcase_add_test(test_case,
		       files_are_read_in_the_order_in_which_they_come);
	tcase_add_test(test_case, file_is_read_when_its_writer_closes_it);
	tcase_add_test(test_case, links_are_read_when_they_are_made);
	tcase_add_test(test_case, link_that_has_lost_its_other_name_is_read);
	tcase_add_test(
		test_case,
		file_without_a_name_is_nobodys_business_until_it_has_one);
	tcase_add_test(test_case, renamed_file_is_not_read_twice);
	tcase_add_test(test_case, file_moved_over_a_read_one_is_new);
	tcase_add_test(test_case,
		       file_that_takes_the_inode_of_a_removed_one_is_new);
	tcase_add_test(test_case,
		       what_is_added_after_it_was_read_is_said_and_not_read);
	tcase_add_test(test_case,
		       file_that_is_written_anew_after_it_was_read_is_said);
	tcase_add_test(test_case, file_that_is_removed_unread_is_said);
	tcase_add_test(test_case,
		       file_that_cannot_be_read_is_lost_and_the_rest_is_read);
	tcase_add_test(test_case, what_is_no_file_is_passed_over);
	tcase_add_test(test_case,
		       directory_that_is_removed_is_said_and_waited_for);
	tcase_add_test(test_case,
		       directory_that_is_made_anew_is_listened_to_at_once);
	tcase_add_test(test_case,
		       directory_that_comes_back_is_listened_to_at_once);
	tcase_add_test(
		test_case,
		directory_that_is_replaced_while_one_looks_is_listened_to);
	tcase_add_test(test_case,
		       without_inotify_a_file_counts_when_it_stood_still);
	tcase_add_test(test_case, changes_that_were_not_told_are_found);
	tcase_add_test(test_case,
		       file_that_is_renamed_untold_is_read_by_its_new_name);
	tcase_add_test(test_case,
		       file_that_is_renamed_untold_before_it_is_opened_is_read);
	tcase_add_test(
		test_case,
		file_that_was_read_and_whose_inode_is_used_again_is_not_said);
	tcase_add_test(test_case,
		       file_that_is_made_untold_is_read_when_it_is_whole);
	tcase_add_test(test_case, until_end_reads_what_was_there_at_the_start);
	tcase_add_test(
		test_case,
		directory_is_one_stream_that_is_never_idle_while_files_wait);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
