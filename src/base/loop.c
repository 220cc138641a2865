#include "base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

void loop_init(struct loop *loop)
{
	*loop = (struct loop){0};
}

void loop_release(struct loop *loop)
{
	free(loop->polled);
	loop_init(loop);
}

int loop_watch_add(struct loop *loop, struct loop_watch *watch,
		   struct error *error)
{
	size_t capacity = loop->polled_capacity;
	struct pollfd *polled;

	/* Room is made here so that waiting never allocates, nor fails so. */
	if (loop->watch_count == capacity) {
		capacity = capacity ? capacity * 2 : 8;
		polled = realloc(loop->polled, capacity * sizeof(*polled));
		if (!polled)
			return error_set(error, "out of memory");
		loop->polled = polled;
		loop->polled_capacity = capacity;
	}
	watch->ready = 0;
	watch->next = loop->watches;
	loop->watches = watch;
	loop->watch_count++;
	return 0;
}

void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
	struct loop_watch **link = &loop->watches;

	while (*link && *link != watch)
		link = &(*link)->next;
	if (!*link)
		return;
	*link = watch->next;
	watch->next = NULL;
	watch->ready = 0;
	loop->watch_count--;
}

void loop_timer_add(struct loop *loop, struct loop_timer *timer)
{
	timer->next = loop->timers;
	loop->timers = timer;
}

void loop_timer_remove(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **link = &loop->timers;

	while (*link && *link != timer)
		link = &(*link)->next;
	if (!*link)
		return;
	*link = timer->next;
	timer->next = NULL;
}

static int64_t loop_next_due(const struct loop *loop, int64_t until_ns,
			     enum loop_part last)
{
	const struct loop_timer *timer;

	for (timer = loop->timers; timer; timer = timer->next) {
		if (timer->part <= last && timer->due_ns < until_ns)
			until_ns = timer->due_ns;
	}
	return until_ns;
}

int loop_wait(struct loop *loop, int64_t now_ns, int64_t until_ns,
	      enum loop_part last, struct error *error)
{
	int64_t due_ns = loop_next_due(loop, until_ns, last);
	int64_t wait_ns = due_ns > now_ns ? due_ns - now_ns : 0;
	struct timespec timeout = {wait_ns / NS_PER_S, wait_ns % NS_PER_S};
	struct loop_watch *watch;
	nfds_t count = 0;
	int found;

	for (watch = loop->watches; watch; watch = watch->next) {
		watch->ready = 0;
		if (watch->part > last)
			continue;
		loop->polled[count++] =
			(struct pollfd){watch->fd, watch->events, 0};
	}
	found = ppoll(loop->polled, count,
		      due_ns == TIME_NEVER ? NULL : &timeout, NULL);
	if (found < 0 && errno != EINTR)
		return error_system(error, errno, "cannot wait for input");
	if (found <= 0)
		return 0;
	count = 0;
	for (watch = loop->watches; watch; watch = watch->next) {
		if (watch->part <= last)
			watch->ready = loop->polled[count++].revents;
	}
	return 0;
}
