#include "source/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

char *path_join(const char *directory, const char *name)
{
	size_t length = strlen(directory);
	bool slash = length > 0 && directory[length - 1] == '/';
	char *path;

	if (asprintf(&path, "%s%s%s", directory, slash ? "" : "/", name) < 0)
		return NULL;
	return path;
}

static int64_t stamp_ns(const struct statx_timestamp *stamp)
{
	return stamp->tv_sec * NS_PER_S + (int64_t)stamp->tv_nsec;
}

static int64_t status_born_ns(const struct statx *status)
{
	if (!(status->stx_mask & STATX_BTIME))
		return 0;
	return stamp_ns(&status->stx_btime);
}

int64_t file_born_ns(int fd)
{
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &status) < 0)
		return 0;
	return status_born_ns(&status);
}

int64_t file_written_ns(int fd)
{
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MTIME, &status) < 0)
		return 0;
	return stamp_ns(&status.stx_mtime);
}

static int listing_grow(struct listing *listing)
{
	size_t capacity = listing->capacity;
	struct listed *list;

	if (listing->count < capacity)
		return 0;
	capacity = capacity > 0 ? capacity * 2 : 16;
	list = realloc(listing->list, capacity * sizeof(*list));
	if (!list)
		return -1;
	listing->list = list;
	listing->capacity = capacity;
	return 0;
}

/* -1: memory is out. */
static int listing_consider(struct listing *listing, DIR *folder,
			    const char *directory, const char *name)
{
	struct listed file = {0};
	struct statx status;

	if (name[0] == '.')
		return 0;
	if (statx(dirfd(folder), name, 0, STATX_BASIC_STATS | STATX_BTIME,
		  &status) == 0) {
		if (!S_ISREG(status.stx_mode))
			return 0;
		file.inode = status.stx_ino;
		file.born_ns = status_born_ns(&status);
		file.size_bytes = status.stx_size;
		file.written_ns = stamp_ns(&status.stx_mtime);
	}
	if (listing_grow(listing) != 0)
		return -1;
	file.path = path_join(directory, name);
	if (!file.path)
		return -1;
	listing->list[listing->count++] = file;
	return 0;
}

static int listing_fill(struct listing *listing, DIR *folder,
			const char *directory, struct error *error)
{
	const struct dirent *entry;

	for (;;) {
		errno = 0;
		entry = readdir(folder);
		if (!entry)
			break;
		if (listing_consider(listing, folder, directory,
				     entry->d_name) != 0)
			return error_set(error, "out of memory");
	}
	if (errno != 0)
		return error_system(error, errno, "cannot list '%s'",
				    directory);
	return 0;
}

static int listed_compare(const void *a, const void *b)
{
	const struct listed *one = a, *other = b;

	return strcmp(one->path, other->path);
}

int listing_read(struct listing *listing, const char *directory,
		 struct error *error)
{
	DIR *folder = opendir(directory);
	int result;

	if (!folder)
		return error_system(error, errno, "cannot open '%s'",
				    directory);
	result = listing_fill(listing, folder, directory, error);
	closedir(folder);
	if (listing->count > 0)
		qsort(listing->list, listing->count, sizeof(*listing->list),
		      listed_compare);
	return result;
}

void listing_release(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->list[i].path);
	free(listing->list);
	*listing = (struct listing){0};
}

const struct listed *listing_find(const struct listing *listing,
				  const char *path)
{
	struct listed wanted = {.path = (char *)path};

	if (listing->count == 0)
		return NULL;
	return bsearch(&wanted, listing->list, listing->count,
		       sizeof(*listing->list), listed_compare);
}

void listing_forget(struct listing *listing, const char *path)
{
	const struct listed *listed = listing_find(listing, path);

	if (listed)
		listing->list[listed - listing->list].inode = 0;
}
