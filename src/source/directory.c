#include "source/open.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/reader.h"

struct directory_source {
	struct source source; /* first: a source is one of these */
	struct loop *loop;
	char **paths; /* "dir/name", sorted */
	size_t path_count;
	size_t path_capacity;
	size_t current; /* the path of the stream, open or to be opened */
	uint64_t size_bytes;
	uint64_t done_bytes; /* read from the files before this one */
	struct reader reader;
	struct stream stream;
	bool opened; /* OPENED was told for the current path */
	bool over;
};

static char *directory_join(const char *directory, const char *name)
{
	size_t length = strlen(directory);
	bool slash = length > 0 && directory[length - 1] == '/';
	char *path;

	if (asprintf(&path, "%s%s%s", directory, slash ? "" : "/", name) < 0)
		return NULL;
	return path;
}

static int directory_keep(struct directory_source *self, const char *name,
			  struct error *error)
{
	size_t capacity = self->path_capacity;
	char **paths;

	if (self->path_count == capacity) {
		capacity = capacity ? capacity * 2 : 16;
		paths = realloc(self->paths, capacity * sizeof(*paths));
		if (!paths)
			return error_set(error, "out of memory");
		self->paths = paths;
		self->path_capacity = capacity;
	}
	paths = &self->paths[self->path_count];
	*paths = directory_join(self->source.name, name);
	if (!*paths)
		return error_set(error, "out of memory");
	self->path_count++;
	return 0;
}

static int directory_consider(struct directory_source *self, DIR *directory,
			      const char *name, struct error *error)
{
	struct stat status;

	if (name[0] == '.')
		return 0;
	/* One that cannot be looked at is kept: it is said in its turn. */
	if (fstatat(dirfd(directory), name, &status, 0) == 0) {
		if (!S_ISREG(status.st_mode))
			return 0;
		self->size_bytes += (uint64_t)status.st_size;
	}
	return directory_keep(self, name, error);
}

static int directory_list(struct directory_source *self, DIR *directory,
			  struct error *error)
{
	const struct dirent *entry;

	for (;;) {
		errno = 0;
		entry = readdir(directory);
		if (!entry)
			break;
		if (directory_consider(self, directory, entry->d_name, error) <
		    0)
			return -1;
	}
	if (errno != 0)
		return error_system(error, errno, "cannot list '%s'",
				    self->source.name);
	return 0;
}

static int directory_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int directory_start(struct source *source, struct loop *loop,
			   const struct clock *clock, struct error *error)
{
	struct directory_source *self = (struct directory_source *)source;
	DIR *directory = opendir(source->name);
	int result;

	(void)clock;
	if (!directory)
		return error_system(error, errno, "cannot open '%s'",
				    source->name);
	self->loop = loop;
	result = directory_list(self, directory, error);
	closedir(directory);
	if (result == 0 && self->path_count > 0)
		qsort(self->paths, self->path_count, sizeof(*self->paths),
		      directory_compare);
	return result;
}

/* Opens the current path for the reader. */
static int directory_open_file(struct directory_source *self,
			       struct error *error)
{
	const char *path = self->paths[self->current];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat status;

	if (fd < 0)
		return error_system(error, errno, "cannot open '%s'", path);
	/* It may have been replaced since it was listed. */
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return error_set(error, "cannot read '%s': not a regular file",
				 path);
	}
	if (reader_open(&self->reader, self->loop, fd, false, error) < 0) {
		close(fd);
		return -1;
	}
	return 0;
}

/* The current path is done: what comes after it. */
static enum chunk_after directory_after(const struct directory_source *self)
{
	return self->current + 1 < self->path_count ? AFTER_NEXT : AFTER_OVER;
}

static void directory_step(struct directory_source *self)
{
	self->over = directory_after(self) == AFTER_OVER;
	self->current++;
	self->opened = false;
	self->done_bytes += self->reader.read_bytes;
	self->reader.read_bytes = 0;
}

static enum source_status directory_open_next(struct directory_source *self,
					      struct chunk *chunk)
{
	const char *name = self->source.name;

	if (self->current < self->path_count)
		name = self->paths[self->current];
	self->opened = true;
	stream_open(&self->stream, name);
	return chunk_tell(chunk, CHUNK_OPENED, AFTER_NEXT, &self->stream);
}

static enum source_status directory_next(struct source *source,
					 const struct clock *clock,
					 struct read_area area,
					 struct chunk *chunk)
{
	struct directory_source *self = (struct directory_source *)source;
	enum chunk_after after = directory_after(self);
	enum source_status status;

	(void)clock;
	if (self->over)
		return SOURCE_AGAIN;
	if (!self->opened)
		return directory_open_next(self, chunk);
	chunk_tell(chunk, CHUNK_LOST, after, &self->stream);
	if (self->path_count == 0) {
		chunk->kind = CHUNK_ENDED;
		status = SOURCE_CHUNK;
	} else if (self->reader.fd < 0 &&
		   directory_open_file(self, &chunk->why) < 0) {
		status = SOURCE_CHUNK;
	} else {
		status = reader_next(&self->reader, self->stream.name,
				     &self->stream, after, area, chunk);
	}
	if (self->reader.fd < 0)
		directory_step(self);
	return status;
}

static void directory_report(const struct source *source,
			     struct source_report *report)
{
	const struct directory_source *self =
		(const struct directory_source *)source;

	*report = (struct source_report){
		.state = self->over ? REPORT_OVER : REPORT_UP,
		.redial_ns = TIME_NEVER,
		.read_bytes = self->done_bytes + self->reader.read_bytes,
		.size_bytes = self->size_bytes,
	};
}

static void directory_close(struct source *source)
{
	struct directory_source *self = (struct directory_source *)source;
	size_t i;

	reader_close(&self->reader);
	stream_release(&self->stream);
	for (i = 0; i < self->path_count; i++)
		free(self->paths[i]);
	free(self->paths);
	free(self);
}

static const struct source_ops directory_ops = {
	.start = directory_start,
	.next = directory_next,
	.report = directory_report,
	.close = directory_close,
};

struct source *directory_source_new(const char *path)
{
	struct directory_source *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->source = (struct source){&directory_ops, path};
	self->reader.fd = -1;
	stream_init(&self->stream);
	return &self->source;
}
