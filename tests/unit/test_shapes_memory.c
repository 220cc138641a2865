/*
 * Nothing outside of the bytes is read: they begin right behind a page that
 * cannot be read, or end right before one.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shapes_walked.h"

#define TEXT_40 "0123456789 abcdefghijklmnopqrstuvwxyz_.-"

/* Everything that is looked at with care is cut somewhere. */
static const char *const lines[] = {
	"{\"status\":\"PAID\",\"n\":1}",
	"{\"status\":\"" TEXT_40 TEXT_40 TEXT_40 TEXT_40 "\",\"n\":-12.50}",
	"{\"status\":\"\\ud83d\\ude00\\\"" TEXT_40 "\\\\\",\"n\":true}",
	"{\"n\":12345678901234567890.5,\"status\":\"\xf0\x9f\x98\x80\xc3\xa9"
	"\"}",
	"{\"a_name_of_more_than_a_literal_that_goes_on\":{\"b\":[1,2,3]},"
	"\"status\":null}",
	"",
	"{\"status\":\"\",\"n\":0}\r",
	"{\"n\":\"" TEXT_40 "\xc3\xa9" TEXT_40 "\xe2\x82\xac\",\"status\":1}",
	"{}",
	"{\"status\":\"PAID\",\"status\":{}}",
	"{\"status\":\"" TEXT_40 TEXT_40 TEXT_40 TEXT_40 "\xc3\xa9\"}",
	"{\"n\":7}",
};
#define LINES (sizeof(lines) / sizeof(lines[0]))

static char *pages; /* between two that cannot be read */
static size_t page_bytes, pages_bytes;

static void map_pages(void)
{
	char *mapped;

	page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	pages_bytes = (16384 / page_bytes + 1) * page_bytes;
	mapped = mmap(NULL, pages_bytes + 2 * page_bytes, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(mapped != MAP_FAILED);
	pages = mapped + page_bytes;
	ck_assert_int_eq(mprotect(pages, pages_bytes, PROT_READ | PROT_WRITE),
			 0);
	ask_fields("status,n");
}

static void unmap_pages(void)
{
	end_walk();
	munmap(pages - page_bytes, pages_bytes + 2 * page_bytes);
}

static void learn_lines(void)
{
	for (size_t i = 0; i < LINES; i++)
		if (lines[i][0] != '\0')
			(void)learn_text_line(lines[i]);
}

/* All lines, again and again; it can be cut anywhere. */
static void make_text(struct buffer *text, size_t size)
{
	while (text->size < size) {
		for (size_t i = 0; i < LINES; i++) {
			buffer_append_text(text, lines[i]);
			buffer_append_char(text, '\n');
		}
	}
}

/* At the end of the pages, and then at their beginning. */
static void walk_at_bounds(struct span bytes)
{
	char *ends = pages + pages_bytes - bytes.size;

	memset(pages, '"', pages_bytes);
	memcpy(ends, bytes.data, bytes.size);
	walk_bytes(span_make(ends, bytes.size), 64);
	memset(pages, '"', pages_bytes);
	memcpy(pages, bytes.data, bytes.size);
	walk_bytes(span_make(pages, bytes.size), 64);
}

static void walk_sizes(struct span text, size_t from, size_t to)
{
	for (size_t size = from; size <= to; size++) {
		/* Cut at the end, and at the beginning. */
		walk_at_bounds(span_make(text.data, size));
		walk_at_bounds(span_make(text.data + text.size - size, size));
	}
}

/* One cursor goes through few bytes. */
START_TEST(few_bytes_are_read_alone)
{
	struct buffer text = {0};

	make_text(&text, 1);
	FOR_EACH_LEVEL(level)
	{
		begin_walk(level, 1);
		/* Whether shapes are known or not. */
		walk_sizes(buffer_span(&text), 0, text.size);
		learn_lines();
		walk_sizes(buffer_span(&text), 0, text.size);
	}
	buffer_release(&text);
}
END_TEST

/* Several share many. */
START_TEST(many_bytes_are_read_alone)
{
	struct buffer text = {0};

	make_text(&text, 6000);
	FOR_EACH_LEVEL(level)
	{
		for (size_t i = 0; i < CURSOR_COUNTS; i++) {
			begin_walk(level, cursor_counts[i]);
			learn_lines();
			walk_sizes(buffer_span(&text), 1900, 3500);
			ck_assert_uint_gt(seen_count, 2 * long_count);
		}
	}
	buffer_release(&text);
}
END_TEST

/* A line that has no end: text, number, name or nothing but spaces. */
START_TEST(unfinished_line_is_read_alone)
{
	static const char *const begun[] = {
		"{\"status\":\"x",  "{\"n\":1",		  "{\"n",
		"{\"status\":\"\\", "{\"status\":\"\xc3", "{\"n\":7} ",
	};

	FOR_EACH_LEVEL(level)
	{
		begin_walk(level, 2);
		learn_lines();
		for (size_t size = 0; size < 400; size++) {
			struct buffer text = {0};
			const char *line = begun[size % 6];

			make_text(&text, 1);
			buffer_append_text(&text, line);
			for (size_t i = 0; i < size / 6; i++)
				buffer_append_char(&text,
						   line[strlen(line) - 1]);
			walk_at_bounds(buffer_span(&text));
			buffer_release(&text);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shapes memory");
	TCase *tests = tcase_create("shapes memory");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, map_pages, unmap_pages);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, few_bytes_are_read_alone);
	tcase_add_test(tests, many_bytes_are_read_alone);
	tcase_add_test(tests, unfinished_line_is_read_alone);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
