#include "source/ahead.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* As much as a lane walks at once, and as stays in a cache. */
#define BLOCK_BYTES LANE_REACH_BYTES

/* Blocks for each lane: while one is counted the others are made. */
#define BLOCKS_A_LANE 4

struct block {
	struct job job; /* first: a block is one of these */
	struct lane lane;
	int fd;
	uint64_t offset;
	size_t wanted; /* bytes */
	ssize_t got;   /* or -1 */
	char *bytes;
};

struct ahead {
	struct pool *pool;
	struct block *blocks; /* a ring */
	size_t count;
	size_t next;  /* the block to be handed out, */
	size_t given; /* of so many that the pool has, from there on */
	int fd;
	uint64_t offset; /* of what is given to the pool next */
	uint64_t end;
	bool over; /* nothing more can be had */
};

/* In any thread. */
static void make_block(struct job *job)
{
	struct block *block = (struct block *)job;

	do {
		block->got = pread(block->fd, block->bytes, block->wanted,
				   (off_t)block->offset);
	} while (block->got < 0 && errno == EINTR);
	if (block->got > 0)
		lane_prepare(&block->lane,
			     span_make(block->bytes, (size_t)block->got));
}

static int block_init(struct block *block, const struct ahead_options *options)
{
	block->job.run = make_block;
	block->bytes = malloc(BLOCK_BYTES);
	if (lane_init(&block->lane, options->fields, options->level,
		      options->cursors) != 0 ||
	    !block->bytes)
		return -1;
	return 0;
}

/* Gives blocks to the pool, as long as there is one and something to read. */
static void give_blocks(struct ahead *ahead)
{
	while (ahead->given < ahead->count && ahead->offset < ahead->end) {
		struct block *block =
			&ahead->blocks[(ahead->next + ahead->given) %
				       ahead->count];
		uint64_t left = ahead->end - ahead->offset;

		block->fd = ahead->fd;
		block->offset = ahead->offset;
		block->wanted = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES;
		ahead->offset += block->wanted;
		ahead->given++;
		pool_give(ahead->pool, &block->job);
	}
}

struct ahead *ahead_open(const struct ahead_options *options, int fd,
			 uint64_t offset, uint64_t end)
{
	struct ahead *ahead = calloc(1, sizeof(*ahead));
	/* One is the reader's. */
	size_t count = (size_t)options->lanes * BLOCKS_A_LANE + 1;

	if (!ahead)
		return NULL;
	ahead->pool = options->pool;
	ahead->fd = fd;
	ahead->offset = offset;
	ahead->end = end;
	ahead->blocks = calloc(count, sizeof(*ahead->blocks));
	for (size_t i = 0; ahead->blocks && i < count; i++) {
		ahead->count++;
		if (block_init(&ahead->blocks[i], options) != 0) {
			ahead_close(ahead);
			return NULL;
		}
	}
	if (!ahead->blocks) {
		ahead_close(ahead);
		return NULL;
	}
	give_blocks(ahead);
	return ahead;
}

void ahead_close(struct ahead *ahead)
{
	if (!ahead)
		return;
	for (size_t i = 0; i < ahead->given; i++) {
		size_t at = (ahead->next + i) % ahead->count;

		pool_drop(ahead->pool, &ahead->blocks[at].job);
	}
	for (size_t i = 0; i < ahead->count; i++) {
		lane_release(&ahead->blocks[i].lane);
		free(ahead->blocks[i].bytes);
	}
	free(ahead->blocks);
	free(ahead);
}

/*
 * The block that was handed out last is free again only now, so that there is
 * always one that the pool does not have.
 */
bool ahead_next(struct ahead *ahead, struct span *bytes, struct lane **lane)
{
	struct block *block = &ahead->blocks[ahead->next];

	if (ahead->over)
		return false;
	give_blocks(ahead);
	if (ahead->given == 0)
		return false;
	pool_finish(ahead->pool, &block->job);
	ahead->next = (ahead->next + 1) % ahead->count;
	ahead->given--;
	ahead->over = block->got != (ssize_t)block->wanted;
	if (block->got <= 0)
		return false;
	*bytes = span_make(block->bytes, (size_t)block->got);
	*lane = &block->lane;
	return true;
}
