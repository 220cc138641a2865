/*
 * Random streams over random queries. Every window is saved when it closes; the
 * run is killed anywhere, also while savepoints wait, and goes on from what was
 * kept. All that is printed must be what one undisturbed run prints.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/engine.h"
#include "engine_store.h"

#define S	    NS_PER_S
#define STREAMS	    2
#define RECORDS	    240
#define WINDOWS_MAX 4000
#define WAITING_MAX 2
#define START_NS    (1000000 * S)

struct item {
	unsigned stream;
	int64_t now_ns; /* when it is read */
	char text[96];
};

/* What both runs have in common. */
static struct item items[RECORDS];
static struct query query;
static struct filter filter;
static struct condition conditions[1];
static struct buffer expected[2];
static unsigned state;

struct run {
	struct engine engine;
	struct stream streams[STREAMS];
	struct snapshot snapshot;
	size_t at;	       /* the next record */
	struct buffer windows; /* all that was printed */
	/* Where it is kept; NULL: it is not. */
	struct store *store;
	struct savepoint waiting[WAITING_MAX]; /* to be saved */
	size_t waiting_count;
	/* Of each savepoint, where its window ends in `windows`. */
	size_t ends[WINDOWS_MAX];
	bool over;
};

static unsigned below(unsigned limit)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 10) % limit;
}

/* --- the question --------------------------------------------------------- */

static void encode(struct buffer *encoded, const char *key)
{
	struct key_part part = {KEY_STRING, span_of(key)};
	size_t size = key_size(&part, 1);
	unsigned char *room = (unsigned char *)buffer_reserve(encoded, size);

	key_encode(room, &part, 1);
	encoded->size = size;
}

static void ask_windows(bool timed)
{
	static const int64_t windows_s[] = {4, 6, 12};
	int64_t window_ns = windows_s[below(3)] * S;

	query.timed = timed;
	query.window_ns = window_ns;
	query.slide_ns = window_ns / (below(2) ? 1 : 1 << below(3));
	query.aligned = below(2);
	query.lateness_ns = below(2) ? (int64_t)below(10) * S : 0;
	query.forget_ns = timed && below(3) > 0 ? (1 + (int64_t)below(20)) * S
						: INT64_MAX;
}

static void ask(bool timed)
{
	static const char *const names[] = {"k"};
	static const uint64_t limits[] = {3, 6, 1000};
	struct error error;

	query = (struct query){
		.records = {.key_names = names,
			    .key_count = 1,
			    .filters = &filter,
			    .filter_count = 1,
			    .time_field = timed ? "t" : NULL,
			    .sum_field = below(2) ? "v" : NULL},
		.idle_ns = INT64_MAX,
		.max_ahead_ns = 50 * S,
		.max_line_bytes = 200,
		.max_groups = limits[below(3)],
		.expected = expected,
		.expected_count = below(3),
		.conditions = conditions,
		.condition_count = below(2),
		.choice = {.top = below(2) ? 1 + below(4) : 0,
			   .active = below(2),
			   .order = (enum row_order)below(3)},
		.hash_seed = {state, 7},
	};
	ask_windows(timed);
	ck_assert_int_eq(filter_parse(&filter, "w!=1", &error), 0);
	ck_assert_int_eq(condition_parse(&conditions[0], "c>100", 1, &error),
			 0);
	encode(&expected[0], "b");
	encode(&expected[1], "x");
}

static void forget_question(void)
{
	filter_release(&filter);
	condition_release(&conditions[0]);
	buffer_release(&expected[0]);
	buffer_release(&expected[1]);
}

/* --- the records ---------------------------------------------------------- */

static const char *const amounts[] = {
	"1",	"0.1",	 "-2.50", "\"7.125\"", "1e30", "-1e30",
	"1e90", "-1e90", "1e-40", "\"no\"",    "{}",   "12345678901234567890",
};

/* Streams are apart, go on by chance, and look back or far ahead at times. */
static void make_records(void)
{
	int64_t time_s[STREAMS] = {0, (int64_t)below(10)};
	unsigned keys = 2 + below(9);

	for (size_t i = 0; i < RECORDS; i++) {
		struct item *item = &items[i];
		unsigned from = below(STREAMS);
		int64_t at_s;

		time_s[from] += below(4) == 0 ? below(8) : 0;
		time_s[from] += below(40) == 0 ? 30 : 0;
		at_s = time_s[from] - (below(3) == 0 ? (int64_t)below(12) : 0);
		at_s += below(30) == 0 ? 40 : 0;
		item->stream = from;
		item->now_ns = START_NS + (int64_t)i * S / 2;
		snprintf(item->text, sizeof(item->text),
			 "{\"k\":\"%c\",\"t\":%lld,\"v\":%s%s}%s\n",
			 'a' + (int)below(keys),
			 (long long)(START_NS / S + at_s), amounts[below(12)],
			 below(8) ? "" : ",\"w\":1", below(15) ? "" : "!");
	}
}

