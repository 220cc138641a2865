/*
 * Every level of this processor, held against the one in C. It needs no library
 * but the system's, so that it can be built for another processor.
 */
#include <stdio.h>
#include <unistd.h>

#include "check_vectors.h"
#include "check_walks.h"
#include "tally.h"
#include "vectors.h"

/* An emulator needs some seconds. */
#define DEADLINE_S 300

static const struct vectors *const all[] = {
	&vectors_sse2,
	&vectors_avx2,
	&vectors_neon,
};

int main(void)
{
	struct tally tally = {0};

	alarm(DEADLINE_S); /* a walk that goes round in circles is a failure */
	setvbuf(stdout, NULL, _IOLBF, 0);
	check_walks(&tally, LEVEL_PLAIN);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const char *name = level_name(all[i]->level);

		/* Another kind of processor is not missed. */
		if (!all[i]->text_stops)
			continue;
		if (!level_is_there(all[i]->level)) {
			tally_skip(&tally, name, "this processor has none");
			continue;
		}
		check_vectors(&tally, all[i]);
		check_walks(&tally, all[i]->level);
	}
	return tally_end(&tally);
}
