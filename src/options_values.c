#include "options_steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "base/utf8.h"
#include "core/fields.h"
#include "core/key.h"

/* More than a page can show. */
#define HTTP_KEEP_MAX  1000000
#define LINE_MAX_BYTES ((uint64_t)1 << 30)
/* Kafka takes names of groups and of transactions up to about this together. */
#define NAME_MAX_BYTES 200

/* Which of the words in the option's entry the text is. */
static int read_word(enum option_id id, const char *text, unsigned *number,
		     struct error *error)
{
	const char *words = option_table[id].words;

	for (*number = 0; *words != '\0'; (*number)++) {
		size_t size = strcspn(words, " ");

		if (span_is(span_make(words, size), text))
			return 0;
		words += size + strspn(words + size, " ");
	}
	return error_set(error, "is not one of: %s", option_table[id].words);
}

static int read_path(const char *text, const char **path, struct error *error)
{
	if (*text == '\0')
		return error_set(error, "the name of the file is empty");
	*path = text;
	return 0;
}

/* The path of a file of our own; `why` it cannot be "-". */
static int read_own_path(const char *text, const char **path, const char *why,
			 struct error *error)
{
	if (strcmp(text, "-") == 0)
		return error_set(error,
				 "%s (write ./- for a file of that name)", why);
	return read_path(text, path, error);
}

static int read_label(const char *text, const char **label, struct error *error)
{
	if (strlen(text) > KEY_PART_MAX)
		return error_set(error, "is longer than %d bytes",
				 KEY_PART_MAX);
	if (!utf8_is_valid(span_of(text)))
		return error_set(error, "is not valid UTF-8");
	*label = text;
	return 0;
}

static int add_text(struct texts *texts, const char *text, struct error *error)
{
	const char **list;

	list = realloc(texts->list, (texts->count + 1) * sizeof(*list));
	if (!list)
		return error_set(error, "out of memory");
	list[texts->count++] = text;
	texts->list = list;
	return 0;
}

/* Whether the text is a FIELD. */
static int check_field(const char *text, struct error *error)
{
	struct fields fields;
	int slot;

	fields_init(&fields);
	slot = fields_add(&fields, text, error);
	fields_release(&fields);
	return slot < 0 ? -1 : 0;
}

static int read_field(const char *text, const char **field, struct error *error)
{
	*field = text;
	return check_field(text, error);
}

/* A DURATION, or `never`. */
static int read_or_never(const char *text, int64_t *duration_ns,
			 struct error *error)
{
	if (strcmp(text, "never") != 0)
		return duration_parse(text, duration_ns, error);
	*duration_ns = TIME_NEVER;
	return 0;
}

static int add_key(struct options *options, struct span name,
		   struct error *error)
{
	char **names;
	char *copy;

	for (size_t i = 0; i < options->key_count; i++) {
		if (span_is(name, options->key_names[i]))
			return error_set(error, "the FIELD '%s' is given twice",
					 options->key_names[i]);
	}
	if (options->key_count == KEY_FIELDS_MAX)
		return error_set(error, "more than %d FIELDs", KEY_FIELDS_MAX);
	names = realloc(options->key_names,
			(options->key_count + 1) * sizeof(*names));
	if (!names)
		return error_set(error, "out of memory");
	options->key_names = names;
	copy = strndup(name.data, name.size);
	if (!copy)
		return error_set(error, "out of memory");
	names[options->key_count++] = copy;
	return check_field(copy, error);
}

static int add_keys(struct options *options, const char *list,
		    struct error *error)
{
	for (;;) {
		/* A JSON Pointer may hold commas. */
		size_t size = *list == '/' ? strlen(list) : strcspn(list, ",");

		if (add_key(options, span_make(list, size), error) < 0)
			return -1;
		if (list[size] == '\0')
			return 0;
		list += size + 1;
	}
}

