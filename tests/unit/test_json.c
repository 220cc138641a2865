/*
 * The grammar of RFC 8259: what is JSON, what is not, and where it stops being.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/json.h"
#include "exact.h"

/* What may begin a text, and what cannot follow ("": the end cannot). */
struct bad {
	struct span good;
	struct span rest;
};

#define SPAN(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}
#define BAD(good, rest)                \
	{                              \
		SPAN(good), SPAN(rest) \
	}
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define ALIGNMENTS   16

/* clang-format off */
static const struct span valid_texts[] = {
	SPAN("0"), SPAN("-0"), SPAN("7"), SPAN("-1"), SPAN("10"), SPAN("1234567"),
	SPAN("0.0"), SPAN("-0.5"), SPAN("1.000000000000000000001"), SPAN("1e1"),
	SPAN("1E1"), SPAN("1e+1"), SPAN("1E-1"), SPAN("0e0"), SPAN("0E+0"),
	SPAN("1e00"), SPAN("1e007"), SPAN("-0.0e-0"), SPAN("20.02e20"),
	SPAN("1e999"), SPAN("-1e-1000000000"), SPAN("90071992547409931234567890"),
	SPAN("null"), SPAN("true"), SPAN("false"),
	SPAN("\"\""), SPAN("\"a\""), SPAN("\" \""), SPAN("\"/\""),
	SPAN("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), SPAN("\"\\u0000\""),
	SPAN("\"\\u001f\\u0022\\u005c\\u007f\""), SPAN("\"\\uabcd\\uEF01\\u9aAf\""),
	SPAN("\"\\ud83d\\ude00\""), SPAN("\"\\ud800\""), SPAN("\"\\udfff\""),
	SPAN("\"\\ude00\\ud83d\""), SPAN("\"\\ud800\\ud800\\udc00\""),
	SPAN("\"\\ud800x\""), SPAN("\"\\ud800\\n\""), SPAN("\"\\\\u0000\""),
	SPAN("\"\\\\\\\"\""), SPAN("\"\x7f\""), SPAN("\"{}[],:\""),
	SPAN("\"# // /* */ '\""), SPAN("\"\xc2\x80\xc2\xa0\""),
	SPAN("\"\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\""),
	SPAN("\"\xef\xbf\xbe\xef\xbf\xbf\xf0\x9f\xbf\xbf\xf4\x8f\xbf\xbf\""),
	SPAN("[]"), SPAN("[ ]"), SPAN("[\t\r ]"), SPAN("[1]"), SPAN("[1,2]"),
	SPAN("[ 1 , 2 ]"), SPAN("[[]]"), SPAN("[[],[]]"), SPAN("[[[1],2],3]"),
	SPAN("[null,1,\"1\",{},[],true,false]"), SPAN("[-0,1e5,0.1]"),
	SPAN("[\"a\"\t,\r\"b\" ]"), SPAN("[{}]"), SPAN("[{\"a\":[{}]}]"),
	SPAN("{}"), SPAN("{ }"), SPAN("{\t\r}"), SPAN("{\"a\":0}"),
	SPAN("{\"\":0}"), SPAN("{ \"a\"\t:\r1 }"), SPAN("{\"a\":1,\"b\":2}"),
	SPAN("{\"a\":1 , \"b\" : 2 }"), SPAN("{\"a\":1,\"a\":1}"),
	SPAN("{\"a\":{\"a\":{\"a\":{}}}}"), SPAN("{\"a\":[],\"b\":{}}"),
	SPAN("{\"\\u0000\":1}"), SPAN("{\"\\ud800\":1}"), SPAN("{\"\\\"\":\"\"}"),
	SPAN("{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\"}"), SPAN("{\"a\":{},\"b\":[{}]}"),
	SPAN("{\"x\":[{\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}],\"id\":\"b\"}"),
};

