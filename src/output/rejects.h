/*
 * rejects: what becomes of a rejected record: the file of --rejects, and the
 * notice on stderr, the first of each reason and then at most one a minute.
 */
#ifndef OUTPUT_REJECTS_H
#define OUTPUT_REJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"
#include "core/reject.h"

struct rejects {
	const char *path; /* NULL: no file; else the caller's */
	int fd;
	struct buffer bytes;
	int failed; /* the error number of a write that failed, or 0 */
	struct {
		int64_t next_ns; /* clock.mono_ns from which one may be shown */
		uint64_t left_out; /* since the last one that was */
	} notices[REJECT_REASONS];
};

/* Opens the file for appending, if there is one. */
int rejects_open(struct rejects *rejects, const char *path,
		 struct error *error) MUST_CHECK;

/* Opens the path again, after someone renamed the file. */
int rejects_reopen(struct rejects *rejects, struct error *error) MUST_CHECK;

/*
 * Keeps the record for the file (too_long aside), writes what was kept when it
 * is much, and, unless the notices of its reason have had their turn, says on
 * stderr what was wrong with it. A write that fails is told by
 * rejects_write(). mono_ns is clock.mono_ns.
 */
void rejects_add(struct rejects *rejects, const struct reject *reject,
		 struct log *log, int64_t mono_ns);

/* Writes to the file what was kept. -1: the file failed. */
int rejects_write(struct rejects *rejects, struct error *error) MUST_CHECK;

/* Writes the rest, says how many notices were left out, closes. */
int rejects_close(struct rejects *rejects, struct log *log,
		  struct error *error) MUST_CHECK;

#endif
