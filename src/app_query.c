/*
 * From the options to what the engine is asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "app_parts.h"
#include "core/keytext.h"

struct query app_query(const struct app *app)
{
	const struct options *options = app->options;
	bool publishes = options->publish.name != NULL;
	struct query query = {
		.records =
			{
				.key_names =
					(const char *const *)options->key_names,
				.key_count = options->key_count,
				.missing_label = options->missing_label,
				.filters = options->filters,
				.filter_count = options->filter_count,
				.time_field = options->time_field,
				.sum_field = options->sum_field,
			},
		.merge = options->merge,
		.window_ns = options->window_ns,
		.slide_ns = options->slide_ns,
		.timed = options->time_field || options->merge || publishes,
		.publishes = publishes,
		.arrives = publishes && !options->time_field,
		.aligned = options->max_windows == 0 && options->run_ns == 0,
		.lateness_ns = options->lateness_ns,
		.idle_ns = options->idle_ns,
		.max_ahead_ns = options->max_ahead_ns,
		.forget_ns = options->forget_ns,
		.max_line_bytes = (size_t)options->max_line_bytes,
		.max_groups = publishes ? UINT32_MAX : options->max_groups,
		.expected = options->expected,
		.expected_count = options->expected_count,
		.conditions = options->conditions,
		.condition_count = options->condition_count,
		.choice = {.top = options->top,
			   .active = options->active,
			   .order = options->order},
		.keeps = options->state_path != NULL,
	};

	if (getrandom(query.hash_seed, sizeof(query.hash_seed), 0) !=
	    (ssize_t)sizeof(query.hash_seed))
		query.hash_seed[0] = (uint64_t)app->clock.now_ns;
	return query;
}

/* --- the environment ------------------------------------------------------ */

/* All that are here: "off, plain, .." */
static void list_levels(char *out, size_t size)
{
	size_t used = 0;

	for (enum level level = LEVEL_BEST + 1; level < LEVELS; level++)
		if (level_is_there(level) && used < size)
			used += (size_t)snprintf(out + used, size - used,
						 "%s%s", used ? ", " : "",
						 level_name(level));
}

static int read_level(struct query *query, struct error *error)
{
	const char *name = getenv("ORDERCOUNT_SIMD");
	char levels[64];

	if (!name || *name == '\0')
		return 0;
	query->level = level_by_name(name);
	if (query->level < LEVELS && level_is_there(query->level))
		return 0;
	list_levels(levels, sizeof(levels));
	return error_set(error, "ORDERCOUNT_SIMD: no '%s' here (%s)", name,
			 levels);
}

static int read_cursors(struct query *query, struct error *error)
{
	const char *count = getenv("ORDERCOUNT_CURSORS");

	if (!count || *count == '\0')
		return 0;
	if (strlen(count) != 1 || !strchr("124", *count))
		return error_set(error, "ORDERCOUNT_CURSORS: no '%s' (1, 2, 4)",
				 count);
	query->cursors = (unsigned)(*count - '0');
	return 0;
}

int app_read_environment(struct query *query, struct error *error)
{
	return read_level(query, error) != 0 ? -1 : read_cursors(query, error);
}

/* --- what a state is for -------------------------------------------------- */

static void add_text(struct buffer *out, const char *name, const char *value)
{
	if (!value)
		return;
	buffer_append_text(out, name);
	buffer_append_char(out, '=');
	keytext_escape_tsv(out, span_of(value));
	buffer_append_char(out, '\n');
}

/* However it was spelled: the same condition is the same query. */
static void add_filter(struct buffer *out, const struct filter *filter)
{
	struct buffer text = {0};

	filter_describe(filter, &text);
	buffer_append_char(&text, '\0');
	if (!text.failed)
		add_text(out, "where", text.data);
	out->failed |= text.failed;
	buffer_release(&text);
}

/* Whole milliseconds, as seconds. */
static void add_duration(struct buffer *out, const char *name, int64_t ns)
{
	int64_t ms = ns / NS_PER_MS;
	int digits = 3;
	int fraction = (int)(ms % 1000);

	buffer_printf(out, "%s=%lld", name, (long long)(ms / 1000));
	for (; fraction > 0 && fraction % 10 == 0; fraction /= 10)
		digits--;
	if (fraction > 0)
		buffer_printf(out, ".%0*d", digits, fraction);
	buffer_append_text(out, "s\n");
}

void app_describe_query(const struct app *app, struct buffer *out)
{
	const struct options *options = app->options;

	for (size_t i = 0; i < options->key_count && !options->merge; i++)
		add_text(out, "key", options->key_names[i]);
	if (options->window_ns > 0)
		add_duration(out, "window", options->window_ns);
	else
		add_text(out, "window", options->merge ? "the rows'" : "all");
	if (options->slide_ns != options->window_ns)
		add_duration(out, "slide", options->slide_ns);
	add_text(out, "time", options->time_field);
	if (options->lateness_ns > 0 && !options->publish.name)
		add_duration(out, "lateness", options->lateness_ns);
	add_text(out, "sum", options->sum_field);
	for (size_t i = 0; i < options->filter_count; i++)
		add_filter(out, &options->filters[i]);
	add_text(out, "missing", options->missing_label);
	add_text(out, "merge", options->merge ? "yes" : NULL);
}
