#include "source/follow_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/listing.h"

/* So often one looks at once when more is told meanwhile. */
#define LOOKS_MAX 16

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
 * Opens a file and adds it as the newest, in *file; or it is there already. 0,
 * or why not, as regular_open(): then *file is NULL.
 */
static int follow_open(struct follow_source *self, const char *path,
		       int64_t now_ns, struct followed **opened)
{
	const char *name = self->source.name;
	struct followed *file = followed_new(self);
	enum regular_found found;
	int number = file ? regular_open(&file->regular, path) : ENOMEM;

	*opened = NULL;
	if (number != 0)
		goto fail;
	*opened = follow_find(self, file->regular.device, file->regular.inode);
	if (*opened)
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
	self->rotation.missing--;
	*opened = file;
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

/* Who has the name now? As follow_open(). */
static int follow_check(struct follow_source *self, int64_t now_ns,
			struct followed **file)
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
	*file = known;
	if (number != 0) {
		follow_trouble(self, number, now_ns);
		return number;
	}
	self->trouble = 0;
	self->since_ns = TIME_NEVER;
	if (known == self->current)
		return 0;
	*follow_link(self, known) = known->next;
	follow_succeed(self, known, now_ns);
	return 0;
}

/* What has the name is no file: a folder, or a link to nothing. */
static bool follow_is_no_file(const struct follow_source *self, int number)
{
	struct stat status;

	if (number == EISDIR || number == REGULAR_OTHER)
		return true;
	return (number == ENOENT || number == ELOOP) &&
	       lstat(self->source.name, &status) == 0;
}

/*
 * That is who has the name, and nothing more was told of it meanwhile: it is
 * the one of which it was told last. One that is not there, or could not be
 * opened, is looked for under the names that it has later.
 */
static void follow_sure(struct follow_source *self, int number,
			struct followed *file)
{
	struct rotation *rotation = &self->rotation;

	if (!rotation->unseen ||
	    (number != 0 && !follow_is_no_file(self, number)))
		return;
	if (!file || file->counted) /* it is back, and not another */
		rotation->missing--;
	if (file)
		file->counted = true;
	rotation->unseen = false;
}

/* --- rotated files -------------------------------------------------------- */

/*
 * A name is only sure once nothing was heard of it for one more look: a file
 * that was renamed between what was told and its opening is somewhere else.
 */
static void follow_seek(struct follow_source *self, struct rotated *rotated,
			int64_t now_ns, bool due)
{
	struct followed *file;
	char *path;
	int number = ENOENT;

	path = rotated->name ? path_join(self->folder, rotated->name) : NULL;
	if (path)
		number = follow_open(self, path, now_ns, &file);
	free(path);
	if (is_passing(number)) {
		follow_trouble(self, number, now_ns);
		return;
	}
	rotated->moved = false;
	rotated->here = number == 0;
	if (number == 0)
		return;
	/* The kernel renames first and tells then: not at the next breath. */
	if (rotated->tried && due)
		rotation_drop(&self->rotation, rotated);
	else
		rotated->tried = true;
}

static void follow_seek_all(struct follow_source *self, int64_t now_ns,
			    bool due)
{
	struct rotated *rotated = self->rotation.list, *next;

	for (; rotated; rotated = next) {
		next = rotated->next;
		follow_seek(self, rotated, now_ns, due);
	}
}

static void follow_tell_lost(struct follow_source *self)
{
	unsigned lost = rotation_take_lost(&self->rotation);

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
	struct followed *file;
	int number;

	if (!self->options.until_end) {
		changes_open(&self->changes, self->loop);
		follow_listen(self);
	}
	number = follow_open(self, name, now_ns, &file);
	switch (number) {
	case 0:
		self->rotation.missing = 0; /* nobody will tell of it */
		file->counted = true;
		break;
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
		self->rotation.missing = 1;
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

/* Takes what the kernel tells. True: the name may be another file's. */
static bool follow_drain(struct follow_source *self, bool *missed)
{
	struct change change;
	bool check = false;

	while (changes_next(&self->changes, &change)) {
		check |= follow_take(self, &change);
		*missed |= change.kind == CHANGE_MISSED;
	}
	return check;
}

/* Looks until nothing is told of the name while one does. */
static void follow_look_on(struct follow_source *self, int64_t now_ns, bool due,
			   bool *missed)
{
	struct followed *file;
	bool again = true;
	int number;

	for (int i = 0; again && i < LOOKS_MAX; i++) {
		follow_seek_all(self, now_ns, due && i == 0);
		number = follow_check(self, now_ns, &file);
		again = follow_drain(self, missed);
		if (!again)
			follow_sure(self, number, file);
		rotation_settle(&self->rotation);
		again |= rotation_has_moved(&self->rotation) &&
			 !is_passing(number);
	}
}

void follow_look(struct follow_source *self, int64_t now_ns)
{
	const struct followed *current = self->current;
	bool due = now_ns >= self->timer.due_ns;
	bool missed = false;
	bool check;
	struct followed *file;

	if (self->options.until_end || (!due && !self->changes.watch.ready))
		return;
	if (due)
		follow_listen(self);
	check = follow_drain(self, &missed);
	if (due && !check)
		rotation_even_out(&self->rotation);
	if (due) {
		for (file = self->files; file; file = file->next)
			file->dirty = true;
		self->timer.due_ns = now_ns + follow_period_ns(self);
	}
	/* What is found there is newer than what was seen before, but older
	 * than what has the name. */
	if (check || due || self->rotation.list)
		follow_look_on(self, now_ns, due, &missed);
	if (missed)
		rotation_lose_count(&self->rotation);
	follow_tell_lost(self);
	if (missed && self->current != current)
		notes_add(&self->notes,
			  "more happened in the folder of '%s' than the system "
			  "can tell: files that lost the name again meanwhile "
			  "may be gone unread",
			  self->source.name);
}
