/*
 * The scanner against two other readers: cJSON, and a strict one of our own in
 * json_reference.h. With the strict one it agrees on everything: the verdict,
 * the first offending byte, and what stands in the fields. Wherever cJSON is of
 * another opinion, one of the rules below says why; an opinion that no rule
 * explains is a failure, and so is a rule that nothing needed (but for the one
 * that only some builds of cJSON need).
 */
#include <check.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "exact.h"
#include "json_lookup.h"
#include "json_random.h"
#include "json_reference.h"

#define RECORDS 220000

enum rule {
	/* cJSON takes what is no JSON: */
	RULE_CONTROL_IN_STRING,
	RULE_NO_UTF8,
	RULE_NO_HEX_DIGIT,
	RULE_LEADING_ZERO,
	RULE_NOTHING_BEFORE_POINT,
	RULE_NOTHING_BEHIND_POINT,
	RULE_CONTROL_AS_SPACE,
	RULE_BYTE_ORDER_MARK,
	/* cJSON refuses what is JSON: */
	RULE_LONE_SURROGATE,
	RULE_LONG_NUMBER,
	/* cJSON finds another value: */
	RULE_FIRST_NAME_WINS,
	RULE_NUL_ENDS_TEXT,
	RULES,
	RULE_NONE = RULES,
};

static const char *const rule_names[RULES] = {
	"control characters may stand in strings",
	"bytes that are no UTF-8 are copied",
	"\\uXXXX without hexadecimal digits is U+0000",
	"numbers may begin with more zeros",
	"-.5 is a number",
	"1. is a number",
	"every byte up to a space is white space",
	"a byte order mark may stand before any text",
	"a lone surrogate escape is refused",
	"numbers of more than 63 bytes are refused (some builds)",
	"the first of two equal names counts",
	"\\u0000 ends names and values",
};

static const char *const asked[] = {"status", "a.b", "a.status", "items.0"};
#define ASKED (sizeof(asked) / sizeof(asked[0]))

static struct fields fields;
static size_t rule_counts[RULES];
static size_t valid_count, checked_count;

static void begin(void)
{
	struct error error;

	fields_init(&fields);
	for (size_t i = 0; i < ASKED; i++)
		ck_assert_int_eq(fields_add(&fields, asked[i], &error), (int)i);
}

static void end(void)
{
	fields_release(&fields);
}

static void show(struct span line)
{
	fwrite(line.data, 1, line.size, stdout);
	putchar('\n');
	fflush(stdout);
}

#define FAIL(line, ...) (show(line), ck_abort_msg(__VA_ARGS__))

/* --- comparing ------------------------------------------------------------ */

static enum json_type type_of(const char *p)
{
	static const char firsts[] = "nft\"{[";
	static const enum json_type types[] = {JSON_NULL,   JSON_FALSE,
					       JSON_TRUE,   JSON_STRING,
					       JSON_OBJECT, JSON_ARRAY};
	const char *first = p ? strchr(firsts, *p) : NULL;

	return !p ? JSON_ABSENT : first ? types[first - firsts] : JSON_NUMBER;
}

static void compare_value(struct span line, const struct json_value *value,
			  const char *p)
{
	static char expected_text[LOOKUP_TEXT], text[LOOKUP_TEXT];
	struct span raw, expected;
	enum json_unescaped result;
	size_t size;
	bool is_lone = false;

	if (value->type != type_of(p))
		FAIL(line, "type %d, expected %d", (int)value->type,
		     (int)type_of(p));
	if (!p)
		return;
	raw = span_make(p, (size_t)(lookup_behind_value(p) - p));
	if (value->type == JSON_STRING)
		raw = span_make(p + 1, raw.size - 2);
	if (value->text.data != raw.data || value->text.size != raw.size)
		FAIL(line, "another text: %.*s", (int)value->text.size,
		     value->text.data);
	if (value->type != JSON_STRING)
		return;
	if (value->escaped != (memchr(raw.data, '\\', raw.size) != NULL))
		FAIL(line, "escaped: %d", value->escaped);
	expected = lookup_unescape(p, expected_text);
	for (size_t i = 0; i + 1 < expected.size; i++)
		is_lone |= (unsigned char)expected.data[i] == 0xed &&
			   (unsigned char)expected.data[i + 1] >= 0xa0;
	result = json_unescape(value->text, text, sizeof(text), &size);
	if (is_lone ? result != JSON_TEXT_SURROGATE
		    : result != JSON_TEXT ||
			      !span_equal(span_make(text, size), expected))
		FAIL(line, "unescaped: %d %.*s", (int)result, (int)size, text);
}

