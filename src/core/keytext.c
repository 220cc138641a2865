#include "core/keytext.h"

#include <string.h>

#include "base/decimal.h"
#include "base/utf8.h"

#define ESCAPED_AT    "\\u0040"
#define ESCAPED_SPACE "\\u0020"

bool keytext_is_quoted(const struct key_part *part)
{
	struct span text = part->text;

	if (part->type != KEY_STRING)
		return false;
	return text.size == 0 || text.data[0] == '"' ||
	       span_is(text, TEXT_OTHER) || span_is(text, TEXT_SUMMARY) ||
	       span_is(text, "null") || span_is(text, "true") ||
	       span_is(text, "false") || decimal_is_number(text);
}

static size_t escape_letter(char letter, char out[ESCAPE_MAX])
{
	out[0] = '\\';
	out[1] = letter;
	return 2;
}

static size_t escape_code(uint32_t code, char out[ESCAPE_MAX])
{
	static const char digits[] = "0123456789abcdef";

	out[0] = '\\';
	out[1] = 'u';
	for (unsigned i = 0; i < 4; i++)
		out[2 + i] = digits[code >> (12 - 4 * i) & 0xf];
	return 6;
}

size_t keytext_escape(uint32_t code, char out[ESCAPE_MAX])
{
	switch (code) {
	case '\t': return escape_letter('t', out);
	case '\n': return escape_letter('n', out);
	case '\r': return escape_letter('r', out);
	case '\\': return escape_letter('\\', out);
	default: break;
	}
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return escape_code(code, out);
	return 0;
}

size_t keytext_escape_shown(uint32_t code, char out[ESCAPE_MAX])
{
	if (code == 0x61c || code == 0x200e || code == 0x200f ||
	    (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069))
		return escape_code(code, out);
	return keytext_escape(code, out);
}

#define EACH_BYTE(byte) ((byte)*UINT64_C(0x0101010101010101))

/* Not 0: one of the eight bytes is below `limit`, at most 128. */
static inline uint64_t has_below(uint64_t word, unsigned limit)
{
	return (word - EACH_BYTE(limit)) & ~word & EACH_BYTE(0x80);
}

static inline uint64_t has_byte(uint64_t word, unsigned byte)
{
	return has_below(word ^ EACH_BYTE(byte), 1);
}

/* How many bytes at the start surely need no escape. */
static size_t plain_prefix(struct span text)
{
	size_t size = 0;
	uint64_t word;

	for (; text.size - size >= sizeof(word); size += sizeof(word)) {
		memcpy(&word, text.data + size, sizeof(word));
		if (has_below(word, 0x20) | has_byte(word, '"') |
		    has_byte(word, '\\') | has_byte(word, 0x7f) |
		    has_byte(word, 0xc2))
			break;
	}
	while (size < text.size) {
		unsigned char byte = (unsigned char)text.data[size];

		/* 0xc2 begins every C1 character. */
		if (byte < 0x20 || byte == '"' || byte == '\\' ||
		    byte == 0x7f || byte == 0xc2)
			break;
		size++;
	}
	return size;
}

/* The character at the start of the text; returns its size there. */
static size_t append_character(struct buffer *out, struct span text,
			       escape_function *escape)
{
	char escaped[ESCAPE_MAX];
	uint32_t code;
	size_t used = utf8_decode(text, &code);
	size_t size = used > 0 ? escape(code, escaped) : 0;

	if (used == 0)
		used = 1;
	if (size > 0)
		buffer_append(out, escaped, size);
	else
		buffer_append(out, text.data, used);
	return used;
}

void keytext_append(struct buffer *out, struct span text,
		    escape_function *escape)
{
	while (text.size > 0) {
		size_t used = plain_prefix(text);

		buffer_append(out, text.data, used);
		if (used < text.size)
			used += append_character(
				out,
				span_make(text.data + used, text.size - used),
				escape);
		text = span_make(text.data + used, text.size - used);
	}
}

/* Each by itself: plain_prefix() knows nothing of directions. */
void keytext_append_shown(struct buffer *out, struct span text)
{
	while (text.size > 0) {
		size_t used = append_character(out, text, keytext_escape_shown);

		text = span_make(text.data + used, text.size - used);
	}
}

void keytext_escape_tsv(struct buffer *out, struct span text)
{
	keytext_append(out, text, keytext_escape);
}

void keytext_tsv(struct buffer *out, const struct key_part *part)
{
	bool quoted = keytext_is_quoted(part);

	if (quoted)
		buffer_append_char(out, '"');
	keytext_escape_tsv(out, part->text);
	if (quoted)
		buffer_append_char(out, '"');
}

