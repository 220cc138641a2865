/*
 * What the quotes of a string hold, after it was found valid.
 */
#include "core/json.h"

#include "base/utf8.h"

static uint32_t hex4(const char *p)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

		value = value << 4 | (uint32_t)digit;
	}
	return value;
}

static bool is_high(uint32_t code)
{
	return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low(uint32_t code)
{
	return code >= 0xdc00 && code <= 0xdfff;
}

/* Reads the \uXXXX at p, and its second half. Returns its size or 0. */
static size_t read_unicode(const char *p, const char *end, uint32_t *code)
{
	uint32_t low;

	*code = hex4(p + 2);
	if (is_low(*code))
		return 0;
	if (!is_high(*code))
		return 6;
	if (end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return 0;
	low = hex4(p + 8);
	if (!is_low(low))
		return 0;
	*code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
	return 12;
}

static char simple_escape(char c)
{
	switch (c) {
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	default: return c; /* quote, backslash, slash */
	}
}

/*
 * Reads the escape at *p and moves behind it. Returns how many bytes it stands
 * for, 0 for a lone surrogate.
 */
static size_t read_escape(const char **p, const char *end, char bytes[4])
{
	uint32_t code;
	size_t taken;

	if ((*p)[1] != 'u') {
		bytes[0] = simple_escape((*p)[1]);
		*p += 2;
		return 1;
	}
	taken = read_unicode(*p, end, &code);
	if (taken == 0)
		return 0;
	*p += taken;
	return utf8_encode(code, bytes);
}

/*
 * The whole text is read even where it is too long: what is wrong with it must
 * not depend on where the limit stands.
 */
enum json_unescaped json_unescape(struct span text, char *out, size_t capacity,
				  size_t *size)
{
	const char *p = text.data;
	const char *end = p + text.size;

	*size = 0;
	while (p < end) {
		char bytes[4];
		size_t count = 1;

		if (*p == '\\') {
			count = read_escape(&p, end, bytes);
			if (count == 0)
				return JSON_TEXT_SURROGATE;
		} else {
			bytes[0] = *p++;
		}
		if (*size + count <= capacity)
			memcpy(out + *size, bytes, count);
		*size += count;
	}
	return *size <= capacity ? JSON_TEXT : JSON_TEXT_LONG;
}

bool json_text_equals(struct span escaped, struct span text)
{
	const char *p = escaped.data;
	const char *end = p + escaped.size;

	while (p < end) {
		char bytes[4];
		size_t count = 1;

		if (*p == '\\')
			count = read_escape(&p, end, bytes);
		else
			bytes[0] = *p++;
		if (count == 0 || count > text.size ||
		    memcmp(bytes, text.data, count) != 0)
			return false;
		text = span_make(text.data + count, text.size - count);
	}
	return text.size == 0;
}
