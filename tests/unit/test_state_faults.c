/*
 * Crashes, failures and damage: a state that was killed or failed at any step
 * of a save holds what it held before or what was saved; one that was damaged
 * anywhere is refused and left, or the damage touches nothing that is used.
 */
#include "state_model.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

static char folder[64];

static void begin(void)
{
	/* In memory where there is such a place: thousands of syncs. */
	snprintf(folder, sizeof(folder), "%s/test_state_faults.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void end(void)
{
	char command[80];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* --- a file system that fails --------------------------------------------- */

enum fault {
	FAULT_KILL,  /* kill -9 before it, a write half done */
	FAULT_FULL,  /* once */
	FAULT_IO,    /* once */
	FAULT_IO_ON, /* and from there on */
	FAULTS,
};

/* Steps that change something on the disk: writes, syncs and so on. */
static struct {
	enum fault fault;
	long at; /* the step that fails; 0: none */
	long steps;
} plan;

static void plan_fault(enum fault fault, long at)
{
	plan.fault = fault;
	plan.at = at;
	plan.steps = 0;
}

struct flawed_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind it */
};

static sqlite3_vfs *real_vfs;

static bool is_due(void)
{
	plan.steps++;
	if (plan.fault == FAULT_IO_ON)
		return plan.at > 0 && plan.steps >= plan.at;
	return plan.steps == plan.at;
}

static int fault_result(int code)
{
	if (plan.fault == FAULT_KILL)
		raise(SIGKILL);
	return plan.fault == FAULT_FULL ? SQLITE_FULL : code;
}

#define REAL(file) (((struct flawed_file *)(file))->real)
#define CALL(file, method, ...) \
	REAL(file)->pMethods->method(REAL(file), ##__VA_ARGS__)

static int flawed_close(sqlite3_file *file)
{
	return CALL(file, xClose);
}

static int flawed_read(sqlite3_file *file, void *data, int size,
		       sqlite3_int64 offset)
{
	return CALL(file, xRead, data, size, offset);
}

static int flawed_write(sqlite3_file *file, const void *data, int size,
			sqlite3_int64 offset)
{
	if (!is_due())
		return CALL(file, xWrite, data, size, offset);
	if (CALL(file, xWrite, data, size / 2, offset) != SQLITE_OK)
		return SQLITE_IOERR_WRITE;
	return fault_result(SQLITE_IOERR_WRITE);
}

static int flawed_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return is_due() ? fault_result(SQLITE_IOERR_TRUNCATE)
			: CALL(file, xTruncate, size);
}

static int flawed_sync(sqlite3_file *file, int flags)
{
	return is_due() ? fault_result(SQLITE_IOERR_FSYNC)
			: CALL(file, xSync, flags);
}

static int flawed_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return CALL(file, xFileSize, size);
}

static int flawed_lock(sqlite3_file *file, int lock)
{
	return CALL(file, xLock, lock);
}

static int flawed_unlock(sqlite3_file *file, int lock)
{
	return CALL(file, xUnlock, lock);
}

static int flawed_reserved(sqlite3_file *file, int *result)
{
	return CALL(file, xCheckReservedLock, result);
}

static int flawed_control(sqlite3_file *file, int operation, void *argument)
{
	return CALL(file, xFileControl, operation, argument);
}

static int flawed_sector(sqlite3_file *file)
{
	return CALL(file, xSectorSize);
}

static int flawed_traits(sqlite3_file *file)
{
	return CALL(file, xDeviceCharacteristics);
}

static const sqlite3_io_methods flawed_methods = {
	.iVersion = 1,
	.xClose = flawed_close,
	.xRead = flawed_read,
	.xWrite = flawed_write,
	.xTruncate = flawed_truncate,
	.xSync = flawed_sync,
	.xFileSize = flawed_size,
	.xLock = flawed_lock,
	.xUnlock = flawed_unlock,
	.xCheckReservedLock = flawed_reserved,
	.xFileControl = flawed_control,
	.xSectorSize = flawed_sector,
	.xDeviceCharacteristics = flawed_traits,
};

static int flawed_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		       int flags, int *out)
{
	struct flawed_file *flawed = (struct flawed_file *)file;
	int result;

	(void)vfs;
	flawed->base.pMethods = NULL;
	flawed->real = (sqlite3_file *)(flawed + 1);
	if ((flags & SQLITE_OPEN_WAL) && is_due())
		return fault_result(SQLITE_CANTOPEN);
	result = real_vfs->xOpen(real_vfs, name, flawed->real, flags, out);
	if (result == SQLITE_OK)
		flawed->base.pMethods = &flawed_methods;
	return result;
}

