#include "core/json/vectors_plain.h"

#include "vectors.h"

DEFINE_VECTORS(vectors_plain, LEVEL_PLAIN);
