#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/ahead.h"
#include "source/regular.h"

/* Some blocks, the last one not whole. */
#define FILE_BYTES (20 * LANE_REACH_BYTES + 12345)

static char *content;
static FILE *file;
static struct fields fields;
static struct pool pool;
static struct ahead_common common;
static struct error error;

static void set_up(void)
{
	size_t size = 0;

	content = malloc(FILE_BYTES + 128);
	ck_assert_ptr_nonnull(content);
	for (unsigned i = 0; size < FILE_BYTES; i++)
		size += (size_t)sprintf(content + size,
					"{\"id\":%u,\"status\":\"%s\"}\n", i,
					i % 3 ? "PAID" : "PLACED");
	file = tmpfile();
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(content, 1, FILE_BYTES, file), FILE_BYTES);
	ck_assert_int_eq(fflush(file), 0);
	fields_init(&fields);
	ck_assert_int_eq(fields_add(&fields, "status", &error), 0);
}

static void tear_down(void)
{
	fields_release(&fields);
	fclose(file);
	free(content);
}

static void begin_sharing(unsigned threads)
{
	pool_init(&pool, threads);
	common = (struct ahead_common){
		.pool = &pool, .lanes = threads + 1, .fields = &fields};
}

static void end_sharing(void)
{
	pool_release(&pool);
	ahead_common_release(&common);
}

static struct ahead *open_ahead(unsigned threads, uint64_t offset, uint64_t end)
{
	struct ahead *ahead;

	begin_sharing(threads);
	ahead = ahead_open(&common, fileno(file), offset, end);
	ck_assert_ptr_nonnull(ahead);
	return ahead;
}

static void close_ahead(struct ahead *ahead)
{
	ahead_close(ahead);
	end_sharing();
}

/* The bytes that come from there on, all of them those of the file. */
static uint64_t read_all(struct ahead *ahead, uint64_t offset)
{
	struct span bytes;
	struct lane *lane;

	while (ahead_next(ahead, &bytes, &lane)) {
		ck_assert_uint_le(offset + bytes.size, FILE_BYTES);
		ck_assert_int_eq(
			memcmp(bytes.data, content + offset, bytes.size), 0);
		offset += bytes.size;
	}
	ck_assert(!ahead_next(ahead, &bytes, &lane));
	return offset;
}

START_TEST(blocks_come_in_order_whoever_read_them)
{
	for (unsigned threads = 0; threads <= 5; threads++) {
		struct ahead *ahead = open_ahead(threads, 0, FILE_BYTES);

		ck_assert_uint_eq(read_all(ahead, 0), FILE_BYTES);
		close_ahead(ahead);
	}
}
END_TEST

START_TEST(a_part_of_the_file_is_read)
{
	struct ahead *ahead = open_ahead(2, 777, FILE_BYTES - 1000);

	ck_assert_uint_eq(read_all(ahead, 777), FILE_BYTES - 1000);
	close_ahead(ahead);
}
END_TEST

START_TEST(lanes_have_walked_all_but_the_lines_that_are_cut)
{
	struct ahead *ahead = open_ahead(3, 0, FILE_BYTES);
	struct span bytes;
	struct lane *lane;

	while (ahead_next(ahead, &bytes, &lane)) {
		const char *lf = memchr(bytes.data, '\n', bytes.size);
		struct span rest = span_make(
			lf + 1, (size_t)(bytes.data + bytes.size - lf - 1));

		ck_assert(lane_has(lane, rest));
		while (lane_has(lane, rest)) {
			struct span line = lane_line(lane);
			struct json_value value;

			ck_assert(!lane_is_long(lane));
			lane_values(lane, &value);
			ck_assert_int_eq(value.type, JSON_STRING);
			ck_assert(span_is(value.text, "PAID") ||
				  span_is(value.text, "PLACED"));
			lane_take(lane);
			rest = span_make(rest.data + line.size,
					 rest.size - line.size);
		}
		ck_assert_uint_lt(rest.size, 256);
	}
	close_ahead(ahead);
}
END_TEST

