/*
 * parts FILE: what the parts of the way of a record cost, each by itself: a
 * name, a tab, and GB for each second of CPU time, by line; the best of some
 * rounds. Linked with the program's own parts.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/lane.h"

#define PIECE  ((size_t)64 << 10)
#define MOST   ((size_t)32 << 20) /* of the file, in memory */
#define ROUNDS 7

struct trial {
	int fd;
	char *bytes;
	size_t size;
	struct fields fields;
	struct lane lane;
};

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* From the system's cache to one that is small. */
static uint64_t read_file(struct trial *trial)
{
	static char area[PIECE];
	uint64_t done = 0;
	ssize_t got;

	while (done < trial->size &&
	       (got = pread(trial->fd, area, PIECE, (off_t)done)) > 0)
		done += (uint64_t)got;
	return done;
}

static uint64_t find_lines(struct trial *trial)
{
	const char *end = trial->bytes + trial->size;
	const char *p = trial->bytes;
	uint64_t lines = 0;

	for (; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		lines++;
	return lines;
}

/* Along the shapes; what a lane leaves is read past. */
static uint64_t walk(struct trial *trial)
{
	uint64_t records = 0;
	size_t at = 0;

	while (at < trial->size) {
		size_t left = trial->size - at;
		struct span piece = span_make(trial->bytes + at,
					      left < PIECE ? left : PIECE);

		lane_prepare(&trial->lane, piece);
		for (unsigned i = 0;
		     trial->lane.ahead && i < trial->lane.walk.stretch_count;
		     i++)
			records +=
				(uint64_t)(trial->lane.walk.stretches[i].end -
					   trial->lane.walk.stretches[i]
						   .records) /
				trial->lane.walk.stride;
		at += piece.size;
	}
	return records;
}

static uint64_t scan(struct trial *trial)
{
	const char *end = trial->bytes + trial->size;
	struct json_value value;
	uint64_t valid = 0;

	for (const char *p = trial->bytes; p < end;) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t offset;

		if (!lf)
			break;
		valid += json_scan(&trial->fields,
				   span_make(p, (size_t)(lf - p)), &value,
				   &offset) == JSON_VALID;
		p = lf + 1;
	}
	return valid;
}

static void measure(struct trial *trial, const char *name,
		    uint64_t (*part)(struct trial *trial))
{
	double best = 1e9;
	uint64_t sum = 0;

	for (int i = 0; i < ROUNDS; i++) {
		double begin = cpu_seconds(), took;

		sum += part(trial);
		took = cpu_seconds() - begin;
		if (took < best)
			best = took;
	}
	if (sum == 0)
		exit(1);
	printf("%s\t%.3f\n", name, (double)trial->size / best / 1e9);
}

int main(int argc, char **argv)
{
	static struct trial trial;
	struct error error;
	ssize_t got;

	if (argc != 2 || (trial.fd = open(argv[1], O_RDONLY)) < 0)
		return 1;
	trial.bytes = malloc(MOST);
	got = trial.bytes ? read(trial.fd, trial.bytes, MOST) : -1;
	fields_init(&trial.fields);
	if (got <= 0 || fields_add(&trial.fields, "status", &error) != 0 ||
	    lane_init(&trial.lane, &trial.fields, LEVEL_BEST, 0) != 0)
		return 1;
	trial.size = (size_t)got;
	measure(&trial, "read", read_file);
	measure(&trial, "lines", find_lines);
	measure(&trial, "walk", walk);
	measure(&trial, "scan", scan);
	return 0;
}
