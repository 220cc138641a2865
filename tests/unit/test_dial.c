#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "net/dial.h"
#include "server.h"

static const struct tcp_options once = {
	.connect_timeout_ns = 10 * NS_PER_S,
	.idle_timeout_ns = TIME_NEVER,
};

START_TEST(refused_is_down_with_the_reason)
{
	struct server server = server_open("localhost", AF_INET, 5);
	size_t before;
	struct pump pump;

	close(server.fd);
	before = pump_count_descriptors();
	pump_dial(&pump, &server, "localhost", &once);
	pump_expect(&pump, CHUNK_DOWN);
	ck_assert_ptr_null(pump.chunk.stream);
	pump_expect_named(&pump, &server,
			  "cannot connect to %s: Connection refused");
	pump_expect_over(&pump);
	ck_assert_uint_eq(pump_count_descriptors(), before);
	pump_close(&pump);
}
END_TEST

static void expect_localhost_finds(int family)
{
	struct server server = server_open("localhost", family, 5);
	struct pump pump;
	int peer;

	pump_dial(&pump, &server, "localhost", &once);
	pump_expect(&pump, CHUNK_OPENED);
	peer = server_accept(&server);
	server_put(peer, "found");
	close(peer);
	ck_assert_int_eq(pump_read_stream(&pump), CHUNK_ENDED);
	pump_expect_text(&pump, "found");
	pump_close(&pump);
	close(server.fd);
}

START_TEST(localhost_works_on_either_family_alone)
{
	expect_localhost_finds(AF_INET);
	expect_localhost_finds(AF_INET6);
}
END_TEST

START_TEST(unknown_name_is_said)
{
	static const char beginning[] = "cannot resolve 'nohost.invalid': ";
	struct server server = {.name = "tcp://nohost.invalid:1", .port = 1};
	struct pump pump;

	pump_dial(&pump, &server, "nohost.invalid", &once);
	pump_expect(&pump, CHUNK_DOWN);
	ck_assert_msg(strncmp(pump.chunk.why.message, beginning,
			      sizeof(beginning) - 1) == 0,
		      "%s", pump.chunk.why.message);
	pump_expect_over(&pump);
	pump_close(&pump);
}
END_TEST

START_TEST(lookup_can_be_abandoned)
{
	struct server server = {.name = "tcp://nohost.invalid:1", .port = 1};
	struct pump pump;

	pump_dial(&pump, &server, "nohost.invalid", &once);
	ck_assert_int_eq(pump_ask(&pump), SOURCE_AGAIN);
	ck_assert_int_eq(pump_report(&pump).state, REPORT_DIALLING);
	pump_close(&pump);
}
END_TEST

/* Connects until the server's backlog takes no more; the next one hangs. */
static void fill_backlog(const struct server *server, int *fds, size_t count)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_port = htons((uint16_t)server->port)};
	size_t i;

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (i = 0; i < count; i++) {
		fds[i] = socket(AF_INET,
				SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		ck_assert_int_ge(fds[i], 0);
		(void)connect(fds[i], (struct sockaddr *)&name, sizeof(name));
	}
}

START_TEST(black_hole_is_given_up_after_the_connect_timeout)
{
	struct server server = server_open("127.0.0.1", AF_INET, 0);
	struct pump pump;
	int fds[4];
	size_t before, i;

	fill_backlog(&server, fds, 4);
	before = pump_count_descriptors();
	pump_dial(&pump, &server, "127.0.0.1", &once);
	pump_expect_nothing(&pump);
	pump.clock.mono_ns += once.connect_timeout_ns - 1;
	pump_expect_nothing(&pump);
	ck_assert_int_eq(pump_report(&pump).state, REPORT_DIALLING);
	pump.clock.mono_ns++;
	pump_expect(&pump, CHUNK_DOWN);
	pump_expect_named(&pump, &server,
			  "cannot connect to %s: no answer within 10s "
			  "(--connect-timeout)");
	pump_expect_over(&pump);
	ck_assert_uint_eq(pump_count_descriptors(), before);
	pump_close(&pump);
	for (i = 0; i < 4; i++)
		close(fds[i]);
	close(server.fd);
}
END_TEST

