/*
 * The table of the groups grows beside the old one: nothing is lost on the way,
 * no call does much of it, and memory may be out at any time.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/groups.h"
#include "core/groups_slots.h"
#include "column_fails.h"

#define TEXT 24

static struct groups groups;
static const uint64_t seed[2] = {1, 2};

static void begin(void)
{
	struct error error;

	ck_assert_int_eq(groups_init(&groups, 1, seed, &error), 0);
}

static void end(void)
{
	groups_release(&groups);
}

/* Too long for the table of those met lately, or not. */
static struct key_part key_of(uint32_t i, char text[TEXT])
{
	snprintf(text, TEXT, i % 2 ? "%017u" : "%u", i);
	return (struct key_part){KEY_STRING, span_of(text)};
}

static uint32_t add(uint32_t i)
{
	char text[TEXT];
	struct key_part key = key_of(i, text);

	return groups_add(&groups, &key);
}

static uint32_t find(uint32_t i)
{
	char text[TEXT];
	struct key_part key = key_of(i, text);

	return groups_find(&groups, &key);
}

static bool is_moving(void)
{
	return groups.old_table.slots != NULL;
}

/* Adds keys until a move to so many slots has begun; how many. */
static uint32_t add_until_moving(size_t slot_count)
{
	uint32_t last = 0;

	while (groups.table.slot_count < slot_count) {
		last++;
		ck_assert_uint_eq(add(last), last);
	}
	ck_assert(is_moving());
	return last;
}

/* Slots of the old table that are still to move. */
static size_t left_to_move(void)
{
	return groups.old_table.slot_count - groups.old_table.moved;
}

static void assert_known(uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++)
		if (find(i) != i)
			ck_abort_msg("group %u", i);
}

START_TEST(no_call_moves_more_than_a_few_slots)
{
	size_t longest = 0;
	int moves = 0;

	for (uint32_t i = 1; i <= 200000; i++) {
		size_t before = is_moving() ? left_to_move() : 0;
		size_t after;

		ck_assert_uint_eq(find(i), GROUP_OTHER);
		after = is_moving() ? left_to_move() : 0;
		ck_assert_uint_le(before - after, GROUPS_MOVED_AT_ONCE);
		before = is_moving() ? after : groups.table.slot_count;
		ck_assert_uint_eq(add(i), i);
		after = is_moving() ? left_to_move() : 0;
		/* A move that begins is the table of before. */
		if (is_moving() && before == groups.table.slot_count / 2)
			moves++;
		else if (!is_moving() && before == groups.table.slot_count)
			continue;
		if (before - after > longest)
			longest = before - after;
	}
	ck_assert_uint_eq(longest, GROUPS_MOVED_AT_ONCE);
	ck_assert_int_ge(moves, 10);
	assert_known(1, 200000);
}
END_TEST

START_TEST(all_are_found_at_any_time_of_a_move)
{
	uint32_t last = add_until_moving(4096);
	int steps = 0;

	for (; is_moving(); steps++) {
		struct groups now = groups;

		/* Lookups move on, too: only a few at each step. */
		assert_known(last - last % 7, last);
		assert_known(1 + (uint32_t)steps, 1 + (uint32_t)steps);
		ck_assert_uint_eq(find(last + 1), GROUP_OTHER);
		ck_assert_uint_eq(groups.live, now.live);
		if (is_moving())
			ck_assert_uint_eq(add(++last), last);
	}
	ck_assert_int_gt(steps, 5);
	assert_known(1, last);
}
END_TEST

START_TEST(a_move_ends_where_no_group_comes_any_more)
{
	uint32_t last = add_until_moving(1024);

	for (int round = 0; round < 100 && is_moving(); round++)
		assert_known(1, last);
	ck_assert(!is_moving());
	assert_known(1, last);
}
END_TEST

/* Those that have moved, and those that have not. */
START_TEST(removed_in_the_middle_of_a_move_they_are_gone)
{
	uint32_t last = add_until_moving(8192);
	uint32_t removed = 0;
	size_t left;

	while (left_to_move() > groups.old_table.slot_count / 2)
		ck_assert_uint_eq(add(++last), last);
	left = left_to_move();
	for (uint32_t i = 1; i <= last; i += 3, removed++)
		ck_assert_int_eq(groups_remove(&groups, i), 0);
	groups_removed(&groups);
	ck_assert_uint_eq(left_to_move(), left);
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 1; i <= last; i++)
			if (find(i) != (i % 3 == 1 ? GROUP_OTHER : i))
				ck_abort_msg("group %u, round %d", i, round);
	}
	ck_assert(!is_moving());
	ck_assert_uint_eq(groups.live, last - removed);
	/* They come again, under new numbers. */
	for (uint32_t i = 1; i <= last; i += 3)
		ck_assert_uint_gt(add(i), last);
	for (uint32_t i = 2; i <= last; i++)
		ck_assert_uint_eq(find(i) <= last, i % 3 != 1);
}
END_TEST

