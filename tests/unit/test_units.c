#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define MS ((int64_t)1000000)

static struct error error;

START_TEST(durations_are_read_exactly)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"500ms", 500},
		{"5s", 5000},
		{"5", 5000},
		{"1m", 60000},
		{"1h", 3600000},
		{"1d", 86400000},
		{"1.5s", 1500},
		{"1.5", 1500},
		{"0.001", 1},
		{"1ms", 1},
		{"1.000ms", 1},
		{"0.25m", 15000},
		{"0.0001h", 360},
		{"0.3333h", 1199880},
		{"05s", 5000},
		{"0.0009765625d", 84375},
		{"36500d", (int64_t)36500 * 86400000},
		{"1.5000000000000000000000000s", 1500},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ns = 0;

		ck_assert_msg(duration_parse(cases[i].text, &ns, &error) == 0,
			      "%s %s", cases[i].text, error.message);
		ck_assert_msg(ns == cases[i].ms * MS, "%s: %lld", cases[i].text,
			      (long long)ns);
	}
}
END_TEST

START_TEST(what_is_no_duration_is_refused_with_its_reason)
{
	static const char junk[] = "is no duration "
				   "(try 500ms, 5s, 1m, 1h, 1d)";
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{"", junk},
		{"x", junk},
		{"5x", junk},
		{"5 s", junk},
		{" 5", junk},
		{"5S", junk},
		{"-", junk},
		{".", junk},
		{"5.", junk},
		{".5", junk},
		{"1e3", junk},
		{"5ss", junk},
		{"+5", junk},
		{"1.5.5", junk},
		{"all", junk},
		{"0x5", junk},
		{"5,5", junk},
		{"0", "is not above 0"},
		{"0ms", "is not above 0"},
		{"0.000", "is not above 0"},
		{"-1", "is not above 0"},
		{"-5s", "is not above 0"},
		{"0.5ms", "is finer than 1ms"},
		{"0.0001", "is finer than 1ms"},
		{"1.0005s", "is finer than 1ms"},
		{"0.00000000000001d", "is finer than 1ms"},
		{"36500.001d", "is too long (at most 36500d)"},
		{"36501d", "is too long (at most 36500d)"},
		{"99999999999999999999", "is too long (at most 36500d)"},
		{"18446744073709551615ms", "is too long (at most 36500d)"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ns = 7;

		ck_assert_msg(duration_parse(cases[i].text, &ns, &error) == -1,
			      "%s", cases[i].text);
		ck_assert_msg(strcmp(error.message, cases[i].message) == 0,
			      "%s: %s", cases[i].text, error.message);
		ck_assert_int_eq(ns, 7);
	}
}
END_TEST

START_TEST(sizes_are_powers_of_1024)
{
	static const char *const bad[] = {"",
					  "0",
					  "0K",
					  "K",
					  "-1",
					  "1.5M",
					  "1KB",
					  "1T",
					  "1 K",
					  "+1",
					  "9999999999G",
					  "18446744073709551616",
					  "9223372036854775808"};
	uint64_t size;

	ck_assert_int_eq(size_parse("4096", &size, &error), 0);
	ck_assert_uint_eq(size, 4096);
	ck_assert_int_eq(size_parse("64K", &size, &error), 0);
	ck_assert_uint_eq(size, 65536);
	ck_assert_int_eq(size_parse("1M", &size, &error), 0);
	ck_assert_uint_eq(size, 1 << 20);
	ck_assert_int_eq(size_parse("2G", &size, &error), 0);
	ck_assert_uint_eq(size, (uint64_t)2 << 30);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(size_parse(bad[i], &size, &error) == -1, "%s",
			      bad[i]);
}
END_TEST

