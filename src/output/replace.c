#include "output/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"

/* As many links in a row as Linux follows. */
#define LINKS_MAX 40

#define SUFFIX ".ordercount"

bool replace_fits(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return errno == ENOENT;
	return S_ISREG(status.st_mode);
}

/* Bytes of the path before the name of the file. */
static size_t folder_size(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* What the parts make, to be freed; NULL: memory is out. */
static char *join(struct span folder, const char *before, const char *name,
		  const char *after)
{
	struct buffer text = {0};

	buffer_append_span(&text, folder);
	buffer_append_text(&text, before);
	buffer_append_text(&text, name);
	buffer_append_text(&text, after);
	buffer_append_char(&text, '\0');
	if (text.failed)
		buffer_release(&text);
	return text.data;
}

/* Takes one link out of *path. 1: there was one, 0: none, -1: errno says why.
 */
static int follow_link(char **path)
{
	char target[PATH_MAX];
	ssize_t size = readlink(*path, target, sizeof(target) - 1);
	struct span folder = span_make(*path, folder_size(*path));
	char *next;

	/* No link, or not there. */
	if (size < 0)
		return errno == EINVAL || errno == ENOENT ? 0 : -1;
	target[size] = '\0';
	if (target[0] == '/')
		folder.size = 0;
	next = join(folder, "", target, "");
	if (!next) {
		errno = ENOMEM;
		return -1;
	}
	free(*path);
	*path = next;
	return 1;
}

/* The path without a link at its end; also one that leads to nothing. */
static char *resolve(const char *path)
{
	char *resolved = strdup(path);
	int found = 1;

	for (int links = 0; resolved && found == 1; links++) {
		if (links > LINKS_MAX) {
			errno = ELOOP;
			found = -1;
		} else {
			found = follow_link(&resolved);
		}
	}
	if (resolved && found < 0) {
		int number = errno;

		free(resolved);
		errno = number;
		return NULL;
	}
	return resolved;
}

static int fail(const struct replace *replace, struct error *error)
{
	return error_system(error, errno, "cannot replace '%s'", replace->path);
}

static void forget(struct replace *replace)
{
	free(replace->path);
	free(replace->temporary);
	*replace = (struct replace){.fd = -1};
}

int replace_open(struct replace *replace, const char *path, struct error *error)
{
	struct span folder;
	const char *name;

	*replace = (struct replace){.fd = -1};
	replace->path = resolve(path);
	if (!replace->path)
		return error_system(error, errno, "cannot replace '%s'", path);
	folder = span_make(replace->path, folder_size(replace->path));
	name = replace->path + folder.size;
	replace->temporary = join(folder, ".", name, SUFFIX);
	if (!replace->temporary || *name == '\0') {
		errno = replace->temporary ? EISDIR : ENOMEM;
		fail(replace, error);
	} else if (replace_begin(replace, error) == 0) {
		return 0;
	}
	forget(replace);
	return -1;
}

/* A new file: what stands there may be anyone's. */
static int create(const struct replace *replace, mode_t mode)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = open(replace->temporary, flags, mode);

	if (fd < 0 && errno == EEXIST && unlink(replace->temporary) == 0)
		fd = open(replace->temporary, flags, mode);
	return fd;
}

int replace_begin(struct replace *replace, struct error *error)
{
	struct stat status;
	bool exists;
	mode_t mode = 0666;

	if (replace->fd >= 0)
		return 0;
	exists = stat(replace->path, &status) == 0;
	if (exists)
		mode = status.st_mode & 0777;
	replace->fd = create(replace, mode);
	if (replace->fd < 0)
		return error_system(error, errno,
				    "cannot write '%s', which is to replace "
				    "'%s'",
				    replace->temporary, replace->path);
	/* What the umask took. Some file systems have no modes to change. */
	if (exists && fchmod(replace->fd, mode) && errno != EPERM) {
		fail(replace, error);
		replace_drop(replace);
		return -1;
	}
	return 0;
}

/* Is the name still that of our file, and not another run's? */
static bool is_ours(const struct replace *replace)
{
	struct stat ours, named;

	return fstat(replace->fd, &ours) == 0 &&
	       lstat(replace->temporary, &named) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int replace_commit(struct replace *replace, struct error *error)
{
	int fd = replace->fd;

	if (fd < 0)
		return 0;
	if (!is_ours(replace)) {
		replace_drop(replace);
		return error_set(error,
				 "cannot replace '%s': another program writes "
				 "'%s' too",
				 replace->path, replace->temporary);
	}
	replace->fd = -1;
	/* Some file systems tell a full disk only here. */
	if ((close(fd) == 0 || errno == EINTR) &&
	    rename(replace->temporary, replace->path) == 0)
		return 0;
	fail(replace, error);
	unlink(replace->temporary);
	return -1;
}

void replace_drop(struct replace *replace)
{
	if (replace->fd < 0)
		return;
	if (is_ours(replace))
		unlink(replace->temporary);
	close(replace->fd);
	replace->fd = -1;
}

void replace_close(struct replace *replace)
{
	replace_drop(replace);
	forget(replace);
}
