#include <check.h>
#include <stdlib.h>

#include "base/siphash.h"

/* A key, and the hash of 00 01 02 .. by another implementation (CPython). */
struct vector {
	uint64_t key[2];
	size_t size;
	uint64_t hash;
};

#define NONE         \
	{            \
		0, 0 \
	}
#define SOME                                           \
	{                                              \
		0xdc504fd368cd90af, 0xb920bb9ffe99e9c1 \
	}

static const struct vector vectors[] = {
	{NONE, 1, 0x68a914128e01e473},	{NONE, 2, 0x10bac45c41e3669},
	{NONE, 3, 0x4d4c9a4a8ef6e0ad},	{NONE, 4, 0x7cc43f98813e4dbd},
	{NONE, 5, 0x5abe2169dff36275},	{NONE, 6, 0xe3c25f87624f1cdb},
	{NONE, 7, 0x2f098ab0c751325a},	{NONE, 8, 0xead411e67ebe2eea},
	{NONE, 9, 0x75927f9d95124362},	{NONE, 10, 0xaf9f77a65ab51a1d},
	{NONE, 16, 0x8972188433a5c5b7}, {NONE, 17, 0x4883c49a2c009c1d},
	{NONE, 31, 0x169739443111d49b}, {NONE, 64, 0x75e05fd5bbc870c6},
	{SOME, 1, 0xce880c366bcf3489},	{SOME, 2, 0xef32fbc0469f0756},
	{SOME, 3, 0xef4b9dcae9b04417},	{SOME, 4, 0x79793200f3b3b3db},
	{SOME, 5, 0xbe8653fc64f95fbd},	{SOME, 6, 0xb32b5a11619800dd},
	{SOME, 7, 0xce280fabc397fbda},	{SOME, 8, 0x60866c3c108c6afb},
	{SOME, 9, 0x68814005f7469e03},	{SOME, 11, 0x72f315ef14fb4b09},
	{SOME, 12, 0x550fe6ca26ef7fdd}, {SOME, 13, 0x19c8185b4c3e2799},
	{SOME, 14, 0xfaa1fc2224a07929}, {SOME, 15, 0x94ace24d68c18cf8},
	{SOME, 31, 0x6f3af51bda71c61},	{SOME, 32, 0x26f2ecd47de50371},
};

START_TEST(hash_is_siphash_1_3_at_every_alignment)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		for (size_t pad = 0; pad < 8; pad++) {
			const struct vector *vector = &vectors[i];
			char *block = malloc(pad + vector->size);

			ck_assert_ptr_nonnull(block);
			for (size_t j = 0; j < vector->size; j++)
				block[pad + j] = (char)j;
			ck_assert_uint_eq(
				siphash(vector->key, 0,
					span_make(block + pad, vector->size)),
				vector->hash);
			free(block);
		}
}
END_TEST

START_TEST(another_tweak_is_another_function)
{
	const uint64_t key[2] = {1, 2};
	struct span text = span_of("PAID");

	ck_assert_uint_ne(siphash(key, 0, text), siphash(key, 1, text));
	ck_assert_uint_ne(siphash(key, 1, text), siphash(key, 2, text));
	ck_assert_uint_eq(siphash(key, 2, text), siphash(key, 2, text));
}
END_TEST

START_TEST(empty_text_has_a_hash)
{
	const uint64_t keys[2][2] = {{1, 2}, {1, 3}};

	ck_assert_uint_ne(siphash(keys[0], 0, span_make(NULL, 0)),
			  siphash(keys[1], 0, span_make(NULL, 0)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("siphash");
	TCase *tests = tcase_create("siphash");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, hash_is_siphash_1_3_at_every_alignment);
	tcase_add_test(tests, another_tweak_is_another_function);
	tcase_add_test(tests, empty_text_has_a_hash);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
