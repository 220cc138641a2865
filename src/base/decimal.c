#include "base/decimal.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The index behind the digits that stand at `at`. */
static size_t skip_digits(struct span text, size_t at)
{
	while (at < text.size && is_digit(text.data[at]))
		at++;
	return at;
}

static size_t skip_char(struct span text, size_t at, char a, char b)
{
	if (at < text.size && (text.data[at] == a || text.data[at] == b))
		at++;
	return at;
}

/* Leaves the digits from the first that is not 0, with what is before it. */
static void set_digits(struct decimal *decimal, struct span text, size_t start,
		       size_t dot, size_t end)
{
	decimal->places = end > dot ? end - dot - 1 : 0;
	decimal->digit_count = dot - start + decimal->places;
	while (start < end &&
	       (text.data[start] == '0' || text.data[start] == '.'))
		start++;
	decimal->digits = span_make(text.data + start, end - start);
	/* Behind the dot, the zeros that were skipped and the dot itself. */
	decimal->point = (int64_t)dot - (int64_t)start + (start > dot);
}

/* `at` is behind the 'e'. False: no digits, or something behind them. */
static bool set_exponent(struct decimal *decimal, struct span text, size_t at)
{
	size_t start;

	decimal->exponent_negative = at < text.size && text.data[at] == '-';
	start = skip_char(text, at, '+', '-');
	at = start;
	while (at < text.size && text.data[at] == '0')
		at++;
	decimal->exponent = span_make(text.data + at, text.size - at);
	return text.size > start && skip_digits(text, at) == text.size;
}

bool decimal_parse(struct decimal *decimal, struct span text)
{
	size_t start = skip_char(text, 0, '-', '-');
	size_t dot = skip_digits(text, start);
	size_t end = dot;
	size_t at = skip_char(text, dot, '.', '.');

	if (dot == start || (text.data[start] == '0' && dot > start + 1))
		return false;
	if (at > dot) {
		end = skip_digits(text, at);
		if (end == at)
			return false;
	}
	decimal->negative = start > 0;
	set_digits(decimal, text, start, dot, end);
	decimal->exponent_negative = false;
	decimal->exponent = span_make(text.data + end, 0);
	at = skip_char(text, end, 'e', 'E');
	return at > end ? set_exponent(decimal, text, at) : end == text.size;
}

bool decimal_is_number(struct span text)
{
	struct decimal decimal;

	return decimal_parse(&decimal, text);
}

int64_t decimal_exponent(const struct decimal *decimal)
{
	int64_t exponent = 0;

	for (size_t i = 0; i < decimal->exponent.size; i++) {
		exponent = exponent * 10 + (decimal->exponent.data[i] - '0');
		if (exponent >= DECIMAL_FAR) {
			exponent = DECIMAL_FAR;
			break;
		}
	}
	return decimal->exponent_negative ? -exponent : exponent;
}

/* The exponent's digit that stands for ten to the power of `place`. */
static int64_t exponent_digit(const struct decimal *decimal, size_t place)
{
	int64_t digit;

	if (place >= decimal->exponent.size)
		return 0;
	digit = decimal->exponent.data[decimal->exponent.size - 1 - place] -
		'0';
	return decimal->exponent_negative ? -digit : digit;
}

/*
 * a's exponent less b's, or something DECIMAL_FAR with the right sign. From the
 * highest digit down: a difference that has grown that large cannot shrink to
 * nothing by the digits that follow, so no digit needs to be kept.
 */
static int64_t exponent_difference(const struct decimal *a,
				   const struct decimal *b)
{
	size_t place = a->exponent.size > b->exponent.size ? a->exponent.size
							   : b->exponent.size;
	int64_t difference = 0;

	while (place-- > 0 && difference < DECIMAL_FAR &&
	       difference > -DECIMAL_FAR)
		difference = difference * 10 + exponent_digit(a, place) -
			     exponent_digit(b, place);
	return difference;
}

static int compare_magnitudes(const struct decimal *a, const struct decimal *b)
{
	int64_t power = exponent_difference(a, b) + a->point - b->point;
	struct span left = a->digits;
	struct span right = b->digits;

	if (power != 0)
		return power < 0 ? -1 : 1;
	while (left.size > 0 || right.size > 0) {
		int difference = (int)decimal_next_digit(&left) -
				 (int)decimal_next_digit(&right);

		if (difference != 0)
			return difference;
	}
	return 0;
}

/* -1, 0 or 1. */
static int sign_of(const struct decimal *decimal)
{
	if (decimal->digits.size == 0)
		return 0;
	return decimal->negative ? -1 : 1;
}

int decimal_compare(struct span a, struct span b)
{
	struct decimal left;
	struct decimal right;
	int sign;

	/* They are numbers, by contract; what is none is equal to all. */
	if (!decimal_parse(&left, a) || !decimal_parse(&right, b))
		return 0;
	sign = sign_of(&left);
	if (sign != sign_of(&right))
		return sign < sign_of(&right) ? -1 : 1;
	return sign * compare_magnitudes(&left, &right);
}
