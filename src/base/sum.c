#include "base/sum.h"

#include <gmp.h>
#include <stdlib.h>

#include "base/decimal.h"

/* A power of ten that fits in a limb, and its exponent. */
#define LIMB_TEN    UINT64_C(10000000000000000000)
#define LIMB_DIGITS 19

/*
 * Digits before the point of a total: those of 2^64 numbers with 100 digits and
 * an exponent of 100. Behind it: 99 of the digits and the exponent.
 */
#define TOTAL_DIGITS_MAX (SUM_DIGITS_MAX + SUM_EXPONENT_MAX + 20)
#define SCALE_MAX	 (SUM_DIGITS_MAX - 1 + SUM_EXPONENT_MAX)

/*
 * 2^1535 is above 10^462: the digits of a total and the largest scale make
 * 10^419, so that 2^64 totals and more can be added up. Numbers below zero are
 * their complement, as in every machine word, so that no code knows of signs
 * but reading and writing.
 */
#define LIMBS	      24
#define TEXT_SIZE     480 /* 463 digits, in whole limbs */
#define LIMBS_IN_UNIT 2

_Static_assert(GMP_NUMB_BITS == 64, "a limb is a 64-bit word");

struct sum_wide {
	mp_limb_t limbs[LIMBS];
};

/* --- whole numbers of LIMBS limbs ----------------------------------------- */

static void limbs_of_units(mp_limb_t *limbs, __int128 units)
{
	mp_limb_t above = units < 0 ? ~(mp_limb_t)0 : 0;

	limbs[0] = (mp_limb_t)units;
	limbs[1] = (mp_limb_t)(units >> 64);
	for (int i = LIMBS_IN_UNIT; i < LIMBS; i++)
		limbs[i] = above;
}

static bool limbs_are_negative(const mp_limb_t *limbs)
{
	return limbs[LIMBS - 1] >> 63 != 0;
}

/* False: they do not fit. */
static bool limbs_to_units(const mp_limb_t *limbs, __int128 *units)
{
	mp_limb_t above = limbs[1] >> 63 != 0 ? ~(mp_limb_t)0 : 0;

	for (int i = LIMBS_IN_UNIT; i < LIMBS; i++)
		if (limbs[i] != above)
			return false;
	*units = (__int128)((unsigned __int128)limbs[1] << 64 | limbs[0]);
	return true;
}

static void limbs_times_ten_to(mp_limb_t *limbs, unsigned power)
{
	mp_limb_t rest = 1;

	for (; power > LIMB_DIGITS; power -= LIMB_DIGITS)
		mpn_mul_1(limbs, limbs, LIMBS, LIMB_TEN);
	while (power-- > 0)
		rest *= 10;
	mpn_mul_1(limbs, limbs, LIMBS, rest);
}

static void limbs_of_digits(mp_limb_t *limbs, struct span digits)
{
	/* That many hold them; beyond, there is nothing to multiply. */
	mp_size_t count = (mp_size_t)digits.size / LIMB_DIGITS + 1;

	limbs_of_units(limbs, 0);
	while (digits.size > 0) {
		mp_limb_t chunk = 0;
		mp_limb_t ten = 1;

		for (int i = 0; i < LIMB_DIGITS && digits.size > 0; i++) {
			chunk = chunk * 10 + decimal_next_digit(&digits);
			ten *= 10;
		}
		mpn_mul_1(limbs, limbs, count, ten);
		mpn_add_1(limbs, limbs, count, chunk);
	}
}

/* The sum's units at a scale that is its own or a larger one. */
static void limbs_of_sum(mp_limb_t *limbs, const struct sum *sum,
			 unsigned scale)
{
	if (sum->wide)
		mpn_copyi(limbs, sum->wide->limbs, LIMBS);
	else
		limbs_of_units(limbs, sum->units);
	if (scale > sum->scale)
		limbs_times_ten_to(limbs, scale - sum->scale);
}

/* -1: memory is out, the sum is as it was. */
static int set_limbs(struct sum *sum, const mp_limb_t *limbs, unsigned scale)
{
	__int128 units = 0;
	bool wide = !limbs_to_units(limbs, &units);

	if (wide && !sum->wide) {
		sum->wide = malloc(sizeof(*sum->wide));
		if (!sum->wide)
			return -1;
	}
	if (wide)
		mpn_copyi(sum->wide->limbs, limbs, LIMBS);
	else
		sum_clear(sum);
	sum->units = units;
	sum->scale = (uint16_t)scale;
	return 0;
}

/* --- reading -------------------------------------------------------------- */

/* Reads on; returns the first that is no digit, or the end. */
static inline const char *read_digits(const char *at, const char *end,
				      uint64_t *number)
{
	for (; at < end; at++) {
		unsigned digit = (unsigned char)*at - (unsigned)'0';

		if (digit > 9)
			break;
		*number = *number * 10 + digit;
	}
	return at;
}

/*
 * The usual amount: so few bytes that their digits fit in a word, and no
 * exponent. False: another one, or none.
 */
static inline bool read_short(struct sum *sum, struct span text)
{
	const char *end = text.data + text.size;
	const char *first = text.data;
	const char *dot;
	uint64_t units = 0;
	size_t scale = 0;

	if (text.size == 0 || text.size > LIMB_DIGITS)
		return false;
	first += *first == '-';
	dot = read_digits(first, end, &units);
	if (dot == first || (*first == '0' && dot > first + 1))
		return false;
	if (dot < end) {
		scale = (size_t)(end - dot) - 1;
		if (*dot != '.' || scale == 0 ||
		    read_digits(dot + 1, end, &units) != end)
			return false;
	}
	if (sum->wide)
		sum_clear(sum);
	sum->units = first > text.data ? -(__int128)units : (__int128)units;
	sum->scale = (uint16_t)scale;
	return true;
}

