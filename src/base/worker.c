#include "base/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct worker {
	void (*run)(void *task);
	void (*free_task)(void *task);
	void *task;
	int owner_fd;  /* the reading end of a pipe */
	int thread_fd; /* the writing end: closed when the task is done */
	atomic_bool done;
	atomic_int holders;
};

static void worker_drop(struct worker *worker)
{
	if (atomic_fetch_sub(&worker->holders, 1) > 1)
		return;
	worker->free_task(worker->task);
	free(worker);
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;

	worker->run(worker->task);
	atomic_store(&worker->done, true);
	/* Closing tells the owner, and unlike writing it raises no SIGPIPE
	 * when the owner has gone. */
	close(worker->thread_fd);
	worker_drop(worker);
	return NULL;
}

static int worker_spawn(struct worker *worker)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	int number = pthread_attr_init(&attributes);

	if (number != 0)
		return number;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	/* Signals are for the loop: one that came here would not wake it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	number = pthread_create(&thread, &attributes, worker_main, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return number;
}

struct worker *worker_start(void (*run)(void *task),
			    void (*free_task)(void *task), void *task,
			    struct error *error)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int ends[2];
	int number;

	if (!worker) {
		error_set(error, "out of memory");
		return NULL;
	}
	if (pipe2(ends, O_CLOEXEC) < 0) {
		error_system(error, errno, "cannot make a pipe");
		free(worker);
		return NULL;
	}
	worker->run = run;
	worker->free_task = free_task;
	worker->task = task;
	worker->owner_fd = ends[0];
	worker->thread_fd = ends[1];
	atomic_init(&worker->done, false);
	atomic_init(&worker->holders, 2);
	number = worker_spawn(worker);
	if (number != 0) {
		error_system(error, number, "cannot start a thread");
		close(ends[0]);
		close(ends[1]);
		free(worker);
		return NULL;
	}
	return worker;
}

int worker_fd(const struct worker *worker)
{
	return worker->owner_fd;
}

void *worker_result(const struct worker *worker)
{
	return atomic_load(&worker->done) ? worker->task : NULL;
}

void worker_release(struct worker *worker)
{
	close(worker->owner_fd);
	worker_drop(worker);
}
