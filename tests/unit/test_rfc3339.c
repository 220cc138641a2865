#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rfc3339.h"

#define NS_PER_S ((int64_t)1000000000)

static char text[RFC3339_SIZE];

static const char *utc(int64_t time_ns)
{
	size_t size = rfc3339_format(text, time_ns, false);

	ck_assert_uint_eq(size, strlen(text));
	return text;
}

static const char *local(const char *zone, int64_t time_ns)
{
	setenv("TZ", zone, 1);
	tzset();
	rfc3339_format(text, time_ns, true);
	return text;
}

START_TEST(known_times_stand_as_the_rfc_writes_them)
{
	ck_assert_str_eq(utc(0), "1970-01-01T00:00:00Z");
	ck_assert_str_eq(utc(1795341600 * NS_PER_S), "2026-11-22T10:00:00Z");
	ck_assert_str_eq(utc(951782400 * NS_PER_S), "2000-02-29T00:00:00Z");
	ck_assert_str_eq(utc(951868799 * NS_PER_S), "2000-02-29T23:59:59Z");
	ck_assert_str_eq(utc(4107542400 * NS_PER_S), "2100-03-01T00:00:00Z");
}
END_TEST

START_TEST(fractions_are_cut_to_six_digits_and_end_without_zeros)
{
	ck_assert_str_eq(utc(314000000), "1970-01-01T00:00:00.314Z");
	ck_assert_str_eq(utc(999999999), "1970-01-01T00:00:00.999999Z");
	ck_assert_str_eq(utc(1000), "1970-01-01T00:00:00.000001Z");
	ck_assert_str_eq(utc(999), "1970-01-01T00:00:00Z");
	ck_assert_str_eq(utc(500000000), "1970-01-01T00:00:00.5Z");
}
END_TEST

START_TEST(times_before_1970_run_forward_too)
{
	ck_assert_str_eq(utc(-1), "1969-12-31T23:59:59.999999Z");
	ck_assert_str_eq(utc(-NS_PER_S), "1969-12-31T23:59:59Z");
	ck_assert_str_eq(utc(-NS_PER_S / 2), "1969-12-31T23:59:59.5Z");
	ck_assert_str_eq(utc(INT64_MIN), "1677-09-21T00:12:43.145224Z");
	ck_assert_str_eq(utc(INT64_MAX), "2262-04-11T23:47:16.854775Z");
}
END_TEST

START_TEST(every_day_is_the_c_librarys_day)
{
	for (int64_t day = -106751; day <= 106751; day++) {
		time_t time = (time_t)(day * 86400 + 43200);
		struct civil_time civil;
		struct tm tm;

		gmtime_r(&time, &tm);
		civil_time_of(&civil, time * NS_PER_S, false);
		/* ck_assert() is too slow for so many. */
		if (civil.year != tm.tm_year + 1900 ||
		    (int)civil.month != tm.tm_mon + 1 ||
		    (int)civil.day != tm.tm_mday || civil.day_number != day ||
		    civil.hour != 12)
			ck_abort_msg("day %lld", (long long)day);
	}
}
END_TEST

START_TEST(local_times_have_the_zones_offset)
{
	int64_t time_ns = 1795341600 * NS_PER_S;

	ck_assert_str_eq(local("CET-1", time_ns), "2026-11-22T11:00:00+01:00");
	ck_assert_str_eq(local("EST5", time_ns), "2026-11-22T05:00:00-05:00");
	ck_assert_str_eq(local("IST-5:30", time_ns),
			 "2026-11-22T15:30:00+05:30");
	ck_assert_str_eq(local("NST3:30", time_ns),
			 "2026-11-22T06:30:00-03:30");
	ck_assert_str_eq(local("UTC0", time_ns), "2026-11-22T10:00:00+00:00");
	ck_assert_str_eq(local("NZT-12", time_ns + 3 * 3600 * NS_PER_S),
			 "2026-11-23T01:00:00+12:00");
}
END_TEST

START_TEST(an_offset_with_seconds_names_the_same_instant)
{
	/* The RFC has no seconds in an offset. */
	ck_assert_str_eq(local("LMT-0:19:32", 0), "1970-01-01T00:19:00+00:19");
}
END_TEST

START_TEST(appending_keeps_what_was_there)
{
	struct buffer out = {0};

	buffer_append_text(&out, "at ");
	rfc3339_append(&out, 0, false);
	ck_assert(span_is(buffer_span(&out), "at 1970-01-01T00:00:00Z"));
	buffer_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rfc3339");
	TCase *tests = tcase_create("rfc3339");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, known_times_stand_as_the_rfc_writes_them);
	tcase_add_test(tests,
		       fractions_are_cut_to_six_digits_and_end_without_zeros);
	tcase_add_test(tests, times_before_1970_run_forward_too);
	tcase_add_test(tests, every_day_is_the_c_librarys_day);
	tcase_add_test(tests, local_times_have_the_zones_offset);
	tcase_add_test(tests, an_offset_with_seconds_names_the_same_instant);
	tcase_add_test(tests, appending_keeps_what_was_there);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
