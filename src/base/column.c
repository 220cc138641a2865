#include "base/column.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* What a huge page has, or a multiple of it. */
#define HUGE_BYTES ((size_t)2 << 20)

/* Fewer are not worth it: the last one is hardly ever full. */
#define HUGE_MIN_BYTES (2 * HUGE_BYTES)

static bool is_mapped(size_t bytes)
{
	return bytes >= COLUMN_MAPPED_BYTES;
}

/* Mappings are of whole pages, of whatever size they are. */
static size_t mapped_size(size_t bytes)
{
	size_t unit = bytes < HUGE_MIN_BYTES ? (size_t)64 << 10 : HUGE_BYTES;

	return (bytes + unit - 1) / unit * unit;
}

/* A mapping that begins where a huge page can, if it is large. */
static void *map(size_t size, int protection)
{
	size_t spare = size < HUGE_MIN_BYTES ? 0 : HUGE_BYTES;
	char *mapped, *start;
	size_t before;

	if (size > SIZE_MAX / 2)
		return NULL;
	mapped = mmap(NULL, size + spare, protection,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapped == MAP_FAILED)
		return NULL;
	if (spare == 0)
		return mapped;
	before = (size_t)(-(uintptr_t)mapped % HUGE_BYTES);
	start = mapped + before;
	if (before > 0)
		munmap(mapped, before);
	if (before < spare)
		munmap(start + size, spare - before);
	return start;
}

static void advise(void *mapped, size_t size)
{
#ifdef MADV_HUGEPAGE
	/* Without them it works all the same. */
	if (size >= HUGE_MIN_BYTES)
		madvise(mapped, size, MADV_HUGEPAGE);
#else
	(void)mapped;
	(void)size;
#endif
}

static void *new_column(size_t bytes)
{
	void *column;

	if (!is_mapped(bytes))
		return calloc(1, bytes);
	column = map(mapped_size(bytes), PROT_READ | PROT_WRITE);
	if (column)
		advise(column, mapped_size(bytes));
	return column;
}

static void *copy_column(void *column, size_t from_bytes, size_t to_bytes)
{
	void *grown = new_column(to_bytes);

	if (!grown)
		return NULL;
	if (from_bytes > 0)
		memcpy(grown, column, from_bytes);
	column_free(column, from_bytes);
	return grown;
}

#ifdef MREMAP_FIXED

/* To a place of our choice: huge pages move as they are if both begin alike. */
static void *move_column(void *column, size_t from, size_t to)
{
	void *place, *moved;

	if (from == to)
		return column;
	place = map(to, PROT_NONE);
	if (!place)
		return NULL;
	moved = mremap(column, from, to, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	if (moved == MAP_FAILED) {
		munmap(place, to);
		return NULL;
	}
	advise(moved, to);
	return moved;
}

void *column_grow(void *column, size_t from_bytes, size_t to_bytes)
{
	if (is_mapped(from_bytes))
		return move_column(column, mapped_size(from_bytes),
				   mapped_size(to_bytes));
	return copy_column(column, from_bytes, to_bytes);
}

#else

void *column_grow(void *column, size_t from_bytes, size_t to_bytes)
{
	return copy_column(column, from_bytes, to_bytes);
}

#endif

int column_reserve(void **column, size_t *bytes, size_t wanted)
{
	void *grown;

	if (wanted <= *bytes)
		return 0;
	grown = column_grow(*column, *bytes, wanted);
	if (!grown)
		return -1;
	*column = grown;
	*bytes = wanted;
	return 0;
}

void column_free(void *column, size_t bytes)
{
	if (!column)
		return;
	if (is_mapped(bytes))
		munmap(column, mapped_size(bytes));
	else
		free(column);
}

void column_clear(void *column, size_t bytes)
{
	if (bytes == 0)
		return;
#ifdef __linux__
	/* Elsewhere the pages may keep what is in them. */
	if (is_mapped(bytes) &&
	    madvise(column, mapped_size(bytes), MADV_DONTNEED) == 0)
		return;
#endif
	memset(column, 0, bytes);
}
