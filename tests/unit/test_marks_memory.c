/*
 * Memory that is out: the n-th allocation fails, for every n. It is told, and
 * nothing crashes or leaks.
 *
 * Linked with --wrap for malloc, calloc and realloc.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/marks.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long left; /* allocations until one fails; 0: none does */
static bool failed;

static bool must_fail(void)
{
	if (left == 0 || --left > 0)
		return false;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return must_fail() ? NULL : __real_realloc(memory, size);
}

/* Rows and sources come, and sources grow, in any order. */
static int fill(struct marks *marks, struct error *error)
{
	static const char *const names[] = {"orders", "returns"};
	struct error note;

	if (marks_listen(marks, 2) != 0)
		return error_set(error, "out of memory");
	for (uint32_t i = 0; i < 16; i++) {
		struct member_mark mark = {
			.source = span_of(names[i / 2 % 2]),
			.of = 1 + i / 4,
			.newest_ns = i,
			.partials = 4,
			.sources = 2,
		};

		if (marks_take(marks, i % 4, 4, &mark, &note, error) != 0)
			return -1;
	}
	return marks_listen(marks, 9) == 0 ? 0
					   : error_set(error, "out of memory");
}

/* What was kept is read again. */
static int keep(struct marks *marks, struct error *error)
{
	struct savepoint saved;
	struct marks again;
	int result = 0;

	savepoint_init(&saved);
	marks_init(&again);
	marks_save(marks, &saved);
	if (savepoint_failed(&saved))
		result = error_set(error, "out of memory");
	else
		result = marks_restore(&again, &saved, error);
	marks_release(&again);
	savepoint_release(&saved);
	return result;
}

START_TEST(memory_that_is_out_is_told)
{
	long n = 0;

	do {
		struct error error = {{0}};
		struct marks marks;
		int result;

		left = ++n;
		failed = false;
		marks_init(&marks);
		result = fill(&marks, &error);
		if (result == 0)
			result = keep(&marks, &error);
		marks_release(&marks);
		left = 0;
		ck_assert_int_eq(result, failed ? -1 : 0);
		if (failed)
			ck_assert_ptr_nonnull(strstr(error.message, "memory"));
	} while (failed);
	ck_assert_int_gt(n, 40);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("marks memory");
	TCase *tests = tcase_create("marks memory");
	SRunner *runner = srunner_create(suite);
	int failures;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, memory_that_is_out_is_told);
	srunner_run_all(runner, CK_NORMAL);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
