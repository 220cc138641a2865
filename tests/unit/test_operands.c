#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operands.h"

#define ARGUMENTS_MAX 16

static struct operand *operands;
static size_t operand_count;
static struct error error;
static char folder[] = "/tmp/ordercount-operands-XXXXXX";

static void make_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}

static void begin(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	make_file("file");
	make_file("other");
	ck_assert_int_eq(mkdir("folder", 0700), 0);
}

static void end(void)
{
	operands_free(operands, operand_count);
	operands = NULL;
	operand_count = 0;
	rmdir("folder");
	unlink("other");
	unlink("file");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* The operands are separated by '|'; "" is none. */
static int parse_with(const char *line, bool follow)
{
	char *copy = strdup(line);
	char *rest = *line == '\0' ? NULL : copy;
	char *arguments[ARGUMENTS_MAX];
	size_t count = 0;
	int result;

	while (rest && count < ARGUMENTS_MAX)
		arguments[count++] = strsep(&rest, "|");
	operands_free(operands, operand_count);
	operands = NULL;
	operand_count = 0;
	result = operands_parse(arguments, count, follow, &operands,
				&operand_count, &error);
	free(copy);
	return result;
}

static int parse(const char *line)
{
	return parse_with(line, false);
}

static void accept(const char *line)
{
	ck_assert_msg(parse(line) == 0, "'%s': %s", line, error.message);
}

static void refuse(const char *line, const char *message)
{
	ck_assert_msg(parse(line) == -1, "'%s' was taken", line);
	ck_assert_msg(strstr(error.message, message) != NULL, "'%s' gives: %s",
		      line, error.message);
}

static void assert_tcp(const char *line, const char *name, const char *host,
		       unsigned port)
{
	accept(line);
	ck_assert_uint_eq(operand_count, 1);
	ck_assert_int_eq(operands[0].kind, OPERAND_TCP);
	ck_assert_str_eq(operands[0].name, name);
	ck_assert_str_eq(operands[0].host, host);
	ck_assert_uint_eq(operands[0].port, port);
}

START_TEST(host_and_digits_are_a_server)
{
	assert_tcp("localhost|9998", "tcp://localhost:9998", "localhost", 9998);
	assert_tcp("127.0.0.1|1", "tcp://127.0.0.1:1", "127.0.0.1", 1);
	assert_tcp("a|65535", "tcp://a:65535", "a", 65535);
	assert_tcp("a|0080", "tcp://a:80", "a", 80);
	assert_tcp("::1|9998", "tcp://[::1]:9998", "::1", 9998);
	assert_tcp("[::1]|9998", "tcp://[::1]:9998", "::1", 9998);
	assert_tcp("fe80::1%eth0|7", "tcp://[fe80::1%eth0]:7", "fe80::1%eth0",
		   7);
	/* a file of that name does not matter */
	assert_tcp("file|9998", "tcp://file:9998", "file", 9998);
}
END_TEST

START_TEST(host_and_port_are_checked)
{
	refuse("localhost|0", "'0' is no port (1 to 65535)");
	refuse("localhost|65536", "'65536' is no port");
	refuse("localhost|99999999999999999999", "is no port");
	refuse("|9998", "the HOST before '9998' is empty");
	refuse("./file|9998", "write ./9998 for a file of that name");
	refuse("-|9998", "write ./9998 for a file of that name");
	refuse("a:b|9998", "is no HOST");
	refuse("[a]|9998", "is no HOST");
	refuse("[]|9998", "is no HOST");
	refuse("::1%|9998", "is no HOST");
	refuse("a b|9998", "is no HOST");
	refuse("a@b|9998", "is no HOST");
}
END_TEST

START_TEST(tcp_scheme_is_a_server)
{
	assert_tcp("tcp://localhost:9998", "tcp://localhost:9998", "localhost",
		   9998);
	assert_tcp("TCP://Localhost:9998", "tcp://Localhost:9998", "Localhost",
		   9998);
	assert_tcp("tcp://[::1]:9998", "tcp://[::1]:9998", "::1", 9998);
	ck_assert(!operands[0].by_tls);
	assert_tcp("tls://[::1]:9998", "tls://[::1]:9998", "::1", 9998);
	ck_assert(operands[0].by_tls);
	assert_tcp("TLS://a:1", "tls://a:1", "a", 1);
	ck_assert(operands[0].by_tls);
}
END_TEST

START_TEST(scheme_is_checked)
{
	refuse("tcp://localhost", "the port is missing");
	refuse("tcp://[::1]", "the port is missing");
	refuse("tcp://", "the port is missing");
	refuse("tcp://:9998", "the HOST is empty");
	refuse("tcp://a:", "'' is no port");
	refuse("tcp://a:0", "'0' is no port");
	refuse("tcp://a:65536", "'65536' is no port");
	refuse("tcp://a:12x", "'12x' is no port");
	refuse("tcp://a:b:9998", "needs brackets");
	refuse("tcp://::1:9998", "needs brackets");
	refuse("tcp://[a]:9998", "neither a name nor an address");
	refuse("tcp://a:9998/", "nothing may follow the port");
	refuse("tcp://a:9998/x", "nothing may follow the port");
	refuse("tcp://a:9998?x=1", "nothing may follow the port");
	refuse("foo://a:9998", "no scheme 'foo'");
	refuse("tls://a", "the port is missing (tls://HOST:PORT)");
	refuse("tls://:9998", "the HOST is empty (tls://HOST:PORT)");
	refuse("tls://a:9998/x", "(tls://HOST:PORT)");
	refuse("a+b-c.1://x", "no scheme 'a+b-c.1'");
	refuse("file://x", "only tcp://, tls://, kafka:// and kinesis:// are");
}
END_TEST

static void assert_kafka(const char *line, const char *brokers,
			 const char *first_topic, size_t topics, size_t ranges)
{
	accept(line);
	ck_assert_int_eq(operands[0].kind, OPERAND_KAFKA);
	ck_assert_str_eq(operands[0].name, line);
	ck_assert_str_eq(operands[0].host, brokers);
	ck_assert_str_eq(operands[0].topics[0], first_topic);
	ck_assert_uint_eq(operands[0].topic_count, topics);
	ck_assert_uint_eq(operands[0].range_count, ranges);
}

START_TEST(kafka_scheme_is_topics_of_brokers)
{
	assert_kafka("kafka://b/t", "b", "t", 1, 0);
	assert_kafka("KAFKA://b:9092,c/t.1,u_2,v-3", "b:9092,c", "t.1", 3, 0);
	assert_kafka("kafka://[::1]:9092/t", "[::1]:9092", "t", 1, 0);
	assert_kafka("kafka://b/t?partitions=0-3,7", "b", "t", 1, 2);
	ck_assert_uint_eq(operands[0].partitions[0].first, 0);
	ck_assert_uint_eq(operands[0].partitions[0].last, 3);
	ck_assert_uint_eq(operands[0].partitions[1].first, 7);
	ck_assert_uint_eq(operands[0].partitions[1].last, 7);
}
END_TEST

START_TEST(kafka_scheme_is_checked)
{
	refuse("kafka://", "the TOPIC is missing");
	refuse("kafka://b", "the TOPIC is missing");
	refuse("kafka://b/", "a TOPIC is empty");
	refuse("kafka:///t", "a BROKER is empty");
	refuse("kafka://:9092/t", "a BROKER is empty");
	refuse("kafka://a,/t", "a BROKER is empty");
	refuse("kafka://a,,b/t", "a BROKER is empty");
	refuse("kafka://a b/t", "'a b' is no BROKER");
	refuse("kafka://b/t,", "a TOPIC is empty");
	refuse("kafka://b/t,t", "given twice");
	refuse("kafka://b/t/u", "'t/u' is no TOPIC");
	refuse("kafka://b/..", "'..' is no TOPIC");
	refuse("kafka://b/t?", "only partitions= is known");
	refuse("kafka://b/t?x=1", "only partitions= is known");
	refuse("kafka://b/t?partitions=", "'' is no partition");
	refuse("kafka://b/t?partitions=1,", "'' is no partition");
	refuse("kafka://b/t?partitions=3-1", "'3-1' is no partition");
	refuse("kafka://b/t?partitions=-1", "'-1' is no partition");
	refuse("kafka://b/t?partitions=1x", "'1x' is no partition");
	refuse("kafka://b/t?partitions=99999999999", "is no partition");
}
END_TEST

START_TEST(other_operands_are_paths)
{
	accept("file|-|./9998|folder|1://x|no/such|TCP://a:1");
	ck_assert_uint_eq(operand_count, 7);
	ck_assert_int_eq(operands[0].kind, OPERAND_PATH);
	ck_assert_int_eq(operands[1].kind, OPERAND_STDIN);
	ck_assert_str_eq(operands[1].name, "-");
	ck_assert_int_eq(operands[2].kind, OPERAND_PATH);
	ck_assert_str_eq(operands[2].name, "./9998");
	ck_assert_int_eq(operands[4].kind, OPERAND_PATH);
	ck_assert_int_eq(operands[5].kind, OPERAND_PATH);
	ck_assert_int_eq(operands[6].kind, OPERAND_TCP);
}
END_TEST

START_TEST(word_that_is_no_file_is_refused)
{
	refuse("", "a source is missing");
	refuse("localhost", "lacks a PORT");
	refuse("9998", "lacks a HOST");
	refuse("localhost:9998", "did you mean: ordercount localhost 9998");
	refuse("[::1]:9998", "did you mean: ordercount ::1 9998");
	refuse("localhost:0", "lacks a PORT");
	refuse("localhost|12x", "'12x' is neither a port nor a file");
	refuse("file|12x", "'12x' is neither a port nor a file");
	refuse("localhost|./file", "'localhost' is no existing file");
	refuse("file|other|localhost", "'localhost' is no existing file");
	refuse("localhost|9998|file", "'localhost' is no existing file");
	refuse("file|", "an operand is empty");
	refuse("|", "an operand is empty");
	refuse("file|-|-", "'-' is given twice");
}
END_TEST

START_TEST(followed_word_is_a_file_that_may_come)
{
	ck_assert_int_eq(parse_with("no.log", true), 0);
	ck_assert_int_eq(operands[0].kind, OPERAND_PATH);
	ck_assert_str_eq(operands[0].name, "no.log");
	ck_assert_int_eq(parse_with("localhost:9998|no.log|-", true), 0);
	ck_assert_int_eq(operands[0].kind, OPERAND_PATH);
	ck_assert_int_eq(operands[2].kind, OPERAND_STDIN);
	ck_assert_int_eq(parse_with("localhost|9998", true), 0);
	ck_assert_int_eq(operands[0].kind, OPERAND_TCP);
	ck_assert_int_eq(parse_with("", true), -1);
	ck_assert_int_eq(parse_with("foo://a:9998", true), -1);
}
END_TEST

START_TEST(a_stream_may_say_where_it_is)
{
	accept("kinesis://shop.orders_1-a");
	ck_assert_int_eq(operands[0].kind, OPERAND_KINESIS);
	ck_assert_str_eq(operands[0].name, "kinesis://shop.orders_1-a");
	ck_assert_str_eq(operands[0].stream, "shop.orders_1-a");
	ck_assert_ptr_null(operands[0].region);
	ck_assert_ptr_null(operands[0].endpoint);
	accept("Kinesis://o?region=eu-north-1");
	ck_assert_str_eq(operands[0].stream, "o");
	ck_assert_str_eq(operands[0].region, "eu-north-1");
	accept("kinesis://o?endpoint=http%3A%2f%2F127.0.0.1:4567&region=x");
	ck_assert_str_eq(operands[0].endpoint, "http://127.0.0.1:4567");
	ck_assert_str_eq(operands[0].region, "x");
	accept("kinesis://o?endpoint=https://k.example/");
	ck_assert_str_eq(operands[0].endpoint, "https://k.example/");
}
END_TEST

static const struct {
	const char *line, *message;
} no_streams[] = {
	{"kinesis://", "the STREAM is empty"},
	{"kinesis://?region=x", "the STREAM is empty"},
	{"kinesis://a/b", "'a/b' is no STREAM (letters, digits and ._-)"},
	{"kinesis://a:1", "'a:1' is no STREAM"},
	{"kinesis://o?", "only region= and endpoint= are known"},
	{"kinesis://o?region", "only region= and endpoint= are known"},
	{"kinesis://o?shard=1", "only region= and endpoint= are known"},
	{"kinesis://o?region=", "'' is no region (?region=eu-north-1)"},
	{"kinesis://o?region=EU", "'EU' is no region"},
	{"kinesis://o?region=a&region=b", "region= is given twice"},
	{"kinesis://o?endpoint=", "'' is no endpoint"},
	{"kinesis://o?endpoint=host:1", "'host:1' is no endpoint"},
	{"kinesis://o?endpoint=ftp://host", "'ftp://host' is no endpoint"},
	{"kinesis://o?endpoint=http://", "'http://' is no endpoint"},
	{"kinesis://o?endpoint=http:///x", "'http:///x' is no endpoint"},
	{"kinesis://o?endpoint=http://a%20b", "'http://a b' is no endpoint"},
	{"kinesis://o?endpoint=http://a%0ab", "is no endpoint"},
	{"kinesis://o?endpoint=http%3", "without two hexadecimal digits"},
	{"kinesis://o?endpoint=http://a%00", "without two hexadecimal digits"},
	{"kinesis://o?endpoint=http://k:s@h/", "no name and password"},
};

START_TEST(what_is_no_stream_is_refused)
{
	refuse(no_streams[_i].line, no_streams[_i].message);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("operands");
	TCase *tcase = tcase_create("operands");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, host_and_digits_are_a_server);
	tcase_add_test(tcase, host_and_port_are_checked);
	tcase_add_test(tcase, tcp_scheme_is_a_server);
	tcase_add_test(tcase, scheme_is_checked);
	tcase_add_test(tcase, kafka_scheme_is_topics_of_brokers);
	tcase_add_test(tcase, kafka_scheme_is_checked);
	tcase_add_test(tcase, other_operands_are_paths);
	tcase_add_test(tcase, word_that_is_no_file_is_refused);
	tcase_add_test(tcase, followed_word_is_a_file_that_may_come);
	tcase_add_test(tcase, a_stream_may_say_where_it_is);
	tcase_add_loop_test(tcase, what_is_no_stream_is_refused, 0,
			    sizeof(no_streams) / sizeof(*no_streams));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
