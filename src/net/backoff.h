/*
 * backoff: how long to wait before dialling again. Pure.
 *
 * Pauses begin at 0.5 s and double; each is drawn from up to half of it more,
 * so that many clients of one server do not come back together, and none is
 * longer than 30 s. After a connection that was of use the first is 20 ms.
 */
#ifndef NET_BACKOFF_H
#define NET_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t next_ns; /* the next pause, without its jitter */
};

void backoff_init(struct backoff *backoff);

/* A connection delivered something: the next pause is the short one. */
void backoff_reset(struct backoff *backoff);

/* The pause to make now; random is uniform over all its values. */
int64_t backoff_pause(struct backoff *backoff, uint64_t random);

#endif
