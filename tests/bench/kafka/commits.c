/*
 * commits BROKER SOURCE PARTIALS PARTITIONS MEMBERS SHARE DELTAS PACE_MS
 * SECONDS
 *
 * What members do but for counting: each of MEMBERS producers commits
 * transactions of so many deltas, of a mark for each of its SHARE partitions of
 * SOURCE in each of the PARTITIONS of PARTIALS, and of the offsets; one every
 * PACE_MS ms, or one after the other with 0. Prints how many there were a
 * second, and of the time that one took, from its begin until it was committed,
 * the median, the 99th percentile and the longest, in ms.
 */
#include "client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_TIMES 1000000
#define WAIT_MS	  60000

static struct {
	const char *broker, *source, *partials;
	int partitions, members, share, deltas, pace_ms, seconds;
} given;

static pthread_barrier_t all_ready;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static double times_ms[MAX_TIMES];
static size_t transactions;
static double begin_s;

struct member {
	int number;
	pthread_t thread;
	rd_kafka_t *client;
	rd_kafka_topic_t *partials;
	rd_kafka_consumer_group_metadata_t *group;
	long long offset;
};

static void check(rd_kafka_error_t *error, const char *what)
{
	if (error)
		client_die(what, rd_kafka_error_string(error));
}

static void member_send(struct member *member, int partition, const char *text)
{
	while (rd_kafka_produce(member->partials, partition,
				RD_KAFKA_MSG_F_COPY, (void *)text, strlen(text),
				NULL, 0, NULL) != 0) {
		if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			client_die("cannot send",
				   rd_kafka_err2str(rd_kafka_last_error()));
		rd_kafka_poll(member->client, 10);
	}
}

static void send_deltas(struct member *member)
{
	char text[256];

	for (int i = 0; i < given.deltas; i++) {
		snprintf(text, sizeof text,
			 "{\"start\":\"2025-11-22T10:00:00Z\","
			 "\"end\":\"2025-11-22T10:00:05Z\","
			 "\"key\":{\"status\":\"S%d\"},\"count\":%d}",
			 i, 1 + member->number);
		member_send(member, i % given.partitions, text);
	}
}

static void send_marks(struct member *member)
{
	char text[384];

	for (int i = 0; i < given.share; i++) {
		snprintf(text, sizeof text,
			 "{\"source\":\"%s\",\"partition\":%d,\"of\":%d,"
			 "\"from\":%lld,\"to\":%lld,"
			 "\"newest\":\"2025-11-22T10:00:04.5Z\","
			 "\"idle\":false,\"partials\":%d,\"sources\":1,"
			 "\"query\":\"0123456789abcdef\"}",
			 given.source, member->number * given.share + i,
			 given.members * given.share, member->offset,
			 member->offset + 1, given.partitions);
		for (int j = 0; j < given.partitions; j++)
			member_send(member, j, text);
	}
}

static void send_offsets(struct member *member)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(given.share);
	int first = member->number * given.share;

	rd_kafka_topic_partition_list_add_range(list, given.source, first,
						first + given.share - 1);
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = member->offset;
	check(rd_kafka_send_offsets_to_transaction(member->client, list,
						   member->group, WAIT_MS),
	      "offsets");
	rd_kafka_topic_partition_list_destroy(list);
}

static void member_commit(struct member *member)
{
	check(rd_kafka_begin_transaction(member->client), "begin");
	send_deltas(member);
	send_marks(member);
	send_offsets(member);
	check(rd_kafka_commit_transaction(member->client, WAIT_MS), "commit");
	member->offset++;
}

static void member_open(struct member *member)
{
	const char *settings[] = {
		"transactional.id",	  NULL,	   "linger.ms", "2",
		"transaction.timeout.ms", "60000", NULL};
	char name[32];

	snprintf(name, sizeof name, "bench-%d", member->number);
	settings[1] = name;
	member->client = client_new(RD_KAFKA_PRODUCER, given.broker, settings);
	member->partials =
		rd_kafka_topic_new(member->client, given.partials, NULL);
	member->group = rd_kafka_consumer_group_metadata_new("bench-commits");
	check(rd_kafka_init_transactions(member->client, WAIT_MS), "init");
	member_commit(
		member); /* the broker knows the partitions from here on */
}

static void note(double took_ms)
{
	pthread_mutex_lock(&lock);
	if (transactions < MAX_TIMES)
		times_ms[transactions++] = took_ms;
	pthread_mutex_unlock(&lock);
}

static void rest_until(double then_s)
{
	double left_s = then_s - client_now_s();
	struct timespec pause;

	if (left_s <= 0)
		return;
	pause.tv_sec = (time_t)left_s;
	pause.tv_nsec = (long)((left_s - (double)pause.tv_sec) * 1e9);
	nanosleep(&pause, NULL);
}

static void *member_run(void *argument)
{
	struct member *member = argument;
	double next_s, last_s;

	member_open(member);
	if (pthread_barrier_wait(&all_ready) == PTHREAD_BARRIER_SERIAL_THREAD)
		begin_s = client_now_s();
	pthread_barrier_wait(&all_ready);
	last_s = begin_s + given.seconds;
	/* With a pace they are spread over its time. */
	next_s = begin_s + given.pace_ms / 1e3 * member->number / given.members;
	while (next_s < last_s) {
		double at_s;

		rest_until(next_s);
		at_s = client_now_s();
		member_commit(member);
		note((client_now_s() - at_s) * 1e3);
		next_s = given.pace_ms ? next_s + given.pace_ms / 1e3
				       : client_now_s();
	}
	return NULL;
}

static void member_close(struct member *member)
{
	rd_kafka_consumer_group_metadata_destroy(member->group);
	rd_kafka_topic_destroy(member->partials);
	rd_kafka_destroy(member->client);
}

static int by_size(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void print(double took_s)
{
	if (transactions == 0)
		client_die("no transaction", "too little time");
	qsort(times_ms, transactions, sizeof times_ms[0], by_size);
	printf("%.2f\t%.2f\t%.2f\t%.2f\n", (double)transactions / took_s,
	       times_ms[transactions / 2], times_ms[transactions * 99 / 100],
	       times_ms[transactions - 1]);
}

int main(int argc, char **argv)
{
	struct member *members;

	if (argc != 10) {
		fprintf(stderr, "usage: commits BROKER SOURCE PARTIALS"
				" PARTITIONS MEMBERS SHARE DELTAS PACE_MS"
				" SECONDS\n");
		return 2;
	}
	given.broker = argv[1];
	given.source = argv[2];
	given.partials = argv[3];
	given.partitions = (int)client_number(argv[4], 1);
	given.members = (int)client_number(argv[5], 1);
	given.share = (int)client_number(argv[6], 1);
	given.deltas = (int)client_number(argv[7], 0);
	given.pace_ms = (int)client_number(argv[8], 0);
	given.seconds = (int)client_number(argv[9], 1);
	members = calloc((size_t)given.members, sizeof *members);
	if (!members || pthread_barrier_init(&all_ready, NULL,
					     (unsigned)given.members) != 0)
		client_die("members", "no memory");
	for (int i = 0; i < given.members; i++) {
		members[i].number = i;
		if (pthread_create(&members[i].thread, NULL, member_run,
				   &members[i]) != 0)
			client_die("members", "no more threads");
	}
	for (int i = 0; i < given.members; i++)
		pthread_join(members[i].thread, NULL);
	print(client_now_s() - begin_s);
	for (int i = 0; i < given.members; i++)
		member_close(&members[i]);
	free(members);
	return 0;
}
