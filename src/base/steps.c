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

/* The number in STEP[:N]; 0: the variable is of another step. */
static unsigned long number_of(const char *variable, const char *step,
			       unsigned long usual)
{
	const char *wanted = getenv(variable);
	size_t size = strlen(step);

	if (!wanted || strncmp(wanted, step, size) != 0)
		return 0;
	if (wanted[size] == ':')
		return strtoul(wanted + size + 1, NULL, 10);
	return wanted[size] == '\0' ? usual : 0;
}

/* Is this the N-th time? */
static bool is_now(const char *variable, const char *step, unsigned *times)
{
	unsigned long at = number_of(variable, step, 1);

	return at > 0 && ++*times == at;
}

bool step_fails(const char *step)
{
	static unsigned failed;

	return is_now("ORDERCOUNT_FAIL_AT", step, &failed);
}

void step_reach(const char *step)
{
	unsigned long slow_ms = number_of("ORDERCOUNT_SLOW_AT", step, 0);
	struct timespec slow = {.tv_sec = (time_t)(slow_ms / 1000),
				.tv_nsec = (long)(slow_ms % 1000) * 1000000};
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned stopped, frozen;
	bool stop, freeze;

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
