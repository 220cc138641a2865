#include <stdio.h>
#include <string.h>

#include "engine_run.h"

static struct buffer seen;

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void begin_member(bool arrives)
{
	query.timed = true;
	query.publishes = true;
	query.arrives = arrives;
	query.max_ahead_ns = 100 * S;
	if (!arrives)
		query.records.time_field = "t";
	begin_at(100);
}

/* "[start end] key count sum", in an order of their own, '|' between them. */
static void assert_deltas(const char *expected_text)
{
	struct delta_place place = {0};
	struct engine_delta delta;
	char *lines[100];
	size_t count = 0;

	while (engine_next_delta(&engine, &place, &delta)) {
		struct buffer line = {0};

		buffer_printf(&line, "[%d %d] ", (int)(delta.start_ns / S),
			      (int)(delta.end_ns / S));
		buffer_append_span(&line, key_next(&delta.key).text);
		buffer_printf(&line, " %d", (int)delta.count);
		if (delta.sum) {
			buffer_append_char(&line, ' ');
			sum_append(&line, delta.sum, delta.sum->scale);
		}
		buffer_append_char(&line, '\0');
		lines[count++] = line.data;
	}
	qsort(lines, count, sizeof(*lines), by_text);
	buffer_clear(&seen);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_char(&seen, '|');
		buffer_append_text(&seen, lines[i]);
		free(lines[i]);
	}
	assert_text(&seen, expected_text);
	buffer_release(&seen);
}

static void hand_over(void)
{
	ck_assert_int_eq(engine_drop_deltas(&engine, false), 0);
}

START_TEST(member_counts_each_window_and_closes_none)
{
	begin_member(false);
	take("{\"status\":\"A\",\"t\":101}\n{\"status\":\"A\",\"t\":103}\n"
	     "{\"status\":\"B\",\"t\":150}\n");
	ck_assert(!engine_due(&engine, now_ns));
	ck_assert(!engine_has_rest(&engine, now_ns));
	ck_assert_int_eq(engine_next_end(&engine), INT64_MAX);
	assert_deltas("[100 105] A 2|[150 155] B 1");
}
END_TEST

START_TEST(member_calls_nothing_late)
{
	begin_member(false);
	take("{\"status\":\"A\",\"t\":150}\n{\"status\":\"A\",\"t\":3}\n");
	assert_deltas("[0 5] A 1|[150 155] A 1");
	ck_assert_uint_eq(engine.tallies.late, 0);
	ck_assert_uint_eq(engine.tallies.counted, 2);
}
END_TEST

START_TEST(what_was_handed_over_is_not_handed_over_again)
{
	begin_member(false);
	take("{\"status\":\"A\",\"t\":101}\n");
	hand_over();
	assert_deltas("");
	take("{\"status\":\"A\",\"t\":102}\n{\"status\":\"C\",\"t\":101}\n");
	assert_deltas("[100 105] A 1|[100 105] C 1");
	hand_over();
	assert_deltas("");
}
END_TEST

START_TEST(newest_time_stays_when_deltas_go)
{
	begin_member(false);
	take("{\"status\":\"A\",\"t\":99.5}\n");
	hand_over();
	ck_assert_int_eq(stream.time->newest_ns, 99 * S + S / 2);
	take("{\"status\":\"A\",\"t\":20}\n");
	ck_assert_int_eq(stream.time->newest_ns, 99 * S + S / 2);
}
END_TEST

START_TEST(tallies_go_with_the_deltas)
{
	begin_member(false);
	take("{\"status\":\"A\",\"t\":101}\nx\n");
	ck_assert_uint_eq(engine.tallies.read, 2);
	hand_over();
	ck_assert_uint_eq(engine.tallies.read, 0);
	ck_assert_uint_eq(engine_tallies(&engine).read, 2);
	ck_assert_uint_eq(engine_tallies(&engine).rejected[REJECT_INVALID_JSON],
			  1);
}
END_TEST

START_TEST(what_is_void_was_not_read)
{
	begin_member(false);
	take("{\"status\":\"A\",\"t\":101}\nx\n");
	ck_assert_int_eq(engine_drop_deltas(&engine, true), 0);
	assert_deltas("");
	ck_assert_uint_eq(engine_tallies(&engine).read, 0);
}
END_TEST

START_TEST(by_arrival_the_window_is_that_of_the_reading)
{
	begin_member(true);
	take("{\"status\":\"A\"}\n");
	now_ns = 107 * S;
	take("{\"status\":\"A\"}\n{\"status\":\"B\"}\n");
	assert_deltas("[100 105] A 1|[105 110] A 1|[105 110] B 1");
}
END_TEST

START_TEST(sums_are_handed_over_exactly)
{
	query.records.sum_field = "n";
	begin_member(false);
	take("{\"status\":\"A\",\"t\":101,\"n\":0.10}\n"
	     "{\"status\":\"A\",\"t\":101,\"n\":\"2\"}\n");
	assert_deltas("[100 105] A 2 2.10");
	hand_over();
	take("{\"status\":\"A\",\"t\":101,\"n\":-1}\n");
	assert_deltas("[100 105] A 1 -1");
}
END_TEST

START_TEST(deleted_message_is_read_and_filtered)
{
	begin_member(true);
	engine_take_deleted(&engine, &stream);
	ck_assert_uint_eq(engine.tallies.read, 1);
	ck_assert_uint_eq(engine.tallies.filtered, 1);
	ck_assert_uint_eq(stream.taken, 1);
	assert_deltas("");
}
END_TEST

/* More than a million: those of before are let go, and may come again. */
START_TEST(keys_are_not_kept_for_ever)
{
	char text[64];

	query.max_groups = UINT32_MAX;
	begin_member(true);
	for (int i = 0; i < 1000100; i++) {
		snprintf(text, sizeof(text), "{\"status\":\"%d\"}\n", i);
		take(text);
	}
	hand_over();
	ck_assert_uint_le(engine.groups.count, 10);
	take("{\"status\":\"7\"}\n");
	assert_deltas("[100 105] 7 1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine_deltas");
	TCase *tcase = tcase_create("engine_deltas");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, member_counts_each_window_and_closes_none);
	tcase_add_test(tcase, member_calls_nothing_late);
	tcase_add_test(tcase, what_was_handed_over_is_not_handed_over_again);
	tcase_add_test(tcase, newest_time_stays_when_deltas_go);
	tcase_add_test(tcase, tallies_go_with_the_deltas);
	tcase_add_test(tcase, what_is_void_was_not_read);
	tcase_add_test(tcase, by_arrival_the_window_is_that_of_the_reading);
	tcase_add_test(tcase, sums_are_handed_over_exactly);
	tcase_add_test(tcase, deleted_message_is_read_and_filtered);
	tcase_add_test(tcase, keys_are_not_kept_for_ever);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