/* A firewall's answer makes a socket ready that waits for its peer still. */
START_TEST(ready_is_not_yet_connected)
{
	struct server server = server_open("127.0.0.1", AF_INET, 0);
	struct addresses addresses = {calloc(1, sizeof(struct address)), 1};
	struct loop loop;
	struct dial dial;
	int fds[4];
	int fd;
	size_t i;

	ck_assert_ptr_nonnull(addresses.items);
	addresses.items->size = sizeof(addresses.items->name);
	ck_assert_int_eq(getsockname(server.fd,
				     (struct sockaddr *)&addresses.items->name,
				     &addresses.items->size),
			 0);
	fill_backlog(&server, fds, 4);
	loop_init(&loop);
	ck_assert_int_eq(dial_open(&dial, &loop, &addresses), 0);
	ck_assert_int_eq(dial_step(&dial, 0, &fd), DIAL_AGAIN);
	dial.attempts[0].watch.ready = POLLERR;
	ck_assert_int_eq(dial_step(&dial, 0, &fd), DIAL_AGAIN);
	ck_assert_uint_eq(dial.open, 1);
	dial_close(&dial);
	loop_release(&loop);
	for (i = 0; i < 4; i++)
		close(fds[i]);
	close(server.fd);
}
END_TEST

START_TEST(nobody_is_connected_to_itself)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct sockaddr_in name = {.sin_family = AF_INET};
	struct addresses addresses;
	struct error error;
	struct loop loop;
	struct dial dial;
	enum dial_status status;
	int fd, i;

	/* The kernel gives every other port to those who bind, and the ones
	 * between to those who connect: take one of these. */
	name.sin_port = htons((uint16_t)(server.port ^ 1));
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	close(server.fd);
	loop_init(&loop);
	/* It goes through all of them in turn: sooner or later to this one. */
	for (i = 0; i < 25000; i++) {
		addresses = (struct addresses){
			calloc(1, sizeof(struct address)), 1};
		ck_assert_ptr_nonnull(addresses.items);
		addresses.items[0].size = sizeof(name);
		memcpy(&addresses.items[0].name, &name, sizeof(name));
		ck_assert_int_eq(dial_open(&dial, &loop, &addresses), 0);
		while ((status = dial_step(&dial, 0, &fd)) == DIAL_AGAIN)
			ck_assert_int_eq(loop_wait(&loop, 0, PUMP_PATIENCE_NS,
						   LOOP_INPUT, &error),
					 0);
		ck_assert_int_eq(status, DIAL_FAILED);
		ck_assert_int_eq(dial.number, ECONNREFUSED);
		dial_close(&dial);
	}
	loop_release(&loop);
}
END_TEST

/* Both servers' addresses, to be dialled in this order. */
static struct addresses both(const struct server *first,
			     const struct server *second)
{
	const struct server *servers[] = {first, second};
	struct addresses addresses = {calloc(2, sizeof(struct address)), 2};
	size_t i;

	ck_assert_ptr_nonnull(addresses.items);
	for (i = 0; i < 2; i++) {
		struct address *item = &addresses.items[i];

		item->size = sizeof(item->name);
		ck_assert_int_eq(getsockname(servers[i]->fd,
					     (struct sockaddr *)&item->name,
					     &item->size),
				 0);
	}
	return addresses;
}

