/*
 * engine_run: an engine to play with. Bytes in, windows out; times are seconds
 * of a fake clock, windows 5 s long and aligned, unless a test says otherwise.
 */
#ifndef UNIT_ENGINE_RUN_H
#define UNIT_ENGINE_RUN_H

#include <check.h>
#include <stdlib.h>

#include "base/clock.h"
#include "core/engine.h"

#define S	       NS_PER_S
#define CONDITIONS_MAX 4

static const char *const status[] = {"status"};
static struct query query;
static struct engine engine;
static struct stream stream;
static struct condition conditions[CONDITIONS_MAX];
static struct buffer expected[2];
static struct snapshot snapshot; /* of the last window */
static struct buffer printed;	 /* by event time, see assert_windows() */
static int64_t now_ns;
static size_t rejects;

static inline void setup(void)
{
	query = (struct query){
		.records = {.key_names = status, .key_count = 1},
		.window_ns = 5 * S,
		.slide_ns = 5 * S,
		.aligned = true,
		.idle_ns = INT64_MAX,
		.max_ahead_ns = INT64_MAX,
		.forget_ns = INT64_MAX,
		.max_line_bytes = 200,
		.max_groups = 1000,
		.conditions = conditions,
		.expected = expected,
		.hash_seed = {1, 2},
	};
	stream_init(&stream);
	stream_open(&stream, "feed");
	snapshot_init(&snapshot);
	buffer_init(&printed);
	rejects = 0;
}

static inline void teardown(void)
{
	engine_release(&engine);
	stream_release(&stream);
	snapshot_release(&snapshot);
	buffer_release(&printed);
	for (size_t i = 0; i < query.condition_count; i++)
		condition_release(&conditions[i]);
	for (size_t i = 0; i < query.expected_count; i++)
		buffer_release(&expected[i]);
}

static inline void ask_windows(int64_t window_s, int64_t slide_s)
{
	query.window_ns = window_s * S;
	query.slide_ns = slide_s * S;
}

static inline void ask_fail_if(const char *text)
{
	struct error error;

	ck_assert_int_eq(condition_parse(&conditions[query.condition_count++],
					 text, query.records.key_count, &error),
			 0);
}

static inline void expect(const char *key)
{
	struct key_part part = {KEY_STRING, span_of(key)};
	struct buffer *encoded = &expected[query.expected_count++];
	size_t size = key_size(&part, 1);
	unsigned char *room = (unsigned char *)buffer_reserve(encoded, size);

	key_encode(room, &part, 1);
	encoded->size = size;
}

/* By event time the stream holds the watermark from then on. */
static inline void begin_at(int64_t at_s)
{
	struct error error;

	now_ns = at_s * S;
	ck_assert_int_eq(engine_init(&engine, &query, &error), 0);
	engine_begin(&engine, now_ns, 1, 0);
	if (query.timed)
		watermark_add(&engine.watermark, stream.time, now_ns);
}

/* --- what is printed ------------------------------------------------------ */

static inline struct closing closing(void)
{
	return (struct closing){.snapshot = &snapshot, .alone = true};
}

static inline void show_row(struct buffer *out, const struct snapshot *shown,
			    size_t i)
{
	const struct row *row = &shown->rows[i];
	const unsigned char *key = snapshot_key(shown, row);

	if (!key)
		buffer_append_text(out, "(other) ");
	for (size_t j = 0; key && j < shown->key_source->key_count; j++) {
		buffer_append_span(out, key_next(&key).text);
		buffer_append_char(out, ' ');
	}
	buffer_printf(out, "%d %d", (int)row->count, (int)row->total);
	for (size_t j = 2 * i; shown->sums && j < 2 * i + 2; j++) {
		buffer_append_char(out, ' ');
		sum_append(out, &shown->sums[j], shown->sums[j].scale);
	}
}

/*
 * A window as "[start end] orders: KEY count total, .."; ! if partial; behind
 * the total of a row its sums, if there are.
 */
static inline void show(struct buffer *out, const struct snapshot *shown)
{
	buffer_printf(out, "[%g %g]%s %d", (double)shown->start_ns / S,
		      (double)shown->end_ns / S, shown->partial ? "!" : "",
		      (int)shown->orders);
	for (size_t i = 0; i < shown->row_count; i++) {
		buffer_append_text(out, i == 0 ? ": " : ", ");
		show_row(out, shown, i);
	}
}

static inline void assert_text(const struct buffer *seen, const char *text)
{
	ck_assert_msg(span_is(buffer_span(seen), text), "%.*s\nexpected %s",
		      (int)seen->size, seen->data, text);
}

static inline void assert_shown(const struct snapshot *shown, const char *text)
{
	struct buffer seen = {0};

	show(&seen, shown);
	assert_text(&seen, text);
	buffer_release(&seen);
}

static inline void assert_printed(const char *text)
{
	assert_shown(&snapshot, text);
}

/* By arrival the next window closes on time. */
static inline void close_next(void)
{
	struct closing next = closing();

	now_ns = engine_next_end(&engine);
	ck_assert(engine_due(&engine, now_ns));
	ck_assert_int_eq(engine_close(&engine, &next), 0);
}

static inline void assert_closes(const char *text)
{
	close_next();
	assert_printed(text);
}

/* The run ends; the next window of the rest closes. */
static inline void assert_finishes(int64_t at_s, bool whole, const char *text)
{
	struct closing next = closing();

	now_ns = at_s * S;
	ck_assert(engine_has_rest(&engine, now_ns));
	ck_assert_int_eq(engine_finish(&engine, &next, now_ns, whole), 0);
	assert_printed(text);
}

/* By event time, the windows that are due, one a line. */
static inline void print_due(void)
{
	struct closing next = closing();

	while (query.timed && engine_due(&engine, now_ns)) {
		ck_assert_int_eq(engine_close(&engine, &next), 0);
		show(&printed, &snapshot);
		buffer_append_char(&printed, '\n');
	}
}

static inline void assert_windows(const char *text)
{
	print_due();
	assert_text(&printed, text);
	buffer_clear(&printed);
}

/* --- what is read --------------------------------------------------------- */

static inline void take_from(struct stream *from, const char *text)
{
	struct span bytes = span_of(text);
	enum engine_event event;

	do {
		event = engine_take(&engine, from, &bytes, now_ns);
		ck_assert_msg(event != ENGINE_FAILED, "%s",
			      engine.error.message);
		rejects += event == ENGINE_REJECTED;
		print_due();
	} while (event != ENGINE_DONE);
}

static inline void take(const char *text)
{
	take_from(&stream, text);
}

/* So many orders of a group. */
static inline void order(const char *key, int orders)
{
	struct buffer text = {0};

	while (orders-- > 0)
		buffer_printf(&text, "{\"status\":\"%s\"}\n", key);
	buffer_append_char(&text, '\0');
	take(text.data);
	buffer_release(&text);
}

#endif
