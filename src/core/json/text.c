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

/*
 * Reads the \uXXXX at p, and its second half. Returns its size, or 0 for a lone
 * surrogate: then *code is it.
 */
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
 * A piece of a string: what stands without escapes up to the next one, or what
 * an escape stands for.
 */
struct piece {
	struct span text; /* in the string, or in bytes */
	bool surrogate;	  /* a lone one, as if UTF-8 could write it */
	char bytes[4];
};

/*
 * A lone surrogate is passed alone: what stands behind it may be the first half
 * of a pair.
 */
static const char *read_escape(struct piece *piece, const char *p,
			       const char *end)
{
	uint32_t code;
	size_t taken;

	piece->surrogate = false;
	if (p[1] != 'u') {
		piece->bytes[0] = simple_escape(p[1]);
		piece->text = span_make(piece->bytes, 1);
		return p + 2;
	}
	taken = read_unicode(p, end, &code);
	if (taken == 0) {
		piece->surrogate = true;
		taken = 6;
	}
	piece->text = span_make(piece->bytes, utf8_encode(code, piece->bytes));
	return p + taken;
}

/* Reads the piece at p, which is before the end; returns the place behind. */
static const char *read_piece(struct piece *piece, const char *p,
			      const char *end)
{
	const char *start = p;

	if (*p == '\\')
		return read_escape(piece, p, end);
	p = memchr(p, '\\', (size_t)(end - p));
	if (!p)
		p = end;
	piece->surrogate = false;
	piece->text = span_make(start, (size_t)(p - start));
	return p;
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
	struct piece piece;

	*size = 0;
	while (p < end) {
		p = read_piece(&piece, p, end);
		if (piece.surrogate)
			return JSON_TEXT_SURROGATE;
		if (*size + piece.text.size <= capacity)
			memcpy(out + *size, piece.text.data, piece.text.size);
		*size += piece.text.size;
	}
	return *size <= capacity ? JSON_TEXT : JSON_TEXT_LONG;
}

void json_text_append(struct buffer *out, struct span escaped)
{
	const char *p = escaped.data;
	const char *end = p + escaped.size;
	struct piece piece;

	while (p < end) {
		p = read_piece(&piece, p, end);
		buffer_append_span(out, piece.text);
	}
}

bool json_text_equals(struct span escaped, struct span text)
{
	const char *p = escaped.data;
	const char *end = p + escaped.size;
	struct piece piece;

	while (p < end) {
		p = read_piece(&piece, p, end);
		if (piece.surrogate || piece.text.size > text.size ||
		    memcmp(piece.text.data, text.data, piece.text.size) != 0)
			return false;
		text = span_make(text.data + piece.text.size,
				 text.size - piece.text.size);
	}
	return text.size == 0;
}

int json_text_compare(struct span escaped, struct span text)
{
	const char *p = escaped.data;
	const char *end = p + escaped.size;
	struct piece piece;

	while (p < end) {
		size_t common;
		int order;

		p = read_piece(&piece, p, end);
		common = piece.text.size < text.size ? piece.text.size
						     : text.size;
		order = common > 0 ? memcmp(piece.text.data, text.data, common)
				   : 0;
		if (order != 0)
			return order;
		if (common < piece.text.size)
			return 1;
		text = span_make(text.data + common, text.size - common);
	}
	return text.size > 0 ? -1 : 0;
}
