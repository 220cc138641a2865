#include <check.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "exact.h"

#define S	    INT64_C(1000000000)
#define DAY_S	    86400
#define FIRST_YEAR  1678
#define LAST_YEAR   2261
#define FIRST_DAY_S INT64_C(-9214560000)
#define LAST_DAY_S  INT64_C(9214560000)

/* Any of a number and a text, in memory of just its size. */
static bool read_exact(bool (*read)(struct span, int64_t *), struct span text,
		       int64_t *time_ns)
{
	struct exact exact = exact_copy(text, 0);
	bool good = read(exact.line, time_ns);

	free(exact.block);
	return good;
}

static void assert_time(const char *text, int64_t expected)
{
	int64_t time = 0;

	ck_assert_msg(read_exact(timestamp_read, span_of(text), &time), "%s",
		      text);
	ck_assert_msg(time == expected, "%s is %lld, not %lld", text,
		      (long long)time, (long long)expected);
}

static void assert_none(const char *text)
{
	int64_t time = 42;

	ck_assert_msg(!read_exact(timestamp_read, span_of(text), &time), "%s",
		      text);
	ck_assert_int_eq(time, 42);
}

START_TEST(times_are_those_of_another_program)
{
	static const struct {
		const char *text;
		int64_t time;
	} rows[] = {
		/* By Python's datetime. */
		{"1678-04-10T23:25:30.162500+00:00",
		 INT64_C(-9205922069837500000)},
		{"1700-02-03T12:35:58.303432+00:00",
		 INT64_C(-8517439441696568000)},
		{"1899-01-08T17:23:17.817622+23:59",
		 INT64_C(-2239943742182378000)},
		{"1900-03-27T08:13:59.026885+00:00",
		 INT64_C(-2201615160973115000)},
		{"1904-11-26T08:12:10.324901+05:45",
		 INT64_C(-2054323969675099000)},
		{"1969-05-21T02:54:38.353792-11:59",
		 INT64_C(-19386381646208000)},
		{"1970-11-13T07:11:15.496592+23:59",
		 INT64_C(27241935496592000)},
		{"1999-05-03T09:00:58.306123+23:59",
		 INT64_C(925635718306123000)},
		{"2000-10-23T16:12:26.444314+05:45",
		 INT64_C(972296846444314000)},
		{"2001-10-10T14:10:14.319932+13:59",
		 INT64_C(1002672674319932000)},
		{"2026-05-27T02:02:29.656776+00:00",
		 INT64_C(1779847349656776000)},
		{"2038-05-17T20:30:44.359497+23:59",
		 INT64_C(2157654704359497000)},
		{"2100-03-22T02:26:58.212515-03:30",
		 INT64_C(4109378218212515000)},
		{"2261-11-21T08:11:22.457099-23:59",
		 INT64_C(9211219822457099000)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_time(rows[i].text, rows[i].time);
}
END_TEST

/* --- days ----------------------------------------------------------------- */

static int length_of_month(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30,
				      31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return lengths[month - 1] + (month == 2 && leap);
}

/* Each day of the month, another time of each; then a day too many. */
static void check_month(int year, int month, int64_t *day_s)
{
	char text[60];
	int length = length_of_month(year, month);

	for (int day = 1; day <= 31; day++) {
		int second = (year * 7919 + month * 104729 + day * 31) % DAY_S;

		snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ",
			 year, month, day, second / 3600, second / 60 % 60,
			 second % 60);
		if (day > length) {
			assert_none(text);
			continue;
		}
		assert_time(text, (*day_s + second) * S);
		*day_s += DAY_S;
	}
}

START_TEST(every_day_is_the_one_after_the_day_before)
{
	int64_t day_s = FIRST_DAY_S;

	for (int year = FIRST_YEAR; year <= LAST_YEAR; year++) {
		if (year == 1970)
			ck_assert_int_eq(day_s, 0);
		for (int month = 1; month <= 12; month++)
			check_month(year, month, &day_s);
	}
	ck_assert_int_eq(day_s, LAST_DAY_S + DAY_S);
}
END_TEST

START_TEST(every_minute_and_offset_counts)
{
	char text[40];

	for (int minute = 0; minute < 1440; minute++) {
		snprintf(text, sizeof(text), "1970-01-01T%02d:%02d:07Z",
			 minute / 60, minute % 60);
		assert_time(text, (minute * 60 + 7) * S);
		snprintf(text, sizeof(text), "1970-01-01T00:00:00+%02d:%02d",
			 minute / 60, minute % 60);
		assert_time(text, -(minute * 60 * S));
		snprintf(text, sizeof(text), "1970-01-01T00:00:00-%02d:%02d",
			 minute / 60, minute % 60);
		assert_time(text, minute * 60 * S);
	}
}
END_TEST

/* --- what RFC 3339 leaves open -------------------------------------------- */

START_TEST(small_letters_and_a_space_are_fine)
{
	assert_time("1970-01-02t00:00:01z", (DAY_S + 1) * S);
	assert_time("1970-01-02 00:00:01Z", (DAY_S + 1) * S);
	assert_time("1970-01-02 00:00:01+00:00", (DAY_S + 1) * S);
	assert_time("1970-01-02T00:00:01-00:00", (DAY_S + 1) * S);
}
END_TEST

START_TEST(second_60_is_the_next_second)
{
	assert_time("2016-12-31T23:59:60Z", INT64_C(1483228800) * S);
	assert_time("2016-12-31T23:59:60.5Z", INT64_C(1483228800) * S + S / 2);
	assert_time("1970-01-01T00:00:60+00:01", 0);
}
END_TEST

START_TEST(fraction_is_cut_towards_the_past)
{
	assert_time("1970-01-01T00:00:00.1Z", S / 10);
	assert_time("1970-01-01T00:00:00.000000001Z", 1);
	assert_time("1970-01-01T00:00:00.9999999999Z", S - 1);
	assert_time("1970-01-01T00:00:00.0000000009999Z", 0);
	assert_time("1969-12-31T23:59:59.9999999999Z", -1);
	assert_time("1969-12-31T23:59:59.0000000009Z", -S);
	assert_time("1970-01-01T00:00:00."
		    "1234567890123456789012345678901234567890+00:00",
		    123456789);
}
END_TEST

START_TEST(years_outside_the_bounds_in_utc_are_none)
{
	int64_t first = FIRST_DAY_S * S;
	int64_t last = (LAST_DAY_S + DAY_S) * S - 1;

	assert_time("1678-01-01T00:00:00Z", first);
	assert_time("1677-12-31T23:30:00-00:30", first);
	assert_none("1677-12-31T23:59:59.999999999Z");
	assert_none("1678-01-01T00:00:00+00:01");
	assert_time("2261-12-31T23:59:59.999999999Z", last);
	assert_time("2262-01-01T00:59:59.9999999999+01:00", last);
	assert_none("2262-01-01T00:00:00Z");
	assert_none("2261-12-31T23:59:60Z");
	assert_none("2261-12-31T23:59:59-00:01");
	assert_none("0000-01-01T00:00:00Z");
	assert_none("0001-01-01T00:00:00Z");
	assert_none("9999-12-31T23:59:59Z");
}
END_TEST

START_TEST(what_is_no_time_is_none)
{
	static const char *const none[] = {
		"",
		"Z",
		"now",
		"1700000000",
		"2026-11-22",
		"2026-11-22T10:00:00",
		"2026-11-22T10:00:00.5",
		"2026-11-22T10:00Z",
		"2026-11-22T10Z",
		"2026-11-22T10:00:00.Z",
		"2026-11-22T10:00:00.+01:00",
		"2026-11-22T10:00:00,5Z",
		"2026-11-22T10:00:00.5.5Z",
		"2026-11-22T10:00:00 Z",
		"2026-11-22T10:00:00Z ",
		" 2026-11-22T10:00:00Z",
		"2026-11-22T10:00:00ZZ",
		"2026-11-22T10:00:00UTC",
		"2026-11-22T10:00:00+01",
		"2026-11-22T10:00:00+0100",
		"2026-11-22T10:00:00+01:00:00",
		"2026-11-22T10:00:00+24:00",
		"2026-11-22T10:00:00+00:60",
		"2026-11-22T10:00:00-24:00",
		"2026-11-22T24:00:00Z",
		"2026-11-22T10:60:00Z",
		"2026-11-22T10:00:61Z",
		"2026-11-22_10:00:00Z",
		"2026-00-22T10:00:00Z",
		"2026-13-22T10:00:00Z",
		"2026-11-00T10:00:00Z",
		"2026-11-31T10:00:00Z",
		"2026-02-29T10:00:00Z",
		"1900-02-29T10:00:00Z",
		"20261122T100000Z",
		"+2026-11-22T10:00:00Z",
		"-2026-11-22T10:00:00Z",
		"12026-11-22T10:00:00Z",
		"2026-W47-7T10:00:00Z",
		"Sun, 22 Nov 2026 10:00:00 GMT",
	};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_none(none[i]);
}
END_TEST

/* --- against a slow reader ------------------------------------------------ */

struct reference {
	regex_t grammar;
	int64_t year_s[LAST_YEAR + 3]; /* where each begins */
};

static void reference_init(struct reference *reference)
{
	ck_assert_int_eq(regcomp(&reference->grammar,
				 "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]"
				 "[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?"
				 "([Zz]|[+-][0-9]{2}:[0-9]{2})$",
				 REG_EXTENDED),
			 0);
	reference->year_s[FIRST_YEAR] = FIRST_DAY_S;
	for (int year = FIRST_YEAR; year <= LAST_YEAR + 1; year++)
		reference->year_s[year + 1] =
			reference->year_s[year] +
			(length_of_month(year, 2) + 337) * DAY_S;
	reference->year_s[FIRST_YEAR - 1] = FIRST_DAY_S - 365 * DAY_S;
}

/* Good is a text whose year is within the bounds or next to them. */
static bool reference_read(const struct reference *reference, const char *text,
			   int64_t *time_ns)
{
	int year, month, day, hour, minute, second;
	char zone[60];
	int east[2] = {0, 0};
	int64_t time_s;
	double fraction = 0;

	if (regexec(&reference->grammar, text, 0, NULL, 0) != 0)
		return false;
	sscanf(text, "%4d-%2d-%2d%*c%2d:%2d:%2d%59s", &year, &month, &day,
	       &hour, &minute, &second, zone);
	if (zone[0] == '.')
		fraction = strtod(zone, NULL);
	text += strlen(text) - 6;
	if (*text == '+' || *text == '-')
		sscanf(text + 1, "%2d:%2d", &east[0], &east[1]);
	if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 ||
	    second > 60 || east[0] > 23 || east[1] > 59 ||
	    year < FIRST_YEAR - 1 || year > LAST_YEAR + 1 ||
	    day > length_of_month(year, month))
		return false;
	time_s = reference->year_s[year];
	while (--month > 0)
		time_s += length_of_month(year, month) * DAY_S;
	time_s += (day - 1) * DAY_S + hour * 3600 + minute * 60 + second;
	time_s -= (*text == '-' ? -60 : 60) * (east[0] * 60 + east[1]);
	if (time_s < FIRST_DAY_S || time_s >= LAST_DAY_S + DAY_S)
		return false;
	*time_ns = time_s * S + (int64_t)(fraction * (double)S + 0.5);
	return true;
}

