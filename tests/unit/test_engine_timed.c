/*
 * Windows by event time. The clock is far ahead of the events unless a test
 * says otherwise.
 */
#include "engine_run.h"

#define LATER 100000 /* seconds */

static struct filter filter;
static struct stream second;

static void begin(void)
{
	setup();
	query.timed = true;
	query.records.time_field = "t";
	filter = (struct filter){0};
	stream_init(&second);
	stream_open(&second, "other feed");
}

static void end(void)
{
	teardown();
	filter_release(&filter);
	stream_release(&second);
}

/* An order of that time. */
static void at_from(struct stream *from, const char *key, double time_s)
{
	struct buffer text = {0};

	buffer_printf(&text, "{\"status\":\"%s\",\"t\":%.3f}\n", key, time_s);
	buffer_append_char(&text, '\0');
	take_from(from, text.data);
	buffer_release(&text);
}

static void at(const char *key, double time_s)
{
	at_from(&stream, key, time_s);
}

static void end_input(void)
{
	ck_assert_int_eq(engine_end_input(&engine), 0);
}

/* --- what is late --------------------------------------------------------- */

START_TEST(a_window_prints_once_the_watermark_is_at_its_end)
{
	begin_at(LATER);
	at("A", 11);
	at("B", 14.999);
	assert_windows("");
	at("A", 15);
	assert_windows("[10 15] 2: A 1 1, B 1 1\n");
	ck_assert_int_eq(engine_next_end(&engine), 20 * S);
	/* Those without a record do not print. */
	at("A", 35);
	assert_windows("[15 20] 1: A 1 2, B 0 1\n");
}
END_TEST

START_TEST(a_record_is_late_when_every_window_that_holds_it_is_over)
{
	begin_at(LATER);
	at("A", 12);
	at("A", 15);
	at("A", 14.999);
	assert_windows("[10 15] 1: A 1 1\n");
	ck_assert_uint_eq(engine.tallies.late, 1);
	ck_assert_int_eq(engine.late_by_ns, NS_PER_MS);
	at("A", 12);
	ck_assert_int_eq(engine.late_by_ns, 3 * S);
	at("A", 20);
	assert_windows("[15 20] 1: A 1 2\n");
	ck_assert_uint_eq(snapshot.tallies.late, 2);
	/* The one at 15 was read before the first window printed. */
	ck_assert_uint_eq(snapshot.tallies.counted, 1);
	ck_assert_uint_eq(snapshot.tallies.read, 3);
}
END_TEST

START_TEST(a_window_that_nothing_was_in_is_over_too)
{
	begin_at(LATER);
	at("A", 30);
	at("A", 24);
	assert_windows("");
	ck_assert_uint_eq(engine.tallies.late, 1);
	/* One that is older than the first, but not yet over. */
	at("A", 31);
	ck_assert_uint_eq(engine.tallies.late, 1);
}
END_TEST

START_TEST(the_lateness_holds_windows_open)
{
	query.lateness_ns = 10 * S;
	begin_at(LATER);
	at("A", 12);
	at("A", 24.999);
	at("B", 10);
	assert_windows("");
	at("A", 25);
	assert_windows("[10 15] 2: A 1 1, B 1 1\n");
	at("A", 14);
	ck_assert_uint_eq(engine.tallies.late, 1);
}
END_TEST

START_TEST(it_moves_after_the_record_that_moves_it_was_counted)
{
	ask_windows(10, 5);
	begin_at(LATER);
	at("A", 12);
	at("A", 15);
	/* In the window that it closes, were that to hold it. */
	assert_windows("[5 15] 1: A 1 1\n");
	at("A", 20);
	assert_windows("[10 20] 2: A 2 2\n");
}
END_TEST

START_TEST(windows_print_in_the_order_of_time)
{
	query.lateness_ns = 100 * S;
	begin_at(LATER);
	at("A", 40);
	at("A", 12);
	at("A", -3);
	at("A", 33);
	at("A", 13);
	assert_windows("");
	at("A", 140);
	assert_windows("[-5 0] 1: A 1 1\n[10 15] 2: A 2 3\n"
		       "[30 35] 1: A 1 4\n");
}
END_TEST