static const struct bad bad_texts[] = {
	/* numbers */
	BAD("-", ""), BAD("-", "a"), BAD("-", "-1"), BAD("-", "+1"), BAD("-", ".5"),
	BAD("-", " 1"), BAD("-", "Infinity"), BAD("-", "\"\""), BAD("-", "]"),
	BAD("", "+1"), BAD("", ".5"), BAD("", "e5"), BAD("0", "1"), BAD("-0", "1"),
	BAD("0", "x1F"), BAD("0", "0"), BAD("1.", ""), BAD("1.", "e5"),
	BAD("1.", ".5"), BAD("1.", "-5"), BAD("1.", " "), BAD("1.", "]"),
	BAD("0.1", ".2"), BAD("1e", ""), BAD("1e", "e"), BAD("1e", "."),
	BAD("1e+", ""), BAD("1e-", "+1"), BAD("1E+", "x"), BAD("1e5", ".5"),
	BAD("1e5", "e5"), BAD("1", "_000"), BAD("1", "a"), BAD("1", "-1"),
	BAD("1", "+1"), BAD("1", "f"), BAD("", "Infinity"), BAD("", "NaN"),
	BAD("", "\xef\xbc\x91"), BAD("1", "\xe5"), BAD("1", "\"a\""),
	BAD("1", "\xc2\xa0"), BAD("1", "\0"),
	/* literals */
	BAD("n", ""), BAD("nul", ""), BAD("nul", "L"), BAD("nul", " l"),
	BAD("null", "x"), BAD("null", "0"), BAD("t", "RUE"),
	BAD("tr", "eu"), BAD("true", "false"),
	BAD("fals", ""), BAD("fa", "\xe5"), BAD("", "True"), BAD("", "FALSE"),
	BAD("", "undefined"), BAD("", "x"), BAD("", "*"), BAD("", "<.>"),
	BAD("", "\\u0031"), BAD("", "'a'"), BAD("", "`a`"), BAD("", ":"),
	BAD("", ","), BAD("", "/"), BAD("", "#"), BAD("", "\0"), BAD("", "\x7f"),
	BAD("", "\x80"), BAD("", "\xff"), BAD("", "\xef\xbb\xbf""1"),
	BAD("", "\xe2\x81\xa0"), BAD("", "\xc2\xa0""1"), BAD("", "\v1"),
	BAD("", "\f1"), BAD(" ", "\x1f""1"), BAD("", "\b"),
	/* strings */
	BAD("\"", ""), BAD("\"a", ""), BAD("\"aaaaaaa", ""), BAD("\"aaaaaaaa", ""),
	BAD("\"\\", ""), BAD("\"\\\"", ""), BAD("\"\\", "a\""), BAD("\"\\", "x00\""),
	BAD("\"\\", "0\""), BAD("\"\\", "'\""), BAD("\"\\", "U0041\""),
	BAD("\"\\", " \""), BAD("\"\\", "\0\""), BAD("\"\\", "\t\""),
	BAD("\"\\", "\xe5\""), BAD("\"\\", "\xf0\x9f\x8c\x80\""),
	BAD("\"\\u", ""), BAD("\"\\u", "\""), BAD("\"\\u0", "\""),
	BAD("\"\\u00", "\""), BAD("\"\\u00A", "\""), BAD("\"\\u00A", ""),
	BAD("\"\\u", "g000\""), BAD("\"\\u0", "G00\""), BAD("\"\\u00", "-1\""),
	BAD("\"\\u000", "/\""), BAD("\"\\u000", ":\""), BAD("\"\\u000", "@\""),
	BAD("\"\\u000", "`\""), BAD("\"\\u", " 041\""), BAD("\"\\u", "{41}\""),
	BAD("\"\\u12", "\xc3\xa9\""), BAD("\"\\u12", "\x01\""),
	BAD("\"\\ud800\\", "x\""), BAD("\"\\ud800\\u", "\""),
	BAD("\"\\ud834\\u", "\\udd1e\""), BAD("\"\\ud800\\u1", "x\""),
	BAD("\"", "\0\""), BAD("\"", "\x01\""), BAD("\"", "\t\""),
	BAD("\"", "\r\""), BAD("\"a", "\x1f\""), BAD("\"\xc3\xa9", "\x1f\""),
	BAD("\"\\\\", "\x00\""), BAD("\"\xc3", "\""), BAD("\"", "\xff\""),
	/* arrays */
	BAD("[", ""), BAD("[1", ""), BAD("[1,", ""), BAD("[[]", ""), BAD("[ ", ""),
	BAD("[\"a\"", ""), BAD("[", ",1]"), BAD("[", ","), BAD("[", "}"),
	BAD("[1,", "]"), BAD("[1,", ",2]"), BAD("[1, ", "]"), BAD("[1 ", "2]"),
	BAD("[1", ":2]"), BAD("[1", ";2]"), BAD("[1", "}"), BAD("[\"a\"", "\"b\"]"),
	BAD("[\"a\"", ":1]"), BAD("[\"\"", "\0]"), BAD("[", "*]"), BAD("[", "a]"),
	BAD("[1", "\v]"), BAD("[", "\f]"), BAD("[", "\0]"),
	BAD("[", "\\u0020\"a\"]"), BAD("[", "\xef\xbb\xbf]"), BAD("[1,", "\xe5]"),
	BAD("[[1]", "[2]]"), BAD("[{}", "{}]"), BAD("[null", "null]"),
	/* objects */
	BAD("{", ""), BAD("{\"a\"", ""), BAD("{\"a\":", ""), BAD("{\"a\":1", ""),
	BAD("{\"a\":1,", ""), BAD("{\"a\":{}", ""), BAD("{\"a", ""),
	BAD("{", ",}"), BAD("{", ":1}"), BAD("{", "]"), BAD("{", "1:1}"),
	BAD("{", "a:1}"), BAD("{", "'a':1}"), BAD("{", "null:1}"),
	BAD("{", "[1]:1}"), BAD("{", "{}}"), BAD("{", "/**/}"), BAD("{", "\0}"),
	BAD("{\"a\"", "}"), BAD("{\"a\"", ",1}"), BAD("{\"a\" ", "1}"),
	BAD("{\"a\"", "=1}"), BAD("{\"a\"", "\"b\"}"), BAD("{\"a\"", ".b:1}"),
	BAD("{\"a\":", "}"), BAD("{\"a\":", ",}"), BAD("{\"a\":", ":1}"),
	BAD("{\"a\": ", "]"), BAD("{\"a\":", "x}"), BAD("{\"a\":1", "]"),
	BAD("{\"a\":1", ":2}"), BAD("{\"a\":1 ", "\"b\":2}"), BAD("{\"a\":1", ";"),
	BAD("{\"a\":1,", "}"), BAD("{\"a\":1,", ",\"b\":2}"), BAD("{\"a\":1,", "1:2}"),
	BAD("{\"a\":1,", "a:2}"), BAD("{\"a\":1, ", "]"), BAD("{\"a\":1,", "{}}"),
	BAD("{\"a\":\"b", ""), BAD("{\"a\":\"b\"", "123}"), BAD("{\"a\":[", "}"),
	BAD("{\"a\":[1", "}"), BAD("{\"\\u00", "\":1}"), BAD("{\"\\", "a\":1}"),
	BAD("{\"\xc3", "\":1}"), BAD("{\"", "\t\":1}"),
	BAD("[{\"a\":[1,{\"b\":2}]", "]"), BAD("{\"a\":{\"b\":[1]", "]}"),
};

