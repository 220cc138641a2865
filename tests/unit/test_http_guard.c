/*
 * Whose requests are answered: a name that a page elsewhere could have bound to
 * our address is none of ours.
 */
#include <check.h>
#include <stdlib.h>

#include "http/guard.h"

START_TEST(numbers_and_our_names_are_answered)
{
	static const char *const hosts[] = {
		"localhost",	   "localhost:8080",
		"LocalHost:80",	   "localhost.",
		"127.0.0.1:8080",  "127.0.0.1",
		"192.168.1.7:80",  "[::1]:8080",
		"[::1]",	   "[2001:db8::7]",
		"shop.example:99", "SHOP.example",
		"box:8080",	   "box",
		"localhost:",
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
		ck_assert_msg(guard_host(hosts[i], "shop.example", "box"), "%s",
			      hosts[i]);
}
END_TEST

START_TEST(other_names_are_not)
{
	static const char *const hosts[] = {
		"evil.example",
		"evil.example:8080",
		"localhost.evil.example",
		"127.0.0.1.evil.example",
		"127.0.0.1.nip.io:80",
		"evil-localhost",
		"localhostx",
		"boxx",
		"shop.example.evil",
		"::1",
		"[::1",
		"::1]",
		"[::1]x",
		"[127.0.0.1]",
		"127.1",
		"0x7f.0.0.1",
		"2130706433",
		"1.2.3.4.5",
		"127.0.0.1:80:90",
		"localhost:80x",
		" localhost",
		"localhost ",
		"user@localhost",
		":8080",
		".",
		"[]",
		"[fe80::1%eth0]",
		"1111111111111111111111111111111111111111111111111111111111111",
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
		ck_assert_msg(!guard_host(hosts[i], "shop.example", "box"),
			      "%s", hosts[i]);
}
END_TEST

START_TEST(without_names_there_are_none)
{
	ck_assert(!guard_host("", NULL, ""));
	ck_assert(!guard_host("box", NULL, ""));
	ck_assert(guard_host("127.0.0.1", NULL, ""));
}
END_TEST

START_TEST(an_origin_is_that_of_the_host)
{
	ck_assert(guard_origin("http://localhost:8080", "localhost:8080"));
	ck_assert(guard_origin("HTTP://LocalHost:8080", "localhost:8080"));
	ck_assert(guard_origin("https://shop.example", "shop.example"));
	ck_assert(!guard_origin("http://localhost:8081", "localhost:8080"));
	ck_assert(!guard_origin("http://evil.example", "localhost:8080"));
	ck_assert(!guard_origin("null", "localhost:8080"));
	ck_assert(!guard_origin("", "localhost:8080"));
	ck_assert(!guard_origin("localhost:8080", "localhost:8080"));
	ck_assert(!guard_origin("file://", "localhost:8080"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http_guard");
	TCase *tcase = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, numbers_and_our_names_are_answered);
	tcase_add_test(tcase, other_names_are_not);
	tcase_add_test(tcase, without_names_there_are_none);
	tcase_add_test(tcase, an_origin_is_that_of_the_host);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
