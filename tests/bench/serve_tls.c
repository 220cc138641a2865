/*
 * serve_tls FILE CERT KEY [SIZE]: as send.c, over TLS; SIZE: bytes of a record,
 * 16384 if it is not given.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "sender.h"

static int fail(const char *what)
{
	fprintf(stderr, "serve_tls: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	return 1;
}

static void serve(SSL *tls, const struct load *load, size_t record)
{
	size_t sent = 0;

	if (SSL_accept(tls) != 1)
		return;
	while (sent < load->size) {
		size_t left = load->size - sent;
		size_t more;

		if (SSL_write_ex(tls, load->bytes + sent,
				 left < record ? left : record, &more) != 1)
			return;
		sent += more;
	}
	SSL_shutdown(tls);
}

int main(int argc, char **argv)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	size_t record = argc > 4 ? strtoul(argv[4], NULL, 10) : 16384;
	struct load load;
	int listener;

	if (argc < 4) {
		fprintf(stderr, "usage: serve_tls FILE CERT KEY [SIZE]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (load_file(&load, argv[1]) != 0)
		return fail(argv[1]);
	if (SSL_CTX_use_certificate_chain_file(context, argv[2]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) !=
		    1)
		return fail(argv[2]);
	listener = listen_somewhere();
	if (listener < 0)
		return fail("cannot listen on 127.0.0.1");
	for (;;) {
		int client = accept(listener, NULL, NULL);
		SSL *tls = SSL_new(context);

		if (client < 0 || !tls)
			return fail("cannot accept");
		SSL_set_fd(tls, client);
		serve(tls, &load, record);
		SSL_free(tls);
		close(client);
		ERR_clear_error();
	}
}
