/*
 * steps: places of the protocol at which a build for tests can be stopped.
 *
 * Built with TEST_STEPS=yes, ORDERCOUNT_STOP_AT=STEP[:N] ends the process by
 * SIGKILL when it reaches the step for the N-th time, and ORDERCOUNT_FREEZE_AT
 * stops it by SIGSTOP. Otherwise there is nothing here.
 */
#ifndef BASE_STEPS_H
#define BASE_STEPS_H

#ifdef TEST_STEPS
void step_reach(const char *step);
#else
static inline void step_reach(const char *step)
{
	(void)step;
}
#endif

#endif
