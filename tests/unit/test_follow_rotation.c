/*
 * A file that is rotated while one looks at its name.
 */
#include <stdarg.h>
#include <sys/syscall.h>

#include "grow.h"

static const struct file_options follow = {.follow = true};
static struct grow grow;

/* What happens before a look at the name, after it, and after its opening. */
static struct {
	void (*before)(void), (*after)(void), (*opened)(void);
} meanwhile;

static int failure; /* of its opening, or 0 */

static void happen(void (**what)(void))
{
	void (*once)(void) = *what;

	*what = NULL;
	if (once)
		once();
}

/* In place of the C library's. */
int stat(const char *restrict path, struct stat *restrict status)
{
	bool is_log = strcmp(path, "log") == 0;
	int result, number;

	if (is_log)
		happen(&meanwhile.before);
	result = fstatat(AT_FDCWD, path, status, 0);
	number = errno;
	if (is_log)
		happen(&meanwhile.after);
	errno = number;
	return result;
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list more;
	int fd, number;

	if (flags & O_CREAT) {
		va_start(more, flags);
		mode = va_arg(more, mode_t);
		va_end(more);
	}
	if (strcmp(path, "log") != 0)
		return openat(AT_FDCWD, path, flags, mode);
	fd = failure ? -1 : openat(AT_FDCWD, path, flags, mode);
	number = failure ? failure : errno;
	happen(&meanwhile.opened);
	errno = number;
	return fd;
}

static void enter(void)
{
	grow_enter();
	memset(&meanwhile, 0, sizeof(meanwhile));
	failure = 0;
	grow_write("log", "a\n");
	grow_start(&grow, file_source_new("log", &follow), NULL);
	grow_expect(&grow, "a\n");
}

/* Until all that was told is dealt with, and a look by itself later. */
static void look(void)
{
	grow_step(&grow);
	grow_step(&grow);
	grow_later(&grow, NS_PER_S);
}

static void finish(const char *notes)
{
	grow_expect(&grow, "");
	grow_expect_notes(&grow, notes);
	grow_close(&grow);
}

#define ONE_IS_GONE                                                            \
	"'log' was rotated faster than it could be opened: 1 of its files is " \
	"gone unread\n"

static void remove_it(void)
{
	ck_assert_int_eq(unlink("log"), 0);
}

static void rename_it(void)
{
	grow_rename("log", "log.1");
}

static void replace_it(void)
{
	grow_rename("log", "log.1");
	grow_write("log", "c\n");
}

static void remove_and_replace_it(void)
{
	remove_it();
	grow_write("log", "c\n");
}

static void write_over_it(void)
{
	grow_write("new", "c\n");
	grow_rename("new", "log");
}

/* A second file has come, which nobody has looked at. */
static void bring_second(void)
{
	grow_rename("log", "log.2");
	grow_write("log", "b\n");
}

static void bring_third(void)
{
	grow_write("log", "c\n");
	look();
	grow_expect(&grow, "c\n");
}

START_TEST(file_that_is_gone_when_it_is_looked_at_is_said)
{
	bring_second();
	meanwhile.before = remove_it;
	look();
	grow_expect_notes(&grow, ONE_IS_GONE);
	bring_third();
	finish("");
}
END_TEST

START_TEST(file_that_is_gone_when_it_is_opened_is_said)
{
	bring_second();
	meanwhile.after = remove_it;
	look();
	grow_expect_notes(&grow, ONE_IS_GONE);
	bring_third();
	finish("");
}
END_TEST

START_TEST(file_that_could_not_be_opened_before_it_was_gone_is_said)
{
	bring_second();
	failure = EACCES;
	look();
	grow_expect_notes(&grow, "cannot open 'log': Permission denied, "
				 "trying again\n");
	failure = 0;
	remove_it();
	look();
	grow_expect_notes(&grow, ONE_IS_GONE);
	bring_third();
	finish("");
}
END_TEST

