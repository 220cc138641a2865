#include "engine_run.h"

/* --- records -------------------------------------------------------------- */

START_TEST(windows_print_counts_and_totals)
{
	begin_at(10);
	order("PAID", 2);
	order("NEW", 1);
	assert_closes("[10 15] 3: NEW 1 1, PAID 2 2");
	order("PAID", 1);
	order("LOST", 1);
	assert_closes("[15 20] 2: LOST 1 1, NEW 0 1, PAID 1 3");
	assert_closes("[20 25] 0: LOST 0 1, NEW 0 1, PAID 0 3");
	ck_assert_uint_eq(snapshot.total_orders, 5);
	ck_assert_uint_eq(snapshot.groups, 3);
}
END_TEST

START_TEST(a_record_belongs_to_the_window_in_which_its_last_byte_came)
{
	begin_at(10);
	take("{\"status\":\"A\"}\n{\"status\"");
	assert_closes("[10 15] 1: A 1 1");
	take(":\"B\"}");
	assert_closes("[15 20] 0: A 0 1");
	take("\n");
	assert_closes("[20 25] 1: A 0 1, B 1 1");
	take("{\"status\":\"C\"}");
	assert_closes("[25 30] 0: A 0 1, B 0 1");
	ck_assert_int_eq(engine_end_stream(&engine, &stream, now_ns),
			 ENGINE_DONE);
	assert_closes("[30 35] 1: A 0 1, B 0 1, C 1 1");
	ck_assert_int_eq(engine_end_stream(&engine, &stream, now_ns),
			 ENGINE_DONE);
	ck_assert_uint_eq(engine_tallies(&engine).read, 3);
}
END_TEST

START_TEST(a_reject_says_which_record_and_why_and_costs_no_neighbour)
{
	struct span bytes =
		span_of("{\"status\":\"A\"}\n\n{\"status\":oops}\r\n"
			"{\"status\":\"B\"}\n{\"x\":1}\n[1");

	begin_at(10);
	ck_assert_int_eq(engine_take(&engine, &stream, &bytes, now_ns),
			 ENGINE_REJECTED);
	ck_assert_int_eq(engine.reject.reason, REJECT_INVALID_JSON);
	ck_assert_str_eq(engine.reject.stream, "feed");
	ck_assert_uint_eq(engine.reject.line_number, 3);
	ck_assert_uint_eq(engine.reject.column, 11);
	ck_assert_ptr_null(engine.reject.field);
	ck_assert(span_is(engine.reject.line, "{\"status\":oops}\r"));
	ck_assert_int_eq(engine_take(&engine, &stream, &bytes, now_ns),
			 ENGINE_REJECTED);
	ck_assert_int_eq(engine.reject.reason, REJECT_MISSING_KEY);
	ck_assert_uint_eq(engine.reject.line_number, 5);
	ck_assert_str_eq(engine.reject.field, "status");
	ck_assert_int_eq(engine_take(&engine, &stream, &bytes, now_ns),
			 ENGINE_DONE);
	ck_assert_int_eq(engine_end_stream(&engine, &stream, now_ns),
			 ENGINE_REJECTED);
	ck_assert_int_eq(engine.reject.reason, REJECT_INVALID_JSON);
	ck_assert_uint_eq(engine.reject.line_number, 6);
	ck_assert_uint_eq(engine.reject.column, 3);
	assert_closes("[10 15] 2: A 1 1, B 1 1");
	ck_assert_uint_eq(snapshot.tallies.read, 5);
	ck_assert_uint_eq(snapshot.tallies.counted, 2);
	ck_assert_uint_eq(snapshot.tallies.rejected[REJECT_INVALID_JSON], 2);
	ck_assert_uint_eq(snapshot.tallies.rejected[REJECT_MISSING_KEY], 1);
}
END_TEST

START_TEST(too_long_comes_before_all_other_reasons)
{
	query.max_line_bytes = 14;
	begin_at(10);
	take("{\"status\":\"A\"}\n{\"status\":\"AB\"}\n");
	ck_assert_uint_eq(rejects, 1);
	ck_assert_int_eq(engine.reject.reason, REJECT_TOO_LONG);
	ck_assert_uint_eq(engine.reject.column, 15);
	ck_assert_uint_eq(engine.reject.line_number, 2);
	take("{\"status\":\"A\"}\r\n");
	ck_assert_uint_eq(rejects, 1);
}
END_TEST

