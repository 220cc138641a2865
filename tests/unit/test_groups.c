#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/groups.h"

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

static struct key_part part(enum key_type type, const char *text)
{
	return (struct key_part){type, span_of(text)};
}

static uint32_t find(struct key_part key)
{
	return groups_find(&groups, &key);
}

static uint32_t add(struct key_part key)
{
	return groups_add(&groups, &key);
}

static struct key_part numbered(unsigned i, char text[16])
{
	snprintf(text, 16, "%u", i * 2654435761u);
	return part(i % 2 ? KEY_STRING : KEY_NUMBER, text);
}

START_TEST(groups_are_numbered_in_the_order_in_which_they_come)
{
	ck_assert_uint_eq(find(part(KEY_STRING, "a")), GROUP_OTHER);
	ck_assert_uint_eq(add(part(KEY_STRING, "a")), 1);
	ck_assert_uint_eq(add(part(KEY_STRING, "b")), 2);
	ck_assert_uint_eq(find(part(KEY_STRING, "a")), 1);
	ck_assert_uint_eq(find(part(KEY_STRING, "b")), 2);
	ck_assert_uint_eq(find(part(KEY_STRING, "c")), GROUP_OTHER);
	ck_assert_uint_eq(groups.count, 3);
}
END_TEST

START_TEST(identity_is_type_and_text_to_the_byte)
{
	const struct key_part parts[] = {
		part(KEY_NULL, "null"),	       part(KEY_STRING, "null"),
		part(KEY_NUMBER, "5"),	       part(KEY_STRING, "5"),
		part(KEY_NUMBER, "5.0"),       part(KEY_STRING, ""),
		{KEY_STRING, {"\0", 1}},       {KEY_STRING, {"a\0b", 3}},
		{KEY_STRING, {"a\0c", 3}},     part(KEY_STRING, "a"),
		part(KEY_STRING, "A"),	       part(KEY_TRUE, "true"),
		part(KEY_FALSE, "false"),      part(KEY_STRING, "\xc3\xa9"),
		part(KEY_STRING, "e\xcc\x81"),
	};
	uint32_t count = sizeof(parts) / sizeof(parts[0]);

	for (uint32_t i = 0; i < count; i++) {
		ck_assert_uint_eq(find(parts[i]), GROUP_OTHER);
		ck_assert_uint_eq(add(parts[i]), i + 1);
	}
	for (uint32_t i = 0; i < count; i++)
		ck_assert_uint_eq(find(parts[i]), i + 1);
}
END_TEST

START_TEST(joined_parts_do_not_merge_groups)
{
	struct key_part left[] = {part(KEY_STRING, "ab"),
				  part(KEY_STRING, "c")};
	struct key_part right[] = {part(KEY_STRING, "a"),
				   part(KEY_STRING, "bc")};
	struct groups pairs;
	struct error error;

	ck_assert_int_eq(groups_init(&pairs, 2, seed, &error), 0);
	ck_assert_uint_eq(groups_add(&pairs, left), 1);
	ck_assert_uint_eq(groups_find(&pairs, right), GROUP_OTHER);
	ck_assert_uint_eq(groups_add(&pairs, right), 2);
	ck_assert_uint_eq(groups_find(&pairs, left), 1);
	ck_assert_uint_eq(groups_find(&pairs, right), 2);
	groups_release(&pairs);
}
END_TEST

START_TEST(keys_stay_where_they_are_among_100000_groups)
{
	const unsigned char *first;
	char text[16];

	ck_assert_uint_eq(add(numbered(1, text)), 1);
	first = groups.keys[1];
	for (unsigned i = 2; i <= 100000; i++)
		if (add(numbered(i, text)) != i)
			ck_abort_msg("group %u", i);
	ck_assert_ptr_eq(groups.keys[1], first);
	for (unsigned i = 1; i <= 100000; i++)
		if (find(numbered(i, text)) != i)
			ck_abort_msg("group %u", i);
}
END_TEST

START_TEST(the_longest_keys_have_room)
{
	static char text[KEY_PART_MAX];

	for (uint32_t i = 0; i < 200; i++) {
		struct key_part longest = {KEY_STRING, {text, sizeof(text)}};

		text[i] = 'x';
		ck_assert_uint_eq(add(longest), i + 1);
		ck_assert_uint_eq(find(longest), i + 1);
	}
}
END_TEST

