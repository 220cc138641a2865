/*
 * Memory that is out: the n-th allocation fails, once or from there on, for
 * every n. It is told, nothing crashes or leaks, and the tallies still add up.
 *
 * Linked with --wrap for malloc, calloc and realloc.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/engine.h"
#include "core/keytext.h"
#include "engine_store.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long allocations; /* so far */
static long fail_at;	 /* 0: never */
static bool fail_on;	 /* all later ones too */
static bool spared;	 /* the test's own */

static bool must_fail(void)
{
	if (spared)
		return false;
	allocations++;
	return fail_at > 0 &&
	       (fail_on ? allocations >= fail_at : allocations == fail_at);
}

void *__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return must_fail() ? NULL : __real_realloc(memory, size);
}

/* --- a run that allocates wherever it can --------------------------------- */

#define GROUPS 300

static const char *const names[] = {"a.b", "/c"};

struct run {
	struct query query;
	struct condition condition;
	struct buffer expected;
	struct engine engine;
	struct stream stream;
	struct snapshot snapshot;
	struct savepoint savepoint;
	struct store store;
	int64_t now_ns;
	uint64_t printed; /* orders */
	bool told;	  /* that memory is out */
};

/* Whoever reports a failure needs memory. */
#define FAIL(...)                                      \
	do {                                           \
		long failed_at = fail_at;              \
                                                       \
		fail_at = 0;                           \
		printf("allocation %ld\n", failed_at); \
		fflush(stdout);                        \
		ck_abort_msg(__VA_ARGS__);             \
	} while (0)

static void assert_tallies(const struct tallies *tallies)
{
	if (tallies->read != tallies->counted + tallies_rejected(tallies))
		FAIL("read %llu, counted %llu",
		     (unsigned long long)tallies->read,
		     (unsigned long long)tallies->counted);
}

static int open_run(struct run *run)
{
	struct error error = {""};

	run->query = (struct query){
		.records = {.key_names = names,
			    .key_count = 2,
			    .missing_label = "none"},
		.window_ns = NS_PER_S,
		.slide_ns = NS_PER_S,
		.idle_ns = INT64_MAX,
		.max_ahead_ns = INT64_MAX,
		.forget_ns = INT64_MAX,
		.max_line_bytes = 1000,
		.max_groups = 1000000,
		.conditions = &run->condition,
		.condition_count = 1,
		.expected = &run->expected,
		.expected_count = 1,
		.choice = {.top = 3},
		.hash_seed = {1, 2},
	};
	run->now_ns = NS_PER_S;
	stream_init(&run->stream);
	stream_open(&run->stream, "feed");
	if (condition_parse(&run->condition, "W\tV>100", 2, &error) != 0 ||
	    keytext_parse(span_of("E\tF"), 2, &run->expected, &error) != 0 ||
	    engine_init(&run->engine, &run->query, &error) != 0) {
		if (!strstr(error.message, "memory"))
			FAIL("'%s'", error.message);
		return -1;
	}
	engine_begin(&run->engine, run->now_ns, 1, 0);
	return 0;
}

static void close_run(struct run *run)
{
	engine_release(&run->engine);
	stream_release(&run->stream);
	snapshot_release(&run->snapshot);
	condition_release(&run->condition);
	buffer_release(&run->expected);
}

/* What came of a window that closed. */
static void check_window(struct run *run, int result)
{
	const struct snapshot *snapshot = &run->snapshot;
	uint64_t orders = 0;

	if (result != 0) {
		run->told = true;
		return;
	}
	for (size_t i = 0; i < snapshot->row_count; i++)
		orders += snapshot->rows[i].count;
	if (orders != snapshot->orders)
		FAIL("rows do not add up");
	assert_tallies(&snapshot->tallies);
	run->printed += orders;
}

static void close_window(struct run *run)
{
	struct closing closing = {.snapshot = &run->snapshot, .alone = true};

	run->now_ns = engine_next_end(&run->engine);
	check_window(run, engine_close(&run->engine, &closing));
}

static void finish(struct run *run)
{
	struct closing closing = {.snapshot = &run->snapshot, .alone = true};

	check_window(run, engine_finish(&run->engine, &closing, 1000 * NS_PER_S,
					true));
}

