#include <stdio.h>

#include "options_line.h"

#define DAY (86400 * NS_PER_S)

START_TEST(each_option_of_time_and_state_is_read)
{
	accept("-w10m|-s|1m|-t|created_at|-l|1.5s|--idle=7|--max-ahead=2d|"
	       "--sum=amount|--where=a=1|--where=b!=x|--forget=90d|--live|"
	       "--until-end|--drain|--follow|--state=kept|--sort=total|file");
	ck_assert_int_eq(options.window_ns, 600 * NS_PER_S);
	ck_assert_int_eq(options.slide_ns, 60 * NS_PER_S);
	ck_assert_str_eq(options.time_field, "created_at");
	ck_assert_int_eq(options.lateness_ns, 1500 * NS_PER_MS);
	ck_assert_int_eq(options.idle_ns, 7 * NS_PER_S);
	ck_assert_int_eq(options.max_ahead_ns, 2 * DAY);
	ck_assert_str_eq(options.sum_field, "amount");
	ck_assert_uint_eq(options.filter_count, 2);
	ck_assert_str_eq(options.filters[0].field, "a");
	ck_assert_int_eq(options.filters[1].op, FILTER_NOT_EQUAL);
	ck_assert_int_eq(options.forget_ns, 90 * DAY);
	ck_assert(options.live && options.until_end && options.drain);
	ck_assert(options.follow);
	ck_assert_str_eq(options.state_path, "kept");
	ck_assert_int_eq(options.order, ORDER_TOTAL);
}
END_TEST

START_TEST(slide_is_the_window_unless_given)
{
	accept("-w7|localhost|1");
	ck_assert_int_eq(options.slide_ns, 7 * NS_PER_S);
	accept("-w7|-s|7000ms|localhost|1");
	ck_assert_int_eq(options.slide_ns, 7 * NS_PER_S);
	accept("file");
	ck_assert_int_eq(options.slide_ns, 0);
	accept("-s1|localhost|1");
	ck_assert_int_eq(options.window_ns, 5 * NS_PER_S);
	ck_assert_int_eq(options.slide_ns, NS_PER_S);
}
END_TEST

START_TEST(slide_divides_the_window)
{
	accept("-w10s|-s1ms|localhost|1");
	refuse("-w10s|-s3|localhost|1", "--slide does not divide the window");
	refuse("-w10s|-s20|localhost|1", "--slide is longer than the window");
	refuse("-w24h|-s1ms|localhost|1", "would slide 86400000 times");
	refuse("-w10001|-s1|localhost|1", "10001 times, and at most 10000");
	accept("-w10000|-s1|localhost|1");
	refuse("-s1|file", "--slide needs a --window");
	accept("-s1|-tt|file");
}
END_TEST

START_TEST(zero_is_a_lateness_and_a_way_ahead)
{
	accept("-tt|-l0|--max-ahead=0s|-");
	ck_assert_int_eq(options.lateness_ns, 0);
	ck_assert_int_eq(options.max_ahead_ns, 0);
	accept("-tt|-l5|-l0.0m|--max-ahead=0|-");
	ck_assert_int_eq(options.lateness_ns, 0);
}
END_TEST

START_TEST(idle_is_left_to_the_windows_unless_it_is_given)
{
	accept("-tt|-w10|-l19|-");
	ck_assert_int_eq(options.idle_ns, 0);
	accept("--merge|-l2m|-");
	ck_assert_int_eq(options.idle_ns, 0);
	accept("-tt|-w10|--idle=0.5|-");
	ck_assert_int_eq(options.idle_ns, 500 * NS_PER_MS);
	accept("-tt|-w10|--idle=never|-");
	ck_assert(options.idle_ns == TIME_NEVER);
}
END_TEST

