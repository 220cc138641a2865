/*
 * OpenSSL's own BIO for sockets writes with write(), which raises SIGPIPE, and
 * leaves what happened in errno, where it may not last. This one also has an
 * end of reading: OpenSSL goes on for as long as there is what holds no data,
 * as updates of keys, and a server that sends nothing else would keep it there.
 */
#include "tls/parts.h"

#include <errno.h>
#include <sys/socket.h>

static int socket_write(BIO *bio, const char *data, int size)
{
	struct tls_socket *socket = BIO_get_data(bio);
	ssize_t sent;

	BIO_clear_retry_flags(bio);
	do
		sent = send(socket->fd, data, (size_t)size,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno == EAGAIN)
		BIO_set_retry_write(bio);
	else if (sent < 0 && errno == EPIPE)
		socket->ended = true;
	else if (sent < 0)
		socket->number = errno;
	return (int)sent;
}

static int socket_read(BIO *bio, char *data, int size)
{
	struct tls_socket *socket = BIO_get_data(bio);
	ssize_t got;

	BIO_clear_retry_flags(bio);
	/* As if there was no more: the loop will find that there is. */
	if (socket->left == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if ((size_t)size > socket->left)
		size = (int)socket->left;
	do
		got = recv(socket->fd, data, (size_t)size, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		BIO_set_retry_read(bio);
	else if (got < 0)
		socket->number = errno;
	else if (got == 0)
		socket->ended = true;
	else
		socket->received += (uint64_t)got;
	if (got > 0)
		socket->left -= (size_t)got;
	return (int)got;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
	struct tls_socket *socket = BIO_get_data(bio);

	(void)number;
	(void)pointer;
	switch (command) {
	case BIO_CTRL_FLUSH: return 1;
	case BIO_CTRL_EOF: return socket->ended;
	default: return 0;
	}
}

BIO_METHOD *tls_socket_method(void)
{
	int type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK;
	BIO_METHOD *method = BIO_meth_new(type, "socket");

	if (method && BIO_meth_set_write(method, socket_write) == 1 &&
	    BIO_meth_set_read(method, socket_read) == 1 &&
	    BIO_meth_set_ctrl(method, socket_control) == 1)
		return method;
	BIO_meth_free(method);
	return NULL;
}

BIO *tls_socket_bio(const BIO_METHOD *method, struct tls_socket *socket)
{
	BIO *bio = BIO_new(method);

	if (!bio)
		return NULL;
	BIO_set_data(bio, socket);
	BIO_set_init(bio, 1);
	return bio;
}
