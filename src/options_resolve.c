#include "options_steps.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/keytext.h"

#define WINDOW_DEFAULT_NS (5 * NS_PER_S)

/* There is a key column more than there are tabs, the same for all texts. */
static int take_columns(struct options *options, const char *option,
			const char *text, struct error *error)
{
	size_t columns = 1;

	for (const char *at = text; *at != '\0'; at++)
		columns += *at == '\t';
	if (columns > KEY_FIELDS_MAX)
		return error_set(error,
				 "%s '%s': %zu key columns, and a row has at "
				 "most %d",
				 option, text, columns, KEY_FIELDS_MAX);
	if (options->key_count > 0 && options->key_count != columns)
		return error_set(error,
				 "%s '%s': key columns (joined by a tab): %zu, "
				 "in an earlier --expect or --fail-if %zu",
				 option, text, columns, options->key_count);
	options->key_count = columns;
	return 0;
}

/* The rows have the names. How many there are is seen where groups are named.
 */
static int resolve_merged_keys(struct options *options,
			       const struct choices *choices,
			       struct error *error)
{
	for (size_t i = 0; i < choices->expected.count; i++) {
		if (take_columns(options, "--expect", choices->expected.list[i],
				 error) < 0)
			return -1;
	}
	for (size_t i = 0; i < choices->conditions.count; i++) {
		const char *text = choices->conditions.list[i];

		if (*text != '@' &&
		    take_columns(options, "--fail-if", text, error) < 0)
			return -1;
	}
	return 0;
}

static int resolve_keys(struct options *options, const struct choices *choices,
			struct error *error)
{
	if (options->merge)
		return resolve_merged_keys(options, choices, error);
	if (options->key_count > 0)
		return 0;
	options->key_names = malloc(sizeof(*options->key_names));
	if (!options->key_names)
		return error_set(error, "out of memory");
	options->key_names[0] = strdup("status");
	if (!options->key_names[0])
		return error_set(error, "out of memory");
	options->key_count = 1;
	return 0;
}

static int resolve_filters(struct options *options, const struct texts *texts,
			   struct error *error)
{
	struct error why;

	if (texts->count == 0)
		return 0;
	options->filters = calloc(texts->count, sizeof(*options->filters));
	if (!options->filters)
		return error_set(error, "out of memory");
	for (size_t i = 0; i < texts->count; i++) {
		if (filter_parse(&options->filters[i], texts->list[i], &why) <
		    0)
			return error_set(error, "--where '%s': %s",
					 texts->list[i], why.message);
		options->filter_count++;
	}
	return 0;
}

static int add_expected(struct options *options, const char *text,
			struct error *error)
{
	struct buffer *key = &options->expected[options->expected_count];
	struct error why;

	buffer_init(key);
	if (keytext_parse(span_of(text), options->key_count, key, &why) < 0) {
		buffer_release(key);
		return error_set(error, "--expect '%s': %s", text, why.message);
	}
	for (size_t i = 0; i < options->expected_count; i++) {
		if (span_equal(buffer_span(key),
			       buffer_span(&options->expected[i]))) {
			buffer_release(key);
			return 0;
		}
	}
	options->expected_count++;
	return 0;
}

static int resolve_expected(struct options *options, const struct texts *texts,
			    struct error *error)
{
	if (texts->count == 0)
		return 0;
	options->expected = calloc(texts->count, sizeof(*options->expected));
	if (!options->expected)
		return error_set(error, "out of memory");
	for (size_t i = 0; i < texts->count; i++) {
		if (add_expected(options, texts->list[i], error) < 0)
			return -1;
	}
	return 0;
}

static int resolve_conditions(struct options *options,
			      const struct texts *texts, struct error *error)
{
	struct error why;

	if (texts->count == 0)
		return 0;
	options->conditions =
		calloc(texts->count, sizeof(*options->conditions));
	if (!options->conditions)
		return error_set(error, "out of memory");
	for (size_t i = 0; i < texts->count; i++) {
		if (condition_parse(&options->conditions[i], texts->list[i],
				    options->key_count, &why) < 0)
			return error_set(error, "--fail-if '%s': %s",
					 texts->list[i], why.message);
		options->condition_count++;
	}
	return 0;
}

/* Whether the input is known to end: all of it is files that do not grow. */
static bool only_files(const struct options *options)
{
	struct stat status;

	for (size_t i = 0; i < options->operand_count; i++) {
		const struct operand *operand = &options->operands[i];

		if (operand->kind != OPERAND_PATH ||
		    stat(operand->name, &status) != 0 ||
		    !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
			return false;
	}
	return true;
}

static int64_t usual_window_ns(const struct options *options)
{
	if (options->merge)
		return 0;
	if (only_files(options) && !options->follow && !options->time_field)
		return 0;
	return WINDOW_DEFAULT_NS;
}

static void resolve_windows(struct options *options,
			    const struct choices *choices)
{
	if (!choices->given[OPTION_WINDOW])
		options->window_ns = usual_window_ns(options);
	if (!choices->given[OPTION_SLIDE])
		options->slide_ns = options->window_ns;
}

/* Where there is an end, or all of it is wanted, it is from the beginning. */
static bool usual_from_end(const struct options *options)
{
	return !options->merge && !options->until_end;
}

static enum report_format usual_format(const struct options *options)
{
	if (options->live)
		return FORMAT_TABLE;
	return !options->output_path && isatty(STDOUT_FILENO) ? FORMAT_TABLE
							      : FORMAT_TSV;
}

static void resolve_output(struct options *options,
			   const struct choices *choices)
{
	if (!choices->given[OPTION_FORMAT])
		options->format = usual_format(options);
	if (!choices->given[OPTION_SORT])
		options->order = options->top > 0 ? ORDER_COUNT : ORDER_KEY;
	if (choices->given[OPTION_HEADER] || choices->given[OPTION_NO_HEADER])
		options->header = choices->header;
	else
		options->header = options->format == FORMAT_CSV;
}

int options_resolve(struct options *options, const struct choices *choices,
		    struct error *error)
{
	if (resolve_keys(options, choices, error) < 0 ||
	    resolve_filters(options, &choices->filters, error) < 0 ||
	    resolve_expected(options, &choices->expected, error) < 0 ||
	    resolve_conditions(options, &choices->conditions, error) < 0)
		return -1;
	resolve_windows(options, choices);
	resolve_output(options, choices);
	options->from_end = choices->given[OPTION_FROM]
				    ? choices->from_end
				    : usual_from_end(options);
	return 0;
}
