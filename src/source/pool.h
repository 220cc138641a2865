/*
 * pool: threads that do jobs, in the order in which they were given.
 *
 * A job belongs to the threads from pool_give() to pool_finish(). Whoever needs
 * it done does it himself if no thread has begun it, or another one meanwhile:
 * so the caller is one more of those who work.
 */
#ifndef SOURCE_POOL_H
#define SOURCE_POOL_H

#include <pthread.h>
#include <stdbool.h>

struct job {
	void (*run)(struct job *job); /* in any thread */
	/* The pool's: */
	struct job *next;
	enum { JOB_IDLE, JOB_WAITS, JOB_RUNS, JOB_DONE } state;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t given;
	pthread_cond_t done;
	struct job *first; /* of those that wait */
	struct job *last;
	pthread_t *threads;
	unsigned wanted;  /* threads, */
	unsigned running; /* and those that there are */
	bool started;
	bool closing;
};

/* So many threads, which start with the first job; none is fine, too. */
void pool_init(struct pool *pool, unsigned threads);

/* No job is left with it. */
void pool_release(struct pool *pool);

/* The job is idle, or done. */
void pool_give(struct pool *pool, struct job *job);

/* Returns once the job is done; until then the caller works, too. */
void pool_finish(struct pool *pool, struct job *job);

/* The same, but what was not begun is not done. */
void pool_drop(struct pool *pool, struct job *job);

#endif