/* Compares with what cJSON found, after the rules that explain a difference. */
static void compare_item(struct span line, const struct json_value *value,
			 const cJSON *item)
{
	static char text[LOOKUP_TEXT];
	size_t size = 0;
	bool same = false;

	switch (value->type) {
	case JSON_ABSENT: same = !item; break;
	case JSON_NULL: same = cJSON_IsNull(item); break;
	case JSON_FALSE: same = cJSON_IsFalse(item); break;
	case JSON_TRUE: same = cJSON_IsTrue(item); break;
	case JSON_OBJECT: same = cJSON_IsObject(item); break;
	case JSON_ARRAY: same = cJSON_IsArray(item); break;
	case JSON_NUMBER:
		/* The LF behind the line ends the number. */
		same = cJSON_IsNumber(item) &&
		       strtod(value->text.data, NULL) == item->valuedouble;
		break;
	case JSON_STRING:
		same = cJSON_IsString(item) &&
		       json_unescape(value->text, text, sizeof(text), &size) ==
			       JSON_TEXT &&
		       span_is(span_make(text, size), item->valuestring);
		break;
	}
	if (!same)
		FAIL(line, "cJSON found another value");
}

/* The last of this name; *several: cJSON would have taken the first. */
static const cJSON *last_item(const cJSON *object, const char *name,
			      bool *several)
{
	const cJSON *found = NULL, *child;

	if (cJSON_IsArray(object))
		return strcmp(name, "0") == 0 ? object->child : NULL;
	if (!cJSON_IsObject(object))
		return NULL;
	cJSON_ArrayForEach(child, object)
	{
		if (strcmp(child->string, name) != 0)
			continue;
		*several |= found != NULL;
		found = child;
	}
	return found;
}

static const cJSON *find_item(const cJSON *item, const char *path,
			      bool *several)
{
	while (item && *path) {
		char name[16];
		size_t size = strcspn(path, ".");

		memcpy(name, path, size);
		name[size] = '\0';
		item = last_item(item, name, several);
		path += size + (path[size] == '.');
	}
	return item;
}

/* Why cJSON goes on where the strict reader stopped. */
static enum rule lenience(const struct reference *r, struct span line,
			  size_t offset)
{
	unsigned char c;

	if (r->state == READ_POINT)
		return RULE_NOTHING_BEHIND_POINT;
	if (offset == line.size)
		return RULE_NONE;
	c = (unsigned char)line.data[offset];
	switch (r->state) {
	case READ_STRING:
		return c >= 0x80 ? RULE_NO_UTF8 : RULE_CONTROL_IN_STRING;
	case READ_CONTINUATION: return RULE_NO_UTF8;
	case READ_HEX: return RULE_NO_HEX_DIGIT;
	case READ_MINUS:
		return c == '.' ? RULE_NOTHING_BEFORE_POINT : RULE_NONE;
	case READ_POINT: return RULE_NOTHING_BEHIND_POINT;
	case READ_ESCAPE:
	case READ_LITERAL:
	case READ_E:
	case READ_E_SIGN:
	case READ_END: return RULE_NONE;
	case READ_ZERO:
		if (c >= '0' && c <= '9')
			return RULE_LEADING_ZERO;
		break;
	default: break;
	}
	if (c < 0x20)
		return RULE_CONTROL_AS_SPACE;
	if (c == 0xef && offset == 0)
		return RULE_BYTE_ORDER_MARK;
	return RULE_NONE;
}

