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
#include "core/filter.h"
#include "tls/tls.h"
#include "operands.h"
#include "report/report.h"

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

/* Most threads of --threads. */
#define THREADS_MAX 64

struct options {
	struct operand *operands;
	size_t operand_count;
	/* query */
	char **key_names;	/* FIELDs as typed; NULL with merge */
	size_t key_count;	/* with merge: 0, or what named groups have */
	int64_t window_ns;	/* 0: all; with merge: the first whole row's */
	int64_t slide_ns;	/* the window's, unless it slides */
	const char *time_field; /* NULL: by arrival */
	int64_t lateness_ns;
	int64_t idle_ns;       /* TIME_NEVER: never; 0: see core/engine.h */
	int64_t max_ahead_ns;  /* TIME_NEVER: any */
	const char *sum_field; /* NULL: none */
	struct filter *filters;
	size_t filter_count;
	int64_t forget_ns;	   /* TIME_NEVER: never */
	const char *missing_label; /* NULL: reject */
	struct buffer *expected;   /* encoded keys, see core/key.h */
	size_t expected_count;
	bool merge; /* the key fields are the rows' */
	/* output */
	enum report_format format;
	const char *output_path; /* NULL: standard output */
	uint64_t top;		 /* 0: all */
	enum row_order order;	 /* see core/snapshot.h */
	enum when color;
	enum when progress;
	bool active;
	bool header;
	bool summary;
	bool local_time;
	bool live;
	/* run */
	uint64_t max_windows; /* 0: run on */
	int64_t run_ns;	      /* --for; 0: run on */
	struct condition *conditions;
	size_t condition_count;
	bool strict;
	bool until_end;
	bool drain;
	/* connection */
	bool reconnect;
	bool follow;
	int64_t connect_timeout_ns;
	int64_t idle_timeout_ns; /* TIME_NEVER */
	struct tls_options tls;	 /* paths: argv's */
	/* limits */
	uint64_t max_line_bytes;
	uint64_t max_groups;
	unsigned threads;	  /* 0: one a core */
	const char *rejects_path; /* NULL: none */
	/* state */
	const char *state_path; /* NULL: none */
	/* Kafka */
	bool from_end;		 /* where no position is kept */
	const char *group;	 /* NULL: none */
	const char **properties; /* PROPERTY=VALUE, or @FILE */
	size_t property_count;
	struct operand publish; /* a topic; without a name: none */
	const char *member;	/* NULL: a random one */
	/* service */
	uint64_t http_keep; /* windows */
	char *http_address; /* NULL: loopback */
	unsigned http_port; /* 0: a free one */
	bool http;
	/* diagnostics */
	enum log_level log_level;
};

enum options_outcome {
	OPTIONS_RUN,	 /* options is filled in, defaults resolved */
	OPTIONS_HELP,	 /* --help was met */
	OPTIONS_VERSION, /* --version was met */
	OPTIONS_WRONG,	 /* the usage is wrong, or memory is out */
};

/*
 * Reads the arguments, without printing or opening anything; looks up whether
 * files exist and are the same. Permutes argv. Call options_release() whatever
 * the outcome. Strings in options are argv's or owned by options.
 */
enum options_outcome options_read(struct options *options, int argc,
				  char **argv, struct error *error) MUST_CHECK;
void options_release(struct options *options);

/*
 * Like options_read(), and does what follows from it: prints --help and
 * --version and exits with 0 (1 where stdout fails); says what is wrong with
 * the usage and exits with 2 (1 when memory is out).
 */
void options_parse(struct options *options, int argc, char **argv);

#endif
