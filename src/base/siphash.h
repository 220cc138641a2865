/*
 * siphash: SipHash-1-3, a keyed hash that nobody without the key can steer.
 *
 * J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", 2012;
 * one round a word and three at the end, as hash tables use it.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stdint.h>

#include "base/span.h"

/* Any change of `tweak` gives another, independent function. */
uint64_t siphash(const uint64_t key[2], uint64_t tweak, struct span bytes);

#endif
