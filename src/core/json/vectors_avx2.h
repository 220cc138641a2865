/*
 * The vectors of AVX2; see vectors_plain.h for what each has to do.
 */
#ifndef CORE_JSON_VECTORS_AVX2_H
#define CORE_JSON_VECTORS_AVX2_H

#include <immintrin.h>

#include "core/json/walk.h"

#define LEVEL __attribute__((target("avx2,bmi,bmi2")))

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

LEVEL static inline __m256i constant(const char *bytes)
{
	return _mm256_load_si256((const __m256i *)(const void *)bytes);
}

/* As signed numbers, bytes of 0x80 and above are less than a space, too. */
LEVEL static inline uint32_t text_stops(const char *p)
{
	__m256i bytes = load_bytes(p);
	__m256i low = _mm256_cmpgt_epi8(constant(walk_each.space), bytes);
	__m256i quote = _mm256_cmpeq_epi8(bytes, constant(walk_each.quote));
	__m256i backslash =
		_mm256_cmpeq_epi8(bytes, constant(walk_each.backslash));

	return bits_of(_mm256_or_si256(low, _mm256_or_si256(quote, backslash)));
}

LEVEL static inline uint32_t number_stops(const char *p, uint32_t *periods)
{
	__m256i bytes = load_bytes(p);
	__m256i digit = _mm256_sub_epi8(bytes, constant(walk_each.zero));
	__m256i period = _mm256_cmpeq_epi8(bytes, constant(walk_each.period));
	__m256i digits = _mm256_cmpeq_epi8(
		_mm256_min_epu8(digit, constant(walk_each.nine)), digit);

	*periods = bits_of(period);
	return ~(bits_of(digits) | *periods);
}

/* 64 bytes of text, a bit a byte. */
struct text_bits {
	uint64_t ends; /* control characters and quotes */
	uint64_t backslashes;
	uint64_t high; /* 0x80 and above */
};

LEVEL static inline uint64_t bits_of_both(__m256i low, __m256i high)
{
	return bits_of(low) | (uint64_t)bits_of(high) << 32;
}

LEVEL static inline __m256i ends_of(__m256i bytes)
{
	__m256i control = _mm256_cmpeq_epi8(
		_mm256_min_epu8(bytes, constant(walk_each.control)), bytes);

	return _mm256_or_si256(
		control, _mm256_cmpeq_epi8(bytes, constant(walk_each.quote)));
}

LEVEL static inline struct text_bits text_look(const char *p)
{
	__m256i low = load_bytes(p), high = load_bytes(p + 32);
	__m256i backslash = constant(walk_each.backslash);

	return (struct text_bits){
		bits_of_both(ends_of(low), ends_of(high)),
		bits_of_both(_mm256_cmpeq_epi8(low, backslash),
			     _mm256_cmpeq_epi8(high, backslash)),
		bits_of_both(low, high),
	};
}

LEVEL static inline __m256i look_up(const unsigned char *table, __m256i halves)
{
	__m256i both = _mm256_broadcastsi128_si256(
		_mm_load_si128((const __m128i *)(const void *)table));

	return _mm256_shuffle_epi8(both, halves);
}

LEVEL static inline __m256i high_halves(__m256i bytes)
{
	return _mm256_and_si256(_mm256_srli_epi16(bytes, 4),
				_mm256_set1_epi8(15));
}

/*
 * A byte may be escaped if its two half bytes have a bit in common: 1 for those
 * that begin with 2, 2 with 5, 4 with 6, 8 with 7.
 */
static const struct {
	_Alignas(16) unsigned char high[16];
	unsigned char low[16];
} escapable = {
	.high = {[2] = 1, [5] = 2, [6] = 4, [7] = 8},
	.low = {[2] = 1 | 4 | 8,
		[4] = 8,
		[6] = 4,
		[12] = 2,
		[14] = 4,
		[15] = 1},
};

LEVEL static inline __m256i not_escapable(__m256i bytes)
{
	__m256i bits =
		_mm256_and_si256(look_up(escapable.high, high_halves(bytes)),
				 look_up(escapable.low, bytes));

	return _mm256_cmpeq_epi8(bits, _mm256_setzero_si256());
}

LEVEL static inline uint64_t text_escapable(const char *p)
{
	return ~bits_of_both(not_escapable(load_bytes(p)),
			     not_escapable(load_bytes(p + 32)));
}

