#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kinesis/answer.h"

static struct record_batch batch;
static struct shard_list list;
static struct error error;

static void tear_down(void)
{
	record_batch_release(&batch);
	shard_list_release(&list);
}

/* --- what it means -------------------------------------------------------- */

static const struct {
	int status;
	const char *body;
	enum verdict verdict;
	const char *why;
} judged[] = {
	{400, "{\"__type\":\"ProvisionedThroughputExceededException\"}",
	 VERDICT_LATER, "ProvisionedThroughputExceededException"},
	{400, "{\"__type\":\"com.amazonaws.kinesis#LimitExceededException\"}",
	 VERDICT_LATER, "LimitExceededException"},
	{400,
	 "{\"__type\":\"ExpiredIteratorException\",\"message\":\"it is old\"}",
	 VERDICT_ITERATOR, "ExpiredIteratorException: it is old"},
	{400, "{\"__type\":\"ExpiredNextTokenException\"}", VERDICT_PAGES,
	 "ExpiredNextTokenException"},
	{400, "{\"__type\":\"ExpiredTokenException\",\"message\":\"old\"}",
	 VERDICT_KEYS, "ExpiredTokenException: old (new ones are needed)"},
	{400, "{\"__type\":\"UnrecognizedClientException\"}", VERDICT_KEYS,
	 "UnrecognizedClientException"},
	{400, "{\"__type\":\"AccessDeniedException\",\"Message\":\"no\"}",
	 VERDICT_REFUSED,
	 "AccessDeniedException: no (what is needed: kinesis:ListShards, "
	 "GetShardIterator, GetRecords)"},
	{400, "{\"__type\":\"SomethingNew\",\"message\":\"x\\u001by\"}",
	 VERDICT_REFUSED, "SomethingNew: x y"},
	{400, "{\"__type\":\"SomethingNew\",\"message\":\"x\\u202ey\"}",
	 VERDICT_REFUSED, "SomethingNew: x???y"},
	{400,
	 "{\"__type\":\"InvalidSignatureException\",\"message\":\"no.\\n\\nThe "
	 "Canonical String\\nx-amz-security-token:secret\"}",
	 VERDICT_REFUSED,
	 "InvalidSignatureException: no. (is the secret key right, and the "
	 "clock?)"},
	{404, "<html>", VERDICT_REFUSED, "HTTP status 404"},
	{403, "", VERDICT_REFUSED, "HTTP status 403"},
	{429, "", VERDICT_LATER, "HTTP status 429"},
	{500, "{\"__type\":\"InternalFailure\"}", VERDICT_LATER,
	 "InternalFailure"},
	{503, "<html>", VERDICT_LATER, "HTTP status 503"},
	{500, "{\"__type\":3}", VERDICT_LATER, "HTTP status 500"},
	{400, "{\"__type\":\"com.amazonaws#\"}", VERDICT_REFUSED,
	 "HTTP status 400"},
};

START_TEST(each_error_has_its_meaning)
{
	ck_assert_int_eq(answer_judge(judged[_i].status,
				      span_of(judged[_i].body), &error),
			 judged[_i].verdict);
	ck_assert_str_eq(error.message, judged[_i].why);
}
END_TEST

START_TEST(what_is_answered_is_taken)
{
	ck_assert_int_eq(answer_judge(200, span_of("{}"), &error),
			 VERDICT_TAKEN);
}
END_TEST

/* --- shards --------------------------------------------------------------- */

START_TEST(pages_of_shards_are_added_up)
{
	static const char first[] =
		"{\"NextToken\":\"more\",\"Shards\":[{\"ShardId\":\"a\","
		"\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"1\","
		"\"EndingSequenceNumber\":\"2\"}}]}";
	static const char second[] =
		"{\"Shards\":[{\"ShardId\":\"b\",\"ParentShardId\":\"a\","
		"\"AdjacentParentShardId\":\"z\",\"SequenceNumberRange\":"
		"{\"StartingSequenceNumber\":\"3\"}}]}";

	ck_assert_int_eq(answer_read_shards(span_of(first), &list, &error), 0);
	ck_assert_str_eq(list.next, "more");
	ck_assert_int_eq(answer_read_shards(span_of(second), &list, &error), 0);
	ck_assert_ptr_null(list.next);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_str_eq(list.shards[0].id, "a");
	ck_assert(list.shards[0].is_closed);
	ck_assert_ptr_null(list.shards[0].parents[0]);
	ck_assert_str_eq(list.shards[1].parents[0], "a");
	ck_assert_str_eq(list.shards[1].parents[1], "z");
	ck_assert(!list.shards[1].is_closed);
}
END_TEST

static const char *const no_lists[] = {"",
				       "[]",
				       "{}",
				       "{\"Shards\":{}}",
				       "{\"Shards\":[{}]}",
				       "{\"Shards\":[{\"ShardId\":\"\"}]}",
				       "{\"Shards\":[{\"ShardId\":\"a\\n\"}]}"};

START_TEST(a_list_that_is_none_is_said)
{
	ck_assert_int_eq(
		answer_read_shards(span_of(no_lists[_i]), &list, &error), -1);
	ck_assert_str_eq(error.message, "an answer cannot be read");
}
END_TEST

