#include "core/savepoint.h"

#include <stdlib.h>

/* A uint64_t has 64 bits: ten times seven hold them. */
#define NUMBER_MAX_BYTES 10

void savepoint_init(struct savepoint *savepoint)
{
	*savepoint = (struct savepoint){0};
	buffer_init(&savepoint->bytes);
	buffer_init(&savepoint->window);
}

void savepoint_release(struct savepoint *savepoint)
{
	free(savepoint->entries);
	buffer_release(&savepoint->bytes);
	buffer_release(&savepoint->window);
	savepoint_init(savepoint);
}

void savepoint_clear(struct savepoint *savepoint)
{
	savepoint->count = 0;
	buffer_clear(&savepoint->bytes);
	buffer_clear(&savepoint->window);
}

bool savepoint_failed(const struct savepoint *savepoint)
{
	return savepoint->bytes.failed || savepoint->window.failed;
}

static bool make_room(struct savepoint *savepoint)
{
	size_t capacity =
		savepoint->capacity ? savepoint->capacity * 2 : (size_t)64;
	struct saved_entry *entries;

	/* Even an entry without bytes points at some. */
	if (!buffer_reserve(&savepoint->bytes, 1))
		return false;
	if (savepoint->count < savepoint->capacity)
		return true;
	if (capacity > SIZE_MAX / sizeof(*entries))
		return false;
	entries = realloc(savepoint->entries, capacity * sizeof(*entries));
	if (!entries)
		return false;
	savepoint->entries = entries;
	savepoint->capacity = capacity;
	return true;
}

struct buffer *savepoint_add(struct savepoint *savepoint,
			     enum saved_table table, int64_t id)
{
	savepoint_end(savepoint);
	if (!make_room(savepoint)) {
		/* From here on whatever is appended is ignored. */
		savepoint->count = 0;
		savepoint->bytes.size = 0;
		savepoint->bytes.failed = true;
		return &savepoint->bytes;
	}
	savepoint->entries[savepoint->count++] = (struct saved_entry){
		.table = table,
		.id = id,
		.offset = savepoint->bytes.size,
	};
	return &savepoint->bytes;
}

void savepoint_end(struct savepoint *savepoint)
{
	struct saved_entry *last;

	if (savepoint->bytes.failed)
		savepoint->count = 0;
	if (savepoint->count == 0)
		return;
	last = &savepoint->entries[savepoint->count - 1];
	last->size = savepoint->bytes.size - last->offset;
}

void saved_put_number(struct buffer *out, uint64_t number)
{
	char bytes[NUMBER_MAX_BYTES];
	size_t size = 0;

	while (number >= 0x80) {
		bytes[size++] = (char)((number & 0x7f) | 0x80);
		number >>= 7;
	}
	bytes[size++] = (char)number;
	buffer_append(out, bytes, size);
}

/* Zigzag: 0, -1, 1, -2.. become 0, 1, 2, 3.., so that small ones stay short. */
void saved_put_signed(struct buffer *out, int64_t number)
{
	uint64_t doubled = (uint64_t)number << 1;

	saved_put_number(out, number < 0 ? ~doubled : doubled);
}

void saved_put_text(struct buffer *out, struct span text)
{
	saved_put_number(out, text.size);
	buffer_append_span(out, text);
}

bool saved_get_number(struct span *bytes, uint64_t *number)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes->size && i < NUMBER_MAX_BYTES; i++) {
		uint64_t seven = (unsigned char)bytes->data[i] & 0x7f;

		if (i == NUMBER_MAX_BYTES - 1 && seven > 1)
			return false; /* the 65th bit */
		value |= seven << (7 * i);
		if ((unsigned char)bytes->data[i] & 0x80)
			continue;
		*number = value;
		*bytes = span_make(bytes->data + i + 1, bytes->size - i - 1);
		return true;
	}
	return false;
}

bool saved_get_signed(struct span *bytes, int64_t *number)
{
	uint64_t folded;

	if (!saved_get_number(bytes, &folded))
		return false;
	*number = (int64_t)(folded >> 1) ^ -(int64_t)(folded & 1);
	return true;
}

bool saved_get_text(struct span *bytes, struct span *text)
{
	struct span rest = *bytes;
	uint64_t size;

	if (!saved_get_number(&rest, &size) || size > rest.size)
		return false;
	*text = span_make(rest.data, (size_t)size);
	*bytes = span_make(rest.data + size, rest.size - (size_t)size);
	return true;
}
