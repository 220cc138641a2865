/* What the container is asked for keys, and the instance. */
#include "keys_asked.h"

/* --- the container -------------------------------------------------------- */

START_TEST(container_is_asked)
{
	look_at_container();
	ck_assert_str_eq(credentials_origin(&credentials), "the container");
	asks("GET", "http://169.254.170.2/v2/x?id=1", NULL);
	step(CREDENTIALS_WAIT);
	ck_assert_int_eq(credentials_due_in_ns(&credentials, now_ns),
			 TIME_NEVER);
	answer(200, KEYS(NOON));
	ready("AKC", "T");
}
END_TEST

static const struct {
	const char *url;
	bool fits;
} full_urls[] = {
	{"https://keys.example/x", true},
	{"HTTPS://keys.example", true},
	{"http://localhost:1234/x", true},
	{"http://LocalHost", true},
	{"http://127.0.0.1:80?x", true},
	{"http://127.8.9.10/", true},
	{"http://[::1]:80/x", true},
	{"http://169.254.170.2/x", true},
	{"http://169.254.170.23/x", true},
	{"http://[fd00:ec2::23]/x", true},
	{"http://169.254.170.24/x", false},
	{"http://169.254.169.254/x", false},
	{"http://keys.example/x", false},
	{"http://localhost.example/x", false},
	{"http://127.example/x", false},
	{"http://127.0.0.1.example/x", false},
	{"http://[::2]/x", false},
	{"http://[::1", false},
	/* another host behind the name of a user */
	{"http://127.0.0.1@keys.example/x", false},
	{"http://127.0.0.1:80@keys.example/x", false},
	{"http://[::1]@keys.example/x", false},
	{"http://127.0.0.1\\@keys.example/x", false},
	{"http://keys.example/@127.0.0.1", false},
	{"http://keys.example#@localhost/", false},
	{"http:///x", false},
	{"http:/localhost/x", false},
	{"ftp://localhost/x", false},
	{"localhost", false},
	{"/x", false},
};

START_TEST(keys_do_not_come_in_the_clear_from_afar)
{
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", full_urls[_i].url, 1);
	if (!full_urls[_i].fits) {
		refuse("AWS_CONTAINER_CREDENTIALS_FULL_URI");
		return;
	}
	look();
	asks("GET", full_urls[_i].url, NULL);
}
END_TEST

START_TEST(token_of_the_container_is_sent)
{
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic " SECRET, 1);
	look_at_container();
	asks("GET", "http://169.254.170.2/v2/x?id=1",
	     "Authorization: Basic " SECRET);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nb: " SECRET, 1);
	look();
	step(CREDENTIALS_WAIT);
	has(&credentials.why, "AWS_CONTAINER_AUTHORIZATION_TOKEN has a line");
}
END_TEST

START_TEST(token_of_a_file_is_read_each_time)
{
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "x", 1);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", aws_file("token"), 1);
	aws_write("token", "first\r\n");
	look_at_container();
	asks("GET", "http://169.254.170.2/v2/x?id=1", "Authorization: first");
	answer(200, KEYS(NOON));
	aws_write("token", "second");
	now_ns = noon_ns - 5 * MINUTE;
	asks("GET", "http://169.254.170.2/v2/x?id=1", "Authorization: second");
}
END_TEST

static void token_is_refused(const char *why)
{
	look();
	step(CREDENTIALS_WAIT);
	has(&credentials.why, why);
	has(&credentials.why, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
}

START_TEST(token_of_no_use_is_said)
{
	char large[8192];

	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", aws_file("token"), 1);
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "x", 1);
	token_is_refused("No such file");
	aws_write("token", "\n\n");
	token_is_refused("is empty");
	aws_write("token", SECRET "\nsecond: line\n");
	token_is_refused("line break");
	aws_write_bytes("token", SECRET "\0x", sizeof(SECRET) + 1);
	token_is_refused("line break");
	memset(large, 'x', sizeof(large));
	aws_write_bytes("token", large, sizeof(large));
	token_is_refused("more than 8 KiB");
	aws_write_bytes("token", large, sizeof(large) - 1);
	look();
	step(CREDENTIALS_ASK);
	ck_assert_int_eq(unlink(aws_file("token")), 0);
	ck_assert_int_eq(mkdir(aws_file("token"), 0700), 0);
	token_is_refused("Is a directory");
}
END_TEST

/* --- the instance --------------------------------------------------------- */

