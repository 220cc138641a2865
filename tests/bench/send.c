/*
 * send FILE: loads FILE, listens on a free port of 127.0.0.1, prints the port,
 * and sends all of it to one client after the other, until it is killed: what
 * the receiving end is measured against costs nothing but send().
 */
#include "sender.h"

static int fail(const char *what)
{
	fprintf(stderr, "send: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	struct load load;
	int listener;

	if (argc != 2) {
		fprintf(stderr, "usage: send FILE\n");
		return 2;
	}
	if (load_file(&load, argv[1]) != 0)
		return fail(argv[1]);
	listener = listen_somewhere();
	if (listener < 0)
		return fail("cannot listen on 127.0.0.1");
	for (;;) {
		int client = accept(listener, NULL, NULL);
		size_t sent = 0;
		ssize_t more = 1;

		if (client < 0)
			return fail("cannot accept");
		while (sent < load.size && more > 0) {
			more = send(client, load.bytes + sent, load.size - sent,
				    MSG_NOSIGNAL);
			if (more > 0)
				sent += (size_t)more;
		}
		close(client);
	}
}