START_TEST(of_several_the_first_has_the_tallies)
{
	query.lateness_ns = 100 * S;
	begin_at(LATER);
	at("A", 12);
	at("A", 22);
	take("oops\n");
	at("A", 200);
	assert_windows("[10 15] 1: A 1 1\n[20 25] 1: A 1 2\n");
	/* The second one's. */
	ck_assert_uint_eq(snapshot.tallies.read, 0);
	ck_assert_uint_eq(snapshot.run.read, 4);
	ck_assert_uint_eq(snapshot.run.counted, 3);
	ck_assert_uint_eq(tallies_rejected(&snapshot.run), 1);
}
END_TEST

/* --- sliding -------------------------------------------------------------- */

START_TEST(a_record_is_in_every_window_that_holds_it)
{
	ask_windows(6, 2);
	begin_at(LATER);
	at("A", 10);
	at("B", 13);
	at("A", 20);
	assert_windows("[6 12] 1: A 1 1\n[8 14] 2: A 1 1, B 1 1\n"
		       "[10 16] 2: A 1 1, B 1 1\n[12 18] 1: A 0 1, B 1 1\n");
	end_input();
	assert_windows("");
}
END_TEST

START_TEST(a_record_counts_in_those_that_are_still_open)
{
	ask_windows(6, 2);
	begin_at(LATER);
	at("A", 10);
	at("A", 14.5);
	assert_windows("[6 12] 1: A 1 1\n[8 14] 1: A 1 1\n");
	/* [8 14) is over, [10 16) and [12 18) are not. */
	at("B", 12);
	ck_assert_uint_eq(engine.tallies.late, 0);
	at("A", 16);
	assert_windows("[10 16] 3: A 2 2, B 1 1\n");
	at("C", 11.9);
	ck_assert_uint_eq(engine.tallies.late, 1);
	at("A", 18);
	assert_windows("[12 18] 3: A 2 3, B 1 1\n");
}
END_TEST

/* --- several streams ------------------------------------------------------ */

START_TEST(the_stream_that_is_behind_decides)
{
	begin_at(LATER);
	watermark_add(&engine.watermark, second.time, now_ns);
	at("A", 12);
	at("A", 500);
	assert_windows("");
	at_from(&second, "B", 13);
	at_from(&second, "B", 16);
	assert_windows("[10 15] 2: A 1 1, B 1 1\n");
	watermark_remove(&engine.watermark, second.time);
	engine_wait(&engine, now_ns, now_ns);
	assert_windows("[15 20] 1: A 0 1, B 1 2\n");
}
END_TEST

START_TEST(idle_streams_do_not_keep_the_last_window)
{
	query.idle_ns = 30 * S;
	begin_at(1000);
	at("A", 12);
	at("A", 14);
	engine_wait(&engine, 1029 * S, 2000 * S);
	assert_windows("");
	engine_wait(&engine, 1030 * S, 2000 * S);
	engine_wait(&engine, 1030 * S + NS_PER_S / 2, 2000 * S);
	assert_windows("");
	/* By the clock from then on. */
	engine_wait(&engine, 1031 * S, 2001 * S);
	assert_windows("[10 15] 2: A 2 2\n");
	engine_hear(&engine, stream.time, 1040 * S, 2010 * S);
	at("A", 16);
	ck_assert_uint_eq(engine.tallies.late, 1);
	at("A", 20);
	ck_assert_uint_eq(engine.tallies.late, 1);
}
END_TEST

START_TEST(idleness_is_by_default_window_and_lateness)
{
	query.idle_ns = 0;
	begin_at(LATER);
	ck_assert_int_eq(engine.watermark.idle_ns, 30 * S);
	teardown();
	setup();
	query.timed = true;
	query.records.time_field = "t";
	query.idle_ns = 0;
	query.lateness_ns = 7 * S;
	ask_windows(60, 20);
	begin_at(LATER);
	ck_assert_int_eq(engine.watermark.idle_ns, 67 * S);
}
END_TEST

/* --- what moves it -------------------------------------------------------- */

