#include "base/rfc3339.h"

#include <stdlib.h>
#include <time.h>

#define NS_IN_US      1000
#define NS_IN_SECOND  1000000000
#define SECONDS_A_DAY 86400

/* Of a zone with odd seconds (before there were time zones) the minutes. */
static int local_offset_min(int64_t time_s)
{
	time_t time = (time_t)time_s;
	struct tm local;

	if (!localtime_r(&time, &local))
		return 0;
	return (int)(local.tm_gmtoff / 60);
}

/*
 * The calendar is counted from 0000-03-01, so that the leap day is the last of
 * its year and 400 years are one round of 146,097 days.
 */
static void set_date(struct civil_time *civil)
{
	int64_t days = civil->day_number + 719468;
	int64_t round = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day = days - round * 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t month;

	day -= year * 365 + year / 4 - year / 100;
	month = (5 * day + 2) / 153; /* from March */
	civil->day = (unsigned)(day - (153 * month + 2) / 5 + 1);
	civil->month = (unsigned)(month < 10 ? month + 3 : month - 9);
	civil->year = (int)(year + round * 400 + (civil->month <= 2));
}

void civil_time_of(struct civil_time *civil, int64_t time_ns, bool local)
{
	int64_t time_s = time_ns / NS_IN_SECOND;
	int64_t rest_ns = time_ns % NS_IN_SECOND;
	unsigned second;

	if (rest_ns < 0) {
		rest_ns += NS_IN_SECOND;
		time_s--;
	}
	civil->offset_min = local ? local_offset_min(time_s) : 0;
	time_s += (int64_t)civil->offset_min * 60;

	civil->day_number = time_s / SECONDS_A_DAY;
	if (time_s % SECONDS_A_DAY < 0)
		civil->day_number--;
	second = (unsigned)(time_s - civil->day_number * SECONDS_A_DAY);
	civil->hour = second / 3600;
	civil->minute = second / 60 % 60;
	civil->second = second % 60;
	civil->microsecond = (unsigned)(rest_ns / NS_IN_US);
	set_date(civil);
}

static char *put_digits(char *at, unsigned number, unsigned digits)
{
	for (unsigned i = digits; i > 0; i--) {
		at[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
	return at + digits;
}

static char *put_pair(char *at, char before, unsigned number)
{
	*at++ = before;
	return put_digits(at, number, 2);
}

static char *put_offset(char *at, int offset_min)
{
	unsigned minutes = (unsigned)abs(offset_min);

	at = put_pair(at, offset_min < 0 ? '-' : '+', minutes / 60);
	return put_pair(at, ':', minutes % 60);
}

size_t rfc3339_format(char out[RFC3339_SIZE], int64_t time_ns, bool local)
{
	struct civil_time civil;
	char *at = out;

	civil_time_of(&civil, time_ns, local);
	at = put_digits(at, (unsigned)civil.year, 4);
	at = put_pair(at, '-', civil.month);
	at = put_pair(at, '-', civil.day);
	at = put_pair(at, 'T', civil.hour);
	at = put_pair(at, ':', civil.minute);
	at = put_pair(at, ':', civil.second);
	if (civil.microsecond > 0) {
		*at++ = '.';
		at = put_digits(at, civil.microsecond, 6);
		while (at[-1] == '0')
			at--;
	}
	if (local)
		at = put_offset(at, civil.offset_min);
	else
		*at++ = 'Z';
	*at = '\0';
	return (size_t)(at - out);
}

void rfc3339_append(struct buffer *out, int64_t time_ns, bool local)
{
	char text[RFC3339_SIZE];

	buffer_append(out, text, rfc3339_format(text, time_ns, local));
}
