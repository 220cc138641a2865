/*
 * From a record to its edges. The line is known to be valid, so that nothing is
 * checked here; it is taken apart as shapes.h says, and each part is followed
 * or added.
 */
#include <string.h>

#include "core/json/shapes.h"
#include "core/json/steps.h"

struct learner {
	struct shapes *shapes;
	const char *literal; /* where the open one begins */
	uint16_t edge;	     /* the last one, */
	uint16_t context;    /* what is open, */
	uint32_t node;	     /* and the FIELDs' node of the value to come */
	uint32_t clear;	     /* marks that the open literal takes back */
	bool failed;
};

/* The value whose literal ends: what is known of it. */
struct value {
	enum edge_run run;
	uint8_t mark; /* or MARKS_MAX */
	uint32_t tag; /* see struct edge */
};

static const char *skip_spaces(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
	return p;
}

static const char *skip_digits(const char *p)
{
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

/* From behind the opening quote to the closing one. */
static const char *skip_text(const char *p)
{
	while (*p != '"')
		p += *p == '\\' ? 2 : 1;
	return p;
}

/* --- edges ---------------------------------------------------------------- */

static void follow(struct learner *learner, struct edge *edge, enum phase phase,
		   uint16_t detail)
{
	struct shapes *shapes = learner->shapes;
	uint16_t context = phase == PHASE_LINE ? 0 : learner->context;
	uint16_t found = shapes_find(shapes, learner->edge, edge);

	if (found == EDGE_NONE) {
		edge->mask = (uint32_t)((UINT64_C(1) << edge->size) - 1);
		edge->steady = true;
		edge->junction =
			shapes_junction(shapes, context, phase, detail);
		if (edge->junction != 0)
			found = shapes_add(shapes, learner->edge, edge);
	}
	shapes_note(shapes, learner->edge, found);
	learner->edge = found;
	learner->failed = found == EDGE_NONE;
}

/* An edge with the open literal, which says nothing of a value. */
static struct edge open_edge(const struct learner *learner, size_t size)
{
	struct edge edge = {
		.size = (uint8_t)size,
		.word = shapes_stride(learner->shapes) - 1,
	};

	memcpy(edge.literal, learner->literal, size);
	return edge;
}

/* Cuts off what is too long for one edge. */
static void follow_pieces(struct learner *learner, const char *end)
{
	while (end - learner->literal > LITERAL_MAX && !learner->failed) {
		struct edge edge = open_edge(learner, LITERAL_MAX);

		learner->literal += LITERAL_MAX;
		/* Which piece it is, by the edge that it would be. */
		follow(learner, &edge, PHASE_PIECE,
		       (uint16_t)learner->shapes->edge_count);
	}
}

/* The open literal ends here, and a run of the value follows. */
static void end_literal(struct learner *learner, const char *end,
			const struct value *value, enum phase phase)
{
	struct edge edge;

	follow_pieces(learner, end);
	if (learner->failed)
		return;
	edge = open_edge(learner, (size_t)(end - learner->literal));
	edge.run = (uint8_t)value->run;
	edge.tag = value->tag;
	if (value->mark < MARKS_MAX)
		edge.word = 1u + value->mark;
	edge.clear = learner->clear;
	learner->clear = 0;
	follow(learner, &edge, phase, 0);
}

/* --- values --------------------------------------------------------------- */

static const char *learn_text(struct learner *learner, const char *p,
			      uint8_t mark)
{
	struct value value = {RUN_TEXT, mark, MARK_STRING};

	end_literal(learner, p + 1, &value, PHASE_TEXT);
	learner->literal = skip_text(p + 1);
	return learner->literal + 1;
}

static const char *learn_word(struct learner *learner, const char *p,
			      uint8_t mark)
{
	struct value value = {RUN_WORD, mark, 0};

	end_literal(learner, p, &value, PHASE_VALUE);
	learner->literal = p + (*p == 'f' ? 5 : 4);
	return learner->literal;
}

static const char *learn_number(struct learner *learner, const char *p,
				uint8_t mark)
{
	struct value value = {RUN_NUMBER, mark, 0};

	if (*p == '-') {
		p++;
		value.tag--;
	}
	end_literal(learner, p, &value, PHASE_VALUE);
	p = skip_digits(p);
	if (*p == '.')
		p = skip_digits(p + 1);
	learner->literal = p;
	/* Rare, and no run. */
	if (*p == 'e' || *p == 'E')
		learner->failed = true;
	return p;
}

/* What the value of a node takes back and sets. Returns its mark. */
static uint8_t meet_node(struct learner *learner, bool is_scalar)
{
	const struct shapes *shapes = learner->shapes;
	uint32_t node = learner->node;
	uint8_t mark;

	if (node == FIELD_NONE)
		return MARKS_MAX;
	mark = shapes->mark_of[node];
	learner->clear |= shapes->below[node];
	if (mark == MARKS_MAX)
		return mark;
	/* An object or array where a FIELD ends: an order that is rejected, or
	 * a filter. Rare enough for the long way. */
	if (!is_scalar)
		learner->failed = true;
	return mark;
}

/* --- levels --------------------------------------------------------------- */

/* The name of a member, up to its value. */
static const char *learn_name(struct learner *learner, const char *p)
{
	uint32_t node = learner->shapes->contexts[learner->context].node;
	const char *end = skip_text(p + 1);
	struct span name = span_make(p + 1, (size_t)(end - p - 1));

	if (node != FIELD_NONE)
		node = step_by_name(learner->shapes->fields, node, name,
				    memchr(name.data, '\\', name.size) != NULL);
	learner->node = node;
	return skip_spaces(skip_spaces(end + 1) + 1);
}

/* Whether the elements of this array are told from each other. */
static bool are_indexed(const struct learner *learner, uint32_t node)
{
	return node != FIELD_NONE &&
	       learner->shapes->fields->nodes[node].first_child != FIELD_NONE;
}

static void set_context(struct learner *learner, const struct context *context)
{
	learner->context = shapes_context(learner->shapes, context);
	if (learner->context == 0)
		learner->failed = true;
}

/* All elements behind the last one that a FIELD names are alike. */
static uint32_t next_index(const struct learner *learner,
			   const struct context *array)
{
	const struct field_node *nodes = learner->shapes->fields->nodes;
	uint32_t child = nodes[array->node].first_child;

	for (; child != FIELD_NONE; child = nodes[child].next_sibling)
		if (nodes[child].index != FIELD_NONE &&
		    nodes[child].index > array->index)
			return array->index + 1;
	return FIELD_NONE;
}

/* The value to come is an element of the array that is open. */
static void meet_element(struct learner *learner)
{
	const struct context *context =
		&learner->shapes->contexts[learner->context];

	learner->node = FIELD_NONE;
	if (are_indexed(learner, context->node) && context->index != FIELD_NONE)
		learner->node = step_by_index(learner->shapes->fields,
					      context->node, context->index);
}

/* From behind a comma to the value. */
static const char *learn_next(struct learner *learner, const char *p)
{
	struct context context = learner->shapes->contexts[learner->context];

	p = skip_spaces(p);
	if (context.is_object)
		return learn_name(learner, p);
	if (are_indexed(learner, context.node) && context.index != FIELD_NONE) {
		context.index = next_index(learner, &context);
		set_context(learner, &context);
	}
	meet_element(learner);
	return p;
}

/*
 * From the brace or bracket that opens a level to its first value; NULL: there
 * is none, and *end is behind it.
 */
static const char *learn_level(struct learner *learner, const char *p,
			       const char **end)
{
	struct context context = {
		.parent = learner->context,
		.is_object = *p == '{',
		.node = learner->node,
	};

	p = skip_spaces(p + 1);
	if (*p == '}' || *p == ']') {
		*end = p + 1;
		return NULL;
	}
	set_context(learner, &context);
	if (learner->failed)
		return NULL;
	if (context.is_object)
		return learn_name(learner, p);
	meet_element(learner);
	return p;
}

/*
 * From behind a value to the next one; NULL: the line ends, and its last edge
 * was followed.
 */
static const char *learn_rest(struct learner *learner, const char *p)
{
	struct edge edge;

	for (;;) {
		p = skip_spaces(p);
		if (learner->context == 0)
			break;
		if (*p == ',')
			return learn_next(learner, p + 1);
		p++;
		learner->context =
			learner->shapes->contexts[learner->context].parent;
	}
	follow_pieces(learner, p + 1);
	if (learner->failed)
		return NULL;
	edge = open_edge(learner, (size_t)(p + 1 - learner->literal));
	edge.line = edge.size;
	follow(learner, &edge, PHASE_LINE, 0);
	return NULL;
}

/* An empty object or array that takes marks back is an edge of its own. */
static void learn_empty(struct learner *learner, const char *end)
{
	struct value none = {RUN_NONE, MARKS_MAX, 0};

	if (learner->clear == 0)
		return;
	end_literal(learner, end, &none, PHASE_VALUE);
	learner->literal = end;
}

static const char *learn_scalar(struct learner *learner, const char *p)
{
	uint8_t mark = meet_node(learner, true);

	switch (*p) {
	case '"': return learn_text(learner, p, mark);
	case 't':
	case 'f':
	case 'n': return learn_word(learner, p, mark);
	default: return learn_number(learner, p, mark);
	}
}

bool shapes_learn(struct shapes *shapes, struct span line)
{
	struct learner learner = {
		.shapes = shapes,
		.literal = line.data,
		.edge = EDGE_START,
		.node = 0,
	};
	uint32_t edges = shapes->edge_count;
	const char *p = skip_spaces(line.data);
	const char *end = p;

	while (p && !learner.failed) {
		const char *value = p;

		if (*p != '{' && *p != '[') {
			p = learn_scalar(&learner, p);
			if (!learner.failed)
				p = learn_rest(&learner, p);
			continue;
		}
		if (learner.context != 0)
			meet_node(&learner, false);
		p = learn_level(&learner, value, &end);
		if (p || learner.failed)
			continue;
		learn_empty(&learner, end);
		if (!learner.failed)
			p = learn_rest(&learner, end);
	}
	if (shapes->edge_count != edges)
		shapes_settle(shapes);
	return !learner.failed;
}
