/*
 * What members of a group publish is added up, and its marks say when a window
 * is over.
 */
#include "members_run.h"

static void assert_tallies(unsigned read, unsigned counted, unsigned rejected,
			   unsigned late)
{
	struct tallies is = engine.tallies;

	ck_assert_uint_eq(is.read, read);
	ck_assert_uint_eq(is.counted, counted);
	ck_assert_uint_eq(tallies_rejected(&is), rejected);
	ck_assert_uint_eq(is.late, late);
	ck_assert_uint_eq(is.read,
			  is.counted + tallies_rejected(&is) + is.late);
}

/* --- when a window is over ------------------------------------------------ */

START_TEST(deltas_are_added_and_move_no_watermark)
{
	begin_run();
	delta(0, 10, "A", 2);
	delta(1, 15, "B", 3);
	delta(0, 10, "A", 4);
	delta(0, 90, "A", 1);
	ck_assert_int_eq(engine.watermark.value_ns, TIME_NONE);
	ck_assert_int_eq(part[0].time->newest_ns, TIME_NONE);
	reach(20);
	assert_windows("[10 15] 6: A 6 6\n[15 20] 3: A 0 6, B 3 3\n");
}
END_TEST

START_TEST(a_window_waits_for_the_mark_in_each_partition_that_is_read)
{
	begin_run();
	delta(0, 10, "A", 2);
	mark(0, (struct mark_line){.newest_s = 15});
	delta(1, 10, "B", 3);
	assert_windows("");
	mark(1, (struct mark_line){.newest_s = 14});
	assert_windows("");
	mark(1, (struct mark_line){.newest_s = 15});
	assert_windows("[10 15] 5: A 2 2, B 3 3\n");
}
END_TEST

START_TEST(a_window_waits_for_each_partition_of_the_source)
{
	begin_run();
	delta(0, 10, "A", 2);
	for (int p = 0; p < 3; p++) {
		assert_windows("");
		mark_all((struct mark_line){
			.partition = p, .of = 3, .newest_s = 20 + p});
	}
	assert_windows("[10 15] 2: A 2 2\n");
	ck_assert_int_eq(engine.watermark.value_ns, 20 * S);
}
END_TEST

START_TEST(a_window_waits_for_each_source_of_the_group)
{
	begin_run();
	sources = 2;
	delta(0, 10, "A", 2);
	reach(20);
	assert_windows("");
	mark_all((struct mark_line){.source = "returns", .newest_s = 15});
	assert_windows("[10 15] 2: A 2 2\n");
}
END_TEST

START_TEST(the_lateness_is_the_merges)
{
	query.lateness_ns = 10 * S;
	begin_run();
	delta(0, 10, "A", 2);
	reach(24);
	assert_windows("");
	reach(25);
	assert_windows("[10 15] 2: A 2 2\n");
}
END_TEST

/* As when bytes come in any other way. */
START_TEST(a_window_closes_before_the_line_behind_the_mark)
{
	struct buffer lines = {0};

	begin_run();
	mark(1, (struct mark_line){.newest_s = 90});
	put_delta(&lines, 10, "A", 2, "");
	put_mark(&lines, (struct mark_line){.newest_s = 15});
	put_tallies(&lines, 3, 3, 0);
	put_delta(&lines, 10, "A", 1, "");
	put_delta(&lines, 15, "A", 5, "");
	put_mark(&lines, (struct mark_line){.newest_s = 20});
	take_lines_from(&part[0], &lines);
	assert_windows("[10 15] 2: A 2 2\n[15 20] 5: A 5 7\n");
	ck_assert_uint_eq(snapshot.tallies.read, 6);
	ck_assert_uint_eq(snapshot.tallies.counted, 5);
	ck_assert_uint_eq(snapshot.tallies.late, 1);
}
END_TEST

START_TEST(marks_may_come_before_the_first_row_lays_the_windows)
{
	begin_run();
	reach(20);
	ck_assert(!engine.laid);
	ck_assert_int_eq(engine.watermark.value_ns, 20 * S);
	delta(0, 10, "A", 2);
	delta(0, 20, "A", 3);
	reach(25);
	assert_windows("[20 25] 3: A 3 3\n");
	ck_assert_uint_eq(snapshot.tallies.late, 2);
}
END_TEST

