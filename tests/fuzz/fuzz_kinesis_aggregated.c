/*
 * A record of Kinesis that may be an aggregated one. The first byte says what
 * the others are: a record; what is in one, whose mark and digest are right; or
 * lines, which are packed as a producer does and must come out again.
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "kinesis/aggregated.h"

static struct aggregate aggregate;
static struct buffer record, body, part;

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void close_record(void)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	demand(EVP_Digest(body.data ? body.data : "", body.size, digest, NULL,
			  EVP_md5(), NULL) == 1);
	buffer_clear(&record);
	buffer_append(&record, "\xf3\x89\x9a\xc2", 4);
	buffer_append(&record, body.data, body.size);
	buffer_append(&record, digest, 16);
}

/* Its own memory, to the byte: reading past its end is seen. */
static int read_copy(struct span bytes, char **copy)
{
	*copy = malloc(bytes.size > 0 ? bytes.size : 1);
	demand(*copy);
	if (bytes.size > 0)
		memcpy(*copy, bytes.data, bytes.size);
	return aggregate_read(&aggregate, span_make(*copy, bytes.size));
}

/* What is found lies in the record, one behind the other. */
static void check(struct span bytes)
{
	char *copy;
	int result = read_copy(bytes, &copy);
	const char *at = copy + 4;

	demand(result == 1 || (result == 0 && aggregate.count == 0));
	for (size_t i = 0; i < aggregate.count; i++) {
		struct span found = aggregate.records[i];

		demand(found.data >= at);
		demand(found.size <= bytes.size);
		at = found.data + found.size;
		demand(at <= copy + bytes.size - 16);
	}
	free(copy);
}

/* --- as a producer packs it ----------------------------------------------- */

static void put_number(struct buffer *buffer, uint64_t number)
{
	while (number >= 0x80) {
		buffer_append_char(buffer, (char)(number | 0x80));
		number >>= 7;
	}
	buffer_append_char(buffer, (char)number);
}

static void put_bytes(struct buffer *buffer, int field, struct span bytes)
{
	put_number(buffer, (uint64_t)field << 3 | 2);
	put_number(buffer, bytes.size);
	buffer_append_span(buffer, bytes);
}

static struct span next_line(struct span *text)
{
	const char *end = memchr(text->data, '\n', text->size);
	size_t size = end ? (size_t)(end - text->data) : text->size;
	struct span line = span_make(text->data, size);

	size += end != NULL;
	*text = span_make(text->data + size, text->size - size);
	return line;
}

static size_t pack(struct span lines)
{
	size_t count = 0;

	buffer_clear(&body);
	put_bytes(&body, 1, span_of("a key"));
	for (; lines.size > 0; count++) {
		buffer_clear(&part);
		put_number(&part, 1 << 3);
		put_number(&part, count * 1000);
		put_bytes(&part, 3, next_line(&lines));
		put_bytes(&body, 3, buffer_span(&part));
	}
	close_record();
	return count;
}

static void check_packed(struct span lines)
{
	size_t count = pack(lines);
	char *copy;

	demand(read_copy(buffer_span(&record), &copy) == 1);
	demand(aggregate.count == count);
	for (size_t i = 0; i < count; i++)
		demand(span_equal(aggregate.records[i], next_line(&lines)));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes;

	if (size < 1)
		return 0;
	bytes = span_make((const char *)data + 1, size - 1);
	switch (data[0]) {
	case 'r': check(bytes); break;
	case 'l': check_packed(bytes); break;
	default:
		buffer_clear(&body);
		buffer_append_span(&body, bytes);
		close_record();
		check(buffer_span(&record));
	}
	return 0;
}
