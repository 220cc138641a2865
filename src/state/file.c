#include "state/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/wal.h"

/* What SQLite locks: https://www.sqlite.org/fileformat2.html, the lock page. */
#define LOCK_START 0x40000000
#define LOCK_BYTES 512

/* It makes room for the longest name beside the database, "-journal". */
#define SUFFIX_BYTES 8

/* The database header: the same document, section 1.3. */
#define HEADER_BYTES	   100
#define HEADER_MAGIC	   "SQLite format 3" /* and its NUL */
#define HEADER_FORMAT	   60		     /* user_version */
#define HEADER_APPLICATION 68

#define SECTOR_BYTES 512 /* written whole or not at all */

static int refuse(struct error *error, const char *name, const char *why)
{
	return error_set(error, "--state '%s' %s", name, why);
}

/* --- what lies beside it -------------------------------------------------- */

/* path and suffix in one; NULL: memory is out. To be freed. */
static char *beside(const char *path, const char *suffix)
{
	size_t size = strlen(path) + strlen(suffix) + 1;
	char *whole = malloc(size);

	if (whole)
		snprintf(whole, size, "%s%s", path, suffix);
	return whole;
}

/* The size of the file; 0 where there is none. */
static uint64_t size_beside(const struct state_file *file, const char *suffix)
{
	char *path = beside(file->path, suffix);
	struct stat status;
	bool is_there = path && stat(path, &status) == 0;

	free(path);
	return is_there ? (uint64_t)status.st_size : 0;
}

static bool exists_beside(const struct state_file *file, const char *suffix)
{
	char *path = beside(file->path, suffix);
	bool is_there = path && access(path, F_OK) == 0;

	free(path);
	return is_there;
}

static int check_wal(const struct state_file *file, const char *name,
		     struct error *error)
{
	char *path = beside(file->path, "-wal");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	enum wal_health health = WAL_UNREADABLE;

	if (!path)
		errno = ENOMEM;
	if (fd >= 0)
		health = wal_check(fd);
	if (health == WAL_UNREADABLE)
		error_system(error, errno, "cannot read '%s-wal'", name);
	if (health == WAL_DAMAGED)
		error_set(error,
			  "--state '%s' is damaged ('%s-wal' is not whole): "
			  "put copies of both back, or remove both to count "
			  "anew",
			  name, name);
	if (fd >= 0)
		close(fd);
	free(path);
	return health == WAL_WHOLE ? 0 : -1;
}

/* SQLite would take them for parts of the database. */
static int check_beside(const struct state_file *file, const char *name,
			struct error *error)
{
	if (exists_beside(file, "-journal"))
		return error_set(error,
				 "'%s-journal' is not of --state '%s': remove "
				 "it, or give another file",
				 name, name);
	if (!file->had_wal)
		return 0;
	if (file->is_bare && size_beside(file, "-wal") > 0)
		return error_set(error,
				 "--state '%s' is gone, but for '%s-wal': put "
				 "it back, or remove that too to count anew",
				 name, name);
	return check_wal(file, name, error);
}

static int check_folder(const struct state_file *file, const char *name,
			struct error *error)
{
	char *copy = strdup(file->path);
	int result = 0;

	if (!copy)
		return error_set(error, "out of memory");
	if (faccessat(AT_FDCWD, dirname(copy), W_OK | X_OK, AT_EACCESS) < 0)
		result = error_system(error, errno,
				      "cannot make files beside --state '%s', "
				      "as it needs",
				      name);
	free(copy);
	return result;
}

/* Of a name that is too long for the file beside it nothing can be kept. */
static int check_name(const struct state_file *file, const char *name,
		      struct error *error)
{
	const sqlite3_vfs *system = sqlite3_vfs_find(NULL);
	char *wal = beside(file->path, "-wal");
	bool too_long = wal && access(wal, F_OK) < 0 && errno == ENAMETOOLONG;

	if (system &&
	    strlen(file->path) + SUFFIX_BYTES > (size_t)system->mxPathname)
		too_long = true;
	free(wal);
	if (!too_long)
		return 0;
	return refuse(error, name,
		      "has too long a name, with the '-wal' of SQLite behind "
		      "it: give a shorter one");
}

/* --- what it is ----------------------------------------------------------- */

