#include "base/timestamp.h"

#include "base/decimal.h"

#define NS_PER_S    1000000000
#define DAY_S	    86400
#define FIRST_S	    INT64_C(-9214560000) /* 1678-01-01 */
#define END_S	    INT64_C(9214646400)	 /* 2262-01-01 */
#define NS_DIGITS   9
#define STAMP_SIZE  19 /* 2026-11-22T10:00:00 */
#define OFFSET_SIZE 6  /* +01:00 */

/* So many always fit in an unsigned word of 64 bits. */
#define DIGITS_MAX 19

/*
 * The number that two digits spell; of what are none, *wrong gets a bit above
 * the lowest four. One check for all of a stamp is cheaper than one a digit.
 */
static inline unsigned read_pair(const char *at, unsigned *wrong)
{
	unsigned tens = (unsigned char)at[0] - (unsigned)'0';
	unsigned ones = (unsigned char)at[1] - (unsigned)'0';

	/* 10 to 15 do not fit in four bits once 6 is added. */
	*wrong |= (tens + 6) | (ones + 6) | tens | ones;
	return tens * 10 + ones;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (month == 2)
		return leap ? 29 : 28;
	/* The long and the short ones take turns, and again from August on. */
	return 30 + ((month + (month >> 3)) & 1);
}

/*
 * Since 1970-01-01. Years begin with March here, so that the leap day is the
 * last of its year; then 153 days are five months, and 400 years are a round.
 */
static int64_t days_of_date(unsigned year, unsigned month, unsigned day)
{
	unsigned shifted = year + 400 - (month <= 2);
	unsigned since_march = month > 2 ? month - 3 : month + 9;
	unsigned days = shifted * 365 + shifted / 4 - shifted / 100 +
			shifted / 400 + (153 * since_march + 2) / 5 + day - 1;

	return (int64_t)days - 719468 - 146097;
}

/* The date and time in seconds since 1970, in a zone not known yet. */
static bool read_date_time(const char *at, int64_t *time_s)
{
	unsigned wrong = 0;
	unsigned year = read_pair(at, &wrong) * 100 + read_pair(at + 2, &wrong);
	unsigned month = read_pair(at + 5, &wrong);
	unsigned day = read_pair(at + 8, &wrong);
	unsigned hour = read_pair(at + 11, &wrong);
	unsigned minute = read_pair(at + 14, &wrong);
	unsigned second = read_pair(at + 17, &wrong);

	if (wrong > 15 || at[4] != '-' || at[7] != '-' || at[13] != ':' ||
	    at[16] != ':' || (at[10] != 'T' && at[10] != 't' && at[10] != ' '))
		return false;
	if (month < 1 || month > 12 || day < 1 ||
	    (day > 28 && day > days_in_month(year, month)) || hour > 23 ||
	    minute > 59 || second > 60)
		return false;
	second += hour * 3600 + minute * 60;
	*time_s = days_of_date(year, month, day) * DAY_S + second;
	return true;
}

/*
 * Takes the '.' and the digits behind it, if they are there. False: there is a
 * '.' without digits.
 */
static bool read_fraction(const char **at, const char *end, int64_t *ns)
{
	const char *digit = *at;
	int64_t unit = NS_PER_S / 10;

	if (digit == end || *digit != '.')
		return true;
	for (digit++; digit < end && *digit >= '0' && *digit <= '9'; digit++) {
		*ns += (*digit - '0') * unit;
		unit /= 10;
	}
	if (digit == *at + 1)
		return false;
	*at = digit;
	return true;
}

/* The whole rest is the offset, in seconds east of Greenwich. */
static bool read_offset(struct span rest, int64_t *offset_s)
{
	unsigned wrong = 0;
	unsigned hour;
	unsigned minute;

	if (rest.size == 1)
		return *rest.data == 'Z' || *rest.data == 'z';
	if (rest.size != OFFSET_SIZE || rest.data[3] != ':' ||
	    (rest.data[0] != '+' && rest.data[0] != '-'))
		return false;
	hour = read_pair(rest.data + 1, &wrong);
	minute = read_pair(rest.data + 4, &wrong);
	if (wrong > 15 || hour > 23 || minute > 59)
		return false;
	minute += hour * 60;
	*offset_s = rest.data[0] == '-' ? -60 : 60;
	*offset_s *= minute;
	return true;
}

bool timestamp_read(struct span text, int64_t *time_ns)
{
	const char *at = text.data + STAMP_SIZE;
	const char *end = text.data + text.size;
	int64_t time_s;
	int64_t offset_s = 0;
	int64_t ns = 0;

	if (text.size <= STAMP_SIZE || !read_date_time(text.data, &time_s) ||
	    !read_fraction(&at, end, &ns) ||
	    !read_offset(span_make(at, (size_t)(end - at)), &offset_s))
		return false;
	time_s -= offset_s;
	if (time_s < FIRST_S || time_s >= END_S)
		return false;
	*time_ns = time_s * NS_PER_S + ns;
	return true;
}

/* --- numbers -------------------------------------------------------------- */

/*
 * By how many digits nanoseconds are finer than the unit of a number that has
 * so many digits before its point, the first of them not 0.
 */
static int64_t finer_digits(int64_t digits)
{
	if (digits <= 11)
		return NS_DIGITS;
	if (digits <= 14)
		return 6;
	return digits <= 17 ? 3 : 0;
}

static bool set_time(int64_t ns, int64_t *time_ns)
{
	if (ns < FIRST_S * NS_PER_S || ns >= END_S * NS_PER_S)
		return false;
	*time_ns = ns;
	return true;
}

/* The usual number has only digits. False: another one, or out of range. */
static inline bool read_whole(struct span number, int64_t *time_ns)
{
	int64_t finer = finer_digits((int64_t)number.size);
	uint64_t ns = 0;

	if (number.size == 0 || *number.data == '0' ||
	    (int64_t)number.size + finer > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < number.size; i++) {
		unsigned digit = (unsigned char)number.data[i] - (unsigned)'0';

		if (digit > 9)
			return false;
		ns = ns * 10 + digit;
	}
	for (; finer > 0; finer -= 3)
		ns *= 1000;
	return ns <= (uint64_t)INT64_MAX && set_time((int64_t)ns, time_ns);
}

bool timestamp_of_number(struct span number, int64_t *time_ns)
{
	struct decimal decimal;
	int64_t digits;
	uint64_t ns = 0;

	if (read_whole(number, time_ns))
		return true;
	if (!decimal_parse(&decimal, number))
		return false;
	if (decimal.digits.size == 0)
		return set_time(0, time_ns);
	digits = decimal.point + decimal_exponent(&decimal);
	digits += finer_digits(digits);
	if (digits > DIGITS_MAX)
		return false;
	for (; digits > 0 && decimal.digits.size > 0; digits--)
		ns = ns * 10 + decimal_next_digit(&decimal.digits);
	for (; digits >= 3; digits -= 3)
		ns *= 1000;
	for (; digits > 0; digits--)
		ns *= 10;
	if (ns > (uint64_t)INT64_MAX)
		return false;
	if (!decimal.negative)
		return set_time((int64_t)ns, time_ns);
	/* What is left over is cut towards the past. */
	while (decimal.digits.size > 0)
		if (decimal_next_digit(&decimal.digits) != 0)
			return set_time(-(int64_t)ns - 1, time_ns);
	return set_time(-(int64_t)ns, time_ns);
}
