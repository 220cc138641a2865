#include "source/ahead.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* As much as a lane walks at once, and as stays in a cache. */
#define BLOCK_BYTES LANE_REACH_BYTES

/* Blocks for each lane: while one is counted the others are made. */
#define BLOCKS_A_LANE 4

/* And for each file, at least: a source's turn. */
#define BLOCKS_A_TURN 4

/* All files together, unless one needs more for all lanes: beyond that there is
 * more to be lost in the caches than to be gained. */
#define BLOCKS_MAX 256

struct block {
	struct job job; /* first: a block is one of these */
	struct lane lane;
	int fd;
	uint64_t offset;
	size_t wanted; /* bytes */
	ssize_t got;   /* or -1 */
	char *bytes;
	struct block *next_spare;
};

struct ahead {
	struct ahead_common *common;
	struct block **blocks; /* a ring */
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

static void block_free(struct block *block)
{
	lane_release(&block->lane);
	free(block->bytes);
	free(block);
}

/* May one more be made? */
static bool may_make(const struct ahead_common *common)
{
	size_t max = (size_t)common->lanes * BLOCKS_A_LANE + 1;

	return common->made < (max > BLOCKS_MAX ? max : BLOCKS_MAX);
}

/* One that is spare, or a new one. NULL: there are enough, or memory is out. */
static struct block *block_get(struct ahead_common *common)
{
	struct block *block = common->spare;

	if (block) {
		common->spare = block->next_spare;
		return block;
	}
	block = may_make(common) ? calloc(1, sizeof(*block)) : NULL;
	if (!block)
		return NULL;
	block->job.run = make_block;
	block->bytes = malloc(BLOCK_BYTES);
	if (lane_init(&block->lane, common->fields, common->level,
		      common->cursors) != 0 ||
	    !block->bytes) {
		block_free(block);
		return NULL;
	}
	common->made++;
	return block;
}

static void block_put(struct ahead_common *common, struct block *block)
{
	block->next_spare = common->spare;
	common->spare = block;
}

void ahead_common_release(struct ahead_common *common)
{
	while (common->spare) {
		struct block *block = common->spare;

		common->spare = block->next_spare;
		block_free(block);
	}
}

/* Gives blocks to the pool, as long as there is one and something to read. */
static void give_blocks(struct ahead *ahead)
{
	while (ahead->given < ahead->count && ahead->offset < ahead->end) {
		struct block *block =
			ahead->blocks[(ahead->next + ahead->given) %
				      ahead->count];
		uint64_t left = ahead->end - ahead->offset;

		block->fd = ahead->fd;
		block->offset = ahead->offset;
		block->wanted = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES;
		ahead->offset += block->wanted;
		ahead->given++;
		pool_give(ahead->common->pool, &block->job);
	}
}

/*
 * Blocks for a file: no more than it has. Where several are read in turns, all
 * of them together have work for the threads, and each some for its own turn.
 */
static size_t count_blocks(const struct ahead_common *common, uint64_t bytes)
{
	size_t files = common->files ? common->files : 1;
	size_t count = (size_t)common->lanes * BLOCKS_A_LANE / files;
	uint64_t all = (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;

	if (count < BLOCKS_A_TURN)
		count = BLOCKS_A_TURN;
	/* One is the reader's. */
	count++;
	return all < count ? (size_t)all : count;
}

struct ahead *ahead_open(struct ahead_common *common, int fd, uint64_t offset,
			 uint64_t end)
{
	struct ahead *ahead = calloc(1, sizeof(*ahead));
	size_t count = count_blocks(common, end - offset);

	if (!ahead)
		return NULL;
	ahead->common = common;
	ahead->fd = fd;
	ahead->offset = offset;
	ahead->end = end;
	ahead->blocks = calloc(count, sizeof(struct block *));
	while (ahead->blocks && ahead->count < count) {
		struct block *block = block_get(common);

		if (!block)
			break;
		ahead->blocks[ahead->count++] = block;
	}
	if (ahead->count < count) {
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

		pool_drop(ahead->common->pool, &ahead->blocks[at]->job);
	}
	for (size_t i = 0; i < ahead->count; i++)
		block_put(ahead->common, ahead->blocks[i]);
	free(ahead->blocks);
	free(ahead);
}

/*
 * The block that was handed out last is free again only now, so that there is
 * always one that the pool does not have.
 */
bool ahead_next(struct ahead *ahead, struct span *bytes, struct lane **lane)
{
	struct block *block;

	if (ahead->over)
		return false;
	give_blocks(ahead);
	if (ahead->given == 0)
		return false;
	block = ahead->blocks[ahead->next];
	pool_finish(ahead->common->pool, &block->job);
	ahead->next = (ahead->next + 1) % ahead->count;
	ahead->given--;
	ahead->over = block->got != (ssize_t)block->wanted;
	if (block->got <= 0)
		return false;
	*bytes = span_make(block->bytes, (size_t)block->got);
	*lane = &block->lane;
	return true;
}