START_TEST(an_encoded_key_is_found_or_added)
{
	struct key_part key = part(KEY_NUMBER, "1e3");
	unsigned char encoded[16];

	key_encode(encoded, &key, 1);
	ck_assert_uint_eq(groups_add_key(&groups, encoded), 1);
	ck_assert_uint_eq(groups_add_key(&groups, encoded), 1);
	ck_assert_uint_eq(find(key), 1);
}
END_TEST

/* Keys that share sizes, beginnings, ends and types, again and again. */
static size_t make_key(unsigned random, char text[24])
{
	size_t size = random % 20;

	memset(text, 'a', 24);
	if (size > 0) {
		text[random / 32 % size] = (char)('a' + random / 1024 % 3);
		text[random / 4096 % size] = (char)('a' + random / 65536 % 2);
	}
	return size;
}

START_TEST(similar_keys_are_never_taken_for_each_other)
{
	static unsigned char known[20000][40];
	unsigned state = 5;
	char text[24];

	for (int i = 0; i < 300000; i++) {
		struct key_part key = {KEY_NUMBER, {text, 0}};
		uint32_t number;

		state = state * 1664525u + 1013904223u;
		key.text.size = make_key(state >> 8, text);
		key.type = state >> 31 ? KEY_STRING : KEY_NUMBER;
		number = find(key);
		if (number == GROUP_OTHER) {
			number = add(key);
			key_encode(known[number], &key, 1);
		}
		if (!key_holds(known[number], &key, 1))
			ck_abort_msg("group %u for another key", number);
	}
	ck_assert_uint_gt(groups.count, 2000);
	for (uint32_t i = 1; i < groups.count; i++)
		if (groups_add_key(&groups, known[i]) != i)
			ck_abort_msg("group %u has two numbers", i);
}
END_TEST

static void assert_sorted(void)
{
	const uint32_t *order = groups_sorted(&groups);
	char *seen = calloc(groups.count, 1);

	ck_assert(order && seen);
	for (uint32_t i = 0; i < groups.live; i++) {
		if (order[i] == 0 || order[i] >= groups.count || seen[order[i]])
			ck_abort_msg("place %u has %u", i, order[i]);
		seen[order[i]] = 1;
		if (i > 0 && key_compare(groups.keys[order[i - 1]],
					 groups.keys[order[i]], 1) >= 0)
			ck_abort_msg("place %u is out of order", i);
	}
	free(seen);
}

START_TEST(groups_are_sorted_by_key_however_they_come)
{
	char text[16];
	unsigned next = 1;

	assert_sorted();
	for (unsigned step = 1; step < 3000; step = step * 3 / 2 + 1) {
		for (unsigned i = 0; i < step; i++, next++)
			if (add(numbered(next, text)) != next)
				ck_abort_msg("group %u", next);
		assert_sorted();
		assert_sorted();
	}
}
END_TEST

START_TEST(known_groups_take_no_more_memory)
{
	struct groups before;
	const uint32_t *order;
	char text[16];

	for (unsigned i = 1; i <= 500; i++)
		ck_assert_uint_ne(add(numbered(i, text)), GROUP_OTHER);
	order = groups_sorted(&groups);
	before = groups;
	for (int round = 0; round < 1000; round++) {
		for (unsigned i = 1; i <= 500; i += 7)
			if (find(numbered(i, text)) != i)
				ck_abort_msg("group %u", i);
		if (groups_sorted(&groups) != order)
			ck_abort_msg("sorted anew");
	}
	ck_assert_uint_eq(groups.count, before.count);
	ck_assert_uint_eq(groups.capacity, before.capacity);
	ck_assert_uint_eq(groups.table.slot_count, before.table.slot_count);
	ck_assert_uint_eq(groups.order_bytes, before.order_bytes);
	ck_assert_ptr_eq(groups.table.slots, before.table.slots);
	ck_assert_ptr_eq(groups.keys, before.keys);
	ck_assert_ptr_eq(groups.store.blocks, before.store.blocks);
}
END_TEST

