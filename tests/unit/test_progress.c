#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "output/progress.h"

static char text[1024];

static const char *line(const struct progress *progress)
{
	struct buffer out = {0};

	progress_format(&out, progress);
	ck_assert(!out.failed);
	ck_assert_uint_lt(out.size, sizeof(text));
	memset(text, 0, sizeof(text));
	if (out.size > 0)
		memcpy(text, out.data, out.size);
	buffer_release(&out);
	return text;
}

static struct progress connected(void)
{
	return (struct progress){.up = 1,
				 .begun = true,
				 .orders = 1204,
				 .rate = 240.4,
				 .open_for_ns = 2 * NS_PER_S,
				 .ends_in_ns = 2500 * NS_PER_MS,
				 .columns = 80};
}

START_TEST(a_connection_shows_orders_rate_and_time_left)
{
	struct progress progress = connected();

	ck_assert_str_eq(line(&progress),
			 "connected  1,204 orders  240/s  3s left");
	progress.orders = 1;
	progress.rate = 0.5;
	ck_assert_str_eq(line(&progress), "connected  1 order  0.5/s  3s left");
	progress.orders = 1234567;
	progress.rate = 1234.5;
	progress.local = true;
	ck_assert_str_eq(line(&progress),
			 "reading  1,234,567 orders  1,235/s  3s left");
}
END_TEST

START_TEST(by_event_time_it_shows_how_far_the_watermark_is)
{
	struct progress progress = connected();

	progress.ends_in_ns = TIME_NEVER;
	progress.has_watermark = true;
	progress.behind_ns = 65 * NS_PER_S;
	ck_assert_str_eq(line(&progress), "connected  1,204 orders in 2s  "
					  "240/s  watermark 1m 05s behind");
}
END_TEST

START_TEST(a_window_without_an_end_shows_how_long_it_is_open)
{
	struct progress progress = connected();

	progress.ends_in_ns = TIME_NEVER;
	ck_assert_str_eq(line(&progress),
			 "connected  1,204 orders in 2s  240/s");
}
END_TEST

START_TEST(who_dials_says_so)
{
	struct progress progress = {.dialling = 1, .ends_in_ns = TIME_NEVER};

	ck_assert_str_eq(line(&progress), "dialling...");
	progress = (struct progress){.waiting = 1,
				     .redial_in_ns = 2500 * NS_PER_MS};
	ck_assert_str_eq(line(&progress),
			 "not connected, dialling again in 2.5s");
	progress = connected();
	progress.up = 0;
	progress.waiting = 1;
	progress.redial_in_ns = 15300 * NS_PER_MS;
	ck_assert_str_eq(line(&progress),
			 "connection lost, dialling again in 16s  "
			 "1,204 orders  240/s  3s left");
	progress.waiting = 0;
	progress.dialling = 1;
	progress.columns = 40;
	ck_assert_str_eq(line(&progress),
			 "connection lost, dialling...  240/s");
}
END_TEST

START_TEST(several_sources_are_counted)
{
	struct progress progress = connected();

	progress.up = 2;
	progress.waiting = 1;
	progress.redial_in_ns = NS_PER_S;
	progress.over = 1;
	ck_assert_str_eq(line(&progress),
			 "2 of 4 connected, dialling again in 1s, 1 ended  "
			 "1,204 orders  240/s  3s left");
}
END_TEST

START_TEST(files_have_a_bar_share_rate_and_time_left)
{
	struct progress progress = {.up = 1,
				    .begun = true,
				    .local = true,
				    .ends_in_ns = TIME_NEVER,
				    .orders = 1000,
				    .read_bytes = 1300000000,
				    .size_bytes = 2500000000,
				    .bytes_rate = 410e6,
				    .columns = 80};

	ck_assert_str_eq(line(&progress),
			 "[##########          ]   52 %  410 MB/s  3s left  "
			 "1,000 orders");
	progress.columns = 40;
	ck_assert_str_eq(line(&progress),
			 "[#####     ]   52 %  410 MB/s  3s left");
	progress.unicode = true;
	ck_assert_str_eq(line(&progress),
			 "[\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88"
			 "\xe2\x96\x88\xe2\x96\x8f    ]"
			 "   52 %  410 MB/s  3s left");
	/* A file that grew is not above all of it. */
	progress.unicode = false;
	progress.read_bytes = 2600000000;
	ck_assert_str_eq(line(&progress),
			 "[##########]  100 %  410 MB/s  0s left");
	progress.read_bytes = 0;
	progress.bytes_rate = 0;
	ck_assert_str_eq(line(&progress), "[          ]    0 %  1,000 orders");
}
END_TEST

START_TEST(a_time_left_beyond_counting_is_left_out)
{
	struct progress progress = {.up = 1,
				    .size_bytes = UINT64_MAX,
				    .bytes_rate = 1,
				    .columns = 80};

	ck_assert_str_eq(line(&progress),
			 "[                    ]    0 %  1 B/s");
}
END_TEST

START_TEST(the_line_stays_below_the_width)
{
	for (size_t columns = 1; columns < 120; columns++) {
		struct progress both[2] = {connected(), connected()};

		both[1].size_bytes = 100;
		both[1].read_bytes = 55;
		both[1].bytes_rate = 3;
		both[1].unicode = true;
		for (int i = 0; i < 2; i++) {
			size_t width = 0;

			both[i].columns = columns;
			line(&both[i]);
			for (size_t j = 0; text[j] != '\0'; j++)
				width +=
					((unsigned char)text[j] & 0xc0) != 0x80;
			ck_assert_uint_lt(width, columns);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("progress");
	TCase *tests = tcase_create("progress");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_connection_shows_orders_rate_and_time_left);
	tcase_add_test(tests,
		       a_window_without_an_end_shows_how_long_it_is_open);
	tcase_add_test(tests, by_event_time_it_shows_how_far_the_watermark_is);
	tcase_add_test(tests, who_dials_says_so);
	tcase_add_test(tests, several_sources_are_counted);
	tcase_add_test(tests, files_have_a_bar_share_rate_and_time_left);
	tcase_add_test(tests, a_time_left_beyond_counting_is_left_out);
	tcase_add_test(tests, the_line_stays_below_the_width);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
