/*
 * json_reference: a second, slow reading of RFC 8259, for tests.
 *
 * Written to another plan than the program's: a pushdown automaton that takes
 * one byte at a time and has no code in common with it. Where no transition is
 * left is the first byte with which no JSON text can go on.
 */
#ifndef UNIT_JSON_REFERENCE_H
#define UNIT_JSON_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"

#define REFERENCE_DEPTH 1000

enum reference_verdict {
	REFERENCE_OBJECT,
	REFERENCE_OTHER, /* JSON, but no object */
	REFERENCE_INVALID,
	REFERENCE_TOO_DEEP,
};

/* What was being read; where it stops, what is wrong. */
enum reference_state {
	READ_VALUE,
	READ_VALUE_OR_CLOSE,
	READ_NAME,
	READ_NAME_OR_CLOSE,
	READ_COLON,
	READ_COMMA_OR_CLOSE,
	READ_STRING,
	READ_CONTINUATION, /* more bytes of a UTF-8 character */
	READ_ESCAPE,
	READ_HEX,
	READ_LITERAL,
	READ_MINUS,
	READ_ZERO,
	READ_INTEGER,
	READ_POINT,
	READ_FRACTION,
	READ_E,
	READ_E_SIGN,
	READ_EXPONENT,
	READ_END,
};

struct reference {
	enum reference_state state;
	const char *literal; /* what is left of it */
	unsigned more;	     /* continuations, hex digits to come */
	unsigned char low, high;
	unsigned code;	  /* of the \u escape */
	bool high_before; /* the escape before was a high surrogate */
	bool is_name;	  /* the string is a name */
	size_t depth;
	size_t number_size;
	char stack[REFERENCE_DEPTH];
	/* Seen so far: */
	bool lone_surrogate;
	bool nul_escape;
	size_t longest_number;
};

static inline bool reference_is_space(unsigned char c)
{
	return c == 0x20 || c == 0x09 || c == 0x0d;
}

static inline bool reference_push(struct reference *r, char opening)
{
	if (r->depth == REFERENCE_DEPTH)
		return false;
	r->stack[r->depth++] = opening;
	r->state = opening == '{' ? READ_NAME_OR_CLOSE : READ_VALUE_OR_CLOSE;
	return true;
}

static inline void reference_value_done(struct reference *r)
{
	r->state = r->depth == 0 ? READ_END : READ_COMMA_OR_CLOSE;
}

static inline bool reference_pop(struct reference *r, unsigned char c)
{
	if (r->depth == 0 || r->stack[r->depth - 1] != (c == '}' ? '{' : '['))
		return false;
	r->depth--;
	reference_value_done(r);
	return true;
}

static inline bool reference_literal(struct reference *r, const char *rest)
{
	r->literal = rest;
	r->state = READ_LITERAL;
	return true;
}

static inline bool reference_string(struct reference *r, bool is_name)
{
	r->is_name = is_name;
	r->high_before = false;
	r->state = READ_STRING;
	return true;
}

static inline bool reference_value(struct reference *r, unsigned char c)
{
	if (c == '{' || c == '[')
		return reference_push(r, (char)c);
	if (c == '"')
		return reference_string(r, false);
	if (c == 't')
		return reference_literal(r, "rue");
	if (c == 'f')
		return reference_literal(r, "alse");
	if (c == 'n')
		return reference_literal(r, "ull");
	r->number_size = 0;
	r->state = c == '-' ? READ_MINUS : c == '0' ? READ_ZERO : READ_INTEGER;
	return c == '-' || (c >= '0' && c <= '9');
}

