/*
 * server: the other end of a connection, in the hands of a test.
 */
#ifndef SERVER_H
#define SERVER_H

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tcp.h"
#include "pump.h"

/* A listening socket on a loopback, which accepts when the test says so. */
struct server {
	int fd;
	unsigned port;
	char name[64]; /* tcp://HOST:PORT, as the source is called */
};

static inline struct server server_open(const char *host, int family,
					int backlog)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr *name = (struct sockaddr *)&six;
	socklen_t size = sizeof(six);
	struct server server;

	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (family == AF_INET) {
		name = (struct sockaddr *)&four;
		size = sizeof(four);
	}
	server.fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(server.fd, 0);
	ck_assert_int_eq(bind(server.fd, name, size), 0);
	ck_assert_int_eq(listen(server.fd, backlog), 0);
	ck_assert_int_eq(getsockname(server.fd, name, &size), 0);
	server.port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
	snprintf(server.name, sizeof(server.name), "tcp://%s:%u", host,
		 server.port);
	return server;
}

static inline int server_accept(const struct server *server)
{
	int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Closes with a reset instead of an end. */
static inline void server_reset(int fd)
{
	const struct linger now = {1, 0};

	ck_assert_int_eq(
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd);
}

static inline void server_put(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
}

static inline void pump_dial(struct pump *pump, const struct server *server,
			     const char *host,
			     const struct tcp_options *options)
{
	pump_open(pump,
		  tcp_source_new(server->name, host, server->port, options));
	ck_assert_int_eq(pump_start(pump), 0);
}

static inline void pump_expect_over(struct pump *pump)
{
	ck_assert_int_eq(pump->chunk.after, AFTER_OVER);
	pump_expect_nothing(pump);
	ck_assert_int_eq(pump_report(pump).state, REPORT_OVER);
}

/* The why of the last chunk begins with the server's name in this text. */
static inline void pump_expect_named(const struct pump *pump,
				     const struct server *server,
				     const char *format)
{
	char expected[256];

	snprintf(expected, sizeof(expected), format, server->name);
	ck_assert_str_eq(pump->chunk.why.message, expected);
}

#endif
