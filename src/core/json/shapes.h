/*
 * shapes: what the records of a stream look like, learned from those that were
 * read, so that the next ones only have to be compared.
 *
 * The idea. Most streams repeat a few shapes: the same names, punctuation and
 * spaces in the same order, only the values change. A record is taken apart
 * into steps, each a LITERAL (all text between two values, up to 32 bytes) and
 * a RUN behind it (what of the value is of one class: plain text up to the
 * quote, a number's digits, a word):
 *
 *     {"id":"07a9","amount":12.50,"express":true}LF
 *
 *     literal           run       leads to the junction
 *     {"id":"           text      inside a string, in the outermost object
 *     ","amount":       number    behind a value, there
 *     ,"express":       word      behind a value, there
 *     }LF               nothing   where a line begins
 *
 * An EDGE is such a step. A JUNCTION is where edges meet: it stands for all
 * that JSON says of what may come next: what levels are open, what the query's
 * FIELDs have to do with them, and how the value before it ended. So the graph
 * is no list of shapes but a machine: fields that come and go, in any order,
 * and arrays of any length share edges, and every way through it from the
 * beginning of a line to its end spells valid JSON.
 *
 * The invariants.
 *
 *  1. Whatever passes is valid JSON (as json_scan() decides) and an object, and
 *     the marks (below) are what json_scan() finds. What does not pass is not
 *     judged at all: it goes the long way, by json_scan(), which alone decides
 *     what is wrong with it and where.
 *  2. Edges are only learned from records that json_scan() called valid, and an
 *     edge says nothing that its junction and its text do not imply. In
 *     particular a junction knows the FIELDs of its levels, so that an edge's
 *     marks do not depend on how it was reached.
 *  3. A literal ends where a value begins, and a run takes only bytes that
 *     belong to the value whatever follows. If the literal behind it stands
 *     where the run stopped, the value was whole.
 *  4. A name that comes twice: the last counts. Each edge clears the marks that
 *     its text takes back before it sets its own.
 *
 * Which edge follows. Each edge remembers the one that followed it first: in a
 * stream of one shape that is right every time, and the processor goes ahead.
 * Where it is often wrong (`steady` is false) a hash of some bytes that stand
 * ahead picks the edge; the few that these bytes do not tell apart are tried in
 * turn. Either way a literal is compared before it is believed: a wrong choice
 * costs time, never truth.
 *
 * What is kept of a record are MARKS: where the value of a FIELD begins and
 * ends, and which of them are there. There is one for each node of the FIELDs'
 * tree at which a FIELD ends.
 *
 * A new kind of value is a matter of learn.c: into which literals and runs it
 * falls. A new class of bytes is one line in runs.h. Nothing else, the vector
 * code least of all, need know.
 *
 *     shapes.c    the graph: junctions, edges, and the choice between them
 *     learn.c     from a record to its edges
 *     walk.h      from bytes to marks, along the graph: what is fast
 */
#ifndef CORE_JSON_SHAPES_H
#define CORE_JSON_SHAPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "core/fields.h"
#include "core/json.h"
#include "core/json/runs.h"

/* Bytes of a literal at most; a longer one is several edges. */
#define LITERAL_MAX 32

/* More than that of one of them, and the records have no shape worth a name. */
#define EDGES_MAX     2048
#define JUNCTIONS_MAX 1024
#define CONTEXTS_MAX  512
#define CHOICES_MAX   48 /* edges of one junction */

/* Marks that one record can have; a query of more FIELDs goes the long way. */
#define MARKS_MAX 30

/* Edges that are always there. */
enum {
	EDGE_NONE,  /* never passes */
	EDGE_START, /* where a line begins: it is passed already */
	EDGE_REST, /* always passes, takes nothing, and is followed by itself */
	EDGES_FIXED,
};

/*
 * A record, as marks: words of 64 bits.
 *
 *     [0]        where its line begins, in bytes from the base; or RECORD_LONG
 *     [1 + m]    mark m; 0: it is not there. The low half: where its value's
 *                text begins (of a string: behind the quote), and MARK_STRING;
 *                the high half: where it ends, and MARK_ESCAPED if it holds a
 *                backslash
 *     ..         one mark more, that nobody reads
 */
#define RECORD_LONG  (UINT64_C(1) << 63)
#define MARK_STRING  (UINT32_C(1) << 30)
#define MARK_ESCAPED (UINT32_C(1) << 31)
#define MARK_PLACE   (MARK_STRING - 1)

