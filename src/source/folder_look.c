/*
 * What the kernel tells of stands in a queue; where it tells nothing the
 * directory is listed, and a file counts once it has stood still.
 */
#include "source/folder_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A listed file whose size and time stood still for so long is whole. */
#define STILL_NS NS_PER_S

/* A name that came up, and that nobody has opened for so long, was linked. */
#define MADE_NS (NS_PER_S / 10)

/* So often one looks at once when another directory has the name by then. */
#define LOOKS_MAX 16

/* That a file was written again is said of it at most so often. */
#define AGAIN_NS (60 * NS_PER_S)

/* --- looking -------------------------------------------------------------- */

void folder_compare(struct folder_source *self, struct seen_file *seen,
		    const char *path, uint64_t size_bytes, int64_t written_ns,
		    int64_t now_ns)
{
	if (!seen_is_other(seen, size_bytes, written_ns) ||
	    now_ns < seen->again_ns)
		return;
	seen->again_ns = now_ns + AGAIN_NS;
	seen->size_bytes = size_bytes;
	seen->written_ns = written_ns;
	notes_add(&self->notes,
		  "'%s' was written to after it was read: what was added "
		  "or changed is not read",
		  path);
}

/* Queues what is new and stands still; true: something does not yet. */
static bool folder_consider(struct folder_source *self, struct listed *listed,
			    int64_t now_ns)
{
	struct seen_file *seen =
		seen_find(&self->seen, listed->inode, listed->born_ns);
	const struct listed *last = listing_find(&self->last, listed->path);
	struct seen_file *added;

	if (listed->inode == 0)
		return false; /* a link to nothing */
	if (seen && !seen->missed) {
		folder_compare(self, seen, listed->path, listed->size_bytes,
			       listed->written_ns, now_ns);
		return false;
	}
	listed->still_ns = now_ns;
	if (last && last->inode == listed->inode &&
	    last->size_bytes == listed->size_bytes &&
	    last->written_ns == listed->written_ns)
		listed->still_ns = last->still_ns;
	if (now_ns - listed->still_ns < STILL_NS)
		return true;
	added = seen_add(&self->seen, listed->inode, listed->born_ns);
	if (!added)
		return true;
	added->missed = false;
	folder_queue(self, strdup(listed->path));
	return false;
}

static void folder_say_gone(struct folder_source *self, const char *path)
{
	notes_add(&self->notes, "'%s' was gone before it could be read", path);
}

void folder_seek(struct folder_source *self)
{
	const char *path = self->queue.first->path;
	const struct listed *last = listing_find(&self->last, path);
	struct seen_file *seen =
		last ? seen_find(&self->seen, last->inode, last->born_ns)
		     : NULL;

	if (seen && !seen->read) {
		seen->missed = true;
		self->scanning = self->anew = true;
	} else {
		folder_say_gone(self, path);
	}
	queue_drop(&self->queue, &self->queue.first);
}

/* It was to be read, and has no name any more. */
static bool folder_is_gone(struct folder_source *self,
			   const struct listed *last, const struct listing *now)
{
	const struct seen_file *seen =
		seen_find(&self->seen, last->inode, last->born_ns);
	const struct listed *same = listing_find(now, last->path);
	const struct queued *queued = self->queue.first;

	if (last->inode == 0 || (seen && !seen->missed) ||
	    (same && same->inode == last->inode))
		return false;
	for (size_t i = 0; i < now->count; i++) {
		if (now->list[i].inode == last->inode &&
		    now->list[i].born_ns == last->born_ns)
			return false;
	}
	while (queued && strcmp(queued->path, last->path) != 0)
		queued = queued->next;
	return !queued;
}

void folder_trouble(struct folder_source *self, int number, const char *message)
{
	if (number != 0 && number != self->trouble)
		notes_add(&self->notes, "%s, trying again", message);
	self->trouble = number;
}

static void folder_scan(struct folder_source *self, int64_t now_ns)
{
	struct listing listing = {0};
	struct error error;
	bool pending = false;

	if (listing_read(&listing, self->source.name, &error) < 0) {
		folder_trouble(self, EIO, error.message);
		listing_release(&listing);
		return;
	}
	folder_trouble(self, 0, "");
	for (size_t i = 0; i < self->last.count; i++) {
		if (folder_is_gone(self, &self->last.list[i], &listing))
			folder_say_gone(self, self->last.list[i].path);
	}
	for (size_t i = 0; i < listing.count; i++)
		pending |= folder_consider(self, &listing.list[i], now_ns);
	listing_release(&self->last);
	self->last = listing;
	self->scanning = pending;
	self->untold &= pending;
}

/* What was told before says nothing any more: it is all looked at anew. */
static void folder_miss_changes(struct folder_source *self)
{
	while (self->made.first)
		queue_drop(&self->made, &self->made.first);
	self->scanning = self->anew = self->replaced = true;
	if (self->untold)
		return;
	self->untold = true;
	notes_add(&self->notes,
		  "more happened in '%s' than the system can tell: what is in "
		  "it is looked at anew, what was there only meanwhile may be "
		  "gone unread",
		  self->source.name);
}

/*
 * A name came up. A link is whole at once. Any other file has a writer, who
 * opens it in the same breath and will close it; or it was linked, too, and has
 * lost its other name since: that one nobody opens. Takes the path.
 */
static void folder_make(struct folder_source *self, char *path, int64_t now_ns)
{
	struct stat status;
	bool is_there = path && lstat(path, &status) == 0;
	bool is_file = is_there && S_ISREG(status.st_mode);
	struct queued *made;

	if (!path || (is_there && S_ISLNK(status.st_mode)) ||
	    (is_file && status.st_nlink > 1)) {
		folder_queue(self, path);
	} else if (is_file) {
		made = queue_add(&self->made, path);
		if (made)
			made->made_ns = now_ns;
		self->scanning |= !made;
	} else {
		free(path);
	}
}

