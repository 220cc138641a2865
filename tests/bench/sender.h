/*
 * sender: what those who send a file from memory have in common: they listen on
 * a free port of 127.0.0.1, print it, and send to one client after the other
 * until they are killed.
 */
#ifndef SENDER_H
#define SENDER_H

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

/* 0, or -1 with errno. */
static inline int load_file(struct load *load, const char *path)
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
static inline int listen_somewhere(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 ||
	    listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		return -1;
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

#endif
