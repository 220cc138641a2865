/*
 * merge_judged: one row to be merged at a time, judged, and what is said of it.
 */
#ifndef UNIT_MERGE_JUDGED_H
#define UNIT_MERGE_JUDGED_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/merge.h"
#include "exact.h"

#define SECOND_NS INT64_C(1000000000)

/* 1970-01-01T01:00:00Z and what is 5 s later. */
#define START	 "\"start\":\"1970-01-01T01:00:00Z\","
#define END	 "\"end\":\"1970-01-01T01:00:05Z\","
#define WINDOW	 START END "\"partial\":false,"
#define PARTIAL	 START END "\"partial\":true,"
#define START_NS (3600 * SECOND_NS)

static struct merge merge;
static struct exact exact;
static enum record_verdict verdict;

static inline void begin_with(int64_t window_ns)
{
	struct error error;

	merge_release(&merge);
	ck_assert_int_eq(merge_init(&merge, window_ns, &error), 0);
}

static inline void begin_merge(void)
{
	begin_with(0);
}

static inline void end_merge(void)
{
	merge_release(&merge);
	free(exact.block);
}

static inline enum merge_step judge_until(const char *line, int64_t latest_ns)
{
	free(exact.block);
	exact = exact_copy(span_of(line), 0);
	return merge_judge(&merge, exact.line, latest_ns, &verdict);
}

static inline void assert_verdict(const char *line,
				  enum record_verdict expected)
{
	ck_assert_int_eq(judge_until(line, INT64_MAX), MERGE_JUDGED);
	ck_assert_msg(verdict == expected, "%s: verdict %d, reason %d", line,
		      (int)verdict, (int)merge.record.reason);
}

static inline void assert_counts(const char *line, uint64_t orders)
{
	assert_verdict(line, RECORD_COUNTS);
	ck_assert_uint_eq(merge.record.orders, orders);
	ck_assert(merge.record.timed);
}

static inline void assert_later(const char *line)
{
	ck_assert_int_eq(judge_until(line, INT64_MAX), MERGE_LATER);
	ck_assert_int_eq(merge.window_ns, 0);
}

/* `from` is what must stand at the column. */
static inline void assert_rejected(const char *line, enum reject_reason reason,
				   const char *field, const char *from)
{
	const struct record *record = &merge.record;

	assert_verdict(line, RECORD_REJECTED);
	ck_assert_msg(record->reason == reason, "%s: reason %d", line,
		      (int)record->reason);
	ck_assert_pstr_eq(record->field, field);
	ck_assert_msg(strncmp(line + record->column - 1, from, strlen(from)) ==
			      0,
		      "%s: column %zu", line, record->column);
}

static inline void assert_part(size_t at, const char *name, enum key_type type,
			       const char *text)
{
	const struct key_part *part = &merge.record.parts[at];

	ck_assert(!merge.record.other);
	ck_assert_uint_lt(at, merge.key_count);
	ck_assert_str_eq(merge.key_names[at], name);
	ck_assert_int_eq(part->type, type);
	ck_assert_msg(span_is(part->text, text), "%.*s, expected %s",
		      (int)part->text.size, part->text.data, text);
}

static inline void assert_amount(const char *expected)
{
	struct buffer shown = {0};

	sum_append(&shown, &merge.record.amount, merge.record.amount.scale);
	ck_assert_msg(span_is(buffer_span(&shown), expected), "%.*s",
		      (int)shown.size, shown.data);
	buffer_release(&shown);
}

#endif
