/*
 * What members publish beside rows: marks and tallies.
 */
#include "merge_judged.h"

#define NEWS_QUERY "\"query\":\"0123456789abcdef\""
#define QUERY_HASH UINT64_C(0x0123456789abcdef)

static struct member_mark mark;
static struct tallies tallies;
static uint64_t query;

static enum record_verdict read_line(const char *line, enum merge_step step)
{
	ck_assert_int_eq(judge_until(line, INT64_MAX), step);
	if (step == MERGE_MARK)
		return merge_read_mark(&merge, exact.line, &mark);
	return merge_read_tallies(&merge, exact.line, &tallies, &query);
}

static void assert_bad(const char *line, enum merge_step step,
		       enum reject_reason reason, const char *field)
{
	ck_assert_int_eq(read_line(line, step), RECORD_REJECTED);
	ck_assert_msg(merge.record.reason == reason, "%s: reason %d", line,
		      (int)merge.record.reason);
	ck_assert_str_eq(merge.record.field, field);
	ck_assert_uint_le(merge.record.column, strlen(line));
}

/* --- marks ---------------------------------------------------------------- */

static const struct field {
	const char *name, *value;
} fields[] = {
	{"source", "\"orders\""},
	{"partition", "3"},
	{"of", "8"},
	{"from", "100"},
	{"to", "200"},
	{"newest", "\"1970-01-01T01:00:00.5Z\""},
	{"idle", "false"},
	{"partials", "4"},
	{"sources", "2"},
	{"query", "\"0123456789abcdef\""},
};

/* A mark in which that field has another value, NULL: is not there. */
static char *mark_with(const char *name, const char *value)
{
	struct buffer line = {0};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		bool other = name && strcmp(fields[i].name, name) == 0;
		const char *shown = other ? value : fields[i].value;

		if (shown)
			buffer_printf(&line, "%s\"%s\":%s",
				      line.size > 0 ? "," : "{", fields[i].name,
				      shown);
	}
	buffer_append(&line, "}", 2);
	ck_assert(!line.failed);
	return line.data;
}

static void assert_mark_with(const char *name, const char *value)
{
	char *line = mark_with(name, value);

	ck_assert_msg(read_line(line, MERGE_MARK) == RECORD_COUNTS, "%s", line);
	free(line);
}

static void assert_bad_with(const char *name, const char *value,
			    enum reject_reason reason)
{
	char *line = mark_with(name, value);

	assert_bad(line, MERGE_MARK, reason, name);
	free(line);
}

START_TEST(a_mark_is_read)
{
	assert_mark_with(NULL, NULL);
	ck_assert(span_is(mark.source, "orders"));
	ck_assert_uint_eq(mark.partition, 3);
	ck_assert_uint_eq(mark.of, 8);
	ck_assert(mark.ranged);
	ck_assert_uint_eq(mark.from, 100);
	ck_assert_uint_eq(mark.to, 200);
	ck_assert_int_eq(mark.newest_ns, START_NS + SECOND_NS / 2);
	ck_assert(!mark.idle);
	ck_assert_uint_eq(mark.partials, 4);
	ck_assert_uint_eq(mark.sources, 2);
	ck_assert_uint_eq(mark.query, QUERY_HASH);
}
END_TEST

START_TEST(offsets_and_the_newest_time_may_be_null)
{
	assert_mark_with("newest", "null");
	ck_assert_int_eq(mark.newest_ns, TIME_NONE);
	ck_assert_int_eq(
		read_line("{\"source\":\"\\u0061 b\",\"partition\":0,\"of\":1,"
			  "\"from\":null,\"to\":null,\"newest\":null,"
			  "\"idle\":true,\"partials\":1,\"sources\":1,"
			  "\"other\":[],\"query\":\"00000000000000ff\"}",
			  MERGE_MARK),
		RECORD_COUNTS);
	ck_assert(!mark.ranged);
	ck_assert(mark.idle);
	ck_assert(span_is(mark.source, "a b"));
	ck_assert_uint_eq(mark.query, 255);
}
END_TEST

START_TEST(a_mark_without_a_field_is_a_missing_key)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *line = mark_with(fields[i].name, NULL);

		/* These two make it one. */
		if (strcmp(fields[i].name, "source") == 0 ||
		    strcmp(fields[i].name, "query") == 0)
			assert_rejected(line, REJECT_MISSING_KEY, "key", "{");
		else
			assert_bad(line, MERGE_MARK, REJECT_MISSING_KEY,
				   fields[i].name);
		free(line);
	}
}
END_TEST