START_TEST(next_address_is_tried_while_one_hangs)
{
	struct server hanging = server_open("127.0.0.1", AF_INET, 0);
	struct server there = server_open("localhost", AF_INET6, 5);
	struct addresses addresses = both(&hanging, &there);
	struct error error;
	struct loop loop;
	struct dial dial;
	int fds[4];
	int fd;
	size_t i;

	fill_backlog(&hanging, fds, 4);
	loop_init(&loop);
	ck_assert_int_eq(dial_open(&dial, &loop, &addresses), 0);
	ck_assert_int_eq(dial_step(&dial, 0, &fd), DIAL_AGAIN);
	ck_assert_int_eq(dial_step(&dial, 250 * NS_PER_MS - 1, &fd),
			 DIAL_AGAIN);
	ck_assert_uint_eq(dial.open, 1);
	ck_assert_int_eq(dial.timer.due_ns, 250 * NS_PER_MS);
	ck_assert_int_eq(dial_step(&dial, 250 * NS_PER_MS, &fd), DIAL_AGAIN);
	ck_assert_uint_eq(dial.open, 2);
	ck_assert_int_eq(
		loop_wait(&loop, 0, PUMP_PATIENCE_NS, LOOP_INPUT, &error), 0);
	ck_assert_int_eq(dial_step(&dial, 250 * NS_PER_MS, &fd),
			 DIAL_CONNECTED);
	close(server_accept(&there));
	close(fd);
	dial_close(&dial);
	ck_assert_ptr_null(loop.watches);
	ck_assert_ptr_null(loop.timers);
	loop_release(&loop);
	for (i = 0; i < 4; i++)
		close(fds[i]);
	close(hanging.fd);
	close(there.fd);
}
END_TEST

START_TEST(no_descriptor_left_is_said)
{
	struct server server = server_open("127.0.0.1", AF_INET, 5);
	struct rlimit limit, few;
	struct pump pump;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	few.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	pump_dial(&pump, &server, "127.0.0.1", &once);
	pump_expect(&pump, CHUNK_DOWN);
	pump_expect_named(&pump, &server,
			  "cannot connect to %s: Too many open files");
	pump_close(&pump);
	pump_dial(&pump, &server, "nohost.invalid", &once);
	pump_expect(&pump, CHUNK_DOWN);
	pump_expect_why(&pump, "cannot resolve 'nohost.invalid': cannot make a "
			       "pipe: Too many open files");
	pump_close(&pump);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	close(server.fd);
}
END_TEST

START_TEST(families_take_turns)
{
	static const int given[] = {AF_INET6, AF_INET6, AF_INET6, AF_INET,
				    AF_INET,  AF_INET,	AF_INET};
	static const int wanted[] = {AF_INET6, AF_INET, AF_INET6, AF_INET,
				     AF_INET6, AF_INET, AF_INET};
	/* Within a family the order stays. */
	static const socklen_t order[] = {0, 3, 1, 4, 2, 5, 6};
	struct address items[7] = {0};
	struct addresses addresses = {items, 7};
	socklen_t i;

	for (i = 0; i < 7; i++) {
		items[i].name.ss_family = (sa_family_t)given[i];
		items[i].size = i;
	}
	addresses_interleave(&addresses);
	for (i = 0; i < 7; i++) {
		ck_assert_int_eq(items[i].name.ss_family, wanted[i]);
		ck_assert_uint_eq(items[i].size, order[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dial");
	TCase *test_case = tcase_create("dial");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(test_case, 60);
	tcase_add_test(test_case, refused_is_down_with_the_reason);
	tcase_add_test(test_case, localhost_works_on_either_family_alone);
	tcase_add_test(test_case, unknown_name_is_said);
	tcase_add_test(test_case, lookup_can_be_abandoned);
	tcase_add_test(test_case,
		       black_hole_is_given_up_after_the_connect_timeout);
	tcase_add_test(test_case, ready_is_not_yet_connected);
	tcase_add_test(test_case, nobody_is_connected_to_itself);
	tcase_add_test(test_case, next_address_is_tried_while_one_hangs);
	tcase_add_test(test_case, no_descriptor_left_is_said);
	tcase_add_test(test_case, families_take_turns);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
