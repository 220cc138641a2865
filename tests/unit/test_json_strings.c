/*
 * Strings: UTF-8 as RFC 3629 has it, control characters, escapes; each behind
 * 0 to 16 plain bytes, so that it falls on every place of a word.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/json.h"
#include "exact.h"

#define PADS 17

static struct fields fields;
static struct buffer line;
static struct json_value value;

static void begin(void)
{
	struct error error;

	fields_init(&fields);
	ck_assert_int_eq(fields_add(&fields, "k", &error), 0);
	buffer_init(&line);
}

static void end(void)
{
	fields_release(&fields);
	buffer_release(&line);
}

static enum json_verdict scan(size_t *offset)
{
	struct exact exact = exact_copy(buffer_span(&line), 0);
	enum json_verdict verdict =
		json_scan(&fields, exact.line, &value, offset);

	free(exact.block);
	return verdict;
}

/* The bytes in a string: a value, a name, one asked for and one that is not. */
static const struct {
	const char *before, *behind;
} places[] = {
	{"{\"k\":\"", "\"}"},
	{"{\"z\":[\"", "\"]}"},
	{"{\"", "\":1}"},
};

static size_t put(size_t place, size_t pad, struct span bytes)
{
	buffer_clear(&line);
	buffer_append_text(&line, places[place].before);
	for (size_t i = 0; i < pad; i++)
		buffer_append_char(&line, 'k');
	buffer_append_span(&line, bytes);
	return strlen(places[place].before) + pad;
}

/* good: how many of the bytes may stand in a string; all: they are valid. */
static void assert_string(struct span bytes, size_t good)
{
	for (size_t place = 0; place < 3; place++)
		for (size_t pad = 0; pad < PADS; pad++) {
			size_t before = put(place, pad, bytes);
			enum json_verdict verdict;
			size_t offset;

			buffer_append_text(&line, places[place].behind);
			verdict = scan(&offset);
			if (good == bytes.size
				    ? verdict == JSON_VALID
				    : verdict == JSON_INVALID &&
					      offset == before + good)
				continue;
			ck_abort_msg("%.*s: verdict %d at %zu, good to %zu",
				     (int)line.size, line.data, (int)verdict,
				     offset, before + good);
		}
}

/* The line ends in the middle of the string. */
static void assert_cut(struct span bytes)
{
	for (size_t place = 0; place < 3; place++)
		for (size_t pad = 0; pad < PADS; pad++) {
			size_t offset;

			put(place, pad, bytes);
			ck_assert_int_eq(scan(&offset), JSON_INVALID);
			ck_assert_uint_eq(offset, line.size);
		}
}

/* --- UTF-8 ---------------------------------------------------------------- */

/* The encoding of a code point as if there were no rules; of a given size. */
static struct span encode(uint32_t code, size_t size, char out[4])
{
	static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = size; i-- > 1; code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(leads[size] | code);
	return span_make(out, size);
}

START_TEST(characters_at_every_boundary_are_text)
{
	static const struct {
		uint32_t code;
		size_t size;
	} cases[] = {
		{0x20, 1},    {0x7f, 1},     {0x80, 2},	    {0x7ff, 2},
		{0x800, 3},   {0xfff, 3},    {0x1000, 3},   {0xcfff, 3},
		{0xd000, 3},  {0xd7ff, 3},   {0xe000, 3},   {0xfdd0, 3},
		{0xfeff, 3},  {0xfffd, 3},   {0xfffe, 3},   {0xffff, 3},
		{0x10000, 4}, {0x3ffff, 4},  {0x40000, 4},  {0xfffff, 4},
		{0x1ffff, 4}, {0x100000, 4}, {0x10fffe, 4}, {0x10ffff, 4},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char bytes[4];
		struct span text = encode(cases[i].code, cases[i].size, bytes);

		assert_string(text, text.size);
		for (size_t size = 1; size < text.size; size++) {
			assert_cut(span_make(text.data, size));
			/* The quote comes too early. */
			bytes[size] = '"';
			assert_string(span_make(bytes, size + 1), size);
			encode(cases[i].code, cases[i].size, bytes);
		}
	}
}
END_TEST