static int check_same(const struct reference *reference, const char *text,
		      size_t size)
{
	int64_t time = 42;
	int64_t expected = 42;
	bool good = strlen(text) == size &&
		    reference_read(reference, text, &expected);

	ck_assert_msg(read_exact(timestamp_read, span_make(text, size),
				 &time) == good,
		      "'%s' is %s", text, good ? "a time" : "none");
	ck_assert_msg(time == (good ? expected : 42), "%s is %lld, not %lld",
		      text, (long long)time, (long long)expected);
	return good;
}

START_TEST(every_byte_changed_dropped_or_added_is_judged_right)
{
	static const char *const stamps[] = {
		"2026-11-22T10:00:05Z",
		"1999-02-28 23:59:59.250+01:30",
		"2000-02-29t00:00:60.000001-00:00",
		"2261-12-31T23:59:59Z",
		"1678-01-01T00:00:00-00:00",
	};
	struct reference reference;
	char text[60];
	int good = 0;

	reference_init(&reference);
	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
		size_t size = strlen(stamps[i]);

		for (size_t at = 0; at < size * 256; at++) {
			strcpy(text, stamps[i]);
			text[at / 256] = (char)(at % 256);
			good += check_same(&reference, text, size);
			memmove(text + at / 256 + 1, stamps[i] + at / 256,
				size + 1 - at / 256);
			good += check_same(&reference, text, size + 1);
		}
		for (size_t at = 0; at < size; at++) {
			strcpy(text, stamps[i]);
			memmove(text + at, stamps[i] + at + 1, size - at);
			good += check_same(&reference, text, size - 1);
		}
	}
	regfree(&reference.grammar);
	ck_assert_int_gt(good, 500);
}
END_TEST

