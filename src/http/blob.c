#include "http/blob.h"

#include <stdlib.h>

struct blob *blob_take(struct buffer *bytes)
{
	struct blob *blob = bytes->failed ? NULL : malloc(sizeof(*blob));
	char *data;

	if (blob) {
		/* It may be kept for long: a buffer has room to grow. */
		data = realloc(bytes->data, bytes->size + 1);
		*blob = (struct blob){
			data ? data : bytes->data,
			bytes->size,
			1,
			NULL,
		};
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
