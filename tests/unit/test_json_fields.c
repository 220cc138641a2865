/*
 * What stands in the fields asked for.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/json.h"
#include "exact.h"

#define SLOTS 8

static struct fields fields;
static struct json_value values[SLOTS];
static struct exact exact;

static void begin(void)
{
	fields_init(&fields);
	exact = (struct exact){0};
}

static void end(void)
{
	fields_release(&fields);
	free(exact.block);
}

static void ask(const char *field)
{
	struct error error;

	ck_assert_int_eq(fields_add(&fields, field, &error),
			 (int)fields.slot_count - 1);
}

static void scan(const char *record, size_t pad)
{
	size_t offset;

	free(exact.block);
	exact = exact_copy(span_of(record), pad);
	/* What stood there from the record before must go. */
	memset(values, 0xff, sizeof(values));
	ck_assert_msg(json_scan(&fields, exact.line, values, &offset) ==
			      JSON_VALID,
		      "%s: no object, at %zu", record, offset);
}

static void assert_value(size_t slot, enum json_type type, const char *text)
{
	const struct json_value *value = &values[slot];

	ck_assert_msg(value->type == type, "type %d, expected %d in %.*s",
		      (int)value->type, (int)type, (int)exact.line.size,
		      exact.line.data);
	if (type == JSON_ABSENT)
		return;
	ck_assert_msg(span_is(value->text, text), "%.*s, expected %s in %.*s",
		      (int)value->text.size, value->text.data, text,
		      (int)exact.line.size, exact.line.data);
	if (type == JSON_STRING)
		ck_assert(value->escaped == (strchr(text, '\\') != NULL));
}

struct found {
	const char *field;
	const char *record;
	enum json_type type;
	const char *text;
};

static void assert_found(const struct found *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ask(cases[i].field);
		for (size_t pad = 0; pad < 16; pad++) {
			scan(cases[i].record, pad);
			assert_value(0, cases[i].type, cases[i].text);
		}
		fields_release(&fields);
	}
}

#define ASSERT_FOUND(cases) \
	assert_found(cases, sizeof(cases) / sizeof((cases)[0]))

/* --- values --------------------------------------------------------------- */

START_TEST(a_value_of_each_type_is_found_with_its_text)
{
	static const struct found cases[] = {
		{"k", "{\"k\":null}", JSON_NULL, "null"},
		{"k", "{\"k\":false}", JSON_FALSE, "false"},
		{"k", "{\"k\":true}", JSON_TRUE, "true"},
		{"k", "{\"k\":-1.50e+3}", JSON_NUMBER, "-1.50e+3"},
		{"k", "{\"k\": 0 }", JSON_NUMBER, "0"},
		{"k", "{\"k\":\"PAID\"}", JSON_STRING, "PAID"},
		{"k", "{\"k\":\"\"}", JSON_STRING, ""},
		{"k", "{\"k\":\"a\\\"b\\\\\"}", JSON_STRING, "a\\\"b\\\\"},
		{"k", "{\"k\":{\"k\":1}}", JSON_OBJECT, "{\"k\":1}"},
		{"k", "{\"k\": [1, [2]] }", JSON_ARRAY, "[1, [2]]"},
		{"k", " {\t\"k\"\r:\t\"v\" } ", JSON_STRING, "v"},
		{"k", "{\"a\":1,\"k\":2,\"z\":3}", JSON_NUMBER, "2"},
	};

	ASSERT_FOUND(cases);
}
END_TEST

START_TEST(a_field_that_is_not_there_is_absent)
{
	static const struct found cases[] = {
		{"k", "{}", JSON_ABSENT, NULL},
		{"k", "{\"K\":1}", JSON_ABSENT, NULL},
		{"k", "{\"kk\":1,\"\":2,\" k\":3,\"k \":4}", JSON_ABSENT, NULL},
		{"kk", "{\"k\":1}", JSON_ABSENT, NULL},
		{"k", "{\"k\\u0000\":1}", JSON_ABSENT, NULL},
		{"k", "{\"k\\u0000k\":1}", JSON_ABSENT, NULL},
		{"k", "{\"a\":{\"k\":1},\"b\":[\"k\"]}", JSON_ABSENT, NULL},
		{"k", "{\"a\":\"k\",\"b\":\"\\\"k\\\":1\"}", JSON_ABSENT, NULL},
		{"a.b", "{\"a.b\":1}", JSON_ABSENT, NULL},
		{"a.b", "{\"a\":{\"c\":1},\"b\":2}", JSON_ABSENT, NULL},
		{"a.b", "{\"a\":\"b\"}", JSON_ABSENT, NULL},
		{"a.b", "{\"a\":null}", JSON_ABSENT, NULL},
		{"a.b", "{\"a\":[{\"b\":1}]}", JSON_ABSENT, NULL},
		{"a.b", "{\"b\":{\"a\":1}}", JSON_ABSENT, NULL},
		{"a.a", "{\"a\":{\"b\":{\"a\":1}}}", JSON_ABSENT, NULL},
	};

	ASSERT_FOUND(cases);
}
END_TEST

