/*
 * state_model: savepoints that are told by their number, and what a state must
 * hold after so many of them.
 */
#ifndef UNIT_STATE_MODEL_H
#define UNIT_STATE_MODEL_H

#include <check.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "state/state.h"

#define MODEL_QUERY "key=status\nwindow=10s\n"

/* --- savepoints ----------------------------------------------------------- */

#define MODEL_FIRST  (-40) /* ids of groups, negative ones too */
#define MODEL_GROUPS 120
#define MODEL_LAST   200 /* beyond all ids; of panes, too */

static inline int64_t model_group(uint64_t number, unsigned i)
{
	return MODEL_FIRST + (int64_t)((number * 37 + i * 53) % MODEL_GROUPS);
}

static inline bool model_has_window(uint64_t number)
{
	return number % 5 != 0;
}

/* Windows up to this one are taken when that savepoint is saved. */
static inline uint64_t model_taken(uint64_t number)
{
	return number > 3 ? number - 3 : 0;
}

static inline void model_fill(struct savepoint *savepoint, uint64_t number)
{
	buffer_printf(savepoint_add(savepoint, SAVED_HEAD, 0), "head %" PRIu64,
		      number);
	for (unsigned i = 0; i < 4; i++)
		buffer_printf(savepoint_add(savepoint, SAVED_GROUP,
					    model_group(number, i)),
			      "group %u of %" PRIu64, i, number);
	/* Once gone, once changed twice. */
	savepoint_add(savepoint, SAVED_GROUP, model_group(number + 7, 1));
	buffer_printf(
		savepoint_add(savepoint, SAVED_GROUP, model_group(number, 0)),
		"group again %" PRIu64, number);
	buffer_printf(savepoint_add(savepoint, SAVED_PANE, (int64_t)number - 2),
		      "pane %" PRIu64, number);
	savepoint_add(savepoint, SAVED_PANE, (int64_t)number - 5);
	buffer_printf(
		savepoint_add(savepoint, SAVED_POSITION, (int64_t)(number % 3)),
		"position %" PRIu64, number);
	savepoint_end(savepoint);
	if (model_has_window(number))
		buffer_printf(&savepoint->window, "window %" PRIu64, number);
}

/* --- as text -------------------------------------------------------------- */

static inline void model_entry(struct buffer *out, unsigned table, int64_t id,
			       struct span bytes)
{
	buffer_printf(out, "%u %" PRId64 " ", table, id);
	buffer_append_span(out, bytes);
	buffer_append_char(out, '\n');
}

static inline void model_show(struct buffer *out,
			      const struct savepoint *savepoint)
{
	for (size_t i = 0; i < savepoint->count; i++)
		model_entry(out, savepoint->entries[i].table,
			    savepoint->entries[i].id,
			    savepoint_entry(savepoint, &savepoint->entries[i]));
	buffer_append_span(out, buffer_span(&savepoint->window));
	buffer_append_text(out, "--\n");
}

/* The tables after savepoint `last`, with the groups up to `folded`. */
static inline void model_show_kept(struct buffer *out, uint64_t last,
				   uint64_t folded)
{
	struct savepoint all, one;

	savepoint_init(&all);
	for (uint64_t n = 1; n <= last; n++) {
		savepoint_init(&one);
		model_fill(&one, n);
		for (size_t i = 0; i < one.count; i++)
			if (n <= folded || one.entries[i].table != SAVED_GROUP)
				buffer_append_span(
					savepoint_add(&all,
						      one.entries[i].table,
						      one.entries[i].id),
					savepoint_entry(&one, &one.entries[i]));
		savepoint_release(&one);
	}
	savepoint_end(&all);
	for (unsigned table = 0; table < SAVED_TABLES; table++) {
		for (int64_t id = MODEL_FIRST; id < MODEL_LAST; id++) {
			const struct saved_entry *found = NULL;

			for (size_t i = 0; i < all.count; i++)
				if (all.entries[i].table == table &&
				    all.entries[i].id == id)
					found = &all.entries[i];
			if (found && found->size > 0)
				model_entry(out, table, id,
					    savepoint_entry(&all, found));
		}
	}
	buffer_append_text(out, "--\n");
	savepoint_release(&all);
}

