/*
 * The vectors of AVX2, where there are any.
 */
#if defined(__x86_64__)
#define VECTORS	      "core/json/vectors_avx2.h"
#define VECTORS_LEVEL "avx2"
#endif

#include "vectors_checked.h"

int main(void)
{
	return check_vectors();
}