START_TEST(paths_lead_into_objects_and_arrays)
{
	static const struct found cases[] = {
		{"a.b", "{\"a\":{\"b\":1}}", JSON_NUMBER, "1"},
		{"a.b.c", "{\"b\":9,\"a\":{\"b\":{\"c\":\"x\"},\"c\":8}}",
		 JSON_STRING, "x"},
		{"a.a.a", "{\"a\":{\"a\":{\"a\":{\"a\":1}}}}", JSON_OBJECT,
		 "{\"a\":1}"},
		{"a.0", "{\"a\":[5]}", JSON_NUMBER, "5"},
		{"a.1", "{\"a\":[5,6,7]}", JSON_NUMBER, "6"},
		{"a.2", "{\"a\":[[1,2,3],{\"2\":4},\"x\"]}", JSON_STRING, "x"},
		{"a.3", "{\"a\":[1,2,3]}", JSON_ABSENT, NULL},
		{"a.0", "{\"a\":[]}", JSON_ABSENT, NULL},
		{"a.0.b", "{\"a\":[{\"b\":true},{\"b\":false}]}", JSON_TRUE,
		 "true"},
		{"a.1.0.1", "{\"a\":[0,[[1,2],3]]}", JSON_NUMBER, "2"},
		{"a.10", "{\"a\":[0,1,2,3,4,5,6,7,8,9,10,11]}", JSON_NUMBER,
		 "10"},
		{"0", "{\"0\":\"zero\"}", JSON_STRING, "zero"},
	};

	ASSERT_FOUND(cases);
}
END_TEST

/* A number is an index in an array and a name in an object. */
START_TEST(only_a_plain_number_is_an_index)
{
	static const struct found cases[] = {
		{"a.0", "{\"a\":{\"0\":1}}", JSON_NUMBER, "1"},
		{"a.00", "{\"a\":[1]}", JSON_ABSENT, NULL},
		{"a.01", "{\"a\":[1,2]}", JSON_ABSENT, NULL},
		{"a.01", "{\"a\":{\"01\":1}}", JSON_NUMBER, "1"},
		{"a.+1", "{\"a\":[1,2]}", JSON_ABSENT, NULL},
		{"a.-1", "{\"a\":[1,2]}", JSON_ABSENT, NULL},
		{"a.1e0", "{\"a\":[1,2]}", JSON_ABSENT, NULL},
		{"/a/-", "{\"a\":[1,2]}", JSON_ABSENT, NULL},
		{"a.4294967295", "{\"a\":[1]}", JSON_ABSENT, NULL},
		{"a.4294967296", "{\"a\":[1]}", JSON_ABSENT, NULL},
		{"a.18446744073709551616", "{\"a\":[1]}", JSON_ABSENT, NULL},
		{"a.4294967296", "{\"a\":{\"4294967296\":1}}", JSON_NUMBER,
		 "1"},
	};

	ASSERT_FOUND(cases);
}
END_TEST

START_TEST(pointers_reach_names_that_paths_cannot)
{
	static const struct found cases[] = {
		{"/k", "{\"k\":1}", JSON_NUMBER, "1"},
		{"/a/b", "{\"a\":{\"b\":1}}", JSON_NUMBER, "1"},
		{"/a.b", "{\"a.b\":1,\"a\":{\"b\":2}}", JSON_NUMBER, "1"},
		{"/a~1b", "{\"a/b\":1}", JSON_NUMBER, "1"},
		{"/a~1b", "{\"a\\/b\":1}", JSON_NUMBER, "1"},
		{"/a~0b", "{\"a~b\":1}", JSON_NUMBER, "1"},
		{"/~01", "{\"~1\":1,\"/\":2}", JSON_NUMBER, "1"},
		{"/", "{\"\":1}", JSON_NUMBER, "1"},
		{"//", "{\"\":{\"\":1}}", JSON_NUMBER, "1"},
		{"/a/", "{\"a\":{\"\":1}}", JSON_NUMBER, "1"},
		{"/a/0/b", "{\"a\":[{\"b\":1}]}", JSON_NUMBER, "1"},
		{"/a,b", "{\"a,b\":1}", JSON_NUMBER, "1"},
		{"/ ", "{\" \":1}", JSON_NUMBER, "1"},
	};

	ASSERT_FOUND(cases);
}
END_TEST

