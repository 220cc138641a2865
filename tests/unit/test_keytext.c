#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/keytext.h"

static char shown[8192];

/* The text of one key column, as a C string. */
static const char *tsv(enum key_type type, const char *text)
{
	struct key_part part = {type, span_of(text)};
	struct buffer out = {0};

	keytext_tsv(&out, &part);
	ck_assert_uint_lt(out.size, sizeof(shown));
	memcpy(shown, out.data, out.size);
	shown[out.size] = '\0';
	buffer_release(&out);
	return shown;
}

/* Parses one column; true when it is a key that shows as `again`. */
static bool shows_again(const char *text, const char *again, enum key_type type)
{
	struct buffer key = {0};
	struct error error = {""};
	const unsigned char *at;
	struct key_part part;
	bool good;

	if (keytext_parse(span_of(text), 1, &key, &error)) {
		ck_assert(error.message[0] != '\0');
		ck_assert_uint_eq(key.size, 0);
		buffer_release(&key);
		return false;
	}
	at = (const unsigned char *)key.data;
	part = key_next(&at);
	good = part.type == type;
	if (part.type == KEY_STRING) {
		struct buffer out = {0};

		keytext_tsv(&out, &part);
		good = good && span_is(buffer_span(&out), again);
		buffer_release(&out);
	} else {
		good = good && span_is(part.text, again);
	}
	buffer_release(&key);
	return good;
}