/* --- removing ------------------------------------------------------------- */

static void remove_group(uint32_t number)
{
	ck_assert_int_eq(groups_remove(&groups, number), 0);
	groups_removed(&groups);
}

START_TEST(a_removed_group_is_not_known_any_more)
{
	struct key_part a = part(KEY_STRING, "long enough");
	struct key_part b = part(KEY_STRING, "b");

	ck_assert_uint_eq(add(a), 1);
	ck_assert_uint_eq(add(b), 2);
	ck_assert_uint_eq(find(a), 1);
	remove_group(1);
	ck_assert_uint_eq(find(a), GROUP_OTHER);
	ck_assert_uint_eq(find(b), 2);
	ck_assert_uint_eq(groups.live, 1);
	assert_sorted();
}
END_TEST

START_TEST(a_number_is_given_anew_only_after_recycling)
{
	const unsigned char *key;

	ck_assert_uint_eq(add(part(KEY_STRING, "a")), 1);
	ck_assert_uint_eq(add(part(KEY_STRING, "b")), 2);
	key = groups.keys[1];
	remove_group(1);
	ck_assert_uint_eq(add(part(KEY_STRING, "c")), 3);
	/* A row may still show it. */
	ck_assert_ptr_eq(groups.keys[1], key);
	groups_recycle(&groups);
	ck_assert_uint_eq(add(part(KEY_STRING, "d")), 1);
	ck_assert_uint_eq(add(part(KEY_STRING, "e")), 4);
	assert_sorted();
}
END_TEST

START_TEST(removed_while_others_are_free_it_waits_all_the_same)
{
	char text[16];

	for (unsigned i = 1; i <= 6; i++)
		ck_assert_uint_eq(add(numbered(i, text)), i);
	remove_group(1);
	remove_group(2);
	groups_recycle(&groups);
	remove_group(3);
	remove_group(4);
	ck_assert_uint_le(add(numbered(11, text)), 2);
	ck_assert_uint_le(add(numbered(12, text)), 2);
	ck_assert_uint_eq(add(numbered(13, text)), 7);
	groups_recycle(&groups);
	ck_assert_uint_le(add(numbered(14, text)), 4);
	ck_assert_uint_le(add(numbered(15, text)), 4);
	ck_assert_uint_eq(add(numbered(16, text)), 8);
	assert_sorted();
}
END_TEST

#define MANY 700

/* Adds, removals, sorting and recycling in any order. */
START_TEST(any_adds_and_removals_are_told_apart)
{
	static uint32_t numbers[MANY]; /* GROUP_OTHER: not known */
	unsigned random = 3;
	uint32_t live = 0;
	char text[16];

	memset(numbers, 0, sizeof(numbers));
	for (int step = 0; step < 60000; step++) {
		unsigned i;

		random = random * 1664525u + 1013904223u;
		i = (random >> 8) % MANY;
		if (find(numbered(i, text)) != numbers[i])
			ck_abort_msg("step %d: group %u", step, i);
		if (numbers[i] == GROUP_OTHER) {
			numbers[i] = add(numbered(i, text));
			ck_assert_uint_ne(numbers[i], GROUP_OTHER);
			live++;
		} else if (random >> 30) {
			remove_group(numbers[i]);
			numbers[i] = GROUP_OTHER;
			live--;
		}
		ck_assert_uint_eq(groups.live, live);
		if (random % 97 == 0)
			groups_recycle(&groups);
		if (random % 1009 == 0)
			assert_sorted();
	}
	/* Numbers are used again: no more than there were at a time, and those
	 * that waited. */
	ck_assert_uint_lt(groups.count, MANY + 200);
	assert_sorted();
}
END_TEST

START_TEST(keys_of_removed_groups_do_not_pile_up)
{
	static char text[KEY_PART_MAX];
	struct key_part key = {KEY_STRING, {text, sizeof(text)}};
	struct key_part kept = part(KEY_STRING, "kept");
	uint64_t bytes;

	ck_assert_uint_eq(add(kept), 1);
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 4000; i++) {
		uint32_t number;

		memcpy(text, &i, sizeof(i));
		number = add(key);
		ck_assert_uint_eq(number, 2);
		remove_group(number);
		groups_recycle(&groups);
		bytes = groups.store.live_bytes + groups.store.dead_bytes;
		if (bytes > 2000000)
			ck_abort_msg("%d: %llu bytes", i,
				     (unsigned long long)bytes);
	}
	ck_assert_uint_eq(find(kept), 1);
	ck_assert(key_holds(groups.keys[1], &kept, 1));
}
END_TEST

