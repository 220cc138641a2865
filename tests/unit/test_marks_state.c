/*
 * A later run goes on from marks that were kept; random ones, too.
 */
#include "marks_told.h"

/* --- another run ---------------------------------------------------------- */

/* Newer entries of an id stand for older ones. */
static void keep(struct savepoint *kept)
{
	struct savepoint more, all;

	savepoint_init(&more);
	savepoint_init(&all);
	marks_save(&marks, &more);
	for (size_t i = 0; i < kept->count; i++) {
		bool again = false;

		for (size_t j = 0; j < more.count; j++)
			again |= more.entries[j].id == kept->entries[i].id;
		if (!again)
			buffer_append_span(
				savepoint_add(&all, kept->entries[i].table,
					      kept->entries[i].id),
				savepoint_entry(kept, &kept->entries[i]));
	}
	for (size_t i = 0; i < more.count; i++)
		buffer_append_span(savepoint_add(&all, more.entries[i].table,
						 more.entries[i].id),
				   savepoint_entry(&more, &more.entries[i]));
	savepoint_end(&all);
	ck_assert(!savepoint_failed(&all));
	savepoint_release(kept);
	savepoint_release(&more);
	*kept = all;
}

static void go_on(const struct savepoint *kept)
{
	marks_release(&marks);
	ck_assert_msg(marks_restore(&marks, kept, &error) == 0, "%s",
		      error.message);
}

START_TEST(a_later_run_goes_on_exactly)
{
	struct savepoint kept;

	savepoint_init(&kept);
	next.of = 2;
	next.newest_ns = 10;
	ck_assert_int_eq(range(0, 0, 5, 9), 0);
	tell(0, 1, 30, true);
	next.newest_ns = -20;
	next.idle = false;
	ck_assert_int_eq(range(3, 1, 0, 0), 0);
	keep(&kept);
	go_on(&kept);
	ck_assert(marks_came(&marks));
	/* Nothing is read yet. */
	assert_least(TIME_NONE);
	listen_to(0);
	assert_least(10);
	listen_to(3);
	assert_least(TIME_NONE);
	tell(3, 0, 5, false);
	assert_least(-20);
	ck_assert_int_eq(range(0, 0, 10, 12), -1);
	ck_assert_int_eq(range(0, 0, 9, 12), 0);
	ck_assert_int_eq(range(3, 1, 1, 1), -1);
	next.query = 8;
	ck_assert_int_eq(range(3, 1, 0, 1), -1);
	next.query = 7;
	next.partials = 5;
	ck_assert_int_eq(marks_take(&marks, 0, 5, &next, &note, &error), -1);
	savepoint_release(&kept);
}
END_TEST

START_TEST(what_is_not_read_any_more_is_kept_and_not_waited_for)
{
	struct savepoint kept;

	savepoint_init(&kept);
	ck_assert_int_eq(range(0, 0, 1, 2), 0);
	next.newest_ns = 50;
	ck_assert_int_eq(range(1, 0, 1, 3), 0);
	keep(&kept);
	go_on(&kept);
	listen_to(1);
	assert_least(50);
	ck_assert_int_eq(range(1, 0, 3, 4), 0);
	keep(&kept);
	go_on(&kept);
	ck_assert_int_eq(range(0, 0, 3, 4), -1);
	ck_assert_int_eq(range(0, 0, 2, 4), 0);
	ck_assert_int_eq(range(1, 0, 4, 5), 0);
	savepoint_release(&kept);
}
END_TEST

START_TEST(only_what_changed_is_saved)
{
	struct savepoint saved;

	savepoint_init(&saved);
	marks_save(&marks, &saved);
	ck_assert_uint_eq(saved.count, 0);
	listen_to(2);
	marks_save(&marks, &saved);
	ck_assert_uint_eq(saved.count, 0);
	tell(0, 0, 10, false);
	tell(1, 0, 10, false);
	marks_save(&marks, &saved);
	ck_assert_uint_eq(saved.count, 3);
	savepoint_clear(&saved);
	tell(1, 0, 12, false);
	marks_save(&marks, &saved);
	ck_assert_uint_eq(saved.count, 1);
	ck_assert_int_eq(saved.entries[0].id, 3);
	savepoint_release(&saved);
}
END_TEST

