/*
 * order_judged: one order at a time, judged, and what is said of it.
 */
#ifndef UNIT_ORDER_JUDGED_H
#define UNIT_ORDER_JUDGED_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/order.h"
#include "exact.h"

static struct order order;
static struct exact exact;

static inline void end_order(void)
{
	order_release(&order);
	free(exact.block);
}

static inline void ask_query(const struct order_query *query)
{
	struct error error;

	order_release(&order);
	ck_assert_int_eq(order_init(&order, query, &error), 0);
}

static inline void ask(const char *const *names, size_t count,
		       const char *label)
{
	ask_query(&(struct order_query){.key_names = names,
					.key_count = count,
					.missing_label = label});
}

static inline enum record_verdict judge_until(struct span line,
					      int64_t latest_ns)
{
	free(exact.block);
	exact = exact_copy(line, 0);
	return order_judge(&order, exact.line, latest_ns);
}

static inline enum record_verdict judge(struct span line)
{
	return judge_until(line, INT64_MAX);
}

static inline void assert_verdict(const char *line,
				  enum record_verdict expected)
{
	enum record_verdict verdict = judge(span_of(line));

	ck_assert_msg(verdict == expected, "%s: verdict %d, reason %d", line,
		      (int)verdict, (int)order.record.reason);
}

static inline void assert_key(size_t at, enum key_type type, const char *text)
{
	const struct key_part *part = &order.record.parts[at];

	ck_assert_int_eq(part->type, type);
	ck_assert_msg(span_is(part->text, text), "%.*s, expected %s",
		      (int)part->text.size, part->text.data, text);
}

static inline void assert_counts(const char *line, enum key_type type,
				 const char *text)
{
	assert_verdict(line, RECORD_COUNTS);
	assert_key(0, type, text);
	ck_assert_uint_eq(order.record.orders, 1);
	ck_assert(!order.record.other);
}

static inline void assert_rejected(const char *line, enum reject_reason reason,
				   size_t column, const char *field)
{
	const struct record *record = &order.record;

	assert_verdict(line, RECORD_REJECTED);
	ck_assert_msg(record->reason == reason && record->column == column,
		      "%s: reason %d, column %zu", line, (int)record->reason,
		      record->column);
	ck_assert_pstr_eq(record->field, field);
}

static const char *const status[] = {"status"};
static const char *const several[] = {"a", "b.c"};

#endif
