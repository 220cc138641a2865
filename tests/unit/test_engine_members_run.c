/*
 * What members of a group publish, over the length of a run and beyond:
 * silence, what does not follow, and a later run.
 */
#include "members_run.h"

#define IDLE_S 30

static void begin(void)
{
	begin_members();
	query.idle_ns = IDLE_S * S;
	query.keeps = true;
}

/* Seconds pass in which nothing comes. */
static void pass(int seconds)
{
	now_ns += seconds * S;
	engine_wait(&engine, now_ns, now_ns);
}

#define assert_watermark(seconds) \
	ck_assert_int_eq(engine.watermark.value_ns, (seconds)*S)

/* --- silence -------------------------------------------------------------- */

START_TEST(idle_partitions_of_a_source_hold_nothing_back)
{
	begin_run();
	delta(0, 10, "A", 2);
	mark_all((struct mark_line){.of = 2, .newest_s = 40});
	mark_all((struct mark_line){
		.partition = 1, .of = 2, .newest_s = 12, .idle = true});
	assert_windows("[10 15] 2: A 2 2\n");
	assert_watermark(40);
	/* It wakes: the watermark stays. */
	mark_all((struct mark_line){.partition = 1, .of = 2, .newest_s = 20});
	mark_all((struct mark_line){.of = 2, .newest_s = 60});
	assert_watermark(40);
	mark_all((struct mark_line){.partition = 1, .of = 2, .newest_s = 50});
	assert_watermark(50);
}
END_TEST

START_TEST(when_all_are_idle_the_clock_goes_on)
{
	begin_run();
	delta(0, 15, "A", 2);
	mark_all((struct mark_line){.of = 2, .newest_s = 17, .idle = true});
	mark_all((struct mark_line){
		.partition = 1, .of = 2, .newest_s = 12, .idle = true});
	ck_assert_int_eq(engine.watermark.value_ns, TIME_NONE);
	/* The members waited for the silence: the merge need not. */
	pass(1);
	assert_watermark(17);
	ck_assert_int_eq(watermark_due(&engine.watermark, 20 * S),
			 now_ns + 3 * S);
	pass(2);
	assert_windows("");
	pass(1);
	assert_watermark(20);
	assert_windows("[15 20] 2: A 2 2\n");
	/* One wakes, and holds. */
	mark(0, (struct mark_line){.of = 2, .newest_s = 21});
	pass(IDLE_S + 10);
	assert_watermark(21);
	mark(0, (struct mark_line){.of = 2, .newest_s = 22, .idle = true});
	pass(1);
	assert_watermark(22);
	pass(7);
	assert_watermark(29);
}
END_TEST

START_TEST(one_that_has_not_reported_is_not_idle)
{
	begin_run();
	mark(0, (struct mark_line){.newest_s = 17, .idle = true});
	pass(10 * IDLE_S);
	ck_assert_int_eq(engine.watermark.value_ns, TIME_NONE);
	mark(1, (struct mark_line){.newest_s = 16, .idle = true});
	pass(IDLE_S);
	assert_watermark(17);
}
END_TEST

START_TEST(a_partition_that_is_behind_its_end_is_not_idle)
{
	begin_run();
	part[1].time->steady = true;
	mark_all((struct mark_line){.newest_s = 17, .idle = true});
	pass(10 * IDLE_S);
	ck_assert_int_eq(engine.watermark.value_ns, TIME_NONE);
	part[1].time->steady = false;
	pass(0);
	assert_watermark(17);
}
END_TEST

START_TEST(silence_of_a_partition_is_not_that_of_its_source)
{
	begin_run();
	mark(0, (struct mark_line){.newest_s = 17});
	mark(1, (struct mark_line){.newest_s = 19});
	pass(10 * IDLE_S);
	assert_watermark(17);
	mark(1, (struct mark_line){.newest_s = 100});
	assert_watermark(17);
}
END_TEST

/* --- what does not follow ------------------------------------------------- */

START_TEST(a_gap_ends_the_run)
{
	struct buffer line = {0};

	begin_run();
	mark(1, (struct mark_line){.from = 5, .to = 9, .newest_s = 10});
	put_mark(&line,
		 (struct mark_line){.from = 10, .to = 12, .newest_s = 11});
	buffer_append_char(&line, '\0');
	assert_fails(1, line.data,
		     "partials[1]: source 'orders', partition 0: a gap");
	buffer_release(&line);
}
END_TEST

START_TEST(another_query_ends_the_run)
{
	begin_run();
	reach(10);
	assert_fails(0,
		     "{\"tallies\":{\"read\":1,\"counted\":1,\"rejected\":{},"
		     "\"filtered\":0,\"late\":0},\"query\":"
		     "\"0123456789abcde0\"}\n",
		     "partials[0]: query 0123456789abcde0 in tallies");
	ck_assert_uint_eq(engine.tallies.read, 0);
	assert_fails(0,
		     "{\"source\":\"orders\",\"partition\":0,\"of\":1,"
		     "\"from\":null,\"to\":null,\"newest\":null,\"idle\":true,"
		     "\"partials\":2,\"sources\":1,\"query\":"
		     "\"0123456789abcde0\"}\n",
		     "query 0123456789abcde0 in a mark of source 'orders', "
		     "but 0123456789abcdef before");
}
END_TEST

START_TEST(another_number_of_partials_ends_the_run)
{
	begin_run();
	assert_fails(0,
		     "{\"source\":\"orders\",\"partition\":0,\"of\":1,"
		     "\"from\":null,\"to\":null,\"newest\":null,\"idle\":true,"
		     "\"partials\":4,\"sources\":1," QUERY_TEXT "}\n",
		     "has 2 partitions, but a mark says 4");
}
END_TEST

