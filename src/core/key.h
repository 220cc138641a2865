/*
 * key: what makes a group: the values of the key fields, typed and exact.
 *
 * An encoded key is, for each key field, one byte of type, two bytes of length
 * (low first) and the value's bytes: a string's text after unescaping, a
 * number's literal text, nothing for null, true and false. Two records are in
 * one group when their encoded keys are equal.
 */
#ifndef CORE_KEY_H
#define CORE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Most fields that a key can have. */
#define KEY_FIELDS_MAX 16

/* Longest value of one key field, in bytes after unescaping. */
#define KEY_PART_MAX 4096

/* In the order in which rows are sorted. */
enum key_type { KEY_NULL, KEY_FALSE, KEY_TRUE, KEY_NUMBER, KEY_STRING };

struct key_part {
	enum key_type type;
	struct span text; /* the literal of null, true, false too */
};

/* Bytes that the encoding of these parts takes. */
size_t key_size(const struct key_part *parts, size_t count);
void key_encode(unsigned char *key, const struct key_part *parts, size_t count);
bool key_holds(const unsigned char *key, const struct key_part *parts,
	       size_t count);

/* Bytes of an encoded key. */
size_t key_length(const unsigned char *key, size_t count);

/* Do these bytes hold an encoded key, and nothing more? */
bool key_is_encoded(const unsigned char *key, size_t size, size_t count);

/* Decodes the part at *key and moves *key behind it; borrowed from the key. */
struct key_part key_next(const unsigned char **key);

/*
 * The order of rows: null, false, true, numbers by value then text, strings by
 * bytes; the first key field decides before the second.
 */
int key_compare(const unsigned char *a, const unsigned char *b, size_t count);

/*
 * Eight bytes of that order, from the byte `depth` on (0, 8, ..): of two keys
 * with the same ranks up to there the one with the lower rank comes first.
 * Those that have all ranks in common may still differ; a rank of 0 is followed
 * by no other one.
 */
uint64_t key_rank(const unsigned char *key, size_t count, size_t depth);

#endif
