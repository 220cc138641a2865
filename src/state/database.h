/*
 * database: the SQLite database in the file of a state.
 *
 * Tables of rows, each an id, bytes, and a checksum of both and of its table;
 * and for each table the number of its rows and the sum of their checksums, in
 * a row that has a checksum as well. So what was flipped, or is gone, or stands
 * twice, is found when all of it is read, which is done when it is opened.
 *
 * Functions return what SQLite returns: SQLITE_OK or why not. A row that is not
 * what was written is SQLITE_CORRUPT.
 */
#ifndef STATE_DATABASE_H
#define STATE_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "core/savepoint.h"

/* As in all functions below: `table`. */
enum state_table {
	/* Those of enum saved_table come first, under their numbers. */
	TABLE_PENDING = SAVED_TABLES, /* savepoints that are not folded yet */
	TABLE_META,		      /* by enum state_meta */
	STATE_TABLES,		      /* their number */
};

enum state_meta {
	META_QUERY,
	META_LAST,   /* the number of the last savepoint */
	META_FOLDED, /* and of the last one that is folded */
};

struct database_sum {
	uint64_t count;
	uint64_t checksums; /* wrapped around */
};

struct database_table {
	struct database_sum sum;   /* of what stands in it now */
	struct database_sum saved; /* and when the transaction began */
	sqlite3_stmt *find;
	sqlite3_stmt *get;
	sqlite3_stmt *put;
	sqlite3_stmt *drop;
};

struct database {
	sqlite3 *handle;
	struct database_table tables[STATE_TABLES];
	sqlite3_stmt *put_sum;
	struct buffer scratch;
	int log_pages; /* in the WAL, by the last commit */
};

/*
 * Connects to the file at the path, which must be locked by who calls, and
 * neither reads nor writes. Release it whatever came of it.
 */
int database_open(struct database *database, const char *path) MUST_CHECK;

/* Empty tables, in memory: to be filled and written as an image. Release it. */
int database_open_new(struct database *database) MUST_CHECK;

/*
 * What database_open_new() began, as the bytes of a file in WAL mode. To be
 * freed with sqlite3_free(); NULL: memory is out.
 */
char *database_image(struct database *database, size_t *size);

/* keep: the file and its WAL stay as they are. */
void database_release(struct database *database, bool keep);

/* Is told of each row; anything but SQLITE_OK ends the reading. */
typedef int database_reader(void *context, int64_t id, struct span bytes);

/* Checks how it is built; first of all. Writes nothing. */
int database_check(struct database *database) MUST_CHECK;

/*
 * Reads a table by rising ids, and checks it all; each is to be read once
 * before anything is changed. Writes nothing.
 */
int database_read(struct database *database, unsigned table,
		  database_reader *reader, void *context) MUST_CHECK;

/* --- in a transaction ----------------------------------------------------- */

int database_begin(struct database *database) MUST_CHECK;
/* Appends the bytes of a row to out: nothing where there is none. */
int database_get(struct database *database, unsigned table, int64_t id,
		 struct buffer *out) MUST_CHECK;
int database_put(struct database *database, unsigned table, int64_t id,
		 struct span bytes) MUST_CHECK;
int database_drop(struct database *database, unsigned table,
		  int64_t id) MUST_CHECK; /* there or not */
int database_commit(struct database *database) MUST_CHECK;
void database_roll_back(struct database *database);

/* Moves what stands in the WAL into the file when there is much of it. */
void database_tidy(struct database *database);

/* What the result means, for the end of a message. Lives as long as the
 * database is not used. */
const char *database_reason(const struct database *database, int result);

#endif
