/*
 * Counters of groups, sparse and dense, against a plain array.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pane.h"

#define GROUPS 3000

static struct pane pane;
static uint64_t counts[GROUPS];
static long amounts[GROUPS];
static unsigned state;

static void begin(void)
{
	pane_init(&pane, true, 12345);
	memset(counts, 0, sizeof(counts));
	memset(amounts, 0, sizeof(amounts));
	state = 1;
}

static void end(void)
{
	pane_release(&pane);
}

static unsigned below(unsigned limit)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 10) % limit;
}

static void add(uint32_t group, uint64_t orders, uint32_t group_count)
{
	char text[32];
	struct sum sum = {0};
	long amount = (long)below(2000) - 1000;

	snprintf(text, sizeof(text), "%ld", amount);
	ck_assert_int_eq(sum_read(&sum, span_of(text)), SUM_READ);
	ck_assert_int_eq(pane_add(&pane, group, orders, &sum, group_count), 0);
	sum_clear(&sum);
	counts[group] += orders;
	amounts[group] += amount;
}

static void assert_amount(const struct sum *sum, long amount)
{
	struct buffer text = {0};
	char must[32];

	snprintf(must, sizeof(must), "%ld", amount);
	sum_append(&text, sum, 0);
	ck_assert(span_is(buffer_span(&text), must));
	buffer_release(&text);
}

/* One by one, and going through all of them. */
static void check_pane(void)
{
	static bool seen[GROUPS];
	struct counter counter;
	uint32_t at = 0;
	uint64_t orders = 0;

	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < GROUPS; i++) {
		const struct sum *sum = pane_sum(&pane, i);

		if (pane_count(&pane, i) != counts[i])
			ck_abort_msg("group %u", i);
		orders += counts[i];
		if (sum)
			assert_amount(sum, amounts[i]);
		else
			ck_assert_int_eq(amounts[i], 0);
	}
	ck_assert_uint_eq(pane.orders, orders);
	while (pane_next(&pane, &at, &counter)) {
		if (seen[counter.group] ||
		    counter.count != counts[counter.group])
			ck_abort_msg("group %u again", counter.group);
		seen[counter.group] = true;
		assert_amount(counter.sum, amounts[counter.group]);
	}
	for (uint32_t i = 0; i < GROUPS; i++)
		if (!seen[i] && (counts[i] > 0 || amounts[i] != 0))
			ck_abort_msg("group %u left out", i);
}

START_TEST(nothing_is_in_a_new_pane)
{
	struct counter counter;
	uint32_t at = 0;

	ck_assert_uint_eq(pane_count(&pane, 0), 0);
	ck_assert_ptr_null(pane_sum(&pane, 7));
	ck_assert(!pane_next(&pane, &at, &counter));
}
END_TEST

START_TEST(counters_of_few_groups_among_many_are_sparse)
{
	for (int i = 0; i < 200; i++)
		add(below(20) * 131, 1, GROUPS);
	ck_assert_ptr_nonnull(pane.places);
	ck_assert_uint_le(pane.capacity, 64);
	ck_assert_uint_eq(pane.used, 20);
	check_pane();
}
END_TEST

START_TEST(counters_of_many_groups_are_a_column)
{
	for (uint32_t i = 0; i < GROUPS; i++) {
		add((i * 7) % GROUPS, 1 + i % 3, GROUPS);
		if (i % 500 == 0)
			check_pane();
	}
	ck_assert_ptr_null(pane.places);
	ck_assert_uint_eq(pane.used, GROUPS);
	check_pane();
}
END_TEST

/* More groups are known from time to time. */
START_TEST(any_adds_are_found_again)
{
	for (int round = 0; round < 40; round++) {
		uint32_t known = 1 + below(round % 2 ? GROUPS : 60);
		unsigned adds = below(round % 3 ? 1000 : 30);

		for (unsigned i = 0; i < adds; i++) {
			if (below(50) == 0 && known < GROUPS)
				known += below(GROUPS - known);
			add(below(known), below(5), known);
		}
		check_pane();
		pane_clear(&pane);
		ck_assert_uint_eq(pane.used, 0);
		memset(counts, 0, sizeof(counts));
		memset(amounts, 0, sizeof(amounts));
		check_pane();
	}
}
END_TEST

START_TEST(a_pane_made_wide_keeps_what_is_in_it)
{
	for (int i = 0; i < 12; i++)
		add(below(100) * 5, 3, GROUPS);
	ck_assert_int_eq(pane_widen(&pane, 500), 0);
	ck_assert_ptr_null(pane.places);
	ck_assert_uint_ge(pane.capacity, 500);
	check_pane();
	ck_assert_int_eq(pane_widen(&pane, GROUPS), 0);
	check_pane();
	add(GROUPS - 1, 1, GROUPS);
	check_pane();
}
END_TEST

START_TEST(clearing_keeps_the_memory_of_what_is_used)
{
	uint64_t *before;

	for (uint32_t i = 0; i < 100; i++)
		add(i, 1, 100);
	before = pane.counts;
	for (int round = 0; round < 100; round++) {
		pane_clear(&pane);
		for (uint32_t i = 0; i < 100; i++)
			add(i, 1, 100);
	}
	ck_assert_ptr_eq(pane.counts, before);
}
END_TEST

START_TEST(a_wide_column_hardly_used_is_given_back)
{
	ck_assert_int_eq(pane_widen(&pane, 100000), 0);
	add(2, 1, 100000);
	pane_clear(&pane);
	ck_assert_uint_eq(pane.capacity, 0);
	ck_assert_uint_eq(pane_count(&pane, 2), 0);
}
END_TEST

