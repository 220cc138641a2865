#include <netinet/tcp.h>
#include <stdlib.h>

#include "server.h"

static const struct tcp_options once = {
	.connect_timeout_ns = 10 * NS_PER_S,
	.idle_timeout_ns = TIME_NEVER,
};

START_TEST(what_the_peer_sends_is_read_to_its_end)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct pump pump;
	int peer;

	pump_dial(&pump, &server, "127.0.0.1", &once);
	pump_expect(&pump, CHUNK_OPENED);
	ck_assert_str_eq(pump.chunk.stream->name, server.name);
	ck_assert_int_eq(pump_report(&pump).state, REPORT_UP);
	peer = server_accept(&server);
	pump_expect_nothing(&pump);
	server_put(peer, "{\"sta");
	pump_expect(&pump, CHUNK_DATA);
	pump_expect_text(&pump, "{\"sta");
	pump_expect_nothing(&pump);
	server_put(peer, "tus\"");
	close(peer);
	ck_assert_int_eq(pump_read_stream(&pump), CHUNK_ENDED);
	pump_expect_text(&pump, "tus\"");
	pump_expect_why(&pump, "");
	ck_assert_uint_eq(pump_report(&pump).read_bytes, 9);
	pump_expect_over(&pump);
	pump_close(&pump);
	close(server.fd);
}
END_TEST

START_TEST(no_read_is_larger_than_the_area)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct pump pump;
	int peer;

	pump_dial(&pump, &server, "127.0.0.1", &once);
	pump.read_size = 3;
	pump_expect(&pump, CHUNK_OPENED);
	peer = server_accept(&server);
	server_put(peer, "abcdefgh");
	close(peer);
	ck_assert_int_eq(pump_read_stream(&pump), CHUNK_ENDED);
	pump_expect_text(&pump, "abcdefgh");
	pump_close(&pump);
	close(server.fd);
}
END_TEST

START_TEST(opening_goes_on_while_the_input_waits_and_reading_does_not)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct pump pump;
	int peer;

	pump_dial(&pump, &server, "127.0.0.1", &once);
	pump.input_waits = true;
	pump_expect(&pump, CHUNK_OPENED);
	peer = server_accept(&server);
	server_put(peer, "x");
	pump_expect_nothing(&pump);
	pump.input_waits = false;
	pump_expect(&pump, CHUNK_DATA);
	close(peer);
	pump_close(&pump);
	close(server.fd);
}
END_TEST

START_TEST(reset_is_a_lost_connection)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct pump pump;
	int peer;

	pump_dial(&pump, &server, "127.0.0.1", &once);
	pump_expect(&pump, CHUNK_OPENED);
	peer = server_accept(&server);
	server_put(peer, "half a li");
	pump_expect(&pump, CHUNK_DATA);
	server_reset(peer);
	pump_expect(&pump, CHUNK_LOST);
	pump_expect_named(&pump, &server,
			  "%s: connection lost: Connection reset by peer");
	pump_expect_over(&pump);
	pump_close(&pump);
	close(server.fd);
}
END_TEST

START_TEST(what_came_before_a_reset_is_read)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct pump pump;
	int peer;

	pump_dial(&pump, &server, "127.0.0.1", &once);
	/* All of it happens before the source looks for the first time. */
	ck_assert_int_eq(pump_ask(&pump), SOURCE_AGAIN);
	peer = server_accept(&server);
	server_put(peer, "order");
	server_reset(peer);
	pump_expect(&pump, CHUNK_OPENED);
	ck_assert_int_eq(pump_read_stream(&pump), CHUNK_LOST);
	pump_expect_text(&pump, "order");
	pump_expect_named(&pump, &server,
			  "%s: connection lost: Connection reset by peer");
	pump_close(&pump);
	close(server.fd);
}
END_TEST

START_TEST(silence_beyond_the_idle_timeout_is_a_lost_connection)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct tcp_options options = once;
	struct pump pump;
	int peer;

	options.idle_timeout_ns = 30 * NS_PER_S;
	pump_dial(&pump, &server, "127.0.0.1", &options);
	pump_expect(&pump, CHUNK_OPENED);
	peer = server_accept(&server);
	pump.clock.mono_ns += 20 * NS_PER_S;
	server_put(peer, "x");
	pump_expect(&pump, CHUNK_DATA);
	pump.clock.mono_ns += 30 * NS_PER_S - 1;
	pump_expect_nothing(&pump);
	/* What came is never overlooked for the time-out. */
	pump.clock.mono_ns++;
	server_put(peer, "y");
	ck_assert_int_eq(pump_ask(&pump), SOURCE_CHUNK);
	ck_assert_int_eq(pump.chunk.kind, CHUNK_DATA);
	/* We did not want to read for a time: that is no silence. */
	pump.clock.mono_ns += 50 * NS_PER_S;
	source_resume(pump.source, &pump.clock);
	pump_expect_nothing(&pump);
	pump.clock.mono_ns += 30 * NS_PER_S;
	pump_expect(&pump, CHUNK_LOST);
	pump_expect_named(&pump, &server,
			  "%s: nothing received for 30s (--idle-timeout)");
	pump_expect_over(&pump);
	close(peer);
	pump_close(&pump);
	close(server.fd);
}
END_TEST

START_TEST(connections_are_kept_alive)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct pump pump;
	int value = 0;
	socklen_t size = sizeof(value);

	pump_dial(&pump, &server, "127.0.0.1", &once);
	pump_expect(&pump, CHUNK_OPENED);
	ck_assert_ptr_nonnull(pump.loop.watches);
	ck_assert_int_eq(getsockopt(pump.loop.watches->fd, SOL_SOCKET,
				    SO_KEEPALIVE, &value, &size),
			 0);
	ck_assert_int_eq(value, 1);
	ck_assert_int_eq(getsockopt(pump.loop.watches->fd, IPPROTO_TCP,
				    TCP_USER_TIMEOUT, &value, &size),
			 0);
	ck_assert_int_eq(value, 60000);
	pump_close(&pump);
	close(server.fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tcp");
	TCase *test_case = tcase_create("tcp");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(test_case, 60);
	tcase_add_test(test_case, what_the_peer_sends_is_read_to_its_end);
	tcase_add_test(test_case, no_read_is_larger_than_the_area);
	tcase_add_test(
		test_case,
		opening_goes_on_while_the_input_waits_and_reading_does_not);
	tcase_add_test(test_case, reset_is_a_lost_connection);
	tcase_add_test(test_case, what_came_before_a_reset_is_read);
	tcase_add_test(test_case,
		       silence_beyond_the_idle_timeout_is_a_lost_connection);
	tcase_add_test(test_case, connections_are_kept_alive);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
