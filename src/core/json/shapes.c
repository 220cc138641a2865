/*
 * The graph: junctions, edges, and how the bytes ahead choose between the edges
 * of a junction.
 */
#include "core/json/shapes.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_BITS_MAX 10
#define TABLES_MIN     1024
#define TRIES	       32 /* multipliers that are tried for one size */

/* Where the bytes may stand that tell edges apart. */
#define PROBES	4u
#define OFFSETS 24u

/* `likely` is steady while it is wrong less often than once in so many. */
#define STEADY_SHARE 16
#define STRAYS_MIN   64

/* --- the FIELDs ----------------------------------------------------------- */

/* Numbers the nodes at which a FIELD ends; what is below the node, itself left
 * out. */
static uint32_t number_marks(struct shapes *shapes, uint32_t node)
{
	const struct field_node *nodes = shapes->fields->nodes;
	uint32_t child = nodes[node].first_child;
	uint32_t below = 0;

	for (; child != FIELD_NONE; child = nodes[child].next_sibling) {
		uint8_t mark = MARKS_MAX;

		if (nodes[child].first_slot != FIELD_NONE) {
			if (shapes->marks < MARKS_MAX) {
				mark = (uint8_t)shapes->marks;
				below |= UINT32_C(1) << mark;
			}
			shapes->marks += shapes->marks <= MARKS_MAX;
		}
		shapes->mark_of[child] = mark;
		shapes->below[child] = number_marks(shapes, child);
		below |= shapes->below[child];
	}
	return below;
}

int shapes_init(struct shapes *shapes, const struct fields *fields)
{
	size_t nodes = fields->node_count + 1;

	*shapes = (struct shapes){.fields = fields};
	shapes->mark_of = malloc(nodes);
	shapes->below = calloc(nodes, sizeof(*shapes->below));
	shapes->edges = aligned_alloc(64, EDGES_MAX * sizeof(struct edge));
	shapes->junctions = calloc(JUNCTIONS_MAX, sizeof(struct junction));
	shapes->contexts = calloc(CONTEXTS_MAX, sizeof(struct context));
	shapes->table_capacity = TABLES_MIN;
	shapes->tables = calloc(TABLES_MIN, sizeof(*shapes->tables));
	if (!shapes->tables || !shapes->mark_of || !shapes->below ||
	    !shapes->edges || !shapes->junctions || !shapes->contexts)
		return -1;
	memset(shapes->mark_of, MARKS_MAX, nodes);
	if (fields->node_count > 0)
		shapes->below[0] = number_marks(shapes, 0);
	shapes_clear(shapes);
	return 0;
}

void shapes_release(struct shapes *shapes)
{
	free(shapes->mark_of);
	free(shapes->below);
	free(shapes->edges);
	free(shapes->junctions);
	free(shapes->contexts);
	free(shapes->tables);
	*shapes = (struct shapes){0};
}

void shapes_clear(struct shapes *shapes)
{
	struct edge fixed = {
		.steady = true,
		.word = shapes_stride(shapes) - 1,
	};

	shapes->edge_count = EDGES_FIXED;
	shapes->junction_count = 1;
	shapes->context_count = 1;
	/* The first place is that of junctions that no edge leaves. */
	shapes->table_size = 1;
	shapes->tables[0] = EDGE_NONE;
	shapes->contexts[0] = (struct context){.node = 0};
	for (unsigned i = 0; i < EDGES_FIXED; i++)
		shapes->edges[i] = fixed;
	/* No UTF-8 has such a byte. */
	memset(shapes->edges[EDGE_NONE].literal, 0xff, LITERAL_MAX);
	shapes->edges[EDGE_NONE].size = LITERAL_MAX;
	shapes->edges[EDGE_NONE].mask = UINT32_MAX;
	for (unsigned i = 0; i < EDGES_FIXED; i++)
		shapes->edges[i].likely = &shapes->edges[EDGE_NONE];
	shapes->edges[EDGE_REST].likely = &shapes->edges[EDGE_REST];
	shapes->edges[EDGE_START].junction =
		shapes_junction(shapes, 0, PHASE_LINE, 0);
}

uint16_t shapes_context(struct shapes *shapes, const struct context *context)
{
	for (uint32_t i = 1; i < shapes->context_count; i++) {
		const struct context *known = &shapes->contexts[i];

		if (known->parent == context->parent &&
		    known->is_object == context->is_object &&
		    known->node == context->node &&
		    known->index == context->index)
			return (uint16_t)i;
	}
	if (shapes->context_count == CONTEXTS_MAX)
		return 0;
	shapes->contexts[shapes->context_count] = *context;
	return (uint16_t)shapes->context_count++;
}

uint16_t shapes_junction(struct shapes *shapes, uint16_t context,
			 enum phase phase, uint16_t detail)
{
	for (uint32_t i = 1; i < shapes->junction_count; i++) {
		const struct junction *known = &shapes->junctions[i];

		if (known->context == context && known->phase == phase &&
		    known->detail == detail)
			return (uint16_t)i;
	}
	if (shapes->junction_count == JUNCTIONS_MAX)
		return 0;
	shapes->junctions[shapes->junction_count] = (struct junction){
		.context = context, .phase = (uint16_t)phase, .detail = detail};
	return (uint16_t)shapes->junction_count++;
}

