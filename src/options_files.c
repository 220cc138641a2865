#include "options_steps.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A file as it is known before it is opened, and before it is there: by its
 * inode, or by its folder's and its name.
 */
struct place {
	bool known;
	dev_t device;
	ino_t inode;
	const char *name; /* "" for a file that is there */
};

static struct place place_known(const struct stat *status, const char *name)
{
	return (struct place){true, status->st_dev, status->st_ino, name};
}

static bool place_equal(const struct place *a, const struct place *b)
{
	return a->known && b->known && a->device == b->device &&
	       a->inode == b->inode && strcmp(a->name, b->name) == 0;
}

static struct place place_in_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash ? (size_t)(slash - path) + 1 : 0;
	char folder[PATH_MAX] = ".";
	struct stat status;

	if (size >= sizeof(folder))
		return (struct place){0};
	if (size > 0) {
		memcpy(folder, path, size);
		folder[size] = '\0';
	}
	if (stat(folder, &status) != 0)
		return (struct place){0};
	return place_known(&status, slash ? slash + 1 : path);
}

static struct place place_of_path(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return errno == ENOENT ? place_in_folder(path)
				       : (struct place){0};
	if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode))
		return (struct place){0};
	return place_known(&status, "");
}

static struct place place_of_descriptor(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return (struct place){0};
	return place_known(&status, "");
}

/* Whether the file is, or would be, one of those that the directory holds. */
static bool is_inside(const char *directory, const char *path)
{
	struct place parent = place_in_folder(path);
	struct stat status;

	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return false;
	return parent.known && parent.name[0] != '.' &&
	       stat(directory, &status) == 0 && S_ISDIR(status.st_mode) &&
	       status.st_dev == parent.device && status.st_ino == parent.inode;
}

/* path: NULL for standard output. option: what the message calls it. */
static int check_sources(const struct options *options, const char *option,
			 const char *path, struct error *error)
{
	struct place target =
		path ? place_of_path(path) : place_of_descriptor(STDOUT_FILENO);
	const char *shown = path ? path : "";

	for (size_t i = 0; i < options->operand_count; i++) {
		const struct operand *operand = &options->operands[i];
		struct place source = {0};

		if (operand->kind == OPERAND_STDIN)
			source = place_of_descriptor(STDIN_FILENO);
		else if (operand->kind == OPERAND_PATH)
			source = place_of_path(operand->name);
		if (place_equal(&source, &target))
			return error_set(error,
					 "%s%s is the same file as the source "
					 "'%s'",
					 option, shown, operand->name);
		if (path && operand->kind == OPERAND_PATH &&
		    is_inside(operand->name, path))
			return error_set(error,
					 "%s%s is in the directory '%s', which "
					 "is a source",
					 option, shown, operand->name);
	}
	return 0;
}

int options_check_files(const struct options *options, struct error *error)
{
	const char *output = options->output_path;
	const char *rejects = options->rejects_path;
	const char *output_name = output ? "--output=" : "standard output";
	struct place rows;
	struct place kept;

	if (check_sources(options, output_name, output, error) < 0)
		return -1;
	if (!rejects)
		return 0;
	if (check_sources(options, "--rejects=", rejects, error) < 0)
		return -1;
	rows = output ? place_of_path(output)
		      : place_of_descriptor(STDOUT_FILENO);
	kept = place_of_path(rejects);
	if (place_equal(&rows, &kept))
		return error_set(error, "--rejects=%s is the same file as %s%s",
				 rejects, output_name, output ? output : "");
	return 0;
}
