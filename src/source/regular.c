#include "source/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/siphash.h"

void regular_init(struct regular *regular)
{
	*regular = (struct regular){.fd = -1, .end = REGULAR_WHOLE};
	stream_init(&regular->stream);
}

void regular_close(struct regular *regular)
{
	ahead_close(regular->ahead);
	regular->ahead = NULL;
	if (regular->fd >= 0)
		close(regular->fd);
	regular->fd = -1;
}

void regular_release(struct regular *regular)
{
	regular_close(regular);
	stream_release(&regular->stream);
}

int regular_adopt(struct regular *regular, int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return errno;
	if (S_ISDIR(status.st_mode))
		return EISDIR;
	if (!S_ISREG(status.st_mode))
		return REGULAR_OTHER;
	regular->fd = fd;
	regular->device = (uint64_t)status.st_dev;
	regular->inode = (uint64_t)status.st_ino;
	regular->size_bytes = (uint64_t)status.st_size;
	regular->end = REGULAR_WHOLE;
	regular->read_bytes = 0;
	regular->position = NULL;
	regular->is_new = false;
	regular->unreadable = 0;
	/* Only advice: that it is not taken changes nothing. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

int regular_open(struct regular *regular, const char *path)
{
	struct stat status;
	int number, fd;

	/* Asked by name: to open a FIFO for a look and to close it again would
	 * let a writer in and kill it by SIGPIPE. */
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? EISDIR : REGULAR_OTHER;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno;
	number = regular_adopt(regular, fd);
	if (number != 0)
		close(fd);
	return number;
}

int regular_explain(struct error *error, int number, const char *path)
{
	if (number == REGULAR_OTHER)
		return error_set(error, "cannot read '%s': not a regular file",
				 path);
	return error_system(error, number, "cannot open '%s'", path);
}

/* --- its place ------------------------------------------------------------ */

static uint64_t regular_hash(const char *head, uint32_t size)
{
	/* Kept from run to run, so the key is always this one. */
	static const uint64_t key[2] = {0, 0};

	return siphash(key, 0, span_make(head, size));
}

/* Its first bytes: how many; -1 with errno. */
static ssize_t regular_peek(const struct regular *regular,
			    char head[POSITION_HASHED_MAX])
{
	ssize_t got;

	do {
		got = pread(regular->fd, head, POSITION_HASHED_MAX, 0);
	} while (got < 0 && errno == EINTR);
	return got;
}

/* The bytes at the beginning of the file are those that the place knows. */
static bool is_place_of(const struct position *position, const char *head,
			uint32_t head_bytes)
{
	return position->hashed_bytes <= head_bytes &&
	       regular_hash(head, position->hashed_bytes) == position->hash;
}

/* Is the second the better place? By its name (of links), then by its age. */
static bool is_better(const struct position *old, const struct position *new,
		      const char *name)
{
	bool is_old = old && strcmp(old->name, name) == 0;
	bool is_new = strcmp(new->name, name) == 0;

	if (!old || is_old != is_new)
		return !old || is_new;
	return new->id > old->id;
}

/*
 * The unclaimed place of the file, or NULL. *cut: it is that of an inode which
 * had this name and began otherwise, or was longer.
 */
static struct position *find_place(const struct regular *regular,
				   const struct positions *positions,
				   const char *name, const char *head,
				   uint32_t head_bytes, bool *cut)
{
	struct position *place = NULL, *found = NULL, *changed = NULL;

	while ((place = positions_next_file(positions, regular->inode,
					    place)) != NULL) {
		if (place->claimed)
			continue;
		if (is_place_of(place, head, head_bytes) &&
		    place->offset <= regular->size_bytes) {
			if (is_better(found, place, name))
				found = place;
		} else if (strcmp(place->name, name) == 0) {
			changed = place;
		}
	}
	*cut = !found && changed;
	return found ? found : changed;
}

static void place_reset(struct position *place)
{
	place->offset = 0;
	place->line_number = 0;
	place->hash = regular_hash("", 0);
	place->hashed_bytes = 0;
	place->changed = true;
}

