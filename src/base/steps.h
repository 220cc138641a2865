/*
 * steps: places of the protocol at which a build for tests can be stopped.
 *
 * Built with TEST_STEPS=yes, ORDERCOUNT_STOP_AT=STEP[:N] ends the process by
 * SIGKILL when it reaches the step for the N-th time, and ORDERCOUNT_FREEZE_AT
 * stops it by SIGSTOP; ORDERCOUNT_FAIL_AT lets what can fail do so, and
 * ORDERCOUNT_SLOW_AT=STEP:MS makes each such step take so long. Otherwise there
 * is nothing here.
 */
#ifndef BASE_STEPS_H
#define BASE_STEPS_H

#include <stdbool.h>

#ifdef TEST_STEPS
void step_reach(const char *step);

/* Shall the step fail? */
bool step_fails(const char *step);
#else
static inline bool step_fails(const char *step)
{
	(void)step;
	return false;
}

static inline void step_reach(const char *step)
{
	(void)step;
}
#endif

#endif