START_TEST(tallies_run_from_one_window_to_the_next)
{
	struct tallies sum;

	begin_at(10);
	take("{\"status\":1}\n{}\n[]\n");
	assert_closes("[10 15] 1: 1 1 1");
	ck_assert_uint_eq(snapshot.tallies.read, 3);
	ck_assert_uint_eq(tallies_rejected(&snapshot.tallies), 2);
	assert_closes("[15 20] 0: 1 0 1");
	ck_assert_uint_eq(snapshot.tallies.read, 0);
	take("{\"status\":1}\n");
	sum = engine_tallies(&engine);
	ck_assert_uint_eq(sum.read, 4);
	ck_assert_uint_eq(sum.counted, 2);
	ck_assert_uint_eq(tallies_rejected(&sum), 2);
}
END_TEST

START_TEST(several_keys_make_a_group)
{
	static const char *const names[] = {"a", "b"};

	query.records.key_names = names;
	query.records.key_count = 2;
	query.records.missing_label = "none";
	begin_at(10);
	take("{\"a\":\"x\",\"b\":1}\n{\"b\":1,\"a\":\"x\"}\n{\"a\":\"x\"}\n"
	     "{\"a\":1,\"b\":\"x\"}\n{\"b\":{}}\n");
	ck_assert_uint_eq(rejects, 1);
	assert_closes("[10 15] 4: 1 x 1 1, x 1 2 2, x none 1 1");
}
END_TEST

/* --- groups --------------------------------------------------------------- */

START_TEST(groups_beyond_the_limit_count_in_other)
{
	query.max_groups = 2;
	begin_at(10);
	order("A", 1);
	order("B", 1);
	ck_assert(!engine.other_seen);
	order("C", 2);
	order("D", 1);
	order("A", 1);
	ck_assert(engine.other_seen);
	assert_closes("[10 15] 6: A 2 2, B 1 1, (other) 3 3");
	ck_assert_uint_eq(snapshot.groups, 2);
	assert_closes("[15 20] 0: A 0 2, B 0 1, (other) 0 3");
}
END_TEST

START_TEST(expected_groups_are_known_from_the_start)
{
	expect("Z");
	expect("A");
	query.max_groups = 3;
	begin_at(10);
	assert_closes("[10 15] 0: A 0 0, Z 0 0");
	ck_assert_uint_eq(snapshot.groups, 2);
	order("M", 1);
	order("N", 1);
	order("Z", 1);
	assert_closes("[15 20] 3: A 0 0, M 1 1, Z 1 1, (other) 1 1");
	ck_assert_uint_eq(snapshot.groups, 3);
}
END_TEST

START_TEST(expected_and_watched_groups_have_a_name_beyond_the_limit)
{
	expect("E");
	ask_fail_if("W>100");
	ask_fail_if("E>100");
	query.max_groups = 1;
	begin_at(10);
	order("X", 1);
	order("W", 1);
	order("E", 1);
	assert_closes("[10 15] 3: E 1 1, W 1 1, (other) 1 1");
	ck_assert_uint_eq(snapshot.groups, 2);
}
END_TEST

START_TEST(a_watched_group_has_a_name_and_a_row_once_it_was_seen)
{
	ask_fail_if("W>100");
	begin_at(10);
	assert_closes("[10 15] 0");
	ck_assert_uint_eq(snapshot.groups, 0);
	order("W", 2);
	assert_closes("[15 20] 2: W 2 2");
	ck_assert_uint_eq(snapshot.groups, 1);
	order("W", 1);
	assert_closes("[20 25] 1: W 1 3");
	ck_assert_uint_eq(snapshot.groups, 1);
}
END_TEST

/* --- ends and gaps -------------------------------------------------------- */

START_TEST(all_is_whole_when_the_input_ended_by_itself)
{
	ask_windows(0, 0);
	begin_at(12);
	order("A", 3);
	ck_assert(!engine_due(&engine, INT64_MAX - 1));
	ck_assert(engine_has_rest(&engine, 12 * S));
	coverage_source_ended(&engine.coverage, 14 * S);
	assert_finishes(14, true, "[12 14] 3: A 3 3");
	ck_assert(engine.whole_seen);
}
END_TEST

