/*
 * Groups in the order of their keys, against the comparison of two keys.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/key.h"
#include "core/keysort.h"

#define KEYS_MAX  20000
#define BYTES_MAX 400

static unsigned char *keys[KEYS_MAX];
static uint32_t numbers[KEYS_MAX];
static struct keysort_item items[KEYS_MAX];
static size_t key_count;
static size_t count;
static unsigned state;

static void begin(void)
{
	state = 11;
	count = 0;
	key_count = 1;
}

static void end(void)
{
	for (size_t i = 0; i < count; i++)
		free(keys[i]);
}

static unsigned below(unsigned limit)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 10) % limit;
}

static void add(const struct key_part *parts)
{
	size_t size = key_size(parts, key_count);

	ck_assert_uint_lt(count, KEYS_MAX);
	keys[count] = malloc(size);
	ck_assert_ptr_nonnull(keys[count]);
	key_encode(keys[count], parts, key_count);
	numbers[count] = (uint32_t)count;
	count++;
}

static int compare(size_t a, size_t b)
{
	return key_compare(keys[a], keys[b], key_count);
}

/* As it has to be; keys that were made twice stand side by side. */
static void assert_sorted(void)
{
	static bool seen[KEYS_MAX];

	memset(seen, 0, sizeof(seen));
	keysort(numbers, count, (const unsigned char *const *)keys, key_count,
		items);
	for (size_t i = 0; i < count; i++) {
		if (numbers[i] >= count || seen[numbers[i]])
			ck_abort_msg("place %zu has %u", i, numbers[i]);
		seen[numbers[i]] = true;
		if (i > 0 && compare(numbers[i - 1], numbers[i]) > 0)
			ck_abort_msg("place %zu is out of order", i);
	}
}

/* A text that often begins as others do, of few different bytes. */
static struct span make_text(char text[BYTES_MAX], size_t max)
{
	static const char bytes[] = {'a', 'b', '\0', '\1', '\xff', '\xfe'};
	size_t size = below(4) ? below(12) : below((unsigned)max);
	unsigned kinds = 1 + below(6);

	memset(text, below(8) ? 'a' : '\0', size);
	for (unsigned i = below(5); i > 0 && size > 0; i--)
		text[below((unsigned)size)] = bytes[below(kinds)];
	return span_make(text, size);
}

/* A number, often of the same value as others. */
static struct span make_number(char text[BYTES_MAX])
{
	static const char *const given[] = {"0",
					    "-0",
					    "0.0",
					    "0e9",
					    "1",
					    "1.0",
					    "10e-1",
					    "100e-2",
					    "0.1",
					    "1e-1",
					    "-1",
					    "-1.0",
					    "1e4094",
					    "1e4095",
					    "9.9e4094",
					    "1e4096",
					    "2e9999",
					    "1e99999",
					    "-1e-4095",
					    "-1e-4096",
					    "-1e-4097",
					    "1e-99999",
					    "123456789012",
					    "1234567890123",
					    "1234567890124",
					    "0.000000123456789012345",
					    "1e99999999999999999999",
					    "-1e99999999999999999999",
					    "1e-99999999999999999999"};
	size_t size = sizeof(given) / sizeof(given[0]);
	int length;

	switch (below(4)) {
	case 0: return span_of(given[below((unsigned)size)]);
	case 1: length = snprintf(text, BYTES_MAX, "%u", below(3000)); break;
	case 2:
		length = snprintf(text, BYTES_MAX, "-%u.%03u", below(20),
				  below(1000));
		break;
	default:
		length =
			snprintf(text, BYTES_MAX, "%u%06u%06ue%d", below(9) + 1,
				 below(2), below(3), (int)below(12) - 6);
	}
	return span_make(text, (size_t)length);
}

static struct key_part make_part(char text[BYTES_MAX], size_t max)
{
	struct key_part part = {.type = (enum key_type)below(5)};

	if (below(3))
		part.type = KEY_STRING;
	if (part.type == KEY_STRING)
		part.text = make_text(text, max);
	else if (part.type == KEY_NUMBER)
		part.text = make_number(text);
	return part;
}

static void add_random(size_t max)
{
	static char texts[KEY_FIELDS_MAX][BYTES_MAX];
	struct key_part parts[KEY_FIELDS_MAX];

	for (size_t i = 0; i < key_count; i++)
		parts[i] = make_part(texts[i], max);
	add(parts);
}

START_TEST(keys_of_any_types_are_sorted)
{
	const size_t fields[] = {1, 2, 5};

	key_count = fields[_i];
	for (int i = 0; i < KEYS_MAX; i++)
		add_random(_i == 0 ? 100 : 20);
	assert_sorted();
	/* And once more from the end they are in. */
	for (size_t i = 0; i < count / 2; i++) {
		uint32_t number = numbers[i];

		numbers[i] = numbers[count - 1 - i];
		numbers[count - 1 - i] = number;
	}
	assert_sorted();
}
END_TEST

/* Only the end tells them apart, before and behind what ranks reach. */
START_TEST(keys_with_a_long_beginning_in_common_are_sorted)
{
	char text[BYTES_MAX];

	memset(text, 'x', sizeof(text));
	for (size_t length = 0; length < 140; length += 3) {
		for (unsigned i = 0; i < 100; i++) {
			struct key_part key = {KEY_STRING,
					       span_make(text, length + 8)};

			snprintf(text + length, 9, "%08u", below(100000));
			add(&key);
		}
		memset(text, 'x', sizeof(text));
	}
	assert_sorted();
}
END_TEST

START_TEST(none_and_few_are_sorted)
{
	assert_sorted();
	for (int i = 0; i < 60; i++) {
		add_random(20);
		assert_sorted();
	}
}
END_TEST

/* What ranks say, up to the first one that differs, is what holds. */
START_TEST(ranks_never_contradict_the_order)
{
	const size_t fields[] = {1, 2, 5};
	size_t decided = 0;

	key_count = fields[_i];
	for (int i = 0; i < 2000; i++)
		add_random(_i == 0 ? 100 : 20);
	for (int round = 0; round < 300000; round++) {
		size_t a = below((unsigned)count), b = below((unsigned)count);
		int order = compare(a, b);
		uint64_t left = 0, right = 0;
		bool over = false;

		for (size_t depth = 0; depth < 64 && left == right;
		     depth += 8) {
			left = key_rank(keys[a], key_count, depth);
			right = key_rank(keys[b], key_count, depth);
			if (over && (left != 0 || right != 0))
				ck_abort_msg("something behind 0");
			over = left == 0;
			if (left == 0 && right == 0)
				break;
		}
		decided += left != right;
		if (left != right && (left < right) != (order < 0))
			ck_abort_msg("%zu and %zu", a, b);
	}
	ck_assert_uint_gt(decided, 200000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("keysort");
	TCase *tests = tcase_create("keysort");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_loop_test(tests, keys_of_any_types_are_sorted, 0, 3);
	tcase_add_test(tests, keys_with_a_long_beginning_in_common_are_sorted);
	tcase_add_test(tests, none_and_few_are_sorted);
	tcase_add_loop_test(tests, ranks_never_contradict_the_order, 0, 3);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