START_TEST(names_are_equal_when_they_are_equal_after_unescaping)
{
	static const struct found cases[] = {
		{"status", "{\"\\u0073tatus\":1}", JSON_NUMBER, "1"},
		{"status", "{\"statu\\u0073\":1}", JSON_NUMBER, "1"},
		{"status", "{\"statu\\u0053\":1}", JSON_ABSENT, NULL},
		{"status", "{\"statu\\\\u0073\":1}", JSON_ABSENT, NULL},
		{"a\tb", "{\"a\\tb\":1}", JSON_NUMBER, "1"},
		{"a\"b", "{\"a\\\"b\":1}", JSON_NUMBER, "1"},
		{"\xc3\xa9", "{\"\\u00e9\":1}", JSON_NUMBER, "1"},
		{"\xc3\xa9", "{\"\xc3\xa9\":1}", JSON_NUMBER, "1"},
		{"\xf0\x9f\x98\x80", "{\"\\uD83D\\ude00\":1}", JSON_NUMBER,
		 "1"},
		{"\xf0\x9f\x98\x80", "{\"\\ud83d\":1,\"\\ude00\":2}",
		 JSON_ABSENT, NULL},
		{"a", "{\"a\\ud800\":1,\"\\ud800a\":2}", JSON_ABSENT, NULL},
		{"a.b", "{\"\\u0061\":{\"\\u0062\":1}}", JSON_NUMBER, "1"},
		{"k", "{\"\\u006b\":\"plain\"}", JSON_STRING, "plain"},
		{"k", "{\"k\":\"\\u0041\",\"z\":\"\"}", JSON_STRING, "\\u0041"},
	};

	ASSERT_FOUND(cases);
}
END_TEST

/* --- names that stand twice ----------------------------------------------- */

START_TEST(of_a_name_that_stands_twice_the_last_counts)
{
	static const struct found cases[] = {
		{"k", "{\"k\":1,\"k\":2}", JSON_NUMBER, "2"},
		{"k", "{\"k\":1,\"\\u006b\":\"x\"}", JSON_STRING, "x"},
		{"k", "{\"k\":\"\\n\",\"k\":\"x\"}", JSON_STRING, "x"},
		{"k", "{\"k\":1,\"k\":null}", JSON_NULL, "null"},
		{"k", "{\"k\":1,\"k\":{},\"k\":[]}", JSON_ARRAY, "[]"},
		{"a.b", "{\"a\":{\"b\":1,\"b\":2}}", JSON_NUMBER, "2"},
		{"a.b", "{\"a\":{\"b\":1},\"a\":{\"b\":2}}", JSON_NUMBER, "2"},
		{"a.b", "{\"a\":{\"b\":1},\"a\":{\"c\":2}}", JSON_ABSENT, NULL},
		{"a.b", "{\"a\":{\"b\":1},\"a\":{}}", JSON_ABSENT, NULL},
		{"a.b", "{\"a\":{\"b\":1},\"a\":3}", JSON_ABSENT, NULL},
		{"a.b", "{\"a\":3,\"a\":{\"b\":1}}", JSON_NUMBER, "1"},
		{"a.b", "{\"a\":{\"b\":1},\"a\":[{\"b\":1}]}", JSON_ABSENT,
		 NULL},
		{"a.b.c",
		 "{\"a\":{\"b\":{\"c\":1},\"b\":{\"d\":2}},\"z\":{\"b\":{"
		 "\"c\":3}}}",
		 JSON_ABSENT, NULL},
		{"a.b.c", "{\"a\":{\"b\":{\"c\":1}},\"a\":{}}", JSON_ABSENT,
		 NULL},
		{"a.b.c", "{\"a\":{\"b\":{\"c\":1}},\"a\":[]}", JSON_ABSENT,
		 NULL},
		{"a.b.c", "{\"a\":{\"b\":{\"c\":1}},\"a\":{\"b\":0}}",
		 JSON_ABSENT, NULL},
		{"a.0", "{\"a\":[1],\"a\":[]}", JSON_ABSENT, NULL},
		{"a.0", "{\"a\":[1],\"a\":{\"0\":2}}", JSON_NUMBER, "2"},
		{"a.0.b", "{\"a\":[{\"b\":1,\"b\":2},{\"b\":3}]}", JSON_NUMBER,
		 "2"},
	};

	ASSERT_FOUND(cases);
}
END_TEST

