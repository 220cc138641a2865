/*
 * tally: what became of the checks, for a program without any library. It ends
 * as all tests do: N passed, N failed, N skipped
 */
#ifndef LEVELS_TALLY_H
#define LEVELS_TALLY_H

#include <stdbool.h>

struct tally {
	unsigned passed, failed, skipped;
};

/* Counts a check and says how it ended. */
void tally_check(struct tally *tally, bool good, const char *level,
		 const char *what);
void tally_skip(struct tally *tally, const char *level, const char *why);

/* Prints the sum, and appends it to the file that TALLY names. Returns the
 * status: 0 when something passed and nothing failed. */
int tally_end(const struct tally *tally);

#endif
