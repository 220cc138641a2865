/*
 * send FILE: loads FILE, listens on a free port of 127.0.0.1, prints the port,
 * and sends all of it to one client after the other, until it is killed: what
 * the receiving end is measured against costs nothing but send().
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct load {
	char *bytes;
	size_t size;
};

static int fail(const char *what)
{
	fprintf(stderr, "send: %s: %s\n", what, strerror(errno));
	return 1;
}

/* 0, or -1 with errno. */
static int load_file(struct load *load, const char *path)
{
	FILE *file = fopen(path, "r");
	long size;

	if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
		return -1;
	rewind(file);
	load->size = (size_t)size;
	load->bytes = malloc(load->size);
	if (!load->bytes ||
	    fread(load->bytes, 1, load->size, file) != load->size)
		return -1;
	fclose(file);
	return 0;
}

/* The listening socket, or -1 with errno. Prints the port. */
static int listen_somewhere(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 ||
	    listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		return -1;
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	struct load load;
	int listener;

	if (argc != 2) {
		fprintf(stderr, "usage: send FILE\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
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
