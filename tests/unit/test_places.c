/*
 * Where reading goes on in a later run: files, directories, and both followed.
 */
#include <sys/resource.h>

#include "grow.h"

static const struct file_options plain = {.keep_half = true};
static const struct file_options follow = {.follow = true, .keep_half = true};
static const struct file_options until_end = {
	.follow = true, .until_end = true, .keep_half = true};
static struct grow grow;
static struct positions positions;

static void enter(void)
{
	grow_enter();
	positions_init(&positions);
	ck_assert_int_eq(mkdir("in", 0700), 0);
}

static void leave(void)
{
	positions_release(&positions);
	grow_leave();
}

/* A run over the source: these records, these notes. */
static void run(struct source *source, const char *records, const char *notes)
{
	grow_start(&grow, source, &positions);
	grow_expect(&grow, records);
	grow_expect_notes(&grow, notes);
	grow_save(&grow, &positions);
}

static void run_file(const char *records, const char *notes)
{
	run(file_source_new("log", &plain), records, notes);
}

static void run_follow(const char *records, const char *notes)
{
	run(file_source_new("log", &follow), records, notes);
}

static void run_directory(const char *records, const char *notes)
{
	run(directory_source_new("in", &plain), records, notes);
}

START_TEST(file_goes_on_where_it_was_left)
{
	grow_write("log", "a\nb\nha");
	run_file("a\nb\n", "");
	ck_assert_uint_eq(positions.count, 1);
	ck_assert_str_eq(positions.list[0]->name, "log");
	ck_assert_uint_eq(positions.list[0]->offset, 4);
	ck_assert_uint_eq(positions.list[0]->line_number, 2);
	ck_assert_uint_eq(positions.list[0]->hashed_bytes, 4);
	grow_append("log", "lf\nc\n");
	run_file("half\nc\n", "");
	ck_assert_uint_eq(positions.list[0]->line_number, 4);
	run_file("", "");
	ck_assert_uint_eq(positions.count, 1);
}
END_TEST

START_TEST(without_a_state_the_half_line_is_a_record)
{
	static const struct file_options none;

	grow_write("log", "a\nhalf");
	grow_start(&grow, file_source_new("log", &none), NULL);
	grow_expect(&grow, "a\nhalf|\n");
	ck_assert(grow.over);
	grow_close(&grow);
}
END_TEST

START_TEST(place_is_noted_when_it_moved_and_only_then)
{
	struct source *source = file_source_new("log", &plain);
	struct pump *pump = &grow.pump;
	struct span line;

	grow_write("log", "a\nb\n");
	grow_init(&grow, source, &positions);
	ck_assert_int_eq(pump_start(pump), 0);
	pump_expect(pump, CHUNK_OPENED);
	ck_assert(pump->chunk.stream->own_time.steady);
	positions.list[0]->changed = false;
	ck_assert_int_eq(source_note(source, &pump->error), 0);
	ck_assert(!positions.list[0]->changed);
	pump_expect(pump, CHUNK_DATA);
	/* Read, but not yet taken by the engine. */
	ck_assert_int_eq(source_note(source, &pump->error), 0);
	ck_assert(!positions.list[0]->changed);
	ck_assert_int_eq(
		lines_next(pump->chunk.stream, &pump->chunk.bytes, 9, &line),
		LINE_RECORD);
	ck_assert_int_eq(source_note(source, &pump->error), 0);
	ck_assert(positions.list[0]->changed);
	ck_assert_uint_eq(positions.list[0]->offset, 2);
	/* An event time alone counts, too. */
	positions.list[0]->changed = false;
	pump->chunk.stream->time->newest_ns = 5;
	ck_assert_int_eq(source_note(source, &pump->error), 0);
	ck_assert(positions.list[0]->changed);
	ck_assert_int_eq(positions.list[0]->newest_ns, 5);
	grow_save(&grow, &positions);
	grow_init(&grow, file_source_new("log", &plain), &positions);
	ck_assert_int_eq(pump_start(pump), 0);
	pump_expect(pump, CHUNK_OPENED);
	ck_assert_int_eq(pump->chunk.stream->time->newest_ns, 5);
	ck_assert_uint_eq(pump->chunk.stream->line_number, 1);
	grow_close(&grow);
}
END_TEST

START_TEST(renamed_file_is_the_same_file)
{
	grow_write("old", "a\n");
	run(file_source_new("old", &plain), "a\n", "");
	grow_rename("old", "log");
	grow_append("log", "b\n");
	run_file("b\n", "");
	ck_assert_str_eq(positions.list[0]->name, "log");
}
END_TEST

