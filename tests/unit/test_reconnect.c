#include <stdlib.h>

#include "server.h"

static const struct tcp_options for_ever = {
	.reconnect = true,
	.connect_timeout_ns = 10 * NS_PER_S,
	.idle_timeout_ns = TIME_NEVER,
	.jitter_seed = 42,
};

/* Moves the clock to the next dial; returns how long the pause is. */
static int64_t skip_pause(struct pump *pump)
{
	int64_t pause_ns;

	pump_expect_nothing(pump);
	ck_assert_int_eq(pump_report(pump).state, REPORT_WAITING);
	pause_ns = pump_report(pump).redial_ns - pump->clock.mono_ns;
	pump->clock.mono_ns += pause_ns - 1;
	pump_expect_nothing(pump);
	ck_assert_int_eq(pump_report(pump).state, REPORT_WAITING);
	pump->clock.mono_ns++;
	return pause_ns;
}

START_TEST(failed_dials_are_repeated_with_growing_pauses)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct server again;
	struct sockaddr_in name = {.sin_family = AF_INET};
	const int on = 1;
	struct pump pump;
	int64_t least_ms = 500;
	int64_t pause_ns;
	int i;

	close(server.fd);
	pump_dial(&pump, &server, "127.0.0.1", &for_ever);
	for (i = 0; i < 5; i++) {
		pump_expect(&pump, CHUNK_DOWN);
		ck_assert_int_eq(pump.chunk.after, AFTER_AGAIN);
		pump_expect_named(&pump, &server,
				  "cannot connect to %s: Connection refused");
		pause_ns = skip_pause(&pump);
		ck_assert_int_ge(pause_ns, least_ms * NS_PER_MS);
		ck_assert_int_le(pause_ns, least_ms * NS_PER_MS * 3 / 2);
		least_ms *= 2;
	}
	/* And the server is there in the end. */
	again.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	name.sin_port = htons((uint16_t)server.port);
	setsockopt(again.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ck_assert_int_eq(bind(again.fd, (struct sockaddr *)&name, sizeof(name)),
			 0);
	ck_assert_int_eq(listen(again.fd, 5), 0);
	pump_expect(&pump, CHUNK_OPENED);
	close(server_accept(&again));
	pump_expect(&pump, CHUNK_ENDED);
	ck_assert_int_eq(pump.chunk.after, AFTER_AGAIN);
	/* It delivered nothing: the pauses go on growing. */
	ck_assert_int_ge(skip_pause(&pump), 16 * NS_PER_S);
	pump_close(&pump);
	close(again.fd);
}
END_TEST

START_TEST(connection_that_delivered_is_redialled_after_20_ms)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct pump pump;
	int peer;

	pump_dial(&pump, &server, "127.0.0.1", &for_ever);
	pump_expect(&pump, CHUNK_OPENED);
	peer = server_accept(&server);
	server_put(peer, "order\n");
	pump_expect(&pump, CHUNK_DATA);
	server_reset(peer);
	pump_expect(&pump, CHUNK_LOST);
	ck_assert_int_eq(pump.chunk.after, AFTER_AGAIN);
	/* As the engine says it, even if only now: of an unfinished line. */
	pump.chunk.stream->delivered = true;
	ck_assert_int_eq(skip_pause(&pump), 20 * NS_PER_MS);
	pump_expect(&pump, CHUNK_OPENED);
	ck_assert(!pump.chunk.stream->delivered);
	close(server_accept(&server));
	pump_expect(&pump, CHUNK_ENDED);
	ck_assert_int_ge(skip_pause(&pump), 500 * NS_PER_MS);
	pump_close(&pump);
	close(server.fd);
}
END_TEST

START_TEST(thousand_reconnects_leave_no_descriptor)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct pump pump;
	size_t before = 0;
	int peer, i;

	pump_dial(&pump, &server, "127.0.0.1", &for_ever);
	for (i = 0; i < 1000; i++) {
		pump_expect(&pump, CHUNK_OPENED);
		peer = server_accept(&server);
		server_put(peer, "order\n");
		pump_expect(&pump, CHUNK_DATA);
		pump.chunk.stream->delivered = true;
		if (i % 2)
			server_reset(peer);
		else
			close(peer);
		pump_expect(&pump, i % 2 ? CHUNK_LOST : CHUNK_ENDED);
		ck_assert_int_eq(skip_pause(&pump), 20 * NS_PER_MS);
		if (i == 0)
			before = pump_count_descriptors();
	}
	ck_assert_uint_eq(pump_count_descriptors(), before);
	pump_close(&pump);
	close(server.fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reconnect");
	TCase *test_case = tcase_create("reconnect");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(test_case, 60);
	tcase_add_test(test_case,
		       failed_dials_are_repeated_with_growing_pauses);
	tcase_add_test(test_case,
		       connection_that_delivered_is_redialled_after_20_ms);
	tcase_add_test(test_case, thousand_reconnects_leave_no_descriptor);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
