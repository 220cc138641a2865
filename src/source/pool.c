#include "source/pool.h"

#include <signal.h>
#include <stdlib.h>

void pool_init(struct pool *pool, unsigned threads)
{
	*pool = (struct pool){.wanted = threads};
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->given, NULL);
	pthread_cond_init(&pool->done, NULL);
}

/* Locked; NULL: the pool closes. */
static struct job *take_first(struct pool *pool)
{
	struct job *job;

	while (!pool->first && !pool->closing)
		pthread_cond_wait(&pool->given, &pool->lock);
	job = pool->first;
	if (job) {
		pool->first = job->next;
		job->state = JOB_RUNS;
	}
	return job;
}

static void *work(void *argument)
{
	struct pool *pool = argument;
	struct job *job;

	pthread_mutex_lock(&pool->lock);
	while ((job = take_first(pool)) != NULL) {
		pthread_mutex_unlock(&pool->lock);
		job->run(job);
		pthread_mutex_lock(&pool->lock);
		job->state = JOB_DONE;
		pthread_cond_broadcast(&pool->done);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* As many as the system gives; what they do not do is done by the caller. No
 * signal is taken there. */
static void start(struct pool *pool)
{
	sigset_t all, before;

	pool->started = true;
	pool->threads = calloc(pool->wanted + 1, sizeof(*pool->threads));
	if (!pool->threads)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool->running < pool->wanted &&
	       pthread_create(&pool->threads[pool->running], NULL, work,
			      pool) == 0)
		pool->running++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void pool_release(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	pthread_cond_broadcast(&pool->given);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->running; i++)
		pthread_join(pool->threads[i], NULL);
	free(pool->threads);
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->given);
	pthread_cond_destroy(&pool->done);
}

void pool_give(struct pool *pool, struct job *job)
{
	if (!pool->started)
		start(pool);
	pthread_mutex_lock(&pool->lock);
	job->state = JOB_WAITS;
	job->next = NULL;
	if (pool->first)
		pool->last->next = job;
	else
		pool->first = job;
	pool->last = job;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->lock);
}

/* Locked. The job waits: no thread shall take it. */
static void take_out(struct pool *pool, struct job *job)
{
	struct job **link = &pool->first;
	struct job *before = NULL;

	while (*link != job) {
		before = *link;
		link = &before->next;
	}
	*link = job->next;
	if (pool->last == job)
		pool->last = before;
}

/* Locked, but while it runs. */
static void run_here(struct pool *pool, struct job *job)
{
	take_out(pool, job);
	job->state = JOB_RUNS;
	pthread_mutex_unlock(&pool->lock);
	job->run(job);
	pthread_mutex_lock(&pool->lock);
	job->state = JOB_DONE;
}

void pool_finish(struct pool *pool, struct job *job)
{
	pthread_mutex_lock(&pool->lock);
	while (job->state == JOB_WAITS || job->state == JOB_RUNS) {
		/* While a thread is at it, another one can be done. */
		if (job->state == JOB_WAITS)
			run_here(pool, job);
		else if (pool->first)
			run_here(pool, pool->first);
		else
			pthread_cond_wait(&pool->done, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
}

void pool_drop(struct pool *pool, struct job *job)
{
	pthread_mutex_lock(&pool->lock);
	if (job->state == JOB_WAITS) {
		take_out(pool, job);
		job->state = JOB_IDLE;
	}
	while (job->state == JOB_RUNS)
		pthread_cond_wait(&pool->done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}
