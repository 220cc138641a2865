/*
 * window_rows: a snapshot for the tests of reports, filled row by row.
 *
 * There is one for each test program; begin it anew in each fixture.
 */
#ifndef WINDOW_ROWS_H
#define WINDOW_ROWS_H

#include <check.h>
#include <string.h>

#include "core/snapshot.h"

#define NS_PER_S   ((int64_t)1000000000)
#define TEN	   (1795341600 * NS_PER_S) /* 2026-11-22T10:00:00Z */
#define WINDOW_MAX 64			   /* rows */

struct window_rows {
	struct snapshot snapshot;
	struct groups groups;
	const unsigned char *keys[WINDOW_MAX + 1];
	unsigned char key_bytes[WINDOW_MAX][8192];
	struct row rows[WINDOW_MAX];
	struct sum sums[2 * (WINDOW_MAX + 1)];
};

/* The five seconds from 10:00:00 on, without a row. */
static inline void window_rows_begin(struct window_rows *window)
{
	window->groups = (struct groups){.keys = window->keys};
	window->keys[GROUP_OTHER] = NULL;
	window->snapshot = (struct snapshot){.start_ns = TEN,
					     .end_ns = TEN + 5 * NS_PER_S,
					     .key_source = &window->groups,
					     .rows = window->rows};
}

static inline void window_rows_release(struct window_rows *window)
{
	for (size_t i = 0; i < 2 * (WINDOW_MAX + 1); i++)
		sum_clear(&window->sums[i]);
}

/* Adds a row; parts are NULL for (other). */
static inline void window_rows_add(struct window_rows *window,
				   const struct key_part *parts, size_t count,
				   uint64_t orders, uint64_t total)
{
	struct snapshot *snapshot = &window->snapshot;
	size_t i = snapshot->row_count++;
	uint32_t group = parts ? (uint32_t)i + 1 : GROUP_OTHER;

	ck_assert_uint_lt(i, WINDOW_MAX);
	if (parts) {
		key_encode(window->key_bytes[i], parts, count);
		window->keys[group] = window->key_bytes[i];
	}
	window->rows[i] = (struct row){group, orders, total};
	snapshot->orders += orders;
	snapshot->total_orders += total;
}

static inline void window_rows_add_string(struct window_rows *window,
					  const char *text, uint64_t orders,
					  uint64_t total)
{
	struct key_part key = {KEY_STRING, span_of(text)};

	window_rows_add(window, &key, 1, orders, total);
}

/* The sums of row i, and from then on there are some. */
static inline void window_rows_sum(struct window_rows *window, size_t i,
				   const char *sum, const char *total)
{
	window->snapshot.sums = window->sums;
	ck_assert_int_eq(sum_read(&window->sums[2 * i], span_of(sum)),
			 SUM_READ);
	ck_assert_int_eq(sum_read(&window->sums[2 * i + 1], span_of(total)),
			 SUM_READ);
}

#endif
