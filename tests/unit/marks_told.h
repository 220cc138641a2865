/*
 * marks_told: marks to play with. Times are small numbers: marks do not care
 * what they count.
 */
#ifndef UNIT_MARKS_TOLD_H
#define UNIT_MARKS_TOLD_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/marks.h"

#define PARTIALS 4

static struct marks marks;
static struct error error, note;
static struct member_mark next;

static inline void setup(void)
{
	marks_init(&marks);
	note.message[0] = '\0';
	error.message[0] = '\0';
	next = (struct member_mark){
		.source = span_of("orders"),
		.of = 1,
		.partials = PARTIALS,
		.sources = 1,
		.query = 7,
	};
}

static inline void teardown(void)
{
	marks_release(&marks);
}

static inline void listen_to(uint32_t row)
{
	ck_assert_int_eq(marks_listen(&marks, row), 0);
}

static inline int try_take(uint32_t row)
{
	return marks_take(&marks, row, PARTIALS, &next, &note, &error);
}

/* A mark without offsets. */
static inline void tell(uint32_t row, uint32_t partition, int64_t newest_ns,
			bool idle)
{
	next.partition = partition;
	next.ranged = false;
	next.newest_ns = newest_ns;
	next.idle = idle;
	ck_assert_msg(try_take(row) == 0, "%s", error.message);
}

/* A mark with these offsets: what comes of it. */
static inline int range(uint32_t row, uint32_t partition, uint64_t from,
			uint64_t to)
{
	next.partition = partition;
	next.ranged = true;
	next.from = from;
	next.to = to;
	return try_take(row);
}

static inline void assert_says(const struct error *said, const char *text)
{
	ck_assert_msg(strstr(said->message, text) != NULL, "'%s' lacks '%s'",
		      said->message, text);
}

#define assert_least(least) ck_assert_int_eq(marks_least(&marks), least)

#endif
