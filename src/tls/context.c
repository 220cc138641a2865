#include "tls/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of what is still encrypted; as much as is counted at once. */
#define READ_BYTES ((size_t)64 << 10)

void tls_prepare(void)
{
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

int tls_check_built(struct error *error)
{
	(void)error;
	return 0;
}

const char *tls_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION_STRING);
}

/* OpenSSL would have less to say about these. */
static int check_file(const char *option, const char *path, struct error *error)
{
	struct stat status;

	if (stat(path, &status) != 0 ||
	    faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
		return error_system(error, errno, "--%s '%s'", option, path);
	if (S_ISDIR(status.st_mode))
		return error_system(error, EISDIR, "--%s '%s'", option, path);
	return 0;
}

static int load_trusted(SSL_CTX *ssl, const char *path, struct error *error)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);

	if (!path && SSL_CTX_set_default_verify_paths(ssl) != 1)
		return error_set(error, "the system's CAs cannot be read");
	if (!path)
		return 0;
	if (check_file("tls-ca", path, error) != 0)
		return -1;
	if (SSL_CTX_load_verify_file(ssl, path) != 1)
		return tls_tell_file("tls-ca", path, "certificate", error);
	/* Who names a CA means it, also if another has signed it. */
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	return 0;
}

static int load_revoked(SSL_CTX *ssl, const char *path, struct error *error)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);
	X509_LOOKUP *lookup;

	if (!path)
		return 0;
	if (check_file("tls-crl", path, error) != 0)
		return -1;
	lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	if (!lookup || X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) < 1)
		return tls_tell_file("tls-crl", path, "revocation list", error);
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return 0;
}

/* A program that nobody looks at must not ask on a terminal. */
static int no_password(char *out, int size, int writing, void *asked)
{
	(void)writing;
	if (size > 0)
		*out = '\0';
	*(bool *)asked = true;
	return -1;
}

static int load_key(SSL_CTX *ssl, const char *option, const char *path,
		    struct error *error)
{
	bool asked = false;

	SSL_CTX_set_default_passwd_cb(ssl, no_password);
	SSL_CTX_set_default_passwd_cb_userdata(ssl, &asked);
	if (SSL_CTX_use_PrivateKey_file(ssl, path, SSL_FILETYPE_PEM) == 1)
		return 0;
	if (asked)
		return error_set(error,
				 "--%s '%s': the key needs a password, and "
				 "nobody is asked for it (openssl pkey takes "
				 "it off)",
				 option, path);
	return tls_tell_file(option, path, "private key", error);
}

static int load_own(SSL_CTX *ssl, const char *cert, const char *key,
		    struct error *error)
{
	const char *option = key ? "tls-key" : "tls-cert";

	if (!cert)
		return 0;
	if (!key)
		key = cert;
	if (check_file("tls-cert", cert, error) != 0 ||
	    check_file(option, key, error) != 0)
		return -1;
	if (SSL_CTX_use_certificate_chain_file(ssl, cert) != 1)
		return tls_tell_file("tls-cert", cert, "certificate", error);
	return load_key(ssl, option, key, error);
}

static int set_up(SSL_CTX *ssl)
{
	if (!ssl || SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1)
		return -1;
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, tls_on_verify);
	SSL_CTX_set_cert_cb(ssl, tls_on_wanted, NULL);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT |
						    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ssl, tls_on_session);
	/* Where records are small one read takes many of them. */
	SSL_CTX_set_read_ahead(ssl, 1);
	SSL_CTX_set_default_read_buffer_len(ssl, READ_BYTES);
	return 0;
}

struct tls_context *tls_context_new(const struct tls_options *options,
				    struct error *error)
{
	struct tls_context *context = calloc(1, sizeof(*context));

	ERR_clear_error();
	if (!context) {
		error_set(error, "out of memory");
		return NULL;
	}
	context->ssl = SSL_CTX_new(TLS_client_method());
	context->method = tls_socket_method();
	context->shows = options->cert != NULL;
	if (!context->method || set_up(context->ssl) != 0)
		error_set(error, "TLS cannot be set up: out of memory");
	else if (load_trusted(context->ssl, options->ca, error) == 0 &&
		 load_revoked(context->ssl, options->crl, error) == 0 &&
		 load_own(context->ssl, options->cert, options->key, error) ==
			 0)
		return context;
	tls_context_free(context);
	return NULL;
}

void tls_context_free(struct tls_context *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ssl);
	BIO_meth_free(context->method);
	free(context);
}
