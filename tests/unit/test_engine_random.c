/*
 * Random runs against a model that remembers all that happened and works out
 * each window from it: nothing is lost, counted twice or printed twice, bounds
 * are where counting began and ended, and rows add up.
 *
 * Boundaries lie at whole milliseconds, events between them.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/engine.h"

#define SOURCES	   3
#define GROUPS	   12
#define SPANS_MAX  4000
#define MAX_GROUPS 8

struct time_span {
	int64_t from_ns, to_ns;
};

struct model {
	unsigned random;
	int64_t now_ns;
	int64_t start_ns; /* of the open window, or of what is left of it */
	int64_t origin_ns, length_ns;
	int64_t printed_to_ns;
	bool up[SOURCES], ended[SOURCES];
	int64_t since_ns[SOURCES]; /* up, or down, since then */
	bool waiting;
	int64_t waiting_since_ns;
	/* While a source was up; while one was down or the input waited. */
	struct time_span ups[SPANS_MAX], disturbed[SPANS_MAX];
	size_t up_count, disturbed_count;
	uint64_t counts[GROUPS], totals[GROUPS];
	bool named[GROUPS];
	uint64_t names;
	uint64_t other_count, other_total;
	uint64_t read, counted, rejected; /* in the open window */
	uint64_t all_counted, printed_orders;
};

static struct model model;
static struct engine engine;
static struct stream stream;
static struct snapshot snapshot;
static const struct closing closing = {.snapshot = &snapshot, .alone = true};

static unsigned below(unsigned limit)
{
	model.random = model.random * 1664525u + 1013904223u;
	return (model.random >> 10) % limit;
}

/* --- sources -------------------------------------------------------------- */

static void remember(struct time_span *spans, size_t *count, int64_t from_ns,
		     int64_t to_ns)
{
	if (*count == SPANS_MAX)
		ck_abort_msg("too many spans");
	spans[(*count)++] = (struct time_span){from_ns, to_ns};
}

/* What has lasted until now counts until now. */
static void settle_spans(void)
{
	for (int i = 0; i < SOURCES; i++) {
		if (model.up[i])
			remember(model.ups, &model.up_count, model.since_ns[i],
				 model.now_ns);
		else if (!model.ended[i])
			remember(model.disturbed, &model.disturbed_count,
				 model.since_ns[i], model.now_ns);
		model.since_ns[i] = model.now_ns;
	}
	if (model.waiting)
		remember(model.disturbed, &model.disturbed_count,
			 model.waiting_since_ns, model.now_ns);
	model.waiting_since_ns = model.now_ns;
}

static int open_sources(void)
{
	int count = 0;

	for (int i = 0; i < SOURCES; i++)
		count += !model.ended[i];
	return count;
}

static void change_source(void)
{
	unsigned i = below(SOURCES);

	settle_spans();
	if (model.ended[i])
		return;
	coverage_reach(&engine.coverage, model.now_ns);
	if (!model.up[i]) {
		coverage_source_up(&engine.coverage, model.now_ns);
		model.up[i] = true;
	} else if (below(20) == 0 && open_sources() > 1) {
		coverage_source_ended(&engine.coverage, model.now_ns);
		model.up[i] = false;
		model.ended[i] = true;
	} else {
		coverage_source_down(&engine.coverage, model.now_ns);
		model.up[i] = false;
	}
}

static void change_waiting(void)
{
	settle_spans();
	coverage_reach(&engine.coverage, model.now_ns);
	model.waiting = !model.waiting;
	coverage_wait(&engine.coverage, model.waiting, model.now_ns);
}

/* --- records -------------------------------------------------------------- */

static void send_record(void)
{
	static char line[64];
	unsigned group = below(GROUPS);
	bool bad = below(10) == 0;
	struct span bytes;
	enum engine_event event;

	if (!model.up[0] && !model.up[1] && !model.up[2])
		return;
	snprintf(line, sizeof(line), "{\"k\":\"%c\"%s\n", 'a' + (int)group,
		 bad ? "" : "}");
	bytes = span_of(line);
	event = engine_take(&engine, &stream, &bytes, model.now_ns);
	ck_assert(event == (bad ? ENGINE_REJECTED : ENGINE_DONE));
	model.read++;
	model.rejected += bad;
	if (bad)
		return;
	model.counted++;
	model.all_counted++;
	if (!model.named[group] && model.names < MAX_GROUPS) {
		model.named[group] = true;
		model.names++;
	}
	if (model.named[group])
		model.counts[group]++;
	else
		model.other_count++;
}

