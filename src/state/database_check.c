#include "state/database_parts.h"

#include <stdio.h>
#include <string.h>

#define CACHE_KIBIBYTES "16384"

static bool text_is(sqlite3_stmt *statement, int column, const char *text)
{
	const unsigned char *got = sqlite3_column_text(statement, column);

	return got && strcmp((const char *)got, text) == 0;
}

/* The tables stand there as they were made, and nothing else. */
static int check_schema(struct database *database)
{
	sqlite3_stmt *statement;
	char sql[128];
	unsigned seen = 0;
	int result = database_prepare(database, &statement,
				      "SELECT sql FROM %s ORDER BY rowid",
				      "sqlite_schema");

	if (result != SQLITE_OK)
		return result;
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		snprintf(sql, sizeof(sql), DATABASE_CREATE,
			 seen > 0 && seen <= STATE_TABLES
				 ? database_names[seen - 1]
				 : DATABASE_SUMS);
		if (!text_is(statement, 0, sql))
			break;
		seen++;
	}
	sqlite3_finalize(statement);
	if (result == SQLITE_DONE && seen == STATE_TABLES + 1)
		return SQLITE_OK;
	return result == SQLITE_DONE || result == SQLITE_ROW ? SQLITE_CORRUPT
							     : result;
}

/* The one text that the pragma answers with is this one. */
static int check_pragma(struct database *database, const char *pragma,
			const char *answer)
{
	sqlite3_stmt *statement;
	int result =
		database_prepare(database, &statement, "PRAGMA %s", pragma);

	if (result != SQLITE_OK)
		return result;
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		result = text_is(statement, 0, answer) ? SQLITE_OK
						       : SQLITE_CORRUPT;
	sqlite3_finalize(statement);
	return result;
}

static bool take_sum(struct database_sum *sum, struct span bytes)
{
	return saved_get_number(&bytes, &sum->count) &&
	       saved_get_number(&bytes, &sum->checksums) && bytes.size == 0;
}

/* Takes the row that the statement stands on, checks it and tells the reader.
 */
static int take_row(sqlite3_stmt *statement, unsigned table,
		    struct database_sum *sum, database_reader *reader,
		    void *context)
{
	int64_t id = sqlite3_column_int64(statement, 0);
	uint64_t checksum = (uint64_t)sqlite3_column_int64(statement, 1);
	const void *data = sqlite3_column_blob(statement, 2);
	int size = sqlite3_column_bytes(statement, 2);
	struct span bytes = span_make(data ? data : "", (size_t)size);

	if (!data &&
	    sqlite3_errcode(sqlite3_db_handle(statement)) == SQLITE_NOMEM)
		return SQLITE_NOMEM;
	if (sqlite3_column_type(statement, 2) != SQLITE_BLOB ||
	    database_checksum(table, id, bytes) != checksum)
		return SQLITE_CORRUPT;
	sum->count++;
	sum->checksums += checksum;
	return reader(context, id, bytes);
}

static int read_rows(struct database *database, unsigned table,
		     const char *name, struct database_sum *sum,
		     database_reader *reader, void *context)
{
	sqlite3_stmt *statement;
	int result = database_prepare(
		database, &statement,
		"SELECT id, checksum, bytes FROM %s ORDER BY id", name);

	if (result != SQLITE_OK)
		return result;
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		result = take_row(statement, table, sum, reader, context);
		if (result != SQLITE_OK)
			break;
	}
	sqlite3_finalize(statement);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

static int take_saved_sum(void *context, int64_t id, struct span bytes)
{
	struct database *database = context;

	if (id < 0 || id >= STATE_TABLES ||
	    !take_sum(&database->tables[id].saved, bytes))
		return SQLITE_CORRUPT;
	return SQLITE_OK;
}

int database_check(struct database *database)
{
	struct database_sum sums = {0};
	int result = database_execute(database,
				      "PRAGMA cell_size_check = ON;"
				      "PRAGMA synchronous = FULL;"
				      "PRAGMA temp_store = MEMORY;"
				      "PRAGMA secure_delete = OFF;"
				      "PRAGMA mmap_size = 0;"
				      "PRAGMA cache_size = -" CACHE_KIBIBYTES);

	if (result == SQLITE_OK)
		result = check_schema(database);
	/* Damage that no row shows would destroy some when others change. */
	if (result == SQLITE_OK)
		result = check_pragma(database, "quick_check(1)", "ok");
	if (result == SQLITE_OK)
		result = check_pragma(database, "journal_mode", "wal");
	if (result == SQLITE_OK)
		result = read_rows(database, DATABASE_SUMS_TABLE, DATABASE_SUMS,
				   &sums, take_saved_sum, database);
	if (result == SQLITE_OK && sums.count != STATE_TABLES)
		result = SQLITE_CORRUPT;
	return result == SQLITE_OK ? database_prepare_all(database) : result;
}

int database_read(struct database *database, unsigned table,
		  database_reader *reader, void *context)
{
	struct database_table *read = &database->tables[table];
	int result;

	read->sum = (struct database_sum){0};
	result = read_rows(database, table, database_names[table], &read->sum,
			   reader, context);
	if (result == SQLITE_OK &&
	    (read->sum.count != read->saved.count ||
	     read->sum.checksums != read->saved.checksums))
		result = SQLITE_CORRUPT;
	return result;
}
