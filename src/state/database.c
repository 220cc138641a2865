#include "state/database_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/siphash.h"
#include "state/file.h"

#define PAGE_BYTES "4096"

/* So many pages of the WAL are moved at once: those that changed more than once
 * in between, only once. */
#define TIDY_PAGES 2048

const char *const database_names[STATE_TABLES] = {
	[SAVED_HEAD] = "head",		[SAVED_PANE] = "panes",
	[SAVED_POSITION] = "positions", [SAVED_GROUP] = "groups",
	[TABLE_PENDING] = "pending",	[TABLE_META] = "meta",
};

/* Nobody steers these checksums: they are for damage. */
uint64_t database_checksum(unsigned table, int64_t id, struct span bytes)
{
	const uint64_t key[2] = {0x6f72646572636f75u ^ table, (uint64_t)id};

	return siphash(key, 0, bytes);
}

int database_execute(struct database *database, const char *sql)
{
	return sqlite3_exec(database->handle, sql, NULL, NULL, NULL);
}

/* Runs a statement to its end, and makes it ready for the next time. */
static int finish(sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);
	int reset = sqlite3_reset(statement);

	if (result == SQLITE_DONE || result == SQLITE_ROW)
		return reset;
	return result;
}

/* --- connecting ----------------------------------------------------------- */

