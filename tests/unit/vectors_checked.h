/*
 * vectors_checked: the vectors of one level against those of vectors_plain.h,
 * which define what each has to do.
 *
 * Whoever includes this names the level and its header, as all headers have
 * functions of the same names: one test program a level.
 */
#ifndef UNIT_VECTORS_CHECKED_H
#define UNIT_VECTORS_CHECKED_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The definitions get other names. */
#define literal_misses plain_literal_misses
#define text_stops     plain_text_stops
#define number_stops   plain_number_stops
#define text_bits      plain_text_bits
#define text_look      plain_text_look
#define text_is_utf8   plain_text_is_utf8
#include "core/json/vectors_plain.h"
#undef literal_misses
#undef text_stops
#undef number_stops
#undef text_bits
#undef text_look
#undef text_is_utf8
#undef LEVEL
#undef CORE_JSON_VECTORS_PLAIN_H

/* This header by itself. */
#ifndef VECTORS
#define VECTORS	      "core/json/vectors_plain.h"
#define VECTORS_LEVEL "plain"
#endif

#include VECTORS

#include "core/json/level.h"
#include "json_random.h"

#define LOOKED	64 /* bytes that are looked at */
#define AROUND	64 /* bytes before and behind */
#define RANDOMS 200000

static char block[AROUND + 4 * LOOKED + AROUND];

/* Its vectors would not run. */
static inline bool is_missing(void)
{
	return !level_is_there(level_by_name(VECTORS_LEVEL));
}

static inline void show_bytes(const char *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x ", (unsigned char)p[i]);
	putchar('\n');
	fflush(stdout);
}

/* --- classes of bytes ----------------------------------------------------- */

static inline void compare_classes(const char *p)
{
	uint32_t periods, plain_periods;
	struct text_bits bits = text_look(p);
	struct plain_text_bits plain_bits = plain_text_look(p);
	const char *other = NULL;

	if (text_stops(p) != plain_text_stops(p))
		other = "text_stops";
	if (number_stops(p, &periods) != plain_number_stops(p, &plain_periods))
		other = "number_stops";
	else if (periods != plain_periods)
		other = "periods";
	if (bits.stops != plain_bits.stops)
		other = "text_look: stops";
	if (bits.high != plain_bits.high)
		other = "text_look: high";
	if (!other)
		return;
	show_bytes(p, LOOKED);
	ck_abort_msg("%s differs", other);
}

START_TEST(each_byte_at_each_place_is_of_its_class)
{
	static const unsigned char fillings[] = {
		'a', '0', '9',	'.',  '/',  ':',  '"',	'\\',
		' ', 0,	  0x1f, 0x7f, 0x80, 0xa0, 0xff,
	};

	for (size_t i = 0; i < sizeof(fillings) && !is_missing(); i++) {
		char *p = block + AROUND + i;

		memset(block, fillings[i], sizeof(block));
		for (size_t at = 0; at < LOOKED; at++) {
			for (int byte = 0; byte < 256; byte++) {
				p[at] = (char)byte;
				compare_classes(p);
			}
			p[at] = (char)fillings[i];
		}
	}
}
END_TEST

START_TEST(random_bytes_are_of_their_class)
{
	static const char usual[] = "0123456789..\"\\ az\x1f\x20\x7f\x80\xff";
	struct random random = {20261127};

	for (size_t i = 0; i < RANDOMS && !is_missing(); i++) {
		char *p = block + AROUND + i % AROUND;

		for (size_t at = 0; at < LOOKED; at++)
			p[at] = i & 1 ? usual[random_below(&random,
							   sizeof(usual))]
				      : (char)random_below(&random, 256);
		compare_classes(p);
	}
}
END_TEST

/* --- literals ------------------------------------------------------------- */

static inline void compare_literal(const char *p, const struct edge *edge,
				   bool misses)
{
	if ((literal_misses(p, edge) != 0) == misses &&
	    (plain_literal_misses(p, edge) != 0) == misses)
		return;
	show_bytes(p, LITERAL_MAX);
	ck_abort_msg("a literal of %u bytes: expected to %s", edge->size,
		     misses ? "miss" : "be there");
}

/* Each byte of it is another one; each byte behind it does not matter. */
static inline void differ_literal(char *p, const struct edge *edge)
{
	for (unsigned at = 0; at < LITERAL_MAX; at++) {
		for (int other = 1; other < 256; other++) {
			p[at] = (char)(p[at] ^ other);
			compare_literal(p, edge, at < edge->size);
			p[at] = (char)(p[at] ^ other);
		}
	}
}

