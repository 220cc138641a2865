#include "output/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define PIECE_BYTES 16384

/* pread() of all of it; -1 with errno. Less than that: errno is EIO. */
static int read_piece(int fd, char *piece, size_t size, off_t at)
{
	while (size > 0) {
		ssize_t got = pread(fd, piece, size, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = EIO;
		if (got <= 0)
			return -1;
		piece += got;
		at += got;
		size -= (size_t)got;
	}
	return 0;
}

/* Where the last line that ends in a newline ends; -1 with errno. */
static off_t last_line_end(int fd, off_t size)
{
	char piece[PIECE_BYTES];

	while (size > 0) {
		size_t length = size < PIECE_BYTES ? (size_t)size : PIECE_BYTES;
		const char *newline;

		size -= (off_t)length;
		if (read_piece(fd, piece, length, size))
			return -1;
		newline = memrchr(piece, '\n', length);
		if (newline)
			return size + (newline - piece) + 1;
	}
	return 0;
}

/* The same of a file in which a newline inside of quotes ends no line. */
static off_t last_row_end(int fd, off_t size)
{
	char piece[PIECE_BYTES];
	bool quoted = false;
	off_t end = 0;
	size_t length;

	for (off_t at = 0; at < size; at += (off_t)length) {
		length = size - at < PIECE_BYTES ? (size_t)(size - at)
						 : PIECE_BYTES;
		if (read_piece(fd, piece, length, at))
			return -1;
		for (size_t i = 0; i < length; i++) {
			if (piece[i] == '"')
				quoted = !quoted;
			else if (piece[i] == '\n' && !quoted)
				end = at + (off_t)i + 1;
		}
	}
	return end;
}

static off_t whole_size(int fd, off_t size, bool csv)
{
	off_t end = csv ? last_row_end(fd, size) : last_line_end(fd, size);

	if (csv && end >= 0 && size - end > TAIL_ROW_MAX)
		end = last_line_end(fd, size);
	return end;
}

/* Opens the file that fd writes to for reading; -1 with errno. */
static int open_again(const char *path, const struct stat *written)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && status.st_dev == written->st_dev &&
	    status.st_ino == written->st_ino)
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

int tail_cut(int fd, const char *path, bool csv, bool *empty,
	     struct error *error)
{
	struct stat status;
	off_t end;
	int reader;

	if (fstat(fd, &status))
		return error_system(error, errno, "cannot look at '%s'", path);
	*empty = status.st_size == 0;
	if (*empty)
		return 0;
	reader = open_again(path, &status);
	end = reader < 0 ? -1 : whole_size(reader, status.st_size, csv);
	if (end < 0)
		error_system(error, errno,
			     "cannot read where the rows in '%s' end", path);
	if (reader >= 0)
		close(reader);
	if (end < 0)
		return -1;
	if (end < status.st_size && ftruncate(fd, end))
		return error_system(error, errno,
				    "cannot cut half a row off the end of '%s'",
				    path);
	*empty = end == 0;
	return 0;
}