/* --- which bytes tell the edges of a junction apart ----------------------- */

/* The bytes of the literal, without the next line's that it took along. */
static unsigned own_size(const struct edge *edge)
{
	return edge->line ? edge->line : edge->size;
}

static uint64_t window_mask(unsigned width)
{
	return width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 1;
}

/* What the junction's hash is made of, before that edge. */
static uint64_t look_ahead(const struct junction *junction,
			   const struct edge *edge)
{
	unsigned char text[LITERAL_MAX + 8] = {0};
	unsigned char probed = edge->literal[junction->probe];
	uint64_t window;

	if (probed != junction->common)
		return probed;
	memcpy(text, edge->literal, LITERAL_MAX);
	memcpy(&window, text + junction->offset, 8);
	return window & junction->window;
}

/* Pairs of edges that look the same; more than `most` are not counted. */
static unsigned count_alike(const struct shapes *shapes,
			    const struct junction *junction, unsigned most)
{
	uint64_t seen[CHOICES_MAX];
	unsigned count = 0, alike = 0;

	for (uint16_t i = junction->first; i && alike < most;
	     i = shapes->edges[i].next) {
		seen[count] = look_ahead(junction, &shapes->edges[i]);
		for (unsigned j = 0; j < count; j++)
			alike += seen[j] == seen[count];
		count++;
	}
	return alike;
}

/* Does every edge of the junction determine all bytes of the window? */
static bool is_known(const struct shapes *shapes,
		     const struct junction *junction, unsigned end)
{
	for (uint16_t i = junction->first; i; i = shapes->edges[i].next) {
		const struct edge *edge = &shapes->edges[i];

		if (junction->probe >= own_size(edge) ||
		    (edge->literal[junction->probe] == junction->common &&
		     end > own_size(edge)))
			return false;
	}
	return true;
}

/* The byte that most of them have at the probe. */
static unsigned char most_common(const struct shapes *shapes,
				 const struct junction *junction)
{
	uint8_t counts[256] = {0};
	unsigned char common = 0;

	for (uint16_t i = junction->first; i; i = shapes->edges[i].next) {
		unsigned char probed =
			shapes->edges[i].literal[junction->probe];

		if (++counts[probed] > counts[common])
			common = probed;
	}
	return common;
}

/* Fills in how its edges are told apart best: probe and window. */
static void choose_window(const struct shapes *shapes,
			  struct junction *junction)
{
	static const unsigned widths[] = {8, 4, 1};
	struct junction tried = *junction;
	unsigned least = UINT32_MAX;

	for (unsigned i = 0; i < PROBES * OFFSETS * 3 && least > 0; i++) {
		unsigned width = widths[i % 3], alike;

		tried.probe = (uint8_t)(i / 3 / OFFSETS);
		tried.offset = (uint8_t)(i / 3 % OFFSETS);
		tried.window = window_mask(width);
		tried.common = most_common(shapes, &tried);
		if (!is_known(shapes, &tried, tried.offset + width))
			continue;
		alike = count_alike(shapes, &tried, least);
		if (alike >= least)
			continue;
		least = alike;
		*junction = tried;
	}
}

static unsigned place_of(const struct junction *junction, uint64_t ahead)
{
	return (unsigned)(ahead * junction->multiplier >> junction->shift);
}

/* Do edges that look different have different places? Fills the table. */
static bool spread(struct shapes *shapes, const struct junction *junction,
		   uint16_t *table)
{
	memset(table, 0, sizeof(*table) << (64 - junction->shift));
	for (uint16_t i = junction->first; i; i = shapes->edges[i].next) {
		struct edge *edge = &shapes->edges[i];
		uint64_t ahead = look_ahead(junction, edge);
		uint16_t *place = &table[place_of(junction, ahead)];

		if (*place != EDGE_NONE &&
		    look_ahead(junction, &shapes->edges[*place]) != ahead)
			return false;
		edge->sibling = *place;
		*place = i;
	}
	return true;
}

static uint16_t *add_table(struct shapes *shapes, unsigned size,
			   uint32_t *table)
{
	uint32_t needed = shapes->table_size + size;
	uint16_t *tables = shapes->tables;

	if (needed > shapes->table_capacity) {
		tables = realloc(tables, (size_t)needed * 2 * sizeof(*tables));
		if (!tables)
			return NULL;
		shapes->tables = tables;
		shapes->table_capacity = 2 * needed;
	}
	*table = shapes->table_size;
	shapes->table_size = needed;
	return tables + *table;
}

