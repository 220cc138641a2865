#include <check.h>
#include <stdlib.h>

#include "base/sort.h"

struct item {
	int key;
	int place;
};

static int by_key(const void *a, const void *b, const void *context)
{
	const struct item *left = a;
	const struct item *right = b;
	int sign = *(const int *)context;

	return sign * ((left->key > right->key) - (left->key < right->key));
}

static unsigned next_random(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

static void assert_sorted(const struct item *items, size_t count, int sign)
{
	for (size_t i = 1; i < count; i++) {
		int order = by_key(&items[i - 1], &items[i], &sign);

		if (order > 0 ||
		    (order == 0 && items[i - 1].place > items[i].place))
			ck_abort_msg("item %zu of %zu", i, count);
	}
}

START_TEST(items_of_every_number_are_sorted_and_equal_ones_keep_their_order)
{
	unsigned state = 7;

	for (size_t count = 0; count < 130; count++)
		for (unsigned kinds = 1; kinds < 300; kinds *= 6) {
			struct item *items =
				malloc((count + 1) * sizeof(*items));
			struct item *scratch =
				malloc(count * sizeof(*items) + 1);
			int sign = count % 2 ? 1 : -1;
			long sum = 0;

			ck_assert(items && scratch);
			for (size_t i = 0; i < count; i++) {
				items[i].key =
					(int)(next_random(&state) % kinds);
				items[i].place = (int)i;
				sum += items[i].key;
			}
			sort_items(items, count, sizeof(*items), scratch,
				   by_key, &sign);
			assert_sorted(items, count, sign);
			for (size_t i = 0; i < count; i++)
				sum -= items[i].key;
			ck_assert_int_eq(sum, 0);
			free(items);
			free(scratch);
		}
}
END_TEST

START_TEST(neighbours_are_merged_wherever_they_meet)
{
	for (size_t count = 0; count < 12; count++)
		for (size_t middle = 0; middle <= count; middle++) {
			struct item items[12], out[12];
			int sign = 1;

			for (size_t i = 0; i < count; i++) {
				size_t in = i < middle ? i : i - middle;

				items[i].key = (int)(in * 2 / 3);
				items[i].place = (int)i;
			}
			sort_merge(items, middle, count, sizeof(*items), out,
				   by_key, &sign);
			assert_sorted(out, count, sign);
		}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sort");
	TCase *tests = tcase_create("sort");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(
		tests,
		items_of_every_number_are_sorted_and_equal_ones_keep_their_order);
	tcase_add_test(tests, neighbours_are_merged_wherever_they_meet);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