START_TEST(more_partitions_are_a_note)
{
	begin_run();
	reach(10);
	ck_assert_str_eq(engine.note.message, "");
	mark(0, (struct mark_line){.of = 2, .newest_s = 10});
	ck_assert_str_eq(engine.note.message,
			 "source 'orders' has 2 partitions now, 1 before");
	mark(0, (struct mark_line){.source = "b", .newest_s = 10});
	mark(0, (struct mark_line){.source = "b", .of = 3, .newest_s = 10});
	ck_assert_str_eq(engine.note.message,
			 "source 'orders' has 2 partitions now, 1 before; "
			 "source 'b' has 3 partitions now, 1 before");
}
END_TEST

/* --- a later run ---------------------------------------------------------- */

static struct store store;

static void begin_stored(void)
{
	begin();
	store_init(&store);
}

static void end_stored(void)
{
	end_members();
	store_release(&store);
}

START_TEST(a_later_run_goes_on_in_the_middle_of_a_window)
{
	begin_run();
	delta(0, 10, "A", 2);
	tally(3, 3, 0);
	mark(0, (struct mark_line){.from = 0, .to = 3, .newest_s = 16});
	go_on(&store);
	delta(1, 10, "A", 1);
	/* The other partition had reported nothing. */
	assert_windows("");
	mark(1, (struct mark_line){.from = 0, .to = 3, .newest_s = 15});
	assert_windows("[10 15] 3: A 3 3\n");
	ck_assert_uint_eq(snapshot.tallies.counted, 3);
}
END_TEST

START_TEST(a_later_run_waits_for_no_pair_that_was_far_enough)
{
	begin_run();
	delta(0, 10, "A", 2);
	mark(0, (struct mark_line){.newest_s = 18});
	mark(1, (struct mark_line){.newest_s = 12, .idle = false});
	go_on(&store);
	/* Nothing comes in the first one. */
	mark(1, (struct mark_line){.newest_s = 30});
	assert_windows("[10 15] 2: A 2 2\n");
	assert_watermark(18);
}
END_TEST

START_TEST(a_later_run_checks_offsets_and_query)
{
	struct buffer line = {0};

	begin_run();
	mark(0, (struct mark_line){.from = 2, .to = 9, .newest_s = 16});
	go_on(&store);
	go_on(&store);
	put_mark(&line, (struct mark_line){.from = 8, .to = 9});
	buffer_append_char(&line, '\0');
	assert_fails(0, line.data, "an overlap");
	assert_fails(1,
		     "{\"tallies\":{\"read\":1,\"counted\":1,\"rejected\":{},"
		     "\"filtered\":0,\"late\":0},\"query\":"
		     "\"0123456789abcde0\"}\n",
		     "0123456789abcdef");
	mark(0, (struct mark_line){.from = 9, .to = 12, .newest_s = 16});
	buffer_release(&line);
}
END_TEST

START_TEST(a_later_run_knows_who_is_idle)
{
	begin_run();
	delta(0, 15, "A", 2);
	mark_all((struct mark_line){.of = 2, .newest_s = 17, .idle = true});
	mark_all((struct mark_line){
		.partition = 1, .of = 2, .newest_s = 18, .idle = true});
	go_on(&store);
	pass(IDLE_S);
	assert_watermark(18);
	pass(2);
	assert_windows("[15 20] 2: A 2 2\n");
}
END_TEST

START_TEST(marks_are_kept_before_any_row_came)
{
	begin_run();
	reach(20);
	go_on(&store);
	ck_assert(!engine.laid);
	assert_watermark(20);
	delta(0, 20, "A", 3);
	mark(0, (struct mark_line){.newest_s = 25});
	assert_windows("");
	mark(1, (struct mark_line){.newest_s = 25});
	assert_windows("[20 25] 3: A 3 3\n");
}
END_TEST

START_TEST(a_later_run_waits_for_more_partitions_that_it_reads)
{
	begin_run();
	part[1].time->newest_ns = TIME_NONE;
	mark(0, (struct mark_line){.newest_s = 20});
	mark(1, (struct mark_line){.newest_s = 30});
	go_on(&store);
	ck_assert_int_eq(marks_least(&engine.marks), 20 * S);
	ck_assert_int_eq(marks_listen(&engine.marks, 2), 0);
	ck_assert_int_eq(marks_least(&engine.marks), TIME_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine members, run");
	TCase *tests = tcase_create("engine members, run");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin_stored, end_stored);
	tcase_add_test(tests, idle_partitions_of_a_source_hold_nothing_back);
	tcase_add_test(tests, when_all_are_idle_the_clock_goes_on);
	tcase_add_test(tests, one_that_has_not_reported_is_not_idle);
	tcase_add_test(tests, a_partition_that_is_behind_its_end_is_not_idle);
	tcase_add_test(tests, silence_of_a_partition_is_not_that_of_its_source);
	tcase_add_test(tests, a_gap_ends_the_run);
	tcase_add_test(tests, another_query_ends_the_run);
	tcase_add_test(tests, another_number_of_partials_ends_the_run);
	tcase_add_test(tests, more_partitions_are_a_note);
	tcase_add_test(tests, a_later_run_goes_on_in_the_middle_of_a_window);
	tcase_add_test(tests,
		       a_later_run_waits_for_no_pair_that_was_far_enough);
	tcase_add_test(tests, a_later_run_checks_offsets_and_query);
	tcase_add_test(tests, a_later_run_knows_who_is_idle);
	tcase_add_test(tests, marks_are_kept_before_any_row_came);
	tcase_add_test(tests,
		       a_later_run_waits_for_more_partitions_that_it_reads);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
