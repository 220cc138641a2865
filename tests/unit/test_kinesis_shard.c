#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kinesis/shard.h"

static struct shard *shard;

static void set_up(void)
{
	struct shard_seen seen = {.id = (char *)"shardId-7"};

	shard = shard_new("orders", &seen);
	ck_assert_ptr_nonnull(shard);
	shard_begin(shard, MARK_OLDEST, 0);
}

static void tear_down(void)
{
	shard_free(shard);
}

/* A batch of records: "ab" is the record of number 'a' with the line "b", and
 * further letters are further lines of it. */
static void answer(const char *const *records)
{
	struct record_batch *batch = &shard->batch;

	shard_settle(shard);
	buffer_clear(&batch->text);
	buffer_clear(&batch->names);
	batch->count = 0;
	free(batch->records);
	batch->records = calloc(8, sizeof(*batch->records));
	for (; *records; records++) {
		struct record_place *place = &batch->records[batch->count];
		uint64_t lines = batch->count > 0 ? place[-1].end_lines : 0;

		place->sequence = batch->names.size;
		buffer_append_char(&batch->names, **records);
		buffer_append_char(&batch->names, '\0');
		for (const char *at = *records + 1; *at != '\0'; at++) {
			buffer_append_char(&batch->text, *at);
			buffer_append_char(&batch->text, '\n');
			lines++;
		}
		place->end = batch->text.size;
		place->end_lines = lines;
		place->arrived_ms = (int64_t)batch->count;
		batch->count++;
	}
}

/* Hands out so many lines, and counts them as the engine does. */
static void count(size_t lines)
{
	struct span bytes = shard_hand_out(shard, lines * 2);

	ck_assert_uint_eq(bytes.size, lines * 2);
	shard->stream.taken += bytes.size;
	shard->stream.line_number += lines;
}

static void assert_place(const char *mark, uint64_t lines)
{
	uint64_t found;

	ck_assert_str_eq(shard_place(shard, &found), mark);
	ck_assert_uint_eq(found, lines);
}

START_TEST(place_is_the_record_that_was_begun_last)
{
	answer((const char *[]){"ax", "bxyz", "cx", NULL});
	ck_assert(shard_take(shard));
	assert_place(MARK_OLDEST, 0);
	count(1);
	assert_place("a", 1);
	count(1);
	assert_place("b", 1);
	count(1);
	assert_place("b", 2);
	count(1);
	assert_place("b", 3);
	count(1);
	assert_place("c", 1);
	ck_assert(!shard_holds(shard));
}
END_TEST

START_TEST(place_stays_while_answers_are_empty)
{
	answer((const char *[]){"ax", "bxy", NULL});
	ck_assert(shard_take(shard));
	count(3);
	answer((const char *[]){NULL});
	ck_assert(shard_take(shard));
	assert_place("b", 2);
	answer((const char *[]){"cx", NULL});
	ck_assert(shard_take(shard));
	assert_place("b", 2);
	count(1);
	assert_place("c", 1);
}
END_TEST

START_TEST(a_later_run_goes_on_inside_a_record)
{
	shard_begin(shard, "b", 2);
	shard->looks_back = true;
	answer((const char *[]){NULL});
	ck_assert(shard_take(shard));
	answer((const char *[]){"bxyz", "cx", NULL});
	ck_assert(shard_take(shard));
	assert_place("b", 2);
	ck_assert_uint_eq(shard->handed, 4);
	count(1);
	assert_place("b", 3);
	count(1);
	assert_place("c", 1);
}
END_TEST

START_TEST(a_record_that_was_counted_is_passed_over)
{
	shard_begin(shard, "b", 3);
	shard->looks_back = true;
	answer((const char *[]){"bxyz", NULL});
	ck_assert(shard_take(shard));
	ck_assert(!shard_holds(shard));
	assert_place("b", 3);
	/* Only once. */
	answer((const char *[]){"cx", NULL});
	ck_assert(shard_take(shard));
	ck_assert(shard_holds(shard));
	assert_place("b", 3);
}
END_TEST

