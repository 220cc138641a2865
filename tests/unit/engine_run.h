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
static const struct snapshot *last;
static size_t rejects;

static inline void setup(void)
{
	query = (struct query){
		.key_names = status,
		.key_count = 1,
		.window_ns = 5 * S,
		.aligned = true,
		.max_line_bytes = 100,
		.max_groups = 1000,
		.conditions = conditions,
		.expected = expected,
		.hash_seed = {1, 2},
	};
	stream_init(&stream);
	stream_open(&stream, "feed");
	rejects = 0;
}

static inline void teardown(void)
{
	engine_release(&engine);
	stream_release(&stream);
	for (size_t i = 0; i < query.condition_count; i++)
		condition_release(&conditions[i]);
	for (size_t i = 0; i < query.expected_count; i++)
		buffer_release(&expected[i]);
}

static inline void ask_fail_if(const char *text)
{
	struct error error;

	ck_assert_int_eq(condition_parse(&conditions[query.condition_count++],
					 text, query.key_count, &error),
			 0);
}

static inline void expect(const char *key)
{
	struct key_part part = {KEY_STRING, span_of(key)};
	struct buffer *encoded = &expected[query.expected_count++];
	size_t size = key_size(&part, 1);

	key_encode((unsigned char *)buffer_reserve(encoded, size), &part, 1);
	encoded->size = size;
}

static inline void begin_at(int64_t at_s)
{
	struct error error;

	ck_assert_int_eq(engine_init(&engine, &query, &error), 0);
	engine_begin(&engine, at_s * S, 1, 0);
}

static inline void take(const char *text)
{
	struct span bytes = span_of(text);
	enum engine_event event;

	while ((event = engine_take(&engine, &stream, &bytes)) != ENGINE_DONE) {
		ck_assert_int_eq(event, ENGINE_REJECTED);
		rejects++;
	}
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

/* The snapshot as "[start end] orders: KEY count total, .."; ! if partial. */
static inline void assert_printed(const struct snapshot *snapshot,
				  const char *text)
{
	struct buffer seen = {0};

	ck_assert_ptr_nonnull(snapshot);
	buffer_printf(&seen, "[%g %g]%s %d", (double)snapshot->start_ns / S,
		      (double)snapshot->end_ns / S,
		      snapshot->partial ? "!" : "", (int)snapshot->orders);
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct row *row = &snapshot->rows[i];
		const unsigned char *key = row->key;

		buffer_append_text(&seen, i == 0 ? ": " : ", ");
		for (size_t j = 0; key && j < query.key_count; j++) {
			buffer_append_span(&seen, key_next(&key).text);
			buffer_append_char(&seen, ' ');
		}
		if (!row->key)
			buffer_append_text(&seen, "(other) ");
		buffer_printf(&seen, "%d %d", (int)row->count, (int)row->total);
	}
	last = snapshot;
	ck_assert_msg(span_is(buffer_span(&seen), text), "%.*s\nexpected %s",
		      (int)seen.size, seen.data, text);
	buffer_release(&seen);
}

static inline void assert_closes(const char *text)
{
	ck_assert(engine_due(&engine, engine.windows.open.end_ns));
	assert_printed(engine_close(&engine), text);
}

#endif
