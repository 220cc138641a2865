/*
 * tls: TLS 1.2 and 1.3 (RFC 5246, RFC 8446) over a socket that is connected, as
 * a client; by OpenSSL 3. Nothing here blocks, or raises SIGPIPE.
 *
 * What the server shows has to be good for the host: a name (RFC 6125) or an
 * address. Renegotiation is refused. A connection that follows on another of
 * the same struct tls resumes its session, if the server lets it.
 */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Is it built in? -1: the message says that it is not. */
int tls_check_built(struct error *error) MUST_CHECK;

/* OpenSSL's version for --version, or NULL where it is not built in. */
const char *tls_version(void);

/*
 * Before OpenSSL is used, by this program or a library of it: it is not taken
 * apart at exit, when threads of librdkafka may still be in it.
 */
void tls_prepare(void);

/* --- what all connections have in common ---------------------------------- */

/* Paths of PEM files; NULL: none. */
struct tls_options {
	const char *ca;	  /* trust these; NULL: what the system trusts */
	const char *cert; /* show this, and what it is signed by; */
	const char *key;  /* its key; NULL: it is in the same file */
	const char *crl;  /* refuse servers whose certificate it revokes */
};

struct tls_context;

/*
 * Reads the files. NULL: one of them is no good, or memory is out: the message
 * says which and why. Nobody is asked for the password of a key.
 */
struct tls_context *tls_context_new(const struct tls_options *options,
				    struct error *error) MUST_CHECK;
/* Takes NULL. What was made of it goes first. */
void tls_context_free(struct tls_context *context);

/* --- the connections to one host, one after the other --------------------- */

struct tls;

/* The host is copied. NULL: memory is out. */
struct tls *tls_new(struct tls_context *context, const char *host) MUST_CHECK;
/* Takes NULL. */
void tls_free(struct tls *tls);

enum tls_status {
	TLS_DONE,
	TLS_WANTS_READ, /* poll for POLLIN and call again */
	TLS_WANTS_WRITE,
	TLS_ENDED,  /* by close_notify: that was all */
	TLS_FAILED, /* *why says why, without the name of the source */
};

/* Begins on the socket, which stays the caller's. -1: memory is out. */
int tls_begin(struct tls *tls, int fd, struct error *error) MUST_CHECK;

enum tls_status tls_shake_hands(struct tls *tls, struct error *why);

/*
 * Reads up to `size` bytes. TLS_DONE: *got of them, at least one; *more: there
 * may be others that no descriptor announces, so call again.
 */
enum tls_status tls_read(struct tls *tls, char *data, size_t size, size_t *got,
			 bool *more, struct error *why);

/* Bytes that the connection took off its socket so far. */
uint64_t tls_received(const struct tls *tls);

/* Says goodbye if it can, and lets go of the connection, if there is one. */
void tls_end(struct tls *tls);

#endif
