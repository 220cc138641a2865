#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/signals.h"

static struct loop loop;
static struct signals signals;
static struct error error;

static void open_signals(bool hangup_reopens)
{
	loop_init(&loop);
	ck_assert_int_eq(signals_open(&signals, hangup_reopens, &loop, &error),
			 0);
}

static void close_signals(void)
{
	signals_close(&signals, &loop);
	loop_release(&loop);
}

/* Polls without waiting. */
static bool is_awake(void)
{
	ck_assert_int_eq(loop_wait(&loop, 1, 0, false, &error), 0);
	return signals.watch.ready != 0;
}

static void (*handler_of(int number))(int)
{
	struct sigaction action;

	ck_assert_int_eq(sigaction(number, NULL, &action), 0);
	return action.sa_handler;
}

START_TEST(a_signal_wakes_the_loop_and_is_told_once)
{
	open_signals(false);
	ck_assert(!is_awake());
	ck_assert_int_eq(signals_next(&signals), 0);
	raise(SIGTERM);
	ck_assert(is_awake());
	ck_assert_int_eq(signals_next(&signals), SIGTERM);
	ck_assert_int_eq(signals_next(&signals), 0);
	ck_assert(!is_awake());
	close_signals();
}
END_TEST

static int64_t now_ns(void)
{
	struct clock clock;

	clock_start(&clock);
	return clock.mono_ns;
}

/* timeout(1) sends its signal to the process and then to the group. */
START_TEST(the_same_signal_at_once_again_is_the_first)
{
	int64_t begun_ns;

	/* Unless the machine took a nap in between. */
	do {
		open_signals(false);
		begun_ns = now_ns();
		raise(SIGTERM);
		if (now_ns() - begun_ns > 10 * NS_PER_MS) {
			close_signals();
			continue;
		}
		raise(SIGTERM);
		break;
	} while (true);
	ck_assert_int_eq(signals_next(&signals), SIGTERM);
	ck_assert_int_eq(signals_next(&signals), 0);
	close_signals();
	ck_assert(handler_of(SIGTERM) == SIG_DFL);
}
END_TEST

START_TEST(the_same_signal_later_ends_at_once)
{
	int64_t begun_ns;

	open_signals(false);
	raise(SIGTERM);
	begun_ns = now_ns();
	while (now_ns() - begun_ns < 25 * NS_PER_MS)
		;
	raise(SIGTERM);
}
END_TEST

START_TEST(a_second_signal_ends_at_once)
{
	open_signals(false);
	raise(SIGINT);
	raise(SIGTERM);
}
END_TEST

START_TEST(hangup_may_be_a_call_to_reopen_again_and_again)
{
	open_signals(true);
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 5; j++)
			raise(SIGHUP);
		ck_assert(is_awake());
		ck_assert_int_eq(signals_next(&signals), SIGHUP);
		ck_assert_int_eq(signals_next(&signals), 0);
	}
	raise(SIGINT);
	ck_assert_int_eq(signals_next(&signals), SIGINT);
	/* It ends nothing still. */
	ck_assert(handler_of(SIGHUP) != SIG_DFL);
	close_signals();
}
END_TEST

START_TEST(the_end_is_told_before_a_hangup)
{
	open_signals(true);
	raise(SIGHUP);
	raise(SIGTERM);
	ck_assert_int_eq(signals_next(&signals), SIGTERM);
	close_signals();
}
END_TEST

START_TEST(a_storm_of_signals_loses_nothing_and_blocks_nowhere)
{
	open_signals(true);
	/* More than the pipe holds. */
	for (int i = 0; i < 100000; i++)
		raise(SIGHUP);
	ck_assert(is_awake());
	ck_assert_int_eq(signals_next(&signals), SIGHUP);
	ck_assert(!is_awake());
	raise(SIGTERM);
	ck_assert(is_awake());
	ck_assert_int_eq(signals_next(&signals), SIGTERM);
	close_signals();
}
END_TEST

START_TEST(signals_that_were_ignored_stay_ignored)
{
	signal(SIGHUP, SIG_IGN);
	open_signals(true);
	ck_assert(handler_of(SIGHUP) == SIG_IGN);
	raise(SIGHUP);
	ck_assert(!is_awake());
	ck_assert_int_eq(signals_next(&signals), 0);
	raise(SIGTERM);
	ck_assert(handler_of(SIGHUP) == SIG_IGN);
	close_signals();
	ck_assert(handler_of(SIGHUP) == SIG_IGN);
}
END_TEST

START_TEST(closing_gives_the_defaults_back)
{
	open_signals(true);
	close_signals();
	ck_assert(handler_of(SIGINT) == SIG_DFL);
	ck_assert(handler_of(SIGTERM) == SIG_DFL);
	ck_assert(handler_of(SIGHUP) == SIG_DFL);
	ck_assert_uint_eq(loop.watch_count, 0);
}
END_TEST

START_TEST(a_broken_pipe_kills_whatever_the_parent_set)
{
	sigset_t set, now;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals_set_output();
	ck_assert(handler_of(SIGPIPE) == SIG_DFL);
	sigprocmask(SIG_BLOCK, NULL, &now);
	ck_assert(!sigismember(&now, SIGPIPE));
}
END_TEST

START_TEST(the_process_ends_by_the_signal_itself)
{
	sigset_t set;

	/* Caught and blocked, as it is in its handler. */
	open_signals(false);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals_end_by(SIGTERM);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("signals");
	TCase *tests = tcase_create("signals");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_signal_wakes_the_loop_and_is_told_once);
	tcase_add_test(tests, the_same_signal_at_once_again_is_the_first);
	tcase_add_test_raise_signal(tests, the_same_signal_later_ends_at_once,
				    SIGTERM);
	tcase_add_test_raise_signal(tests, a_second_signal_ends_at_once,
				    SIGTERM);
	tcase_add_test(tests, hangup_may_be_a_call_to_reopen_again_and_again);
	tcase_add_test(tests, the_end_is_told_before_a_hangup);
	tcase_add_test(tests,
		       a_storm_of_signals_loses_nothing_and_blocks_nowhere);
	tcase_add_test(tests, signals_that_were_ignored_stay_ignored);
	tcase_add_test(tests, closing_gives_the_defaults_back);
	tcase_add_test(tests, a_broken_pipe_kills_whatever_the_parent_set);
	tcase_add_test_raise_signal(
		tests, the_process_ends_by_the_signal_itself, SIGTERM);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