START_TEST(bad_argument_is_named_with_its_option)
{
	static const char *const cases[][2] = {
		{"-s0", "-s '0': is not above 0"},
		{"-tt|-l-1", "-l '-1': is below 0"},
		{"-tt|--lateness=x", "--lateness 'x': is no duration"},
		{"-tt|--lateness=never", "--lateness 'never': is no duration"},
		{"-tt|--max-ahead=-1", "--max-ahead '-1': is below 0"},
		{"-tt|--idle=0", "--idle '0': is not above 0"},
		{"-tt|--idle=always", "--idle 'always': is no duration"},
		{"--forget=0", "--forget '0': is not above 0"},
		{"--forget=never", "--forget 'never': is no duration"},
		{"--time=", "--time '': a FIELD is empty"},
		{"--time=a..b", "--time 'a..b': a step is empty"},
		{"--sum=a.", "--sum 'a.': a step is empty"},
		{"--sum=/a~2", "~0"},
		{"--where=a", "(was '>' taken by the shell? quote it)"},
		{"--where=a=1|--where==1", "--where '=1': "},
		{"--state=", "--state '': the name of the file is empty"},
		{"--state=-", "--state '-': a state needs a file of its own"},
		{"--merge=x", "--merge takes no argument"},
	};
	char line[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(line, sizeof(line), "%s|file", cases[i][0]);
		refuse(line, cases[i][1]);
	}
}
END_TEST

START_TEST(all_is_a_window_by_arrival_only)
{
	refuse("-wall|-tt|file", "--window=all does not go with --time");
	refuse("-wall|-s1|file", "--window=all does not go with --slide");
	refuse("-wall|--merge|file", "--window=all does not go with --merge");
	accept("-wall|--follow|file");
	accept("-wall|-w1|-tt|file");
}
END_TEST

START_TEST(option_that_needs_another_says_so)
{
	static const char *const by_time[] = {"--lateness=1", "--idle=1",
					      "--max-ahead=1",
					      "--drain|--state=kept"};
	char line[64];

	for (size_t i = 0; i < sizeof(by_time) / sizeof(*by_time); i++) {
		snprintf(line, sizeof(line), "%s|file", by_time[i]);
		refuse(line, "needs --time (or --merge)");
		snprintf(line, sizeof(line), "%s|-tt|file", by_time[i]);
		accept(line);
		snprintf(line, sizeof(line), "%s|--merge|file", by_time[i]);
		accept(line);
	}
	refuse("--drain|-tt|file", "--drain needs --state");
	refuse("--idle=never|file", "--idle needs --time");
}
END_TEST

START_TEST(merge_takes_keys_times_and_sums_from_the_rows)
{
	accept("--merge|file");
	ck_assert(options.merge);
	ck_assert_int_eq(options.window_ns, 0);
	ck_assert_int_eq(options.slide_ns, 0);
	ck_assert_ptr_null(options.key_names);
	ck_assert_uint_eq(options.key_count, 0);
	accept("--merge|-w1m|localhost|1");
	ck_assert_int_eq(options.window_ns, 60 * NS_PER_S);
	refuse("--merge|-ka|file", "--key does not go with --merge");
	refuse("--merge|-tt|file", "--time does not go with --merge");
	refuse("--merge|-s1|file", "--slide does not go with --merge");
	refuse("--merge|--where=a=1|file", "--where does not go with --merge");
	refuse("--merge|--missing=x|file", "--missing does not go with");
	refuse("--merge|--sum=x|file", "--sum does not go with --merge");
}
END_TEST

START_TEST(named_groups_say_how_many_keys_merged_rows_have)
{
	accept("--merge|--expect=A\tB|--fail-if=@orders=0|--fail-if=C\tD>1|-");
	ck_assert_uint_eq(options.key_count, 2);
	ck_assert_ptr_null(options.key_names);
	ck_assert_uint_eq(options.expected_count, 1);
	accept("--merge|--fail-if=@orders=0|-");
	ck_assert_uint_eq(options.key_count, 0);
	accept("--merge|--fail-if=A>1|-");
	ck_assert_uint_eq(options.key_count, 1);
	refuse("--merge|--expect=A|--expect=A\tB|-",
	       "--expect 'A\tB': key columns (joined by a tab): 2, in an "
	       "earlier --expect or --fail-if 1");
	refuse("--merge|--expect=A|--fail-if=A\tB>1|-", "--fail-if 'A\tB>1': ");
	refuse("--merge|--expect=1\t2\t3\t4\t5\t6\t7\t8\t9\t0\t1\t2\t3\t4\t5\t"
	       "6\t7|-",
	       "17 key columns, and a row has at most 16");
}
END_TEST

START_TEST(prometheus_has_counters_that_do_not_fall)
{
	accept("-fprometheus|--header|--summary|--local-time|--sort=total|-");
	ck_assert_int_eq(options.format, FORMAT_PROMETHEUS);
	refuse("-fprometheus|-n3|-", "--top does not go with");
	refuse("-fprometheus|--active|-", "--active does not go with");
	accept("-fprometheus|-fjson|-n3|--active|-");
	accept("-fprometheus|--merge|-");
}
END_TEST

