/*
 * scan_parts: the scanner's state, and how it passes spaces, strings, numbers
 * and literals. Only scan.c includes this: it is the lower half of it, one unit
 * with it because every byte of every record goes through here.
 *
 * Functions take the place where they begin and return the place behind what
 * they found, or NULL after fault(). None looks whether the line has ended: the
 * LF behind it is no part of any value and stops them all.
 */
#ifndef CORE_JSON_SCAN_PARTS_H
#define CORE_JSON_SCAN_PARTS_H

#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#include <string.h>

#include "base/utf8.h"
#include "core/json.h"

struct scan {
	const struct fields *fields;
	struct json_value *values;
	const char *end;
	const char *offender;
	bool has_words; /* the line and its LF fill one at least */
	bool too_deep;
	bool escaped; /* the string scanned last held a backslash */
	unsigned depth;
	bool is_object[JSON_DEPTH_MAX + 1]; /* by level, of those open */
};

static inline const char *fault(struct scan *scan, const char *p)
{
	scan->offender = p;
	return NULL;
}

static const char *skip_spaces(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
	return p;
}

/* Most writers put none or one. */
static inline const char *skip_space(const char *p)
{
	if (*p == ' ')
		p++;
	return (unsigned char)*p > ' ' ? p : skip_spaces(p);
}

/* --- strings -------------------------------------------------------------- */

static inline bool is_plain(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

#define EACH_BYTE(value) (0x0101010101010101u * (value))

/*
 * The high bit of each byte is set where the byte is a control character, a
 * quote, a backslash or not ASCII: of an ASCII byte the high bit comes up only
 * where what is subtracted is more than it. A borrow can mark bytes above the
 * first one that is, never below.
 */
static inline uint64_t special_bytes(uint64_t word)
{
	uint64_t quote = word ^ EACH_BYTE('"');
	uint64_t backslash = word ^ EACH_BYTE('\\');

	return (word | (word - EACH_BYTE(0x20)) | (quote - EACH_BYTE(1)) |
		(backslash - EACH_BYTE(1))) &
	       EACH_BYTE(0x80);
}

/*
 * The bytes from p to the LF behind the line, fewer than eight of them before
 * it. They are loaded from before p and shifted; the zeros that come in behind
 * the LF are control characters, as it is one.
 */
static inline uint64_t last_word(const struct scan *scan, const char *p)
{
	uint64_t word;

	memcpy(&word, scan->end - 7, 8);
	return word >> (8 * (7 - (scan->end - p)));
}

#if defined(__SSE2__)
/* The same of sixteen bytes, a bit each, and exactly. As signed numbers those
 * that are not ASCII are less than a space, too. */
static inline uint32_t special_bits(const char *p)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
	__m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
	__m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));

	return (uint32_t)_mm_movemask_epi8(
		_mm_or_si128(low, _mm_or_si128(quote, backslash)));
}
#endif

/* To the first byte that is not plain. */
static inline const char *skip_plain(const struct scan *scan, const char *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t special;

#if defined(__SSE2__)
	for (; scan->end - p >= 16; p += 16) {
		uint32_t stops = special_bits(p);

		if (stops)
			return p + __builtin_ctz(stops);
	}
#endif
	for (; scan->end - p >= 8; p += 8) {
		memcpy(&special, p, 8);
		special = special_bytes(special);
		if (special)
			return p + (__builtin_ctzll(special) >> 3);
	}
	if (scan->has_words)
		return p +
		       (__builtin_ctzll(special_bytes(last_word(scan, p))) >>
			3);
#endif
	while (is_plain(*p))
		p++;
	return p;
}

static const char *skip_escape(struct scan *scan, const char *p)
{
	scan->escaped = true;
	p++;
	if (*p != 'u')
		return memchr("\"\\/bfnrt", *p, 8) ? p + 1 : fault(scan, p);
	for (int i = 0; i < 4; i++) {
		char c = *++p;
		char lower = (char)(c | 0x20);

		if (!((c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f')))
			return fault(scan, p);
	}
	return p + 1;
}

static const char *skip_character(struct scan *scan, const char *p)
{
	uint32_t code;
	struct span rest = span_make(p, (size_t)(scan->end - p));
	size_t size = rest.size > 0 ? utf8_decode(rest, &code) : 0;

	if (size > 0)
		return p + size;
	return fault(scan, rest.size > 0 ? p + code : p);
}

/* The same, from a byte that is not plain. */
static const char *scan_special(struct scan *scan, const char *p)
{
	for (;;) {
		if (*p == '\\')
			p = skip_escape(scan, p);
		else if ((unsigned char)*p >= 0x80)
			p = skip_character(scan, p);
		else
			return fault(scan, p);
		if (!p)
			return NULL;
		p = skip_plain(scan, p);
		if (*p == '"')
			return p;
	}
}

/* From behind the opening quote to the closing one. */
static inline const char *scan_string(struct scan *scan, const char *p)
{
	scan->escaped = false;
	p = skip_plain(scan, p);
	return *p == '"' ? p : scan_special(scan, p);
}

/* --- other scalars -------------------------------------------------------- */

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(struct scan *scan, const char *p)
{
	if (!is_digit(*p))
		return fault(scan, p);
	while (is_digit(*p))
		p++;
	return p;
}

static const char *skip_number(struct scan *scan, const char *p)
{
	if (*p == '-')
		p++;
	p = *p == '0' ? p + 1 : skip_digits(scan, p);
	if (p && *p == '.')
		p = skip_digits(scan, p + 1);
	if (p && (*p == 'e' || *p == 'E')) {
		p++;
		if (*p == '+' || *p == '-')
			p++;
		p = skip_digits(scan, p);
	}
	return p;
}

static const char *skip_literal(struct scan *scan, const char *p,
				const char *literal)
{
	for (; *literal; literal++, p++)
		if (*p != *literal)
			return fault(scan, p);
	return p;
}

static inline const char *skip_string(struct scan *scan, const char *p)
{
	p = scan_string(scan, p + 1);
	return p ? p + 1 : NULL;
}

static const char *skip_scalar(struct scan *scan, const char *p)
{
	switch (*p) {
	case '"': return skip_string(scan, p);
	case 'n': return skip_literal(scan, p, "null");
	case 't': return skip_literal(scan, p, "true");
	case 'f': return skip_literal(scan, p, "false");
	default: return skip_number(scan, p);
	}
}

#endif
