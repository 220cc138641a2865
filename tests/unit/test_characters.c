/*
 * All 1,112,064 Unicode scalar values, each as a key, through every format.
 */
#include <check.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "report/report.h"

#define NS_PER_S ((int64_t)1000000000)
#define TEN	 (1795341600 * NS_PER_S) /* 2026-11-22T10:00:00Z */
#define WINDOW	 "2026-11-22T10:00:00Z\t2026-11-22T10:00:05Z\t"
#define JSON_WINDOW                            \
	"{\"start\":\"2026-11-22T10:00:00Z\"," \
	"\"end\":\"2026-11-22T10:00:05Z\",\"partial\":false,"

static const char *const one_name[] = {"status"};

static struct snapshot snapshot;
static struct report report;
static struct buffer out;

#define BLOCK 2048 /* rows a window; the characters are a multiple of it */

/* MUST() itself is too slow for a hundred million bytes. */
#define MUST(condition)                                 \
	do {                                            \
		if (!(condition))                       \
			ck_abort_msg("%s", #condition); \
	} while (0)

static struct row block_rows[BLOCK];
static unsigned char block_keys[BLOCK][8];
static const unsigned char *key_list[BLOCK + 1]; /* by group number */
static struct groups groups;

/* The i-th Unicode scalar value. */
static uint32_t scalar(size_t i)
{
	return (uint32_t)(i < 0xd800 ? i : i + 0x800);
}

/* The key of a row is the one character. */
static void make_block(size_t first)
{
	for (size_t i = 0; i < BLOCK; i++) {
		struct key_part key = {KEY_STRING, {NULL, 0}};
		char text[4];

		key.text =
			span_make(text, utf8_encode(scalar(first + i), text));
		key_encode(block_keys[i], &key, 1);
		key_list[i + 1] = block_keys[i];
		block_rows[i] = (struct row){(uint32_t)(i + 1), 1, 1};
	}
	groups.keys = key_list;
	groups.key_count = 1;
	snapshot.key_source = &groups;
	snapshot.rows = block_rows;
	snapshot.row_count = BLOCK;
	snapshot.orders = BLOCK;
}

/* No raw control character but the line feed (and tsv's tab). */
static void check_controls(struct span text, bool tabs)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		unsigned char before =
			i > 0 ? (unsigned char)text.data[i - 1] : 0;

		if (byte == '\n' || (tabs && byte == '\t'))
			continue;
		MUST(byte >= 0x20);
		MUST(byte != 0x7f);
		MUST(before != 0xc2 || byte >= 0xa0);
	}
}

/* Takes one line off, without its line feed. */
static struct span take_line(struct span *text)
{
	const char *end = memchr(text->data, '\n', text->size);
	struct span line;

	MUST(end);
	line = span_make(text->data, (size_t)(end - text->data));
	*text = span_make(end + 1, text->size - line.size - 1);
	return line;
}

/* What stands between the two; both must be there. */
static struct span between(struct span line, const char *before,
			   const char *behind)
{
	MUST(line.size >= strlen(before) + strlen(behind));
	MUST(memcmp(line.data, before, strlen(before)) == 0);
	MUST(memcmp(line.data + line.size - strlen(behind), behind,
		    strlen(behind)) == 0);
	return span_make(line.data + strlen(before),
			 line.size - strlen(before) - strlen(behind));
}

/* The character for which a text with one escape, or none, stands. */
static uint32_t decode(struct span text)
{
	static const char letters[] = "tnrbf\\\"";
	static const char meanings[] = "\t\n\r\b\f\\\"";
	char digits[5] = "";
	uint32_t code;

	MUST(text.size > 0);
	if (text.data[0] != '\\') {
		MUST(utf8_decode(text, &code) == text.size);
		return code;
	}
	if (text.data[1] == 'u') {
		MUST(text.size == 6);
		memcpy(digits, text.data + 2, 4);
		return (uint32_t)strtoul(digits, NULL, 16);
	}
	MUST(text.size == 2);
	MUST(strchr(letters, text.data[1]));
	return (unsigned char)meanings[strchr(letters, text.data[1]) - letters];
}

/* A character that stands in a pair of quotes of the key's own. */
static bool is_quoted(uint32_t code)
{
	return code == '"' || (code >= '0' && code <= '9');
}