/* Whole texts, and what stands behind them. */
static const struct bad trailing_texts[] = {
	BAD("{}", "}"), BAD("{}", "{}"), BAD("{} ", "x"), BAD("{\"a\":1}", ","),
	BAD("{\"a\":1}", "#"), BAD("{\"a\":1}", "/**/"), BAD("{}", "\0"),
	BAD("{}", "\xef\xbb\xbf"), BAD("{} \t\r", "\v"), BAD("{}", "\x80"),
	BAD("[1]", "]"), BAD("[1]", ","), BAD("[]", "[]"), BAD("1 ", "2"),
	BAD("1", ",2"), BAD("\"a\"", "\""), BAD("\"\"", ":1"), BAD("null ", "null"),
	BAD("{\"a\":{}}", ":"), BAD("{\"a\":\"x\"}", "\"y\""), BAD("{}\r", "\x1f"),
	BAD("", "]"), BAD("", "}"), BAD(" ", "]"),
};
/* clang-format on */

/* --- scanning ------------------------------------------------------------- */

static struct fields fields;
static struct json_value values[4];

/* Asked for is what makes the scanner go into objects and arrays. */
static void begin(void)
{
	static const char *const asked[] = {"a", "a.a", "a.0", "a.0.0"};
	struct error error;

	fields_init(&fields);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(fields_add(&fields, asked[i], &error), i);
}

