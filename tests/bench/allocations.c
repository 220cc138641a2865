/*
 * To be preloaded (LD_PRELOAD) into a program on glibc: counts its calls that
 * allocate. The count, a uint64_t, stands in the file that the environment
 * names, ALLOCATIONS, which must have 8 bytes at least; it can be read there
 * while the program runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What glibc calls its own functions of these names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static uint64_t *shared_count;

__attribute__((constructor)) static void count_open(void)
{
	const char *path = getenv("ALLOCATIONS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof *shared_count, PROT_READ | PROT_WRITE,
		   MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		shared_count = map;
	close(fd);
}

static void count_one(void)
{
	if (shared_count)
		__atomic_fetch_add(shared_count, 1, __ATOMIC_RELAXED);
}

void *malloc(size_t size)
{
	count_one();
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	count_one();
	return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
	count_one();
	return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	count_one();
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
	void *found;

	count_one();
	found = __libc_memalign(alignment, size);
	if (!found)
		return ENOMEM;
	*block = found;
	return 0;
}
