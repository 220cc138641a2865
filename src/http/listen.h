/*
 * listen: the socket that browsers connect to.
 */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "base/error.h"

/* "http://[::1]:65535/", with a name of 255 characters at most. */
#define LISTEN_URL_SIZE 280

/*
 * Listens on the address, a name or a number (NULL: 127.0.0.1), and the port
 * (0: a free one); url becomes where it is found. Returns the descriptor, which
 * is non-blocking, or -1. May block while a name is looked up.
 */
int listen_open(const char *address, unsigned port, char url[LISTEN_URL_SIZE],
		struct error *error) MUST_CHECK;

#endif
