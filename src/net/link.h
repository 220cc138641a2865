/*
 * link: what comes over a socket that is connected, in the clear or by TLS.
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tls/tls.h"

struct link {
	int fd;		 /* -1: there is none */
	struct tls *tls; /* NULL: in the clear; the caller's */
	/* Bytes off the socket, and those that link_heard() knew of. */
	uint64_t received;
	uint64_t heard;
};

enum link_status {
	LINK_READY, /* it is open, or bytes were read */
	LINK_AGAIN, /* poll for *events and call again */
	LINK_ENDED, /* the peer has nothing more to say */
	LINK_LOST,  /* *why says why, without the name of the source */
};

/*
 * Takes the socket over, also when it fails: -1 when memory is out. A peer that
 * goes without a word is found out in a minute or so.
 */
int link_open(struct link *link, int fd, struct tls *tls,
	      struct error *error) MUST_CHECK;

/* Goes on opening: LINK_READY once bytes can be read. */
enum link_status link_shake_hands(struct link *link, short *events,
				  struct error *why);

/*
 * Reads up to `size` bytes, *got of them. *more: there may be others that no
 * descriptor announces. Never blocks.
 */
enum link_status link_read(struct link *link, char *data, size_t size,
			   size_t *got, bool *more, short *events,
			   struct error *why);

/* Whether anything came since this was last asked: half a record, too. */
bool link_heard(struct link *link);

void link_close(struct link *link);

#endif