START_TEST(zero_is_a_duration_where_it_may_be)
{
	static const char *const zeros[] = {"0", "0s", "0.0m", "00ms"};
	static const char *const bad[] = {"-0", "-1", "", "s", "0.0001"};
	int64_t duration;

	for (size_t i = 0; i < sizeof(zeros) / sizeof(*zeros); i++) {
		ck_assert_int_eq(
			duration_parse_or_zero(zeros[i], &duration, &error), 0);
		ck_assert_int_eq(duration, 0);
		ck_assert_int_eq(duration_parse(zeros[i], &duration, &error),
				 -1);
	}
	ck_assert_int_eq(duration_parse_or_zero("1.5s", &duration, &error), 0);
	ck_assert_int_eq(duration, 1500 * MS);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_int_eq(
			duration_parse_or_zero(bad[i], &duration, &error), -1);
}
END_TEST

START_TEST(counts_are_whole_numbers)
{
	static const char *const bad[] = {"",	 "-1", "1.5",
					  "1e3", " 1", "1 ",
					  "0x1", "x",  "18446744073709551617"};
	uint64_t count;

	ck_assert_int_eq(count_parse("0", 0, &count, &error), 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(count_parse("1000000", 1, &count, &error), 0);
	ck_assert_uint_eq(count, 1000000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(count_parse(bad[i], 0, &count, &error) == -1,
			      "%s", bad[i]);
	ck_assert_int_eq(count_parse("0", 1, &count, &error), -1);
	ck_assert_str_eq(error.message, "is below 1");
}
END_TEST

static struct buffer shown;

static const char *terminated(void)
{
	buffer_append_char(&shown, '\0');
	return shown.data;
}

static const char *duration(int64_t ns)
{
	buffer_clear(&shown);
	duration_append(&shown, ns);
	return terminated();
}

static const char *bytes(uint64_t size)
{
	buffer_clear(&shown);
	bytes_append(&shown, size);
	return terminated();
}

START_TEST(durations_are_shown_in_the_unit_that_suits)
{
	ck_assert_str_eq(duration(350 * MS), "350ms");
	ck_assert_str_eq(duration(999 * MS + 999999), "999ms");
	ck_assert_str_eq(duration(1000 * MS), "1s");
	ck_assert_str_eq(duration(4250 * MS), "4.2s");
	ck_assert_str_eq(duration(59999 * MS), "59.9s");
	ck_assert_str_eq(duration(185000 * MS), "3m 05s");
	ck_assert_str_eq(duration(7800000 * MS), "2h 10m");
	ck_assert_str_eq(duration((int64_t)100 * 3600000 * MS), "4d 04h");
	ck_assert_str_eq(duration(0), "0ms");
	ck_assert_str_eq(duration(-5), "0ms");
	buffer_release(&shown);
}
END_TEST

START_TEST(bytes_are_shown_in_powers_of_1000)
{
	ck_assert_str_eq(bytes(0), "0 B");
	ck_assert_str_eq(bytes(812), "812 B");
	ck_assert_str_eq(bytes(999), "999 B");
	ck_assert_str_eq(bytes(1000), "1.0 KB");
	ck_assert_str_eq(bytes(1400000), "1.4 MB");
	ck_assert_str_eq(bytes(410000000), "410 MB");
	ck_assert_str_eq(bytes(999499), "999 KB");
	ck_assert_str_eq(bytes(999600), "1.0 MB");
	ck_assert_str_eq(bytes(UINT64_MAX), "18.4 EB");
	buffer_release(&shown);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("units");
	TCase *tests = tcase_create("units");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, durations_are_read_exactly);
	tcase_add_test(tests, what_is_no_duration_is_refused_with_its_reason);
	tcase_add_test(tests, sizes_are_powers_of_1024);
	tcase_add_test(tests, zero_is_a_duration_where_it_may_be);
	tcase_add_test(tests, counts_are_whole_numbers);
	tcase_add_test(tests, durations_are_shown_in_the_unit_that_suits);
	tcase_add_test(tests, bytes_are_shown_in_powers_of_1000);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
