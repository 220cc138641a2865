/*
 * Linked with --wrap for malloc, calloc and realloc.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sum.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long allocations; /* so far */
static bool memory_out;

void *__wrap_malloc(size_t size)
{
	allocations++;
	return memory_out ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return memory_out ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	allocations++;
	return memory_out ? NULL : __real_realloc(memory, size);
}

static struct sum sum_of(const char *text)
{
	struct sum sum = {0};

	ck_assert_msg(sum_read(&sum, span_of(text)) == SUM_READ, "%s", text);
	return sum;
}

/* The text lives until the next call. */
static const char *text_at(const struct sum *sum, unsigned scale)
{
	static char text[2000];
	struct buffer buffer = {0};

	sum_append(&buffer, sum, scale);
	ck_assert(!buffer.failed);
	ck_assert_uint_lt(buffer.size, sizeof(text));
	memcpy(text, buffer.data, buffer.size);
	text[buffer.size] = '\0';
	buffer_release(&buffer);
	return text;
}

static const char *text_of(const struct sum *sum)
{
	return text_at(sum, sum->scale);
}

#define ZEROS_20 "00000000000000000000"
#define NINES_20 "99999999999999999999"
#define NINES_99 NINES_20 NINES_20 NINES_20 NINES_20 "9999999999999999999"
#define ZEROS_99 ZEROS_20 ZEROS_20 ZEROS_20 ZEROS_20 "0000000000000000000"
#define MOST	 "170141183460469231731687303715884105727" /* of 128 bits */
#define LEAST	 "-170141183460469231731687303715884105728"
#define MORE	 "170141183460469231731687303715884105728"
#define LESS	 "-170141183460469231731687303715884105729"

START_TEST(number_is_written_with_the_digits_that_it_has)
{
	static const char *const pairs[][2] = {
		{"0", "0"},
		{"-0", "0"},
		{"-0.00", "0.00"},
		{"0e5", "0"},
		{"0e-5", "0.00000"},
		{"12.50", "12.50"},
		{"-12.50", "-12.50"},
		{"-0.01", "-0.01"},
		{"1.5e1", "15"},
		{"1.50E+1", "15.0"},
		{"1e3", "1000"},
		{"1e-3", "0.001"},
		{"-12.5e-0003", "-0.0125"},
		{"999999999999999999", "999999999999999999"},
		{"9999999999999999999", "9999999999999999999"},
		{"-9999999999999999999", "-9999999999999999999"},
		{"18446744073709551616", "18446744073709551616"},
		{"1234567890123456789.0", "1234567890123456789.0"},
		{"0.000000000000000001", "0.000000000000000001"},
		{"0.00000000000000000001", "0.00000000000000000001"},
		{MOST, MOST},
		{LEAST, LEAST},
		{MORE, MORE},
		{LESS, LESS},
		{"9" NINES_99, "9" NINES_99},
		{"-0." NINES_99, "-0." NINES_99},
		{"1e100", "10" ZEROS_99},
		{"1e-100", "0." ZEROS_99 "1"},
		{"1e00000000000000000000000100", "10" ZEROS_99},
		{"9" NINES_99 "e100", "9" NINES_99 "0" ZEROS_99},
		{"-1." NINES_99 "e-100", "-0." ZEROS_99 "1" NINES_99},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct sum sum = sum_of(pairs[i][0]);

		ck_assert_str_eq(text_of(&sum), pairs[i][1]);
		sum_clear(&sum);
	}
}
END_TEST