static void check_tsv(struct span text, size_t first)
{
	check_controls(text, true);
	for (size_t i = 0; i < BLOCK; i++) {
		bool quoted = is_quoted(scalar(first + i));
		struct span key = between(take_line(&text), WINDOW, "\t1\t1");

		if (quoted)
			key = between(key, "\"", "\"");
		MUST(decode(key) == scalar(first + i));
	}
	MUST(text.size == 0);
}

static void check_json(struct span text, size_t first)
{
	check_controls(text, false);
	for (size_t i = 0; i < BLOCK; i++) {
		struct span key = between(take_line(&text),
					  JSON_WINDOW "\"key\":{\"status\":\"",
					  "\"},\"count\":1,\"total\":1}");

		MUST(decode(key) == scalar(first + i));
	}
	MUST(text.size == 0);
}

/* Takes a field of RFC 4180 off, and the separator behind it. */
static size_t take_field(struct span *text, char field[16], char separator)
{
	bool quoted = text->data[0] == '"';
	const char *at = text->data + quoted;
	size_t size = 0;

	while (quoted ? *at != '"' || *++at == '"' : *at != separator) {
		MUST(quoted || (*at != '"' && *at != '\n'));
		MUST(size < 16);
		field[size++] = *at++;
	}
	MUST(*at == separator);
	at++;
	*text = span_make(at, text->size - (size_t)(at - text->data));
	return size;
}

static void check_csv(struct span text, size_t first)
{
	static const char window[] =
		"2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,";

	for (size_t i = 0; i < BLOCK; i++) {
		bool quoted = is_quoted(scalar(first + i));
		char field[16];
		size_t size;
		struct span key;

		MUST(memcmp(text.data, window, strlen(window)) == 0);
		text = span_make(text.data + strlen(window),
				 text.size - strlen(window));
		size = take_field(&text, field, ',');
		key = span_make(field, size);
		if (quoted)
			key = between(key, "\"", "\"");
		MUST(key.size > 0);
		if (key.data[0] == '\\')
			MUST(scalar(first + i) == '\\');
		else
			MUST(decode(key) == scalar(first + i));
		MUST(take_field(&text, field, ',') == 1);
		MUST(take_field(&text, field, '\n') == 1);
	}
	MUST(text.size == 0);
}

static void check_table(struct span text, size_t first)
{
	(void)first;
	check_controls(text, false);
	MUST(utf8_is_valid(text));
	/* Headline, header, rows. */
	for (size_t i = 0; i < BLOCK + 2; i++)
		take_line(&text);
	ck_assert_uint_eq(text.size, 0);
}

static void set_up(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	snapshot = (struct snapshot){.start_ns = TEN,
				     .end_ns = TEN + 5 * NS_PER_S};
	buffer_init(&out);
}

static void tear_down(void)
{
	buffer_release(&out);
}

static void check_all(enum report_format format,
		      void (*check)(struct span text, size_t first))
{
	struct report_options options = {
		.format = format, .key_names = one_name, .key_count = 1};
	size_t count = 0x110000 - 0x800;
	size_t first;

	for (first = 0; first < count; first += BLOCK) {
		make_block(first);
		report_init(&report, &options);
		buffer_clear(&out);
		report_begin(&report, &snapshot);
		while (report_slice(&report, &out, 65536))
			;
		check(buffer_span(&out), first);
	}
	ck_assert_uint_eq(first, 1112064);
}

START_TEST(every_character_comes_back_from_tsv)
{
	check_all(FORMAT_TSV, check_tsv);
}
END_TEST

START_TEST(every_character_comes_back_from_json)
{
	check_all(FORMAT_JSON, check_json);
}
END_TEST

START_TEST(every_character_comes_back_from_csv)
{
	check_all(FORMAT_CSV, check_csv);
}
END_TEST

START_TEST(no_character_puts_a_control_into_a_table)
{
	check_all(FORMAT_TABLE, check_table);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("characters");
	TCase *tests = tcase_create("characters");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, every_character_comes_back_from_tsv);
	tcase_add_test(tests, every_character_comes_back_from_json);
	tcase_add_test(tests, every_character_comes_back_from_csv);
	tcase_add_test(tests, no_character_puts_a_control_into_a_table);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
