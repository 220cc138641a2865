#include "base/units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define NS_IN_MS     1000000
#define MS_IN_SECOND ((uint64_t)1000)
#define MS_IN_MINUTE (60 * MS_IN_SECOND)
#define MS_IN_HOUR   (60 * MS_IN_MINUTE)
#define MS_IN_DAY    (24 * MS_IN_HOUR)
#define LONGEST_DAYS 36500
#define LONGEST_MS   (LONGEST_DAYS * MS_IN_DAY)

/* More decimals never make whole milliseconds, of whatever unit. */
#define DECIMALS_MAX 10

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Reads digits at *text, at least one, and moves it behind them. Beyond
 * UINT64_MAX the number stays there. False: there is none.
 */
static bool read_whole(const char **text, uint64_t *number)
{
	const char *at = *text;

	*number = 0;
	while (is_digit(*at)) {
		uint64_t digit = (uint64_t)(*at++ - '0');

		if (*number > (UINT64_MAX - digit) / 10)
			*number = UINT64_MAX;
		else
			*number = *number * 10 + digit;
	}
	if (at == *text)
		return false;
	*text = at;
	return true;
}

/* How many milliseconds the unit has; 0: it is none. */
static uint64_t unit_ms(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {
		{"", MS_IN_SECOND},  {"s", MS_IN_SECOND}, {"ms", 1},
		{"m", MS_IN_MINUTE}, {"h", MS_IN_HOUR},	  {"d", MS_IN_DAY},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) == 0)
			return units[i].ms;
	}
	return 0;
}

/* The decimals' part of a unit; false: it is no whole number of ms. */
static bool decimals_ms(struct span decimals, uint64_t unit, uint64_t *ms)
{
	uint64_t value = 0;
	uint64_t scale = 1;

	while (decimals.size > 0 && decimals.data[decimals.size - 1] == '0')
		decimals.size--;
	if (decimals.size > DECIMALS_MAX)
		return false;
	for (size_t i = 0; i < decimals.size; i++) {
		value = value * 10 + (uint64_t)(decimals.data[i] - '0');
		scale *= 10;
	}
	*ms = value * unit / scale;
	return value * unit % scale == 0;
}

static int parse_duration(const char *text, bool zero, int64_t *duration_ns,
			  struct error *error)
{
	bool negative = *text == '-';
	struct span decimals = {0};
	uint64_t whole, unit, part_ms;

	if (negative)
		text++;
	if (!read_whole(&text, &whole))
		goto junk;
	if (*text == '.') {
		decimals.data = ++text;
		while (is_digit(*text))
			text++;
		decimals.size = (size_t)(text - decimals.data);
		if (decimals.size == 0)
			goto junk;
	}
	unit = unit_ms(text);
	if (unit == 0)
		goto junk;
	if (negative)
		return error_set(error, zero ? "is below 0" : "is not above 0");
	if (whole > LONGEST_MS / unit)
		goto too_long;
	if (!decimals_ms(decimals, unit, &part_ms))
		return error_set(error, "is finer than 1ms");
	whole = whole * unit + part_ms;
	if (whole > LONGEST_MS)
		goto too_long;
	if (whole == 0 && !zero)
		return error_set(error, "is not above 0");
	*duration_ns = (int64_t)whole * NS_IN_MS;
	return 0;
junk:
	return error_set(error, "is no duration (try 500ms, 5s, 1m, 1h, 1d)");
too_long:
	return error_set(error, "is too long (at most %dd)", LONGEST_DAYS);
}

int duration_parse(const char *text, int64_t *duration_ns, struct error *error)
{
	return parse_duration(text, false, duration_ns, error);
}

int duration_parse_or_zero(const char *text, int64_t *duration_ns,
			   struct error *error)
{
	return parse_duration(text, true, duration_ns, error);
}

int size_parse(const char *text, uint64_t *size_bytes, struct error *error)
{
	static const char units[] = "KMG";
	uint64_t number;
	unsigned shift = 0;

	if (!read_whole(&text, &number))
		goto junk;
	if (*text != '\0') {
		const char *unit = strchr(units, *text);

		if (!unit || text[1] != '\0')
			goto junk;
		shift = (unsigned)(unit - units + 1) * 10;
	}
	if (number == 0)
		return error_set(error, "is not above 0");
	if (number > (uint64_t)INT64_MAX >> shift)
		return error_set(error, "is too large");
	*size_bytes = number << shift;
	return 0;
junk:
	return error_set(error, "is no size (try 4096, 64K, 1M, 2G)");
}

int count_parse(const char *text, uint64_t least, uint64_t *count,
		struct error *error)
{
	uint64_t number;

	if (!read_whole(&text, &number) || *text != '\0')
		return error_set(error, "is no whole number");
	if (number < least)
		return error_set(error, "is below %" PRIu64, least);
	if (number > INT64_MAX)
		return error_set(error, "is too large");
	*count = number;
	return 0;
}

void duration_append(struct buffer *out, int64_t duration_ns)
{
	uint64_t ms = duration_ns > 0 ? (uint64_t)duration_ns / NS_IN_MS : 0;
	uint64_t tenths = ms % MS_IN_SECOND / 100;

	if (ms < MS_IN_SECOND)
		buffer_printf(out, "%" PRIu64 "ms", ms);
	else if (ms < MS_IN_MINUTE && tenths > 0)
		buffer_printf(out, "%" PRIu64 ".%" PRIu64 "s",
			      ms / MS_IN_SECOND, tenths);
	else if (ms < MS_IN_MINUTE)
		buffer_printf(out, "%" PRIu64 "s", ms / MS_IN_SECOND);
	else if (ms < MS_IN_HOUR)
		buffer_printf(out, "%" PRIu64 "m %02" PRIu64 "s",
			      ms / MS_IN_MINUTE,
			      ms % MS_IN_MINUTE / MS_IN_SECOND);
	else if (ms < MS_IN_DAY)
		buffer_printf(out, "%" PRIu64 "h %02" PRIu64 "m",
			      ms / MS_IN_HOUR, ms % MS_IN_HOUR / MS_IN_MINUTE);
	else
		buffer_printf(out, "%" PRIu64 "d %02" PRIu64 "h",
			      ms / MS_IN_DAY, ms % MS_IN_DAY / MS_IN_HOUR);
}

void bytes_append(struct buffer *out, uint64_t size_bytes)
{
	static const char units[] = "KMGTPE";
	double value = (double)size_bytes;
	size_t unit = 0;

	if (size_bytes < 1000) {
		buffer_printf(out, "%" PRIu64 " B", size_bytes);
		return;
	}
	/* What rounds to 1000 is 1 of the next unit. */
	value /= 1000;
	while (value >= 999.5) {
		value /= 1000;
		unit++;
	}
	buffer_printf(out, value < 99.95 ? "%.1f %cB" : "%.0f %cB", value,
		      units[unit]);
}
