#include <check.h>
#include <stdlib.h>

#include "source/rotation.h"

static struct rotation rotation;

static unsigned lost;

static unsigned lost_so_far(void)
{
	lost += rotation_take_lost(&rotation);
	return lost;
}

static void setup(void)
{
	lost = 0;
	rotation_init(&rotation, "log");
}

static void teardown(void)
{
	rotation_release(&rotation);
}

static bool tell(enum change_kind kind, const char *name, uint32_t cookie)
{
	struct change change = {.kind = kind, .name = name, .cookie = cookie};

	return rotation_change(&rotation, &change);
}

static void rename_file(const char *from, const char *to)
{
	static uint32_t cookie;

	cookie++;
	tell(CHANGE_LEFT, from, cookie);
	tell(CHANGE_CAME, to, cookie);
}

/* The list is one file of this name. */
static void expect_one(const char *name, bool found)
{
	ck_assert_ptr_nonnull(rotation.list);
	ck_assert_ptr_null(rotation.list->next);
	ck_assert_ptr_nonnull(rotation.list->name);
	ck_assert_str_eq(rotation.list->name, name);
	ck_assert(rotation.list->found == found);
	ck_assert(rotation.list->moved);
}

START_TEST(only_what_concerns_the_name_is_worth_a_look)
{
	ck_assert(!tell(CHANGE_CREATED, "other", 0));
	ck_assert(!tell(CHANGE_DELETED, "log.1", 0));
	ck_assert(tell(CHANGE_CREATED, "log", 0));
	ck_assert(tell(CHANGE_LEFT, "log", 1));
	ck_assert(tell(CHANGE_DELETED, "log", 0));
	ck_assert(tell(CHANGE_CAME, "log", 2));
}
END_TEST

START_TEST(file_that_nobody_looked_at_is_followed_through_its_names)
{
	tell(CHANGE_CREATED, "log", 0);
	rename_file("log", "log.1");
	expect_one("log.1", false);
	rename_file("log.1", "log.2");
	expect_one("log.2", false);
	ck_assert_uint_eq(lost_so_far(), 0);
}
END_TEST

START_TEST(file_that_seems_to_be_open_is_looked_at_too)
{
	tell(CHANGE_CREATED, "log", 0);
	/* The name was opened since. */
	rotation.unseen = false;
	rotation.missing--;
	rename_file("log", "log.1");
	expect_one("log.1", true);
	/* If it was open nothing is lost with it. */
	tell(CHANGE_DELETED, "log.1", 0);
	ck_assert_ptr_null(rotation.list);
	ck_assert_uint_eq(lost_so_far(), 0);
}
END_TEST

START_TEST(file_that_is_removed_or_replaced_unseen_is_lost)
{
	tell(CHANGE_CREATED, "log", 0);
	tell(CHANGE_DELETED, "log", 0);
	ck_assert_uint_eq(lost_so_far(), 1);
	tell(CHANGE_CREATED, "log", 0);
	rename_file("other", "log");
	ck_assert_uint_eq(lost_so_far(), 2);
	rename_file("log", "log.1");
	tell(CHANGE_CREATED, "log", 0);
	rename_file("log", "log.1");
	ck_assert_uint_eq(lost_so_far(), 3);
	expect_one("log.1", false);
	tell(CHANGE_DELETED, "log.1", 0);
	ck_assert_uint_eq(lost_so_far(), 4);
	ck_assert_ptr_null(rotation.list);
}
END_TEST

START_TEST(file_that_comes_back_is_looked_for_at_the_name)
{
	tell(CHANGE_CREATED, "log", 0);
	rename_file("log", "log.1");
	rename_file("log.1", "log");
	ck_assert_ptr_null(rotation.list);
	ck_assert(rotation.unseen);
	ck_assert_uint_eq(lost_so_far(), 0);
}
END_TEST

START_TEST(file_that_leaves_the_folder_has_no_name)
{
	tell(CHANGE_CREATED, "log", 0);
	tell(CHANGE_LEFT, "log", 7);
	ck_assert_ptr_nonnull(rotation.list);
	ck_assert_ptr_null(rotation.list->name);
	rename_file("other", "log.1"); /* another renaming */
	ck_assert_ptr_null(rotation.list->name);
	rotation_drop(&rotation, rotation.list);
	ck_assert_uint_eq(lost_so_far(), 1);
}
END_TEST

START_TEST(files_stand_in_the_order_in_which_they_left)
{
	tell(CHANGE_CREATED, "log", 0);
	rename_file("log", "log.1");
	tell(CHANGE_CREATED, "log", 0);
	rename_file("log.1", "log.2");
	rename_file("log", "log.1");
	ck_assert_str_eq(rotation.list->name, "log.2");
	ck_assert_str_eq(rotation.list->next->name, "log.1");
	ck_assert_ptr_null(rotation.list->next->next);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rotation");
	TCase *test_case = tcase_create("rotation");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(test_case, setup, teardown);
	tcase_add_test(test_case, only_what_concerns_the_name_is_worth_a_look);
	tcase_add_test(
		test_case,
		file_that_nobody_looked_at_is_followed_through_its_names);
	tcase_add_test(test_case, file_that_seems_to_be_open_is_looked_at_too);
	tcase_add_test(test_case,
		       file_that_is_removed_or_replaced_unseen_is_lost);
	tcase_add_test(test_case,
		       file_that_comes_back_is_looked_for_at_the_name);
	tcase_add_test(test_case, file_that_leaves_the_folder_has_no_name);
	tcase_add_test(test_case, files_stand_in_the_order_in_which_they_left);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
