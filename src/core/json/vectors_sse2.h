/*
 * The vectors of SSE2, which every x86-64 has; see vectors_plain.h for what
 * each has to do.
 */
#ifndef CORE_JSON_VECTORS_SSE2_H
#define CORE_JSON_VECTORS_SSE2_H

#include <emmintrin.h>

#include "base/utf8.h"
#include "core/json/shapes.h"

#define LEVEL

LEVEL static inline __m128i load_bytes(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

LEVEL static inline uint32_t bits_of(__m128i bytes)
{
	return (uint32_t)_mm_movemask_epi8(bytes);
}

/* The bits of RUN_WINDOW bytes, which are two vectors. */
LEVEL static inline uint32_t bits_of_both(__m128i low, __m128i high)
{
	return bits_of(low) | bits_of(high) << 16;
}

/*
 * In memory, where a comparison can take them from: no register is kept for
 * them across the calls of a turn.
 */
#define EACH_4(c) c, c, c, c
#define EACH_16(c)                                         \
	{                                                  \
		EACH_4(c), EACH_4(c), EACH_4(c), EACH_4(c) \
	}
static const struct {
	_Alignas(16) char space[16];
	char quote[16], backslash[16], zero[16], nine[16], period[16];
	char control[16];
} each = {EACH_16(' '), EACH_16('"'), EACH_16('\\'), EACH_16('0'),
	  EACH_16(9),	EACH_16('.'), EACH_16(0x1f)};

LEVEL static inline __m128i constant(const char *bytes)
{
	return _mm_load_si128((const __m128i *)(const void *)bytes);
}

/* A bit for each byte of the literal that is not there. */
LEVEL static inline uint32_t literal_misses(const char *p,
					    const struct edge *edge)
{
	const char *literal = (const char *)edge->literal;
	__m128i low = _mm_cmpeq_epi8(load_bytes(p), constant(literal));
	__m128i high =
		_mm_cmpeq_epi8(load_bytes(p + 16), constant(literal + 16));

	return ~bits_of_both(low, high) & edge->mask;
}

/* As signed numbers, bytes of 0x80 and above are less than a space, too. */
LEVEL static inline __m128i stops_of_text(__m128i bytes)
{
	__m128i low = _mm_cmplt_epi8(bytes, constant(each.space));
	__m128i quote = _mm_cmpeq_epi8(bytes, constant(each.quote));
	__m128i backslash = _mm_cmpeq_epi8(bytes, constant(each.backslash));

	return _mm_or_si128(low, _mm_or_si128(quote, backslash));
}

LEVEL static inline uint32_t text_stops(const char *p)
{
	return bits_of_both(stops_of_text(load_bytes(p)),
			    stops_of_text(load_bytes(p + 16)));
}

LEVEL static inline __m128i digits_of(__m128i bytes)
{
	__m128i digit = _mm_sub_epi8(bytes, constant(each.zero));

	return _mm_cmpeq_epi8(_mm_min_epu8(digit, constant(each.nine)), digit);
}

LEVEL static inline uint32_t number_stops(const char *p, uint32_t *periods)
{
	__m128i low = load_bytes(p), high = load_bytes(p + 16);
	__m128i period = constant(each.period);

	*periods = bits_of_both(_mm_cmpeq_epi8(low, period),
				_mm_cmpeq_epi8(high, period));
	return ~(bits_of_both(digits_of(low), digits_of(high)) | *periods);
}

/* 64 bytes of text, a bit a byte. */
struct text_bits {
	uint64_t ends; /* control characters and quotes */
	uint64_t backslashes;
	uint64_t high; /* 0x80 and above */
};

LEVEL static inline struct text_bits text_look(const char *p)
{
	struct text_bits bits = {0, 0, 0};

	for (unsigned i = 0; i < 64; i += 16) {
		__m128i bytes = load_bytes(p + i);
		__m128i low = _mm_min_epu8(bytes, constant(each.control));
		__m128i quote = _mm_cmpeq_epi8(bytes, constant(each.quote));
		__m128i backslash =
			_mm_cmpeq_epi8(bytes, constant(each.backslash));
		__m128i ends = _mm_or_si128(_mm_cmpeq_epi8(low, bytes), quote);

		bits.ends |= (uint64_t)bits_of(ends) << i;
		bits.backslashes |= (uint64_t)bits_of(backslash) << i;
		bits.high |= (uint64_t)bits_of(bytes) << i;
	}
	return bits;
}

LEVEL static inline uint64_t text_escapable(const char *p)
{
	static const char all[] = "\"\\/bfnrt";
	uint64_t bits = 0;

	for (unsigned i = 0; i < 64; i += 16) {
		__m128i bytes = load_bytes(p + i);
		__m128i any = _mm_setzero_si128();

		for (const char *one = all; *one; one++)
			any = _mm_or_si128(
				any,
				_mm_cmpeq_epi8(bytes, _mm_set1_epi8(*one)));
		bits |= (uint64_t)bits_of(any) << i;
	}
	return bits;
}

LEVEL static inline bool text_is_utf8(const char *p, const char *end)
{
	return utf8_is_valid(span_make(p, (size_t)(end - p)));
}

#endif
