/*
 * check_vectors: the vectors of a level are held against those in C.
 */
#ifndef LEVELS_CHECK_VECTORS_H
#define LEVELS_CHECK_VECTORS_H

#include "tally.h"
#include "vectors.h"

/* Each byte at each place among others of many kinds, and random ones; nothing
 * behind what may be read is there. Says the first difference. */
void check_vectors(struct tally *tally, const struct vectors *vectors);

#endif
