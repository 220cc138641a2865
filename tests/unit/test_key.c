#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/key.h"

static struct key_part part(enum key_type type, const char *text)
{
	return (struct key_part){type, span_of(text)};
}

static int compare(struct key_part a, struct key_part b)
{
	unsigned char left[64], right[64];
	int order;

	key_encode(left, &a, 1);
	key_encode(right, &b, 1);
	order = key_compare(left, right, 1);
	return (order > 0) - (order < 0);
}

START_TEST(parts_come_back_as_they_were_encoded)
{
	struct key_part parts[] = {
		part(KEY_NULL, "null"),	  part(KEY_FALSE, "false"),
		part(KEY_TRUE, "true"),	  part(KEY_NUMBER, "-1.50e3"),
		part(KEY_STRING, "PAID"), {KEY_STRING, {"a\0b", 3}},
		part(KEY_STRING, "")};
	size_t count = sizeof(parts) / sizeof(parts[0]);
	unsigned char key[256];
	const unsigned char *at = key;

	key_encode(key, parts, count);
	for (size_t i = 0; i < count; i++) {
		struct key_part back = key_next(&at);

		ck_assert_int_eq(back.type, parts[i].type);
		ck_assert(span_equal(back.text, parts[i].text));
	}
	ck_assert_uint_eq((size_t)(at - key), key_size(parts, count));
}
END_TEST

START_TEST(the_longest_part_comes_back_whole)
{
	static char text[KEY_PART_MAX];
	static unsigned char key[KEY_PART_MAX + 16];
	struct key_part longest = {KEY_STRING, {text, sizeof(text)}};
	const unsigned char *at = key;

	memset(text, 'x', sizeof(text));
	key_encode(key, &longest, 1);
	ck_assert(span_equal(key_next(&at).text, longest.text));
	ck_assert(key_holds(key, &longest, 1));
}
END_TEST

START_TEST(a_key_holds_only_what_is_equal_in_type_and_text)
{
	struct key_part parts[] = {part(KEY_STRING, "a"),
				   part(KEY_NUMBER, "5")};
	struct key_part others[][2] = {
		{part(KEY_STRING, "a"), part(KEY_STRING, "5")},
		{part(KEY_STRING, "b"), part(KEY_NUMBER, "5")},
		{part(KEY_STRING, "a"), part(KEY_NUMBER, "5.0")},
		{part(KEY_STRING, "a"), part(KEY_NULL, "null")},
		{{KEY_STRING, {"a\0", 2}}, part(KEY_NUMBER, "5")},
	};
	unsigned char key[64];

	key_encode(key, parts, 2);
	ck_assert(key_holds(key, parts, 2));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_msg(!key_holds(key, others[i], 2), "other %zu", i);
}
END_TEST

START_TEST(joined_texts_do_not_make_equal_keys)
{
	struct key_part left[] = {part(KEY_STRING, "ab"),
				  part(KEY_STRING, "c")};
	struct key_part right[] = {part(KEY_STRING, "a"),
				   part(KEY_STRING, "bc")};
	unsigned char a[64], b[64];

	key_encode(a, left, 2);
	key_encode(b, right, 2);
	ck_assert(memcmp(a, b, key_size(left, 2)) != 0);
	ck_assert(!key_holds(a, right, 2));
}
END_TEST

START_TEST(rows_are_ordered_by_type_then_value)
{
	struct key_part rising[] = {
		part(KEY_NULL, "null"),	     part(KEY_FALSE, "false"),
		part(KEY_TRUE, "true"),	     part(KEY_NUMBER, "-1e400"),
		part(KEY_NUMBER, "-2"),	     part(KEY_NUMBER, "9"),
		part(KEY_NUMBER, "1.0e1"),   part(KEY_NUMBER, "10"),
		part(KEY_NUMBER, "1e999"),   part(KEY_STRING, ""),
		{KEY_STRING, {"\0", 1}},     part(KEY_STRING, "10"),
		part(KEY_STRING, "9"),	     part(KEY_STRING, "A"),
		part(KEY_STRING, "AB"),	     part(KEY_STRING, "a"),
		part(KEY_STRING, "\xc3\xa9")};
	size_t count = sizeof(rising) / sizeof(rising[0]);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			ck_assert_int_eq(compare(rising[i], rising[j]),
					 (i > j) - (i < j));
}
END_TEST

START_TEST(the_first_field_decides_before_the_second)
{
	struct key_part left[] = {part(KEY_STRING, "a"), part(KEY_NUMBER, "9")};
	struct key_part right[] = {part(KEY_STRING, "b"),
				   part(KEY_NUMBER, "1")};
	unsigned char a[64], b[64];

	key_encode(a, left, 2);
	key_encode(b, right, 2);
	ck_assert_int_lt(key_compare(a, b, 2), 0);
	right[0] = left[0];
	key_encode(b, right, 2);
	ck_assert_int_gt(key_compare(a, b, 2), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("key");
	TCase *tests = tcase_create("key");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, parts_come_back_as_they_were_encoded);
	tcase_add_test(tests, the_longest_part_comes_back_whole);
	tcase_add_test(tests, a_key_holds_only_what_is_equal_in_type_and_text);
	tcase_add_test(tests, joined_texts_do_not_make_equal_keys);
	tcase_add_test(tests, rows_are_ordered_by_type_then_value);
	tcase_add_test(tests, the_first_field_decides_before_the_second);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
