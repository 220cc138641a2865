#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/worker.h"

#define LONG_NS (20 * NS_PER_S)

static struct error why;

static void make_pipe(int ends[2])
{
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

static void close_pipe(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

static void add_watch(struct loop *loop, struct loop_watch *watch, int fd,
		      short events)
{
	*watch = (struct loop_watch){.fd = fd, .events = events};
	ck_assert_int_eq(loop_watch_add(loop, watch, &why), 0);
}

/* Waits from a time that stands for now; returns how long it really took. */
static int64_t timed_wait(struct loop *loop, int64_t patience_ns,
			  enum loop_part last)
{
	struct clock before, after;

	clock_start(&before);
	ck_assert_int_eq(loop_wait(loop, before.mono_ns,
				   before.mono_ns + patience_ns, last, &why),
			 0);
	clock_start(&after);
	return after.mono_ns - before.mono_ns;
}

START_TEST(what_can_be_read_is_ready)
{
	struct loop loop;
	struct loop_watch full, empty;
	int a[2], b[2];

	make_pipe(a);
	make_pipe(b);
	loop_init(&loop);
	add_watch(&loop, &full, a[0], POLLIN);
	add_watch(&loop, &empty, b[0], POLLIN);
	ck_assert_int_eq(write(a[1], "x", 1), 1);
	ck_assert_int_lt(timed_wait(&loop, LONG_NS, LOOP_INPUT), LONG_NS);
	ck_assert_int_eq(full.ready, POLLIN);
	ck_assert_int_eq(empty.ready, 0);
	loop_watch_remove(&loop, &full);
	loop_watch_remove(&loop, &empty);
	ck_assert_ptr_null(loop.watches);
	loop_release(&loop);
	close_pipe(a);
	close_pipe(b);
}
END_TEST

START_TEST(readiness_is_forgotten_at_the_next_wait)
{
	struct loop loop;
	struct loop_watch watch;
	char byte;
	int ends[2];

	make_pipe(ends);
	loop_init(&loop);
	add_watch(&loop, &watch, ends[0], POLLIN);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	timed_wait(&loop, LONG_NS, LOOP_INPUT);
	ck_assert_int_eq(watch.ready, POLLIN);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	timed_wait(&loop, 0, LOOP_INPUT);
	ck_assert_int_eq(watch.ready, 0);
	loop_release(&loop);
	close_pipe(ends);
}
END_TEST

START_TEST(input_that_waits_is_left_out)
{
	struct loop loop;
	struct loop_watch input, other;
	int ends[2];

	make_pipe(ends);
	loop_init(&loop);
	add_watch(&loop, &input, ends[0], POLLIN);
	add_watch(&loop, &other, ends[0], POLLIN);
	input.part = LOOP_INPUT;
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	timed_wait(&loop, LONG_NS, LOOP_OPENING);
	ck_assert_int_eq(input.ready, 0);
	ck_assert_int_eq(other.ready, POLLIN);
	timed_wait(&loop, LONG_NS, LOOP_INPUT);
	ck_assert_int_eq(input.ready, POLLIN);
	ck_assert_int_eq(other.ready, POLLIN);
	loop_release(&loop);
	close_pipe(ends);
}
END_TEST

START_TEST(timer_of_the_input_does_not_wake_while_it_waits)
{
	struct loop loop;
	struct loop_timer timer = {.due_ns = 0, .part = LOOP_INPUT};

	loop_init(&loop);
	loop_timer_add(&loop, &timer);
	ck_assert_int_ge(timed_wait(&loop, 3 * NS_PER_MS, LOOP_OPENING),
			 3 * NS_PER_MS);
	ck_assert_int_lt(timed_wait(&loop, LONG_NS, LOOP_INPUT), LONG_NS);
	loop_timer_remove(&loop, &timer);
	ck_assert_ptr_null(loop.timers);
	loop_release(&loop);
}
END_TEST

START_TEST(nearest_deadline_ends_the_wait)
{
	struct loop loop;
	struct clock now;
	struct loop_timer near_timer, far_timer;
	int64_t took_ns;

	clock_start(&now);
	near_timer = (struct loop_timer){.due_ns = now.mono_ns + 4 * NS_PER_MS};
	far_timer = (struct loop_timer){.due_ns = TIME_NEVER};
	loop_init(&loop);
	loop_timer_add(&loop, &near_timer);
	loop_timer_add(&loop, &far_timer);
	ck_assert_int_eq(loop_wait(&loop, now.mono_ns, TIME_NEVER, false, &why),
			 0);
	took_ns = -now.mono_ns;
	clock_start(&now);
	took_ns += now.mono_ns;
	ck_assert_int_ge(took_ns, 4 * NS_PER_MS);
	ck_assert_int_lt(took_ns, LONG_NS);
	/* until_ns is the nearest now, and has passed. */
	ck_assert_int_lt(timed_wait(&loop, -NS_PER_S, LOOP_INPUT), LONG_NS);
	loop_release(&loop);
}
END_TEST

START_TEST(hangup_is_seen_without_asking_for_events)
{
	struct loop loop;
	struct loop_watch writer;
	int ends[2];

	make_pipe(ends);
	loop_init(&loop);
	add_watch(&loop, &writer, ends[1], 0);
	timed_wait(&loop, 0, LOOP_OPENING);
	ck_assert_int_eq(writer.ready, 0);
	close(ends[0]);
	timed_wait(&loop, LONG_NS, LOOP_OPENING);
	ck_assert_int_ne(writer.ready & POLLERR, 0);
	loop_release(&loop);
	close(ends[1]);
}
END_TEST

START_TEST(removed_watch_is_not_polled)
{
	struct loop loop;
	struct loop_watch kept, removed;
	int ends[2];

	make_pipe(ends);
	loop_init(&loop);
	add_watch(&loop, &kept, ends[0], POLLIN);
	add_watch(&loop, &removed, ends[1], POLLOUT);
	loop_watch_remove(&loop, &removed);
	loop_watch_remove(&loop, &removed);
	ck_assert_int_ge(timed_wait(&loop, NS_PER_MS, LOOP_INPUT), NS_PER_MS);
	ck_assert_int_eq(removed.ready, 0);
	loop_release(&loop);
	close_pipe(ends);
}
END_TEST

START_TEST(many_watches_keep_their_own_answers)
{
	enum { MANY = 100 };
	struct loop loop;
	struct loop_watch watches[MANY];
	int ends[2];
	int i;

	make_pipe(ends);
	loop_init(&loop);
	for (i = 0; i < MANY; i++)
		add_watch(&loop, &watches[i], ends[i % 2],
			  i % 2 ? POLLOUT : POLLIN);
	timed_wait(&loop, LONG_NS, LOOP_INPUT);
	for (i = 0; i < MANY; i++)
		ck_assert_int_eq(watches[i].ready, i % 2 ? POLLOUT : 0);
	loop_release(&loop);
	close_pipe(ends);
}
END_TEST

static void take_signal(int number)
{
	(void)number;
}

START_TEST(signal_ends_the_wait_without_an_error)
{
	/* Again and again, as the first may come before the wait. */
	const struct itimerval often = {{0, 2000}, {0, 2000}};
	const struct itimerval never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = take_signal};
	struct loop loop;
	struct loop_watch watch;
	int ends[2];

	make_pipe(ends);
	sigaction(SIGALRM, &action, NULL);
	loop_init(&loop);
	add_watch(&loop, &watch, ends[0], POLLIN);
	watch.ready = POLLIN;
	setitimer(ITIMER_REAL, &often, NULL);
	ck_assert_int_lt(timed_wait(&loop, LONG_NS, LOOP_INPUT), LONG_NS);
	setitimer(ITIMER_REAL, &never, NULL);
	ck_assert_int_eq(watch.ready, 0);
	loop_release(&loop);
	close_pipe(ends);
}
END_TEST

/* A task that blocks until a byte comes, and tells when it is freed. */
struct blocked {
	int gate[2];
	int freed[2];
	sigset_t mask;
};

static void blocked_run(void *argument)
{
	struct blocked *task = argument;
	char byte;

	pthread_sigmask(SIG_SETMASK, NULL, &task->mask);
	ck_assert_int_eq(read(task->gate[0], &byte, 1), 1);
}

static void blocked_free(void *argument)
{
	struct blocked *task = argument;

	(void)!write(task->freed[1], "f", 1);
}

static struct worker *start_blocked(struct blocked *task)
{
	struct worker *worker;

	make_pipe(task->gate);
	make_pipe(task->freed);
	worker = worker_start(blocked_run, blocked_free, task, &why);
	ck_assert_ptr_nonnull(worker);
	return worker;
}

START_TEST(worker_answers_through_the_loop)
{
	struct blocked task;
	struct worker *worker = start_blocked(&task);
	struct loop loop;
	struct loop_watch watch;
	char byte;

	loop_init(&loop);
	add_watch(&loop, &watch, worker_fd(worker), POLLIN);
	timed_wait(&loop, NS_PER_MS, LOOP_INPUT);
	ck_assert_int_eq(watch.ready, 0);
	ck_assert_ptr_null(worker_result(worker));
	ck_assert_int_eq(write(task.gate[1], "g", 1), 1);
	ck_assert_int_lt(timed_wait(&loop, LONG_NS, LOOP_INPUT), LONG_NS);
	ck_assert_int_ne(watch.ready, 0);
	ck_assert_ptr_eq(worker_result(worker), &task);
	ck_assert_int_eq(sigismember(&task.mask, SIGTERM), 1);
	loop_watch_remove(&loop, &watch);
	worker_release(worker);
	ck_assert_int_eq(read(task.freed[0], &byte, 1), 1);
	loop_release(&loop);
	close_pipe(task.gate);
	close_pipe(task.freed);
}
END_TEST

START_TEST(abandoned_worker_frees_its_task_when_its_call_ends)
{
	struct blocked task;
	struct pollfd freed;
	char byte;

	worker_release(start_blocked(&task));
	freed = (struct pollfd){task.freed[0], POLLIN, 0};
	ck_assert_int_eq(poll(&freed, 1, 2), 0);
	ck_assert_int_eq(write(task.gate[1], "g", 1), 1);
	ck_assert_int_eq(read(task.freed[0], &byte, 1), 1);
	close_pipe(task.gate);
	close_pipe(task.freed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop");
	TCase *test_case = tcase_create("loop");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(test_case, what_can_be_read_is_ready);
	tcase_add_test(test_case, readiness_is_forgotten_at_the_next_wait);
	tcase_add_test(test_case, input_that_waits_is_left_out);
	tcase_add_test(test_case,
		       timer_of_the_input_does_not_wake_while_it_waits);
	tcase_add_test(test_case, nearest_deadline_ends_the_wait);
	tcase_add_test(test_case, hangup_is_seen_without_asking_for_events);
	tcase_add_test(test_case, removed_watch_is_not_polled);
	tcase_add_test(test_case, many_watches_keep_their_own_answers);
	tcase_add_test(test_case, signal_ends_the_wait_without_an_error);
	tcase_add_test(test_case, worker_answers_through_the_loop);
	tcase_add_test(test_case,
		       abandoned_worker_frees_its_task_when_its_call_ends);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
