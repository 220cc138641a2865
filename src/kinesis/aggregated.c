#include "kinesis/aggregated.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define MAGIC	    "\xf3\x89\x9a\xc2"
#define MAGIC_BYTES 4
#define MD5_BYTES   16

/* Of protocol buffers (encoding). */
#define FIELD_RECORD 3 /* of the whole */
#define FIELD_DATA   3 /* of a record */
enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

void aggregate_release(struct aggregate *aggregate)
{
	free(aggregate->records);
	*aggregate = (struct aggregate){0};
}

static int add(struct aggregate *aggregate, struct span record)
{
	if (aggregate->count == aggregate->capacity) {
		size_t capacity =
			aggregate->capacity > 0 ? aggregate->capacity * 2 : 64;
		struct span *records = realloc(aggregate->records,
					       capacity * sizeof(*records));

		if (!records)
			return -1;
		aggregate->records = records;
		aggregate->capacity = capacity;
	}
	aggregate->records[aggregate->count++] = record;
	return 1;
}

/* --- protocol buffers ----------------------------------------------------- */

static void pass(struct span *bytes, size_t size)
{
	*bytes = span_make(bytes->data + size, bytes->size - size);
}

/* Takes a number off the front; false: it does not end, or is too large. */
static bool take_varint(struct span *bytes, uint64_t *number)
{
	*number = 0;
	for (unsigned shift = 0; shift < 64 && bytes->size > 0; shift += 7) {
		unsigned char byte = (unsigned char)*bytes->data;

		pass(bytes, 1);
		*number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool take_fixed(struct span *bytes, size_t size)
{
	if (bytes->size < size)
		return false;
	pass(bytes, size);
	return true;
}

/* Takes a field off the front; its value, if it is one of bytes. */
static bool take_field(struct span *bytes, uint64_t *field, enum wire *wire,
		       struct span *value)
{
	uint64_t tag, number;

	if (!take_varint(bytes, &tag))
		return false;
	*field = tag >> 3;
	*wire = (enum wire)(tag & 7);
	switch (*wire) {
	case WIRE_VARINT: return take_varint(bytes, &number);
	case WIRE_64: return take_fixed(bytes, 8);
	case WIRE_32: return take_fixed(bytes, 4);
	case WIRE_BYTES:
		if (!take_varint(bytes, &number) || number > bytes->size)
			return false;
		*value = span_make(bytes->data, (size_t)number);
		pass(bytes, (size_t)number);
		return true;
	default: return false;
	}
}

/* The data of a record; of several, as always, the last. */
static bool read_record(struct span bytes, struct span *data)
{
	bool found = false;

	while (bytes.size > 0) {
		struct span value;
		uint64_t field;
		enum wire wire;

		if (!take_field(&bytes, &field, &wire, &value))
			return false;
		if (field != FIELD_DATA)
			continue;
		if (wire != WIRE_BYTES)
			return false;
		*data = value;
		found = true;
	}
	return found;
}

static int read_records(struct aggregate *aggregate, struct span bytes)
{
	while (bytes.size > 0) {
		struct span value, data;
		uint64_t field;
		enum wire wire;

		if (!take_field(&bytes, &field, &wire, &value))
			return 0;
		if (field != FIELD_RECORD)
			continue;
		if (wire != WIRE_BYTES || !read_record(value, &data))
			return 0;
		if (add(aggregate, data) < 0)
			return -1;
	}
	return 1;
}

/* --- the whole ------------------------------------------------------------ */

static bool is_whole(struct span body, const char *digest)
{
	unsigned char found[EVP_MAX_MD_SIZE];
	unsigned size;

	return EVP_Digest(body.data, body.size, found, &size, EVP_md5(),
			  NULL) == 1 &&
	       size == MD5_BYTES && memcmp(found, digest, MD5_BYTES) == 0;
}

int aggregate_read(struct aggregate *aggregate, struct span bytes)
{
	struct span body;
	int result;

	aggregate->count = 0;
	if (bytes.size < MAGIC_BYTES + MD5_BYTES ||
	    memcmp(bytes.data, MAGIC, MAGIC_BYTES) != 0)
		return 0;
	body = span_make(bytes.data + MAGIC_BYTES,
			 bytes.size - MAGIC_BYTES - MD5_BYTES);
	if (!is_whole(body, body.data + body.size))
		return 0;
	result = read_records(aggregate, body);
	if (result != 1)
		aggregate->count = 0;
	return result;
}
