/*
 * The files and the environment that Amazon's tools share, for a test: a
 * folder of its own as HOME, and no variable of theirs.
 */
#ifndef AWS_FILES_H
#define AWS_FILES_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static char aws_home[] = "/tmp/test-aws-XXXXXX";
static char aws_path[64];

/* A file in ~/.aws; overwritten by the next call. */
static inline const char *aws_file(const char *name)
{
	snprintf(aws_path, sizeof(aws_path), "%s/.aws/%s", aws_home, name);
	return aws_path;
}

static inline void aws_write_bytes(const char *name, const char *data,
				   size_t size)
{
	FILE *file = fopen(aws_file(name), "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void aws_write(const char *name, const char *text)
{
	aws_write_bytes(name, text, strlen(text));
}

static inline void aws_begin(void)
{
	for (char **name = environ; *name;) {
		char known[128];
		size_t size = strcspn(*name, "=");

		if (strncmp(*name, "AWS_", 4) != 0 || size >= sizeof(known)) {
			name++;
			continue;
		}
		memcpy(known, *name, size);
		known[size] = '\0';
		unsetenv(known); /* what is behind it moves up */
	}
	strcpy(aws_home + sizeof(aws_home) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(aws_home));
	setenv("HOME", aws_home, 1);
	ck_assert_int_eq(mkdir(aws_file(""), 0700), 0);
}

static inline void aws_end(void)
{
	static const char *const names[] = {"credentials", "config", "other",
					    "token"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (unlink(aws_file(names[i])) != 0)
			(void)rmdir(aws_file(names[i]));
	ck_assert_int_eq(rmdir(aws_file("")), 0);
	ck_assert_int_eq(rmdir(aws_home), 0);
}

#endif
