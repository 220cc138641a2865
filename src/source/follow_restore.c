#include "source/follow_parts.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "source/listing.h"

/* The file in the folder that the place is of, open; or NULL. */
static struct followed *follow_find_old(struct follow_source *self,
					const struct position *place)
{
	struct followed *file = followed_new(self);
	DIR *folder = opendir(self->folder);
	const struct dirent *entry;
	struct stat status;
	bool found = false;
	char *path;

	while (file && folder && !found && (entry = readdir(folder)) != NULL) {
		if (fstatat(dirfd(folder), entry->d_name, &status,
			    AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(status.st_mode) ||
		    (uint64_t)status.st_ino != place->inode)
			continue;
		path = path_join(self->folder, entry->d_name);
		if (path && regular_open(&file->regular, path) == 0) {
			found = regular_fits(&file->regular, place);
			if (!found)
				regular_close(&file->regular);
		}
		free(path);
	}
	if (folder)
		closedir(folder);
	if (!found && file) {
		followed_free(self, file);
		file = NULL;
	}
	return file;
}

/* The name is another file's than in the last run: where is the old one? */
static int follow_restore_old(struct follow_source *self,
			      struct position *place, int64_t now_ns)
{
	const char *name = self->source.name;
	struct followed *file = follow_find_old(self, place);
	char *gone;
	int result;

	if (!file) {
		notes_add(&self->notes,
			  "the file that '%s' was in the last run is not in "
			  "its folder any more: what was added to it behind "
			  "byte %llu is lost",
			  name, (unsigned long long)place->offset);
		if (asprintf(&gone, "%s (gone)", name) < 0)
			return -1;
		/* Unclaimed: it goes on there should the file come back. */
		result = position_rename(place, gone);
		free(gone);
		return result;
	}
	if (regular_resume(&file->regular, name, place) != 0) {
		followed_free(self, file);
		return -1;
	}
	follow_begin(self, file, now_ns);
	file->next = self->files;
	self->files = file;
	if (!self->current)
		self->current = file;
	return 0;
}

int follow_restore_all(struct follow_source *self, int64_t now_ns,
		       struct error *error)
{
	struct position *place;

	while (self->positions &&
	       (place = positions_find(self->positions, POSITION_FILE,
				       self->source.name)) != NULL) {
		if (follow_restore_old(self, place, now_ns) != 0)
			return error_set(error, "out of memory");
	}
	return 0;
}
