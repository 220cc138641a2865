/*
 * options_line: command lines to read, in a folder of its own with: file,
 * other, hard and soft (links to file), folder/inside and fifo.
 */
#ifndef UNIT_OPTIONS_LINE_H
#define UNIT_OPTIONS_LINE_H

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "options.h"

#define ARGUMENTS_MAX 48

static struct options options;
static struct error error;
static char folder[] = "/tmp/ordercount-options-XXXXXX";

static inline void make_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}

static inline void begin(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	make_file("file");
	make_file("other");
	ck_assert_int_eq(link("file", "hard"), 0);
	ck_assert_int_eq(mkdir("folder", 0700), 0);
	make_file("folder/inside");
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	ck_assert_int_eq(symlink("file", "soft"), 0);
}

static inline void end(void)
{
	options_release(&options);
	unlink("soft");
	unlink("fifo");
	unlink("folder/inside");
	rmdir("folder");
	unlink("hard");
	unlink("other");
	unlink("file");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* The arguments are separated by '|'. */
static inline enum options_outcome read_line(const char *line)
{
	char *copy = strdup(line);
	char *rest = copy;
	char *argv[ARGUMENTS_MAX + 2] = {NULL};
	char program[] = "ordercount";
	static char *kept;
	enum options_outcome outcome;
	int argc = 0;

	argv[argc++] = program;
	while (rest && argc <= ARGUMENTS_MAX && *line != '\0')
		argv[argc++] = strsep(&rest, "|");
	options_release(&options);
	free(kept);
	kept = copy; /* the options point into it */
	error.message[0] = '\0';
	outcome = options_read(&options, argc, argv, &error);
	return outcome;
}

static inline void accept(const char *line)
{
	ck_assert_msg(read_line(line) == OPTIONS_RUN, "'%s': %s", line,
		      error.message);
}

static inline void refuse(const char *line, const char *message)
{
	ck_assert_msg(read_line(line) == OPTIONS_WRONG, "'%s' was taken", line);
	ck_assert_msg(strstr(error.message, message) != NULL, "'%s' gives: %s",
		      line, error.message);
	ck_assert_ptr_null(strchr(error.message, '\n'));
}

#endif