static enum sum_status set_decimal(struct sum *sum,
				   const struct decimal *decimal,
				   int64_t exponent)
{
	int64_t scale = (int64_t)decimal->places - exponent;
	mp_limb_t limbs[LIMBS];

	limbs_of_digits(limbs, decimal->digits);
	if (scale < 0) {
		limbs_times_ten_to(limbs, (unsigned)-scale);
		scale = 0;
	}
	if (decimal->negative)
		mpn_neg(limbs, limbs, LIMBS);
	return set_limbs(sum, limbs, (unsigned)scale) == 0 ? SUM_READ
							   : SUM_NO_MEMORY;
}

enum sum_status sum_read(struct sum *sum, struct span text)
{
	struct decimal decimal;
	int64_t exponent;

	if (read_short(sum, text))
		return SUM_READ;
	if (!decimal_parse(&decimal, text) ||
	    decimal.digit_count > SUM_DIGITS_MAX)
		return SUM_NOT_A_NUMBER;
	exponent = decimal_exponent(&decimal);
	if (exponent > SUM_EXPONENT_MAX || exponent < -SUM_EXPONENT_MAX)
		return SUM_NOT_A_NUMBER;
	return set_decimal(sum, &decimal, exponent);
}

enum sum_status sum_read_total(struct sum *sum, struct span text)
{
	struct decimal decimal;

	if (read_short(sum, text))
		return SUM_READ;
	if (!decimal_parse(&decimal, text) || decimal_exponent(&decimal) != 0 ||
	    decimal.places > SCALE_MAX ||
	    decimal.digit_count - decimal.places > TOTAL_DIGITS_MAX)
		return SUM_NOT_A_NUMBER;
	return set_decimal(sum, &decimal, 0);
}

/* --- adding --------------------------------------------------------------- */

/*
 * The sum's units at a scale that is its own or a larger one. False: they do
 * not fit. No built-in multiplication that looks for overflow: clang leaves
 * that of 128 bits to a library that is not always there.
 */
static bool units_at(const struct sum *sum, unsigned scale, __int128 *units)
{
	const __int128 most = (__int128)(~(unsigned __int128)0 >> 1) / 10;

	if (sum->wide)
		return false;
	*units = sum->units;
	for (unsigned i = sum->scale; i < scale && *units != 0; i++) {
		if (*units > most || *units < -most)
			return false;
		*units *= 10;
	}
	return true;
}

static int combine_wide(struct sum *sum, const struct sum *more, unsigned scale,
			bool less)
{
	mp_limb_t left[LIMBS];
	mp_limb_t right[LIMBS];

	limbs_of_sum(left, sum, scale);
	limbs_of_sum(right, more, scale);
	if (less)
		mpn_sub_n(left, left, right, LIMBS);
	else
		mpn_add_n(left, left, right, LIMBS);
	return set_limbs(sum, left, scale);
}

static inline int combine(struct sum *sum, const struct sum *more, bool less)
{
	unsigned scale = sum->scale > more->scale ? sum->scale : more->scale;
	__int128 left;
	__int128 right;

	if (!units_at(sum, scale, &left) || !units_at(more, scale, &right) ||
	    (less ? __builtin_sub_overflow(left, right, &left)
		  : __builtin_add_overflow(left, right, &left)))
		return combine_wide(sum, more, scale, less);
	sum->units = left;
	sum->scale = (uint16_t)scale;
	return 0;
}

int sum_add(struct sum *sum, const struct sum *more)
{
	return combine(sum, more, false);
}

int sum_subtract(struct sum *sum, const struct sum *less)
{
	return combine(sum, less, true);
}

void sum_clear(struct sum *sum)
{
	free(sum->wide);
	*sum = (struct sum){0};
}

bool sum_is_zero(const struct sum *sum)
{
	return !sum->wide && sum->units == 0;
}

/* --- writing -------------------------------------------------------------- */

/*
 * Writes the digits, without leading zeros, so that they end before `end`;
 * returns where they begin. Of the limbs nothing is left.
 */
static char *write_digits(char *end, mp_limb_t *limbs)
{
	mp_size_t count = LIMBS;

	for (;;) {
		mp_limb_t chunk;

		while (count > 0 && limbs[count - 1] == 0)
			count--;
		if (count == 0)
			return end;
		chunk = mpn_divrem_1(limbs, 0, limbs, count, LIMB_TEN);
		count -= limbs[count - 1] == 0;
		for (int i = 0; i < LIMB_DIGITS && (count > 0 || chunk > 0);
		     i++) {
			*--end = (char)('0' + chunk % 10);
			chunk /= 10;
		}
	}
}

static void append_zeros(struct buffer *out, size_t count)
{
	while (count-- > 0)
		buffer_append_char(out, '0');
}

void sum_append(struct buffer *out, const struct sum *sum, unsigned scale)
{
	char text[TEXT_SIZE];
	char *end = text + sizeof(text);
	mp_limb_t limbs[LIMBS];
	char *start;

	limbs_of_sum(limbs, sum, sum->scale);
	if (limbs_are_negative(limbs)) {
		mpn_neg(limbs, limbs, LIMBS);
		buffer_append_char(out, '-');
	}
	start = write_digits(end, limbs);
	/* A digit before the point, and all that are due behind it. */
	while (end - start <= sum->scale)
		*--start = '0';
	buffer_append(out, start, (size_t)(end - start) - sum->scale);
	if (scale < sum->scale)
		scale = sum->scale;
	if (scale > 0)
		buffer_append_char(out, '.');
	buffer_append(out, end - sum->scale, sum->scale);
	append_zeros(out, scale - sum->scale);
}
