/*
 * Random streams that open, deliver, fall silent and end, against the rules
 * written down plainly: all is worked out anew after each step.
 */
#include <check.h>
#include <stdlib.h>

#include "core/watermark.h"

#define STREAMS 4
#define RUNS	4000
#define STEPS	120
/* Our clock is so far ahead of the other one. */
#define CLOCK_AHEAD 500

struct told {
	bool open, steady, idle;
	int64_t newest;
	int64_t silent_since;
};

/* What the rules say. */
static struct model {
	struct told streams[STREAMS];
	int64_t lateness, idle_after;
	int64_t ready, value, newest;
	bool all_idle;
	int64_t idle_since, idle_base;
} model;

static struct watermark watermark;
static struct stream_time times[STREAMS];
static unsigned seed;

static int below(int limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 10) % (unsigned)limit);
}

static void raise_value(int64_t value)
{
	if (value > model.value)
		model.value = value;
}

/* The least of those that are open and not idle decides. */
static void decide(void)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < STREAMS; i++) {
		const struct told *told = &model.streams[i];

		if (told->open && !told->idle && told->newest < least)
			least = told->newest;
	}
	if (least != INT64_MAX && least != TIME_NONE)
		raise_value(least - model.lateness);
}

/* --- what happens --------------------------------------------------------- */

static void open_one(int i)
{
	struct told *told = &model.streams[i];

	if (told->open)
		return;
	*told = (struct told){
		.open = true,
		.steady = below(6) == 0,
		.newest = TIME_NONE,
		.silent_since = model.ready,
	};
	times[i] = (struct stream_time){.newest_ns = TIME_NONE,
					.steady = told->steady};
	watermark_add(&watermark, &times[i], model.ready);
	model.all_idle = false;
}

static void end_one(int i)
{
	if (!model.streams[i].open)
		return;
	model.streams[i].open = false;
	watermark_remove(&watermark, &times[i]);
	decide();
}

static void deliver(int i)
{
	struct told *told = &model.streams[i];
	int64_t time = model.ready + CLOCK_AHEAD - below(300);

	if (!told->open)
		return;
	watermark_heard(&watermark, &times[i], model.ready);
	watermark_move(&watermark, &times[i], time);
	told->silent_since = model.ready;
	told->idle = false;
	model.all_idle = false;
	/* One that wakes up may decide before its record is looked at. */
	decide();
	if (time > told->newest)
		told->newest = time;
	if (time > model.newest)
		model.newest = time;
	decide();
}

static void wait(void)
{
	int64_t now = model.ready + CLOCK_AHEAD;
	bool all = false, other = false;
	int64_t value;

	watermark_wait(&watermark, model.ready, now);
	for (int i = 0; i < STREAMS; i++) {
		struct told *told = &model.streams[i];

		if (!told->open)
			continue;
		told->idle |=
			!told->steady &&
			model.ready - told->silent_since >= model.idle_after;
		all |= told->idle;
		other |= !told->idle;
	}
	decide();
	if (!all || other || model.newest == TIME_NONE)
		return;
	if (!model.all_idle) {
		model.all_idle = true;
		raise_value(model.newest - model.lateness);
		model.idle_since = model.ready;
		model.idle_base = model.value;
	}
	value = model.idle_base + model.ready - model.idle_since;
	raise_value(value < now ? value : now);
}

/* The first time at which a stream falls idle, or, when all are, at which the
 * clock has brought them to the target. */
static void check_due(void)
{
	int64_t target = model.ready + CLOCK_AHEAD - below(200);
	int64_t first = INT64_MAX;

	for (int i = 0; i < STREAMS; i++) {
		const struct told *told = &model.streams[i];
		int64_t at = told->silent_since + model.idle_after;

		if (told->open && !told->idle && !told->steady && at < first)
			first = at;
	}
	if (model.all_idle)
		first = model.idle_since + target - model.idle_base;
	if (watermark_due(&watermark, target) != first)
		ck_assert_int_eq(watermark_due(&watermark, target), first);
}

static void step(void)
{
	int i = below(STREAMS);

	model.ready += below(3) ? below(8) : below(80);
	switch (below(8)) {
	case 0: open_one(i); break;
	case 1: below(4) ? wait() : end_one(i); break;
	case 2:
	case 3:
	case 4: deliver(i); break;
	default: wait(); check_due();
	}
}

START_TEST(streams_that_come_go_and_fall_silent_keep_the_rules)
{
	int all_idle = 0, moved_by_clock = 0;

	for (int run = 0; run < RUNS; run++) {
		seed = (unsigned)run;
		model = (struct model){
			.lateness = below(2) * below(100),
			.idle_after = 1 + below(60),
			.value = TIME_NONE,
			.newest = TIME_NONE,
		};
		watermark_init(&watermark, model.lateness, model.idle_after);
		/* An earlier run, by a clock that was ahead of ours. */
		if (below(4) == 0) {
			model.newest = CLOCK_AHEAD + below(400);
			watermark_restore(&watermark, TIME_NONE, model.newest);
		}
		for (int i = 0; i < STEPS; i++) {
			int64_t before = watermark.value_ns;

			step();
			if (watermark.value_ns != model.value ||
			    watermark.value_ns < before)
				ck_abort_msg("run %d, step %d: %lld, not %lld",
					     run, i,
					     (long long)watermark.value_ns,
					     (long long)model.value);
			all_idle += model.all_idle;
			moved_by_clock +=
				model.all_idle && model.value > before;
		}
	}
	ck_assert_int_gt(all_idle, RUNS);
	ck_assert_int_gt(moved_by_clock, RUNS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watermark, random");
	TCase *tests = tcase_create("random");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests,
		       streams_that_come_go_and_fall_silent_keep_the_rules);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
