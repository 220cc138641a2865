/*
 * fill BROKER TOPIC PARTITIONS FILE [LINES]: sends the lines of a file, or its
 * first so many, without their newlines, one message each, to one partition
 * after the other, and waits until the broker has them all.
 */
#include "client.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *map(const char *path, size_t *size)
{
	struct stat known;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *text;

	if (fd < 0 || fstat(fd, &known) != 0)
		client_die(path, "cannot be read");
	*size = (size_t)known.st_size;
	text = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		client_die(path, "cannot be mapped");
	close(fd);
	return text;
}

/* The file stays mapped: nothing is copied. Waits while the queue is full. */
static void send_line(rd_kafka_t *client, rd_kafka_topic_t *topic,
		      int partition, const char *line, size_t length)
{
	while (rd_kafka_produce(topic, partition, 0, (void *)line, length, NULL,
				0, NULL) != 0) {
		if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			client_die("cannot send",
				   rd_kafka_err2str(rd_kafka_last_error()));
		rd_kafka_poll(client, 100);
	}
}

static void send_all(rd_kafka_t *client, rd_kafka_topic_t *topic,
		     int partitions, const char *path, long most)
{
	size_t size;
	const char *at = map(path, &size), *end = at + size;

	for (long i = 0; at < end && (most == 0 || i < most); i++) {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		const char *stop = next ? next : end;

		send_line(client, topic, (int)(i % partitions), at,
			  (size_t)(stop - at));
		at = stop + 1;
		if (i % 1024 == 0)
			rd_kafka_poll(client, 0);
	}
	if (rd_kafka_flush(client, 120000) != RD_KAFKA_RESP_ERR_NO_ERROR)
		client_die(path, "not all was taken in two minutes");
}

int main(int argc, char **argv)
{
	static const char *const settings[] = {"linger.ms",
					       "50",
					       "batch.size",
					       "1000000",
					       "batch.num.messages",
					       "100000",
					       "queue.buffering.max.messages",
					       "1000000",
					       "queue.buffering.max.kbytes",
					       "262144",
					       "enable.idempotence",
					       "true",
					       NULL};
	rd_kafka_t *client;
	rd_kafka_topic_t *topic;

	if (argc != 5 && argc != 6) {
		fprintf(stderr, "usage: fill BROKER TOPIC PARTITIONS FILE"
				" [LINES]\n");
		return 2;
	}
	client = client_new(RD_KAFKA_PRODUCER, argv[1], settings);
	topic = rd_kafka_topic_new(client, argv[2], NULL);
	send_all(client, topic, (int)client_number(argv[3], 1), argv[4],
		 argc == 6 ? client_number(argv[5], 1) : 0);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(client);
	return 0;
}
