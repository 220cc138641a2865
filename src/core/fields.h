/*
 * fields: the FIELDs of a query, compiled to a tree of names.
 *
 * A FIELD is a name, a dotted path or a JSON Pointer (RFC 6901). Each is found
 * in a slot, numbered in the order of adding. The tree lets one pass over a
 * record look for all of them at once.
 */
#ifndef CORE_FIELDS_H
#define CORE_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

#define FIELD_NONE UINT32_MAX

/* Most steps of a path: no record is deeper (JSON_DEPTH_MAX). */
#define FIELD_STEPS_MAX 1000

/* A step of a path: the value of a name in an object, or of an index. */
struct field_node {
	struct span name;     /* the step; owned by the fields */
	uint32_t index;	      /* the step as an array index, or FIELD_NONE */
	uint32_t first_child; /* node number, or FIELD_NONE */
	uint32_t next_sibling;
	uint32_t first_slot; /* slots that end here: chained, or FIELD_NONE */
};

struct fields {
	struct field_node *nodes; /* [0] is the record itself */
	size_t node_count;
	uint32_t *next_slot; /* the chain of slots that end in one node */
	size_t slot_count;
};

void fields_init(struct fields *fields);
void fields_release(struct fields *fields);

/*
 * Adds one FIELD. Returns its slot, or -1: it is none (an empty step, a bad
 * escape, no UTF-8), or memory is out; then all that is left to do is
 * fields_release(). The message says what is wrong, without naming the FIELD.
 */
int fields_add(struct fields *fields, const char *field,
	       struct error *error) MUST_CHECK;

#endif
