/* Who has keys: the environment, the shared files, or nobody. */
#include "aws_files.h"
#include "kinesis/credentials.h"

#define SECRET "s3cret/+key"

static struct credentials credentials;
static struct error error;

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

/* The words are in the message, the secret is not. */
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

static void ready(const char *access_key, const char *secret_key,
		  const char *token)
{
	struct credentials_request request;

	ck_assert_int_eq(credentials_step(&credentials, 1, &request, &error),
			 CREDENTIALS_READY);
	ck_assert_pstr_eq(credentials.access_key, access_key);
	ck_assert_pstr_eq(credentials.secret_key, secret_key);
	ck_assert_pstr_eq(credentials.session_token, token);
}

static void origin(const char *what)
{
	ck_assert_str_eq(credentials_origin(&credentials), what);
}

static void set_keys(const char *access_key, const char *secret_key)
{
	setenv("AWS_ACCESS_KEY_ID", access_key, 1);
	setenv("AWS_SECRET_ACCESS_KEY", secret_key, 1);
}

#define KEYS "aws_access_key_id=AKF\naws_secret_access_key=" SECRET "\n"

/* --- the environment ------------------------------------------------------ */

START_TEST(keys_of_the_environment)
{
	set_keys("AKE", SECRET);
	look();
	ready("AKE", SECRET, NULL);
	origin("the environment");
	ck_assert_ptr_null(credentials_region(&credentials));
	setenv("AWS_SESSION_TOKEN", "T", 1);
	look();
	ready("AKE", SECRET, "T");
	setenv("AWS_SESSION_TOKEN", "", 1);
	look();
	ready("AKE", SECRET, NULL);
	ck_assert(!credentials_renew(&credentials));
}
END_TEST

START_TEST(they_come_before_a_profile_that_is_named)
{
	aws_write("credentials", "[shop]\n" KEYS "region=r\n");
	set_keys("AKE", SECRET);
	setenv("AWS_PROFILE", "shop", 1);
	look();
	ready("AKE", SECRET, NULL);
	ck_assert_str_eq(credentials_region(&credentials), "r");
	setenv("AWS_PROFILE", "none", 1);
	look();
	ready("AKE", SECRET, NULL);
	ck_assert_ptr_null(credentials_region(&credentials));
}
END_TEST

START_TEST(half_a_key_is_an_error)
{
	aws_write("credentials", "[default]\n" KEYS);
	set_keys("AKE", "");
	refuse("AWS_ACCESS_KEY_ID without AWS_SECRET_ACCESS_KEY");
	set_keys("", SECRET);
	refuse("AWS_SECRET_ACCESS_KEY without AWS_ACCESS_KEY_ID");
	set_keys("", "");
	look();
	ready("AKF", SECRET, NULL);
}
END_TEST

START_TEST(a_key_has_no_line_break)
{
	set_keys("AKE", SECRET "\n");
	refuse("the environment: a key has a line break");
	set_keys("AKE\r", SECRET);
	refuse("the environment: a key has a line break");
	set_keys("AKE", SECRET);
	setenv("AWS_SESSION_TOKEN", SECRET "\r\nX: y", 1);
	refuse("the environment: a key has a line break");
}
END_TEST

/* --- the files ------------------------------------------------------------ */

START_TEST(keys_of_a_profile)
{
	char text[128];

	aws_write("credentials", "[default]\n" KEYS);
	aws_write("config", "[default]\nregion=r\n[profile shop]\n" KEYS
			    "aws_session_token=T\n");
	look();
	ready("AKF", SECRET, NULL);
	snprintf(text, sizeof(text), "the profile 'default' in %s",
		 aws_file("credentials"));
	origin(text);
	ck_assert_str_eq(credentials_region(&credentials), "r");
	setenv("AWS_PROFILE", "shop", 1);
	look();
	ready("AKF", SECRET, "T");
	snprintf(text, sizeof(text), "the profile 'shop' in %s",
		 aws_file("config"));
	origin(text);
}
END_TEST

START_TEST(a_profile_of_no_use_is_an_error)
{
	aws_write("credentials", "[default]\naws_access_key_id=AKF\n");
	refuse("the profile 'default'");
	has(&error, "half a key");
	aws_write("credentials", "[default]\naws_secret_access_key=" SECRET);
	refuse("half a key");
	aws_write("credentials", "[default]\naws_access_key_id=AKF\n"
				 "aws_secret_access_key=" SECRET "\x01\n");
	refuse("a key has a line break");
	has(&error, aws_file("credentials"));
	setenv("AWS_PROFILE", "shop", 1);
	refuse("no profile 'shop'");
}
END_TEST