/* The pending one of that number: its groups and its window. */
static inline void model_show_pending(struct buffer *out, uint64_t number)
{
	struct savepoint whole, groups;

	savepoint_init(&whole);
	savepoint_init(&groups);
	model_fill(&whole, number);
	for (size_t i = 0; i < whole.count; i++)
		if (whole.entries[i].table == SAVED_GROUP)
			buffer_append_span(
				savepoint_add(&groups, SAVED_GROUP,
					      whole.entries[i].id),
				savepoint_entry(&whole, &whole.entries[i]));
	savepoint_end(&groups);
	buffer_append_span(&groups.window, buffer_span(&whole.window));
	model_show(out, &groups);
	savepoint_release(&whole);
	savepoint_release(&groups);
}

/* Which savepoints are folded after number `last` was saved. */
static inline uint64_t model_folded(uint64_t last)
{
	uint64_t folded = 0;

	for (uint64_t n = 1; n <= last; n++)
		while (folded < n && (!model_has_window(folded + 1) ||
				      folded + 1 <= model_taken(n)))
			folded++;
	return folded;
}

/* All that a state holds after `last` savepoints. */
static inline void model_show_all(struct buffer *out, uint64_t last)
{
	uint64_t folded = model_folded(last);

	model_show_kept(out, last, folded);
	for (uint64_t n = folded + 1; n <= last; n++)
		model_show_pending(out, n);
}

static inline void state_show(struct buffer *out, const struct state *state)
{
	const struct savepoint *pending;

	model_show(out, state_kept(state));
	for (size_t i = 0; (pending = state_pending(state, i)); i++)
		model_show(out, pending);
}

/* --- states --------------------------------------------------------------- */

static inline struct state *open_state(const char *path)
{
	struct state *state = NULL;
	struct error error = {{0}};

	if (state_open(&state, path, MODEL_QUERY, &error) < 0)
		ck_abort_msg("%s", error.message);
	return state;
}

static inline void assert_holds(const struct state *state, uint64_t last)
{
	struct buffer is = {0}, must = {0};

	ck_assert_uint_eq(state_last(state), last);
	state_show(&is, state);
	model_show_all(&must, last);
	buffer_append_char(&is, '\0');
	buffer_append_char(&must, '\0');
	ck_assert_str_eq(is.data, must.data);
	buffer_release(&is);
	buffer_release(&must);
}

/* Saves the next one; what came of it. */
static inline enum state_status save_next(struct state *state,
					  struct error *error)
{
	uint64_t number = state_last(state) + 1;
	struct savepoint savepoint;
	enum state_status status;

	savepoint_init(&savepoint);
	model_fill(&savepoint, number);
	state_save(state, &savepoint, model_taken(number));
	status = state_wait(state, 60000, error);
	savepoint_release(&savepoint);
	return status;
}

static inline void save_up_to(struct state *state, uint64_t last)
{
	struct error error = {{0}};

	while (state_last(state) < last)
		if (save_next(state, &error) != STATE_IDLE)
			ck_abort_msg("%s", error.message);
}

/* --- files ---------------------------------------------------------------- */

static inline void write_file(const char *path, struct span bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes.data, bytes.size),
			 (ssize_t)bytes.size);
	close(fd);
}

/* All bytes of it; false: there is no such file. */
static inline bool read_file(const char *path, struct buffer *out)
{
	int fd = open(path, O_RDONLY);
	struct stat status;
	char *room;

	buffer_clear(out);
	if (fd < 0)
		return false;
	ck_assert_int_eq(fstat(fd, &status), 0);
	room = buffer_reserve(out, (size_t)status.st_size + 1);
	ck_assert_ptr_nonnull(room);
	ck_assert_int_eq(read(fd, room, (size_t)status.st_size),
			 status.st_size);
	out->size = (size_t)status.st_size;
	close(fd);
	return true;
}

static inline void assert_file_is(const char *path, struct span bytes)
{
	struct buffer now = {0};

	ck_assert(read_file(path, &now));
	ck_assert(span_equal(buffer_span(&now), bytes));
	buffer_release(&now);
}

#endif
