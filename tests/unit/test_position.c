#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/position.h"
#include "core/watermark.h"

static struct positions positions;

static void setup(void)
{
	positions_init(&positions);
}

static void teardown(void)
{
	positions_release(&positions);
}

static struct position *add(enum position_kind kind, char *name, uint64_t inode)
{
	struct position wanted = {.kind = kind, .name = name, .inode = inode};
	struct position *added = positions_add(&positions, &wanted);

	ck_assert_ptr_nonnull(added);
	return added;
}

START_TEST(empty_table_finds_nothing)
{
	ck_assert_ptr_null(positions_next_file(&positions, 1, NULL));
	ck_assert_ptr_null(positions_find(&positions, POSITION_FILE, "a"));
}
END_TEST

START_TEST(added_position_is_a_copy_with_a_number)
{
	char name[] = "orders";
	struct position wanted = {
		.kind = POSITION_FILE,
		.name = name,
		.inode = 7,
		.hash = 8,
		.hashed_bytes = 9,
		.offset = 10,
		.line_number = 11,
		.newest_ns = 12,
		.claimed = true,
	};
	struct position *first = positions_add(&positions, &wanted);

	ck_assert_ptr_nonnull(first);
	name[0] = 'x';
	ck_assert_str_eq(first->name, "orders");
	ck_assert_uint_eq(first->id, 1);
	ck_assert_uint_eq(first->hash, 8);
	ck_assert_uint_eq(first->hashed_bytes, 9);
	ck_assert_uint_eq(first->offset, 10);
	ck_assert_uint_eq(first->line_number, 11);
	ck_assert_int_eq(first->newest_ns, 12);
	ck_assert(first->claimed);
	ck_assert_uint_eq(add(POSITION_STREAM, name, 0)->id, 2);
}
END_TEST

START_TEST(numbers_of_an_earlier_run_are_kept_and_not_given_again)
{
	struct position wanted = {.id = 40, .name = (char[]){"a"}};

	ck_assert_uint_eq(positions_add(&positions, &wanted)->id, 40);
	wanted.id = 3;
	ck_assert_uint_eq(positions_add(&positions, &wanted)->id, 3);
	ck_assert_uint_eq(add(POSITION_FILE, "b", 1)->id, 41);
}
END_TEST

START_TEST(all_files_of_an_inode_are_found_one_after_the_other)
{
	struct position *a = add(POSITION_FILE, "a", 7);
	struct position *b, *found;

	add(POSITION_FILE, "other", 8);
	add(POSITION_STREAM, "stream", 7);
	b = add(POSITION_FILE, "b", 7);
	found = positions_next_file(&positions, 7, NULL);
	ck_assert_ptr_eq(found, a);
	found = positions_next_file(&positions, 7, found);
	ck_assert_ptr_eq(found, b);
	ck_assert_ptr_null(positions_next_file(&positions, 7, found));
	ck_assert_ptr_null(positions_next_file(&positions, 9, NULL));
}
END_TEST

START_TEST(name_finds_its_kind_unclaimed_and_newest)
{
	struct position *old = add(POSITION_FILE, "a", 1);
	struct position *new = add(POSITION_FILE, "a", 2);
	struct position *stream = add(POSITION_STREAM, "a", 0);

	ck_assert_ptr_eq(positions_find(&positions, POSITION_FILE, "a"), new);
	ck_assert_ptr_eq(positions_find(&positions, POSITION_STREAM, "a"),
			 stream);
	new->claimed = true;
	ck_assert_ptr_eq(positions_find(&positions, POSITION_FILE, "a"), old);
	old->claimed = true;
	ck_assert_ptr_null(positions_find(&positions, POSITION_FILE, "a"));
	ck_assert_ptr_null(positions_find(&positions, POSITION_FILE, "b"));
}
END_TEST

START_TEST(renamed_position_has_changed_and_leaves_its_name)
{
	struct position *position = add(POSITION_FILE, "a", 1);

	ck_assert_int_eq(position_rename(position, "a.1"), 0);
	ck_assert_str_eq(position->name, "a.1");
	ck_assert(position->changed);
	ck_assert_ptr_null(positions_find(&positions, POSITION_FILE, "a"));
	ck_assert_ptr_eq(positions_next_file(&positions, 1, NULL), position);
}
END_TEST

