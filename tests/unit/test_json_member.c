#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "exact.h"

/* One member a line: name, type, whether it is escaped, text. */
static void assert_members(const char *object, const char *expected)
{
	struct exact exact = exact_copy(span_of(object), 0);
	struct span rest = exact.line;
	struct json_member member;
	struct buffer found = {0};

	while (json_next_member(&rest, &member)) {
		buffer_append_span(&found, member.name);
		buffer_printf(&found, " %d%s ", (int)member.value.type,
			      member.value.escaped ? "e" : "");
		buffer_append_span(&found, member.value.text);
		buffer_append_char(&found, '\n');
	}
	ck_assert(!json_next_member(&rest, &member));
	ck_assert_msg(span_is(span_make(found.data, found.size), expected),
		      "%s:\n%.*s", object, (int)found.size, found.data);
	buffer_release(&found);
	free(exact.block);
}

START_TEST(members_come_in_their_order_with_their_values)
{
	assert_members("{\"a\":1}", "a 4 1\n");
	assert_members("{\"a\":null,\"b\":true,\"c\":false,\"d\":-1.5e3}",
		       "a 1 null\nb 3 true\nc 2 false\nd 4 -1.5e3\n");
	assert_members("{\"\":\"\",\"x.y/z\":\"PAID\",\"a\":\"\\n\"}",
		       " 5 \nx.y/z 5 PAID\na 5e \\n\n");
	assert_members("{\"\\u0061\\\"}\":\"}\\\"{\",\"a\":\"plain\"}",
		       "\\u0061\\\"} 5e }\\\"{\na 5 plain\n");
	assert_members("{\"a\":1,\"a\":2}", "a 4 1\na 4 2\n");
}
END_TEST

START_TEST(values_of_many_levels_are_passed_whole)
{
	assert_members(
		"{\"a\":{\"b\":[{\"c\":\"]}\"}]},\"d\":[[],{}],\"e\":{}}",
		"a 6 {\"b\":[{\"c\":\"]}\"}]}\nd 7 [[],{}]\ne 6 {}\n");
}
END_TEST

START_TEST(white_space_may_stand_between_all_of_it)
{
	assert_members(
		"{ \t\"a\" : 1 \r,  \"b\"\t:\t[ 1 , 2 ]  , \"c\": \"x\" }",
		"a 4 1\nb 7 [ 1 , 2 ]\nc 5 x\n");
	assert_members("{  \"a\":1  }", "a 4 1\n");
}
END_TEST

START_TEST(an_empty_object_has_none)
{
	assert_members("{}", "");
	assert_members("{  \t}", "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json member");
	TCase *tests = tcase_create("json member");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, members_come_in_their_order_with_their_values);
	tcase_add_test(tests, values_of_many_levels_are_passed_whole);
	tcase_add_test(tests, white_space_may_stand_between_all_of_it);
	tcase_add_test(tests, an_empty_object_has_none);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