/* Reads up to so many bytes; how many, or -1. */
static ssize_t read_start(const struct state_file *file, char *bytes,
			  size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got =
			pread(file->fd, bytes + done, size - done, (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static uint32_t get32(const char *bytes)
{
	uint32_t number = 0;

	for (int i = 0; i < 4; i++)
		number = number << 8 | (unsigned char)bytes[i];
	return number;
}

static int judge(struct state_file *file, const char *name, struct error *error)
{
	static const char nothing[sizeof(HEADER_MAGIC)];
	char header[HEADER_BYTES] = {0};
	ssize_t got = read_start(file, header, sizeof(header));

	if (got < 0)
		return error_system(error, errno, "cannot read --state '%s'",
				    name);
	/* The first sector is the last that state_file_fill() writes. */
	file->is_bare = memcmp(header, nothing, sizeof(nothing)) == 0;
	if (file->is_bare)
		return 0;
	if (got < HEADER_BYTES ||
	    memcmp(header, HEADER_MAGIC, sizeof(HEADER_MAGIC)) != 0 ||
	    get32(header + HEADER_APPLICATION) != STATE_APPLICATION)
		return refuse(error, name,
			      "is not a state of ordercount: give another "
			      "file");
	if (get32(header + HEADER_FORMAT) != STATE_FORMAT)
		return error_set(error,
				 "--state '%s' is of another version of "
				 "ordercount (format %u, this one has %d): "
				 "give another file",
				 name, (unsigned)get32(header + HEADER_FORMAT),
				 STATE_FORMAT);
	return 0;
}

/* --- opening -------------------------------------------------------------- */

static int open_file(struct state_file *file, const char *name,
		     struct error *error)
{
	struct stat status;

	file->is_made = stat(name, &status) < 0 && errno == ENOENT;
	/* Opening a device may do something. */
	if (!file->is_made && stat(name, &status) == 0 &&
	    !S_ISREG(status.st_mode))
		return refuse(error, name,
			      S_ISDIR(status.st_mode)
				      ? "is a directory: give a file"
				      : "is no regular file: give one");
	file->fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
	if (file->fd < 0)
		return error_system(error, errno, "cannot %s --state '%s'",
				    file->is_made ? "make" : "open and write",
				    name);
	file->path = realpath(name, NULL);
	if (!file->path)
		return error_system(error, errno, "cannot open --state '%s'",
				    name);
	return 0;
}

static int lock_file(struct state_file *file, const char *name,
		     struct error *error)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = LOCK_START,
		.l_len = LOCK_BYTES,
	};
	struct stat here, there;

	if (fcntl(file->fd, F_OFD_SETLK, &lock) < 0) {
		if (errno != EAGAIN && errno != EACCES)
			return error_system(error, errno,
					    "cannot lock --state '%s'", name);
		return refuse(error, name,
			      "is in use by another run: wait for its end, or "
			      "give another file");
	}
	file->is_locked = true;
	/* Whoever had the lock may have put another file in its place. */
	if (fstat(file->fd, &here) < 0 || stat(file->path, &there) < 0 ||
	    here.st_ino != there.st_ino || here.st_dev != there.st_dev)
		return refuse(error, name,
			      "was replaced while it was opened: try again");
	if (!S_ISREG(here.st_mode))
		return refuse(error, name, "is no regular file: give one");
	file->size = (uint64_t)here.st_size;
	return 0;
}

int state_file_open(struct state_file *file, const char *name,
		    struct error *error)
{
	*file = (struct state_file){.fd = -1};
	if (open_file(file, name, error) == 0 &&
	    lock_file(file, name, error) == 0 &&
	    check_folder(file, name, error) == 0 &&
	    check_name(file, name, error) == 0 &&
	    judge(file, name, error) == 0) {
		file->had_wal = exists_beside(file, "-wal");
		if (check_beside(file, name, error) == 0)
			return 0;
		/* What lies there was there before. */
		file->had_wal = true;
	}
	state_file_close(file, true);
	return -1;
}

/* --- a new one ------------------------------------------------------------ */

/* Zeros, and bytes of the image, are what a fill leaves that was cut off. */
static bool is_unfinished(const struct state_file *file, struct span image)
{
	char *bytes = malloc(image.size);
	bool same = bytes && file->size <= image.size &&
		    read_start(file, bytes, (size_t)file->size) ==
			    (ssize_t)file->size;

	for (size_t i = 0; same && i < file->size; i++)
		same = bytes[i] == 0 || bytes[i] == image.data[i];
	free(bytes);
	return same;
}

static int write_at(int fd, struct span bytes, off_t offset)
{
	while (bytes.size > 0) {
		ssize_t put = pwrite(fd, bytes.data, bytes.size, offset);

		if (put < 0 && errno != EINTR)
			return -1;
		if (put < 0)
			continue;
		bytes = span_make(bytes.data + put, bytes.size - (size_t)put);
		offset += put;
	}
	return fsync(fd);
}

static int sync_folder(const struct state_file *file)
{
	char *copy = strdup(file->path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		      : -1;
	int result = fd < 0 ? -1 : fsync(fd);

	free(copy);
	if (fd >= 0)
		close(fd);
	/* Some file systems cannot, and need not. */
	return result < 0 && errno == EINVAL ? 0 : result;
}

int state_file_fill(struct state_file *file, const char *name,
		    struct span image, struct error *error)
{
	struct span first = span_make(image.data, SECTOR_BYTES);
	struct span rest =
		span_make(image.data + SECTOR_BYTES, image.size - SECTOR_BYTES);
	int number;

	if (!is_unfinished(file, image))
		return refuse(error, name,
			      "is not a state of ordercount: give another "
			      "file");
	file->is_filled = file->size == 0;
	if (write_at(file->fd, rest, SECTOR_BYTES) == 0 &&
	    write_at(file->fd, first, 0) == 0 && sync_folder(file) == 0)
		return 0;
	number = errno;
	return error_system(error, number, "cannot write --state '%s'", name);
}

/* As it was before it was filled: nothing was saved in it since. */
static void empty_again(const struct state_file *file)
{
	/* What cannot be done leaves a state that holds nothing. */
	(void)!ftruncate(file->fd, 0);
}

/* Only while it is locked: else it may be what another run has just made. */
static void take_away(const struct state_file *file)
{
	char *wal = beside(file->path, "-wal");
	struct stat status;

	if (file->is_filled)
		empty_again(file);
	if (wal && !file->had_wal && stat(wal, &status) == 0 &&
	    status.st_size == 0)
		unlink(wal);
	if (file->is_made && fstat(file->fd, &status) == 0 &&
	    status.st_size == 0)
		unlink(file->path);
	free(wal);
}

void state_file_close(struct state_file *file, bool refused)
{
	if (refused && file->is_locked)
		take_away(file);
	free(file->path);
	if (file->fd >= 0)
		close(file->fd);
	*file = (struct state_file){.fd = -1};
}