/* How long windows are, and when they close. */
static int set_windows(struct options *options, enum option_id id,
		       const char *argument, struct error *error)
{
	switch (id) {
	case OPTION_WINDOW:
		options->window_ns = 0;
		if (strcmp(argument, "all") == 0)
			return 0;
		return duration_parse(argument, &options->window_ns, error);
	case OPTION_SLIDE:
		return duration_parse(argument, &options->slide_ns, error);
	case OPTION_TIME:
		return read_field(argument, &options->time_field, error);
	case OPTION_LATENESS:
		return duration_parse_or_zero(argument, &options->lateness_ns,
					      error);
	case OPTION_IDLE:
		return read_or_never(argument, &options->idle_ns, error);
	case OPTION_MAX_AHEAD:
		return duration_parse_or_zero(argument, &options->max_ahead_ns,
					      error);
	case OPTION_FORGET:
		return duration_parse(argument, &options->forget_ns, error);
	default: return 0;
	}
}

static int set_query(struct options *options, struct choices *choices,
		     enum option_id id, const char *argument,
		     struct error *error)
{
	switch (id) {
	case OPTION_KEY: return add_keys(options, argument, error);
	case OPTION_SUM:
		return read_field(argument, &options->sum_field, error);
	case OPTION_WHERE: return add_text(&choices->filters, argument, error);
	case OPTION_MERGE: options->merge = true; return 0;
	case OPTION_MISSING:
		return read_label(argument, &options->missing_label, error);
	case OPTION_EXPECT:
		return add_text(&choices->expected, argument, error);
	default: return set_windows(options, id, argument, error);
	}
}

static int set_output(struct options *options, struct choices *choices,
		      enum option_id id, const char *argument,
		      struct error *error)
{
	unsigned word = 0;

	if (option_table[id].words && read_word(id, argument, &word, error) < 0)
		return -1;
	switch (id) {
	case OPTION_FORMAT: options->format = (enum report_format)word; break;
	case OPTION_SORT: options->order = (enum row_order)word; break;
	case OPTION_COLOR: options->color = (enum when)word; break;
	case OPTION_PROGRESS: options->progress = (enum when)word; break;
	case OPTION_OUTPUT:
		if (read_path(argument, &options->output_path, error) < 0)
			return -1;
		if (strcmp(argument, "-") == 0)
			options->output_path = NULL;
		break;
	case OPTION_TOP: return count_parse(argument, 1, &options->top, error);
	case OPTION_ACTIVE: options->active = true; break;
	case OPTION_HEADER: choices->header = true; break;
	case OPTION_NO_HEADER: choices->header = false; break;
	case OPTION_SUMMARY: options->summary = true; break;
	case OPTION_LOCAL_TIME: options->local_time = true; break;
	case OPTION_LIVE: options->live = true; break;
	default: break;
	}
	return 0;
}

static int set_run(struct options *options, struct choices *choices,
		   enum option_id id, const char *argument, struct error *error)
{
	switch (id) {
	case OPTION_MAX_WINDOWS:
		return count_parse(argument, 1, &options->max_windows, error);
	case OPTION_FOR:
		return duration_parse(argument, &options->run_ns, error);
	case OPTION_FAIL_IF:
		return add_text(&choices->conditions, argument, error);
	case OPTION_STRICT: options->strict = true; return 0;
	case OPTION_UNTIL_END: options->until_end = true; return 0;
	case OPTION_DRAIN: options->drain = true; return 0;
	default: return 0;
	}
}

static int set_connection(struct options *options, enum option_id id,
			  const char *argument, struct error *error)
{
	switch (id) {
	case OPTION_RECONNECT: options->reconnect = true; return 0;
	case OPTION_FOLLOW: options->follow = true; return 0;
	case OPTION_CONNECT_TIMEOUT:
		return duration_parse(argument, &options->connect_timeout_ns,
				      error);
	case OPTION_IDLE_TIMEOUT:
		return duration_parse(argument, &options->idle_timeout_ns,
				      error);
	case OPTION_TLS_CA: return read_path(argument, &options->tls.ca, error);
	case OPTION_TLS_CERT:
		return read_path(argument, &options->tls.cert, error);
	case OPTION_TLS_KEY:
		return read_path(argument, &options->tls.key, error);
	case OPTION_TLS_CRL:
		return read_path(argument, &options->tls.crl, error);
	default: return 0;
	}
}