static int flawed_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	return is_due() ? fault_result(SQLITE_IOERR_DELETE)
			: real_vfs->xDelete(real_vfs, name, sync);
}

/* Stands before the one that it hides, under its name. */
static void hide_file_system(void)
{
	static sqlite3_vfs flawed;

	real_vfs = sqlite3_vfs_find("unix-none");
	ck_assert_ptr_nonnull(real_vfs);
	flawed = *real_vfs;
	flawed.szOsFile += (int)sizeof(struct flawed_file);
	flawed.xOpen = flawed_open;
	flawed.xDelete = flawed_delete;
	ck_assert_int_eq(sqlite3_vfs_register(&flawed, 1), SQLITE_OK);
}

/* --- crashes -------------------------------------------------------------- */

/* Many are folded between these two, in one of the saves. */
#define BASE_LAST 31
#define END_LAST  40

static void make_base(struct buffer *base)
{
	struct state *state = open_state("base.db");

	save_up_to(state, BASE_LAST);
	state_close(state);
	ck_assert(read_file("base.db", base));
}

static void lay_out(const struct buffer *base)
{
	unlink("s.db-wal");
	write_file("s.db", buffer_span(base));
}

/* Saves and closes, and writes a byte into the pipe for each save that is on
 * the disk, until it is killed. Tells how it ended by its status. */
static void run_child(int fd)
{
	struct state *state;
	struct error error;

	if (state_open(&state, "s.db", MODEL_QUERY, &error) < 0)
		_exit(2);
	while (state_last(state) < END_LAST)
		if (save_next(state, &error) != STATE_IDLE ||
		    write(fd, "", 1) != 1)
			_exit(3);
	state_close(state);
	_exit(0);
}

/* True: it was killed, after so many saves. */
static bool kill_child(long at, uint64_t *saves)
{
	int ends[2], status;
	pid_t child;
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		plan_fault(FAULT_KILL, at);
		run_child(ends[1]);
	}
	close(ends[1]);
	for (*saves = 0; read(ends[0], &byte, 1) == 1; ++*saves)
		;
	close(ends[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		ck_assert_int_eq(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

/* What a state holds that was saved up to `low`, maybe to `high`. */
static void assert_between(uint64_t low, uint64_t high)
{
	struct state *state = open_state("s.db");
	uint64_t last = state_last(state);

	ck_assert_uint_ge(last, low);
	ck_assert_uint_le(last, high);
	assert_holds(state, last);
	save_up_to(state, last + 1);
	state_close(state);
	state = open_state("s.db");
	assert_holds(state, last + 1);
	state_close(state);
}

START_TEST(killed_at_any_step_it_holds_the_old_or_the_new)
{
	struct buffer base = {0};
	uint64_t saves;
	bool killed = true;
	long at = 0;

	make_base(&base);
	hide_file_system();
	while (killed) {
		lay_out(&base);
		killed = kill_child(++at, &saves);
		plan_fault(FAULT_KILL, 0);
		assert_between(BASE_LAST + saves, BASE_LAST + saves + 1);
	}
	ck_assert_int_gt(at, 100);
	ck_assert_uint_eq(saves, END_LAST - BASE_LAST);
	buffer_release(&base);
}
END_TEST

START_TEST(a_state_whose_making_was_cut_off_is_new)
{
	struct buffer whole = {0};
	size_t cuts[] = {1, 511, 512, 4096, 5000, 0, 0};

	state_close(open_state("s.db"));
	ck_assert(read_file("s.db", &whole));
	cuts[5] = whole.size - 1;
	cuts[6] = whole.size;
	/* The first sector is written last. */
	memset(whole.data, 0, 512);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		struct state *state;

		write_file("s.db", span_make(whole.data, cuts[i]));
		state = open_state("s.db");
		assert_holds(state, 0);
		state_close(state);
	}
	buffer_release(&whole);
}
END_TEST

/* --- failures ------------------------------------------------------------- */

/* Saves with the fault in place; how many saves said that they are done. */
static uint64_t save_with_fault(enum fault fault, long at)
{
	struct error error = {{0}};
	struct state *state = NULL;
	uint64_t last = BASE_LAST;

	plan_fault(fault, at);
	if (state_open(&state, "s.db", MODEL_QUERY, &error) < 0) {
		ck_assert_ptr_nonnull(strstr(error.message, "'s.db'"));
		return last;
	}
	while (last < END_LAST && save_next(state, &error) == STATE_IDLE)
		last++;
	if (last < END_LAST) {
		ck_assert_ptr_nonnull(strstr(
			error.message, "cannot save in --state 's.db': "));
		if (fault == FAULT_FULL)
			ck_assert_ptr_nonnull(
				strstr(error.message, "no space left"));
		ck_assert_int_eq(save_next(state, &error), STATE_FAILED);
	}
	state_close(state);
	return last;
}

START_TEST(when_any_step_fails_it_holds_the_old_or_the_new)
{
	enum fault fault = (enum fault)_i;
	struct buffer base = {0};
	uint64_t failures = 0;

	make_base(&base);
	hide_file_system();
	for (long at = 1;; at++) {
		uint64_t last;

		lay_out(&base);
		last = save_with_fault(fault, at);
		failures += last < END_LAST;
		if (plan.steps < at)
			break;
		plan_fault(fault, 0);
		assert_between(last, last + 1);
	}
	ck_assert_uint_gt(failures, 50);
	buffer_release(&base);
}
END_TEST

/* --- memory --------------------------------------------------------------- */

static sqlite3_mem_methods real_memory;
static long memory_at; /* this allocation fails; 0: none */
static long allocations;

static void *scarce_malloc(int size)
{
	return ++allocations == memory_at ? NULL : real_memory.xMalloc(size);
}

static void *scarce_realloc(void *memory, int size)
{
	return ++allocations == memory_at ? NULL
					  : real_memory.xRealloc(memory, size);
}

START_TEST(when_sqlite_has_no_memory_it_is_said)
{
	struct error error = {{0}};
	struct state *state = NULL;
	sqlite3_mem_methods scarce;
	long refused = 0, failed = 0;

	ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory),
			 SQLITE_OK);
	scarce = real_memory;
	scarce.xMalloc = scarce_malloc;
	scarce.xRealloc = scarce_realloc;
	ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce),
			 SQLITE_OK);
	for (long at = 1;; at++) {
		unlink("s.db");
		unlink("s.db-wal");
		allocations = 0;
		memory_at = at;
		if (state_open(&state, "s.db", MODEL_QUERY, &error) < 0) {
			refused++;
			if (!strstr(error.message, "out of memory"))
				ck_abort_msg("%ld: %s", at, error.message);
			continue;
		}
		if (save_next(state, &error) == STATE_FAILED) {
			failed++;
			if (!strstr(error.message, "out of memory"))
				ck_abort_msg("%ld: %s", at, error.message);
		}
		state_close(state);
		if (allocations < at)
			break;
	}
	ck_assert_int_gt(refused, 100);
	ck_assert_int_gt(failed, 5);
}
END_TEST

