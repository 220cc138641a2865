#include "base/siphash.h"

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static inline uint64_t little_endian(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap64(word);
#else
	return word;
#endif
}

static inline uint32_t little_endian32(uint32_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap32(word);
#else
	return word;
#endif
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/*
 * The last `left` (0 to 7) of `size` bytes, the first one lowest, in loads that
 * may overlap: a loop over them would cost a mispredicted branch a key.
 */
static inline uint64_t load_tail(const char *bytes, size_t size, size_t left)
{
	const unsigned char *tail =
		(const unsigned char *)bytes + (size - left);
	uint32_t low, high;
	uint64_t word;

	if (left == 0)
		return 0;
	if (size >= 8) {
		memcpy(&word, bytes + size - 8, 8);
		return little_endian(word) >> (8 * (8 - left));
	}
	if (left >= 4) {
		memcpy(&low, tail, 4);
		memcpy(&high, tail + left - 4, 4);
		return (uint64_t)little_endian32(high) << (8 * (left - 4)) |
		       little_endian32(low);
	}
	return tail[0] | (uint64_t)tail[left / 2] << (8 * (left / 2)) |
	       (uint64_t)tail[left - 1] << (8 * (left - 1));
}

uint64_t siphash(const uint64_t key[2], uint64_t tweak, struct span bytes)
{
	uint64_t k0 = key[0];
	uint64_t k1 = key[1] ^ tweak;
	struct sip s = {
		k0 ^ 0x736f6d6570736575u,
		k1 ^ 0x646f72616e646f6du,
		k0 ^ 0x6c7967656e657261u,
		k1 ^ 0x7465646279746573u,
	};
	const char *p = bytes.data;
	size_t left = bytes.size;

	for (; left >= 8; left -= 8, p += 8) {
		uint64_t word;

		memcpy(&word, p, 8);
		sip_word(&s, little_endian(word));
	}
	sip_word(&s, (uint64_t)bytes.size << 56 |
			     load_tail(bytes.data, bytes.size, left));
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
