/* The shared files: what is read of them, and which says what. */
#include "aws_files.h"
#include "base/buffer.h"
#include "kinesis/profile.h"

#define NOBODY 65534

static struct profile profile;
static struct error error;

static void end(void)
{
	profile_release(&profile);
	aws_end();
}

static void parse(const char *name, const char *text, bool config)
{
	profile_release(&profile);
	profile.name = strdup(name);
	ck_assert_int_eq(profile_parse(&profile, span_of(text), config, &error),
			 0);
}

static void read_again(void)
{
	profile_release(&profile);
	if (profile_read(&profile, &error) != 0)
		ck_abort_msg("%s", error.message);
}

static void refuse(const char *what)
{
	profile_release(&profile);
	ck_assert_int_eq(profile_read(&profile, &error), -1);
	if (!strstr(error.message, what))
		ck_abort_msg("'%s' has no '%s'", error.message, what);
	ck_assert_ptr_null(strchr(error.message, '\n'));
}

#define IS(member, text) ck_assert_pstr_eq(profile.member, text)

/* --- what a file says ----------------------------------------------------- */

/* In all of them: the keys k and s, the region r, no token. */
static const struct {
	const char *text;
	bool config;
} same[] = {
#define KEYS "aws_access_key_id=k\naws_secret_access_key=s\n"
	{"[default]\n" KEYS "region=r\n", false},
	{"[default]\n" KEYS "region=r", false},
	{"[default]\n" KEYS "region=r\n", true},
	{"[profile default]\n" KEYS "region=r\n", true},
	{"[ default ] # ours\n" KEYS "region=r\n", false},
	{"[\"default\"]\n" KEYS "region=r\n", false},
	{"[profile\t'default']\n" KEYS "region=r\n", true},
	{"\xef\xbb\xbf[default]\n" KEYS "region=r\n", false},
	{"[default]\r\naws_access_key_id = k\r\naws_secret_access_key\t=\ts\r\n"
	 "\r\nregion = r\r\n",
	 false},
	{"[default]\nAWS_ACCESS_KEY_ID = k\nAws_Secret_Access_Key = s\n"
	 "Region = r\n",
	 false},
	/* remarks */
	{"# a\n; b\n[default]\n#region=x\n;region=x\n  # region=x\n" KEYS
	 "region=r # the region = x\n",
	 true},
	{"[default]\n" KEYS "region=r\t; x\n", true},
	/* others' sections */
	{"[a]\nregion=x\n[default]\n" KEYS "region=r\n[b]\nregion=x\n"
	 "aws_session_token=x\n",
	 false},
	{"region=x\n[a]\n[default]\n" KEYS "region=r\n", false},
	{"[default]\n" KEYS "region=r\n[profile a]\nregion=x\n[a]\nregion=y\n"
	 "[sso-session default]\nregion=x\n[profiledefault]\nregion=z\n",
	 true},
	{"[profile default]\nregion=x\n[default]\n" KEYS "region=r\n", false},
	/* said twice, the last counts; in two sections, both */
	{"[default]\nregion=x\n" KEYS "region=r\n", false},
	{"[default]\nregion=x\naws_access_key_id=k\n[a]\nregion=y\n[default]\n"
	 "aws_secret_access_key=s\nregion=r\n",
	 false},
	/* nested, it is of the setting before */
	{"[default]\n" KEYS "region=r\ns3 =\n  region = x\n\n"
	 "  aws_session_token = x\n",
	 true},
	{"[default]\nregion=r\n region=x\n" KEYS, true},
	{"[default]\ns3=\n\tregion=x\nregion=r\n" KEYS, true},
	/* as a whole, it is not */
	{"[default]\n  aws_access_key_id=k\n  aws_secret_access_key=s\n"
	 "  s3 =\n    region=x\n  region=r\n",
	 true},
	{"  [default]\n\taws_access_key_id=k\n\taws_secret_access_key=s\n"
	 "\tregion=r\n",
	 false},
	/* nothing is said */
	{"[default]\n" KEYS "region=r\naws_session_token=\n", false},
	{"[default]\n" KEYS "region=r\naws_session_token= \t\r\n", false},
	{"[default]\n" KEYS "region=r\naws_session_token = # none\n", false},
	{"[default]\nregion=x\nregion=r\n" KEYS "aws_session_token=x\n"
	 "aws_session_token=\n",
	 false},
	/* lines that are none */
	{"[default\n[default]\n" KEYS "region=r\naws_session_token\n=x\n[\n",
	 false},
};