/* --- one run -------------------------------------------------------------- */

static void show_tallies(struct buffer *out, const struct tallies *tallies)
{
	buffer_printf(out, " %d=%d+%d+%d+%d", (int)tallies->read,
		      (int)tallies->counted, (int)tallies_rejected(tallies),
		      (int)tallies->filtered, (int)tallies->late);
}

static void show_window(struct buffer *out, const struct snapshot *shown)
{
	buffer_printf(out, "[%g %g]%d %d of %d, %d groups:",
		      (double)(shown->start_ns - START_NS) / S,
		      (double)(shown->end_ns - START_NS) / S, shown->partial,
		      (int)shown->orders, (int)shown->total_orders,
		      (int)shown->groups);
	show_tallies(out, &shown->tallies);
	for (size_t i = 0; i < shown->row_count; i++) {
		const unsigned char *key = snapshot_key(shown, &shown->rows[i]);

		buffer_append_text(out, ", ");
		if (key)
			buffer_append_span(out, key_next(&key).text);
		buffer_printf(out, " %d %d", (int)shown->rows[i].count,
			      (int)shown->rows[i].total);
	}
	for (size_t i = 0; shown->sums && i < 2 * shown->row_count + 2; i++) {
		buffer_append_char(out, ' ');
		sum_append(out, &shown->sums[i],
			   shown->sums[2 * (i / 2) + 1].scale);
	}
	buffer_append_char(out, '\n');
}

static void show_totals(struct buffer *out, struct run *run)
{
	struct groups *groups = &run->engine.groups;
	const struct windows *windows = &run->engine.windows;
	const uint32_t *order = groups_sorted(groups);

	ck_assert_ptr_nonnull(order);
	buffer_printf(out, "%d in all, %d groups, %d in other:",
		      (int)windows->total_orders, (int)run->engine.named,
		      (int)windows->totals[0]);
	for (uint32_t i = 0; i < groups->live; i++) {
		const unsigned char *key = groups->keys[order[i]];

		if (!(groups->flags[order[i]] & GROUP_NAMED))
			continue;
		buffer_append_char(out, ' ');
		buffer_append_span(out, key_next(&key).text);
		buffer_printf(out, " %d", (int)windows->totals[order[i]]);
		if (!windows->total_sums)
			continue;
		buffer_append_char(out, ' ');
		sum_append(out, &windows->total_sums[order[i]], 0);
	}
	buffer_append_char(out, '\n');
}

static void open_run(struct run *run, bool again)
{
	struct query asked = query;
	struct error error;

	asked.keeps = run->store != NULL;
	/* Who is watched makes no difference where there is room for all. */
	if (again && query.max_groups > 100)
		asked.condition_count = below(2);
	run->at = 0;
	run->over = false;
	snapshot_init(&run->snapshot);
	for (int i = 0; i < STREAMS; i++) {
		stream_init(&run->streams[i]);
		stream_open(&run->streams[i], "feed");
	}
	ck_assert_int_eq(engine_init(&run->engine, &asked, &error), 0);
}

static void begin_run(struct run *run)
{
	int64_t now_ns = run->at < RECORDS ? items[run->at].now_ns
					   : items[RECORDS - 1].now_ns + S;

	engine_begin(&run->engine, now_ns, STREAMS, 0);
	for (int i = 0; query.timed && i < STREAMS; i++)
		watermark_add(&run->engine.watermark, run->streams[i].time,
			      now_ns);
}

static void close_run(struct run *run)
{
	engine_release(&run->engine);
	snapshot_release(&run->snapshot);
	for (int i = 0; i < STREAMS; i++)
		stream_release(&run->streams[i]);
	while (run->waiting_count > 0)
		savepoint_release(&run->waiting[--run->waiting_count]);
}

/* --- saving --------------------------------------------------------------- */