START_TEST(all_is_partial_when_something_else_ended_it)
{
	ask_windows(0, 0);
	begin_at(12);
	assert_finishes(13, false, "[12 13]! 0");
	ck_assert(!engine.whole_seen);
}
END_TEST

START_TEST(all_is_partial_when_part_of_the_input_failed)
{
	ask_windows(0, 0);
	begin_at(12);
	coverage_source_hurt(&engine.coverage);
	coverage_source_ended(&engine.coverage, 13 * S);
	assert_finishes(13, true, "[12 13]! 0");
}
END_TEST

START_TEST(the_open_window_prints_once_at_the_end)
{
	begin_at(10);
	order("A", 1);
	ck_assert(engine_has_rest(&engine, 12 * S));
	assert_finishes(12, true, "[10 12]! 1: A 1 1");
	ck_assert_uint_eq(engine_tallies(&engine).read, 1);
}
END_TEST

START_TEST(a_run_that_ends_on_a_boundary_prints_no_empty_window)
{
	begin_at(10);
	order("A", 1);
	assert_closes("[10 15] 1: A 1 1");
	ck_assert(!engine_has_rest(&engine, 15 * S));
	ck_assert(engine_has_rest(&engine, 15 * S + 1));
	/* But what was read at that very time is in one. */
	take("broken\n");
	ck_assert(engine_has_rest(&engine, 15 * S));
}
END_TEST

/* Time goes from the one to the other without us. */
static void assert_cut(int64_t from_s, int64_t to_s, uint64_t skips,
		       const char *text)
{
	struct closing next = closing();
	uint64_t skipped;

	ck_assert_int_eq(
		engine_cut(&engine, &next, from_s * S, to_s * S, &skipped), 0);
	ck_assert_uint_eq(skipped, skips);
	assert_printed(text);
	now_ns = to_s * S;
}

START_TEST(a_gap_ends_the_window_where_counting_stopped)
{
	begin_at(10);
	order("A", 1);
	assert_cut(12, 33, 3, "[10 12]! 1: A 1 1");
	order("A", 1);
	assert_closes("[33 35]! 1: A 1 2");
	assert_closes("[35 40] 0: A 0 2");
	/* Within one window: it is printed in two parts, none twice. */
	assert_cut(41, 43, 0, "[40 41]! 0: A 0 2");
	assert_closes("[43 45]! 0: A 0 2");
}
END_TEST

START_TEST(all_groups_are_handed_out_beside_those_that_are_chosen)
{
	struct closing next = closing();
	struct snapshot whole;

	query.choice = (struct row_choice){.top = 1, .order = ORDER_COUNT};
	begin_at(10);
	order("A", 1);
	order("B", 2);
	order("C", 3);
	take("broken\n");
	snapshot_init(&whole);
	next.whole = &whole;
	ck_assert_int_eq(engine_close(&engine, &next), 0);
	assert_printed("[10 15] 6: C 3 3, (other) 3 3");
	assert_shown(&whole, "[10 15] 6: A 1 1, B 2 2, C 3 3");
	ck_assert_uint_eq(whole.tallies.read, 7);
	ck_assert_uint_eq(whole.run.read, 7);
	ck_assert_uint_eq(engine_tallies(&engine).read, 7);
	snapshot_release(&whole);
}
END_TEST

START_TEST(time_without_a_window_is_left_out)
{
	begin_at(10);
	order("A", 1);
	assert_closes("[10 15] 1: A 1 1");
	ck_assert(engine_is_empty(&engine));
	ck_assert_uint_eq(engine_leave_out(&engine, 32 * S), 3);
	assert_closes("[30 35] 0: A 0 1");
	now_ns = 36 * S;
	order("A", 1);
	ck_assert(!engine_is_empty(&engine));
}
END_TEST

