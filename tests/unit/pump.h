/*
 * pump: drives one source for a test, as the program's loop would.
 *
 * The clock is the test's: it stands still unless the test moves it, so that no
 * test waits for a time-out to pass. What has to happen outside (the kernel
 * connects, bytes arrive) is waited for in loop_wait().
 */
#ifndef PUMP_H
#define PUMP_H

#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "source/source.h"

#define PUMP_PATIENCE_NS (20 * NS_PER_S)

struct pump {
	struct loop loop;
	struct clock clock;
	struct source *source;
	struct chunk chunk;
	struct error error;
	struct buffer text; /* all DATA so far */
	bool input_waits;
	size_t read_size;
	char area[65536];
};

static inline void pump_open(struct pump *pump, struct source *source)
{
	memset(pump, 0, sizeof(*pump));
	loop_init(&pump->loop);
	clock_start_at(&pump->clock, 1000 * NS_PER_S, 1000 * NS_PER_S);
	buffer_init(&pump->text);
	pump->read_size = sizeof(pump->area);
	pump->source = source;
	ck_assert_ptr_nonnull(source);
}

static inline int pump_start(struct pump *pump)
{
	return source_start(pump->source, &pump->loop, &pump->clock,
			    &pump->error);
}

static inline void pump_close(struct pump *pump)
{
	source_close(pump->source);
	ck_assert_ptr_null(pump->loop.watches);
	ck_assert_ptr_null(pump->loop.timers);
	loop_release(&pump->loop);
	buffer_release(&pump->text);
}

static inline enum source_status pump_ask(struct pump *pump)
{
	struct read_area area = {pump->area, pump->read_size};
	enum source_status status =
		source_next(pump->source, &pump->clock, area, &pump->chunk);

	if (status == SOURCE_CHUNK && pump->chunk.kind == CHUNK_DATA) {
		ck_assert_uint_le(pump->chunk.bytes.size, pump->read_size);
		buffer_append_span(&pump->text, pump->chunk.bytes);
	}
	return status;
}

static inline void pump_wait(struct pump *pump, int64_t patience_ns)
{
	int64_t now_ns = pump->clock.mono_ns;

	ck_assert_int_eq(
		loop_wait(&pump->loop, now_ns, now_ns + patience_ns,
			  pump->input_waits ? LOOP_OPENING : LOOP_INPUT,
			  &pump->error),
		0);
}

/* The source has nothing to say, after a look at what is ready. */
static inline void pump_expect_nothing(struct pump *pump)
{
	pump_wait(pump, 0);
	ck_assert_int_eq(pump_ask(pump), SOURCE_AGAIN);
}

/* The next chunk, whatever it is; fails the test when none comes. */
static inline struct chunk *pump_next(struct pump *pump)
{
	struct clock started, now;

	clock_start(&started);
	while (pump_ask(pump) == SOURCE_AGAIN) {
		pump_wait(pump, NS_PER_S / 10);
		clock_start(&now);
		ck_assert_msg(now.mono_ns - started.mono_ns < PUMP_PATIENCE_NS,
			      "the source says nothing");
	}
	return &pump->chunk;
}

static inline void pump_expect(struct pump *pump, enum chunk_kind kind)
{
	struct chunk *chunk = pump_next(pump);

	ck_assert_msg(chunk->kind == kind, "chunk %d instead of %d: %s",
		      chunk->kind, kind, chunk->why.message);
}

static inline void pump_expect_why(struct pump *pump, const char *why)
{
	ck_assert_str_eq(pump->chunk.why.message, why);
}

/* Reads until the stream ends in one way or another; returns how. */
static inline enum chunk_kind pump_read_stream(struct pump *pump)
{
	buffer_clear(&pump->text);
	while (pump_next(pump)->kind == CHUNK_DATA)
		;
	return pump->chunk.kind;
}

static inline void pump_expect_text(const struct pump *pump, const char *text)
{
	ck_assert_msg(span_is(buffer_span(&pump->text), text),
		      "read '%.*s' instead of '%s'", (int)pump->text.size,
		      pump->text.data ? pump->text.data : "", text);
}

static inline struct source_report pump_report(const struct pump *pump)
{
	struct source_report report;

	source_report(pump->source, &report);
	return report;
}

static inline size_t pump_count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

#endif
