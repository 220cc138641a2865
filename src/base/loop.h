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
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Who waits; what waits least stands first. */
enum loop_part {
	LOOP_ALWAYS,  /* output, signals */
	LOOP_OPENING, /* sources that are being opened */
	LOOP_INPUT,   /* what sources have to read */
};

struct loop_watch {
	int fd;
	short events; /* POLLIN, POLLOUT; the owner may change it any time */
	short ready;  /* what the last loop_wait() found, POLLERR.. included */
	enum loop_part part;
	struct loop_watch *next;
};

struct loop_timer {
	int64_t due_ns; /* clock.mono_ns, or TIME_NEVER */
	enum loop_part part;
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
 * a signal came. Parts behind `last` are left out: what would not be dealt
 * with must not wake the loop. now_ns is clock.mono_ns as last read. A time-out
 * that has passed polls without waiting. -1 only when poll itself fails.
 */
int loop_wait(struct loop *loop, int64_t now_ns, int64_t until_ns,
	      enum loop_part last, struct error *error) MUST_CHECK;

#endif
