#include <check.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/savepoint.h"

static struct savepoint savepoint;
static struct buffer out;

static void begin(void)
{
	savepoint_init(&savepoint);
	buffer_init(&out);
}

static void end(void)
{
	savepoint_release(&savepoint);
	buffer_release(&out);
}

/* --- entries -------------------------------------------------------------- */

static void assert_entry(size_t index, enum saved_table table, int64_t id,
			 struct span bytes)
{
	const struct saved_entry *entry = &savepoint.entries[index];

	ck_assert_uint_lt(index, savepoint.count);
	ck_assert_int_eq(entry->table, table);
	ck_assert_int_eq(entry->id, id);
	ck_assert(span_equal(savepoint_entry(&savepoint, entry), bytes));
}

START_TEST(an_entry_holds_what_was_appended_until_the_next_one)
{
	struct buffer *bytes = savepoint_add(&savepoint, SAVED_GROUP, -7);

	buffer_append_text(bytes, "one");
	buffer_append_text(bytes, "two");
	bytes = savepoint_add(&savepoint, SAVED_PANE, INT64_MAX);
	buffer_append_span(bytes, span_make("a\0b", 3));
	savepoint_end(&savepoint);
	ck_assert_uint_eq(savepoint.count, 2);
	assert_entry(0, SAVED_GROUP, -7, span_of("onetwo"));
	assert_entry(1, SAVED_PANE, INT64_MAX, span_make("a\0b", 3));
}
END_TEST

START_TEST(an_entry_without_bytes_says_that_it_is_gone)
{
	savepoint_add(&savepoint, SAVED_POSITION, 1);
	savepoint_add(&savepoint, SAVED_POSITION, 2);
	savepoint_end(&savepoint);
	ck_assert_uint_eq(savepoint.count, 2);
	assert_entry(0, SAVED_POSITION, 1, span_of(""));
	assert_entry(1, SAVED_POSITION, 2, span_of(""));
	ck_assert_ptr_nonnull(
		savepoint_entry(&savepoint, &savepoint.entries[0]).data);
}
END_TEST

START_TEST(entries_of_any_number_are_kept)
{
	for (int64_t id = 0; id < 10000; id++)
		saved_put_signed(savepoint_add(&savepoint, SAVED_GROUP, id),
				 -id);
	savepoint_end(&savepoint);
	ck_assert_uint_eq(savepoint.count, 10000);
	ck_assert(!savepoint_failed(&savepoint));
	for (int64_t id = 0; id < 10000; id++) {
		struct span bytes =
			savepoint_entry(&savepoint, &savepoint.entries[id]);
		int64_t number;

		ck_assert(saved_get_signed(&bytes, &number));
		ck_assert_int_eq(number, -id);
		ck_assert_uint_eq(bytes.size, 0);
	}
}
END_TEST

START_TEST(clearing_empties_it_and_keeps_the_memory)
{
	const struct saved_entry *entries;

	buffer_append_text(savepoint_add(&savepoint, SAVED_HEAD, 0), "head");
	buffer_append_text(&savepoint.window, "window");
	entries = savepoint.entries;
	savepoint_clear(&savepoint);
	savepoint_end(&savepoint);
	ck_assert_uint_eq(savepoint.count, 0);
	ck_assert_uint_eq(savepoint.bytes.size, 0);
	ck_assert_uint_eq(savepoint.window.size, 0);
	buffer_append_text(savepoint_add(&savepoint, SAVED_HEAD, 0), "anew");
	savepoint_end(&savepoint);
	assert_entry(0, SAVED_HEAD, 0, span_of("anew"));
	ck_assert_ptr_eq(savepoint.entries, entries);
}
END_TEST

START_TEST(failure_leaves_no_entries_and_sticks_until_cleared)
{
	struct buffer *bytes = savepoint_add(&savepoint, SAVED_HEAD, 0);

	buffer_append_text(bytes, "head");
	ck_assert_ptr_null(buffer_reserve(bytes, SIZE_MAX - 8));
	ck_assert(savepoint_failed(&savepoint));
	buffer_append_text(savepoint_add(&savepoint, SAVED_GROUP, 1), "more");
	savepoint_end(&savepoint);
	ck_assert_uint_eq(savepoint.count, 0);
	ck_assert(savepoint_failed(&savepoint));
	savepoint_clear(&savepoint);
	ck_assert(!savepoint_failed(&savepoint));
	ck_assert_ptr_null(buffer_reserve(&savepoint.window, SIZE_MAX - 8));
	ck_assert(savepoint_failed(&savepoint));
}
END_TEST

/* --- numbers and texts ---------------------------------------------------- */