/* Gives the junction a table, as small a one as some tries find. */
static bool choose_table(struct shapes *shapes, struct junction *junction)
{
	uint16_t table[1 << TABLE_BITS_MAX];
	uint16_t *kept;

	junction->multiplier = UINT64_C(0x9e3779b97f4a7c15);
	for (unsigned i = 0; i < TABLE_BITS_MAX * TRIES; i++) {
		unsigned bits = 1 + i / TRIES;

		junction->multiplier *= UINT64_C(0xd1342543de82ef95);
		junction->multiplier |= 1;
		junction->shift = (uint8_t)(64 - bits);
		if (junction->count > 2u << bits ||
		    !spread(shapes, junction, table))
			continue;
		kept = add_table(shapes, 1u << bits, &junction->table);
		if (kept)
			memcpy(kept, table, sizeof(*table) << bits);
		return kept != NULL;
	}
	return false;
}

/* --- edges ---------------------------------------------------------------- */

/* To which junction an edge leads; the beginning of a line that it may have
 * taken along left out. */
static uint16_t junction_behind(const struct shapes *shapes, uint16_t number)
{
	const struct edge *edge = &shapes->edges[number];

	return edge->line ? shapes->edges[EDGE_START].junction : edge->junction;
}

uint16_t shapes_find(const struct shapes *shapes, uint16_t from,
		     const struct edge *wanted)
{
	uint16_t at = junction_behind(shapes, from);

	for (uint16_t i = shapes->junctions[at].first; i;
	     i = shapes->edges[i].next) {
		const struct edge *edge = &shapes->edges[i];
		unsigned size = own_size(edge);

		if (size == wanted->size &&
		    (edge->line || edge->run == wanted->run) &&
		    memcmp(edge->literal, wanted->literal, size) == 0)
			return i;
	}
	return EDGE_NONE;
}

uint16_t shapes_add(struct shapes *shapes, uint16_t from,
		    const struct edge *wanted)
{
	struct junction *junction =
		&shapes->junctions[junction_behind(shapes, from)];
	uint16_t number = (uint16_t)shapes->edge_count;
	struct junction before = *junction;

	if (shapes->edge_count == EDGES_MAX || junction->count == CHOICES_MAX)
		return EDGE_NONE;
	shapes->edges[number] = *wanted;
	shapes->edges[number].likely = &shapes->edges[EDGE_NONE];
	shapes->edges[number].next = junction->first;
	junction->first = number;
	junction->count++;
	choose_window(shapes, junction);
	if (!choose_table(shapes, junction)) {
		*junction = before;
		if (junction->count > 0)
			(void)spread(shapes, junction,
				     shapes->tables + junction->table);
		return EDGE_NONE;
	}
	shapes->edge_count++;
	return number;
}

void shapes_note(struct shapes *shapes, uint16_t edge, uint16_t followed)
{
	struct edge *before = &shapes->edges[edge];

	if (before->likely == &shapes->edges[EDGE_NONE] && !before->line)
		before->likely = &shapes->edges[followed];
}

/*
 * An edge ends with its line. If all lines begin alike it takes that beginning
 * along: one step less a record.
 */
static void settle_line(struct shapes *shapes, struct edge *edge)
{
	uint16_t start = shapes->edges[EDGE_START].junction;
	uint16_t first = shapes->junctions[start].first;
	const struct edge *begun = &shapes->edges[first];
	bool alone = shapes->junctions[start].count == 1;

	edge->size = edge->line;
	edge->junction = start;
	edge->likely = begun;
	edge->run = RUN_NONE;
	edge->word = shapes_stride(shapes) - 1;
	edge->tag = edge->clear = 0;
	if (alone && begun->line == 0 &&
	    edge->line + begun->size <= LITERAL_MAX) {
		memcpy(edge->literal + edge->line, begun->literal, begun->size);
		edge->size = (uint8_t)(edge->line + begun->size);
		edge->junction = begun->junction;
		edge->likely = begun->likely;
		edge->run = begun->run;
		edge->word = begun->word;
		edge->tag = begun->tag;
		edge->clear = begun->clear;
	}
	edge->mask = (uint32_t)((UINT64_C(1) << edge->size) - 1);
}

void shapes_settle(struct shapes *shapes)
{
	for (uint32_t i = 0; i < shapes->edge_count; i++) {
		struct edge *edge = &shapes->edges[i];
		const struct junction *junction;

		if (edge->line)
			settle_line(shapes, edge);
		junction = &shapes->junctions[edge->junction];
		edge->speaks = edge->line || edge->clear ||
			       edge->word < 1 + shapes->marks;
		edge->window = junction->window;
		edge->multiplier = junction->multiplier;
		edge->table = junction->table;
		edge->offset = junction->offset;
		edge->probe = junction->probe;
		edge->common = junction->common;
		edge->shift = junction->shift;
		/* One choice: the hash would say nothing. */
		if (junction->count <= 1)
			edge->steady = true;
	}
}

void shapes_stray(struct edge *edge, uint64_t records)
{
	edge->strays++;
	if (edge->strays >= STRAYS_MIN &&
	    (uint64_t)edge->strays * STEADY_SHARE > records)
		edge->steady = false;
}
