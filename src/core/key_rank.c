/*
 * A key as bytes that sort as keys do: for each part its type and, of a string,
 * its bytes and an end below all of them; of a number its sign, size and first
 * digits, behind which nothing is said.
 */
#include "core/key.h"

#include <string.h>

#include "base/decimal.h"

/* Of a number: what decides are 12 digits, and how many are before the '.'. */
#define NUMBER_BYTES  7
#define NUMBER_DIGITS 12
#define DIGIT_BITS    40 /* ten to the power of 12 has as many */
#define POINT_MAX     4095
#define NUMBER_ZERO   ((uint64_t)1 << 53)

/* The bytes of the order, of which those from `skip` on are kept. */
struct rank {
	uint64_t value;
	size_t skip;
	size_t room;
};

static void put(struct rank *rank, unsigned byte)
{
	if (rank->skip > 0) {
		rank->skip--;
	} else if (rank->room > 0) {
		rank->room--;
		rank->value |= (uint64_t)byte << (8 * rank->room);
	}
}

/* A zero byte stands as 0 255, and the end as 0 0. */
static void put_string(struct rank *rank, struct span text)
{
	for (size_t i = 0; i < text.size && rank->room > 0; i++) {
		put(rank, (unsigned char)text.data[i]);
		if (text.data[i] == '\0')
			put(rank, 255);
	}
	put(rank, 0);
	put(rank, 0);
}

/* What lies beyond the exponents that there is room for is all alike. */
static uint64_t magnitude(const struct decimal *decimal)
{
	int64_t point = decimal->point + decimal_exponent(decimal);
	struct span digits = decimal->digits;
	uint64_t value = 0;

	if (point < -POINT_MAX)
		return 1;
	if (point > POINT_MAX)
		return NUMBER_ZERO - 1;
	for (unsigned i = 0; i < NUMBER_DIGITS; i++)
		value = value * 10 + decimal_next_digit(&digits);
	return (uint64_t)(point + POINT_MAX + 1) << DIGIT_BITS | value;
}

static void put_number(struct rank *rank, struct span text)
{
	uint64_t value = NUMBER_ZERO;
	struct decimal decimal;

	if (decimal_parse(&decimal, text) && decimal.digits.size > 0) {
		if (decimal.negative)
			value -= magnitude(&decimal);
		else
			value += magnitude(&decimal);
	}
	for (size_t i = NUMBER_BYTES; i-- > 0;)
		put(rank, (unsigned)(value >> (8 * i)) & 255);
}

/* Has the word a zero byte? */
static bool has_zero(uint64_t word)
{
	return ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u) !=
	       0;
}

/* The usual one: the first bytes of a string. */
static bool rank_quickly(const unsigned char *key, uint64_t *rank)
{
	size_t size = (size_t)(key[1] | key[2] << 8);
	uint64_t word;

	if (key[0] != KEY_STRING || size < sizeof(word) - 1)
		return false;
	/* From the last byte of the head on, which is the first one's place. */
	memcpy(&word, key + 2, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	word = (word & UINT64_MAX >> 8) | (uint64_t)(KEY_STRING + 1) << 56;
	*rank = word;
	return !has_zero(word);
}

uint64_t key_rank(const unsigned char *key, size_t count, size_t depth)
{
	struct rank rank = {.skip = depth, .room = sizeof(rank.value)};
	uint64_t quick;

	if (depth == 0 && count > 0 && rank_quickly(key, &quick))
		return quick;
	for (size_t i = 0; i < count && rank.room > 0; i++) {
		struct key_part part = key_next(&key);

		put(&rank, (unsigned)part.type + 1);
		if (part.type == KEY_STRING)
			put_string(&rank, part.text);
		if (part.type == KEY_NUMBER) {
			put_number(&rank, part.text);
			break;
		}
	}
	return rank.value;
}