static void end(void)
{
	fields_release(&fields);
}

static enum json_verdict scan(struct span line, size_t pad, size_t *offset)
{
	struct exact exact = exact_copy(line, pad);
	enum json_verdict verdict =
		json_scan(&fields, exact.line, values, offset);

	free(exact.block);
	return verdict;
}

static void assert_verdict(struct span line, enum json_verdict expected,
			   size_t expected_offset)
{
	for (size_t pad = 0; pad < ALIGNMENTS; pad++) {
		size_t offset;
		enum json_verdict verdict = scan(line, pad, &offset);

		ck_assert_msg(verdict == expected && offset == expected_offset,
			      "%.*s: verdict %d at %zu, expected %d at %zu",
			      (int)line.size, line.data, (int)verdict, offset,
			      (int)expected, expected_offset);
	}
}

/* A text that can go on is invalid only because it ends. */
static void assert_can_go_on(struct span text)
{
	size_t offset;

	if (scan(text, 0, &offset) == JSON_INVALID)
		ck_assert_msg(offset == text.size, "%.*s: stopped at %zu",
			      (int)text.size, text.data, offset);
}

static void assert_prefixes_can_go_on(struct span text)
{
	for (size_t size = 0; size < text.size; size++)
		assert_can_go_on(span_make(text.data, size));
}

/* The texts around a value: not asked for and asked for, and at each step. */
static const struct {
	const char *before, *behind;
} wraps[] = {
	{"{\"z\":", "}"},
	{"{\"a\":", "}"},
	{"{\"a\":[", "]}"},
	{"{\"a\":[[", "]]}"},
	{"{ \"z\" : [ 1 , ", " ] }"},
	{"{\"a\":{\"z\":[{\"a\":", "}]}}"},
	{"{\"a\":[0,{\"a\":\"a\"},", ",1],\"b\":2}"},
};

/* The wrapped text in *buffer; returns how long what stands before it is. */
static size_t wrap(struct buffer *buffer, size_t which, struct span good,
		   struct span rest)
{
	buffer_clear(buffer);
	buffer_append_text(buffer, wraps[which].before);
	buffer_append_span(buffer, good);
	buffer_append_span(buffer, rest);
	buffer_append_text(buffer, wraps[which].behind);
	return strlen(wraps[which].before);
}

/* --- tests ---------------------------------------------------------------- */

START_TEST(every_kind_of_value_is_json)
{
	for (size_t i = 0; i < COUNT(valid_texts); i++) {
		struct span text = valid_texts[i];

		assert_verdict(
			text,
			text.data[0] == '{' ? JSON_VALID : JSON_NOT_OBJECT, 0);
		assert_prefixes_can_go_on(text);
	}
}
END_TEST

START_TEST(every_kind_of_value_may_stand_in_a_record)
{
	struct buffer buffer = {0};

	for (size_t i = 0; i < COUNT(valid_texts); i++)
		for (size_t j = 0; j < COUNT(wraps); j++) {
			wrap(&buffer, j, valid_texts[i], span_of(""));
			assert_verdict(buffer_span(&buffer), JSON_VALID, 0);
			assert_prefixes_can_go_on(buffer_span(&buffer));
		}
	buffer_release(&buffer);
}
END_TEST

START_TEST(what_is_no_json_is_found_at_its_first_offending_byte)
{
	struct buffer buffer = {0};

	for (size_t i = 0; i < COUNT(bad_texts); i++) {
		const struct bad *bad = &bad_texts[i];

		buffer_clear(&buffer);
		buffer_append_span(&buffer, bad->good);
		buffer_append_span(&buffer, bad->rest);
		assert_verdict(buffer_span(&buffer), JSON_INVALID,
			       bad->good.size);
		assert_prefixes_can_go_on(bad->good);
		assert_can_go_on(bad->good);
	}
	buffer_release(&buffer);
}
END_TEST