START_TEST(file_that_can_be_opened_later_is_read)
{
	bring_second();
	failure = EACCES;
	look();
	grow_expect_notes(&grow, "cannot open 'log': Permission denied, "
				 "trying again\n");
	failure = 0;
	rename_it();
	look();
	grow_expect(&grow, "b\n");
	bring_third();
	finish("");
}
END_TEST

START_TEST(file_that_has_lost_the_name_at_the_look_is_read)
{
	bring_second();
	meanwhile.before = rename_it;
	look();
	grow_expect(&grow, "b\n");
	bring_third();
	finish("");
}
END_TEST

START_TEST(file_in_whose_place_its_successor_was_opened_is_said)
{
	bring_second();
	meanwhile.before = remove_and_replace_it;
	look();
	grow_expect(&grow, "c\n");
	finish(ONE_IS_GONE);
}
END_TEST

START_TEST(file_over_which_another_was_renamed_is_said)
{
	bring_second();
	meanwhile.after = write_over_it;
	look();
	grow_expect(&grow, "c\n");
	finish(ONE_IS_GONE);
}
END_TEST

START_TEST(file_in_whose_place_its_successor_was_opened_is_read_elsewhere)
{
	bring_second();
	meanwhile.before = replace_it;
	look();
	grow_expect(&grow, "b\nc\n");
	grow_append("log", "d\n");
	look();
	grow_expect(&grow, "d\n");
	finish("");
}
END_TEST

START_TEST(file_that_was_opened_and_has_lost_the_name_is_read_once)
{
	bring_second();
	meanwhile.opened = replace_it;
	look();
	grow_expect(&grow, "b\nc\n");
	finish("");
}
END_TEST

START_TEST(file_that_was_opened_and_removed_is_not_said)
{
	bring_second();
	meanwhile.opened = remove_and_replace_it;
	look();
	grow_expect(&grow, "b\nc\n");
	finish("");
}
END_TEST

START_TEST(file_that_is_back_from_elsewhere_is_not_another)
{
	ck_assert_int_eq(mkdir("away", 0700), 0);
	grow_rename("log", "away/log");
	look();
	look();
	grow_rename("away/log", "log");
	grow_append("log", "b\n");
	look();
	grow_expect(&grow, "b\n");
	remove_and_replace_it();
	look();
	grow_expect(&grow, "c\n");
	finish("");
}
END_TEST

START_TEST(link_to_nothing_is_no_file_that_is_lost)
{
	ck_assert_int_eq(unlink("log"), 0);
	ck_assert_int_eq(symlink("nowhere", "log"), 0);
	look();
	ck_assert_int_eq(symlink("target", "new"), 0);
	grow_write("target", "b\n");
	grow_rename("new", "log");
	look();
	grow_expect(&grow, "b\n");
	/* The same once more. */
	ck_assert_int_eq(symlink("target", "new"), 0);
	grow_rename("new", "log");
	look();
	finish("");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("follow_rotation");
	TCase *test_case = tcase_create("follow_rotation");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(test_case, 60);
	tcase_add_checked_fixture(test_case, enter, grow_leave);
	tcase_add_test(test_case,
		       file_that_is_gone_when_it_is_looked_at_is_said);
	tcase_add_test(test_case, file_that_is_gone_when_it_is_opened_is_said);
	tcase_add_test(
		test_case,
		file_that_could_not_be_opened_before_it_was_gone_is_said);
	tcase_add_test(test_case, file_that_can_be_opened_later_is_read);
	tcase_add_test(test_case,
		       file_that_has_lost_the_name_at_the_look_is_read);
	tcase_add_test(test_case,
		       file_in_whose_place_its_successor_was_opened_is_said);
	tcase_add_test(test_case, file_over_which_another_was_renamed_is_said);
	tcase_add_test(
		test_case,
		file_in_whose_place_its_successor_was_opened_is_read_elsewhere);
	tcase_add_test(test_case,
		       file_that_was_opened_and_has_lost_the_name_is_read_once);
	tcase_add_test(test_case, file_that_was_opened_and_removed_is_not_said);
	tcase_add_test(test_case,
		       file_that_is_back_from_elsewhere_is_not_another);
	tcase_add_test(test_case, link_to_nothing_is_no_file_that_is_lost);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
