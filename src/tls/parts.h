/*
 * What the parts of tls share:
 *
 *     socket.c      the socket, as OpenSSL wants it
 *     reason.c      what went wrong, in words that help
 *     context.c     the files: what is trusted, and shown
 *     connection.c  the handshake, reading, the end
 *     none.c        instead of all of them: make TLS=no
 *
 * Nobody else includes this.
 */
#ifndef TLS_PARTS_H
#define TLS_PARTS_H

#include <openssl/ssl.h>

#include "tls/tls.h"

/* --- socket --------------------------------------------------------------- */

struct tls_socket {
	int fd;
	size_t left; /* bytes that may be read in this call */
	uint64_t received;
	bool ended; /* the peer's side is closed */
	int number; /* the errno of what failed, or 0 */
};

/* NULL: memory is out. */
BIO_METHOD *tls_socket_method(void);

/* NULL: memory is out. The socket is borrowed. */
BIO *tls_socket_bio(const BIO_METHOD *method, struct tls_socket *socket);

/* --- reason --------------------------------------------------------------- */

/* A certificate was found wanting by OpenSSL: which, and what can be done. */
void tls_tell_refused(X509_STORE_CTX *store, const char *host,
		      struct error *why);

/* What a client certificate has to do with it. */
struct tls_shown {
	bool wanted; /* the server asked for one */
	bool given;  /* there is one to show */
};

/* The one in OpenSSL's queue of errors that says most, or 0; empties it. */
unsigned long tls_take_cause(void);

/* Why a connection failed, of which OpenSSL has this to say. */
void tls_tell_failed(unsigned long cause, const struct tls_shown *shown,
		     bool shaking, struct error *why);

/* A file is no good, by OpenSSL's queue, which is emptied. Returns -1. */
int tls_tell_file(const char *option, const char *path, const char *content,
		  struct error *error);

/* --- context -------------------------------------------------------------- */

struct tls_context {
	SSL_CTX *ssl;
	BIO_METHOD *method;
	bool shows; /* a client certificate is there */
};

/* --- connection ----------------------------------------------------------- */

struct tls {
	struct tls_context *context;
	char *host;
	SSL *ssl;	      /* or NULL */
	SSL_SESSION *session; /* to resume, or NULL */
	struct tls_socket socket;
	bool open;	      /* hands were shaken */
	bool wanted;	      /* the server wants a client certificate */
	struct error refused; /* why the certificate is, or "" */
	enum tls_status over; /* ENDED or FAILED once it is, else DONE */
	struct error why;     /* FAILED */
};

/* OpenSSL calls them back. */
int tls_on_verify(int good, X509_STORE_CTX *store);
int tls_on_session(SSL *ssl, SSL_SESSION *session);
int tls_on_wanted(SSL *ssl, void *unused);

#endif
