#include <check.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "source/pool.h"

#define TASKS 500

struct task {
	struct job job; /* first: a task is one of these */
	atomic_uint runs;
	bool blocked; /* every signal was, where it ran last */
};

static struct pool pool;
static struct task tasks[TASKS];

static void run(struct job *job)
{
	struct task *task = (struct task *)job;
	sigset_t set;

	atomic_fetch_add(&task->runs, 1);
	task->blocked = pthread_sigmask(SIG_BLOCK, NULL, &set) == 0 &&
			sigismember(&set, SIGINT) == 1 &&
			sigismember(&set, SIGTERM) == 1;
}

static void set_up(void)
{
	for (size_t i = 0; i < TASKS; i++) {
		tasks[i].job.run = run;
		atomic_init(&tasks[i].runs, 0);
	}
}

static void give_all(void)
{
	for (size_t i = 0; i < TASKS; i++)
		pool_give(&pool, &tasks[i].job);
}

START_TEST(each_job_is_done_once)
{
	for (unsigned threads = 0; threads < 5; threads++) {
		set_up();
		pool_init(&pool, threads);
		give_all();
		/* Whatever the order in which they are asked for. */
		for (size_t i = 0; i < TASKS; i++) {
			size_t at = (i * 7) % TASKS;

			pool_finish(&pool, &tasks[at].job);
			ck_assert_uint_eq(atomic_load(&tasks[at].runs), 1);
		}
		pool_release(&pool);
	}
}
END_TEST

START_TEST(a_job_that_is_done_can_be_given_again)
{
	pool_init(&pool, 2);
	for (unsigned round = 1; round <= 20; round++) {
		give_all();
		for (size_t i = 0; i < TASKS; i++) {
			pool_finish(&pool, &tasks[i].job);
			ck_assert_uint_eq(atomic_load(&tasks[i].runs), round);
		}
	}
	pool_release(&pool);
}
END_TEST

START_TEST(what_is_dropped_before_it_began_is_not_done)
{
	pool_init(&pool, 0);
	give_all();
	/* From the front, the end and the middle. */
	for (size_t i = 0; i < TASKS; i++)
		if (i % 3 == 0 || i == TASKS - 1)
			pool_drop(&pool, &tasks[i].job);
	/* Behind those that are left. */
	pool_give(&pool, &tasks[0].job);
	for (size_t i = 0; i < TASKS; i++) {
		if ((i > 0 && i % 3 == 0) || i == TASKS - 1)
			continue;
		pool_finish(&pool, &tasks[i].job);
		ck_assert_uint_eq(atomic_load(&tasks[i].runs), 1);
	}
	ck_assert_uint_eq(atomic_load(&tasks[0].runs), 1);
	ck_assert_uint_eq(atomic_load(&tasks[3].runs), 0);
	pool_release(&pool);
}
END_TEST

/* Nobody touches a job behind pool_drop(). */
START_TEST(what_is_dropped_is_the_callers)
{
	for (unsigned round = 0; round < 50; round++) {
		unsigned done[TASKS];

		pool_init(&pool, 3);
		give_all();
		for (size_t i = 0; i < TASKS; i++) {
			pool_drop(&pool, &tasks[i].job);
			done[i] = atomic_load(&tasks[i].runs);
		}
		pool_release(&pool);
		for (size_t i = 0; i < TASKS; i++)
			ck_assert_uint_eq(atomic_load(&tasks[i].runs), done[i]);
	}
}
END_TEST

START_TEST(threads_take_no_signal)
{
	unsigned elsewhere = 0;

	pool_init(&pool, 2);
	while (elsewhere == 0) {
		give_all();
		for (size_t i = 0; i < TASKS; i++)
			pool_finish(&pool, &tasks[i].job);
		for (size_t i = 0; i < TASKS; i++)
			elsewhere += tasks[i].blocked;
	}
	/* The caller still does. */
	run(&tasks[0].job);
	ck_assert(!tasks[0].blocked);
	pool_release(&pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *cases = tcase_create("pool");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, set_up, NULL);
	tcase_add_test(cases, each_job_is_done_once);
	tcase_add_test(cases, a_job_that_is_done_can_be_given_again);
	tcase_add_test(cases, what_is_dropped_before_it_began_is_not_done);
	tcase_add_test(cases, what_is_dropped_is_the_callers);
	tcase_add_test(cases, threads_take_no_signal);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
