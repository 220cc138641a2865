/*
 * log: lines on stderr, "ordercount: ...".
 *
 * One line a call, written at once and whole. A status line that stands on the
 * terminal is erased before it. A stderr that nobody reads must not stop the
 * windows: when it takes nothing for a moment the line is dropped, and the next
 * one that gets through says how many were.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/error.h"

enum log_level {
	LOG_MUST,    /* what changes the status: said with --quiet too */
	LOG_NORMAL,  /* said unless --quiet */
	LOG_VERBOSE, /* said with --verbose */
};

struct log {
	enum log_level highest; /* lines above this level are left out */
	bool status_shown;	/* a status line stands on the terminal */
	unsigned long dropped;	/* lines that stderr did not take */
};

void log_init(struct log *log, enum log_level highest);

void log_line(struct log *log, enum log_level level, const char *format, ...)
	PRINTF_LIKE(3, 4);

/*
 * The status line: text without control characters that stands at the cursor
 * until the next line is logged or log_status_erase() is called. The caller
 * decides whether stderr may have one and keeps it within the width.
 */
void log_status(struct log *log, const char *text);
void log_status_erase(struct log *log);

#endif
