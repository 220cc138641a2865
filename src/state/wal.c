#include "state/wal.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#define HEADER_BYTES	   32
#define FRAME_HEADER_BYTES 24
#define MAGIC		   0x377f0682u /* the last bit: big-endian sums */
#define PAGE_MAX_BYTES	   65536

struct wal {
	int fd;
	off_t offset; /* of the next frame */
	size_t frame_bytes;
	unsigned char *frame;
	bool big_endian;
	uint32_t salts[2];
	uint32_t sums[2]; /* of all before the next frame */
};

static uint32_t get32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t get32_of(const struct wal *wal, const unsigned char *bytes)
{
	uint32_t word = get32(bytes);

	return wal->big_endian ? word : __builtin_bswap32(word);
}

/* Goes on with the sums over so many bytes, a multiple of 8. */
static void add_sums(struct wal *wal, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += 8) {
		wal->sums[0] += get32_of(wal, bytes + i) + wal->sums[1];
		wal->sums[1] += get32_of(wal, bytes + i + 4) + wal->sums[0];
	}
}

static bool sums_are(const struct wal *wal, const unsigned char *bytes)
{
	return wal->sums[0] == get32(bytes) && wal->sums[1] == get32(bytes + 4);
}

/* 1: all read; 0: the file ends before; -1: errno says why not. */
static int read_at(int fd, unsigned char *bytes, size_t size, off_t offset)
{
	while (size > 0) {
		ssize_t got = pread(fd, bytes, size, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return (int)got;
		bytes += got;
		size -= (size_t)got;
		offset += got;
	}
	return 1;
}

/* The salts belong to one turn of the log: frames of an older one lie behind.
 */
static bool is_of_this_turn(const struct wal *wal)
{
	return get32(wal->frame + 8) == wal->salts[0] &&
	       get32(wal->frame + 12) == wal->salts[1];
}

/* A frame with the size of the database in it ends a transaction. */
static bool is_commit(const struct wal *wal)
{
	return get32(wal->frame + 4) != 0;
}

static int next_frame(struct wal *wal)
{
	int got = read_at(wal->fd, wal->frame, wal->frame_bytes, wal->offset);

	wal->offset += (off_t)wal->frame_bytes;
	return got;
}

static bool frame_is_right(struct wal *wal)
{
	if (!is_of_this_turn(wal))
		return false;
	add_sums(wal, wal->frame, 8);
	add_sums(wal, wal->frame + FRAME_HEADER_BYTES,
		 wal->frame_bytes - FRAME_HEADER_BYTES);
	return sums_are(wal, wal->frame + 16);
}

static enum wal_health check_frames(struct wal *wal)
{
	unsigned commits = 0;
	int got;

	while ((got = next_frame(wal)) > 0 && frame_is_right(wal))
		;
	/*
	 * A transaction was on the disk before the next one was begun: only of
	 * the last one may something be missing, and it ends but once.
	 */
	for (; got > 0; got = next_frame(wal))
		if (is_of_this_turn(wal) && is_commit(wal))
			commits++;
	if (got < 0)
		return WAL_UNREADABLE;
	return commits > 1 ? WAL_DAMAGED : WAL_WHOLE;
}

static bool take_header(struct wal *wal, const unsigned char *header)
{
	uint32_t magic = get32(header);
	uint32_t page_bytes = get32(header + 8);

	if ((magic & ~1u) != MAGIC || page_bytes < 512 ||
	    page_bytes > PAGE_MAX_BYTES || (page_bytes & (page_bytes - 1)))
		return false;
	wal->big_endian = magic & 1;
	wal->frame_bytes = FRAME_HEADER_BYTES + page_bytes;
	wal->salts[0] = get32(header + 16);
	wal->salts[1] = get32(header + 20);
	add_sums(wal, header, 24);
	return sums_are(wal, header + 24);
}

enum wal_health wal_check(int fd)
{
	unsigned char header[HEADER_BYTES + 1];
	struct wal wal = {.fd = fd, .offset = HEADER_BYTES};
	enum wal_health health;
	int got = read_at(fd, header, sizeof(header), 0);

	/* The header is on the disk before anything follows it. */
	if (got <= 0)
		return got < 0 ? WAL_UNREADABLE : WAL_WHOLE;
	if (!take_header(&wal, header))
		return WAL_DAMAGED;
	wal.frame = malloc(wal.frame_bytes);
	if (!wal.frame) {
		errno = ENOMEM;
		return WAL_UNREADABLE;
	}
	health = check_frames(&wal);
	free(wal.frame);
	return health;
}