static int read_threads(const char *argument, unsigned *threads,
			struct error *error)
{
	uint64_t count;

	if (count_parse(argument, 1, &count, error) < 0)
		return -1;
	if (count > THREADS_MAX)
		return error_set(error, "is more than %d", THREADS_MAX);
	*threads = (unsigned)count;
	return 0;
}

static int set_limits(struct options *options, enum option_id id,
		      const char *argument, struct error *error)
{
	switch (id) {
	case OPTION_MAX_LINE:
		if (size_parse(argument, &options->max_line_bytes, error) < 0)
			return -1;
		if (options->max_line_bytes > LINE_MAX_BYTES)
			return error_set(error, "is more than 1G");
		return 0;
	case OPTION_MAX_GROUPS:
		return count_parse(argument, 1, &options->max_groups, error);
	case OPTION_THREADS:
		return read_threads(argument, &options->threads, error);
	case OPTION_REJECTS:
		return read_own_path(argument, &options->rejects_path,
				     "standard output is for the rows", error);
	default: return 0;
	}
}

/* What names a group or a member: Kafka knows it by this. */
static int read_name(const char *text, const char **name, struct error *error)
{
	if (*text == '\0')
		return error_set(error, "is empty");
	if (strlen(text) > NAME_MAX_BYTES)
		return error_set(error, "is longer than %d bytes",
				 NAME_MAX_BYTES);
	for (const char *at = text; *at != '\0'; at++)
		if (*at == '/' || *at < ' ' || *at > '~')
			return error_set(error, "may have no '/', and of ASCII "
						"only what can be seen");
	*name = text;
	return 0;
}

static int set_kafka(struct options *options, struct choices *choices,
		     enum option_id id, const char *argument,
		     struct error *error)
{
	unsigned word = 0;

	switch (id) {
	case OPTION_FROM:
		if (read_word(id, argument, &word, error) < 0)
			return -1;
		choices->from_end = word == 1;
		return 0;
	case OPTION_GROUP: return read_name(argument, &options->group, error);
	case OPTION_MEMBER: return read_name(argument, &options->member, error);
	case OPTION_KAFKA:
		return add_text(&choices->properties, argument, error);
	case OPTION_PUBLISH:
		operand_release(&options->publish);
		return operand_read_kafka(&options->publish, argument, false,
					  error);
	default: return 0;
	}
}

static int set_service(struct options *options, enum option_id id,
		       const char *argument, struct error *error)
{
	if (id == OPTION_HTTP) {
		options->http = true;
		return operands_read_listen(argument, &options->http_address,
					    &options->http_port, error);
	}
	if (count_parse(argument, 1, &options->http_keep, error) < 0)
		return -1;
	if (options->http_keep > HTTP_KEEP_MAX)
		return error_set(error, "is more than %d", HTTP_KEEP_MAX);
	return 0;
}

int options_set(struct options *options, struct choices *choices,
		enum option_id id, const char *argument, struct error *error)
{
	choices->given[id] = true;
	switch (option_table[id].group) {
	case GROUP_QUERY:
		return set_query(options, choices, id, argument, error);
	case GROUP_OUTPUT:
		return set_output(options, choices, id, argument, error);
	case GROUP_RUN: return set_run(options, choices, id, argument, error);
	case GROUP_CONNECTION:
		return set_connection(options, id, argument, error);
	case GROUP_LIMITS: return set_limits(options, id, argument, error);
	case GROUP_STATE:
		return read_own_path(argument, &options->state_path,
				     "a state needs a file of its own", error);
	case GROUP_KAFKA:
		return set_kafka(options, choices, id, argument, error);
	case GROUP_SERVICE: return set_service(options, id, argument, error);
	case GROUP_DIAGNOSTICS:
		if (id == OPTION_QUIET)
			options->log_level = LOG_MUST;
		if (id == OPTION_VERBOSE)
			options->log_level = LOG_VERBOSE;
		return 0;
	case GROUP_COUNT: break;
	}
	return 0;
}