START_TEST(without_sums_there_is_no_room_for_them)
{
	struct counter counter;
	uint32_t at = 0;

	pane_release(&pane);
	pane_init(&pane, false, 1);
	for (uint32_t i = 0; i < 100; i++)
		ck_assert_int_eq(pane_add(&pane, i, 1, NULL, 1000), 0);
	ck_assert_int_eq(pane_widen(&pane, 1000), 0);
	ck_assert_ptr_null(pane.sums);
	ck_assert(pane_next(&pane, &at, &counter));
	ck_assert_ptr_null(counter.sum);
}
END_TEST

START_TEST(orders_and_amounts_may_be_none)
{
	struct sum sum = {0};

	/* A row to be merged may count 0, with a sum of its own. */
	add(5, 0, GROUPS);
	ck_assert_uint_eq(pane_count(&pane, 5), 0);
	check_pane();
	ck_assert_int_eq(pane_widen(&pane, GROUPS), 0);
	check_pane();
	ck_assert_int_eq(pane_add(&pane, 6, 4, &sum, GROUPS), 0);
	counts[6] = 4;
	check_pane();
}
END_TEST

/* --- large ones ----------------------------------------------------------- */

#define MANY 400000

static uint64_t many_counts[MANY];

/* One by one, or all of them in turn. */
static void check_many(bool in_turn)
{
	struct counter counter;
	uint32_t at = 0;
	uint32_t found = 0;

	for (uint32_t i = 0; !in_turn && i < MANY; i++)
		if (pane_count(&pane, i) != many_counts[i])
			ck_abort_msg("group %u", i);
	while (in_turn && pane_next(&pane, &at, &counter)) {
		if (counter.count != many_counts[counter.group])
			ck_abort_msg("group %u", counter.group);
		found++;
	}
	if (in_turn)
		ck_assert_uint_eq(found, pane.used);
}

/* Adds to any of the groups until a pane of that many places, or a column, is
 * on its way. */
static void add_many(uint32_t capacity, bool sparse)
{
	while (!pane.older || pane.capacity != capacity ||
	       (pane.places != NULL) != sparse) {
		uint32_t group = below(MANY);

		ck_assert_int_eq(pane_add(&pane, group, 2, NULL, MANY), 0);
		many_counts[group] += 2;
	}
}

static void begin_many(void)
{
	pane_release(&pane);
	pane_init(&pane, false, 0x9e3779b9);
	memset(many_counts, 0, sizeof(many_counts));
}

START_TEST(no_order_moves_more_than_a_few_counters)
{
	uint32_t moves = 0;
	uint32_t used = 0;

	begin_many();
	while (pane.places || pane.used == 0 || pane.older) {
		struct pane *older = pane.older;
		uint32_t moved = pane.moved;
		uint32_t group = below(MANY);

		ck_assert_int_eq(pane_add(&pane, group, 1, NULL, MANY), 0);
		used += many_counts[group]++ == 0;
		ck_assert_uint_eq(pane.used, used);
		if (pane.older && pane.older == older)
			ck_assert_uint_eq(pane.moved,
					  moved + PANE_MOVED_AT_ONCE);
		else if (pane.older)
			ck_assert_uint_eq(pane.moved, PANE_MOVED_AT_ONCE);
		moves += pane.older != older && pane.older;
	}
	/* Between tables, and then to the column. */
	ck_assert_uint_ge(moves, 4);
	ck_assert_uint_eq(pane.used, used);
	check_many(false);
	check_many(true);
}
END_TEST

START_TEST(in_the_middle_of_a_move_all_counters_are_there)
{
	begin_many();
	add_many(_i ? 524288 : 65536, !_i);
	check_many(false);
	check_many(true);
	for (int i = 0; i < 2000; i++) {
		uint32_t group = below(MANY);
		bool more = pane_add_more(&pane, group, 2);

		if (!more)
			ck_assert_int_eq(pane_add(&pane, group, 2, NULL, MANY),
					 0);
		many_counts[group] += 2;
	}
	ck_assert_ptr_nonnull(pane.older);
	check_many(false);
	check_many(true);
	/* A column at once, whatever is on its way. */
	ck_assert_int_eq(pane_widen(&pane, MANY), 0);
	ck_assert_ptr_null(pane.places);
	check_many(false);
	check_many(true);
}
END_TEST

START_TEST(cleared_in_the_middle_of_a_move_it_is_empty)
{
	begin_many();
	add_many(65536, true);
	pane_clear(&pane);
	memset(many_counts, 0, sizeof(many_counts));
	check_many(false);
	check_many(true);
	add_many(131072, true);
	check_many(false);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pane");
	TCase *tests = tcase_create("pane");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, nothing_is_in_a_new_pane);
	tcase_add_test(tests, counters_of_few_groups_among_many_are_sparse);
	tcase_add_test(tests, counters_of_many_groups_are_a_column);
	tcase_add_test(tests, any_adds_are_found_again);
	tcase_add_test(tests, a_pane_made_wide_keeps_what_is_in_it);
	tcase_add_test(tests, clearing_keeps_the_memory_of_what_is_used);
	tcase_add_test(tests, a_wide_column_hardly_used_is_given_back);
	tcase_add_test(tests, without_sums_there_is_no_room_for_them);
	tcase_add_test(tests, orders_and_amounts_may_be_none);
	tcase_add_test(tests, no_order_moves_more_than_a_few_counters);
	tcase_add_loop_test(
		tests, in_the_middle_of_a_move_all_counters_are_there, 0, 2);
	tcase_add_test(tests, cleared_in_the_middle_of_a_move_it_is_empty);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
