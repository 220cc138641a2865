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

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long allocations; /* so far */
static long fail_at;	 /* 0: never */
static bool fail_on;	 /* all later ones too */

static bool must_fail(void)
{
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
		.key_names = names,
		.key_count = 2,
		.missing_label = "none",
		.window_ns = NS_PER_S,
		.max_line_bytes = 1000,
		.max_groups = 1000000,
		.conditions = &run->condition,
		.condition_count = 1,
		.expected = &run->expected,
		.expected_count = 1,
		.top = 3,
		.hash_seed = {1, 2},
	};
	stream_init(&run->stream);
	stream_open(&run->stream, "feed");
	if (condition_parse(&run->condition, "W\tV>100", 2, &error) != 0 ||
	    keytext_parse(span_of("E\tF"), 2, &run->expected, &error) != 0 ||
	    engine_init(&run->engine, &run->query, &error) != 0) {
		if (!strstr(error.message, "memory"))
			FAIL("'%s'", error.message);
		return -1;
	}
	engine_begin(&run->engine, NS_PER_S, 1, 0);
	return 0;
}

static void close_run(struct run *run)
{
	engine_release(&run->engine);
	stream_release(&run->stream);
	condition_release(&run->condition);
	buffer_release(&run->expected);
}

static void check_snapshot(struct run *run, const struct snapshot *snapshot)
{
	uint64_t orders = 0;

	if (!snapshot) {
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
		run->told = engine_take(&run->engine, &run->stream,
					&parts[i]) == ENGINE_FAILED;
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
			check_snapshot(run, engine_close(&run->engine));
	}
	assert_tallies(&run->engine.tallies);
	check_snapshot(run, engine_finish(&run->engine, 1000 * NS_PER_S, true));
	close_run(run);
}

static void fail_each(void)
{
	struct run run;
	long count;

	fail_at = 0;
	play(&run);
	count = allocations; /* Check's own are not among them */
	ck_assert(!run.told);
	ck_assert_uint_eq(run.printed, GROUPS);
	ck_assert_int_gt(count, 20);
	for (long n = 1; n <= count; n++) {
		fail_at = n;
		play(&run);
		fail_at = 0;
		if (!run.told)
			ck_abort_msg("allocation %ld of %ld failed in silence",
				     n, count);
	}
}

START_TEST(one_allocation_that_fails_is_told)
{
	fail_on = false;
	fail_each();
}
END_TEST

START_TEST(memory_that_stays_out_is_told)
{
	fail_on = true;
	fail_each();
}
END_TEST

START_TEST(steady_state_allocates_nothing)
{
	struct run run;
	long before;

	fail_at = 0;
	memset(&run, 0, sizeof(run));
	ck_assert_int_eq(open_run(&run), 0);
	for (int i = 0; i < GROUPS; i++)
		send_record(&run, i);
	check_snapshot(&run, engine_close(&run.engine));
	before = allocations;
	for (int window = 0; window < 1000; window++) {
		for (int i = 0; i < GROUPS; i += 7)
			send_record(&run, i);
		check_snapshot(&run, engine_close(&run.engine));
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
	tcase_add_test(tests, steady_state_allocates_nothing);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