START_TEST(what_is_no_number_or_beyond_the_bounds_leaves_the_sum)
{
	static const char *const none[] = {
		"",
		"-",
		"+1",
		"01",
		"-01",
		"00",
		".5",
		"5.",
		"-.5",
		"1.e5",
		"1..5",
		"1.2.3",
		"1e",
		"1e+",
		"1-",
		"--1",
		"1 ",
		" 1",
		"1,5",
		"0x10",
		"NaN",
		"Infinity",
		"1/2",
		"1:2",
		"1234567890123456789012345x",
		"01234567890123456789012345",
		"1e101",
		"1e-101",
		"0e101",
		"0e-000101",
		"1e1000000000",
		"1e-1000000000",
		"1e99999999999999999999999999",
		"10" NINES_99,
		"0.0" NINES_99,
		"0.0" ZEROS_99,
	};
	struct sum sum = sum_of("12.50");

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ck_assert_msg(sum_read(&sum, span_of(none[i])) ==
				      SUM_NOT_A_NUMBER,
			      "%s", none[i]);
	ck_assert(sum_read(&sum, span_make("1\0", 2)) == SUM_NOT_A_NUMBER);
	ck_assert_str_eq(text_of(&sum), "12.50");
}
END_TEST

START_TEST(a_million_digits_are_no_number)
{
	size_t size = 1000000;
	char *digits = malloc(size);
	struct span text = span_make(digits, size);
	struct sum sum = {0};

	if (!digits)
		ck_abort_msg("out of memory");
	memset(digits, '7', size);
	ck_assert(sum_read(&sum, text) == SUM_NOT_A_NUMBER);
	ck_assert(sum_read_total(&sum, text) == SUM_NOT_A_NUMBER);
	digits[1] = '.';
	ck_assert(sum_read(&sum, text) == SUM_NOT_A_NUMBER);
	ck_assert(sum_read_total(&sum, text) == SUM_NOT_A_NUMBER);
	digits[1] = 'e';
	ck_assert(sum_read(&sum, text) == SUM_NOT_A_NUMBER);
	ck_assert(sum_read_total(&sum, text) == SUM_NOT_A_NUMBER);
	/* Zeros before an exponent do not matter. */
	memset(digits + 2, '0', size - 3);
	ck_assert(sum_read(&sum, text) == SUM_READ);
	ck_assert_str_eq(text_of(&sum), "70000000");
	free(digits);
}
END_TEST

/* a + b = c, and c - b is a at the scale of c. */
static void assert_sum(const char *a, const char *b, const char *c)
{
	struct sum sum = sum_of(a);
	struct sum more = sum_of(b);
	struct sum start = sum_of(a);

	ck_assert_int_eq(sum_add(&sum, &more), 0);
	ck_assert_str_eq(text_of(&sum), c);
	ck_assert_int_eq(sum_subtract(&sum, &more), 0);
	ck_assert_int_eq(sum_subtract(&sum, &start), 0);
	ck_assert_msg(sum_is_zero(&sum), "%s + %s", a, b);
	ck_assert_ptr_null(sum.wide);
	sum_clear(&sum);
	sum_clear(&more);
	sum_clear(&start);
}

START_TEST(sums_are_exact)
{
	assert_sum("0.1", "0.2", "0.3");
	assert_sum("0.10", "0.2", "0.30");
	assert_sum("5", "-7.25", "-2.25");
	assert_sum("-0", "-0.0", "0.0");
	assert_sum("9007199254740993", "1e-3", "9007199254740993.001");
	assert_sum(MOST, "1", MORE);
	assert_sum(LEAST, "-1", LESS);
	assert_sum(MORE, "-1", MOST);
	assert_sum(LESS, "1", LEAST);
	assert_sum(MOST, LEAST, "-1");
	assert_sum("17014118346046923173168730371588410572.7", "1",
		   "17014118346046923173168730371588410573.7");
	assert_sum("17014118346046923173168730371588410573", "0.0",
		   "17014118346046923173168730371588410573.0");
	assert_sum("-17014118346046923173168730371588410573", "0.0",
		   "-17014118346046923173168730371588410573.0");
	assert_sum("1e100", "1e-100", "10" ZEROS_99 "." ZEROS_99 "1");
	assert_sum("0e-100", "0", "0.0" ZEROS_99);
	assert_sum("-0.01e-98", "1", "0." NINES_99 "9");
}
END_TEST

