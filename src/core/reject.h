/*
 * reject: a record that could not be counted, and why.
 */
#ifndef CORE_REJECT_H
#define CORE_REJECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "core/tallies.h"

struct reject {
	enum reject_reason reason;
	const char *stream;   /* its name */
	uint64_t line_number; /* from 1 */
	const char *place; /* as messages show it, or NULL: the line number */
	size_t column;	   /* in bytes, from 1 */
	const char *field; /* missing_key, bad_key: the FIELD; else NULL */
	struct span line;  /* as read, CR included; of too_long the start */
};

#endif