/* --- numbers -------------------------------------------------------------- */

static void assert_number(const char *text, int64_t expected)
{
	int64_t time = 0;

	ck_assert_msg(read_exact(timestamp_of_number, span_of(text), &time),
		      "%s", text);
	ck_assert_msg(time == expected, "%s is %lld, not %lld", text,
		      (long long)time, (long long)expected);
}

static void assert_no_number(const char *text)
{
	int64_t time = 42;

	ck_assert_msg(!read_exact(timestamp_of_number, span_of(text), &time),
		      "%s", text);
	ck_assert_int_eq(time, 42);
}

START_TEST(unit_of_a_number_goes_by_its_magnitude)
{
	int64_t time = INT64_C(1700000000) * S;

	assert_number("1700000000", time);
	assert_number("1700000000000", time);
	assert_number("1700000000000000", time);
	assert_number("1700000000000000000", time);
	assert_number("-1700000000", -time);
	assert_number("-1700000000000", -time);
	assert_number("-1700000000000000", -time);
	assert_number("-1700000000000000000", -time);
	assert_number("1.7e9", time);
	assert_number("17e17", time);
	/* Just at the bounds of the units. */
	assert_number("100000000000", 100000000 * S);
	assert_number("1e11", 100000000 * S);
	assert_number("0.1e12", 100000000 * S);
	assert_number("-1e11", -100000000 * S);
	assert_no_number("99999999999");
	assert_no_number("99999999999.999");
	assert_no_number("99999999999999");
	assert_number("1e14", 100000000 * S);
	assert_no_number("99999999999999999");
	assert_number("1e17", 100000000 * S);
	assert_number("100000000000000001", 100000000 * S + 1);
}
END_TEST

