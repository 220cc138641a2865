#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

static int compare(const char *a, const char *b)
{
	int order = sign(decimal_compare(span_of(a), span_of(b)));

	ck_assert_msg(order == -sign(decimal_compare(span_of(b), span_of(a))),
		      "%s and %s compare differently both ways", a, b);
	return order;
}

START_TEST(grammar_is_that_of_rfc_8259)
{
	static const char *const good[] = {"0",
					   "-0",
					   "1",
					   "10",
					   "-12.5",
					   "0.0",
					   "1e5",
					   "1E+5",
					   "1e-05",
					   "0e0",
					   "123456789012345678901234567890",
					   "1.50e300"};
	static const char *const bad[] = {
		"",	"-",	    "+1",    "01",    "-01",  "00", ".5", "1.",
		"1.e5", "1e",	    "1e+",   "1e+-5", "0x10", "1 ", " 1", "1,5",
		"NaN",	"Infinity", "1e5.0", "--1",   "1-",   "e5"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(decimal_is_number(span_of(good[i])), "%s",
			      good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!decimal_is_number(span_of(bad[i])), "%s",
			      bad[i]);
	ck_assert(!decimal_is_number(span_make("1\0", 2)));
}
END_TEST

START_TEST(number_is_taken_apart)
{
	static const struct {
		const char *text;
		bool negative;
		const char *digits;
		int64_t point;
		int64_t exponent;
		size_t digit_count;
		size_t places;
	} rows[] = {
		{"0", false, "", 0, 0, 1, 0},
		{"-0.00", true, "", -2, 0, 3, 2},
		{"12.50", false, "12.50", 2, 0, 4, 2},
		{"-0.012e007", true, "12", -1, 7, 4, 3},
		{"5E-12", false, "5", 1, -12, 1, 0},
		{"1e281474976710655", false, "1", 1, DECIMAL_FAR - 1, 1, 0},
		{"1e281474976710657", false, "1", 1, DECIMAL_FAR, 1, 0},
		{"1e-99999999999999999999", false, "1", 1, -DECIMAL_FAR, 1, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct decimal decimal;

		ck_assert(decimal_parse(&decimal, span_of(rows[i].text)));
		ck_assert(decimal.negative == rows[i].negative);
		ck_assert_msg(span_is(decimal.digits, rows[i].digits), "%s",
			      rows[i].text);
		if (decimal.digits.size > 0)
			ck_assert_int_eq(decimal.point, rows[i].point);
		ck_assert_int_eq(decimal_exponent(&decimal), rows[i].exponent);
		ck_assert_uint_eq(decimal.digit_count, rows[i].digit_count);
		ck_assert_uint_eq(decimal.places, rows[i].places);
	}
}
END_TEST

START_TEST(equal_values_are_equal_however_written)
{
	static const char *const pairs[][2] = {
		{"0", "-0"},
		{"0", "0e5"},
		{"-0.000", "0e-99999"},
		{"1", "1.0"},
		{"1", "10e-1"},
		{"1", "0.001E+3"},
		{"-120", "-1.2e2"},
		{"0.00012", "12e-5"},
		{"1e0000000005", "100000"},
		{"1e-0", "1"},
		{"100000000000000000000", "1e20"},
		{"1e100000000000000000000", "10e99999999999999999999"},
		{"0.1e-99999999999999999999", "1e-100000000000000000000"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		ck_assert_msg(compare(pairs[i][0], pairs[i][1]) == 0, "%s = %s",
			      pairs[i][0], pairs[i][1]);
}
END_TEST

START_TEST(each_of_a_rising_row_is_below_all_that_follow)
{
	static const char *const rising[] = {
		"-1e99999999999999999999999",
		"-9e400",
		"-1e400",
		"-5",
		"-4.999999999999999999999",
		"-1e-400",
		"-1e-99999999999999999999",
		"0",
		"1e-99999999999999999999",
		"9e-99999999999999999999",
		"1e-400",
		"0.05",
		"0.5",
		"0.50000000000000000000000000000001",
		"1",
		"9007199254740992",
		"9007199254740993",
		"1e17",
		"1.1e17",
		"1e400",
		"10.1e399",
		"1.02e400",
		"1e500",
		"1e99999999999999999999",
		"1e100000000000000000000",
		"1.0000001e100000000000000000000"};
	size_t count = sizeof(rising) / sizeof(rising[0]);

	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			ck_assert_msg(compare(rising[i], rising[j]) == -1,
				      "%s < %s", rising[i], rising[j]);
}
END_TEST

START_TEST(thousands_of_digits_are_compared_exactly)
{
	static char a[4097], b[4097];

	memset(a, '9', 4096);
	memset(b, '9', 4096);
	ck_assert_int_eq(compare(a, b), 0);
	b[4095] = '8';
	ck_assert_int_eq(compare(a, b), 1);
	/* The same digits as exponents. */
	memcpy(a, "1e", 2);
	memcpy(b, "1e", 2);
	ck_assert_int_eq(compare(a, b), 1);
	/* One more in the exponent is one place more before it. */
	memcpy(b, "10e", 3);
	ck_assert_int_eq(compare(a, b), 1);
	memcpy(a, "1e-", 3);
	memcpy(b, "1e-", 3);
	ck_assert_int_eq(compare(a, b), -1);
}
END_TEST

START_TEST(random_small_numbers_compare_as_their_exact_values)
{
	srand(42);
	for (int i = 0; i < 20000; i++) {
		long value[2];
		char text[2][64];

		for (int j = 0; j < 2; j++) {
			int digits = rand() % 2000 - 1000;
			int places = rand() % 4;
			int exponent = rand() % 4;
			static const long powers[] = {1, 10, 100, 1000};

			/* In thousandths, so that it is a whole number. */
			value[j] =
				digits * powers[3 - places] * powers[exponent];
			snprintf(text[j], sizeof(text[j]), "%s%ld.%0*lde%d",
				 digits < 0 ? "-" : "",
				 labs(digits) / powers[places],
				 places > 0 ? places : 1,
				 labs(digits) % powers[places], exponent);
			ck_assert(decimal_is_number(span_of(text[j])));
		}
		ck_assert_msg(compare(text[0], text[1]) ==
				      (value[0] > value[1]) -
					      (value[0] < value[1]),
			      "%s %s", text[0], text[1]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decimal");
	TCase *tests = tcase_create("decimal");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, grammar_is_that_of_rfc_8259);
	tcase_add_test(tests, number_is_taken_apart);
	tcase_add_test(tests, equal_values_are_equal_however_written);
	tcase_add_test(tests, each_of_a_rising_row_is_below_all_that_follow);
	tcase_add_test(tests, thousands_of_digits_are_compared_exactly);
	tcase_add_test(tests,
		       random_small_numbers_compare_as_their_exact_values);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
