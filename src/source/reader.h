/*
 * reader: one descriptor, read without ever making the loop wait.
 *
 * Regular files (and directories, whose read fails) always have an answer. Of
 * anything else the descriptor is polled first and then read once, so that it
 * may be a blocking one that belongs to others too.
 */
#ifndef SOURCE_READER_H
#define SOURCE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "source/source.h"

struct reader {
	int fd;	       /* -1: closed */
	bool borrowed; /* not ours to close */
	bool polled;   /* has a watch in the loop */
	struct loop *loop;
	struct loop_watch watch;
	uint64_t read_bytes;
	uint64_t size_bytes; /* of a regular file, from where it stands */
};

/*
 * Takes fd over, unless borrowed. -1: memory is out, and fd is still the
 * caller's. The reader must not move until it is closed.
 */
int reader_open(struct reader *reader, struct loop *loop, int fd, bool borrowed,
		struct error *error) MUST_CHECK;

/* Does nothing when it is closed. The counts stay. */
void reader_close(struct reader *reader);

/*
 * One read: DATA of the stream, or ENDED or LOST with what comes after it; then
 * the reader is closed. path is what LOST names; NULL: standard input.
 */
enum source_status reader_next(struct reader *reader, const char *path,
			       struct stream *stream, enum chunk_after after,
			       struct read_area area, struct chunk *chunk);

#endif
