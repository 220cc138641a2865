#include "net/backoff.h"

#include "base/clock.h"

#define BACKOFF_SHORT_NS (20 * NS_PER_MS)
#define BACKOFF_FIRST_NS (500 * NS_PER_MS)
/* With the jitter: 30 s. */
#define BACKOFF_LAST_NS (20 * NS_PER_S)

void backoff_init(struct backoff *backoff)
{
	backoff->next_ns = BACKOFF_FIRST_NS;
}

void backoff_reset(struct backoff *backoff)
{
	backoff->next_ns = BACKOFF_SHORT_NS;
}

int64_t backoff_pause(struct backoff *backoff, uint64_t random)
{
	int64_t pause_ns = backoff->next_ns;

	if (pause_ns < BACKOFF_FIRST_NS) {
		backoff->next_ns = BACKOFF_FIRST_NS;
		return pause_ns;
	}
	backoff->next_ns = pause_ns * 2;
	if (backoff->next_ns > BACKOFF_LAST_NS)
		backoff->next_ns = BACKOFF_LAST_NS;
	return pause_ns + (int64_t)(random % (uint64_t)(pause_ns / 2 + 1));
}
