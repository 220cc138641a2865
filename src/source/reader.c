#include "source/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void reader_measure(struct reader *reader, off_t end)
{
	off_t position = lseek(reader->fd, 0, SEEK_CUR);

	if (position >= 0 && end > position)
		reader->size_bytes = (uint64_t)(end - position);
	/* Only advice: that it is not taken changes nothing. */
	(void)posix_fadvise(reader->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

int reader_open(struct reader *reader, struct loop *loop, int fd, bool borrowed,
		struct error *error)
{
	struct stat status;

	*reader = (struct reader){.fd = fd, .borrowed = borrowed, .loop = loop};
	if (fstat(fd, &status) == 0 &&
	    (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
		if (S_ISREG(status.st_mode))
			reader_measure(reader, status.st_size);
		return 0;
	}
	reader->watch = (struct loop_watch){
		.fd = fd, .events = POLLIN, .part = LOOP_INPUT};
	if (loop_watch_add(loop, &reader->watch, error) < 0) {
		reader->fd = -1;
		return -1;
	}
	reader->polled = true;
	return 0;
}

void reader_close(struct reader *reader)
{
	if (reader->fd < 0)
		return;
	if (reader->polled)
		loop_watch_remove(reader->loop, &reader->watch);
	if (!reader->borrowed)
		close(reader->fd);
	reader->fd = -1;
}

/* Bytes read, 0 at the end, -1 with errno; EAGAIN: nothing is there now. */
static ssize_t reader_read(struct reader *reader, struct read_area area)
{
	ssize_t got;

	if (reader->polled && reader->watch.ready == 0) {
		errno = EAGAIN;
		return -1;
	}
	/* One read for each time that poll said yes: a second could block. */
	reader->watch.ready = 0;
	do {
		got = read(reader->fd, area.data, area.size);
	} while (got < 0 && errno == EINTR && !reader->polled);
	return got;
}

enum source_status reader_next(struct reader *reader, const char *path,
			       struct stream *stream, enum chunk_after after,
			       struct read_area area, struct chunk *chunk)
{
	ssize_t got = reader_read(reader, area);

	if (got > 0) {
		chunk_tell(chunk, CHUNK_DATA, AFTER_NEXT, stream);
		chunk->bytes = span_make(area.data, (size_t)got);
		reader->read_bytes += (uint64_t)got;
		return SOURCE_CHUNK;
	}
	if (got == 0) {
		reader_close(reader);
		return chunk_tell(chunk, CHUNK_ENDED, after, stream);
	}
	if (errno == EAGAIN || errno == EINTR)
		return SOURCE_AGAIN;
	chunk_tell(chunk, CHUNK_LOST, after, stream);
	if (path)
		error_system(&chunk->why, errno, "cannot read '%s'", path);
	else
		error_system(&chunk->why, errno, "cannot read standard input");
	reader_close(reader);
	return SOURCE_CHUNK;
}