START_TEST(what_a_file_says)
{
	parse("default", same[_i].text, same[_i].config);
	ck_assert(profile.found);
	IS(access_key, "k");
	IS(secret_key, "s");
	IS(region, "r");
	IS(session_token, NULL);
	IS(needs, NULL);
}
END_TEST

START_TEST(a_value_has_all_its_signs)
{
	parse("my shop",
	      "[profile \"my shop\"]\n"
	      "aws_access_key_id = AKID\n"
	      "aws_secret_access_key = a/b+c==#d;e\n"
	      "aws_session_token = \"quoted\"\n"
	      "region=#x\n",
	      true);
	IS(access_key, "AKID");
	IS(secret_key, "a/b+c==#d;e");
	IS(session_token, "\"quoted\"");
	IS(region, "#x");
}
END_TEST

static const struct {
	const char *text;
	bool config;
} elsewhere[] = {
	{"", false},
	{"[", false},
	{"[shop", true},
	{"[shops]\nregion=x\n", false},
	{"[Shop]\nregion=x\n", false},
	{"[shop]\nregion=x\n", true}, /* it is called "profile shop" there */
	{"[profile shop]\nregion=x\n", false},
	{"[profileshop]\nregion=x\n", true},
	{"[profile]\nregion=x\n", true},
	{"[services shop]\nregion=x\n", true},
	{"[default]\nregion=x\n", true},
	{"region=x\n", false},
};

START_TEST(another_profile_is_not_ours)
{
	parse("shop", elsewhere[_i].text, elsewhere[_i].config);
	ck_assert(!profile.found);
	IS(region, NULL);
}
END_TEST

START_TEST(what_is_not_understood_is_named)
{
	static const char *const names[] = {
		"role_arn",	 "sso_session",
		"sso_start_url", "credential_process",
		"login_session", "web_identity_token_file",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char text[128];

		snprintf(text, sizeof(text), "[default]\nregion=r\n%s = x\n",
			 names[i]);
		parse("default", text, true);
		IS(needs, names[i]);
		snprintf(text, sizeof(text), "[default]\nregion=r\n%s =\n",
			 names[i]);
		parse("default", text, true);
		IS(needs, NULL);
	}
}
END_TEST

/* Bytes of all kinds, and cut at each of them: it ends, and reads no further
 * (sanitizers see that). */
START_TEST(a_file_may_be_cut_anywhere)
{
	static const char text[] = "\xef\xbb\xbf[profile default] # \0x\n"
				   "aws_access_key_id=\0k\n \0=\0\n"
				   "region\0=r # \xff\n[default]\nregion=r\n";

	for (size_t size = 0; size < sizeof(text); size++) {
		char *copy = malloc(size + 1);

		memcpy(copy, text, size);
		profile_release(&profile);
		profile.name = strdup("default");
		ck_assert_int_eq(profile_parse(&profile, span_make(copy, size),
					       true, &error),
				 0);
		free(copy);
	}
	IS(region, "r");
	IS(access_key, NULL); /* no text is behind a NUL */
}
END_TEST

START_TEST(an_endpoint_is_that_of_the_profile_alone)
{
	parse("default",
	      "[default]\nservices = local\nkinesis =\n"
	      "  endpoint_url = http://x\nendpoint_url = http://h:1/ # there\n"
	      "[services local]\nendpoint_url = http://y\n",
	      true);
	IS(endpoint, "http://h:1/");
}
END_TEST

/* --- which file says it --------------------------------------------------- */

START_TEST(no_file_says_nothing)
{
	read_again();
	ck_assert(!profile.found);
	IS(access_key, NULL);
	IS(file, NULL);
	unsetenv("HOME");
	read_again();
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null/x", 1);
	read_again();
}
END_TEST

START_TEST(keys_of_credentials_come_before_those_of_config)
{
	aws_write("credentials", "[default]\n" KEYS);
	aws_write("config", "[default]\naws_access_key_id=K\n"
			    "aws_secret_access_key=S\naws_session_token=T\n"
			    "region=r\n");
	read_again();
	IS(access_key, "k");
	IS(secret_key, "s");
	IS(session_token, NULL); /* it belongs to the others */
	IS(region, "r");
	IS(file, aws_file("credentials"));
	aws_write("credentials", "[default]\nregion=R\n");
	read_again();
	IS(access_key, "K");
	IS(session_token, "T");
	IS(region, "R");
	IS(file, aws_file("config"));
}
END_TEST