START_TEST(a_time_ahead_of_our_clock_counts_as_the_clock)
{
	begin_run();
	now_ns = 30 * S;
	delta(0, 10, "A", 2);
	reach(90);
	assert_windows("[10 15] 2: A 2 2\n");
	ck_assert_int_eq(engine.watermark.value_ns, 30 * S);
	ck_assert_int_eq(engine.watermark.newest_ns, 30 * S);
}
END_TEST

START_TEST(sums_of_deltas_are_added)
{
	struct buffer lines = {0};

	begin_run();
	put_delta(&lines, 10, "A", 1, ",\"sum\":12.50");
	put_delta(&lines, 10, "A", 2, ",\"sum\":-0.25");
	take_lines_from(&part[0], &lines);
	reach(15);
	assert_windows("[10 15] 3: A 3 3 12.25 12.25\n");
}
END_TEST

/* --- orders are counted, not lines ---------------------------------------- */

START_TEST(orders_are_read_where_the_deltas_are_the_others_where_tallies_are)
{
	begin_run();
	delta(0, 10, "A", 7);
	assert_tallies(7, 7, 0, 0);
	tally(9, 7, 2);
	tally(1, 1, 0);
	assert_tallies(9, 7, 2, 0);
	delta(0, 12, "A", 1);
	reach(20);
	ck_assert_uint_eq(snapshot.tallies.read, 10);
	assert_tallies(0, 0, 0, 0);
	ck_assert_uint_eq(engine_tallies(&engine).read, 10);
}
END_TEST

START_TEST(orders_of_a_late_delta_are_late)
{
	begin_run();
	reach(20);
	tally(9, 9, 0);
	delta(0, 14, "A", 0);
	ck_assert_uint_eq(rejects, 1); /* of no window */
	delta(0, 10, "A", 4);
	assert_tallies(5, 0, 1, 4);
	ck_assert_int_eq(engine.late_by_ns, 10 * S);
	assert_windows("");
	ck_assert_uint_eq(engine.windows.total_orders, 0);
}
END_TEST

START_TEST(a_bad_delta_is_one_that_was_read_and_rejected)
{
	struct buffer line = {0};

	begin_run();
	put_delta(&line, 10, "A", -1, "");
	take_lines_from(&part[0], &line);
	ck_assert_uint_eq(rejects, 1);
	ck_assert_int_eq(engine.reject.reason, REJECT_BAD_NUMBER);
	ck_assert_str_eq(engine.reject.stream, "partials[0]");
	assert_tallies(1, 0, 1, 0);
}
END_TEST

START_TEST(a_bad_mark_is_one_that_was_read_and_rejected)
{
	begin_run();
	take_from(&part[1], "{\"source\":\"orders\"," QUERY_TEXT "}\n"
			    "{\"tallies\":{}," QUERY_TEXT "}\n");
	ck_assert_uint_eq(rejects, 2);
	ck_assert_int_eq(engine.reject.reason, REJECT_MISSING_KEY);
	assert_tallies(2, 0, 2, 0);
	ck_assert(!marks_came(&engine.marks));
}
END_TEST

/* --- what is no partition ------------------------------------------------- */

START_TEST(elsewhere_marks_and_tallies_are_no_records)
{
	begin_run();
	watermark_add(&engine.watermark, stream.time, now_ns);
	take("{\"source\":\"orders\"," QUERY_TEXT "}\n"
	     "{\"tallies\":{\"read\":9}," QUERY_TEXT "}\n");
	ck_assert_uint_eq(rejects, 0);
	assert_tallies(0, 0, 0, 0);
	ck_assert(!marks_came(&engine.marks));
	ck_assert_int_eq(engine.watermark.value_ns, TIME_NONE);
}
END_TEST

START_TEST(elsewhere_a_row_without_a_total_is_a_row)
{
	struct buffer line = {0};

	begin_run();
	watermark_add(&engine.watermark, stream.time, now_ns);
	reach(50);
	put_delta(&line, 10, "A", 4, "");
	take_lines_from(&stream, &line);
	ck_assert_int_eq(stream.time->newest_ns, 10 * S);
	assert_tallies(1, 1, 0, 0);
}
END_TEST

