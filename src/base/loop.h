/*
 * loop: one place where the program waits.
 *
 * Whoever has a descriptor or a deadline owns a struct loop_watch or
 * loop_timer, registers it and looks at it when called; nothing is called
 * back. The loop only borrows them: remove one before its memory goes, and
 * before its descriptor is closed.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct loop_watch {
	int fd;
	short events;  /* POLLIN, POLLOUT; the owner may change it any time */
	short ready;   /* what the last loop_wait() found, POLLERR.. included */
	bool is_input; /* left out of the poll while the input has to wait */
	struct loop_watch *next;
};

struct loop_timer {
	int64_t due_ns; /* clock.mono_ns, or TIME_NEVER */
	bool is_input;	/* does not wake the loop while the input has to wait */
	struct loop_timer *next;
};

struct loop {
	struct loop_watch *watches;
	struct loop_timer *timers;
	struct pollfd *polled;
	size_t watch_count;
	size_t polled_capacity;
};

void loop_init(struct loop *loop);
void loop_release(struct loop *loop);

/* Registers a watch with nothing ready. -1 when memory is out. */
int loop_watch_add(struct loop *loop, struct loop_watch *watch,
		   struct error *error) MUST_CHECK;
void loop_watch_remove(struct loop *loop, struct loop_watch *watch);

void loop_timer_add(struct loop *loop, struct loop_timer *timer);
void loop_timer_remove(struct loop *loop, struct loop_timer *timer);

/*
 * Waits until a watch is ready, a timer or until_ns (clock.mono_ns) is due, or
 * a signal came. With input_waits the watches and timers of sources are left
 * out. now_ns is clock.mono_ns as last read. A time-out that has passed polls
 * without waiting. -1 only when poll itself fails.
 */
int loop_wait(struct loop *loop, int64_t now_ns, int64_t until_ns,
	      bool input_waits, struct error *error) MUST_CHECK;

#endif