START_TEST(literal_is_there_or_misses_by_any_byte)
{
	struct random random = {20261128};

	for (unsigned size = 0; size <= LITERAL_MAX && !is_missing(); size++) {
		struct edge edge = {.size = (uint8_t)size};
		char *p = block + AROUND + size;

		edge.mask = (uint32_t)((UINT64_C(1) << size) - 1);
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (char)random_below(&random, 256);
		memcpy(edge.literal, p, size);
		compare_literal(p, &edge, false);
		differ_literal(p, &edge);
		/* Zeros behind it, as the edge has them. */
		memset(p + size, 0, LITERAL_MAX - size);
		compare_literal(p, &edge, false);
		differ_literal(p, &edge);
	}
}
END_TEST

/* --- UTF-8 ---------------------------------------------------------------- */

/* The quote stands behind it, and behind that anything. */
static inline void compare_utf8(char *p, size_t size)
{
	p[size] = '"';
	if (text_is_utf8(p, p + size) == plain_text_is_utf8(p, p + size))
		return;
	show_bytes(p, size);
	ck_abort_msg("%zu bytes are %sUTF-8", size,
		     plain_text_is_utf8(p, p + size) ? "" : "no ");
}

/* Where the rows of RFC 3629 begin and end. */
static const unsigned char utf8_bounds[] = {
	'a',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
	0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
	0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff,
};
#define BOUNDS sizeof(utf8_bounds)

static inline void compare_four(size_t before, size_t behind)
{
	char *p = block + AROUND;

	memset(block, 'x', sizeof(block));
	memcpy(p - 3, "\xc3\xa9\"", 3);
	memset(p + before + 4 + behind, 0x80, LOOKED);
	for (size_t i = 0; i < BOUNDS * BOUNDS * BOUNDS * BOUNDS; i++) {
		size_t rest = i;

		for (size_t at = 0; at < 4; at++, rest /= BOUNDS)
			p[before + at] = (char)utf8_bounds[rest % BOUNDS];
		compare_utf8(p, before + 4 + behind);
	}
}

START_TEST(four_bytes_are_utf8_or_not)
{
	static const size_t places[][2] = {
		{0, 0},	 {0, 1},  {1, 30}, {28, 0}, {29, 0}, {30, 0},
		{31, 0}, {31, 5}, {32, 0}, {60, 0}, {62, 3},
	};

	if (!is_missing())
		compare_four(places[_i][0], places[_i][1]);
}
END_TEST

START_TEST(random_text_is_utf8_or_not)
{
	static const struct span pieces[] = {
		RANDOM_SPAN("x"),
		RANDOM_SPAN("some ASCII in a row"),
		RANDOM_SPAN("\xc3\xa9"),
		RANDOM_SPAN("\xe2\x82\xac"),
		RANDOM_SPAN("\xed\x9f\xbf"),
		RANDOM_SPAN("\xf0\x9f\x98\x80"),
		RANDOM_SPAN("\xf4\x8f\xbf\xbf"),
	};
	struct random random = {20261129};

	for (size_t i = 0; i < RANDOMS && !is_missing(); i++) {
		struct buffer text = {0};
		size_t count = random_below(&random, 12);
		size_t size;

		while (count-- > 0)
			buffer_append_span(
				&text, pieces[random_below(
					       &random, RANDOM_COUNT(pieces))]);
		size = text.size < 2 * LOOKED ? text.size : 2 * LOOKED;
		for (size_t at = 0; at < sizeof(block); at++)
			block[at] = (char)random_below(&random, 256);
		memcpy(block + AROUND - 3, "ab\"", 3);
		if (size > 0)
			memcpy(block + AROUND, text.data, size);
		compare_utf8(block + AROUND, size);
		if (size > 0) {
			block[AROUND + random_below(&random, size)] =
				(char)random_below(&random, 256);
			compare_utf8(block + AROUND, size);
		}
		buffer_release(&text);
	}
}
END_TEST

/* --- all of it ------------------------------------------------------------ */

static inline int check_vectors(void)
{
	Suite *suite = suite_create("vectors of " VECTORS_LEVEL);
	TCase *tests = tcase_create("vectors");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, each_byte_at_each_place_is_of_its_class);
	tcase_add_test(tests, random_bytes_are_of_their_class);
	tcase_add_test(tests, literal_is_there_or_misses_by_any_byte);
	tcase_add_loop_test(tests, four_bytes_are_utf8_or_not, 0, 11);
	tcase_add_test(tests, random_text_is_utf8_or_not);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