/* --- windows -------------------------------------------------------------- */

/* The bounds of [start, end) by all that is remembered. */
static struct window expected_window(int64_t end_ns)
{
	struct window window = {model.start_ns, end_ns, false};
	int64_t from_ns = INT64_MAX, to_ns = INT64_MIN;
	int64_t into_ns = (model.start_ns - model.origin_ns) % model.length_ns;

	for (size_t i = 0; i < model.up_count; i++) {
		struct time_span span = model.ups[i];

		if (span.from_ns < model.start_ns)
			span.from_ns = model.start_ns;
		if (span.to_ns > end_ns)
			span.to_ns = end_ns;
		if (span.from_ns >= span.to_ns)
			continue;
		from_ns = span.from_ns < from_ns ? span.from_ns : from_ns;
		to_ns = span.to_ns > to_ns ? span.to_ns : to_ns;
	}
	for (size_t i = 0; i < model.disturbed_count; i++)
		window.partial |= model.disturbed[i].from_ns < end_ns &&
				  model.disturbed[i].to_ns > model.start_ns;
	window.partial |=
		into_ns != 0 || end_ns - model.start_ns != model.length_ns;
	if (from_ns < to_ns) {
		window.start_ns = from_ns;
		window.end_ns = to_ns;
	}
	return window;
}

static void check_row(const struct row *row, size_t *group)
{
	const unsigned char *key = snapshot_key(&snapshot, row);
	size_t number = GROUPS;

	if (key)
		number = (size_t)(key_next(&key).text.data[0] - 'a');
	/* In the order of keys, (other) last, none twice or left out. */
	for (; *group < number; ++*group)
		if (model.totals[*group] > 0)
			ck_abort_msg("no row for %c", 'a' + (int)*group);
	++*group;
	if (number == GROUPS ? row->count != model.other_count ||
				       row->total != model.other_total
			     : row->count != model.counts[number] ||
				       row->total != model.totals[number])
		ck_abort_msg("row %zu: %llu %llu", number,
			     (unsigned long long)row->count,
			     (unsigned long long)row->total);
}

static void check_snapshot(int closed, int64_t end_ns)
{
	struct window window = expected_window(end_ns);
	size_t group = 0;

	ck_assert_int_eq(closed, 0);
	ck_assert_int_eq(snapshot.start_ns, window.start_ns);
	ck_assert_int_eq(snapshot.end_ns, window.end_ns);
	ck_assert_int_eq(snapshot.partial, window.partial);
	ck_assert_int_ge(snapshot.start_ns, model.printed_to_ns);
	model.printed_to_ns = snapshot.end_ns;
	for (size_t i = 0; i < GROUPS; i++)
		model.totals[i] += model.counts[i];
	model.other_total += model.other_count;
	for (size_t i = 0; i < snapshot.row_count; i++)
		check_row(&snapshot.rows[i], &group);
	for (; group < GROUPS; group++)
		ck_assert_uint_eq(model.totals[group], 0);
	if (group == GROUPS)
		ck_assert_uint_eq(model.other_total, 0);
	ck_assert_uint_eq(snapshot.orders, model.counted);
	ck_assert_uint_eq(snapshot.total_orders, model.all_counted);
	ck_assert_uint_eq(snapshot.groups, model.names);
	ck_assert_uint_eq(snapshot.tallies.read, model.read);
	ck_assert_uint_eq(snapshot.tallies.counted, model.counted);
	ck_assert_uint_eq(tallies_rejected(&snapshot.tallies), model.rejected);
	model.printed_orders += snapshot.orders;
	memset(model.counts, 0, sizeof(model.counts));
	model.other_count = model.read = model.counted = model.rejected = 0;
}

