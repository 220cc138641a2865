/*
 * See steps.h. Without TEST_STEPS there is nothing in it.
 */
#include "base/steps.h"

#ifdef TEST_STEPS
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* STEP[:N] in the environment: is this the N-th time? */
static int is_now(const char *variable, const char *step, unsigned *times)
{
	const char *wanted = getenv(variable);
	size_t size = strlen(step);
	unsigned long at = 1;

	if (!wanted || strncmp(wanted, step, size) != 0 ||
	    (wanted[size] != '\0' && wanted[size] != ':'))
		return 0;
	if (wanted[size] == ':')
		at = strtoul(wanted + size + 1, NULL, 10);
	return ++*times == at;
}

/* The variable's number, if it is of this step. */
static unsigned long number_of(const char *variable, const char *step)
{
	const char *wanted = getenv(variable);
	size_t size = strlen(step);

	if (!wanted || strncmp(wanted, step, size) != 0 || wanted[size] != ':')
		return 0;
	return strtoul(wanted + size + 1, NULL, 10);
}

bool step_fails(const char *step)
{
	static unsigned failed;

	return is_now("ORDERCOUNT_FAIL_AT", step, &failed);
}

void step_reach(const char *step)
{
	unsigned long slow_ms = number_of("ORDERCOUNT_SLOW_AT", step);
	struct timespec slow = {.tv_sec = (time_t)(slow_ms / 1000),
				.tv_nsec = (long)(slow_ms % 1000) * 1000000};

	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned stopped, frozen;
	int stop, freeze;

	pthread_mutex_lock(&lock);
	stop = is_now("ORDERCOUNT_STOP_AT", step, &stopped);
	freeze = is_now("ORDERCOUNT_FREEZE_AT", step, &frozen);
	pthread_mutex_unlock(&lock);
	if (slow_ms > 0)
		nanosleep(&slow, NULL);
	if (stop)
		kill(getpid(), SIGKILL);
	if (freeze)
		kill(getpid(), SIGSTOP);
}
#endif
