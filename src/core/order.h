/*
 * order: a line becomes an order with its key, time and amount, or the reason
 * why not.
 */
#ifndef CORE_ORDER_H
#define CORE_ORDER_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "core/fields.h"
#include "core/filter.h"
#include "core/json.h"
#include "core/record.h"

/* What is asked of the records; all of it is the caller's. */
struct order_query {
	const char *const *key_names; /* FIELDs, 1 to KEY_FIELDS_MAX */
	size_t key_count;
	const char *missing_label;    /* NULL: reject */
	const struct filter *filters; /* all of them must hold */
	size_t filter_count;
	const char *time_field; /* NULL: none */
	const char *sum_field;	/* NULL: none */
};

struct order {
	struct order_query query;
	struct fields fields;	   /* keys, then filters, time, sum */
	size_t time_slot;	   /* if asked for */
	size_t sum_slot;	   /* if asked for */
	struct json_value *values; /* one a slot */
	size_t start;		   /* where the line's object begins */
	char *unescaped;	   /* KEY_PART_MAX bytes a key field */
	struct buffer scratch;	   /* a time or amount, unescaped */
	struct record record;	   /* of the line judged last */
};

/* -1: a FIELD is none, or memory is out; release it all the same. */
int order_init(struct order *order, const struct order_query *query,
	       struct error *error) MUST_CHECK;
void order_release(struct order *order);

/*
 * Judges one line (without LF, an LF behind it); order->record, until the next
 * one, says what it is. A time later than latest_ns is bad_time; the time of a
 * filtered record is `timed` only if it would not be.
 */
enum record_verdict order_judge(struct order *order, struct span line,
				int64_t latest_ns) MUST_CHECK;

/*
 * The same of a line that is valid, when order->values holds what its FIELDs
 * hold; but what is rejected is not told where: order_judge() does.
 */
enum record_verdict order_judge_values(struct order *order, struct span line,
				       int64_t latest_ns) MUST_CHECK;

#endif