START_TEST(scale_is_the_largest_that_was_added)
{
	struct sum sum = sum_of("1.5");
	struct sum more = sum_of("0.125");

	ck_assert_int_eq(sum_add(&sum, &more), 0);
	ck_assert_uint_eq(sum.scale, 3);
	ck_assert_int_eq(sum_subtract(&sum, &more), 0);
	ck_assert_str_eq(text_of(&sum), "1.500");
	ck_assert_int_eq(sum_subtract(&sum, &sum), 0);
	ck_assert(sum_is_zero(&sum));
	ck_assert_str_eq(text_of(&sum), "0.000");
	sum_clear(&sum);
	ck_assert_str_eq(text_of(&sum), "0");
}
END_TEST

START_TEST(only_zero_is_zero)
{
	struct sum wide = sum_of(MORE);
	struct sum shifted = sum_of("1e100");
	struct sum small = sum_of("-1e-100");
	struct sum zero = sum_of("-0e-100");

	ck_assert(!sum_is_zero(&wide));
	ck_assert(!sum_is_zero(&shifted));
	ck_assert(!sum_is_zero(&small));
	ck_assert(sum_is_zero(&zero));
	sum_clear(&wide);
	sum_clear(&shifted);
	ck_assert(sum_is_zero(&wide));
}
END_TEST

START_TEST(asked_for_scale_is_shown)
{
	struct sum sum = sum_of("-1.5");
	struct sum wide = sum_of(MORE);

	ck_assert_str_eq(text_at(&sum, 4), "-1.5000");
	ck_assert_str_eq(text_at(&sum, 1), "-1.5");
	ck_assert_str_eq(text_at(&sum, 0), "-1.5");
	ck_assert_str_eq(text_at(&wide, 2), MORE ".00");
	ck_assert_str_eq(text_at(&(struct sum){0}, 100), "0.0" ZEROS_99);
	ck_assert_uint_eq(strlen(text_at(&sum, 1000)), 1003);
	sum_clear(&wide);
}
END_TEST

START_TEST(usual_amounts_allocate_nothing)
{
	struct sum sum = {0};
	struct sum amount = {0};
	int failed = 0; /* Check itself allocates */
	long before = allocations;

	for (int i = 0; i < 1000; i++) {
		failed += sum_read(&amount, span_of("1234567890.12345678")) !=
			  SUM_READ;
		failed += sum_add(&sum, &amount);
		failed += sum_read(&amount, span_of("-3e2")) != SUM_READ;
		failed += sum_add(&sum, &amount);
	}
	before -= allocations;
	ck_assert_int_eq(before, 0);
	ck_assert_int_eq(failed, 0);
	ck_assert_str_eq(text_of(&sum), "1234567590123.45678000");
}
END_TEST

START_TEST(sum_is_as_it_was_when_memory_is_out)
{
	struct sum sum = sum_of(MOST);
	struct sum lowest = sum_of(LEAST);
	struct sum one = sum_of("1");
	int added, subtracted;
	enum sum_status read, total;

	memory_out = true;
	added = sum_add(&sum, &one);
	subtracted = sum_subtract(&lowest, &one);
	read = sum_read(&one, span_of(MORE));
	total = sum_read_total(&one, span_of(LESS));
	memory_out = false;
	ck_assert_int_eq(added, -1);
	ck_assert_int_eq(subtracted, -1);
	ck_assert_int_eq(read, SUM_NO_MEMORY);
	ck_assert_int_eq(total, SUM_NO_MEMORY);
	ck_assert_str_eq(text_of(&sum), MOST);
	ck_assert_str_eq(text_of(&lowest), LEAST);
	ck_assert_str_eq(text_of(&one), "1");
}
END_TEST

/* --- against a naive adder ------------------------------------------------ */

/*
 * Column i counts tens to the power of i - SHIFT: digits are added without any
 * carry until the text is asked for.
 */
