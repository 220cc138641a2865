/*
 * The vectors of AVX2; see vectors_plain.h for what each has to do.
 */
#ifndef CORE_JSON_VECTORS_AVX2_H
#define CORE_JSON_VECTORS_AVX2_H

#include <immintrin.h>

#include "core/json/shapes.h"

#define LEVEL __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

/* A bit for each byte of the literal that is not there. */
LEVEL static inline uint32_t literal_misses(const char *p,
					    const struct edge *edge)
{
	__m256i there = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i wanted =
		_mm256_load_si256((const __m256i *)(const void *)edge->literal);
	uint32_t same = (uint32_t)_mm256_movemask_epi8(
		_mm256_cmpeq_epi8(there, wanted));

	return ~same & edge->mask;
}

LEVEL static inline __m256i load_bytes(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

LEVEL static inline uint32_t bits_of(__m256i bytes)
{
	return (uint32_t)_mm256_movemask_epi8(bytes);
}

/*
 * In memory, where a comparison can take them from: no register is kept for
 * them across the calls of a turn.
 */
#define EACH_8(c) c, c, c, c, c, c, c, c
#define EACH_32(c)                                         \
	{                                                  \
		EACH_8(c), EACH_8(c), EACH_8(c), EACH_8(c) \
	}
static const struct {
	_Alignas(32) char space[32];
	char quote[32], backslash[32], zero[32], nine[32], period[32];
} each = {EACH_32(' '), EACH_32('"'), EACH_32('\\'),
	  EACH_32('0'), EACH_32(9),   EACH_32('.')};

LEVEL static inline __m256i constant(const char *bytes)
{
	return _mm256_load_si256((const __m256i *)(const void *)bytes);
}

/* As signed numbers, bytes of 0x80 and above are less than a space, too. */
LEVEL static inline uint32_t text_stops(const char *p)
{
	__m256i bytes = load_bytes(p);
	__m256i low = _mm256_cmpgt_epi8(constant(each.space), bytes);
	__m256i quote = _mm256_cmpeq_epi8(bytes, constant(each.quote));
	__m256i backslash = _mm256_cmpeq_epi8(bytes, constant(each.backslash));

	return bits_of(_mm256_or_si256(low, _mm256_or_si256(quote, backslash)));
}

LEVEL static inline uint32_t number_stops(const char *p, uint32_t *periods)
{
	__m256i bytes = load_bytes(p);
	__m256i digit = _mm256_sub_epi8(bytes, constant(each.zero));
	__m256i period = _mm256_cmpeq_epi8(bytes, constant(each.period));
	__m256i digits = _mm256_cmpeq_epi8(
		_mm256_min_epu8(digit, constant(each.nine)), digit);

	*periods = bits_of(period);
	return ~(bits_of(digits) | *periods);
}

/* 64 bytes of text, a bit a byte. */
struct text_bits {
	uint64_t stops; /* control characters, quotes, backslashes */
	uint64_t high;	/* 0x80 and above */
};

LEVEL static inline struct text_bits text_look(const char *p)
{
	const __m256i control = _mm256_set1_epi8(0x1f);
	const __m256i quote = _mm256_set1_epi8('"');
	const __m256i backslash = _mm256_set1_epi8('\\');
	struct text_bits bits = {0, 0};

	for (unsigned i = 0; i < 2; i++) {
		__m256i bytes = _mm256_loadu_si256(
			(const __m256i *)(const void *)(p + 32 * i));
		__m256i stops = _mm256_or_si256(
			_mm256_cmpeq_epi8(_mm256_min_epu8(bytes, control),
					  bytes),
			_mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote),
					_mm256_cmpeq_epi8(bytes, backslash)));

		bits.stops |= (uint64_t)(uint32_t)_mm256_movemask_epi8(stops)
			      << 32 * i;
		bits.high |= (uint64_t)(uint32_t)_mm256_movemask_epi8(bytes)
			     << 32 * i;
	}
	return bits;
}

#endif
