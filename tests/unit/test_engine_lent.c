/* A lane that went ahead of the engine, in memory that is used again. */
#include <string.h>

#include "engine_run.h"

#define BLOCK_BYTES ((size_t)4 << 10)
#define LINE_BYTES  64

static char memory[BLOCK_BYTES];
static struct lane lane;
static struct buffer block;

static void begin(void)
{
	query.max_line_bytes = 100000;
	begin_at(100);
	ck_assert_int_eq(lane_init(&lane, &engine.order.fields, query.level, 0),
			 0);
	/* The engine's own lane has something to learn from. */
	take("{\"status\":\"OLD\",\"t\":101,\"note\":\"xx\"}\n");
}

static void end(void)
{
	lane_release(&lane);
	buffer_release(&block);
}

/* A line of that size, its LF included. */
static void add_line(const char *key, size_t size)
{
	size_t before = block.size;

	buffer_printf(&block, "{\"status\":\"%s\",\"t\":101,\"note\":\"", key);
	while (block.size < before + size - 3)
		buffer_append_char(&block, 'x');
	buffer_append_text(&block, "\"}\n");
	ck_assert_uint_eq(block.size, before + size);
}

static void fill_with(const char *key)
{
	while (block.size < BLOCK_BYTES)
		add_line(key, LINE_BYTES);
}

/* Hands in as much as a block takes, and who walked there; the rest stays. */
static void take_block(void)
{
	size_t size = block.size < BLOCK_BYTES ? block.size : BLOCK_BYTES;
	struct span bytes = span_make(memory, size);

	memcpy(memory, block.data, size);
	memmove(block.data, block.data + size, block.size - size);
	block.size -= size;
	lane_prepare(&lane, bytes);
	engine_lend(&engine, &lane);
	while (engine_take(&engine, &stream, &bytes, now_ns) != ENGINE_DONE)
		rejects++;
	engine_lend(&engine, NULL);
}

/* How many orders were counted so far. */
static void assert_counted(uint64_t orders)
{
	ck_assert_uint_eq(rejects, 0);
	ck_assert_uint_eq(engine.tallies.counted, orders);
}

/* 0: a simple query, else by event time. */
static void ask(int number)
{
	query.timed = number > 0;
	query.records.time_field = number > 0 ? "t" : NULL;
	begin();
}

START_TEST(a_block_that_begins_with_a_line_is_not_walked_again)
{
	ask(_i);
	for (unsigned i = 0; i < 20; i++) {
		fill_with(i % 2 ? "NEW" : "PAID");
		take_block();
		ck_assert_ptr_null(lane.ahead);
	}
	assert_counted(1 + 20 * BLOCK_BYTES / LINE_BYTES);
	ck_assert_uint_eq(engine.lane.walk.records, 0);
	end();
}
END_TEST

START_TEST(a_lane_is_found_again_behind_blank_lines)
{
	ask(_i);
	for (unsigned i = 0; i < 20; i++) {
		for (size_t blank = 0; blank < LINE_BYTES; blank++)
			buffer_append_char(&block, '\n');
		fill_with("NEW");
		take_block();
		ck_assert_ptr_null(lane.ahead);
	}
	assert_counted(1 + 20 * (BLOCK_BYTES / LINE_BYTES - 1));
	ck_assert_uint_eq(engine.lane.walk.records, 0);
	end();
}
END_TEST

/* The first block begins with a line, and so does the second line of the next,
 * in the same place; but that goes on into the third. */
START_TEST(what_was_walked_before_in_its_memory_is_forgotten)
{
	size_t lines = BLOCK_BYTES / LINE_BYTES - 1;

	ask(_i);
	for (unsigned i = 1; i <= 20; i++) {
		while (block.size < lines * LINE_BYTES)
			add_line("NEW", LINE_BYTES);
		add_line("NEW", 2 * LINE_BYTES);
		take_block();
		add_line("NEW", BLOCK_BYTES);
		take_block();
		take_block();
		assert_counted(1 + i * (lines + 2));
	}
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine_lent");
	TCase *cases = tcase_create("engine_lent");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases,
			    a_block_that_begins_with_a_line_is_not_walked_again,
			    0, 2);
	tcase_add_loop_test(cases, a_lane_is_found_again_behind_blank_lines, 0,
			    2);
	tcase_add_loop_test(
		cases, what_was_walked_before_in_its_memory_is_forgotten, 0, 2);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