static void explain(struct span line, enum rule rule, const char *what)
{
	if (rule == RULE_NONE)
		FAIL(line, "%s, and no rule says why", what);
	rule_counts[rule]++;
}

static cJSON *parse(struct span line)
{
	const char *end = NULL;
	cJSON *root = cJSON_ParseWithLengthOpts(line.data, line.size, &end, 0);

	/* It does not look at what stands behind the value. */
	if (root && lookup_behind_space(end) != line.data + line.size) {
		cJSON_Delete(root);
		root = NULL;
	}
	return root;
}

static void compare_with_cjson(struct span line, const struct reference *r,
			       enum reference_verdict verdict, size_t offset,
			       const struct json_value *values)
{
	cJSON *root = parse(line);
	bool is_json =
		verdict == REFERENCE_OBJECT || verdict == REFERENCE_OTHER;

	if (root && verdict == REFERENCE_TOO_DEEP)
		FAIL(line, "cJSON takes what is too deep");
	else if (root && !is_json)
		explain(line, lenience(r, line, offset),
			"cJSON takes what is no JSON");
	else if (!root && is_json)
		explain(line,
			r->lone_surrogate	 ? RULE_LONE_SURROGATE
			: r->longest_number > 63 ? RULE_LONG_NUMBER
						 : RULE_NONE,
			"cJSON refuses what is JSON");
	if (root && is_json &&
	    cJSON_IsObject(root) != (verdict == REFERENCE_OBJECT))
		FAIL(line, "cJSON finds another type");
	for (size_t i = 0; root && verdict == REFERENCE_OBJECT && i < ASKED;
	     i++) {
		bool several = false;
		const cJSON *item = find_item(root, asked[i], &several);

		if (r->nul_escape) {
			rule_counts[RULE_NUL_ENDS_TEXT]++;
			break;
		}
		rule_counts[RULE_FIRST_NAME_WINS] += several;
		compare_item(line, &values[i], item);
	}
	cJSON_Delete(root);
}

static void check_line(struct span text, size_t pad)
{
	static const enum json_verdict verdicts[] = {
		[REFERENCE_OBJECT] = JSON_VALID,
		[REFERENCE_OTHER] = JSON_NOT_OBJECT,
		[REFERENCE_INVALID] = JSON_INVALID,
		[REFERENCE_TOO_DEEP] = JSON_TOO_DEEP,
	};
	struct exact exact = exact_copy(text, pad);
	struct span line = exact.line;
	struct json_value values[ASKED];
	struct reference reference;
	size_t offset, expected_offset;
	enum reference_verdict expected =
		reference_read(&reference, line, &expected_offset);
	enum json_verdict verdict = json_scan(&fields, line, values, &offset);

	if (verdict != verdicts[expected] || offset != expected_offset)
		FAIL(line, "verdict %d at %zu, expected %d at %zu",
		     (int)verdict, offset, (int)verdicts[expected],
		     expected_offset);
	for (size_t i = 0; verdict == JSON_VALID && i < ASKED; i++)
		compare_value(line, &values[i],
			      lookup_find(line.data, asked[i]));
	compare_with_cjson(line, &reference, expected, expected_offset, values);
	valid_count += verdict == JSON_VALID;
	checked_count++;
	free(exact.block);
}

/* --- tests ---------------------------------------------------------------- */

