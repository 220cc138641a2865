/*
 * blob: bytes that do not change, held by several, each letting go once. All of
 * them live in the server's thread.
 */
#ifndef HTTP_BLOB_H
#define HTTP_BLOB_H

#include <stddef.h>

#include "base/buffer.h"

struct blob {
	char *data;
	size_t size;
	size_t holders;
	size_t *sum; /* of the bytes of all that were retired, or NULL */
};

/*
 * Takes the buffer's bytes, and leaves it empty. NULL: the buffer failed, or
 * memory is out.
 */
struct blob *blob_take(struct buffer *bytes);

/* One holder more; returns the blob. */
struct blob *blob_hold(struct blob *blob);

/* One less; the last one frees it. Takes NULL. */
void blob_drop(struct blob *blob);

/* The same for whom it was made; as long as others hold it, its bytes are in
 * *sum. */
void blob_retire(struct blob *blob, size_t *sum);

#endif
