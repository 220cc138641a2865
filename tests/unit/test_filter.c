#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/fields.h"
#include "core/filter.h"
#include "exact.h"

static struct filter parse(const char *text)
{
	struct filter filter;
	struct error error;

	ck_assert_msg(filter_parse(&filter, text, &error) == 0, "%s: %s", text,
		      error.message);
	return filter;
}

static void assert_parsed(const char *text, const char *field,
			  enum filter_op op, enum json_type type,
			  const char *value)
{
	struct filter filter = parse(text);

	ck_assert_str_eq(filter.text, text);
	ck_assert_str_eq(filter.field, field);
	ck_assert_msg(filter.op == op && filter.type == type,
		      "%s: op %d, type %d", text, (int)filter.op,
		      (int)filter.type);
	ck_assert_msg(span_is(buffer_span(&filter.value), value), "%s: %.*s",
		      text, (int)filter.value.size, filter.value.data);
	filter_release(&filter);
}

static void assert_refused(const char *text, const char *why)
{
	struct filter filter;
	struct error error;

	ck_assert_msg(filter_parse(&filter, text, &error) == -1, "%s", text);
	ck_assert_msg(strstr(error.message, why), "%s: %s", text,
		      error.message);
}

static bool holds(const char *text, const char *record)
{
	struct filter filter = parse(text);
	struct exact exact = exact_copy(span_of(record), 0);
	struct json_value value;
	struct fields fields;
	struct error error;
	size_t offset;
	bool result;

	fields_init(&fields);
	ck_assert_int_eq(fields_add(&fields, filter.field, &error), 0);
	ck_assert_msg(json_scan(&fields, exact.line, &value, &offset) ==
			      JSON_VALID,
		      "%s", record);
	result = filter_holds(&filter, &value);
	fields_release(&fields);
	free(exact.block);
	filter_release(&filter);
	return result;
}

/* For each operator: < is 'l', <= 'L', = 'e', != 'n', > 'g', >= 'G'. */
static void assert_compares(const char *record, const char *value,
			    const char *operators)
{
	static const struct {
		char letter;
		const char *sign;
	} all[] = {{'l', "<"},	{'L', "<="}, {'e', "="}, {'e', "=="},
		   {'n', "!="}, {'g', ">"},  {'G', ">="}};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		bool expected = strchr(operators, all[i].letter) != NULL;
		char text[256];

		strcpy(text, "a");
		strcat(text, all[i].sign);
		strcat(text, value);
		ck_assert_msg(holds(text, record) == expected, "%s: %s", record,
			      text);
	}
}

#define LESS	  "lLn"
#define EQUAL	  "LeG"
#define GREATER	  "gGn"
#define UNORDERED "n"

START_TEST(the_field_ends_at_the_first_operator_the_longest_there)
{
	assert_parsed("a=5", "a", FILTER_EQUAL, JSON_NUMBER, "5");
	assert_parsed("a==5", "a", FILTER_EQUAL, JSON_NUMBER, "5");
	assert_parsed("a!=5", "a", FILTER_NOT_EQUAL, JSON_NUMBER, "5");
	assert_parsed("a<5", "a", FILTER_LESS, JSON_NUMBER, "5");
	assert_parsed("a<=5", "a", FILTER_LESS_EQUAL, JSON_NUMBER, "5");
	assert_parsed("a>5", "a", FILTER_GREATER, JSON_NUMBER, "5");
	assert_parsed("a>=5", "a", FILTER_GREATER_EQUAL, JSON_NUMBER, "5");
	assert_parsed("a===5", "a", FILTER_EQUAL, JSON_STRING, "=5");
	assert_parsed("a=b!=c<d", "a", FILTER_EQUAL, JSON_STRING, "b!=c<d");
	assert_parsed("a=<5", "a", FILTER_EQUAL, JSON_STRING, "<5");
	assert_parsed("a<>5", "a", FILTER_LESS, JSON_STRING, ">5");
	assert_parsed("a!b=5", "a!b", FILTER_EQUAL, JSON_NUMBER, "5");
	assert_parsed("a!!=5", "a!", FILTER_NOT_EQUAL, JSON_NUMBER, "5");
	assert_parsed("/a~1b/0>1", "/a~1b/0", FILTER_GREATER, JSON_NUMBER, "1");
}
END_TEST

