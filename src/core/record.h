/*
 * record: what one line says once it is judged, by `order` or by `merge`.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sum.h"
#include "core/key.h"
#include "core/tallies.h"

enum record_verdict {
	RECORD_COUNTS,
	RECORD_FILTERED, /* timed and time_ns are filled in, too */
	RECORD_REJECTED, /* reason, column and field say why */
	RECORD_FAILED,	 /* memory is out */
};

struct record {
	/* The key; borrowed from the line and from who judged it. */
	struct key_part parts[KEY_FIELDS_MAX];
	bool other;	 /* it has none: it adds to (other) */
	uint64_t orders; /* 1; of a row as many as it says */
	bool timed;	 /* time_ns is there */
	int64_t time_ns;
	struct sum amount; /* owned by who judged it */
	/* rejected: */
	enum reject_reason reason;
	size_t column;	   /* in bytes, from 1 */
	const char *field; /* of what is missing or bad, or NULL */
};

#endif
