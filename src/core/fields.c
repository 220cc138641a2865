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

/* ~1 is a slash and ~0 a tilde (RFC 6901 section 3). */
static int unescape(struct span *name, char *out, struct error *error)
{
	size_t size = 0;

	for (size_t i = 0; i < name->size; i++) {
		char c = name->data[i];

		if (c == '~') {
			i++;
			if (i == name->size ||
			    (name->data[i] != '0' && name->data[i] != '1'))
				return error_set(error,
						 "in a JSON Pointer ~ is "
						 "written ~0 (and / is ~1)");
			c = name->data[i] == '0' ? '~' : '/';
		}
		out[size++] = c;
	}
	*name = span_make(out, size);
	return 0;
}

/* Copies one step's text into memory of its own, as the name that it means. */
static int step_name(struct span *name, bool pointer, struct error *error)
{
	char *copy;

	if (!pointer && name->size == 0)
		return error_set(error, "a step is empty (a name with dots, or "
					"an empty one, is written as a JSON "
					"Pointer: /a.b)");
	copy = malloc(name->size + 1);
	if (!copy)
		return error_set(error, "out of memory");
	if (pointer) {
		if (unescape(name, copy, error) < 0) {
			free(copy);
			return -1;
		}
		return 0;
	}
	memcpy(copy, name->data, name->size);
	name->data = copy;
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
	for (;;) {
		size_t size = strcspn(step, pointer ? "/" : ".");
		struct span name = span_make(step, size);

		if (step_name(&name, pointer, error) < 0)
			return -1;
		if (enter(fields, &node, name) < 0)
			return error_set(error, "out of memory");
		if (step[size] == '\0')
			break;
		step += size + 1;
	}
	slot = add_slot(fields, node);
	if (slot < 0)
		return error_set(error, "out of memory");
	return slot;
}