START_TEST(what_is_not_understood_says_what_to_do)
{
	setenv("AWS_PROFILE", "shop", 1);
	aws_write("config", "[profile shop]\nsso_session=x\n");
	refuse("the profile 'shop' has sso_session");
	has(&error, "aws configure export-credentials --profile shop");
	aws_write("config", "[profile shop]\ncredential_process=x\n");
	refuse("the profile 'shop' has credential_process");
}
END_TEST

/* They would be somebody else's: those by which the role is assumed. */
START_TEST(keys_beside_a_role_are_not_used)
{
	aws_write("credentials", "[default]\n" KEYS);
	aws_write("config", "[default]\ncredential_process=x\n");
	look();
	ready("AKF", SECRET, NULL);
	aws_write("config", "[default]\ncredential_process=x\nrole_arn=x\n"
			    "source_profile=default\n");
	refuse("the profile 'default' has role_arn");
}
END_TEST

START_TEST(files_are_read_again_when_they_have_expired)
{
	aws_write("credentials", "[default]\n" KEYS "aws_session_token=T\n");
	look();
	ready("AKF", SECRET, "T");
	ck_assert(!credentials_renew(&credentials));
	aws_write("credentials", "[default]\naws_access_key_id=AKF\n");
	ck_assert(!credentials_renew(&credentials));
	ck_assert_int_eq(unlink(aws_file("credentials")), 0);
	ck_assert(!credentials_renew(&credentials));
	ready("AKF", SECRET, "T");
	aws_write("credentials", "[default]\n" KEYS "aws_session_token=U\n");
	ck_assert(credentials_renew(&credentials));
	ready("AKF", SECRET, "U");
	ck_assert(!credentials_renew(&credentials));
	aws_write("credentials", "[default]\n" KEYS);
	ck_assert(credentials_renew(&credentials));
	ready("AKF", SECRET, NULL);
	aws_write("credentials", "[a]\n");
	aws_write("config", "[default]\naws_access_key_id=AKG\n"
			    "aws_secret_access_key=other\n");
	ck_assert(credentials_renew(&credentials));
	ready("AKG", "other", NULL);
	ck_assert_ptr_nonnull(
		strstr(credentials_origin(&credentials), aws_file("config")));
}
END_TEST

/* --- nobody --------------------------------------------------------------- */

START_TEST(a_web_identity_is_not_that_of_the_instance)
{
	struct credentials_request request;

	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/shop", 1);
	look();
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/x", 1);
	refuse("AWS_WEB_IDENTITY_TOKEN_FILE");
	/* What else has keys, has them. */
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x", 1);
	look();
	ck_assert_int_eq(credentials_step(&credentials, 1, &request, &error),
			 CREDENTIALS_ASK);
	aws_write("credentials", "[default]\n" KEYS);
	look();
	ready("AKF", SECRET, NULL);
}
END_TEST

START_TEST(all_places_are_named_when_none_has_any)
{
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	refuse("AWS_ACCESS_KEY_ID");
	has(&error, "~/.aws/credentials");
	has(&error, "container");
	has(&error, "AWS_EC2_METADATA_DISABLED");
	setenv("AWS_EC2_METADATA_DISABLED", "TRUE", 1);
	refuse("AWS_EC2_METADATA_DISABLED");
	setenv("AWS_EC2_METADATA_DISABLED", "false", 1);
	look();
	origin("the instance");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		keys_of_the_environment,
		they_come_before_a_profile_that_is_named,
		half_a_key_is_an_error,
		a_key_has_no_line_break,
		keys_of_a_profile,
		a_profile_of_no_use_is_an_error,
		what_is_not_understood_says_what_to_do,
		keys_beside_a_role_are_not_used,
		files_are_read_again_when_they_have_expired,
		a_web_identity_is_not_that_of_the_instance,
		all_places_are_named_when_none_has_any,
	};
	Suite *suite = suite_create("kinesis credentials");
	TCase *tcase = tcase_create("kinesis credentials");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, aws_begin, end);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
