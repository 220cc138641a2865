/*
 * state: the file of --state, an SQLite database.
 *
 * It holds the entries of savepoints, each row with a checksum, and the query.
 * A savepoint is written in one transaction, by a thread, so that saving runs
 * beside the counting. Its windows print once it is on the disk.
 *
 * Savepoints are numbered from 1 on, over all runs. The groups of one, and its
 * window, are kept apart (they are `pending`) until the output has taken the
 * window; then they are folded into the table of groups, or count as if they
 * were. After a crash the pending ones are replayed, each on top of the one
 * before: windows that print again print as they did.
 */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include <stdint.h>

#include "base/error.h"
#include "core/savepoint.h"

struct state;

/*
 * Opens the file, or makes a new one. query: what must be the same in each run,
 * lines of "NAME=VALUE\n", VALUE escaped as tsv does; of "where=" the condition
 * counts, not how it is spelled, nor in which order they come. Locks it: a
 * second run is refused. Everything in it is checked; a file that is not ours,
 * damaged, of another query or of another version is refused and left as it is,
 * byte for byte.
 *
 * -1: the message names the file, what is wrong and what to do. Both pointers
 * are borrowed for the call only. May block on the disk.
 */
int state_open(struct state **state, const char *path, const char *query,
	       struct error *error) MUST_CHECK;

/*
 * What stands in the tables, folded: the state's, until state_forget_kept().
 * Pending groups and windows are not in it, while head, panes and positions are
 * those of the last savepoint.
 */
const struct savepoint *state_kept(const struct state *state);

/*
 * Those pending, oldest first: NULL behind the last one. Each holds its groups
 * and its window. The state's. Not while a save is running, nor after
 * state_forget_kept(); a save that says what was taken moves others up.
 */
const struct savepoint *state_pending(const struct state *state, size_t index);

/* The number of such a one. */
uint64_t state_pending_number(const struct state *state, size_t index);

/* The number of the last savepoint given to state_save(); 0: none. */
uint64_t state_last(const struct state *state);

/* What was read is restored: its memory may go. Pending ones stay pending, and
 * may be folded from here on. */
void state_forget_kept(struct state *state);

/* A descriptor to poll for POLLIN while a save is running. The state's. */
int state_fd(const struct state *state);

/*
 * Starts to write the savepoint, as number state_last() + 1, in the thread; no
 * save must be running. It is swapped for an empty one. Windows up to number
 * `taken` were taken by the output. Never blocks. Nothing is saved any more
 * once one has failed.
 */
void state_save(struct state *state, struct savepoint *savepoint,
		uint64_t taken);

enum state_status {
	STATE_IDLE, /* no save is running: the last one is on the disk */
	STATE_SAVING,
	STATE_FAILED, /* it could not be written: the file is as before */
};

/* How the save is doing; *error is filled in for STATE_FAILED. */
enum state_status state_poll(struct state *state, struct error *error);

/* Waits for the save to end, at most so long; then as state_poll(). */
enum state_status state_wait(struct state *state, int timeout_ms,
			     struct error *error);

/* Closes the file, leaves no WAL behind where it can. Takes NULL too. */
void state_close(struct state *state);

#endif
