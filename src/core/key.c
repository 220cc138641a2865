#include "core/key.h"

#include <string.h>

#include "base/decimal.h"

#define PART_HEAD 3 /* type, low and high byte of the length */

/* The bytes that are kept: a literal that its type tells is not. */
static size_t stored_size(const struct key_part *part)
{
	return part->type < KEY_NUMBER ? 0 : part->text.size;
}

static struct span literal(enum key_type type)
{
	switch (type) {
	case KEY_NULL: return span_of("null");
	case KEY_FALSE: return span_of("false");
	default: return span_of("true");
	}
}

size_t key_size(const struct key_part *parts, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += PART_HEAD + stored_size(&parts[i]);
	return size;
}

void key_encode(unsigned char *key, const struct key_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = stored_size(&parts[i]);

		*key++ = (unsigned char)parts[i].type;
		*key++ = (unsigned char)(size & 0xff);
		*key++ = (unsigned char)(size >> 8);
		if (size > 0)
			memcpy(key, parts[i].text.data, size);
		key += size;
	}
}

static size_t part_length(const unsigned char *part)
{
	return PART_HEAD + (size_t)(part[1] | part[2] << 8);
}

size_t key_length(const unsigned char *key, size_t count)
{
	size_t length = 0;

	for (size_t i = 0; i < count; i++)
		length += part_length(key + length);
	return length;
}

bool key_is_encoded(const unsigned char *key, size_t size, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (size < PART_HEAD || key[0] > KEY_STRING ||
		    part_length(key) > size)
			return false;
		size -= part_length(key);
		key += part_length(key);
	}
	return size == 0;
}

bool key_holds(const unsigned char *key, const struct key_part *parts,
	       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct key_part part = key_next(&key);

		if (part.type != parts[i].type)
			return false;
		if (part.type >= KEY_NUMBER &&
		    !span_equal(part.text, parts[i].text))
			return false;
	}
	return true;
}

struct key_part key_next(const unsigned char **key)
{
	const unsigned char *head = *key;
	size_t size = (size_t)head[1] | (size_t)head[2] << 8;
	struct key_part part = {.type = (enum key_type)head[0]};

	part.text = span_make((const char *)head + PART_HEAD, size);
	if (part.type < KEY_NUMBER)
		part.text = literal(part.type);
	*key = head + PART_HEAD + size;
	return part;
}

static int compare_bytes(struct span a, struct span b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

	if (order == 0 && a.size != b.size)
		order = a.size < b.size ? -1 : 1;
	return order;
}

static int compare_parts(const struct key_part *a, const struct key_part *b)
{
	int order = 0;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->type == KEY_NUMBER)
		order = decimal_compare(a->text, b->text);
	return order != 0 ? order : compare_bytes(a->text, b->text);
}

int key_compare(const unsigned char *a, const unsigned char *b, size_t count)
{
	int order = 0;

	for (size_t i = 0; i < count && order == 0; i++) {
		struct key_part left = key_next(&a);
		struct key_part right = key_next(&b);

		order = compare_parts(&left, &right);
	}
	return order;
}