#define METADATA "http://169.254.169.254/latest/"
#define ROLES	 METADATA "meta-data/iam/security-credentials/"
#define TTL	 "X-aws-ec2-metadata-token-ttl-seconds: 21600"

START_TEST(instance_is_asked_by_version_two)
{
	look();
	ck_assert_str_eq(credentials_origin(&credentials), "the instance");
	asks("PUT", METADATA "api/token", TTL);
	answer(200, "token==");
	asks("GET", ROLES, "X-aws-ec2-metadata-token: token==");
	answer(200, "shop-role\nother\n");
	asks("GET", ROLES "shop-role", "X-aws-ec2-metadata-token: token==");
	step(CREDENTIALS_WAIT);
	answer(200, "{\"Code\":\"Success\"," PAIR ",\"Token\":\"T\","
		    "\"Expiration\":\"" NOON "\"}");
	ready("AKC", "T");
	/* When they are renewed, from the beginning. */
	now_ns = noon_ns - 5 * MINUTE;
	asks("PUT", METADATA "api/token", TTL);
}
END_TEST

START_TEST(instance_may_be_elsewhere)
{
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[fd00::1]:80//", 1);
	look();
	asks("PUT", "http://[fd00::1]:80/latest/api/token", TTL);
}
END_TEST

/* Never by version one, whatever the answer. */
START_TEST(without_a_token_nothing_is_asked)
{
	static const int statuses[] = {0, 400, 403, 404, 405, 500};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		look();
		asks("PUT", METADATA "api/token", TTL);
		answer(statuses[i], "no");
		step(CREDENTIALS_WAIT);
		pass(1, NS_PER_S);
		asks("PUT", METADATA "api/token", TTL);
	}
}
END_TEST

static void fail_at(const char *const *bodies, int status, const char *why)
{
	look();
	for (int i = 0; i < 2; i++) {
		for (const char *const *body = bodies; *body; body++) {
			step(CREDENTIALS_ASK);
			answer(200, *body);
		}
		step(CREDENTIALS_ASK);
		answer(status, "what " SECRET);
		ck_assert_ptr_null(credentials_trouble(&credentials));
		if (i == 0) {
			step(CREDENTIALS_WAIT);
			pass(NS_PER_S / 2, NS_PER_S);
		}
	}
	step(CREDENTIALS_FAILED);
	has(&error, why);
}

START_TEST(what_fails_is_tried_twice_and_said)
{
	static const char *const none[] = {NULL};
	static const char *const token[] = {"t", NULL};
	static const char *const role[] = {"t", "r", NULL};

	fail_at(none, 403, "the instance answers with HTTP status 403");
	fail_at(token, 404, "the instance has no role");
	fail_at(token, 500, "the instance answers with HTTP status 500");
	fail_at(role, 404, "the instance answers with HTTP status 404");
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x", 1);
	fail_at(none, 404, "the container answers with HTTP status 404");
}
END_TEST

START_TEST(all_places_are_named_when_nobody_answers)
{
	look();
	for (int i = 0; i < 2; i++) {
		step(CREDENTIALS_ASK);
		answer(0, "no route");
		now_ns += NS_PER_S;
	}
	step(CREDENTIALS_FAILED);
	has(&error, "AWS_ACCESS_KEY_ID");
	has(&error, "~/.aws/credentials");
	has(&error, "container");
	has(&error, "no instance answers: no route");
}
END_TEST

START_TEST(an_answer_without_a_word_is_none)
{
	static const char *const bodies[] = {"", " token", "\ntoken"};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		look();
		step(CREDENTIALS_ASK);
		answer(200, bodies[i]);
		step(CREDENTIALS_WAIT);
	}
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

int main(void)
{
	const TTest *const tests[] = {
		container_is_asked,
		token_of_the_container_is_sent,
		token_of_a_file_is_read_each_time,
		token_of_no_use_is_said,
		instance_is_asked_by_version_two,
		instance_may_be_elsewhere,
		without_a_token_nothing_is_asked,
		what_fails_is_tried_twice_and_said,
		all_places_are_named_when_nobody_answers,
		an_answer_without_a_word_is_none,
	};
	Suite *suite = suite_create("kinesis metadata");
	TCase *tcase = tcase_create("kinesis metadata");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, keys_begin, keys_end);
	tcase_add_loop_test(tcase, keys_do_not_come_in_the_clear_from_afar, 0,
			    COUNT(full_urls));
	for (int i = 0; i < COUNT(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
