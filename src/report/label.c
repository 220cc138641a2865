#include "report/label.h"

#include <string.h>

#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool stays(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       is_digit(c) || c == '_';
}

/* Takes the first character off the text; returns what it is in a name. */
static char name_character(struct span *text)
{
	uint32_t code;
	size_t size = utf8_decode(*text, &code);
	char c = *text->data;

	if (size == 0)
		size = 1;
	*text = span_make(text->data + size, text->size - size);
	if (!stays(c))
		c = '_';
	return c;
}

/* Does it become one of these? Only histograms and summaries have two. */
static bool is_reserved(struct span name)
{
	char start[sizeof("__name__")];
	struct span label = {start, 0};

	while (name.size > 0 && label.size < sizeof(start))
		start[label.size++] = name_character(&name);
	return span_is(label, "le") || span_is(label, "quantile") ||
	       span_is(label, "__name__");
}

void label_append_name(struct buffer *out, const char *name)
{
	struct span rest = span_of(name);

	if (rest.size == 0 || is_digit(*name) || is_reserved(rest))
		buffer_append_char(out, '_');
	while (rest.size > 0)
		buffer_append_char(out, name_character(&rest));
}

/* How many bytes at the start surely stand for themselves. */
static size_t plain_prefix(struct span text)
{
	size_t size = 0;

	while (size < text.size) {
		char c = text.data[size];

		if (c == '\\' || c == '"' || c == '\n' ||
		    (unsigned char)c >= 0x80)
			break;
		size++;
	}
	return size;
}

/* Appends the character at the start of the text; returns its size there. */
static size_t append_character(struct buffer *out, struct span text)
{
	uint32_t code;
	size_t size = utf8_decode(text, &code);

	if (size == 0) {
		buffer_append_text(out, REPLACEMENT);
		return 1;
	}
	switch (code) {
	case '\\': buffer_append_text(out, "\\\\"); break;
	case '"': buffer_append_text(out, "\\\""); break;
	case '\n': buffer_append_text(out, "\\n"); break;
	default: buffer_append(out, text.data, size);
	}
	return size;
}

void label_append_value(struct buffer *out, struct span text)
{
	while (text.size > 0) {
		size_t used = plain_prefix(text);

		buffer_append(out, text.data, used);
		if (used < text.size)
			used += append_character(
				out,
				span_make(text.data + used, text.size - used));
		text = span_make(text.data + used, text.size - used);
	}
}

/* Is the FIELD's label that of one before it? */
static int check_name(const char *const *names, size_t i, struct error *error)
{
	struct buffer label = {0};
	struct buffer other = {0};
	int result = 0;

	label_append_name(&label, names[i]);
	for (size_t j = 0; j < i && result == 0; j++) {
		buffer_clear(&other);
		label_append_name(&other, names[j]);
		if (span_equal(buffer_span(&label), buffer_span(&other)))
			result = error_set(error,
					   "the FIELDs '%s' and '%s' are the "
					   "same label for Prometheus",
					   names[j], names[i]);
	}
	if (label.failed || other.failed)
		result = error_set(error, "out of memory");
	buffer_release(&label);
	buffer_release(&other);
	return result;
}

int label_check_names(const char *const *names, size_t count,
		      struct error *error)
{
	for (size_t i = 0; i < count; i++)
		if (check_name(names, i, error) != 0)
			return -1;
	return 0;
}
