/*
 * json_lookup: what stands where in a record that is known to be JSON; slow,
 * for tests, with no code in common with the program's.
 */
#ifndef UNIT_JSON_LOOKUP_H
#define UNIT_JSON_LOOKUP_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"

/* Longest name. */
#define LOOKUP_TEXT 65536

static inline const char *lookup_behind_space(const char *p)
{
	return p + strspn(p, " \t\r");
}

static inline const char *lookup_behind_string(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p + 1;
}

/* Behind a value that is known to be JSON: counts brackets. */
static inline const char *lookup_behind_value(const char *p)
{
	int depth = 0;

	do {
		if (*p == '"') {
			p = lookup_behind_string(p);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		else if (depth == 0)
			return p + strcspn(p, " \t\r\n,]}");
		p++;
	} while (depth > 0);
	return p;
}

/* A code unit as UTF-8 would write it if surrogates were characters. */
static inline size_t lookup_put_unit(unsigned unit, char *out)
{
	if (unit < 0x80) {
		out[0] = (char)unit;
		return 1;
	}
	if (unit < 0x800) {
		out[0] = (char)(0xc0 + unit / 64);
		out[1] = (char)(0x80 + unit % 64);
		return 2;
	}
	out[0] = (char)(0xe0 + unit / 4096);
	out[1] = (char)(0x80 + unit / 64 % 64);
	out[2] = (char)(0x80 + unit % 64);
	return 3;
}

/* Joins the halves of pairs that lookup_put_unit() wrote one by one. */
static inline size_t lookup_join_pairs(char *text, size_t size)
{
	unsigned char *u = (unsigned char *)text;
	size_t to = 0;

	for (size_t i = 0; i < size;) {
		unsigned code;

		if (size - i < 6 || u[i] != 0xed || u[i + 1] < 0xa0 ||
		    u[i + 1] > 0xaf || u[i + 3] != 0xed || u[i + 4] < 0xb0) {
			u[to++] = u[i++];
			continue;
		}
		code = 0x10000 + (u[i + 1] - 0xa0u) * 65536 +
		       (u[i + 2] - 0x80u) * 1024 + (u[i + 4] - 0xb0u) * 64 +
		       (u[i + 5] - 0x80u);
		u[to++] = (unsigned char)(0xf0 + code / 262144);
		u[to++] = (unsigned char)(0x80 + code / 4096 % 64);
		u[to++] = (unsigned char)(0x80 + code / 64 % 64);
		u[to++] = (unsigned char)(0x80 + code % 64);
		i += 6;
	}
	return to;
}

/* What the quotes at p hold; lone surrogates as lookup_put_unit() writes
 * them. */
static inline struct span lookup_unescape(const char *p, char *out)
{
	size_t size = 0;

	for (p++; *p != '"'; p++) {
		static const char from[] = "bfnrt\"\\/";
		static const char to[] = "\b\f\n\r\t\"\\/";
		char hex[5] = "";

		if (*p != '\\') {
			out[size++] = *p;
			continue;
		}
		if (*++p != 'u') {
			out[size++] = to[strchr(from, *p) - from];
			continue;
		}
		memcpy(hex, p + 1, 4);
		size += lookup_put_unit((unsigned)strtoul(hex, NULL, 16),
					out + size);
		p += 4;
	}
	return span_make(out, lookup_join_pairs(out, size));
}

/* The value of the last member of this name, or of an index; NULL: none. */
static inline const char *lookup_step(const char *p, struct span name)
{
	const char *found = NULL;
	unsigned index = 0;
	bool is_object = *p == '{';

	if (*p != '{' && *p != '[')
		return NULL;
	p = lookup_behind_space(p + 1);
	while (*p != '}' && *p != ']') {
		static char text[LOOKUP_TEXT];
		bool is_it = span_is(name, "0") && index++ == 0;

		if (is_object) {
			is_it = span_equal(lookup_unescape(p, text), name);
			p = lookup_behind_space(lookup_behind_string(p));
			p = lookup_behind_space(p + 1);
		}
		if (is_it)
			found = p;
		p = lookup_behind_space(lookup_behind_value(p));
		if (*p == ',')
			p = lookup_behind_space(p + 1);
	}
	return found;
}

static inline const char *lookup_find(const char *p, const char *path)
{
	p = lookup_behind_space(p);
	while (p && *path) {
		size_t size = strcspn(path, ".");

		p = lookup_step(p, span_make(path, size));
		path += size + (path[size] == '.');
	}
	return p;
}

#endif
