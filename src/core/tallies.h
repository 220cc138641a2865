/*
 * tallies: what became of the records.
 *
 *     read = counted + rejected + filtered + late
 */
#ifndef CORE_TALLIES_H
#define CORE_TALLIES_H

#include <stdint.h>

/* Why a record was rejected; in the order of judging. */
enum reject_reason {
	REJECT_TOO_LONG,
	REJECT_INVALID_JSON,
	REJECT_TOO_DEEP,
	REJECT_NOT_OBJECT,
	REJECT_MISSING_KEY,
	REJECT_BAD_KEY,
	REJECT_BAD_TIME,
	REJECT_BAD_NUMBER,
	REJECT_REASONS, /* their number */
};

struct tallies {
	uint64_t read;
	uint64_t counted;
	uint64_t rejected[REJECT_REASONS];
	uint64_t filtered;
	uint64_t late;
};

/* "too_long", "invalid_json", ... */
const char *reject_reason_name(enum reject_reason reason);

uint64_t tallies_rejected(const struct tallies *tallies);
void tallies_add(struct tallies *sum, const struct tallies *more);
/* Takes back what was added. */
void tallies_subtract(struct tallies *sum, const struct tallies *less);

#endif
