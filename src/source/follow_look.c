#include "source/follow_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/listing.h"

/* --- the files ------------------------------------------------------------ */

static struct followed *follow_find(const struct follow_source *self,
				    uint64_t device, uint64_t inode)
{
	struct followed *file = self->files;

	while (file &&
	       (file->regular.inode != inode || file->regular.device != device))
		file = file->next;
	return file;
}

/* --- opening -------------------------------------------------------------- */

/*
 * Opens a file and adds it as the newest. *known: it is there already. 0, or
 * why not, as regular_open().
 */
static int follow_open(struct follow_source *self, const char *path,
		       int64_t now_ns, struct followed **known)
{
	const char *name = self->source.name;
	struct followed *file = followed_new(self);
	enum regular_found found;
	int number = file ? regular_open(&file->regular, path) : ENOMEM;

	if (number != 0)
		goto fail;
	*known = follow_find(self, file->regular.device, file->regular.inode);
	if (*known)
		goto fail;
	found = regular_begin(&file->regular, name, self->positions);
	if (found == REGULAR_FAILED || found == REGULAR_UNREADABLE) {
		number = found == REGULAR_FAILED ? ENOMEM
						 : file->regular.unreadable;
		goto fail;
	}
	if (found == REGULAR_CHANGED)
		notes_add(&self->notes,
			  "'%s' was truncated since the last run: it is read "
			  "from its beginning",
			  name);
	follow_begin(self, file, now_ns);
	follow_succeed(self, file, now_ns);
	return 0;
fail:
	if (file)
		followed_free(self, file);
	return number;
}

/* Says why the name cannot be opened, but once. */
static void follow_trouble(struct follow_source *self, int number,
			   int64_t now_ns)
{
	const char *name = self->source.name;
	struct error why;

	if (number != ENOENT && number != ENOTDIR) {
		self->since_ns = TIME_NEVER;
		if (number == self->trouble)
			return;
		self->trouble = number;
		regular_explain(&why, number, name);
		notes_add(&self->notes, "%s, trying again", why.message);
		return;
	}
	/* Between a rotation's two steps nothing is there. */
	if (self->since_ns == TIME_NEVER)
		self->since_ns = now_ns;
	if (self->trouble == number ||
	    now_ns - self->since_ns < FOLLOW_QUIET_NS)
		return;
	self->trouble = number;
	notes_add(&self->notes, "'%s' is gone: waiting for it to come back",
		  name);
}

/* Who has the name now? */
static void follow_check(struct follow_source *self, int64_t now_ns)
{
	const char *name = self->source.name;
	struct followed *known = NULL;
	struct stat status;
	int number = 0;

	if (stat(name, &status) < 0)
		number = errno;
	else if (S_ISDIR(status.st_mode))
		number = EISDIR;
	else if (!S_ISREG(status.st_mode))
		number = REGULAR_OTHER; /* and is not opened for a look */
	else
		known = follow_find(self, (uint64_t)status.st_dev,
				    (uint64_t)status.st_ino);
	if (number == 0 && !known)
		number = follow_open(self, name, now_ns, &known);
	/* Else it is looked for under the names that it has later. */
	if (!is_passing(number))
		self->rotation.unseen = false;
	if (number != 0) {
		follow_trouble(self, number, now_ns);
		return;
	}
	self->trouble = 0;
	self->since_ns = TIME_NEVER;
	if (!known || known == self->current)
		return;
	*follow_link(self, known) = known->next;
	follow_succeed(self, known, now_ns);
}

/* --- rotated files -------------------------------------------------------- */

/*
 * A name is only sure once nothing was heard of it for one more look: a file
 * that was renamed between what was told and its opening is somewhere else.
 */
static void follow_seek(struct follow_source *self, struct rotated *rotated,
			int64_t now_ns)
{
	struct followed *known = NULL;
	char *path;
	int number = ENOENT;

	if (rotated->found && rotated->name && !rotated->moved) {
		rotation_drop(&self->rotation, rotated);
		return;
	}
	path = rotated->name ? path_join(self->folder, rotated->name) : NULL;
	if (path)
		number = follow_open(self, path, now_ns, &known);
	free(path);
	if (is_passing(number)) {
		follow_trouble(self, number, now_ns);
		return;
	}
	rotated->moved = false;
	if (number == 0)
		rotated->found = true;
	else if (rotated->tried)
		rotation_drop(&self->rotation, rotated);
	else
		rotated->tried = true;
}

