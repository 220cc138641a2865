/*
 * The vectors of NEON, which every aarch64 has; see vectors_plain.h for what
 * each has to do.
 */
#ifndef CORE_JSON_VECTORS_NEON_H
#define CORE_JSON_VECTORS_NEON_H

#include "core/json/level.h"

#if LEVEL_NEON_IS_BUILT

#include <arm_neon.h>

#include "base/utf8.h"
#include "core/json/shapes.h"

#define LEVEL

LEVEL static inline uint8x16_t load_bytes(const char *p)
{
	return vld1q_u8((const uint8_t *)p);
}

/*
 * There is no instruction that takes a bit of each byte. One bit is left in
 * each, another one in each of eight, and neighbours are added up: in each
 * step half as many bytes hold the same bits.
 */
LEVEL static inline uint8x16_t add_neighbours(uint8x16_t low, uint8x16_t high)
{
	const uint8x16_t each = {1, 2, 4, 8, 16, 32, 64, 128,
				 1, 2, 4, 8, 16, 32, 64, 128};

	return vpaddq_u8(vandq_u8(low, each), vandq_u8(high, each));
}

/* The bits of RUN_WINDOW bytes, each 0 or 0xff, which are two vectors. */
LEVEL static inline uint32_t bits_of_both(uint8x16_t low, uint8x16_t high)
{
	uint8x16_t sums = add_neighbours(low, high);

	sums = vpaddq_u8(sums, sums);
	sums = vpaddq_u8(sums, sums);
	return vgetq_lane_u32(vreinterpretq_u32_u8(sums), 0);
}

/* The same of 64 bytes. */
LEVEL static inline uint64_t bits_of_four(const uint8x16_t bytes[4])
{
	uint8x16_t sums = vpaddq_u8(add_neighbours(bytes[0], bytes[1]),
				    add_neighbours(bytes[2], bytes[3]));

	sums = vpaddq_u8(sums, sums);
	return vgetq_lane_u64(vreinterpretq_u64_u8(sums), 0);
}

/* A bit for each byte of the literal that is not there. */
LEVEL static inline uint32_t literal_misses(const char *p,
					    const struct edge *edge)
{
	uint8x16_t low = vceqq_u8(load_bytes(p), vld1q_u8(edge->literal));
	uint8x16_t high =
		vceqq_u8(load_bytes(p + 16), vld1q_u8(edge->literal + 16));

	return ~bits_of_both(low, high) & edge->mask;
}

LEVEL static inline uint8x16_t quotes_of(uint8x16_t bytes)
{
	return vorrq_u8(vceqq_u8(bytes, vdupq_n_u8('"')),
			vceqq_u8(bytes, vdupq_n_u8('\\')));
}

/* As signed numbers, bytes of 0x80 and above are less than a space, too. */
LEVEL static inline uint8x16_t stops_of_text(uint8x16_t bytes)
{
	uint8x16_t low = vcltq_s8(vreinterpretq_s8_u8(bytes), vdupq_n_s8(' '));

	return vorrq_u8(low, quotes_of(bytes));
}

LEVEL static inline uint32_t text_stops(const char *p)
{
	return bits_of_both(stops_of_text(load_bytes(p)),
			    stops_of_text(load_bytes(p + 16)));
}

LEVEL static inline uint8x16_t digits_of(uint8x16_t bytes)
{
	return vcleq_u8(vsubq_u8(bytes, vdupq_n_u8('0')), vdupq_n_u8(9));
}

LEVEL static inline uint32_t number_stops(const char *p, uint32_t *periods)
{
	uint8x16_t low = load_bytes(p), high = load_bytes(p + 16);
	uint8x16_t period = vdupq_n_u8('.');

	*periods = bits_of_both(vceqq_u8(low, period), vceqq_u8(high, period));
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
	uint8x16_t ends[4], backslashes[4], high[4];

	for (unsigned i = 0; i < 4; i++) {
		uint8x16_t bytes = load_bytes(p + 16 * i);

		ends[i] = vorrq_u8(vcltq_u8(bytes, vdupq_n_u8(' ')),
				   vceqq_u8(bytes, vdupq_n_u8('"')));
		backslashes[i] = vceqq_u8(bytes, vdupq_n_u8('\\'));
		high[i] = vcgeq_u8(bytes, vdupq_n_u8(0x80));
	}
	return (struct text_bits){bits_of_four(ends), bits_of_four(backslashes),
				  bits_of_four(high)};
}

LEVEL static inline uint64_t text_escapable(const char *p)
{
	static const char all[] = "\"\\/bfnrt";
	uint8x16_t any[4];

	for (unsigned i = 0; i < 4; i++) {
		uint8x16_t bytes = load_bytes(p + 16 * i);

		any[i] = vdupq_n_u8(0);
		for (const char *one = all; *one; one++)
			any[i] = vorrq_u8(
				any[i],
				vceqq_u8(bytes, vdupq_n_u8((uint8_t)*one)));
	}
	return bits_of_four(any);
}

LEVEL static inline bool text_is_utf8(const char *p, const char *end)
{
	return utf8_is_valid(span_make(p, (size_t)(end - p)));
}

#endif
#endif
