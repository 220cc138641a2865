/*
 * Bytes become records, however they come; the longest line here is MAX.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/lines.h"

#define BOM "\xef\xbb\xbf"
#define MAX 8
#define SPAN(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct stream stream;
static struct buffer seen; /* what was handed out, as one text */

static void begin(void)
{
	stream_init(&stream);
	stream_open(&stream, "test");
	buffer_init(&seen);
}

static void end(void)
{
	stream_release(&stream);
	buffer_release(&seen);
}

/* One line of the text: number, what it is, and a record's bytes. */
static void note(enum line_status status, struct span line)
{
	if (status != LINE_RECORD && status != LINE_TOO_LONG)
		ck_abort_msg("status %d", (int)status);
	buffer_append_number(&seen, stream.line_number);
	if (status == LINE_RECORD) {
		if (line.data == stream.carry.data &&
		    line.size >= stream.carry.capacity)
			ck_abort_msg("no room for the LF behind a record");
		if (line.data[line.size] != '\n')
			ck_abort_msg("no LF behind a record");
		buffer_append_char(&seen, ':');
		buffer_append_span(&seen, line);
	} else {
		/* How much of its beginning is shown is not promised. */
		buffer_append_text(&seen, "!");
		if (line.size == 0)
			ck_abort_msg("nothing of the line is shown");
		buffer_append_char(&seen, line.data[0]);
	}
	buffer_append_char(&seen, '\n');
}

/* Hands in the bytes in a block of their own, which goes afterwards. */
static void feed(struct span bytes, size_t max)
{
	char *block = malloc(bytes.size + (bytes.size == 0));
	struct span rest, line;
	enum line_status status;

	if (!block)
		ck_abort_msg("out of memory");
	memcpy(block, bytes.data, bytes.size);
	rest = span_make(block, bytes.size);
	while ((status = lines_next(&stream, &rest, max, &line)) != LINE_NONE)
		note(status, line);
	if (rest.size != 0)
		ck_abort_msg("bytes are left over");
	free(block);
}

static void finish(size_t max)
{
	struct span line;
	enum line_status status = lines_finish(&stream, max, &line);

	if (status != LINE_NONE)
		note(status, line);
}

static struct span slice(struct span text, size_t from, size_t to)
{
	return span_make(text.data + from, to - from);
}

static void restart(void)
{
	stream_open(&stream, "test");
	buffer_clear(&seen);
}

static void assert_seen(struct span expected, size_t a, size_t b)
{
	if (!span_equal(buffer_span(&seen), expected))
		ck_abort_msg("split at %zu and %zu:\n%.*sexpected\n%.*s", a, b,
			     (int)seen.size, seen.data, (int)expected.size,
			     expected.data);
}

/* Whole, in every two and three pieces, and byte by byte. */
static void assert_lines(struct span text, struct span expected)
{
	for (size_t a = 0; a <= text.size; a++)
		for (size_t b = a; b <= text.size; b++) {
			restart();
			feed(slice(text, 0, a), MAX);
			feed(slice(text, a, b), MAX);
			feed(slice(text, b, text.size), MAX);
			finish(MAX);
			assert_seen(expected, a, b);
		}
	restart();
	for (size_t i = 0; i < text.size; i++)
		feed(slice(text, i, i + 1), MAX);
	finish(MAX);
	assert_seen(expected, 1, 1);
}

struct lines_case {
	struct span text;
	struct span expected;
};

static void assert_cases(const struct lines_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_lines(cases[i].text, cases[i].expected);
}

START_TEST(records_are_the_same_however_the_bytes_are_split)
{
	static const struct lines_case cases[] = {
		{SPAN(""), SPAN("")},
		{SPAN("a"), SPAN("1:a\n")},
		{SPAN("a\n"), SPAN("1:a\n")},
		{SPAN("a\nb"), SPAN("1:a\n2:b\n")},
		{SPAN("a\nbc\n\ndef\n"), SPAN("1:a\n2:bc\n4:def\n")},
		{SPAN("\n\na"), SPAN("3:a\n")},
		{SPAN(" a \n\tb"), SPAN("1: a \n2:\tb\n")},
		{SPAN("a\0b\n\0\n"), SPAN("1:a\0b\n2:\0\n")},
		{SPAN("a\vb\n\v\n\f\n"), SPAN("1:a\vb\n2:\v\n3:\f\n")},
	};

	assert_cases(cases, COUNT(cases));
}
END_TEST

START_TEST(blank_lines_are_no_records_but_count_as_lines)
{
	static const struct lines_case cases[] = {
		{SPAN("\n\n\n"), SPAN("")},
		{SPAN(" \n\t\n\r\n \r\n"), SPAN("")},
		{SPAN(" "), SPAN("")},
		{SPAN("\r"), SPAN("")},
		{SPAN("a\n \t \r\nb"), SPAN("1:a\n3:b\n")},
	};

	assert_cases(cases, COUNT(cases));
}
END_TEST

