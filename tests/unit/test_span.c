#include <check.h>
#include <stdlib.h>

#include "base/span.h"

/* Copies of just their size: a load beyond them is caught by sanitizers. */
START_TEST(spans_are_equal_when_every_byte_is)
{
	for (size_t size = 1; size < 40; size++) {
		char *a = malloc(size);
		char *b = malloc(size);

		ck_assert(a && b);
		for (size_t i = 0; i < size; i++)
			a[i] = b[i] = (char)(i * 7);
		ck_assert(span_equal(span_make(a, size), span_make(b, size)));
		for (size_t i = 0; i < size; i++) {
			b[i] = (char)(b[i] ^ 0x80);
			ck_assert(!span_equal(span_make(a, size),
					      span_make(b, size)));
			b[i] = a[i];
		}
		ck_assert(!span_equal(span_make(a, size),
				      span_make(b, size - 1)));
		free(a);
		free(b);
	}
}
END_TEST

START_TEST(empty_spans_are_equal_wherever_they_point)
{
	ck_assert(span_equal(span_make(NULL, 0), span_make("a", 0)));
	ck_assert(span_is(span_make(NULL, 0), ""));
	ck_assert(!span_is(span_make(NULL, 0), "a"));
}
END_TEST

START_TEST(a_nul_is_a_byte_like_others)
{
	ck_assert(!span_equal(span_make("a\0b", 3), span_make("a\0c", 3)));
	ck_assert(!span_is(span_make("a\0", 2), "a"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("span");
	TCase *tests = tcase_create("span");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, spans_are_equal_when_every_byte_is);
	tcase_add_test(tests, empty_spans_are_equal_wherever_they_point);
	tcase_add_test(tests, a_nul_is_a_byte_like_others);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