START_TEST(stream_keeps_its_newest_time)
{
	struct position *old = add(POSITION_STREAM, "tcp://a:1", 0);
	struct position *new;

	old->newest_ns = 5;
	ck_assert_ptr_eq(positions_claim_stream(&positions, "tcp://a:1"), old);
	ck_assert(old->claimed);
	position_move(old, 5);
	ck_assert(!old->changed);
	position_move(old, 6);
	ck_assert(old->changed);
	ck_assert_int_eq(old->newest_ns, 6);
	/* The same address once more has a place of its own. */
	new = positions_claim_stream(&positions, "tcp://a:1");
	ck_assert_ptr_nonnull(new);
	ck_assert_ptr_ne(new, old);
	ck_assert_int_eq(new->newest_ns, INT64_MIN);
}
END_TEST

START_TEST(thousands_stay_where_they_are_and_are_all_found)
{
	enum { COUNT = 5000 };
	static struct position *all[COUNT];
	char name[16];

	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		all[i] = add(POSITION_FILE, name, i / 2);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		struct position *file;

		snprintf(name, sizeof(name), "f%u", i);
		ck_assert_ptr_eq(
			positions_find(&positions, POSITION_FILE, name),
			all[i]);
		file = positions_next_file(&positions, i / 2, NULL);
		if (file != all[i])
			file = positions_next_file(&positions, i / 2, file);
		ck_assert_ptr_eq(file, all[i]);
	}
}
END_TEST

/* The entry of the only position, or none. */
static struct span entry_of(const struct savepoint *savepoint)
{
	ck_assert(!savepoint_failed(savepoint));
	ck_assert_uint_le(savepoint->count, 1);
	return savepoint->count == 0
		       ? (struct span){0}
		       : savepoint_entry(savepoint, &savepoint->entries[0]);
}

START_TEST(place_that_the_state_does_not_know_is_saved_as_it_began)
{
	struct position *file = add(POSITION_FILE, "a", 7);
	struct savepoint savepoint;
	struct positions later;
	struct error error;

	file->offset = 10;
	file->line_number = 2;
	file->newest_ns = 3;
	file->hash = 8;
	file->hashed_bytes = 9;
	file->changed = true;
	positions.is_urgent = true;
	savepoint_init(&savepoint);
	positions_save_new(&positions, &savepoint);
	ck_assert(!positions.is_urgent);
	/* What was read goes with the window in which it was counted. */
	ck_assert(file->changed);
	ck_assert_uint_eq(file->offset, 10);
	positions_init(&later);
	ck_assert_int_eq(positions_restore(&later, &savepoint, &error), 0);
	ck_assert_uint_eq(later.count, 1);
	ck_assert_uint_eq(later.list[0]->inode, 7);
	ck_assert_uint_eq(later.list[0]->hash, 8);
	ck_assert_uint_eq(later.list[0]->hashed_bytes, 9);
	ck_assert_uint_eq(later.list[0]->offset, 0);
	ck_assert_uint_eq(later.list[0]->line_number, 0);
	ck_assert_int_eq(later.list[0]->newest_ns, TIME_NONE);
	/* Known once is known. */
	savepoint_clear(&savepoint);
	positions_save_new(&positions, &savepoint);
	positions_save_new(&later, &savepoint);
	ck_assert_uint_eq(entry_of(&savepoint).size, 0);
	positions_save(&positions, &savepoint);
	ck_assert_uint_gt(entry_of(&savepoint).size, 0);
	positions_release(&later);
	savepoint_release(&savepoint);
}
END_TEST

START_TEST(partition_is_claimed_by_one_source)
{
	struct position *place;
	bool twice;

	place = positions_claim_part(&positions, POSITION_PARTITION,
				     "kafka c t 0", &twice);
	ck_assert_ptr_nonnull(place);
	ck_assert(!twice && !place->begun);
	ck_assert_ptr_null(positions_claim_part(&positions, POSITION_PARTITION,
						"kafka c t 0", &twice));
	ck_assert(twice);
}
END_TEST