/* As positions would have it. */
static void save_place(const struct run *run, struct savepoint *savepoint)
{
	struct buffer *out = savepoint_add(savepoint, SAVED_POSITION, 1);

	saved_put_number(out, run->at);
	for (int i = 0; i < STREAMS; i++)
		saved_put_signed(out, run->streams[i].time->newest_ns);
	savepoint_end(savepoint);
}

static void restore_place(struct run *run)
{
	const struct savepoint *kept = &run->store->kept;

	for (size_t i = 0; i < kept->count; i++) {
		struct span bytes = savepoint_entry(kept, &kept->entries[i]);
		uint64_t at = 0;

		if (kept->entries[i].table != SAVED_POSITION)
			continue;
		ck_assert(saved_get_number(&bytes, &at));
		run->at = (size_t)at;
		for (int j = 0; j < STREAMS; j++)
			ck_assert(saved_get_signed(
				&bytes, &run->streams[j].time->newest_ns));
	}
}

/* The first of those that wait is saved. */
static void save_first(struct run *run)
{
	struct store *store = run->store;
	/* The output is behind by some windows. */
	uint64_t behind = below(4);

	store_save(store, &run->waiting[0],
		   store->last > behind ? store->last - behind : 0);
	savepoint_release(&run->waiting[0]);
	run->waiting[0] = run->waiting[1];
	run->waiting_count--;
}

static struct savepoint *next_savepoint(struct run *run)
{
	struct savepoint *savepoint;

	if (!run->store)
		return NULL;
	while (run->waiting_count == WAITING_MAX)
		save_first(run);
	savepoint = &run->waiting[run->waiting_count++];
	savepoint_init(savepoint);
	return savepoint;
}

/* Marks where what was printed ends. */
static void note_end(struct run *run)
{
	uint64_t number = run->store->last + run->waiting_count;

	ck_assert_uint_lt(number, WINDOWS_MAX);
	run->ends[number] = run->windows.size;
}

static void save_all(struct run *run)
{
	while (run->waiting_count > 0)
		save_first(run);
}

static void save_rest(struct run *run)
{
	struct savepoint *savepoint = next_savepoint(run);

	engine_save(&run->engine, savepoint);
	save_place(run, savepoint);
	note_end(run);
	save_all(run);
}

/* --- counting ------------------------------------------------------------- */

static void close_one(struct run *run, bool finish, int64_t now_ns)
{
	struct closing closing = {
		.snapshot = &run->snapshot,
		.savepoint = next_savepoint(run),
		.alone = !run->store || below(3) > 0,
	};
	int result =
		finish ? engine_finish(&run->engine, &closing, now_ns, true)
		       : engine_close(&run->engine, &closing);

	ck_assert_int_eq(result, 0);
	show_window(&run->windows, &run->snapshot);
	if (!run->store)
		return;
	save_place(run, closing.savepoint);
	note_end(run);
	if (below(2))
		save_first(run);
}

static void take_one(struct run *run)
{
	struct item *item = &items[run->at];
	struct span bytes = span_of(item->text);
	enum engine_event event;

	while (!query.timed && engine_due(&run->engine, item->now_ns))
		close_one(run, false, 0);
	run->at++;
	do {
		event = engine_take(&run->engine, &run->streams[item->stream],
				    &bytes, item->now_ns);
		ck_assert_int_ne(event, ENGINE_FAILED);
		if (event == ENGINE_DUE)
			close_one(run, false, 0);
	} while (event != ENGINE_DONE);
}

/* The input has ended: the windows up to that, then the rest. */
static void end_input(struct run *run)
{
	int64_t now_ns = items[RECORDS - 1].now_ns + S;

	ck_assert_int_eq(engine_end_input(&run->engine), 0);
	while (engine_due(&run->engine, now_ns))
		close_one(run, false, 0);
	while (engine_has_rest(&run->engine, now_ns) && !run->over) {
		close_one(run, true, now_ns);
		run->over = !query.timed;
	}
}

/* By arrival an orderly end prints the open window, by event time it keeps it.
 */
static void stop(struct run *run)
{
	int64_t now_ns = items[run->at].now_ns;

	while (!query.timed && engine_due(&run->engine, now_ns))
		close_one(run, false, 0);
	if (!query.timed && engine_has_rest(&run->engine, now_ns))
		close_one(run, true, now_ns);
	save_rest(run);
}

/* --- going on ------------------------------------------------------------- */

