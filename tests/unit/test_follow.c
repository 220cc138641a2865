/*
 * A file that is followed. The clock is the test's; what the kernel tells is
 * there at once.
 */
#include "grow.h"

static const struct file_options follow = {.follow = true};
static struct grow grow;

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

START_TEST(appended_lines_are_read_when_they_come)
{
	grow_write("log", "a\nb");
	start();
	grow_expect(&grow, "a\n");
	grow_append("log", "c\nd\n");
	grow_step(&grow);
	grow_expect(&grow, "bc\nd\n");
	finish("");
}
END_TEST

START_TEST(idle_file_wakes_nobody_up_but_each_second)
{
	int64_t now_ns;

	grow_write("log", "a\n");
	start();
	now_ns = grow.pump.clock.mono_ns;
	ck_assert_ptr_nonnull(grow.pump.loop.timers);
	ck_assert_ptr_null(grow.pump.loop.timers->next);
	ck_assert_int_eq(grow.pump.loop.timers->due_ns, now_ns + NS_PER_S);
	pump_wait(&grow.pump, 0);
	ck_assert_int_eq(grow.pump.loop.watches->ready, 0);
	grow_later(&grow, NS_PER_S);
	ck_assert_int_eq(grow.pump.loop.timers->due_ns, now_ns + 2 * NS_PER_S);
	grow_expect(&grow, "a\n");
	finish("");
}
END_TEST

START_TEST(file_that_is_not_there_yet_is_open_and_read_when_it_comes)
{
	struct grow *self = &grow;

	grow_init(self, file_source_new("log", &follow), NULL);
	ck_assert_int_eq(pump_start(&self->pump), 0);
	pump_expect(&self->pump, CHUNK_OPENED);
	ck_assert_str_eq(self->pump.chunk.stream->name, "log");
	grow_drain(self);
	grow_expect_notes(self, "'log' is not there yet: waiting for it\n");
	grow_write("log", "a\n");
	grow_step(self);
	grow_expect(self, "a\n");
	finish("");
}
END_TEST

START_TEST(folder_that_is_not_there_yet_is_polled)
{
	grow_start(&grow, file_source_new("in/log", &follow), NULL);
	grow_expect_notes(&grow, "'in/log' is not there yet: waiting for it\n");
	ck_assert_int_eq(mkdir("in", 0700), 0);
	grow_write("in/log", "a\n");
	grow_later(&grow, NS_PER_S / 4);
	grow_expect(&grow, "a\n");
	grow_append("in/log", "b\n");
	grow_step(&grow);
	grow_expect(&grow, "b\n");
	finish("");
}
END_TEST

START_TEST(truncated_file_is_said_and_read_anew)
{
	grow_write("log", "a\nb\nhalf");
	start();
	grow_expect(&grow, "a\nb\n");
	ck_assert_int_eq(truncate("log", 0), 0);
	grow_append("log", "c\n");
	grow_step(&grow);
	grow_expect(&grow, "half|\nc\n");
	finish("'log' was truncated: it is read from its beginning\n");
}
END_TEST

START_TEST(file_that_is_written_anew_and_longer_is_read_anew)
{
	grow_write("log", "a\nb\n");
	start();
	grow_expect(&grow, "a\nb\n");
	grow_write("log", "d\ne\nf\n");
	grow_step(&grow);
	grow_expect(&grow, "d\ne\nf\n");
	finish("'log' was truncated: it is read from its beginning\n");
}
END_TEST

START_TEST(rotated_file_is_read_beside_its_successor)
{
	FILE *old;

	grow_write("log", "a\n");
	start();
	grow_expect(&grow, "a\n");
	old = fopen("log", "ae");
	ck_assert_ptr_nonnull(old);
	grow_rename("log", "log.1");
	grow_write("log", "x\n");
	grow_step(&grow);
	grow_expect(&grow, "x\n");
	ck_assert_int_ge(fputs("b\nha", old), 0);
	ck_assert_int_eq(fflush(old), 0);
	grow_later(&grow, 4 * NS_PER_S);
	grow_expect(&grow, "b\n");
	ck_assert_int_ge(fputs("lf\nrest", old), 0);
	ck_assert_int_eq(fclose(old), 0);
	grow_later(&grow, 4 * NS_PER_S);
	grow_expect(&grow, "half\n");
	/* Nothing for 5 s: it has ended, and its half line is a record. */
	grow_later(&grow, 5 * NS_PER_S - 1);
	grow_expect(&grow, "");
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "rest|\n");
	grow_append("log.1", "late\n");
	grow_append("log", "y\n");
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "y\n");
	finish("");
}
END_TEST

START_TEST(tail_of_a_rotated_file_comes_before_its_successor)
{
	grow_write("log", "a\n");
	start();
	grow_expect(&grow, "a\n");
	grow_append("log", "b\n");
	grow_rename("log", "log.1");
	grow_write("log", "c\n");
	grow_step(&grow);
	grow_expect(&grow, "b\nc\n");
	finish("");
}
END_TEST

START_TEST(file_that_was_rotated_away_before_it_was_seen_is_read)
{
	grow_write("log", "0\n");
	start();
	grow_rename("log", "log.1");
	grow_write("log", "1\n");
	grow_rename("log.1", "log.2");
	grow_rename("log", "log.1");
	grow_write("log", "2\n");
	grow_rename("log.2", "log.3");
	grow_rename("log.1", "log.2");
	grow_rename("log", "log.1");
	grow_write("log", "3\n");
	grow_step(&grow);
	grow_expect(&grow, "0\n1\n2\n3\n");
	finish("");
}
END_TEST

