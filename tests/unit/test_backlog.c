#include <check.h>
#include <stdlib.h>

#include "core/backlog.h"

static struct backlog backlog;
static struct stream streams[2];

static void begin(void)
{
	backlog_init(&backlog);
	stream_init(&streams[0]);
	stream_init(&streams[1]);
	stream_open(&streams[0], "one");
	stream_open(&streams[1], "other");
}

static void end(void)
{
	backlog_release(&backlog);
}

static void add(int stream, uint64_t line_number, const char *text)
{
	streams[stream].line_number = line_number;
	ck_assert_int_eq(backlog_add(&backlog, &streams[stream], span_of(text)),
			 0);
}

static void assert_next(int stream, uint64_t line_number, const char *text)
{
	struct backlog_line line;
	struct span bytes;

	ck_assert(backlog_next(&backlog, &line, &bytes));
	ck_assert_ptr_eq(line.stream, &streams[stream]);
	ck_assert_str_eq(backlog_name(&backlog, &line),
			 stream == 0 ? "one" : "other");
	ck_assert_uint_eq(line.line_number, line_number);
	ck_assert(span_is(bytes, text));
	ck_assert_int_eq(bytes.data[bytes.size], '\n');
}

static void assert_no_more(void)
{
	struct backlog_line line;
	struct span bytes;

	ck_assert(backlog_is_empty(&backlog));
	ck_assert(!backlog_next(&backlog, &line, &bytes));
}

START_TEST(lines_come_out_in_the_order_in_which_they_were_read)
{
	assert_no_more();
	add(0, 1, "first");
	add(1, 7, "");
	add(0, 3, "third");
	ck_assert(!backlog_is_empty(&backlog));
	assert_next(0, 1, "first");
	assert_next(1, 7, "");
	/* One more while they are taken. */
	add(1, 8, "last");
	assert_next(0, 3, "third");
	assert_next(1, 8, "last");
	assert_no_more();
}
END_TEST

START_TEST(it_is_a_copy)
{
	char text[] = "abc";

	ck_assert_int_eq(backlog_add(&backlog, &streams[0], span_of(text)), 0);
	text[0] = 'x';
	assert_next(0, 0, "abc");
}
END_TEST

START_TEST(a_line_has_the_name_that_its_stream_had)
{
	struct backlog_line line;
	struct span bytes;

	add(0, 1, "a");
	stream_open(&streams[0], "next");
	add(0, 1, "b");
	assert_next(0, 1, "a");
	ck_assert(backlog_next(&backlog, &line, &bytes));
	ck_assert_str_eq(backlog_name(&backlog, &line), "next");
}
END_TEST

static void assert_rejected(enum reject_reason reason, uint64_t count)
{
	struct backlog_line line;
	struct span bytes;

	ck_assert(backlog_next(&backlog, &line, &bytes));
	ck_assert_int_eq(line.reason, reason);
	ck_assert_uint_eq(line.rejected, count);
}

START_TEST(rejects_keep_their_place_and_take_little_room)
{
	add(0, 1, "a");
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(backlog_add_reject(&backlog, REJECT_BAD_KEY),
				 0);
		ck_assert_int_eq(backlog_add_reject(&backlog, REJECT_BAD_TIME),
				 0);
	}
	add(0, 2001, "b");
	ck_assert_int_eq(backlog_add_reject(&backlog, REJECT_BAD_KEY), 0);
	add(1, 1, "c");
	ck_assert_uint_eq(backlog.count, 6);
	assert_next(0, 1, "a");
	assert_rejected(REJECT_BAD_KEY, 1000);
	assert_rejected(REJECT_BAD_TIME, 1000);
	assert_next(0, 2001, "b");
	assert_rejected(REJECT_BAD_KEY, 1);
	assert_next(1, 1, "c");
	assert_no_more();
}
END_TEST

START_TEST(many_lines_wait)
{
	char text[2] = "a";

	for (unsigned i = 0; i < 10000; i++) {
		text[0] = (char)('a' + i % 26);
		add(i % 2, i, text);
	}
	for (unsigned i = 0; i < 10000; i++) {
		text[0] = (char)('a' + i % 26);
		assert_next(i % 2, i, text);
	}
	assert_no_more();
}
END_TEST

START_TEST(no_more_waits_than_is_kept)
{
	size_t size = (size_t)16 << 20;
	char *text = malloc(size);
	int lines = 0;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', size);
	while (backlog_add(&backlog, &streams[0], span_make(text, size)) == 0)
		lines++;
	ck_assert_int_eq(lines, 15);
	/* Those that wait are not lost. */
	ck_assert_uint_eq(backlog.count, 15);
	add(0, 9, "short");
	free(text);
}
END_TEST

START_TEST(it_can_be_filled_again)
{
	add(0, 1, "a");
	assert_next(0, 1, "a");
	backlog_release(&backlog);
	assert_no_more();
	add(0, 2, "b");
	assert_next(0, 2, "b");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backlog");
	TCase *tests = tcase_create("backlog");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests,
		       lines_come_out_in_the_order_in_which_they_were_read);
	tcase_add_test(tests, it_is_a_copy);
	tcase_add_test(tests, a_line_has_the_name_that_its_stream_had);
	tcase_add_test(tests, rejects_keep_their_place_and_take_little_room);
	tcase_add_test(tests, many_lines_wait);
	tcase_add_test(tests, no_more_waits_than_is_kept);
	tcase_add_test(tests, it_can_be_filled_again);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