/* Half a line comes first, so that it is carried. */
static void send_record(struct run *run, int number)
{
	char line[128];
	int size = snprintf(line, sizeof(line),
			    "{\"a\":{\"b\":\"group %d\"},\"c\":%d}\n", number,
			    number);
	int half = number % 3 == 0 ? size / 2 : size;
	struct span parts[] = {span_make(line, (size_t)half),
			       span_make(line + half, (size_t)(size - half))};

	for (int i = 0; i < 2 && !run->told; i++)
		run->told = engine_take(&run->engine, &run->stream, &parts[i],
					run->now_ns) == ENGINE_FAILED;
}

/* What the program does: it stops when told, and prints what it can. */
static void play(struct run *run)
{
	memset(run, 0, sizeof(*run));
	allocations = 0;
	if (open_run(run) != 0) {
		run->told = true;
		close_run(run);
		return;
	}
	for (int i = 0; i < GROUPS && !run->told; i++) {
		send_record(run, i);
		if (i % 50 == 49 && !run->told)
			close_window(run);
	}
	assert_tallies(&run->engine.tallies);
	finish(run);
	close_run(run);
}

/* --- one by event time, with sums, that is kept and goes on --------------- */

#define TIMED 50

/* Sums that cancel out and come again need memory for that. */
static const char *const amounts[] = {"1e60", "-1e60", "0.5"};

static void keep(struct run *run)
{
	struct store *store = &run->store;

	run->told |= savepoint_failed(&run->savepoint);
	if (run->told)
		return;
	spared = true;
	store_save(store, &run->savepoint,
		   store->last > 2 ? store->last - 2 : 0);
	spared = false;
	savepoint_clear(&run->savepoint);
}

static void take_timed(struct run *run, const char *line)
{
	struct span bytes = span_of(line);
	struct closing closing = {
		.snapshot = &run->snapshot,
		.savepoint = &run->savepoint,
		.alone = true,
	};
	enum engine_event event;

	while (!run->told) {
		event = engine_take(&run->engine, &run->stream, &bytes,
				    run->now_ns);
		if (event == ENGINE_DONE)
			return;
		if (event == ENGINE_FAILED) {
			run->told = true;
			if (!strstr(run->engine.error.message, "memory"))
				FAIL("'%s'", run->engine.error.message);
			return;
		}
		check_window(run, engine_close(&run->engine, &closing));
		keep(run);
	}
}

static void send_timed(struct run *run, int from, int to)
{
	char line[256];

	for (int i = from; i < to && !run->told; i++) {
		if (run->query.merge)
			snprintf(
				line, sizeof(line),
				"{\"start\":\"1970-01-01T00:%02d:%02dZ\","
				"\"end\":\"1970-01-01T00:%02d:%02dZ\","
				"\"partial\":%s,\"key\":{\"k\":\"a group %d\"},"
				"\"count\":1,\"sum\":%s}\n",
				i / 60, i % 60, (i + 1) / 60, (i + 1) % 60,
				i < 30 ? "true" : "false", i % 60,
				amounts[i % 3]);
		else
			snprintf(line, sizeof(line),
				 "{\"k\":\"a group %d\",\"t\":%d,\"v\":%s}\n",
				 i % 2 ? 1 : i, i, amounts[i % 3]);
		take_timed(run, line);
	}
}

static void told(struct run *run, const struct error *error)
{
	run->told = true;
	if (!strstr(error->message, "memory"))
		FAIL("'%s'", error->message);
}

static int open_timed(struct run *run, bool merge)
{
	static const char *const key[] = {"k"};
	struct error error = {""};

	run->query = (struct query){
		.records = {.key_names = key,
			    .key_count = 1,
			    .time_field = "t",
			    .sum_field = "v"},
		.window_ns = 12 * NS_PER_S,
		.slide_ns = 4 * NS_PER_S,
		.timed = true,
		.idle_ns = INT64_MAX,
		.max_ahead_ns = INT64_MAX,
		.forget_ns = 9 * NS_PER_S,
		.max_line_bytes = 1000,
		.max_groups = 1000000,
		.keeps = true,
		.hash_seed = {1, 2},
	};
	if (merge) {
		run->query.merge = true;
		run->query.records = (struct order_query){0};
		run->query.window_ns = run->query.slide_ns = 0;
		run->query.forget_ns = INT64_MAX;
	}
	run->now_ns = 1000 * NS_PER_S;
	stream_init(&run->stream);
	stream_open(&run->stream, "feed");
	if (engine_init(&run->engine, &run->query, &error) != 0) {
		told(run, &error);
		return -1;
	}
	return 0;
}

