/*
 * receive PORT: dials 127.0.0.1, reads until the end with a buffer of 64 KiB,
 * drops what it reads, and prints how many bytes there were: the limit for
 * whatever counts what comes over TCP.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	static char buffer[64 * 1024];
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	unsigned long long total = 0;
	ssize_t got;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: receive PORT\n");
		return 2;
	}
	address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		perror("receive: cannot connect");
		return 1;
	}
	while ((got = recv(fd, buffer, sizeof buffer, 0)) > 0)
		total += (unsigned long long)got;
	if (got < 0) {
		perror("receive: cannot receive");
		return 1;
	}
	printf("%llu\n", total);
	return 0;
}
