/*
 * The scanner: levels, and the way to the fields. What it does with spaces,
 * strings, numbers and literals is in scan_parts.h.
 *
 * On the way to a field (scan_object, scan_array) the C stack follows the path,
 * which is as deep as the fields are; everything else is skip_value(), which
 * keeps what its levels are in an array.
 */
#include "core/json.h"

#include "core/json/scan_parts.h"
#include "core/json/steps.h"

/* --- levels --------------------------------------------------------------- */

static bool enter(struct scan *scan, const char *p)
{
	if (scan->depth == JSON_DEPTH_MAX) {
		scan->too_deep = true;
		fault(scan, p);
		return false;
	}
	scan->depth++;
	return true;
}

/* From a name's quote to its member's value; the name is what stands there. */
static inline const char *scan_name(struct scan *scan, const char *p,
				    struct span *name)
{
	const char *close;

	if (*p != '"')
		return fault(scan, p);
	close = scan_string(scan, p + 1);
	if (!close)
		return NULL;
	*name = span_make(p + 1, (size_t)(close - p - 1));
	p = skip_space(close + 1);
	return *p == ':' ? skip_space(p + 1) : fault(scan, p);
}

/* From the first byte of an object or array to what stands first in it. */
static const char *open_level(struct scan *scan, const char *p)
{
	if (!enter(scan, p))
		return NULL;
	scan->is_object[scan->depth] = *p == '{';
	return skip_space(p + 1);
}

/*
 * From behind a value to the next one beside it, closing the levels that end
 * here; behind the value with which `base` is reached again.
 */
static const char *close_levels(struct scan *scan, const char *p, unsigned base)
{
	while (scan->depth > base) {
		bool is_object = scan->is_object[scan->depth];
		struct span name;

		p = skip_space(p);
		if (*p == ',') {
			p = skip_space(p + 1);
			return is_object ? scan_name(scan, p, &name) : p;
		}
		if (*p != (is_object ? '}' : ']'))
			return fault(scan, p);
		scan->depth--;
		p++;
	}
	return p;
}

/*
 * From the first byte of a value to behind it, however deep it goes. Each turn
 * takes a scalar, or the opening of a level; then what closes is closed.
 */
static const char *skip_value(struct scan *scan, const char *p)
{
	unsigned base = scan->depth;
	struct span name;

	do {
		if (*p == '{' || *p == '[') {
			bool is_object = *p == '{';

			p = open_level(scan, p);
			if (p && *p != (is_object ? '}' : ']')) {
				if (is_object)
					p = scan_name(scan, p, &name);
				continue;
			}
		} else {
			p = skip_scalar(scan, p);
		}
		if (p)
			p = close_levels(scan, p, base);
	} while (p && scan->depth > base);
	return p;
}

/* --- the way to the fields ------------------------------------------------ */

/* What was found below a node before does not count: the name came again. */
static void forget_children(struct scan *scan, uint32_t node)
{
	const struct field_node *nodes = scan->fields->nodes;
	uint32_t child = nodes[node].first_child;

	for (; child != FIELD_NONE; child = nodes[child].next_sibling) {
		uint32_t slot = nodes[child].first_slot;

		for (; slot != FIELD_NONE; slot = scan->fields->next_slot[slot])
			scan->values[slot].type = JSON_ABSENT;
		forget_children(scan, child);
	}
}

static enum json_type type_of(char first)
{
	switch (first) {
	case '{': return JSON_OBJECT;
	case '[': return JSON_ARRAY;
	case 'n': return JSON_NULL;
	case 't': return JSON_TRUE;
	case 'f': return JSON_FALSE;
	default: return JSON_NUMBER;
	}
}

static const char *scan_object(struct scan *scan, const char *p, uint32_t node);
static const char *scan_array(struct scan *scan, const char *p, uint32_t node);

/* The value of a node on which paths go on. */
static const char *scan_inner(struct scan *scan, const char *p, uint32_t node)
{
	forget_children(scan, node);
	if (*p == '{')
		return scan_object(scan, p, node);
	if (*p == '[')
		return scan_array(scan, p, node);
	return skip_value(scan, p);
}