/* Those that nobody opened are to be read. */
static void folder_queue_made(struct folder_source *self, int64_t now_ns)
{
	struct queued **first = &self->made.first;

	while (*first && now_ns - (*first)->made_ns >= MADE_NS) {
		folder_queue(self, (*first)->path);
		(*first)->path = NULL;
		queue_drop(&self->made, first);
	}
	if (*first && (*first)->made_ns + MADE_NS < self->timer.due_ns)
		self->timer.due_ns = (*first)->made_ns + MADE_NS;
}

/* The kernel's word for a file that was made without one (O_TMPFILE). */
static bool is_nameless(const char *name, const char *path)
{
	struct stat status;

	return name[0] == '#' && name[1] != '\0' &&
	       name[1 + strspn(name + 1, "0123456789")] == '\0' &&
	       lstat(path, &status) < 0;
}

static void folder_take_name(struct folder_source *self,
			     const struct change *change, int64_t now_ns)
{
	char *path;

	if (change->name[0] == '.' || change->name[0] == '\0')
		return;
	path = path_join(self->source.name, change->name);
	if (path && is_nameless(change->name, path)) {
		free(path);
		return;
	}
	if (path)
		queue_forget(&self->made, path);
	switch (change->kind) {
	case CHANGE_CREATED: folder_make(self, path, now_ns); break;
	case CHANGE_LEFT:
		free(self->left);
		self->left = path;
		self->cookie = change->cookie;
		break;
	case CHANGE_CAME:
		/* It is read by another name. */
		if (self->left && self->cookie == change->cookie)
			queue_forget(&self->queue, self->left);
		folder_queue(self, path);
		break;
	case CHANGE_CLOSED: folder_queue(self, path); break;
	default: free(path); break;
	}
}

/* Its last part, without slashes behind it. */
static struct span folder_base(const struct folder_source *self)
{
	const char *name = self->source.name;
	size_t end = strlen(name), start;

	while (end > 1 && name[end - 1] == '/')
		end--;
	for (start = end; start > 0 && name[start - 1] != '/'; start--)
		;
	return span_make(name + start, end - start);
}

static bool is_name_of(const struct folder_source *self, const char *name)
{
	return span_is(folder_base(self), name);
}

void folder_drain(struct folder_source *self, int64_t now_ns)
{
	struct change change;

	while (changes_next(&self->changes, &change)) {
		if (change.kind == CHANGE_MISSED)
			folder_miss_changes(self);
		else if (change.number == self->parent)
			self->replaced |= is_name_of(self, change.name);
		else if (change.number != self->number)
			continue;
		else if (change.kind == CHANGE_GONE)
			self->replaced = true;
		else
			folder_take_name(self, &change, now_ns);
	}
}

static void folder_hear(struct folder_source *self, int *number, int new)
{
	if (*number != new)
		changes_remove(&self->changes, *number);
	*number = new;
}

/* Listens to what takes its name. False: was it there before one listened? */
static bool folder_wait(struct folder_source *self)
{
	size_t length = (size_t)(folder_base(self).data - self->source.name);
	char *parent =
		length > 0 ? strndup(self->source.name, length) : strdup(".");
	int before = self->parent, number = CHANGES_NONE;

	if (parent)
		number = changes_add_folder(&self->changes, parent, false);
	free(parent);
	folder_hear(self, &self->parent, number);
	return number == before;
}

/* As folder_wait(), for the one that has the name, if there is one. */
static bool folder_find(struct folder_source *self)
{
	const char *name = self->source.name;
	int number = changes_add_folder(&self->changes, name, true);
	struct stat status;

	if (stat(name, &status) < 0 || !S_ISDIR(status.st_mode)) {
		folder_hear(self, &self->number, CHANGES_NONE);
		self->inode = 0;
		return folder_wait(self);
	}
	if (self->inode != (uint64_t)status.st_ino || number != self->number)
		self->scanning = self->anew = true;
	self->inode = (uint64_t)status.st_ino;
	folder_hear(self, &self->number, number);
	folder_hear(self, &self->parent, CHANGES_NONE);
	return true;
}

void folder_listen(struct folder_source *self, int64_t now_ns)
{
	bool again = true;

	for (int i = 0; again && i < LOOKS_MAX; i++) {
		self->replaced = false;
		again = !folder_find(self);
		folder_drain(self, now_ns);
		again |= self->replaced;
	}
}

static void folder_tell_gone(struct folder_source *self)
{
	if (self->trouble != ENOENT)
		notes_add(&self->notes,
			  "'%s' is gone: waiting for it to come back",
			  self->source.name);
	self->trouble = ENOENT;
}

void folder_look(struct folder_source *self, int64_t now_ns)
{
	bool due = now_ns >= self->timer.due_ns;

	if (!due && !self->changes.watch.ready)
		return;
	folder_drain(self, now_ns);
	if (due)
		self->timer.due_ns = now_ns + FOLLOW_CHECK_NS;
	folder_queue_made(self, now_ns);
	if (due || self->replaced)
		folder_listen(self, now_ns);
	if (self->inode == 0) {
		/* Between the two steps of a change nothing is there. */
		if (due)
			folder_tell_gone(self);
		return;
	}
	if (self->anew ||
	    (due && (self->scanning || self->number == CHANGES_NONE ||
		     !changes_are_all(self->source.name))))
		folder_scan(self, now_ns);
	self->anew = false;
}
