#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/lines.h"
#include "kafka/partition.h"

#define AREA 64

static char memory[AREA];

/* A partition whose messages are read line by line, as the engine does. */
struct fixture {
	struct partition *partition;
	struct read_area area;
	size_t used;
	char lines[512]; /* those that came, a '|' behind each */
};

static void begin(struct fixture *f, size_t area, int64_t offset,
		  uint64_t lines)
{
	*f = (struct fixture){.area = {memory, area}};
	f->partition = partition_new("kafka://b/t", "t", 0, 3, 4);
	ck_assert_ptr_nonnull(f->partition);
	partition_begin(f->partition, offset, lines);
}

/* At most `most` lines are counted of what was handed out. */
static void count(struct fixture *f, unsigned most)
{
	struct span bytes = span_make(memory, f->used);
	struct span line;

	while (most-- > 0 && lines_next(&f->partition->stream, &bytes, 100,
					&line) == LINE_RECORD) {
		strncat(f->lines, line.data, line.size);
		strcat(f->lines, "|");
	}
	f->used = 0;
}

/* Takes a message, piece by piece; all of its lines are counted. */
static void take(struct fixture *f, int64_t offset, const char *text)
{
	rd_kafka_message_t message = {
		.payload = (void *)text, .len = strlen(text), .offset = offset};
	size_t done = 0;

	while (done <= message.len) {
		ck_assert(partition_take(f->partition, &message, f->area,
					 &f->used, &done));
		count(f, 1000);
	}
}

static void check_place(struct fixture *f, int64_t offset, uint64_t lines)
{
	int64_t found;
	uint64_t counted;

	partition_place(f->partition, &found, &counted);
	ck_assert_int_eq(found, offset);
	ck_assert_uint_eq(counted, lines);
}

START_TEST(a_message_is_a_line_with_or_without_its_end)
{
	struct fixture f;

	begin(&f, AREA, 5, 0);
	take(&f, 5, "one");
	take(&f, 6, "two\n");
	take(&f, 9, "three");
	ck_assert_str_eq(f.lines, "one|two|three|");
	check_place(&f, 10, 0);
	partition_free(f.partition);
}
END_TEST

START_TEST(a_message_of_several_lines_is_cut_anywhere)
{
	for (size_t area = 1; area < 20; area++) {
		struct fixture f;

		begin(&f, area, 0, 0);
		take(&f, 0, "one\ntwo\n\nthree");
		take(&f, 1, "four");
		ck_assert_str_eq(f.lines, "one|two|three|four|");
		check_place(&f, 2, 0);
		partition_free(f.partition);
	}
}
END_TEST

START_TEST(an_empty_message_is_no_record)
{
	struct fixture f;

	begin(&f, AREA, 0, 0);
	take(&f, 0, "");
	take(&f, 1, "\n");
	take(&f, 2, "one");
	ck_assert_str_eq(f.lines, "one|");
	check_place(&f, 3, 0);
	partition_free(f.partition);
}
END_TEST

/* Counts so many lines of it, then goes on in a new run. */
START_TEST(a_later_run_goes_on_inside_a_message)
{
	static const char text[] = "one\ntwo\n\nthree";

	for (unsigned counted = 0; counted < 4; counted++) {
		rd_kafka_message_t message = {.payload = (void *)text,
					      .len = strlen(text),
					      .offset = 7};
		struct fixture f, later;
		size_t done = 0;
		int64_t offset;
		uint64_t lines;

		begin(&f, AREA, 7, 0);
		ck_assert(partition_take(f.partition, &message, f.area, &f.used,
					 &done));
		count(&f, counted);
		partition_place(f.partition, &offset, &lines);
		begin(&later, AREA, offset, lines);
		if (offset == 7)
			take(&later, 7, text);
		take(&later, 8, "four");
		strcat(f.lines, later.lines);
		ck_assert_str_eq(f.lines, "one|two|three|four|");
		check_place(&later, 9, 0);
		partition_free(f.partition);
		partition_free(later.partition);
	}
}
END_TEST

START_TEST(what_is_handed_out_and_not_counted_is_not_passed)
{
	struct fixture f;
	rd_kafka_message_t first = {.payload = (void *)"one", .len = 3};
	rd_kafka_message_t second = {
		.payload = (void *)"two", .len = 3, .offset = 1};
	size_t done = 0;

	begin(&f, AREA, 0, 0);
	ck_assert(partition_take(f.partition, &first, f.area, &f.used, &done));
	done = 0;
	ck_assert(partition_take(f.partition, &second, f.area, &f.used, &done));
	check_place(&f, 0, 0);
	count(&f, 1);
	check_place(&f, 1, 0);
	partition_free(f.partition);
}
END_TEST

START_TEST(a_deleted_one_is_passed_once_it_is_counted)
{
	struct fixture f;

	begin(&f, AREA, 0, 0);
	take(&f, 0, "one");
	ck_assert(partition_take_deleted(f.partition, 4));
	check_place(&f, 4, 0);
	f.partition->stream.taken++;
	check_place(&f, 5, 0);
	partition_free(f.partition);
}
END_TEST

START_TEST(a_line_is_located_by_its_message)
{
	struct fixture f;
	struct error text;
	rd_kafka_message_t message = {
		.payload = (void *)"one\ntwo\nthree", .len = 13, .offset = 8};
	size_t done = 0;

	begin(&f, AREA, 5, 0);
	take(&f, 5, "zero");
	ck_assert(
		partition_take(f.partition, &message, f.area, &f.used, &done));
	count(&f, 2);
	partition_locate(f.partition, f.partition->stream.line_number, &text);
	ck_assert_str_eq(text.message, "offset 8, line 2");
	partition_free(f.partition);
}
END_TEST

START_TEST(many_messages_take_memory_for_those_not_counted)
{
	struct fixture f;

	begin(&f, AREA, 0, 0);
	for (int64_t i = 0; i < 100000; i++) {
		take(&f, i, "x");
		f.lines[0] = '\0';
	}
	ck_assert_uint_le(f.partition->place_capacity, 64);
	check_place(&f, 100000, 0);
	partition_free(f.partition);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kafka_partition");
	TCase *tcase = tcase_create("kafka_partition");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_message_is_a_line_with_or_without_its_end);
	tcase_add_test(tcase, a_message_of_several_lines_is_cut_anywhere);
	tcase_add_test(tcase, an_empty_message_is_no_record);
	tcase_add_test(tcase, a_later_run_goes_on_inside_a_message);
	tcase_add_test(tcase, what_is_handed_out_and_not_counted_is_not_passed);
	tcase_add_test(tcase, a_deleted_one_is_passed_once_it_is_counted);
	tcase_add_test(tcase, a_line_is_located_by_its_message);
	tcase_add_test(tcase, many_messages_take_memory_for_those_not_counted);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