START_TEST(windows_slide_by_arrival)
{
	ask_windows(6, 2);
	begin_at(10);
	/* The first is a whole one. */
	order("A", 1);
	now_ns = 12 * S;
	order("A", 2);
	now_ns = 15 * S;
	order("B", 4);
	assert_closes("[10 16] 7: A 3 3, B 4 4");
	assert_closes("[12 18] 6: A 2 3, B 4 4");
	now_ns = 19 * S;
	order("A", 8);
	ck_assert_uint_eq(engine_open_orders(&engine), 12);
	assert_closes("[14 20] 12: A 8 11, B 4 4");
	assert_closes("[16 22] 8: A 8 11, B 0 4");
	/* Only the next one that is due prints at the end. */
	assert_finishes(23, true, "[18 23]! 8: A 8 11, B 0 4");
	ck_assert(!engine_has_rest(&engine, 23 * S));
}
END_TEST

START_TEST(what_slid_out_before_a_gap_is_in_the_totals)
{
	ask_windows(6, 2);
	begin_at(10);
	order("A", 1);
	now_ns = 13 * S;
	order("A", 2);
	assert_cut(13, 40, 12, "[10 13]! 3: A 3 3");
	now_ns = 41 * S;
	order("B", 1);
	/* Partial as long as the gap is in it. */
	assert_closes("[40 42]! 1: A 0 3, B 1 1");
	assert_closes("[40 44]! 1: A 0 3, B 1 1");
	assert_closes("[40 46]! 1: A 0 3, B 1 1");
	assert_closes("[42 48] 0: A 0 3, B 0 1");
}
END_TEST

START_TEST(known_groups_take_no_more_memory)
{
	struct engine before;
	size_t capacity;

	begin_at(10);
	order("A", 1);
	order("B", 1);
	stream_open(&stream, "feed");
	take("{\"status\"");
	take(":1}\n");
	close_next();
	order("A", 1);
	close_next();
	before = engine;
	capacity = snapshot.capacity;
	for (int i = 0; i < 1000; i++) {
		order("B", i % 5);
		take("{\"status\"");
		take(":1}\n");
		close_next();
	}
	ck_assert_ptr_eq(engine.groups.table.slots, before.groups.table.slots);
	ck_assert_ptr_eq(engine.groups.keys, before.groups.keys);
	ck_assert_ptr_eq(engine.groups.store.blocks,
			 before.groups.store.blocks);
	ck_assert_uint_eq(engine.windows.capacity, before.windows.capacity);
	ck_assert_uint_eq(snapshot.capacity, capacity);
	ck_assert_ptr_eq(engine.windows.totals, before.windows.totals);
	ck_assert_uint_eq(engine_tallies(&engine).counted, 2 + 1 + 1 + 3000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine");
	TCase *tests = tcase_create("engine");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, windows_print_counts_and_totals);
	tcase_add_test(
		tests,
		a_record_belongs_to_the_window_in_which_its_last_byte_came);
	tcase_add_test(
		tests,
		a_reject_says_which_record_and_why_and_costs_no_neighbour);
	tcase_add_test(tests, too_long_comes_before_all_other_reasons);
	tcase_add_test(tests, tallies_run_from_one_window_to_the_next);
	tcase_add_test(tests, several_keys_make_a_group);
	tcase_add_test(tests, groups_beyond_the_limit_count_in_other);
	tcase_add_test(tests, expected_groups_are_known_from_the_start);
	tcase_add_test(
		tests,
		expected_and_watched_groups_have_a_name_beyond_the_limit);
	tcase_add_test(tests,
		       a_watched_group_has_a_name_and_a_row_once_it_was_seen);
	tcase_add_test(tests, all_is_whole_when_the_input_ended_by_itself);
	tcase_add_test(tests, all_is_partial_when_something_else_ended_it);
	tcase_add_test(tests, all_is_partial_when_part_of_the_input_failed);
	tcase_add_test(tests, the_open_window_prints_once_at_the_end);
	tcase_add_test(tests,
		       a_run_that_ends_on_a_boundary_prints_no_empty_window);
	tcase_add_test(tests, a_gap_ends_the_window_where_counting_stopped);
	tcase_add_test(tests,
		       all_groups_are_handed_out_beside_those_that_are_chosen);
	tcase_add_test(tests, time_without_a_window_is_left_out);
	tcase_add_test(tests, windows_slide_by_arrival);
	tcase_add_test(tests, what_slid_out_before_a_gap_is_in_the_totals);
	tcase_add_test(tests, known_groups_take_no_more_memory);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