/* --- several fields ------------------------------------------------------- */

START_TEST(each_slot_has_its_own_answer)
{
	ask("z");
	ask("a.b");
	ask("a");
	ask("a.c.0");
	ask("none");
	scan("{\"a\":{\"c\":[\"x\"],\"b\":2},\"z\":\"\\t\"}", 0);
	assert_value(0, JSON_STRING, "\\t");
	assert_value(1, JSON_NUMBER, "2");
	assert_value(2, JSON_OBJECT, "{\"c\":[\"x\"],\"b\":2}");
	assert_value(3, JSON_STRING, "x");
	assert_value(4, JSON_ABSENT, NULL);
	scan("{\"a\":7}", 0);
	assert_value(0, JSON_ABSENT, NULL);
	assert_value(1, JSON_ABSENT, NULL);
	assert_value(2, JSON_NUMBER, "7");
	assert_value(3, JSON_ABSENT, NULL);
}
END_TEST

START_TEST(one_place_may_be_asked_for_more_than_once)
{
	ask("a");
	ask("/a");
	ask("a.b");
	ask("/a/b");
	ask("a");
	scan("{\"a\":1,\"a\":{\"b\":\"v\"}}", 0);
	assert_value(0, JSON_OBJECT, "{\"b\":\"v\"}");
	assert_value(1, JSON_OBJECT, "{\"b\":\"v\"}");
	assert_value(2, JSON_STRING, "v");
	assert_value(3, JSON_STRING, "v");
	assert_value(4, JSON_OBJECT, "{\"b\":\"v\"}");
	scan("{\"a\":{\"b\":1},\"a\":2}", 0);
	assert_value(1, JSON_NUMBER, "2");
	assert_value(2, JSON_ABSENT, NULL);
	assert_value(3, JSON_ABSENT, NULL);
	assert_value(4, JSON_NUMBER, "2");
}
END_TEST

START_TEST(names_of_every_length_are_told_apart)
{
	char name[40] = "";

	for (size_t size = 1; size < 40; size++) {
		name[size - 1] = (char)('a' + size % 26);
		name[size] = '\0';
		ask(name);
		for (size_t at = 0; at <= size; at++) {
			struct buffer record = {0};

			/* The name, then one with another byte, or a longer. */
			buffer_printf(&record, "{\"%s\":1,\"%s", name, name);
			if (at == size)
				buffer_append_char(&record, '_');
			else
				record.data[record.size - size + at] = '_';
			buffer_append_text(&record, "\":2}");
			buffer_append_char(&record, '\0');
			scan(record.data, at % 16);
			assert_value(0, JSON_NUMBER, "1");
			buffer_release(&record);
		}
		fields_release(&fields);
	}
}
END_TEST

START_TEST(a_path_may_be_as_deep_as_any_record)
{
	struct buffer field = {0};
	struct buffer record = {0};
	size_t offset;

	for (int i = 0; i < FIELD_STEPS_MAX; i++) {
		buffer_append_text(&field, i == 0 ? "a" : ".a");
		buffer_append_text(&record, "{\"a\":");
	}
	buffer_append_text(&record, "{");
	buffer_append_char(&field, '\0');
	buffer_append_char(&record, '\n');
	ask(field.data);
	ck_assert_int_eq(json_scan(&fields,
				   span_make(record.data, record.size - 1),
				   values, &offset),
			 JSON_TOO_DEEP);
	ck_assert_uint_eq(offset, 1000 * strlen("{\"a\":"));
	scan("{\"a\":{\"a\":1}}", 0);
	assert_value(0, JSON_ABSENT, NULL);
	buffer_release(&field);
	buffer_release(&record);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json fields");
	TCase *tests = tcase_create("json fields");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, a_value_of_each_type_is_found_with_its_text);
	tcase_add_test(tests, a_field_that_is_not_there_is_absent);
	tcase_add_test(tests, paths_lead_into_objects_and_arrays);
	tcase_add_test(tests, only_a_plain_number_is_an_index);
	tcase_add_test(tests, pointers_reach_names_that_paths_cannot);
	tcase_add_test(tests,
		       names_are_equal_when_they_are_equal_after_unescaping);
	tcase_add_test(tests, of_a_name_that_stands_twice_the_last_counts);
	tcase_add_test(tests, each_slot_has_its_own_answer);
	tcase_add_test(tests, one_place_may_be_asked_for_more_than_once);
	tcase_add_test(tests, names_of_every_length_are_told_apart);
	tcase_add_test(tests, a_path_may_be_as_deep_as_any_record);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
