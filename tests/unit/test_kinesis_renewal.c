/* Keys that are answered: which are taken, how long, and when others are. */
#include "keys_asked.h"

/* --- what is in the answer ------------------------------------------------ */

static const struct {
	const char *body;
	const char *why;
} no_keys[] = {
	{"", "no keys in it"},
	{"[]", "no keys in it"},
	{"{}", "no keys in it"},
	{"{\"AccessKeyId\":\"AKC\"}", "no keys in it"},
	{"{\"AccessKeyId\":\"AKC\",\"SecretAccessKey\":\"\"}", "no keys in it"},
	{"{\"AccessKeyId\":\"AKC\",\"SecretAccessKey\":1}", "no keys in it"},
	{"{\"accesskeyid\":\"AKC\",\"secretaccesskey\":\"" SECRET "\"}",
	 "no keys in it"},
	{"{" PAIR, "no keys in it"},
	{"{" PAIR ",\"Expiration\":\"tomorrow\"}", "no keys in it"},
	{"{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"" SECRET
	 "\"}",
	 "answers 'AssumeRoleUnauthorizedAccess'"},
	{"{\"Code\":\"a\\nb\"}", "no keys in it"},
	{"{\"AccessKeyId\":\"AK\\n\",\"SecretAccessKey\":\"" SECRET "\"}",
	 "line break"},
	{"{" PAIR ",\"Token\":\"a\\r\\nb\"}", "line break"},
	{KEYS("2026-11-28T11:00:00Z"), "expired"},
	{KEYS("2025-11-28T12:00:00Z"), "expired"},
};

START_TEST(an_answer_without_keys_is_a_failure)
{
	look_at_container();
	step(CREDENTIALS_ASK);
	answer(200, no_keys[_i].body);
	step(CREDENTIALS_WAIT);
	has(&credentials.why, no_keys[_i].why);
	pass(NS_PER_S / 2, NS_PER_S);
	step(CREDENTIALS_ASK);
	answer(200, KEYS(NOON));
	ready("AKC", "T");
}
END_TEST

START_TEST(keys_may_last_for_ever)
{
	look_at_container();
	step(CREDENTIALS_ASK);
	answer(200, "{" PAIR "}");
	ready("AKC", NULL);
	now_ns += 1000000 * MINUTE;
	ready("AKC", NULL);
}
END_TEST

/* --- renewal -------------------------------------------------------------- */

static void look_until_noon(void)
{
	look_at_container();
	step(CREDENTIALS_ASK);
	answer(200, KEYS(NOON));
	ready("AKC", "T");
}

START_TEST(keys_are_renewed_before_they_expire)
{
	look_until_noon();
	now_ns = noon_ns - 5 * MINUTE - 1;
	ready("AKC", "T");
	now_ns++;
	step(CREDENTIALS_ASK);
	ready("AKC", "T"); /* the old ones are in use meanwhile */
	answer(200, OTHERS("2026-11-28T18:00:00Z"));
	ready("AKD", "U");
	now_ns = noon_ns;
	ready("AKD", "U");
}
END_TEST

START_TEST(a_renewal_that_fails_is_tried_again_while_they_last)
{
	int tries = 0;

	look_until_noon();
	for (now_ns = noon_ns - 5 * MINUTE; now_ns < noon_ns; tries++) {
		step(CREDENTIALS_ASK);
		ready("AKC", "T");
		answer(500, "");
		ready("AKC", "T");
		pass(NS_PER_S / 2, 30 * NS_PER_S);
	}
	ck_assert_int_gt(tries, 10);
	ck_assert_int_lt(tries, 40);
}
END_TEST

/* They are asked for on and on, and what is wrong can be said. */
START_TEST(keys_that_have_expired_may_still_be_renewed)
{
	look_until_noon();
	ck_assert_ptr_null(credentials_trouble(&credentials));
	now_ns = noon_ns;
	for (int i = 0; i < 100; i++) {
		step(CREDENTIALS_ASK);
		step(CREDENTIALS_WAIT);
		answer(500, "");
		step(CREDENTIALS_WAIT);
		has(credentials_trouble(&credentials), "HTTP status 500");
		pass(NS_PER_S / 2, 30 * NS_PER_S);
	}
	step(CREDENTIALS_ASK);
	answer(200, OTHERS("2026-11-28T18:00:00Z"));
	ready("AKD", "U");
	ck_assert_ptr_null(credentials_trouble(&credentials));
}
END_TEST

/* Who has no others as yet is not asked without a pause. */
START_TEST(keys_that_end_soon_are_asked_for_now_and_then)
{
	int tries = 0;

	look_until_noon();
	for (now_ns = noon_ns - 5 * MINUTE; now_ns < noon_ns; tries++) {
		step(CREDENTIALS_ASK);
		answer(200, KEYS(NOON));
		ready("AKC", "T");
		pass(NS_PER_S, MINUTE);
	}
	ck_assert_int_gt(tries, 4);
	ck_assert_int_lt(tries, 20);
}
END_TEST

START_TEST(refused_keys_are_renewed_at_once)
{
	look_until_noon();
	ck_assert(credentials_renew(&credentials));
	step(CREDENTIALS_ASK);
	step(CREDENTIALS_WAIT);
	answer(200, OTHERS(NOON));
	ready("AKD", "U");
	/* also where a renewal has failed before */
	now_ns = noon_ns - 5 * MINUTE;
	for (int i = 0; i < 3; i++) {
		step(CREDENTIALS_ASK);
		answer(500, "");
		pass(1, 30 * NS_PER_S);
	}
	step(CREDENTIALS_ASK);
	answer(500, "");
	ck_assert(credentials_renew(&credentials));
	step(CREDENTIALS_ASK);
}
END_TEST

/* It is perhaps being replaced: as long as the keys last, nothing is lost. */
START_TEST(token_may_be_missing_for_a_while)
{
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", aws_file("token"), 1);
	aws_write("token", "first");
	look_at_container();
	step(CREDENTIALS_ASK);
	answer(200, KEYS(NOON));
	ck_assert_int_eq(unlink(aws_file("token")), 0);
	now_ns = noon_ns - 5 * MINUTE;
	ready("AKC", "T");
	pass(1, 30 * NS_PER_S);
	ready("AKC", "T");
	aws_write("token", "second");
	pass(1, 30 * NS_PER_S);
	step(CREDENTIALS_ASK);
	ready("AKC", "T");
	answer(200, OTHERS("2026-11-28T18:00:00Z"));
	ready("AKD", "U");
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

int main(void)
{
	const TTest *const tests[] = {
		keys_may_last_for_ever,
		keys_are_renewed_before_they_expire,
		a_renewal_that_fails_is_tried_again_while_they_last,
		keys_that_have_expired_may_still_be_renewed,
		keys_that_end_soon_are_asked_for_now_and_then,
		refused_keys_are_renewed_at_once,
		token_may_be_missing_for_a_while,
	};
	Suite *suite = suite_create("kinesis renewal");
	TCase *tcase = tcase_create("kinesis renewal");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, keys_begin, keys_end);
	tcase_add_loop_test(tcase, an_answer_without_keys_is_a_failure, 0,
			    COUNT(no_keys));
	for (int i = 0; i < COUNT(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
