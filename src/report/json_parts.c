#include "report/json_parts.h"

#include <string.h>

#include "core/key.h"
#include "core/keytext.h"

/* The escape of what must not stand raw, or 0; DEL and C1 are escaped as C0 is.
 */
static size_t escape(uint32_t code, char out[ESCAPE_MAX])
{
	static const char digits[] = "0123456789abcdef";
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";

	for (size_t i = 0; i < sizeof(plain) - 1; i++) {
		if (code == (unsigned char)plain[i]) {
			out[0] = '\\';
			out[1] = letters[i];
			return 2;
		}
	}
	if (code >= 0x20 && (code < 0x7f || code >= 0xa0))
		return 0;
	memcpy(out, "\\u00", 4);
	out[4] = digits[code >> 4];
	out[5] = digits[code & 0xf];
	return 6;
}

void json_append_string(struct buffer *out, struct span text)
{
	buffer_append_char(out, '"');
	keytext_append(out, text, escape);
	buffer_append_char(out, '"');
}

void json_append_key(struct buffer *out, const unsigned char *key,
		     const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct key_part part = key_next(&key);

		buffer_append_char(out, i == 0 ? '{' : ',');
		json_append_string(out, span_of(names[i]));
		buffer_append_char(out, ':');
		if (part.type == KEY_STRING)
			json_append_string(out, part.text);
		else
			buffer_append_span(out, part.text);
	}
	buffer_append_char(out, '}');
}

void json_append_rejected(struct buffer *out, const struct tallies *tallies)
{
	const char *separator = "";

	buffer_append_text(out, ",\"rejected\":{");
	for (unsigned i = 0; i < REJECT_REASONS; i++) {
		if (tallies->rejected[i] == 0)
			continue;
		buffer_append_text(out, separator);
		separator = ",";
		json_append_string(out, span_of(reject_reason_name(
						(enum reject_reason)i)));
		buffer_append_char(out, ':');
		buffer_append_number(out, tallies->rejected[i]);
	}
	buffer_append_char(out, '}');
}
