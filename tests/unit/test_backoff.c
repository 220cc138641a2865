#include <check.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/backoff.h"

START_TEST(pauses_begin_at_half_a_second_and_double)
{
	static const int64_t expected_ms[] = {500,  1000,  2000,  4000,
					      8000, 16000, 20000, 20000};
	struct backoff backoff;
	size_t i;

	backoff_init(&backoff);
	for (i = 0; i < sizeof(expected_ms) / sizeof(*expected_ms); i++)
		ck_assert_int_eq(backoff_pause(&backoff, 0),
				 expected_ms[i] * NS_PER_MS);
}
END_TEST

START_TEST(no_pause_is_outside_half_a_second_and_thirty)
{
	struct backoff backoff;
	uint64_t random = 1;
	int64_t pause_ns, longest_ns = 0;
	int i;

	backoff_init(&backoff);
	for (i = 0; i < 10000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		pause_ns = backoff_pause(&backoff, random);
		ck_assert_int_ge(pause_ns, 500 * NS_PER_MS);
		ck_assert_int_le(pause_ns, 30 * NS_PER_S);
		if (pause_ns > longest_ns)
			longest_ns = pause_ns;
	}
	ck_assert_int_gt(longest_ns, 29 * NS_PER_S);
}
END_TEST

START_TEST(jitter_keeps_clients_apart)
{
	struct backoff one, other;

	backoff_init(&one);
	backoff_init(&other);
	ck_assert_int_ne(backoff_pause(&one, 12345678901u),
			 backoff_pause(&other, 98765432109876u));
}
END_TEST

START_TEST(first_redial_after_a_useful_connection_is_short)
{
	struct backoff backoff;
	int i;

	backoff_init(&backoff);
	for (i = 0; i < 9; i++)
		backoff_pause(&backoff, UINT64_MAX);
	backoff_reset(&backoff);
	ck_assert_int_eq(backoff_pause(&backoff, UINT64_MAX), 20 * NS_PER_MS);
	ck_assert_int_eq(backoff_pause(&backoff, 0), 500 * NS_PER_MS);
	ck_assert_int_eq(backoff_pause(&backoff, 0), 1000 * NS_PER_MS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backoff");
	TCase *test_case = tcase_create("backoff");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(test_case, pauses_begin_at_half_a_second_and_double);
	tcase_add_test(test_case, no_pause_is_outside_half_a_second_and_thirty);
	tcase_add_test(test_case, jitter_keeps_clients_apart);
	tcase_add_test(test_case,
		       first_redial_after_a_useful_connection_is_short);
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