static void check_replayed(struct run *run, uint64_t number, bool has_window)
{
	struct buffer again = {0};
	size_t from = run->ends[number - 1];
	struct span before =
		span_make(run->windows.data + from, run->ends[number] - from);

	if (has_window)
		show_window(&again, &run->snapshot);
	ck_assert_msg(span_equal(buffer_span(&again), before),
		      "%.*s\nprinted again as %.*s", (int)before.size,
		      before.data, (int)again.size, again.data);
	buffer_release(&again);
}

static void restore(struct run *run)
{
	struct store *store = run->store;
	struct engine *engine = &run->engine;
	uint64_t number = store->last - store->pending_count;
	struct error error = {""};
	bool has_window;

	ck_assert_msg(engine_restore(engine, &store->kept, store_highest(store),
				     &error) == 0,
		      "%s", error.message);
	for (size_t i = 0; i < store->pending_count; i++) {
		ck_assert_msg(engine_replay(engine, &store->pending[i],
					    &run->snapshot, &has_window,
					    &error) == 0,
			      "%s", error.message);
		check_replayed(run, ++number, has_window);
	}
	ck_assert_msg(engine_resume(engine, &store->kept, &error) == 0, "%s",
		      error.message);
	restore_place(run);
	/* What was not saved was not printed. */
	run->windows.size = run->ends[store->last];
}

static void print_due(struct run *run)
{
	while (query.timed && engine_due(&run->engine, 0))
		close_one(run, false, 0);
}

static void play_undisturbed(struct run *run)
{
	open_run(run, false);
	begin_run(run);
	while (run->at < RECORDS)
		take_one(run);
	end_input(run);
}

static void play_disturbed(struct run *run)
{
	unsigned patience = 1 + below(60);

	open_run(run, false);
	restore(run);
	begin_run(run);
	for (int ends = 0; run->at < RECORDS;) {
		if (ends == 30 || below(patience) > 0) {
			take_one(run);
			continue;
		}
		ends++;
		if (below(3) == 0)
			stop(run);
		close_run(run);
		open_run(run, true);
		restore(run);
		begin_run(run);
		print_due(run);
	}
	end_input(run);
	save_all(run);
}

/* --- comparing ------------------------------------------------------------ */

/* A part of what was printed, from that place on. */
static struct span part(const struct buffer *text, size_t from)
{
	size_t size = from < text->size ? text->size - from : 0;

	return span_make(text->data + from, size < 300 ? size : 300);
}

/* Shows where they part, and what stands before that. */
static void assert_same(const struct buffer *is, const struct buffer *must,
			unsigned seed)
{
	size_t from = 0;
	struct span left, right;

	if (span_equal(buffer_span(is), buffer_span(must)))
		return;
	while (from < is->size && from < must->size &&
	       is->data[from] == must->data[from])
		from++;
	from = from > 200 ? from - 200 : 0;
	left = part(is, from);
	right = part(must, from);
	ck_abort_msg("seed %u\n%.*s\nexpected\n%.*s", seed, (int)left.size,
		     left.data, (int)right.size, right.data);
}

static void compare_runs(unsigned seed, bool timed)
{
	static struct run plain, kept;
	struct store store;

	memset(&plain, 0, sizeof(plain));
	memset(&kept, 0, sizeof(kept));
	store_init(&store);
	state = seed;
	ask(timed);
	make_records();
	kept.store = &store;
	play_undisturbed(&plain);
	play_disturbed(&kept);
	if (!timed)
		plain.windows.size = kept.windows.size = 0;
	show_totals(&plain.windows, &plain);
	show_totals(&kept.windows, &kept);
	assert_same(&kept.windows, &plain.windows, seed);
	/* Nothing is left behind. */
	save_rest(&kept);
	ck_assert_uint_eq(store_count(&store, SAVED_PANE), 0);
	close_run(&plain);
	close_run(&kept);
	buffer_release(&plain.windows);
	buffer_release(&kept.windows);
	store_release(&store);
	forget_question();
}

START_TEST(by_event_time_it_prints_as_if_it_had_never_ended)
{
	for (unsigned seed = 1; seed <= 600; seed++)
		compare_runs(seed, true);
}
END_TEST

START_TEST(by_arrival_each_record_counts_once)
{
	for (unsigned seed = 1; seed <= 300; seed++)
		compare_runs(seed, false);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine state");
	TCase *tests = tcase_create("engine state");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, by_event_time_it_prints_as_if_it_had_never_ended);
	tcase_add_test(tests, by_arrival_each_record_counts_once);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
