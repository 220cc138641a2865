/*
 * What a state holds from one run to the next, and which files are refused.
 * Crashes and failures: test_state_faults.c.
 */
#include "state_model.h"

#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char folder[] = "/tmp/test_state.XXXXXX";
static struct error error;

static void begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void end(void)
{
	char command[64];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* --- what it holds -------------------------------------------------------- */

START_TEST(a_state_that_is_made_is_new_and_empty)
{
	struct state *state = open_state("s.db");

	assert_holds(state, 0);
	state_close(state);
	state = open_state("s.db");
	assert_holds(state, 0);
	state_close(state);
}
END_TEST

START_TEST(an_empty_file_becomes_a_state_and_keeps_its_mode)
{
	struct state *state;
	struct stat status;

	write_file("s.db", span_of(""));
	state = open_state("s.db");
	assert_holds(state, 0);
	state_close(state);
	ck_assert_int_eq(stat("s.db", &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(what_was_saved_is_there_in_the_next_run)
{
	/* Beyond what is folded at once, and a second time so many. */
	static const uint64_t ends[] = {1, 2, 3, 5, 6, 31, 34, 37, 40, 77, 150};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct state *state = open_state("s.db");

		assert_holds(state, i == 0 ? 0 : ends[i - 1]);
		state_forget_kept(state);
		save_up_to(state, ends[i]);
		state_close(state);
	}
	state_close(NULL);
}
END_TEST

START_TEST(one_long_run_holds_the_same)
{
	struct state *state = open_state("s.db");

	state_forget_kept(state);
	save_up_to(state, 150);
	state_close(state);
	state = open_state("s.db");
	assert_holds(state, 150);
	state_close(state);
}
END_TEST

static int64_t pending_rows(const char *path)
{
	sqlite3 *handle;
	sqlite3_stmt *count;
	int64_t rows;

	ck_assert_int_eq(sqlite3_open(path, &handle), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(handle,
					    "SELECT count(*) FROM pending", -1,
					    &count, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(count), SQLITE_ROW);
	rows = sqlite3_column_int64(count, 0);
	sqlite3_finalize(count);
	ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
	return rows;
}

/* Saves so many without a window, which nobody has to take. */
static void save_marks(struct state *state, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct savepoint savepoint;

		savepoint_init(&savepoint);
		model_fill(&savepoint, state_last(state) + 1);
		buffer_clear(&savepoint.window);
		state_save(state, &savepoint, 0);
		ck_assert_int_eq(state_wait(state, 60000, &error), STATE_IDLE);
		savepoint_release(&savepoint);
	}
}

/* The thread would move what the owner is still looking at. */
START_TEST(nothing_is_folded_before_all_was_read)
{
	struct state *state = open_state("s.db");

	save_marks(state, 40);
	state_close(state);
	ck_assert_int_eq(pending_rows("s.db"), 40);
	state = open_state("s.db");
	ck_assert_ptr_null(state_pending(state, 0));
	save_marks(state, 1);
	state_close(state);
	ck_assert_int_eq(pending_rows("s.db"), 41);
	state = open_state("s.db");
	state_forget_kept(state);
	save_marks(state, 1);
	state_close(state);
	ck_assert_int_eq(pending_rows("s.db"), 0);
}
END_TEST

START_TEST(closing_leaves_one_file)
{
	struct state *state = open_state("s.db");

	save_up_to(state, 3);
	ck_assert_int_eq(access("s.db-wal", F_OK), 0);
	state_close(state);
	ck_assert_int_ne(access("s.db-wal", F_OK), 0);
	ck_assert_int_ne(access("s.db-shm", F_OK), 0);
	ck_assert_int_ne(access("s.db-journal", F_OK), 0);
}
END_TEST

START_TEST(a_file_does_not_grow_for_ever)
{
	struct state *state = open_state("s.db");
	struct stat early, late;

	state_forget_kept(state);
	save_up_to(state, 200);
	state_close(state);
	ck_assert_int_eq(stat("s.db", &early), 0);
	state = open_state("s.db");
	state_forget_kept(state);
	save_up_to(state, 600);
	state_close(state);
	ck_assert_int_eq(stat("s.db", &late), 0);
	ck_assert_int_le(late.st_size, early.st_size + early.st_size / 2);
}
END_TEST

START_TEST(a_window_of_any_size_comes_back)
{
	struct state *state = open_state("s.db");
	const struct savepoint *pending;
	struct savepoint savepoint;
	size_t size = (size_t)40 << 20;

	savepoint_init(&savepoint);
	buffer_append_text(savepoint_add(&savepoint, SAVED_GROUP, 1), "one");
	ck_assert_ptr_nonnull(buffer_reserve(&savepoint.window, size));
	for (size_t i = 0; i < size; i++)
		savepoint.window.data[i] = (char)(i * 2654435761u >> 24);
	savepoint.window.size = size;
	state_save(state, &savepoint, 0);
	ck_assert_int_eq(state_wait(state, 60000, &error), STATE_IDLE);
	state_close(state);
	state = open_state("s.db");
	pending = state_pending(state, 0);
	ck_assert_ptr_nonnull(pending);
	ck_assert_ptr_null(state_pending(state, 1));
	ck_assert_uint_eq(pending->count, 1);
	ck_assert_uint_eq(pending->window.size, size);
	for (size_t i = 0; i < size; i++)
		if (pending->window.data[i] != (char)(i * 2654435761u >> 24))
			ck_abort_msg("byte %zu", i);
	ck_assert_uint_eq(state_kept(state)->count, 0);
	state_close(state);
	savepoint_release(&savepoint);
}
END_TEST

/* --- saving --------------------------------------------------------------- */

START_TEST(the_descriptor_says_when_a_save_has_ended)
{
	struct state *state = open_state("s.db");
	struct pollfd ready = {.fd = state_fd(state), .events = POLLIN};
	struct savepoint savepoint;

	savepoint_init(&savepoint);
	ck_assert_int_eq(state_poll(state, &error), STATE_IDLE);
	for (uint64_t n = 1; n <= 3; n++) {
		ck_assert_int_eq(poll(&ready, 1, 0), 0);
		model_fill(&savepoint, n);
		state_save(state, &savepoint, model_taken(n));
		ck_assert_uint_eq(savepoint.count, 0);
		ck_assert_uint_eq(savepoint.window.size, 0);
		ck_assert_uint_eq(state_last(state), n);
		ck_assert_int_eq(poll(&ready, 1, 60000), 1);
		ck_assert_int_eq(state_poll(state, &error), STATE_IDLE);
	}
	savepoint_release(&savepoint);
	state_close(state);
}
END_TEST

START_TEST(a_savepoint_that_is_not_whole_fails_for_good)
{
	struct state *state = open_state("s.db");
	struct savepoint savepoint;

	save_up_to(state, 2);
	savepoint_init(&savepoint);
	model_fill(&savepoint, 3);
	ck_assert_ptr_null(buffer_reserve(&savepoint.bytes, SIZE_MAX - 8));
	state_save(state, &savepoint, 0);
	ck_assert_int_eq(state_wait(state, 60000, &error), STATE_FAILED);
	ck_assert_ptr_nonnull(strstr(error.message, "'s.db': out of memory"));
	ck_assert_int_eq(save_next(state, &error), STATE_FAILED);
	state_close(state);
	savepoint_release(&savepoint);
	state = open_state("s.db");
	assert_holds(state, 2);
	state_close(state);
}
END_TEST

/* --- what is refused ------------------------------------------------------ */

static void assert_refused_for(const char *path, const char *query,
			       const char *why)
{
	struct state *state = NULL;

	if (state_open(&state, path, query, &error) == 0)
		ck_abort_msg("%s was opened", path);
	if (!strstr(error.message, why))
		ck_abort_msg("'%s' has no '%s'", error.message, why);
	ck_assert_ptr_nonnull(strstr(error.message, path));
	ck_assert_ptr_null(strchr(error.message, '\n'));
}

static void assert_refused(const char *path, const char *why)
{
	struct buffer before = {0}, wal = {0};
	bool is_file = read_file(path, &before);
	bool has_wal = read_file("s.db-wal", &wal);
	struct stat status;

	assert_refused_for(path, MODEL_QUERY, why);
	ck_assert_int_eq(access(path, F_OK) == 0, is_file);
	if (is_file && stat(path, &status) == 0 && S_ISREG(status.st_mode))
		assert_file_is(path, buffer_span(&before));
	if (has_wal)
		assert_file_is("s.db-wal", buffer_span(&wal));
	else
		ck_assert_int_ne(access("s.db-wal", F_OK), 0);
	buffer_release(&before);
	buffer_release(&wal);
}

START_TEST(another_query_is_told_by_its_first_line_that_differs)
{
	struct state *state = open_state("s.db");

	save_up_to(state, 2);
	state_close(state);
	assert_refused_for("s.db", "key=status\nwindow=5s\n",
			   "--state 's.db' is of another query: window=10s "
			   "there, window=5s here; ");
	assert_refused_for("s.db", "key=status\n",
			   "window=10s there, nothing here; ");
	assert_refused_for("s.db", "key=status\nwindow=10s\nsum=amount\n",
			   "nothing there, sum=amount here; ");
	assert_refused_for("s.db", "key=shop\nkey=status\nwindow=10s\n",
			   "key=status there, key=shop,status here; ");
	assert_refused_for("s.db", "window=10s\n",
			   "key=status there, nothing here; ");
	assert_refused_for("s.db", "", "key=status there, nothing here; ");
	state = open_state("s.db");
	assert_holds(state, 2);
	state_close(state);
}
END_TEST

static void assert_opened_for(const char *path, const char *query)
{
	struct state *state = NULL;

	if (state_open(&state, path, query, &error) != 0)
		ck_abort_msg("%s: %s", query, error.message);
	state_close(state);
}

START_TEST(other_keys_are_told_all_and_in_their_order)
{
	assert_opened_for("s.db", "key=a\nkey=t\nwindow=5s\n");
	assert_refused_for("s.db", "key=t\nkey=a\nwindow=5s\n",
			   "key=a,t there, key=t,a here; ");
	assert_refused_for("s.db", "key=a\nwindow=5s\n",
			   "key=a,t there, key=a here; ");
	assert_refused_for("s.db", "key=a\nkey=t\nkey=u\nwindow=10s\n",
			   "key=a,t there, key=a,t,u here; ");
	/* One key, which has a comma in it. */
	assert_refused_for("s.db", "key=a,t\nwindow=5s\n",
			   "key=a,t there, key=a,t here; ");
}
END_TEST

/* An earlier version kept a condition as it was spelled on the command line. */
START_TEST(the_same_conditions_are_the_same_query_however_they_are_spelled)
{
	assert_opened_for("s.db", "key=k\nwhere=a == \"x\\\\ty\"\n"
				  "where= b  =1\nmissing=m\n");
	assert_opened_for("s.db", "key=k\nwhere=a=x\\ty\nwhere= b=1\n"
				  "missing=m\n");
	assert_opened_for("s.db", "key=k\nwhere= b=1\nwhere=a=x\\ty\n"
				  "where= b = 1\nmissing=m\n");
	assert_refused_for("s.db", "key=k\nwhere=a=x\\ty\nmissing=m\n",
			   "where= b=1 there, nothing here; ");
	assert_refused_for("s.db",
			   "key=k\nwhere= b=1\nwhere=a=x\\ty\nwhere=c=1\n"
			   "missing=m\n",
			   "nothing there, where=c=1 here; ");
	assert_refused_for("s.db",
			   "key=k\nwhere=a=x\\ty\nwhere= b=\"1\"\n"
			   "missing=m\n",
			   "where= b=1 there, where= b=\"1\" here; ");
}
END_TEST

static void make_database(const char *path, const char *sql)
{
	sqlite3 *handle;

	ck_assert_int_eq(sqlite3_open(path, &handle), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(handle, sql, NULL, NULL, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
}

START_TEST(a_foreign_file_is_refused_and_left)
{
	static char zeros[100000];

	write_file("s.db", span_of("{\"status\":\"PAID\"}\n"));
	assert_refused("s.db", "is not a state of ordercount");
	write_file("s.db", span_make(zeros, sizeof(zeros)));
	assert_refused("s.db", "is not a state of ordercount");
	unlink("s.db");
	make_database("s.db", "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	assert_refused("s.db", "is not a state of ordercount");
	make_database("s.db", "PRAGMA journal_mode = WAL;"
			      "INSERT INTO t VALUES(2)");
	assert_refused("s.db", "is not a state of ordercount");
}
END_TEST

START_TEST(a_state_of_another_version_is_refused_and_left)
{
	state_close(open_state("s.db"));
	make_database("s.db", "PRAGMA user_version = 7;"
			      "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_refused("s.db", "is of another version of ordercount (format 7");
}
END_TEST

START_TEST(a_state_with_more_in_it_is_refused_and_left)
{
	state_close(open_state("s.db"));
	make_database("s.db", "CREATE VIEW v AS SELECT * FROM groups");
	assert_refused("s.db", "is damaged");
}
END_TEST

/* Rows that SQLite finds right, and we do not. */
START_TEST(a_row_that_is_gone_or_doubled_or_changed_is_damage)
{
	static const char *const changes[] = {
		"DELETE FROM groups",
		"DELETE FROM panes WHERE id = 37",
		"DELETE FROM pending WHERE id = (SELECT max(id) FROM pending)",
		"DELETE FROM meta WHERE id = 1",
		"DELETE FROM sums WHERE id = 0",
		"INSERT INTO panes SELECT id + 500, checksum, bytes FROM panes",
		"UPDATE positions SET bytes = x'00' WHERE id = 1",
		"UPDATE positions SET bytes = 'position 40' WHERE id = 1",
		"UPDATE positions SET checksum = checksum + 1 WHERE id = 1",
		"UPDATE positions SET id = 7 WHERE id = 1",
		"UPDATE sums SET id = 17 WHERE id = 1",
		"UPDATE meta SET id = 3 WHERE id = 2",
	};
	struct buffer whole = {0};
	struct state *state = open_state("s.db");

	state_forget_kept(state);
	save_up_to(state, 40);
	state_close(state);
	ck_assert(read_file("s.db", &whole));
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		write_file("s.db", buffer_span(&whole));
		make_database("s.db", changes[i]);
		assert_refused("s.db", "is damaged");
	}
	buffer_release(&whole);
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused)
{
	ck_assert_int_eq(mkdir("d", 0700), 0);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	assert_refused_for("d", "", "is a directory");
	assert_refused_for("fifo", "", "is no regular file");
	assert_refused_for("/dev/null", "", "is no regular file");
	assert_refused_for("none/s.db", "", "No such file or directory");
	ck_assert_int_eq(symlink("loop", "loop"), 0);
	assert_refused_for("loop", "", "symbolic links");
}
END_TEST

START_TEST(what_may_not_be_written_is_refused)
{
	state_close(open_state("s.db"));
	ck_assert_int_eq(chmod(folder, 0555), 0);
	ck_assert_int_eq(chmod("s.db", 0666), 0);
	/* Root may do anything. */
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	assert_refused("new.db", "cannot make --state");
	assert_refused("s.db", "cannot make files beside");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(chmod(folder, 0777), 0);
	ck_assert_int_eq(chmod("s.db", 0444), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	assert_refused("s.db", "Permission denied");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(where_there_is_no_room_nothing_is_made)
{
	struct rlimit limit = {4096, RLIM_INFINITY};

	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	write_file("empty.db", span_of(""));
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_refused("new.db", "cannot write --state 'new.db': File too");
	assert_refused("empty.db", "cannot write --state");
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}
END_TEST

START_TEST(a_second_run_on_the_same_file_is_refused)
{
	struct state *state = open_state("s.db");
	pid_t child;
	int status;

	ck_assert_int_eq(symlink("s.db", "link.db"), 0);
	save_up_to(state, 2);
	assert_refused("s.db", "is in use by another run");
	assert_refused("link.db", "is in use by another run");
	child = fork();
	if (child == 0) {
		struct state *second;

		_exit(state_open(&second, "s.db", MODEL_QUERY, &error) == 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	/* The lock is still held, and what was saved comes back. */
	assert_refused("s.db", "is in use by another run");
	save_up_to(state, 4);
	state_close(state);
	state = open_state("link.db");
	assert_holds(state, 4);
	state_close(state);
	ck_assert_int_ne(access("link.db-wal", F_OK), 0);
}
END_TEST

START_TEST(other_users_of_sqlite_find_the_file_busy)
{
	struct state *state = open_state("s.db");
	sqlite3 *handle;

	save_up_to(state, 1);
	ck_assert_int_eq(sqlite3_open("s.db", &handle), SQLITE_OK);
	ck_assert_int_eq(
		sqlite3_exec(handle, "SELECT * FROM groups", NULL, NULL, NULL),
		SQLITE_BUSY);
	ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
	save_up_to(state, 2);
	state_close(state);
}
END_TEST

START_TEST(what_others_left_beside_it_is_not_taken_for_a_part)
{
	struct buffer wal = {0};
	struct state *state = open_state("s.db");

	save_up_to(state, 2);
	ck_assert(read_file("s.db-wal", &wal));
	state_close(state);
	write_file("s.db-journal", span_of("journal"));
	assert_refused("s.db", "'s.db-journal' is not of --state");
	ck_assert_int_eq(unlink("s.db-journal"), 0);
	ck_assert_int_eq(unlink("s.db"), 0);
	write_file("s.db-wal", buffer_span(&wal));
	assert_refused("s.db", "is gone, but for 's.db-wal'");
	buffer_release(&wal);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *kept = tcase_create("what it holds");
	TCase *saving = tcase_create("saving");
	TCase *refused = tcase_create("what is refused");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, kept);
	tcase_add_checked_fixture(kept, begin, end);
	tcase_set_timeout(kept, 60);
	tcase_add_test(kept, a_state_that_is_made_is_new_and_empty);
	tcase_add_test(kept, an_empty_file_becomes_a_state_and_keeps_its_mode);
	tcase_add_test(kept, what_was_saved_is_there_in_the_next_run);
	tcase_add_test(kept, one_long_run_holds_the_same);
	tcase_add_test(kept, nothing_is_folded_before_all_was_read);
	tcase_add_test(kept, closing_leaves_one_file);
	tcase_add_test(kept, a_file_does_not_grow_for_ever);
	tcase_add_test(kept, a_window_of_any_size_comes_back);
	suite_add_tcase(suite, saving);
	tcase_add_checked_fixture(saving, begin, end);
	tcase_add_test(saving, the_descriptor_says_when_a_save_has_ended);
	tcase_add_test(saving, a_savepoint_that_is_not_whole_fails_for_good);
	suite_add_tcase(suite, refused);
	tcase_add_checked_fixture(refused, begin, end);
	tcase_set_timeout(refused, 60);
	tcase_add_test(refused,
		       another_query_is_told_by_its_first_line_that_differs);
	tcase_add_test(refused, other_keys_are_told_all_and_in_their_order);
	tcase_add_test(
		refused,
		the_same_conditions_are_the_same_query_however_they_are_spelled);
	tcase_add_test(refused, a_foreign_file_is_refused_and_left);
	tcase_add_test(refused, a_state_of_another_version_is_refused_and_left);
	tcase_add_test(refused, a_state_with_more_in_it_is_refused_and_left);
	tcase_add_test(refused,
		       a_row_that_is_gone_or_doubled_or_changed_is_damage);
	tcase_add_test(refused, what_is_no_regular_file_is_refused);
	tcase_add_test(refused, what_may_not_be_written_is_refused);
	tcase_add_test(refused, where_there_is_no_room_nothing_is_made);
	tcase_add_test(refused, a_second_run_on_the_same_file_is_refused);
	tcase_add_test(refused, other_users_of_sqlite_find_the_file_busy);
	tcase_add_test(refused,
		       what_others_left_beside_it_is_not_taken_for_a_part);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