#define SHIFT	200
#define COLUMNS (SHIFT + 230)

struct naive {
	long columns[COLUMNS];
	unsigned scale;
};

static void carry(long *columns)
{
	for (int i = 0; i + 1 < COLUMNS; i++) {
		long digit = columns[i] % 10;

		if (digit < 0)
			digit += 10;
		columns[i + 1] += (columns[i] - digit) / 10;
		columns[i] = digit;
	}
}

static void naive_text(const struct naive *naive, char *text)
{
	long columns[COLUMNS];
	int top = COLUMNS - 1;

	memcpy(columns, naive->columns, sizeof(columns));
	carry(columns);
	if (columns[COLUMNS - 1] < 0) {
		*text++ = '-';
		for (int i = 0; i < COLUMNS; i++)
			columns[i] = -columns[i];
		carry(columns);
	}
	while (top > SHIFT && columns[top] == 0)
		top--;
	for (int i = top; i >= SHIFT - (int)naive->scale; i--) {
		if (i == SHIFT - 1)
			*text++ = '.';
		*text++ = (char)('0' + columns[i]);
	}
	*text = '\0';
}

struct literal {
	char text[120];
	char digits[101]; /* with leading zeros */
	int exponent;	  /* of the last digit */
	bool negative;
};

/* Most are short, some have as many digits as there may be. */
static struct literal literal_random(void)
{
	struct literal literal = {.negative = rand() % 2 != 0};
	int most = rand() % 4 > 0 ? 20 : SUM_DIGITS_MAX;
	int size = 1 + rand() % most;
	int places = rand() % 2 != 0 ? rand() % size : 0;
	int range = rand() % 4 > 0 ? 3 : SUM_EXPONENT_MAX;
	int exponent = rand() % (2 * range + 1) - range;
	int before = size - places;

	for (int i = 0; i < size; i++)
		literal.digits[i] = (char)('0' + rand() % 10);
	if (before > 1 && literal.digits[0] == '0')
		literal.digits[0] = '1';
	literal.exponent = exponent - places;
	snprintf(literal.text, sizeof(literal.text), "%s%.*s%s%s",
		 literal.negative ? "-" : "", before, literal.digits,
		 places > 0 ? "." : "", literal.digits + before);
	if (exponent != 0 || rand() % 2 != 0)
		snprintf(literal.text + strlen(literal.text), 7, "e%+03d",
			 exponent);
	return literal;
}

static void naive_add(struct naive *naive, const struct literal *literal,
		      bool less)
{
	int last = (int)strlen(literal->digits) - 1;
	int sign = literal->negative == less ? 1 : -1;

	for (int i = 0; i <= last; i++)
		naive->columns[SHIFT + literal->exponent + last - i] +=
			sign * (literal->digits[i] - '0');
	if (literal->exponent < 0 &&
	    naive->scale < (unsigned)-literal->exponent)
		naive->scale = (unsigned)-literal->exponent;
}

static void assert_round_trip(const struct sum *sum, const char *text)
{
	struct sum back = {0};

	ck_assert_msg(sum_read_total(&back, span_of(text)) == SUM_READ, "%s",
		      text);
	ck_assert_str_eq(text_of(&back), text);
	ck_assert_int_eq(sum_subtract(&back, sum), 0);
	ck_assert(sum_is_zero(&back));
	ck_assert_ptr_null(back.wide);
}

#define NUMBERS 60

