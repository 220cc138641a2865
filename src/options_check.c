#include "options_steps.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "http/http.h"
#include "kafka/kafka.h"
#include "kinesis/kinesis.h"
#include "tls/tls.h"
#include "report/label.h"

#define SLIDES_MAX 10000

#define MERGE_DOES "that is for the --merge which adds up and prints"

/* Options that do not go together, and why. */
static const struct {
	enum option_id option;
	enum option_id other;
	const char *why;
} conflicts[] = {
	{OPTION_KEY, OPTION_MERGE, "the rows name their keys"},
	{OPTION_TIME, OPTION_MERGE, "the time of a row is its start"},
	{OPTION_SLIDE, OPTION_MERGE, "a row is of one window"},
	{OPTION_WHERE, OPTION_MERGE, "filter where the rows are made"},
	{OPTION_MISSING, OPTION_MERGE, "a row has all of its keys"},
	{OPTION_SUM, OPTION_MERGE, "the sums of the rows are added up anyway"},
	{OPTION_MERGE, OPTION_PUBLISH, "merge what members publish elsewhere"},
	{OPTION_STATE, OPTION_PUBLISH,
	 "what a member counted is in Kafka, and so is where it goes on"},
	{OPTION_TOP, OPTION_PUBLISH, MERGE_DOES},
	{OPTION_ACTIVE, OPTION_PUBLISH, MERGE_DOES},
	{OPTION_SLIDE, OPTION_PUBLISH, "the merge knows no sliding windows"},
	{OPTION_LATENESS, OPTION_PUBLISH, MERGE_DOES},
	{OPTION_MAX_GROUPS, OPTION_PUBLISH, MERGE_DOES},
	{OPTION_FORGET, OPTION_PUBLISH, MERGE_DOES},
	{OPTION_EXPECT, OPTION_PUBLISH, MERGE_DOES},
	{OPTION_FAIL_IF, OPTION_PUBLISH, MERGE_DOES},
	{OPTION_MAX_WINDOWS, OPTION_PUBLISH, "a member prints no windows"},
	{OPTION_OUTPUT, OPTION_PUBLISH, "a member prints nothing"},
	{OPTION_LIVE, OPTION_PUBLISH, "a member prints nothing"},
};

static int check_conflicts(const struct choices *choices, struct error *error)
{
	for (size_t i = 0; i < sizeof(conflicts) / sizeof(*conflicts); i++) {
		if (choices->given[conflicts[i].option] &&
		    choices->given[conflicts[i].other])
			return error_set(error,
					 "--%s does not go with --%s: %s",
					 option_table[conflicts[i].option].name,
					 option_table[conflicts[i].other].name,
					 conflicts[i].why);
	}
	return 0;
}

/* Options that mean nothing without another. */
static int check_needs(const struct options *options,
		       const struct choices *choices, struct error *error)
{
	static const enum option_id by_time[] = {
		OPTION_LATENESS, OPTION_IDLE, OPTION_MAX_AHEAD, OPTION_DRAIN};
	bool timed = options->time_field || options->merge ||
		     choices->given[OPTION_PUBLISH];

	for (size_t i = 0; i < sizeof(by_time) / sizeof(*by_time); i++) {
		if (choices->given[by_time[i]] && !timed)
			return error_set(error,
					 "--%s needs --time (or --merge): "
					 "windows by arrival end by the clock",
					 option_table[by_time[i]].name);
	}
	if (options->drain && !options->state_path)
		return error_set(error,
				 "--drain needs --state: without one no window "
				 "is kept, and the open ones print anyway");
	return 0;
}

static int check_all(const struct options *options,
		     const struct choices *choices, struct error *error)
{
	static const enum option_id others[] = {OPTION_TIME, OPTION_SLIDE,
						OPTION_MERGE, OPTION_PUBLISH};

	if (!choices->given[OPTION_WINDOW] || options->window_ns > 0)
		return 0;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		if (choices->given[others[i]])
			return error_set(error,
					 "--window=all does not go with --%s: "
					 "give the windows a length",
					 option_table[others[i]].name);
	}
	return 0;
}