/* --- damage --------------------------------------------------------------- */

/* It is refused and left as it is, or holds what some savepoint from `low` up
 * to `high` left. */
static void assert_refused_or_right(struct span file, const struct buffer *wal,
				    uint64_t low, uint64_t high, size_t at,
				    long *refused)
{
	struct state *state = NULL;
	struct error error = {{0}};

	if (state_open(&state, "s.db", MODEL_QUERY, &error) == 0) {
		if (state_last(state) < low || state_last(state) > high)
			ck_abort_msg("at %zu: savepoint %" PRIu64, at,
				     state_last(state));
		assert_holds(state, state_last(state));
		state_close(state);
		return;
	}
	++*refused;
	if (!strstr(error.message, "'s.db'"))
		ck_abort_msg("at %zu: %s", at, error.message);
	assert_file_is("s.db", file);
	if (wal)
		assert_file_is("s.db-wal", buffer_span(wal));
	else
		ck_assert_int_ne(access("s.db-wal", F_OK), 0);
}

/* Where nothing stands for a while, only its ends are of interest. */
static bool is_in_gap(const struct buffer *bytes, size_t at)
{
	static const char nothing[64];

	return at >= 100 + 32 && at + 32 <= bytes->size &&
	       memcmp(bytes->data + at - 32, nothing, 64) == 0;
}

START_TEST(a_byte_flipped_is_found_or_not_used)
{
	struct buffer whole = {0};
	long refused = 0;

	make_base(&whole);
	for (size_t at = 0; at < whole.size; at++) {
		if (is_in_gap(&whole, at))
			continue;
		whole.data[at] ^= (char)(1 << (at % 8));
		lay_out(&whole);
		assert_refused_or_right(buffer_span(&whole), NULL, BASE_LAST,
					BASE_LAST, at, &refused);
		whole.data[at] ^= (char)(1 << (at % 8));
	}
	ck_assert_int_gt(refused, 2000);
	buffer_release(&whole);
}
END_TEST

