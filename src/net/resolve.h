/*
 * resolve: from a host and a port to the addresses to dial.
 *
 * What needs no question is answered at once: numeric addresses, and
 * localhost, which is both loopbacks whatever the hosts file says (RFC 6761
 * section 6.3). Other names are looked up in a thread.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stddef.h>
#include <sys/socket.h>

#include "base/error.h"

struct address {
	struct sockaddr_storage name;
	socklen_t size;
};

/* In the order of dialling: families take turns (RFC 8305 section 4). */
struct addresses {
	struct address *items;
	size_t count; /* at least 1 when there was no error */
};

void addresses_release(struct addresses *addresses);

/* Puts the families in turns, that of the first address first. */
void addresses_interleave(struct addresses *addresses);

enum resolve_status {
	RESOLVE_DONE,	/* *addresses is filled in, the caller's to release */
	RESOLVE_AGAIN,	/* it has to be, or is being looked up */
	RESOLVE_FAILED, /* *error says why */
};

/* Never blocks. AGAIN: only lookup_start() can tell. */
enum resolve_status resolve_at_once(const char *host, unsigned port,
				    struct addresses *addresses,
				    struct error *error);

/* A question to the system's resolver. */
struct lookup;

/* NULL: no thread, descriptor or memory. Nothing is borrowed. */
struct lookup *lookup_start(const char *host, unsigned port,
			    struct error *error);

/* To poll for POLLIN; the lookup's. */
int lookup_fd(const struct lookup *lookup);

enum resolve_status lookup_result(struct lookup *lookup,
				  struct addresses *addresses,
				  struct error *error);

/* Lets go, answered or not; never blocks. */
void lookup_close(struct lookup *lookup);

#endif
