/*
 * options: the command line, parsed and checked; nothing is opened here.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "core/condition.h"
#include "report/report.h"

enum operand_kind { OPERAND_TCP, OPERAND_STDIN, OPERAND_PATH };

struct operand {
	enum operand_kind kind;
	char *name; /* as messages show it: tcp://HOST:PORT, the path, "-" */
	char *host; /* OPERAND_TCP, without brackets */
	unsigned port;
};

enum row_order { ORDER_KEY, ORDER_COUNT };
enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct options {
	struct operand *operands;
	size_t operand_count;
	/* query */
	char **key_names; /* FIELDs as typed */
	size_t key_count;
	int64_t window_ns;	   /* 0: all */
	const char *missing_label; /* NULL: reject */
	struct buffer *expected;   /* encoded keys, see core/key.h */
	size_t expected_count;
	/* output */
	enum report_format format;
	const char *output_path; /* NULL: standard output */
	uint64_t top;		 /* 0: all */
	bool active;
	enum row_order order;
	bool header;
	bool summary;
	bool local_time;
	enum when color;
	enum when progress;
	/* run */
	uint64_t max_windows; /* 0: run on */
	int64_t run_ns;	      /* --for; 0: run on */
	struct condition *conditions;
	size_t condition_count;
	bool strict;
	/* connection */
	bool reconnect;
	int64_t connect_timeout_ns;
	int64_t idle_timeout_ns; /* TIME_NEVER */
	/* limits */
	uint64_t max_line_bytes;
	uint64_t max_groups;
	const char *rejects_path; /* NULL: none */
	/* diagnostics */
	enum log_level log_level;
};

/*
 * Parses and resolves the defaults. Prints --help and --version and exits with
 * 0 (1 where stdout fails); says what is wrong with the usage and exits with 2.
 * Strings in options are argv's or owned by options.
 */
void options_parse(struct options *options, int argc, char **argv);
void options_release(struct options *options);

#endif