struct edge {
	_Alignas(64) unsigned char literal[LITERAL_MAX]; /* zeros behind it */
	uint32_t mask; /* a bit for each byte of it */
	uint8_t size;  /* its bytes */
	uint8_t run;   /* enum edge_run */
	uint8_t line;  /* bytes up to the LF in it, that included; or 0 */
	bool steady;   /* `likely` is right most of the time */
	bool speaks;   /* of the record: line, word or clear matter */
	uint32_t tag;  /* added to where the run begins: MARK_STRING, less 1
			  where the literal has a minus */
	uint32_t word; /* of the record, that is told of the run */
	const struct edge *likely; /* the edge that follows */
	uint32_t clear;		   /* marks that are taken back before */
	uint32_t strays;	   /* times that `likely` was wrong */
	/* Of the junction it leads to, as that has them: which edge follows. */
	uint64_t window, multiplier;
	uint32_t table;
	uint8_t offset, shift;
	uint8_t probe;
	unsigned char common;
	uint16_t junction;
	uint16_t next;	  /* edge of the junction that it comes from */
	uint16_t sibling; /* to be tried next, where the bytes ahead pick it */
};

/* What is open where a junction stands. */
struct context {
	uint16_t parent;
	bool is_object;
	uint32_t node;	/* of the FIELDs, that it is the value of */
	uint32_t index; /* of the element, where that makes a difference */
};

/* How the value before a junction ended. */
enum phase {
	PHASE_LINE,  /* no value: a line begins */
	PHASE_TEXT,  /* inside a string, before its quote */
	PHASE_VALUE, /* it is whole */
	PHASE_PIECE, /* it did not: in the middle of a long literal */
};

struct junction {
	uint16_t context;
	uint16_t phase;
	uint16_t detail; /* PIECE: the edge before */
	uint16_t first;	 /* edge that leaves it */
	uint16_t count;	 /* of them */
	/* How the bytes ahead pick an edge: if the one at `probe` is the common
	 * one, by those from `offset` on, in the window; else by itself. */
	uint8_t probe;
	unsigned char common;
	uint8_t offset, shift;
	uint64_t window, multiplier;
	uint32_t table;
};

struct shapes {
	const struct fields *fields; /* the caller's */
	uint8_t *mark_of; /* by node of the fields; MARKS_MAX: none */
	uint32_t *below;  /* by node: marks of those below it */
	unsigned marks;	  /* MARKS_MAX + 1: too many */
	struct edge *edges;
	struct junction *junctions;
	struct context *contexts;
	uint16_t *tables; /* edges, by the hash of a junction's window */
	uint32_t edge_count, junction_count, context_count;
	uint32_t table_size, table_capacity;
};

/* The fields are borrowed. -1: memory is out; release it all the same. */
int shapes_init(struct shapes *shapes, const struct fields *fields) MUST_CHECK;
void shapes_release(struct shapes *shapes);

/* Can records be walked at all? Not with too many FIELDs. */
static inline bool shapes_are_usable(const struct shapes *shapes)
{
	return shapes->marks <= MARKS_MAX;
}

/* Words of a record. */
static inline unsigned shapes_stride(const struct shapes *shapes)
{
	return 1 + shapes->marks + 1;
}

/* Forgets all that was learned. */
void shapes_clear(struct shapes *shapes);

/*
 * Learns from a line that json_scan() called valid, an LF behind it: walks its
 * way through the graph and adds what is missing. False: there is no more room,
 * or it has something that no shape can (then it may be known in part).
 */
bool shapes_learn(struct shapes *shapes, struct span line);

/*
 * The edge was not followed by `likely` but by another one; of so many records
 * that were walked since the shapes were empty.
 */
void shapes_stray(struct edge *edge, uint64_t records);

/* --- for learn.c ---------------------------------------------------------- */

/* Finds or adds one; 0: there is no more room. */
uint16_t shapes_context(struct shapes *shapes, const struct context *context);
uint16_t shapes_junction(struct shapes *shapes, uint16_t context,
			 enum phase phase, uint16_t detail);

/*
 * The edge with this literal and run that leaves the junction to which `from`
 * leads; EDGE_NONE: there is none. And adds one that is not there; EDGE_NONE:
 * it cannot be.
 */
uint16_t shapes_find(const struct shapes *shapes, uint16_t from,
		     const struct edge *wanted);
uint16_t shapes_add(struct shapes *shapes, uint16_t from,
		    const struct edge *wanted);

/* The edge was followed by that one, in a record. */
void shapes_note(struct shapes *shapes, uint16_t edge, uint16_t followed);

/* Edges were added: what they say of each other is brought up to date. */
void shapes_settle(struct shapes *shapes);

#endif