START_TEST(shorter_file_is_read_anew_and_said)
{
	grow_write("log", "a\nb\n");
	run_file("a\nb\n", "");
	ck_assert_int_eq(truncate("log", 2), 0);
	run_file("a\n", "'log' was written anew since the last run: it is "
			"read from its beginning\n");
	ck_assert_uint_eq(positions.count, 1);
	run_file("", "");
}
END_TEST

START_TEST(file_with_another_beginning_is_read_anew_and_said)
{
	grow_write("log", "a\nb\n");
	run_file("a\nb\n", "");
	grow_write("log", "x\nb\nc\n");
	run_file("x\nb\nc\n", "'log' was written anew since the last run: it "
			      "is read from its beginning\n");
	run_file("", "");
}
END_TEST

START_TEST(other_file_of_the_name_is_read_and_said_once)
{
	static const char note[] =
		"'log' is another file than in the last run: it is read from "
		"its beginning; what was added to the old one is not read "
		"(--follow looks for it)\n";

	grow_write("log", "a\n");
	run_file("a\n", "");
	grow_write("new", "b\n");
	grow_rename("new", "log");
	run_file("b\n", note);
	run_file("", "");
}
END_TEST

START_TEST(first_kibibyte_tells_files_apart)
{
	char text[3000];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 2] = '\n';
	text[sizeof(text) - 1] = '\0';
	grow_write("log", text);
	grow_start(&grow, file_source_new("log", &plain), &positions);
	grow_save(&grow, &positions);
	ck_assert_uint_eq(positions.list[0]->hashed_bytes, POSITION_HASHED_MAX);
	text[POSITION_HASHED_MAX] = 'b'; /* behind it */
	grow_write("log", text);
	grow_append("log", "c\n");
	run_file("c\n", "");
	text[POSITION_HASHED_MAX - 1] = 'b';
	grow_write("log", text);
	grow_start(&grow, file_source_new("log", &plain), &positions);
	ck_assert_uint_eq(grow.records.size, sizeof(text) - 1);
	grow_close(&grow);
}
END_TEST

START_TEST(hash_grows_with_what_was_read_over_several_runs)
{
	char text[1001];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 2] = '\n';
	text[sizeof(text) - 1] = '\0';
	grow_write("log", text);
	grow_start(&grow, file_source_new("log", &plain), &positions);
	grow_save(&grow, &positions);
	ck_assert_uint_eq(positions.list[0]->hashed_bytes, 1000);
	grow_append("log", text);
	grow_start(&grow, file_source_new("log", &plain), &positions);
	grow_save(&grow, &positions);
	ck_assert_uint_eq(positions.list[0]->hashed_bytes, POSITION_HASHED_MAX);
	run_file("", "");
}
END_TEST

START_TEST(directory_goes_on_in_each_of_its_files)
{
	grow_write("in/a", "a\n");
	grow_write("in/b", "b\nha");
	run_directory("a\nb\n", "");
	ck_assert_uint_eq(positions.count, 2);
	grow_append("in/b", "lf\n");
	grow_append("in/a", "c\n");
	grow_write("in/d", "d\n");
	run_directory("c\nhalf\nd\n", "");
	run_directory("", "");
	ck_assert_uint_eq(positions.count, 3);
}
END_TEST

START_TEST(links_of_one_file_have_a_place_each)
{
	grow_write("in/a", "a\n");
	ck_assert_int_eq(link("in/a", "in/b"), 0);
	run_directory("a\na\n", "");
	grow_append("in/a", "b\n");
	run_directory("b\nb\n", "");
	ck_assert_uint_eq(positions.count, 2);
}
END_TEST

START_TEST(only_the_current_file_of_a_directory_is_noted)
{
	struct source *source = directory_source_new("in", &plain);

	grow_write("in/a", "a\n");
	grow_write("in/b", "b\n");
	grow_start(&grow, source, &positions);
	ck_assert_int_eq(source_note(source, &grow.pump.error), 0);
	ck_assert_uint_eq(positions.count, 2);
	positions.list[0]->offset = 99; /* nobody looks at it any more */
	positions.list[0]->changed = false;
	ck_assert_int_eq(source_note(source, &grow.pump.error), 0);
	ck_assert_uint_eq(positions.list[0]->offset, 99);
	ck_assert(!positions.list[0]->changed);
	grow_close(&grow);
}
END_TEST

START_TEST(files_of_a_directory_hold_windows_open_until_the_last)
{
	struct pump *pump = &grow.pump;

	grow_write("in/a", "a\n");
	grow_write("in/b", "b\n");
	grow_init(&grow, directory_source_new("in", &plain), NULL);
	ck_assert_int_eq(pump_start(pump), 0);
	pump_expect(pump, CHUNK_OPENED);
	ck_assert(pump->chunk.stream->time->steady);
	ck_assert(pump->chunk.stream->time->unread);
	pump->chunk.stream->time->newest_ns = 7;
	ck_assert_int_eq(pump_read_stream(pump), CHUNK_ENDED);
	ck_assert(pump->chunk.stream->time->unread);
	pump_expect(pump, CHUNK_OPENED);
	ck_assert(!pump->chunk.stream->time->unread);
	ck_assert_int_eq(pump->chunk.stream->time->newest_ns, TIME_NONE);
	grow_close(&grow);
}
END_TEST