static enum regular_found place_add(struct regular *regular,
				    struct positions *positions,
				    const char *name)
{
	bool others = positions_find(positions, POSITION_FILE, name) != NULL;
	struct position place = {
		.kind = POSITION_FILE,
		.name = (char *)name,
		.inode = regular->inode,
		.newest_ns = TIME_NONE,
		.claimed = true,
	};

	place_reset(&place);
	regular->position = positions_add(positions, &place);
	if (!regular->position)
		return REGULAR_FAILED;
	regular->is_new = true;
	return others ? REGULAR_OTHERS : REGULAR_NEW;
}

/* Its stream begins at the place, with the head that was read before it. */
static int place_take(struct regular *regular, const char *name,
		      struct position *place)
{
	if (strcmp(place->name, name) != 0 && position_rename(place, name) != 0)
		return -1;
	place->claimed = true;
	regular->position = place;
	regular->offset = place->offset;
	if (regular->head_bytes > place->offset)
		regular->head_bytes = (uint32_t)place->offset;
	stream_open_at(&regular->stream, name, place->offset,
		       place->line_number);
	regular->stream.own_time.newest_ns = place->newest_ns;
	return 0;
}

int regular_resume(struct regular *regular, const char *name,
		   struct position *place)
{
	return place_take(regular, name, place);
}

enum regular_fit regular_fits(struct regular *regular,
			      const struct position *place)
{
	ssize_t head_bytes;

	if (regular->inode != place->inode ||
	    regular->size_bytes < place->offset)
		return REGULAR_FITS_NOT;
	head_bytes = regular_peek(regular, regular->head);
	if (head_bytes < 0)
		return REGULAR_FITS_UNKNOWN;
	regular->head_bytes = (uint32_t)head_bytes;
	return is_place_of(place, regular->head, regular->head_bytes)
		       ? REGULAR_FITS
		       : REGULAR_FITS_NOT;
}

enum regular_found regular_begin(struct regular *regular, const char *name,
				 struct positions *positions)
{
	struct position *place;
	ssize_t head_bytes;
	bool cut;

	regular->offset = 0;
	regular->head_bytes = 0;
	regular->stream.own_time.newest_ns = TIME_NONE;
	stream_open(&regular->stream, name);
	if (!positions)
		return REGULAR_NEW;
	head_bytes = regular_peek(regular, regular->head);
	if (head_bytes < 0) {
		regular->unreadable = errno;
		return REGULAR_UNREADABLE;
	}
	place = find_place(regular, positions, name, regular->head,
			   (uint32_t)head_bytes, &cut);
	if (!place)
		return place_add(regular, positions, name);
	if (cut)
		place_reset(place);
	regular->head_bytes = (uint32_t)head_bytes;
	if (place_take(regular, name, place) != 0)
		return REGULAR_FAILED;
	return cut ? REGULAR_CHANGED : REGULAR_KNOWN;
}

void regular_restart(struct regular *regular)
{
	regular->offset = 0;
	regular->head_bytes = 0;
	regular->is_new = false;
	stream_open(&regular->stream, regular->stream.name);
	if (regular->position)
		place_reset(regular->position);
}

void regular_introduce(const struct regular *regular,
		       struct positions *positions)
{
	struct position *place = regular->position;

	/* Of one that was truncated the state says where the last window left
	 * it: the next run is to find out, and say, that it is another now. */
	if (!regular->is_new || place->hashed_bytes > 0 ||
	    (place->kept && regular->head_bytes == 0))
		return;
	place->hash = regular_hash(regular->head, regular->head_bytes);
	place->hashed_bytes = regular->head_bytes;
	place->changed = true;
	place->kept = false;
	positions->is_urgent = true;
}