START_TEST(adds_and_removals_in_any_order_are_told_apart)
{
	static uint32_t numbers[60000]; /* GROUP_OTHER: not known */
	uint32_t reach = 40;
	unsigned random = 7;
	int moving = 0;

	memset(numbers, 0, sizeof(numbers));
	for (int step = 0; step < 600000; step++) {
		uint32_t i;

		random = random * 1664525u + 1013904223u;
		reach += step % 10 == 0 && reach < 59999;
		i = (random >> 8) % reach;
		if (find(i) != numbers[i])
			ck_abort_msg("step %d: group %u", step, i);
		moving += is_moving();
		if (numbers[i] == GROUP_OTHER) {
			numbers[i] = add(i);
			ck_assert_uint_ne(numbers[i], GROUP_OTHER);
		} else if (random >> 29 == 0) {
			ck_assert_int_eq(groups_remove(&groups, numbers[i]), 0);
			groups_removed(&groups);
			numbers[i] = GROUP_OTHER;
		}
		if (random % 1009 == 0)
			groups_recycle(&groups);
	}
	ck_assert_int_gt(moving, 1000);
	for (uint32_t i = 0; i < reach; i++)
		if (find(i) != numbers[i])
			ck_abort_msg("group %u", i);
}
END_TEST

/* Every allocation from the first groups on to mapped columns fails once. */
START_TEST(without_memory_nothing_is_lost)
{
	int failures = 0;
	uint32_t last = 0;

	for (long call = 1; last < 200000; call++) {
		column_fail_at = column_calls + 1;
		while (last < 200000 && add(last + 1) == last + 1)
			last++;
		if (last == 200000)
			break;
		failures++;
		column_fail_at = 0;
		ck_assert_uint_eq(find(last + 1), GROUP_OTHER);
		ck_assert_uint_eq(groups.live, last);
		if (failures % 8 == 0)
			assert_known(1, last);
		ck_assert_uint_eq(add(last + 1), last + 1);
		last++;
	}
	column_fail_at = 0;
	ck_assert_int_gt(failures, 30);
	assert_known(1, 200000);
}
END_TEST

START_TEST(without_memory_to_sort_it_is_sorted_the_next_time)
{
	for (uint32_t i = 1; i <= 500; i++)
		ck_assert_uint_eq(add(i), i);
	for (long call = 1; call <= 2; call++) {
		column_fail_at = column_calls + call;
		ck_assert_ptr_null(groups_sorted(&groups));
	}
	column_fail_at = 0;
	ck_assert_ptr_nonnull(groups_sorted(&groups));
	for (uint32_t i = 1; i < 500; i++)
		ck_assert_int_lt(key_compare(groups.keys[groups.order[i - 1]],
					     groups.keys[groups.order[i]], 1),
				 0);
}
END_TEST

START_TEST(in_steps_they_are_found_all_the_same)
{
	char text[TEXT];
	unsigned wrong = 0;

	ck_assert(!groups_are_many(&groups));
	for (uint32_t i = 1; i <= 150000; i++) {
		struct key_part key = key_of(i, text);
		uint32_t hash = groups_prefetch(&groups, &key);

		ck_assert_uint_eq(groups_find_hashed(&groups, hash, &key),
				  GROUP_OTHER);
		/* The hash outlives what comes in between. */
		if (i % 1000 == 0)
			ck_assert_uint_eq(add(i + 1000000), i);
		else
			ck_assert_uint_eq(
				groups_add_hashed(&groups, hash, &key), i);
	}
	ck_assert(groups_are_many(&groups));
	for (uint32_t i = 1; i <= 150000; i++) {
		struct key_part key = key_of(i % 1000 ? i : i + 1000000, text);
		uint32_t hash = groups_prefetch(&groups, &key);
		uint32_t guess = groups_prefetch_key(&groups, hash);

		ck_assert_uint_eq(groups_find_hashed(&groups, hash, &key), i);
		wrong += guess != i;
	}
	/* Hashes are seldom the same. */
	ck_assert_uint_lt(wrong, 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("groups_growth");
	TCase *tests = tcase_create("groups_growth");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, no_call_moves_more_than_a_few_slots);
	tcase_add_test(tests, all_are_found_at_any_time_of_a_move);
	tcase_add_test(tests, a_move_ends_where_no_group_comes_any_more);
	tcase_add_test(tests, removed_in_the_middle_of_a_move_they_are_gone);
	tcase_add_test(tests, adds_and_removals_in_any_order_are_told_apart);
	tcase_add_test(tests, without_memory_nothing_is_lost);
	tcase_add_test(tests,
		       without_memory_to_sort_it_is_sorted_the_next_time);
	tcase_add_test(tests, in_steps_they_are_found_all_the_same);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
