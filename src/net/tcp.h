/*
 * tcp: a source that dials out and reads what the peer sends, in the clear or
 * by TLS.
 */
#ifndef NET_TCP_H
#define NET_TCP_H

#include "tls/tls.h"
#include "source/source.h"

struct tcp_options {
	bool reconnect;		    /* dial again when it fails or ends */
	int64_t connect_timeout_ns; /* for one dial, all addresses together */
	int64_t idle_timeout_ns;    /* TIME_NEVER: silence is no failure */
	uint64_t jitter_seed;	    /* for the pauses between dials */
	struct tls *tls; /* the source's from then on; NULL: in the clear */
};

/*
 * A source that dials HOST (a name, IPv4 or IPv6 without brackets) and PORT.
 * host and name are borrowed until source_close(). NULL when memory is out.
 */
struct source *tcp_source_new(const char *name, const char *host, unsigned port,
			      const struct tcp_options *options);

#endif