static void check_random_stream(void)
{
	struct literal literals[NUMBERS];
	struct naive naive = {0};
	struct sum sum = {0};
	struct sum amount = {0};
	char expected[COLUMNS + 4];

	for (int i = 0; i < 2 * NUMBERS; i++) {
		bool less = i >= NUMBERS;
		struct literal *literal = &literals[i % NUMBERS];

		if (!less)
			*literal = literal_random();
		ck_assert_msg(sum_read(&amount, span_of(literal->text)) ==
				      SUM_READ,
			      "%s", literal->text);
		ck_assert_int_eq(less ? sum_subtract(&sum, &amount)
				      : sum_add(&sum, &amount),
				 0);
		naive_add(&naive, literal, less);
		naive_text(&naive, expected);
		ck_assert_str_eq(text_of(&sum), expected);
		assert_round_trip(&sum, expected);
	}
	ck_assert(sum_is_zero(&sum));
	ck_assert_ptr_null(sum.wide);
	sum_clear(&amount);
}

START_TEST(random_sums_are_those_of_a_naive_adder)
{
	srand(4);
	for (int i = 0; i < 150; i++)
		check_random_stream();
}
END_TEST

START_TEST(sum_of_two_to_the_64_of_the_largest_is_exact)
{
	struct sum sum = sum_of("-9" NINES_99 "e100");
	struct sum small = sum_of("-1." NINES_99 "e-100");
	const char *text;
	char kept[500];

	/* Doubling is adding it to itself. */
	for (int i = 0; i < 64; i++) {
		ck_assert_int_eq(sum_add(&sum, &sum), 0);
		ck_assert_int_eq(sum_add(&small, &small), 0);
	}
	ck_assert_int_eq(sum_add(&sum, &small), 0);
	text = text_of(&sum);
	ck_assert_uint_eq(strlen(text), 1 + 220 + 1 + 199);
	/* 2^64 * 10^200 - 2^64 * 10^100, and 2^65 of the smallest. */
	ck_assert_int_eq(strncmp(text, "-18446744073709551615" NINES_20, 41),
			 0);
	ck_assert_ptr_nonnull(strstr(text, "36893488147419103231" NINES_20));
	strcpy(kept, text);
	assert_round_trip(&sum, kept);
	sum_clear(&sum);
	sum_clear(&small);
}
END_TEST

START_TEST(total_has_bounds_too)
{
	char text[500];
	struct sum sum = {0};

	memset(text, '9', sizeof(text));
	text[220] = '.';
	ck_assert(sum_read_total(&sum, span_make(text, 220)) == SUM_READ);
	ck_assert(sum_read_total(&sum, span_make(text, 420)) == SUM_READ);
	ck_assert_int_eq(strncmp(text_of(&sum), text, 420), 0);
	ck_assert(sum_read_total(&sum, span_make(text, 421)) ==
		  SUM_NOT_A_NUMBER);
	text[220] = '9';
	ck_assert(sum_read_total(&sum, span_make(text, 221)) ==
		  SUM_NOT_A_NUMBER);
	ck_assert(sum_read_total(&sum, span_of("1e1")) == SUM_NOT_A_NUMBER);
	ck_assert(sum_read_total(&sum, span_of("x")) == SUM_NOT_A_NUMBER);
	ck_assert(sum_read_total(&sum, span_of("-7.50")) == SUM_READ);
	ck_assert_str_eq(text_of(&sum), "-7.50");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sum");
	TCase *tests = tcase_create("sum");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, number_is_written_with_the_digits_that_it_has);
	tcase_add_test(tests,
		       what_is_no_number_or_beyond_the_bounds_leaves_the_sum);
	tcase_add_test(tests, a_million_digits_are_no_number);
	tcase_add_test(tests, sums_are_exact);
	tcase_add_test(tests, scale_is_the_largest_that_was_added);
	tcase_add_test(tests, only_zero_is_zero);
	tcase_add_test(tests, asked_for_scale_is_shown);
	tcase_add_test(tests, usual_amounts_allocate_nothing);
	tcase_add_test(tests, sum_is_as_it_was_when_memory_is_out);
	tcase_add_test(tests, random_sums_are_those_of_a_naive_adder);
	tcase_add_test(tests, sum_of_two_to_the_64_of_the_largest_is_exact);
	tcase_add_test(tests, total_has_bounds_too);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
