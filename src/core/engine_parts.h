/*
 * What the parts of the engine share; see engine.h. Nobody else includes this.
 */
#ifndef CORE_ENGINE_PARTS_H
#define CORE_ENGINE_PARTS_H

#include "core/engine.h"

/* --- engine.c ------------------------------------------------------------- */

/* How long a window is, is known: the windows are laid. -1: engine->error. */
int engine_lay(struct engine *engine, int64_t window_ns,
	       int64_t slide_ns) MUST_CHECK;

/* The names of the keys are known: groups can be. -1: engine->error. */
int engine_name_keys(struct engine *engine, size_t key_count) MUST_CHECK;

/* Room for groups below `count`. -1: memory is out. */
int engine_reserve(struct engine *engine, size_t count) MUST_CHECK;

/* Sets engine->error; -1. */
int engine_no_memory(struct engine *engine);

/* Groups that keep their number, seen or not, get one. -1: memory is out. */
int engine_reserve_groups(struct engine *engine) MUST_CHECK;

/* --- engine_count.c ------------------------------------------------------- */

/* Sets engine->error if nobody did. */
enum engine_event engine_fail(struct engine *engine);

/* Times later than that are bad. */
int64_t engine_latest(const struct engine *engine, int64_t now_ns);

/*
 * The group of a key, by number; a new one gets a name, if there is one left.
 * The key's hash, or NULL. -1: memory is out.
 */
int engine_find_group(struct engine *engine, const struct key_part *parts,
		      const uint32_t *hash, uint32_t *group) MUST_CHECK;

/* Is every window that holds this time over? */
bool engine_is_late(const struct engine *engine, int64_t time_ns);

/* Something of that time was late; it notes by how much. */
void engine_note_late(struct engine *engine, int64_t time_ns);

/*
 * Counts the record's orders in the pane of its time, but not the record.
 * ENGINE_REJECTED: there is no room.
 */
enum engine_event engine_count_at(struct engine *engine,
				  const struct record *record,
				  int64_t time_ns) MUST_CHECK;

/* A record that was judged. */
enum engine_event engine_take_record(struct engine *engine,
				     struct stream *stream, struct span line,
				     enum record_verdict verdict,
				     const struct record *record,
				     int64_t now_ns) MUST_CHECK;

/* Are there rows before this line that cannot be counted yet? */
bool engine_rows_wait(const struct engine *engine);

/*
 * A line is rejected: told of at once, but tallied in reading order. The
 * records are tallied by themselves, where they come from the backlog.
 */
enum engine_event engine_reject(struct engine *engine,
				const struct stream *stream, struct span line,
				enum reject_reason reason, size_t column,
				const char *field) MUST_CHECK;
void engine_tally_reject(struct engine *engine, enum reject_reason reason,
			 uint64_t count);

/* --- engine_members.c ----------------------------------------------------- */

/* A row without a total that counts: merge->record. */
enum engine_event engine_take_delta(struct engine *engine,
				    struct stream *stream, struct span line,
				    int64_t now_ns) MUST_CHECK;

/* A mark, or tallies of a member; of no partition they mean nothing. */
enum engine_event engine_take_news(struct engine *engine, struct stream *stream,
				   struct span line, enum merge_step step,
				   int64_t now_ns) MUST_CHECK;

/* The marks are those of an earlier run. -1: out of memory, or damaged. */
int engine_restore_marks(struct engine *engine, const struct savepoint *kept,
			 struct error *error) MUST_CHECK;

/* --- engine_lines.c ------------------------------------------------------- */

/* A line as lines_next() gave it. */
enum engine_event engine_take_line(struct engine *engine, struct stream *stream,
				   enum line_status status, struct span line,
				   int64_t now_ns) MUST_CHECK;

/* What has to be done before the next line is looked at: see engine_take(). */
enum engine_event engine_prepare(struct engine *engine,
				 int64_t now_ns) MUST_CHECK;

/* --- engine_save.c -------------------------------------------------------- */

/* Of the flags of a group those that mean something in another run. */
#define GROUP_FLAGS_KEPT GROUP_NAMED

/* Adds the window that closes to the savepoint, as engine_replay() wants it. */
void engine_save_window(struct engine *engine, struct savepoint *savepoint,
			const struct snapshot *snapshot);

/* --- engine_windows.c ----------------------------------------------------- */

/* By event time: the watermark moved, or a pane was opened or closed. */
void engine_look(struct engine *engine);

/* What --forget has to do since the last window closed. -1: memory is out. */
int engine_forget(struct engine *engine) MUST_CHECK;

#endif
