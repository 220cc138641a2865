#include "core/fields.h"

#include <stdlib.h>

#include "base/utf8.h"

void fields_init(struct fields *fields)
{
	*fields = (struct fields){0};
}

void fields_release(struct fields *fields)
{
	for (size_t i = 0; i < fields->node_count; i++)
		free((char *)fields->nodes[i].name.data);
	free(fields->nodes);
	free(fields->next_slot);
	fields_init(fields);
}

/* "0", or digits that do not begin with 0 (RFC 6901 section 4). */
static uint32_t index_of(struct span name)
{
	uint64_t index = 0;

	if (name.size == 0 || name.size > 10 ||
	    (name.data[0] == '0' && name.size > 1))
		return FIELD_NONE;
	for (size_t i = 0; i < name.size; i++) {
		if (name.data[i] < '0' || name.data[i] > '9')
			return FIELD_NONE;
		index = index * 10 + (uint64_t)(name.data[i] - '0');
	}
	return index < FIELD_NONE ? (uint32_t)index : FIELD_NONE;
}

/* Appends a node; it takes the name's memory over only when it succeeds. */
static int add_node(struct fields *fields, struct span name)
{
	size_t count = fields->node_count + 1;
	struct field_node *nodes;

	nodes = realloc(fields->nodes, count * sizeof(*nodes));
	if (!nodes)
		return -1;
	nodes[count - 1] = (struct field_node){
		.name = name,
		.index = index_of(name),
		.first_child = FIELD_NONE,
		.next_sibling = FIELD_NONE,
		.first_slot = FIELD_NONE,
	};
	fields->nodes = nodes;
	fields->node_count = count;
	return 0;
}

/*
 * Goes from the node to its child of that name, which is made if there is
 * none. Takes the name's memory over in any case.
 */
static int enter(struct fields *fields, uint32_t *node, struct span name)
{
	uint32_t parent = *node;
	uint32_t child = fields->nodes[parent].first_child;

	while (child != FIELD_NONE &&
	       !span_equal(fields->nodes[child].name, name))
		child = fields->nodes[child].next_sibling;
	if (child == FIELD_NONE) {
		if (add_node(fields, name) < 0) {
			free((char *)name.data);
			return -1;
		}
		child = (uint32_t)(fields->node_count - 1);
		fields->nodes[child].next_sibling =
			fields->nodes[parent].first_child;
		fields->nodes[parent].first_child = child;
	} else {
		free((char *)name.data);
	}
	*node = child;
	return 0;
}

/*
 * The name that a step of a JSON Pointer spells, in memory that has room for
 * it: ~1 is a slash and ~0 a tilde (RFC 6901 section 3). False: there is
 * another tilde.
 */
static bool unescape(struct span step, char *out, size_t *size)
{
	*size = 0;
	for (size_t i = 0; i < step.size; i++) {
		char c = step.data[i];

		if (c == '~') {
			i++;
			if (i == step.size ||
			    (step.data[i] != '0' && step.data[i] != '1'))
				return false;
			c = step.data[i] == '0' ? '~' : '/';
		}
		out[(*size)++] = c;
	}
	return true;
}

/* Adds a step, spelled as in the FIELD, to the path that ends in the node. */
static int add_step(struct fields *fields, uint32_t *node, struct span step,
		    bool pointer, struct error *error)
{
	size_t size = step.size;
	char *name;

	if (!pointer && size == 0)
		return error_set(error, "a step is empty (a name with dots, or "
					"an empty one, is written as a JSON "
					"Pointer: /a.b)");
	name = malloc(size + 1);
	if (!name)
		return error_set(error, "out of memory");
	if (!pointer) {
		memcpy(name, step.data, size);
	} else if (!unescape(step, name, &size)) {
		free(name);
		return error_set(error, "in a JSON Pointer ~ is written ~0 "
					"(and / is ~1)");
	}
	if (enter(fields, node, span_make(name, size)) < 0)
		return error_set(error, "out of memory");
	return 0;
}

static int add_slot(struct fields *fields, uint32_t node)
{
	size_t slot = fields->slot_count;
	uint32_t *next_slot;

	next_slot = realloc(fields->next_slot, (slot + 1) * sizeof(*next_slot));
	if (!next_slot)
		return -1;
	fields->next_slot = next_slot;
	next_slot[slot] = fields->nodes[node].first_slot;
	fields->nodes[node].first_slot = (uint32_t)slot;
	fields->slot_count++;
	return (int)slot;
}

int fields_add(struct fields *fields, const char *field, struct error *error)
{
	bool pointer = field[0] == '/';
	const char *step = pointer ? field + 1 : field;
	uint32_t node = 0;
	int slot;

	if (field[0] == '\0')
		return error_set(error, "a FIELD is empty");
	if (!utf8_is_valid(span_of(field)))
		return error_set(error, "is not valid UTF-8");
	if (fields->node_count == 0 && add_node(fields, span_make(NULL, 0)) < 0)
		return error_set(error, "out of memory");
	for (int steps = 1;; steps++) {
		size_t size = strcspn(step, pointer ? "/" : ".");

		if (steps > FIELD_STEPS_MAX)
			return error_set(error, "has more than %d steps",
					 FIELD_STEPS_MAX);
		if (add_step(fields, &node, span_make(step, size), pointer,
			     error) < 0)
			return -1;
		if (step[size] == '\0')
			break;
		step += size + 1;
	}
	slot = add_slot(fields, node);
	if (slot < 0)
		return error_set(error, "out of memory");
	return slot;
}
