#include "http/blob.h"

#include <stdlib.h>

struct blob *blob_take(struct buffer *bytes, size_t *sum)
{
	struct blob *blob = bytes->failed ? NULL : malloc(sizeof(*blob));

	if (blob) {
		*blob = (struct blob){bytes->data, bytes->size, 1, sum};
		if (sum)
			*sum += blob->size;
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
