#include "core/json/walk.h"

#if defined(__x86_64__)

#include "core/json/vectors_sse2.h"

#include "core/json/walk_steps.h"

LEVEL void walk_sse2(struct walk *walk, struct cursor *cursors)
{
	walk_all(walk, cursors);
}

#else

void walk_sse2(struct walk *walk, struct cursor *cursors)
{
	walk_plain(walk, cursors);
}

#endif
