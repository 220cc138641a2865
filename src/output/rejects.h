/*
 * rejects: what becomes of a rejected record: the file of --rejects, and the
 * notice on stderr, the first of each reason and then at most one a minute.
 */
#ifndef OUTPUT_REJECTS_H
#define OUTPUT_REJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "core/reject.h"
#include "output/queue.h"

struct rejects {
	bool has_file;
	struct queue file;
	struct {
		int64_t next_ns; /* clock.mono_ns from which one may be shown */
		uint64_t left_out; /* since the last one that was */
	} notices[REJECT_REASONS];
};

/* Opens the file for appending; path is the caller's, NULL: no file. */
int rejects_open(struct rejects *rejects, const char *path, struct loop *loop,
		 struct error *error) MUST_CHECK;

/* Opens the path again, once nothing waits, after someone renamed the file. */
int rejects_reopen(struct rejects *rejects, struct error *error) MUST_CHECK;

/* Bytes that wait for the file; as with any queue, up to its limit. */
static inline size_t rejects_waiting(const struct rejects *rejects)
{
	return rejects->has_file ? queue_waiting(&rejects->file) : 0;
}

/* Would one of that reason be shown now? Else nobody asks for its place. */
bool rejects_shows(const struct rejects *rejects, enum reject_reason reason,
		   int64_t mono_ns);

/*
 * Queues the record for the file (too_long aside) and, unless the notices of
 * its reason have had their turn, says on stderr what was wrong with it.
 * mono_ns is clock.mono_ns.
 */
void rejects_add(struct rejects *rejects, const struct reject *reject,
		 struct log *log, int64_t mono_ns);

/* Writes what the file takes without waiting. -1: it failed. */
int rejects_write(struct rejects *rejects, struct error *error) MUST_CHECK;

/* Says how many notices were left out, closes. What still waits is lost. */
int rejects_close(struct rejects *rejects, struct log *log,
		  struct error *error) MUST_CHECK;

#endif
