/*
 * kinesis: a stream of Amazon Kinesis Data Streams as a source.
 *
 * Its service is asked over HTTP by libcurl, in our loop; answers are read by
 * cJSON. Without it (make KINESIS=no) none.c stands in for all.
 *
 *     source       what a source offers; source_calls: what is asked, when
 *     shard        a stream, and where its records stand in it
 *     call         one call of the service: what is sent, how it went
 *     transfer     HTTP in the loop
 *     answer       what the service says
 *     aggregated   records that a producer packed into one
 *     credentials  who we are: environment, profile, container, instance
 *
 * Source of the formats: Amazon Kinesis Data Streams API Reference, version
 * 2013-12-02; Signature Version 4 is curl's.
 */
#ifndef KINESIS_KINESIS_H
#define KINESIS_KINESIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "source/source.h"

/* Is Kinesis built in? -1: the message says that it is not. */
int kinesis_check_built(struct error *error) MUST_CHECK;

/* libcurl's version for --version, or NULL where it is not built in. */
const char *kinesis_version(void);

/* All pointers are borrowed for as long as the source lives. */
struct kinesis_options {
	const char *stream;
	const char *region;   /* NULL: as the environment or the profile says */
	const char *endpoint; /* NULL: the region's own */
	const char *ca;	      /* a file of CAs to trust; NULL: the system's */
	bool from_end;	      /* where no position is kept */
	bool until_end;
	bool reconnect;
	int64_t connect_timeout_ns;
	uint64_t jitter_seed;
	struct log *log;
};

/*
 * A source of each shard of the stream, a stream each, children after their
 * parents. NULL: memory is out. The name is borrowed as usual.
 */
struct source *kinesis_source_new(const char *name,
				  const struct kinesis_options *options);

#endif
