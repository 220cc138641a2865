#include "base/decimal.h"

#include <stdint.h>

/* Beyond any count of digits that a literal in memory can have. */
#define FAR_APART ((int64_t)1 << 48)

/* A value as 0.DIGITS times ten to the power of (point + exponent). */
struct number {
	bool negative;
	struct span digits; /* from the first that is not 0; may hold the '.' */
	int64_t point;
	bool exponent_negative;
	struct span exponent; /* its digits, without leading zeros */
};

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

bool decimal_is_number(struct span text)
{
	size_t at = skip_char(text, 0, '-', '-');
	size_t end = skip_digits(text, at);

	if (end == at || (text.data[at] == '0' && end > at + 1))
		return false;
	at = skip_char(text, end, '.', '.');
	if (at > end) {
		end = skip_digits(text, at);
		if (end == at)
			return false;
	}
	at = skip_char(text, end, 'e', 'E');
	if (at > end) {
		at = skip_char(text, at, '+', '-');
		end = skip_digits(text, at);
		if (end == at)
			return false;
	}
	return end == text.size;
}

static struct number number_of(struct span text)
{
	struct number number = {0};
	size_t start = skip_char(text, 0, '-', '-');
	size_t dot = skip_digits(text, start);
	size_t end = skip_digits(text, skip_char(text, dot, '.', '.'));
	size_t at = skip_char(text, end, 'e', 'E');

	number.negative = start > 0;
	while (start < end &&
	       (text.data[start] == '0' || text.data[start] == '.'))
		start++;
	number.digits = span_make(text.data + start, end - start);
	/* Behind the dot, the zeros that were skipped and the dot itself. */
	number.point = (int64_t)dot - (int64_t)start;
	if (start > dot)
		number.point++;

	number.exponent_negative = at < text.size && text.data[at] == '-';
	at = skip_char(text, at, '+', '-');
	while (at < text.size && text.data[at] == '0')
		at++;
	number.exponent = span_make(text.data + at, text.size - at);
	return number;
}

/* The exponent's digit that stands for ten to the power of `place`. */
static int64_t exponent_digit(const struct number *number, size_t place)
{
	int64_t digit;

	if (place >= number->exponent.size)
		return 0;
	digit = number->exponent.data[number->exponent.size - 1 - place] - '0';
	return number->exponent_negative ? -digit : digit;
}

/*
 * a's exponent less b's, or something FAR_APART with the right sign. From the
 * highest digit down: a difference that has grown that large cannot shrink to
 * nothing by the digits that follow, so no digit needs to be kept.
 */
static int64_t exponent_difference(const struct number *a,
				   const struct number *b)
{
	size_t place = a->exponent.size > b->exponent.size ? a->exponent.size
							   : b->exponent.size;
	int64_t difference = 0;

	while (place-- > 0 && difference < FAR_APART && difference > -FAR_APART)
		difference = difference * 10 + exponent_digit(a, place) -
			     exponent_digit(b, place);
	return difference;
}

/* Takes the next digit; behind the last one there are zeros without end. */
static char next_digit(struct span *digits)
{
	char digit;

	if (digits->size > 0 && *digits->data == '.')
		*digits = span_make(digits->data + 1, digits->size - 1);
	if (digits->size == 0)
		return '0';
	digit = *digits->data;
	*digits = span_make(digits->data + 1, digits->size - 1);
	return digit;
}

static int compare_magnitudes(const struct number *a, const struct number *b)
{
	int64_t power = exponent_difference(a, b) + a->point - b->point;
	struct span left = a->digits;
	struct span right = b->digits;

	if (power != 0)
		return power < 0 ? -1 : 1;
	while (left.size > 0 || right.size > 0) {
		int difference = next_digit(&left) - next_digit(&right);

		if (difference != 0)
			return difference;
	}
	return 0;
}

/* -1, 0 or 1. */
static int sign_of(const struct number *number)
{
	if (number->digits.size == 0)
		return 0;
	return number->negative ? -1 : 1;
}

int decimal_compare(struct span a, struct span b)
{
	struct number left = number_of(a);
	struct number right = number_of(b);
	int sign = sign_of(&left);

	if (sign != sign_of(&right))
		return sign < sign_of(&right) ? -1 : 1;
	return sign * compare_magnitudes(&left, &right);
}