START_TEST(overlong_forms_surrogates_and_what_is_above_unicode_are_no_text)
{
	/* Offending is the byte with which no character can go on. */
	static const struct {
		uint32_t code;
		size_t size, good;
	} cases[] = {
		{0x00, 2, 0},	  {0x2f, 2, 0},	    {0x7f, 2, 0},
		{0x00, 3, 1},	  {0x2f, 3, 1},	    {0x7ff, 3, 1},
		{0x00, 4, 1},	  {0x2f, 4, 1},	    {0x7ff, 4, 1},
		{0xffff, 4, 1},	  {0xd800, 3, 1},   {0xdbff, 3, 1},
		{0xdc00, 3, 1},	  {0xdfff, 3, 1},   {0x110000, 4, 1},
		{0x13ffff, 4, 1}, {0x140000, 4, 0}, {0x1fffff, 4, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char bytes[4];

		assert_string(encode(cases[i].code, cases[i].size, bytes),
			      cases[i].good);
	}
}
END_TEST

/* RFC 3629 section 4, as a table of its own. */
static bool may_be_second(int lead, int byte)
{
	if (lead < 0xc2 || lead > 0xf4 || byte < 0x80 || byte > 0xbf)
		return false;
	switch (lead) {
	case 0xe0: return byte >= 0xa0;
	case 0xed: return byte <= 0x9f;
	case 0xf0: return byte >= 0x90;
	case 0xf4: return byte <= 0x8f;
	default: return true;
	}
}

START_TEST(every_lead_byte_takes_just_its_second_bytes)
{
	for (int lead = 0x80; lead < 256; lead++)
		for (int second = 0; second < 256; second++) {
			char bytes[] = {(char)lead, (char)second, (char)0x80,
					(char)0x80};
			size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
			bool is_lead = lead >= 0xc2 && lead <= 0xf4;
			size_t offset, before, good;
			enum json_verdict verdict;

			before = put(0, (size_t)(lead + second) % 8,
				     span_make(bytes, size));
			buffer_append_text(&line, "\"}");
			good = may_be_second(lead, second) ? size : is_lead;
			verdict = scan(&offset);
			if (good == size ? verdict != JSON_VALID
					 : verdict != JSON_INVALID ||
						   offset != before + good)
				ck_abort_msg("%02x %02x: verdict %d", lead,
					     second, (int)verdict);
		}
}
END_TEST

START_TEST(every_later_byte_is_a_continuation)
{
	static const char *const characters[] = {
		"\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"};

	for (size_t i = 0; i < 3; i++)
		for (size_t at = 2; at < strlen(characters[i]); at++)
			for (int byte = 0; byte < 256; byte++) {
				char bytes[4];
				struct span text = span_of(characters[i]);
				bool good = byte >= 0x80 && byte <= 0xbf;

				memcpy(bytes, text.data, text.size);
				bytes[at] = (char)byte;
				assert_string(span_make(bytes, text.size),
					      good ? text.size : at);
			}
}
END_TEST

START_TEST(text_of_many_sizes_may_be_mixed)
{
	assert_string(span_of("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\xc3\xa9"),
		      13);
	assert_string(span_of("\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xe2\x82\""),
		      10);
}
END_TEST

/* --- control characters and escapes --------------------------------------- */

START_TEST(only_control_characters_quotes_and_backslashes_stop_plain_text)
{
	for (int byte = 0; byte < 0x80; byte++) {
		char text[] = {(char)byte, 'a', 'b'};

		if (byte == '"' || byte == '\\' || byte == '\n')
			continue;
		assert_string(span_make(text, 3), byte < 0x20 ? 0 : 3);
	}
}
END_TEST

/* A mark in the eight bytes before must not hide the first that offends. */
START_TEST(the_first_of_two_offenders_decides)
{
	for (int first = 1; first < 0x20; first++)
		for (size_t gap = 0; gap < 9; gap++) {
			char text[16];

			if (first == '\n')
				continue;
			memset(text, ' ', sizeof(text));
			text[0] = '!';
			text[1] = (char)first;
			text[2 + gap] = '\x01';
			assert_string(span_make(text, 12), 1);
		}
}
END_TEST

START_TEST(a_backslash_takes_one_of_eight_letters_or_u)
{
	for (int byte = 0; byte < 256; byte++) {
		char text[] = {'\\', (char)byte, 'a'};

		if (byte == 'u' || byte == '\n')
			continue;
		if (byte != 0 && strchr("\"\\/bfnrt", byte))
			assert_string(span_make(text, 3), 3);
		else
			assert_string(span_make(text, 3), 1);
	}
	assert_cut(span_of("\\"));
	assert_cut(span_of("\\\""));
	assert_cut(span_of("\\\\"));
}
END_TEST

START_TEST(u_takes_four_hexadecimal_digits)
{
	for (size_t at = 2; at < 6; at++)
		for (int byte = 0; byte < 256; byte++) {
			char text[] = "\\u00aFz";
			bool is_hex = byte != 0 && strchr("0123456789abcdef"
							  "ABCDEF",
							  byte);

			if (byte == '\n')
				continue;
			text[at] = (char)byte;
			assert_string(span_make(text, 7), is_hex ? 7 : at);
		}
	for (size_t size = 1; size <= 6; size++)
		assert_cut(span_make("\\u00aF", size));
}
END_TEST

/* --- depth ---------------------------------------------------------------- */

static void open_levels(const char *opening, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buffer_append_text(&line, opening);
}

/* As many levels inside of the record as asked for, then the rest of it. */
static enum json_verdict nest(const char *name, const char *opening,
			      const char *inside, const char *closing,
			      size_t levels, size_t *offset)
{
	buffer_clear(&line);
	buffer_append_text(&line, name);
	open_levels(opening, levels);
	buffer_append_text(&line, inside);
	open_levels(closing, levels);
	buffer_append_text(&line, "}");
	return scan(offset);
}

START_TEST(a_thousand_levels_are_enough_and_one_more_is_too_deep)
{
	static const struct {
		const char *opening, *inside, *closing;
		size_t bracket; /* where in `opening` the level begins */
	} cases[] = {
		{"[", "", "]", 0},	   {"[", "1", "]", 0},
		{"[1,", "[]", ",2]", 0},   {"{\"k\":", "1", "}", 0},
		{"{\"k\":", "{}", "}", 0}, {"{ \"\\u006b\" : ", "0", " }", 0},
		{"{\"z\":", "1", "}", 0},  {"{\"y\":1,\"k\":", "[]", "}", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t asked = 0; asked < 2; asked++) {
			const char *name = asked ? "{\"k\":" : "{\"z\":";
			size_t inner = strpbrk(cases[i].inside, "[{") ? 1 : 0;
			size_t step = strlen(cases[i].opening);
			size_t offset;

			ck_assert_int_eq(nest(name, cases[i].opening,
					      cases[i].inside, cases[i].closing,
					      999 - inner, &offset),
					 JSON_VALID);
			ck_assert_int_eq(nest(name, cases[i].opening,
					      cases[i].inside, cases[i].closing,
					      1000 - inner, &offset),
					 JSON_TOO_DEEP);
			ck_assert_uint_eq(offset, strlen(name) +
							  step * (999 - inner) +
							  (inner ? step : 0));
		}
}
END_TEST

START_TEST(an_array_of_1001_levels_is_too_deep_before_it_is_no_object)
{
	size_t offset;

	buffer_clear(&line);
	open_levels("[", 1000);
	open_levels("]", 1000);
	ck_assert_int_eq(scan(&offset), JSON_NOT_OBJECT);
	buffer_clear(&line);
	open_levels("[", 1001);
	ck_assert_int_eq(scan(&offset), JSON_TOO_DEEP);
	ck_assert_uint_eq(offset, 1000);
}
END_TEST

START_TEST(levels_that_were_closed_do_not_count)
{
	size_t offset;

	buffer_clear(&line);
	buffer_append_text(&line, "{\"z\":[[]");
	for (int i = 0; i < 5000; i++)
		buffer_append_text(&line, ",[{\"k\":[]},{}]");
	buffer_append_text(&line, "],\"k\":[]}");
	ck_assert_int_eq(scan(&offset), JSON_VALID);
}
END_TEST

START_TEST(a_million_levels_cost_one_reject)
{
	static const char *const openings[] = {"[", "{\"k\":", "[{\"k\":"};

	for (size_t i = 0; i < 3; i++) {
		size_t offset;

		buffer_clear(&line);
		buffer_append_text(&line, "{\"k\":");
		open_levels(openings[i], 1000000);
		ck_assert_int_eq(scan(&offset), JSON_TOO_DEEP);
	}
}
END_TEST

START_TEST(the_first_offender_decides_between_too_deep_and_no_json)
{
	size_t offset;

	buffer_clear(&line);
	open_levels("[", 999);
	buffer_append_text(&line, "x");
	open_levels("[", 10);
	ck_assert_int_eq(scan(&offset), JSON_INVALID);
	ck_assert_uint_eq(offset, 999);
	buffer_clear(&line);
	open_levels("[", 1001);
	buffer_append_text(&line, "x");
	ck_assert_int_eq(scan(&offset), JSON_TOO_DEEP);
	ck_assert_uint_eq(offset, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json strings");
	TCase *tests = tcase_create("json strings");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, characters_at_every_boundary_are_text);
	tcase_add_test(
		tests,
		overlong_forms_surrogates_and_what_is_above_unicode_are_no_text);
	tcase_add_test(tests, every_lead_byte_takes_just_its_second_bytes);
	tcase_add_test(tests, every_later_byte_is_a_continuation);
	tcase_add_test(tests, text_of_many_sizes_may_be_mixed);
	tcase_add_test(
		tests,
		only_control_characters_quotes_and_backslashes_stop_plain_text);
	tcase_add_test(tests, the_first_of_two_offenders_decides);
	tcase_add_test(tests, a_backslash_takes_one_of_eight_letters_or_u);
	tcase_add_test(tests, u_takes_four_hexadecimal_digits);
	tcase_add_test(tests,
		       a_thousand_levels_are_enough_and_one_more_is_too_deep);
	tcase_add_test(
		tests,
		an_array_of_1001_levels_is_too_deep_before_it_is_no_object);
	tcase_add_test(tests, levels_that_were_closed_do_not_count);
	tcase_add_test(tests, a_million_levels_cost_one_reject);
	tcase_add_test(tests,
		       the_first_offender_decides_between_too_deep_and_no_json);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
