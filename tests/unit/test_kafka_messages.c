#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/key.h"
#include "kafka/batch.h"

static struct batch *batch;

static void setup(void)
{
	batch = batch_new();
	ck_assert_ptr_nonnull(batch);
}

static void teardown(void)
{
	batch_free(batch);
}

static void assert_message(size_t i, enum batch_aim aim, const char *key,
			   const char *value)
{
	const struct batch_message *message = &batch->messages[i];
	const char *bytes = batch->bytes.data;

	ck_assert_uint_lt(i, batch->count);
	ck_assert_int_eq(message->aim, aim);
	ck_assert_msg(
		span_is(span_make(bytes + message->key, message->key_size),
			key),
		"%.*s", (int)message->key_size, bytes + message->key);
	ck_assert_msg(
		span_is(span_make(bytes + message->value, message->value_size),
			value),
		"%.*s", (int)message->value_size, bytes + message->value);
}

static void add_delta(const struct key_part *parts, size_t count,
		      const struct sum *sum)
{
	static const char *const names[] = {"status", "a\"b"};
	unsigned char key[256];
	struct engine_delta delta = {
		.start_ns = 10 * NS_PER_S,
		.end_ns = 15 * NS_PER_S,
		.key = key,
		.count = 18446744073709551615u,
		.sum = sum,
	};

	key_encode(key, parts, count);
	batch_add_delta(batch, &delta, names, count);
	ck_assert(!batch_failed(batch));
}

START_TEST(delta_is_a_row_without_a_total)
{
	struct key_part part = {KEY_STRING, span_of("PAID")};

	add_delta(&part, 1, NULL);
	assert_message(0, BATCH_BY_KEY, "PAID",
		       "{\"start\":\"1970-01-01T00:00:10Z\","
		       "\"end\":\"1970-01-01T00:00:15Z\","
		       "\"key\":{\"status\":\"PAID\"},"
		       "\"count\":18446744073709551615}");
}
END_TEST

START_TEST(delta_of_several_keys_and_a_sum)
{
	struct key_part parts[] = {{KEY_STRING, span_of("a\tb\"")},
				   {KEY_NUMBER, span_of("1.0")}};
	struct sum sum = {0};

	ck_assert_int_eq(sum_read(&sum, span_of("-2.50")), SUM_READ);
	add_delta(parts, 2, &sum);
	assert_message(0, BATCH_BY_KEY, "a\\tb\"\t1.0",
		       "{\"start\":\"1970-01-01T00:00:10Z\","
		       "\"end\":\"1970-01-01T00:00:15Z\","
		       "\"key\":{\"status\":\"a\\tb\\\"\",\"a\\\"b\":1.0},"
		       "\"count\":18446744073709551615,\"sum\":-2.50}");
}
END_TEST

START_TEST(tallies_go_to_the_first_partition_unless_there_are_none)
{
	struct tallies tallies = {0};

	batch_add_tallies(batch, &tallies, "q");
	ck_assert(batch_is_empty(batch));
	tallies = (struct tallies){.read = 9, .counted = 6, .filtered = 1};
	tallies.rejected[REJECT_BAD_KEY] = 2;
	batch_add_tallies(batch, &tallies, "q");
	assert_message(0, BATCH_FIRST, "",
		       "{\"tallies\":{\"read\":9,\"counted\":6,"
		       "\"rejected\":{\"bad_key\":2},\"filtered\":1,"
		       "\"late\":0},\"query\":\"q\"}");
}
END_TEST

START_TEST(mark_goes_to_all_partitions)
{
	struct mark_text mark = {
		.source = "orders",
		.partition = 3,
		.of = 8,
		.from = 100,
		.to = 200,
		.newest_ns = 4500 * NS_PER_MS,
		.idle = true,
		.partials = 4,
		.sources = 1,
		.query = "q",
	};

	batch_add_mark(batch, &mark);
	assert_message(0, BATCH_ALL, "",
		       "{\"source\":\"orders\",\"partition\":3,\"of\":8,"
		       "\"from\":100,\"to\":200,"
		       "\"newest\":\"1970-01-01T00:00:04.5Z\",\"idle\":true,"
		       "\"partials\":4,\"sources\":1,\"query\":\"q\"}");
}
END_TEST

START_TEST(mark_of_what_cannot_be_read_again_has_no_offsets)
{
	struct mark_text mark = {
		.source = "a\"b",
		.of = 1,
		.from = -1,
		.to = -1,
		.newest_ns = TIME_NONE,
		.partials = 1,
		.sources = 2,
		.query = "q",
	};

	batch_add_mark(batch, &mark);
	assert_message(0, BATCH_ALL, "",
		       "{\"source\":\"a\\\"b\",\"partition\":0,\"of\":1,"
		       "\"from\":null,\"to\":null,\"newest\":null,"
		       "\"idle\":false,\"partials\":1,\"sources\":2,"
		       "\"query\":\"q\"}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kafka_messages");
	TCase *tcase = tcase_create("kafka_messages");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, delta_is_a_row_without_a_total);
	tcase_add_test(tcase, delta_of_several_keys_and_a_sum);
	tcase_add_test(tcase,
		       tallies_go_to_the_first_partition_unless_there_are_none);
	tcase_add_test(tcase, mark_goes_to_all_partitions);
	tcase_add_test(tcase, mark_of_what_cannot_be_read_again_has_no_offsets);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