static int check_format(const struct options *options,
			const struct choices *choices, struct error *error)
{
	static const enum option_id falling[] = {OPTION_TOP, OPTION_ACTIVE};

	if (!choices->given[OPTION_FORMAT])
		return 0;
	if (options->live && options->format != FORMAT_TABLE)
		return error_set(error,
				 "--live is for the table: it does not go with "
				 "another --format");
	for (size_t i = 0; i < sizeof(falling) / sizeof(*falling); i++) {
		if (options->format == FORMAT_PROMETHEUS &&
		    choices->given[falling[i]])
			return error_set(error,
					 "--%s does not go with "
					 "--format=prometheus: a counter must "
					 "not fall or go",
					 option_table[falling[i]].name);
	}
	return 0;
}

static int check_until_end(const struct options *options, struct error *error)
{
	for (size_t i = 0; options->until_end && i < options->operand_count;
	     i++) {
		enum operand_kind kind = options->operands[i].kind;

		if (kind != OPERAND_PATH && kind != OPERAND_KAFKA &&
		    kind != OPERAND_KINESIS)
			return error_set(error,
					 "--until-end: the end of '%s' cannot "
					 "be known beforehand",
					 options->operands[i].name);
	}
	return 0;
}

static bool reads(const struct options *options, enum operand_kind kind)
{
	for (size_t i = 0; i < options->operand_count; i++)
		if (options->operands[i].kind == kind)
			return true;
	return false;
}

/* A topic that is read twice would be counted twice. */
static int check_topics(const struct operand *one, const struct operand *other,
			struct error *error)
{
	for (size_t i = 0; i < one->topic_count; i++)
		for (size_t k = 0; k < other->topic_count; k++)
			if (strcmp(one->topics[i], other->topics[k]) == 0 &&
			    strcmp(one->host, other->host) == 0 &&
			    (one->range_count == 0 || other->range_count == 0))
				return error_set(error,
						 "the topic '%s' is given "
						 "twice, and would be counted "
						 "twice",
						 one->topics[i]);
	return 0;
}

static int check_operand(const struct options *options, size_t i,
			 struct error *error)
{
	const struct operand *operand = &options->operands[i];

	if (operand->kind != OPERAND_KAFKA)
		return 0;
	if (options->group && operand->range_count > 0)
		return error_set(error,
				 "'%s': --group shares the partitions out, "
				 "?partitions= does not go with it",
				 operand->name);
	for (size_t k = 0; k < i; k++)
		if (check_topics(operand, &options->operands[k], error) != 0)
			return -1;
	return 0;
}

static int check_kafka(const struct options *options,
		       const struct choices *choices, struct error *error)
{
	static const enum option_id of_kafka[] = {OPTION_GROUP, OPTION_KAFKA,
						  OPTION_MEMBER};
	bool publishes = choices->given[OPTION_PUBLISH];
	size_t kafka_count = 0;

	if ((publishes || reads(options, OPERAND_KAFKA)) &&
	    kafka_check_built(error) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(of_kafka) / sizeof(*of_kafka); i++)
		if (choices->given[of_kafka[i]] && !publishes &&
		    !reads(options, OPERAND_KAFKA))
			return error_set(error,
					 "--%s is for kafka:// sources, and "
					 "there is none",
					 option_table[of_kafka[i]].name);
	if (publishes && !options->group)
		return error_set(error,
				 "--publish needs --group: members of one "
				 "group share the work");
	if (options->member && !options->group)
		return error_set(error,
				 "--member needs --group: it is a name in one");
	for (size_t i = 0; i < options->operand_count; i++) {
		kafka_count += options->operands[i].kind == OPERAND_KAFKA;
		if (check_operand(options, i, error) != 0)
			return -1;
	}
	if (options->group && kafka_count > 1)
		return error_set(error,
				 "--group: write all of its topics into one "
				 "operand (kafka://BROKER/TOPIC,TOPIC)");
	for (size_t i = 0; i < choices->properties.count; i++)
		if (kafka_check_property(choices->properties.list[i], error) !=
		    0)
			return -1;
	return 0;
}

static bool is_same(const char *one, const char *other)
{
	return one == other || (one && other && strcmp(one, other) == 0);
}

/* A stream that is read twice would be counted twice. */
static int check_stream(const struct options *options, size_t i,
			struct error *error)
{
	const struct operand *operand = &options->operands[i];