int database_prepare(struct database *database, sqlite3_stmt **statement,
		     const char *format, const char *name)
{
	char sql[128];

	snprintf(sql, sizeof(sql), format, name);
	return sqlite3_prepare_v3(database->handle, sql, -1,
				  SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

#define PUT "INSERT OR REPLACE INTO %s(id, checksum, bytes) VALUES(?, ?, ?)"

int database_prepare_all(struct database *database)
{
	int result = database_prepare(database, &database->put_sum, PUT,
				      DATABASE_SUMS);

	for (unsigned i = 0; i < STATE_TABLES && result == SQLITE_OK; i++) {
		struct database_table *table = &database->tables[i];

		result =
			database_prepare(database, &table->find,
					 "SELECT checksum FROM %s WHERE id = ?",
					 database_names[i]);
		if (result == SQLITE_OK)
			result = database_prepare(
				database, &table->get,
				"SELECT bytes FROM %s WHERE id = ?",
				database_names[i]);
		if (result == SQLITE_OK)
			result = database_prepare(database, &table->put, PUT,
						  database_names[i]);
		if (result == SQLITE_OK)
			result = database_prepare(database, &table->drop,
						  "DELETE FROM %s WHERE id = ?",
						  database_names[i]);
	}
	return result;
}

static int count_log(void *context, sqlite3 *handle, const char *name,
		     int pages)
{
	struct database *database = context;

	(void)handle;
	(void)name;
	database->log_pages = pages;
	return SQLITE_OK;
}

int database_open(struct database *database, const char *path)
{
	int result;

	*database = (struct database){0};
	/* Without SQLite's locks: the file is locked already, and in exclusive
	 * mode nothing is shared with other processes. */
	result = sqlite3_open_v2(path, &database->handle,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
					 SQLITE_OPEN_PRIVATECACHE,
				 "unix-none");
	if (result != SQLITE_OK)
		return result;
	sqlite3_extended_result_codes(database->handle, 1);
	sqlite3_db_config(database->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
			  NULL);
	sqlite3_db_config(database->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0,
			  NULL);
	sqlite3_wal_hook(database->handle, count_log, database);
	return database_execute(database, "PRAGMA locking_mode = EXCLUSIVE");
}

int database_open_new(struct database *database)
{
	char sql[256];
	int result;

	*database = (struct database){0};
	result = sqlite3_open(":memory:", &database->handle);
	if (result != SQLITE_OK)
		return result;
	snprintf(sql, sizeof(sql),
		 "PRAGMA page_size = " PAGE_BYTES ";"
		 "PRAGMA application_id = %d; PRAGMA user_version = "
		 "%d;" DATABASE_CREATE,
		 STATE_APPLICATION, STATE_FORMAT, DATABASE_SUMS);
	result = database_execute(database, sql);
	for (unsigned i = 0; i < STATE_TABLES && result == SQLITE_OK; i++) {
		snprintf(sql, sizeof(sql), DATABASE_CREATE, database_names[i]);
		result = database_execute(database, sql);
	}
	return result == SQLITE_OK ? database_prepare_all(database) : result;
}

char *database_image(struct database *database, size_t *size)
{
	sqlite3_int64 bytes;
	char *image =
		(char *)sqlite3_serialize(database->handle, "main", &bytes, 0);

	if (!image)
		return NULL;
	/* The versions for writing and reading: with a WAL. */
	image[18] = 2;
	image[19] = 2;
	*size = (size_t)bytes;
	return image;
}

void database_release(struct database *database, bool keep)
{
	for (unsigned i = 0; i < STATE_TABLES; i++) {
		sqlite3_finalize(database->tables[i].find);
		sqlite3_finalize(database->tables[i].get);
		sqlite3_finalize(database->tables[i].put);
		sqlite3_finalize(database->tables[i].drop);
	}
	sqlite3_finalize(database->put_sum);
	if (database->handle && !keep)
		sqlite3_db_config(database->handle,
				  SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	sqlite3_close(database->handle);
	buffer_release(&database->scratch);
	*database = (struct database){0};
}

/* --- changing ------------------------------------------------------------- */

int database_begin(struct database *database)
{
	for (unsigned i = 0; i < STATE_TABLES; i++)
		database->tables[i].saved = database->tables[i].sum;
	return database_execute(database, "BEGIN IMMEDIATE");
}

/* Takes the row out of the sum if there is one. */
static int forget_checksum(struct database_table *table, int64_t id,
			   bool *found)
{
	int result = sqlite3_bind_int64(table->find, 1, id);
	int reset;

	if (result != SQLITE_OK)
		return result;
	result = sqlite3_step(table->find);
	*found = result == SQLITE_ROW;
	if (*found) {
		table->sum.count--;
		table->sum.checksums -=
			(uint64_t)sqlite3_column_int64(table->find, 0);
	}
	reset = sqlite3_reset(table->find);
	return result == SQLITE_ROW || result == SQLITE_DONE ? reset : result;
}

int database_get(struct database *database, unsigned table, int64_t id,
		 struct buffer *out)
{
	sqlite3_stmt *get = database->tables[table].get;
	int result = sqlite3_bind_int64(get, 1, id);
	int reset;

	if (result != SQLITE_OK)
		return result;
	result = sqlite3_step(get);
	if (result == SQLITE_ROW)
		buffer_append(out, sqlite3_column_blob(get, 0),
			      (size_t)sqlite3_column_bytes(get, 0));
	reset = sqlite3_reset(get);
	if (out->failed)
		return SQLITE_NOMEM;
	return result == SQLITE_ROW || result == SQLITE_DONE ? reset : result;
}

static int put_row(sqlite3_stmt *statement, int64_t id, uint64_t checksum,
		   struct span bytes)
{
	int result = sqlite3_bind_int64(statement, 1, id);

	if (result == SQLITE_OK)
		result = sqlite3_bind_int64(statement, 2, (int64_t)checksum);
	if (result == SQLITE_OK)
		result = sqlite3_bind_blob64(statement, 3,
					     bytes.data ? bytes.data : "",
					     bytes.size, SQLITE_STATIC);
	return result == SQLITE_OK ? finish(statement) : result;
}

int database_put(struct database *database, unsigned table, int64_t id,
		 struct span bytes)
{
	struct database_table *changed = &database->tables[table];
	uint64_t checksum = database_checksum(table, id, bytes);
	bool found;
	int result = forget_checksum(changed, id, &found);

	if (result != SQLITE_OK)
		return result;
	changed->sum.count++;
	changed->sum.checksums += checksum;
	return put_row(changed->put, id, checksum, bytes);
}

int database_drop(struct database *database, unsigned table, int64_t id)
{
	struct database_table *changed = &database->tables[table];
	bool found;
	int result = forget_checksum(changed, id, &found);

	if (result != SQLITE_OK || !found)
		return result;
	result = sqlite3_bind_int64(changed->drop, 1, id);
	return result == SQLITE_OK ? finish(changed->drop) : result;
}

static int put_sum(struct database *database, unsigned table)
{
	const struct database_sum *sum = &database->tables[table].sum;
	struct buffer *bytes = &database->scratch;

	buffer_clear(bytes);
	saved_put_number(bytes, sum->count);
	saved_put_number(bytes, sum->checksums);
	if (bytes->failed)
		return SQLITE_NOMEM;
	return put_row(database->put_sum, table,
		       database_checksum(DATABASE_SUMS_TABLE, table,
					 buffer_span(bytes)),
		       buffer_span(bytes));
}

int database_commit(struct database *database)
{
	int result = SQLITE_OK;

	for (unsigned i = 0; i < STATE_TABLES && result == SQLITE_OK; i++)
		result = put_sum(database, i);
	return result == SQLITE_OK ? database_execute(database, "COMMIT")
				   : result;
}

void database_roll_back(struct database *database)
{
	/* Some failures have rolled back already. */
	if (!sqlite3_get_autocommit(database->handle))
		database_execute(database, "ROLLBACK");
	for (unsigned i = 0; i < STATE_TABLES; i++)
		database->tables[i].sum = database->tables[i].saved;
}

void database_tidy(struct database *database)
{
	if (database->log_pages < TIDY_PAGES)
		return;
	/* When it fails the WAL still has it all, and the next one may not. */
	if (sqlite3_wal_checkpoint_v2(database->handle, NULL,
				      SQLITE_CHECKPOINT_PASSIVE, NULL,
				      NULL) == SQLITE_OK)
		database->log_pages = 0;
}

const char *database_reason(const struct database *database, int result)
{
	int number =
		database->handle ? sqlite3_system_errno(database->handle) : 0;

	switch (result & 0xff) {
	case SQLITE_NOMEM: return "out of memory";
	case SQLITE_FULL: return "no space left on its device";
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		if (number != 0)
			return strerror(number);
		break;
	default: break;
	}
	return sqlite3_errstr(result);
}
