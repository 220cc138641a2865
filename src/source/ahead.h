/*
 * ahead: the blocks of a regular file, read and walked by the threads of a pool
 * before they are asked for, and handed out in their order.
 *
 * It is only a help: the bytes are those that pread() gives at the same place,
 * and where anything is out of the ordinary (an error, fewer bytes than were
 * there when the file was opened) there is nothing to be had any more, and
 * whoever reads goes on by himself.
 */
#ifndef SOURCE_AHEAD_H
#define SOURCE_AHEAD_H

#include <stdint.h>

#include "base/span.h"
#include "core/lane.h"
#include "source/pool.h"

struct block;

/* What all files share that are read ahead, one after the other or in turns. */
struct ahead_common {
	struct pool *pool;
	unsigned lanes; /* threads that count, the caller's among them */
	size_t files;	/* that are open at once, at most; 0 is 1 */
	const struct fields *fields;
	enum level level;
	unsigned cursors;
	/* Its own: blocks that no file has now, with all that their lanes have
	 * learned. */
	struct block *spare;
	size_t made; /* with those that files have */
};

/* Smaller files are read as they are. */
#define AHEAD_MIN_BYTES ((uint64_t)1 << 20)

/* Once all files are closed. */
void ahead_common_release(struct ahead_common *common);

struct ahead;

/*
 * Begins to read the bytes from `offset` to `end`, which were there when the
 * file was looked at. The descriptor and what is shared are borrowed. NULL:
 * memory is out, or other files have all that may be used.
 */
struct ahead *ahead_open(struct ahead_common *common, int fd, uint64_t offset,
			 uint64_t end) MUST_CHECK;

/* Waits for what is being read. NULL is fine. */
void ahead_close(struct ahead *ahead);

/*
 * The next bytes, and the lane that walked through them; both until the next
 * call. False: there are none, see above.
 */
bool ahead_next(struct ahead *ahead, struct span *bytes,
		struct lane **lane) MUST_CHECK;

#endif
