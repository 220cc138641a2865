#include "source/follow_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "source/listing.h"

/*
 * Opens the file of that entry of the folder, if it is the place's. 0: it may
 * be another; else why that cannot be told.
 */
static int follow_try_old(struct follow_source *self, struct followed *file,
			  DIR *folder, const char *entry,
			  const struct position *place)
{
	struct stat status;
	char *path;
	int number;

	if (fstatat(dirfd(folder), entry, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(status.st_mode) || (uint64_t)status.st_ino != place->inode)
		return 0;
	path = path_join(self->folder, entry);
	number = path ? regular_open(&file->regular, path) : ENOMEM;
	free(path);
	if (number != 0)
		return is_passing(number) ? number : 0;
	switch (regular_fits(&file->regular, place)) {
	case REGULAR_FITS: return 0;
	case REGULAR_FITS_UNKNOWN: number = errno; break;
	case REGULAR_FITS_NOT: break;
	}
	regular_close(&file->regular);
	return number;
}

/*
 * *found is the file in the folder that the place is of, open; or NULL. Not 0:
 * that cannot be told, for this reason.
 */
static int follow_find_old(struct follow_source *self,
			   const struct position *place,
			   struct followed **found)
{
	struct followed *file = followed_new(self);
	DIR *folder = file ? opendir(self->folder) : NULL;
	int number = !file ? ENOMEM : folder ? 0 : errno;
	const struct dirent *entry;

	*found = NULL;
	/* Nobody can find it in such a folder. */
	if (number == ENOENT || number == ENOTDIR || number == EACCES)
		number = 0;
	while (folder && file->regular.fd < 0 && number == 0 &&
	       (entry = readdir(folder)) != NULL)
		number = follow_try_old(self, file, folder, entry->d_name,
					place);
	if (folder)
		closedir(folder);
	if (file && file->regular.fd >= 0)
		*found = file;
	else if (file)
		followed_free(self, file);
	return number;
}

/* Nobody looks for it by this name again. -1: memory is out. */
static int follow_give_up(struct follow_source *self, struct position *place)
{
	const char *name = self->source.name;
	char *gone;
	int result;

	notes_add(&self->notes,
		  "the file that '%s' was in the last run is not in its folder "
		  "any more: what was added to it behind byte %llu is lost",
		  name, (unsigned long long)place->offset);
	if (asprintf(&gone, "%s (gone)", name) < 0)
		return -1;
	/* Unclaimed: it goes on there should the file come back. */
	result = position_rename(place, gone);
	free(gone);
	return result;
}

/* The name is another file's than in the last run: where is the old one? */
static int follow_restore_old(struct follow_source *self,
			      struct position *place, int64_t now_ns,
			      struct error *error)
{
	const char *name = self->source.name;
	struct followed *file;
	int number = follow_find_old(self, place, &file);

	if (number != 0)
		return error_system(error, number,
				    "cannot look for the file that '%s' was in "
				    "the last run",
				    name);
	if (!file) {
		if (follow_give_up(self, place) != 0)
			goto no_memory;
		return 0;
	}
	if (regular_resume(&file->regular, name, place) != 0) {
		followed_free(self, file);
		goto no_memory;
	}
	follow_begin(self, file, now_ns);
	file->counted = true;
	file->next = self->files;
	self->files = file;
	if (!self->current)
		self->current = file;
	return 0;
no_memory:
	return error_set(error, "out of memory");
}

int follow_restore_all(struct follow_source *self, int64_t now_ns,
		       struct error *error)
{
	struct position *place;

	while (self->positions &&
	       (place = positions_find(self->positions, POSITION_FILE,
				       self->source.name)) != NULL) {
		if (follow_restore_old(self, place, now_ns, error) != 0)
			return -1;
	}
	return 0;
}