START_TEST(strings_that_could_be_something_else_are_quoted)
{
	static const char *const quoted[] = {
		"",	"\"",	"\"a\"", "\"a", "(other)", "(summary)",
		"null", "true", "false", "0",	"-0.5e+3", "12"};
	static const char *const plain[] = {
		"PAID", "a\"b", "other", "(Other)", "True",    "01",
		"+1",	"1.",	" 5",	 "NaN",	    "(other) "};

	for (size_t i = 0; i < sizeof(quoted) / sizeof(quoted[0]); i++) {
		const char *text = tsv(KEY_STRING, quoted[i]);
		size_t size = strlen(text);

		ck_assert_msg(size == strlen(quoted[i]) + 2 && text[0] == '"' &&
				      text[size - 1] == '"' &&
				      memcmp(text + 1, quoted[i], size - 2) ==
					      0,
			      "%s", text);
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		ck_assert_str_eq(tsv(KEY_STRING, plain[i]), plain[i]);
}
END_TEST

START_TEST(literals_stand_as_they_are)
{
	ck_assert_str_eq(tsv(KEY_NUMBER, "5"), "5");
	ck_assert_str_eq(tsv(KEY_NUMBER, "-0.50E+3"), "-0.50E+3");
	ck_assert_str_eq(tsv(KEY_NULL, "null"), "null");
	ck_assert_str_eq(tsv(KEY_TRUE, "true"), "true");
}
END_TEST

START_TEST(control_characters_and_backslash_are_escaped)
{
	ck_assert_str_eq(tsv(KEY_STRING, "a\tb\nc\rd\\e"),
			 "a\\tb\\nc\\rd\\\\e");
	ck_assert_str_eq(tsv(KEY_STRING, "\x1b[2J\x7f"), "\\u001b[2J\\u007f");
	ck_assert_str_eq(tsv(KEY_STRING, "\xc2\x80-\xc2\x9f-\xc2\xa0"),
			 "\\u0080-\\u009f-\xc2\xa0");
	/* Only a terminal minds these. */
	ck_assert_str_eq(tsv(KEY_STRING, "\xe2\x80\xae"), "\xe2\x80\xae");
}
END_TEST

START_TEST(what_tsv_shows_parses_back)
{
	ck_assert(shows_again("PAID", "PAID", KEY_STRING));
	ck_assert(shows_again("5", "5", KEY_NUMBER));
	ck_assert(shows_again("\"5\"", "\"5\"", KEY_STRING));
	ck_assert(shows_again("null", "null", KEY_NULL));
	ck_assert(shows_again("\"null\"", "\"null\"", KEY_STRING));
	ck_assert(shows_again("true", "true", KEY_TRUE));
	ck_assert(shows_again("false", "false", KEY_FALSE));
	ck_assert(shows_again("\"\"", "\"\"", KEY_STRING));
	ck_assert(shows_again("\"(other)\"", "\"(other)\"", KEY_STRING));
	ck_assert(shows_again("\"\"a\"", "\"\"a\"", KEY_STRING));
	ck_assert(shows_again("a\\tb\\\\u0020\\u001b", "a\\tb\\\\u0020\\u001b",
			      KEY_STRING));
	ck_assert(shows_again("a b", "a b", KEY_STRING));
	ck_assert(shows_again("@orders", "@orders", KEY_STRING));
}
END_TEST

START_TEST(what_tsv_never_shows_is_refused)
{
	static const char *const texts[] = {
		"",	   "(other)",  "(summary)", "\"PAID\"", "\"",
		"\"a",	   "\\",       "a\\",	    "\\x",	"\\u",
		"\\u001",  "\\u001B",  "\\u0041",   "a\\u0040", "\\ud800",
		"a\x1b",   "\xc2\x85", "\xff",	    "\xc3",	"a\nb",
		"\\u0009", "\\u00zz",  "\\u0035"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(!shows_again(texts[i], texts[i], KEY_STRING),
			      "%zu: %s", i, texts[i]);
}
END_TEST

START_TEST(at_sign_and_space_may_be_written_as_escapes)
{
	ck_assert(shows_again("\\u0040orders", "@orders", KEY_STRING));
	ck_assert(shows_again("\\u0020a\\u0020", " a ", KEY_STRING));
	ck_assert(shows_again("\\u0040", "@", KEY_STRING));
}
END_TEST

START_TEST(the_error_says_how_tsv_shows_it)
{
	struct buffer key = {0};
	struct error error;

	ck_assert_int_eq(keytext_parse(span_of("(other)"), 1, &key, &error),
			 -1);
	ck_assert_str_eq(error.message, "is a text that tsv never shows; "
					"did you mean '\"(other)\"'");
	buffer_release(&key);
}
END_TEST

START_TEST(columns_are_joined_by_tabs)
{
	struct key_part parts[] = {{KEY_STRING, {"a\tb", 3}},
				   {KEY_NUMBER, {"5", 1}},
				   {KEY_STRING, {"", 0}}};
	struct buffer key = {0};
	struct error error;

	ck_assert_int_eq(
		keytext_parse(span_of("a\\tb\t5\t\"\""), 3, &key, &error), 0);
	ck_assert_uint_eq(key.size, key_size(parts, 3));
	ck_assert(key_holds((unsigned char *)key.data, parts, 3));
	buffer_clear(&key);
	ck_assert_int_eq(keytext_parse(span_of("a\tb"), 3, &key, &error), -1);
	ck_assert_str_eq(error.message,
			 "has 2 columns, but there are 3 keys, joined by tabs");
	ck_assert_int_eq(keytext_parse(span_of("a\tb"), 1, &key, &error), -1);
	ck_assert_int_eq(keytext_parse(span_of("a\t"), 2, &key, &error), -1);
	ck_assert_uint_eq(key.size, 0);
	buffer_release(&key);
}
END_TEST

START_TEST(a_part_has_at_most_4096_bytes)
{
	static char text[KEY_PART_MAX + 2];
	struct buffer key = {0};
	struct error error;

	memset(text, 'x', KEY_PART_MAX);
	ck_assert_int_eq(keytext_parse(span_of(text), 1, &key, &error), 0);
	text[KEY_PART_MAX] = 'x';
	ck_assert_int_eq(keytext_parse(span_of(text), 1, &key, &error), -1);
	buffer_release(&key);
}
END_TEST

START_TEST(a_terminal_is_spared_what_changes_direction)
{
	static const uint32_t controls[] = {
		0x61c,	0x200e, 0x200f, 0x2028, 0x2029, 0x202a,
		0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067,
		0x2068, 0x2069, 0x1b,	0x9b,	0x85};
	char escape[ESCAPE_MAX];

	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		ck_assert_uint_eq(keytext_escape_shown(controls[i], escape), 6);
	ck_assert_int_eq(memcmp(escape, "\\u0085", 6), 0);
	ck_assert_uint_eq(keytext_escape_shown(0x200d, escape), 0);
	ck_assert_uint_eq(keytext_escape_shown(0x20ac, escape), 0);
	ck_assert_uint_eq(keytext_escape(0x202e, escape), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("keytext");
	TCase *tests = tcase_create("keytext");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, strings_that_could_be_something_else_are_quoted);
	tcase_add_test(tests, literals_stand_as_they_are);
	tcase_add_test(tests, control_characters_and_backslash_are_escaped);
	tcase_add_test(tests, what_tsv_shows_parses_back);
	tcase_add_test(tests, what_tsv_never_shows_is_refused);
	tcase_add_test(tests, at_sign_and_space_may_be_written_as_escapes);
	tcase_add_test(tests, the_error_says_how_tsv_shows_it);
	tcase_add_test(tests, columns_are_joined_by_tabs);
	tcase_add_test(tests, a_part_has_at_most_4096_bytes);
	tcase_add_test(tests, a_terminal_is_spared_what_changes_direction);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
