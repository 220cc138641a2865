/*
 * Panes found by index, and the first of them, against plain arrays.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/panes.h"

#define INDEXES 600

static struct panes panes;
static unsigned state;

static void begin(void)
{
	panes_init(&panes, false, true, 99);
	state = 4;
}

static void end(void)
{
	panes_release(&panes);
}

static unsigned below(unsigned limit)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 10) % limit;
}

static struct pane *open_pane(int64_t index, bool waits)
{
	struct pane *pane = panes_open(&panes, index, waits);

	ck_assert_ptr_nonnull(pane);
	ck_assert_int_eq(pane->index, index);
	ck_assert_uint_eq(pane->orders, 0);
	return pane;
}

START_TEST(the_first_is_the_least_that_waits)
{
	int64_t first;

	ck_assert(!panes_first(&panes, &first));
	open_pane(7, true);
	open_pane(-3, true);
	open_pane(-9, false);
	open_pane(5, true);
	ck_assert(panes_first(&panes, &first));
	ck_assert_int_eq(first, -3);
	panes_take_first(&panes);
	/* It stays open. */
	ck_assert_ptr_nonnull(panes_find(&panes, -3));
	ck_assert(panes_first(&panes, &first));
	ck_assert_int_eq(first, 5);
}
END_TEST

START_TEST(taken_in_order_however_they_came)
{
	static const unsigned steps[] = {1, 7, 601, 999};

	for (size_t step = 0; step < 4; step++) {
		int64_t first;

		for (unsigned i = 0; i < 1000; i++)
			open_pane(i * steps[step] % 1000, true);
		for (int64_t i = 0; i < 1000; i++) {
			ck_assert(panes_first(&panes, &first));
			if (first != i)
				ck_abort_msg("%d is %d", (int)i, (int)first);
			panes_take_first(&panes);
			panes_close(&panes, panes_find(&panes, i));
		}
		ck_assert(!panes_first(&panes, &first));
		ck_assert_uint_eq(panes.count, 0);
	}
}
END_TEST

/* Far apart and close together, so that some share a slot. */
static int64_t index_of(unsigned i)
{
	return i % 3 == 0 ? (int64_t)i * 1000003 - 70000000 : (int64_t)i;
}

START_TEST(any_of_them_is_found_until_it_is_closed)
{
	bool is_open[INDEXES] = {0};
	size_t count = 0;

	for (int step = 0; step < 40000; step++) {
		unsigned i = below(INDEXES);
		struct pane *pane = panes_find(&panes, index_of(i));

		if ((pane != NULL) != is_open[i])
			ck_abort_msg("step %d: pane %u", step, i);
		if (pane) {
			ck_assert_int_eq(pane->index, index_of(i));
			ck_assert_uint_eq(pane_count(pane, 1), i + 1);
			panes_close(&panes, pane);
			count--;
		} else {
			pane = open_pane(index_of(i), false);
			ck_assert_int_eq(pane_add(pane, 1, i + 1, NULL, 9), 0);
			panes.counters += pane->used;
			count++;
		}
		is_open[i] = !is_open[i];
		ck_assert_uint_eq(panes.count, count);
		ck_assert_uint_eq(panes.counters, count);
	}
}
END_TEST

START_TEST(all_of_them_stand_in_the_slots)
{
	size_t seen = 0;

	for (int64_t i = 0; i < 100; i++)
		open_pane(i * 64, false);
	for (size_t i = 0; i < panes.slot_count; i++)
		seen += panes_at(&panes, i) != NULL;
	ck_assert_uint_eq(seen, 100);
}
END_TEST

START_TEST(an_emptied_pane_is_used_again)
{
	struct pane *first = open_pane(1, false);
	struct pane *second;

	ck_assert_int_eq(pane_add(first, 3, 5, NULL, 10), 0);
	first->saved = true;
	panes_close(&panes, first);
	second = open_pane(2, false);
	ck_assert_ptr_eq(second, first);
	ck_assert_uint_eq(pane_count(second, 3), 0);
	ck_assert(!second->saved);
	ck_assert(second->changed);
}
END_TEST

START_TEST(saved_panes_that_closed_are_noted)
{
	panes_close(&panes, open_pane(1, false));
	ck_assert_uint_eq(panes.gone_count, 0);
	for (int64_t i = 2; i < 50; i++) {
		struct pane *pane = open_pane(i, false);

		pane->saved = true;
		panes_close(&panes, pane);
	}
	ck_assert_uint_eq(panes.gone_count, 48);
	for (int64_t i = 0; i < 48; i++)
		ck_assert_int_eq(panes.gone[i], i + 2);
	ck_assert(!panes.gone_failed);
}
END_TEST

START_TEST(what_nobody_saves_is_not_noted)
{
	struct pane *pane;

	panes_release(&panes);
	panes_init(&panes, false, false, 99);
	pane = open_pane(1, false);
	pane->saved = true;
	panes_close(&panes, pane);
	ck_assert_uint_eq(panes.gone_count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("panes");
	TCase *tests = tcase_create("panes");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, the_first_is_the_least_that_waits);
	tcase_add_test(tests, taken_in_order_however_they_came);
	tcase_add_test(tests, any_of_them_is_found_until_it_is_closed);
	tcase_add_test(tests, all_of_them_stand_in_the_slots);
	tcase_add_test(tests, an_emptied_pane_is_used_again);
	tcase_add_test(tests, saved_panes_that_closed_are_noted);
	tcase_add_test(tests, what_nobody_saves_is_not_noted);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