/* The value from start to p; a string is the one scanned last. */
static inline struct json_value value_of(const struct scan *scan,
					 const char *start, const char *p)
{
	struct json_value value = {.type = JSON_STRING};

	value.text = span_make(start, (size_t)(p - start));
	if (*start == '"') {
		value.escaped = scan->escaped;
		value.text = span_make(start + 1, value.text.size - 2);
	} else {
		value.type = type_of(*start);
	}
	return value;
}

/* The value that stands where the path to this node leads. */
static const char *scan_field(struct scan *scan, const char *p, uint32_t node)
{
	const struct field_node *found = &scan->fields->nodes[node];
	uint32_t slot = found->first_slot;
	const char *start = p;
	struct json_value value;

	if (found->first_child != FIELD_NONE)
		p = scan_inner(scan, p, node);
	else
		p = *p == '"' ? skip_string(scan, p) : skip_value(scan, p);
	if (!p)
		return NULL;
	value = value_of(scan, start, p);
	for (; slot != FIELD_NONE; slot = scan->fields->next_slot[slot])
		scan->values[slot] = value;
	return p;
}

static inline const char *scan_member(struct scan *scan, const char *p,
				      uint32_t node)
{
	if (node != FIELD_NONE)
		return scan_field(scan, p, node);
	return *p == '"' ? skip_string(scan, p) : skip_value(scan, p);
}

static const char *scan_object(struct scan *scan, const char *p, uint32_t node)
{
	struct span name;

	if (!enter(scan, p))
		return NULL;
	p = skip_space(p + 1);
	if (*p == '}') {
		scan->depth--;
		return p + 1;
	}
	for (;;) {
		p = scan_name(scan, p, &name);
		if (p)
			p = scan_member(scan, p,
					step_by_name(scan->fields, node, name,
						     scan->escaped));
		if (!p)
			return NULL;
		p = skip_space(p);
		if (*p != ',')
			break;
		p = skip_space(p + 1);
	}
	scan->depth--;
	return *p == '}' ? p + 1 : fault(scan, p);
}

static const char *scan_array(struct scan *scan, const char *p, uint32_t node)
{
	uint32_t index = 0;

	if (!enter(scan, p))
		return NULL;
	p = skip_space(p + 1);
	if (*p == ']') {
		scan->depth--;
		return p + 1;
	}
	for (;;) {
		p = scan_member(scan, p,
				step_by_index(scan->fields, node, index++));
		if (!p)
			return NULL;
		p = skip_space(p);
		if (*p != ',')
			break;
		p = skip_space(p + 1);
	}
	scan->depth--;
	return *p == ']' ? p + 1 : fault(scan, p);
}

enum json_verdict json_scan(const struct fields *fields, struct span line,
			    struct json_value *values, size_t *offset)
{
	struct scan scan;
	const char *start = skip_space(line.data);
	const char *p;

	scan.fields = fields;
	scan.values = values;
	scan.end = line.data + line.size;
	scan.offender = start;
	scan.has_words = line.size >= 7;
	scan.too_deep = false;
	scan.depth = 0;
	for (size_t i = 0; i < fields->slot_count; i++)
		values[i].type = JSON_ABSENT;
	p = *start == '{' ? scan_object(&scan, start, 0)
			  : skip_value(&scan, start);
	if (p) {
		p = skip_space(p);
		if (p != scan.end)
			p = fault(&scan, p);
	}
	*offset = (size_t)(scan.offender - line.data);
	if (!p)
		return scan.too_deep ? JSON_TOO_DEEP : JSON_INVALID;
	return *start == '{' ? JSON_VALID : JSON_NOT_OBJECT;
}

bool json_next_member(struct span *rest, struct json_member *member)
{
	const char *end = rest->data + rest->size;
	const char *p = skip_space(rest->data);
	const char *start;
	struct scan scan;

	if (*p == '}')
		return false;
	/* Over the brace that opens, or a comma. */
	p = skip_space(p + 1);
	if (*p == '}')
		return false;
	scan.end = end;
	scan.has_words = rest->size >= 7;
	scan.depth = 0;
	start = scan_name(&scan, p, &member->name);
	p = start ? skip_value(&scan, start) : NULL;
	if (!p)
		return false;
	member->value = value_of(&scan, start, p);
	*rest = span_make(p, (size_t)(end - p));
	return true;
}
