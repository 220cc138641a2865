/*
 * condition: one --fail-if, NAME OP N.
 */
#ifndef CORE_CONDITION_H
#define CORE_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "core/tallies.h"

enum condition_name {
	CONDITION_GROUP,
	CONDITION_ORDERS,
	CONDITION_READ,
	CONDITION_REJECTED,
	CONDITION_REASON,
	CONDITION_FILTERED,
	CONDITION_LATE,
	CONDITION_GROUPS,
};

enum condition_op {
	CONDITION_LESS,
	CONDITION_LESS_EQUAL,
	CONDITION_EQUAL,
	CONDITION_NOT_EQUAL,
	CONDITION_GREATER_EQUAL,
	CONDITION_GREATER,
};

struct condition {
	const char *text; /* as given; the caller's */
	enum condition_name name;
	enum reject_reason reason; /* CONDITION_REASON */
	struct buffer key;	   /* CONDITION_GROUP: encoded, see key.h */
	enum condition_op op;
	uint64_t limit;
};

/* key_count: how many key fields there are. -1: no such expression. */
int condition_parse(struct condition *condition, const char *text,
		    size_t key_count, struct error *error) MUST_CHECK;
void condition_release(struct condition *condition);

/* > and >= may be judged on a part of a window, the others on whole ones. */
bool condition_judges_parts(const struct condition *condition);

/* It is about what became of the records, not about a window's orders. */
bool condition_is_tally(const struct condition *condition);

bool condition_holds(const struct condition *condition, uint64_t value);

#endif