START_TEST(an_iterator_is_read)
{
	char *iterator = answer_read_iterator(
		span_of("{\"ShardIterator\":\"AAA=\"}"), &error);

	ck_assert_str_eq(iterator, "AAA=");
	free(iterator);
	ck_assert_ptr_null(answer_read_iterator(
		span_of("{\"ShardIterator\":null}"), &error));
	ck_assert_ptr_null(answer_read_iterator(span_of("<"), &error));
}
END_TEST

/* --- records -------------------------------------------------------------- */

static int read_records(const char *body)
{
	return answer_read_records(span_of(body), &batch, &error);
}

START_TEST(records_become_lines)
{
	/* "one", "two\nthree\n", "", "four\n\nfive" */
	ck_assert_int_eq(
		read_records(
			"{\"MillisBehindLatest\":1500,\"NextShardIterator\":"
			"\"next\",\"Records\":["
			"{\"SequenceNumber\":\"49\",\"Data\":\"b25l\","
			"\"ApproximateArrivalTimestamp\":1732269600.25},"
			"{\"SequenceNumber\":\"50\",\"Data\":"
			"\"dHdvCnRocmVlCg==\"},"
			"{\"SequenceNumber\":\"51\",\"Data\":\"\"},"
			"{\"SequenceNumber\":\"52\",\"Data\":"
			"\"Zm91cgoKZml2ZQ==\"}]}"),
		0);
	ck_assert_uint_eq(batch.count, 4);
	ck_assert(span_is(buffer_span(&batch.text),
			  "one\ntwo\nthree\n\nfour\n\nfive\n"));
	ck_assert_str_eq(record_sequence(&batch, 0), "49");
	ck_assert_str_eq(record_sequence(&batch, 3), "52");
	ck_assert_uint_eq(batch.records[0].end, 4);
	ck_assert_uint_eq(batch.records[1].end, 14);
	ck_assert_uint_eq(batch.records[0].end_lines, 1);
	ck_assert_uint_eq(batch.records[1].end_lines, 3);
	ck_assert_uint_eq(batch.records[2].end_lines, 4);
	ck_assert_uint_eq(batch.records[3].end_lines, 7);
	ck_assert_int_eq(batch.records[0].arrived_ms, 1732269600250);
	ck_assert_int_eq(batch.behind_ms, 1500);
	ck_assert_str_eq(batch.next, "next");
	ck_assert_uint_eq(batch.data_bytes, 3 + 10 + 0 + 10);
}
END_TEST

START_TEST(the_last_answer_of_a_shard_has_no_next_one)
{
	ck_assert_int_eq(read_records("{\"NextShardIterator\":\"n\","
				      "\"MillisBehindLatest\":0,"
				      "\"Records\":[]}"),
			 0);
	ck_assert_int_eq(batch.behind_ms, 0);
	ck_assert_int_eq(read_records("{\"NextShardIterator\":null,"
				      "\"Records\":[]}"),
			 0);
	ck_assert_ptr_null(batch.next);
	ck_assert_uint_eq(batch.count, 0);
	ck_assert_int_eq(batch.behind_ms, -1);
}
END_TEST

static const char *const no_records[] = {
	"",
	"{\"Records\":",
	"{}",
	"{\"Records\":{}}",
	"{\"Records\":[{}]}",
	"{\"Records\":[{\"SequenceNumber\":\"1\"}]}",
	"{\"Records\":[{\"Data\":\"b25l\"}]}",
	"{\"Records\":[{\"SequenceNumber\":\"l\",\"Data\":\"b25l\"}]}",
	"{\"Records\":[{\"SequenceNumber\":\"1\",\"Data\":\"b25\"}]}",
	"{\"Records\":[{\"SequenceNumber\":\"1\",\"Data\":\"b2*l\"}]}",
	"{\"Records\":[{\"SequenceNumber\":\"1\",\"Data\":\"b===\"}]}",
	"{\"Records\":[{\"SequenceNumber\":"
	"\"12345678901234567890123456789012345678901234567890123456789012345678"
	"90123456789012345678901234567890123456789012345678901234567890\","
	"\"Data\":\"b25l\"}]}",
};

START_TEST(records_that_are_none_are_said)
{
	ck_assert_int_eq(read_records(no_records[_i]), -1);
	ck_assert_str_eq(error.message, "an answer cannot be read");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kinesis answer");
	TCase *test_case = tcase_create("answer");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(test_case, NULL, tear_down);
	tcase_add_loop_test(test_case, each_error_has_its_meaning, 0,
			    sizeof(judged) / sizeof(*judged));
	tcase_add_test(test_case, what_is_answered_is_taken);
	tcase_add_test(test_case, pages_of_shards_are_added_up);
	tcase_add_loop_test(test_case, a_list_that_is_none_is_said, 0,
			    sizeof(no_lists) / sizeof(*no_lists));
	tcase_add_test(test_case, an_iterator_is_read);
	tcase_add_test(test_case, records_become_lines);
	tcase_add_test(test_case, the_last_answer_of_a_shard_has_no_next_one);
	tcase_add_loop_test(test_case, records_that_are_none_are_said, 0,
			    sizeof(no_records) / sizeof(*no_records));
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
