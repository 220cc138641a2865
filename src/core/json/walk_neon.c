#include "core/json/walk.h"

#if LEVEL_NEON_IS_BUILT

#include "core/json/vectors_neon.h"

#include "core/json/walk_steps.h"

LEVEL void walk_neon(struct walk *walk, struct cursor *cursors)
{
	walk_all(walk, cursors);
}

#else

void walk_neon(struct walk *walk, struct cursor *cursors)
{
	walk_plain(walk, cursors);
}

#endif