START_TEST(a_state_cut_at_any_length_is_refused)
{
	struct buffer whole = {0};
	long refused = 0, cut = 0;

	make_base(&whole);
	for (size_t size = 1; size < whole.size; size += 1 + size / 64) {
		struct span file = span_make(whole.data, size);

		unlink("s.db-wal");
		write_file("s.db", file);
		assert_refused_or_right(file, NULL, 1, 0, size, &refused);
		cut++;
	}
	ck_assert_int_eq(refused, cut);
	buffer_release(&whole);
}
END_TEST

/* As a crash leaves it: some savepoints are only in the WAL. */
static void make_crashed(struct buffer *file, struct buffer *wal)
{
	struct state *state = open_state("s.db");

	save_up_to(state, 3);
	state_close(state);
	state = open_state("s.db");
	save_up_to(state, 7);
	ck_assert(read_file("s.db", file));
	ck_assert(read_file("s.db-wal", wal));
	state_close(state);
}

START_TEST(a_crashed_state_that_is_refused_keeps_its_wal)
{
	struct buffer file = {0}, wal = {0};
	struct state *state;
	struct error error = {{0}};

	make_crashed(&file, &wal);
	lay_out(&file);
	write_file("s.db-wal", buffer_span(&wal));
	ck_assert_int_eq(state_open(&state, "s.db", "key=other\n", &error), -1);
	ck_assert_ptr_nonnull(strstr(error.message, "is of another query"));
	assert_file_is("s.db", buffer_span(&file));
	assert_file_is("s.db-wal", buffer_span(&wal));
	state = open_state("s.db");
	assert_holds(state, 7);
	state_close(state);
	buffer_release(&file);
	buffer_release(&wal);
}
END_TEST

START_TEST(a_flip_before_the_last_transaction_of_the_wal_is_found)
{
	struct buffer file = {0}, wal = {0};
	long refused = 0, before = 0;
	size_t last_two;

	make_crashed(&file, &wal);
	/* Each frame is a page and 24 bytes. Those of the last savepoint may
	 * be what a crash left, and its end is that of the one before. */
	last_two = wal.size - (wal.size - 32) / 2;
	for (size_t at = 0; at < wal.size; at += at < 200 ? 1 : 61) {
		wal.data[at] ^= 0x10;
		lay_out(&file);
		write_file("s.db-wal", buffer_span(&wal));
		before = refused;
		/* Never one that was in the WAL before the flip. */
		assert_refused_or_right(buffer_span(&file), &wal, 5, 7, at,
					&refused);
		if (at < last_two)
			ck_assert_int_eq(refused, before + 1);
		wal.data[at] ^= 0x10;
	}
	buffer_release(&file);
	buffer_release(&wal);
}
END_TEST

START_TEST(a_wal_that_ends_early_leads_to_an_older_savepoint)
{
	struct buffer file = {0}, wal = {0};
	long refused = 0;

	make_crashed(&file, &wal);
	for (size_t size = 0; size <= wal.size; size += 1 + size / 16) {
		lay_out(&file);
		write_file("s.db-wal", span_make(wal.data, size));
		assert_refused_or_right(buffer_span(&file), NULL, 3, 7, size,
					&refused);
	}
	ck_assert_int_eq(refused, 0);
	buffer_release(&file);
	buffer_release(&wal);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state faults");
	TCase *crashes = tcase_create("crashes and failures");
	TCase *memory = tcase_create("memory");
	TCase *damage = tcase_create("damage");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, crashes);
	tcase_add_checked_fixture(crashes, begin, end);
	tcase_set_timeout(crashes, 120);
	tcase_add_test(crashes, killed_at_any_step_it_holds_the_old_or_the_new);
	tcase_add_test(crashes, a_state_whose_making_was_cut_off_is_new);
	tcase_add_loop_test(crashes,
			    when_any_step_fails_it_holds_the_old_or_the_new,
			    FAULT_FULL, FAULTS);
	suite_add_tcase(suite, memory);
	tcase_add_checked_fixture(memory, begin, end);
	tcase_set_timeout(memory, 120);
	tcase_add_test(memory, when_sqlite_has_no_memory_it_is_said);
	suite_add_tcase(suite, damage);
	tcase_add_checked_fixture(damage, begin, end);
	tcase_set_timeout(damage, 120);
	tcase_add_test(damage, a_byte_flipped_is_found_or_not_used);
	tcase_add_test(damage, a_state_cut_at_any_length_is_refused);
	tcase_add_test(damage, a_crashed_state_that_is_refused_keeps_its_wal);
	tcase_add_test(damage,
		       a_flip_before_the_last_transaction_of_the_wal_is_found);
	tcase_add_test(damage,
		       a_wal_that_ends_early_leads_to_an_older_savepoint);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