START_TEST(a_number_takes_seven_bits_a_byte_low_first)
{
	saved_put_number(&out, 0);
	saved_put_number(&out, 127);
	saved_put_number(&out, 128);
	saved_put_number(&out, 300);
	ck_assert(span_equal(buffer_span(&out),
			     span_make("\0\x7f\x80\x01\xac\x02", 6)));
	buffer_clear(&out);
	saved_put_number(&out, UINT64_MAX);
	ck_assert(span_is(buffer_span(&out),
			  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}
END_TEST

START_TEST(a_small_negative_number_is_short)
{
	static const int64_t numbers[] = {0, -1, 1, -2, 63, -64};

	for (size_t i = 0; i < 6; i++)
		saved_put_signed(&out, numbers[i]);
	ck_assert(span_equal(buffer_span(&out),
			     span_make("\0\x01\x02\x03\x7e\x7f", 6)));
}
END_TEST

static void assert_round_trip(uint64_t number)
{
	struct span bytes;
	uint64_t got = 0;
	int64_t got_signed = 0;

	buffer_clear(&out);
	saved_put_number(&out, number);
	saved_put_signed(&out, (int64_t)number);
	bytes = buffer_span(&out);
	ck_assert(saved_get_number(&bytes, &got));
	ck_assert(saved_get_signed(&bytes, &got_signed));
	ck_assert_uint_eq(got, number);
	ck_assert_int_eq(got_signed, (int64_t)number);
	ck_assert_uint_eq(bytes.size, 0);
}

START_TEST(numbers_come_back_as_they_were)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t power = (uint64_t)1 << bit;

		assert_round_trip(power - 1);
		assert_round_trip(power);
		assert_round_trip(power + 1);
		assert_round_trip(0 - power);
	}
	assert_round_trip(UINT64_MAX);
}
END_TEST

START_TEST(texts_come_back_as_they_were)
{
	struct span bytes, text;

	saved_put_text(&out, span_make("a\0b", 3));
	saved_put_text(&out, span_of(""));
	bytes = buffer_span(&out);
	ck_assert(saved_get_text(&bytes, &text));
	ck_assert(span_equal(text, span_make("a\0b", 3)));
	ck_assert(saved_get_text(&bytes, &text));
	ck_assert_uint_eq(text.size, 0);
	ck_assert(!saved_get_text(&bytes, &text));
}
END_TEST

START_TEST(what_is_cut_off_is_not_there_and_takes_nothing)
{
	char *exact;

	saved_put_number(&out, UINT64_MAX);
	for (size_t size = 0; size < out.size; size++) {
		struct span bytes;
		uint64_t number = 5;
		int64_t number_signed = 5;

		/* Of just its size, so that a read beyond it is caught. */
		exact = malloc(size + (size == 0));
		ck_assert_ptr_nonnull(exact);
		memcpy(exact, out.data, size);
		bytes = span_make(exact, size);
		ck_assert(!saved_get_number(&bytes, &number));
		ck_assert(!saved_get_signed(&bytes, &number_signed));
		ck_assert_uint_eq(bytes.size, size);
		ck_assert_uint_eq(number, 5);
		ck_assert_int_eq(number_signed, 5);
		free(exact);
	}
}
END_TEST

START_TEST(a_number_beyond_64_bits_is_none)
{
	struct span bytes = span_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
	uint64_t number;

	ck_assert(!saved_get_number(&bytes, &number));
	bytes = span_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01");
	ck_assert(!saved_get_number(&bytes, &number));
	ck_assert_uint_eq(bytes.size, 11);
}
END_TEST

START_TEST(a_text_longer_than_what_is_left_is_none)
{
	struct span bytes = span_of("\x04"
				    "abc");
	struct span text;

	ck_assert(!saved_get_text(&bytes, &text));
	ck_assert_uint_eq(bytes.size, 4);
	buffer_clear(&out);
	saved_put_number(&out, UINT64_MAX);
	bytes = buffer_span(&out);
	ck_assert(!saved_get_text(&bytes, &text));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("savepoint");
	TCase *entries = tcase_create("entries");
	TCase *numbers = tcase_create("numbers and texts");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, entries);
	tcase_add_checked_fixture(entries, begin, end);
	tcase_add_test(entries,
		       an_entry_holds_what_was_appended_until_the_next_one);
	tcase_add_test(entries, an_entry_without_bytes_says_that_it_is_gone);
	tcase_add_test(entries, entries_of_any_number_are_kept);
	tcase_add_test(entries, clearing_empties_it_and_keeps_the_memory);
	tcase_add_test(entries,
		       failure_leaves_no_entries_and_sticks_until_cleared);
	suite_add_tcase(suite, numbers);
	tcase_add_checked_fixture(numbers, begin, end);
	tcase_add_test(numbers, a_number_takes_seven_bits_a_byte_low_first);
	tcase_add_test(numbers, a_small_negative_number_is_short);
	tcase_add_test(numbers, numbers_come_back_as_they_were);
	tcase_add_test(numbers, texts_come_back_as_they_were);
	tcase_add_test(numbers, what_is_cut_off_is_not_there_and_takes_nothing);
	tcase_add_test(numbers, a_number_beyond_64_bits_is_none);
	tcase_add_test(numbers, a_text_longer_than_what_is_left_is_none);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