static void follow_seek_all(struct follow_source *self, int64_t now_ns)
{
	struct rotated *rotated = self->rotation.list, *next;
	unsigned lost;

	for (; rotated; rotated = next) {
		next = rotated->next;
		follow_seek(self, rotated, now_ns);
	}
	lost = self->rotation.lost;
	self->rotation.lost = 0;
	if (lost > 0)
		notes_add(&self->notes,
			  "'%s' was rotated faster than it could be opened: "
			  "%u of its files %s gone unread",
			  self->source.name, lost, lost == 1 ? "is" : "are");
}

/* --- looking -------------------------------------------------------------- */

/* The folder may be another one by now, reached by the same name. */
static void follow_listen(struct follow_source *self)
{
	int number = changes_add_folder(&self->changes, self->folder, false);

	if (number != self->folder_number)
		changes_remove(&self->changes, self->folder_number);
	self->folder_number = number;
}

static int64_t follow_period_ns(const struct follow_source *self)
{
	bool told = self->folder_number != CHANGES_NONE &&
		    changes_are_all(self->folder);

	/* The name may be a link to elsewhere. */
	if (self->current && self->since_ns == TIME_NEVER)
		told = told && self->current->number != CHANGES_NONE &&
		       changes_are_all(self->source.name);
	return told ? FOLLOW_CHECK_NS : FOLLOW_POLL_NS;
}

int follow_look_first(struct follow_source *self, int64_t now_ns,
		      struct error *error)
{
	const char *name = self->source.name;
	struct followed *known;
	int number;

	if (!self->options.until_end) {
		changes_open(&self->changes, self->loop);
		follow_listen(self);
	}
	number = follow_open(self, name, now_ns, &known);
	switch (number) {
	case 0: break;
	case ENOENT:
		notes_add(&self->notes, "'%s' is not there%s", name,
			  self->options.until_end ? ""
						  : " yet: waiting for it");
		self->trouble = number;
		break;
	case EMFILE:
	case ENFILE:
		if (self->options.until_end) /* there is no later */
			return regular_explain(error, number, name);
		follow_trouble(self, number, now_ns);
		self->rotation.unseen = true;
		break;
	default: return regular_explain(error, number, name);
	}
	return follow_restore_all(self, now_ns, error);
}

/* True: the name may be another file's. */
static bool follow_take(struct follow_source *self, const struct change *change)
{
	struct followed *file;

	if (change->kind == CHANGE_MISSED || change->kind == CHANGE_GONE) {
		for (file = self->files; file; file = file->next)
			file->dirty = true;
		return true;
	}
	if (change->number == self->folder_number)
		return rotation_change(&self->rotation, change);
	for (file = self->files; file; file = file->next) {
		if (file->number == change->number)
			file->dirty = true;
	}
	return false;
}

void follow_look(struct follow_source *self, int64_t now_ns)
{
	const struct followed *current = self->current;
	bool due = now_ns >= self->timer.due_ns;
	bool check = due;
	bool missed = false;
	struct change change;
	struct followed *file;

	if (self->options.until_end || (!due && !self->changes.watch.ready))
		return;
	if (due)
		follow_listen(self);
	while (changes_next(&self->changes, &change)) {
		check |= follow_take(self, &change);
		missed |= change.kind == CHANGE_MISSED;
	}
	if (due) {
		for (file = self->files; file; file = file->next)
			file->dirty = true;
		self->timer.due_ns = now_ns + follow_period_ns(self);
	}
	/* What is found there is newer than what was seen before, but older
	 * than what has the name. */
	check |= self->rotation.list != NULL;
	follow_seek_all(self, now_ns);
	if (check)
		follow_check(self, now_ns);
	if (missed && self->current != current)
		notes_add(&self->notes,
			  "more happened in the folder of '%s' than the system "
			  "can tell: files that lost the name again meanwhile "
			  "may be gone unread",
			  self->source.name);
}
