/*
 * utf8: RFC 3629, one character at a time.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/*
 * Decodes the character at text.data. Returns its length in bytes (1 to 4), or
 * 0 when it is no character: then *code is how many bytes of it were good
 * before the offending one. The text is not empty.
 */
size_t utf8_decode(struct span text, uint32_t *code);

/* Writes a scalar value; returns the 1 to 4 bytes that it took. */
size_t utf8_encode(uint32_t code, char out[4]);

bool utf8_is_valid(struct span text);

#endif