START_TEST(followed_file_goes_on_and_leaves_its_half_line)
{
	grow_write("log", "a\nha");
	run_follow("a\n", "");
	grow_append("log", "lf\nb\n");
	run_follow("half\nb\n", "");
	run(file_source_new("log", &until_end), "", "");
	grow_append("log", "c\nha");
	run(file_source_new("log", &until_end), "c\n", "");
	grow_append("log", "lf\n");
	run_follow("half\n", "");
	ck_assert_uint_eq(positions.count, 1);
}
END_TEST

START_TEST(tail_of_a_file_rotated_between_runs_is_read_first)
{
	grow_write("log", "a\nha");
	run_follow("a\n", "");
	grow_append("log", "lf\nb\n");
	grow_rename("log", "log.1");
	grow_write("log", "c\n");
	run(file_source_new("log", &until_end), "half\nb\nc\n", "");
	ck_assert_uint_eq(positions.count, 2);
	grow_append("log", "d\n");
	run_follow("d\n", "");
}
END_TEST

START_TEST(tail_is_read_though_nothing_has_the_name)
{
	grow_write("log", "a\n");
	run_follow("a\n", "");
	grow_append("log", "b\n");
	grow_rename("log", "log.1");
	run_follow("b\n", "'log' is not there yet: waiting for it\n");
}
END_TEST

START_TEST(tail_that_is_gone_is_said_once)
{
	grow_write("log", "a\n");
	run_follow("a\n", "");
	grow_write("new", "b\n");
	grow_rename("new", "log");
	run_follow("b\n",
		   "the file that 'log' was in the last run is not in its "
		   "folder any more: what was added to it behind byte 2 is "
		   "lost\n");
	run_follow("", "");
}
END_TEST

START_TEST(file_that_comes_back_goes_on_where_it_was_left)
{
	grow_write("in/log", "a\n");
	run(file_source_new("in/log", &follow), "a\n", "");
	grow_rename("in", "away");
	grow_start(&grow, file_source_new("in/log", &follow), &positions);
	grow_expect_notes(&grow,
			  "'in/log' is not there yet: waiting for it\n"
			  "the file that 'in/log' was in the last run is not "
			  "in its folder any more: what was added to it behind "
			  "byte 2 is lost\n");
	grow_append("away/log", "b\n");
	grow_rename("away", "in");
	grow_later(&grow, NS_PER_S);
	grow_expect(&grow, "b\n");
	grow_save(&grow, &positions);
	ck_assert_uint_eq(positions.count, 1);
	ck_assert_str_eq(positions.list[0]->name, "in/log");
	run(file_source_new("in/log", &follow), "", "");
}
END_TEST