START_TEST(what_was_cut_off_meanwhile_is_not_made_up)
{
	uint64_t left = 5 * LANE_REACH_BYTES + 99;
	struct ahead *ahead;

	ck_assert_int_eq(ftruncate(fileno(file), (off_t)left), 0);
	ahead = open_ahead(2, 0, FILE_BYTES);
	ck_assert_uint_eq(read_all(ahead, 0), left);
	close_ahead(ahead);
}
END_TEST

START_TEST(an_error_is_left_to_who_reads_on)
{
	struct ahead *ahead;
	struct span bytes;
	struct lane *lane;

	begin_sharing(2);
	ahead = ahead_open(&common, -1, 0, FILE_BYTES);
	ck_assert_ptr_nonnull(ahead);
	ck_assert(!ahead_next(ahead, &bytes, &lane));
	ck_assert(!ahead_next(ahead, &bytes, &lane));
	close_ahead(ahead);
}
END_TEST

START_TEST(it_can_be_closed_at_any_time)
{
	for (unsigned i = 0; i < 30; i++) {
		struct ahead *ahead = open_ahead(4, 0, FILE_BYTES);
		struct span bytes;
		struct lane *lane;

		for (unsigned taken = 0; taken < i % 7; taken++)
			ck_assert(ahead_next(ahead, &bytes, &lane));
		close_ahead(ahead);
	}
}
END_TEST

START_TEST(files_share_the_threads)
{
	struct ahead *both[2];
	struct span bytes;
	struct lane *lane;
	uint64_t offset = 0;

	begin_sharing(2);
	for (int i = 0; i < 2; i++) {
		both[i] = ahead_open(&common, fileno(file), 0, FILE_BYTES);
		ck_assert_ptr_nonnull(both[i]);
	}
	while (ahead_next(both[0], &bytes, &lane)) {
		ck_assert_int_eq(
			memcmp(bytes.data, content + offset, bytes.size), 0);
		ck_assert(ahead_next(both[1], &bytes, &lane));
		ck_assert_int_eq(
			memcmp(bytes.data, content + offset, bytes.size), 0);
		offset += bytes.size;
	}
	ck_assert_uint_eq(offset, FILE_BYTES);
	ahead_close(both[0]);
	ahead_close(both[1]);
	end_sharing();
}
END_TEST

/* Reads all of the file, and notes who walked: that many. */
static size_t list_lanes(struct lane *lanes[], size_t max)
{
	struct ahead *ahead = ahead_open(&common, fileno(file), 0, FILE_BYTES);
	struct span bytes;
	struct lane *lane;
	size_t count = 0;

	ck_assert_ptr_nonnull(ahead);
	while (ahead_next(ahead, &bytes, &lane)) {
		size_t i = 0;

		while (i < count && lanes[i] != lane)
			i++;
		if (i < count)
			continue;
		ck_assert_uint_lt(count, max);
		lanes[count++] = lane;
	}
	ahead_close(ahead);
	return count;
}

START_TEST(the_next_file_has_the_lanes_that_learned)
{
	struct lane *first[32], *second[32];
	size_t count;

	begin_sharing(2);
	count = list_lanes(first, 32);
	ck_assert_uint_eq(count, 3 * 4 + 1);
	ck_assert_uint_eq(list_lanes(second, 32), count);
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		while (at < count && second[at] != first[i])
			at++;
		ck_assert_uint_lt(at, count);
	}
	end_sharing();
}
END_TEST

START_TEST(many_files_have_few_blocks_each)
{
	struct lane *lanes[32];

	begin_sharing(7);
	common.files = 100;
	ck_assert_uint_eq(list_lanes(lanes, 32), 4 + 1);
	common.files = 4;
	ck_assert_uint_eq(list_lanes(lanes, 32), 8 + 1);
	/* No more than the file has. */
	common.files = 1;
	ck_assert_uint_eq(list_lanes(lanes, 32), 21);
	end_sharing();
}
END_TEST

