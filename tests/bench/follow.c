/*
 * follow PORT COUNT: so many clients of /events at 127.0.0.1:PORT. Prints a
 * line when each has its first bytes; at the end of its standard input another,
 * how many windows the one that got the fewest had since, and the most. A
 * client that is closed is an error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>

#define EVENTS_MAX 256

static const char request[] = "GET /events HTTP/1.1\r\n"
			      "Host: localhost\r\n"
			      "Accept: text/event-stream\r\n\r\n";
/* Begins the line of a window's number, and stands nowhere in its data. */
static const char mark[] = "\nid: ";

struct client {
	int fd;
	size_t matched; /* of the mark */
	unsigned long windows;
	int heard; /* anything */
};

static int fail(const char *what)
{
	fprintf(stderr, "follow: %s: %s\n", what,
		errno ? strerror(errno) : "closed");
	return 1;
}

static int dial(struct client *client, unsigned short port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	size_t size = sizeof(request) - 1;

	client->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address,
				      sizeof(address)) != 0)
		return -1;
	return write(client->fd, request, size) == (ssize_t)size ? 0 : -1;
}

static void look(struct client *client, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == mark[client->matched])
			client->matched++;
		else
			client->matched = data[i] == mark[0];
		if (client->matched == sizeof(mark) - 1) {
			client->windows++;
			client->matched = 0;
		}
	}
}

static void print_windows(const struct client *clients, size_t count)
{
	unsigned long least = clients[0].windows;
	unsigned long most = least;

	for (size_t i = 1; i < count; i++) {
		if (clients[i].windows < least)
			least = clients[i].windows;
		if (clients[i].windows > most)
			most = clients[i].windows;
	}
	printf("%lu %lu\n", least, most);
}

/* 1: it had heard nothing before; -1: it is closed. */
static int take(struct client *client)
{
	static char data[1 << 16];
	ssize_t size;

	errno = 0;
	size = read(client->fd, data, sizeof(data));
	if (size <= 0)
		return -1;
	look(client, data, (size_t)size);
	if (client->heard)
		return 0;
	client->heard = 1;
	return 1;
}

static int follow(int poll, struct client *clients, size_t count)
{
	struct epoll_event events[EVENTS_MAX];
	size_t heard = 0;

	for (;;) {
		int ready = epoll_wait(poll, events, EVENTS_MAX, -1);

		for (int i = 0; i < ready; i++) {
			struct client *client = events[i].data.ptr;
			int first;

			if (!client) {
				print_windows(clients, count);
				return 0;
			}
			first = take(client);
			if (first < 0)
				return fail("a client");
			heard += (size_t)first;
			if (first && heard == count) {
				puts("ready");
				fflush(stdout);
			}
		}
	}
}

int main(int argc, char **argv)
{
	struct rlimit files;
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	struct client *clients = calloc(count + 1, sizeof(*clients));
	int poll = epoll_create1(0);

	if (count == 0 || !clients) {
		fprintf(stderr, "usage: follow PORT COUNT\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	for (size_t i = 0; i < count; i++) {
		struct epoll_event event = {.events = EPOLLIN};

		event.data.ptr = &clients[i];
		if (dial(&clients[i], (unsigned short)atoi(argv[1])) != 0 ||
		    epoll_ctl(poll, EPOLL_CTL_ADD, clients[i].fd, &event) != 0)
			return fail("cannot connect");
	}
	epoll_ctl(poll, EPOLL_CTL_ADD, STDIN_FILENO,
		  &(struct epoll_event){.events = EPOLLIN | EPOLLHUP});
	return follow(poll, clients, count);
}