/* How a run that was killed before its first window goes on. */
START_TEST(partition_is_saved_as_it_began_and_then_as_it_is)
{
	struct savepoint savepoint = {0};
	struct positions later;
	struct error error;
	struct position *place;
	bool twice;

	place = positions_claim_part(&positions, POSITION_PARTITION,
				     "kafka c t 0", &twice);
	ck_assert_ptr_nonnull(place);
	positions_save_new(&positions, &savepoint);
	ck_assert_uint_eq(savepoint.count, 0);
	positions_begin(&positions, place, 40, 5);
	ck_assert(positions.is_urgent);
	position_set(place, 50, 2);
	positions_save_new(&positions, &savepoint);
	positions_init(&later);
	ck_assert_int_eq(positions_restore(&later, &savepoint, &error), 0);
	place = positions_claim_part(&later, POSITION_PARTITION, "kafka c t 0",
				     &twice);
	ck_assert(place && place->begun && place->offset == 40);
	ck_assert_uint_eq(place->line_number, 0);
	positions_release(&later);
	savepoint_clear(&savepoint);
	positions_save(&positions, &savepoint);
	positions_init(&later);
	ck_assert_int_eq(positions_restore(&later, &savepoint, &error), 0);
	place = positions_claim_part(&later, POSITION_PARTITION, "kafka c t 0",
				     &twice);
	ck_assert(place && place->offset == 50 && place->line_number == 2);
	/* It goes on there, whatever it would begin with. */
	positions_begin(&later, place, 0, 0);
	ck_assert_uint_eq(place->offset, 50);
	positions_release(&later);
	savepoint_release(&savepoint);
}
END_TEST

/* The same of a shard, which is known by marks. */
START_TEST(shard_is_saved_as_it_began_and_then_as_it_is)
{
	struct savepoint savepoint = {0};
	struct positions later;
	struct error error;
	struct position *place;
	bool twice;

	place = positions_claim_part(&positions, POSITION_SHARD, "s", &twice);
	ck_assert(place && !place->begun && !place->mark);
	positions_save(&positions, &savepoint);
	ck_assert_uint_eq(savepoint.count, 0);
	ck_assert_int_eq(positions_begin_shard(&positions, place, "h", 5), 0);
	ck_assert(positions.is_urgent);
	ck_assert_int_eq(position_set_mark(place, "495", 2), 0);
	positions_save_new(&positions, &savepoint);
	positions_init(&later);
	ck_assert_int_eq(positions_restore(&later, &savepoint, &error), 0);
	place = positions_claim_part(&later, POSITION_SHARD, "s", &twice);
	ck_assert(place && place->begun);
	ck_assert_str_eq(place->mark, "h");
	ck_assert_uint_eq(place->line_number, 0);
	positions_release(&later);
	savepoint_clear(&savepoint);
	positions_save(&positions, &savepoint);
	positions_init(&later);
	ck_assert_int_eq(positions_restore(&later, &savepoint, &error), 0);
	place = positions_claim_part(&later, POSITION_SHARD, "s", &twice);
	ck_assert(place && place->begun && place->line_number == 2);
	ck_assert_str_eq(place->mark, "495");
	/* It goes on there, whatever it would begin with. */
	ck_assert_int_eq(positions_begin_shard(&later, place, "h", 0), 0);
	ck_assert_str_eq(place->mark, "495");
	ck_assert(!place->changed);
	ck_assert_int_eq(position_set_mark(place, "495", 3), 0);
	ck_assert(place->changed);
	positions_release(&later);
	savepoint_release(&savepoint);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("position");
	TCase *test_case = tcase_create("position");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(test_case, setup, teardown);
	tcase_add_test(test_case, empty_table_finds_nothing);
	tcase_add_test(test_case, added_position_is_a_copy_with_a_number);
	tcase_add_test(test_case,
		       numbers_of_an_earlier_run_are_kept_and_not_given_again);
	tcase_add_test(test_case,
		       all_files_of_an_inode_are_found_one_after_the_other);
	tcase_add_test(test_case, name_finds_its_kind_unclaimed_and_newest);
	tcase_add_test(test_case,
		       renamed_position_has_changed_and_leaves_its_name);
	tcase_add_test(test_case, stream_keeps_its_newest_time);
	tcase_add_test(test_case,
		       thousands_stay_where_they_are_and_are_all_found);
	tcase_add_test(test_case,
		       place_that_the_state_does_not_know_is_saved_as_it_began);
	tcase_add_test(test_case, partition_is_claimed_by_one_source);
	tcase_add_test(test_case,
		       partition_is_saved_as_it_began_and_then_as_it_is);
	tcase_add_test(test_case, shard_is_saved_as_it_began_and_then_as_it_is);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
