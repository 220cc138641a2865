/*
 * column_fails: the memory that columns are made of, which may be out. For a
 * test that is linked with --wrap for calloc, mmap and mremap.
 */
#ifndef COLUMN_FAILS_H
#define COLUMN_FAILS_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/types.h>

void *__real_calloc(size_t count, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd,
		  off_t offset);
void *__real_mremap(void *at, size_t from, size_t to, int flags, void *place);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd,
		  off_t offset);
void *__wrap_mremap(void *at, size_t from, size_t to, int flags, ...);

static long column_calls;   /* so far */
static long column_fail_at; /* this one fails; 0: none */

static bool column_must_fail(void)
{
	column_calls++;
	if (column_calls != column_fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return column_must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd,
		  off_t offset)
{
	return column_must_fail()
		       ? MAP_FAILED
		       : __real_mmap(at, size, protection, flags, fd, offset);
}

/* Always with a place. */
void *__wrap_mremap(void *at, size_t from, size_t to, int flags, ...)
{
	va_list arguments;
	void *place;

	va_start(arguments, flags);
	place = va_arg(arguments, void *);
	va_end(arguments);
	return column_must_fail() ? MAP_FAILED
				  : __real_mremap(at, from, to, flags, place);
}

#endif
