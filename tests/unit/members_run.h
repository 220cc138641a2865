/*
 * members_run: an engine that merges what members of a group publish into two
 * partitions of a topic, whose streams are part[0] and part[1].
 */
#ifndef UNIT_MEMBERS_RUN_H
#define UNIT_MEMBERS_RUN_H

#include <string.h>

#include "engine_run.h"
#include "engine_store.h"

#define LATER	   100000 /* seconds */
#define PARTS	   2
#define NO_TIME	   (-1)
#define QUERY_TEXT "\"query\":\"0123456789abcdef\""

static struct stream part[PARTS];
static unsigned sources; /* of the group, as marks say */

static inline void begin_members(void)
{
	static const char *const names[PARTS] = {"partials[0]", "partials[1]"};

	setup();
	query.merge = true;
	query.timed = true;
	query.records = (struct order_query){0};
	query.max_line_bytes = 1000;
	ask_windows(0, 0);
	sources = 1;
	for (unsigned i = 0; i < PARTS; i++) {
		stream_init(&part[i]);
		part[i].partition = i;
		part[i].partitions = PARTS;
		stream_open(&part[i], names[i]);
	}
}

static inline void end_members(void)
{
	teardown();
	for (unsigned i = 0; i < PARTS; i++)
		stream_release(&part[i]);
}

/* The partitions are read; `stream` is not. */
static inline void open_parts(void)
{
	for (unsigned i = 0; i < PARTS; i++)
		ck_assert_int_eq(engine_listen_partition(&engine, &part[i]), 0);
	for (unsigned i = 0; i < PARTS; i++)
		watermark_add(&engine.watermark, part[i].time, now_ns);
}

static inline void begin_run(void)
{
	struct savepoint none;
	struct error error;

	now_ns = LATER * S;
	ck_assert_int_eq(engine_init(&engine, &query, &error), 0);
	if (query.keeps) {
		savepoint_init(&none);
		ck_assert_int_eq(engine_restore(&engine, &none, 0, &error), 0);
		ck_assert_int_eq(engine_resume(&engine, &none, &error), 0);
		savepoint_release(&none);
	}
	engine_begin(&engine, now_ns, 1, 0);
	open_parts();
}

/* --- lines ---------------------------------------------------------------- */

static inline void put_time(struct buffer *out, int at_s)
{
	buffer_printf(out, "\"1970-01-01T%02d:%02d:%02dZ\"", at_s / 3600,
		      at_s / 60 % 60, at_s % 60);
}

static inline void put_delta(struct buffer *out, int start_s, const char *key,
			     int count, const char *more)
{
	buffer_append_text(out, "{\"start\":");
	put_time(out, start_s);
	buffer_append_text(out, ",\"end\":");
	put_time(out, start_s + 5);
	buffer_printf(out, ",\"key\":{\"k\":\"%s\"},\"count\":%d%s}\n", key,
		      count, more);
}

struct mark_line {
	const char *source; /* NULL: orders */
	int partition;
	int of;	      /* 0: 1 */
	int from, to; /* both 0: null */
	int newest_s;
	bool idle;
};

static inline void put_mark(struct buffer *out, struct mark_line mark)
{
	buffer_printf(out, "{\"source\":\"%s\",\"partition\":%d,\"of\":%d,",
		      mark.source ? mark.source : "orders", mark.partition,
		      mark.of ? mark.of : 1);
	if (mark.to > 0)
		buffer_printf(out, "\"from\":%d,\"to\":%d,", mark.from,
			      mark.to);
	else
		buffer_append_text(out, "\"from\":null,\"to\":null,");
	buffer_append_text(out, "\"newest\":");
	if (mark.newest_s == NO_TIME)
		buffer_append_text(out, "null");
	else
		put_time(out, mark.newest_s);
	buffer_printf(out,
		      ",\"idle\":%s,\"partials\":%d,\"sources\":%u,"
		      "" QUERY_TEXT "}\n",
		      mark.idle ? "true" : "false", PARTS, sources);
}

static inline void put_tallies(struct buffer *out, int read, int counted,
			       int rejected)
{
	buffer_printf(out,
		      "{\"tallies\":{\"read\":%d,\"counted\":%d,\"rejected\":"
		      "{\"bad_key\":%d},\"filtered\":0,\"late\":0}"
		      "," QUERY_TEXT "}\n",
		      read, counted, rejected);
}

/* --- what partitions deliver ---------------------------------------------- */

/* Takes the lines, and releases them. */
static inline void take_lines_from(struct stream *from, struct buffer *lines)
{
	buffer_append_char(lines, '\0');
	ck_assert(!lines->failed);
	engine_hear(&engine, from->time, now_ns, now_ns);
	take_from(from, lines->data);
	buffer_release(lines);
}

static inline void delta(unsigned q, int start_s, const char *key, int count)
{
	struct buffer line = {0};

	put_delta(&line, start_s, key, count, "");
	take_lines_from(&part[q], &line);
}

static inline void mark(unsigned q, struct mark_line mark)
{
	struct buffer line = {0};

	put_mark(&line, mark);
	take_lines_from(&part[q], &line);
}

static inline void mark_all(struct mark_line line)
{
	for (unsigned q = 0; q < PARTS; q++)
		mark(q, line);
}

/* A mark of the only partition of the only source in both. */
static inline void reach(int newest_s)
{
	mark_all((struct mark_line){.newest_s = newest_s});
}

static inline void tally(int read, int counted, int rejected)
{
	struct buffer line = {0};

	put_tallies(&line, read, counted, rejected);
	take_lines_from(&part[0], &line);
}

/* What becomes of a line that is not to be taken. */
static inline void assert_fails(unsigned q, const char *line, const char *why)
{
	struct span bytes = span_of(line);

	ck_assert_int_eq(engine_take(&engine, &part[q], &bytes, now_ns),
			 ENGINE_FAILED);
	ck_assert_msg(strstr(engine.error.message, why), "'%s' lacks '%s'",
		      engine.error.message, why);
}

/* --- a later run ---------------------------------------------------------- */

/* What there is, is saved, and another run goes on from it. */
static inline void go_on(struct store *store)
{
	struct savepoint saved;
	struct error error;

	savepoint_init(&saved);
	engine_save(&engine, &saved);
	store_save(store, &saved, 0);
	store_take(store, store->last);
	engine_release(&engine);
	ck_assert_int_eq(engine_init(&engine, &query, &error), 0);
	ck_assert_msg(engine_restore(&engine, &store->kept,
				     store_highest(store), &error) == 0,
		      "%s", error.message);
	ck_assert_int_eq(engine_resume(&engine, &store->kept, &error), 0);
	savepoint_release(&saved);
	for (unsigned i = 0; i < PARTS; i++)
		part[i].own_time = (struct stream_time){.newest_ns = TIME_NONE};
	engine_begin(&engine, now_ns, 1, 0);
	open_parts();
}

#endif
