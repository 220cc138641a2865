#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static bool is_scalar(uint32_t code)
{
	return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

START_TEST(all_1112064_scalar_values_come_back)
{
	unsigned seen = 0;

	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		char bytes[4];
		uint32_t back;
		size_t size, expected;

		if (!is_scalar(code))
			continue;
		size = utf8_encode(code, bytes);
		expected = code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
		expected += code > 0xffff;
		if (size != expected ||
		    utf8_decode(span_make(bytes, size), &back) != size ||
		    back != code)
			ck_abort_msg("U+%04X", code);
		seen++;
	}
	ck_assert_uint_eq(seen, 1112064);
}
END_TEST

/* With every two bytes in front, just what was encoded above can stand. */
START_TEST(of_all_four_bytes_only_encodings_are_characters)
{
	unsigned good = 0;

	for (unsigned lead = 0; lead < 256; lead++)
		for (unsigned second = 0; second < 256; second++) {
			char bytes[4] = {(char)lead, (char)second, (char)0xbf,
					 (char)0x80};
			char again[4];
			uint32_t code;
			size_t size = utf8_decode(span_make(bytes, 4), &code);

			if (size == 0)
				continue;
			good++;
			if (!is_scalar(code) ||
			    utf8_encode(code, again) != size ||
			    memcmp(bytes, again, size) != 0)
				ck_abort_msg("lead %02x %02x", lead, second);
		}
	/* ASCII; 2 bytes; e0, ed, 14 others; f0, f4, 3 others. */
	ck_assert_uint_eq(good, 128 * 256 + 30 * 64 + 32 + 32 + 14 * 64 + 48 +
					16 + 3 * 64);
}
END_TEST

START_TEST(what_is_no_character_says_how_much_of_it_was_good)
{
	static const struct {
		const char *text;
		uint32_t good;
	} cases[] = {
		{"\x80", 0},	     {"\xbf", 0},	  {"\xc0\x80", 0},
		{"\xc1\xbf", 0},     {"\xc2", 1},	  {"\xc2\"", 1},
		{"\xc2\xc2", 1},     {"\xe0\x9f\xbf", 1}, {"\xe0\xa0", 2},
		{"\xe0\xa0\"", 2},   {"\xed\xa0\x80", 1}, {"\xed\xbf\xbf", 1},
		{"\xef\xbf", 2},     {"\xf0\x8f", 1},	  {"\xf0\x90", 2},
		{"\xf0\x90\x80", 3}, {"\xf4\x90", 1},	  {"\xf4\x8f\xbf\"", 3},
		{"\xf5\x80", 0},     {"\xff", 0},	  {"\xfe\x80", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t good = 99;

		ck_assert_uint_eq(utf8_decode(span_of(cases[i].text), &good),
				  0);
		ck_assert_uint_eq(good, cases[i].good);
		ck_assert(!utf8_is_valid(span_of(cases[i].text)));
	}
}
END_TEST

START_TEST(text_is_valid_when_every_character_is)
{
	ck_assert(utf8_is_valid(span_make(NULL, 0)));
	ck_assert(utf8_is_valid(span_make("a\0b", 3)));
	ck_assert(utf8_is_valid(span_of("a\xc3\xa9\xe2\x82\xac")));
	ck_assert(!utf8_is_valid(span_of("a\xc3\xa9\xe2\x82")));
	ck_assert(!utf8_is_valid(span_of("a\xc3\xa9\xff")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("utf8");
	TCase *tests = tcase_create("utf8");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, all_1112064_scalar_values_come_back);
	tcase_add_test(tests, of_all_four_bytes_only_encodings_are_characters);
	tcase_add_test(tests,
		       what_is_no_character_says_how_much_of_it_was_good);
	tcase_add_test(tests, text_is_valid_when_every_character_is);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
