#include <check.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "kinesis/aggregated.h"

static struct aggregate aggregate;
static struct buffer record;

static void tear_down(void)
{
	aggregate_release(&aggregate);
	buffer_release(&record);
}

/* Packs a protocol buffer as a producer does. */
static struct span pack(const char *body, size_t size)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	ck_assert_int_eq(EVP_Digest(body, size, digest, NULL, EVP_md5(), NULL),
			 1);
	buffer_clear(&record);
	buffer_append(&record, "\xf3\x89\x9a\xc2", 4);
	buffer_append(&record, body, size);
	buffer_append(&record, digest, 16);
	return buffer_span(&record);
}

/* A literal, NUL bytes and all. */
#define PACK(literal) pack(literal, sizeof(literal) - 1)

START_TEST(records_are_found_in_their_order)
{
	/* two partition keys, a hash key; three records, one with a tag */
	ck_assert_int_eq(
		aggregate_read(
			&aggregate,
			PACK("\x0a\x01p\x0a\x01q\x12\x01h"
			     "\x1a\x07\x08\x00\x1a\x03one"
			     "\x1a\x09\x08\x01\x10\x00\x1a\x03two"
			     "\x1a\x0a\x08\x01\x1a\x00\x22\x04\x0a\x02kv")),
		1);
	ck_assert_uint_eq(aggregate.count, 3);
	ck_assert(span_is(aggregate.records[0], "one"));
	ck_assert(span_is(aggregate.records[1], "two"));
	ck_assert(span_is(aggregate.records[2], ""));
}
END_TEST

START_TEST(fields_that_are_not_known_are_passed_over)
{
	ck_assert_int_eq(aggregate_read(&aggregate, PACK("\x28\xff\xff\x01"
							 "\x31"
							 "12345678"
							 "\x3d"
							 "1234"
							 "\x42\x02xy"
							 "\x1a\x0e\x08\x00\x29"
							 "12345678"
							 "\x1a\x01z")),
			 1);
	ck_assert_uint_eq(aggregate.count, 1);
	ck_assert(span_is(aggregate.records[0], "z"));
}
END_TEST

START_TEST(it_may_be_empty)
{
	ck_assert_int_eq(aggregate_read(&aggregate, PACK("")), 1);
	ck_assert_uint_eq(aggregate.count, 0);
}
END_TEST

START_TEST(thousands_of_records_are_found)
{
	struct buffer body = {0};

	for (int i = 0; i < 5000; i++)
		buffer_append(&body, "\x1a\x04\x08\x00\x1a\x00", 6);
	ck_assert_int_eq(aggregate_read(&aggregate, pack(body.data, body.size)),
			 1);
	ck_assert_uint_eq(aggregate.count, 5000);
	buffer_release(&body);
}
END_TEST

START_TEST(a_wrong_digest_or_mark_makes_it_a_plain_message)
{
	struct span bytes = PACK("\x1a\x07\x08\x00\x1a\x03one");

	ck_assert_int_eq(aggregate_read(&aggregate, bytes), 1);
	for (size_t i = 0; i < bytes.size; i++) {
		record.data[i] ^= 1;
		ck_assert_int_eq(aggregate_read(&aggregate, bytes), 0);
		ck_assert_uint_eq(aggregate.count, 0);
		record.data[i] ^= 1;
	}
	for (size_t size = 0; size < bytes.size; size++)
		ck_assert_int_eq(
			aggregate_read(&aggregate, span_make(bytes.data, size)),
			0);
}
END_TEST

static const struct {
	const char *body;
	size_t size;
} broken[] = {
#define BROKEN(literal)                      \
	{                                    \
		literal, sizeof(literal) - 1 \
	}
	BROKEN("\x1a"),			       /* no size */
	BROKEN("\x1a\x08\x08\x00\x1a\x03one"), /* longer than there is */
	BROKEN("\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	BROKEN("\x80"),			/* a number without an end */
	BROKEN("\x1a\x03\x08\x00\x1a"), /* in the record, too */
	BROKEN("\x1a\x04\x08\x00\x1a\x01"),
	BROKEN("\x1a\x02\x08\x00"),	    /* a record without data */
	BROKEN("\x1a\x04\x08\x00\x18\x01"), /* data that is a number */
	BROKEN("\x18\x01"),		    /* a record that is a number */
	BROKEN("\x1b\x1c"),		    /* groups are not used */
	BROKEN("\x31\x31"),		    /* eight bytes, and one is there */
	BROKEN("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
};

START_TEST(what_cannot_be_read_is_a_plain_message)
{
	ck_assert_int_eq(aggregate_read(&aggregate,
					pack(broken[_i].body, broken[_i].size)),
			 0);
	ck_assert_uint_eq(aggregate.count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kinesis aggregated");
	TCase *test_case = tcase_create("aggregated");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(test_case, NULL, tear_down);
	tcase_add_test(test_case, records_are_found_in_their_order);
	tcase_add_test(test_case, fields_that_are_not_known_are_passed_over);
	tcase_add_test(test_case, it_may_be_empty);
	tcase_add_test(test_case, thousands_of_records_are_found);
	tcase_add_test(test_case,
		       a_wrong_digest_or_mark_makes_it_a_plain_message);
	tcase_add_loop_test(test_case, what_cannot_be_read_is_a_plain_message,
			    0, sizeof(broken) / sizeof(*broken));
	suite_add_tcase(suite, test_case);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
