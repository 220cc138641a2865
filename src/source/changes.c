#include "source/changes.h"

#include <stdio.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FOLDER_EVENTS                                          \
	(IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | \
	 IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_ONLYDIR)

/* Not in the header of every system. */
#define MAGIC_XFS 0x58465342
#define MAGIC_ZFS 0x2fc12fc1

void changes_init(struct changes *changes)
{
	changes->fd = -1;
	changes->first = changes->size = 0;
}

void changes_open(struct changes *changes, struct loop *loop)
{
	struct error error;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	changes_init(changes);
	if (fd < 0)
		return;
	changes->loop = loop;
	changes->watch = (struct loop_watch){
		.fd = fd, .events = POLLIN, .part = LOOP_INPUT};
	if (loop_watch_add(loop, &changes->watch, &error) < 0) {
		close(fd);
		return;
	}
	changes->fd = fd;
}

void changes_close(struct changes *changes)
{
	if (changes->fd < 0)
		return;
	loop_watch_remove(changes->loop, &changes->watch);
	close(changes->fd);
	changes_init(changes);
}

int changes_add_folder(struct changes *changes, const char *path, bool closed)
{
	uint32_t events =
		FOLDER_EVENTS | (closed ? IN_OPEN | IN_CLOSE_WRITE : 0);

	if (changes->fd < 0)
		return CHANGES_NONE;
	return inotify_add_watch(changes->fd, path, events);
}

int changes_add_file(struct changes *changes, int fd)
{
	char path[32];

	if (changes->fd < 0)
		return CHANGES_NONE;
	/* Its name may be another file's by now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return inotify_add_watch(changes->fd, path, IN_MODIFY);
}

void changes_remove(struct changes *changes, int number)
{
	if (changes->fd >= 0 && number != CHANGES_NONE)
		(void)inotify_rm_watch(changes->fd, number);
}

/* False: nothing that anybody here wants to know. */
static bool changes_translate(uint32_t mask, enum change_kind *kind)
{
	static const struct {
		uint32_t mask;
		enum change_kind kind;
	} kinds[] = {
		{IN_Q_OVERFLOW, CHANGE_MISSED},
		{IN_MODIFY, CHANGE_WRITTEN},
		{IN_CREATE, CHANGE_CREATED},
		{IN_OPEN, CHANGE_OPENED},
		{IN_CLOSE_WRITE, CHANGE_CLOSED},
		{IN_MOVED_TO, CHANGE_CAME},
		{IN_MOVED_FROM, CHANGE_LEFT},
		{IN_DELETE, CHANGE_DELETED},
		{IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT, CHANGE_GONE},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (mask & kinds[i].mask) {
			*kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

static bool changes_fill(struct changes *changes)
{
	ssize_t got;

	if (changes->fd < 0)
		return false;
	got = read(changes->fd, changes->events, sizeof(changes->events));
	changes->first = 0;
	changes->size = got > 0 ? (size_t)got : 0;
	return got > 0;
}

bool changes_next(struct changes *changes, struct change *change)
{
	struct inotify_event event;
	const char *next;

	do {
		if (changes->first == changes->size && !changes_fill(changes)) {
			changes->watch.ready = 0;
			return false;
		}
		next = changes->events + changes->first;
		memcpy(&event, next, sizeof(event));
		changes->first += sizeof(event) + event.len;
	} while (!changes_translate(event.mask, &change->kind));
	change->number = event.wd;
	change->cookie = event.cookie;
	change->name = event.len > 0 ? next + sizeof(event) : "";
	return true;
}

bool changes_are_all(const char *path)
{
	static const uint32_t local[] = {
		EXT4_SUPER_MAGIC,     MAGIC_XFS,   BTRFS_SUPER_MAGIC,
		F2FS_SUPER_MAGIC,     TMPFS_MAGIC, RAMFS_MAGIC,
		REISERFS_SUPER_MAGIC, MAGIC_ZFS,
	};
	struct statfs status;

	if (statfs(path, &status) < 0)
		return false;
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
		if ((uint32_t)status.f_type == local[i])
			return true;
	}
	return false;
}
