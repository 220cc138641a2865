/*
 * generate CORPUS SIZE FILE: writes records to FILE until it has at least SIZE
 * bytes, or, if SIZE ends in r, that many records; and prints how many there
 * are of each status: STATUS, tab, count, in the order of the names. The seed
 * is fixed: a smaller file is the beginning of a larger one.
 */
#include "generate.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED	 UINT64_C(0x6f72646572636e74)
#define STATUSES 4

#define BEGIN_MS     UINT64_C(1763769600000) /* 2025-11-22T00:00:00Z */
#define LATE_MS	     1000u
#define CUSTOMERS    1000000u
#define ZIPF_OCTAVES 20 /* 2^20 - 1 customers */

static const char *const status_names[STATUSES] = {"CANCELLED", "COMPLETED",
						   "INPROGRESS", "PLACED"};

/* In sixteenths, all different: two groups that change places are seen. */
static const unsigned char status_of[16] = {0, 1, 1, 1, 1, 1, 2, 2,
					    2, 3, 3, 3, 3, 3, 3, 3};

uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

unsigned draw_below(struct draft *draft, unsigned limit)
{
	return (unsigned)((draw(&draft->random) >> 32) * limit >> 32);
}

unsigned long draw_time(struct draft *draft)
{
	uint64_t drawn = draw(&draft->random);
	unsigned long time_ms = LATE_MS + draft->number / 10;

	return drawn >> 60 == 0 ? time_ms - drawn % LATE_MS : time_ms;
}

void put(struct pen *pen, const char *format, ...)
{
	size_t room = (size_t)(pen->begin + RECORD_MAX - pen->at);
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(pen->at, room, format, values);
	va_end(values);
	if (length < 0 || (size_t)length >= room) {
		fprintf(stderr, "generate: a record is too long\n");
		exit(1);
	}
	pen->at += length;
}

static int plain_record(char *record, struct draft *draft)
{
	uint64_t high = draw(&draft->random), low = draw(&draft->random);

	return snprintf(record, RECORD_MAX,
			"{\"order_id\": \"%016" PRIx64 "%016" PRIx64
			"\", \"status\": \"%s\"}\n",
			high, low, draft->status);
}

static int orders_record(char *record, struct draft *draft)
{
	static const char countries[8][3] = {"AT", "CH", "DE", "ES",
					     "FR", "GB", "IT", "PL"};
	static const char currencies[4][4] = {"CHF", "EUR", "GBP", "PLN"};
	uint64_t high = draw(&draft->random), low = draw(&draft->random);
	unsigned a = (unsigned)(draw(&draft->random) >> 32);
	unsigned b = (unsigned)(draw(&draft->random) >> 32);
	unsigned long time_ms = draw_time(draft);

	return snprintf(
		record, RECORD_MAX,
		"{\"order_id\":\"%016" PRIx64 "%016" PRIx64
		"\",\"created_at\":\"2025-11-22T%02lu:%02lu:%02lu.%03luZ\","
		"\"customer\":{\"id\":%u,\"country\":\"%s\"},\"items\":%u,"
		"\"amount\":%u.%02u,\"currency\":\"%s\",\"express\":%s,"
		"\"status\":\"%s\"}\n",
		high, low, time_ms / 3600000, time_ms / 60000 % 60,
		time_ms / 1000 % 60, time_ms % 1000, b % 1000000,
		countries[a >> 29], 1 + (a >> 17) % 9, b >> 20, (b >> 4) % 100,
		currencies[b >> 30], (a >> 21) % 4 == 0 ? "true" : "false",
		draft->status);
}

static int customer_record(char *record, struct draft *draft, uint64_t customer)
{
	uint64_t high = draw(&customer), low = draw(&customer);

	return snprintf(record, RECORD_MAX,
			"{\"customer\": \"%016" PRIx64 "%016" PRIx64
			"\", \"at\": %" PRIu64 ", \"status\": \"%s\"}\n",
			high, low, BEGIN_MS + draw_time(draft), draft->status);
}

/* All customers alike. */
static int many_record(char *record, struct draft *draft)
{
	return customer_record(record, draft, draw(&draft->random) % CUSTOMERS);
}

/* Zipf's law: those ranked 2 to 3, 4 to 7, .. buy as much as the first. */
static int zipf_record(char *record, struct draft *draft)
{
	uint64_t drawn = draw(&draft->random);
	uint64_t octave = UINT64_C(1) << (drawn >> 32) % ZIPF_OCTAVES;

	return customer_record(record, draft, octave + drawn % octave);
}

struct corpus {
	const char *name;
	/* Returns how many bytes the record has. */
	int (*record)(char *record, struct draft *draft);
};

static const struct corpus corpora[] = {
	{"plain", plain_record},       {"orders", orders_record},
	{"optional", optional_record}, {"items", items_record},
	{"text", text_record},	       {"fat", fat_record},
	{"chaos", chaos_record},       {"many", many_record},
	{"zipf", zipf_record},
};

static const struct corpus *corpus_find(const char *name)
{
	for (size_t i = 0; i < sizeof corpora / sizeof corpora[0]; i++)
		if (strcmp(corpora[i].name, name) == 0)
			return &corpora[i];
	return NULL;
}

/* How much to write: until both are reached. */
struct size {
	unsigned long long bytes;
	unsigned long records;
};

/* 0, or -1 if text is no size. */
static int size_parse(struct size *size, const char *text)
{
	char *end;
	unsigned long long number = strtoull(text, &end, 10);

	*size = (struct size){0, 0};
	if (end == text)
		return -1;
	if (strcmp(end, "r") == 0 && number <= ULONG_MAX)
		size->records = (unsigned long)number;
	else if (*end == '\0')
		size->bytes = number;
	else
		return -1;
	return 0;
}

/* 0, or -1 with errno. */
static int corpus_write(const struct corpus *corpus, struct size size,
			FILE *file, unsigned long counts[STATUSES])
{
	struct draft draft = {.random = SEED};
	static char record[RECORD_MAX];
	unsigned long long written = 0;

	for (; written < size.bytes || draft.number < size.records;
	     draft.number++) {
		unsigned status = status_of[draw(&draft.random) >> 60];
		int length;

		draft.status = status_names[status];
		length = corpus->record(record, &draft);
		if (fwrite(record, (size_t)length, 1, file) != 1)
			return -1;
		written += (unsigned long long)length;
		counts[status]++;
	}
	return fflush(file) == 0 ? 0 : -1;
}

static int usage(void)
{
	fputs("usage: generate ", stderr);
	for (size_t i = 0; i < sizeof corpora / sizeof corpora[0]; i++)
		fprintf(stderr, "%s%s", i == 0 ? "" : "|", corpora[i].name);
	fputs(" BYTES|RECORDSr FILE\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const struct corpus *corpus = argc == 4 ? corpus_find(argv[1]) : NULL;
	unsigned long counts[STATUSES] = {0};
	struct size size;
	FILE *file;

	if (!corpus || size_parse(&size, argv[2]) != 0)
		return usage();
	file = fopen(argv[3], "w");
	if (!file || corpus_write(corpus, size, file, counts) != 0) {
		fprintf(stderr, "generate: cannot write '%s': %s\n", argv[3],
			strerror(errno));
		return 1;
	}
	fclose(file);
	for (unsigned i = 0; i < STATUSES; i++)
		printf("%s\t%lu\n", status_names[i], counts[i]);
	return 0;
}