START_TEST(fractions_and_exponents_of_a_number_count_exactly)
{
	assert_number("0", 0);
	assert_number("-0", 0);
	assert_number("0.000e99999", 0);
	assert_number("0e-99999999999999999999", 0);
	assert_number("1", S);
	assert_number("1700000000.123456789", 1700000000123456789);
	assert_number("1700000000.1234567899", 1700000000123456789);
	assert_number("1700000000123.456", 1700000000123456000);
	assert_number("1700000000123456.7891", 1700000000123456789);
	assert_number("1700000000123456789.9", 1700000000123456789);
	assert_number("1700000000123456789e-9", 1700000000123456789);
	assert_number("0.0000000019", 1);
	assert_number("-1.5", -1500000000);
	/* Towards the past. */
	assert_number("-0.0000000001", -1);
	assert_number("-1e-99999999999999999999", -1);
	assert_number("1e-99999999999999999999", 0);
	assert_number("-1.0000000001", -S - 1);
	assert_number("-1.0000000000", -S);
	assert_number("-1700000000123456789.5", -1700000000123456790);
}
END_TEST

START_TEST(numbers_outside_the_bounds_are_none)
{
	assert_number("-9214560000", FIRST_DAY_S * S);
	assert_number("-9214560000.000", FIRST_DAY_S * S);
	assert_no_number("-9214560000.0000000001");
	assert_number("-9214560000000000000", FIRST_DAY_S * S);
	assert_no_number("-9214560000000000001");
	assert_number("9214646399.9999999999", 9214646400 * S - 1);
	assert_no_number("9214646400");
	assert_no_number("9214646400000");
	assert_no_number("9214646400000000000");
	assert_no_number("9223372036854775807");
	assert_no_number("9223372036854775808");
	assert_no_number("18446744073709551616");
	assert_no_number("9999999999999999999");
	assert_no_number("-9999999999999999999");
	assert_no_number("99999999999999999999");
	assert_no_number("1e1000000000");
	assert_no_number("-1e99999999999999999999");
}
END_TEST

