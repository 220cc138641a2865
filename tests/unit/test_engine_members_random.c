/*
 * Random members publish random orders; the merge reads their partitions in any
 * order and is stopped anywhere. All that it prints, and the tallies, must be
 * what the rules say, told plainly.
 */
#include "members_run.h"

#define RUNS	   400
#define STEPS	   250
#define SOURCES	   2
#define PARTITIONS 3
#define WINDOWS	   120
#define KEYS	   3
#define NOTHING	   (-1000000)

static const char *const source_names[SOURCES] = {"orders", "returns"};
static unsigned seed;

static int below(int limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 10) % (unsigned)limit);
}

/* --- what was published, and not read yet --------------------------------- */

#define QUEUE_MAX 4000

struct line {
	enum { DELTA, MARK, TALLIES } kind;
	int window, key, count; /* a delta */
	int source;
	struct mark_line mark;
	int read, counted; /* tallies */
};

static struct queue {
	struct line lines[QUEUE_MAX];
	int first, count;
} queues[PARTS];

static struct member {
	int offset, newest;
} members[SOURCES][PARTITIONS];

static void publish(int q, struct line line)
{
	ck_assert_int_lt(queues[q].count, QUEUE_MAX);
	queues[q].lines[queues[q].count++] = line;
}

/* One transaction for one partition of a source. */
static void transact(int time_s)
{
	int source = below(SOURCES), partition = below(PARTITIONS);
	struct member *member = &members[source][partition];
	struct line tallies = {.kind = TALLIES};
	struct line mark = {.kind = MARK, .source = source};
	int deltas = below(4);

	for (int i = 0; i < deltas; i++) {
		int at = time_s > 60 ? time_s - below(60) : below(60);
		struct line line = {.kind = DELTA,
				    .window = at / 5,
				    .key = below(KEYS),
				    .count = below(5)};

		publish(below(PARTS), line);
		tallies.counted += line.count;
		if (at > member->newest)
			member->newest = at;
	}
	tallies.read = tallies.counted + below(3);
	if (tallies.read > 0)
		publish(0, tallies);
	mark.mark = (struct mark_line){
		.source = source_names[source],
		.partition = partition,
		.of = PARTITIONS,
		.from = member->offset,
		.to = member->offset + tallies.read + 1,
		.newest_s =
			member->newest == NOTHING ? NO_TIME : member->newest,
		.idle = below(6) == 0,
	};
	member->offset = mark.mark.to;
	for (int q = 0; q < PARTS; q++)
		publish(q, mark);
}

/* --- what the rules say --------------------------------------------------- */

static struct told {
	int counts[WINDOWS][KEYS];
	bool open[WINDOWS];
	int closed; /* windows */
	int totals[KEYS];
	int lateness, watermark;
	struct {
		bool reported, idle;
		int newest;
	} pairs[PARTS][SOURCES][PARTITIONS];
	int orders, late, rejected;
	struct buffer text;
} told;

static void tell_window(int window)
{
	struct buffer rows = {0};
	int orders = 0;

	for (int k = 0; k < KEYS; k++) {
		int count = told.counts[window][k];

		told.totals[k] += count;
		orders += count;
		if (told.totals[k] > 0)
			buffer_printf(&rows, "%s%c %d %d",
				      rows.size > 0 ? ", " : ": ", 'A' + k,
				      count, told.totals[k]);
	}
	buffer_printf(&told.text, "[%d %d] %d", window * 5, window * 5 + 5,
		      orders);
	buffer_append_span(&told.text, buffer_span(&rows));
	buffer_append_char(&told.text, '\n');
	buffer_release(&rows);
}

static void tell_watermark(void)
{
	int least = INT32_MAX;

	for (int q = 0; q < PARTS; q++)
		for (int s = 0; s < SOURCES; s++)
			for (int p = 0; p < PARTITIONS; p++) {
				if (!told.pairs[q][s][p].reported)
					return;
				if (!told.pairs[q][s][p].idle &&
				    told.pairs[q][s][p].newest < least)
					least = told.pairs[q][s][p].newest;
			}
	if (least == INT32_MAX || least == NOTHING)
		return;
	if (least - told.lateness > told.watermark)
		told.watermark = least - told.lateness;
	for (; told.closed * 5 + 5 <= told.watermark; told.closed++)
		if (told.open[told.closed])
			tell_window(told.closed);
}

