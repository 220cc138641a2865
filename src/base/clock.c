#include "base/clock.h"

#include <time.h>

#ifdef CLOCK_BOOTTIME
#define CLOCK_STEADILY CLOCK_BOOTTIME
#else
#define CLOCK_STEADILY CLOCK_MONOTONIC
#endif

static int64_t system_ns(clockid_t id)
{
	struct timespec time = {0};

	clock_gettime(id, &time);
	return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

void clock_start_at(struct clock *clock, int64_t mono_ns, int64_t wall_ns)
{
	*clock = (struct clock){
		.mono_ns = mono_ns,
		.now_ns = wall_ns,
		.previous_ns = wall_ns,
		.offset_ns = wall_ns - mono_ns,
	};
}

void clock_start(struct clock *clock)
{
	clock_start_at(clock, system_ns(CLOCK_STEADILY),
		       system_ns(CLOCK_REALTIME));
}

enum clock_event clock_set(struct clock *clock, int64_t mono_ns,
			   int64_t wall_ns)
{
	int64_t ahead_ns;

	clock->previous_ns = clock->now_ns;
	clock->mono_ns = mono_ns;
	clock->now_ns = mono_ns + clock->offset_ns;
	ahead_ns = wall_ns - clock->now_ns;
	if (ahead_ns > NS_PER_S) {
		clock->offset_ns += ahead_ns;
		clock->now_ns = wall_ns;
		clock->behind = false;
		return CLOCK_AHEAD;
	}
	if (ahead_ns >= -NS_PER_S) {
		clock->behind = false;
		return CLOCK_STEADY;
	}
	if (clock->behind)
		return CLOCK_STEADY;
	clock->behind = true;
	return CLOCK_BEHIND;
}

void clock_advance(struct clock *clock, int64_t now_ns)
{
	clock->offset_ns += now_ns - clock->now_ns;
	clock->now_ns = now_ns;
	clock->previous_ns = now_ns;
	clock->behind = true;
}

enum clock_event clock_read(struct clock *clock)
{
	int64_t mono_ns = system_ns(CLOCK_STEADILY);

	return clock_set(clock, mono_ns, system_ns(CLOCK_REALTIME));
}
