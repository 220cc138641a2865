#include <stdio.h>

#include "core/key.h"
#include "option_table.h"
#include "options_line.h"

START_TEST(defaults_are_those_of_the_contract)
{
	accept("localhost|9998");
	ck_assert_uint_eq(options.key_count, 1);
	ck_assert_str_eq(options.key_names[0], "status");
	ck_assert_int_eq(options.window_ns, 5 * NS_PER_S);
	ck_assert_ptr_null(options.missing_label);
	ck_assert_ptr_null(options.output_path);
	ck_assert_uint_eq(options.top, 0);
	ck_assert_int_eq(options.order, ORDER_KEY);
	ck_assert(!options.header && !options.summary && !options.active);
	ck_assert_int_eq(options.color, WHEN_AUTO);
	ck_assert_int_eq(options.progress, WHEN_AUTO);
	ck_assert_uint_eq(options.max_windows, 0);
	ck_assert_int_eq(options.run_ns, 0);
	ck_assert(!options.strict && !options.reconnect);
	ck_assert_int_eq(options.connect_timeout_ns, 10 * NS_PER_S);
	ck_assert(options.idle_timeout_ns == TIME_NEVER);
	ck_assert_uint_eq(options.max_line_bytes, 1 << 20);
	ck_assert_uint_eq(options.max_groups, 1000000);
	ck_assert_ptr_null(options.rejects_path);
	ck_assert_int_eq(options.log_level, LOG_NORMAL);
	ck_assert_int_eq(options.slide_ns, 5 * NS_PER_S);
	ck_assert_ptr_null(options.time_field);
	ck_assert_int_eq(options.lateness_ns, 0);
	ck_assert_int_eq(options.idle_ns, 0);
	ck_assert_int_eq(options.max_ahead_ns, 86400 * NS_PER_S);
	ck_assert_ptr_null(options.sum_field);
	ck_assert_uint_eq(options.filter_count, 0);
	ck_assert(options.forget_ns == TIME_NEVER);
	ck_assert(!options.merge && !options.live && !options.until_end);
	ck_assert(!options.drain && !options.follow);
	ck_assert_ptr_null(options.state_path);
}
END_TEST