/* --- an earlier run ------------------------------------------------------- */

static void restore(uint32_t number, const char *text)
{
	struct key_part key = part(KEY_STRING, text);
	unsigned char encoded[64];

	key_encode(encoded, &key, 1);
	ck_assert_int_eq(groups_restore(&groups, number, encoded), 0);
	ck_assert_uint_eq(groups_find_key(&groups, encoded), number);
}

START_TEST(groups_come_back_under_their_numbers)
{
	restore(5, "e");
	restore(2, "b");
	ck_assert_int_eq(groups_skip_to(&groups, 8), 0);
	ck_assert_int_eq(groups_restored(&groups), 0);
	ck_assert_uint_eq(find(part(KEY_STRING, "e")), 5);
	ck_assert_uint_eq(find(part(KEY_STRING, "b")), 2);
	ck_assert_uint_eq(groups.live, 2);
	assert_sorted();
	/* The gaps are filled, the least first. */
	ck_assert_uint_eq(add(part(KEY_STRING, "1")), 1);
	ck_assert_uint_eq(add(part(KEY_STRING, "3")), 3);
	ck_assert_uint_eq(add(part(KEY_STRING, "4")), 4);
	ck_assert_uint_eq(add(part(KEY_STRING, "6")), 6);
	ck_assert_uint_eq(add(part(KEY_STRING, "7")), 7);
	ck_assert_uint_eq(add(part(KEY_STRING, "8")), 8);
	assert_sorted();
}
END_TEST

START_TEST(before_all_are_back_new_ones_get_higher_numbers)
{
	restore(3, "c");
	ck_assert_int_eq(groups_skip_to(&groups, 10), 0);
	ck_assert_uint_eq(add(part(KEY_STRING, "x")), 10);
	restore(9, "i");
	ck_assert_int_eq(groups_restored(&groups), 0);
	ck_assert_uint_eq(find(part(KEY_STRING, "x")), 10);
	assert_sorted();
}
END_TEST

START_TEST(a_restored_group_takes_the_place_of_another)
{
	restore(1, "a");
	assert_sorted();
	restore(1, "z");
	ck_assert_int_eq(groups_restored(&groups), 0);
	ck_assert_uint_eq(find(part(KEY_STRING, "a")), GROUP_OTHER);
	ck_assert_uint_eq(find(part(KEY_STRING, "z")), 1);
	ck_assert_uint_eq(groups.live, 1);
	assert_sorted();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("groups");
	TCase *tests = tcase_create("groups");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests,
		       groups_are_numbered_in_the_order_in_which_they_come);
	tcase_add_test(tests, identity_is_type_and_text_to_the_byte);
	tcase_add_test(tests, joined_parts_do_not_merge_groups);
	tcase_add_test(tests, keys_stay_where_they_are_among_100000_groups);
	tcase_add_test(tests, the_longest_keys_have_room);
	tcase_add_test(tests, an_encoded_key_is_found_or_added);
	tcase_add_test(tests, similar_keys_are_never_taken_for_each_other);
	tcase_add_test(tests, groups_are_sorted_by_key_however_they_come);
	tcase_add_test(tests, known_groups_take_no_more_memory);
	tcase_add_test(tests, a_removed_group_is_not_known_any_more);
	tcase_add_test(tests, a_number_is_given_anew_only_after_recycling);
	tcase_add_test(tests,
		       removed_while_others_are_free_it_waits_all_the_same);
	tcase_add_test(tests, any_adds_and_removals_are_told_apart);
	tcase_add_test(tests, keys_of_removed_groups_do_not_pile_up);
	tcase_add_test(tests, groups_come_back_under_their_numbers);
	tcase_add_test(tests, before_all_are_back_new_ones_get_higher_numbers);
	tcase_add_test(tests, a_restored_group_takes_the_place_of_another);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
