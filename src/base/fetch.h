/*
 * fetch: asks for memory that is used soon. A macro, and ALWAYS_INLINE for what
 * does nothing else: gcc leaves out calls of a function that only prefetches,
 * as if it had no effect.
 */
#ifndef BASE_FETCH_H
#define BASE_FETCH_H

#define FETCH(address) __builtin_prefetch(address)

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
