#include "vectors.h"

#if LEVEL_NEON_IS_BUILT

#include "core/json/vectors_neon.h"

DEFINE_VECTORS(vectors_neon, LEVEL_NEON);

#else

const struct vectors vectors_neon = {.level = LEVEL_NEON};

#endif