	for (size_t k = 0; operand->kind == OPERAND_KINESIS && k < i; k++) {
		const struct operand *other = &options->operands[k];

		if (other->kind == OPERAND_KINESIS &&
		    strcmp(operand->stream, other->stream) == 0 &&
		    is_same(operand->region, other->region) &&
		    is_same(operand->endpoint, other->endpoint))
			return error_set(error,
					 "the stream '%s' is given twice, and "
					 "would be counted twice",
					 operand->stream);
	}
	return 0;
}

static int check_kinesis(const struct options *options,
			 const struct choices *choices, struct error *error)
{
	bool publishes = choices->given[OPTION_PUBLISH];

	if (reads(options, OPERAND_KINESIS) && kinesis_check_built(error) != 0)
		return -1;
	if (choices->given[OPTION_FROM] && !publishes &&
	    !reads(options, OPERAND_KAFKA) && !reads(options, OPERAND_KINESIS))
		return error_set(error, "--from is for kafka:// and kinesis:// "
					"sources, and there is none");
	for (size_t i = 0; i < options->operand_count; i++)
		if (check_stream(options, i, error) != 0)
			return -1;
	return 0;
}

static int check_tls(const struct options *options,
		     const struct choices *choices, struct error *error)
{
	static const enum option_id of_tls[] = {OPTION_TLS_CERT, OPTION_TLS_KEY,
						OPTION_TLS_CRL};
	bool by_tls = false;

	for (size_t i = 0; i < options->operand_count; i++)
		by_tls |= options->operands[i].by_tls;
	if (by_tls && tls_check_built(error) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(of_tls) / sizeof(*of_tls); i++)
		if (choices->given[of_tls[i]] && !by_tls)
			return error_set(error,
					 "--%s is for tls:// sources, and "
					 "there is none",
					 option_table[of_tls[i]].name);
	if (choices->given[OPTION_TLS_CA] && !by_tls &&
	    !reads(options, OPERAND_KINESIS))
		return error_set(error, "--tls-ca is for tls:// and kinesis:// "
					"sources, and there is none");
	if (options->tls.key && !options->tls.cert)
		return error_set(error,
				 "--tls-key needs --tls-cert: it is the key of "
				 "that");
	return 0;
}

static int check_http(const struct options *options,
		      const struct choices *choices, struct error *error)
{
	if (options->http && http_check_built(error) != 0)
		return -1;
	if (choices->given[OPTION_HTTP_KEEP] && !options->http)
		return error_set(error,
				 "--http-keep needs --http: without it no "
				 "window is kept");
	return 0;
}

int options_check_given(const struct options *options,
			const struct choices *choices, struct error *error)
{
	if (check_conflicts(choices, error) < 0 ||
	    check_needs(options, choices, error) < 0 ||
	    check_all(options, choices, error) < 0 ||
	    check_format(options, choices, error) < 0 ||
	    check_until_end(options, error) < 0 ||
	    check_kafka(options, choices, error) < 0 ||
	    check_kinesis(options, choices, error) < 0 ||
	    check_tls(options, choices, error) < 0 ||
	    check_http(options, choices, error) < 0)
		return -1;
	return 0;
}

static int check_slide(const struct options *options,
		       const struct choices *choices, struct error *error)
{
	int64_t slides;

	if (!choices->given[OPTION_SLIDE])
		return 0;
	if (options->window_ns == 0)
		return error_set(error,
				 "--slide needs a --window: without one files "
				 "are one window, all");
	if (options->slide_ns > options->window_ns)
		return error_set(error,
				 "--slide is longer than the window: what "
				 "falls between two windows would be lost");
	if (options->window_ns % options->slide_ns != 0)
		return error_set(error,
				 "--slide does not divide the window: try a "
				 "half, a fifth or a tenth of it");
	slides = options->window_ns / options->slide_ns;
	if (slides > SLIDES_MAX)
		return error_set(error,
				 "--slide is too short: a window would slide "
				 "%" PRId64 " times, and at most %d are kept",
				 slides, SLIDES_MAX);
	return 0;
}

/* With --merge the names come later. */
static int check_labels(const struct options *options, struct error *error)
{
	bool labels = options->format == FORMAT_PROMETHEUS || options->http;

	if (!labels || !options->key_names)
		return 0;
	return label_check_names((const char *const *)options->key_names,
				 options->key_count, error);
}

int options_check_resolved(const struct options *options,
			   const struct choices *choices, struct error *error)
{
	if (check_slide(options, choices, error) < 0 ||
	    check_labels(options, error) < 0)
		return -1;
	return 0;
}