START_TEST(what_is_no_number_has_no_time)
{
	assert_no_number("");
	assert_no_number("-");
	assert_no_number("01");
	assert_no_number("1.");
	assert_no_number("1700000000Z");
	assert_no_number("2026-11-22T10:00:00Z");
}
END_TEST

START_TEST(a_million_digits_of_a_number_are_exact)
{
	size_t size = 1000000;
	char *text = malloc(size);
	int64_t time = 0;

	if (!text)
		ck_abort_msg("out of memory");
	memset(text, '0', size);
	text[0] = '-';
	text[1] = '5';
	text[2] = '.';
	ck_assert(timestamp_of_number(span_make(text, size), &time));
	ck_assert_int_eq(time, -5 * S);
	text[size - 1] = '1';
	ck_assert(timestamp_of_number(span_make(text, size), &time));
	ck_assert_int_eq(time, -5 * S - 1);
	memset(text + 1, '7', size - 1);
	ck_assert(!timestamp_of_number(span_make(text, size), &time));
	/* 0.000..7 carried out to 7. */
	memcpy(text, "0.", 2);
	memset(text + 2, '0', size - 2);
	memcpy(text + size - 8, "7e999991", 8);
	ck_assert(timestamp_of_number(span_make(text, size), &time));
	ck_assert_int_eq(time, 7 * S);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("timestamp");
	TCase *tests = tcase_create("timestamp");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, times_are_those_of_another_program);
	tcase_add_test(tests, every_day_is_the_one_after_the_day_before);
	tcase_add_test(tests, every_minute_and_offset_counts);
	tcase_add_test(tests, small_letters_and_a_space_are_fine);
	tcase_add_test(tests, second_60_is_the_next_second);
	tcase_add_test(tests, fraction_is_cut_towards_the_past);
	tcase_add_test(tests, years_outside_the_bounds_in_utc_are_none);
	tcase_add_test(tests, what_is_no_time_is_none);
	tcase_add_test(tests,
		       every_byte_changed_dropped_or_added_is_judged_right);
	tcase_add_test(tests, unit_of_a_number_goes_by_its_magnitude);
	tcase_add_test(tests,
		       fractions_and_exponents_of_a_number_count_exactly);
	tcase_add_test(tests, numbers_outside_the_bounds_are_none);
	tcase_add_test(tests, what_is_no_number_has_no_time);
	tcase_add_test(tests, a_million_digits_of_a_number_are_exact);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
