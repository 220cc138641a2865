/*
 * The options of Kafka: their defaults, what goes together, what -X takes.
 * tests/cli/test_usage.py has the words in which one of each is refused.
 */
#include <stdio.h>

#include "options_line.h"

#define TOPIC  "kafka://b/orders"
#define MEMBER "-gshop|--publish=kafka://b/partials"

START_TEST(defaults_are_those_of_the_contract)
{
	accept(TOPIC);
	ck_assert(options.from_end);
	ck_assert_ptr_null(options.group);
	ck_assert_ptr_null(options.member);
	ck_assert_ptr_null(options.publish.name);
	ck_assert_uint_eq(options.property_count, 0);
	ck_assert_int_eq(options.window_ns, 5 * NS_PER_S);
	accept("file|" TOPIC);
	ck_assert_int_eq(options.window_ns, 5 * NS_PER_S);
}
END_TEST

START_TEST(each_option_is_read)
{
	accept("-gshop|--member=a-1|--publish=kafka://b:1,c/partials|"
	       "--from=earliest|-Xclient.id=x|-X@file|" TOPIC);
	ck_assert_str_eq(options.group, "shop");
	ck_assert_str_eq(options.member, "a-1");
	ck_assert_str_eq(options.publish.host, "b:1,c");
	ck_assert_uint_eq(options.publish.topic_count, 1);
	ck_assert_str_eq(options.publish.topics[0], "partials");
	ck_assert(!options.from_end);
	ck_assert_uint_eq(options.property_count, 2);
	ck_assert_str_eq(options.properties[0], "client.id=x");
	ck_assert_str_eq(options.properties[1], "@file");
}
END_TEST

START_TEST(last_of_an_option_wins)
{
	accept("-ga|-gb|--publish=kafka://b/p|--publish=kafka://c/q|"
	       "--member=a|--member=b|--from=earliest|--from=latest|" TOPIC);
	ck_assert_str_eq(options.group, "b");
	ck_assert_str_eq(options.publish.host, "c");
	ck_assert_str_eq(options.publish.topics[0], "q");
	ck_assert_str_eq(options.member, "b");
	ck_assert(options.from_end);
}
END_TEST

START_TEST(reading_begins_at_the_beginning_where_there_is_an_end)
{
	accept("--until-end|" TOPIC);
	ck_assert(!options.from_end);
	accept("--merge|kafka://b/partials");
	ck_assert(!options.from_end);
	accept("--until-end|--from=latest|" TOPIC);
	ck_assert(options.from_end);
	accept("--merge|--from=latest|kafka://b/partials");
	ck_assert(options.from_end);
}
END_TEST

START_TEST(what_is_for_kafka_needs_it)
{
	static const char *const given[] = {"-gshop", "-Xclient.id=x"};
	char line[64];

	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		snprintf(line, sizeof(line), "%s|file", given[i]);
		refuse(line, "is for kafka:// sources, and there is none");
	}
	refuse("--from=earliest|file",
	       "--from is for kafka:// and kinesis:// sources");
	refuse("--member=a|file", "is for kafka:// sources");
	refuse("--member=a|" TOPIC, "--member needs --group");
	refuse("--publish=kafka://b/p|" TOPIC, "--publish needs --group");
	accept(MEMBER "|--from=earliest|-Xclient.id=x|--member=a|file");
}
END_TEST

START_TEST(member_prints_and_keeps_nothing)
{
	static const char *const refused[] = {"--state=s",
					      "--merge",
					      "-s1",
					      "-l1",
					      "--max-groups=1",
					      "--forget=1d",
					      "--expect=A",
					      "-n1",
					      "--active",
					      "--fail-if=@read>1",
					      "--max-windows=1",
					      "-oout",
					      "--live",
					      "-wall"};
	static const char *const taken[] = {
		"-kshop",      "-w1m",		"-tat",	    "--idle=1m",
		"--sum=n",     "--where=a=1",	"--for=1m", "--until-end",
		"--missing=x", "--rejects=out", "-v",	    "--reconnect"};
	char line[128];

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		snprintf(line, sizeof(line), MEMBER "|%s|" TOPIC, refused[i]);
		refuse(line, "does not go with --publish");
	}
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		snprintf(line, sizeof(line), MEMBER "|%s|" TOPIC, taken[i]);
		accept(line);
	}
	refuse("-gshop|--publish=kafka://b/p,q|" TOPIC, "one TOPIC only");
	refuse("-gshop|--publish=kafka://b/p?partitions=1|" TOPIC,
	       "nothing may follow the TOPIC");
	refuse("-gshop|--publish=tcp://b/p|" TOPIC,
	       "is no kafka://BROKER/TOPIC");
}
END_TEST

