/*
 * order: a record becomes an order with its key, or the reason why not.
 */
#ifndef CORE_ORDER_H
#define CORE_ORDER_H

#include <stddef.h>

#include "base/error.h"
#include "base/span.h"
#include "core/fields.h"
#include "core/json.h"
#include "core/key.h"
#include "core/tallies.h"

/* What the records are asked for, and the place for one answer. */
struct order {
	struct fields fields;
	const char *const *key_names; /* the caller's */
	size_t key_count;
	const char *missing_label; /* the caller's; NULL: reject */
	struct json_value *values; /* one a slot */
	char *unescaped;	   /* KEY_PART_MAX bytes a key field */
	/* Of the record judged last, until the next one: */
	struct key_part parts[KEY_FIELDS_MAX];
	enum reject_reason reason;
	size_t column;	   /* in bytes, from 1 */
	const char *field; /* of a missing or bad key, else NULL */
};

/*
 * key_names: 1 to KEY_FIELDS_MAX FIELDs, borrowed as the label is. -1: a FIELD
 * is none, or memory is out; release it all the same.
 */
int order_init(struct order *order, const char *const *key_names,
	       size_t key_count, const char *missing_label,
	       struct error *error) MUST_CHECK;
void order_release(struct order *order);

/*
 * Judges one line (without LF, an LF behind it). 0: it counts, parts[] is its
 * key, borrowed from the line. -1: reason, column and field say why not.
 */
int order_judge(struct order *order, struct span line) MUST_CHECK;

#endif
