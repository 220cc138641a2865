/*
 * internal: what the formats offer to `report`, and to nobody else.
 *
 * open() appends what stands before a window's rows, row() one of them,
 * close() what stands behind them. begin() looks at the snapshot before
 * anything is written. Each but row() may be NULL.
 */
#ifndef REPORT_INTERNAL_H
#define REPORT_INTERNAL_H

#include "base/buffer.h"
#include "report/report.h"

struct report_writer {
	void (*begin)(struct report *report);
	void (*open)(struct report *report, struct buffer *out);
	void (*row)(const struct report *report, const struct row *row,
		    struct buffer *out);
	void (*close)(const struct report *report, struct buffer *out);
};

extern const struct report_writer delimited_writer; /* tsv and csv */
extern const struct report_writer json_writer;
extern const struct report_writer table_writer;

#endif
