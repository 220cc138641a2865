/*
 * json_random: random records, and damage to them; the same ones in every run.
 */
#ifndef UNIT_JSON_RANDOM_H
#define UNIT_JSON_RANDOM_H

#include <stdint.h>

#include "base/buffer.h"

#define RANDOM_COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define RANDOM_SPAN(text)              \
	{                              \
		text, sizeof(text) - 1 \
	}

struct random {
	uint64_t state; /* not 0 */
};

/* 0 to below - 1; xorshift64*. */
static inline size_t random_below(struct random *random, size_t below)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (size_t)((random->state * 0x2545f4914f6cdd1d) >> 33) % below;
}

static inline void random_space(struct random *random, struct buffer *out)
{
	while (random_below(random, 8) == 0)
		buffer_append_char(out, " \t\r"[random_below(random, 3)]);
}

static inline void random_text(struct random *random, struct buffer *out)
{
	static const struct span pieces[] = {
		RANDOM_SPAN("PAID"),
		RANDOM_SPAN("\\n"),
		RANDOM_SPAN("\\\""),
		RANDOM_SPAN("\\\\"),
		RANDOM_SPAN("\\/"),
		RANDOM_SPAN("\xc3\xa9"),
		RANDOM_SPAN("\xe2\x82\xac"),
		RANDOM_SPAN("\xf0\x9f\x98\x80"),
		RANDOM_SPAN("\x7f"),
		RANDOM_SPAN("{\\\"a\\\":["),
		RANDOM_SPAN("\\ud83d\\ude00"),
		RANDOM_SPAN("//#,:]}"),
	};
	size_t kind = random_below(random, 40);

	if (kind < 30) {
		for (size_t i = random_below(random, 20); i > 0; i--)
			buffer_append_char(
				out, (char)('a' + random_below(random, 26)));
		if (kind < 15)
			return;
	}
	for (size_t i = random_below(random, 4); i > 0; i--) {
		size_t piece = random_below(random, RANDOM_COUNT(pieces) + 3);

		if (piece < RANDOM_COUNT(pieces))
			buffer_append_span(out, pieces[piece]);
		else if (piece == RANDOM_COUNT(pieces) && kind == 39)
			buffer_append_text(out, "\\u0000");
		else
			buffer_printf(out, piece & 1 ? "\\u%04x" : "\\u%04X",
				      (unsigned)random_below(random, 0xd800));
	}
	if (kind == 38)
		buffer_printf(out, "\\ud%x%02x",
			      8 + (unsigned)random_below(random, 8),
			      (unsigned)random_below(random, 256));
}

static inline void random_number(struct random *random, struct buffer *out)
{
	static const char *const numbers[] = {
		"0", "-0", "0.0", "1e999", "-1.5E+10", "12345678901234567890",
	};
	size_t kind = random_below(random, 10);

	if (kind < RANDOM_COUNT(numbers)) {
		buffer_append_text(out, numbers[kind]);
		return;
	}
	buffer_append_number(out, random_below(random, 100000) + 1);
	if (kind == 9)
		buffer_printf(out, ".%03ue-%u",
			      (unsigned)random_below(random, 1000),
			      (unsigned)random_below(random, 30));
	/* Longer than what some builds of cJSON look at. */
	if (random_below(random, 300) == 0)
		buffer_printf(out, "%070u", 7u);
}

static inline void random_string(struct random *random, struct buffer *out)
{
	buffer_append_char(out, '"');
	random_text(random, out);
	buffer_append_char(out, '"');
}

/* Often one that is asked for, in one way of writing or another. */
static inline void random_name(struct random *random, struct buffer *out)
{
	static const char *const names[] = {
		"status",
		"status",
		"status",
		"a",
		"a",
		"b",
		"items",
		"0",
		"\\u0073tatus",
		"\\u0061",
		"Status",
		"stat\\/",
		"",
		"status\\u0000x",
	};
	size_t name = random_below(random, RANDOM_COUNT(names) + 4);

	if (name >= RANDOM_COUNT(names)) {
		random_string(random, out);
		return;
	}
	/* The last one is rare. */
	if (name == RANDOM_COUNT(names) - 1 && random_below(random, 20) > 0)
		name = 0;
	buffer_printf(out, "\"%s\"", names[name]);
}

static inline void random_value(struct random *random, struct buffer *out,
				unsigned depth);

static inline void random_members(struct random *random, struct buffer *out,
				  bool named, unsigned depth)
{
	size_t count = random_below(random, depth == 1 ? 7 : 4);

	random_space(random, out);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_char(out, ',');
		random_space(random, out);
		if (named) {
			random_name(random, out);
			random_space(random, out);
			buffer_append_char(out, ':');
			random_space(random, out);
		}
		random_value(random, out, depth + 1);
		random_space(random, out);
	}
}