START_TEST(a_cr_stays_with_the_record)
{
	static const struct lines_case cases[] = {
		{SPAN("a\r\nb\r\n"), SPAN("1:a\r\n2:b\r\n")},
		{SPAN("a\r"), SPAN("1:a\r\n")},
		{SPAN("a\rb\n"), SPAN("1:a\rb\n")},
		{SPAN("\ra\r\r\n"), SPAN("1:\ra\r\r\n")},
	};

	assert_cases(cases, COUNT(cases));
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped_at_the_start_only)
{
	static const struct lines_case cases[] = {
		{SPAN(BOM), SPAN("")},
		{SPAN(BOM "\n" BOM "\n"), SPAN("2:" BOM "\n")},
		{SPAN(BOM "a"), SPAN("1:a\n")},
		{SPAN(BOM "a\n" BOM "b\n"), SPAN("1:a\n2:" BOM "b\n")},
		{SPAN(BOM BOM "a\n"), SPAN("1:" BOM "a\n")},
		{SPAN("\n" BOM "a\n"), SPAN("2:" BOM "a\n")},
		{SPAN(" " BOM "a\n"), SPAN("1: " BOM "a\n")},
		{SPAN("\xef\xbb"), SPAN("1:\xef\xbb\n")},
		{SPAN("\xef\nb"), SPAN("1:\xef\n2:b\n")},
		{SPAN("\xef\xbb\xbe\n"), SPAN("1:\xef\xbb\xbe\n")},
		{SPAN(BOM " \r\na"), SPAN("2:a\n")},
	};

	assert_cases(cases, COUNT(cases));
}
END_TEST

/* LF, CR and the byte order mark do not count. */
START_TEST(the_longest_line_is_exact)
{
	static const struct lines_case cases[] = {
		{SPAN("12345678\n"), SPAN("1:12345678\n")},
		{SPAN("12345678"), SPAN("1:12345678\n")},
		{SPAN("12345678\r\n"), SPAN("1:12345678\r\n")},
		{SPAN(BOM "12345678\r\n"), SPAN("1:12345678\r\n")},
		{SPAN(BOM "12345678\r"), SPAN("1:12345678\r\n")},
		{SPAN("a\n12345678\nb\n"), SPAN("1:a\n2:12345678\n3:b\n")},
		{SPAN("        1\nb"), SPAN("1! \n2:b\n")},
		{SPAN("123456789\nb"), SPAN("1!1\n2:b\n")},
		{SPAN("123456789"), SPAN("1!1\n")},
		{SPAN("123456789\r\nb"), SPAN("1!1\n2:b\n")},
		{SPAN("12345678\r\r\nb"), SPAN("1!1\n2:b\n")},
		{SPAN("12345678 \nb"), SPAN("1!1\n2:b\n")},
		{SPAN(BOM "123456789\nb"), SPAN("1!1\n2:b\n")},
		{SPAN(BOM "123456789\r\nb"), SPAN("1!1\n2:b\n")},
		{SPAN("a\n" BOM "123456\nb"), SPAN("1:a\n2!\xef\n3:b\n")},
		{SPAN("12345678901234567890123\r\nb"), SPAN("1!1\n2:b\n")},
		{SPAN(BOM "1234567890123456789\n\nb"), SPAN("1!1\n3:b\n")},
		{SPAN("1234567890123456789"), SPAN("1!1\n")},
		{SPAN("123456789\n123456789\n12345678\n"),
		 SPAN("1!1\n2!1\n3:12345678\n")},
	};

	assert_cases(cases, COUNT(cases));
}
END_TEST

START_TEST(blank_lines_beyond_the_limit_are_no_records_either)
{
	static const struct lines_case cases[] = {
		{SPAN("                   \nb"), SPAN("2:b\n")},
		{SPAN("         \r\nb"), SPAN("2:b\n")},
		{SPAN(BOM "\t\t\t\t\t\t\t\t\t\t\t\t\t\nb"), SPAN("2:b\n")},
		{SPAN("                   "), SPAN("")},
		{SPAN("                   x\nb"), SPAN("1! \n2:b\n")},
		{SPAN("x                   \nb"), SPAN("1!x\n2:b\n")},
		{SPAN("            \n            x\n             \nb"),
		 SPAN("2! \n4:b\n")},
		{SPAN("a\n" BOM "             \nb"),
		 SPAN("1:a\n2!\xef\n3:b\n")},
	};

	assert_cases(cases, COUNT(cases));
}
END_TEST

START_TEST(what_comes_next_lives_on_its_own)
{
	/* The carried line is handed out while the chunk goes on. */
	struct span bytes = span_of("b\nc\nd");
	struct span line;

	feed(span_of("a"), MAX);
	ck_assert_int_eq(lines_next(&stream, &bytes, MAX, &line), LINE_RECORD);
	ck_assert(span_is(line, "ab"));
	ck_assert(span_is(bytes, "c\nd"));
	ck_assert_int_eq(lines_next(&stream, &bytes, MAX, &line), LINE_RECORD);
	ck_assert(span_is(line, "c"));
	ck_assert_int_eq(lines_next(&stream, &bytes, MAX, &line), LINE_NONE);
	ck_assert_uint_eq(stream_pending(&stream), 1);
}
END_TEST