START_TEST(file_that_was_removed_before_it_was_seen_is_said)
{
	grow_write("log", "a\n");
	start();
	grow_rename("log", "log.1");
	grow_write("log", "b\n");
	grow_rename("log", "log.1");
	grow_write("log", "c\n");
	grow_rename("log", "log.1");
	grow_write("log", "d\n");
	grow_step(&grow);
	grow_expect(&grow, "a\nc\nd\n");
	finish("'log' was rotated faster than it could be opened: 1 of its "
	       "files is gone unread\n");
}
END_TEST

START_TEST(thousand_rotations_leave_nothing_open)
{
	size_t before = pump_count_descriptors();

	grow_write("log", "");
	start();
	for (int i = 0; i < 1000; i++) {
		char text[16];

		grow_rename("log", "log.1");
		snprintf(text, sizeof(text), "%d\n", i);
		grow_write("log", text);
		grow_later(&grow, 2 * NS_PER_S);
		grow_expect(&grow, text);
		ck_assert_uint_le(pump_count_descriptors(), before + 6);
	}
	grow_later(&grow, 6 * NS_PER_S);
	ck_assert_uint_eq(pump_count_descriptors(), before + 2);
	finish("");
	ck_assert_uint_eq(pump_count_descriptors(), before);
}
END_TEST

START_TEST(file_without_a_successor_is_read_on_under_any_name)
{
	grow_write("log", "a\n");
	start();
	grow_rename("log", "kept");
	grow_later(&grow, 60 * NS_PER_S);
	grow_append("kept", "b\n");
	grow_step(&grow);
	grow_expect(&grow, "a\nb\n");
	grow_rename("kept", "log");
	grow_append("log", "c\n");
	grow_step(&grow);
	grow_expect(&grow, "c\n");
	finish("");
}
END_TEST

START_TEST(file_that_is_gone_for_long_is_said_once)
{
	grow_write("log", "a\n");
	start();
	ck_assert_int_eq(unlink("log"), 0);
	for (int i = 0; i < 20; i++)
		grow_later(&grow, NS_PER_S);
	grow_expect_notes(&grow,
			  "'log' is gone: waiting for it to come back\n");
	grow_write("log", "b\n");
	grow_step(&grow);
	grow_expect(&grow, "a\nb\n");
	finish("");
}
END_TEST

START_TEST(links_that_take_the_name_are_followed)
{
	grow_write("log", "a\n");
	grow_write("other", "b\n");
	grow_write("third", "c\n");
	start();
	ck_assert_int_eq(symlink("other", "new"), 0);
	grow_rename("new", "log");
	grow_step(&grow);
	grow_expect(&grow, "a\nb\n");
	ck_assert_int_eq(link("third", "new"), 0);
	grow_rename("new", "log");
	grow_step(&grow);
	grow_expect(&grow, "c\n");
	grow_append("third", "d\n");
	grow_step(&grow);
	grow_expect(&grow, "d\n");
	finish("");
}
END_TEST

START_TEST(link_that_points_elsewhere_is_seen_within_a_second)
{
	ck_assert_int_eq(mkdir("a", 0700), 0);
	ck_assert_int_eq(mkdir("b", 0700), 0);
	grow_write("a/log", "a\n");
	grow_write("b/log", "b\n");
	ck_assert_int_eq(symlink("a", "now"), 0);
	grow_start(&grow, file_source_new("now/log", &follow), NULL);
	grow_expect(&grow, "a\n");
	ck_assert_int_eq(unlink("now"), 0);
	ck_assert_int_eq(symlink("b", "now"), 0);
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "b\n");
	grow_append("b/log", "c\n");
	grow_step(&grow);
	grow_expect(&grow, "c\n");
	finish("");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("follow");
	TCase *test_case = tcase_create("follow");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(test_case, 60);
	tcase_add_checked_fixture(test_case, grow_enter, grow_leave);
	tcase_add_test(test_case, appended_lines_are_read_when_they_come);
	tcase_add_test(test_case, idle_file_wakes_nobody_up_but_each_second);
	tcase_add_test(
		test_case,
		file_that_is_not_there_yet_is_open_and_read_when_it_comes);
	tcase_add_test(test_case, folder_that_is_not_there_yet_is_polled);
	tcase_add_test(test_case, truncated_file_is_said_and_read_anew);
	tcase_add_test(test_case,
		       file_that_is_written_anew_and_longer_is_read_anew);
	tcase_add_test(test_case, rotated_file_is_read_beside_its_successor);
	tcase_add_test(test_case,
		       tail_of_a_rotated_file_comes_before_its_successor);
	tcase_add_test(test_case,
		       file_that_was_rotated_away_before_it_was_seen_is_read);
	tcase_add_test(test_case,
		       file_that_was_removed_before_it_was_seen_is_said);
	tcase_add_test(test_case, thousand_rotations_leave_nothing_open);
	tcase_add_test(test_case,
		       file_without_a_successor_is_read_on_under_any_name);
	tcase_add_test(test_case, file_that_is_gone_for_long_is_said_once);
	tcase_add_test(test_case, links_that_take_the_name_are_followed);
	tcase_add_test(test_case,
		       link_that_points_elsewhere_is_seen_within_a_second);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