static inline void random_value(struct random *random, struct buffer *out,
				unsigned depth)
{
	static const char *const literals[] = {"null", "true", "false"};
	size_t kind = random_below(random, 10);

	if (depth == 1 && random_below(random, 30) > 0)
		kind = 0;
	if (depth > 6 && kind < 4)
		kind = 9;
	if (kind < 4) {
		bool named = kind < 2;

		buffer_append_char(out, named ? '{' : '[');
		random_members(random, out, named, depth);
		buffer_append_char(out, named ? '}' : ']');
	} else if (kind == 4) {
		buffer_append_text(out, literals[random_below(random, 3)]);
	} else if (kind < 7) {
		random_number(random, out);
	} else {
		random_string(random, out);
	}
}

/* About as many levels as are allowed. */
static inline void random_depths(struct random *random, struct buffer *out)
{
	size_t levels = 996 + random_below(random, 8);

	for (size_t i = 0; i < levels; i++)
		buffer_append_text(out, i % 3 ? "[" : "{\"a\":");
	buffer_append_char(out, '1');
	for (size_t i = levels; i-- > 0;)
		buffer_append_char(out, i % 3 ? ']' : '}');
}

static inline void random_record(struct random *random, struct buffer *out)
{
	random_space(random, out);
	if (random_below(random, 1000) == 0)
		random_depths(random, out);
	else
		random_value(random, out, 1);
	random_space(random, out);
}

/* --- damage --------------------------------------------------------------- */

static inline void random_insert(struct buffer *line, size_t at,
				 struct span text)
{
	char *room = buffer_reserve(line, text.size);

	if (!room)
		return;
	memmove(line->data + at + text.size, line->data + at, line->size - at);
	memcpy(line->data + at, text.data, text.size);
	line->size += text.size;
}

static inline void random_cut(struct buffer *line, size_t at, size_t size)
{
	if (size > line->size - at)
		size = line->size - at;
	memmove(line->data + at, line->data + at + size,
		line->size - at - size);
	line->size -= size;
}

static inline void random_token(struct random *random, struct buffer *line,
				size_t at)
{
	static const struct span tokens[] = {
		RANDOM_SPAN("0"),
		RANDOM_SPAN("1."),
		RANDOM_SPAN("-"),
		RANDOM_SPAN("-.5"),
		RANDOM_SPAN("."),
		RANDOM_SPAN("e"),
		RANDOM_SPAN("E+"),
		RANDOM_SPAN("\\u0000"),
		RANDOM_SPAN("\\ud800"),
		RANDOM_SPAN("\\udc00"),
		RANDOM_SPAN("\\u12G4"),
		RANDOM_SPAN("\\"),
		RANDOM_SPAN("\""),
		RANDOM_SPAN("\x01"),
		RANDOM_SPAN("\x1f"),
		RANDOM_SPAN("\0"),
		RANDOM_SPAN("\v"),
		RANDOM_SPAN("\xc0\xaf"),
		RANDOM_SPAN("\xed\xa0\x80"),
		RANDOM_SPAN("\xf4\x90\x80\x80"),
		RANDOM_SPAN("\xff"),
		RANDOM_SPAN("\xe2\x82"),
		RANDOM_SPAN("\xef\xbb\xbf"),
		RANDOM_SPAN(","),
		RANDOM_SPAN(":"),
		RANDOM_SPAN("["),
		RANDOM_SPAN("]"),
		RANDOM_SPAN("{"),
		RANDOM_SPAN("}"),
		RANDOM_SPAN("null"),
		RANDOM_SPAN("NaN"),
		RANDOM_SPAN("'"),
		RANDOM_SPAN("/**/"),
		RANDOM_SPAN("{}"),
		RANDOM_SPAN(" "),
		RANDOM_SPAN("\xc2\xa0"),
	};

	random_insert(line, at,
		      tokens[random_below(random, RANDOM_COUNT(tokens))]);
}

/* Changes a line in one place; it stays one line. */
static inline void random_damage(struct random *random, struct buffer *line)
{
	size_t at = random_below(random, line->size + 1);

	switch (random_below(random, 8)) {
	case 0: line->size = at; break;
	case 1: random_cut(line, at, 1); break;
	case 2: random_cut(line, at, 1 + random_below(random, 12)); break;
	case 3:
		if (at < line->size)
			line->data[at] = (char)random_below(random, 256);
		break;
	case 4:
		if (at < line->size)
			line->data[at] = (char)(line->data[at] ^
						1 << random_below(random, 8));
		break;
	case 5: random_token(random, line, 0); break;
	default: random_token(random, line, at); break;
	}
	for (size_t i = 0; i < line->size; i++)
		if (line->data[i] == '\n')
			line->data[i] = ' ';
}

#endif
