/*
 * Reading ahead makes no difference: at every level, with any number of
 * cursors and however the bytes are cut, an engine rejects, counts and hands
 * out what it does when it reads record by record.
 *
 * All that an engine says is written down; the words have to be the same.
 */
#include <stdio.h>
#include <string.h>

#include "engine_run.h"
#include "json_random.h"

#define RUNS	    48
#define SEGMENTS    6
#define TIME_0_S    1000
#define KINDS_MAX   6
#define CHUNK_MAX   ((size_t)200 << 10)
#define PIECE_MAX   100 /* bytes that are too few to be read ahead */
#define FILTERS_MAX 2

/* What a run is made of. */
struct play {
	struct random random;
	struct buffer segments[SEGMENTS]; /* the clock stands meanwhile */
	struct filter filters[FILTERS_MAX];
	unsigned damage;  /* lines of 100 */
	unsigned lengthy; /* that are too long, of 1000 */
	unsigned kinds;	  /* of records */
	uint64_t shapes;
};

static struct play play;
static struct buffer said, wanted;
static uint64_t walked;
static bool many_groups;

static size_t below(size_t limit)
{
	return random_below(&play.random, limit);
}

/* --- records -------------------------------------------------------------- */

static void add_key(struct buffer *line)
{
	static const char *const keys[] = {
		"\"PAID\"", "\"NEW\"",	"\"SHIPPED\"", "\"caf\xc3\xa9\"",
		"\"\"",	    "\"A\\n\"", "null",	       "true",
		"12.5",	    "-3",
	};
	size_t key = below(16);

	if (key < RANDOM_COUNT(keys))
		buffer_append_text(line, keys[key]);
	else if (key < 14)
		buffer_printf(line, "\"group-%u\"", (unsigned)below(3000));
	else if (key == 14 && below(20) == 0)
		random_value(&play.random, line, 5);
	else
		buffer_append_text(line, "\"PAID\"");
}

/* Often in order, sometimes late, rarely none. */
static void add_time(struct buffer *line, size_t segment)
{
	int time_s = TIME_0_S + (int)segment * 4 + (int)below(5);

	if (below(30) == 0)
		time_s -= 12;
	if (below(200) == 0)
		buffer_append_text(line, below(2) ? "\"noon\"" : "true");
	else
		buffer_printf(line, "%d", time_s);
}

static void add_amount(struct buffer *line)
{
	static const char *const odd[] = {"\"7.25\"", "\"x\"", "null", "1e2",
					  "{}"};

	if (below(60) == 0)
		buffer_append_text(line, odd[below(RANDOM_COUNT(odd))]);
	else
		buffer_printf(line, "%s%u.%02u", below(9) ? "" : "-",
			      (unsigned)below(500), (unsigned)below(100));
}

static void add_member(struct buffer *line, size_t member, size_t segment)
{
	switch (member) {
	case 0:
		buffer_append_text(line, "\"status\":");
		add_key(line);
		break;
	case 1:
		buffer_append_text(line, "\"t\":");
		add_time(line, segment);
		break;
	case 2:
		buffer_append_text(line, "\"amount\": ");
		add_amount(line);
		break;
	case 3:
		buffer_append_text(line, "\"a\":{\"x\":1,\"b\":");
		add_key(line);
		buffer_append_char(line, '}');
		break;
	case 4:
		buffer_append_text(line, "\"items\":[{\"n\":1},{\"n\":2}],");
		buffer_append_text(line, "\"note\":");
		random_string(&play.random, line);
		break;
	case 5:
		/* If it comes last, there is no a.b. */
		buffer_append_text(line,
				   below(2) ? "\"a\":{\"c\":[1]}" : "\"a\":{}");
		break;
	default:
		buffer_printf(line, "\"id\":%u", (unsigned)below(100000));
		break;
	}
}

/* The kind says which members there are, in which order. */
static void add_record(struct buffer *line, size_t segment)
{
	struct random kind = {play.shapes + 2 * below(play.kinds) + 1};
	size_t count;

	random_below(&kind, 1);
	count = 3 + random_below(&kind, 5);
	buffer_append_char(line, '{');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_char(line, ',');
		if (random_below(&kind, 8) == 0)
			buffer_append_char(line, ' ');
		add_member(line,
			   i < 3 ? (i + random_below(&kind, 2)) % 3
				 : random_below(&kind, 7),
			   segment);
	}
	buffer_append_char(line, '}');
}

static void add_line(struct buffer *out, size_t segment)
{
	struct buffer line = {0};

	if (below(100) > 0)
		add_record(&line, segment);
	else if (below(2) == 0)
		random_space(&play.random, &line);
	else
		random_record(&play.random, &line);
	if (below(1000) < play.lengthy) {
		line.size -= line.size > 0;
		buffer_append_text(&line, ",\"long\":\"");
		for (size_t i = 20 + below(80); i > 0; i--)
			buffer_append_text(&line, "0123456789 abcdefghijkl ");
		if (below(10) == 0)
			for (size_t i = 8192; i > 0; i--)
				buffer_append_text(&line, "0123456789 abcdef");
		buffer_append_text(&line, "\"}");
	}
	if (line.size > 0 && below(100) < play.damage)
		random_damage(&play.random, &line);
	if (below(8) == 0)
		buffer_append_char(&line, '\r');
	buffer_append_span(out, buffer_span(&line));
	buffer_append_char(out, '\n');
	buffer_release(&line);
}