void regular_note(struct regular *regular)
{
	const struct stream *stream = &regular->stream;
	struct position *place = regular->position;
	uint64_t offset = stream_position(stream);
	uint32_t hashed = regular->head_bytes;

	if (!place)
		return;
	if (hashed > offset)
		hashed = (uint32_t)offset;
	if (place->offset == offset &&
	    place->line_number == stream->line_number &&
	    place->newest_ns == stream->time->newest_ns)
		return;
	if (place->hashed_bytes != hashed) {
		place->hash = regular_hash(regular->head, hashed);
		place->hashed_bytes = hashed;
	}
	place->offset = offset;
	place->line_number = stream->line_number;
	place->newest_ns = stream->time->newest_ns;
	place->changed = true;
}

/* --- reading -------------------------------------------------------------- */

bool regular_is_cut(const struct regular *regular)
{
	char head[POSITION_HASHED_MAX];
	struct stat status;

	if (fstat(regular->fd, &status) < 0)
		return false;
	if ((uint64_t)status.st_size < regular->offset)
		return true;
	return regular->head_bytes > 0 &&
	       regular_peek(regular, head) >= (ssize_t)regular->head_bytes &&
	       memcmp(head, regular->head, regular->head_bytes) != 0;
}

static void keep_head(struct regular *regular, const char *data, size_t size)
{
	size_t room = POSITION_HASHED_MAX - regular->head_bytes;

	if (regular->offset != regular->head_bytes)
		return;
	if (size > room)
		size = room;
	memcpy(regular->head + regular->head_bytes, data, size);
	regular->head_bytes += (uint32_t)size;
}

static void pass_bytes(struct regular *regular, struct span bytes)
{
	if (regular->head_bytes < POSITION_HASHED_MAX)
		keep_head(regular, bytes.data, bytes.size);
	regular->offset += bytes.size;
	regular->read_bytes += bytes.size;
}

ssize_t regular_read(struct regular *regular, struct read_area area)
{
	size_t size = area.size;
	ssize_t got;

	if (regular->unreadable) {
		errno = regular->unreadable;
		return -1;
	}
	if (regular->end - regular->offset < size)
		size = (size_t)(regular->end - regular->offset);
	do {
		got = pread(regular->fd, area.data, size,
			    (off_t)regular->offset);
	} while (got < 0 && errno == EINTR);
	if (got > 0)
		pass_bytes(regular, span_make(area.data, (size_t)got));
	return got;
}

void regular_read_ahead(struct regular *regular, struct ahead_common *common)
{
	uint64_t end = regular->size_bytes;

	if (end > regular->end)
		end = regular->end;
	if (!common || regular->unreadable || end < regular->offset ||
	    end - regular->offset < AHEAD_MIN_BYTES)
		return;
	/* Without room for it, the file is read as it is. */
	regular->ahead = ahead_open(common, regular->fd, regular->offset, end);
}

/* False: nothing was read ahead, or no more. */
static bool take_ahead(struct regular *regular, struct chunk *chunk)
{
	if (!regular->ahead)
		return false;
	chunk_tell(chunk, CHUNK_DATA, AFTER_NEXT, &regular->stream);
	if (!ahead_next(regular->ahead, &chunk->bytes, &chunk->lane)) {
		ahead_close(regular->ahead);
		regular->ahead = NULL;
		return false;
	}
	pass_bytes(regular, chunk->bytes);
	return true;
}

void regular_next(struct regular *regular, enum chunk_after after,
		  struct read_area area, struct chunk *chunk)
{
	ssize_t got;
	int number;

	if (take_ahead(regular, chunk))
		return;
	got = regular_read(regular, area);
	number = errno;
	if (got > 0) {
		chunk_tell(chunk, CHUNK_DATA, AFTER_NEXT, &regular->stream);
		chunk->bytes = span_make(area.data, (size_t)got);
		return;
	}
	regular_close(regular);
	chunk_tell(chunk, got == 0 ? CHUNK_ENDED : CHUNK_LOST, after,
		   &regular->stream);
	if (got < 0)
		error_system(&chunk->why, number, "cannot read '%s'",
			     regular->stream.name);
}