START_TEST(group_has_one_operand_of_kafka)
{
	accept("-gshop|kafka://b/t,u");
	accept("-gshop|kafka://b/t|file");
	refuse("-gshop|kafka://b/t|kafka://b/u", "write all of its topics");
	refuse("-gshop|kafka://b/t?partitions=0", "does not go with it");
}
END_TEST

START_TEST(topic_is_not_counted_twice)
{
	refuse("kafka://b/t|kafka://b/t", "given twice");
	refuse("kafka://b/t|kafka://b/u,t", "given twice");
	refuse("kafka://b/t|kafka://b/t?partitions=1", "given twice");
	accept("kafka://b/t|kafka://b/u");
	accept("kafka://b/t|kafka://c/t");
}
END_TEST

START_TEST(names_are_short_and_have_no_slash)
{
	char line[512];

	refuse("--group=|" TOPIC, "--group '': is empty");
	refuse("-ga/b|" TOPIC, "may have no '/'");
	refuse("-ga\x01|" TOPIC, "only what can be seen");
	refuse("-ga\xc3\xa4|" TOPIC, "only what can be seen");
	refuse("-ga|--member=a/b|" TOPIC, "--member 'a/b': may have no '/'");
	snprintf(line, sizeof(line), "-g%0200d|" TOPIC, 0);
	accept(line);
	snprintf(line, sizeof(line), "-g%0201d|" TOPIC, 0);
	refuse(line, "is longer than 200 bytes");
}
END_TEST

START_TEST(properties_are_checked)
{
	accept("-Xsecurity.protocol=SASL_SSL|-Xsasl.username=a=b|" TOPIC);
	refuse("-Xclient.id|" TOPIC, "-X 'client.id': is no PROPERTY=VALUE");
	refuse("-X=x|" TOPIC, "is no PROPERTY=VALUE");
	refuse("-Xclient.idd=x|" TOPIC, "-X 'client.idd': ");
	refuse("-Xsession.timeout.ms=x|" TOPIC, "-X 'session.timeout.ms': ");
	refuse("-X@|" TOPIC, "the name of the file is empty");
	/* Whether it can be read shows when it is opened. */
	accept("-X@missing|" TOPIC);
}
END_TEST

START_TEST(what_is_promised_is_not_to_be_set)
{
	static const char *const ours[] = {
		"auto.offset.reset=earliest", "bootstrap.servers=b",
		"enable.auto.commit=true",    "enable.idempotence=false",
		"enable.partition.eof=false", "group.id=x",
		"group.instance.id=x",	      "isolation.level=read_committed",
		"metadata.broker.list=b",     "transactional.id=x"};
	char line[128];

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		snprintf(line, sizeof(line), "-X%s|" TOPIC, ours[i]);
		refuse(line, "ordercount sets that itself");
	}
}
END_TEST

START_TEST(secret_on_a_command_line_is_refused_and_not_shown)
{
	static const char *const secrets[] = {
		"sasl.password", "ssl.key.password", "ssl.key.pem",
		"ssl.keystore.password", "sasl.oauthbearer.client.secret"};
	char line[128];

	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
		snprintf(line, sizeof(line), "-X%s=swordfish|" TOPIC,
			 secrets[i]);
		refuse(line, "-X @FILE");
		ck_assert_ptr_nonnull(strstr(error.message, secrets[i]));
		ck_assert_ptr_null(strstr(error.message, "swordfish"));
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		defaults_are_those_of_the_contract,
		each_option_is_read,
		last_of_an_option_wins,
		reading_begins_at_the_beginning_where_there_is_an_end,
		what_is_for_kafka_needs_it,
		member_prints_and_keeps_nothing,
		group_has_one_operand_of_kafka,
		topic_is_not_counted_twice,
		names_are_short_and_have_no_slash,
		properties_are_checked,
		what_is_promised_is_not_to_be_set,
		secret_on_a_command_line_is_refused_and_not_shown,
	};
	Suite *suite = suite_create("kafka options");
	TCase *tcase = tcase_create("kafka options");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