START_TEST(damage_is_no_crash)
{
	struct savepoint kept, cut;

	savepoint_init(&kept);
	next.of = 2;
	ck_assert_int_eq(range(0, 1, 100, 900), 0);
	keep(&kept);
	for (size_t i = 0; i < kept.count; i++) {
		for (size_t size = 1; size < kept.entries[i].size; size++) {
			savepoint_init(&cut);
			for (size_t j = 0; j < kept.count; j++) {
				struct span bytes = savepoint_entry(
					&kept, &kept.entries[j]);

				if (j == i)
					bytes.size = size;
				buffer_append_span(
					savepoint_add(&cut, SAVED_HEAD,
						      kept.entries[j].id),
					bytes);
			}
			savepoint_end(&cut);
			marks_release(&marks);
			/* Without its sources it has none of their pairs. */
			if (marks_restore(&marks, &cut, &error) == 0)
				ck_assert_uint_le(marks.source_count, 1);
			savepoint_release(&cut);
		}
	}
	savepoint_release(&kept);
}
END_TEST

/* --- random marks --------------------------------------------------------- */

#define SOURCES	   3
#define PARTITIONS 5

static unsigned seed;

static int below(int limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 10) % (unsigned)limit);
}

/* What the rules say, told plainly. */
static struct told {
	bool reported, idle;
	int64_t newest;
	uint64_t to;
} told[SOURCES][PARTIALS][PARTITIONS];
static uint32_t told_of[SOURCES];
static bool told_listened[PARTIALS];
static int idle_percent;

static int64_t told_least(void)
{
	int64_t least = MARKS_IDLE;
	bool any = false;

	for (int s = 0; s < SOURCES; s++)
		for (int q = 0; q < PARTIALS; q++)
			for (uint32_t p = 0; p < told_of[s]; p++) {
				const struct told *pair = &told[s][q][p];

				if (!told_listened[q])
					continue;
				any = true;
				if (!pair->reported)
					return TIME_NONE;
				if (!pair->idle && pair->newest < least)
					least = pair->newest;
			}
	for (int s = 0; s < SOURCES; s++)
		if (told_of[s] == 0)
			return TIME_NONE;
	return any ? least : TIME_NONE;
}

static void random_mark(void)
{
	static const char *const names[SOURCES] = {"a", "b", "c"};
	int s = below(SOURCES), q = below(PARTIALS);
	struct told *pair;

	if (told_of[s] == 0 || below(60) == 0)
		told_of[s] += told_of[s] < PARTITIONS;
	next.source = span_of(names[s]);
	next.of = told_of[s];
	next.partition = (uint32_t)below((int)told_of[s]);
	pair = &told[s][q][next.partition];
	next.newest_ns = below(5) ? below(1000) : TIME_NONE;
	next.idle = below(100) < idle_percent;
	next.ranged = true;
	next.from = pair->reported ? pair->to : (uint64_t)below(100);
	next.to = next.from + (uint64_t)below(10);
	if (pair->reported && below(40) == 0) {
		next.from++;
		next.to++;
		ck_assert_int_eq(try_take((uint32_t)q), -1);
		next.from--;
		next.to--;
	}
	ck_assert_int_eq(try_take((uint32_t)q), 0);
	told_listened[q] = true;
	if (!pair->reported || next.newest_ns > pair->newest)
		pair->newest = next.newest_ns;
	pair->reported = true;
	pair->idle = next.idle;
	pair->to = next.to;
}

START_TEST(random_marks_keep_the_rules_over_many_runs)
{
	int known = 0, all_idle = 0;

	for (int run = 0; run < 300; run++) {
		struct savepoint kept;

		seed = (unsigned)run;
		savepoint_init(&kept);
		memset(told, 0, sizeof(told));
		memset(told_of, 0, sizeof(told_of));
		memset(told_listened, 0, sizeof(told_listened));
		marks_release(&marks);
		next.sources = SOURCES;
		idle_percent = run % 3 ? 30 : 95;
		for (int i = 0; i < 400; i++) {
			int q = below(PARTIALS);

			switch (below(50)) {
			case 0:
				listen_to((uint32_t)q);
				told_listened[q] = true;
				break;
			case 1:
				keep(&kept);
				go_on(&kept);
				for (int j = 0; j < PARTIALS; j++)
					if (told_listened[j])
						listen_to((uint32_t)j);
				break;
			case 2: keep(&kept); break;
			default: random_mark();
			}
			ck_assert_int_eq(marks_least(&marks), told_least());
			known += told_least() != TIME_NONE;
			all_idle += told_least() == MARKS_IDLE;
		}
		savepoint_release(&kept);
	}
	ck_assert_int_gt(known, 10000);
	ck_assert_int_gt(all_idle, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("marks state");
	TCase *tests = tcase_create("marks state");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_later_run_goes_on_exactly);
	tcase_add_test(tests,
		       what_is_not_read_any_more_is_kept_and_not_waited_for);
	tcase_add_test(tests, only_what_changed_is_saved);
	tcase_add_test(tests, damage_is_no_crash);
	tcase_add_test(tests, random_marks_keep_the_rules_over_many_runs);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
