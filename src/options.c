#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "help.h"
#include "options_steps.h"

/* What getopt returns for a long option: its number, counted from here. */
#define LONG_OPTION 256

#define NS_PER_DAY (86400 * NS_PER_S)

enum { STATUS_FAILED = 1, STATUS_USAGE = 2 };

/* The table as getopt_long wants it. */
struct getopt_tables {
	struct option longs[OPTION_COUNT + 1];
	char shorts[3 * OPTION_COUNT + 2];
};

static void getopt_tables_fill(struct getopt_tables *tables)
{
	char *next = tables->shorts;

	*tables = (struct getopt_tables){0};
	/* In front it makes getopt tell a missing argument apart. */
	*next++ = ':';
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_entry *entry = &option_table[i];

		tables->longs[i] = (struct option){
			.name = entry->name,
			.has_arg = entry->argument ? required_argument
						   : no_argument,
			.val = LONG_OPTION + i,
		};
		if (entry->letter == '\0')
			continue;
		*next++ = entry->letter;
		if (entry->argument)
			*next++ = ':';
	}
}

/* The option for what getopt returned, or OPTION_COUNT. */
static enum option_id find_option(int returned)
{
	if (returned >= LONG_OPTION)
		return (enum option_id)(returned - LONG_OPTION);
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (returned != '\0' && option_table[i].letter == returned)
			return (enum option_id)i;
	}
	return OPTION_COUNT;
}

/* How an option is called in messages: as it was typed, -w or --window. */
static void option_spelling(int returned, char out[32])
{
	if (returned >= LONG_OPTION)
		snprintf(out, 32, "--%s",
			 option_table[find_option(returned)].name);
	else
		snprintf(out, 32, "-%c", returned);
}

/* A long option that getopt did not find: none, or several begin so. */
static int unknown_long(const char *argument, struct error *error)
{
	size_t size = strcspn(argument, "=");
	char candidates[256] = "";
	size_t used = 0;
	int count = 0;

	for (int i = 0; i < OPTION_COUNT; i++) {
		if (size <= 2 ||
		    strncmp(option_table[i].name, argument + 2, size - 2) != 0)
			continue;
		used += (size_t)snprintf(candidates + used,
					 sizeof(candidates) - used, " --%s",
					 option_table[i].name);
		count++;
		if (used >= sizeof(candidates))
			break;
	}
	if (count > 1)
		return error_set(error, "option '%s' is ambiguous:%s", argument,
				 candidates);
	return error_set(error, "unknown option '%.*s'", (int)size, argument);
}

/* What getopt complained about; argument is the one that it looked at. */
static int getopt_error(int returned, int subject, const char *argument,
			struct error *error)
{
	char spelling[32];

	if (subject == '\0')
		return unknown_long(argument, error);
	if (subject < LONG_OPTION && find_option(subject) == OPTION_COUNT) {
		if (subject < ' ' || subject > '~')
			return error_set(error,
					 "unknown option: a '-' before the "
					 "byte 0x%02x",
					 (unsigned)subject & 0xff);
		return error_set(error, "unknown option '-%c'", subject);
	}
	option_spelling(subject, spelling);
	if (returned == ':')
		return error_set(error, "%s: its argument %s is missing",
				 spelling,
				 option_table[find_option(subject)].argument);
	return error_set(error, "%s takes no argument ('%s')", spelling,
			 argument);
}

static enum options_outcome read_options(struct options *options,
					 struct choices *choices, int argc,
					 char **argv, struct error *error)
{
	struct getopt_tables tables;
	struct error why;
	char spelling[32];
	int returned;

	getopt_tables_fill(&tables);
	opterr = 0;
	optind = 0; /* begins anew, permutation and all */
	for (;;) {
		enum option_id id;

		returned = getopt_long(argc, argv, tables.shorts, tables.longs,
				       NULL);
		if (returned == -1)
			return OPTIONS_RUN;
		if (returned == '?' || returned == ':') {
			getopt_error(returned, optopt, argv[optind - 1], error);
			return OPTIONS_WRONG;
		}
		id = find_option(returned);
		if (id == OPTION_HELP)
			return OPTIONS_HELP;
		if (id == OPTION_VERSION)
			return OPTIONS_VERSION;
		if (options_set(options, choices, id, optarg, &why) < 0) {
			option_spelling(returned, spelling);
			error_set(error, "%s '%s': %s", spelling, optarg,
				  why.message);
			return OPTIONS_WRONG;
		}
	}
}