START_TEST(there_are_blocks_for_some_files_only)
{
	struct ahead *all[100];
	size_t count = 0;

	begin_sharing(1);
	common.files = 100;
	while (count < 100 && (all[count] = ahead_open(&common, fileno(file), 0,
						       FILE_BYTES)) != NULL)
		count++;
	ck_assert_uint_eq(count, 256 / 5);
	/* What one gives back is another's. */
	ahead_close(all[0]);
	all[0] = ahead_open(&common, fileno(file), 0, FILE_BYTES);
	ck_assert_ptr_nonnull(all[0]);
	while (count > 0)
		ahead_close(all[--count]);
	end_sharing();
}
END_TEST

/* A few lines are enough to walk along all the others. */
START_TEST(a_new_lane_learns_before_it_walks)
{
	struct lane lane;
	unsigned lessons;

	ck_assert_int_eq(lane_init(&lane, &fields, LEVEL_BEST, 0), 0);
	lessons = lane.lessons;
	lane_prepare(&lane, span_make(content, LANE_REACH_BYTES));
	ck_assert_uint_gt(lane.walk.records, 1000);
	ck_assert_uint_eq(lane.lessons, lessons);
	lane_release(&lane);
}
END_TEST

/* Are these the bytes from there on, where the content stands twice? */
static bool is_twice(struct span bytes, uint64_t offset)
{
	for (size_t i = 0; i < bytes.size; i++)
		if (bytes.data[i] != content[(offset + i) % FILE_BYTES])
			return false;
	return true;
}

/* As a source reads it: first what was there, then what came meanwhile. */
START_TEST(a_file_that_grows_is_read_to_its_end)
{
	static char memory[LANE_REACH_BYTES];
	struct read_area area = {memory, sizeof(memory)};
	struct regular regular;
	struct chunk chunk;
	uint64_t offset = 0;

	begin_sharing(2);
	regular_init(&regular);
	ck_assert_int_eq(regular_adopt(&regular, dup(fileno(file))), 0);
	ck_assert_int_eq(regular_begin(&regular, "file", NULL), REGULAR_NEW);
	regular_read_ahead(&regular, &common);
	ck_assert_ptr_nonnull(regular.ahead);
	ck_assert_uint_eq(fwrite(content, 1, FILE_BYTES, file), FILE_BYTES);
	ck_assert_int_eq(fflush(file), 0);
	for (regular_next(&regular, AFTER_OVER, area, &chunk);
	     chunk.kind == CHUNK_DATA;
	     regular_next(&regular, AFTER_OVER, area, &chunk)) {
		ck_assert(is_twice(chunk.bytes, offset));
		offset += chunk.bytes.size;
		ck_assert_uint_eq(regular.offset, offset);
	}
	ck_assert_int_eq(chunk.kind, CHUNK_ENDED);
	ck_assert_uint_eq(offset, 2 * FILE_BYTES);
	ck_assert_int_eq(memcmp(regular.head, content, regular.head_bytes), 0);
	regular_release(&regular);
	end_sharing();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ahead");
	TCase *cases = tcase_create("ahead");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, blocks_come_in_order_whoever_read_them);
	tcase_add_test(cases, a_part_of_the_file_is_read);
	tcase_add_test(cases, lanes_have_walked_all_but_the_lines_that_are_cut);
	tcase_add_test(cases, what_was_cut_off_meanwhile_is_not_made_up);
	tcase_add_test(cases, an_error_is_left_to_who_reads_on);
	tcase_add_test(cases, it_can_be_closed_at_any_time);
	tcase_add_test(cases, files_share_the_threads);
	tcase_add_test(cases, the_next_file_has_the_lanes_that_learned);
	tcase_add_test(cases, many_files_have_few_blocks_each);
	tcase_add_test(cases, there_are_blocks_for_some_files_only);
	tcase_add_test(cases, a_new_lane_learns_before_it_walks);
	tcase_add_test(cases, a_file_that_grows_is_read_to_its_end);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
