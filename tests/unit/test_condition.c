#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/condition.h"
#include "core/key.h"

static struct condition condition;
static struct error error;

static void parse(const char *text, size_t key_count)
{
	int result = condition_parse(&condition, text, key_count, &error);

	ck_assert_msg(result == 0, "'%s': %s", text, error.message);
}

static void assert_refused(const char *text, const char *why)
{
	ck_assert_msg(condition_parse(&condition, text, 1, &error) == -1,
		      "'%s' was taken", text);
	ck_assert_msg(strstr(error.message, why) != NULL, "'%s': %s", text,
		      error.message);
}

/* The only key column is this string. */
static void assert_string(const char *text, const char *string)
{
	const unsigned char *key;
	struct key_part part;

	parse(text, 1);
	ck_assert_int_eq(condition.name, CONDITION_GROUP);
	key = (const unsigned char *)condition.key.data;
	part = key_next(&key);
	ck_assert_int_eq(part.type, KEY_STRING);
	ck_assert_msg(span_is(part.text, string), "'%s' is '%.*s'", text,
		      (int)part.text.size, part.text.data);
	condition_release(&condition);
}

START_TEST(each_operator_compares)
{
	static const struct {
		const char *text;
		enum condition_op op;
		bool holds[3]; /* for 9, 10, 11 */
	} cases[] = {
		{"@orders<10", CONDITION_LESS, {true, false, false}},
		{"@orders<=10", CONDITION_LESS_EQUAL, {true, true, false}},
		{"@orders=10", CONDITION_EQUAL, {false, true, false}},
		{"@orders!=10", CONDITION_NOT_EQUAL, {true, false, true}},
		{"@orders>=10", CONDITION_GREATER_EQUAL, {false, true, true}},
		{"@orders>10", CONDITION_GREATER, {false, false, true}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		parse(cases[i].text, 1);
		ck_assert_int_eq(condition.op, cases[i].op);
		for (unsigned value = 9; value <= 11; value++)
			ck_assert_msg(condition_holds(&condition, value) ==
					      cases[i].holds[value - 9],
				      "%s with %u", cases[i].text, value);
	}
}
END_TEST

START_TEST(only_greater_is_judged_on_parts_of_windows)
{
	static const struct {
		const char *text;
		bool parts;
	} cases[] = {
		{"A>1", true},	 {"A>=1", true}, {"A<1", false},
		{"A<=1", false}, {"A=1", false}, {"A!=1", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		parse(cases[i].text, 1);
		ck_assert_msg(condition_judges_parts(&condition) ==
				      cases[i].parts,
			      "%s", cases[i].text);
		condition_release(&condition);
	}
}
END_TEST

START_TEST(last_operator_decides_and_the_longest_of_two)
{
	assert_string("a<b>5", "a<b");
	ck_assert_int_eq(condition.op, CONDITION_GREATER);
	assert_string("a>=b<=5", "a>=b");
	ck_assert_int_eq(condition.op, CONDITION_LESS_EQUAL);
	assert_string("a!!=5", "a!");
	ck_assert_int_eq(condition.op, CONDITION_NOT_EQUAL);
	assert_string("a=>5", "a=");
	ck_assert_int_eq(condition.op, CONDITION_GREATER);
	assert_string("a==5", "a=");
	ck_assert_int_eq(condition.op, CONDITION_EQUAL);
}
END_TEST

START_TEST(spaces_around_the_operator_are_dropped)
{
	assert_string("FAILED  >  10", "FAILED");
	ck_assert_uint_eq(condition.limit, 10);
	assert_string(" a b >10", " a b");
	assert_string("a\\u0020 >10", "a ");
}
END_TEST

START_TEST(group_is_named_as_tsv_shows_it)
{
	assert_string("a\\tb\\\\>1", "a\tb\\");
	assert_string("\"5\">1", "5");
	assert_string("\"\">1", "");
	assert_string("\\u0040orders>1", "@orders");

	parse("5>1", 1);
	ck_assert_int_eq((int)condition.key.data[0], KEY_NUMBER);
	condition_release(&condition);
	parse("null>1", 1);
	ck_assert_int_eq((int)condition.key.data[0], KEY_NULL);
	condition_release(&condition);
}
END_TEST

START_TEST(several_keys_are_joined_by_a_tab)
{
	struct key_part parts[2] = {
		{KEY_STRING, span_of("DE")},
		{KEY_NUMBER, span_of("1.0")},
	};

	parse("DE\t1.0>1", 2);
	ck_assert(
		key_holds((const unsigned char *)condition.key.data, parts, 2));
	condition_release(&condition);
	assert_refused("DE\t1.0>1", "");
	ck_assert_int_eq(condition_parse(&condition, "DE>1", 2, &error), -1);
}
END_TEST

START_TEST(tallies_have_names_with_an_at_sign)
{
	static const struct {
		const char *text;
		enum condition_name name;
	} cases[] = {
		{"@orders = 0", CONDITION_ORDERS},
		{"@read=0", CONDITION_READ},
		{"@rejected>0", CONDITION_REJECTED},
		{"@filtered>0", CONDITION_FILTERED},
		{"@late>0", CONDITION_LATE},
		{"@groups>5", CONDITION_GROUPS},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		parse(cases[i].text, 1);
		ck_assert_int_eq(condition.name, cases[i].name);
	}
}
END_TEST

START_TEST(each_reason_has_a_tally)
{
	for (int i = 0; i < REJECT_REASONS; i++) {
		struct buffer text = {0};

		buffer_append_text(&text, "@rejected.");
		buffer_append_text(&text,
				   reject_reason_name((enum reject_reason)i));
		buffer_append_text(&text, ">0");
		buffer_append_char(&text, '\0');
		parse(text.data, 1);
		ck_assert_int_eq(condition.name, CONDITION_REASON);
		ck_assert_int_eq((int)condition.reason, i);
		buffer_release(&text);
	}
}
END_TEST

START_TEST(limit_reaches_64_bits)
{
	parse("@orders>18446744073709551615", 1);
	ck_assert_uint_eq(condition.limit, UINT64_MAX);
	ck_assert(!condition_holds(&condition, UINT64_MAX));
	assert_refused("@orders>18446744073709551616", "too large");
	assert_refused("@orders>99999999999999999999999", "too large");
}
END_TEST

START_TEST(without_operator_the_shell_is_suspected)
{
	const char *hint = "(was '>' taken by the shell? quote it)";
	size_t size;

	assert_refused("FAILED", hint);
	size = strlen(error.message);
	ck_assert_str_eq(error.message + size - strlen(hint), hint);
	assert_refused("", hint);
	assert_refused("a!5", hint);
}
END_TEST

START_TEST(what_is_no_condition_is_refused)
{
	assert_refused(">5", "no name");
	assert_refused("  >5", "no name");
	assert_refused("a>", "no number");
	assert_refused("a> ", "no number");
	assert_refused("a>-1", "whole number");
	assert_refused("a>1.5", "whole number");
	assert_refused("a>5 ", "whole number");
	assert_refused("a>\t5", "whole number");
	assert_refused("@order>5", "unknown name '@order'");
	assert_refused("@>5", "unknown name");
	assert_refused("@Orders>5", "unknown name");
	assert_refused("@rejected.>5", "unknown name");
	assert_refused("@rejected.bad>5", "unknown name");
	assert_refused("@rejected.bad_keys>5", "unknown name");
	assert_refused("a\\x>5", "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("condition");
	TCase *tcase = tcase_create("condition");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, each_operator_compares);
	tcase_add_test(tcase, only_greater_is_judged_on_parts_of_windows);
	tcase_add_test(tcase, last_operator_decides_and_the_longest_of_two);
	tcase_add_test(tcase, spaces_around_the_operator_are_dropped);
	tcase_add_test(tcase, group_is_named_as_tsv_shows_it);
	tcase_add_test(tcase, several_keys_are_joined_by_a_tab);
	tcase_add_test(tcase, tallies_have_names_with_an_at_sign);
	tcase_add_test(tcase, each_reason_has_a_tally);
	tcase_add_test(tcase, limit_reaches_64_bits);
	tcase_add_test(tcase, without_operator_the_shell_is_suspected);
	tcase_add_test(tcase, what_is_no_condition_is_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