START_TEST(a_field_of_a_mark_that_is_none_is_told)
{
	static const char *const numbers[] = {"partition", "of", "from",
					      "partials", "sources"};
	static const char *const none[] = {"\"1\"", "-1", "1.5", "[]", "true"};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		for (size_t j = 0; j < sizeof(none) / sizeof(none[0]); j++)
			assert_bad_with(numbers[i], none[j], REJECT_BAD_NUMBER);
	assert_bad_with("partition", "8", REJECT_BAD_NUMBER);
	assert_bad_with("of", "0", REJECT_BAD_NUMBER);
	assert_bad_with("of", "1000001", REJECT_BAD_NUMBER);
	assert_bad_with("partials", "0", REJECT_BAD_NUMBER);
	assert_bad_with("sources", "0", REJECT_BAD_NUMBER);
	assert_bad_with("idle", "0", REJECT_BAD_NUMBER);
	assert_bad_with("idle", "null", REJECT_BAD_NUMBER);
	/* The offsets as a pair. */
	assert_bad_with("from", "null", REJECT_BAD_NUMBER);
	assert_bad_with("from", "201", REJECT_BAD_NUMBER);
	assert_bad_with("from", "9223372036854775808", REJECT_BAD_NUMBER);
	assert_bad_with("newest", "5", REJECT_BAD_TIME);
	assert_bad_with("newest", "\"today\"", REJECT_BAD_TIME);
	assert_bad_with("source", "5", REJECT_BAD_KEY);
	assert_bad_with("source", "null", REJECT_BAD_KEY);
	assert_bad_with("source", "\"\"", REJECT_BAD_KEY);
	assert_bad_with("source", "\"a\\u0000\"", REJECT_BAD_KEY);
	assert_bad_with("source", "\"a\\u001b\"", REJECT_BAD_KEY);
	assert_bad_with("source", "\"\\ud800\"", REJECT_BAD_KEY);
	assert_bad_with("query", "7", REJECT_BAD_NUMBER);
	assert_bad_with("query", "\"0123456789ABCDEF\"", REJECT_BAD_NUMBER);
	assert_bad_with("query", "\"0123456789abcde\"", REJECT_BAD_NUMBER);
	assert_bad_with("query", "\"0123456789abcdef0\"", REJECT_BAD_NUMBER);
}
END_TEST

/* --- tallies -------------------------------------------------------------- */

START_TEST(tallies_are_read)
{
	ck_assert_int_eq(
		read_line("{\"tallies\":{\"read\":9,\"counted\":7,\"rejected\":"
			  "{\"bad_key\":1,\"too_long\":2},\"filtered\":3,"
			  "\"late\":4}," NEWS_QUERY "}",
			  MERGE_TALLIES),
		RECORD_COUNTS);
	ck_assert_uint_eq(tallies.read, 9);
	ck_assert_uint_eq(tallies.counted, 7);
	ck_assert_uint_eq(tallies.rejected[REJECT_BAD_KEY], 1);
	ck_assert_uint_eq(tallies.rejected[REJECT_TOO_LONG], 2);
	ck_assert_uint_eq(tallies_rejected(&tallies), 3);
	ck_assert_uint_eq(tallies.filtered, 3);
	ck_assert_uint_eq(tallies.late, 4);
	ck_assert_uint_eq(query, QUERY_HASH);
}
END_TEST

#define TALLIES(read, rejected)                                      \
	"{\"tallies\":{" read "\"counted\":7,\"rejected\":" rejected \
	",\"filtered\":3,\"late\":4}," NEWS_QUERY "}"

START_TEST(bad_tallies_are_told)
{
	static const char *const rejected[] = {
		"5", "null", "{\"bad_key\":-1}", "{\"sunspots\":1}",
		"{\"bad_key\":1,\"bad_time\":null}"};

	ck_assert_int_eq(read_line(TALLIES("\"read\":7,", "{}"), MERGE_TALLIES),
			 RECORD_COUNTS);
	assert_bad(TALLIES("", "{}"), MERGE_TALLIES, REJECT_MISSING_KEY,
		   "tallies.read");
	assert_bad(TALLIES("\"read\":\"7\",", "{}"), MERGE_TALLIES,
		   REJECT_BAD_NUMBER, "tallies.read");
	assert_bad("{\"tallies\":5," NEWS_QUERY "}", MERGE_TALLIES,
		   REJECT_BAD_NUMBER, "tallies");
	assert_bad("{\"tallies\":{}," NEWS_QUERY "}", MERGE_TALLIES,
		   REJECT_MISSING_KEY, "tallies.read");
	assert_bad("{\"tallies\":{\"read\":1,\"counted\":1,\"rejected\":{},"
		   "\"filtered\":0,\"late\":0},\"query\":1}",
		   MERGE_TALLIES, REJECT_BAD_NUMBER, "query");
	for (size_t i = 0; i < sizeof(rejected) / sizeof(rejected[0]); i++) {
		struct buffer line = {0};

		buffer_printf(&line,
			      "{\"tallies\":{\"read\":1,\"counted\":7,"
			      "\"rejected\":%s,\"filtered\":3,\"late\":4}"
			      "," NEWS_QUERY "}",
			      rejected[i]);
		buffer_append_char(&line, '\0');
		assert_bad(line.data, MERGE_TALLIES, REJECT_BAD_NUMBER,
			   "tallies.rejected");
		buffer_release(&line);
	}
}
END_TEST

/* --- what is neither ------------------------------------------------------ */

START_TEST(a_line_with_a_start_is_a_row_whatever_stands_in_it)
{
	assert_counts("{" WINDOW "\"key\":null,\"count\":1,\"source\":\"s\","
		      "\"tallies\":{}," NEWS_QUERY "}",
		      1);
	ck_assert(!merge.has_total);
	assert_counts("{" WINDOW "\"key\":null,\"count\":1,\"total\":null}", 1);
	ck_assert(merge.has_total);
	assert_rejected("{" NEWS_QUERY "}", REJECT_MISSING_KEY, "key", "{");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("merge news");
	TCase *tests = tcase_create("merge news");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, begin_merge, end_merge);
	tcase_add_test(tests, a_mark_is_read);
	tcase_add_test(tests, offsets_and_the_newest_time_may_be_null);
	tcase_add_test(tests, a_mark_without_a_field_is_a_missing_key);
	tcase_add_test(tests, a_field_of_a_mark_that_is_none_is_told);
	tcase_add_test(tests, tallies_are_read);
	tcase_add_test(tests, bad_tallies_are_told);
	tcase_add_test(tests,
		       a_line_with_a_start_is_a_row_whatever_stands_in_it);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