START_TEST(other_streams_hold_back_beside_the_marks)
{
	struct buffer line = {0};

	begin_run();
	watermark_add(&engine.watermark, stream.time, now_ns);
	delta(0, 10, "A", 2);
	reach(50);
	assert_windows("");
	put_delta(&line, 20, "A", 4, ",\"total\":9");
	take_lines_from(&stream, &line);
	assert_windows("[10 15] 2: A 2 2\n");
	watermark_remove(&engine.watermark, stream.time);
	ck_assert_int_eq(engine.watermark.value_ns, 50 * S);
}
END_TEST

/* An ordinary run's rows, piped into a topic. */
START_TEST(rows_with_a_total_in_a_topic_are_rows)
{
	struct buffer lines[PARTS] = {{0}};

	begin_run();
	for (unsigned q = 0; q < PARTS; q++) {
		put_delta(&lines[q], 10, "A", 4, ",\"total\":9");
		put_delta(&lines[q], 20, "A", 1, ",\"total\":10");
		take_lines_from(&part[q], &lines[q]);
	}
	assert_windows("[10 15] 8: A 8 8\n");
	ck_assert_uint_eq(snapshot.tallies.counted, 4);
}
END_TEST

START_TEST(once_there_are_marks_rows_of_partitions_move_nothing)
{
	struct buffer line = {0};

	begin_run();
	reach(20);
	put_delta(&line, 50, "A", 4, ",\"total\":9");
	take_lines_from(&part[0], &line);
	ck_assert_int_eq(engine.watermark.value_ns, 20 * S);
	ck_assert_int_eq(engine.watermark.newest_ns, 20 * S);
	assert_tallies(1, 1, 0, 0);
}
END_TEST

/* Rows that wait for windows to be laid come first. */
START_TEST(a_delta_behind_rows_that_wait_is_a_delta)
{
	begin_run();
	watermark_add(&engine.watermark, stream.time, now_ns);
	take("{\"start\":\"1970-01-01T00:00:12Z\",\"end\":\"1970-01-01T00:00:"
	     "14Z\",\"partial\":true,\"key\":{\"k\":\"A\"},\"count\":1,"
	     "\"total\":1}\n");
	ck_assert(!engine.laid);
	reach(50);
	tally(5, 5, 0);
	assert_tallies(0, 0, 0, 0);
	delta(0, 20, "A", 3);
	/* The row is one record, the delta three orders. */
	take("\n");
	assert_tallies(4, 4, 0, 0);
	watermark_remove(&engine.watermark, stream.time);
	engine_wait(&engine, now_ns, now_ns);
	assert_windows("[10 15] 1: A 1 1\n[20 25] 3: A 3 4\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine members");
	TCase *tests = tcase_create("engine members");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin_members, end_members);
	tcase_add_test(tests, deltas_are_added_and_move_no_watermark);
	tcase_add_test(
		tests,
		a_window_waits_for_the_mark_in_each_partition_that_is_read);
	tcase_add_test(tests, a_window_waits_for_each_partition_of_the_source);
	tcase_add_test(tests, a_window_waits_for_each_source_of_the_group);
	tcase_add_test(tests, the_lateness_is_the_merges);
	tcase_add_test(tests, a_window_closes_before_the_line_behind_the_mark);
	tcase_add_test(tests,
		       marks_may_come_before_the_first_row_lays_the_windows);
	tcase_add_test(tests, a_time_ahead_of_our_clock_counts_as_the_clock);
	tcase_add_test(tests, sums_of_deltas_are_added);
	tcase_add_test(
		tests,
		orders_are_read_where_the_deltas_are_the_others_where_tallies_are);
	tcase_add_test(tests, orders_of_a_late_delta_are_late);
	tcase_add_test(tests, a_bad_delta_is_one_that_was_read_and_rejected);
	tcase_add_test(tests, a_bad_mark_is_one_that_was_read_and_rejected);
	tcase_add_test(tests, elsewhere_marks_and_tallies_are_no_records);
	tcase_add_test(tests, elsewhere_a_row_without_a_total_is_a_row);
	tcase_add_test(tests, other_streams_hold_back_beside_the_marks);
	tcase_add_test(tests, rows_with_a_total_in_a_topic_are_rows);
	tcase_add_test(tests,
		       once_there_are_marks_rows_of_partitions_move_nothing);
	tcase_add_test(tests, a_delta_behind_rows_that_wait_is_a_delta);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
