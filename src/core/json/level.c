#include "core/json/level.h"

#include <string.h>

static const char *const names[LEVELS] = {
	[LEVEL_BEST] = "best", [LEVEL_OFF] = "off",   [LEVEL_PLAIN] = "plain",
	[LEVEL_SSE2] = "sse2", [LEVEL_AVX2] = "avx2", [LEVEL_NEON] = "neon",
};

const char *level_name(enum level level)
{
	return names[level];
}

enum level level_by_name(const char *name)
{
	enum level level = LEVEL_BEST + 1;

	while (level < LEVELS && strcmp(names[level], name) != 0)
		level++;
	return level;
}

bool level_is_there(enum level level)
{
	switch (level) {
#if defined(__x86_64__)
	case LEVEL_AVX2:
		return __builtin_cpu_supports("avx2") &&
		       __builtin_cpu_supports("bmi") &&
		       __builtin_cpu_supports("bmi2");
	case LEVEL_SSE2:
#elif LEVEL_NEON_IS_BUILT
	case LEVEL_NEON:
#endif
	case LEVEL_BEST:
	case LEVEL_OFF:
	case LEVEL_PLAIN: return true;
	default: return false;
	}
}

enum level level_resolve(enum level level)
{
	if (level != LEVEL_BEST)
		return level;
	for (level = LEVELS - 1; !level_is_there(level);)
		level--;
	/* In C, steps take twice as long as the long way. */
	return level == LEVEL_PLAIN ? LEVEL_OFF : level;
}
