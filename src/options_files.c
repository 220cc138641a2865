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

/* A file that is written. */
struct target {
	const char *option; /* what messages call it, before the path */
	const char *path;   /* NULL: standard output */
	struct place place;
};

static struct target target_make(const char *option, const char *path)
{
	return (struct target){option, path ? path : "",
			       path ? place_of_path(path)
				    : place_of_descriptor(STDOUT_FILENO)};
}

static int check_sources(const struct options *options,
			 const struct target *target, struct error *error)
{
	for (size_t i = 0; i < options->operand_count; i++) {
		const struct operand *operand = &options->operands[i];
		struct place source = {0};

		if (operand->kind == OPERAND_STDIN)
			source = place_of_descriptor(STDIN_FILENO);
		else if (operand->kind == OPERAND_PATH)
			source = place_of_path(operand->name);
		if (place_equal(&source, &target->place))
			return error_set(error,
					 "%s%s is the same file as the source "
					 "'%s'",
					 target->option, target->path,
					 operand->name);
		if (*target->path != '\0' && operand->kind == OPERAND_PATH &&
		    is_inside(operand->name, target->path))
			return error_set(error,
					 "%s%s is in the directory '%s', which "
					 "is a source",
					 target->option, target->path,
					 operand->name);
	}
	return 0;
}

/* Each against the sources, and against those before it. */
static int check_targets(const struct options *options,
			 const struct target *targets, size_t count,
			 struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		if (check_sources(options, &targets[i], error) < 0)
			return -1;
		for (size_t j = 0; j < i; j++) {
			if (place_equal(&targets[i].place, &targets[j].place))
				return error_set(
					error, "%s%s is the same file as %s%s",
					targets[i].option, targets[i].path,
					targets[j].option, targets[j].path);
		}
	}
	return 0;
}

/* Also true of a directory and a file, or itself, that it holds. */
static bool is_read_twice(const char *a, const char *b)
{
	struct place first = place_of_path(a);
	struct place second = place_of_path(b);
	struct stat here;
	struct stat there;

	if (place_equal(&first, &second) || is_inside(a, b) || is_inside(b, a))
		return true;
	return stat(a, &here) == 0 && stat(b, &there) == 0 &&
	       S_ISDIR(here.st_mode) && S_ISDIR(there.st_mode) &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static int check_read_twice(const struct options *options, struct error *error)
{
	for (size_t i = 0; i < options->operand_count; i++) {
		const struct operand *a = &options->operands[i];

		for (size_t j = 0; j < i; j++) {
			const struct operand *b = &options->operands[j];

			if (a->kind != OPERAND_PATH ||
			    b->kind != OPERAND_PATH ||
			    !is_read_twice(a->name, b->name))
				continue;
			return error_set(error,
					 "'%s' would be read twice, as '%s' "
					 "too, and with --state a file has one "
					 "position",
					 a->name, b->name);
		}
	}
	return 0;
}

int options_check_files(const struct options *options, struct error *error)
{
	const char *output = options->output_path;
	struct target targets[3];
	size_t count = 0;

	targets[count++] =
		target_make(output ? "--output=" : "standard output", output);
	if (options->rejects_path)
		targets[count++] =
			target_make("--rejects=", options->rejects_path);
	if (options->state_path)
		targets[count++] = target_make("--state=", options->state_path);
	if (check_targets(options, targets, count, error) < 0)
		return -1;
	return options->state_path ? check_read_twice(options, error) : 0;
}
