#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

#define SPAN(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}

static const struct {
	struct span escaped;
	struct span text;
} pairs[] = {
	{SPAN(""), SPAN("")},
	{SPAN("PAID"), SPAN("PAID")},
	{SPAN("\\u0050AID"), SPAN("PAID")},
	{SPAN("\\\"\\\\\\/\\b\\f\\n\\r\\t"), SPAN("\"\\/\b\f\n\r\t")},
	{SPAN("a\\u0000b"), SPAN("a\0b")},
	{SPAN("\\u0000"), SPAN("\0")},
	{SPAN("\\\\u0041"), SPAN("\\u0041")},
	{SPAN("\\u005cu0041"), SPAN("\\u0041")},
	{SPAN("\\u007F\\u0080\\u07ff"), SPAN("\x7f\xc2\x80\xdf\xbf")},
	{SPAN("\\u0800\\uD7FF\\ue000"),
	 SPAN("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80")},
	{SPAN("\\uffff"), SPAN("\xef\xbf\xbf")},
	{SPAN("\\ud800\\udc00"), SPAN("\xf0\x90\x80\x80")},
	{SPAN("\\uDBFF\\uDFFF"), SPAN("\xf4\x8f\xbf\xbf")},
	{SPAN("x\\ud83d\\ude00y"), SPAN("x\xf0\x9f\x98\x80y")},
	{SPAN("\xc3\xa9\\u00e9"), SPAN("\xc3\xa9\xc3\xa9")},
};

static const char *const lone[] = {
	"\\ud800",
	"\\udbff",
	"\\udc00",
	"\\uDFFF",
	"a\\ud800",
	"\\ud800a",
	"\\ud800\\n",
	"\\ud800\\\\udc00",
	"\\ud800\\u0041",
	"\\ud800\\ud800",
	"\\ud800\\ud800\\udc00",
	"\\udc00\\ud800",
	"\\ud800\\udc00\\udc00",
	"\\ud83d\xc3\xa9",
	"\\ud800udc00",
	"\\ud800 \\udc00",
};

/* In a block of just its size. */
static struct span copy(struct span text)
{
	char *block = malloc(text.size + (text.size == 0));

	ck_assert_ptr_nonnull(block);
	memcpy(block, text.data, text.size);
	return span_make(block, text.size);
}

START_TEST(escapes_stand_for_their_characters)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct span escaped = copy(pairs[i].escaped);
		struct span text = pairs[i].text;
		struct span room = copy(text);
		size_t size;

		ck_assert_int_eq(json_unescape(escaped, (char *)room.data,
					       text.size, &size),
				 JSON_TEXT);
		ck_assert(span_equal(span_make(room.data, size), text));
		free((char *)escaped.data);
		free((char *)room.data);
	}
}
END_TEST

START_TEST(nothing_is_written_beyond_the_room)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		for (size_t less = 1; less <= pairs[i].text.size; less++) {
			size_t capacity = pairs[i].text.size - less;
			char *room = malloc(capacity + 1);
			size_t size;

			ck_assert_ptr_nonnull(room);
			room[capacity] = '#';
			ck_assert_int_eq(json_unescape(pairs[i].escaped, room,
						       capacity, &size),
					 JSON_TEXT_LONG);
			ck_assert_int_eq(room[capacity], '#');
			free(room);
		}
}
END_TEST

START_TEST(lone_surrogates_are_told)
{
	for (size_t i = 0; i < sizeof(lone) / sizeof(lone[0]); i++) {
		struct span escaped = copy(span_of(lone[i]));
		char room[64];
		size_t size;

		ck_assert_int_eq(json_unescape(escaped, room, 64, &size),
				 JSON_TEXT_SURROGATE);
		/* However little room there is. */
		ck_assert_int_eq(json_unescape(escaped, room, 0, &size),
				 JSON_TEXT_SURROGATE);
		free((char *)escaped.data);
	}
}
END_TEST

