/*
 * dial: one connection out of many addresses, in the manner of RFC 8305.
 *
 * The addresses are tried in their order; the next one begins 250 ms after the
 * one before, or at once when that failed. The first that connects is taken.
 * How long all of it may take is the caller's business.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/resolve.h"

struct dial_attempt {
	struct loop_watch watch;
	bool open;
};

struct dial {
	struct loop *loop;
	struct addresses addresses;
	struct dial_attempt *attempts; /* as many as addresses */
	size_t begun;
	size_t open;
	struct loop_timer timer; /* when the next address is due */
	int number;		 /* the most telling errno so far */
};

enum dial_status {
	DIAL_AGAIN,
	DIAL_CONNECTED, /* *fd is the caller's */
	DIAL_FAILED,	/* every address failed; dial.number says how */
};

/*
 * Takes the addresses over, also when it fails: -1 when memory is out. The dial
 * must not move until dial_close(), and leaves the loop by it.
 */
int dial_open(struct dial *dial, struct loop *loop,
	      struct addresses *addresses) MUST_CHECK;

/* Never blocks; to be called when the loop found something, and at first. */
enum dial_status dial_step(struct dial *dial, int64_t now_ns, int *fd);

/* Gives up what is still open. */
void dial_close(struct dial *dial);

#endif
