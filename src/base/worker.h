/*
 * worker: one call that blocks, made in a thread of its own.
 *
 * A task is memory that the thread alone may touch until it is done; then the
 * owner may. The owner can let go at any time: the thread ends when its call
 * does, and whoever lets go last frees the task. No signal is taken there.
 */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include "base/error.h"

struct worker;

/*
 * Runs run(task) in a thread. NULL: there is no thread, no descriptor or no
 * memory, and the task is still the caller's. Otherwise it is freed by
 * free_task(), which may be called in that thread.
 */
struct worker *worker_start(void (*run)(void *task),
			    void (*free_task)(void *task), void *task,
			    struct error *error) MUST_CHECK;

/* A descriptor to poll for POLLIN: ready (POLLHUP) when the task may be done.
 * The worker's. */
int worker_fd(const struct worker *worker);

/* The task if it is done, else NULL; lives until worker_release(). */
void *worker_result(const struct worker *worker);

/* Lets go, done or not; never blocks. */
void worker_release(struct worker *worker);

#endif