static void make_bytes(void)
{
	play.shapes = 2 * below(100000);
	play.kinds = 1 + (unsigned)below(KINDS_MAX);
	play.damage = below(3) ? (unsigned)below(8) : 40;
	play.lengthy = below(2) ? 4 : 0;
	if (below(3) == 0)
		buffer_append_text(&play.segments[0], "\xef\xbb\xbf");
	for (size_t i = 0; i < SEGMENTS; i++) {
		struct buffer *segment = &play.segments[i];

		for (size_t lines = 100 + below(400); lines > 0; lines--)
			add_line(segment, i);
		/* Half a line at its end. */
		if (below(2) == 0)
			segment->size -=
				below(segment->size < 40 ? segment->size : 40);
	}
}

/* --- queries -------------------------------------------------------------- */

static void ask_filter(const char *text)
{
	struct error error;
	size_t at = query.records.filter_count++;

	ck_assert_int_eq(filter_parse(&play.filters[at], text, &error), 0);
	query.records.filters = play.filters;
}

static void ask_records(void)
{
	static const char *const keys[] = {"status", "a.b", "items.1.n",
					   "absent"};
	struct order_query *records = &query.records;

	records->key_names = keys + below(2);
	records->key_count = below(2) ? 1 : 1 + below(2);
	if (below(3) == 0)
		records->missing_label = "(none)";
	if (below(4) == 0)
		ask_filter("amount>=100");
	if (below(4) == 0)
		ask_filter("status!=\"PAID\"");
	if (below(3) == 0)
		records->sum_field = "amount";
}

static void ask_query(void)
{
	static const size_t max_lines[] = {120, 300, 2000, (size_t)1 << 20};

	/* Simple queries have a way of their own. */
	if (below(3) > 0)
		ask_records();
	query.max_line_bytes = max_lines[below(4)];
	if (query.records.filter_count + query.records.key_count == 1)
		query.max_line_bytes = (size_t)1 << 20;
	query.max_groups = below(4) ? 100000 : 5;
	ask_windows(below(2) ? 4 : 6, 2);
	if (below(2) == 0)
		query.slide_ns = query.window_ns;
	if (below(4) == 0)
		query.forget_ns = 6 * S;
	if (below(3) == 0) {
		query.timed = true;
		query.records.time_field = "t";
		query.lateness_ns = (int64_t)below(3) * S;
	}
}

/* --- one engine ----------------------------------------------------------- */

static void say_window(void)
{
	const struct tallies *run = &snapshot.run;

	show(&said, &snapshot);
	buffer_printf(&said, "\nread %d counted %d filtered %d late %d",
		      (int)run->read, (int)run->counted, (int)run->filtered,
		      (int)run->late);
	for (int i = 0; i < REJECT_REASONS; i++)
		buffer_printf(&said, " %d", (int)run->rejected[i]);
	buffer_append_char(&said, '\n');
}

static void say_reject(void)
{
	const struct reject *reject = &engine.reject;

	buffer_printf(&said, "%s:%d:%zu: %s %s: ", reject->stream,
		      (int)reject->line_number, reject->column,
		      reject_reason_name(reject->reason),
		      reject->field ? reject->field : "");
	buffer_append_span(&said, reject->line);
	buffer_append_char(&said, '\n');
}

static void close_due(void)
{
	struct closing next = closing();

	while (engine_due(&engine, now_ns)) {
		ck_assert_int_eq(engine_close(&engine, &next), 0);
		say_window();
	}
}

/* The bytes are gone when the engine has them. */
static void take_chunk(struct span text)
{
	char *copy = malloc(text.size + 1);
	struct span bytes = span_make(copy, text.size);
	enum engine_event event;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text.data, text.size);
	do {
		event = engine_take(&engine, &stream, &bytes, now_ns);
		if (event == ENGINE_FAILED)
			ck_abort_msg("%s", engine.error.message);
		if (event == ENGINE_REJECTED)
			say_reject();
		if (event == ENGINE_DUE)
			close_due();
	} while (event != ENGINE_DONE);
	walked += engine.lane.walk.records;
	memset(copy, '"', text.size);
	free(copy);
}

static void take_segment(struct span bytes, size_t chunk_max,
			 struct random *random)
{
	while (bytes.size > 0) {
		size_t size = 1 + random_below(random, chunk_max);

		if (size > bytes.size)
			size = bytes.size;
		take_chunk(span_make(bytes.data, size));
		bytes = span_make(bytes.data + size, bytes.size - size);
	}
	buffer_printf(&said, "line %d, %zu bytes, %zu pending\n",
		      (int)stream.line_number, (size_t)stream_position(&stream),
		      (size_t)stream_pending(&stream));
}