START_TEST(a_filtered_record_moves_it_and_a_rejected_one_does_not)
{
	struct error error;

	ck_assert_int_eq(filter_parse(&filter, "status!=X", &error), 0);
	query.records.filters = &filter;
	query.records.filter_count = 1;
	begin_at(LATER);
	at("A", 12);
	take("{\"t\":90}\n{\"status\":{},\"t\":90}\n"
	     "{\"status\":\"A\",\"t\":\"yesterday\"}\n");
	assert_windows("");
	ck_assert_uint_eq(rejects, 3);
	at("X", 15);
	assert_windows("[10 15] 1: A 1 1\n");
	ck_assert_uint_eq(snapshot.tallies.filtered, 1);
	/* A filtered one is never late. */
	at("X", 3);
	ck_assert_uint_eq(engine.tallies.filtered, 1);
	ck_assert_uint_eq(engine.tallies.late, 0);
}
END_TEST

START_TEST(a_time_ahead_of_the_clock_counts_for_it_as_the_clocks)
{
	begin_at(18);
	at("A", 12);
	at("A", 100);
	assert_windows("[10 15] 1: A 1 1\n");
	at("B", 17);
	ck_assert_uint_eq(engine.tallies.late, 0);
	now_ns = 22 * S;
	at("B", 100);
	assert_windows("[15 20] 1: A 0 1, B 1 1\n");
	/* It counts in its own window. */
	now_ns = 106 * S;
	at("B", 105);
	assert_windows("[100 105] 2: A 1 2, B 1 2\n");
}
END_TEST

START_TEST(a_time_too_far_ahead_is_bad)
{
	query.max_ahead_ns = 10 * S;
	begin_at(100);
	at("A", 110);
	ck_assert_uint_eq(rejects, 0);
	at("A", 110.001);
	ck_assert_uint_eq(rejects, 1);
	ck_assert_int_eq(engine.reject.reason, REJECT_BAD_TIME);
}
END_TEST

/* --- the end -------------------------------------------------------------- */

START_TEST(at_the_end_of_input_windows_up_to_the_watermark_are_whole)
{
	query.lateness_ns = 5 * S;
	begin_at(LATER);
	watermark_add(&engine.watermark, second.time, now_ns);
	at("A", 12);
	at("A", 17);
	at("A", 21);
	assert_windows("");
	end_input();
	assert_windows("[10 15] 1: A 1 1\n");
	ck_assert(engine_has_rest(&engine, now_ns));
	assert_finishes(LATER, true, "[15 20]! 1: A 1 2");
	assert_finishes(LATER, true, "[20 25]! 1: A 1 3");
	ck_assert(!engine_has_rest(&engine, now_ns));
}
END_TEST

START_TEST(the_rest_of_sliding_windows_prints_to_the_last)
{
	ask_windows(6, 2);
	begin_at(LATER);
	at("A", 10);
	at("A", 13);
	assert_windows("[6 12] 1: A 1 1\n");
	assert_finishes(LATER, false, "[8 14]! 2: A 2 2");
	assert_finishes(LATER, false, "[10 16]! 2: A 2 2");
	assert_finishes(LATER, false, "[12 18]! 1: A 1 2");
	ck_assert(!engine_has_rest(&engine, now_ns));
}
END_TEST

START_TEST(a_half_line_at_the_end_is_a_record)
{
	begin_at(LATER);
	at("A", 12);
	take("{\"status\":\"A\",\"t\":20}");
	assert_windows("");
	ck_assert_int_eq(engine_end_stream(&engine, &stream, now_ns),
			 ENGINE_DUE);
	assert_windows("[10 15] 1: A 1 1\n");
	ck_assert_int_eq(engine_end_stream(&engine, &stream, now_ns),
			 ENGINE_DONE);
}
END_TEST

START_TEST(conditions_are_judged_on_each_window)
{
	ask_fail_if("A>1");
	begin_at(LATER);
	at("A", 11);
	at("A", 16);
	at("A", 21);
	ck_assert_ptr_null(engine.held);
	at("A", 22);
	at("A", 25);
	ck_assert_ptr_nonnull(engine.held);
	ck_assert_uint_eq(engine.held_value, 2);
}
END_TEST

