#include "http/blob.h"

#include <stdlib.h>
#include <string.h>

/* What is larger is nothing that is kept for long. */
#define COPIED_MAX_BYTES ((size_t)1 << 20)

/*
 * The copy has no room to grow, and no hole that a buffer left by growing lies
 * between blobs that are kept: with large windows that is half of the memory.
 */
static char *fitting(struct buffer *bytes)
{
	char *copy;

	if (bytes->size == 0 || bytes->size > COPIED_MAX_BYTES)
		return bytes->data;
	copy = malloc(bytes->size);
	if (!copy)
		return bytes->data;
	memcpy(copy, bytes->data, bytes->size);
	free(bytes->data);
	return copy;
}

struct blob *blob_take(struct buffer *bytes)
{
	struct blob *blob = bytes->failed ? NULL : malloc(sizeof(*blob));

	if (blob) {
		*blob = (struct blob){fitting(bytes), bytes->size, 1, NULL};
		buffer_init(bytes);
	}
	buffer_release(bytes);
	return blob;
}

struct blob *blob_hold(struct blob *blob)
{
	blob->holders++;
	return blob;
}

void blob_drop(struct blob *blob)
{
	if (!blob || --blob->holders > 0)
		return;
	if (blob->sum)
		*blob->sum -= blob->size;
	free(blob->data);
	free(blob);
}

void blob_retire(struct blob *blob, size_t *sum)
{
	if (blob && blob->holders > 1) {
		blob->sum = sum;
		*sum += blob->size;
	}
	blob_drop(blob);
}
