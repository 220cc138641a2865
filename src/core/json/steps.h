/*
 * steps: which step of the query's FIELDs is taken by a name or an index.
 */
#ifndef CORE_JSON_STEPS_H
#define CORE_JSON_STEPS_H

#include "core/json.h"

/*
 * The child of the node that the name of a member (what its quotes hold; with a
 * backslash in it if `escaped`) leads to, or FIELD_NONE.
 */
static inline uint32_t step_by_name(const struct fields *fields, uint32_t node,
				    struct span name, bool escaped)
{
	const struct field_node *nodes = fields->nodes;
	uint32_t child = nodes[node].first_child;

	for (; child != FIELD_NONE; child = nodes[child].next_sibling) {
		if (escaped ? json_text_equals(name, nodes[child].name)
			    : span_equal(name, nodes[child].name))
			break;
	}
	return child;
}

/* The same of an element of an array. */
static inline uint32_t step_by_index(const struct fields *fields, uint32_t node,
				     uint32_t index)
{
	const struct field_node *nodes = fields->nodes;
	uint32_t child = nodes[node].first_child;

	while (child != FIELD_NONE && nodes[child].index != index)
		child = nodes[child].next_sibling;
	return child;
}

#endif