START_TEST(window_is_all_when_only_files_are_read)
{
	static const struct {
		const char *line;
		bool all;
	} cases[] = {
		{"file", true},
		{"folder", true},
		{"soft|folder", true},
		{"file|-", false},
		{"-", false},
		{"fifo", false},
		{"file|fifo", false},
		{"file|tcp://a:1", false},
		{"/dev/null", false},
		{"no/such", false},
		{"-w5|file", false},
		{"-w|all|localhost|1", true},
		{"-wall|-w1|file", false},
		{"--follow|file", false},
		{"--time=t|file", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		accept(cases[i].line);
		ck_assert_msg((options.window_ns == 0) == cases[i].all, "%s",
			      cases[i].line);
	}
}
END_TEST

START_TEST(each_option_is_read)
{
	accept("-k|a,b|--key=/c,d|-w|1.5s|--missing=none|--expect=1\t2\t3|-f|"
	       "json|-o|out|-n|7|--active|--summary|--local-time|"
	       "--color=always|--progress=never|-m|3|--for=1m|"
	       "--fail-if=@orders=0|--strict|-r|--connect-timeout=2|"
	       "--idle-timeout=3|--max-line=64K|--max-groups=9|--threads=5|"
	       "--rejects=bad|"
	       "-v|localhost|9998");
	ck_assert_uint_eq(options.key_count, 3);
	ck_assert_str_eq(options.key_names[0], "a");
	ck_assert_str_eq(options.key_names[1], "b");
	ck_assert_str_eq(options.key_names[2], "/c,d");
	ck_assert_int_eq(options.window_ns, 1500 * NS_PER_MS);
	ck_assert_str_eq(options.missing_label, "none");
	ck_assert_uint_eq(options.expected_count, 1);
	ck_assert_int_eq(options.format, FORMAT_JSON);
	ck_assert_str_eq(options.output_path, "out");
	ck_assert_uint_eq(options.top, 7);
	ck_assert_int_eq(options.order, ORDER_COUNT);
	ck_assert(options.active && options.summary && options.local_time);
	ck_assert_int_eq(options.color, WHEN_ALWAYS);
	ck_assert_int_eq(options.progress, WHEN_NEVER);
	ck_assert_uint_eq(options.max_windows, 3);
	ck_assert_int_eq(options.run_ns, 60 * NS_PER_S);
	ck_assert_uint_eq(options.condition_count, 1);
	ck_assert_int_eq(options.conditions[0].name, CONDITION_ORDERS);
	ck_assert_uint_eq(options.threads, 5);
	ck_assert(options.strict && options.reconnect);
	ck_assert_int_eq(options.connect_timeout_ns, 2 * NS_PER_S);
	ck_assert_int_eq(options.idle_timeout_ns, 3 * NS_PER_S);
	ck_assert_uint_eq(options.max_line_bytes, 65536);
	ck_assert_uint_eq(options.max_groups, 9);
	ck_assert_str_eq(options.rejects_path, "bad");
	ck_assert_int_eq(options.log_level, LOG_VERBOSE);
}
END_TEST

START_TEST(last_of_an_option_wins)
{
	accept("-w1|-w2|-n3|-n4|-fjson|-ftable|--header|--no-header|-v|-q|"
	       "-o|x|-o|-|--sort=count|--sort=key|file");
	ck_assert_int_eq(options.window_ns, 2 * NS_PER_S);
	ck_assert_uint_eq(options.top, 4);
	ck_assert_int_eq(options.format, FORMAT_TABLE);
	ck_assert(!options.header);
	ck_assert_int_eq(options.log_level, LOG_MUST);
	ck_assert_ptr_null(options.output_path);
	ck_assert_int_eq(options.order, ORDER_KEY);
	accept("--no-header|--header|file");
	ck_assert(options.header);
}
END_TEST

START_TEST(header_is_for_csv_unless_said)
{
	accept("-fcsv|file");
	ck_assert(options.header);
	accept("-ftsv|file");
	ck_assert(!options.header);
	accept("-fcsv|--no-header|file");
	ck_assert(!options.header);
	accept("-ftsv|--header|file");
	ck_assert(options.header);
}
END_TEST

START_TEST(format_is_tsv_when_written_to_a_file)
{
	accept("-o|out|file");
	ck_assert_int_eq(options.format, FORMAT_TSV);
}
END_TEST

START_TEST(options_and_operands_may_mix)
{
	accept("localhost|-w1|9998|-q");
	ck_assert_uint_eq(options.operand_count, 1);
	ck_assert_str_eq(options.operands[0].name, "tcp://localhost:9998");
	ck_assert_int_eq(options.window_ns, NS_PER_S);
	accept("--|file|other");
	ck_assert_uint_eq(options.operand_count, 2);
	refuse("--|-w", "'-w'");
}
END_TEST

START_TEST(long_options_may_be_abbreviated)
{
	accept("--win=7|--max-w=2|--exp=A|file");
	ck_assert_int_eq(options.window_ns, 7 * NS_PER_S);
	ck_assert_uint_eq(options.max_windows, 2);
	refuse("--max=2|file",
	       "option '--max=2' is ambiguous: --max-ahead --max-windows "
	       "--max-line --max-groups");
	refuse("--he|file", "ambiguous: --header --help");
}
END_TEST

START_TEST(getopt_errors_are_said_in_our_words)
{
	refuse("--nonsense|file", "unknown option '--nonsense'");
	refuse("--https=5|file", "unknown option '--https'");
	refuse("--=5|file", "unknown option '--'");
	refuse("-x|file", "unknown option '-x'");
	refuse("-qx|file", "unknown option '-x'");
	refuse("-?|file", "unknown option '-?'");
	refuse("-:|file", "unknown option '-:'");
	refuse("-\xc3\xa9|file", "byte 0xc3");
	refuse("file|--window", "--window: its argument DURATION|all is miss");
	refuse("file|-w", "-w: its argument DURATION|all is missing");
	refuse("--strict=1|file", "--strict takes no argument");
}
END_TEST

START_TEST(bad_arguments_name_option_and_argument)
{
	static const char *const cases[][2] = {
		{"-w|0", "-w '0': "},
		{"--window=-1", "--window '-1': "},
		{"--window=5x", "--window '5x': "},
		{"--window=", "--window '': "},
		{"--window=ALL", "--window 'ALL': "},
		{"--window=99999999999999999999", "--window '999"},
		{"--window=36501d", "--window '36501d': is"},
		{"--for=0", "--for '0': "},
		{"--for=all", "--for 'all': "},
		{"--connect-timeout=x", "--connect-timeout 'x': "},
		{"--idle-timeout=0", "--idle-timeout '0': "},
		{"--top=0", "--top '0': "},
		{"-n|-1", "-n '-1': "},
		{"--top=18446744073709551616", "--top '1844"},
		{"--max-windows=0", "--max-windows '0': "},
		{"--max-windows=1.5", "--max-windows '1.5': "},
		{"--max-groups=0", "--max-groups '0': "},
		{"--threads=0", "--threads '0': "},
		{"--threads=65", "--threads '65': is more than 64"},
		{"--threads=x", "--threads 'x': "},
		{"--max-line=0", "--max-line '0': "},
		{"--max-line=1Q", "--max-line '1Q': "},
		{"--max-line=1025M", "more than 1G"},
		{"--format=xml",
		 "--format 'xml': is not one of: table tsv csv json "
		 "prometheus"},
		{"--format=", "not one of"},
		{"--sort=sum", "not one of: key count total"},
		{"--color=yes", "not one of: auto always never"},
		{"--progress=on", "not one of: auto always never"},
		{"--output=", "name of the file is empty"},
		{"--rejects=", "name of the file is empty"},
		{"--rejects=-", "standard output is for the rows"},
		{"--missing=\xff", "UTF-8"},
		{"--key=", "a FIELD is empty"},
		{"--key=a,", "a FIELD is empty"},
		{"--key=,a", "a FIELD is empty"},
		{"--key=a..b", "--key 'a..b': a step is empty"},
		{"--key=/a~2", "~0"},
		{"--key=a,b,a", "the FIELD 'a' is given twice"},
		{"-ka,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "more than 16 FIELDs"},
		{"--expect=", "--expect '': "},
		{"--expect=A\tB", "--expect 'A\tB': "},
		{"--fail-if=FAILED", "was '>' taken by the shell? quote it)"},
		{"--fail-if=@x>1", "--fail-if '@x>1': unknown name"},
	};
	char line[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(line, sizeof(line), "%s|file", cases[i][0]);
		refuse(line, cases[i][1]);
	}
}
END_TEST

START_TEST(same_path_in_two_spellings_is_two_keys)
{
	accept("-k|status|-k|/status|file");
	ck_assert_uint_eq(options.key_count, 2);
	accept("-ka,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p|file");
	ck_assert_uint_eq(options.key_count, 16);
}
END_TEST

START_TEST(label_may_be_empty_and_has_a_limit)
{
	char line[5000] = "--missing=";

	accept("--missing=|file");
	ck_assert_str_eq(options.missing_label, "");
	memset(line + 10, 'a', 4096);
	memcpy(line + 10 + 4096, "|file", 6);
	ck_assert_int_eq(read_line(line), OPTIONS_RUN);
	memcpy(line + 10 + 4096, "a|file", 7);
	ck_assert_int_eq(read_line(line), OPTIONS_WRONG);
}
END_TEST

START_TEST(keys_are_read_with_all_options_known)
{
	/* --key comes last, and each needs its number of columns */
	accept("--expect=A\tB|--fail-if=A\tB>1|-k|a,b|file");
	ck_assert_uint_eq(options.expected_count, 1);
	refuse("--expect=A|-k|a,b|file", "--expect 'A'");
	refuse("--fail-if=A>1|-k|a,b|file", "--fail-if 'A>1'");
}
END_TEST

START_TEST(expected_group_given_twice_is_one)
{
	accept("--expect=A|--expect=B|--expect=A|file");
	ck_assert_uint_eq(options.expected_count, 2);
	accept("--expect=5|--expect=\"5\"|--expect=5|file");
	ck_assert_uint_eq(options.expected_count, 2);
}
END_TEST

START_TEST(no_file_is_read_and_written)
{
	refuse("-o|file|file", "--output=file is the same file as the source");
	refuse("-o|./file|other|file", "the same file");
	refuse("-o|hard|file", "the same file");
	refuse("-o|soft|file", "the same file");
	refuse("-o|file|soft", "the same file");
	refuse("-o|fifo|fifo", "the same file");
	refuse("--rejects=hard|file", "--rejects=hard is the same file");
	refuse("-o|./new|./new", "the same file");
	refuse("-o|folder/inside|folder", "in the directory 'folder'");
	refuse("-o|folder/new|folder", "in the directory 'folder'");
	refuse("--rejects=new|.", "in the directory '.'");
	accept("-o|folder/.new|folder");
	accept("-o|folder/new|.");
	accept("-o|other|file");
	accept("-o|fifo|.");
	accept("-o|/dev/null|/dev/null");
}
END_TEST

START_TEST(no_file_is_written_in_two_ways)
{
	refuse("-o|other|--rejects=other|file", "--rejects=other is the same");
	refuse("-o|new|--rejects=./new|file", "the same file as --output=new");
	accept("-o|new|--rejects=new2|file");
	accept("-o|/dev/null|--rejects=/dev/null|file");
}
END_TEST

START_TEST(help_and_version_come_first)
{
	ck_assert_int_eq(read_line("--help|--nonsense"), OPTIONS_HELP);
	ck_assert_int_eq(read_line("-q|-h"), OPTIONS_HELP);
	ck_assert_int_eq(read_line("-V"), OPTIONS_VERSION);
	ck_assert_int_eq(read_line("--version|-x"), OPTIONS_VERSION);
	refuse("--nonsense|--help", "unknown option");
}
END_TEST

START_TEST(table_has_all_names_once)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_entry *entry = &option_table[i];

		ck_assert_ptr_nonnull(entry->name);
		ck_assert_ptr_nonnull(entry->help);
		ck_assert((entry->words != NULL) ==
			  (entry->completion == COMPLETE_WORDS));
		for (int j = 0; j < i; j++) {
			ck_assert_str_ne(entry->name, option_table[j].name);
			ck_assert(entry->letter == '\0' ||
				  entry->letter != option_table[j].letter);
		}
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		defaults_are_those_of_the_contract,
		window_is_all_when_only_files_are_read,
		each_option_is_read,
		last_of_an_option_wins,
		header_is_for_csv_unless_said,
		format_is_tsv_when_written_to_a_file,
		options_and_operands_may_mix,
		long_options_may_be_abbreviated,
		getopt_errors_are_said_in_our_words,
		bad_arguments_name_option_and_argument,
		same_path_in_two_spellings_is_two_keys,
		label_may_be_empty_and_has_a_limit,
		keys_are_read_with_all_options_known,
		expected_group_given_twice_is_one,
		no_file_is_read_and_written,
		no_file_is_written_in_two_ways,
		help_and_version_come_first,
		table_has_all_names_once,
	};
	Suite *suite = suite_create("options");
	TCase *tcase = tcase_create("options");
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
