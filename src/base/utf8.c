#include "base/utf8.h"

/* RFC 3629 section 4: the second byte's range depends on the first. */
static size_t sequence(unsigned char first, unsigned char *low,
		       unsigned char *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0) {
		if (first == 0xe0)
			*low = 0xa0;
		if (first == 0xed)
			*high = 0x9f;
		return 3;
	}
	if (first == 0xf0)
		*low = 0x90;
	if (first == 0xf4)
		*high = 0x8f;
	return first < 0xf5 ? 4 : 0;
}

size_t utf8_decode(struct span text, uint32_t *code)
{
	unsigned char first = (unsigned char)text.data[0];
	unsigned char low, high;
	size_t size = sequence(first, &low, &high);
	uint32_t value;

	if (size == 1) {
		*code = first;
		return 1;
	}
	if (size == 0) {
		*code = 0;
		return 0;
	}
	value = first & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		unsigned char byte;

		if (i == text.size) {
			*code = (uint32_t)i;
			return 0;
		}
		byte = (unsigned char)text.data[i];
		if (byte < low || byte > high) {
			*code = (uint32_t)i;
			return 0;
		}
		low = 0x80;
		high = 0xbf;
		value = value << 6 | (byte & 0x3fu);
	}
	*code = value;
	return size;
}

size_t utf8_encode(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

bool utf8_is_valid(struct span text)
{
	while (text.size > 0) {
		uint32_t code;
		size_t size = utf8_decode(text, &code);

		if (size == 0)
			return false;
		text.data += size;
		text.size -= size;
	}
	return true;
}