static void tell(int q, const struct line *line)
{
	int s = line->source, p = line->mark.partition;

	switch (line->kind) {
	case TALLIES: told.rejected += line->read - line->counted; break;
	case DELTA:
		told.orders += line->count;
		if (line->window < told.closed) {
			told.late += line->count;
			break;
		}
		told.open[line->window] = true;
		told.counts[line->window][line->key] += line->count;
		break;
	case MARK:
		if (!told.pairs[q][s][p].reported)
			told.pairs[q][s][p].newest = NOTHING;
		told.pairs[q][s][p].reported = true;
		told.pairs[q][s][p].idle = line->mark.idle;
		if (line->mark.newest_s != NO_TIME)
			told.pairs[q][s][p].newest = line->mark.newest_s;
		tell_watermark();
	}
}

/* --- the merge ------------------------------------------------------------ */

static struct tallies before; /* of the runs before, but for the open window */

static void put_line(struct buffer *out, const struct line *line)
{
	char key[2] = {(char)('A' + line->key), '\0'};

	switch (line->kind) {
	case TALLIES:
		put_tallies(out, line->read, line->counted,
			    line->read - line->counted);
		break;
	case DELTA:
		put_delta(out, line->window * 5, key, line->count, "");
		break;
	case MARK: put_mark(out, line->mark); break;
	}
}

/* Some lines of one partition at once. */
static void read_some(int q)
{
	struct queue *queue = &queues[q];
	struct buffer lines = {0};

	for (int n = 1 + below(8); n > 0 && queue->first < queue->count; n--) {
		put_line(&lines, &queue->lines[queue->first]);
		tell(q, &queue->lines[queue->first++]);
	}
	if (lines.size > 0)
		take_lines_from(&part[q], &lines);
}

static void check(void)
{
	struct tallies all = before;

	tallies_add(&all, &engine.run);
	tallies_add(&all, &engine.tallies);
	ck_assert_uint_eq(rejects, 0);
	ck_assert_uint_eq(all.read, (uint64_t)(told.orders + told.rejected));
	ck_assert_uint_eq(all.late, (uint64_t)told.late);
	ck_assert_uint_eq(tallies_rejected(&all), (uint64_t)told.rejected);
	ck_assert_uint_eq(all.read,
			  all.counted + tallies_rejected(&all) + all.late);
}

static void begin_random(int run)
{
	seed = (unsigned)run;
	memset(queues, 0, sizeof(queues));
	buffer_release(&told.text);
	told = (struct told){.lateness = below(2) * below(30),
			     .watermark = NOTHING};
	before = (struct tallies){0};
	for (int s = 0; s < SOURCES; s++)
		for (int p = 0; p < PARTITIONS; p++)
			members[s][p] = (struct member){.newest = NOTHING};
	query.keeps = true;
	query.lateness_ns = told.lateness * S;
	sources = SOURCES;
	begin_run();
}

static int run_once(int run)
{
	struct store store;
	int late;

	begin_random(run);
	store_init(&store);
	for (int i = 0; i < STEPS; i++) {
		if (below(3) > 0)
			transact(i * 2 + below(10));
		read_some(below(PARTS));
		check();
		if (below(40) > 0)
			continue;
		tallies_add(&before, &engine.run);
		go_on(&store);
	}
	print_due();
	buffer_append_char(&printed, '\0');
	buffer_append_char(&told.text, '\0');
	ck_assert_str_eq(printed.data, told.text.data);
	buffer_clear(&printed);
	late = told.late;
	engine_release(&engine);
	store_release(&store);
	return late;
}

START_TEST(what_is_printed_is_what_was_published_in_time)
{
	int late = 0, windows = 0;

	for (int run = 0; run < RUNS; run++) {
		late += run_once(run);
		windows += told.closed;
	}
	ck_assert_int_gt(late, RUNS);
	ck_assert_int_gt(windows, 10 * RUNS);
	buffer_release(&told.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine members, random");
	TCase *tests = tcase_create("random");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, begin_members, end_members);
	tcase_add_test(tests, what_is_printed_is_what_was_published_in_time);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
