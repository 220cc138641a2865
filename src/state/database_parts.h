/*
 * database_parts: what the files of the database share.
 */
#ifndef STATE_DATABASE_PARTS_H
#define STATE_DATABASE_PARTS_H

#include "state/database.h"

/* The tables, in the order in which they were made, behind the sums. */
extern const char *const database_names[STATE_TABLES];
#define DATABASE_SUMS	    "sums"
#define DATABASE_SUMS_TABLE STATE_TABLES

/* How each was made; %s is its name. The checksum comes before the bytes, so
 * that it can be read without them. */
#define DATABASE_CREATE                                                    \
	"CREATE TABLE %s(id INTEGER PRIMARY KEY, checksum INTEGER, bytes " \
	"BLOB)"

uint64_t database_checksum(unsigned table, int64_t id, struct span bytes);

int database_execute(struct database *database, const char *sql);

/* format: SQL, short, with one %s for the name. */
int database_prepare(struct database *database, sqlite3_stmt **statement,
		     const char *format, const char *name);

/* Those that are used all the time. */
int database_prepare_all(struct database *database);

#endif
