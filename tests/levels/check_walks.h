/*
 * check_walks: what a level makes of lines is held against json_scan() and
 * against what the level in C makes of them.
 */
#ifndef LEVELS_CHECK_WALKS_H
#define LEVELS_CHECK_WALKS_H

#include "core/json/level.h"
#include "tally.h"

/* Random lines, some of them damaged, with each number of cursors. Nothing
 * behind the last of them is there. Says the first difference. */
void check_walks(struct tally *tally, enum level level);

#endif