START_TEST(white_space_around_the_operator_is_dropped)
{
	assert_parsed("a = 5", "a", FILTER_EQUAL, JSON_NUMBER, "5");
	assert_parsed("a \t>=\n\r 5", "a", FILTER_GREATER_EQUAL, JSON_NUMBER,
		      "5");
	assert_parsed("a b  =  c d ", "a b", FILTER_EQUAL, JSON_STRING, "c d ");
	assert_parsed(" a=", " a", FILTER_EQUAL, JSON_STRING, "");
	assert_parsed("a= ", "a", FILTER_EQUAL, JSON_STRING, "");
	/* JSON lets it stand behind a scalar. */
	assert_parsed("a=5 ", "a", FILTER_EQUAL, JSON_NUMBER, "5");
	assert_parsed("a=\"5 \" ", "a", FILTER_EQUAL, JSON_STRING, "5 ");
}
END_TEST

START_TEST(a_value_is_the_scalar_of_json_that_it_spells_else_a_string)
{
	static const struct {
		const char *text;
		enum json_type type;
		const char *value;
	} cases[] = {
		{"null", JSON_NULL, "null"},
		{"true", JSON_TRUE, "true"},
		{"false", JSON_FALSE, "false"},
		{"-0.5e+3", JSON_NUMBER, "-0.5e+3"},
		{"\"5\"", JSON_STRING, "5"},
		{"\"\"", JSON_STRING, ""},
		{"\"null\"", JSON_STRING, "null"},
		{"\"\\u0050\\n\\\"\"", JSON_STRING, "P\n\""},
		{"\"x\\ud800y\"", JSON_STRING, "x\xed\xa0\x80y"},
		{"\"\\ud83d\\ude00\"", JSON_STRING, "\xf0\x9f\x98\x80"},
		{"PAID", JSON_STRING, "PAID"},
		{"Z\xc3\xbcrich", JSON_STRING, "Z\xc3\xbcrich"},
		{"01", JSON_STRING, "01"},
		{"+1", JSON_STRING, "+1"},
		{".5", JSON_STRING, ".5"},
		{"5,6", JSON_STRING, "5,6"},
		{"5 6", JSON_STRING, "5 6"},
		{"1,\"\":2", JSON_STRING, "1,\"\":2"},
		{"NaN", JSON_STRING, "NaN"},
		{"True", JSON_STRING, "True"},
		{"nullx", JSON_STRING, "nullx"},
		{"\"open", JSON_STRING, "\"open"},
		{"\"", JSON_STRING, "\""},
		{"\"a\"b", JSON_STRING, "\"a\"b"},
		{"\"raw\ttab\"", JSON_STRING, "\"raw\ttab\""},
		{"\"a\nb\"", JSON_STRING, "\"a\nb\""},
		{"'5'", JSON_STRING, "'5'"},
		{"{}", JSON_STRING, "{}"},
		{"{\"a\":1}", JSON_STRING, "{\"a\":1}"},
		{"[1]", JSON_STRING, "[1]"},
		{"\\n", JSON_STRING, "\\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[64] = "a=";

		strcat(text, cases[i].text);
		assert_parsed(text, "a", FILTER_EQUAL, cases[i].type,
			      cases[i].value);
	}
}
END_TEST

static void assert_described(const char *text, const char *wanted)
{
	struct filter filter = parse(text);
	struct buffer out = {0};

	filter_describe(&filter, &out);
	buffer_append_char(&out, '\0');
	ck_assert_msg(strcmp(out.data, wanted) == 0, "%s: %s", text, out.data);
	filter_release(&filter);
	buffer_release(&out);
}

START_TEST(one_condition_has_one_description)
{
	/* The description, and other spellings of the same. */
	static const char *const same[][5] = {
		{"a=1", "a = 1", "a==1", "a == 1 ", "a=\t1"},
		{"a=PAID", "a = PAID", "a=\"PAID\"", "a == \"PAID\" ",
		 "a=\"\\u0050AID\""},
		{"a=\"1\"", "a = \"1\"", "a==\"\\u0031\""},
		{"a=\"true\"", "a = \"true\" "},
		{"a=null", "a = null "},
		{"a!=1.0", "a != 1.0"},
		{"a>=1e3", "a >= 1e3"},
		{"/a b<=-5", "/a b <= -5"},
		{"a=", "a =", "a=\"\"", "a == "},
		{"a=\"=b\"", "a= =b", "a===b"},
		{"a!==b", "a!= =b", "a!=\"=b\""},
		{"a<\"=b\"", "a< =b", "a< \"=b\""},
		{"a=\" b\"", "a = \" b\""},
		{"a=b ", "a = b ", "a=\"b \""},
		{"a=\"1 \"", "a = \"1 \""},
		{"a=\"\\\"", "a = \"\\\""},
		{"a={\"b\":1}", "a = {\"b\":1}"},
		{"a=\"\\\"b\\\"\"", "a = \"\\\"b\\u0022\""},
		{"a=\"x\\u0000y\"", "a = \"x\\u0000y\""},
		{"a=\"\\ud800\\udbffx\"", "a = \"\\uD800\\uDBFFx\""},
		{"a=\"\\udc00\"", "a = \"\\udC00\""},
		{"a! =1", "a! = 1", "a! ==1"},
		{"a=x\ty", "a = x\ty", "a=\"x\\ty\""},
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		for (size_t j = 0; j < 5 && same[i][j]; j++)
			assert_described(same[i][j], same[i][0]);
}
END_TEST

START_TEST(what_is_no_expression_is_refused)
{
	static const char quote[] =
		"no operator (was '>' taken by the shell? quote it)";
	struct filter filter;
	struct error error;

	assert_refused("amount", quote);
	assert_refused("", quote);
	assert_refused("a!5", quote);
	ck_assert_int_eq(filter_parse(&filter, "amount", &error), -1);
	ck_assert_str_eq(error.message, quote);
	assert_refused("=5", "no FIELD");
	assert_refused("  =5", "no FIELD");
	assert_refused("!=5", "no FIELD");
	assert_refused("a..b=5", "a step is empty");
	assert_refused("/a~2=5", "JSON Pointer");
	assert_refused("\xff=5", "UTF-8");
	assert_refused("a=\xed\xa0\x80", "UTF-8");
	assert_refused("a=\"\xc3\"", "UTF-8");
}
END_TEST

START_TEST(numbers_compare_by_exact_value)
{
	assert_compares("{\"a\":100}", "100", EQUAL);
	assert_compares("{\"a\":100.00}", "1e2", EQUAL);
	assert_compares("{\"a\":-0}", "0.0", EQUAL);
	assert_compares("{\"a\":99.99}", "100", LESS);
	assert_compares("{\"a\":9}", "10", LESS);
	assert_compares("{\"a\":-10}", "-9", LESS);
	assert_compares("{\"a\":-1}", "1", LESS);
	assert_compares("{\"a\":100.000000000000000000001}", "100", GREATER);
	assert_compares("{\"a\":9007199254740993}", "9007199254740992",
			GREATER);
	assert_compares("{\"a\":1e400}", "1e399", GREATER);
	assert_compares("{\"a\":-0.10}", "-0.1", EQUAL);
	assert_compares("{\"a\":12.5}", "12.49", GREATER);
	assert_compares("{\"a\":-12.5}", "-12.49", LESS);
	/* Of 18 characters, and of one more. */
	assert_compares("{\"a\":999999999999999999}", "0.0000000000000001",
			GREATER);
	assert_compares("{\"a\":0.0000000000000001}", "999999999999999999",
			LESS);
	assert_compares("{\"a\":999999999999999999}", "1000000000000000000",
			LESS);
	assert_compares("{\"a\":1000000000000000000}", "999999999999999999",
			GREATER);
	assert_compares("{\"a\":18446744073709551617}", "1", GREATER);
	assert_compares("{\"a\":1e1000000000}", "1e-1000000000", GREATER);
}
END_TEST

START_TEST(strings_compare_by_the_bytes_of_their_text)
{
	assert_compares("{\"a\":\"PAID\"}", "PAID", EQUAL);
	assert_compares("{\"a\":\"\\u0050AID\"}", "PAID", EQUAL);
	assert_compares("{\"a\":\"PAID\"}", "\"\\u0050AID\"", EQUAL);
	assert_compares("{\"a\":\"PAI\"}", "PAID", LESS);
	assert_compares("{\"a\":\"PAIDX\"}", "PAID", GREATER);
	assert_compares("{\"a\":\"\\u0050AI\"}", "PAID", LESS);
	assert_compares("{\"a\":\"\\u0050AIDX\"}", "PAID", GREATER);
	assert_compares("{\"a\":\"P\\u0042\"}", "PA", GREATER);
	assert_compares("{\"a\":\"\"}", "", EQUAL);
	assert_compares("{\"a\":\"\"}", "a", LESS);
	assert_compares("{\"a\":\"a\"}", "", GREATER);
	assert_compares("{\"a\":\"\\n\"}", "", GREATER);
	assert_compares("{\"a\":\"10\"}", "\"9\"", LESS);
	/* A NUL ends nothing. */
	assert_compares("{\"a\":\"x\\u0000y\"}", "x", GREATER);
	assert_compares("{\"a\":\"x\\u0000y\"}", "\"x\\u0000y\"", EQUAL);
	assert_compares("{\"a\":\"x\\u0000y\"}", "\"x\\u0000z\"", LESS);
	/* Bytes have no sign. */
	assert_compares("{\"a\":\"\xc3\xa9\"}", "z", GREATER);
	assert_compares("{\"a\":\"\\u00e9\"}", "\xc3\xa9", EQUAL);
	assert_compares("{\"a\":\"\xf0\x90\x80\x80\"}", "\xef\xbf\xbf",
			GREATER);
}
END_TEST

START_TEST(a_lone_surrogate_compares_as_if_utf8_could_write_it)
{
	assert_compares("{\"a\":\"\\ud800\"}", "\"\\uD800\"", EQUAL);
	assert_compares("{\"a\":\"x\\udc00y\"}", "\"x\\udc00y\"", EQUAL);
	assert_compares("{\"a\":\"\\ud800\"}", "\"\\ud801\"", LESS);
	assert_compares("{\"a\":\"\\udfff\"}", "\"\\ud800\"", GREATER);
	/* U+D7FF and U+E000 are its neighbours. */
	assert_compares("{\"a\":\"\\ud800\"}", "\xed\x9f\xbf", GREATER);
	assert_compares("{\"a\":\"\\ud800\"}", "\xee\x80\x80", LESS);
	assert_compares("{\"a\":\"\\ud800\\ud83d\\ude00\"}",
			"\"\\ud800\xf0\x9f\x98\x80\"", EQUAL);
	assert_compares("{\"a\":\"\\ud83d\\ude00\"}", "\"\\ud83d\"", GREATER);
	assert_compares("{\"a\":\"\\ud83d\"}", "\"\\ud83d\\ude00\"", LESS);
}
END_TEST

START_TEST(other_values_equal_themselves_and_have_no_order)
{
	assert_compares("{\"a\":true}", "true", "e");
	assert_compares("{\"a\":false}", "false", "e");
	assert_compares("{\"a\":null}", "null", "e");
	assert_compares("{\"a\":true}", "false", UNORDERED);
	assert_compares("{\"a\":null}", "false", UNORDERED);
}
END_TEST

START_TEST(values_of_different_types_are_unequal_and_have_no_order)
{
	static const char *const records[] = {"null", "true", "5", "\"5\"",
					      "{}",   "[5]",  "[]"};
	static const char *const values[] = {"null",  "true",	"5",
					     "\"5\"", "\"{}\"", "[5]"};

	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++)
		for (size_t j = 0; j < sizeof(values) / sizeof(*values); j++) {
			char record[64] = "{\"a\":";

			/* Those of the same type stand at the same place. */
			if (i == j && i < 4)
				continue;
			if (i == 3 && j > 3)
				continue;
			strcat(record, records[i]);
			strcat(record, "}");
			assert_compares(record, values[j], UNORDERED);
		}
}
END_TEST

START_TEST(a_missing_field_is_only_unequal)
{
	assert_compares("{}", "5", UNORDERED);
	assert_compares("{\"b\":5}", "null", UNORDERED);
	assert_compares("{\"A\":5}", "", UNORDERED);
	ck_assert(holds("a.b.0!=5", "{\"a\":{\"b\":[]}}"));
	ck_assert(holds("a.b.0=5", "{\"a\":{\"b\":[5]}}"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("filter");
	TCase *tests = tcase_create("filter");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests,
		       the_field_ends_at_the_first_operator_the_longest_there);
	tcase_add_test(tests, white_space_around_the_operator_is_dropped);
	tcase_add_test(
		tests,
		a_value_is_the_scalar_of_json_that_it_spells_else_a_string);
	tcase_add_test(tests, one_condition_has_one_description);
	tcase_add_test(tests, what_is_no_expression_is_refused);
	tcase_add_test(tests, numbers_compare_by_exact_value);
	tcase_add_test(tests, strings_compare_by_the_bytes_of_their_text);
	tcase_add_test(tests,
		       a_lone_surrogate_compares_as_if_utf8_could_write_it);
	tcase_add_test(tests, other_values_equal_themselves_and_have_no_order);
	tcase_add_test(tests,
		       values_of_different_types_are_unequal_and_have_no_order);
	tcase_add_test(tests, a_missing_field_is_only_unequal);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