/* Closes what is due, each at its own time. */
static void advance(int64_t to_ns)
{
	int64_t step_ns = model.length_ns;

	while (engine_due(&engine, to_ns)) {
		int64_t into_ns = (model.start_ns - model.origin_ns) % step_ns;

		model.now_ns = model.start_ns - into_ns + step_ns;
		settle_spans();
		check_snapshot(engine_close(&engine, &closing), model.now_ns);
		model.start_ns = model.now_ns;
		/* What is over is not needed any more. */
		model.up_count = model.disturbed_count = 0;
	}
	model.now_ns = to_ns;
}

static void sleep_over(int64_t gap_ns)
{
	int64_t to_ns = model.now_ns + gap_ns;
	int64_t first = (model.now_ns - model.origin_ns) / model.length_ns;
	int64_t then = (to_ns - model.origin_ns) / model.length_ns;
	uint64_t skipped;

	settle_spans();
	check_snapshot(
		engine_cut(&engine, &closing, model.now_ns, to_ns, &skipped),
		model.now_ns);
	ck_assert_uint_eq(skipped,
			  then > first ? (uint64_t)(then - first - 1) : 0);
	model.now_ns = to_ns;
	settle_spans();
	model.start_ns = to_ns;
	model.up_count = model.disturbed_count = 0;
}

/* --- a run ---------------------------------------------------------------- */

static void begin_run(unsigned seed)
{
	static const char *const names[] = {"k"};
	static const int64_t lengths_ms[] = {1000, 5000, 7000, 333};
	struct query query = {
		.records = {.key_names = names, .key_count = 1},
		.idle_ns = INT64_MAX,
		.max_ahead_ns = INT64_MAX,
		.forget_ns = INT64_MAX,
		.aligned = seed % 2,
		.max_line_bytes = 100,
		.max_groups = MAX_GROUPS,
		.hash_seed = {seed, 2},
	};
	struct error error;

	memset(&model, 0, sizeof(model));
	model.random = seed;
	model.length_ns = lengths_ms[below(4)] * NS_PER_MS;
	model.now_ns = (1000000 + below(10000)) * NS_PER_MS;
	model.start_ns = model.printed_to_ns = model.now_ns;
	model.origin_ns = query.aligned ? 0 : model.now_ns;
	query.window_ns = query.slide_ns = model.length_ns;
	for (int i = 0; i < SOURCES; i++) {
		model.up[i] = i == 0;
		model.since_ns[i] = model.now_ns;
	}
	ck_assert_int_eq(engine_init(&engine, &query, &error), 0);
	engine_begin(&engine, model.now_ns, 1, SOURCES - 1);
	snapshot_init(&snapshot);
	stream_init(&stream);
	stream_open(&stream, "feed");
	/* From here on between the milliseconds. */
	model.now_ns += NS_PER_MS / 2;
}

static void end_run(void)
{
	settle_spans();
	if (engine_has_rest(&engine, model.now_ns))
		check_snapshot(
			engine_finish(&engine, &closing, model.now_ns, true),
			model.now_ns);
	ck_assert_uint_eq(model.printed_orders, model.all_counted);
	ck_assert_uint_eq(engine_tallies(&engine).counted, model.all_counted);
	engine_release(&engine);
	stream_release(&stream);
	snapshot_release(&snapshot);
}

START_TEST(every_window_is_what_happened_in_it)
{
	for (unsigned seed = 1; seed <= 60; seed++) {
		begin_run(seed);
		for (int i = 0; i < 300; i++) {
			unsigned kind = below(100);

			/* No two changes at the same time. */
			if (kind >= 70 || below(3) == 0)
				advance(model.now_ns +
					(1 + below(1000)) * NS_PER_MS);
			if (kind < 70)
				send_record();
			else if (kind < 85)
				change_source();
			else if (kind < 90)
				change_waiting();
			else if (kind < 92)
				sleep_over((1 + below(20000)) * NS_PER_MS);
		}
		advance(model.now_ns + NS_PER_MS);
		end_run();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine random");
	TCase *tests = tcase_create("engine random");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, every_window_is_what_happened_in_it);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