START_TEST(a_record_that_has_expired_is_missed)
{
	shard_begin(shard, "b", 2);
	shard->looks_back = true;
	answer((const char *[]){"cxy", NULL});
	ck_assert(!shard_take(shard));
	count(1);
	assert_place("c", 1);
}
END_TEST

START_TEST(a_shard_has_ended_once_its_last_line_is_counted)
{
	answer((const char *[]){"axy", NULL});
	ck_assert(shard_take(shard));
	shard->state = SHARD_ENDED;
	count(1);
	assert_place("a", 1);
	count(1);
	assert_place(MARK_END, 0);
}
END_TEST

/* As a state has it: what a later run begins with. */
START_TEST(the_time_at_which_all_was_counted_is_kept_with_the_number)
{
	char kept[KEPT_SIZE];
	uint64_t lines;

	shard_begin(shard, "495@1732269600123", 2);
	ck_assert_str_eq(shard->mark, "495");
	ck_assert_int_eq(shard->tip_ms, 1732269600123);
	shard_keep(shard, kept, &lines);
	ck_assert_str_eq(kept, "495@1732269600123");
	ck_assert_uint_eq(lines, 2);
	shard->tip_ms = 0;
	shard_keep(shard, kept, &lines);
	ck_assert_str_eq(kept, "495");
	shard_begin(shard, "495", 2);
	ck_assert_int_eq(shard->tip_ms, 0);
	/* Of other marks it is of no use. */
	shard_begin(shard, MARK_OLDEST, 0);
	shard->tip_ms = 7;
	shard_keep(shard, kept, &lines);
	ck_assert_str_eq(kept, MARK_OLDEST);
}
END_TEST

START_TEST(what_arrived_later_is_cut_off)
{
	answer((const char *[]){"ax", "bxy", "cx", NULL});
	ck_assert(!shard_cut(shard, 2, 9));
	/* Nothing comes from a time to come. */
	ck_assert(!shard_cut(shard, 1, 1));
	ck_assert(shard_cut(shard, 1, 9));
	ck_assert(shard_take(shard));
	count(3);
	ck_assert(!shard_holds(shard));
	assert_place("b", 2);
	ck_assert(shard_cut(shard, -1, 9));
	ck_assert_uint_eq(shard->batch.count, 0);
}
END_TEST

static const char *located(uint64_t line)
{
	static struct error text;

	error_set(&text, "unknown");
	shard_locate(shard, line, &text);
	return text.message;
}

START_TEST(a_line_is_found_in_its_record)
{
	answer((const char *[]){"ax", NULL});
	ck_assert(shard_take(shard));
	count(1);
	answer((const char *[]){"bxyz", "cx", NULL});
	ck_assert(shard_take(shard));
	ck_assert_str_eq(located(1), "unknown");
	ck_assert_str_eq(located(2), "sequence number b, line 1");
	ck_assert_str_eq(located(4), "sequence number b, line 3");
	ck_assert_str_eq(located(5), "sequence number c, line 1");
	ck_assert_str_eq(located(6), "unknown");
	/* The same when the first of them were counted before. */
	shard_begin(shard, "b", 2);
	shard->looks_back = true;
	answer((const char *[]){"bxyz", "cx", NULL});
	ck_assert(shard_take(shard));
	ck_assert_str_eq(located(3), "sequence number b, line 3");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kinesis shard");
	TCase *test_case = tcase_create("shard");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(test_case, set_up, tear_down);
	tcase_add_test(test_case, place_is_the_record_that_was_begun_last);
	tcase_add_test(test_case, place_stays_while_answers_are_empty);
	tcase_add_test(test_case, a_later_run_goes_on_inside_a_record);
	tcase_add_test(test_case, a_record_that_was_counted_is_passed_over);
	tcase_add_test(test_case, a_record_that_has_expired_is_missed);
	tcase_add_test(test_case,
		       a_shard_has_ended_once_its_last_line_is_counted);
	tcase_add_test(
		test_case,
		the_time_at_which_all_was_counted_is_kept_with_the_number);
	tcase_add_test(test_case, what_arrived_later_is_cut_off);
	tcase_add_test(test_case, a_line_is_found_in_its_record);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