static void end_run(void)
{
	struct closing next = closing();
	enum engine_event event;

	do {
		event = engine_end_stream(&engine, &stream, now_ns);
		if (event == ENGINE_REJECTED)
			say_reject();
		close_due();
	} while (event != ENGINE_DONE);
	if (query.timed)
		ck_assert_int_eq(engine_end_input(&engine), 0);
	close_due();
	while (engine_has_rest(&engine, now_ns)) {
		ck_assert_int_eq(engine_finish(&engine, &next, now_ns, true),
				 0);
		say_window();
		if (!query.timed)
			break;
	}
}

static void run_engine(enum level level, unsigned cursors, size_t chunk_max)
{
	struct random random = {play.shapes + cursors + 10 * (unsigned)level +
				1};

	buffer_clear(&said);
	walked = 0;
	query.level = level;
	query.cursors = cursors;
	stream_open(&stream, "feed");
	stream.own_time = (struct stream_time){.newest_ns = TIME_NONE};
	begin_at(TIME_0_S);
	for (size_t i = 0; i < SEGMENTS; i++) {
		now_ns = (TIME_0_S + (int64_t)i * 4 + 1) * S;
		close_due();
		take_segment(buffer_span(&play.segments[i]), chunk_max,
			     &random);
	}
	now_ns += S;
	end_run();
	many_groups = groups_are_many(&engine.groups);
	engine_release(&engine);
}

/* --- comparing ------------------------------------------------------------ */

/* The first line in which they differ. */
static void compare_said(unsigned run, enum level level, unsigned cursors)
{
	size_t at = 0, size = wanted.size, begin;

	if (span_equal(buffer_span(&said), buffer_span(&wanted)))
		return;
	if (said.size < size)
		size = said.size;
	while (at < size && said.data[at] == wanted.data[at])
		at++;
	begin = at;
	while (begin > 0 && wanted.data[begin - 1] != '\n')
		begin--;
	ck_abort_msg(
		"run %u, level %s, %u cursors:\n%.*s\nexpected\n%.*s", run,
		level_name(level), cursors,
		(int)(said.size - begin < 600 ? said.size - begin : 600),
		said.data + begin,
		(int)(wanted.size - begin < 600 ? wanted.size - begin : 600),
		wanted.data + begin);
}

static void compare_levels(unsigned run)
{
	static const unsigned cursors[] = {0, 1, 2, 4};
	static const size_t chunks[] = {CHUNK_MAX, 16384, 1500};

	/* With nothing walked, however it is come by. */
	run_engine(LEVEL_PLAIN, 1, PIECE_MAX);
	if (query.max_line_bytes < 1000)
		ck_assert_uint_eq(walked, 0);
	ck_assert_uint_gt(said.size, 0);
	buffer_clear(&wanted);
	buffer_append_span(&wanted, buffer_span(&said));
	for (enum level level = LEVEL_BEST; level < LEVELS; level++) {
		if (!level_is_there(level))
			continue;
		for (size_t i = 0; i < RANDOM_COUNT(cursors); i++) {
			size_t chunk = chunks[(run + i + level) %
					      RANDOM_COUNT(chunks)];

			run_engine(level, cursors[i], chunk);
			compare_said(run, level, cursors[i]);
			ck_assert((walked > 0) == (level != LEVEL_OFF));
		}
	}
}

static void release_play(void)
{
	for (size_t i = 0; i < SEGMENTS; i++)
		buffer_release(&play.segments[i]);
	for (size_t i = 0; i < query.records.filter_count; i++)
		filter_release(&play.filters[i]);
	play = (struct play){0};
}

START_TEST(every_level_says_the_same)
{
	play.random.state = 20261127 + 977 * (uint64_t)_i;
	random_below(&play.random, 1);
	make_bytes();
	ask_query();
	compare_levels((unsigned)_i);
	release_play();
	buffer_release(&said);
	buffer_release(&wanted);
}
END_TEST

/* So many that their keys are fetched ahead, some records at a time. */
START_TEST(every_level_counts_many_groups)
{
	play.random.state = 20261127;
	for (size_t i = 0; i < SEGMENTS; i++)
		for (size_t lines = 20000; lines > 0; lines--)
			buffer_printf(&play.segments[i],
				      "{\"id\":%u,\"status\":\"%u\"}\n",
				      (unsigned)below(1000),
				      (unsigned)below(80000));
	query.max_line_bytes = (size_t)1 << 20;
	query.max_groups = 70000;
	query.hash_seed[0] = UINT64_C(0x9e3779b97f4a7c15);
	query.hash_seed[1] = UINT64_C(0xd1342543de82ef95);
	ask_windows(15, 15);
	compare_levels(0);
	ck_assert(many_groups);
	release_play();
	buffer_release(&said);
	buffer_release(&wanted);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine levels");
	TCase *tests = tcase_create("engine levels");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, every_level_says_the_same, 0, RUNS);
	tcase_add_test(tests, every_level_counts_many_groups);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