START_TEST(files_are_those_of_the_environment)
{
	aws_write("credentials", "[default]\n" KEYS);
	aws_write("config", "[default]\nregion=r\n");
	aws_write("other", "[default]\naws_access_key_id=K\n"
			   "aws_secret_access_key=S\nregion=R\n");
	setenv("AWS_SHARED_CREDENTIALS_FILE", aws_file("other"), 1);
	read_again();
	IS(access_key, "K");
	IS(region, "R");
	setenv("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/other", 1);
	read_again();
	IS(file, aws_file("other"));
	setenv("AWS_SHARED_CREDENTIALS_FILE", "", 1);
	setenv("AWS_CONFIG_FILE", aws_file("other"), 1);
	read_again();
	IS(access_key, "k");
	IS(region, "R");
}
END_TEST

START_TEST(profile_is_that_of_the_environment)
{
	aws_write("credentials", "[default]\n" KEYS "[a]\nregion=a\n");
	aws_write("config", "[profile b]\nregion=b\n");
	setenv("AWS_DEFAULT_PROFILE", "a", 1);
	read_again();
	IS(region, "a");
	setenv("AWS_PROFILE", "b", 1);
	read_again();
	IS(region, "b");
	IS(access_key, NULL);
	setenv("AWS_PROFILE", "", 1);
	read_again();
	IS(region, "a");
	setenv("AWS_DEFAULT_PROFILE", "", 1);
	read_again();
	IS(access_key, "k");
}
END_TEST

START_TEST(a_profile_that_is_nowhere_is_said_with_both_files)
{
	setenv("AWS_PROFILE", "shop", 1);
	refuse("no profile 'shop' (AWS_PROFILE)");
	refuse(aws_file("credentials"));
	refuse(aws_file("config"));
	unsetenv("AWS_PROFILE");
	setenv("AWS_DEFAULT_PROFILE", "mart", 1);
	setenv("AWS_CONFIG_FILE", "/nowhere/config", 1);
	refuse("no profile 'mart' (AWS_DEFAULT_PROFILE)");
	refuse("'/nowhere/config'");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_an_error)
{
	ck_assert_int_eq(mkdir(aws_file("config"), 0700), 0);
	refuse(aws_file("config"));
	refuse("Is a directory");
	ck_assert_int_eq(rmdir(aws_file("config")), 0);
	aws_write("config", "[default]\nregion=r\n");
	setenv("AWS_SHARED_CREDENTIALS_FILE", aws_home, 1);
	refuse("Is a directory");
	unsetenv("AWS_SHARED_CREDENTIALS_FILE");
	ck_assert_int_eq(chmod(aws_file("config"), 0), 0);
	if (geteuid() == 0) /* who may read all */
		ck_assert_int_eq(seteuid(NOBODY), 0);
	refuse("Permission denied");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(a_file_has_a_size)
{
	const size_t size = (size_t)1 << 20;
	struct buffer text = {0};

	buffer_append_text(&text, "[default]\nregion=r\n");
	while (text.size < size)
		buffer_append_char(&text, '\n');
	aws_write_bytes("config", text.data, size);
	read_again();
	IS(region, "r");
	buffer_append_char(&text, '\n');
	aws_write_bytes("config", text.data, size + 1);
	refuse("larger than 1 MiB");
	buffer_release(&text);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

int main(void)
{
	const TTest *const tests[] = {
		a_value_has_all_its_signs,
		what_is_not_understood_is_named,
		a_file_may_be_cut_anywhere,
		an_endpoint_is_that_of_the_profile_alone,
		no_file_says_nothing,
		keys_of_credentials_come_before_those_of_config,
		files_are_those_of_the_environment,
		profile_is_that_of_the_environment,
		a_profile_that_is_nowhere_is_said_with_both_files,
		a_file_that_cannot_be_read_is_an_error,
		a_file_has_a_size,
	};
	Suite *suite = suite_create("kinesis profile");
	TCase *tcase = tcase_create("kinesis profile");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, aws_begin, end);
	tcase_add_loop_test(tcase, what_a_file_says, 0, COUNT(same));
	tcase_add_loop_test(tcase, another_profile_is_not_ours, 0,
			    COUNT(elsewhere));
	for (int i = 0; i < COUNT(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
