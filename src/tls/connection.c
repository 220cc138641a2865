#include "tls/parts.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* Small records are read together, but no more than these at once. */
#define RECORDS_MAX 256

/* Off the socket in one call: what fills an area of the loop, and as much again
 * that is no data. */
#define CALL_BYTES ((size_t)128 << 10)

/* Without what certificates and SNI do not know: the zone of an address, a dot
 * at the end of a name. NULL: memory is out. */
static char *copy_host(const char *host)
{
	size_t size = strcspn(host, "%");

	if (!memchr(host, ':', size))
		size = strlen(host);
	if (size > 1 && host[size - 1] == '.')
		size--;
	return strndup(host, size);
}

struct tls *tls_new(struct tls_context *context, const char *host)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return NULL;
	tls->context = context;
	tls->host = copy_host(host);
	if (tls->host)
		return tls;
	free(tls);
	return NULL;
}

static void forget_session(struct tls *tls)
{
	SSL_SESSION_free(tls->session);
	tls->session = NULL;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	tls_end(tls);
	forget_session(tls);
	free(tls->host);
	free(tls);
}

/* --- what OpenSSL calls back ---------------------------------------------- */

int tls_on_verify(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *tls = SSL_get_app_data(ssl);

	if (!good)
		tls_tell_refused(store, tls->host, &tls->refused);
	return good;
}

/* Tickets come at any time, with TLS 1.3 behind the handshake. A copy is kept,
 * since OpenSSL resumes no session of a connection that was lost. */
int tls_on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls *tls = SSL_get_app_data(ssl);

	forget_session(tls);
	tls->session = SSL_SESSION_dup(session);
	return 0; /* it stays OpenSSL's */
}

int tls_on_wanted(SSL *ssl, void *unused)
{
	struct tls *tls = SSL_get_app_data(ssl);

	(void)unused;
	tls->wanted = true;
	return 1; /* what there is is shown */
}

/* --- the beginning -------------------------------------------------------- */

static bool is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 ||
	       inet_pton(AF_INET6, host, address) == 1;
}

/* An address stands in no SNI (RFC 6066 section 3). */
static bool set_host(SSL *ssl, const char *host)
{
	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
						     host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 &&
	       SSL_set_tlsext_host_name(ssl, host) == 1;
}

static void resume(struct tls *tls)
{
	SSL_SESSION *copy;

	if (!tls->session)
		return;
	copy = SSL_SESSION_dup(tls->session);
	if (copy)
		(void)SSL_set_session(tls->ssl, copy);
	SSL_SESSION_free(copy);
}

int tls_begin(struct tls *tls, int fd, struct error *error)
{
	BIO *bio;

	tls_end(tls);
	tls->socket = (struct tls_socket){.fd = fd};
	tls->open = false;
	tls->wanted = false;
	tls->refused.message[0] = '\0';
	tls->over = TLS_DONE;
	bio = tls_socket_bio(tls->context->method, &tls->socket);
	tls->ssl = SSL_new(tls->context->ssl);
	if (!bio || !tls->ssl || !set_host(tls->ssl, tls->host)) {
		BIO_free(bio);
		return error_set(error, "out of memory");
	}
	SSL_set_bio(tls->ssl, bio, bio);
	SSL_set_app_data(tls->ssl, tls);
	SSL_set_connect_state(tls->ssl);
	resume(tls);
	return 0;
}

/* --- what a call came to that did not succeed ----------------------------- */

static bool is_of_tls(unsigned long cause)
{
	return ERR_GET_LIB(cause) == ERR_LIB_SSL &&
	       ERR_GET_REASON(cause) != SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

static void tell_why(struct tls *tls, unsigned long cause)
{
	struct tls_shown shown = {tls->wanted, tls->context->shows};
	const struct tls_socket *socket = &tls->socket;

	if (tls->refused.message[0] != '\0')
		tls->why = tls->refused;
	/* Before the socket: an alert about this may have failed on it. */
	else if (is_of_tls(cause) || (socket->number == 0 && !socket->ended))
		tls_tell_failed(cause, &shown, !tls->open, &tls->why);
	else if (socket->number != 0)
		error_system(&tls->why, socket->number, "connection lost");
	else if (!tls->open)
		error_set(&tls->why, "it hung up in the TLS handshake");
	else
		error_set(&tls->why, "it ended without close_notify: what was "
				     "still to come may be missing");
}

static enum tls_status judge(struct tls *tls, int result)
{
	unsigned long cause;

	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_WANT_READ: return TLS_WANTS_READ;
	case SSL_ERROR_WANT_WRITE: return TLS_WANTS_WRITE;
	case SSL_ERROR_ZERO_RETURN: tls->over = TLS_ENDED; return TLS_ENDED;
	default: break;
	}
	cause = tls_take_cause();
	/* What was kept may be what it did not like. */
	if (!tls->open || is_of_tls(cause))
		forget_session(tls);
	tls->over = TLS_FAILED;
	tell_why(tls, cause);
	return TLS_FAILED;
}

/* --- shaking hands, reading, the end -------------------------------------- */

enum tls_status tls_shake_hands(struct tls *tls, struct error *why)
{
	enum tls_status status = TLS_DONE;
	int result;

	ERR_clear_error();
	tls->socket.left = CALL_BYTES;
	result = SSL_connect(tls->ssl);
	if (result != 1)
		status = judge(tls, result);
	tls->open = status == TLS_DONE;
	if (status == TLS_FAILED)
		*why = tls->why;
	return status;
}

enum tls_status tls_read(struct tls *tls, char *data, size_t size, size_t *got,
			 bool *more, struct error *why)
{
	enum tls_status status = tls->over;
	size_t part;
	int result;

	*got = 0;
	tls->socket.left = CALL_BYTES;
	for (int i = 0; i < RECORDS_MAX && status == TLS_DONE; i++) {
		ERR_clear_error();
		result = SSL_read_ex(tls->ssl, data + *got, size - *got, &part);
		if (result != 1)
			status = judge(tls, result);
		else if ((*got += part) == size)
			break;
	}
	*more = status != TLS_WANTS_READ;
	/* First what came before it. */
	if (*got > 0)
		return TLS_DONE;
	if (status == TLS_FAILED)
		*why = tls->why;
	return status;
}

uint64_t tls_received(const struct tls *tls)
{
	return tls->socket.received;
}

void tls_end(struct tls *tls)
{
	if (!tls->ssl)
		return;
	if (tls->open && tls->over != TLS_FAILED)
		(void)SSL_shutdown(tls->ssl);
	ERR_clear_error();
	SSL_free(tls->ssl);
	tls->ssl = NULL;
}
