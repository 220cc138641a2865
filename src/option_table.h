/*
 * option_table: every option, once.
 *
 * getopt_long's table, --help and the completions of the shells are made from
 * this one; the man page is checked against it. It stands in the order of
 * --help.
 */
#ifndef OPTION_TABLE_H
#define OPTION_TABLE_H

#include <stdbool.h>

enum option_id {
	OPTION_KEY,
	OPTION_WINDOW,
	OPTION_SLIDE,
	OPTION_TIME,
	OPTION_LATENESS,
	OPTION_IDLE,
	OPTION_MAX_AHEAD,
	OPTION_SUM,
	OPTION_WHERE,
	OPTION_MISSING,
	OPTION_EXPECT,
	OPTION_FORGET,
	OPTION_MERGE,
	OPTION_FORMAT,
	OPTION_OUTPUT,
	OPTION_TOP,
	OPTION_ACTIVE,
	OPTION_SORT,
	OPTION_HEADER,
	OPTION_NO_HEADER,
	OPTION_SUMMARY,
	OPTION_LOCAL_TIME,
	OPTION_COLOR,
	OPTION_PROGRESS,
	OPTION_LIVE,
	OPTION_MAX_WINDOWS,
	OPTION_FOR,
	OPTION_UNTIL_END,
	OPTION_FAIL_IF,
	OPTION_STRICT,
	OPTION_DRAIN,
	OPTION_RECONNECT,
	OPTION_CONNECT_TIMEOUT,
	OPTION_IDLE_TIMEOUT,
	OPTION_TLS_CA,
	OPTION_TLS_CERT,
	OPTION_TLS_KEY,
	OPTION_TLS_CRL,
	OPTION_FOLLOW,
	OPTION_MAX_LINE,
	OPTION_MAX_GROUPS,
	OPTION_THREADS,
	OPTION_REJECTS,
	OPTION_STATE,
	OPTION_FROM,
	OPTION_GROUP,
	OPTION_KAFKA,
	OPTION_PUBLISH,
	OPTION_MEMBER,
	OPTION_HTTP,
	OPTION_HTTP_KEEP,
	OPTION_QUIET,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_COUNT, /* their number */
};

enum option_group {
	GROUP_QUERY,
	GROUP_OUTPUT,
	GROUP_RUN,
	GROUP_CONNECTION,
	GROUP_LIMITS,
	GROUP_STATE,
	GROUP_KAFKA,
	GROUP_SERVICE,
	GROUP_DIAGNOSTICS,
	GROUP_COUNT, /* their number */
};

/* What a shell can offer as the argument. */
enum option_completion {
	COMPLETE_NOTHING,
	COMPLETE_WORDS, /* `words` */
	COMPLETE_FILE,
	COMPLETE_AT_FILE, /* behind an '@'; else nothing */
};

struct option_entry {
	const char *name;     /* without the dashes */
	const char *argument; /* as help shows it; NULL: takes none */
	/* For --help; up to the first semicolon it is for completions too. */
	const char *help;
	const char *usual; /* the default as help shows it, or NULL */
	const char *words; /* separated by spaces, or NULL */
	enum option_group group;
	enum option_completion completion;
	char letter;	 /* '\0': has none */
	bool repeatable; /* each counts; else the last wins */
};

extern const struct option_entry option_table[OPTION_COUNT];

/* "Query", "Output", ... */
const char *option_group_title(enum option_group group);

#endif
