/*
 * clock: our time, which never runs backwards.
 *
 * Ours is the wall clock at the start plus the time since (CLOCK_BOOTTIME where
 * there is one, as it goes on in a suspend). When the wall clock is found more
 * than 1 s ahead, ours takes its time; when it is behind, ours goes on.
 * All values are nanoseconds; now_ns counts from 1970-01-01T00:00:00Z.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_MS ((int64_t)1000000)
#define NS_PER_S  ((int64_t)1000000000)

/* "Not set", for a deadline; later than any time. */
#define TIME_NEVER INT64_MAX

struct clock {
	int64_t mono_ns;     /* for time-outs: steady, from no known start */
	int64_t now_ns;	     /* for windows: our time */
	int64_t previous_ns; /* our time at the reading before this one */
	int64_t offset_ns;   /* now_ns - mono_ns */
	bool behind;	     /* the wall clock was behind, and it was said */
};

enum clock_event {
	CLOCK_STEADY,
	CLOCK_AHEAD,  /* ours stepped forward to the wall clock's time */
	CLOCK_BEHIND, /* the wall clock fell behind; told once until it heals */
};

/* Reads the system's clocks. */
void clock_start(struct clock *clock);
enum clock_event clock_read(struct clock *clock);

/* Ours steps forward to now_ns, without the wall clock. */
void clock_advance(struct clock *clock, int64_t now_ns);

/* The same with given readings: what tests use in place of the system. */
void clock_start_at(struct clock *clock, int64_t mono_ns, int64_t wall_ns);
enum clock_event clock_set(struct clock *clock, int64_t mono_ns,
			   int64_t wall_ns);

#endif