START_TEST(tail_that_cannot_be_looked_for_is_not_given_up)
{
	struct source *source;
	struct rlimit limit, none;

	grow_write("log", "a\n");
	run_follow("a\n", "");
	grow_append("log", "b\n");
	grow_rename("log", "log.1");
	grow_write("log", "c\n");
	source = file_source_new("log", &follow);
	grow_init(&grow, source, &positions);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 5; /* one for inotify, one for the file */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(pump_start(&grow.pump), -1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_str_eq(grow.pump.error.message,
			 "cannot look for the file that 'log' was in the last "
			 "run: Too many open files");
	grow_save(&grow, &positions);
	run_follow("b\nc\n", "");
}
END_TEST

START_TEST(file_that_was_rotated_and_ended_is_not_looked_for_again)
{
	grow_write("log", "a\n");
	grow_start(&grow, file_source_new("log", &follow), &positions);
	grow_rename("log", "log.1");
	grow_write("log", "b\n");
	grow_step(&grow);
	grow_later(&grow, 6 * NS_PER_S);
	grow_expect(&grow, "a\nb\n");
	grow_save(&grow, &positions);
	ck_assert_uint_eq(positions.count, 2);
	ck_assert_int_eq(unlink("log.1"), 0);
	run_follow("", "");
}
END_TEST

START_TEST(truncated_file_is_known_by_its_new_beginning)
{
	grow_write("log", "a\nb\n");
	grow_start(&grow, file_source_new("log", &follow), &positions);
	ck_assert_int_eq(truncate("log", 0), 0);
	grow_append("log", "c\n");
	grow_step(&grow);
	grow_expect(&grow, "a\nb\nc\n");
	grow_expect_notes(&grow, "'log' was truncated: it is read from its "
				 "beginning\n");
	grow_save(&grow, &positions);
	ck_assert_uint_eq(positions.list[0]->offset, 2);
	run_follow("", "");
}
END_TEST

START_TEST(rotated_files_that_are_still_read_have_a_place_each)
{
	grow_write("log", "a\n");
	grow_start(&grow, file_source_new("log", &follow), &positions);
	grow_rename("log", "log.1");
	grow_write("log", "b\n");
	grow_step(&grow);
	grow_rename("log.1", "log.2");
	grow_rename("log", "log.1");
	grow_write("log", "c\n");
	grow_step(&grow);
	grow_expect(&grow, "a\nb\nc\n");
	grow_save(&grow, &positions);
	grow_append("log.2", "d\n");
	grow_append("log.1", "e\n");
	grow_append("log", "f\n");
	run_follow("d\ne\nf\n", "");
	ck_assert_uint_eq(positions.count, 3);
}
END_TEST

/* As the program does it when the table asks for it. */
static bool tell_state(void)
{
	bool asked = positions.is_urgent;
	struct savepoint savepoint;

	savepoint_init(&savepoint);
	positions_save_new(&positions, &savepoint);
	ck_assert_uint_eq(savepoint.count, asked);
	savepoint_release(&savepoint);
	return asked;
}

START_TEST(state_is_told_of_a_new_file_and_of_its_first_bytes)
{
	grow_write("log", "");
	grow_start(&grow, file_source_new("log", &follow), &positions);
	ck_assert(tell_state());
	grow_append("log", "a\n");
	grow_step(&grow);
	ck_assert_uint_eq(positions.list[0]->hashed_bytes, 2);
	ck_assert(tell_state());
	grow_append("log", "b\n");
	grow_step(&grow);
	ck_assert(!tell_state());
	/* The place of the last window stays, by which the next run sees it. */
	ck_assert_int_eq(truncate("log", 0), 0);
	grow_append("log", "c\n");
	grow_step(&grow);
	ck_assert(!tell_state());
	grow_expect(&grow, "a\nb\nc\n");
	grow_save(&grow, &positions);
	run_follow("", "");
	ck_assert(!tell_state());
}
END_TEST

START_TEST(followed_directory_reads_no_file_twice)
{
	grow_write("in/a", "a\n");
	run(directory_source_new("in", &follow), "a\n", "");
	grow_write("in/b", "b\n");
	run(directory_source_new("in", &follow), "b\n", "");
	run(directory_source_new("in", &follow), "", "");
	ck_assert_uint_eq(positions.count, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("places");
	TCase *test_case = tcase_create("places");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(test_case, 60);
	tcase_add_checked_fixture(test_case, enter, leave);
	tcase_add_test(test_case, file_goes_on_where_it_was_left);
	tcase_add_test(test_case, without_a_state_the_half_line_is_a_record);
	tcase_add_test(test_case, place_is_noted_when_it_moved_and_only_then);
	tcase_add_test(test_case, renamed_file_is_the_same_file);
	tcase_add_test(test_case, shorter_file_is_read_anew_and_said);
	tcase_add_test(test_case,
		       file_with_another_beginning_is_read_anew_and_said);
	tcase_add_test(test_case, other_file_of_the_name_is_read_and_said_once);
	tcase_add_test(test_case, first_kibibyte_tells_files_apart);
	tcase_add_test(test_case,
		       hash_grows_with_what_was_read_over_several_runs);
	tcase_add_test(test_case, directory_goes_on_in_each_of_its_files);
	tcase_add_test(test_case, links_of_one_file_have_a_place_each);
	tcase_add_test(test_case,
		       only_the_current_file_of_a_directory_is_noted);
	tcase_add_test(test_case,
		       files_of_a_directory_hold_windows_open_until_the_last);
	tcase_add_test(test_case,
		       followed_file_goes_on_and_leaves_its_half_line);
	tcase_add_test(test_case,
		       tail_of_a_file_rotated_between_runs_is_read_first);
	tcase_add_test(test_case, tail_is_read_though_nothing_has_the_name);
	tcase_add_test(test_case, tail_that_is_gone_is_said_once);
	tcase_add_test(test_case,
		       tail_that_cannot_be_looked_for_is_not_given_up);
	tcase_add_test(test_case,
		       file_that_comes_back_goes_on_where_it_was_left);
	tcase_add_test(test_case,
		       file_that_was_rotated_and_ended_is_not_looked_for_again);
	tcase_add_test(test_case, truncated_file_is_known_by_its_new_beginning);
	tcase_add_test(test_case,
		       rotated_files_that_are_still_read_have_a_place_each);
	tcase_add_test(test_case,
		       state_is_told_of_a_new_file_and_of_its_first_bytes);
	tcase_add_test(test_case, followed_directory_reads_no_file_twice);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
