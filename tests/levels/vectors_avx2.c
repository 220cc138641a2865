#include "vectors.h"

#if defined(__x86_64__)

#include "core/json/vectors_avx2.h"

DEFINE_VECTORS(vectors_avx2, LEVEL_AVX2);

#else

const struct vectors vectors_avx2 = {.level = LEVEL_AVX2};

#endif
