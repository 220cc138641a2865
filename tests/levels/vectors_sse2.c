#include "vectors.h"

#if defined(__x86_64__)

#include "core/json/vectors_sse2.h"

DEFINE_VECTORS(vectors_sse2, LEVEL_SSE2);

#else

const struct vectors vectors_sse2 = {.level = LEVEL_SSE2};

#endif