START_TEST(escaped_text_equals_what_it_stands_for_and_nothing_else)
{
	size_t count = sizeof(pairs) / sizeof(pairs[0]);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			struct span escaped = copy(pairs[i].escaped);
			struct span text = copy(pairs[j].text);
			bool equal = span_equal(pairs[i].text, pairs[j].text);

			ck_assert(json_text_equals(escaped, text) == equal);
			if (text.size > 0)
				text.size--;
			if (equal && pairs[j].text.size > 0)
				ck_assert(!json_text_equals(escaped, text));
			free((char *)escaped.data);
			free((char *)text.data);
		}
}
END_TEST

START_TEST(lone_surrogates_equal_no_text)
{
	for (size_t i = 0; i < sizeof(lone) / sizeof(lone[0]); i++) {
		ck_assert(!json_text_equals(span_of(lone[i]), span_of("")));
		ck_assert(!json_text_equals(span_of(lone[i]), span_of("a")));
		/* Nor what a careless encoder would have made of them. */
		ck_assert(!json_text_equals(span_of(lone[i]),
					    span_of("\xed\xa0\x80")));
		ck_assert(!json_text_equals(span_of(lone[i]),
					    span_of("\xef\xbf\xbd")));
	}
}
END_TEST

static int sign_of(int order)
{
	return (order > 0) - (order < 0);
}

static int compare_bytes(struct span a, struct span b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = memcmp(a.data, b.data, common);

	return order != 0 ? sign_of(order)
			  : (a.size > b.size) - (a.size < b.size);
}

START_TEST(escaped_text_is_ordered_by_the_bytes_that_it_stands_for)
{
	size_t count = sizeof(pairs) / sizeof(pairs[0]);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			struct span escaped = copy(pairs[i].escaped);
			struct span whole = copy(pairs[j].text);

			for (size_t size = 0; size <= whole.size; size++) {
				struct span text = span_make(whole.data, size);
				int order = json_text_compare(escaped, text);

				ck_assert_int_eq(
					sign_of(order),
					compare_bytes(pairs[i].text, text));
			}
			free((char *)escaped.data);
			free((char *)whole.data);
		}
}
END_TEST

/* The same to one that appends them and to one that compares. */
START_TEST(lone_surrogates_can_be_appended_and_ordered)
{
	static const struct {
		const char *escaped;
		const char *text;
	} cases[] = {
		{"\\ud800", "\xed\xa0\x80"},
		{"\\uDFFF", "\xed\xbf\xbf"},
		{"a\\ud800\\n", "a\xed\xa0\x80\n"},
		{"\\ud800\\ud800\\udc00", "\xed\xa0\x80\xf0\x90\x80\x80"},
		{"\\udc00\\ud800", "\xed\xb0\x80\xed\xa0\x80"},
		{"\\ud83d\xc3\xa9", "\xed\xa0\xbd\xc3\xa9"},
		{"\\ud800udc00", "\xed\xa0\x80udc00"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span escaped = copy(span_of(cases[i].escaped));
		struct span text = span_of(cases[i].text);
		struct buffer out = {0};

		buffer_append_text(&out, "<");
		json_text_append(&out, escaped);
		ck_assert(out.size == 1 + text.size &&
			  memcmp(out.data + 1, text.data, text.size) == 0);
		ck_assert_int_eq(json_text_compare(escaped, text), 0);
		ck_assert_int_lt(
			json_text_compare(escaped, span_of("\xee\x80\x80")), 0);
		buffer_release(&out);
		free((char *)escaped.data);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json text");
	TCase *tests = tcase_create("json text");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, escapes_stand_for_their_characters);
	tcase_add_test(tests, nothing_is_written_beyond_the_room);
	tcase_add_test(tests, lone_surrogates_are_told);
	tcase_add_test(tests,
		       escaped_text_equals_what_it_stands_for_and_nothing_else);
	tcase_add_test(tests, lone_surrogates_equal_no_text);
	tcase_add_test(tests,
		       escaped_text_is_ordered_by_the_bytes_that_it_stands_for);
	tcase_add_test(tests, lone_surrogates_can_be_appended_and_ordered);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