static const struct span written[] = {
	RANDOM_SPAN("{\"status\":\"PAID\"}"),
	RANDOM_SPAN("{\"status\":\"\\u0050AID\"}"),
	RANDOM_SPAN("{\"status\":\"a\\u0000b\"}"),
	RANDOM_SPAN("{\"status\\u0000\":1,\"status\":2}"),
	RANDOM_SPAN("{\"status\":1,\"status\":2}"),
	RANDOM_SPAN("{\"a\":{\"b\":1},\"a\":{\"c\":2}}"),
	RANDOM_SPAN("{\"status\":01}"),
	RANDOM_SPAN("{\"status\":-012}"),
	RANDOM_SPAN("{\"status\":1.}"),
	RANDOM_SPAN("{\"status\":-.5}"),
	RANDOM_SPAN("{\"status\":.5}"),
	RANDOM_SPAN("{\"status\":1e}"),
	RANDOM_SPAN("{\"status\":1e400}"),
	RANDOM_SPAN("{\"status\":9007199254740993}"),
	RANDOM_SPAN("{\"status\":\"\t\"}"),
	RANDOM_SPAN("{\"status\":\"\0\"}"),
	RANDOM_SPAN("{\"status\":\"\xc0\xaf\"}"),
	RANDOM_SPAN("{\"status\":\"\xed\xa0\x80\"}"),
	RANDOM_SPAN("{\"status\":\"\\ud800\"}"),
	RANDOM_SPAN("{\"status\":\"\\udc00\\ud800\"}"),
	RANDOM_SPAN("{\"status\":\"\\uZZZZ\"}"),
	RANDOM_SPAN("{\"status\":\"\\x\"}"),
	RANDOM_SPAN("{\"status\":\v1}"),
	RANDOM_SPAN("{\0}"),
	RANDOM_SPAN("{} \v"),
	RANDOM_SPAN("{}{}"),
	RANDOM_SPAN("{},"),
	RANDOM_SPAN("\xef\xbb\xbf{\"status\":1}"),
	RANDOM_SPAN("{\"status\":nul}"),
	RANDOM_SPAN("{\"items\":[[0],1],\"items\":[\"x\"]}"),
	RANDOM_SPAN("{\"status\":1234567890123456789012345678901234567890"
		    "12345678901234567890123}"),
	RANDOM_SPAN("{\"status\":1234567890123456789012345678901234567890"
		    "123456789012345678901234}"),
	RANDOM_SPAN("[{\"status\":1}]"),
	RANDOM_SPAN("null"),
	RANDOM_SPAN(""),
	RANDOM_SPAN(" "),
};

static void check_random_lines(struct random *random, size_t *damaged)
{
	struct buffer line = {0};

	for (size_t i = 0; i < RECORDS; i++) {
		buffer_clear(&line);
		random_record(random, &line);
		/* One is damaged at least once, if 3 of 10 are picked. */
		if (random_below(random, 10) < 3) {
			++*damaged;
			do
				random_damage(random, &line);
			while (random_below(random, 3) == 0);
		}
		check_line(buffer_span(&line), i % 16);
	}
	buffer_release(&line);
}

START_TEST(scanner_agrees_with_two_other_readers)
{
	struct random random = {20261122};
	size_t damaged = 0;

	for (size_t i = 0; i < RANDOM_COUNT(written); i++)
		for (size_t pad = 0; pad < 16; pad++)
			check_line(written[i], pad);
	check_random_lines(&random, &damaged);
	for (size_t i = 0; i < RULES; i++) {
		printf("%7zu  %s\n", rule_counts[i], rule_names[i]);
		ck_assert_msg(rule_counts[i] > 0 || i == RULE_LONG_NUMBER,
			      "nothing needed the rule: %s", rule_names[i]);
	}
	/* What was looked at was neither all good nor all bad. */
	ck_assert_uint_ge(checked_count, 200000);
	ck_assert_uint_gt(valid_count, checked_count / 2);
	ck_assert_uint_gt(checked_count - valid_count, checked_count / 10);
	ck_assert_uint_gt(damaged, RECORDS / 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json differential");
	TCase *tests = tcase_create("json differential");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, scanner_agrees_with_two_other_readers);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