START_TEST(labels_of_prometheus_differ)
{
	refuse("-fprometheus|-ka.b,a_b|-",
	       "the FIELDs 'a.b' and 'a_b' are the same label");
	refuse("-fprometheus|-k5,_5|-", "the FIELDs '5' and '_5'");
	refuse("-fprometheus|-kx|-k\xc3\xa9|-k/|-", "'\xc3\xa9' and '/'");
	refuse("-fprometheus|-k__name__,___name__|-", "the FIELDs '__name__'");
	accept("-fprometheus|-k__name__|-");
	accept("-fprometheus|-ka5,a6,_a5,A5|-");
	accept("-ftsv|-ka.b,a_b|-");
}
END_TEST

START_TEST(live_is_the_table)
{
	accept("--live|-");
	ck_assert_int_eq(options.format, FORMAT_TABLE);
	accept("--live|-o|out|-");
	ck_assert_int_eq(options.format, FORMAT_TABLE);
	accept("--live|-ftsv|-ftable|-");
	refuse("--live|-ftsv|-", "--live is for the table");
	refuse("-fprometheus|--live|-", "--live is for the table");
}
END_TEST

START_TEST(end_of_a_stream_cannot_be_known_beforehand)
{
	refuse("--until-end|localhost|1",
	       "--until-end: the end of 'tcp://localhost:1' cannot be known");
	refuse("--until-end|--follow|file|-", "the end of '-'");
	accept("--until-end|--follow|file|folder|missing");
	accept("--until-end|file");
}
END_TEST

START_TEST(followed_file_may_come_later)
{
	accept("--follow|missing|other.missing");
	ck_assert_uint_eq(options.operand_count, 2);
	ck_assert_int_eq(options.window_ns, 5 * NS_PER_S);
	accept("missing|--follow");
	refuse("missing", "'missing' is no existing file");
	refuse("--follow|foo://x", "no scheme 'foo'");
	refuse("--follow", "a source is missing");
}
END_TEST

START_TEST(state_is_no_other_file)
{
	refuse("--state=file|file", "--state=file is the same file as the "
				    "source 'file'");
	refuse("--state=new|--follow|./new", "--state=new is the same file");
	refuse("--state=folder/new|folder", "--state=folder/new is in the "
					    "directory 'folder'");
	refuse("--state=new|-o|new|file", "the same file as --output=new");
	refuse("--state=hard|--rejects=file|other", "as --rejects=file");
	refuse("--rejects=new|--state=new2|-o|new|other", "--rejects=new is");
	accept("--state=new|-o|new2|--rejects=new3|file");
	accept("--state=folder/.new|folder");
}
END_TEST

START_TEST(with_a_state_no_file_is_read_twice)
{
	accept("file|hard");
	refuse("--state=new|file|other|hard",
	       "'hard' would be read twice, as 'file' too");
	refuse("--state=new|file|soft", "'soft' would be read twice");
	refuse("--state=new|--follow|missing|./missing", "read twice");
	refuse("--state=new|folder|folder/inside", "read twice");
	refuse("--state=new|folder/inside|folder", "read twice");
	refuse("--state=new|folder|./folder", "read twice");
	accept("--state=new|file|other|folder|fifo");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		each_option_of_time_and_state_is_read,
		slide_is_the_window_unless_given,
		slide_divides_the_window,
		zero_is_a_lateness_and_a_way_ahead,
		idle_is_left_to_the_windows_unless_it_is_given,
		bad_argument_is_named_with_its_option,
		all_is_a_window_by_arrival_only,
		option_that_needs_another_says_so,
		merge_takes_keys_times_and_sums_from_the_rows,
		named_groups_say_how_many_keys_merged_rows_have,
		prometheus_has_counters_that_do_not_fall,
		labels_of_prometheus_differ,
		live_is_the_table,
		end_of_a_stream_cannot_be_known_beforehand,
		followed_file_may_come_later,
		state_is_no_other_file,
		with_a_state_no_file_is_read_twice,
	};
	Suite *suite = suite_create("options_query");
	TCase *tcase = tcase_create("options_query");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
