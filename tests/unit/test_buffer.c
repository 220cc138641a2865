#include <check.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buffer.h"

static struct buffer buffer;

static void begin(void)
{
	buffer_init(&buffer);
}

static void end(void)
{
	buffer_release(&buffer);
}

START_TEST(pieces_stand_one_behind_the_other)
{
	buffer_append_text(&buffer, "a");
	buffer_append_span(&buffer, span_make("b\0c", 3));
	buffer_append_char(&buffer, 'd');
	buffer_append_number(&buffer, 0);
	buffer_append_number(&buffer, UINT64_MAX);
	buffer_printf(&buffer, "[%s %d]", "x", -5);
	buffer_append(&buffer, NULL, 0);
	ck_assert(
		span_equal(buffer_span(&buffer),
			   span_make("ab\0cd018446744073709551615[x -5]", 32)));
}
END_TEST

START_TEST(content_of_any_size_is_kept)
{
	for (size_t i = 0; i < 10000; i++)
		buffer_append_char(&buffer, (char)(i % 251));
	ck_assert_uint_eq(buffer.size, 10000);
	for (size_t i = 0; i < 10000; i++)
		ck_assert_int_eq(buffer.data[i], (char)(i % 251));
}
END_TEST

START_TEST(reserved_room_can_be_written)
{
	for (size_t extra = 0; extra < 300; extra++) {
		char *room = buffer_reserve(&buffer, extra);

		ck_assert_ptr_nonnull(room);
		ck_assert_ptr_eq(room, buffer.data + buffer.size);
		memset(room, 'x', extra);
		buffer.size += extra;
	}
	ck_assert_uint_eq(buffer.size, 300 * 299 / 2);
}
END_TEST

START_TEST(clearing_keeps_the_memory)
{
	const char *data;

	buffer_printf(&buffer, "%01000d", 7);
	data = buffer.data;
	buffer_clear(&buffer);
	ck_assert_uint_eq(buffer.size, 0);
	buffer_printf(&buffer, "%01000d", 8);
	ck_assert_ptr_eq(buffer.data, data);
}
END_TEST

START_TEST(failure_drops_the_content_and_sticks_until_cleared)
{
	buffer_append_text(&buffer, "some");
	ck_assert_ptr_null(buffer_reserve(&buffer, SIZE_MAX - 2));
	ck_assert(buffer.failed);
	ck_assert_uint_eq(buffer.size, 0);
	buffer_append_text(&buffer, "more");
	buffer_printf(&buffer, "more");
	ck_assert_uint_eq(buffer.size, 0);
	ck_assert_ptr_null(buffer_reserve(&buffer, 1));
	buffer_clear(&buffer);
	buffer_append_text(&buffer, "anew");
	ck_assert(span_is(buffer_span(&buffer), "anew"));
	ck_assert(!buffer.failed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("buffer");
	TCase *tests = tcase_create("buffer");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, pieces_stand_one_behind_the_other);
	tcase_add_test(tests, content_of_any_size_is_kept);
	tcase_add_test(tests, reserved_room_can_be_written);
	tcase_add_test(tests, clearing_keeps_the_memory);
	tcase_add_test(tests,
		       failure_drops_the_content_and_sticks_until_cleared);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