static bool begins_with(struct span text, const char *prefix)
{
	size_t size = strlen(prefix);

	return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undoes the escape at the start of text; returns its size, 0: it is none. */
static size_t unescape(struct span text, uint32_t *code)
{
	static const char letters[] = "tnr\\";
	static const char meanings[] = "\t\n\r\\";
	const char *letter;

	if (text.size < 2)
		return 0;
	letter = memchr(letters, text.data[1], sizeof(letters) - 1);
	if (letter) {
		*code = (unsigned char)meanings[letter - letters];
		return 2;
	}
	if (text.data[1] != 'u' || text.size < 6)
		return 0;
	*code = 0;
	for (size_t i = 2; i < 6; i++) {
		int digit = hex_digit(text.data[i]);

		if (digit < 0)
			return 0;
		*code = *code << 4 | (uint32_t)digit;
	}
	/* No surrogate: it has no UTF-8. */
	return *code >= 0xd800 && *code < 0xe000 ? 0 : 6;
}

int keytext_unescape_tsv(struct buffer *out, struct span text)
{
	while (text.size > 0) {
		char character[4];
		size_t used = 1;
		uint32_t code;

		if (text.data[0] == '\\') {
			used = unescape(text, &code);
			if (used == 0)
				return -1;
			buffer_append(out, character,
				      utf8_encode(code, character));
		} else {
			buffer_append_char(out, text.data[0]);
		}
		text = span_make(text.data + used, text.size - used);
	}
	return 0;
}

/* What an unescaped column stands for, as far as it is one that tsv shows. */
static struct key_part part_of(struct span text)
{
	struct key_part part = {.type = KEY_STRING, .text = text};

	if (span_is(text, "null"))
		part.type = KEY_NULL;
	else if (span_is(text, "false"))
		part.type = KEY_FALSE;
	else if (span_is(text, "true"))
		part.type = KEY_TRUE;
	else if (decimal_is_number(text))
		part.type = KEY_NUMBER;
	else if (text.size >= 2 && text.data[0] == '"' &&
		 text.data[text.size - 1] == '"')
		part.text = span_make(text.data + 1, text.size - 2);
	return part;
}

/* Takes the two escapes that are allowed beyond tsv's own back. */
static void append_as_shown(struct buffer *out, struct span text)
{
	bool at_start = true;

	while (text.size > 0) {
		size_t used = text.data[0] == '\\' && text.size > 1 ? 2 : 1;

		if (at_start && begins_with(text, ESCAPED_AT)) {
			used = strlen(ESCAPED_AT);
			buffer_append_char(out, '@');
		} else if (begins_with(text, ESCAPED_SPACE)) {
			used = strlen(ESCAPED_SPACE);
			buffer_append_char(out, ' ');
		} else {
			buffer_append(out, text.data, used);
		}
		at_start = false;
		text = span_make(text.data + used, text.size - used);
	}
}

static int no_memory(struct error *error)
{
	return error_set(error, "cannot be kept: memory is out");
}

/* Appends the encoded column, which stands there as tsv shows it. */
static int parse_column(struct span shown, struct buffer *key,
			struct error *error)
{
	struct buffer text = {0};
	struct buffer again = {0};
	struct key_part part;
	unsigned char *room;
	int result = -1;

	if (keytext_unescape_tsv(&text, shown)) {
		error_set(error, "is a text that tsv never shows: "
				 "a backslash stands as \\\\");
		goto out;
	}
	part = part_of(text.data ? buffer_span(&text) : span_of(""));
	keytext_tsv(&again, &part);
	if (text.failed || again.failed) {
		no_memory(error);
	} else if (part.text.size > KEY_PART_MAX) {
		error_set(error, "is too long: a key has at most %d bytes",
			  KEY_PART_MAX);
	} else if (!span_equal(shown, buffer_span(&again))) {
		error_set(error,
			  "is a text that tsv never shows; did you mean '%.*s'",
			  (int)again.size, again.data);
	} else {
		room = (unsigned char *)buffer_reserve(key, key_size(&part, 1));
		if (room) {
			key_encode(room, &part, 1);
			key->size += key_size(&part, 1);
			result = 0;
		} else {
			no_memory(error);
		}
	}
out:
	buffer_release(&text);
	buffer_release(&again);
	return result;
}

static size_t column_size(struct span text)
{
	const char *tab = text.size ? memchr(text.data, '\t', text.size) : NULL;

	return tab ? (size_t)(tab - text.data) : text.size;
}

static size_t count_columns(struct span text)
{
	size_t columns = 1;

	for (size_t i = 0; i < text.size; i++)
		columns += text.data[i] == '\t';
	return columns;
}

int keytext_parse(struct span text, size_t columns, struct buffer *key,
		  struct error *error)
{
	struct buffer shown = {0};
	size_t found = count_columns(text);
	size_t size_before = key->size;
	size_t at = 0;
	int result = -1;

	if (found != columns)
		return error_set(error,
				 "has %zu column%s, but there %s %zu key%s",
				 found, found == 1 ? "" : "s",
				 columns == 1 ? "is" : "are", columns,
				 columns == 1 ? "" : "s, joined by tabs");
	if (!utf8_is_valid(text))
		return error_set(error, "is not valid UTF-8");
	append_as_shown(&shown, text);
	if (shown.failed) {
		no_memory(error);
		goto out;
	}
	for (size_t i = 0; i < columns; i++) {
		struct span column = span_make(
			shown.size ? shown.data + at : "", shown.size - at);

		column.size = column_size(column);
		if (parse_column(column, key, error))
			goto out;
		at += column.size + 1;
	}
	result = 0;
out:
	if (result && !key->failed)
		key->size = size_before;
	buffer_release(&shown);
	return result;
}