START_TEST(memory_for_a_line_without_an_end_is_bounded)
{
	static char block[1000];
	const size_t max = 100000;

	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 10000; i++) {
		feed(span_make(block, sizeof(block)), max);
		if (stream.carry.capacity > 2 * (max + 8))
			ck_abort_msg("%zu bytes", stream.carry.capacity);
	}
	ck_assert_uint_eq(stream_pending(&stream), 10000 * sizeof(block));
	feed(span_of("\nb\n"), max);
	ck_assert(span_is(buffer_span(&seen), "1!x\n2:b\n"));
	ck_assert_uint_eq(stream_pending(&stream), 0);
}
END_TEST

START_TEST(carried_lines_of_every_size_are_whole)
{
	static char text[300];

	memset(text, 'x', sizeof(text));
	for (size_t size = 1; size < sizeof(text); size++) {
		struct span line;

		/* Memory that is just large enough, as a new stream has it. */
		buffer_release(&stream.carry);
		feed(span_make(text, size), sizeof(text));
		ck_assert_int_eq(lines_finish(&stream, sizeof(text), &line),
				 LINE_RECORD);
		note(LINE_RECORD, line);
		ck_assert(span_equal(line, span_make(text, size)));
		restart();
	}
}
END_TEST

START_TEST(a_stream_that_opens_again_begins_anew)
{
	feed(span_of("a\nhalf"), MAX);
	stream_open(&stream, "again");
	feed(span_of(BOM "b\n1234567890123456789"), MAX);
	stream_open(&stream, "again");
	feed(span_of(BOM "c"), MAX);
	ck_assert_uint_eq(stream_pending(&stream), 4);
	finish(MAX);
	ck_assert(span_is(buffer_span(&seen), "1:a\n1:b\n1:c\n"));
}
END_TEST

START_TEST(a_stream_knows_whether_it_delivered_a_record)
{
	feed(span_of(BOM " \n\r\nhalf"), MAX);
	ck_assert(!stream.delivered);
	feed(span_of("\n"), MAX);
	ck_assert(stream.delivered);
	stream_open(&stream, "again");
	ck_assert(!stream.delivered);
}
END_TEST

START_TEST(lines_that_fit_reserve_no_memory_twice)
{
	const char *data;

	feed(span_of("1234567"), MAX);
	data = stream.carry.data;
	for (int i = 0; i < 1000; i++) {
		feed(span_of("\n12345"), MAX);
		buffer_clear(&seen);
	}
	ck_assert_ptr_eq(stream.carry.data, data);
}
END_TEST

/* What was handed out must be what a plain reading of the whole text says. */
START_TEST(random_streams_in_random_pieces_are_read_alike)
{
	static const char bytes[] = "\n\n\r \tab\xef\xbb\xbf";
	unsigned state = 11;

	for (int round = 0; round < 3000; round++) {
		struct buffer whole = {0};
		char text[200];
		size_t size = 0, at = 0;

		for (; size < sizeof(text); size++) {
			state = state * 1664525u + 1013904223u;
			text[size] = bytes[(state >> 20) % 10];
		}
		restart();
		feed(span_make(text, size), MAX);
		finish(MAX);
		buffer_append_span(&whole, buffer_span(&seen));
		restart();
		while (at < size) {
			size_t piece;

			state = state * 1664525u + 1013904223u;
			piece = (state >> 20) % 20;
			if (piece > size - at)
				piece = size - at;
			feed(span_make(text + at, piece), MAX);
			at += piece;
		}
		finish(MAX);
		assert_seen(buffer_span(&whole), (size_t)round, 0);
		buffer_release(&whole);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lines");
	TCase *tests = tcase_create("lines");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, records_are_the_same_however_the_bytes_are_split);
	tcase_add_test(tests, blank_lines_are_no_records_but_count_as_lines);
	tcase_add_test(tests, a_cr_stays_with_the_record);
	tcase_add_test(tests, a_byte_order_mark_is_skipped_at_the_start_only);
	tcase_add_test(tests, the_longest_line_is_exact);
	tcase_add_test(tests,
		       blank_lines_beyond_the_limit_are_no_records_either);
	tcase_add_test(tests, what_comes_next_lives_on_its_own);
	tcase_add_test(tests, memory_for_a_line_without_an_end_is_bounded);
	tcase_add_test(tests, carried_lines_of_every_size_are_whole);
	tcase_add_test(tests, a_stream_that_opens_again_begins_anew);
	tcase_add_test(tests, a_stream_knows_whether_it_delivered_a_record);
	tcase_add_test(tests, lines_that_fit_reserve_no_memory_twice);
	tcase_add_test(tests, random_streams_in_random_pieces_are_read_alike);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