enum options_outcome options_read(struct options *options, int argc,
				  char **argv, struct error *error)
{
	struct choices choices = {0};
	enum options_outcome outcome;

	*options = (struct options){
		.max_ahead_ns = NS_PER_DAY,
		.forget_ns = TIME_NEVER,
		.connect_timeout_ns = 10 * NS_PER_S,
		.http_keep = 720,
		.idle_timeout_ns = TIME_NEVER,
		.max_line_bytes = (uint64_t)1 << 20,
		.max_groups = 1000000,
		.log_level = LOG_NORMAL,
	};
	outcome = read_options(options, &choices, argc, argv, error);
	if (outcome == OPTIONS_RUN &&
	    (operands_parse(argv + optind, (size_t)(argc - optind),
			    options->follow, &options->operands,
			    &options->operand_count, error) < 0 ||
	     options_check_given(options, &choices, error) < 0 ||
	     options_resolve(options, &choices, error) < 0 ||
	     options_check_resolved(options, &choices, error) < 0 ||
	     options_check_files(options, error) < 0))
		outcome = OPTIONS_WRONG;
	options->properties = choices.properties.list;
	options->property_count = choices.properties.count;
	free(choices.filters.list);
	free(choices.expected.list);
	free(choices.conditions.list);
	return outcome;
}

void options_release(struct options *options)
{
	operands_free(options->operands, options->operand_count);
	/* With --merge there are keys without names. */
	for (size_t i = 0; options->key_names && i < options->key_count; i++)
		free(options->key_names[i]);
	free(options->key_names);
	for (size_t i = 0; i < options->filter_count; i++)
		filter_release(&options->filters[i]);
	free(options->filters);
	for (size_t i = 0; i < options->expected_count; i++)
		buffer_release(&options->expected[i]);
	free(options->expected);
	for (size_t i = 0; i < options->condition_count; i++)
		condition_release(&options->conditions[i]);
	free(options->conditions);
	free(options->properties);
	operand_release(&options->publish);
	free(options->http_address);
	*options = (struct options){0};
}

static void print_error(const struct error *error)
{
	struct log log;

	log_init(&log, LOG_MUST);
	log_line(&log, LOG_MUST, "%s", error->message);
}

static void print_and_exit(void (*print)(FILE *out))
{
	struct error error;

	errno = 0;
	print(stdout);
	if (fflush(stdout) == 0 && !ferror(stdout))
		exit(EXIT_SUCCESS);
	error_system(&error, errno, "standard output");
	print_error(&error);
	exit(STATUS_FAILED);
}

void options_parse(struct options *options, int argc, char **argv)
{
	struct error error = {""};
	enum options_outcome outcome;
	int number;

	errno = 0;
	outcome = options_read(options, argc, argv, &error);
	number = errno;
	switch (outcome) {
	case OPTIONS_RUN: return;
	case OPTIONS_HELP:
		options_release(options);
		print_and_exit(help_print);
		return;
	case OPTIONS_VERSION:
		options_release(options);
		print_and_exit(version_print);
		return;
	case OPTIONS_WRONG: break;
	}
	print_error(&error);
	options_release(options);
	/* Failures are passed up at once: this is malloc's. */
	if (number == ENOMEM)
		exit(STATUS_FAILED);
	/* Nobody may read it: the status is the same. */
	signal(SIGPIPE, SIG_IGN);
	fputs("Try 'ordercount --help'\n", stderr);
	exit(STATUS_USAGE);
}
