/*
 * generate CORPUS BYTES FILE: writes records to FILE until it has at least
 * BYTES, and prints how many there are of each status: STATUS, tab, count, in
 * the order of the names. The seed is fixed: a smaller file is the beginning
 * of a larger one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED	   UINT64_C(0x6f72646572636e74)
#define RECORD_MAX 512
#define STATUSES   4

static const char *const status_names[STATUSES] = {"CANCELLED", "COMPLETED",
						   "INPROGRESS", "PLACED"};

/* In sixteenths, all different: two groups that change places are seen. */
static const unsigned char status_of[16] = {0, 1, 1, 1, 1, 1, 2, 2,
					    2, 3, 3, 3, 3, 3, 3, 3};

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static int plain_record(char *record, uint64_t *random, const char *status)
{
	uint64_t high = draw(random), low = draw(random);

	return snprintf(record, RECORD_MAX,
			"{\"order_id\": \"%016" PRIx64 "%016" PRIx64
			"\", \"status\": \"%s\"}\n",
			high, low, status);
}

static int orders_record(char *record, uint64_t *random, const char *status)
{
	static const char countries[8][3] = {"AT", "CH", "DE", "ES",
					     "FR", "GB", "IT", "PL"};
	static const char currencies[4][4] = {"CHF", "EUR", "GBP", "PLN"};
	uint64_t high = draw(random), low = draw(random);
	unsigned a = (unsigned)(draw(random) >> 32);
	unsigned b = (unsigned)(draw(random) >> 32);

	return snprintf(
		record, RECORD_MAX,
		"{\"order_id\":\"%016" PRIx64 "%016" PRIx64
		"\",\"created_at\":\"2026-11-22T%02u:%02u:%02uZ\","
		"\"customer\":{\"id\":%u,\"country\":\"%s\"},\"items\":%u,"
		"\"amount\":%u.%02u,\"currency\":\"%s\",\"express\":%s,"
		"\"status\":\"%s\"}\n",
		high, low, a % 24, (a >> 5) % 60, (a >> 11) % 60, b % 1000000,
		countries[a >> 29], 1 + (a >> 17) % 9, b >> 20, (b >> 4) % 100,
		currencies[b >> 30], (a >> 21) % 4 == 0 ? "true" : "false",
		status);
}

struct corpus {
	const char *name;
	/* Returns how many bytes the record has. */
	int (*record)(char *record, uint64_t *random, const char *status);
};

static const struct corpus corpora[] = {
	{"plain", plain_record},
	{"orders", orders_record},
};

static const struct corpus *corpus_find(const char *name)
{
	for (size_t i = 0; i < sizeof corpora / sizeof corpora[0]; i++)
		if (strcmp(corpora[i].name, name) == 0)
			return &corpora[i];
	return NULL;
}

/* 0, or -1 with errno. */
static int corpus_write(const struct corpus *corpus, unsigned long long size,
			FILE *file, unsigned long counts[STATUSES])
{
	uint64_t random = SEED;
	char record[RECORD_MAX];

	for (unsigned long long written = 0; written < size;) {
		unsigned status = status_of[draw(&random) >> 60];
		int length =
			corpus->record(record, &random, status_names[status]);

		if (fwrite(record, (size_t)length, 1, file) != 1)
			return -1;
		written += (unsigned long long)length;
		counts[status]++;
	}
	return fflush(file) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	const struct corpus *corpus = argc == 4 ? corpus_find(argv[1]) : NULL;
	unsigned long counts[STATUSES] = {0};
	FILE *file;

	if (!corpus) {
		fprintf(stderr, "usage: generate plain|orders BYTES FILE\n");
		return 2;
	}
	file = fopen(argv[3], "w");
	if (!file || corpus_write(corpus, strtoull(argv[2], NULL, 10), file,
				  counts) != 0) {
		fprintf(stderr, "generate: cannot write '%s': %s\n", argv[3],
			strerror(errno));
		return 1;
	}
	fclose(file);
	for (unsigned i = 0; i < STATUSES; i++)
		printf("%s\t%lu\n", status_names[i], counts[i]);
	return 0;
}
