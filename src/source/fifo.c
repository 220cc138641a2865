#include "source/fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/follow.h"

/* --- opening -------------------------------------------------------------- */

/* As the kernel knows it, whatever its name is now. */
static void fifo_name_fd(char name[32], int fd)
{
	snprintf(name, 32, "/proc/self/fd/%d", fd);
}

struct fifo_task *fifo_task_new(const char *path, int place_fd)
{
	struct fifo_task *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	task->fd = task->place_fd = -1;
	task->path = strdup(path);
	if (!task->path) {
		free(task);
		return NULL;
	}
	if (place_fd >= 0)
		task->place_fd = fcntl(place_fd, F_DUPFD_CLOEXEC, 3);
	return task;
}

void fifo_task_run(void *argument)
{
	struct fifo_task *task = argument;
	char name[32];

	/* Once nobody waits for it any more it must not let in, and then leave,
	 * a writer of another FIFO. */
	if (task->place_fd >= 0) {
		fifo_name_fd(name, task->place_fd);
		task->fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	}
	if (task->fd < 0)
		task->fd = open(task->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	task->number = errno;
}

void fifo_task_free(void *argument)
{
	struct fifo_task *task = argument;

	if (task->fd >= 0)
		close(task->fd);
	if (task->place_fd >= 0)
		close(task->place_fd);
	free(task->path);
	free(task);
}

int fifo_open(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return -1;
	if (!S_ISFIFO(status.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

int fifo_open_again(int fd)
{
	char path[32];

	fifo_name_fd(path, fd);
	return fifo_open(path);
}

void fifo_release_readers(int fd)
{
	char path[32];
	int writer;

	fifo_name_fd(path, fd);
	writer = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (writer >= 0)
		close(writer);
}

/* --- who has the name ----------------------------------------------------- */

void fifo_place_init(struct fifo_place *place)
{
	*place = (struct fifo_place){.fd = -1, .folder_number = CHANGES_NONE};
	changes_init(&place->changes);
}

/* The folder may be another one by now, reached by the same name. */
static void fifo_place_listen(struct fifo_place *place)
{
	const char *slash = strrchr(place->path, '/');
	size_t length = slash ? (size_t)(slash - place->path) : 0;
	char *folder = !slash ? strdup(".")
			      : strndup(place->path, length > 0 ? length : 1);
	int number = CHANGES_NONE;

	if (folder)
		number = changes_add_folder(&place->changes, folder, false);
	free(folder);
	if (number != place->folder_number)
		changes_remove(&place->changes, place->folder_number);
	place->folder_number = number;
}

void fifo_place_open(struct fifo_place *place, struct loop *loop,
		     const char *path, int64_t now_ns)
{
	place->path = path;
	place->loop = loop;
	changes_open(&place->changes, loop);
	place->changes.watch.part = LOOP_OPENING;
	fifo_place_listen(place);
	place->fd = open(path, O_PATH | O_CLOEXEC);
	place->timer.part = LOOP_OPENING;
	place->timer.due_ns = now_ns + FOLLOW_CHECK_NS;
	loop_timer_add(loop, &place->timer);
}

void fifo_place_close(struct fifo_place *place)
{
	if (!place->path)
		return;
	changes_close(&place->changes);
	loop_timer_remove(place->loop, &place->timer);
	if (place->fd >= 0)
		close(place->fd);
	fifo_place_init(place);
}

/* It is open, so that no other can have its inode's number. */
static bool fifo_place_is(const struct fifo_place *place,
			  const struct stat *status)
{
	struct stat old;

	return place->fd >= 0 && fstat(place->fd, &old) == 0 &&
	       old.st_dev == status->st_dev && old.st_ino == status->st_ino;
}

static bool fifo_place_compare(struct fifo_place *place, int *old)
{
	int fd = open(place->path, O_PATH | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return false; /* it may come back */
	if (fstat(fd, &status) < 0 || fifo_place_is(place, &status) ||
	    !S_ISFIFO(status.st_mode)) {
		place->is_other = !S_ISFIFO(status.st_mode);
		close(fd);
		return false;
	}
	place->is_other = false;
	*old = place->fd;
	place->fd = fd;
	return true;
}

bool fifo_place_look(struct fifo_place *place, int64_t now_ns, int *old)
{
	bool due = now_ns >= place->timer.due_ns;
	struct change change;

	if (!place->path || (!due && !place->changes.watch.ready))
		return false;
	if (due) {
		fifo_place_listen(place);
		place->timer.due_ns = now_ns + FOLLOW_CHECK_NS;
	}
	while (changes_next(&place->changes, &change))
		;
	return fifo_place_compare(place, old);
}
