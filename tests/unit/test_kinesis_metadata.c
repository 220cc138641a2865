/* Keys that are asked for: of the container, and of the instance. */
#include "aws_files.h"
#include "kinesis/credentials.h"

#define SECRET "s3cret/+key"
#define NOON   "2026-11-28T12:00:00Z"
#define MINUTE (60 * NS_PER_S)

static const int64_t noon_ns = 1795867200 * NS_PER_S;

static struct credentials credentials;
static struct credentials_request request;
static struct error error;
static int64_t now_ns;

static void begin(void)
{
	aws_begin();
	now_ns = noon_ns - 60 * MINUTE;
}

static void end(void)
{
	credentials_release(&credentials);
	aws_end();
}

static void look(void)
{
	credentials_release(&credentials);
	if (credentials_init(&credentials, &error) != 0)
		ck_abort_msg("%s", error.message);
}

static void has(const struct error *why, const char *words)
{
	if (!strstr(why->message, words))
		ck_abort_msg("'%s' has no '%s'", why->message, words);
	ck_assert_ptr_null(strstr(why->message, SECRET));
	ck_assert_ptr_null(strchr(why->message, '\n'));
}

static void refuse(const char *words)
{
	credentials_release(&credentials);
	ck_assert_int_eq(credentials_init(&credentials, &error), -1);
	has(&error, words);
}

static void step(enum credentials_status expected)
{
	enum credentials_status status =
		credentials_step(&credentials, now_ns, &request, &error);

	if (status != expected)
		ck_abort_msg("status %d, not %d: %s", status, expected,
			     credentials.why.message);
}

/* A request is to be made of that URL, with that header or none. */
static void asks(const char *method, const char *url, const char *header)
{
	step(CREDENTIALS_ASK);
	ck_assert_str_eq(request.method, method);
	ck_assert_str_eq(request.url, url);
	ck_assert_uint_eq(request.header_count, header != NULL);
	if (header)
		ck_assert_str_eq(request.headers[0], header);
}

static void answer(int status, const char *body)
{
	credentials_answer(&credentials, now_ns, status, span_of(body));
}

static void ready(const char *access_key, const char *token)
{
	step(CREDENTIALS_READY);
	ck_assert_str_eq(credentials.access_key, access_key);
	ck_assert_str_eq(credentials.secret_key, SECRET);
	ck_assert_pstr_eq(credentials.session_token, token);
}

/* Time goes on to when a step can help. */
static void pass(int64_t from_ns, int64_t to_ns)
{
	int64_t due_ns = credentials_due_in_ns(&credentials, now_ns);

	ck_assert_int_ge(due_ns, from_ns);
	ck_assert_int_le(due_ns, to_ns);
	now_ns += due_ns;
}

#define PAIR "\"AccessKeyId\":\"AKC\",\"SecretAccessKey\":\"" SECRET "\""
#define KEYS(expires) \
	"{" PAIR ",\"Token\":\"T\",\"Expiration\":\"" expires "\"}"
#define OTHERS(expires)                                          \
	"{\"AccessKeyId\":\"AKD\",\"SecretAccessKey\":\"" SECRET \
	"\",\"Token\":\"U\",\"Expiration\":\"" expires "\"}"

/* --- the container -------------------------------------------------------- */

static void look_at_container(void)
{
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x?id=1", 1);
	look();
}

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

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

int main(void)
{
	const TTest *const tests[] = {
		container_is_asked,
		token_of_the_container_is_sent,
		token_of_a_file_is_read_each_time,
		token_of_no_use_is_said,
		token_may_be_missing_for_a_while,
		instance_is_asked_by_version_two,
		instance_may_be_elsewhere,
		without_a_token_nothing_is_asked,
		what_fails_is_tried_twice_and_said,
		all_places_are_named_when_nobody_answers,
		an_answer_without_a_word_is_none,
		keys_may_last_for_ever,
		keys_are_renewed_before_they_expire,
		a_renewal_that_fails_is_tried_again_while_they_last,
		keys_that_have_expired_may_still_be_renewed,
		keys_that_end_soon_are_asked_for_now_and_then,
		refused_keys_are_renewed_at_once,
	};
	Suite *suite = suite_create("kinesis metadata");
	TCase *tcase = tcase_create("kinesis metadata");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, keys_do_not_come_in_the_clear_from_afar, 0,
			    COUNT(full_urls));
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