START_TEST(what_is_no_json_is_found_wherever_it_stands)
{
	struct buffer buffer = {0};

	for (size_t i = 0; i < COUNT(bad_texts); i++) {
		const struct bad *bad = &bad_texts[i];

		/* Behind what only ended too early there is more now. */
		if (bad->rest.size == 0)
			continue;
		for (size_t j = 0; j < COUNT(wraps); j++) {
			size_t before = wrap(&buffer, j, bad->good, bad->rest);

			assert_verdict(buffer_span(&buffer), JSON_INVALID,
				       before + bad->good.size);
		}
	}
	buffer_release(&buffer);
}
END_TEST

START_TEST(nothing_but_white_space_stands_behind_the_value)
{
	struct buffer buffer = {0};

	for (size_t i = 0; i < COUNT(trailing_texts); i++) {
		const struct bad *bad = &trailing_texts[i];

		buffer_clear(&buffer);
		buffer_append_span(&buffer, bad->good);
		buffer_append_span(&buffer, bad->rest);
		assert_verdict(buffer_span(&buffer), JSON_INVALID,
			       bad->good.size);
	}
	buffer_release(&buffer);
	assert_verdict(span_of("{} \t\r \t\r \t\r"), JSON_VALID, 0);
}
END_TEST

START_TEST(empty_and_blank_lines_are_no_json)
{
	assert_verdict(span_of(""), JSON_INVALID, 0);
	assert_verdict(span_of(" \t\r"), JSON_INVALID, 3);
}
END_TEST

START_TEST(what_is_no_object_is_told_with_its_place)
{
	assert_verdict(span_of("  \t[{}]\r"), JSON_NOT_OBJECT, 3);
	assert_verdict(span_of("\r\"x\" "), JSON_NOT_OBJECT, 1);
	assert_verdict(span_of("         null"), JSON_NOT_OBJECT, 9);
	assert_verdict(span_of(" {}"), JSON_VALID, 1);
}
END_TEST

/* RFC 8259 section 2: the space, the tab, the CR (and LF, which ends lines). */
START_TEST(only_four_bytes_are_white_space)
{
	for (int byte = 0; byte < 256; byte++) {
		static const char *const around[][2] = {
			{"", "{\"a\":1}"},  {"{", "\"a\":1}"},
			{"{\"a\"", ":1}"},  {"{\"a\":", "1}"},
			{"{\"a\":1", "}"},  {"{\"a\":1}", ""},
			{"{\"a\":[", "]}"}, {"{\"z\":[1,", "2]}"},
		};
		bool is_space = byte == ' ' || byte == '\t' || byte == '\r';

		/* A digit makes another number, and '-' another value. */
		if (byte == '\n' || byte == '-' || (byte >= '0' && byte <= '9'))
			continue;
		for (size_t i = 0; i < COUNT(around); i++) {
			char line[32];
			int size = snprintf(line, sizeof(line), "%s%c%s",
					    around[i][0], byte, around[i][1]);
			size_t offset;
			enum json_verdict verdict =
				scan(span_make(line, (size_t)size), 0, &offset);

			ck_assert_msg((verdict == JSON_VALID) == is_space,
				      "byte %d in '%s'", byte, line);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tests = tcase_create("json");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, every_kind_of_value_is_json);
	tcase_add_test(tests, every_kind_of_value_may_stand_in_a_record);
	tcase_add_test(tests,
		       what_is_no_json_is_found_at_its_first_offending_byte);
	tcase_add_test(tests, what_is_no_json_is_found_wherever_it_stands);
	tcase_add_test(tests, nothing_but_white_space_stands_behind_the_value);
	tcase_add_test(tests, empty_and_blank_lines_are_no_json);
	tcase_add_test(tests, what_is_no_object_is_told_with_its_place);
	tcase_add_test(tests, only_four_bytes_are_white_space);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