/* From what was kept, which is nothing at first. */
static void go_on(struct run *run)
{
	const struct store *store = &run->store;
	struct error error = {""};
	bool has_window;

	if (engine_restore(&run->engine, &store->kept, store_highest(store),
			   &error) != 0) {
		told(run, &error);
		return;
	}
	for (size_t i = 0; i < store->pending_count; i++) {
		if (engine_replay(&run->engine, &store->pending[i],
				  &run->snapshot, &has_window, &error) != 0) {
			told(run, &error);
			return;
		}
	}
	if (engine_resume(&run->engine, &store->kept, &error) != 0) {
		told(run, &error);
		return;
	}
	engine_begin(&run->engine, run->now_ns, 1, 0);
	watermark_add(&run->engine.watermark, run->stream.time, 0);
}

/* Two runs, the second of which begins where the state of the first is. */
static void play_kept(struct run *run, bool merge)
{
	memset(run, 0, sizeof(*run));
	allocations = 0;
	if (open_timed(run, merge) == 0)
		go_on(run);
	send_timed(run, 0, TIMED);
	if (!run->told) {
		engine_save(&run->engine, &run->savepoint);
		keep(run);
	}
	engine_release(&run->engine);
	stream_release(&run->stream);
	if (!run->told && open_timed(run, merge) == 0) {
		go_on(run);
		send_timed(run, TIMED, TIMED + 20);
		assert_tallies(&run->engine.tallies);
		while (!run->told && engine_has_rest(&run->engine, run->now_ns))
			finish(run);
	}
	engine_release(&run->engine);
	stream_release(&run->stream);
	snapshot_release(&run->snapshot);
	savepoint_release(&run->savepoint);
	store_release(&run->store);
}

static void play_timed(struct run *run)
{
	play_kept(run, false);
}

static void play_merge(struct run *run)
{
	play_kept(run, true);
}

/* --- each allocation ------------------------------------------------------ */

static void fail_each(void (*play_run)(struct run *), uint64_t orders)
{
	static struct run run;
	long count;

	fail_at = 0;
	play_run(&run);
	count = allocations; /* Check's own are not among them */
	ck_assert(!run.told);
	ck_assert_uint_eq(run.printed, orders);
	ck_assert_int_gt(count, 20);
	for (long n = 1; n <= count; n++) {
		fail_at = n;
		play_run(&run);
		fail_at = 0;
		if (!run.told)
			ck_abort_msg("allocation %ld of %ld failed in silence",
				     n, count);
	}
}

START_TEST(one_allocation_that_fails_is_told)
{
	fail_on = false;
	fail_each(play, GROUPS);
}
END_TEST

START_TEST(memory_that_stays_out_is_told)
{
	fail_on = true;
	fail_each(play, GROUPS);
}
END_TEST

/* Three sliding windows hold each order. */
START_TEST(a_kept_run_tells_of_one_allocation_that_fails)
{
	fail_on = false;
	fail_each(play_timed, 3 * (TIMED + 20));
}
END_TEST

START_TEST(a_kept_run_tells_of_memory_that_stays_out)
{
	fail_on = true;
	fail_each(play_timed, 3 * (TIMED + 20));
}
END_TEST

START_TEST(a_merging_run_tells_of_one_allocation_that_fails)
{
	fail_on = false;
	fail_each(play_merge, TIMED + 20);
}
END_TEST

START_TEST(steady_state_allocates_nothing)
{
	struct run run;
	long before;

	fail_at = 0;
	memset(&run, 0, sizeof(run));
	ck_assert_int_eq(open_run(&run), 0);
	/* A window that closes has a pane of its own. */
	for (int window = 0; window < 2; window++) {
		for (int i = 0; i < GROUPS; i++)
			send_record(&run, i);
		close_window(&run);
	}
	before = allocations;
	for (int window = 0; window < 1000; window++) {
		for (int i = 0; i < GROUPS; i += 7)
			send_record(&run, i);
		close_window(&run);
	}
	before -= allocations;
	ck_assert_int_eq(before, 0);
	ck_assert(!run.told);
	close_run(&run);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tests = tcase_create("memory");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, one_allocation_that_fails_is_told);
	tcase_add_test(tests, memory_that_stays_out_is_told);
	tcase_add_test(tests, a_kept_run_tells_of_one_allocation_that_fails);
	tcase_add_test(tests, a_kept_run_tells_of_memory_that_stays_out);
	tcase_add_test(tests, a_merging_run_tells_of_one_allocation_that_fails);
	tcase_add_test(tests, steady_state_allocates_nothing);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