/* --- UTF-8 ---------------------------------------------------------------- */

/*
 * What may be wrong with two bytes in a row, a bit each; by John Keiser and
 * Daniel Lemire, "Validating UTF-8 in less than one instruction per byte"
 * (Software: Practice and Experience 51, 2021): each of three half bytes says
 * what it allows, and what all three allow is there.
 */
enum {
	TOO_SHORT = 1 << 0,	/* a lead byte, and no continuation */
	TOO_LONG = 1 << 1,	/* ASCII, and a continuation */
	OVERLONG_3 = 1 << 2,	/* e0 80 to e0 9f */
	TOO_LARGE = 1 << 3,	/* f4 90 and more */
	SURROGATE = 1 << 4,	/* ed a0 and more */
	OVERLONG_2 = 1 << 5,	/* c0, c1 */
	TOO_LARGE_8 = 1 << 6,	/* f5 80 and more */
	OVERLONG_4 = 1 << 6,	/* f0 80 to f0 8f */
	CONTINUATIONS = 1 << 7, /* two: right only in long sequences */
	ALWAYS = TOO_SHORT | TOO_LONG | CONTINUATIONS,
	LARGE = ALWAYS | TOO_LARGE | TOO_LARGE_8,
	SECOND = TOO_LONG | OVERLONG_2 | CONTINUATIONS,
};

static const struct {
	_Alignas(16) unsigned char first_high[16];
	unsigned char first_low[16], second_high[16];
} utf8_faults = {
	.first_high = {TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
		       TOO_LONG, TOO_LONG, TOO_LONG, CONTINUATIONS,
		       CONTINUATIONS, CONTINUATIONS, CONTINUATIONS,
		       TOO_SHORT | OVERLONG_2, TOO_SHORT,
		       TOO_SHORT | OVERLONG_3 | SURROGATE,
		       TOO_SHORT | TOO_LARGE | TOO_LARGE_8},
	.first_low = {ALWAYS | OVERLONG_2 | OVERLONG_3 | OVERLONG_4,
		      ALWAYS | OVERLONG_2, ALWAYS, ALWAYS, ALWAYS | TOO_LARGE,
		      LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE,
		      LARGE | SURROGATE, LARGE, LARGE},
	.second_high = {TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
			TOO_SHORT, TOO_SHORT, TOO_SHORT,
			SECOND | OVERLONG_3 | OVERLONG_4,
			SECOND | OVERLONG_3 | TOO_LARGE,
			SECOND | SURROGATE | TOO_LARGE,
			SECOND | SURROGATE | TOO_LARGE, TOO_SHORT, TOO_SHORT,
			TOO_SHORT, TOO_SHORT},
};

/* A bit for each of 32 bytes at which a sequence turns out to be wrong. */
LEVEL static inline uint32_t utf8_errors(const char *p)
{
	const __m256i low = _mm256_set1_epi8(15);
	const __m256i third = _mm256_set1_epi8((char)(0xe0 - 0x80));
	const __m256i fourth = _mm256_set1_epi8((char)(0xf0 - 0x80));
	__m256i bytes = load_bytes(p);
	__m256i before = load_bytes(p - 1);
	__m256i faults = _mm256_and_si256(
		_mm256_and_si256(
			look_up(utf8_faults.first_high, high_halves(before)),
			look_up(utf8_faults.first_low,
				_mm256_and_si256(before, low))),
		look_up(utf8_faults.second_high, high_halves(bytes)));
	/* A third or fourth byte is to be: there, and only there, two
	 * continuations in a row are right. */
	__m256i longer =
		_mm256_or_si256(_mm256_subs_epu8(load_bytes(p - 2), third),
				_mm256_subs_epu8(load_bytes(p - 3), fourth));
	__m256i wrong = _mm256_xor_si256(
		faults, _mm256_and_si256(longer, _mm256_set1_epi8(-128)));

	return ~bits_of(_mm256_cmpeq_epi8(wrong, _mm256_setzero_si256()));
}

LEVEL static inline bool text_is_utf8(const char *p, const char *end)
{
	for (; end - p >= RUN_WINDOW; p += RUN_WINDOW)
		if (utf8_errors(p) != 0)
			return false;
	/* The quote too, which ends what is not whole. */
	return (utf8_errors(p) & (UINT32_MAX >> (31 - (end - p)))) == 0;
}

#endif
