#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK "127.0.0.1"

/* A descriptor, or -1 and errno. */
static int try_one(const struct addrinfo *info)
{
	int fd = socket(info->ai_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;
	int number;

	if (fd < 0)
		return -1;
	/* A port that was ours a moment ago is free: a restart finds it. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	number = errno;
	close(fd);
	errno = number;
	return -1;
}

/* Which port it became, if it was 0. */
static unsigned bound_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	} bound = {0};
	socklen_t size = sizeof(bound);

	if (getsockname(fd, &bound.any, &size) != 0)
		return 0;
	return ntohs(bound.any.sa_family == AF_INET6 ? bound.ipv6.sin6_port
						     : bound.ipv4.sin_port);
}

int listen_open(const char *address, unsigned port, char url[LISTEN_URL_SIZE],
		struct error *error)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	const char *name = address ? address : LOOPBACK;
	bool is_ipv6 = strchr(name, ':') != NULL;
	struct addrinfo *found;
	char service[8];
	int result;
	int fd = -1;

	snprintf(service, sizeof(service), "%u", port);
	result = getaddrinfo(name, service, &hints, &found);
	if (result != 0)
		return error_set(error, "--http: cannot resolve '%s': %s", name,
				 gai_strerror(result));
	for (const struct addrinfo *i = found; i && fd < 0; i = i->ai_next)
		fd = try_one(i);
	if (fd < 0)
		error_system(error, errno, "--http: cannot listen on %s%s%s:%u",
			     is_ipv6 ? "[" : "", name, is_ipv6 ? "]" : "",
			     port);
	freeaddrinfo(found);
	if (fd >= 0)
		snprintf(url, LISTEN_URL_SIZE, "http://%s%s%s:%u/",
			 is_ipv6 ? "[" : "", name, is_ipv6 ? "]" : "",
			 bound_port(fd));
	return fd;
}
