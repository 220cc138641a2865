#include "core/tallies.h"

#include <stddef.h>

const char *reject_reason_name(enum reject_reason reason)
{
	static const char *const names[REJECT_REASONS] = {
		[REJECT_TOO_LONG] = "too_long",
		[REJECT_INVALID_JSON] = "invalid_json",
		[REJECT_TOO_DEEP] = "too_deep",
		[REJECT_NOT_OBJECT] = "not_object",
		[REJECT_MISSING_KEY] = "missing_key",
		[REJECT_BAD_KEY] = "bad_key",
		[REJECT_BAD_TIME] = "bad_time",
		[REJECT_BAD_NUMBER] = "bad_number",
	};

	return names[reason];
}

uint64_t tallies_rejected(const struct tallies *tallies)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < REJECT_REASONS; i++)
		sum += tallies->rejected[i];
	return sum;
}

void tallies_add(struct tallies *sum, const struct tallies *more)
{
	sum->read += more->read;
	sum->counted += more->counted;
	for (size_t i = 0; i < REJECT_REASONS; i++)
		sum->rejected[i] += more->rejected[i];
	sum->filtered += more->filtered;
	sum->late += more->late;
}

void tallies_subtract(struct tallies *sum, const struct tallies *less)
{
	sum->read -= less->read;
	sum->counted -= less->counted;
	for (size_t i = 0; i < REJECT_REASONS; i++)
		sum->rejected[i] -= less->rejected[i];
	sum->filtered -= less->filtered;
	sum->late -= less->late;
}
