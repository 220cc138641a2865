#include "core/json/vectors_plain.h"

#include "core/json/walk_steps.h"

void walk_plain(struct walk *walk, struct cursor *cursors)
{
	walk_all(walk, cursors);
}
