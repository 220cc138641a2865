/*
 * What the files of `merge` share; see merge.h. Nobody else includes this.
 */
#ifndef CORE_MERGE_PARTS_H
#define CORE_MERGE_PARTS_H

#include "core/merge.h"

/*
 * What is looked for in a line. The last ones are found first: of a row what
 * always stands in it, in its order from the end.
 */
enum merge_slot {
	/* Of the tallies of a member: */
	SLOT_READ,
	SLOT_COUNTED,
	SLOT_REJECTED,
	SLOT_FILTERED,
	SLOT_LATE,
	SLOT_TALLIES,
	/* Of its marks: */
	SLOT_SOURCE,
	SLOT_PARTITION,
	SLOT_OF,
	SLOT_FROM,
	SLOT_TO,
	SLOT_NEWEST,
	SLOT_IDLE,
	SLOT_PARTIALS,
	SLOT_SOURCES,
	SLOT_QUERY, /* of both */
	/* Of a row: */
	SLOT_SUMMARY, /* only in a summary row */
	SLOT_SLIDE,   /* only where windows slide */
	SLOT_SUM,
	SLOT_TOTAL, /* not in a delta */
	SLOT_COUNT,
	SLOT_KEY,
	SLOT_PARTIAL,
	SLOT_END,
	SLOT_START,
	SLOTS,
};

/* A literal of JSON that is a whole number. */
bool merge_read_count(const struct json_value *value, uint64_t *count);

/* The line is rejected because of what stands in that slot, or does not. */
enum record_verdict merge_reject(struct merge *merge, struct span line,
				 enum reject_reason reason,
				 enum merge_slot slot);

#endif