START_TEST(tallies_are_judged_on_the_first_of_windows_that_print_at_once)
{
	ask_fail_if("@read=0");
	ask_fail_if("@read<3");
	ask_fail_if("@orders=2");
	query.lateness_ns = 20 * S;
	begin_at(LATER);
	at("A", 11);
	at("A", 16);
	at("A", 21);
	at("A", 22);
	at("A", 50);
	assert_windows("[10 15] 1: A 1 1\n[15 20] 1: A 1 2\n"
		       "[20 25] 2: A 2 4\n");
	ck_assert_str_eq(engine.held->text, "@orders=2");
	ck_assert_int_eq(engine.held_window.start_ns, 20 * S);
}
END_TEST

START_TEST(tallies_are_judged_on_each_window_that_prints_by_itself)
{
	ask_fail_if("@read<2");
	begin_at(LATER);
	at("A", 11);
	at("A", 20);
	ck_assert_ptr_null(engine.held);
	at("A", 25);
	ck_assert_ptr_nonnull(engine.held);
	ck_assert_uint_eq(engine.held_value, 1);
	ck_assert_int_eq(engine.held_window.start_ns, 20 * S);
}
END_TEST

/* --- however the bytes come ----------------------------------------------- */

START_TEST(how_the_bytes_are_cut_makes_no_difference)
{
	static const char text[] = "{\"status\":\"A\",\"t\":12}\n"
				   "{\"status\":\"B\",\"t\":21}\n"
				   "{\"status\":\"A\",\"t\":13}\n"
				   "{\"status\":\"A\",\"t\":33}\n";

	for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
		char first[sizeof(text)];

		memcpy(first, text, sizeof(text));
		first[cut] = '\0';
		end();
		begin();
		begin_at(LATER);
		take(first);
		take(text + cut);
		assert_windows("[10 15] 1: A 1 1\n[20 25] 1: A 0 1, B 1 1\n");
		ck_assert_uint_eq(engine_tallies(&engine).late, 1);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine timed");
	TCase *tests = tcase_create("engine timed");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, a_window_prints_once_the_watermark_is_at_its_end);
	tcase_add_test(
		tests,
		a_record_is_late_when_every_window_that_holds_it_is_over);
	tcase_add_test(tests, a_window_that_nothing_was_in_is_over_too);
	tcase_add_test(tests, the_lateness_holds_windows_open);
	tcase_add_test(tests,
		       it_moves_after_the_record_that_moves_it_was_counted);
	tcase_add_test(tests, windows_print_in_the_order_of_time);
	tcase_add_test(tests, of_several_the_first_has_the_tallies);
	tcase_add_test(tests, a_record_is_in_every_window_that_holds_it);
	tcase_add_test(tests, a_record_counts_in_those_that_are_still_open);
	tcase_add_test(tests, the_stream_that_is_behind_decides);
	tcase_add_test(tests, idle_streams_do_not_keep_the_last_window);
	tcase_add_test(tests, idleness_is_by_default_window_and_lateness);
	tcase_add_test(tests,
		       a_filtered_record_moves_it_and_a_rejected_one_does_not);
	tcase_add_test(tests,
		       a_time_ahead_of_the_clock_counts_for_it_as_the_clocks);
	tcase_add_test(tests, a_time_too_far_ahead_is_bad);
	tcase_add_test(
		tests,
		at_the_end_of_input_windows_up_to_the_watermark_are_whole);
	tcase_add_test(tests, the_rest_of_sliding_windows_prints_to_the_last);
	tcase_add_test(tests, a_half_line_at_the_end_is_a_record);
	tcase_add_test(tests, conditions_are_judged_on_each_window);
	tcase_add_test(
		tests,
		tallies_are_judged_on_the_first_of_windows_that_print_at_once);
	tcase_add_test(tests,
		       tallies_are_judged_on_each_window_that_prints_by_itself);
	tcase_add_test(tests, how_the_bytes_are_cut_makes_no_difference);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
