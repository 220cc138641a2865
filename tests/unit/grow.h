/*
 * grow: files that grow under a source that a test drives.
 */
#ifndef GROW_H
#define GROW_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lines.h"
#include "pump.h"
#include "source/open.h"

/* A folder of its own for each test; left by the process that made it. */
static char grow_folder[] = "/tmp/ordercount-test-XXXXXX";

static inline void grow_enter(void)
{
	memset(grow_folder + sizeof(grow_folder) - 7, 'X', 6);
	ck_assert_ptr_nonnull(mkdtemp(grow_folder));
	ck_assert_int_eq(chdir(grow_folder), 0);
}

static inline void grow_leave(void)
{
	char command[128];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", grow_folder);
	ck_assert_int_eq(system(command), 0);
}

static inline void grow_put(const char *path, const char *mode,
			    const char *text)
{
	FILE *file = fopen(path, mode);

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void grow_write(const char *path, const char *text)
{
	grow_put(path, "we", text);
}

static inline void grow_append(const char *path, const char *text)
{
	grow_put(path, "ae", text);
}

static inline void grow_rename(const char *from, const char *to)
{
	ck_assert_int_eq(rename(from, to), 0);
}

/* What a run of the source said; each on a line of its own. */
struct grow {
	struct pump pump;
	struct buffer records; /* lines, as the engine would count them */
	struct buffer notes;   /* NOTE and LOST */
	bool over;
};

/* The records of a chunk, by the code that the program has. */
static inline void grow_take(struct grow *grow, struct chunk *chunk)
{
	const size_t max = 4096;
	struct span line;

	while (lines_next(chunk->stream, &chunk->bytes, max, &line) !=
	       LINE_NONE) {
		buffer_append_span(&grow->records, line);
		buffer_append_char(&grow->records, '\n');
	}
	if (chunk->kind != CHUNK_ENDED && chunk->kind != CHUNK_LOST)
		return;
	if (!chunk->half_left &&
	    lines_finish(chunk->stream, max, &line) != LINE_NONE) {
		buffer_append_span(&grow->records, line);
		buffer_append_text(&grow->records, "|\n");
	}
	grow->over = chunk->after == AFTER_OVER;
}

/* Asks for chunks until there are none, and looks at what is ready once. */
static inline void grow_drain(struct grow *grow)
{
	while (!grow->over && pump_ask(&grow->pump) == SOURCE_CHUNK) {
		struct chunk *chunk = &grow->pump.chunk;

		if (chunk->kind == CHUNK_NOTE || chunk->kind == CHUNK_LOST) {
			buffer_append_text(&grow->notes, chunk->why.message);
			buffer_append_char(&grow->notes, '\n');
		}
		grow_take(grow, chunk);
	}
}

static inline void grow_step(struct grow *grow)
{
	pump_wait(&grow->pump, 0);
	grow_drain(grow);
}

static inline void grow_later(struct grow *grow, int64_t duration_ns)
{
	grow->pump.clock.mono_ns += duration_ns;
	grow_step(grow);
}

static inline void grow_init(struct grow *grow, struct source *source,
			     struct positions *positions)
{
	memset(grow, 0, sizeof(*grow));
	pump_open(&grow->pump, source);
	if (positions)
		ck_assert_int_eq(
			source_restore(source, positions, &grow->pump.error),
			0);
}

static inline void grow_start(struct grow *grow, struct source *source,
			      struct positions *positions)
{
	grow_init(grow, source, positions);
	ck_assert_msg(pump_start(&grow->pump) == 0, "%s",
		      grow->pump.error.message);
	grow_drain(grow);
}

static inline void grow_close(struct grow *grow)
{
	pump_close(&grow->pump);
	buffer_release(&grow->records);
	buffer_release(&grow->notes);
}

static inline void grow_compare(struct buffer *seen, const char *text)
{
	ck_assert_msg(span_is(buffer_span(seen), text),
		      "saw '%.*s' instead of '%s'", (int)seen->size,
		      seen->data ? seen->data : "", text);
	buffer_clear(seen);
}

/* Since the last time. */
static inline void grow_expect(struct grow *grow, const char *records)
{
	grow_compare(&grow->records, records);
}

static inline void grow_expect_notes(struct grow *grow, const char *notes)
{
	grow_compare(&grow->notes, notes);
}

/*
 * The next run begins with the places that this one ends with, as the state
 * would bring them back.
 */
static inline void grow_save(struct grow *grow, struct positions *positions)
{
	struct positions saved;

	ck_assert_int_eq(source_note(grow->pump.source, &grow->pump.error), 0);
	positions_init(&saved);
	for (size_t i = 0; i < positions->count; i++) {
		struct position place = *positions->list[i];

		place.claimed = false;
		place.changed = false;
		place.kept = true;
		ck_assert_ptr_nonnull(positions_add(&saved, &place));
	}
	grow_close(grow);
	positions_release(positions);
	*positions = saved;
}

#endif