/* RFC 3629 section 4, row by row. */
static inline bool reference_lead(struct reference *r, unsigned char c)
{
	static const unsigned char rows[][5] = {
		/* lead, to, second, to, how many follow */
		{0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2},
		{0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2},
		{0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3},
		{0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (c >= rows[i][0] && c <= rows[i][1]) {
			r->low = rows[i][2];
			r->high = rows[i][3];
			r->more = rows[i][4];
			r->state = READ_CONTINUATION;
			return true;
		}
	return false;
}

/* Anything but a low surrogate behind a high one leaves that alone. */
static inline void reference_character(struct reference *r, unsigned code)
{
	bool is_low = code >= 0xdc00 && code <= 0xdfff;

	if (r->high_before != is_low)
		r->lone_surrogate = true;
	r->high_before = code >= 0xd800 && code <= 0xdbff;
}

static inline bool reference_in_string(struct reference *r, unsigned char c)
{
	if (c == '\\') {
		r->state = READ_ESCAPE;
		return true;
	}
	reference_character(r, 'x');
	if (c == '"') {
		if (r->is_name)
			r->state = READ_COLON;
		else
			reference_value_done(r);
		return true;
	}
	if (c >= 0x80)
		return reference_lead(r, c);
	return c >= 0x20;
}

static inline bool reference_escape(struct reference *r, unsigned char c)
{
	if (c == 'u') {
		r->state = READ_HEX;
		r->more = 4;
		r->code = 0;
		return true;
	}
	reference_character(r, 'x');
	r->state = READ_STRING;
	return c != '\0' && strchr("bfnrt/\\\"", c) != NULL;
}

static inline bool reference_hex(struct reference *r, unsigned char c)
{
	static const char digits[] = "00112233445566778899aAbBcCdDeEfF";
	const char *digit = c == '\0' ? NULL : strchr(digits, c);

	if (!digit)
		return false;
	r->code = r->code * 16 + (unsigned)(digit - digits) / 2;
	if (--r->more == 0) {
		reference_character(r, r->code);
		r->nul_escape |= r->code == 0;
		r->state = READ_STRING;
	}
	return true;
}

/* Takes a byte that goes on with a number; false: it ends before. */
static inline bool reference_in_number(struct reference *r, unsigned char c)
{
	static const struct {
		enum reference_state from;
		const char *bytes;
		enum reference_state to;
	} edges[] = {
		{READ_MINUS, "0", READ_ZERO},
		{READ_MINUS, "123456789", READ_INTEGER},
		{READ_ZERO, ".", READ_POINT},
		{READ_ZERO, "eE", READ_E},
		{READ_INTEGER, "0123456789", READ_INTEGER},
		{READ_INTEGER, ".", READ_POINT},
		{READ_INTEGER, "eE", READ_E},
		{READ_POINT, "0123456789", READ_FRACTION},
		{READ_FRACTION, "0123456789", READ_FRACTION},
		{READ_FRACTION, "eE", READ_E},
		{READ_E, "+-", READ_E_SIGN},
		{READ_E, "0123456789", READ_EXPONENT},
		{READ_E_SIGN, "0123456789", READ_EXPONENT},
		{READ_EXPONENT, "0123456789", READ_EXPONENT},
	};

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		if (edges[i].from == r->state && c != '\0' &&
		    strchr(edges[i].bytes, c)) {
			r->state = edges[i].to;
			if (++r->number_size >= r->longest_number)
				r->longest_number = r->number_size + 1;
			return true;
		}
	return false;
}

static inline bool reference_is_number(enum reference_state state)
{
	return state == READ_ZERO || state == READ_INTEGER ||
	       state == READ_FRACTION || state == READ_EXPONENT;
}

static inline bool reference_between(struct reference *r, unsigned char c)
{
	if (reference_is_space(c))
		return true;
	switch (r->state) {
	case READ_VALUE_OR_CLOSE:
		return c == ']' ? reference_pop(r, c) : reference_value(r, c);
	case READ_VALUE: return reference_value(r, c);
	case READ_NAME_OR_CLOSE:
		if (c == '}')
			return reference_pop(r, c);
		return c == '"' && reference_string(r, true);
	case READ_NAME: return c == '"' && reference_string(r, true);
	case READ_COLON: r->state = READ_VALUE; return c == ':';
	case READ_COMMA_OR_CLOSE:
		if (c != ',')
			return (c == ']' || c == '}') && reference_pop(r, c);
		r->state =
			r->stack[r->depth - 1] == '{' ? READ_NAME : READ_VALUE;
		return true;
	default: return false; /* READ_END */
	}
}

static inline bool reference_step(struct reference *r, unsigned char c)
{
	switch (r->state) {
	case READ_STRING: return reference_in_string(r, c);
	case READ_ESCAPE: return reference_escape(r, c);
	case READ_HEX: return reference_hex(r, c);
	case READ_CONTINUATION:
		if (c < r->low || c > r->high)
			return false;
		r->low = 0x80;
		r->high = 0xbf;
		if (--r->more == 0)
			r->state = READ_STRING;
		return true;
	case READ_LITERAL:
		if (c == '\0' || c != (unsigned char)*r->literal)
			return false;
		if (*++r->literal == '\0')
			reference_value_done(r);
		return true;
	default: break;
	}
	if (r->state >= READ_MINUS && r->state <= READ_EXPONENT) {
		if (reference_in_number(r, c))
			return true;
		if (!reference_is_number(r->state))
			return false;
		reference_value_done(r);
	}
	return reference_between(r, c);
}

/* *offset: the first offending byte; of what is no object, the value. */
static inline enum reference_verdict reference_read(struct reference *r,
						    struct span text,
						    size_t *offset)
{
	size_t start = 0;

	memset(r, 0, sizeof(*r));
	for (*offset = 0; *offset < text.size; ++*offset) {
		unsigned char c = (unsigned char)text.data[*offset];
		enum reference_state before = r->state;
		bool is_opening = c == '{' || c == '[';

		if (reference_step(r, c))
			continue;
		if (is_opening && r->depth == REFERENCE_DEPTH &&
		    (before == READ_VALUE || before == READ_VALUE_OR_CLOSE))
			return REFERENCE_TOO_DEEP;
		r->state = before;
		return REFERENCE_INVALID;
	}
	if (r->depth > 0 ||
	    (r->state != READ_END && !reference_is_number(r->state)))
		return REFERENCE_INVALID;
	while (reference_is_space((unsigned char)text.data[start]))
		start++;
	*offset = start;
	return text.data[start] == '{' ? REFERENCE_OBJECT : REFERENCE_OTHER;
}

#endif
